"""The `scorenet` command, also as `python -m scorenet_cli`."""

import contextlib
import os
import signal
import sys
from types import FrameType

INTERRUPTED = 130


def main() -> None:
    """Run the command; Ctrl-C ends it at once, wherever it is, unless a command knows better.

    As an exception Ctrl-C could get lost in an import or end in a traceback.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is not for us
        signal.signal(signal.SIGINT, _end_at_once)
    try:
        from scorenet_cli.cli import main as run  # noqa: PLC0415 - so that Ctrl-C finds us here

        run()
    finally:  # all is said: what is left is Python's own tidying up
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _end_at_once(_number: int, _frame: FrameType | None) -> None:
    """End the process without half-written files."""
    if (files := sys.modules.get("scorenet_cli.files")) and hasattr(files, "discard_temporaries"):
        files.discard_temporaries()
    with contextlib.suppress(OSError):  # nobody listens
        os.write(2, b"Interrupted.\n")
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    main()
