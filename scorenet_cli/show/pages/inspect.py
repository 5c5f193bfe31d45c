"""A model on a page: architecture, every weight, scaling, where it came from, how it fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scorenet_cli.core.metrics import Evaluation
from scorenet_cli.core.network import Layer
from scorenet_cli.model.model import Model, layer_names, neuron_names
from scorenet_cli.model.record import TrainingRecord, labelled_facts
from scorenet_cli.show.chart import loss_chart, scores_chart
from scorenet_cli.show.pages.train import fit_table
from scorenet_cli.show.tables import (
    COMFORTABLE_WIDTH,
    MAX_WEIGHTS,
    count,
    facts,
    fits,
    heading,
    name,
    number_table,
)
from scorenet_cli.show.tree import MAX_DECIMALS, diagram
from scorenet_cli.text import number

# Features, and targets, that are named; --json has all.
MAX_NAMES = 100
# Targets whose scores are drawn.
MAX_TARGETS = 4


def inspection(model: Model, source: str, scored: Evaluation | None = None) -> Group:
    """Show architecture, weights, scaling, origin and loss curve, and the fit to given rows."""
    return Group(
        heading(source),
        facts(
            [
                ("network", architecture(model)),
                ("parameters", _parameters(model)),
                ("features", _some(model.features)),
                ("targets", _some(model.targets)),
            ]
        ),
        *_weights(model),
        Text(),
        heading("Scaling: what a column is divided by"),
        *_scaling(model),
        Text(),
        heading("Training"),
        facts(_provenance(model.training)),
        *_learning(model.training),
        *_scores(model, scored),
    )


def _learning(record: TrainingRecord | None) -> Iterator[RenderableType]:
    """Draw the curve that a model remembers."""
    curve = record and loss_chart(record.history, record.validation_history)
    if curve:
        yield Text()
        yield curve


def _scores(model: Model, scored: Evaluation | None) -> Iterator[RenderableType]:
    """Show the fit to given rows, and draw predicted scores against actual ones."""
    if scored is None:
        return
    yield Text()
    yield fit_table(scored.fit)
    columns = zip(model.targets, scored.actual.T, scored.predicted.T, strict=True)
    for target, actual, predicted in islice(columns, MAX_TARGETS):
        chart = scores_chart(target, actual, predicted)
        if chart is not None:
            yield Text()
            yield chart
    if len(model.targets) > MAX_TARGETS:
        more = count(len(model.targets) - MAX_TARGETS, "target")
        yield Text(f"... and {more} more: predict --csv has all", style="dim")


def architecture(model: Model) -> str:
    """Describe the shape in words: 2 inputs, 3 hidden (sigmoid), 1 output (sigmoid)."""
    layers = [
        f"{layer.neurons} {layer_name.partition(' ')[0]} ({layer.activation})"
        for layer, layer_name in zip(model.network.layers, layer_names(model), strict=True)
    ]
    return ", ".join([count(model.network.shape[0], "input"), *layers])


def _parameters(model: Model) -> str:
    biases = sum(layer.neurons for layer in model.network.layers if layer.bias is not None)
    weights = model.network.parameters - biases
    return f"{model.network.parameters:,} ({count(weights, 'weight')}, {count(biases, 'bias')})"


def _weights(model: Model) -> Iterator[RenderableType]:
    """Draw the network where it is small and has room, else show its weights in tables."""
    drawn = diagram(model)
    if drawn is None:
        yield from _weight_tables(model)
        return
    decimals = drawn.style.decimals
    repeated = any(layer.neurons > 1 for layer in model.network.layers[1:])
    once = ", each drawn once" if repeated else ""
    rounded = "" if decimals == MAX_DECIMALS else f", to {decimals} decimals"
    yield Text()
    yield heading(f"Weights{once}{rounded}")
    yield drawn


def _weight_tables(model: Model) -> Iterator[RenderableType]:
    """One table a layer: a matrix where it fits, else a list of every weight."""
    names = neuron_names(model)
    for position, layer in enumerate(model.network.layers):
        yield Text()
        yield heading(f"Weights to the {layer_names(model)[position]} layer")
        before, after = names[position], names[position + 1]
        small = layer.parameters <= MAX_WEIGHTS
        matrix = _weight_matrix(layer, before, after) if small else None
        if matrix is not None and fits(matrix, COMFORTABLE_WIDTH):
            yield matrix
        else:
            yield from _weight_list(layer, before, after)


def _weight_matrix(layer: Layer, before: Sequence[str], after: Sequence[str]) -> Table:
    """Rows are what a weight comes from, columns what it goes to."""
    table = number_table("from", *after)
    for from_, weights in zip(before, layer.weights.tolist(), strict=True):
        table.add_row(name(from_), *(number(weight) for weight in weights))
    if layer.bias is not None:
        table.add_row("bias", *(number(bias) for bias in layer.bias.tolist()))
    return table


def _weight_list(
    layer: Layer, before: Sequence[str], after: Sequence[str]
) -> Iterator[RenderableType]:
    """One weight a line, so far as a screen goes."""
    table = number_table("from", "to", "weight", numbers_from=2)
    lines = (
        (from_, to, weight)
        for column, to in enumerate(after)
        for from_, weight in (
            *zip(before, layer.weights[:, column].tolist(), strict=True),
            *([] if layer.bias is None else [("bias", float(layer.bias[column]))]),
        )
    )
    for _, (from_, to, weight) in zip(range(MAX_WEIGHTS), lines, strict=False):
        table.add_row(name(from_), name(to), number(weight))
    yield table
    if layer.parameters > MAX_WEIGHTS:
        yield Text(
            f"... and {layer.parameters - MAX_WEIGHTS:,} more: --json or --weights-to has all",
            style="dim",
        )


def _some(names: Sequence[str]) -> str:
    """List names, so far as a screen goes."""
    more = len(names) - MAX_NAMES
    return ", ".join(names[:MAX_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _scaling(model: Model) -> Iterator[RenderableType]:
    """Divisors, and the range of the training values where it is known."""
    table = number_table("column", "divided by", "training range")
    for position, feature in enumerate(model.features[:MAX_NAMES]):
        low_high = "not recorded"
        if model.feature_range is not None:
            low, high = model.feature_range[position].tolist()
            low_high = f"{number(low)} to {number(high)}"
        table.add_row(name(feature), number(float(model.feature_scale[position])), low_high)
    _count_others(table, model.features, "feature")
    scales = zip(model.targets, model.target_scale.tolist(), strict=True)
    for target, scale in islice(scales, MAX_NAMES):
        table.add_row(name(target), number(scale), f"0 to {number(scale)}")
    _count_others(table, model.targets, "target")
    yield table


def _count_others(table: Table, names: Sequence[str], thing: str) -> None:
    """Say how many are not named."""
    if len(names) > MAX_NAMES:
        more = count(len(names) - MAX_NAMES, thing)
        table.add_row(Text(f"... and {more} more: --json has all", style="dim"))


def _provenance(record: TrainingRecord | None) -> list[tuple[str, str]]:
    """Say where a model came from, as far as it says so itself."""
    if record is None:
        return [("origin", "not recorded: written by hand, or weights alone")]
    return labelled_facts(record)
