"""Layers of circles joined by lines, numbers on both, drawn as SVG.

The picture brings its own ground, for light and for dark surroundings, and names only fonts that
are there already. Lengths are in pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from scorenet_cli.core import Array
from scorenet_cli.errors import OptionError
from scorenet_cli.text import number, printable

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
LINE_ROOM = 180.0  # between two columns, and more for each line with a number
LABEL_ROOM = 7.0
THINNEST, THICKEST = 0.8, 5.0

# Where on a line its number may stand, the middle first, and how far from other lines is enough.
PARTS = sorted(np.linspace(0.1, 0.9, 33).tolist(), key=lambda part: abs(part - 0.5))
CLEAR = 8.0

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


class Box(NamedTuple):
    """The room that something takes."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Tell whether two boxes share any room."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Line(NamedTuple):
    """A weight, from the rim of one circle (x, y) to that of another."""

    start: Array
    end: Array
    weight: float


class Plan(NamedTuple):
    """Where circles stand: their radius, each column's centres (x, y), and what is around them."""

    radius: float
    centres: list[list[tuple[float, float]]]
    width: float
    bottom: float
    taken: list[Box]


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
    has_bias = any(circle.bias is not None for column in columns for circle in column.circles)
    if has_bias and most > MAX_BIASES:
        columns = [
            each._replace(circles=[c._replace(bias=None) for c in each.circles]) for each in columns
        ]
    plan = _plan(columns, beside)
    lines, circles, words = (ET.Element("g") for _ in range(3))
    hidden = _draw_lines(lines, words, columns, plan, digits)
    for column, centres in zip(columns, plan.centres, strict=True):
        _write(words, column.heading, (centres[0][0], MARGIN + HEADING / 2), HEADING, bold=True)
        for circle, centre in zip(column.circles, centres, strict=True):
            _draw_circle(circles, circle, centre, plan.radius, digits)
    for column, centres in zip(columns[1:-1], plan.centres[1:-1], strict=True):
        for circle, (x, y) in zip(column.circles, centres, strict=True):
            at = y + LARGE / 2 + TINY / 2 + 3
            _write(words, _short(circle.name), (x, at), TINY, colour="soft")
    for circle, (x, y) in zip(columns[0].circles, plan.centres[0], strict=True):
        _write(words, _short(circle.name), (x - plan.radius - GAP, y), NAME, anchor="end")
    for circle, text, (x, y) in zip(columns[-1].circles, beside, plan.centres[-1], strict=True):
        at = x + plan.radius + GAP
        _write(words, _short(circle.name), (at, y - NAME * 0.7), NAME, anchor="start")
        _write(words, text, (at, y + NAME * 0.7), NOTE, anchor="start", colour="soft")
    if hidden:
        legend += f" No room for the numbers on the lines to {', '.join(hidden)}."
    if has_bias and most > MAX_BIASES:
        legend += " No room for the biases."
    y = plan.bottom + MARGIN
    for text in wrap(f"{legend} {SIGNS}", int((plan.width - 2 * MARGIN) / CELL / NOTE)):
        _write(words, text, (MARGIN, y), NOTE, anchor="start", colour="soft")
        y += NOTE * 1.5
    return _document(title, plan.width, y + MARGIN / 2, (lines, circles, words))


def _plan(columns: Sequence[Column], beside: Sequence[str]) -> Plan:
    """Give each circle its place: columns side by side, the smaller ones in the middle."""
    every = [circle for column in columns for circle in column.circles]
    radius = max(map(_radius, every))
    has_bias = any(circle.bias is not None for circle in every)
    most = max(len(column.circles) for column in columns)
    pitch = 2 * radius + max(BIAS_ROOM if has_bias else GAP, AIR / most)
    top = MARGIN + 2 * HEADING
    x = MARGIN + max(_width(_short(circle.name), NAME) for circle in columns[0].circles)
    x += GAP + radius
    centres: list[list[tuple[float, float]]] = []
    for column in columns:
        if column.weights is not None:
            labels = column.weights.size if column.weights.size <= MAX_LABELS else 0
            x += 2 * radius + max(LINE_ROOM + LABEL_ROOM * labels, pitch * most / 4)
        first = top + radius + (most - len(column.circles)) * pitch / 2
        centres.append([(x, first + at * pitch) for at in range(len(column.circles))])
    right = [_width(_short(circle.name), NAME) for circle in columns[-1].circles]
    right += [_width(text, NOTE) for text in beside]
    taken = [
        Box(x - radius - 2, y - radius - 2, x + radius + 2, y - radius + pitch - 2)
        for column in centres
        for x, y in column
    ]
    width = x + radius + GAP + max(right) + MARGIN
    bottom = top + (most - 1) * pitch + 2 * radius + (BIAS_ROOM if has_bias else 0)
    return Plan(radius, centres, width, bottom, taken)


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


def _draw_lines(
    lines: ET.Element, words: ET.Element, columns: Sequence[Column], plan: Plan, digits: int
) -> list[str]:
    """Draw all weights; return the headings of the columns whose numbers have no room."""
    weights = [column.weights for column in columns if column.weights is not None]
    largest = max(float(np.abs(each).max()) for each in weights) or 1.0
    hidden = []
    for number_of, each in enumerate(weights):
        joined = _join(plan.centres[number_of], plan.centres[number_of + 1], each, plan.radius)
        for line in joined:
            _draw_line(lines, line, largest, crowded=len(joined) > MAX_LABELS)
        boxes = _place(joined, plan.taken, digits)
        for line, box in zip(joined, boxes, strict=False):
            _draw_label(words, number(line.weight, digits), box, _sign(line.weight))
        if not boxes:
            hidden.append(columns[number_of + 1].heading)
    return hidden


def _join(
    starts: Sequence[tuple[float, float]],
    ends: Sequence[tuple[float, float]],
    weights: Array,
    radius: float,
) -> list[Line]:
    """Join every circle of one column with every circle of the next, from rim to rim."""
    joined = []
    for start, row in zip(starts, weights.tolist(), strict=True):
        for end, weight in zip(ends, row, strict=True):
            way = np.subtract(end, start)
            rim = way / np.hypot(*way) * radius
            joined.append(Line(np.add(start, rim), np.subtract(end, rim), weight))
    return joined


def _place(lines: Sequence[Line], circles: Sequence[Box], digits: int) -> list[Box]:
    """Find room for each line's number, on the line and clear of the others; else for none."""
    if len(lines) > MAX_LABELS:
        return []
    taken = list(circles)
    placed: list[Box] = []
    for line in lines:
        others = [other for other in lines if other is not line]
        half = _width(number(line.weight, digits), NOTE) / 2 + 3
        rooms = []
        for part in PARTS:
            x, y = (line.start + part * (line.end - line.start)).tolist()
            box = Box(x - half, y - NOTE * 0.7, x + half, y + NOTE * 0.7)
            if not any(map(box.overlaps, taken)):
                rooms.append((_clearance(box, others), box))
        if not rooms:
            return []
        clear = max(clearance for clearance, _ in rooms)
        box = next(box for clearance, box in rooms if clearance == clear)
        taken.append(box)
        placed.append(box)
    return placed


def _clearance(box: Box, lines: Sequence[Line]) -> float:
    """Return how far the nearest line is from a box, CLEAR where that is enough.

    Measured from the box's corners and its middle.
    """
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    corners = [(across, down) for across in (box.left, box.right) for down in (box.top, box.bottom)]
    points = np.array([(x, y), (box.left, y), (box.right, y), *corners])
    nearest = CLEAR
    for line in lines:
        way, here = line.end - line.start, points - line.start
        part = np.clip(here @ way / (way @ way), 0.0, 1.0)
        nearest = min(nearest, float(np.hypot(*(here - part[:, None] * way).T).min()))
    return nearest


def _draw_line(parent: ET.Element, line: Line, largest: float, *, crowded: bool) -> None:
    """Draw a weight: colour and dashes by its sign, thickness by its size."""
    thickness = THINNEST + (THICKEST - THINNEST) * abs(line.weight) / largest
    (x1, y1), (x2, y2) = line.start.tolist(), line.end.tolist()
    style = {
        "stroke-width": f"{thickness / (2 if crowded else 1):.2f}",
        "opacity": "0.75",
        **_paint(stroke=_sign(line.weight)),
    }
    if line.weight < 0:
        style["stroke-dasharray"] = "7 4"
    ET.SubElement(parent, "line", _lengths(x1=x1, y1=y1, x2=x2, y2=y2) | style)


def _draw_circle(
    parent: ET.Element, circle: Circle, centre: tuple[float, float], radius: float, digits: int
) -> None:
    """Draw a neuron with its numbers, and its bias below it."""
    x, y = centre
    group = ET.SubElement(parent, "g")
    ET.SubElement(group, "title").text = printable(circle.name)
    look = _paint(fill="ground", stroke="soft") | {"stroke-width": "1.5"}
    ET.SubElement(group, "circle", _lengths(cx=x, cy=y, r=radius) | look)
    above = LARGE / 2 + SMALL / 2 + 2
    _write(group, circle.large, (x, y), _large(circle), bold=True)
    _write(group, circle.small, (x, y - above), SMALL, colour="soft")
    if circle.bias is not None:
        text = f"bias {number(circle.bias, digits)}"
        half = _width(text, NOTE) / 2 + 3
        at = y + radius + BIAS_ROOM / 2 - 3
        box = Box(x - half, at - NOTE * 0.7, x + half, at + NOTE * 0.7)
        _draw_label(group, text, box, _sign(circle.bias))


def _draw_label(parent: ET.Element, text: str, box: Box, colour: str) -> None:
    """Write on a piece of ground that covers what is below."""
    size = {"width": box.right - box.left, "height": box.bottom - box.top}
    place = _lengths(x=box.left, y=box.top, rx=4.0, **size)
    ET.SubElement(parent, "rect", place | _paint(fill="ground"))
    centre = ((box.left + box.right) / 2, (box.top + box.bottom) / 2)
    _write(parent, text, centre, NOTE, colour=colour)


def _write(  # noqa: PLR0913 - where and how
    parent: ET.Element,
    text: str,
    centre: tuple[float, float],
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
    text = Text(printable(name))
    text.truncate(MAX_NAME, overflow="ellipsis")
    return text.plain


def _width(text: str, size: int) -> float:
    """Return how wide a text is, as near as can be told without the font."""
    return cell_len(text) * CELL * size


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
