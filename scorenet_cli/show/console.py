"""Consoles that know where they write: a terminal, a pipe, few or no colours."""

from __future__ import annotations

import sys
from typing import TextIO

from rich.console import Console, RenderableType

# A pipe has no edge: tables take the width they need and are never cut.
PIPE_WIDTH = 100_000


def make_console(stream: TextIO) -> Console:
    """Make a console for a stream; colour only on a terminal, user text never as markup."""
    terminal = stream.isatty()
    return Console(
        file=stream,
        force_terminal=terminal,
        width=None if terminal else PIPE_WIDTH,
        markup=False,
        emoji=False,
        highlight=False,
    )


def show(*renderables: RenderableType) -> None:
    """Print to standard output, without spaces at the ends of lines where it is a pipe."""
    console = make_console(sys.stdout)
    if console.is_terminal:
        console.print(*renderables, sep="\n")
        return
    with console.capture() as capture:
        console.print(*renderables, sep="\n")
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())
