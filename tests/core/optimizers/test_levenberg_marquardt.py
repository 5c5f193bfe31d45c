from __future__ import annotations

from functools import partial
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
from support import ACTUAL, INPUTS, Array, numeric_jacobian

from scorenet_cli.core.network import Layer, Network, forward, random_network
from scorenet_cli.core.optimizers import levenberg_marquardt as lm
from scorenet_cli.core.optimizers.least_squares import pack
from scorenet_cli.core.optimizers.levenberg_marquardt import levenberg_marquardt
from scorenet_cli.core.parallel import interrupt_check
from scorenet_cli.errors import ModelError, OptionError


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
    line = Network((Layer(np.zeros((2, 1)), np.zeros(1), "linear"),))
    for part in range(0, 60, 4):  # at the minimum, many steps would leave the loss as it is
        rows = slice(part, part + 4)
        states = levenberg_marquardt([line], inputs[rows], actual[rows])
        assert (np.diff([state.mean_square for state in states]) < 0).all()


def test_damping_is_a_power_of_ten_that_falls_by_one_after_a_step() -> None:
    states = levenberg_marquardt([random_network((2, 3, 1), seed=11)], INPUTS, ACTUAL)
    powers = np.log10([state.damping for state in islice(states, 15)])
    assert powers == pytest.approx(powers.round(), abs=1e-9)
    assert powers[0] == -1
    assert set(np.diff(powers.round())) == {-1, 0, 1}


def test_a_resumed_run_has_the_same_bits() -> None:
    start = random_network((2, 3, 1), seed=1)
    whole = next(islice(levenberg_marquardt([start], INPUTS, ACTUAL), 6, None)).networks()[0]
    half = next(islice(levenberg_marquardt([start], INPUTS, ACTUAL), 3, None))
    network, state = half.networks()[0], half.state_dict()
    rest = next(islice(levenberg_marquardt([network], INPUTS, ACTUAL, state=state), 3, None))
    assert pack(whole).tobytes() == rest.parameters.tobytes()


NO_MATCH = "has weight decays that do not match the model's layers"
DECAYS: list[tuple[list[Any], str]] = [
    (["x", 1, 1, 0], "is not a state of lm"),
    ([1, 1, 0], NO_MATCH),
    ([1, -1, 1, 0], NO_MATCH),
    ([1, np.inf, 1, 0], NO_MATCH),
]


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({}, "is not a state of lm"),
        ({"damping": "x", "idle_steps": 0}, "is not a state of lm"),
        ({"damping": -1, "idle_steps": 0}, "must have a finite damping above 0"),
        ({"damping": 0, "idle_steps": 0}, "must have a finite damping above 0"),
        *(({"damping": 1, "idle_steps": 0, "decays": decays}, why) for decays, why in DECAYS),
    ],
)
def test_a_state_that_is_not_its_own_is_refused(state: dict[str, object], why: str) -> None:
    start = random_network((2, 3, 1), seed=1)
    with pytest.raises(ModelError) as caught:
        next(levenberg_marquardt([start], INPUTS, ACTUAL, state=state))
    assert str(caught.value) == (
        f'the optimizer state in the model {why}. Remove "state" from "training" in the model file.'
    )


def test_what_is_too_large_is_refused_with_its_size() -> None:
    check = partial(lm.check_size, weight_decay=0.5)
    large = random_network((2, 120, 120, 1), seed=0)  # 240 + 14,400 + 120 = 14,760 parameters
    with pytest.raises(OptionError) as caught:
        check(large, rows=20_000)
    assert str(caught.value) == (
        "`optimizer=lm` needs a matrix of 14,760 x 14,640 numbers (1.6 GiB); the limit is 1 GiB. "
        "Use a smaller `hidden`, or `optimizer=adam`."
    )
    check(large, rows=9_000)
    check(random_network((2, 100, 100, 1), seed=0), rows=20_000)
    check(random_network((3, 4096, 1), seed=0), rows=8192)  # 2^14 x 2^13 numbers of 8 bytes
    # 40 · 49 + 40 = 2,000 parameters
    lm.check_size(random_network((49, 40, 1), seed=1), rows=10, weight_decay="auto")
    with pytest.raises(OptionError) as caught:
        lm.check_size(random_network((49, 40, 1), seed=1, bias=True), 10, weight_decay="auto")
    assert str(caught.value) == (
        "`weight_decay=auto` is for networks of at most 2,000 parameters, but this one has 2,041. "
        "Use a smaller `hidden`, or a number for `weight_decay`."
    )


def test_the_duration_of_a_step_is_that_of_its_products() -> None:
    # 30 + 20 parameters, of which the output's 20 are eliminated: 5,000 · 2 · 50 · 30 products
    assert lm.seconds_per_step(random_network((3, 10, 2), seed=0), 5_000) == pytest.approx(1.5e-3)


def test_many_more_parameters_than_rows_take_the_step_of_the_equations() -> None:
    rng = np.random.default_rng(4)
    inputs, actual = rng.random((8, 20)), rng.random((8, 1))
    start = random_network((20, 10, 1), seed=1, bias=True)  # 221 parameters
    jacobian = numeric_jacobian(start, inputs)
    error = (actual - forward(start, inputs)[-1].outputs).ravel()
    matrix = jacobian.T @ jacobian
    damped = matrix + 0.1 * np.diag(matrix.diagonal() + 0.03 * 8)
    expected = pack(start) + np.linalg.solve(damped, jacobian.T @ error)
    second = next(islice(levenberg_marquardt([start], inputs, actual), 1, None))
    assert second.parameters == pytest.approx(expected, abs=1e-6)


def test_two_hundred_targets_are_fitted() -> None:
    rng = np.random.default_rng(4)
    inputs, actual = rng.random((300, 2)), rng.random((300, 200))
    start = random_network((2, 3, 200), seed=1)
    losses = [at.mean_square for at in islice(levenberg_marquardt([start], inputs, actual), 6)]
    assert (np.diff(losses) < 0).all()
    assert losses[-1] < float(np.var(actual)) * 1.02


class Stop(Exception):  # noqa: N818 - what a caller raises is its own affair
    pass


@pytest.mark.parametrize("rows", [300, 3_000])  # the dual form, and the normal one
def test_interrupted_in_a_step_it_keeps_the_last_one(rows: int) -> None:
    rng = np.random.default_rng(4)
    inputs, actual = rng.random((rows, 20)), rng.random((rows, 1))
    states = levenberg_marquardt([random_network((20, 25, 1), seed=1)], inputs, actual)
    next(states)
    state = next(states)
    kept = state.parameters.copy(), state.mean_square, state.state_dict()

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop), interrupt_check(stop):
        next(states)
    assert state.parameters.tobytes() == kept[0].tobytes()
    assert (state.mean_square, state.state_dict()) == kept[1:]


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


def test_it_ends_after_five_steps_in_a_row_that_gain_nearly_nothing() -> None:
    rng = np.random.default_rng(0)
    inputs, actual = rng.random((50, 2)), rng.random((50, 1))
    start = random_network((2, 3, 1), seed=3)
    losses = [state.mean_square for state in levenberg_marquardt([start], inputs, actual)]
    gains = [1 - after / before for before, after in pairwise(losses)]
    idle = [gain < 1e-8 for gain in gains]
    assert idle[-5:] == [True] * 5
    assert not any(all(idle[at : at + 5]) for at in range(len(idle) - 5))
