"""A small network as a diagram in text: a tree for each target, every weight on one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

from scorenet_cli.model.model import Model, layer_names, neuron_names
from scorenet_cli.show.tables import COMFORTABLE_WIDTH, fits
from scorenet_cli.text import number, printable

# What is to be taken in at a glance has no more lines than a screen.
MAX_LINES = 30

MAX_DECIMALS = 6

# How lines meet where a neuron's weights come together: ways out to the left (a weight), to the
# right (the neuron), up and down.
_JOINTS = {
    "ud": "│",
    "ld": "┐",
    "lu": "┘",
    "lud": "┤",
    "rud": "├",
    "lrd": "┬",
    "lru": "┴",
    "lrud": "┼",
    "lr": "─",
}
_LINE = "dim"
_AS_ASCII = str.maketrans("─│┐┘┤├┬┴┼", "-|+++++++")


class Node(NamedTuple):
    """An input, a bias or a neuron where it stands: layer from the left (0: inputs), and row.

    weight is that of its line to the right, None for a target; children the rows of what feeds
    it, empty for a leaf: an input, a bias, or a neuron that is drawn whole further up.
    """

    layer: int
    row: int
    name: str
    weight: float | None
    children: tuple[int, ...]


class Style(NamedTuple):
    """How a diagram is drawn: decimals of a weight, dashes to a line, activations in the head."""

    decimals: int
    dashes: int
    activations: bool


# From the roomiest to the tightest.
STYLES = (
    Style(MAX_DECIMALS, dashes=2, activations=True),
    Style(MAX_DECIMALS, dashes=2, activations=False),
    Style(MAX_DECIMALS, dashes=1, activations=False),
    Style(5, dashes=1, activations=False),
    Style(4, dashes=1, activations=False),
)


def diagram(model: Model) -> Diagram | None:
    """Draw a small network as roomily as standard output allows; None where it has no room."""
    if _line_count(model) > MAX_LINES or len(model.network.layers) > MAX_LINES:
        return None
    for style in STYLES:
        drawn = draw(model, style)
        # A pipe is owed every decimal: where they have no room in a diagram, tables show them.
        if fits(drawn, COMFORTABLE_WIDTH if style.decimals == MAX_DECIMALS else 0):
            return drawn
    return None


def draw(model: Model, style: Style) -> Diagram:
    """Draw a network in one style, however large it becomes."""
    titles = ["input"]
    for title, layer in zip(layer_names(model), model.network.layers, strict=True):
        titles.append(f"{title} ({layer.activation})" if style.activations else title)
    return Diagram(_placed(model), tuple(titles), style)


def _line_count(model: Model) -> int:
    """Count a diagram's lines: its head, and each parameter but one of each hidden neuron's."""
    hidden = sum(layer.neurons for layer in model.network.layers[:-1])
    return 1 + model.network.parameters - hidden


def _placed(model: Model) -> tuple[Node, ...]:
    """Give each input, bias and neuron of the diagram its row: a leaf's own, else in the middle.

    A neuron that feeds several others has its own weights at the first of them alone.
    """
    names = neuron_names(model)
    nodes: list[Node] = []
    whole: set[tuple[int, int]] = set()
    rows = count()

    def add(layer: int, name: str, weight: float | None, children: tuple[int, ...] = ()) -> int:
        row = (children[0] + children[-1] + 1) // 2 if children else next(rows)
        nodes.append(Node(layer, row, printable(name), weight, children))
        return row

    def add_tree(layer: int, neuron: int, weight: float | None) -> int:
        name = names[layer][neuron]
        if layer == 0 or (layer, neuron) in whole:
            return add(layer, name, weight)
        whole.add((layer, neuron))
        fed = model.network.layers[layer - 1]
        children = [
            add_tree(layer - 1, position, incoming)
            for position, incoming in enumerate(fed.weights[:, neuron].tolist())
        ]
        if fed.bias is not None:
            children.append(add(layer - 1, "bias", float(fed.bias[neuron])))
        return add(layer, name, weight, tuple(children))

    for target in range(len(model.targets)):
        add_tree(len(model.network.layers), target, None)
    return tuple(nodes)


@dataclass(frozen=True)
class Diagram:
    """Nodes as lines of text under a title for each layer's column; rich prints it."""

    nodes: tuple[Node, ...]
    titles: tuple[str, ...]
    style: Style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines of text, in characters that the output takes."""
        coding = options.encoding
        nodes = (
            # What the stream would replace is replaced before it is measured.
            node._replace(name=node.name.encode(coding, "replace").decode(coding))
            for node in self.nodes
        )
        yield from replace(self, nodes=tuple(nodes)).lines(ascii_only=options.ascii_only)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Take as many cells as the longest line."""
        width = max(line.cell_len for line in self.lines(ascii_only=False))
        return Measurement(width, width)

    def lines(self, *, ascii_only: bool) -> Iterator[Text]:
        """Write the head, then row after row, column after column."""
        head = Text(no_wrap=True, style="bold")
        for layer, title in enumerate(self.titles):
            head.append(title.ljust(self._indent(layer) + self._widths[layer]))
        head.rstrip()
        yield head
        nodes = {(node.row, node.layer): node for node in self.nodes}
        joints = {(row, node.layer): joint for node in self.nodes for row, joint in _joints(node)}
        for row in range(1 + max(node.row for node in self.nodes)):
            line = Text(no_wrap=True)
            for layer in range(len(self.titles)):
                stem = self._stem(layer, joints.get((row, layer), ""))
                for part, look in (stem, *self._branch(layer, nodes.get((row, layer)))):
                    drawn = part.translate(_AS_ASCII) if ascii_only and look == _LINE else part
                    line.append(drawn, look)
            line.rstrip()
            yield line

    @cached_property
    def _widths(self) -> tuple[int, ...]:
        """Cells of each column, from where its names begin to the next column's joints."""
        dashes = self.style.dashes
        widths = []
        for layer, title in enumerate(self.titles):
            nodes = [node for node in self.nodes if node.layer == layer]
            name = max(cell_len(node.name) for node in nodes)
            weights = [len(self._number(node)) for node in nodes if node.weight is not None]
            line = 2 * dashes + 2 + max(weights) if weights else 0
            gap = dashes if weights else 0
            widths.append(max(name + line, len(title) + gap - self._indent(layer)))
        return tuple(widths)

    def _indent(self, layer: int) -> int:
        """Cells before a column's names: nothing, or the joint and the line to the neuron."""
        return self.style.dashes + 1 if layer else 0

    def _number(self, node: Node) -> str:
        return "" if node.weight is None else number(node.weight, self.style.decimals)

    def _stem(self, layer: int, joint: str) -> tuple[str, str]:
        """Draw what stands before a column's name: where the weights meet."""
        line = "─" * (self.style.dashes - 1) if "r" in joint else ""
        return f"{_JOINTS.get(joint, '')}{line}".ljust(self._indent(layer)), _LINE

    def _branch(self, layer: int, node: Node | None) -> Iterator[tuple[str, str]]:
        """Draw a name and, on the line to the right, its weight: parts, and how each looks."""
        width = self._widths[layer]
        if node is None:
            yield " " * width, ""
            return
        yield node.name, "bold" if node.weight is None or node.children else ""
        if node.weight is None:
            return
        weight = self._number(node)
        end = "─" * (self.style.dashes - 1)
        dashes = width - cell_len(node.name) - len(weight) - len(end) - 3
        yield f" {'─' * dashes} ", _LINE
        # The sign says it, too: colour only helps to see it from the last row.
        yield weight, "cyan" if node.weight > 0 else "red" if node.weight < 0 else ""
        yield f" {end}", _LINE


def _joints(node: Node) -> Iterator[tuple[int, str]]:
    """Say which ways are open in each row in which a node's weights come together."""
    if not node.children:
        return
    first, last = node.children[0], node.children[-1]
    for row in range(first, last + 1):
        ways = {"l": row in node.children, "r": row == node.row, "u": row > first, "d": row < last}
        yield row, "".join(way for way, is_open in ways.items() if is_open)
