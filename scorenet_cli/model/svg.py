"""Networks as pictures (SVG): layers of circles joined by lines, numbers on both.

A picture brings its own ground, for light and for dark surroundings, and names only fonts that
are there already. Lengths are in pixels. All three pictures raise OptionError where the network
is too large to be legible.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import NamedTuple
from unicodedata import east_asian_width
from xml.etree import ElementTree as ET

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.errors import OptionError
from scorenet_cli.model.model import Model, layer_names, neuron_names
from scorenet_cli.model.trace import BackwardTrace, ForwardTrace, without_rounding
from scorenet_cli.text import number, printable, shorten

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
TITLE, HEADING, NAME, NOTE = 18, 16, 14, 12
MAX_NAME = 24  # signs; the circle's title has the whole

MARGIN, GAP = 24.0, 14.0
BIAS_ROOM = 34.0  # between two circles of a column, where a bias stands there
AIR = 150.0  # between all circles of a column, where there are few
LINE_ROOM = 180.0  # between two columns, at least
THINNEST, THICKEST = 0.8, 5.0
MAX_RATIO = 10.0  # of two layers' largest weights, up to which all lines are drawn to one scale

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

Point = tuple[float, float]


class Circle(NamedTuple):
    """A neuron: a small number above a large one, its name, its bias below, a note by the name."""

    name: str
    small: str = ""
    large: str = ""
    bias: float | None = None
    note: str = ""


class Column(NamedTuple):
    """A layer: its heading, its circles, and weights (circles of the column before, its own)."""

    heading: str
    circles: Sequence[Circle]
    weights: Array | None = None


def network_picture(model: Model) -> str:
    """Return a network as SVG: names in the circles, weights on the lines."""
    columns = [Column("input", [Circle(name) for name in model.input_names])]
    names = zip(layer_names(model), neuron_names(model)[1:], strict=True)
    for layer, (heading, neurons) in zip(model.network.layers, names, strict=True):
        biases = [None] * layer.neurons if layer.bias is None else layer.bias.tolist()
        circles = [Circle(name, bias=bias) for name, bias in zip(neurons, biases, strict=True)]
        columns.append(Column(heading, circles, layer.weights))
    return draw(columns, title="The network", legend=["On the lines: weights."])


def forward_picture(trace: ForwardTrace, precision: int | None = None) -> str:
    """Return a forward pass as SVG: sums above activations, weights on the lines."""
    digits = DIGITS if precision is None else precision
    trace = without_rounding(trace)
    columns = [_inputs(trace, digits)]
    for layer in trace.layers:
        rows = [(n.name, n.sum, n.output, n.bias) for n in layer.neurons]
        weights = np.array([[term.weight for term in n.terms] for n in layer.neurons]).T
        columns.append(Column(layer.name, _circles(rows, digits), weights))
    return draw(
        columns,
        title="A forward pass through the network",
        beside=[f"predicts {number(score, digits)}" for score in trace.scores],
        legend=["In the circles: the sum, small, above the activation. On the lines: weights."],
        digits=digits,
    )


def backward_picture(trace: BackwardTrace, precision: int | None = None) -> str:
    """Return a backward step as SVG: errors above deltas, the weights' changes on the lines."""
    digits = DIGITS if precision is None else precision
    columns = [_inputs(trace.forward, digits)]
    for layer in trace.layers:
        rows = [
            (n.name, n.error, n.delta, None if n.bias is None else n.bias.change)
            for n in layer.neurons
        ]
        changes = np.array([[weight.change for weight in n.weights] for n in layer.neurons]).T
        columns.append(Column(layer.name, _circles(rows, digits), changes))
    outputs = zip(trace.forward.outputs, trace.outputs_after, strict=True)
    loss, loss_after = number(trace.loss, digits), number(trace.loss_after, digits)
    return draw(
        columns,
        title="A step of backpropagation through the network",
        beside=[f"output {number(a, digits)}, then {number(b, digits)}" for a, b in outputs],
        legend=[
            f"Loss {loss} before, {loss_after} after.",
            "In the circles: the error, small, above the delta. On the lines: changes of weights.",
        ],
        digits=digits,
    )


def _inputs(trace: ForwardTrace, digits: int) -> Column:
    """Make the first column: the value as given above the value as scaled, the formula beside."""
    circles = _circles([(i.name, i.value, i.scaled, None) for i in trace.inputs], digits)
    formulas = [each.formula(digits) for each in trace.inputs]
    circles = [each._replace(note=text) for each, text in zip(circles, formulas, strict=True)]
    if all(each.value == each.scaled for each in trace.inputs):
        circles = [circle._replace(small="") for circle in circles]
    return Column("input", circles)


def _circles(rows: Sequence[tuple[str, float, float, float | None]], digits: int) -> list[Circle]:
    """Make a layer's circles: name, small number, large number, bias."""
    names, small, large, biases = zip(*rows, strict=True)
    return list(map(Circle, names, _numbers(small, digits), _numbers(large, digits), biases))


def _numbers(values: Sequence[float], digits: int) -> list[str]:
    """Write a layer's numbers in one notation, the one that suits the largest of them."""
    if "e" in number(max(map(abs, values), default=0.0), digits):
        return [f"{value:.{max(digits - 1, 0)}e}" if value else "0" for value in values]
    texts = [number(value, digits) for value in values]
    decimals = (f"{value:z.{digits}f}" for value in values)
    return [plain if "e" in text else text for text, plain in zip(texts, decimals, strict=True)]


def draw(
    columns: Sequence[Column],
    *,
    title: str,
    legend: Sequence[str],
    digits: int = DIGITS,
    beside: Sequence[str] = (),
) -> str:
    """Return the SVG of a network; beside stands under the names of the last column."""
    most = max(len(column.circles) for column in columns)
    if most > MAX_CIRCLES or len(columns) > MAX_COLUMNS:
        raise OptionError(
            f"a picture has room for {MAX_COLUMNS} columns of {MAX_CIRCLES} neurons, and this "
            f"network has {len(columns)} of up to {most:,}. Save the tables: .html or .txt."
        )
    largest = _largest(columns)
    legend = [*legend, *_legend(columns, is_even=len(set(largest)) == 1)]
    if most > MAX_BIASES:
        columns = [
            each._replace(circles=[c._replace(bias=None) for c in each.circles]) for each in columns
        ]
    texts = [_labels(column, digits) for column in columns]
    every = [circle for column in columns for circle in column.circles]
    radius = max(map(_radius, every))
    bias_room = BIAS_ROOM if any(circle.bias is not None for circle in every) else 0.0
    pitch = 2 * radius + max(bias_room or GAP, AIR / most)
    height = (most - 1) * pitch + 2 * radius
    top = MARGIN + TITLE + 3 * HEADING
    names = [[shorten(circle.name, MAX_NAME) for circle in each.circles] for each in columns]
    notes = (_width(circle.note, NOTE) for circle in columns[0].circles)
    x = MARGIN + GAP + radius + max(*(_width(name, NAME) for name in names[0]), *notes)
    places: list[list[Point]] = []
    for column, (labels, _) in zip(columns, texts, strict=True):
        if places:
            widest = max((_width(text, NOTE) + 6 for text in labels), default=0.0)
            room = len(places[-1]) * widest / (LAST_PART - FIRST_PART)
            x += max(room, 2 * radius + LINE_ROOM, 2 * radius + height / 4)
        first = top + height / 2 - (len(column.circles) - 1) * pitch / 2
        places.append([(x, first + at * pitch) for at in range(len(column.circles))])
    right = [*(_width(name, NAME) for name in names[-1]), *(_width(text, NOTE) for text in beside)]
    width = max(x + radius + GAP + max(right), MARGIN + _width(title, TITLE)) + MARGIN

    lines, circles, words = (ET.Element("g") for _ in range(3))
    _write(words, title, (MARGIN, MARGIN + TITLE / 2), TITLE, anchor="start", bold=True)
    for position, (column, (labels, biases)) in enumerate(zip(columns, texts, strict=True)):
        centres = places[position]
        _write(words, column.heading, (centres[0][0], top - 1.5 * HEADING), HEADING, bold=True)
        if column.weights is not None:
            ends = (places[position - 1], centres)
            _draw_weights(lines, words, column.weights, ends, radius, largest[position], labels)
        for circle, centre, bias in zip(column.circles, centres, biases, strict=True):
            _draw_circle(circles, circle, centre, radius, bias)
    _write_names(words, columns, names, places, radius)
    for text, (x, y) in zip(beside, places[-1], strict=False):
        at = (x + radius + GAP, y + NAME * 0.7)
        _write(words, text, at, NOTE, anchor="start", colour="soft")
    y = top + height + bias_room + MARGIN
    for text in wrap(" ".join(legend), int((width - 2 * MARGIN) / CELL / NOTE)):
        _write(words, text, (MARGIN, y), NOTE, anchor="start", colour="soft")
        y += NOTE * 1.5
    return _document(title, width, y + MARGIN / 2, (lines, circles, words))


def _largest(columns: Sequence[Column]) -> list[float]:
    """Return the weight whose line is thickest in each column: the largest of all, or its own."""
    largest = [0.0 if c.weights is None else float(np.abs(c.weights).max()) for c in columns]
    above_0 = [size for size in largest if size > 0] or [1.0]
    if max(above_0) <= MAX_RATIO * min(above_0):
        return [max(above_0)] * len(columns)
    return [size or 1.0 for size in largest]


def _legend(columns: Sequence[Column], *, is_even: bool) -> Iterator[str]:
    """Say what lines and numbers mean, and which have no room; is_even: one scale for all lines."""
    weights = np.concatenate([c.weights.ravel() for c in columns if c.weights is not None])
    biases = [c.bias for column in columns for c in column.circles if c.bias is not None]
    if any(circle.small for circle in columns[0].circles):
        yield "Inputs: the value as given, small, above the scaled one."
    signs = set(np.sign([*weights, *biases]).tolist())
    if 1 in signs:
        yield "Blue and solid: above 0."
    if -1 in signs:
        yield "Orange and dashed: below 0."
    if np.ptp(np.abs(weights)) > 0:
        yield "Thicker: further from 0." if is_even else "Thicker: further from 0 in its layer."
    crowded = [c.heading for c in columns if c.weights is not None and c.weights.size > MAX_LABELS]
    if crowded:
        yield f"No room for the numbers on the lines to {', '.join(crowded)}."
    if biases and max(len(column.circles) for column in columns) > MAX_BIASES:
        yield "No room for the biases."


def _labels(column: Column, digits: int) -> tuple[list[str], list[str]]:
    """Write a column's weights, none where there is no room, and the biases of its circles."""
    weights = [] if column.weights is None else column.weights.ravel().tolist()
    biases = [circle.bias or 0.0 for circle in column.circles]
    texts = _numbers([*weights, *biases], digits)
    labels = texts[: len(weights)] if len(weights) <= MAX_LABELS else []
    return labels, texts[len(weights) :]


def _write_names(
    parent: ET.Element,
    columns: Sequence[Column],
    names: Sequence[Sequence[str]],
    places: Sequence[Sequence[Point]],
    radius: float,
) -> None:
    """Write names left of the inputs, in the hidden neurons, and right of the outputs."""
    for circle, name, (x, y) in zip(columns[0].circles, names[0], places[0], strict=True):
        above = NAME * 0.7 if circle.note else 0.0
        _write(parent, name, (x - radius - GAP, y - above), NAME, anchor="end")
        beneath = (x - radius - GAP, y + NAME * 0.7)
        _write(parent, circle.note, beneath, NOTE, anchor="end", colour="soft")
    for column, inside, centres in list(zip(columns, names, places, strict=True))[1:-1]:
        for circle, name, (x, y) in zip(column.circles, inside, centres, strict=True):
            below, size = (LARGE / 2 + TINY / 2 + 3, TINY) if circle.large else (0.0, NAME)
            _write(parent, name, (x, y + below), size, colour="soft")
    for name, (x, y) in zip(names[-1], places[-1], strict=True):
        _write(parent, name, (x + radius + GAP, y - NAME * 0.7), NAME, anchor="start")


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


def _draw_weights(  # noqa: PLR0913, PLR0917 - where and how
    lines: ET.Element,
    words: ET.Element,
    weights: Array,
    places: tuple[list[Point], list[Point]],
    radius: float,
    largest: float,
    texts: Sequence[str],
) -> None:
    """Join all circles of two columns: colour and dashes by sign, thickness by size.

    The numbers of one source stand in a column of their own.
    """
    starts, sinks = places
    for source, (x1, y1) in enumerate(starts):
        part = FIRST_PART + (LAST_PART - FIRST_PART) * (source + 0.5) / len(starts)
        for to, (x2, y2) in enumerate(sinks):
            weight = float(weights[source, to])
            rim = radius / math.hypot(x2 - x1, y2 - y1)
            x, y = rim * (x2 - x1), rim * (y2 - y1)
            thickness = THINNEST + (THICKEST - THINNEST) * abs(weight) / largest
            ends = {"x1": x1 + x, "y1": y1 + y, "x2": x2 - x, "y2": y2 - y}
            line = _add(lines, "line", **ends, stroke=_sign(weight), opacity="0.75")
            line.set("stroke-width", f"{thickness / (1 if texts else 2):.2f}")
            if weight < 0:
                line.set("stroke-dasharray", "7 4")
            if texts:
                middle = (x1 + part * (x2 - x1), y1 + part * (y2 - y1))
                _draw_label(words, texts[source * len(sinks) + to], middle, weight)


def _draw_circle(
    parent: ET.Element, circle: Circle, centre: Point, radius: float, bias: str
) -> None:
    """Draw a neuron with its numbers, and its bias below it."""
    x, y = centre
    group = ET.SubElement(parent, "g")
    ET.SubElement(group, "title").text = printable(circle.name)
    _add(group, "circle", cx=x, cy=y, r=radius, fill="ground", stroke="soft", stroke_width="1.5")
    _write(group, circle.large, centre, _large(circle), bold=True)
    _write(group, circle.small, (x, y - LARGE / 2 - SMALL / 2 - 2), SMALL, colour="soft")
    if circle.bias is not None:
        _draw_label(group, f"bias {bias}", (x, y + radius + BIAS_ROOM / 2 - 3), circle.bias)


def _draw_label(parent: ET.Element, text: str, centre: Point, value: float) -> None:
    """Write a number, in the colour of its sign, on ground that covers what is below."""
    width, height = _width(text, NOTE) + 6, 1.4 * NOTE
    x, y = centre[0] - width / 2, centre[1] - height / 2
    _add(parent, "rect", x=x, y=y, rx=4.0, width=width, height=height, fill="ground")
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
    look = {"font_size": str(size), "text_anchor": anchor, "fill": colour}
    element = _add(parent, "text", x=centre[0], y=centre[1] + 0.35 * size, **look)
    element.text = text
    if bold:
        element.set("font-weight", "bold")


def _width(text: str, size: int) -> float:
    """Return how wide a text is, as near as can be told without the font: wide signs take two."""
    cells = len(text) + sum(east_asian_width(sign) in "WF" for sign in text)
    return cells * CELL * size


def _sign(value: float) -> str:
    """Name the colour of a number."""
    return "plus" if value > 0 else "minus" if value < 0 else "soft"


def _add(parent: ET.Element, tag: str, **attributes: float | str) -> ET.Element:
    """Add an element: lengths to a tenth of a pixel, colours by day, and by night by a class."""
    element = ET.SubElement(parent, tag)
    colours = {key: str(attributes[key]) for key in ("fill", "stroke") if key in attributes}
    element.set("class", " ".join(f"{kind}-{colour}" for kind, colour in colours.items()))
    attributes |= {kind: COLOURS[colour][0] for kind, colour in colours.items()}
    for key, value in attributes.items():
        element.set(key.replace("_", "-"), value if isinstance(value, str) else f"{value:.1f}")
    return element


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
    card = {"width": round(width) - 1.0, "height": round(height) - 1.0}
    _add(root, "rect", x=0.5, y=0.5, rx=10.0, **card, fill="ground", stroke="edge")
    root.extend(parts)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"
