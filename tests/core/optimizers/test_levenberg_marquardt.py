from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ACTUAL, INPUTS, Array, random_case

from scorenet_cli.core import parallel
from scorenet_cli.core.network import Network, forward, random_network
from scorenet_cli.core.optimizers import levenberg_marquardt as lm
from scorenet_cli.core.optimizers.levenberg_marquardt import (
    LeastSquares,
    levenberg_marquardt,
    pack,
    unpack,
)
from scorenet_cli.errors import ModelError, OptionError

SMOOTH = st.lists(st.sampled_from(["sigmoid", "tanh"]), min_size=1, max_size=3)


def numeric_jacobian(network: Network, inputs: Array) -> Array:
    """Central differences of every output by every parameter: (rows · targets, parameters)."""
    flat, step = pack(network), 1e-6
    columns = []
    for position in range(len(flat)):
        ends = []
        for sign in (1, -1):
            moved = flat.copy()
            moved[position] += sign * step
            ends.append(forward(unpack(network, moved), inputs)[-1].outputs.ravel())
        columns.append((ends[0] - ends[1]) / (2 * step))
    return np.stack(columns, axis=1)


@given(st.integers(0, 10_000), SMOOTH, st.integers(1, 6))
def test_the_equations_are_those_of_a_jacobian_by_central_differences(
    seed: int, activations: list[str], rows: int
) -> None:
    network, inputs, actual = random_case(seed, activations, rows)
    flat = pack(network)
    problem = LeastSquares(network, inputs, actual)
    error = (actual - forward(network, inputs)[-1].outputs).ravel()
    assert problem.evaluate(flat).square == pytest.approx(error @ error)
    matrix, vector = problem.equations(flat)
    jacobian = numeric_jacobian(network, inputs)
    assert matrix == pytest.approx(jacobian.T @ jacobian, abs=1e-6)
    assert vector == pytest.approx(jacobian.T @ error, abs=1e-6)


def test_the_first_step_solves_the_damped_equations() -> None:
    start = random_network((2, 3, 1), seed=5)
    jacobian = numeric_jacobian(start, INPUTS)
    error = (ACTUAL - forward(start, INPUTS)[-1].outputs).ravel()
    matrix = jacobian.T @ jacobian
    # λ = .1, D = diagonal + .03 for each of the three rows
    damped = matrix + 0.1 * np.diag(matrix.diagonal() + 0.03 * 3)
    expected = pack(start) + np.linalg.solve(damped, jacobian.T @ error)
    second = next(islice(levenberg_marquardt([start], INPUTS, ACTUAL), 1, None))
    assert second.parameters == pytest.approx(expected, abs=1e-7)


def test_every_one_of_two_hundred_starts_arrives() -> None:
    for seed in range(200):
        start = random_network((2, 3, 1), seed=seed)
        with np.errstate(over="ignore"):
            *_, last = islice(levenberg_marquardt([start], INPUTS, ACTUAL), 101)
        assert last.mean_square <= 1e-24, seed


def test_every_step_lowers_the_loss_and_the_end_comes_by_itself() -> None:
    rng = np.random.default_rng(3)
    inputs = rng.random((60, 2))
    actual = np.clip(inputs @ [[0.5], [0.3]] + rng.normal(0, 0.05, (60, 1)), 0, 1)
    start = random_network((2, 3, 1), seed=0, bias=True)
    losses = [at.mean_square for at in islice(levenberg_marquardt([start], inputs, actual), 5000)]
    assert len(losses) < 5000
    assert (np.diff(losses) < 0).all()


def test_blocks_and_cores_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    network, inputs, actual = random_case(8, ["tanh", "sigmoid"], rows=500)
    flat = pack(network)
    whole = LeastSquares(network, inputs, actual)
    monkeypatch.setattr(lm, "BLOCK_CELLS", 1000)
    results = []
    for cores in (1, 3):
        monkeypatch.setattr(parallel, "CORES", cores)
        parts = LeastSquares(network, inputs, actual)
        results.append((parts.evaluate(flat).square, *parts.equations(flat)))
    assert [x.tobytes() for x in results[0][1:]] == [x.tobytes() for x in results[1][1:]]
    assert results[0][0] == results[1][0] == pytest.approx(whole.evaluate(flat).square)
    assert results[0][1] == pytest.approx(whole.equations(flat).matrix)


def test_a_resumed_run_has_the_same_bits() -> None:
    start = random_network((2, 3, 1), seed=1)
    whole = next(islice(levenberg_marquardt([start], INPUTS, ACTUAL), 6, None)).networks()[0]
    half = next(islice(levenberg_marquardt([start], INPUTS, ACTUAL), 3, None))
    network, state = half.networks()[0], half.state_dict()
    rest = next(islice(levenberg_marquardt([network], INPUTS, ACTUAL, state=state), 3, None))
    assert pack(whole).tobytes() == rest.parameters.tobytes()


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({}, "is not one of lm"),
        ({"damping": "x", "idle_steps": 0}, "is not one of lm"),
        ({"damping": -1, "idle_steps": 0}, "has no damping above 0"),
        ({"damping": 0, "idle_steps": 0}, "has no damping above 0"),
    ],
)
def test_a_state_that_is_not_its_own_is_refused(state: dict[str, object], why: str) -> None:
    start = random_network((2, 3, 1), seed=1)
    with pytest.raises(ModelError, match=rf"^the model's training state {why}\. Remove it\.$"):
        next(levenberg_marquardt([start], INPUTS, ACTUAL, state=state))


def test_a_matrix_over_a_gibibyte_is_refused_with_its_size() -> None:
    large = random_network((2, 120, 120, 1), seed=0)  # 240 + 14,400 + 120 = 14,760 parameters
    with pytest.raises(OptionError, match=r"14,760 x 14,760 numbers, 1\.6 GiB"):
        lm.check_size(large)
    lm.check_size(random_network((2, 100, 100, 1), seed=0))


@pytest.mark.parametrize("rows", [1, 2, 7])
@pytest.mark.parametrize("bias", [False, True])
def test_equal_scores_and_repeated_rows_are_fitted(rows: int, bias: bool) -> None:
    inputs, actual = np.ones((rows, 2)), np.full((rows, 1), 0.5)
    for seed in range(20):
        start = random_network((2, 3, 1), seed=seed, bias=bias)
        with np.errstate(over="ignore", invalid="ignore"):
            *_, last = islice(levenberg_marquardt([start], inputs, actual), 101)
        assert last.mean_square <= 1e-24


def test_equations_that_cannot_be_solved_take_more_damping(monkeypatch: pytest.MonkeyPatch) -> None:
    really_solve, calls = np.linalg.solve, []

    def solve(matrix: Array, vector: Array) -> Array:
        calls.append(matrix[0, 0])
        if len(calls) == 1:
            raise np.linalg.LinAlgError
        return np.asarray(really_solve(matrix, vector))

    monkeypatch.setattr(np.linalg, "solve", solve)
    start = random_network((2, 3, 1), seed=5)
    with np.errstate(over="ignore", invalid="ignore"):
        first, second = (
            at.mean_square for at in islice(levenberg_marquardt([start], INPUTS, ACTUAL), 2)
        )
    assert second < first
    assert calls[1] > calls[0]


def test_rows_in_many_shards_give_the_equations_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    network, inputs, actual = random_case(3, ["tanh", "sigmoid"], rows=100)
    found = []
    for cells in (lm.BLOCK_CELLS, 40 * network.parameters, 1):
        monkeypatch.setattr(lm, "BLOCK_CELLS", cells)
        problem = LeastSquares(network, inputs, actual)
        square = problem.evaluate(pack(network)).square
        found.append((square, *problem.equations(pack(network))))
    for square, matrix, vector in found[1:]:
        assert square == pytest.approx(found[0][0], rel=1e-12)
        assert matrix == pytest.approx(found[0][1], rel=1e-9, abs=1e-12)
        assert vector == pytest.approx(found[0][2], rel=1e-9, abs=1e-12)


def test_it_ends_after_five_steps_in_a_row_that_gain_nearly_nothing() -> None:
    rng = np.random.default_rng(0)
    inputs, actual = rng.random((50, 2)), rng.random((50, 1))
    start = random_network((2, 3, 1), seed=2)
    losses = [state.mean_square for state in levenberg_marquardt([start], inputs, actual)]
    gains = [1 - after / before for before, after in pairwise(losses)]
    idle = [gain < 1e-8 for gain in gains]
    assert idle[-5:] == [True] * 5
    assert not any(all(idle[at : at + 5]) for at in range(len(idle) - 5))
