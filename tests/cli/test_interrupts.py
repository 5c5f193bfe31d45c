"""What the last message of an interrupted process leaves on its standard error."""

from __future__ import annotations

import os
import select
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


def _said(streams: tuple[int, int], term: str | None) -> bytes:
    """What the first stream holds after a process with the second has been interrupted."""
    ours, its = streams
    _interrupt(its, term)
    said = os.read(ours, 100) if select.select([ours], [], [], 5)[0] else b""
    os.close(ours)
    os.close(its)
    return said


@pytest.mark.parametrize(
    ("term", "shown"),
    [("xterm", b"\x1b[?25h"), (None, b"\x1b[?25h"), ("dumb", b"")],
)
def test_a_terminal_gets_its_cursor_back_if_it_knows_escape_codes(
    term: str | None, shown: bytes
) -> None:
    assert _said(os.openpty(), term) == shown + SAID + b"\r\n"


def test_a_pipe_gets_no_escape_code() -> None:
    assert _said(os.pipe(), "xterm") == SAID + b"\n"


def test_an_error_stream_that_cannot_be_written_changes_nothing_else() -> None:
    with open(os.devnull, "rb") as stream:
        _interrupt(stream.fileno(), "xterm")
