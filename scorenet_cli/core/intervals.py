"""Prediction intervals from the uncertainty of the parameters and the noise.

The parameters are Gaussian with the covariance noise · H⁻¹ (optimizers.evidence), so the output
neuron's pre-activation z has the variance j · covariance · jᵀ with its derivatives j by the
parameters. The activation maps the interval of z; then the variance of the noise is added.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.core.network import Network

if TYPE_CHECKING:
    from scorenet_cli.core.optimizers.evidence import Evidence

# Default interval level.
LEVEL = 0.9
# Cells per block of derivatives.
BLOCK_CELLS = 1_000_000


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Uncertainty of a network: factor F (parameters, parameters) and noise (outputs,).

    FᵀF is the covariance of the flat parameters, noise the variance of each output's errors.
    degrees_of_freedom are those of the noise estimate.
    """

    factor: Array
    noise: Array
    degrees_of_freedom: float

    @classmethod
    def of(cls, evidence: Evidence) -> Uncertainty:
        """Make it from the evidence at the end of training."""
        factor = evidence.factor * np.sqrt(evidence.noise.mean())
        return cls(factor, evidence.noise, evidence.degrees_of_freedom)


def output_interval(
    network: Network, inputs: Array, uncertainty: Uncertainty, level: float
) -> tuple[Array, Array]:
    """Return the ends of the interval of each output (rows, outputs), lowest and highest.

    inputs (rows, inputs) are scaled; level is a probability, e.g. 0.9. The ends stay in the range
    of the activation.
    """
    *hidden, last = network.layers
    linear = Network((*hidden, replace(last, activation="linear")))
    size = max(BLOCK_CELLS // (network.parameters * last.neurons), 1)
    parts = [
        _interval(linear, inputs[start : start + size], uncertainty, level, last.activation)
        for start in range(0, max(len(inputs), 1), size)
    ]
    low, high = (np.concatenate(each) for each in zip(*parts, strict=True))
    return low, high


def _interval(
    linear: Network, inputs: Array, uncertainty: Uncertainty, level: float, activation: str
) -> tuple[Array, Array]:
    """Return the interval for some rows; linear is the network without its last activation."""
    from scorenet_cli.core.optimizers.least_squares import jacobian  # noqa: PLC0415 - start-up

    function = ACTIVATIONS[activation].function
    pre_activations, derivatives = jacobian(linear, inputs)
    moved = derivatives @ uncertainty.factor.T
    times = student_quantile((1 + level) / 2, uncertainty.degrees_of_freedom)
    away = times * np.sqrt(np.einsum("rtp,rtp->rt", moved, moved))
    noise = times**2 * uncertainty.noise
    outputs = function(pre_activations)
    low = outputs - np.hypot(outputs - function(pre_activations - away), np.sqrt(noise))
    high = outputs + np.hypot(function(pre_activations + away) - outputs, np.sqrt(noise))
    smallest, largest = function(np.array([-np.inf, np.inf]))
    return np.maximum(low, smallest), np.minimum(high, largest)


def student_quantile(probability: float, degrees_of_freedom: float) -> float:
    """Quantile of Student's t by its expansion around the normal quantile (Cornish and Fisher).

    The error is below 1 % from 3 degrees of freedom on, for probabilities up to 0.975.
    """
    from statistics import NormalDist  # noqa: PLC0415 - start-up

    z, n = NormalDist().inv_cdf(probability), degrees_of_freedom
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )
