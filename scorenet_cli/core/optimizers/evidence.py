"""Weight decay chosen by the evidence (MacKay 1992; Foresee and Hagan 1997).

Training minimizes Σ error² + Σ decay · parameter². In the probabilistic interpretation, every error
is Gaussian with a variance (the noise), and every parameter is Gaussian around 0 with the variance
noise / decay. The evidence is the probability of the rows, averaged over all parameters. Near the
minimum the parameters are Gaussian, too: their covariance is noise · H⁻¹ with H = JᵀJ + decay;
J holds the derivatives of every output by every parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.inverse import inverse_factor
from scorenet_cli.core.network import Network

# Minimum noise, as a fraction of the variance of the actual outputs.
MIN_NOISE = 1e-10
MIN_DECAY, MAX_DECAY = 1e-10, 1e10
# Minimum number of effective parameters per group, so that no decay becomes 0.
MIN_EFFECTIVE = 1e-3


class Evidence(NamedTuple):
    """Estimates of decay, noise and parameter covariance from the rows.

    decays holds one coefficient for each layer's weights. noise (targets,) is the variance of each
    target's errors, effective_parameters the number of parameters that the rows determine, and
    degrees_of_freedom the number of actual outputs minus that. log_evidence is the log of the
    probability density of the actual outputs; parameters without decay are integrated over without
    a prior. noise · FᵀF is the covariance of the parameters, with factor F (parameters, parameters)
    and the noise of all targets together.
    """

    decays: tuple[float, ...]
    noise: Array
    effective_parameters: float
    degrees_of_freedom: float
    log_evidence: float
    factor: Array


@dataclass(frozen=True, eq=False)
class DecayGroups:
    """Groups of a network's flat parameters that share a decay coefficient.

    Groups are each layer's weights, and then each layer's biases: members (parameters,) holds the
    group's number of each parameter.
    """

    layers: int
    members: np.typing.NDArray[np.intp]

    @classmethod
    def of(cls, network: Network) -> DecayGroups:
        """Assign the parameters of a network to groups."""
        layers = len(network.layers)
        parts = []
        for number, layer in enumerate(network.layers):
            parts.append(np.full(layer.weights.size, number))
            parts.append(np.full(layer.parameters - layer.weights.size, layers + number))
        return cls(layers, np.concatenate(parts))

    def fixed(self, decay: float) -> Array:
        """Return every group's decay: the same for all weights, none for biases."""
        return np.repeat([decay, 0.0], self.layers)

    def with_hidden_biases(self, decays: Array) -> Array:
        """Return decays in which each hidden bias without a decay has that of its layer's weights.

        Without one, H would be singular if a neuron's outgoing weights vanish.
        """
        weights, biases = decays[: self.layers], decays[self.layers :].copy()
        biases[:-1] = np.where(biases[:-1] > 0, biases[:-1], weights[:-1])
        return np.concatenate([weights, biases])

    def start(self, actual: Array) -> Array:
        """Return the initial decays, small relative to the variance of the outputs."""
        decays = np.full(2 * self.layers, 0.1 * max(float(actual.var(axis=0).mean()), MIN_DECAY))
        decays[-1] = 0.0
        return decays

    def sums(self, values: Array | None = None) -> Array:
        """Add up values (parameters,) within each group; without values, count the parameters."""
        return np.bincount(self.members, values, 2 * self.layers).astype(np.float64)

    def update(self, minimum: Minimum, parameters: Array) -> Array:
        """Re-estimate the decays: effective parameters · noise / Σ parameter².

        The biases of hidden layers have coefficients of their own, for the reason given in
        with_hidden_biases; those of the output layer have none.
        """
        effective = np.maximum(minimum.effective, MIN_EFFECTIVE)
        squares = np.maximum(self.sums(parameters**2), 1e-300)
        updated = np.clip(effective * minimum.noise / squares, MIN_DECAY, MAX_DECAY)
        updated[-1] = 0.0
        return updated


def noise_variance(square: float, actual: Array, effective: float) -> float:
    """Estimate the variance of the errors, above 0, from their sum of squares."""
    floor = MIN_NOISE * max(float(((actual - actual.mean(axis=0)) ** 2).sum()), MIN_NOISE)
    return max(square, floor) / max(actual.size - effective, 1.0)


class Minimum(NamedTuple):
    """Estimates at a minimum, for all targets together.

    factor, noise (of all targets) and log_evidence are those of Evidence; effective (groups,)
    holds the number of parameters of each group that the rows determine.
    """

    factor: Array
    effective: Array
    noise: float
    log_evidence: float

    @classmethod
    def of(  # noqa: PLR0913, PLR0917 - all are needed
        cls,
        groups: DecayGroups,
        decays: Array,
        hessian: Array,
        parameters: Array,
        square: float,
        actual: Array,
    ) -> Minimum:
        """Compute them from the Hessian H, the flat parameters, and square = Σ error²."""
        factor, log_determinant = inverse_factor(hessian)
        inverse_diagonal = np.einsum("ij,ij->j", factor, factor)
        effective = groups.sums() - decays * groups.sums(inverse_diagonal)
        noise = noise_variance(square, actual, float(effective.sum()))
        penalty = decays[groups.members]
        priors = penalty[penalty > 0]
        free = len(penalty) - len(priors)
        log_evidence = 0.5 * (
            -(square + float(penalty @ parameters**2)) / noise
            - log_determinant
            + float(np.log(priors).sum())
            - (actual.size - free) * np.log(2.0 * np.pi * noise)
        )
        return cls(factor, effective, noise, float(log_evidence))


def evidence(
    groups: DecayGroups, decays: Array, minimum: Minimum, squares: Array, actual: Array
) -> Evidence:
    """Compute the evidence at a minimum; squares (targets,) are each target's Σ error²."""
    targets = actual.shape[1]
    effective = float(minimum.effective.sum())
    return Evidence(
        decays=tuple(decays[: groups.layers].tolist()),
        noise=np.array(
            [
                noise_variance(float(square), column, effective / targets)
                for square, column in zip(squares, np.hsplit(actual, targets), strict=True)
            ]
        ),
        effective_parameters=effective,
        degrees_of_freedom=max(actual.size - effective, 1.0),
        log_evidence=minimum.log_evidence,
        factor=minimum.factor,
    )
