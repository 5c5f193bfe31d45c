"""Weight decay: the penalized objective, the evidence and the decays that it chooses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from support import Array

from scorenet_cli.core.network import Layer, Network, forward, predict, random_network
from scorenet_cli.core.optimizers import OPTIMIZERS
from scorenet_cli.core.optimizers import levenberg_marquardt as lm
from scorenet_cli.core.optimizers.evidence import Evidence
from scorenet_cli.core.optimizers.least_squares import pack, unpack
from scorenet_cli.core.optimizers.levenberg_marquardt import (
    LevenbergMarquardt,
    levenberg_marquardt,
)

RNG = np.random.default_rng(11)
INPUTS = RNG.standard_normal((40, 3))
ACTUAL = INPUTS @ np.array([[1.0], [-0.5], [0.0]]) + 0.7 + 0.3 * RNG.standard_normal((40, 1))
START = random_network((3, 2, 1), seed=4, bias=True, activation="tanh")
LINE = Network((Layer(np.zeros((3, 1)), np.zeros(1), "linear"),))
AUTO: dict[str, Any] = {"weight_decay": "auto"}


def is_weight(network: Network) -> Array:
    """1 for each weight among the flat parameters, and 0 for each bias."""
    layers = (
        Layer(np.ones_like(layer.weights), np.zeros(layer.neurons), layer.activation)
        for layer in network.layers
    )
    return pack(Network(tuple(layers)))


def objective(network: Network, decay: float, inputs: Array, actual: Array) -> float:
    """Σ error² + decay · Σ weight²."""
    errors = actual - forward(network, inputs)[-1].outputs
    weights = sum(float((layer.weights**2).sum()) for layer in network.layers)
    return float((errors**2).sum()) + decay * weights


def numerical_gradient(network: Network, decay: float) -> Array:
    """Central differences of the objective, by each flat parameter."""
    flat, gradient = pack(network), []
    for unit in np.eye(len(flat)) * 1e-6:
        ends = (unpack(network, flat + sign * unit) for sign in (1, -1))
        up, down = (objective(end, decay, INPUTS, ACTUAL) for end in ends)
        gradient.append((up - down) / 2e-6)
    return np.array(gradient)


def steps(name: str, network: Network, **options: float | str) -> Iterator[Any]:
    """The states of an optimizer."""
    optimizer = OPTIMIZERS[name]
    chosen = {**optimizer.options, **options}
    return optimizer.start([network], INPUTS, ACTUAL, seed=0, state=None, **chosen)


def last(states: Iterator[LevenbergMarquardt]) -> LevenbergMarquardt:
    """The state that a search ends with."""
    for state in states:  # noqa: B007 - the last is wanted
        pass
    return state


def evidence_of(state: LevenbergMarquardt) -> Evidence:
    """The evidence, which must be there."""
    found = state.evidence()
    assert found is not None
    return found


def network_after(name: str, epochs: int, **options: float | str) -> Network:
    states = steps(name, START, **options)
    state = next(itertools.islice(states, epochs, None))
    network: Network = state.networks()[0]
    return network


def test_a_step_of_gradient_descent_is_the_gradient_of_the_penalized_objective() -> None:
    # Half the objective's gradient, by the rate of one row.
    after = network_after("gd", 1, learning_rate=len(INPUTS) * 1e-3, weight_decay=2.5)
    gradient = (pack(START) - pack(after)) / 1e-3
    assert gradient == pytest.approx(numerical_gradient(START, 2.5) / 2, rel=1e-6, abs=1e-7)


def test_adam_moves_by_the_gradient_of_the_penalized_objective() -> None:
    # Its first step is the rate times the gradient's sign: a decay that outweighs the errors.
    after = network_after("adam", 1, batch_size=len(INPUTS), learning_rate=1e-3, weight_decay=80.0)
    moved = (pack(START) - pack(after)) / 1e-3
    assert moved == pytest.approx(np.sign(numerical_gradient(START, 80.0)), abs=1e-4)


@pytest.mark.parametrize("name", ["gd", "adam"])
def test_gradient_methods_arrive_where_the_penalized_objective_is_flat(name: str) -> None:
    rate = {"gd": 1.0, "adam": 0.003}[name]
    network = network_after(name, 5000, learning_rate=rate, weight_decay=2.0, **BATCH[name])
    assert numerical_gradient(network, 2.0) == pytest.approx(0.0, abs=0.01)


BATCH: dict[str, dict[str, int]] = {"gd": {}, "adam": {"batch_size": len(INPUTS)}}


def test_lm_ends_where_the_penalized_objective_is_flat() -> None:
    state = last(steps("lm", START, weight_decay=0.5))
    assert numerical_gradient(state.networks()[0], 0.5) == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("rows", [3, 40])
@pytest.mark.parametrize("decay", [0.01, 5.0])
def test_lm_without_hidden_layer_is_ridge_regression(rows: int, decay: float) -> None:
    inputs, actual = INPUTS[:rows], ACTUAL[:rows]
    end = last(levenberg_marquardt([LINE], inputs, actual, weight_decay=decay))
    design = np.column_stack([inputs, np.ones(rows)])
    penalty = np.diag([decay, decay, decay, 0.0])
    expected = np.linalg.solve(design.T @ design + penalty, design.T @ actual)
    assert end.parameters == pytest.approx(expected.ravel(), abs=1e-5)


def test_fewer_rows_than_parameters_end_at_the_same_minimum() -> None:
    start = random_network((3, 8, 2), seed=1, bias=True, activation="tanh")
    actual = np.column_stack([ACTUAL[:6, 0], INPUTS[:6, 0] ** 2])
    state = last(levenberg_marquardt([start], INPUTS[:6], actual, weight_decay=0.1))
    flat = state.parameters
    ends = [
        [objective(unpack(start, flat + sign * unit), 0.1, INPUTS[:6], actual) for sign in (1, -1)]
        for unit in np.eye(len(flat)) * 1e-5
    ]
    assert [(up - down) / 2e-5 for up, down in ends] == pytest.approx([0.0] * len(ends), abs=0.01)


def bayesian_linear_regression() -> tuple[float, float, float, Array, Array]:
    """MacKay's updates for weights with one decay and a free intercept, worked with NumPy.

    Returns alpha (of the weights), beta (of the noise), gamma, the parameters and their covariance.
    """
    design = np.column_stack([INPUTS, np.ones(len(INPUTS))])
    prior, alpha, beta = np.diag([1.0, 1.0, 1.0, 0.0]), 1.0, 1.0
    for _ in range(500):
        covariance = np.linalg.inv(alpha * prior + beta * design.T @ design)
        mean = beta * covariance @ design.T @ ACTUAL[:, 0]
        gamma = 3.0 - alpha * float(np.trace(covariance[:3, :3]))
        alpha = gamma / float(mean[:3] @ mean[:3])
        beta = (len(INPUTS) - gamma - 1) / float(((ACTUAL[:, 0] - design @ mean) ** 2).sum())
    as_array = partial(np.asarray, dtype=np.float64)
    return float(alpha), float(beta), float(gamma), as_array(mean), as_array(covariance)


def test_auto_without_hidden_layer_is_bayesian_linear_regression() -> None:
    alpha, beta, gamma, mean, covariance = bayesian_linear_regression()
    state = last(steps("lm", LINE, weight_decay="auto"))
    found = evidence_of(state)
    assert state.parameters == pytest.approx(mean, rel=1e-4, abs=1e-5)
    assert found.decays == pytest.approx([alpha / beta], rel=1e-3)
    assert found.noise == pytest.approx([1 / beta], rel=1e-4)
    assert found.effective_parameters == pytest.approx(gamma + 1, rel=1e-4)
    assert found.degrees_of_freedom == pytest.approx(len(INPUTS) - gamma - 1, rel=1e-4)
    assert found.factor.T @ found.factor / beta == pytest.approx(covariance, rel=1e-3, abs=1e-7)


@pytest.mark.parametrize("bias", [None, np.zeros(1)])
def test_the_evidence_of_a_linear_model_is_the_density_of_its_scores(bias: Array | None) -> None:
    line = Network((Layer(np.zeros((3, 1)), bias, "linear"),))
    found = evidence_of(last(steps("lm", line, weight_decay=2.0)))
    scores, noise = ACTUAL[:, 0], float(found.noise[0])
    precision = np.linalg.inv(noise * (np.eye(40) + INPUTS @ INPUTS.T / 2.0))
    square, log_determinant, free = scores @ precision @ scores, np.linalg.slogdet(precision)[1], 0
    if bias is not None:  # the integral over the intercept, whose own density is 1
        square -= (precision.sum(axis=1) @ scores) ** 2 / precision.sum()
        log_determinant, free = log_determinant - np.log(precision.sum()), 1
    expected = -0.5 * ((40 - free) * np.log(2 * np.pi) - log_determinant + square)
    assert found.log_evidence == pytest.approx(expected, rel=1e-9)


def test_auto_has_the_largest_evidence() -> None:
    line = Network((Layer(np.zeros((3, 1)), None, "linear"),))
    best = evidence_of(last(steps("lm", line, weight_decay="auto")))
    for factor in (0.5, 2.0):
        other = evidence_of(last(steps("lm", line, weight_decay=best.decays[0] * factor)))
        assert other.log_evidence < best.log_evidence


@pytest.mark.parametrize("rows", [6, 40])
def test_the_covariance_is_that_of_a_numerical_hessian(rows: int) -> None:
    start = random_network((3, 3, 2), seed=2, bias=True, activation="tanh")
    inputs = INPUTS[:rows]
    actual = 0.5 + 0.1 * np.column_stack([ACTUAL[:rows, 0], inputs[:, 1]])
    state = last(levenberg_marquardt([start], inputs, actual, weight_decay=0.5))
    flat = state.parameters
    columns = [
        (predict(unpack(start, flat + unit), inputs) - predict(unpack(start, flat - unit), inputs))
        for unit in np.eye(len(flat)) * 1e-6
    ]
    jacobian = np.stack([column.ravel() / 2e-6 for column in columns], axis=1)
    # Hidden biases, the flat parameters 9 to 11, count as if they had the decay as well.
    penalty = is_weight(start)
    penalty[9:12] = 1.0
    hessian = jacobian.T @ jacobian + 0.5 * np.diag(penalty)
    factor = evidence_of(state).factor
    assert factor.T @ factor == pytest.approx(np.linalg.inv(hessian), rel=1e-4, abs=1e-6)


def test_auto_uses_few_parameters_for_a_line_and_many_for_a_curve() -> None:
    x = np.linspace(-2, 2, 60)[:, np.newaxis]
    noise = 0.05 * RNG.standard_normal(x.shape)
    start = random_network((1, 8, 1), seed=1, bias=True, activation="tanh")
    start = Network((start.layers[0], Layer(start.layers[1].weights, np.zeros(1), "linear")))
    line, curve = (
        evidence_of(last(levenberg_marquardt([start], x, actual, weight_decay="auto")))
        for actual in (0.4 * x + noise, np.sin(3 * x) + noise)
    )
    assert line.effective_parameters < 4 < curve.effective_parameters < 10
    assert line.noise == pytest.approx([0.0025], rel=0.5)
    assert curve.noise == pytest.approx([0.0025], rel=0.5)


def test_auto_continues_with_the_same_bits_from_any_state() -> None:
    states = [(state.snapshot(), state.state_dict()) for state in steps("lm", START, **AUTO)]
    for at in (0, 6, len(states) - 2):
        before, saved = states[at]
        rest = levenberg_marquardt(before.networks(), INPUTS, ACTUAL, **AUTO, state=saved)
        for expected, state in zip(states[at:], rest, strict=True):
            assert state.parameters.tobytes() == expected[0].parameters.tobytes()
            assert state.state_dict() == expected[1]


@pytest.mark.parametrize("start", [START, LINE])
def test_auto_ends_after_ten_steps_without_more_evidence(start: Network) -> None:
    found = [(state.log_evidence, state.idle_steps) for state in steps("lm", start, **AUTO)]
    for (before, idle), (after, now) in itertools.pairwise(found):
        assert now == (0 if after >= before + 1e-5 else idle + 1)
    assert (found[-1][1] == 10) == (start is START)  # at the line's minimum, no step is left
    assert all(idle < 10 for _, idle in found[:-1])


def test_auto_ends_soon_after_the_evidence_has_passed_its_maximum() -> None:
    """A line is fitted as well by ever smaller weights before ever larger ones."""
    inputs = np.random.default_rng(2).standard_normal((200, 12))
    actual = inputs @ np.linspace(-1.0, 1.0, 12)[:, np.newaxis] + 0.5 * RNG.standard_normal(
        (200, 1)
    )
    for seed in range(3):
        start = random_network((12, 3, 1), seed=seed, bias=True, output_activation="linear")
        states = levenberg_marquardt([start], inputs, actual, weight_decay="auto")
        found = [evidence_of(state) for state in states]
        assert len(found) < 120
        assert found[-1].log_evidence > max(each.log_evidence for each in found) - 10.0
        assert found[-1].effective_parameters < 25


def test_without_decay_or_with_too_many_parameters_there_is_no_evidence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert next(steps("lm", START)).evidence() is None
    state = next(steps("lm", START, weight_decay=1.0))
    monkeypatch.setattr(lm, "MAX_EVIDENCE_PARAMETERS", START.parameters)
    assert state.evidence() is not None
    monkeypatch.setattr(lm, "MAX_EVIDENCE_PARAMETERS", START.parameters - 1)
    assert state.evidence() is None


@pytest.mark.parametrize("bias", [False, True])
def test_auto_takes_a_perfect_fit_and_equal_scores(bias: bool) -> None:
    start = random_network((3, 3, 1), seed=1, bias=bias, activation="tanh")
    for actual in (np.full((5, 1), 0.5), ACTUAL[:5] / 4 + 0.4):
        states = levenberg_marquardt([start], INPUTS[:5], actual, weight_decay="auto")
        state = list(itertools.islice(states, 300))[-1]
        found = evidence_of(state)
        assert np.isfinite(state.parameters).all()
        assert np.isfinite([*found.noise, found.log_evidence, *found.factor.ravel()]).all()
