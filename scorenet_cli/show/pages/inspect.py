"""A model on a page: architecture, every weight, scaling, where it came from, how it fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scorenet_cli.core import Array
from scorenet_cli.core.intervals import LEVEL
from scorenet_cli.core.metrics import Evaluation
from scorenet_cli.core.network import Layer
from scorenet_cli.data.columns import TWO, positions
from scorenet_cli.model.model import Model, layer_names, neuron_names
from scorenet_cli.model.record import labelled_facts
from scorenet_cli.show.chart import loss_chart, scores_chart
from scorenet_cli.show.response import response_part
from scorenet_cli.show.tables import (
    COMFORTABLE_WIDTH,
    MAX_WEIGHTS,
    FirstThatFits,
    class_tables,
    fit_table,
    heading,
    key_value_table,
    layer_title,
    number_table,
    omitted_note,
)
from scorenet_cli.show.tree import network_tree
from scorenet_cli.text import count, number

# Columns whose importance is shown.
MAX_IMPORTANCES = 20
# Features, and targets, that are named; --json prints all.
MAX_NAMES = 100
# Targets whose scores are drawn.
MAX_TARGETS = 4


def inspection(model: Model, source: str, scored: Evaluation | None = None) -> Group:
    """Show architecture, weights, scaling, origin and loss curve, and the fit to given rows."""
    parameters, layers = model.network.parameters, model.network.layers
    biases = sum(layer.neurons for layer in layers if layer.bias is not None)
    kinds = f"{count(parameters - biases, 'weight')}, {count(biases, 'bias')}"
    about = {
        "network": architecture(model),
        "parameters": f"{parameters:,} ({kinds})",
        "features": _some(model.features),
        "targets": _some(model.targets),
    }
    if model.snapshots:
        first, last = model.snapshots[0][0], model.snapshots[-1][0]
        about["snapshots"] = f"{len(model.snapshots)}, from epoch {first:,} to {last:,}"
    record = model.training
    origin = [("origin", "not recorded: the model was written by hand or read from weights only")]
    parts: list[RenderableType] = [heading(source), key_value_table(about.items())]
    parts += [*_weights(model), Text(), heading("Scaling"), *_scaling(model)]
    parts += [
        Text(),
        heading("Training"),
        key_value_table(labelled_facts(record) if record else origin),
    ]
    if record and (curve := loss_chart(record.history, record.validation_history)):
        parts += [Text(), curve]
    parts += response_part(model, scored)
    if scored:
        parts += _scores(model, scored)
    return Group(*parts)


def architecture(model: Model) -> str:
    """Describe the shape in words: 2 inputs, 3 hidden (sigmoid), 1 output (sigmoid)."""
    *hidden, output = model.network.layers
    return ", ".join(
        [
            count(model.network.shape[0], "input"),
            *(f"{layer.neurons} hidden ({layer.activation})" for layer in hidden),
            f"{count(output.neurons, 'output')} ({output.activation})",
        ]
    )


def _some(names: Sequence[str]) -> str:
    """List names, at most MAX_NAMES."""
    more = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _weights(model: Model) -> Iterator[RenderableType]:
    """Show a small network as a tree, a larger one as a table for each layer."""
    tree = network_tree(model)
    if tree is not None:
        yield from (Text(), heading("Weights, grouped by the neuron that receives them"), tree)
        return
    names = neuron_names(model)
    for position, layer_name in enumerate(layer_names(model)):
        args = model.network.layers[position], names[position], names[position + 1]
        ways = [partial(_weight_list, *args)]
        if args[0].parameters <= MAX_WEIGHTS:
            ways.insert(0, partial(_weight_matrix, *args))
        yield from (Text(), heading(f"Weights into {layer_title(layer_name)}"))
        yield FirstThatFits(ways, COMFORTABLE_WIDTH)
        where = ": --json or --weights-to writes all"
        yield from omitted_note(args[0].parameters - MAX_WEIGHTS, "weight", where)


def _weight_matrix(layer: Layer, before: Sequence[str], after: Sequence[str]) -> Table:
    """Return a layer's weights as a table: a row per input, a column per neuron."""
    rows = [*before] if layer.bias is None else [*before, "bias"]
    numbers = zip(rows, _with_bias(layer).tolist(), strict=True)
    return number_table(["from", *after], ([row, *weights] for row, weights in numbers))


def _weight_list(layer: Layer, before: Sequence[str], after: Sequence[str]) -> Table:
    """One weight per line, at most MAX_WEIGHTS."""
    numbers = np.transpose(_with_bias(layer)).tolist()
    lines = (
        (from_, to, weight)
        for to, weights in zip(after, numbers, strict=True)
        for from_, weight in zip((*before, "bias"), weights, strict=False)
    )
    rows = islice(lines, MAX_WEIGHTS)
    return number_table(["from", "to", "weight"], rows, numbers_from=2)


def _with_bias(layer: Layer) -> Array:
    """Return a layer's weights, its biases below them."""
    return layer.weights if layer.bias is None else np.vstack([layer.weights, layer.bias])


def _scaling(model: Model) -> Iterator[RenderableType]:
    """Divisors, and the range of the training values where it is known."""
    features, targets = model.input_names[:MAX_NAMES], model.output_names[:MAX_NAMES]
    ranges = ["not recorded"] * len(features)
    if model.feature_range is not None:
        ranges = [f"{number(a)} to {number(b)}" for a, b in model.feature_range.tolist()]
    for name, where in positions(model.features, model.categories).items():
        if len(texts := model.categories.get(name, ())) == TWO:
            ranges[where] = [f"0 {texts[0]}, 1 {texts[1]}"]
    target_ranges = ["not recorded"] * len(targets)
    if model.training is not None and model.training.target_range is not None:
        target_ranges = [f"{number(a)} to {number(b)}" for a, b in model.training.target_range]
    rows: list[tuple[str | float, ...]] = [
        *zip(features, model.feature_scale.tolist(), ranges, strict=False),
        *zip(targets, model.target_scale.tolist(), target_ranges, strict=False),
    ]
    titles = ["column", "divided by", "training range"]
    offsets = model.feature_offset, model.target_offset
    if any(offset is not None for offset in offsets):
        titles.insert(1, "subtracted")
        minus = [
            number
            for names, offset in zip((features, targets), offsets, strict=True)
            for number in ([0.0] * len(names) if offset is None else offset.tolist()[:MAX_NAMES])
        ]
        rows = [(name, less, *rest) for (name, *rest), less in zip(rows, minus, strict=True)]
    yield number_table(titles, rows)
    yield from omitted_note(len(model.input_names) - MAX_NAMES, "feature")
    yield from omitted_note(len(model.output_names) - MAX_NAMES, "target")


def _scores(model: Model, scored: Evaluation) -> Iterator[RenderableType]:
    """Show the fit to given rows, and draw predicted scores against actual ones."""
    rows = count(len(scored.actual), "row")
    validated = model.training is not None and model.training.validation is not None
    known = "not the training rows"
    if scored.is_training_data:
        known = f"the training {'and validation ' if validated else ''}rows"
    yield from (Text(), heading(f"Fit on {rows}, {known}"), fit_table(scored.fit, scored.actual))
    if len(scored.each) > 1:
        for target, fit, scores in zip(
            model.output_names, scored.each, scored.actual.T, strict=True
        ):
            if target in model.targets:
                yield from (Text(), heading(target), fit_table(fit, scores))
    yield from class_tables(scored.classes)
    yield from _importance(scored)
    coverage = dict(zip(model.output_names, scored.coverage, strict=False))
    each = zip(model.output_names, scored.actual.T, scored.predicted.T, strict=True)
    columns = [column for column in each if column[0] in model.targets]
    for target, actual, predicted in islice(columns, MAX_TARGETS):
        chart = scores_chart(target, actual, predicted)
        if chart is not None:
            yield from (Text(), chart)
        if target in coverage:
            inside = round(coverage[target] * len(actual))
            rows = f"{inside:,} of {count(len(actual), 'row')}"
            yield Text(f"{100 * LEVEL:g} % intervals contain the actual score in {rows}.")
    more = len(columns) - MAX_TARGETS
    yield from omitted_note(more, "target", ": predict --csv writes all")


def _importance(scored: Evaluation) -> Iterator[RenderableType]:
    """Show the permutation importance of each column, highest first."""
    if not scored.importance:
        return
    found = sorted(scored.importance.items(), key=lambda item: -item[1][0])
    yield from (Text(), heading("Importance: decrease in R2 when a column is shuffled"))
    rows = ((name, *of) for name, of in found[:MAX_IMPORTANCES])
    yield number_table(["column", "R2 decrease", "std"], rows, 4)
    yield from omitted_note(len(found) - MAX_IMPORTANCES, "column")
