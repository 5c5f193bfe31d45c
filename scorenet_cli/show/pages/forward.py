"""A forward pass, neuron by neuron, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scorenet_cli.model.document import Document, Figure
from scorenet_cli.model.trace import ForwardTrace, Input, Neuron
from scorenet_cli.show.tables import MAX_WEIGHTS, count, facts, fits, heading, name, number_table
from scorenet_cli.text import number, printable

# The document prints its result with ten digits; a narrow terminal shows no fewer than four.
DOCUMENT_DIGITS = 10
MIN_DIGITS = 4


def forward_page(trace: ForwardTrace, document: Document | None, precision: int | None) -> Group:
    """Show a forward pass: the inputs, a table a layer, and what came out.

    precision None means the document's ten digits, or fewer where the terminal is narrow.
    """
    digits = choose_digits(precision, lambda tried: layer_tables(trace, tried, document))
    layers = layers_part(trace, digits, document)
    if document is None:
        return Group(*inputs_part(trace, digits), *layers, *_scores(trace, digits))
    differences = _differences(trace, document, max(DOCUMENT_DIGITS, precision or 0))
    return Group(*example_part(trace, document.goal), *layers, *differences)


def choose_digits(precision: int | None, tables: Callable[[int], Iterable[Table]]) -> int:
    """Return the precision asked for, or as many digits as the tables have room for."""
    if precision is not None:
        return precision
    for tried in range(DOCUMENT_DIGITS, MIN_DIGITS, -1):
        if all(map(fits, tables(tried))):
            return tried
    return MIN_DIGITS


def layers_part(
    trace: ForwardTrace, digits: int, document: Document | None = None
) -> Iterator[RenderableType]:
    """Show every layer's table under its name."""
    tables = layer_tables(trace, digits, document)
    for layer, table in zip(trace.layers, tables, strict=True):
        yield heading(f"{layer.name.capitalize()} layer")
        yield table
        yield from omitted_note(len(layer.neurons), len(layer.neurons[0].terms), "product")
        yield Text()


def layer_tables(trace: ForwardTrace, digits: int, document: Document | None = None) -> list[Table]:
    """Make a table for each layer, the document's figures beside it where there are any."""
    figures = () if document is None else document.figures
    return [
        _layer_table(layer.neurons, [f for f in figures if f.layer == layer.name], digits)
        for layer in trace.layers
    ]


def max_neurons(terms: int) -> int:
    """How many neurons of so many terms a page has room for."""
    return max(MAX_WEIGHTS // terms, 1)


def omitted_note(neurons: int, terms: int, what: str) -> Iterator[RenderableType]:
    """Say what a table of a large layer leaves out."""
    if neurons > max_neurons(terms):
        more = count(neurons - max_neurons(terms), "neuron")
        yield Text(f"... and {more} more: --json has all", style="dim")
    if terms > MAX_WEIGHTS:
        more = count(terms - MAX_WEIGHTS, what)
        yield Text(f"... and {more} more in each neuron: --json has all", style="dim")


def _layer_table(neurons: Sequence[Neuron], figures: Sequence[Figure], digits: int) -> Table:
    """Show each neuron's products, sum and activation; printed figures beside, where given."""
    table = number_table("", "value", "weight", "product", *(["document"] if figures else []))
    printed = {(figure.neuron, figure.what): figure.printed for figure in figures}

    def beside(neuron: Neuron, what: str) -> list[str]:
        return [printed[neuron.name, what]] if figures else []

    for neuron in neurons[: max_neurons(len(neurons[0].terms))]:
        table.add_row(Text(printable(neuron.name), style="bold", overflow="fold"))
        for term in neuron.terms[:MAX_WEIGHTS]:
            row = (number(value, digits) for value in (term.value, term.weight, term.product))
            table.add_row(name(f"  {term.from_}"), *row)
        if neuron.bias is not None:
            table.add_row("  bias", "", "", number(neuron.bias, digits))
        table.add_row("  sum", "", "", number(neuron.sum, digits), *beside(neuron, "sum"))
        output = Text(number(neuron.output, digits), style="bold cyan")
        table.add_row(f"  {neuron.activation}", "", "", output, *beside(neuron, "output"))
        table.add_section()
    return table


def inputs_part(
    trace: ForwardTrace, digits: int, actual: Sequence[Input] = ()
) -> Iterator[RenderableType]:
    """Show the values, and the actual scores, as given and as the network sees them."""
    table = number_table("", "value", "scaled")
    for value in (*trace.inputs, *actual):
        table.add_row(name(value.name), number(value.value, digits), number(value.scaled, digits))
    yield heading("Inputs")
    yield table
    yield Text()


def _scores(trace: ForwardTrace, digits: int) -> Iterator[RenderableType]:
    """Name the outputs in score units."""
    yield heading("Scores")
    neurons = trace.layers[-1].neurons
    yield facts(
        [
            (printable(neuron.name), number(score, digits))
            for neuron, score in zip(neurons, trace.scores, strict=True)
        ]
    )


def example_part(trace: ForwardTrace, goal: float) -> Iterator[RenderableType]:
    """Say what the worked example is."""
    values = ", ".join(f"{value.name} {number(value.value)}" for value in trace.inputs)
    yield heading("The document's worked example")
    yield Text(f"{values}, unscaled; the goal is {number(goal)}.")
    yield Text()


def _differences(trace: ForwardTrace, document: Document, digits: int) -> Iterator[RenderableType]:
    """Name each figure that the document got wrong, and both ends of the story."""
    yield heading("Where the document differs")
    for figure in document.figures:
        if figure.why:
            exact = number(figure.exact, digits)
            off = number(figure.difference, digits)
            yield Text(
                f"{figure.neuron} {figure.what}: {figure.printed} printed, {exact} exact, "
                f"off by {off}"
            )
            yield Padding(Text(figure.why, style="dim"), (0, 0, 0, 4), expand=False)
    yield Text()
    output = trace.layers[-1].neurons[0]
    last_sum, last_output = document.figures[-2:]
    exact_sum, exact = (number(n, digits) for n in (output.sum, output.output))
    yield facts(
        [
            ("exact", f"sigmoid({exact_sum}) = {exact}"),
            ("document", f"sigmoid({last_sum.printed}) = {last_output.printed}"),
            ("goal", number(document.goal / 100)),
            ("score", f"{number(trace.scores[0], digits)} of 100"),
        ]
    )
