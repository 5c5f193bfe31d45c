"""A forward pass, neuron by neuron, as tables.

precision None means the document's ten digits, or as many as a table has room for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import starmap

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from scorenet_cli.model.document import TARGET, Document, TrainedAnswer
from scorenet_cli.model.model import interval_text
from scorenet_cli.model.trace import ForwardTrace, Input, TracedLayer, without_rounding
from scorenet_cli.show.pages.explain import why
from scorenet_cli.show.tables import (
    DOCUMENT_DIGITS,
    MAX_WEIGHTS,
    Result,
    Row,
    fitted_table,
    heading,
    key_value_table,
    layer_title,
    omitted_note,
)
from scorenet_cli.text import number, printable

# How the values were scaled, by the option's name.
SCALINGS = {
    "training": "divided by the training maxima",
    "standardized": "minus the training mean, divided by the standard deviation",
    "own": "divided by their own largest",
    "none": "unscaled",
}


def forward_page(  # noqa: PLR0913 - all that the page shows
    trace: ForwardTrace,
    document: Document | None,
    precision: int | None,
    *,
    scaling: str = "training",
    source: str | None = None,
    story: TrainedAnswer | None = None,
    explain: bool = False,
) -> Group:
    """Show a forward pass: the inputs, a table a layer, and what came out.

    source is the model's file, None for the document's weights; story what the document printed
    for the same values; explain adds why each step is taken.
    """
    trace = without_rounding(trace)
    layers = layers_part(trace, precision, document, explain=explain)
    if document is None:
        first = inputs_part(trace, precision, scaling=scaling, source=source, explain=explain)
        scores = _scores(trace, precision, explain=explain)
        return Group(*first, *layers, *scores, *_story(story))
    differences = _differences(trace, document, max(DOCUMENT_DIGITS, precision or 0))
    first = example_part(trace, document.goal, scaling, explain=explain)
    return Group(*first, *layers, *differences)


def inputs_part(  # noqa: PLR0913 - all that it shows
    trace: ForwardTrace,
    precision: int | None,
    actual: Sequence[Input] = (),
    *,
    scaling: str,
    source: str | None,
    explain: bool = False,
) -> Iterator[RenderableType]:
    """Name the model; show the values, and the actual scores, as given and as scaled."""
    columns, known = ["", "value", "formula", "scaled"], (*trace.inputs, *actual)
    rows: list[Row] = [(each.name, each.value, each.formula, each.scaled) for each in known]
    if not any(each.formula(0) for each in known):
        columns, rows = columns[:2], [row[:2] for row in rows]
    yield heading(f"Model {source}" if source else "The document's example weights")
    yield Text()
    scaled = SCALINGS["none" if source is None and scaling == "training" else scaling]
    yield heading(f"Inputs, {scaled}")
    yield from why("unscaled" if scaled == SCALINGS["none"] else "inputs", explain=explain)
    yield fitted_table(precision, columns, rows)
    yield Text()


def example_part(
    trace: ForwardTrace, target: float, scaling: str, *, explain: bool = False
) -> Iterator[RenderableType]:
    """Say what the worked example is."""
    values = ", ".join(f"{value.name} {number(value.value)}" for value in trace.inputs)
    scaled = SCALINGS["none" if scaling == "training" else scaling]
    theirs = "" if target == TARGET else f" (the document's is {number(TARGET)})"
    yield heading("The document's worked example")
    yield Text(f"{values}, {scaled}; the target is {number(target)}{theirs}.")
    yield from why("unscaled" if scaled == SCALINGS["none"] else "inputs", explain=explain)
    yield Text()


def _story(story: TrainedAnswer | None) -> Iterator[RenderableType]:
    """Say what the document printed for these values, and why it differs."""
    if story is not None:
        yield Text()
        yield heading(f"The document printed {story.printed}")
        yield Text(f"{story.why[:1].upper()}{story.why[1:]}.")


def layers_part(
    trace: ForwardTrace,
    precision: int | None,
    document: Document | None = None,
    *,
    explain: bool = False,
) -> Iterator[RenderableType]:
    """Show every layer's table under its name, the document's figures beside, where given."""
    columns = ["", "value", "weight", "product", *(["document"] if document else [])]
    for layer in trace.layers:
        yield heading(layer_title(layer.name).capitalize())
        kind = "output layer" if layer is trace.layers[-1] else "hidden layer"
        yield from why(kind, explain=explain)
        yield fitted_table(precision, columns, _layer_rows(layer, document))
        yield from large_layer_notes(len(layer.neurons), len(layer.neurons[0].terms), "product")
        yield Text()


def max_neurons(terms: int) -> int:
    """How many neurons of so many terms a page has room for."""
    return max(MAX_WEIGHTS // terms, 1)


def large_layer_notes(neurons: int, terms: int, thing: str) -> Iterator[RenderableType]:
    """Say what a table of a large layer leaves out."""
    yield from omitted_note(neurons - max_neurons(terms), "neuron")
    yield from omitted_note(terms - MAX_WEIGHTS, thing, " in each neuron: --json has all")


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


def _scores(
    trace: ForwardTrace, precision: int | None, *, explain: bool
) -> Iterator[RenderableType]:
    """Name the outputs in score units."""
    digits = DOCUMENT_DIGITS if precision is None else precision
    scores = [number(score, digits) for score in trace.scores]
    if trace.intervals:
        ends = starmap(interval_text, trace.intervals)
        scores = list(map(", ".join, zip(scores, ends, strict=True)))
    yield heading("Scores")
    yield from why("scores", explain=explain)
    names = (printable(neuron.name) for neuron in trace.layers[-1].neurons)
    yield key_value_table(zip(names, scores, strict=True))


def _differences(trace: ForwardTrace, document: Document, digits: int) -> Iterator[RenderableType]:
    """Name each figure that the document got wrong, and what follows from it."""
    yield heading("Where the document differs")
    for figure in document.figures:
        if figure.why:
            exact, off = number(figure.exact, digits), number(figure.difference, digits)
            what = f"{figure.neuron} {figure.what}"
            yield Text(f"{what}: {figure.printed} printed, {exact} exact, off by {off}")
            why = Text(figure.why.replace(". ", "\n"), style="dim")
            yield Padding(why, (0, 0, 0, 4), expand=False)
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
