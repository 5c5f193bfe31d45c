"""Optimizers: bare loops that hand each state of the network to their caller.

Each yields the same object again and again: first the starting network, then after every step.
The caller asks it for what it needs, and stops when it has seen enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from scorenet_cli.fast_pass import FastPass
from scorenet_cli.network import Array, Network


class State(Protocol):
    """Where an optimizer stands."""

    def loss(self) -> float:
        """Mean squared error on the training rows."""

    def network(self) -> Network:
        """Return the network as it is now."""


def gradient_descent(
    network: Network, inputs: Array, actual: Array, learning_rate: float
) -> Iterator[State]:
    """Full-batch gradient descent, W += (learning_rate / rows) · inputsᵀ · delta.

    With learning_rate = rows it is the document's own step. inputs (rows, inputs), actual
    (rows, outputs), both scaled.
    """
    state = FastPass([network], inputs, actual)
    rate = learning_rate / len(inputs) * state.descent_scale
    calls, parameters, step = state.calls, state.parameters, state.descent
    multiply, add = np.multiply, np.add
    while True:
        for call in calls:
            call()
        yield state
        multiply(step, rate, step)
        add(parameters, step, parameters)
