"""Networks as pictures (SVG): layers of circles joined by lines, numbers on both.

A picture has an opaque background, light and dark variants, and uses system fonts. Lengths are in
pixels. All three pictures raise OptionError if the network is too large to be legible.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.errors import OptionError
from scorenet_cli.model.drawing import (
    HEADING,
    MARGIN,
    NAME,
    NOTE,
    TITLE,
    Point,
    add,
    document,
    draw_label,
    sign,
    text_width,
    write,
)
from scorenet_cli.model.model import Model, layer_names, neuron_names
from scorenet_cli.model.trace import BackwardTrace, ForwardTrace, without_rounding
from scorenet_cli.text import number, printable, shorten

# Digits, as in the document's figure; --precision changes it.
DIGITS = 4

# Limits of legibility on a slide.
MAX_CIRCLES = 32
MAX_COLUMNS = 8
MAX_BIASES = 10  # circles of a column, up to which biases are written below them
MAX_LABELS = 40  # lines between two columns, up to which numbers are written on them

# Font sizes in a circle: the number, the one above it, the name.
LARGE, SMALL, TINY = 16, 11, 10
MAX_LARGE = 7
MAX_NAME = 24  # characters; the full name is in the circle's tooltip

GAP = 14.0
BIAS_ROOM = 34.0  # between two circles of a column, for a bias
AIR = 150.0  # total space between the circles of a column with few of them
LINE_ROOM = 180.0  # minimum between two columns
THINNEST, THICKEST = 0.8, 5.0
MAX_RATIO = 10.0  # ratio of two layers' largest weights up to which line widths share one scale

# Positions of the numbers along a line, as fractions of its length.
FIRST_PART, LAST_PART = 0.25, 0.85


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
    return draw(columns, title="The network", legend=["Lines: weights."])


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
        legend=["Circles: weighted sum (small) above activation (bold). Lines: weights."],
        digits=digits,
    )


def backward_picture(trace: BackwardTrace, precision: int | None = None) -> str:
    """Return a backward step as SVG: errors above deltas, the changes of weights on the lines."""
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
        beside=[
            f"output {number(a, digits)} before, {number(b, digits)} after" for a, b in outputs
        ],
        legend=[
            f"Loss {loss} before, {loss_after} after.",
            "Circles: error (small) above delta (bold). Lines: changes of the weights.",
        ],
        digits=digits,
    )


def _inputs(trace: ForwardTrace, digits: int) -> Column:
    """Return the first column: given values above scaled ones, the formulas beside them."""
    circles = _circles([(i.name, i.value, i.scaled, None) for i in trace.inputs], digits)
    formulas = [each.formula(digits) for each in trace.inputs]
    circles = [each._replace(note=text) for each, text in zip(circles, formulas, strict=True)]
    if all(each.value == each.scaled for each in trace.inputs):
        circles = [circle._replace(small="") for circle in circles]
    return Column("input", circles)


def _circles(rows: Sequence[tuple[str, float, float, float | None]], digits: int) -> list[Circle]:
    """Return a layer's circles; rows hold name, small number, large number, bias."""
    names, small, large, biases = zip(*rows, strict=True)
    return list(map(Circle, names, _numbers(small, digits), _numbers(large, digits), biases))


def _numbers(values: Sequence[float], digits: int) -> list[str]:
    """Format a layer's numbers in one notation, that of the largest of them."""
    if "e" in number(max(map(abs, values)), digits):
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
    """Return the SVG of a network; beside is written under the names of the last column."""
    most = max(len(column.circles) for column in columns)
    if most > MAX_CIRCLES or len(columns) > MAX_COLUMNS:
        raise OptionError(
            f"a picture has room for {MAX_COLUMNS} columns of {MAX_CIRCLES} neurons; this "
            f"network has {len(columns)} columns of up to {most:,} neurons. Save a page (.html) "
            "instead."
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
    notes = (text_width(circle.note, NOTE) for circle in columns[0].circles)
    x = MARGIN + GAP + radius + max(*(text_width(name, NAME) for name in names[0]), *notes)
    places: list[list[Point]] = []
    for column, (labels, _) in zip(columns, texts, strict=True):
        if places:
            widest = max((text_width(text, NOTE) + 6 for text in labels), default=0.0)
            room = len(places[-1]) * widest / (LAST_PART - FIRST_PART)
            beyond = radius / (1 - LAST_PART)  # the last number ends before the circle
            x += max(room, beyond, 2 * radius + LINE_ROOM, 2 * radius + height / 4)
        first = top + height / 2 - (len(column.circles) - 1) * pitch / 2
        places.append([(x, first + at * pitch) for at in range(len(column.circles))])
    right = [
        *(text_width(name, NAME) for name in names[-1]),
        *(text_width(text, NOTE) for text in beside),
    ]

    lines, circles, words = (ET.Element("g") for _ in range(3))
    for position, (column, (labels, biases)) in enumerate(zip(columns, texts, strict=True)):
        centres = places[position]
        write(words, column.heading, (centres[0][0], top - 1.5 * HEADING), HEADING, bold=True)
        if column.weights is not None:
            ends = (places[position - 1], centres)
            _draw_weights(lines, words, column.weights, ends, radius, largest[position], labels)
        for circle, centre, bias in zip(column.circles, centres, biases, strict=True):
            _draw_circle(circles, circle, centre, radius, bias)
    _write_names(words, columns, names, places, radius)
    for text, (x, y) in zip(beside, places[-1], strict=False):
        at = (x + radius + GAP, y + NAME * 0.7)
        write(words, text, at, NOTE, anchor="start", colour="soft")
    size = places[-1][0][0] + radius + GAP + max(right), top + height + bias_room
    return document(title, legend, size, (lines, circles, words))


def _largest(columns: Sequence[Column]) -> list[float]:
    """Return the weight drawn with the thickest line, by column: the largest of all or its own."""
    largest = [0.0 if c.weights is None else float(np.abs(c.weights).max()) for c in columns]
    above_0 = [size for size in largest if size > 0] or [1.0]
    if max(above_0) <= MAX_RATIO * min(above_0):
        return [max(above_0)] * len(columns)
    return [size or 1.0 for size in largest]


def _legend(columns: Sequence[Column], *, is_even: bool) -> Iterator[str]:
    """Explain lines and numbers, and what is omitted; is_even: one scale for all line widths."""
    weights = np.concatenate([c.weights.ravel() for c in columns if c.weights is not None])
    biases = [c.bias for column in columns for c in column.circles if c.bias is not None]
    if any(circle.small for circle in columns[0].circles):
        yield "Inputs: given value (small) above scaled value (bold)."
    signs = set(np.sign([*weights, *biases]).tolist())
    if 1 in signs:
        yield "Solid blue: positive."
    if -1 in signs:
        yield "Dashed orange: negative."
    if np.ptp(np.abs(weights)) > 0:
        yield f"Thicker: larger magnitude{'' if is_even else ' within the layer'}."
    crowded = [c.heading for c in columns if c.weights is not None and c.weights.size > MAX_LABELS]
    if crowded:
        yield f"Omitted for lack of room: the numbers on the lines into {', '.join(crowded)}."
    if biases and max(len(column.circles) for column in columns) > MAX_BIASES:
        yield "Omitted for lack of room: the biases."


def _labels(column: Column, digits: int) -> tuple[list[str], list[str]]:
    """Format a column's weights, none if there is no room, and the biases of its circles."""
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
        write(parent, name, (x - radius - GAP, y - above), NAME, anchor="end")
        beneath = (x - radius - GAP, y + NAME * 0.7)
        write(parent, circle.note, beneath, NOTE, anchor="end", colour="soft")
    for column, inside, centres in list(zip(columns, names, places, strict=True))[1:-1]:
        for circle, name, (x, y) in zip(column.circles, inside, centres, strict=True):
            below, size = (LARGE / 2 + TINY / 2 + 3, TINY) if circle.large else (0.0, NAME)
            write(parent, name, (x, y + below), size, colour="soft")
    for name, (x, y) in zip(names[-1], places[-1], strict=True):
        write(parent, name, (x + radius + GAP, y - NAME * 0.7), NAME, anchor="start")


def _radius(circle: Circle) -> float:
    """Return a radius that holds a circle's numbers."""
    corners = (
        (text_width(circle.large, _large(circle)) / 2, LARGE / 2),
        (text_width(circle.small, SMALL) / 2, LARGE / 2 + SMALL + 2),
    )
    return max(28.0, *(math.hypot(*corner) + 5 for corner in corners))


def _large(circle: Circle) -> int:
    """Return the font size of a circle's number; long numbers are smaller."""
    return LARGE if len(circle.large) <= MAX_LARGE else NOTE


def _draw_weights(  # noqa: PLR0913, PLR0917 - position and style
    lines: ET.Element,
    words: ET.Element,
    weights: Array,
    places: tuple[list[Point], list[Point]],
    radius: float,
    largest: float,
    texts: Sequence[str],
) -> None:
    """Join all circles of two columns: colour and dashes by sign, thickness by size.

    The numbers of each source are in a column of their own.
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
            line = add(lines, "line", **ends, stroke=sign(weight), opacity="0.75")
            line.set("stroke-width", f"{thickness / (1 if texts else 2):.2f}")
            if weight < 0:
                line.set("stroke-dasharray", "7 4")
            if texts:
                middle = (x1 + part * (x2 - x1), y1 + part * (y2 - y1))
                draw_label(words, texts[source * len(sinks) + to], middle, weight)


def _draw_circle(
    parent: ET.Element, circle: Circle, centre: Point, radius: float, bias: str
) -> None:
    """Draw a neuron with its numbers, and its bias below it."""
    x, y = centre
    group = ET.SubElement(parent, "g")
    ET.SubElement(group, "title").text = printable(circle.name)
    add(group, "circle", cx=x, cy=y, r=radius, fill="ground", stroke="soft", stroke_width="1.5")
    write(group, circle.large, centre, _large(circle), bold=True)
    write(group, circle.small, (x, y - LARGE / 2 - SMALL / 2 - 2), SMALL, colour="soft")
    if circle.bias is not None:
        draw_label(group, f"bias {bias}", (x, y + radius + BIAS_ROOM / 2 - 3), circle.bias)
