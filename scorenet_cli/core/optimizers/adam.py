"""Adam on mini-batches (Kingma and Ba, 2015)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.inplace import InPlaceGradient
from scorenet_cli.core.network import Network, mean_squared_error, run
from scorenet_cli.errors import ModelError

# Adam's own constants (Kingma and Ba, 2015).
MEAN_DECAY = 0.9
SQUARE_DECAY = 0.999
EPSILON = 1e-8


@dataclass
class Adam:
    """Where Adam stands: steps taken, running mean and mean square of the gradient."""

    whole: InPlaceGradient
    inputs: Array
    actual: Array
    random: np.random.Generator
    steps: int
    mean: Array
    square: Array

    def losses(self) -> Array:
        """Mean squared error on all rows, (1,)."""
        return np.array([mean_squared_error(run(self.networks()[0], self.inputs), self.actual)])

    def networks(self) -> list[Network]:
        """Return the network as it is now, in a list of one."""
        return self.whole.networks()

    def memory(self) -> dict[str, Any]:
        """Return steps, moments and the state of the shuffling."""
        return {
            "steps": self.steps,
            "mean": self.mean.tolist(),
            "square": self.square.tolist(),
            "random": self.random.bit_generator.state,
        }


def adam(  # noqa: PLR0913 - a run of Adam is these facts
    network: Network,
    inputs: Array,
    actual: Array,
    *,
    learning_rate: float,
    batch_size: int,
    seed: int,
    memory: dict[str, Any] | None = None,
) -> Iterator[Adam]:
    """Adam on mini-batches; an epoch goes through all rows once, in an order drawn anew.

    The gradient is that of half the mean squared error of the batch's rows. memory is that of
    the run that is resumed.
    """
    size = min(batch_size, len(inputs))
    whole = InPlaceGradient([network], inputs[:size], actual[:size])
    left = len(inputs) % size
    rest = InPlaceGradient([network], inputs[:left], actual[:left], like=whole) if left else whole
    at = Adam(
        whole,
        inputs,
        actual,
        random=np.random.default_rng((seed, 1)),
        steps=0,
        mean=np.zeros(network.parameters),
        square=np.zeros(network.parameters),
    )
    if memory is not None:
        _recall(at, memory)
    scale = whole.units.spread(whole.units.scales)
    to_gradient = whole.descent_scale / scale
    while True:
        yield at
        order = at.random.permutation(len(inputs))
        for start in range(0, len(inputs), size):
            rows = order[start : start + size]
            batch = whole if len(rows) == size else rest
            batch.load(inputs[rows], actual[rows])
            for call in batch.calls:
                call()
            downhill = batch.descent * (to_gradient / len(rows))
            at.steps += 1
            at.mean += (1.0 - MEAN_DECAY) * (downhill - at.mean)
            at.square += (1.0 - SQUARE_DECAY) * (downhill * downhill - at.square)
            mean = at.mean / (1.0 - MEAN_DECAY**at.steps)
            square = at.square / (1.0 - SQUARE_DECAY**at.steps)
            whole.parameters += learning_rate * scale * mean / (np.sqrt(square) + EPSILON)


def _recall(at: Adam, memory: dict[str, Any]) -> None:
    """Take up a resumed run's state; ModelError where it does not fit the network."""
    try:
        mean, square = np.array(memory["mean"]), np.array(memory["square"])
        at.steps = int(memory["steps"])
        at.random.bit_generator.state = memory["random"]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelError("the model's training state is not one of adam. Remove it.") from error
    fits = mean.shape == square.shape == at.mean.shape and mean.dtype == square.dtype == np.float64
    if not (fits and np.isfinite(mean).all() and (square >= 0).all() and at.steps >= 0):
        raise ModelError("the model's training state does not fit its layers. Remove it.")
    at.mean, at.square = mean, square
