"""How scores depend on the columns: a curve of one, a surface of two, small curves of more."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from scorenet_cli.core import Array
from scorenet_cli.core.intervals import LEVEL
from scorenet_cli.core.metrics import Evaluation
from scorenet_cli.errors import DataError
from scorenet_cli.model.colours import SCALE_256, scale_colour
from scorenet_cli.model.model import Model
from scorenet_cli.model.response import (
    BEYOND,
    Curve,
    base_inputs,
    curve,
    ends,
    has_surface,
    surface,
)
from scorenet_cli.show.chart import WIDEST, Axis, Chart, Series, linear_axis, short
from scorenet_cli.show.tables import FirstThatFits, heading, number_table, omitted_note
from scorenet_cli.text import printable

# Outputs that are drawn, and columns that get a small curve.
MAX_OUTPUTS = 4
MAX_CURVES = 8
# Blocks of a small curve, where there is room and where there is not.
BLOCKS = (24, 12)
HEIGHTS = "▁▂▃▄▅▆▇█"
BAR = 15  # cells of the colour bar
SHADES = tuple(map(scale_colour, np.linspace(0, 1, 64).tolist()))
GRID = 8  # about this many values per column in the table of a surface
SAMPLES = 41  # values per column at which the lowest and highest scores are searched


def response_part(model: Model, scored: Evaluation | None = None) -> Iterator[RenderableType]:
    """Show how each score depends on the columns; nothing if numbers are too large to draw.

    scored: an evaluation that gives the rows to draw, the mean of the fixed columns, and the
    importance of the columns.
    """
    outputs = list(enumerate(model.output_names))[:MAX_OUTPUTS]
    with suppress(DataError):
        if has_surface(model):
            for output, name in outputs:
                if (shown := surface_chart(model, output)) is not None:
                    yield from (Text(), heading(f"Response of {name}"), shown)
            return
        curves = important_curves(model, scored)
        for output, name in outputs:
            if len(model.features) == 1 and not model.categories:
                chart = _curve_chart(curves[0], output, name, scored)
                if chart is not None:
                    yield from (Text(), heading(f"Response of {name}"), chart)
                continue
            of_each = f" to each column, {others(model, scored)}" if len(model.features) > 1 else ""
            yield from (Text(), heading(f"Response of {name}{of_each}"))
            yield SmallCurves(curves, output)
            yield from omitted_note(len(model.features) - len(curves), "column", "")


def important_curves(model: Model, scored: Evaluation | None) -> list[Curve]:
    """Return the curves of the columns that matter most, in the file's order where not known."""
    importance = {} if scored is None else scored.importance
    names = sorted(model.features, key=lambda name: -importance.get(name, (0.0, 0.0))[0])
    base = base_inputs(model, None if scored is None else scored.inputs)
    beyond = BEYOND if len(model.features) == 1 else 0.0
    return [curve(model, name, base, beyond=beyond) for name in names[:MAX_CURVES]]


def others(model: Model, scored: Evaluation | None) -> str:
    """Say where the other columns are kept."""
    columns, its = ("columns", "their") if len(model.features) - 1 > 1 else ("column", "its")
    is_mean = scored is not None or model.feature_offset is not None
    place = f"{its} mean" if is_mean else f"the middle of {its} training range"
    return f"the other {columns} at {place}"


def _curve_chart(found: Curve, output: int, name: str, scored: Evaluation | None) -> Chart | None:
    """Draw the curve with its interval, and the given rows."""
    x, y, inside = found.values, found.scores[:, output], found.is_trained
    series = []
    if found.intervals is not None:
        words = f"{100 * LEVEL:g} % interval"
        for low_high in found.intervals[:, output].T:
            series.append(Series(words, x, low_high, "·", "dim", joined=True))
            words = ""
    series.append(Series("outside training range", x, y, "-", "dim", joined=True))
    if inside.any():  # a range of one value may lie between two points
        series.append(Series("prediction", x[inside], y[inside], "•", "cyan", joined=True))
    if scored is not None:
        actual = scored.actual[:, output]
        series.append(Series("rows", scored.inputs[:, 0], actual, "○", "yellow"))
    column = linear_axis(printable(found.column), *(each.x for each in series))
    score = linear_axis(printable(name), *(each.y for each in series))
    return None if column is None or score is None else Chart(column, score, tuple(series))


@dataclass(frozen=True)
class SurfaceChart(Chart):
    """A chart of half-block cells coloured by score, from `low` to `high`.

    With too few colours or signs, it is a table of scores at round values of both columns.
    """

    model: Model = field(kw_only=True)
    output: int = field(kw_only=True)
    low: float = field(kw_only=True)
    high: float = field(kw_only=True)
    shades: tuple[str, ...] = field(kw_only=True, default=SHADES)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield a colour bar and the chart, or the table."""
        has_range = self.model.feature_range is not None
        has_colours = console.color_system in {"256", "truecolor"} and not console.no_color
        if options.ascii_only or not has_colours:
            note = "; in brackets: outside the training range" if has_range else ""
            yield Text(f"columns: {self.x.label}; rows: {self.y.label}{note}", "dim")
            yield self._table()
            return
        chart = self if console.color_system == "truecolor" else replace(self, shades=SCALE_256)
        bar = Text(f"{self.low:.4g} ")
        for part in np.linspace(0, 1, BAR).tolist():
            bar.append(" ", f"on {chart.shade(part)}")
        bar.append(f" {self.high:.4g}")
        yield bar.append("   box: training range" if has_range else "", "dim")
        yield from chart.lines(min(options.max_width, WIDEST), ascii_only=False)

    def shade(self, part: float) -> str:
        """Return the colour of a part of the way from low to high."""
        return self.shades[min(int(part * len(self.shades)), len(self.shades) - 1)]

    def parts(self, x: Array, y: Array) -> Array:
        """Return where the scores (y, x) lie between low, 0, and high, 1."""
        scores = surface(self.model, x, y)[:, :, self.output]
        return np.clip((scores - self.low) / (self.high - self.low), 0.0, 1.0)

    def cells(self, columns: int) -> dict[tuple[int, int], tuple[str, str]]:
        """Return a mark for each cell: two colours, or a part of the training range's outline."""
        y = np.linspace(self.y.high, self.y.low, 2 * self.rows)
        parts = self.parts(np.linspace(self.x.low, self.x.high, columns), y).tolist()
        cells = {
            (row, column): ("▀", f"{self.shade(top)} on {self.shade(bottom)}")
            for row in range(self.rows)
            for column, (top, bottom) in enumerate(zip(*parts[2 * row : 2 * row + 2], strict=True))
        }
        if self.model.feature_range is None:
            return cells
        left, right = np.rint(self.x.place(self.model.feature_range[0]) * (columns - 1)).astype(int)
        bottom, top = np.rint((1 - self.y.place(self.model.feature_range[1])) * (self.rows - 1))
        outline = {
            (int(row), column): "─" for row in (top, bottom) for column in range(left, right)
        }
        outline |= {
            (row, side): "│" for side in (left, right) for row in range(int(top), int(bottom))
        }
        outline |= {(top, left): "┌", (top, right): "┐", (bottom, left): "└", (bottom, right): "┘"}
        for (row, column), mark in outline.items():
            part = parts[2 * int(row)][column]
            ink = "#ffffff" if part > 0.5 else "#000000"  # noqa: PLR2004 - the darker half
            cells[row, column] = (mark, f"{ink} on {self.shade(part)}")
        return cells

    def _table(self) -> Table:
        """Make a table of scores at round values, in brackets outside the training range."""
        x, y = self.x.round_values(GRID), self.y.round_values(GRID)[::-1]
        scores = surface(self.model, x, y)[:, :, self.output]
        is_inside = np.ones(scores.shape, dtype=bool)
        if self.model.feature_range is not None:
            (left, right), (bottom, top) = self.model.feature_range
            is_inside = np.outer((bottom <= y) & (y <= top), (left <= x) & (x <= right))
        digits = max(1 - math.floor(math.log10(self.high - self.low)), 0)
        rows = [
            [short(value), *(f"{s:z.{digits}f} " if i else f"({s:z.{digits}f})" for s, i in each)]
            for value, each in zip(
                y.tolist(), map(zip, scores.tolist(), is_inside.tolist()), strict=True
            )
        ]
        return number_table(["", *(f"{short(value)} " for value in x.tolist())], rows)


def surface_chart(model: Model, output: int) -> SurfaceChart | None:
    """Make the surface of an output; None if scores lie too far apart for a number."""
    x, y = (Axis(printable(name), *ends(model, name)) for name in model.features)
    samples = [np.linspace(axis.low, axis.high, SAMPLES) for axis in (x, y)]
    limits = linear_axis("", surface(model, *samples)[:, :, output])
    if limits is None:
        return None
    return SurfaceChart(x, y, (), model=model, output=output, low=limits.low, high=limits.high)


@dataclass(frozen=True, eq=False)
class SmallCurves:
    """A line of blocks for each column over its training range, all to one scale."""

    found: Sequence[Curve]
    output: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield a table."""
        scores = [each.scores[:, self.output] for each in self.found]
        axis = linear_axis("", *scores)
        if axis is None:
            return
        heights = "12345678" if options.ascii_only else HEIGHTS

        def table(blocks: int, *, has_scores: bool) -> Table:
            rows = []
            for each, of in zip(self.found, scores, strict=True):
                at = np.arange(blocks) * len(of) // blocks
                levels = np.minimum(axis.place(of[at]) * len(heights), len(heights) - 1)
                first, *_, last = each.texts or map(short, each.values[[0, -1]].tolist())
                line = "".join(heights[int(level)] for level in levels)
                span = [f"{end:.4g}" for end in (of.min(), of.max())]
                rows.append([each.column, first, line, last, *(span if has_scores else ())])
            titles = ["column", "from", "", "to", *(("lowest", "highest") if has_scores else ())]
            return number_table(titles, rows)

        yield FirstThatFits(
            [
                partial(table, BLOCKS[0], has_scores=True),
                partial(table, BLOCKS[1], has_scores=True),
                partial(table, BLOCKS[1], has_scores=False),
            ]
        )
