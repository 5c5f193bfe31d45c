"""What every page of output is made of: headings, names, tables, and how they fit a width."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich import box
from rich.console import Console, ConsoleOptions, Group, JustifyMethod, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from scorenet_cli.core import Array
from scorenet_cli.core.metrics import ROUNDING, ClassFit, Fit
from scorenet_cli.show.console import PIPE_WIDTH
from scorenet_cli.text import count, number, printable, without_noise

# In a pipe, tables wider than this are replaced by a narrower, longer form.
COMFORTABLE_WIDTH = 100

# The document prints its result with ten digits; a narrow terminal shows no fewer than four.
DOCUMENT_DIGITS = 10
MIN_DIGITS = 4

# Weights of a layer that a page shows; --json prints all.
MAX_WEIGHTS = 400


def heading(text: str) -> Text:
    """Return a line that stands above a table."""
    return Text(printable(text), style="bold")


def name(text: str, style: str = "") -> Text:
    """Return external text without terminal control characters."""
    return Text(printable(text), style=style, overflow="fold")


# A cell may be written by a function of the digits after the point.
Row = Sequence[str | float | Callable[[int], str]]


class Result(float):
    """A number that stands out in its table."""


def number_table(
    columns: Sequence[str],
    rows: Iterable[Row],
    digits: int = 6,
    *,
    numbers_from: int = 1,
) -> Table:
    """Make a table: names on the left, numbers from column `numbers_from` on.

    A row of one name is the heading of those that follow; an empty row ends a section.
    """
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for position, column in enumerate(columns):
        justify: JustifyMethod = "right" if position >= numbers_from else "left"
        table.add_column(name(column), justify=justify, overflow="fold")
    for row in rows:
        cells = [
            name(cell, "bold" if len(row) == 1 else "")
            if isinstance(cell, str)
            else Text(cell(digits))
            if callable(cell)
            else Text(number(cell, digits), "bold cyan" if isinstance(cell, Result) else "")
            for cell in row
        ]
        table.add_row(*cells) if cells else table.add_section()
    return table


def key_value_table(pairs: Iterable[tuple[str, str]]) -> Table:
    """Make a list of what is known: a name, and what it is."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for what, value in pairs:
        table.add_row(what, name(value))
    return table


def r2_text(r2: float | None) -> str:
    """Write R², which is none where all scores are equal."""
    if r2 is None:
        return "-"
    return f"{r2:z.4f}" if abs(r2) < 1e6 else f"{r2:.1e}"  # noqa: PLR2004 - digits that say more


def fit_table(fit: Fit, scores: Array, others: Mapping[str, Fit] | None = None) -> Table:
    """Show a network's metrics beside those of the baselines, in units of the actual scores.

    An error that is only rounding noise relative to the scores is shown as 0. others are the
    metrics on other rows than the training rows, by their title.
    """
    largest = float(np.abs(scores).max())
    parts = {"training rows": fit, **others} if others else {"": fit}
    rows: list[Row] = []
    for part, measured in parts.items():
        if part:
            rows.append([part])
        mean, linear = measured.baselines.mean, measured.baselines.linear
        for what, metrics in (("network", measured), ("linear regression", linear), ("mean", mean)):
            errors = (
                without_noise(e, largest, limit=ROUNDING) for e in (metrics.rmse, metrics.mae)
            )
            rows.append([f"  {what}" if part else what, r2_text(metrics.r2), *errors])
        rows.append([])
    return number_table(["fit", "R2", "RMSE", "MAE"], rows, 4)


def layer_title(layer_name: str) -> str:
    """Turn a layer's name into words: hidden layer, hidden layer 2, output layer."""
    kind, _, position = layer_name.partition(" ")
    return f"{kind} layer {position}".rstrip()


def omitted_note(number_of: int, thing: str, where: str = ": --json prints all") -> list[Text]:
    """Say how many things a page leaves out, and where they are; nothing if it has them all."""
    if number_of <= 0:
        return []
    return [Text(f"... and {count(number_of, f'more {thing}')}{where}", style="dim")]


@dataclass(frozen=True)
class FirstThatFits:
    """The first of several ways to show the same that has room, else the last."""

    ways: Sequence[Callable[[], Table | Group]]
    pipe_width: int = PIPE_WIDTH

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the first way that fits the terminal, or pipe_width in a pipe."""
        room = self.pipe_width if options.max_width == PIPE_WIDTH else options.max_width
        unlimited = options.update(max_width=PIPE_WIDTH)
        for way in self.ways:
            shown = way()
            if Measurement.get(console, unlimited, shown).maximum <= room:
                break
        yield shown


def class_tables(fits: Sequence[ClassFit], where: str = "") -> Iterator[RenderableType]:
    """Show the accuracy and the confusion matrix of each target with classes."""
    for fit in fits:
        yield from (Text(), heading(f"Classes of {fit.target}{where}"))
        yield key_value_table(
            [
                ("accuracy", f"{fit.accuracy:.4f}"),
                (f"always predicting {fit.most_frequent}", f"{fit.most_frequent_accuracy:.4f}"),
            ]
        )
        yield Text()
        rows = zip(fit.classes, fit.confusion, strict=True)
        yield number_table(
            ["actual", *(f"predicted {name}" for name in fit.classes)],
            ([actual, *counts] for actual, counts in rows),
        )
