"""Drives an optimizer: when to stop, what to remember, whom to tell."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scorenet_cli.errors import TrainingError
from scorenet_cli.network import Array, Network, is_finite, mean_squared_error
from scorenet_cli.network import run as run_network
from scorenet_cli.optimizers import State

Stopped = Literal["epochs", "tolerance", "converged", "patience", "interrupted"]
History = tuple[tuple[int, float], ...]

# Seconds between two looks at the clock's business: progress, saving, a wish to stop.
TICK = 0.1

# The epochs whose loss a model remembers: 20 a decade, the same however long a run is and
# however often it was resumed. With the last epoch these are 173 points at the most.
HISTORY_EPOCHS = frozenset({0} | {round(10 ** (n / 20)) for n in range(20 * 9 + 1)})


class Rows(NamedTuple):
    """Scaled inputs (rows, features) and actual outputs (rows, targets)."""

    inputs: Array
    actual: Array


@dataclass(frozen=True, eq=False)
class Start:
    """One of several starts, in the end: its network and loss."""

    network: Network
    loss: float


@dataclass(frozen=True, eq=False)
class Run:
    """What training came to, so far or in the end.

    epochs counts all, those before a resume too; best_epoch is the one whose network this is,
    the last unless a validation chose another. loss is the plain forward pass's mean squared
    error on the training rows, validation_loss that on the others; history holds (epoch, loss)
    at HISTORY_EPOCHS and at the end. memory is what the optimizer must know to go on; starts
    holds every start where there were several.
    """

    network: Network
    epochs: int
    best_epoch: int
    loss: float
    stopped: Stopped
    seconds: float
    history: History
    validation_loss: float | None = None
    validation_history: History = ()
    memory: dict[str, Any] | None = None
    start: int = 0
    starts: tuple[Start, ...] = ()


@dataclass(frozen=True)
class Goal:
    """When to end: after so many epochs, at a loss, or when validation no longer gains.

    patience is how many epochs may pass without a better validation loss; None is forever.
    """

    epochs: int
    tolerance: float | None = None
    validation: Rows | None = None
    patience: int | None = None


def keep_on() -> bool:
    """Never wish to stop."""
    return False


@dataclass(frozen=True)
class Watcher:
    """Who is told what while training goes on; each call may be left out.

    each_epoch gets every `every`-th epoch, its loss and its validation loss; tick gets epoch and
    loss about ten times a second, with a function that makes a Run of the state so far;
    wants_stop is asked as often.
    """

    each_epoch: Callable[[int, float, float | None], None] | None = None
    every: int = 1
    tick: Callable[[int, float, Callable[[], Run]], None] | None = None
    wants_stop: Callable[[], bool] = keep_on


@dataclass
class _Best:
    """The epoch with the lowest validation loss so far, and what there was then."""

    epoch: int
    loss: float
    network: Network
    memory: dict[str, Any] | None


class _Record:
    """What a run remembers while it goes: the losses of its starts, and the best validation."""

    def __init__(self, rows: Rows, goal: Goal, done: int, history: History) -> None:
        self._rows, self._goal = rows, goal
        self._before = tuple(
            point for point in history if point[0] in HISTORY_EPOCHS and point[0] < done
        )
        self._losses: list[tuple[int, Array]] = []
        self._validation: list[tuple[int, float]] = []
        self._began = time.perf_counter()
        self.best: _Best | None = None

    def note(self, epoch: int, losses: Array, state: State) -> float | None:
        """Remember an epoch; returns its validation loss, where there is one."""
        if epoch in HISTORY_EPOCHS:
            self._losses.append((epoch, losses.copy()))
        if self._goal.validation is None:
            return None
        network = state.networks()[0]
        inputs, actual = self._goal.validation
        loss = mean_squared_error(run_network(network, inputs), actual)
        if self.best is None or loss < self.best.loss:
            self.best = _Best(epoch, loss, network, state.memory())
        if epoch in HISTORY_EPOCHS:
            self._validation.append((epoch, loss))
        return loss

    def is_out_of_patience(self, epoch: int) -> bool:
        """Tell whether validation has not gained for too long."""
        patience = self._goal.patience
        return (
            patience is not None and self.best is not None and epoch - self.best.epoch >= patience
        )

    def run(self, state: State, epoch: int, stopped: Stopped) -> Run:
        """Make the Run of what there is."""
        networks = state.networks()
        losses = [
            mean_squared_error(run_network(n, self._rows.inputs), self._rows.actual)
            for n in networks
        ]
        start = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
        if not is_finite(networks[start]):
            raise _diverged(epoch)
        network, memory, best_epoch = networks[start], state.memory(), epoch
        points = dict(self._before)
        points.update((at, float(noted[start])) for at, noted in self._losses)
        points[epoch] = losses[start]
        loss, validation_loss = losses[start], None
        if self.best is not None:
            network, memory, best_epoch = self.best.network, self.best.memory, self.best.epoch
            validation_loss = self.best.loss
            loss = mean_squared_error(run_network(network, self._rows.inputs), self._rows.actual)
        return Run(
            network=network,
            epochs=epoch,
            best_epoch=best_epoch,
            loss=loss,
            stopped=stopped,
            seconds=time.perf_counter() - self._began,
            history=tuple(points.items()),
            validation_loss=validation_loss,
            validation_history=tuple(self._validation),
            memory=memory,
            start=start,
            starts=tuple(map(Start, networks, losses)),
        )


def train(  # noqa: PLR0913 - a run is these facts
    optimizer: Iterator[State],
    rows: Rows,
    goal: Goal,
    *,
    done: int = 0,
    history: History = (),
    watcher: Watcher | None = None,
) -> Run:
    """Take the optimizer's steps until the goal is reached, or somebody wishes to stop.

    done and history are those of the model that is resumed; rows are the training rows.
    TrainingError where a loss is no longer a finite number.
    """
    watch = watcher or Watcher()
    record = _Record(rows, goal, done, history)
    last = done + goal.epochs
    looks_at_all = goal.tolerance is not None or goal.validation is not None
    every = 1 if looks_at_all else watch.every if watch.each_epoch else goal.epochs + 1
    clock = time.perf_counter
    next_tick = clock() + TICK
    epoch = done
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch, state in enumerate(optimizer, start=done):
            ticks = clock() >= next_tick
            if not (ticks or epoch % every == 0 or epoch in HISTORY_EPOCHS or epoch == last):
                continue
            losses = state.losses()
            loss = _finite(float(np.fmin.reduce(losses)), epoch)
            validation_loss = record.note(epoch, losses, state)
            # The epoch that a resume starts from was told before.
            if watch.each_epoch and epoch % watch.every == 0 and (epoch > done or not done):
                watch.each_epoch(epoch, loss, validation_loss)
            if epoch == last:
                return record.run(state, epoch, "epochs")
            if goal.tolerance is not None and loss <= goal.tolerance:
                return record.run(state, epoch, "tolerance")
            if record.is_out_of_patience(epoch):
                return record.run(state, epoch, "patience")
            if ticks:
                if watch.wants_stop():
                    return record.run(state, epoch, "interrupted")
                if watch.tick is not None:
                    watch.tick(epoch, loss, partial(record.run, state, epoch, "interrupted"))
                next_tick = clock() + TICK
        return record.run(state, epoch, "converged")


def best_of(runs: Sequence[Run]) -> Run:
    """Choose the run that did best: by validation where there is one, else by its loss."""
    judged = [run.loss if run.validation_loss is None else run.validation_loss for run in runs]
    number = judged.index(min(judged))
    starts = tuple(Start(run.network, run.loss) for run in runs)
    seconds = sum(run.seconds for run in runs)
    return replace(runs[number], start=number, starts=starts, seconds=seconds)


def split(rows: int, fraction: float, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw the rows for training and for validation: at least one each, in their own order."""
    held_back = min(max(round(rows * fraction), 1), rows - 1)
    order = np.random.default_rng((seed, 2)).permutation(rows)
    return np.sort(order[held_back:]), np.sort(order[:held_back])


def _finite(loss: float, epoch: int) -> float:
    """Return the loss, or raise TrainingError where it is none any more."""
    if not math.isfinite(loss):
        raise _diverged(epoch)
    return loss


def _diverged(epoch: int) -> TrainingError:
    """Make the error for a loss or weights beyond floating-point numbers."""
    return TrainingError(
        f"training diverged: its numbers are no longer finite at epoch {epoch}. "
        "The model was not saved. Try a smaller --learning-rate."
    )


def trouble(run: Run, rows: Rows) -> str | None:  # noqa: PLR0911 - one for each trouble
    """Say in words where training did not get anywhere, and what to try; else None.

    rows are the training rows.
    """
    inputs, actual = rows
    outputs = run_network(run.network, inputs)
    variance = float(np.mean((actual - actual.mean(axis=0)) ** 2))
    is_sigmoid = run.network.layers[-1].activation == "sigmoid"
    if is_sigmoid and run.loss > variance and _saturated(outputs) and not _saturated(actual):
        return (
            "all outputs are stuck at the end of the sigmoid, where it is flat and hardly learns. "
            "Try another --seed, or with gd a smaller --learning-rate."
        )
    if len(actual) > 1 and run.loss >= variance > 0:
        return (
            "the network is no better than predicting the mean score for everyone. "
            "Try more --epochs, or another start: --seed."
        )
    can_fit = variance > 0 and run.network.parameters >= actual.size
    if run.stopped in {"tolerance", "patience"} or not can_fit:
        return None
    if run.stopped == "converged":
        if run.loss > variance / 100:
            return "no step lowers the loss, and the scores are not met. Try another --seed."
        return None
    if run.loss > variance / 100 and _barely_moved(run.history):
        return (
            "the loss hardly fell any more in the second half of training, and the scores are not "
            "met yet. Try more --epochs, or another start: --seed."
        )
    if run.loss > variance / 100:
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
