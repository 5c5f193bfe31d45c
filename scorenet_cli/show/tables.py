"""Tables of models, traces and training runs; every function returns what is to be printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from scorenet_cli.dataset import Dataset
from scorenet_cli.metrics import Metrics
from scorenet_cli.model import Model, TrainingRecord, layer_names, neuron_names
from scorenet_cli.network import Array, Layer
from scorenet_cli.show.console import make_console
from scorenet_cli.text import number, printable
from scorenet_cli.trace import ForwardTrace, Neuron
from scorenet_cli.training import Run
from scorenet_cli.worked_example import Document, Figure

# Rows of a training set that the summary shows, and weights of a layer that inspect shows.
FIRST_ROWS = 10
MOST_WEIGHTS = 400

# In a pipe, where there is no edge: matrices up to this width, longer ones as a list.
MATRIX_WIDTH = 100


def heading(text: str) -> Text:
    """Return a line that stands above a table."""
    return Text(printable(text), style="bold")


def name(text: str) -> Text:
    """Return a name from outside, without anything that could steer the terminal."""
    return Text(printable(text), overflow="fold")


def grid(*columns: str, numbers_from: int = 1) -> Table:
    """Make an empty table: names on the left, numbers from column `numbers_from` on."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    for position, column in enumerate(columns):
        table.add_column(
            name(column),
            justify="right" if position >= numbers_from else "left",
            overflow="fold",
            no_wrap=False,
        )
    return table


def facts(pairs: Sequence[tuple[str, str]]) -> Table:
    """Make a list of facts: what, and what it is."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for what, value in pairs:
        table.add_row(what, name(value))
    return table


def architecture(model: Model) -> str:
    """Describe the shape in words: 2 inputs, 3 hidden (sigmoid), 1 output (sigmoid)."""
    layers = [
        f"{layer.neurons} {layer_name} ({layer.activation})"
        for layer, layer_name in zip(model.network.layers, layer_names(model), strict=True)
    ]
    return ", ".join([f"{model.network.shape[0]} inputs", *layers])


# --- train


def training_summary(dataset: Dataset, predicted: Array, run: Run, metrics: Metrics) -> Group:
    """Show actual beside predicted scores for the first rows, then what the run came to."""
    table = grid(
        *dataset.features,
        *(title for target in dataset.targets for title in (target, f"predicted {target}")),
        numbers_from=0,
    )
    for row in range(min(len(predicted), FIRST_ROWS)):
        table.add_row(
            *(number(float(value)) for value in dataset.inputs[row]),
            *(
                f"{value:.2f}"
                for pair in zip(dataset.scores[row], predicted[row], strict=True)
                for value in pair
            ),
        )
    parts: list[RenderableType] = [table]
    if len(predicted) > FIRST_ROWS:
        parts.append(Text(f"... and {len(predicted) - FIRST_ROWS:,} rows more", style="dim"))
    r2 = "" if metrics.r2 is None else f"R2 {metrics.r2:.4f}, "
    return Group(
        *parts,
        Text(),
        facts(
            [
                ("loss", f"{run.loss:.6g} after {run.epochs:,} epochs, {run.seconds:.2f} s"),
                ("fit", f"{r2}RMSE {number(metrics.rmse, 4)}, MAE {number(metrics.mae, 4)}"),
            ]
        ),
    )


# --- inspect


def inspection(model: Model, source: str) -> Group:
    """Show architecture, weights, scaling and origin."""
    return Group(
        heading(source),
        facts(
            [
                ("network", architecture(model)),
                ("parameters", _parameters(model)),
                ("features", ", ".join(model.features)),
                ("targets", ", ".join(model.targets)),
            ]
        ),
        *_weight_tables(model),
        Text(),
        heading("Scaling: what a column is divided by"),
        _scaling(model),
        Text(),
        heading("Training"),
        facts(_provenance(model.training)),
    )


def _parameters(model: Model) -> str:
    biases = sum(layer.neurons for layer in model.network.layers if layer.bias is not None)
    weights = model.network.parameters - biases
    return f"{model.network.parameters:,} ({weights:,} weights, {biases:,} biases)"


def _weight_tables(model: Model) -> Iterator[RenderableType]:
    """One table a layer: a matrix where it fits, else a list of every weight."""
    names = neuron_names(model)
    console = make_console(sys.stdout)
    room = min(console.width, MATRIX_WIDTH) if not console.is_terminal else console.width
    for position, layer in enumerate(model.network.layers):
        yield Text()
        yield heading(f"Weights to the {layer_names(model)[position]} layer")
        before, after = names[position], names[position + 1]
        if layer.parameters <= MOST_WEIGHTS:
            matrix = _weight_matrix(layer, before, after)
            if (
                Measurement.get(console, console.options.update(max_width=10**6), matrix).maximum
                <= room
            ):
                yield matrix
                continue
        yield from _weight_list(layer, before, after)


def _weight_matrix(layer: Layer, before: Sequence[str], after: Sequence[str]) -> Table:
    """Rows are what a weight comes from, columns what it goes to."""
    table = grid("from", *after)
    for from_, weights in zip(before, layer.weights.tolist(), strict=True):
        table.add_row(name(from_), *(number(weight) for weight in weights))
    if layer.bias is not None:
        table.add_row("bias", *(number(bias) for bias in layer.bias.tolist()))
    return table


def _weight_list(
    layer: Layer, before: Sequence[str], after: Sequence[str]
) -> Iterator[RenderableType]:
    """One weight a line, so far as a screen goes."""
    table = grid("from", "to", "weight", numbers_from=2)
    lines = (
        (from_, to, weight)
        for column, to in enumerate(after)
        for from_, weight in (
            *zip(before, layer.weights[:, column].tolist(), strict=True),
            *([] if layer.bias is None else [("bias", float(layer.bias[column]))]),
        )
    )
    for _, (from_, to, weight) in zip(range(MOST_WEIGHTS), lines, strict=False):
        table.add_row(name(from_), name(to), number(weight))
    yield table
    if layer.parameters > MOST_WEIGHTS:
        yield Text(
            f"... and {layer.parameters - MOST_WEIGHTS:,} more: --json or --weights-to has all",
            style="dim",
        )


def _scaling(model: Model) -> Table:
    """Divisors, and the range of the training values where it is known."""
    table = grid("column", "divided by", "training range")
    for position, feature in enumerate(model.features):
        low_high = "not recorded"
        if model.feature_range is not None:
            low, high = model.feature_range[position].tolist()
            low_high = f"{number(low)} to {number(high)}"
        table.add_row(name(feature), number(float(model.feature_scale[position])), low_high)
    for target, scale in zip(model.targets, model.target_scale.tolist(), strict=True):
        table.add_row(name(target), number(scale), f"0 to {number(scale)}")
    return table


def _provenance(record: TrainingRecord | None) -> list[tuple[str, str]]:
    """Say where a model came from, as far as it says so itself."""
    if record is None:
        return [("origin", "not recorded: written by hand, or weights alone")]
    known = {
        "data": record.data,
        "sha256": record.sha256,
        "rows": None if record.rows is None else f"{record.rows:,}",
        "start": None if record.seed is None else f"seed {record.seed}, {record.init or 'normal'}",
        "optimizer": record.optimizer,
        "learning rate": None if record.learning_rate is None else number(record.learning_rate),
        "epochs": f"{record.epochs:,}",
        "stopped by": record.stopped,
        "final loss": None if record.loss is None else f"{record.loss:.6g}",
        "made with": ", ".join(f"{what} {version}" for what, version in record.versions.items()),
        "date": record.date,
    }
    return [(what, value) for what, value in known.items() if value]


# --- forward-trace


def traced(trace: ForwardTrace, document: Document | None, precision: int) -> Group:
    """Show a forward pass: the inputs, a table a layer, and what came out."""
    parts: list[RenderableType] = []
    if document is None:
        table = grid("input", "value", "scaled")
        for value in trace.inputs:
            table.add_row(
                name(value.name), number(value.value, precision), number(value.scaled, precision)
            )
        parts += [heading("Inputs"), table, Text()]
    else:
        values = ", ".join(f"{value.name} {number(value.value)}" for value in trace.inputs)
        parts += [
            heading("The document's worked example"),
            Text(printable(f"{values}, unscaled; the goal is {number(document.goal)}.")),
            Text(),
        ]
    figures = () if document is None else document.figures
    for layer in trace.layers:
        parts += [
            heading(f"{layer.name.capitalize()} layer"),
            _layer_table(layer.neurons, [f for f in figures if f.layer == layer.name], precision),
            Text(),
        ]
    parts += list(_outcome(trace, document, precision))
    return Group(*parts)


def _layer_table(neurons: Sequence[Neuron], figures: Sequence[Figure], precision: int) -> Table:
    """Show each neuron's products, sum and activation; printed figures beside, where given."""
    columns = ("", "value", "weight", "product")
    table = grid(*columns, *(["document"] if figures else []))
    printed = {(figure.neuron, figure.what): figure.printed for figure in figures}

    def beside(neuron: Neuron, what: str) -> list[str]:
        return [printed[neuron.name, what]] if figures else []

    for neuron in neurons:
        table.add_row(Text(printable(neuron.name), style="bold", overflow="fold"))
        for term in neuron.terms:
            table.add_row(
                name(f"  {term.from_}"),
                number(term.value, precision),
                number(term.weight, precision),
                number(term.product, precision),
            )
        if neuron.bias is not None:
            table.add_row("  bias", "", "", number(neuron.bias, precision))
        table.add_row("  sum", "", "", number(neuron.sum, precision), *beside(neuron, "sum"))
        table.add_row(
            f"  {neuron.activation}(sum)",
            "",
            "",
            Text(number(neuron.output, precision), style="bold cyan"),
            *beside(neuron, "output"),
        )
        table.add_section()
    return table


def _outcome(
    trace: ForwardTrace, document: Document | None, precision: int
) -> Iterator[RenderableType]:
    """Name the score; for the worked example also where the document differs, and why."""
    if document is None:
        yield heading("Scores")
        yield facts(
            [
                (neuron.name, number(score, precision))
                for neuron, score in zip(trace.layers[-1].neurons, trace.scores, strict=True)
            ]
        )
        return
    yield heading("Where the document differs")
    table = grid("", "document", "exact", "because", numbers_from=1)
    table.columns[3].justify = "left"
    for figure in document.figures:
        if figure.why:
            function = "sum" if figure.what == "sum" else "output"
            table.add_row(
                f"{figure.neuron} {function}",
                figure.printed,
                number(figure.exact, precision),
                figure.why,
            )
    yield table
    yield Text()
    output = trace.layers[-1].neurons[0]
    last = document.figures[-1]
    yield Text(
        f"Exact: sigmoid({number(output.sum, precision)}) = {number(output.output, precision)}. "
        f"The document: S({document.figures[-2].printed}) = {last.printed}. "
        f"The goal: {number(document.goal / 100)}."
    )
