"""Networks as pictures (SVG): layers of circles joined by lines, numbers on both.

A picture brings its own ground, for light and for dark surroundings, and names only fonts that
are there already. Lengths are in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple
from unicodedata import east_asian_width
from xml.etree import ElementTree as ET

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.errors import OptionError
from scorenet_cli.model.trace import BackwardTrace, ForwardTrace
from scorenet_cli.text import number, printable

# As in the document's own figure; --precision asks for more.
DIGITS = 4

# What can still be told apart on a slide.
MAX_CIRCLES = 32
MAX_COLUMNS = 8
MAX_BIASES = 10  # circles of a column that have room for biases below them
MAX_LABELS = 40  # lines between two columns that have room for numbers on them

FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
CELL = 0.61  # the width of a monospaced sign, as a part of the font's size

# Sizes of fonts: in a circle the number, the one above it, the name; then what stands outside.
LARGE, SMALL, TINY = 16, 11, 10
MAX_LARGE = 7
HEADING, NAME, NOTE = 16, 14, 12
MAX_NAME = 24  # cells; the circle's title has the whole

MARGIN, GAP = 24.0, 14.0
BIAS_ROOM = 34.0  # between two circles of a column, where a bias stands there
AIR = 150.0  # between all circles of a column, where there are few
LINE_ROOM = 180.0  # between two columns, at least
THINNEST, THICKEST = 0.8, 5.0

# The part of a line on which its number stands: nearer the end, where lines fan out.
FIRST_PART, LAST_PART = 0.25, 0.85

# What it is: by day, by night. Blue and orange stay apart for the colour-blind, too.
COLOURS = {
    "ground": ("#ffffff", "#16181d"),
    "edge": ("#c8ccd4", "#3a3f4b"),
    "ink": ("#1b1e24", "#f1f3f6"),
    "soft": ("#5f6672", "#a9b1be"),
    "plus": ("#1259a8", "#7db8ff"),
    "minus": ("#a8430a", "#ffab70"),
}
SIGNS = "Blue and solid: above 0. Orange and dashed: below. Thicker: further from 0."

Point = tuple[float, float]


class Circle(NamedTuple):
    """A neuron: a small number above a large one, its name, and its bias below."""

    name: str
    small: str
    large: str
    bias: float | None = None


class Column(NamedTuple):
    """A layer: its heading, its circles, and weights (circles of the column before, its own)."""

    heading: str
    circles: Sequence[Circle]
    weights: Array | None = None


class Line(NamedTuple):
    """A weight between the centres of two circles, and where its number stands."""

    start: Point
    end: Point
    middle: Point
    weight: float


class Plan(NamedTuple):
    """Where circles stand: their radius, each column's centres, and the picture's size."""

    radius: float
    centres: list[list[Point]]
    width: float
    bottom: float


def forward_picture(trace: ForwardTrace, precision: int | None = None) -> str:
    """Return a forward pass as SVG: sums above activations, weights on the lines."""
    digits = DIGITS if precision is None else precision
    columns = [_inputs(trace, digits)]
    for layer in trace.layers:
        circles = [
            Circle(n.name, number(n.sum, digits), number(n.output, digits), n.bias)
            for n in layer.neurons
        ]
        weights = np.array([[term.weight for term in n.terms] for n in layer.neurons]).T
        columns.append(Column(layer.name, circles, weights))
    return draw(
        columns,
        title="A forward pass through the network",
        beside=[f"predicts {number(score, digits)}" for score in trace.scores],
        legend="In the circles: the sum, small, above the activation. On the lines: weights.",
        digits=digits,
    )


def backward_picture(trace: BackwardTrace, precision: int | None = None) -> str:
    """Return a backward step as SVG: errors above deltas, the weights' changes on the lines."""
    digits = DIGITS if precision is None else precision
    columns = [_inputs(trace.forward, digits)]
    for layer in trace.layers:
        circles = [
            Circle(
                n.name,
                number(n.error, digits),
                number(n.delta, digits),
                None if n.bias is None else n.bias.change,
            )
            for n in layer.neurons
        ]
        changes = np.array([[weight.change for weight in n.weights] for n in layer.neurons]).T
        columns.append(Column(layer.name, circles, changes))
    outputs = zip(trace.forward.outputs, trace.outputs_after, strict=True)
    loss, loss_after = number(trace.loss, digits), number(trace.loss_after, digits)
    return draw(
        columns,
        title="A step of backpropagation through the network",
        beside=[f"output {number(a, digits)}, then {number(b, digits)}" for a, b in outputs],
        legend="In the circles: the error, small, above the delta. On the lines: changes of "
        f"weights. Loss {loss} before, {loss_after} after.",
        digits=digits,
    )


def _inputs(trace: ForwardTrace, digits: int) -> Column:
    """Make the first column: the value as given above the value as scaled."""
    circles = []
    for each in trace.inputs:
        given = "" if each.value == each.scaled else number(each.value, digits)
        circles.append(Circle(each.name, given, number(each.scaled, digits)))
    return Column("input", circles)


def draw(
    columns: Sequence[Column], *, title: str, beside: Sequence[str], legend: str, digits: int
) -> str:
    """Return the SVG of a network; beside stands under the names of the last column.

    OptionError where the network is too large to be legible.
    """
    most = max(len(column.circles) for column in columns)
    if most > MAX_CIRCLES or len(columns) > MAX_COLUMNS:
        raise OptionError(
            f"a picture has room for {MAX_COLUMNS} columns of {MAX_CIRCLES} neurons, and this "
            f"network has {len(columns)} of up to {most:,}. Save the tables: .html or .txt."
        )
    crowded = [c.heading for c in columns if c.weights is not None and c.weights.size > MAX_LABELS]
    if crowded:
        legend += f" No room for the numbers on the lines to {', '.join(crowded)}."
    if most > MAX_BIASES and any(circle.bias is not None for c in columns for circle in c.circles):
        legend += " No room for the biases."
        columns = [
            each._replace(circles=[c._replace(bias=None) for c in each.circles]) for each in columns
        ]
    plan = _plan(columns, beside, digits)
    lines, circles, words = (ET.Element("g") for _ in range(3))
    largest = max(float(np.abs(c.weights).max()) for c in columns if c.weights is not None) or 1.0
    for position, (column, centres) in enumerate(zip(columns, plan.centres, strict=True)):
        _write(words, column.heading, (centres[0][0], MARGIN + HEADING / 2), HEADING, bold=True)
        if column.weights is not None:
            joined = _join(plan.centres[position - 1], centres, column.weights)
            for line in joined:
                _draw_line(lines, line, plan.radius, largest, crowded=len(joined) > MAX_LABELS)
                if len(joined) <= MAX_LABELS:
                    _draw_label(words, number(line.weight, digits), line.middle, line.weight)
        for circle, centre in zip(column.circles, centres, strict=True):
            _draw_circle(circles, circle, centre, plan.radius, digits)
    _write_names(words, columns, plan, beside)
    y = plan.bottom + MARGIN
    for text in wrap(f"{legend} {SIGNS}", int((plan.width - 2 * MARGIN) / CELL / NOTE)):
        _write(words, text, (MARGIN, y), NOTE, anchor="start", colour="soft")
        y += NOTE * 1.5
    return _document(title, plan.width, y + MARGIN / 2, (lines, circles, words))


def _write_names(
    parent: ET.Element, columns: Sequence[Column], plan: Plan, beside: Sequence[str]
) -> None:
    """Write names left of the inputs, within hidden neurons, and right of the outputs."""
    for column, centres in zip(columns[1:-1], plan.centres[1:-1], strict=True):
        for circle, (x, y) in zip(column.circles, centres, strict=True):
            at = y + LARGE / 2 + TINY / 2 + 3
            _write(parent, _short(circle.name), (x, at), TINY, colour="soft")
    for circle, (x, y) in zip(columns[0].circles, plan.centres[0], strict=True):
        _write(parent, _short(circle.name), (x - plan.radius - GAP, y), NAME, anchor="end")
    for circle, text, (x, y) in zip(columns[-1].circles, beside, plan.centres[-1], strict=True):
        at = x + plan.radius + GAP
        _write(parent, _short(circle.name), (at, y - NAME * 0.7), NAME, anchor="start")
        _write(parent, text, (at, y + NAME * 0.7), NOTE, anchor="start", colour="soft")


def _plan(columns: Sequence[Column], beside: Sequence[str], digits: int) -> Plan:
    """Give each circle its place: columns side by side, the smaller ones in the middle."""
    every = [circle for column in columns for circle in column.circles]
    radius = max(map(_radius, every))
    bias_room = BIAS_ROOM if any(circle.bias is not None for circle in every) else 0.0
    most = max(len(column.circles) for column in columns)
    pitch = 2 * radius + max(bias_room or GAP, AIR / most)
    top = MARGIN + 2 * HEADING
    x = MARGIN + max(_width(_short(circle.name), NAME) for circle in columns[0].circles)
    x += GAP + radius
    centres: list[list[Point]] = []
    for column in columns:
        if column.weights is not None:
            room = 2 * radius + max(LINE_ROOM, pitch * most / 4)
            if column.weights.size <= MAX_LABELS:  # a column of numbers for each source
                labels = (number(weight, digits) for weight in column.weights.ravel().tolist())
                numbers = len(column.weights) * (max(_width(each, NOTE) for each in labels) + 6)
                room = max(room, numbers / (LAST_PART - FIRST_PART))
            x += room
        first = top + radius + (most - len(column.circles)) * pitch / 2
        centres.append([(x, first + at * pitch) for at in range(len(column.circles))])
    right = [_width(_short(circle.name), NAME) for circle in columns[-1].circles]
    right += [_width(text, NOTE) for text in beside]
    width = x + radius + GAP + max(right) + MARGIN
    return Plan(radius, centres, width, top + (most - 1) * pitch + 2 * radius + bias_room)


def _radius(circle: Circle) -> float:
    """Return a radius that holds a circle's numbers."""
    corners = (
        (_width(circle.large, _large(circle)) / 2, LARGE / 2),
        (_width(circle.small, SMALL) / 2, LARGE / 2 + SMALL + 2),
    )
    return max(28.0, *(math.hypot(*corner) + 5 for corner in corners))


def _large(circle: Circle) -> int:
    """Return the size of a circle's number: a long one is written smaller."""
    return LARGE if len(circle.large) <= MAX_LARGE else NOTE


def _join(starts: Sequence[Point], ends: Sequence[Point], weights: Array) -> list[Line]:
    """Join every circle of one column with every circle of the next.

    The numbers of one source stand in a column of their own.
    """
    joined = []
    for source, (start, row) in enumerate(zip(starts, weights.tolist(), strict=True)):
        part = FIRST_PART + (LAST_PART - FIRST_PART) * (source + 0.5) / len(starts)
        for end, weight in zip(ends, row, strict=True):
            middle = (start[0] + part * (end[0] - start[0]), start[1] + part * (end[1] - start[1]))
            joined.append(Line(start, end, middle, weight))
    return joined


def _draw_line(
    parent: ET.Element, line: Line, radius: float, largest: float, *, crowded: bool
) -> None:
    """Draw a weight from rim to rim: colour and dashes by its sign, thickness by its size."""
    (x1, y1), (x2, y2) = line.start, line.end
    rim = radius / math.dist(line.start, line.end)
    x, y = rim * (x2 - x1), rim * (y2 - y1)
    thickness = THINNEST + (THICKEST - THINNEST) * abs(line.weight) / largest
    style = {
        "stroke-width": f"{thickness / (2 if crowded else 1):.2f}",
        "opacity": "0.75",
        **_paint(stroke=_sign(line.weight)),
    }
    if line.weight < 0:
        style["stroke-dasharray"] = "7 4"
    ET.SubElement(parent, "line", _lengths(x1=x1 + x, y1=y1 + y, x2=x2 - x, y2=y2 - y) | style)


def _draw_circle(
    parent: ET.Element, circle: Circle, centre: Point, radius: float, digits: int
) -> None:
    """Draw a neuron with its numbers, and its bias below it."""
    x, y = centre
    group = ET.SubElement(parent, "g")
    ET.SubElement(group, "title").text = printable(circle.name)
    look = _paint(fill="ground", stroke="soft") | {"stroke-width": "1.5"}
    ET.SubElement(group, "circle", _lengths(cx=x, cy=y, r=radius) | look)
    _write(group, circle.large, centre, _large(circle), bold=True)
    _write(group, circle.small, (x, y - LARGE / 2 - SMALL / 2 - 2), SMALL, colour="soft")
    if circle.bias is not None:
        below = (x, y + radius + BIAS_ROOM / 2 - 3)
        _draw_label(group, f"bias {number(circle.bias, digits)}", below, circle.bias)


def _draw_label(parent: ET.Element, text: str, centre: Point, value: float) -> None:
    """Write a number, in the colour of its sign, on ground that covers what is below."""
    width, height = _width(text, NOTE) + 6, 1.4 * NOTE
    x, y = centre[0] - width / 2, centre[1] - height / 2
    box = _lengths(x=x, y=y, rx=4.0, width=width, height=height)
    ET.SubElement(parent, "rect", box | _paint(fill="ground"))
    _write(parent, text, centre, NOTE, colour=_sign(value))


def _write(  # noqa: PLR0913 - where and how
    parent: ET.Element,
    text: str,
    centre: Point,
    size: int,
    *,
    anchor: str = "middle",
    colour: str = "ink",
    bold: bool = False,
) -> None:
    """Write a line of text, its middle at that height."""
    if not text:
        return
    place = _lengths(x=centre[0], y=centre[1] + 0.35 * size)
    look = {"font-size": str(size), "text-anchor": anchor} | _paint(fill=colour)
    if bold:
        look["font-weight"] = "bold"
    ET.SubElement(parent, "text", place | look).text = text


def _short(name: str) -> str:
    """Return a name without anything that steers, cut where it is long."""
    text = printable(name)
    if _cells(text) <= MAX_NAME:
        return text
    while _cells(text) >= MAX_NAME:
        text = text[:-1]
    return f"{text}…"


def _cells(text: str) -> int:
    """Return how many cells of a monospaced font a text takes, or more: wide signs take two."""
    return len(text) + sum(east_asian_width(sign) in "WF" for sign in text)


def _width(text: str, size: int) -> float:
    """Return how wide a text is, as near as can be told without the font."""
    return _cells(text) * CELL * size


def _sign(value: float) -> str:
    """Name the colour of a number."""
    return "plus" if value > 0 else "minus" if value < 0 else "soft"


def _lengths(**lengths: float) -> dict[str, str]:
    """Write attributes to a tenth of a pixel."""
    return {name: f"{length:.1f}" for name, length in lengths.items()}


def _paint(**colours: str) -> dict[str, str]:
    """Give fill and stroke by day as attributes, and the classes that change them by night."""
    classes = " ".join(f"{kind}-{colour}" for kind, colour in colours.items())
    return {"class": classes} | {kind: COLOURS[colour][0] for kind, colour in colours.items()}


def _document(title: str, width: float, height: float, parts: Sequence[ET.Element]) -> str:
    """Put the parts on their ground, with the colours for the night."""
    size = {"width": f"{width:.0f}", "height": f"{height:.0f}"}
    look = {"viewBox": f"0 0 {width:.0f} {height:.0f}", "role": "img", "font-family": FONT}
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, **look})
    ET.SubElement(root, "title").text = title
    rules = " ".join(
        f".{kind}-{name} {{ {kind}: {night}; }}"
        for name, (_, night) in COLOURS.items()
        for kind in ("fill", "stroke")
    )
    ET.SubElement(root, "style").text = f"@media (prefers-color-scheme: dark) {{ {rules} }}"
    card = _lengths(x=0.5, y=0.5, width=round(width) - 1, height=round(height) - 1, rx=10)
    ET.SubElement(root, "rect", card | _paint(fill="ground", stroke="edge"))
    root.extend(parts)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"
