"""What every registered optimizer's state does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from scorenet_cli.core import parallel
from scorenet_cli.core.network import Network, mean_squared_error, predict, random_network
from scorenet_cli.core.optimizers import OPTIMIZERS
from scorenet_cli.core.optimizers.state import Snapshot, State

RNG = np.random.default_rng(7)
INPUTS, OTHER_INPUTS = RNG.random((40_000, 2)), RNG.random((50, 2))
ACTUAL, OTHER_ACTUAL = INPUTS[:, :1] ** 2, OTHER_INPUTS[:, :1] ** 2
START = random_network((2, 4, 1), seed=3, bias=True, activation="tanh")


def states_of(name: str, rows: int = 100, start: Network = START) -> Iterator[State]:
    optimizer = OPTIMIZERS[name]
    return optimizer.start(
        [start], INPUTS[:rows], ACTUAL[:rows], seed=1, state=None, **optimizer.options
    )


def saved(snapshot: Snapshot) -> str:
    """All that is kept of a state, as text."""
    layers = [
        (layer.weights.tolist(), None if layer.bias is None else layer.bias.tolist())
        for network in snapshot.networks()
        for layer in network.layers
    ]
    return json.dumps([layers, snapshot.state_dict()])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_losses_are_those_of_the_networks(name: str) -> None:
    states = states_of(name)
    for state in islice(states, 3):
        losses_on = state.losses_on(OTHER_INPUTS, OTHER_ACTUAL)
        (network,) = state.networks()
        expected = mean_squared_error(predict(network, INPUTS[:100]), ACTUAL[:100])
        assert state.losses()[0] == pytest.approx(expected, rel=1e-9)
    for state in islice(states, 2):
        (network,) = state.networks()
        expected = mean_squared_error(predict(network, OTHER_INPUTS), OTHER_ACTUAL)
        assert losses_on()[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_snapshot_stays_as_it_is(name: str) -> None:
    states = states_of(name)
    state = next(islice(states, 2, None))
    snapshot, before = state.snapshot(), saved(state)
    next(states)
    assert saved(snapshot) == before != saved(state)


class Stop(Exception):  # noqa: N818 - what a caller raises is its own affair
    pass


@pytest.mark.parametrize("checks", [0, 3])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_interrupted_epoch_leaves_the_one_before(name: str, checks: int) -> None:
    states = states_of(name, rows=len(INPUTS))
    state = next(islice(states, 1, None))
    before, losses, seen = saved(state), state.losses(), 0

    def check() -> None:
        nonlocal seen
        seen += 1
        if seen > checks:
            raise Stop

    with pytest.raises(Stop), parallel.interrupt_check(check):
        next(states)
    assert saved(state) == before
    assert state.losses() == losses
