"""Prediction intervals: against Bayesian linear regression, and how many new rows they hold."""

from __future__ import annotations

import numpy as np
import pytest
from support import Array

from scorenet_cli.core.intervals import Uncertainty, output_interval, student_quantile
from scorenet_cli.core.network import Layer, Network, predict, random_network
from scorenet_cli.core.optimizers.levenberg_marquardt import levenberg_marquardt


def trained(
    start: Network, inputs: Array, actual: Array, decay: float | str = "auto"
) -> tuple[Network, Uncertainty]:
    """The network and what is not known of it, after training by lm."""
    *_, state = levenberg_marquardt([start], inputs, actual, weight_decay=decay)  # type: ignore[arg-type]
    found = state.evidence()
    assert found is not None
    return state.networks()[0], Uncertainty.of(found)


def with_linear_output(network: Network) -> Network:
    *hidden, last = network.layers
    return Network((*hidden, Layer(last.weights, last.bias, "linear")))


@pytest.mark.parametrize(
    ("degrees", "expected"), [(3, 2.3534), (5, 2.0150), (10, 1.8125), (30, 1.6973), (1e9, 1.6449)]
)
def test_quantiles_are_those_of_the_tables(degrees: float, expected: float) -> None:
    assert student_quantile(0.95, degrees) == pytest.approx(expected, rel=0.003)


def test_with_many_degrees_of_freedom_the_quantile_is_exact() -> None:
    assert student_quantile(0.95, 1000) == pytest.approx(1.6463788172854643, abs=1e-12)  # SciPy


def test_without_hidden_layer_it_is_the_interval_of_ridge_regression() -> None:
    rng = np.random.default_rng(1)
    inputs, decay = rng.standard_normal((30, 2)), 0.7
    actual = inputs @ [[1.0], [2.0]] + rng.standard_normal((30, 1))
    line = Network((Layer(np.zeros((2, 1)), np.zeros(1), "linear"),))
    network, uncertainty = trained(line, inputs, actual, decay)
    design = np.column_stack([inputs, np.ones(30)])
    inverse = np.linalg.inv(design.T @ design + np.diag([decay, decay, 0.0]))
    mean = inverse @ design.T @ actual
    effective = float(np.trace(inverse @ design.T @ design))
    noise = float(((actual - design @ mean) ** 2).sum()) / (30 - effective)
    new = np.array([[0.0, 0.0], [5.0, -20.0]])
    rows = np.column_stack([new, np.ones(2)])
    deviation = np.sqrt(noise * (1 + np.einsum("ij,jk,ik->i", rows, inverse, rows)))
    low, high = output_interval(network, new, uncertainty, 0.9)
    times = student_quantile(0.95, 30 - effective)
    assert low[:, 0] == pytest.approx((rows @ mean)[:, 0] - times * deviation, rel=1e-4)
    assert high[:, 0] == pytest.approx((rows @ mean)[:, 0] + times * deviation, rel=1e-4)


@pytest.mark.parametrize("output", ["linear", "sigmoid"])
def test_ninety_percent_intervals_hold_about_ninety_percent_of_new_rows(output: str) -> None:
    rng = np.random.default_rng(5)
    inside = []
    for seed in range(15):
        x = rng.uniform(-2, 2, (30, 1))
        new = rng.uniform(-2, 2, (200, 1))
        ends = [0.5 + 0.15 * np.sin(2 * each) + 0.08 * rng.standard_normal(each.shape)
                for each in (x, new)]  # fmt: skip
        start = random_network((1, 4, 1), seed=seed, bias=True, activation="tanh")
        if output == "linear":
            start = with_linear_output(start)
        network, uncertainty = trained(start, x, ends[0])
        low, high = output_interval(network, new, uncertainty, 0.9)
        inside.append(float(((low <= ends[1]) & (ends[1] <= high)).mean()))
    assert 0.86 < np.mean(inside) < 0.94


def test_they_widen_away_from_the_rows_and_stay_in_the_sigmoid_s_range() -> None:
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, (40, 1))
    actual = 1 / (1 + np.exp(-2 * x)) + 0.03 * rng.standard_normal(x.shape)
    sigmoid = random_network((1, 3, 1), seed=1, bias=True, activation="tanh")
    new = np.array([[0.0], [3.0], [100.0]])
    for start in (sigmoid, with_linear_output(sigmoid)):
        network, uncertainty = trained(start, x, actual)
        low, high = output_interval(network, new, uncertainty, 0.9)
        assert ((low <= predict(network, new)) & (predict(network, new) <= high)).all()
        if start is sigmoid:
            assert ((low >= 0) & (high <= 1)).all()
        else:
            widths = (high - low)[:, 0]
            assert 1.5 * widths[0] < widths[1] < widths[2]


def test_each_target_has_its_own_noise() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((200, 1))
    actual = np.column_stack([x[:, 0], x[:, 0]]) + [0.1, 1.0] * rng.standard_normal((200, 2))
    start = with_linear_output(random_network((1, 2, 2), seed=1, bias=True, activation="tanh"))
    network, uncertainty = trained(start, x, actual)
    assert np.sqrt(uncertainty.noise) == pytest.approx([0.1, 1.0], rel=0.15)
    low, high = output_interval(network, x, uncertainty, 0.5)
    inside = ((low <= actual) & (actual <= high)).mean(axis=0)
    assert inside[1] == pytest.approx(0.5, abs=0.1)
    assert inside[0] > 0.4


def test_many_rows_are_the_same_as_few() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((50, 2))
    start = random_network((2, 30, 1), seed=1, bias=True)
    network, uncertainty = trained(start, x, 0.5 + 0.1 * x[:, :1], 0.1)
    new = rng.standard_normal((20_000, 2))
    low, high = output_interval(network, new, uncertainty, 0.9)
    some_low, some_high = output_interval(network, new[-7:], uncertainty, 0.9)
    assert low[-7:] == pytest.approx(some_low)
    assert high[-7:] == pytest.approx(some_high)
