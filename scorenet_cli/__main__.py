"""The `scorenet` command, also as `python -m scorenet_cli`."""

import contextlib
import gc
import os
import signal
import sys
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# New objects between two searches for garbage; Python's default is 700.
GARBAGE_THRESHOLD = 100_000


def main() -> None:
    """Run the command; Ctrl-C and SIGTERM end it at once unless the command handles them.

    KeyboardInterrupt could be lost during an import or end in a traceback.
    """
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # not ignored by the parent
            signal.signal(number, _end_at_once)
    # Imports create many objects that live on; looking for garbage among them takes time.
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        from scorenet_cli.cli import main as run  # noqa: PLC0415 - after the handler is set

        run()
    finally:  # ignore both during interpreter shutdown, which does not look for garbage either
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        gc.freeze()


def _end_at_once(number: int, _frame: FrameType | None) -> None:
    """End the process; remove its half-written files."""
    if (files := sys.modules.get("scorenet_cli.files")) and hasattr(files, "discard_temporaries"):
        files.discard_temporaries()
    with contextlib.suppress(OSError):  # standard error is closed
        os.write(2, b"Interrupted.\n")
    os._exit(128 + number)


if __name__ == "__main__":
    main()
