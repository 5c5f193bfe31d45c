"""Runs an optimizer: when to stop, what to record, which callbacks to call."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from scorenet_cli.core import Array
from scorenet_cli.core.network import Network, is_finite
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.core.optimizers.evidence import Evidence
from scorenet_cli.core.optimizers.state import Snapshot, State
from scorenet_cli.core.parallel import interrupt_check
from scorenet_cli.errors import TrainingError
from scorenet_cli.model.model import Snapshots
from scorenet_cli.model.record import TrainingRecord

if TYPE_CHECKING:
    from scorenet_cli.training.plan import TrainingPlan

Stopped = Literal["epochs", "tolerance", "converged", "patience", "interrupted"]
History = tuple[tuple[int, float], ...]

# Seconds between progress, autosave and stop checks.
TICK = 0.1

# Epochs whose loss is saved in a model: 20 per decade, independent of the length of the run and of
# resumes. With the last epoch these are 173 points at the most.
HISTORY_EPOCHS = frozenset({0} | {round(10 ** (n / 20)) for n in range(20 * 9 + 1)})


class ScaledData(NamedTuple):
    """Scaled inputs (rows, features) and actual outputs (rows, targets)."""

    inputs: Array
    actual: Array


@dataclass(frozen=True, eq=False)
class RestartResult:
    """The network and loss of one start at its end."""

    network: Network
    loss: float


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """The result of a training run, final or so far.

    epochs includes those before a resume; best_epoch is the epoch of the network: the last, unless
    the validation loss chose another. loss is the plain forward pass's mean squared error on the
    training rows (after an interrupt, perhaps the optimizer's), validation_loss that on the
    validation rows; history holds (epoch, loss) at HISTORY_EPOCHS and at the end. state_dict is the
    optimizer state for a resume, evidence the estimates of lm with weight decay. snapshots are the
    networks at HISTORY_EPOCHS, if requested, and the one that was kept; starts holds every start.
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
    state_dict: dict[str, Any] | None = None
    evidence: Evidence | None = None
    snapshots: Snapshots = ()
    start: int = 0
    starts: tuple[RestartResult, ...] = ()


@dataclass(frozen=True)
class StoppingCriteria:
    """Stop after a number of epochs, at a loss, or when the validation loss no longer improves.

    patience is how many epochs may pass without a better validation loss; None is no limit.
    """

    epochs: int
    tolerance: float | None = None
    validation: ScaledData | None = None
    patience: int | None = None


def never_stop() -> bool:
    """Return False: the default of should_stop."""
    return False


Result = TypeVar("Result")


@dataclass(frozen=True)
class Callbacks(Generic[Result]):
    """Optional callbacks during training.

    choosing: called with a description, the number of finished trainings and their total. begin
    gets the plan before the first epoch. each_epoch gets every `every`-th epoch, the loss of each
    network trained side by side, and the validation loss. tick gets epoch and loss about ten times
    a second, with a function that returns the best result so far. should_stop is called as often;
    if it returns True, training ends.
    """

    choosing: Callable[[str, int, int], None] | None = None
    begin: Callable[[TrainingPlan], None] | None = None
    each_epoch: Callable[[int, Array, float | None], None] | None = None
    every: int = 1
    tick: Callable[[int, float, Callable[[], Result]], None] | None = None
    should_stop: Callable[[], bool] = never_stop


class Ticker:
    """Reports when TICK seconds have passed; shared by all starts, some shorter than TICK."""

    def __init__(self) -> None:
        self._next = time.perf_counter() + TICK

    def is_due(self) -> bool:
        """Return whether TICK seconds have passed since the last restart."""
        return time.perf_counter() >= self._next

    def restart(self) -> None:
        """Start counting the next tick."""
        self._next = time.perf_counter() + TICK


class _StopRequestedError(Exception):
    """should_stop returned True during an epoch."""


@dataclass
class _Best:
    """The epoch with the lowest validation loss so far, and its state."""

    epoch: int
    loss: float
    snapshot: Snapshot


class _Record:
    """Losses recorded during a run, and the epoch with the best validation loss so far."""

    def __init__(
        self,
        rows: Callable[[], Iterable[ScaledData]],
        criteria: StoppingCriteria,
        resumed: TrainingRecord,
    ) -> None:
        self._rows, self._criteria = rows, criteria
        self._start_epoch, best_epoch = resumed.epochs, resumed.best_epoch
        self._kept_epoch = resumed.epochs if best_epoch is None else best_epoch
        # If an earlier epoch was kept, the previous run's point at the start epoch is retained.
        self._first = self._start_epoch + (self._kept_epoch < self._start_epoch)
        self._before, self._validation = (
            [point for point in points if point[0] in HISTORY_EPOCHS and point[0] < self._first]
            for points in (resumed.history, resumed.validation_history)
        )
        self._losses: list[tuple[int, Array]] = []
        self.networks: list[tuple[int, list[Network]]] = []
        self._last = -1, np.empty(0)  # last recorded epoch, and its losses
        self._validation_losses: Callable[[], Array] | None = None
        self.validation_loss: float | None = None
        self._began = time.perf_counter()
        self.best: _Best | None = None

    def validate(self, epoch: int, state: State) -> bool:
        """Compute an epoch's validation loss; return whether training may have to end there."""
        if self._criteria.validation is None:
            return False
        if self._validation_losses is None:
            self._validation_losses = state.losses_on(*self._criteria.validation)
        loss = self.validation_loss = float(self._validation_losses()[0])
        if self.best is None or loss < self.best.loss:
            self.best = _Best(self._of(epoch), loss, state.snapshot())
        return self.is_out_of_patience(epoch) or not math.isfinite(loss)

    def is_out_of_patience(self, epoch: int) -> bool:
        """Return whether the best (or resumed) epoch is at least `patience` epochs back."""
        if self._criteria.patience is None or self.best is None:
            return False
        return epoch - max(self.best.epoch, self._start_epoch) >= self._criteria.patience

    def note(self, epoch: int, losses: Array) -> None:
        """Record an epoch."""
        self._last = epoch, losses.copy()
        if epoch in HISTORY_EPOCHS and epoch >= self._first:
            self._losses.append(self._last)
            if self.validation_loss is not None:
                self._validation.append((epoch, self.validation_loss))

    def _of(self, epoch: int) -> int:
        """Return the epoch of the network; a resumed one may be from before its last epoch."""
        return self._kept_epoch if epoch == self._start_epoch else epoch

    def stop_reason(self, epoch: int, loss: float) -> Stopped | None:
        """Return the criterion that an epoch with this training loss meets, if any."""
        if self._criteria.tolerance is not None and loss <= self._criteria.tolerance:
            return "tolerance"
        return "patience" if self.is_out_of_patience(epoch) else None

    def result(self, state: State, epoch: int, stopped: Stopped) -> TrainingResult:
        """Make the TrainingResult at this epoch.

        After an interrupt, losses that are known are used: the plain forward pass can take seconds.
        """
        networks = state.networks()
        is_known = stopped == "interrupted" and self._last[0] == epoch
        losses: list[float] = (
            self._last[1].tolist() if is_known else list(map(self._plain_loss, networks))
        )
        start = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
        if not is_finite(networks[start]):
            raise _diverged(epoch)
        network, best_epoch, loss = networks[start], self._of(epoch), losses[start]
        kept: Snapshot = state
        points = dict(self._before)
        points.update((at, float(noted[start])) for at, noted in self._losses)
        if epoch >= self._first:
            points[epoch] = loss
        validation_loss = None if self.best is None else self.best.loss
        if self.best is not None and stopped != "tolerance":  # the kept epoch must meet it
            kept, best_epoch = self.best.snapshot, self.best.epoch
            (network,) = kept.networks()
            if best_epoch != self._of(epoch):
                loss = self._plain_loss(network)
        return TrainingResult(
            network=network,
            epochs=epoch,
            best_epoch=best_epoch,
            loss=loss,
            stopped=stopped,
            seconds=time.perf_counter() - self._began,
            history=tuple(points.items()),
            validation_loss=validation_loss,
            validation_history=tuple(self._validation),
            state_dict=kept.state_dict(),
            evidence=kept.evidence(),
            snapshots=(
                *((at, each[start]) for at, each in self.networks if at < best_epoch),
                (best_epoch, network),
            ),
            start=start,
            starts=tuple(map(RestartResult, networks, losses)),
        )

    def _plain_loss(self, network: Network) -> float:
        """Mean squared error of the plain forward pass on the training rows."""
        squares = cells = 0.0
        for inputs, actual in self._rows():
            error = actual - predict_outputs(network, inputs)
            squares += float(np.square(error, out=error).sum())
            cells += error.size
        return squares / cells


@np.errstate(over="ignore", invalid="ignore")
def train(  # noqa: PLR0913 - the parts of a run
    optimizer: Iterator[State],
    rows: Callable[[], Iterable[ScaledData]],
    criteria: StoppingCriteria,
    *,
    resumed: TrainingRecord | None = None,
    keeps_networks: bool = False,
    callbacks: Callbacks[TrainingResult] | None = None,
    ticker: Ticker | None = None,
) -> TrainingResult:
    """Take the optimizer's steps until a criterion is met or should_stop returns True.

    rows returns the training rows in blocks; resumed records the epochs of the resumed model, which
    of them was kept, and their losses. keeps_networks: the result has snapshots. Raises
    TrainingError if a loss is not finite.
    """
    watch = callbacks or Callbacks()
    ticker = ticker or Ticker()
    resumed = resumed or TrainingRecord()
    record, start_epoch = _Record(rows, criteria, resumed), resumed.epochs
    last = start_epoch + criteria.epochs
    every = watch.every if watch.each_epoch else criteria.epochs + 1
    every = 1 if criteria.tolerance is not None else every
    epoch = start_epoch
    state = start = next(optimizer)  # before the first epoch

    def check() -> None:
        if ticker.is_due() and watch.should_stop():
            raise _StopRequestedError

    try:
        with interrupt_check(check):
            for epoch, state in enumerate(chain([start], optimizer), start_epoch):
                ticks = ticker.is_due()
                looks = record.validate(epoch, state) or ticks or epoch % every == 0
                if not (looks or epoch in HISTORY_EPOCHS or epoch == last):
                    continue
                losses = state.losses()
                loss = _finite(float(np.fmin.reduce(losses)), epoch)
                record.note(epoch, losses)
                if keeps_networks and epoch in HISTORY_EPOCHS:
                    record.networks.append((epoch, state.networks()))
                # The epoch that a resume starts from was reported before.
                is_new = epoch > start_epoch or not resumed.history
                if watch.each_epoch and epoch % watch.every == 0 and is_new:
                    watch.each_epoch(epoch, losses, record.validation_loss)
                if reason := "epochs" if epoch == last else record.stop_reason(epoch, loss):
                    return record.result(state, epoch, reason)
                if ticks:
                    if watch.should_stop():
                        return record.result(state, epoch, "interrupted")
                    if watch.tick is not None:
                        watch.tick(epoch, loss, partial(record.result, state, epoch, "interrupted"))
                    ticker.restart()
    except _StopRequestedError:  # the state is that of the last complete epoch
        return record.result(state, epoch, "interrupted")
    return record.result(state, epoch, "converged")


def thin(snapshots: Snapshots, count: int) -> Snapshots:
    """Choose up to `count` snapshots, evenly spaced on a log scale, with the first and the last."""
    at = np.log1p([epoch for epoch, _ in snapshots])
    chosen: list[int] = []
    left = min(count, len(at))
    for even in np.linspace(at[0], at[-1], left):
        free = range(chosen[-1] + 1 if chosen else 0, len(at) - left + 1)
        chosen.append(free[int(np.abs(at[free] - even).argmin())])
        left -= 1
    return tuple(snapshots[each] for each in chosen)


def split(rows: int, fraction: float, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Draw the rows for training and for validation: at least one each, in their original order."""
    held_out = min(max(round(rows * fraction), 1), rows - 1)
    order = np.random.default_rng((seed, 2)).permutation(rows)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def _finite(loss: float, epoch: int) -> float:
    """Return the loss; raises TrainingError if it is not finite."""
    if not math.isfinite(loss):
        raise _diverged(epoch)
    return loss


def _diverged(epoch: int) -> TrainingError:
    """Make the error for a loss or weights that are not finite."""
    return TrainingError(
        f"training diverged: the loss or the weights are no longer finite at epoch {epoch}. "
        "Try a smaller `learning_rate`."
    )
