"""Backpropagation of one example, step by step, as tables.

Every number can be recomputed by hand from those above it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    choose_digits,
    example_part,
    inputs_part,
    layer_tables,
    layers_part,
    max_neurons,
    omitted_note,
)
from scorenet_cli.show.tables import MAX_WEIGHTS, heading, name, number_table
from scorenet_cli.text import number, printable


class Step(NamedTuple):
    """One step of backpropagation: what it is called, its formula, its numbers at any precision.

    A table of a large layer has room for some of its neurons and terms.
    """

    title: str
    formula: str
    table: Callable[[int], Table]
    neurons: int
    terms: int


def backward_page(trace: BackwardTrace, precision: int | None, *, of_the_document: bool) -> Group:
    """Show the forward pass, then each step back, each weight's change, and what came of it.

    precision None means the document's ten digits, or as many as a table has room for.
    """
    digits = choose_digits(precision, partial(layer_tables, trace.forward))
    parts: list[RenderableType] = []
    if of_the_document:
        parts += example_part(trace.forward, trace.actual_scores[0])
    else:
        parts += inputs_part(trace.forward, digits, _actual(trace))
    parts += layers_part(trace.forward, digits)
    for position, step in enumerate(_steps(trace), start=1):
        parts += _step(position, step, precision)
    return Group(*parts[:-1])


def _step(position: int, step: Step, precision: int | None) -> Iterator[RenderableType]:
    """Show a step with as many digits as its own table has room for."""
    digits = choose_digits(precision, lambda tried: [step.table(tried)])
    yield heading(f"{position}. {step.title}")
    yield Text(step.formula, style="dim")
    yield step.table(digits)
    yield from omitted_note(step.neurons, step.terms, "weight")
    yield Text()


def _actual(trace: BackwardTrace) -> list[Input]:
    """Lay out the actual scores as the inputs are: as given, and as the network sees them."""
    neurons = trace.layers[-1].neurons
    scores = zip(neurons, trace.actual_scores, trace.actual, strict=True)
    return [Input(f"{neuron.name} (actual)", *values) for neuron, *values in scores]


def _steps(trace: BackwardTrace) -> Iterator[Step]:
    """Give the document's steps in its order: errors and deltas backwards, weights forwards."""
    layers = list(zip(trace.forward.layers, trace.layers, strict=True))
    following: LayerUpdate | None = None
    for ran, layer in reversed(layers):
        title, neurons = layer.name.capitalize(), len(layer.neurons)
        if following is None:
            errors = partial(_errors, trace)
            yield Step(f"{title} error", "error = actual - output", errors, neurons, 1)
        else:
            terms = len(following.neurons)
            formula = f"share = {following.name} delta x weight"
            if terms > 1:
                formula += "; error = sum of the shares"
            title_of_shares = f"{title} layer's share of the error"
            yield Step(title_of_shares, formula, partial(_shares, layer), neurons, terms)
        activation = ran.neurons[0].activation
        slope = f"{activation}'s slope = {ACTIVATIONS[activation].slope_formula}"
        formula = f"delta = error x slope; {slope}"
        yield Step(f"{title} delta", formula, partial(_deltas, layer), neurons, 1)
        following = layer
    rate = number(trace.learning_rate)
    for ran, layer in layers:
        formula = f"change = learning rate {rate} x value x delta; after = before + change"
        terms = len(ran.neurons[0].terms)
        weights = partial(_weights, ran, layer)
        yield Step(
            f"Weights to the {layer.name} layer", formula, weights, len(layer.neurons), terms
        )
    formula = "loss = mean of (actual - output) squared"
    outputs = len(trace.outputs_after)
    yield Step("What came of it", formula, partial(_outcome, trace), outputs, 1)


def _errors(trace: BackwardTrace, digits: int) -> Table:
    """Set each output beside what it should have been."""
    table = number_table("", "actual", "output", "error")
    neurons = trace.layers[-1].neurons
    for neuron, actual, output in list(
        zip(neurons, trace.actual, trace.forward.outputs, strict=True)
    )[: max_neurons(1)]:
        values = (actual, output, neuron.error)
        table.add_row(name(neuron.name), *(number(value, digits) for value in values))
    return table


def _shares(layer: LayerUpdate, digits: int) -> Table:
    """Show how each neuron's error comes from the deltas of the next layer."""
    several = len(layer.neurons[0].shares) > 1
    table = number_table(
        "", "of", "delta", "weight", "share" if several else "error", numbers_from=2
    )
    for neuron in layer.neurons[: max_neurons(len(layer.neurons[0].shares))]:
        for share in neuron.shares[:MAX_WEIGHTS]:
            values = (share.delta, share.weight, share.product)
            row = (number(value, digits) for value in values)
            table.add_row(name(neuron.name), name(share.to), *row)
        if several:
            error = Text(number(neuron.error, digits), style="bold")
            table.add_row(name(neuron.name), "error", "", "", error)
            table.add_section()
    return table


def _deltas(layer: LayerUpdate, digits: int) -> Table:
    """Show each neuron's error, slope and delta."""
    table = number_table("", "error", "slope", "delta")
    for neuron in layer.neurons[: max_neurons(1)]:
        table.add_row(
            name(neuron.name),
            number(neuron.error, digits),
            number(neuron.slope, digits),
            Text(number(neuron.delta, digits), style="bold cyan"),
        )
    return table


def _weights(ran: TracedLayer, layer: LayerUpdate, digits: int) -> Table:
    """Show each weight before, its change, and after; a bias takes the value 1."""
    table = number_table("", "value", "before", "change", "after")
    for traced, neuron in list(zip(ran.neurons, layer.neurons, strict=True))[
        : max_neurons(len(ran.neurons[0].terms))
    ]:
        table.add_row(Text(printable(neuron.name), style="bold", overflow="fold"))
        changes: list[tuple[str, float, WeightChange | BiasChange]] = []
        for term, weight in zip(traced.terms[:MAX_WEIGHTS], neuron.weights, strict=False):
            changes.append((weight.from_, term.value, weight))
        if neuron.bias is not None:
            changes.append(("bias", 1.0, neuron.bias))
        for from_, value, change in changes:
            table.add_row(
                name(f"  {from_}"),
                *(number(each, digits) for each in (value, change.before, change.change)),
                Text(number(change.after, digits), style="bold cyan"),
            )
        table.add_section()
    return table


def _outcome(trace: BackwardTrace, digits: int) -> Table:
    """Set outputs, scores and loss before the step beside those after it."""
    table = number_table("", "before", "after", "actual")
    forward, neurons = trace.forward, trace.layers[-1].neurons[: max_neurons(1)]
    lines: list[tuple[str, list[float]]] = []
    for at, neuron in enumerate(neurons):
        outputs = [forward.outputs[at], trace.outputs_after[at], trace.actual[at]]
        lines.append((f"{neuron.name} output", outputs))
    in_points = trace.actual_scores != trace.actual
    for at, neuron in enumerate(neurons if in_points else ()):
        scores = [forward.scores[at], trace.scores_after[at], trace.actual_scores[at]]
        lines.append((f"{neuron.name} in points", scores))
    lines.append(("loss", [trace.loss, trace.loss_after]))
    for what, values in lines:
        table.add_row(name(what), *(number(value, digits) for value in values))
    return table
