"""The loss of every epoch as a CSV, buffered in a temporary file and written at the end."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from tempfile import SpooledTemporaryFile
from typing import NamedTuple, Self

import numpy as np

from scorenet_cli import files
from scorenet_cli.core import Array
from scorenet_cli.training.plan import TrainingPlan

HEADER = "epoch,loss"
# Bytes of losses kept in memory; more go to a temporary file.
MAX_IN_MEMORY = 16_000_000
_BLOCK_EPOCHS = 4096


class HistoryLine(NamedTuple):
    """One epoch: its loss, and its validation loss, if any."""

    epoch: int
    loss: float
    validation_loss: float | None


class LossLog:
    """The losses of all epochs of all starts; a new start begins if the epoch does not increase."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=MAX_IN_MEMORY)  # noqa: SIM115 - closed by __exit__
        self._starts: list[tuple[int, int]] = []  # position and width of each group of starts
        self._last_epoch = -1
        self._has_validation = False

    def __enter__(self) -> Self:
        """Return the log itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Delete the losses."""
        self._file.close()

    def append(self, epoch: int, losses: Array, validation_loss: float | None) -> None:
        """Add an epoch; losses (networks,) are those of the networks trained side by side."""
        self._has_validation = validation_loss is not None
        values = [float(epoch), *losses.tolist()]
        if validation_loss is not None:
            values.append(validation_loss)
        if epoch <= self._last_epoch or not self._starts:
            self._starts.append((self._file.tell(), len(values)))
        self._last_epoch = epoch
        self._file.write(np.array(values).tobytes())

    def lines(self, start: int) -> Iterator[HistoryLine]:
        """Yield the epochs of one start, by its number."""
        if not self._starts:
            return
        end = self._file.seek(0, 2)
        together = self._starts[0][1] - 1 - self._has_validation > 1
        group, column = (0, start + 1) if together else (start, 1)
        position, width = self._starts[group]
        if group + 1 < len(self._starts):
            end = self._starts[group + 1][0]
        self._file.seek(position)
        while position < end:
            size = min(8 * width * _BLOCK_EPOCHS, end - position)
            block = np.frombuffer(self._file.read(size)).reshape(-1, width)
            position += size
            for row in block.tolist():
                yield HistoryLine(
                    int(row[0]), row[column], row[-1] if self._has_validation else None
                )


def read_history(path: str) -> list[str]:
    """Read the lines of a saved history, the header first; empty if it is something else."""
    lines = files.read_bytes(path).decode(errors="replace").splitlines()
    if not lines or not lines[0].startswith(HEADER):
        return []
    return lines if all(re.match(r"\d{1,18},", line) for line in lines[1:]) else []


def lines_before(lines: Sequence[str], plan: TrainingPlan) -> list[str]:
    """Return the lines of the run that a plan resumes, up to its start; empty for another run.

    A file belongs to that run if it has the losses recorded in the model, up to its last epoch.
    """
    recorded = dict(plan.record.history)
    width = len(HEADER.split(",")) + (plan.validation_rows is not None)
    kept = []
    for line in lines[1:]:
        epoch, loss, *others = line.split(",")
        if int(epoch) > plan.record.epochs:
            break
        if int(epoch) in recorded and not math.isclose(
            float(loss), recorded[int(epoch)], rel_tol=1e-6
        ):
            return []
        kept.append(",".join([epoch, loss, *others, *[""] * width][:width]))
    return kept if kept and int(kept[-1].partition(",")[0]) == plan.record.epochs else []


def write_history(
    path: str, lines: Iterator[HistoryLine], before: Sequence[str], plan: TrainingPlan
) -> None:
    """Write a plan's epochs after the lines of the run it resumes, completely or not at all."""
    header = HEADER if plan.validation_rows is None else f"{HEADER},validation_loss"
    texts = (",".join(repr(value) for value in line if value is not None) + "\n" for line in lines)
    with files.writer(path) as write:
        write("".join(f"{line}\n" for line in (header, *before)))
        while block := "".join(islice(texts, _BLOCK_EPOCHS)):
            write(block)
