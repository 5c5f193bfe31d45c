"""Ctrl-C and SIGTERM during training: a wish to stop, not the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class InterruptFlag:
    """Which signal asked to stop, if one did."""

    signal: int | None = None

    @property
    def exit_status(self) -> int:
        """128 and the signal's number, as shells have it: 130 or 143."""
        return 128 + (self.signal or 0)


@contextmanager
def interrupt_flag() -> Iterator[InterruptFlag]:
    """Take SIGINT and SIGTERM as wishes while the block runs; saving belongs inside it, too."""
    wish = InterruptFlag()

    def take(number: int, _frame: FrameType | None) -> None:
        wish.signal = number

    before = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
