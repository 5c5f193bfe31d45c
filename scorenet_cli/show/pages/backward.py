"""Backpropagation of one example, step by step, as tables.

Every number can be recomputed by hand from those above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.model.trace import (
    BackwardTrace,
    BiasChange,
    Input,
    LayerUpdate,
    TracedLayer,
    WeightChange,
)
from scorenet_cli.show.pages.forward import (
    example_part,
    inputs_part,
    large_layer_notes,
    layers_part,
    max_neurons,
)
from scorenet_cli.show.tables import (
    MAX_WEIGHTS,
    heading,
    layer_title,
    name,
    number_table,
    with_digits,
)
from scorenet_cli.text import number

RESULT = "bold cyan"


class Step(NamedTuple):
    """One step of backpropagation: its title, its formula, its numbers with so many digits.

    The table of a layer of many neurons, or of many terms each, has room for some of them.
    """

    title: str
    formula: str
    table: Callable[[int], Table]
    neurons: int
    terms: int = 1


def backward_page(trace: BackwardTrace, precision: int | None, *, of_the_document: bool) -> Group:
    """Show the forward pass, then each step back, each weight's change, and the result.

    precision None means the document's ten digits, or as many as a table has room for.
    """
    parts: list[RenderableType] = []
    if of_the_document:
        parts += example_part(trace.forward, trace.actual_scores[0])
    else:
        scores = zip(trace.layers[-1].neurons, trace.actual_scores, trace.actual, strict=True)
        actual = [Input(f"{neuron.name} (actual)", *values) for neuron, *values in scores]
        parts += inputs_part(trace.forward, precision, actual)
    parts += layers_part(trace.forward, precision)
    for position, step in enumerate(_steps(trace), start=1):
        parts.append(heading(f"{position}. {step.title}"))
        parts.append(Text(step.formula, style="dim"))
        parts.append(with_digits(precision, step.table))
        parts += [*large_layer_notes(step.neurons, step.terms, "weight"), Text()]
    return Group(*parts[:-1])


def _steps(trace: BackwardTrace) -> Iterator[Step]:
    """Give the document's steps in its order: errors and deltas backwards, weights forwards."""
    layers = list(zip(trace.forward.layers, trace.layers, strict=True))
    following: LayerUpdate | None = None
    for traced, layer in reversed(layers):
        title, neurons = layer.name.capitalize(), len(layer.neurons)
        if following is None:
            outputs = zip(layer.neurons, trace.actual, trace.forward.outputs, strict=True)
            errors = [(n.name, actual, output, n.error) for n, actual, output in outputs]
            table = partial(_rows, ["actual", "output", "error"], errors)
            yield Step(f"{title} error", "error = actual - output", table, neurons)
        else:
            formula = f"error term = {following.name} delta x weight; error = sum of error terms"
            table = partial(_error_terms, layer)
            yield Step(f"{title} error", formula, table, neurons, len(following.neurons))
        activation = traced.neurons[0].activation
        slope = f"{activation}'s slope = {ACTIVATIONS[activation].slope_formula}"
        formula = f"delta = error x slope; {slope}"
        deltas = [(n.name, n.error, n.slope, n.delta) for n in layer.neurons]
        table = partial(_rows, ["error", "slope", "delta"], deltas, style=RESULT)
        yield Step(f"{title} delta", formula, table, neurons)
        following = layer
    rate = number(trace.learning_rate)
    for traced, layer in layers:
        formula = f"change = learning rate {rate} x value x delta; after = before + change"
        size = len(layer.neurons), len(traced.neurons[0].terms)
        table = partial(_weights, traced, layer)
        yield Step(f"Weights into {layer_title(layer.name)}", formula, table, *size)
    formula = "loss = mean of (actual - output) squared"
    table = partial(_rows, ["before", "after", "actual"], list(_result(trace)))
    yield Step("Result of the step", formula, table, len(trace.actual))


def _rows(
    columns: Sequence[str],
    rows: Sequence[tuple[str, *tuple[float, ...]]],
    digits: int,
    style: str = "",
) -> Table:
    """Show a name and its numbers on each row."""
    table = number_table("", *columns, result_style=style)
    for what, *values in rows[: max_neurons(1)]:
        table.add_row(name(what), *(number(value, digits) for value in values))
    return table


def _error_terms(layer: LayerUpdate, digits: int) -> Table:
    """Show how each neuron's error comes from the deltas of the next layer."""
    terms = len(layer.neurons[0].shares)
    table = number_table("", "from", "delta", "weight", "error term", numbers_from=2)
    for neuron in layer.neurons[: max_neurons(terms)]:
        for term in neuron.shares[:MAX_WEIGHTS]:
            row = (number(value, digits) for value in (term.delta, term.weight, term.product))
            table.add_row(name(neuron.name), name(term.to), *row)
        if terms > 1:
            error = Text(number(neuron.error, digits), style="bold")
            table.add_row(name(neuron.name), "error", "", "", error)
            table.add_section()
    return table


def _weights(traced: TracedLayer, layer: LayerUpdate, digits: int) -> Table:
    """Show each weight before, its change, and after; a bias takes the value 1."""
    table = number_table("", "value", "before", "change", "after", result_style=RESULT)
    values = [term.value for term in traced.neurons[0].terms[:MAX_WEIGHTS]]
    for neuron in layer.neurons[: max_neurons(len(traced.neurons[0].terms))]:
        table.add_row(name(neuron.name, "bold"))
        changes: list[tuple[str, float, WeightChange | BiasChange]] = [
            (weight.from_, value, weight)
            for weight, value in zip(neuron.weights, values, strict=False)
        ]
        if neuron.bias is not None:
            changes.append(("bias", 1.0, neuron.bias))
        for from_, value, change in changes:
            numbers = (value, change.before, change.change, change.after)
            table.add_row(name(f"  {from_}"), *(number(each, digits) for each in numbers))
        table.add_section()
    return table


def _result(trace: BackwardTrace) -> Iterator[tuple[str, *tuple[float, ...]]]:
    """Set outputs, scores and loss before the step beside those after it."""
    names = [neuron.name for neuron in trace.layers[-1].neurons]
    outputs = zip(names, trace.forward.outputs, trace.outputs_after, trace.actual, strict=True)
    scores = zip(names, trace.forward.scores, trace.scores_after, trace.actual_scores, strict=True)
    for what, *values in outputs:
        yield f"{what} output", *values
    for what, *values in scores if trace.actual_scores != trace.actual else ():
        yield f"{what} in points", *values
    yield "loss", trace.loss, trace.loss_after
