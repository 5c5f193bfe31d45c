"""The formulas of the evidence, by hand and as sums of normal densities."""

from __future__ import annotations

import numpy as np
import pytest
from support import Array, numeric_jacobian

from scorenet_cli.core.network import forward, random_network
from scorenet_cli.core.optimizers.evidence import DecayGroups, Minimum, evidence, noise_variance
from scorenet_cli.core.optimizers.least_squares import pack

GROUPS = DecayGroups.of(random_network((2, 1, 1), seed=1, bias=True))


def minimum(effective: list[float], noise: float = 0.5) -> Minimum:
    return Minimum(np.eye(5), np.array(effective), noise, -7.0)


def test_hidden_biases_without_a_decay_get_that_of_their_layers_weights() -> None:
    groups = DecayGroups.of(random_network((2, 3, 2, 1), seed=1, bias=True))
    for bias, expected in (([0.0, 0.5, 0.0], [1.0, 0.5, 0.0]), ([0.0] * 3, [1.0, 2.0, 0.0])):
        decays = groups.with_hidden_biases(np.array([1.0, 2.0, 3.0, *bias]))
        assert decays.tolist() == [1.0, 2.0, 3.0, *expected]


@pytest.mark.parametrize(
    ("actual", "decay"),
    [([[0, 0], [2, 4]], 0.25), ([[5, 5], [5, 5]], 1e-11)],  # variances 1 and 4; 0 and 0
)
def test_decays_start_at_a_tenth_of_the_mean_variance(
    actual: list[list[float]], decay: float
) -> None:
    assert GROUPS.start(np.array(actual)) == pytest.approx([decay, decay, decay, 0.0])


@pytest.mark.parametrize(
    ("parameters", "effective", "decays"),
    [
        # Two weights, the hidden bias, the output's weight and bias: 1.5 · 0.5 / (3² + 4²).
        ([3, 4, 2, 1, 9], [1.5, 0.8, 0.4, 1.0], [0.03, 0.4, 0.05, 0.0]),
        # At least 0.001 parameters count; decays are at least 1e-10, at most 1e10.
        ([3, 4, 0, 1, 0], [1.5, 0.0, 0.4, 1.0], [0.03, 5e-4, 1e10, 0.0]),
        ([3e6, 4e6, 2, 0, 0], [1.5, 0.0, 0.4, 1.0], [1e-10, 1e10, 0.05, 0.0]),
    ],
)
def test_decays_are_the_noise_by_the_mean_square_of_effective_parameters(
    parameters: list[float], effective: list[float], decays: list[float]
) -> None:
    found = GROUPS.update(minimum(effective), np.array(parameters, dtype=float))
    assert found == pytest.approx(decays)


@pytest.mark.parametrize(
    ("square", "actual", "effective", "expected"),
    [
        (6.0, [[1, 2], [3, 6]], 1.0, 2.0),
        # At least 1e-10 of the squared deviations, 1 + 1 + 4 + 4, and at least one degree left.
        (0.0, [[1, 2], [3, 6]], 2.0, 5e-10),
        (6.0, [[1, 2], [3, 6]], 3.5, 6.0),
        (0.0, [[5, 5], [5, 5]], 2.0, 5e-21),
    ],
)
def test_noise_is_the_sum_of_squares_by_the_degrees_of_freedom(
    square: float, actual: list[list[float]], effective: float, expected: float
) -> None:
    found = noise_variance(square, np.array(actual), effective)
    assert found == pytest.approx(expected, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("effective", "degrees", "noise"),
    [([1.0, 1.0, 0.5, 0.5], 5.0, [2.0, 6.4e-10]), ([2.0, 2.0, 2.0, 1.5], 1.0, [5.0, 1.6e-9])],
)
def test_each_target_has_its_own_noise_and_an_equal_share_of_the_parameters(
    effective: list[float], degrees: float, noise: list[float]
) -> None:
    actual = np.array([[1.0, 2.0], [3.0, 6.0]] * 2)  # squared deviations 4 and 16
    squares, decays = np.array([5.0, 0.0]), np.array([0.1, 0.2, 0.3, 0.0])
    found = evidence(GROUPS, decays, minimum(effective), squares, actual)
    assert found.decays == (0.1, 0.2)
    assert found.noise == pytest.approx(noise, rel=1e-12, abs=0)
    assert (found.effective_parameters, found.degrees_of_freedom) == (sum(effective), degrees)
    assert found.log_evidence == -7.0


def test_the_evidence_of_a_network_is_that_of_normal_densities() -> None:
    """Density of the errors · prior density of the parameters · volume of their posterior."""
    network, rng = random_network((2, 2, 2), seed=3, bias=True, activation="tanh"), np.random
    inputs, actual = rng.default_rng(1).random((2, 9, 2))
    flat, groups = pack(network), DecayGroups.of(network)
    decays = np.array([0.5, 2.0, 0.25, 0.0])
    # Flat: 4 weights and 2 biases of the hidden layer, 4 weights and 2 biases of the output.
    decay = np.repeat([0.5, 0.25, 2.0, 0.0], [4, 2, 4, 2])
    errors = (actual - forward(network, inputs)[-1].outputs).ravel()
    jacobian = numeric_jacobian(network, inputs)
    hessian = jacobian.T @ jacobian + np.diag(decay)
    inverse = np.linalg.inv(hessian)
    found = Minimum.of(groups, decays, hessian, flat, float(errors @ errors), actual)

    kept = 1.0 - decay * inverse.diagonal()
    own = [kept[:4].sum(), kept[6:10].sum(), kept[4:6].sum(), kept[10:].sum()]
    assert found.effective == pytest.approx(own)
    noise = float(errors @ errors) / (18 - sum(own))
    assert found.noise == pytest.approx(noise)
    assert found.factor.T @ found.factor == pytest.approx(inverse)

    def log_normal(values: Array, variance: Array) -> float:
        return float(np.sum(-(values**2) / variance - np.log(2 * np.pi * variance)) / 2)

    prior = log_normal(flat[:10], noise / decay[:10])
    volume = np.linalg.slogdet(2 * np.pi * noise * inverse)[1] / 2
    expected = log_normal(errors, np.full(18, noise)) + prior + volume
    assert found.log_evidence == pytest.approx(expected, rel=1e-9)
