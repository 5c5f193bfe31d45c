"""The `scorenet` command, also as `python -m scorenet_cli`."""

import contextlib
import gc
import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130
# New objects between two searches for garbage; Python's default is 700.
GARBAGE_THRESHOLD = 100_000


def main() -> None:
    """Run the command; Ctrl-C ends it at once unless the command handles it.

    KeyboardInterrupt could be lost during an import or end in a traceback.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored by the parent
        signal.signal(signal.SIGINT, _end_at_once)
    # Imports create many objects that live on; looking for garbage among them takes time.
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        from scorenet_cli.cli import main as run  # noqa: PLC0415 - after the handler is set

        run()
    finally:  # ignore Ctrl-C during interpreter shutdown, which does not look for garbage either
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gc.freeze()


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    """End the process; remove its half-written files."""
    if (files := sys.modules.get("scorenet_cli.files")) and hasattr(files, "discard_temporaries"):
        files.discard_temporaries()
    with contextlib.suppress(OSError):  # standard error is closed
        os.write(2, b"Interrupted.\n")
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
