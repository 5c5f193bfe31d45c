"""A new activation and a new optimizer are an entry in their registry, and a few lines."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pytest
from support import ACTUAL, INPUTS, Array

from scorenet_cli.core.activations import ACTIVATIONS, Activation, InPlace
from scorenet_cli.core.network import (
    Network,
    backward,
    forward,
    gradient_step,
    mean_squared_error,
    predict,
    random_network,
)
from scorenet_cli.core.optimizers import OPTIMIZERS, Optimizer
from scorenet_cli.core.optimizers.state import State


def losses_of(name: str, network: Network, epochs: int, **options: float) -> list[float]:
    """The losses of so many epochs of a registered optimizer."""
    optimizer = OPTIMIZERS[name]
    options = {**optimizer.options, **options}
    if optimizer.check is not None:
        optimizer.check(network, len(INPUTS), **options)
    states = optimizer.start([network], INPUTS, ACTUAL, seed=0, state=None, **options)
    return [float(state.losses()[0]) for state in islice(states, epochs + 1)]


@pytest.fixture
def softsign(monkeypatch: pytest.MonkeyPatch) -> str:
    """z / (1 + |z|), whose slope is (1 - |output|)²."""

    def forward_calls(buffer: Array) -> list[Any]:
        return [lambda: np.divide(buffer, 1 + np.abs(buffer), buffer)]

    def slope_calls(output: Array, slopes: Array) -> list[Any]:
        return [lambda: np.square(1 - np.abs(output), slopes)]

    softsign = Activation(
        lambda z: z / (1 + np.abs(z)),
        lambda output: np.square(1 - np.abs(output)),
        "(1 - |output|) squared",
        InPlace(forward_calls, slope_calls),
    )
    monkeypatch.setitem(ACTIVATIONS, "softsign", softsign)
    return "softsign"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_trains_a_new_activation(softsign: str, optimizer: str) -> None:
    start = random_network((2, 3, 1), seed=1, activation=softsign)
    losses = losses_of(optimizer, start, 50)
    assert losses[-1] < losses[0]


def test_gradient_descent_with_a_new_activation_takes_the_plain_step(softsign: str) -> None:
    start = random_network((2, 3, 1), seed=1, activation=softsign)
    gradients = backward(start, INPUTS, forward(start, INPUTS), ACTUAL)
    stepped = gradient_step(start, gradients, learning_rate=1.0)
    expected = mean_squared_error(forward(stepped, INPUTS)[-1].outputs, ACTUAL)
    assert losses_of("gd", start, 1, learning_rate=3.0)[1] == pytest.approx(expected, rel=1e-12)


@dataclasses.dataclass
class SignState:
    """The network, which is all that descent by the gradient's sign knows."""

    network: Network
    inputs: Array
    actual: Array

    def losses(self) -> Array:
        return self.losses_on(self.inputs, self.actual)()

    def losses_on(self, inputs: Array, actual: Array) -> Callable[[], Array]:
        return lambda: np.array([mean_squared_error(predict(self.network, inputs), actual)])

    def networks(self) -> list[Network]:
        return [self.network]

    def state_dict(self) -> None: ...

    def evidence(self) -> None: ...

    def snapshot(self) -> SignState:
        return dataclasses.replace(self)


def by_sign(  # noqa: PLR0913 - the signature of every optimizer, and its options
    networks: Sequence[Network],
    inputs: Array,
    actual: Array,
    *,
    step: float,
    seed: int,  # noqa: ARG001
    state: dict[str, Any] | None,  # noqa: ARG001
) -> Iterator[State]:
    """Move each weight by a fixed step against the sign of its gradient."""
    current = SignState(networks[0], inputs, actual)
    while True:
        yield current
        gradients = backward(current.network, inputs, forward(current.network, inputs), actual)
        signs = [each._replace(weights=np.sign(each.weights)) for each in gradients]
        current.network = gradient_step(current.network, signs, step)


def test_a_new_optimizer_is_an_entry_in_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPTIMIZERS, "sign", Optimizer(by_sign, {"step": 0.01}))
    losses = losses_of("sign", random_network((2, 3, 1), seed=1), 100)
    assert losses[-1] < losses[0] / 10


def test_options_of_the_registered_optimizers() -> None:
    assert {name: dict(optimizer.options) for name, optimizer in OPTIMIZERS.items()} == {
        "gd": {"learning_rate": 3.0, "batch_size": 0, "weight_decay": 0.0},
        "adam": {"learning_rate": 0.001, "batch_size": 32, "weight_decay": 0.0},
        "lm": {"weight_decay": 0.0},
    }
    assert [name for name, optimizer in OPTIMIZERS.items() if optimizer.side_by_side] == ["gd"]
