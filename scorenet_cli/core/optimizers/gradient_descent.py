"""Gradient descent on all rows, or on mini-batches in the rows' order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.inplace import (
    InPlaceGradient,
    InPlaceLoss,
    MiniBatches,
    Rows,
    ScaledParameters,
    pack,
)
from scorenet_cli.core.network import Network
from scorenet_cli.core.optimizers.state import Snapshot, State


@dataclass
class GradientDescentSnapshot(Snapshot):
    """A copy of the parameters' values, which are the whole state of gradient descent."""

    parameters: ScaledParameters
    values: Array

    def networks(self) -> list[Network]:
        """Return the networks."""
        return self.parameters.unpack(self.values)


class GradientDescent(InPlaceLoss, State):
    """State of gradient descent: the parameters, and passes on all rows."""

    def networks(self) -> list[Network]:
        """Return the networks as they are now."""
        return self.parameters.unpack()

    def snapshot(self) -> GradientDescentSnapshot:
        """Copy the parameters."""
        return GradientDescentSnapshot(self.parameters, self.parameters.values.copy())


class FullBatchDescent(InPlaceGradient, GradientDescent):
    """State of full-batch gradient descent; the last pass used the current parameters."""


class MiniBatchDescent(GradientDescent):
    """State of gradient descent on mini-batches; computing a loss needs a separate pass."""

    def losses(self) -> Array:
        """Mean squared error of each network on all rows."""
        self.run()
        return super().losses()


def gradient_descent(  # noqa: PLR0913 - the signature of every optimizer, and its options
    networks: Sequence[Network],
    inputs: Rows,
    actual: Rows,
    *,
    learning_rate: float,
    batch_size: int = 0,
    weight_decay: float = 0.0,
    seed: int = 0,  # noqa: ARG001 - nothing is random
    state: dict[str, Any] | None = None,  # noqa: ARG001 - it has no state
) -> Iterator[GradientDescent]:
    """Gradient descent, W += (learning_rate / rows) · inputsᵀ · delta.

    Each step takes the next batch_size rows (the last step of an epoch perhaps fewer): 1 is row by
    row, 0 all rows. With learning_rate = rows, a full-batch step is the document's. Networks of one
    shape are trained side by side. With weight_decay, the sum of squared errors + weight_decay ·
    the sum of squared weights is minimized, at the same learning rate; a batch applies its share
    of the decay. inputs (rows, inputs), actual (rows, outputs), both scaled.
    """
    size = min(batch_size or len(inputs), len(inputs))
    parameters = pack(networks, size)
    kept = 1.0 - parameters.weights_only(weight_decay * learning_rate / len(inputs))
    if size == len(inputs):
        full = FullBatchDescent(parameters, inputs, actual)
        yield from _full_batch(full, learning_rate / size, kept if weight_decay else None)
        return
    current = MiniBatchDescent(parameters, inputs, actual)
    batches, order = MiniBatches(parameters, inputs[:], actual[:], size), np.arange(len(inputs))
    rate, values = learning_rate * batches.step_scale, parameters.values
    while True:
        yield current
        before = values.copy()
        try:
            for step, rows in batches.passes(order):
                if weight_decay:
                    values *= kept
                values += step * (rate / rows)
        except BaseException:
            values[:] = before
            raise


def _full_batch(
    current: FullBatchDescent, rate: float, kept: Array | None
) -> Iterator[GradientDescent]:
    """Take steps on all rows; kept is the factor that weight decay applies to each parameter."""
    rates = rate * current.step_scale
    calls, values, step = current.calls, current.parameters.values, current.negative_gradient
    multiply, add = np.multiply, np.add
    while True:
        for call in calls:
            call()
        yield current
        multiply(step, rates, step)
        if kept is not None:
            multiply(values, kept, values)
        add(values, step, values)
