"""Consoles adapted to the output: a terminal or a pipe, with or without colours."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

from rich.console import Console, Group, RenderableType

# Parts of a page: headings, tables, text.
Page = Group

# A pipe has no width limit: tables take the width they need and are never cut.
PIPE_WIDTH = 100_000


def make_console(stream: TextIO, **settings: Any) -> Console:  # noqa: ANN401 - rich's own
    """Make a console for a stream; user text is never markup.

    Colour only on a terminal, or where FORCE_COLOR is set.
    """
    terminal = stream.isatty()
    colour = terminal or bool(os.environ.get("FORCE_COLOR"))
    kind = {"force_terminal": colour, "width": None if terminal else PIPE_WIDTH}
    plain = {"markup": False, "emoji": False, "highlight": False}
    return Console(file=stream, **{**kind, **plain, **settings})


def show(*renderables: RenderableType) -> None:
    """Print to standard output, without spaces at the ends of lines where it is a pipe."""
    console = make_console(sys.stdout)
    if console.is_terminal:
        console.print(*renderables, sep="\n", crop=False)
        return
    with console.capture() as capture:
        console.print(*renderables, sep="\n", crop=False)
    sys.stdout.write(_stripped(capture.get()))


def as_text(page: RenderableType) -> str:
    """Return a page without colours, as wide as its numbers need whatever the terminal."""
    console = make_console(io.StringIO(), force_terminal=False)
    with console.capture() as capture:
        console.print(page)
    return _stripped(capture.get())


def _stripped(text: str) -> str:
    """Drop the spaces at the ends of lines."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())
