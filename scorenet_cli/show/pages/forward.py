"""A forward pass, neuron by neuron, as tables.

precision None means the document's ten digits, or as many as a table has room for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scorenet_cli.model.document import Document
from scorenet_cli.model.trace import ForwardTrace, Input, TracedLayer
from scorenet_cli.show.tables import (
    DOCUMENT_DIGITS,
    MAX_WEIGHTS,
    heading,
    key_value_table,
    layer_title,
    name,
    number_table,
    omitted_note,
    with_digits,
)
from scorenet_cli.text import number, printable, without_noise


def forward_page(trace: ForwardTrace, document: Document | None, precision: int | None) -> Group:
    """Show a forward pass: the inputs, a table a layer, and what came out."""
    layers = layers_part(trace, precision, document)
    if document is None:
        return Group(*inputs_part(trace, precision), *layers, *_scores(trace, precision))
    differences = _differences(trace, document, max(DOCUMENT_DIGITS, precision or 0))
    return Group(*example_part(trace, document.goal), *layers, *differences)


def inputs_part(
    trace: ForwardTrace, precision: int | None, actual: Sequence[Input] = ()
) -> Iterator[RenderableType]:
    """Show the values, and the actual scores, as given and as the network sees them."""

    def table(digits: int) -> Table:
        table = number_table("", "value", "scaled")
        for each in (*trace.inputs, *actual):
            table.add_row(name(each.name), number(each.value, digits), number(each.scaled, digits))
        return table

    yield heading("Inputs")
    yield with_digits(precision, table)
    yield Text()


def example_part(trace: ForwardTrace, target: float) -> Iterator[RenderableType]:
    """Say what the worked example is."""
    values = ", ".join(f"{value.name} {number(value.value)}" for value in trace.inputs)
    yield heading("The document's worked example")
    yield Text(f"{values}, unscaled; the target is {number(target)}.")
    yield Text()


def layers_part(
    trace: ForwardTrace, precision: int | None, document: Document | None = None
) -> Iterator[RenderableType]:
    """Show every layer's table under its name, the document's figures beside, where given."""
    for layer in trace.layers:
        yield heading(layer_title(layer.name).capitalize())
        yield with_digits(precision, partial(_layer_table, layer, document))
        yield from large_layer_notes(len(layer.neurons), len(layer.neurons[0].terms), "product")
        yield Text()


def max_neurons(terms: int) -> int:
    """How many neurons of so many terms a page has room for."""
    return max(MAX_WEIGHTS // terms, 1)


def large_layer_notes(neurons: int, terms: int, thing: str) -> Iterator[RenderableType]:
    """Say what a table of a large layer leaves out."""
    yield from omitted_note(neurons - max_neurons(terms), "neuron")
    yield from omitted_note(terms - MAX_WEIGHTS, thing, " in each neuron: --json has all")


def _layer_table(layer: TracedLayer, document: Document | None, digits: int) -> Table:
    """Show each neuron's products, sum and activation."""
    table = number_table("", "value", "weight", "product", *(["document"] if document else []))
    figures = document.figures if document else ()
    printed = {(f.layer, f.neuron, f.what): f.printed for f in figures}
    for neuron in layer.neurons[: max_neurons(len(layer.neurons[0].terms))]:
        table.add_row(name(neuron.name, "bold"))
        for term in neuron.terms[:MAX_WEIGHTS]:
            row = (number(value, digits) for value in (term.value, term.weight, term.product))
            table.add_row(name(f"  {term.from_}"), *row)
        if neuron.bias is not None:
            table.add_row("  bias", "", "", number(neuron.bias, digits))
        terms = (neuron.bias or 0.0, *(term.product for term in neuron.terms))
        for what, title, value, style in (
            ("sum", "sum", without_noise(neuron.sum, *terms), ""),
            ("output", neuron.activation, neuron.output, "bold cyan"),
        ):
            beside = [printed[layer.name, neuron.name, what]] if document else []
            table.add_row(f"  {title}", "", "", Text(number(value, digits), style), *beside)
        table.add_section()
    return table


def _scores(trace: ForwardTrace, precision: int | None) -> Iterator[RenderableType]:
    """Name the outputs in score units."""
    digits = DOCUMENT_DIGITS if precision is None else precision
    scores = zip(trace.layers[-1].neurons, trace.scores, strict=True)
    yield heading("Scores")
    yield key_value_table((printable(n.name), number(score, digits)) for n, score in scores)


def _differences(trace: ForwardTrace, document: Document, digits: int) -> Iterator[RenderableType]:
    """Name each figure that the document got wrong, and what follows from it."""
    yield heading("Where the document differs")
    for figure in document.figures:
        if figure.why:
            exact, off = number(figure.exact, digits), number(figure.difference, digits)
            what = f"{figure.neuron} {figure.what}"
            yield Text(f"{what}: {figure.printed} printed, {exact} exact, off by {off}")
            yield Padding(Text(figure.why, style="dim"), (0, 0, 0, 4), expand=False)
    output = trace.layers[-1].neurons[0]
    last_sum, last_output = document.figures[-2:]
    exact_sum, exact = number(output.sum, digits), number(output.output, digits)
    yield Text()
    yield key_value_table(
        [
            ("exact", f"sigmoid({exact_sum}) = {exact}"),
            ("document", f"sigmoid({last_sum.printed}) = {last_output.printed}"),
            ("target", number(document.goal / 100)),
            ("score", f"{number(trace.scores[0], digits)} of 100"),
        ]
    )
