"""Ctrl-C and SIGTERM during training: the first asks to stop, the second ends at once."""

from __future__ import annotations

import os
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
    def is_set(self) -> bool:
        """Whether a signal arrived."""
        return self.signal is not None

    @property
    def exit_status(self) -> int:
        """128 and the signal's number, as shells have it: 130 or 143."""
        return 128 + (self.signal or 0)


@contextmanager
def catch_signals(flag: InterruptFlag) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into a flag while the block runs, saving included.

    A second signal has the effect it had before.
    """

    def take(number: int, _frame: FrameType | None) -> None:
        if flag.is_set:
            signal.signal(number, before[signal.Signals(number)])
            os.kill(os.getpid(), number)
        flag.signal = number

    before = {number: signal.signal(number, take) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
