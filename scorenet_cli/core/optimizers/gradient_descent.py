"""Full-batch gradient descent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.inplace import InPlaceGradient
from scorenet_cli.core.network import Network
from scorenet_cli.core.optimizers.state import State


class _Descent(InPlaceGradient):
    """Gradient descent keeps nothing between steps."""

    def memory(self) -> None:
        """Return nothing: the networks are all there is."""


def gradient_descent(
    networks: Sequence[Network], inputs: Array, actual: Array, learning_rate: float
) -> Iterator[State]:
    """Full-batch gradient descent, W += (learning_rate / rows) · inputsᵀ · delta.

    With learning_rate = rows it is the document's own step. Networks of one shape go down side
    by side. inputs (rows, inputs), actual (rows, outputs), both scaled.
    """
    state = _Descent(networks, inputs, actual)
    rate = learning_rate / len(inputs) * state.descent_scale
    calls, parameters, step = state.calls, state.parameters, state.descent
    multiply, add = np.multiply, np.add
    while True:
        for call in calls:
            call()
        yield state
        multiply(step, rate, step)
        add(parameters, step, parameters)
