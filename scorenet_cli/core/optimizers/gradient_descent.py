"""Full-batch gradient descent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.inplace import InPlaceGradient, ScaledParameters, pack
from scorenet_cli.core.network import Network


@dataclass
class GradientDescentSnapshot:
    """A copy of the parameters' values, which are all that gradient descent keeps."""

    parameters: ScaledParameters
    values: Array

    def networks(self) -> list[Network]:
        """Return the networks."""
        return self.parameters.unpack(self.values)

    def state_dict(self) -> None:
        """Return nothing."""

    def evidence(self) -> None:
        """Return nothing: only lm has the second derivatives that it takes."""


class GradientDescent(InPlaceGradient):
    """State of gradient descent: the parameters, and their gradient on all rows."""

    def networks(self) -> list[Network]:
        """Return the networks as they are now."""
        return self.parameters.unpack()

    def state_dict(self) -> None:
        """Return nothing."""

    def evidence(self) -> None:
        """Return nothing: only lm has the second derivatives that it takes."""

    def snapshot(self) -> GradientDescentSnapshot:
        """Copy the parameters."""
        return GradientDescentSnapshot(self.parameters, self.parameters.values.copy())


def gradient_descent(  # noqa: PLR0913 - the signature of every optimizer, and its options
    networks: Sequence[Network],
    inputs: Array,
    actual: Array,
    *,
    learning_rate: float,
    weight_decay: float = 0.0,
    seed: int = 0,  # noqa: ARG001 - nothing is random
    state: dict[str, Any] | None = None,  # noqa: ARG001 - there is none
) -> Iterator[GradientDescent]:
    """Full-batch gradient descent, W += (learning_rate / rows) · inputsᵀ · delta.

    With learning_rate = rows it is the document's own step. Networks of one shape train side
    by side. With weight_decay the sum of squared errors + weight_decay · the sum of squared
    weights is minimized, by the same rate. inputs (rows, inputs), actual (rows, outputs), both
    scaled.
    """
    current = GradientDescent(pack(networks, len(inputs)), inputs, actual)
    rate = learning_rate / len(inputs) * current.step_scale
    calls, values, step = current.calls, current.parameters.values, current.negative_gradient
    multiply, add = np.multiply, np.add
    kept = 1.0 - current.parameters.weights_only(weight_decay * learning_rate / len(inputs))
    while True:
        for call in calls:
            call()
        yield current
        multiply(step, rate, step)
        if weight_decay:
            multiply(values, kept, values)
        add(values, step, values)
