"""Drives an optimizer: when to stop, what to remember, whom to tell."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from scorenet_cli.errors import TrainingError
from scorenet_cli.network import Array, Network, forward, mean_squared_error
from scorenet_cli.optimizers import State

Stopped = Literal["epochs", "tolerance", "interrupted"]
History = tuple[tuple[int, float], ...]

# Seconds between two looks at the clock's business: progress, saving, a wish to stop.
TICK = 0.1

# The epochs whose loss a model remembers: 20 a decade, the same however long a run is and
# however often it was resumed. With the last epoch these are 173 points at the most.
HISTORY_EPOCHS = frozenset({0} | {round(10 ** (n / 20)) for n in range(20 * 9 + 1)})


@dataclass(frozen=True, eq=False)
class Run:
    """What training came to, so far or in the end.

    epochs counts all, those before a resume too; loss is the plain forward pass's mean squared
    error; history holds (epoch, loss) at HISTORY_EPOCHS and at the end.
    """

    network: Network
    epochs: int
    loss: float
    stopped: Stopped
    seconds: float
    history: History


def keep_on() -> bool:
    """Never wish to stop."""
    return False


@dataclass(frozen=True)
class Watcher:
    """Who is told what while training goes on; each call may be left out.

    each_epoch gets every `every`-th epoch and its loss; tick gets them about ten times a second,
    with a function that makes a Run of the state so far; wants_stop is asked as often.
    """

    each_epoch: Callable[[int, float], None] | None = None
    every: int = 1
    tick: Callable[[int, float, Callable[[], Run]], None] | None = None
    wants_stop: Callable[[], bool] = keep_on


def train(  # noqa: PLR0913 - a run is these facts
    optimizer: Iterator[State],
    inputs: Array,
    actual: Array,
    *,
    epochs: int,
    done: int = 0,
    history: History = (),
    tolerance: float | None = None,
    watcher: Watcher | None = None,
) -> Run:
    """Take `epochs` steps of the optimizer, or fewer: to a loss, or to a wish to stop.

    done and history are those of the model that is resumed. inputs and actual are the scaled
    training rows. TrainingError where a loss is no longer a finite number.
    """
    watch = watcher or Watcher()
    each, tick = watch.each_epoch, watch.tick
    every = 1 if tolerance is not None else watch.every if each is not None else epochs + 1
    remembered = [point for point in history if point[0] in HISTORY_EPOCHS and point[0] < done]
    began = time.perf_counter()
    clock, next_tick, last = time.perf_counter, began + TICK, done + epochs

    def so_far(state: State, epoch: int, stopped: Stopped) -> Run:
        network = _finite_network(state.network(), epoch)
        loss = mean_squared_error(forward(network, inputs)[-1].outputs, actual)
        points = dict(remembered) | {epoch: loss}
        return Run(network, epoch, loss, stopped, clock() - began, tuple(points.items()))

    with np.errstate(over="ignore", invalid="ignore"):
        for epoch, state in enumerate(optimizer, start=done):
            ticks = clock() >= next_tick
            if not (ticks or epoch % every == 0 or epoch in HISTORY_EPOCHS or epoch == last):
                continue
            loss = _finite(state.loss(), epoch)
            if epoch in HISTORY_EPOCHS:
                remembered.append((epoch, loss))
            # The epoch that a resume starts from was told before.
            if each is not None and epoch % watch.every == 0 and (epoch > done or not done):
                each(epoch, loss)
            if epoch == last:
                return so_far(state, epoch, "epochs")
            if tolerance is not None and loss <= tolerance:
                return so_far(state, epoch, "tolerance")
            if ticks:
                if watch.wants_stop():
                    return so_far(state, epoch, "interrupted")
                if tick is not None:
                    tick(epoch, loss, lambda: so_far(state, epoch, "interrupted"))  # noqa: B023
                next_tick = clock() + TICK
    raise AssertionError("an optimizer never ends by itself")  # pragma: no cover


def _finite(loss: float, epoch: int) -> float:
    """Return the loss, or raise TrainingError where it is none any more."""
    if not math.isfinite(loss):
        raise _diverged(epoch)
    return loss


def _finite_network(network: Network, epoch: int) -> Network:
    """Return the network, or raise TrainingError where it can no longer be saved."""
    for layer in network.layers:
        if not (
            np.isfinite(layer.weights).all()
            and (layer.bias is None or np.isfinite(layer.bias).all())
        ):
            raise _diverged(epoch)
    return network


def _diverged(epoch: int) -> TrainingError:
    """Make the error for a loss or weights beyond floating-point numbers."""
    return TrainingError(
        f"training diverged: its numbers are no longer finite at epoch {epoch}. "
        "The model was not saved. Try a smaller --learning-rate."
    )


def trouble(run: Run, inputs: Array, actual: Array) -> str | None:
    """Say in words where training did not get anywhere, and what to try; else None.

    inputs and actual are the scaled training rows.
    """
    outputs = forward(run.network, inputs)[-1].outputs
    variance = float(np.mean((actual - actual.mean(axis=0)) ** 2))
    is_sigmoid = run.network.layers[-1].activation == "sigmoid"
    if is_sigmoid and run.loss > variance and _saturated(outputs) and not _saturated(actual):
        return (
            "all outputs are stuck at the end of the sigmoid, where it is flat and hardly learns. "
            "Try a smaller --learning-rate, or another --seed."
        )
    if len(actual) > 1 and run.loss >= variance > 0:
        return (
            "the network is no better than predicting the mean score for everyone. "
            "Try more --epochs, another --learning-rate, or another --seed."
        )
    can_fit_exactly = run.network.parameters >= actual.size and run.stopped != "tolerance"
    if can_fit_exactly and run.loss > variance / 100 and _barely_moved(run.history):
        return (
            "the loss hardly fell any more in the second half of training, and the scores are not "
            "met yet. Try more --epochs, or another start: --seed."
        )
    if can_fit_exactly and run.loss > variance / 100:
        return "the scores are not met yet, but the loss is still falling. Try more --epochs."
    return None


def _saturated(outputs: Array, edge: float = 1e-3) -> bool:
    """Tell whether every output is within `edge` of 0 or 1."""
    return bool(((outputs < edge) | (outputs > 1 - edge)).all())


def _barely_moved(history: Sequence[tuple[int, float]]) -> bool:
    """Tell whether the loss fell by less than a tenth in the second half of the epochs."""
    last_epoch, last_loss = history[-1]
    half = [loss for epoch, loss in history if epoch <= last_epoch / 2]
    return bool(half) and last_epoch > 0 and last_loss > 0.9 * half[-1]
