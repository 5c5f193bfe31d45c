"""Consoles that know where they write: a terminal, a pipe, few or no colours."""

from __future__ import annotations

import html
import io
import os
import sys
from typing import Any, TextIO

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
        console.print(*renderables, sep="\n")
        return
    with console.capture() as capture:
        console.print(*renderables, sep="\n")
    sys.stdout.write(_stripped(capture.get()))


def as_text(page: RenderableType) -> str:
    """Return a page without colours, as wide as its numbers need whatever the terminal."""
    return _stripped(_recorded(page).export_text())


def as_html(page: RenderableType, title: str) -> str:
    """Return a page as HTML that needs no other file, as wide as its numbers need."""
    template = HTML_PAGE.replace("{title}", html.escape(title))
    return _recorded(page).export_html(inline_styles=True, code_format=template)


def _stripped(text: str) -> str:
    """Drop the spaces at the ends of lines."""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _recorded(page: RenderableType) -> Console:
    """Print a page, in colour, to a console that remembers it."""
    recorder = make_console(
        io.StringIO(),
        record=True,
        force_terminal=True,
        color_system="standard",
        legacy_windows=False,
    )
    recorder.print(page)
    return recorder
