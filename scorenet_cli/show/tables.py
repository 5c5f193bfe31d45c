"""What every page of output is made of: headings, names, tables, facts, room on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich import box
from rich.console import RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from scorenet_cli.show.console import PIPE_WIDTH, make_console
from scorenet_cli.text import printable

# In a pipe, where there is no edge, a wider table gives way to a longer one from here on.
COMFORTABLE_WIDTH = 100

# Weights of a layer that a page shows; --json has all.
MAX_WEIGHTS = 400


def heading(text: str) -> Text:
    """Return a line that stands above a table."""
    return Text(printable(text), style="bold")


def name(text: str) -> Text:
    """Return a name from outside, without anything that could steer the terminal."""
    return Text(printable(text), overflow="fold")


def number_table(*columns: str, numbers_from: int = 1) -> Table:
    """Make an empty table: names on the left, numbers from column `numbers_from` on."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for position, column in enumerate(columns):
        table.add_column(
            name(column),
            justify="right" if position >= numbers_from else "left",
            overflow="fold",
        )
    return table


def facts(pairs: Sequence[tuple[str, str]]) -> Table:
    """Make a list of facts: what, and what it is."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for what, value in pairs:
        table.add_row(what, name(value))
    return table


def count(number_of: int, thing: str) -> str:
    """Write a count and what is counted, in the plural where there is not one of it."""
    ending = "" if number_of == 1 else "es" if thing.endswith("s") else "s"
    return f"{number_of:,} {thing}{ending}"


def fits(table: RenderableType, pipe_width: int = PIPE_WIDTH) -> bool:
    """Tell whether a table or a picture has room on standard output without folding a number."""
    console = make_console(sys.stdout)
    room = console.width if console.is_terminal else pipe_width
    widest = console.options.update(max_width=PIPE_WIDTH)
    return Measurement.get(console, widest, table).maximum <= room
