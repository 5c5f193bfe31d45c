"""Tables of models, traces and training runs; every function returns what is to be printed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scorenet_cli.dataset import Dataset
from scorenet_cli.fitting import Spread
from scorenet_cli.metrics import Fit
from scorenet_cli.model import Model, TrainingRecord, layer_names, neuron_names
from scorenet_cli.network import Array, Layer
from scorenet_cli.show.console import PIPE_WIDTH, make_console
from scorenet_cli.text import number, printable
from scorenet_cli.trace import ForwardTrace, Neuron, TracedLayer
from scorenet_cli.training import Run
from scorenet_cli.worked_example import Document, Figure

# Rows of a training set that the summary shows, and weights of a layer that inspect shows.
FIRST_ROWS = 10
MOST_WEIGHTS = 400

# In a pipe, where there is no edge, a wider table gives way to a longer one from here on.
COMFORTABLE_WIDTH = 100

# The document prints its result with ten digits; a narrow terminal shows no fewer than four.
DOCUMENT_DIGITS = 10
FEWEST_DIGITS = 4


def heading(text: str) -> Text:
    """Return a line that stands above a table."""
    return Text(printable(text), style="bold")


def name(text: str) -> Text:
    """Return a name from outside, without anything that could steer the terminal."""
    return Text(printable(text), overflow="fold")


def grid(*columns: str, numbers_from: int = 1) -> Table:
    """Make an empty table: names on the left, numbers from column `numbers_from` on."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    for position, column in enumerate(columns):
        table.add_column(
            name(column),
            justify="right" if position >= numbers_from else "left",
            overflow="fold",
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
        f"{layer.neurons} {layer_name.partition(' ')[0]} ({layer.activation})"
        for layer, layer_name in zip(model.network.layers, layer_names(model), strict=True)
    ]
    return ", ".join([count(model.network.shape[0], "input"), *layers])


def count(number_of: int, thing: str) -> str:
    """Write a count and what is counted, in the plural where there is not one of it."""
    ending = "" if number_of == 1 else "es" if thing.endswith("s") else "s"
    return f"{number_of:,} {thing}{ending}"


def fits(table: Table, pipe_width: int = PIPE_WIDTH) -> bool:
    """Tell whether a table has room on standard output without folding a number."""
    console = make_console(sys.stdout)
    room = console.width if console.is_terminal else pipe_width
    widest = console.options.update(max_width=PIPE_WIDTH)
    return Measurement.get(console, widest, table).maximum <= room


# --- train


def training_summary(  # noqa: PLR0913 - all that a run came to
    dataset: Dataset,
    predicted: Array,
    run: Run,
    *,
    fit: Fit,
    validation: Fit | None = None,
    spread: Spread | None = None,
) -> Group:
    """Show actual beside predicted scores for the first rows, then what the run came to."""
    table = _first_scores(dataset, predicted, with_inputs=True)
    parts: list[RenderableType] = [table]
    if not fits(table, COMFORTABLE_WIDTH):
        table = _first_scores(dataset, predicted, with_inputs=False)
        parts = [table, Text("(no room for the features)", style="dim")]
    if len(predicted) > FIRST_ROWS:
        parts.append(Text(f"... and {len(predicted) - FIRST_ROWS:,} rows more", style="dim"))
    pairs = [("loss", f"{run.loss:.6g} after {count(run.epochs, 'epoch')}, {run.seconds:.3g} s")]
    if run.validation_loss is not None:
        pairs.append(("validation", f"{run.validation_loss:.6g}, best at epoch {run.best_epoch:,}"))
    if run.stopped not in {"epochs", "interrupted"}:
        pairs.append(("stopped by", run.stopped))
    if spread is not None:
        losses = f"{spread.best:.3g} best, {spread.median:.3g} median, {spread.worst:.3g} worst"
        apart = (
            f"{number(spread.prediction_deviation, 4)} points on average, "
            f"{number(spread.prediction_range, 4)} at most"
        )
        pairs.append((f"{spread.count} starts", f"loss {losses}; start {run.start + 1} is kept"))
        pairs.append(("apart by", f"{apart}, in their predictions for these rows"))
    parts += [Text(), facts(pairs), Text(), fit_table(fit, validation)]
    return Group(*parts)


def fit_table(fit: Fit, validation: Fit | None = None) -> Table:
    """Show a network's metrics beside those of the baselines, in score units."""
    table = grid("fit", "R2", "RMSE", "MAE")
    for rows, measured in (("rows trained on", fit), ("rows held back", validation)):
        if measured is None:
            continue
        indent = ""
        if validation is not None:
            indent = "  "
            table.add_row(Text(rows, style="bold"))
        for what, metrics in (
            ("network", measured),
            ("straight line", measured.baselines.linear),
            ("mean", measured.baselines.mean),
        ):
            table.add_row(
                f"{indent}{what}",
                "-" if metrics.r2 is None else f"{metrics.r2:.4f}",
                number(metrics.rmse, 4),
                number(metrics.mae, 4),
            )
        table.add_section()
    return table


def _first_scores(dataset: Dataset, predicted: Array, *, with_inputs: bool) -> Table:
    """Show the first rows' scores, with what they were predicted from where there is room."""
    features = dataset.features if with_inputs else ()
    titles = [title for target in dataset.targets for title in (target, f"predicted {target}")]
    table = grid(*features, *titles, numbers_from=0)
    for row in range(min(len(predicted), FIRST_ROWS)):
        pairs = zip(dataset.scores[row], predicted[row], strict=True)
        table.add_row(
            *(number(value) for value in dataset.inputs[row].tolist()[: len(features)]),
            *(f"{value:.2f}" for pair in pairs for value in pair),
        )
    return table


# --- inspect


def inspection(model: Model, source: str, fit: Fit | None = None) -> Group:
    """Show architecture, weights, scaling and origin, and the fit to given rows."""
    fitted: list[RenderableType] = [] if fit is None else [Text(), fit_table(fit)]
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
        *fitted,
    )


def _parameters(model: Model) -> str:
    biases = sum(layer.neurons for layer in model.network.layers if layer.bias is not None)
    weights = model.network.parameters - biases
    return f"{model.network.parameters:,} ({count(weights, 'weight')}, {count(biases, 'bias')})"


def _weight_tables(model: Model) -> Iterator[RenderableType]:
    """One table a layer: a matrix where it fits, else a list of every weight."""
    names = neuron_names(model)
    for position, layer in enumerate(model.network.layers):
        yield Text()
        yield heading(f"Weights to the {layer_names(model)[position]} layer")
        before, after = names[position], names[position + 1]
        matrix = _weight_matrix(layer, before, after)
        if layer.parameters <= MOST_WEIGHTS and fits(matrix, COMFORTABLE_WIDTH):
            yield matrix
        else:
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
        "batch size": None if record.batch_size is None else f"{record.batch_size:,}",
        "best of": None if record.restarts is None else f"{record.restarts:,} starts",
        "held back": None if record.validation is None else f"{record.validation:g} of the rows",
        "epochs": f"{record.epochs:,}",
        "stopped by": record.stopped,
        "final loss": None if record.loss is None else f"{record.loss:.6g}",
        "validation": None if record.validation_loss is None else f"{record.validation_loss:.6g}",
        "made with": ", ".join(f"{what} {version}" for what, version in record.versions.items()),
        "date": record.date,
    }
    return [(what, value) for what, value in known.items() if value]


# --- forward-trace


def traced(trace: ForwardTrace, document: Document | None, precision: int | None) -> Group:
    """Show a forward pass: the inputs, a table a layer, and what came out.

    precision None means the document's ten digits, or fewer where the terminal is narrow.
    """
    digits = DOCUMENT_DIGITS if precision is None else precision
    if precision is None:
        digits = next(
            (
                tried
                for tried in range(DOCUMENT_DIGITS, FEWEST_DIGITS, -1)
                if all(fits(table) for _, table in _layer_tables(trace, document, tried))
            ),
            FEWEST_DIGITS,
        )
    parts: list[RenderableType] = []
    tables = _layer_tables(trace, document, digits)
    for layer, (title, table) in zip(trace.layers, tables, strict=True):
        parts += [heading(title), table, *_left_out(layer), Text()]
    if document is None:
        return Group(*_inputs(trace, digits), *parts, *_scores(trace, digits))
    return Group(*_example(trace, document), *parts, *_differences(trace, document))


def _layer_tables(
    trace: ForwardTrace, document: Document | None, digits: int
) -> list[tuple[str, Table]]:
    """Make a table for each layer, with its title."""
    figures = () if document is None else document.figures
    return [
        (
            f"{layer.name.capitalize()} layer",
            _layer_table(layer.neurons, [f for f in figures if f.layer == layer.name], digits),
        )
        for layer in trace.layers
    ]


def _left_out(layer: TracedLayer) -> Iterator[RenderableType]:
    """Say what a table of a large layer leaves out."""
    terms = len(layer.neurons[0].terms)
    neurons = len(layer.neurons) - max(MOST_WEIGHTS // terms, 1)
    if neurons > 0:
        yield Text(f"... and {count(neurons, 'neuron')} more: --json has all", style="dim")
    if terms > MOST_WEIGHTS:
        more = count(terms - MOST_WEIGHTS, "product")
        yield Text(f"... and {more} more in each sum: --json has all", style="dim")


def _layer_table(neurons: Sequence[Neuron], figures: Sequence[Figure], digits: int) -> Table:
    """Show each neuron's products, sum and activation; printed figures beside, where given."""
    table = grid("", "value", "weight", "product", *(["document"] if figures else []))
    printed = {(figure.neuron, figure.what): figure.printed for figure in figures}

    def beside(neuron: Neuron, what: str) -> list[str]:
        return [printed[neuron.name, what]] if figures else []

    for neuron in neurons[: max(MOST_WEIGHTS // len(neurons[0].terms), 1)]:
        table.add_row(Text(printable(neuron.name), style="bold", overflow="fold"))
        for term in neuron.terms[:MOST_WEIGHTS]:
            row = (number(value, digits) for value in (term.value, term.weight, term.product))
            table.add_row(name(f"  {term.from_}"), *row)
        if neuron.bias is not None:
            table.add_row("  bias", "", "", number(neuron.bias, digits))
        table.add_row("  sum", "", "", number(neuron.sum, digits), *beside(neuron, "sum"))
        output = Text(number(neuron.output, digits), style="bold cyan")
        table.add_row(f"  {neuron.activation}", "", "", output, *beside(neuron, "output"))
        table.add_section()
    return table


def _inputs(trace: ForwardTrace, digits: int) -> Iterator[RenderableType]:
    """Show the values as given and as the network sees them."""
    table = grid("", "value", "scaled")
    for value in trace.inputs:
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


def _example(trace: ForwardTrace, document: Document) -> Iterator[RenderableType]:
    """Say what the worked example is."""
    values = ", ".join(f"{value.name} {number(value.value)}" for value in trace.inputs)
    yield heading("The document's worked example")
    yield Text(f"{values}, unscaled; the goal is {number(document.goal)}.")
    yield Text()


def _differences(trace: ForwardTrace, document: Document) -> Iterator[RenderableType]:
    """Name each figure that the document got wrong, and both ends of the story."""
    yield heading("Where the document differs")
    for figure in document.figures:
        if figure.why:
            exact = number(figure.exact, DOCUMENT_DIGITS)
            off = number(figure.difference, DOCUMENT_DIGITS)
            yield Text(
                f"{figure.neuron} {figure.what}: {figure.printed} printed, {exact} exact, "
                f"off by {off}"
            )
            yield Padding(Text(figure.why, style="dim"), (0, 0, 0, 4), expand=False)
    yield Text()
    output = trace.layers[-1].neurons[0]
    last_sum, last_output = document.figures[-2:]
    exact_sum, exact = (number(n, DOCUMENT_DIGITS) for n in (output.sum, output.output))
    yield facts(
        [
            ("exact", f"sigmoid({exact_sum}) = {exact}"),
            ("document", f"sigmoid({last_sum.printed}) = {last_output.printed}"),
            ("goal", number(document.goal / 100)),
            ("score", f"{number(trace.scores[0], DOCUMENT_DIGITS)} of 100"),
        ]
    )
