"""Text charts with labelled axes, in the width and the character set of the output."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from scorenet_cli.core import Array
from scorenet_cli.text import printable

WIDEST = 72
ROWS = 12
MAX_TICKS = 5
AS_ASCII = str.maketrans("•○·─│┤└┬", "*o.-|+++")
MARGIN = 2  # cells between a label and the first mark: a space and the axis

Scale = Literal["linear", "log", "log1p"]
Points = Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Axis:
    """A labelled direction; low and high are its ends on its own scale (log: exponents of 10)."""

    label: str
    low: float
    high: float
    scale: Scale = "linear"

    def place(self, values: Array) -> Array:
        """Return where values lie: 0 at the low end, 1 at the high one."""
        if self.scale != "linear":
            values = np.log10(values) if self.scale == "log" else np.log1p(values)
        return np.clip((values - self.low) / (self.high - self.low), 0.0, 1.0)

    def ticks(self, most: int = MAX_TICKS) -> list[tuple[float, str]]:
        """Choose about `most` round values; return their positions and labels."""
        values = self.round_values(most)
        return list(zip(self.place(values).tolist(), map(short, values.tolist()), strict=True))

    def round_values(self, most: int = MAX_TICKS) -> Array:
        """Choose a few round values between the ends."""
        return np.array(_round_values(self, most))


@dataclass(frozen=True, eq=False)
class Series:
    """Points (x, y) of one kind, joined to a curve or not, and their mark."""

    name: str
    x: Array
    y: Array
    mark: str
    style: str = ""
    joined: bool = False


@dataclass(frozen=True)
class Chart:
    """Series between two axes; rich prints it no wider than there is room."""

    x: Axis
    y: Axis
    series: tuple[Series, ...]
    rows: int = ROWS

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines of text."""
        yield from self.lines(min(options.max_width, WIDEST), ascii_only=options.ascii_only)

    def lines(self, width: int, *, ascii_only: bool) -> Iterator[Text]:
        """Write the y label and the legend, the rows, the x axis, its ticks and its label."""
        for line in self._lines(width):
            if ascii_only:
                line.plain = line.plain.translate(AS_ASCII)
            yield line

    def _lines(self, width: int) -> Iterator[Text]:
        y_ticks = self.y.ticks(max(min(MAX_TICKS, self.rows // 2), 1))
        ticks = {round((1 - at) * (self.rows - 1)): label for at, label in y_ticks}
        indent = max(map(len, ticks.values()), default=0)
        columns = max(width - indent - MARGIN, 2)
        cells = self.cells(columns)
        head = Text(self.y.label, no_wrap=True, overflow="ellipsis")
        named = [each for each in self.series if each.name]
        for each in named if len(named) > 1 else ():
            head.append("   ").append(each.mark, each.style).append(f" {each.name}")
        yield head
        for row in range(self.rows):
            label = ticks.get(row, "")
            line = Text()
            line.append(f"{label.rjust(indent)} {'┤' if label else '│'}", "dim")
            for column in range(columns):
                line.append(*cells.get((row, column), (" ",)))
            line.rstrip()
            yield line
        axis, labels = ["─"] * columns, ""
        for at, label in self.x.ticks():
            column = round(at * (columns - 1))
            start = min(max(column - len(label) // 2, 0), columns - len(label))
            if start >= len(labels) + bool(labels):
                labels = labels.ljust(start) + label
                axis[column] = "┬"
        lead = " " * (indent + MARGIN)
        yield Text(f"{lead[:-1]}└{''.join(axis)}", style="dim")
        yield Text(f"{lead}{labels}", style="dim")
        yield Text(f"{lead}{self.x.label}", no_wrap=True, overflow="ellipsis")

    def cells(self, columns: int) -> dict[tuple[int, int], tuple[str, str]]:
        """Return mark and style of each cell (row, column) that is not empty."""
        return {
            cell: (each.mark, each.style)
            for each in self.series
            for cell in self._cells(each, columns)
        }

    def _cells(self, series: Series, columns: int) -> set[tuple[int, int]]:
        """Return the cells (row, column) that a series fills."""
        across = self.x.place(series.x) * (columns - 1)
        down = (1 - self.y.place(series.y)) * (self.rows - 1)
        points = np.unique(np.rint(np.column_stack([down, across])).astype(int), axis=0)
        filled = {(row, column) for row, column in points.tolist()}
        if not series.joined:
            return filled
        at = np.arange(round(float(across.min())), round(float(across.max())) + 1)
        order = np.argsort(across, kind="stable")
        height = np.rint(np.interp(at, across[order], down[order])).astype(int).tolist()
        for column, row, before in zip(at.tolist(), height, height[:1] + height, strict=False):
            # Fill the cells between the rows of two columns in the later column, so that the line
            # is unbroken.
            step = 1 if row >= before else -1
            first = before + step if row != before else row
            filled |= {(between, column) for between in range(first, row + step, step)}
        return filled


def loss_chart(
    training: Points,
    validation: Points = (),
    *,
    epochs: tuple[int, int] | None = None,
    decades: tuple[float, float] | None = None,
    rows: int = ROWS,
) -> Chart | None:
    """Draw losses by epoch, both on logarithmic scales; None if there is no curve to draw.

    epochs and decades (powers of ten of the loss) are the axes' ends, those of the points unless
    given. A loss of 0 stands at the lowest other one.
    """
    losses = [loss for _, loss in (*training, *validation) if loss > 0]
    if len(training) < 2 or not losses:  # noqa: PLR2004 - a curve joins two points
        return None
    first, last = epochs or (0, max(epoch for epoch, _ in training))
    lowest = min(losses)
    low, high = decades or (math.log10(lowest), math.log10(max(losses)))
    if high - low < 1e-6:  # noqa: PLR2004 - a constant loss is drawn in the middle of the axis
        low, high = low - 0.5, high + 0.5

    def series(name: str, points: Points, mark: str, style: str) -> Series:
        x = np.array([epoch for epoch, _ in points])
        y = np.array([max(loss, lowest) for _, loss in points])
        return Series(name, x, y, mark, style, joined=True)

    curves = [series("training", training, "•", "cyan")]
    if validation:
        curves.append(series("validation", validation, "○", "yellow"))
    return Chart(
        Axis("epoch (log scale)", math.log1p(first), math.log1p(last), "log1p"),
        Axis("loss (log scale)", low, high, "log"),
        tuple(curves),
        rows,
    )


def scores_chart(target: str, actual: Array, predicted: Array) -> Chart | None:
    """Draw predicted scores (rows,) against actual ones; the dotted line is where both agree.

    None if they lie further apart than a number can hold.
    """
    axis = linear_axis(printable(target), actual, predicted)
    if axis is None:
        return None
    ends = np.array([axis.low, axis.high])
    return Chart(
        replace(axis, label=f"actual {axis.label}"),
        replace(axis, label=f"predicted {axis.label}"),
        (
            Series("", ends, ends, "·", "dim", joined=True),
            Series("", actual, predicted, "•", "cyan"),
        ),
    )


def linear_axis(label: str, *values: Array) -> Axis | None:
    """Make an axis for all the values, with room around where they are equal.

    None if they lie further apart than a number can hold.
    """
    low = float(min(each.min() for each in values))
    high = float(max(each.max() for each in values))
    if not math.isfinite(high - low):
        return None
    if high - low < 1e-9 * max(abs(high), 1e-300):
        spare = max(abs(low), 1.0) / 2
        largest = sys.float_info.max
        low, high = max(low - spare, -largest), min(high + spare, largest)
    return Axis(label, low, high)


def _round_values(axis: Axis, most: int) -> list[float]:
    """Choose round values between an axis's ends: powers of ten, or multiples of 1, 2 or 5."""
    if axis.scale == "linear":
        return _multiples(axis.low, axis.high, most)
    if axis.scale == "log1p":
        first, last = math.expm1(axis.low), math.expm1(axis.high) * (1 + 1e-9)
        powers = [0.0, *(10.0**exponent for exponent in range(19))]
        powers = [power for power in powers if first <= power <= last]
        if last >= 10 and len(powers) > 1:  # noqa: PLR2004 - the first power of ten after 1
            return powers
        return [value for value in _multiples(first, last, most) if value == round(value)]
    step = max(math.ceil((axis.high - axis.low) / most), 1)
    exponents = range(math.ceil(axis.low / step) * step, math.floor(axis.high) + 1, step)
    if len(exponents) > 1:
        return [float(f"1e{exponent}") for exponent in exponents]
    low, high = 10.0**axis.low, 10.0 ** min(axis.high, 308.0)
    decades = range(math.floor(axis.low), math.ceil(axis.high))
    finer = [float(f"{digit}e{decade}") for decade in decades for digit in (1, 2, 5)]
    finer = [value for value in finer if max(low, 5e-324) <= value <= high]
    return finer if len(finer) > 1 else _multiples(low, high, most)


def _multiples(low: float, high: float, most: int) -> list[float]:
    """Choose up to most + 1 multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [multiple * step for multiple in range(first, last + 1)]


def short(value: float) -> str:
    """Write a tick's value in few signs: 1e-8, 0.001, 50, 10k, 2M."""
    for size, sign in ((1e6, "M"), (1e3, "k")):
        if size <= abs(value) < 1e3 * size:
            return f"{value / size:.6g}{sign}"
    if value != 0 and not 1e-3 <= abs(value) < 1e6:  # noqa: PLR2004 - no longer than an exponent
        digits, _, exponent = f"{value:.5e}".partition("e")
        return f"{float(digits):g}e{int(exponent)}"
    return f"{value:.6g}"
