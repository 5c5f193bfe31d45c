from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import numeric_jacobian, random_case

from scorenet_cli.core import Array, parallel
from scorenet_cli.core.network import forward, random_network
from scorenet_cli.core.optimizers import least_squares
from scorenet_cli.core.optimizers.least_squares import (
    DualEquations,
    LeastSquares,
    NormalEquations,
    equations_shape,
    pack,
    unpack,
)

RNG = np.random.default_rng
SMOOTH = st.lists(st.sampled_from(["sigmoid", "tanh", "linear"]), min_size=1, max_size=3)


@given(st.integers(0, 10_000), SMOOTH, st.integers(1, 40))
def test_a_step_solves_the_equations_of_a_jacobian_by_central_differences(
    seed: int, activations: list[str], rows: int
) -> None:
    network, inputs, actual = random_case(seed, activations, rows)  # few rows: the dual form
    flat = pack(network)
    problem = LeastSquares(network, inputs, actual)
    error = (actual - forward(network, inputs)[-1].outputs).ravel()
    evaluation = problem.evaluate(flat)
    assert evaluation.square == pytest.approx(error @ error)
    jacobian = numeric_jacobian(network, inputs)
    matrix = jacobian.T @ jacobian
    for damping in (0.1, 10.0):
        scale = np.diag(matrix.diagonal() + 0.03 * actual.size)
        expected = np.linalg.solve(matrix + damping * scale, jacobian.T @ error)
        step = problem.equations(flat, evaluation.outputs).step(damping)
        assert step == pytest.approx(expected, abs=1e-5 * (1 + np.abs(expected).max()))


@pytest.mark.parametrize("rows", [5, 60])  # the dual form, and the normal one
@pytest.mark.parametrize("damping", [0.0, 0.1, 10.0])
def test_a_penalty_is_added_to_the_equations(rows: int, damping: float) -> None:
    network, rng = random_network((3, 4, 2), seed=2, bias=True, activation="tanh"), RNG(6)
    inputs, actual = rng.standard_normal((rows, 3)), rng.random((rows, 2))
    flat, penalty = pack(network), rng.random(network.parameters)
    problem, jacobian = LeastSquares(network, inputs, actual), numeric_jacobian(network, inputs)
    error = (actual - forward(network, inputs)[-1].outputs).ravel()
    plain, product = problem.equations(flat), jacobian.T @ jacobian
    equations, matrix = plain.penalized(penalty, flat), product + np.diag(penalty)
    assert plain.matrix() == pytest.approx(product, abs=1e-6)
    assert equations.matrix() == pytest.approx(matrix, abs=1e-6)
    # The diagonal that the damping scales with has the penalty in the normal form only.
    own = matrix if isinstance(plain, NormalEquations) else product
    damped = matrix + damping * np.diag(own.diagonal() + 0.03 * actual.size)
    expected = np.linalg.solve(damped, jacobian.T @ error - penalty * flat)
    assert equations.step(damping) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("rows", "form"), [(44, DualEquations), (45, NormalEquations)])
def test_the_smaller_form_is_taken(rows: int, form: type) -> None:
    network = random_network((2, 30, 2), seed=0, bias=True)  # 90 hidden parameters
    problem = LeastSquares(network, np.ones((rows, 2)), np.ones((rows, 2)))
    assert isinstance(problem.equations(pack(network)), form)


@pytest.mark.parametrize(
    ("shape", "rows"),
    [((4, 30, 2), 60), ((4, 2, 2), 500), ((4, 2, 2, 5), 200)],  # the first in the dual form
)
def test_blocks_and_cores_make_no_difference(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], rows: int
) -> None:
    network, rng = random_network(shape, seed=8, bias=True, activation="tanh"), RNG(8)
    inputs, actual = rng.standard_normal((rows, 4)), rng.random((rows, shape[-1]))
    flat = pack(network)
    whole = LeastSquares(network, inputs, actual)
    equations = whole.equations(flat)  # kept, so that no later array has its memory
    errors = actual - forward(network, inputs)[-1].outputs
    monkeypatch.setattr(least_squares, "BLOCK_CELLS", 1)
    monkeypatch.setattr(least_squares, "MIN_BLOCK_ROWS", 12)
    monkeypatch.setattr(least_squares, "DUAL_BLOCK_ROWS", 7)
    results = []
    for cores in (1, 3):
        monkeypatch.setattr(parallel, "CORES", cores)
        parts = LeastSquares(network, inputs, actual)
        square, step = parts.evaluate(flat).square, parts.equations(flat).step(0.1)
        assert square == pytest.approx(float((errors**2).sum()), rel=1e-12)
        assert parts.squares(flat) == pytest.approx((errors**2).sum(axis=0), rel=1e-12)
        assert step == pytest.approx(equations.step(0.1), rel=1e-9, abs=1e-12)
        results.append((square, step.tobytes()))
    assert results[0] == results[1]


def test_a_block_has_at_least_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(least_squares, "BLOCK_CELLS", 1)
    network = random_network((2, 1, 65), seed=0)  # 64 // 65 rows
    problem = LeastSquares(network, np.ones((3, 2)), np.zeros((3, 65)))
    outputs = forward(network, np.ones((3, 2)))[-1].outputs
    assert problem.evaluate(pack(network)).square == pytest.approx(float((outputs**2).sum()))


@pytest.mark.parametrize(("limit", "is_shared"), [(130, True), (129, False)])
def test_large_equations_are_stored_once(
    monkeypatch: pytest.MonkeyPatch, limit: int, is_shared: bool
) -> None:
    monkeypatch.setattr(parallel, "CORES", 3)
    monkeypatch.setattr(least_squares, "BLOCK_CELLS", 1)
    monkeypatch.setattr(least_squares, "MAX_CELLS_FOR_SHARDS", limit)
    network, threads = random_network((4, 2, 1), seed=0, bias=True), set()  # 13 x 10 hidden ones
    problem = LeastSquares(network, np.ones((500, 4)), np.ones((500, 1)))
    with parallel.interrupt_check(lambda: threads.add(threading.get_ident())):
        problem.equations(pack(network))
    assert (threading.get_ident() not in threads) == is_shared


@pytest.mark.parametrize("missing", [0, 1])
@pytest.mark.parametrize("rows", [3, 20, 500])
def test_rows_computed_in_parts_give_the_bits_of_an_array(
    monkeypatch: pytest.MonkeyPatch, rows: int, missing: int
) -> None:
    network, inputs, actual = random_case(8, ["tanh", "sigmoid"], rows)  # four inputs
    flat, sizes = pack(network), []

    class Halves:
        """The inputs, computed from others each time."""

        def __len__(self) -> int:
            return rows

        def __getitem__(self, part: slice) -> Array:
            sizes.append(len(inputs[part]))
            return 0.5 * (2.0 * inputs[part])

    monkeypatch.setattr(least_squares, "BLOCK_CELLS", 1)
    monkeypatch.setattr(least_squares, "MIN_BLOCK_ROWS", 12)
    monkeypatch.setattr(least_squares, "MAX_KEPT_CELLS", 4 * rows - missing)
    array, parts = (LeastSquares(network, each, actual) for each in (inputs, Halves()))
    assert parts.evaluate(flat).square == array.evaluate(flat).square
    assert parts.squares(flat).tobytes() == array.squares(flat).tobytes()
    steps = [each.equations(flat).step(0.1).tobytes() for each in (array, parts)]
    assert steps[0] == steps[1]
    if missing:
        assert max(sizes) <= 12  # never all rows at once
    else:
        assert sizes == [rows]


def test_the_form_of_few_rows_is_the_same_step() -> None:
    # The same rows many times over: as many equations as parameters, and the same solution.
    network, inputs, actual = random_case(2, ["tanh", "tanh", "sigmoid"], rows=3)
    few = LeastSquares(network, inputs, actual).equations(pack(network))
    copies = 50
    repeated = np.tile(inputs, (copies, 1)), np.tile(actual, (copies, 1))
    many = LeastSquares(network, *repeated).equations(pack(network))
    assert type(few) is not type(many)
    for damping in (1e-6, 0.1, 100.0):
        assert few.step(damping) == pytest.approx(many.step(damping), rel=1e-6, abs=1e-10)


def test_the_largest_matrix_is_that_of_the_smaller_form() -> None:
    network = random_network((2, 30, 5), seed=0, bias=True)  # 90 hidden parameters, 155 others
    assert equations_shape(network, rows=10) == (245, 50)
    assert equations_shape(network, rows=1000) == (245, 90)


def test_packed_parameters_come_back_to_the_bit() -> None:
    network, _, _ = random_case(5, ["tanh", "relu", "sigmoid"], rows=1)
    assert pack(unpack(network, pack(network))).tobytes() == pack(network).tobytes()


@pytest.mark.parametrize("rows", [1, 200])
def test_equations_without_a_solution_give_no_number(rows: int) -> None:
    network = random_network((2, 3, 1), seed=0)
    problem = LeastSquares(network, np.zeros((rows, 2)), np.full((rows, 1), np.nan))
    assert np.isnan(problem.equations(pack(network)).step(0.0)).any()
    assert problem.evaluate(pack(network)).square == np.inf
