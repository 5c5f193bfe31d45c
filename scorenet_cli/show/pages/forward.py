"""A forward pass, neuron by neuron, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import starmap

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from scorenet_cli.model.document import TARGET, Document, TrainedAnswer
from scorenet_cli.model.model import interval_text
from scorenet_cli.model.trace import ForwardTrace, Input, TracedLayer, without_rounding
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.tables import (
    DOCUMENT_DIGITS,
    MAX_WEIGHTS,
    Result,
    Row,
    heading,
    key_value_table,
    layer_title,
    omitted_note,
)
from scorenet_cli.text import number, printable

# How the values were scaled, by the option's name.
SCALINGS = {
    "training": "divided by the training maxima",
    "standardized": "minus the training mean, then divided by the standard deviation",
    "own": "divided by their own largest value",
    "none": "unscaled",
}


def forward_page(
    trace: ForwardTrace,
    document: Document | None,
    look: Look,
    story: TrainedAnswer | None = None,
) -> Group:
    """Show a forward pass: the inputs, a table for each layer, and the scores.

    story: the document's printed prediction for the same values.
    """
    trace = without_rounding(trace)
    layers = layers_part(trace, look, document)
    if document is not None:
        differences = _differences(trace, document, max(DOCUMENT_DIGITS, look.precision or 0))
        return Group(*example_part(trace, document.goal, look), *layers, *differences)
    parts = [*inputs_part(trace, look), *layers, *_scores(trace, look)]
    if story is not None:
        parts += [Text(), heading(f"The document printed {story.printed}")]
        parts.append(Text(f"{story.why[:1].upper()}{story.why[1:]}."))
    return Group(*parts)


def inputs_part(
    trace: ForwardTrace, look: Look, actual: Sequence[Input] = ()
) -> Iterator[RenderableType]:
    """Name the model; show the values, and the actual scores, as given and as scaled."""
    columns, known = ["", "value", "formula", "scaled"], (*trace.inputs, *actual)
    rows: list[Row] = [(each.name, each.value, each.formula, each.scaled) for each in known]
    if not any(each.formula(0) for each in known):
        columns, rows = columns[:2], [row[:2] for row in rows]
    yield heading(f"Model {look.source}" if look.source else "The document's example weights")
    yield Text()
    is_given = look.source is None and look.scaling == "training"
    scaled = SCALINGS["none" if is_given else look.scaling]
    yield heading(f"Inputs, {scaled}")
    yield from look.why("unscaled" if scaled == SCALINGS["none"] else "inputs")
    yield look.table(columns, rows)
    yield Text()


def example_part(trace: ForwardTrace, target: float, look: Look) -> Iterator[RenderableType]:
    """Say what the worked example is."""
    values = ", ".join(f"{value.name} {number(value.value)}" for value in trace.inputs)
    scaled = SCALINGS["none" if look.scaling == "training" else look.scaling]
    theirs = "" if target == TARGET else f" (the document's is {number(TARGET)})"
    yield heading("The document's worked example")
    yield Text(f"{values}, {scaled}; the target is {number(target)}{theirs}.")
    yield from look.why("unscaled" if scaled == SCALINGS["none"] else "inputs")
    yield Text()


def layers_part(
    trace: ForwardTrace, look: Look, document: Document | None = None
) -> Iterator[RenderableType]:
    """Show every layer's table under its name, the document's figures beside, where given."""
    columns = ["", "value", "weight", "product", *(["document"] if document else [])]
    for layer in trace.layers:
        yield heading(layer_title(layer.name).capitalize())
        kind = "output layer" if layer is trace.layers[-1] else "hidden layer"
        yield from look.why(kind)
        yield look.table(columns, _layer_rows(layer, document))
        yield from large_layer_notes(len(layer.neurons), len(layer.neurons[0].terms), "product")
        yield Text()


def max_neurons(terms: int) -> int:
    """How many neurons, each with this many terms, a page has room for."""
    return max(MAX_WEIGHTS // terms, 1)


def large_layer_notes(neurons: int, terms: int, thing: str) -> Iterator[RenderableType]:
    """Say what a table of a large layer leaves out."""
    yield from omitted_note(neurons - max_neurons(terms), "neuron")
    yield from omitted_note(terms - MAX_WEIGHTS, thing, " in each neuron: --json prints all")


def _layer_rows(layer: TracedLayer, document: Document | None) -> Iterator[Row]:
    """List each neuron's products, sum and activation."""
    figures = document.figures if document else ()
    printed = {(f.neuron, f.what): [f.printed] for f in figures if f.layer == layer.name}
    for neuron in layer.neurons[: max_neurons(len(layer.neurons[0].terms))]:
        yield (neuron.name,)
        for term in neuron.terms[:MAX_WEIGHTS]:
            yield f"  {term.from_}", term.value, term.weight, term.product
        if neuron.bias is not None:
            yield "  bias", "", "", neuron.bias
        beside = printed.get((neuron.name, "sum"), [])
        yield "  sum", "", "", neuron.sum, *beside
        beside = printed.get((neuron.name, "output"), [])
        yield f"  {neuron.activation}", "", "", Result(neuron.output), *beside
        yield ()


def _scores(trace: ForwardTrace, look: Look) -> Iterator[RenderableType]:
    """Name the outputs in score units."""
    digits = DOCUMENT_DIGITS if look.precision is None else look.precision
    scores = [number(score, digits) for score in trace.scores]
    if trace.intervals:
        ends = starmap(interval_text, trace.intervals)
        scores = list(map(", ".join, zip(scores, ends, strict=True)))
    yield heading("Scores")
    yield from look.why("scores")
    names = (printable(neuron.name) for neuron in trace.layers[-1].neurons)
    yield key_value_table(zip(names, scores, strict=True))


def _differences(trace: ForwardTrace, document: Document, digits: int) -> Iterator[RenderableType]:
    """List each wrong figure of the document with the reason, and the resulting output."""
    yield heading("Where the document differs")
    for figure in document.figures:
        if figure.why:
            exact, off = number(figure.exact, digits), number(figure.difference, digits)
            what = f"{figure.neuron} {figure.what}"
            yield Text(f"{what}: {figure.printed} printed, {exact} exact, difference {off}")
            why = Text(figure.why.replace(". ", "\n"), style="dim")
            yield Padding.indent(why, 4)
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
