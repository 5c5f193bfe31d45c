"""Ctrl-C and SIGTERM during training: the first asks to stop, the second ends at once."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
        """128 plus the signal number, as in shells: 130 or 143."""
        return 128 + (self.signal or 0)


@contextmanager
def nothing_saved_yet() -> Iterator[None]:
    """If Ctrl-C or SIGTERM ends the process during the block, print that nothing was saved."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def end(number: int, _frame: FrameType | None) -> None:
        _end_now(number, "Interrupted. Nothing was saved.")

    for number, handler in before.items():
        signal.signal(number, handler if handler is signal.SIG_IGN else end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_now(number: int, message: str) -> NoReturn:
    """Remove half-written files, show the cursor again, and end the process."""
    from scorenet_cli import files

    files.discard_temporaries()
    cursor = "\x1b[?25h" if os.isatty(2) and os.environ.get("TERM") != "dumb" else ""
    with contextlib.suppress(OSError):  # standard error is closed
        os.write(2, f"{cursor}{message}\n".encode())
    os._exit(128 + number)


@contextmanager
def catch_signals(flag: InterruptFlag) -> Iterator[None]:
    """Turn SIGINT and SIGTERM into a flag while the block runs, saving included.

    A second signal ends the process at once. A thread waits for it, because the main thread cannot
    handle signals during a long NumPy call.
    """
    import socket
    import threading

    reader, writer = socket.socketpair()  # Python writes the number of each signal to it
    writer.settimeout(0)
    wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

    def take(number: int, _frame: FrameType | None) -> None:
        flag.signal = number

    before = {number: signal.signal(number, take) for number in _SIGNALS}

    def end_at_second() -> None:
        received = 0
        with reader:
            while number := reader.recv(1):
                received += number[0] in before
                if received > 1:
                    _end_now(number[0], "Interrupted.")

    threading.Thread(target=end_at_second, daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        writer.close()
        for number, handler in before.items():
            signal.signal(number, handler)
