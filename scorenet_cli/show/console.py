"""Consoles that know where they write: a terminal, a pipe, few or no colours."""

from __future__ import annotations

import html
import io
import sys
from typing import TextIO

from rich.console import Console, RenderableType

# Whatever can be shown: a page, a table, text.
Page = RenderableType

# A pipe has no edge: tables take the width they need and are never cut.
PIPE_WIDTH = 100_000

# Rich fills in what stands between braces.
HTML_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ color: {foreground}; background-color: {background}; }}
pre {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
</style>
</head>
<body>
<pre>{code}</pre>
</body>
</html>
"""


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


def as_text(page: RenderableType) -> str:
    """Return a page as wide as standard output, without colours."""
    return "".join(f"{line.rstrip()}\n" for line in _recorded(page).export_text().splitlines())


def as_html(page: RenderableType, title: str) -> str:
    """Return a page as wide as standard output, as HTML that needs no other file."""
    template = HTML_PAGE.replace("{title}", html.escape(title))
    return _recorded(page).export_html(inline_styles=True, code_format=template)


def _recorded(page: RenderableType) -> Console:
    """Print a page, in colour, to a console that remembers it."""
    recorder = Console(
        record=True,
        file=io.StringIO(),
        width=make_console(sys.stdout).width,
        force_terminal=True,
        color_system="standard",
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    recorder.print(page)
    return recorder
