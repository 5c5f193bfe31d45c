"""What a training run came to: scores beside each other, loss, fit."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scorenet_cli.core import Array
from scorenet_cli.core.metrics import Fit
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.show.tables import COMFORTABLE_WIDTH, count, facts, fits, number_table
from scorenet_cli.text import number
from scorenet_cli.training.fit import RestartStats
from scorenet_cli.training.loop import TrainingResult

# Rows of a training set that the summary shows.
FIRST_ROWS = 10
# Scores are written to hundredths from 1 up to here.
MAX_POINTS = 1e9


def training_summary(  # noqa: PLR0913 - all that a run came to
    dataset: Dataset,
    predicted: Array,
    run: TrainingResult,
    *,
    fit: Fit,
    validation: Fit | None = None,
    spread: RestartStats | None = None,
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
    table = number_table("fit", "R2", "RMSE", "MAE")
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
    table = number_table(*features, *titles, numbers_from=0)
    largest = max(float(dataset.scores.max()), float(predicted.max()))
    for row in range(min(len(predicted), FIRST_ROWS)):
        pairs = zip(dataset.scores[row], predicted[row], strict=True)
        table.add_row(
            *(number(value) for value in dataset.inputs[row].tolist()[: len(features)]),
            *(_points(value, largest) for pair in pairs for value in pair),
        )
    return table


def _points(value: float, largest: float) -> str:
    """Write a score to hundredths, or as any number where the largest is no usual score."""
    return f"{value:.2f}" if 1 <= largest < MAX_POINTS else number(value)
