"""What the last message of an interrupted process leaves on its standard error."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from support import plain_environment

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and terminals as POSIX has them")

INTERRUPTED = """
import signal
from scorenet_cli.cli import interrupts
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent may ignore it
with interrupts.nothing_saved_yet():
    signal.raise_signal(signal.SIGINT)
"""
SAID = b"Interrupted. Nothing was saved."


def _interrupt(errors: int, term: str | None) -> None:
    environment = plain_environment(TERM=term or "")
    if term is None:
        del environment["TERM"]
    words = [sys.executable, "-c", INTERRUPTED]
    run = subprocess.run(words, stderr=errors, env=environment, timeout=30, check=False)
    assert run.returncode == 130


@pytest.mark.parametrize(
    ("term", "shown"),
    [("xterm", b"\x1b[?25h"), (None, b"\x1b[?25h"), ("dumb", b"")],
)
def test_a_terminal_gets_its_cursor_back_if_it_knows_escape_codes(
    term: str | None, shown: bytes
) -> None:
    ours, its = os.openpty()
    _interrupt(its, term)
    assert os.read(ours, 100) == shown + SAID + b"\r\n"
    os.close(ours)
    os.close(its)


def test_a_pipe_gets_no_escape_code() -> None:
    ours, its = os.pipe()
    _interrupt(its, "xterm")
    assert os.read(ours, 100) == SAID + b"\n"
    os.close(its)
    os.close(ours)


def test_nobody_to_read_the_message_changes_nothing_else() -> None:
    ours, its = os.pipe()
    os.close(ours)
    _interrupt(its, "xterm")  # the message cannot be written
    os.close(its)
