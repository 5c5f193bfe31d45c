"""Adam on mini-batches (Kingma and Ba, 2015)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.inplace import InPlaceLoss, MiniBatches, ScaledParameters, pack
from scorenet_cli.core.network import Network, mean_squared_error, predict
from scorenet_cli.core.optimizers.state import Snapshot, State, state_error

# The constants of the paper.
BETA1 = 0.9
BETA2 = 0.999
EPSILON = 1e-8


@dataclass(frozen=True, eq=False)
class AdamSnapshot(Snapshot):
    """Parameters, steps taken, moments of the gradient, and the state of the shuffling."""

    parameters: ScaledParameters
    values: Array
    steps: int
    first_moment: Array
    second_moment: Array
    random: Mapping[str, Any]

    def networks(self) -> list[Network]:
        """Return the network, in a list of one."""
        return self.parameters.unpack(self.values)

    def state_dict(self) -> dict[str, Any]:
        """Return all but the parameters."""
        return {
            "steps": self.steps,
            "mean": self.first_moment.tolist(),
            "square": self.second_moment.tolist(),
            "random": self.random,
        }


@dataclass
class Adam(State):
    """State of Adam: parameters, steps taken, and the running moments of the gradient.

    The moments are flat, like the parameters' values, but belong to the unscaled gradient.
    """

    parameters: ScaledParameters
    inputs: Array
    actual: Array
    random: np.random.Generator
    steps: int
    first_moment: Array
    second_moment: Array

    def losses(self) -> Array:
        """Mean squared error on all rows, (1,)."""
        return np.array([mean_squared_error(predict(self.networks()[0], self.inputs), self.actual)])

    def losses_on(self, inputs: Array, actual: Array) -> Callable[[], Array]:
        """Return a function for the mean squared error on other rows, (1,)."""
        return InPlaceLoss(self.parameters, inputs, actual).next_losses

    def networks(self) -> list[Network]:
        """Return the network as it is now, in a list of one."""
        return self.parameters.unpack()

    def snapshot(self) -> AdamSnapshot:
        """Copy everything that steps change."""
        return AdamSnapshot(
            self.parameters,
            self.parameters.values.copy(),
            self.steps,
            self.first_moment.copy(),
            self.second_moment.copy(),
            self.random.bit_generator.state,
        )

    def restore(self, snapshot: AdamSnapshot) -> None:
        """Go back to a snapshot, which must not be used afterwards."""
        self.parameters.values[:] = snapshot.values
        self.steps = snapshot.steps
        self.first_moment, self.second_moment = snapshot.first_moment, snapshot.second_moment
        self.random.bit_generator.state = snapshot.random

    def state_dict(self) -> dict[str, Any]:
        """Return steps, moments and the state of the shuffling."""
        return self.snapshot().state_dict()

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore what state_dict returned; raises ModelError if it does not fit the network."""
        try:
            first, second = np.array(state["mean"]), np.array(state["square"])
            self.steps = int(state["steps"])
            self.random.bit_generator.state = state["random"]
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise state_error("is not a state of adam") from error
        fits = first.shape == second.shape == self.first_moment.shape
        fits = fits and first.dtype == second.dtype == np.float64
        if not (fits and np.isfinite(first).all() and (second >= 0).all() and self.steps >= 0):
            raise state_error("does not match the model's layers")
        self.first_moment, self.second_moment = first, second


def adam(  # noqa: PLR0913 - the signature of every optimizer, and its options
    networks: Sequence[Network],
    inputs: Array,
    actual: Array,
    *,
    learning_rate: float,
    batch_size: int,
    weight_decay: float = 0.0,
    seed: int,
    state: dict[str, Any] | None = None,
) -> Iterator[Adam]:
    """Adam on mini-batches; each epoch takes all rows once, in a new random order.

    The objective of a batch is half its mean squared error + (weight_decay / number of all rows) ·
    half the sum of squared weights. networks holds one network; state is the state_dict of the
    resumed run.
    """
    parameters = pack(networks, min(batch_size, len(inputs)))
    batches = MiniBatches(parameters, inputs, actual, batch_size)
    current = Adam(
        parameters,
        inputs,
        actual,
        random=np.random.default_rng((seed, 1)),
        steps=0,
        first_moment=np.zeros_like(parameters.values),
        second_moment=np.zeros_like(parameters.values),
    )
    if state is not None:
        current.load_state(state)
    # Factors from an unscaled to a scaled step, and from a scaled step to the unscaled gradient.
    scale = parameters.per_layer(parameters.weight_scale)
    to_plain = batches.step_scale / scale
    values = parameters.values
    decay = parameters.weights_only(weight_decay / len(inputs)) / scale

    def epoch() -> None:
        order = current.random.permutation(len(inputs))
        for scaled, rows in batches.passes(order):
            negative_gradient = scaled * (to_plain / rows)
            if weight_decay:
                negative_gradient -= decay * values
            current.steps += 1
            first, second = current.first_moment, current.second_moment
            first += (1.0 - BETA1) * (negative_gradient - first)
            second += (1.0 - BETA2) * (negative_gradient * negative_gradient - second)
            mean = first / (1.0 - BETA1**current.steps)
            square = second / (1.0 - BETA2**current.steps)
            np.add(values, learning_rate * scale * mean / (np.sqrt(square) + EPSILON), values)

    while True:
        yield current
        before = current.snapshot()
        try:
            epoch()
        except BaseException:
            current.restore(before)
            raise
