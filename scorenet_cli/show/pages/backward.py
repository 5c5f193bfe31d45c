"""Backpropagation of one example, step by step, as tables.

Every number can be recomputed by hand from those above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.text import Text

from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.model.document import VALUES
from scorenet_cli.model.trace import BackwardTrace, LayerUpdate, TracedLayer, without_rounding
from scorenet_cli.show.pages.check import check_part
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.pages.forward import (
    example_part,
    inputs_part,
    large_layer_notes,
    layers_part,
    max_neurons,
)
from scorenet_cli.show.tables import MAX_WEIGHTS, Result, Row, heading, layer_title
from scorenet_cli.text import number


class Step(NamedTuple):
    """One step of backpropagation: its kind, its title, its formula and its table.

    For large layers the table shows only some neurons and terms.
    """

    kind: str
    title: str
    formula: str
    columns: Sequence[str]
    rows: Iterable[Row]
    neurons: int
    terms: int = 1
    numbers_from: int = 1


def backward_page(trace: BackwardTrace, look: Look) -> Group:
    """Show the forward pass, then each step back, each weight's change, and the result."""
    parts: list[RenderableType] = []
    trace = replace(trace, forward=without_rounding(trace.forward))
    values = tuple(each.value for each in trace.forward.inputs)
    if look.source is None and values == VALUES:
        parts += example_part(trace.forward, trace.actual_scores[0], look)
    else:
        actual = [replace(each, name=f"{each.name} (actual)") for each in trace.targets]
        parts += inputs_part(trace.forward, look, actual)
    parts += layers_part(trace.forward, look)
    for position, step in enumerate(_steps(trace), start=1):
        parts.append(heading(f"{position}. {step.title}"))
        parts.append(Text(step.formula, style="dim"))
        parts += look.why(step.kind)
        parts.append(look.table(step.columns, step.rows, numbers_from=step.numbers_from))
        parts += [*large_layer_notes(step.neurons, step.terms, "weight"), Text()]
    return Group(*parts[:-1], *check_part(trace.check, look))


def _steps(trace: BackwardTrace) -> Iterator[Step]:
    """Yield the document's steps: errors and deltas from the last layer on, then weights."""
    layers = list(zip(trace.forward.layers, trace.layers, strict=True))
    following: LayerUpdate | None = None
    for traced, layer in reversed(layers):
        title, neurons = layer.name.capitalize(), len(layer.neurons)
        if following is None:
            formula, columns = "error = actual - output", ["", "actual", "output", "error"]
            outputs = zip(layer.neurons, trace.actual, trace.forward.outputs, strict=True)
            errors = ((n.name, actual, output, n.error) for n, actual, output in outputs)
            shown = islice(errors, max_neurons(1))
            yield Step("output error", f"{title} error", formula, columns, shown, neurons)
        else:
            formula = f"error term = {following.name} delta x weight; error = sum of error terms"
            columns = ["", "delta of", "delta", "weight", "error term"]
            size = neurons, len(following.neurons)
            terms = _error_terms(layer)
            yield Step(
                "hidden error", f"{title} error", formula, columns, terms, *size, numbers_from=2
            )
        activation = traced.neurons[0].activation
        slope = f"{activation}'s slope = {ACTIVATIONS[activation].slope_formula}"
        formula = f"delta = error x slope; {slope}"
        first = layer.neurons[: max_neurons(1)]
        deltas = [(n.name, n.error, n.slope, Result(n.delta)) for n in first]
        columns = ["", "error", "slope", "delta"]
        yield Step("delta", f"{title} delta", formula, columns, deltas, neurons)
        following = layer
    rate = number(trace.learning_rate)
    for traced, layer in layers:
        formula = "change = learning rate x value x delta; after = before + change; "
        formula += f"learning rate = {rate}"
        columns = ["", "value", "before", "change", "after"]
        size = len(layer.neurons), len(traced.neurons[0].terms)
        title = f"Weights into {layer_title(layer.name)}"
        yield Step("change", title, formula, columns, _weights(traced, layer), *size)
    formula, columns = "loss = mean of (actual - output) squared", ["", "before", "after", "actual"]
    title = "Result of the step"
    yield Step("result", title, formula, columns, _result(trace), len(trace.actual))


def _error_terms(layer: LayerUpdate) -> Iterator[Row]:
    """List how each neuron's error comes from the deltas of the next layer."""
    terms = len(layer.neurons[0].shares)
    for neuron in layer.neurons[: max_neurons(terms)]:
        for term in neuron.shares[:MAX_WEIGHTS]:
            yield neuron.name, term.to, term.delta, term.weight, term.product
        if terms > 1:
            yield neuron.name, "error", "", "", Result(neuron.error)
            yield ()


def _weights(traced: TracedLayer, layer: LayerUpdate) -> Iterator[Row]:
    """List each weight before and after the step, and its change; the value of a bias is 1."""
    values = [term.value for term in traced.neurons[0].terms[:MAX_WEIGHTS]]
    for neuron in layer.neurons[: max_neurons(len(traced.neurons[0].terms))]:
        yield (neuron.name,)
        for value, weight in zip(values, neuron.weights, strict=False):
            after = Result(weight.after)
            change = weight.change if value else 0.0  # of a value that is rounding noise
            yield f"  {weight.from_}", value, weight.before, change, after
        if neuron.bias is not None:
            yield "  bias", 1.0, neuron.bias.before, neuron.bias.change, Result(neuron.bias.after)
        yield ()


def _result(trace: BackwardTrace) -> Iterator[Row]:
    """Set outputs, scores and loss before the step beside those after it."""
    names = [neuron.name for neuron in trace.layers[-1].neurons]
    outputs = zip(names, trace.forward.outputs, trace.outputs_after, trace.actual, strict=True)
    scores = zip(names, trace.forward.scores, trace.scores_after, trace.actual_scores, strict=True)
    for what, *values in islice(outputs, max_neurons(1)):
        yield f"{what} output", *values
    if trace.actual_scores != trace.actual:
        for what, *values in islice(scores, max_neurons(1)):
            yield f"{what} in score units", *values
    yield "loss", trace.loss, trace.loss_after
