"""Scores as a function of the columns, as an SVG picture; show.response is the terminal version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.intervals import LEVEL
from scorenet_cli.core.metrics import Evaluation
from scorenet_cli.errors import DataError
from scorenet_cli.model.colours import scale_colour
from scorenet_cli.model.drawing import (
    HEADING,
    MARGIN,
    NOTE,
    TITLE,
    add,
    document,
    text_width,
    write,
)
from scorenet_cli.model.model import Model
from scorenet_cli.model.response import Curve, has_surface
from scorenet_cli.show.chart import MAX_TICKS, Axis, linear_axis
from scorenet_cli.show.response import MAX_CURVES, important_curves, others, surface_chart
from scorenet_cli.text import count, printable, shorten

LEFT, BOTTOM = 64.0, 52.0
WIDE, SMALL = (520.0, 320.0), (300.0, 170.0)  # the area of the only panel, and of one of several
CELLS = (40, 28)  # of a surface
BAR = (24, 180.0)  # colours and length of the colour bar
MAX_ROWS = 2_000  # given rows that are drawn
MAX_TICK = 10  # signs of a text below an axis


class Plot(NamedTuple):
    """An area between two axes, with its upper left corner and its size."""

    parent: ET.Element
    x: Axis
    y: Axis
    left: float
    top: float
    width: float
    height: float

    def across(self, values: Array) -> list[float]:
        """Return where values of x lie."""
        return list(self.left + self.x.place(values) * self.width)

    def down(self, values: Array) -> list[float]:
        """Return where values of y lie."""
        return list(self.top + (1 - self.y.place(values)) * self.height)

    def line(self, x: Array, y: Array, **look: str) -> None:
        """Join points (x, y)."""
        add(self.parent, "polyline", points=self._points(x, y), **look)

    def band(self, x: Array, low: Array, high: Array) -> None:
        """Fill what lies between two curves."""
        points = self._points(np.append(x, x[::-1]), np.append(low, high[::-1]))
        add(self.parent, "polygon", points=points, fill="plus", opacity="0.18")

    def _points(self, x: Array, y: Array) -> str:
        return " ".join(
            f"{a:.1f},{b:.1f}" for a, b in zip(self.across(x), self.down(y), strict=True)
        )

    def frame(self, texts: Sequence[str]) -> None:
        """Draw the axes with their labels; texts stand at 0, 1, ... on a column of text."""
        right, bottom = self.left + self.width, self.top + self.height
        add(self.parent, "line", x1=self.left, y1=bottom, x2=right, y2=bottom, stroke="soft")
        add(self.parent, "line", x1=self.left, y1=self.top, x2=self.left, y2=bottom, stroke="soft")
        at = self.x.place(np.arange(float(len(texts)))).tolist()
        named = list(zip(at, texts, strict=True))[:: -(-len(texts) // MAX_TICKS) or 1]
        for part, label in named or self.x.ticks():
            x = self.left + part * self.width
            add(self.parent, "line", x1=x, y1=bottom, x2=x, y2=bottom + 4, stroke="soft")
            write(self.parent, shorten(label, MAX_TICK), (x, bottom + 14), NOTE, colour="soft")
        for part, label in self.y.ticks():
            y = bottom - part * self.height
            add(self.parent, "line", x1=self.left - 4, y1=y, x2=self.left, y2=y, stroke="soft")
            write(self.parent, label, (self.left - 8, y), NOTE, anchor="end", colour="soft")
        write(self.parent, self.x.label, (self.left + self.width / 2, bottom + 34), NOTE)
        write(self.parent, self.y.label, (self.left, self.top - 12), NOTE, anchor="start")


def response_picture(model: Model, scored: Evaluation | None = None) -> str:
    """Return the surface of two columns as SVG, else a curve for each column that matters most.

    The first targets are drawn as far as there is room. DataError if numbers are too large.
    """
    parent, is_surface = ET.Element("g"), has_surface(model)
    curves = [] if is_surface else important_curves(model, scored)
    each = max(len(curves), 1)
    outputs = range(min(len(model.output_names), MAX_CURVES // each))
    size = WIDE if each * len(outputs) == 1 else SMALL
    columns = min(each * len(outputs), 2)
    title = f"Response of {', '.join(map(printable, model.output_names[: len(outputs)]))}"
    top = MARGIN + TITLE + 2 * HEADING
    step = size[0] + LEFT + MARGIN, size[1] + BOTTOM + 2 * HEADING
    scores = [_score_axis(model, output, curves, scored) for output in outputs if curves]
    legend: dict[str, None] = {}
    for number in range(each * len(outputs)):
        output, which = divmod(number, each)
        corner = LEFT + number % columns * step[0], top + number // columns * step[1]
        if is_surface:
            legend |= dict.fromkeys(_draw_surface(parent, model, output, (*corner, *size)))
        else:
            found = curves[which]
            x = _column_axis(found, model, scored)
            if x is None:
                raise _too_large()
            plot = Plot(parent, x, scores[output], *corner, *size)
            legend |= dict.fromkeys(_draw_curve(plot, found, output, model, scored))
    if each > 1:
        legend[f"{others(model, scored).capitalize()}."] = None
    if more := len(model.features) - each if curves else 0:
        legend[f"{count(more, 'more column')} not shown."] = None
    if more := len(model.output_names) - len(outputs):
        legend[f"{count(more, 'more target')} not shown."] = None
    rows = -(-each * len(outputs) // columns)
    return document(title, legend, (columns * step[0], top + rows * step[1] - 40), [parent])


def _too_large() -> DataError:
    return DataError("the scores or values lie too far apart to be drawn.")


def _column_axis(found: Curve, model: Model, scored: Evaluation | None) -> Axis | None:
    """Make the axis of a column: of the given rows, too, where it stands alone."""
    if found.texts:
        return Axis(printable(found.column), -0.5, len(found.texts) - 0.5)
    rows = [scored.inputs[:, 0]] if scored is not None and len(model.features) == 1 else []
    return linear_axis(printable(found.column), found.values, *rows)


def _score_axis(
    model: Model, output: int, curves: Sequence[Curve], scored: Evaluation | None
) -> Axis:
    """Make the axis that all curves of an output share."""
    values = [each.scores[:, output] for each in curves]
    values += [each.intervals[:, output] for each in curves if each.intervals is not None]
    if scored is not None and len(model.features) == 1:
        values.append(scored.actual[:, output])
    axis = linear_axis(printable(model.output_names[output]), *values)
    if axis is None:
        raise _too_large()
    return axis


def _draw_curve(
    plot: Plot, found: Curve, output: int, model: Model, scored: Evaluation | None
) -> list[str]:
    """Draw one column's curve, or a mark for each of its texts; returns the legend."""
    legend, x, y = [], found.values, found.scores[:, output]
    plot.frame(found.texts)
    if found.intervals is not None:
        low, high = found.intervals[:, output].T
        legend.append(f"Shaded: the {100 * LEVEL:g} % interval.")
        if found.texts:
            for at, *ends in zip(x, low, high, strict=True):
                plot.line(np.repeat(at, 2), np.array(ends), stroke="plus", stroke_width="9",
                          opacity="0.18")  # fmt: skip
        else:
            plot.band(x, low, high)
    look = {"fill": "none", "stroke": "plus", "stroke_width": "2.5"}
    if found.texts:
        for a, b in zip(plot.across(x), plot.down(y), strict=True):
            add(plot.parent, "circle", cx=a, cy=b, r=4.0, fill="plus")
        return legend
    trained = np.flatnonzero(found.is_trained)
    if 0 < len(trained) < len(x):
        plot.line(x[: trained[0] + 1], y[: trained[0] + 1], **look, stroke_dasharray="3 4")
        plot.line(x[trained[-1] :], y[trained[-1] :], **look, stroke_dasharray="3 4")
        legend.append("Dashed: outside the training range.")
    inside = slice(None) if not len(trained) else slice(trained[0], trained[-1] + 1)
    plot.line(x[inside], y[inside], **look)
    if scored is not None and len(model.features) == 1:
        rows = scored.inputs[:MAX_ROWS, 0], scored.actual[:MAX_ROWS, output]
        for a, b in zip(plot.across(rows[0]), plot.down(rows[1]), strict=True):
            add(plot.parent, "circle", cx=a, cy=b, r=3.0, fill="none", stroke="minus")
        legend.append("Circles: the given rows.")
    return legend


def _draw_surface(
    parent: ET.Element, model: Model, output: int, box: tuple[float, float, float, float]
) -> list[str]:
    """Draw an output's surface with its colour bar; returns the legend."""
    chart = surface_chart(model, output)
    if chart is None:
        raise _too_large()
    plot = Plot(parent, chart.x, chart.y, *box)
    width, height = plot.width / CELLS[0], plot.height / CELLS[1]
    # The middle of each cell.
    x = chart.x.low + (chart.x.high - chart.x.low) * (np.arange(CELLS[0]) + 0.5) / CELLS[0]
    y = chart.y.high - (chart.y.high - chart.y.low) * (np.arange(CELLS[1]) + 0.5) / CELLS[1]
    cells = ET.SubElement(parent, "g", {"shape-rendering": "crispEdges"})
    for row, parts in enumerate(chart.parts(x, y).tolist()):
        for column, part in enumerate(parts):
            place = {"x": plot.left + column * width, "y": plot.top + row * height}
            add(cells, "rect", **place, width=width, height=height, fill=scale_colour(part))
    plot.frame(())
    label = f"{printable(model.output_names[output])}  {chart.low:.4g}"
    end = plot.left + plot.width - text_width(f" {chart.high:.4g}", NOTE)
    start = end - min(BAR[1], plot.width / 3)
    for number in range(BAR[0]):
        step = (end - start) / BAR[0]
        place = {"x": start + number * step, "y": plot.top - 18, "width": step, "height": 12.0}
        add(cells, "rect", **place, fill=scale_colour(number / (BAR[0] - 1)))
    write(parent, label, (start - 6, plot.top - 12), NOTE, anchor="end")
    write(parent, f"{chart.high:.4g}", (end + 6, plot.top - 12), NOTE, anchor="start")
    if model.feature_range is None:
        return []
    (left, right), (bottom, top) = (
        place(ends)
        for place, ends in zip((plot.across, plot.down), model.feature_range, strict=True)
    )
    for stroke, stroke_width in (("#ffffff", "3"), ("#000000", "1.2")):
        place = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        add(parent, "rect", **place, fill="none", stroke=stroke, stroke_width=stroke_width)
    return ["Box: the training range."]
