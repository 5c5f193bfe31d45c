"""The summary of a training run: actual and predicted scores, loss, fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scorenet_cli.core import Array
from scorenet_cli.core.metrics import ROUNDING, Evaluation
from scorenet_cli.data.columns import decode, decode_row, positions
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.show.tables import (
    FirstThatFits,
    class_tables,
    fit_table,
    heading,
    key_value_table,
    number_table,
    omitted_note,
    r2_text,
)
from scorenet_cli.text import count, number
from scorenet_cli.training.fit import Choice, FitResult

# Rows of a training set that the summary shows.
FIRST_ROWS = 10
# Most features that it shows in a pipe, which has no width limit; more take seconds to lay out.
MAX_FEATURES = 1000
# Largest score written with two decimals; the smallest is 1.
MAX_POINTS = 1e9


def training_summary(fit: FitResult, command: str = "") -> Group:
    """Show actual beside predicted scores for the first rows, then what the run came to.

    command is the one that trains the same without auto.
    """
    result, dataset, predicted = fit.result, fit.plan.data, fit.predicted
    epochs = f"{count(result.epochs, 'epoch')}, {result.seconds:.3g} s"
    pairs = [("loss", f"{result.loss:.6g} after {epochs}")]
    if result.best_epoch != result.epochs:
        pairs = [("loss", f"{result.loss:.6g} at epoch {result.best_epoch:,} of {epochs}")]
    if result.validation_loss is not None:
        lowest = f"{result.validation_loss:.6g} at epoch {result.best_epoch:,}, the lowest"
        pairs.append(("validation loss", lowest))
    if result.stopped not in {"epochs", "interrupted"}:
        pairs.append(("stop reason", result.stopped))
    if (found := result.evidence) is not None:
        effective = f"{found.effective_parameters:.1f} of {result.network.parameters}"
        decays = ", ".join(map("{:.3g}".format, found.decays))
        decays += " by layer" if len(found.decays) > 1 else ""
        pairs += [("weight decay", decays), ("parameters", f"{effective} effective")]
    if (spread := fit.restarts) is not None:
        losses = (
            f"lowest loss {spread.best:.3g}, median {spread.median:.3g}, highest {spread.worst:.3g}"
        )
        reason = " (the highest evidence)" if found else ""
        mean, largest = number(spread.prediction_deviation, 4), number(spread.prediction_range, 4)
        pairs += [
            (f"{spread.count} starts", f"{losses}; seed {fit.seed} is kept{reason}"),
            ("", f"prediction spread across starts: mean std {mean}, max range {largest}"),
        ]
    if (choice := fit.choice) is not None:
        pairs = [*_choice_lines(choice), *pairs]
    others = {title: other.fit for title, other in _on_other_rows(fit).items()}
    no_room = Text("(feature columns omitted: the table would be too wide)", style="dim")
    ways: list[Callable[[], Table | Group]] = [
        lambda: Group(_first_scores(dataset, predicted, has_features=False), no_room)
    ]
    if len(dataset.features) <= MAX_FEATURES:
        ways.insert(0, lambda: _first_scores(dataset, predicted, has_features=True))
    return Group(
        FirstThatFits(ways),
        *omitted_note(len(dataset.scores) - FIRST_ROWS, "row", ""),
        Text(),
        key_value_table(pairs),
        *([Text(f"reproduce with: {command}", overflow="ignore")] if command else []),
        Text(),
        fit_table(fit.metrics, dataset.scores, others),
        *_each_target(fit),
        *_classes(fit),
    )


def _first_scores(dataset: Dataset, predicted: Array, *, has_features: bool) -> Table:
    """Show the first rows: their features, then each score, or class, and its prediction."""
    largest = max(float(dataset.scores.max()), float(predicted.max()))
    # Two decimals if the largest score is from 1 to MAX_POINTS; otherwise the general format.
    points = "{:z.2f}".format if 1 <= largest < MAX_POINTS else number
    predicted = np.where(np.abs(predicted) <= ROUNDING * largest, 0.0, predicted)
    columns: dict[str, list[str]] = {}
    for target, where in positions(dataset.targets, dataset.classes).items():
        for title, scores in (("", dataset.scores), ("predicted ", predicted)):
            part, classes = scores[:FIRST_ROWS, where], dataset.classes.get(target)
            columns[title + target] = (
                decode(part, classes) if classes else list(map(points, part[:, 0].tolist()))
            )
    names = dataset.features if has_features else ()
    inputs = dataset.inputs[:FIRST_ROWS].tolist()
    features = [decode_row(row, names, dataset.categories) for row in inputs]
    scores_of = zip(*columns.values(), strict=True)
    rows = ([*values, *scores] for values, scores in zip(features, scores_of, strict=True))
    return number_table([*names, *columns], rows, numbers_from=0)


def _choice_lines(choice: Choice) -> Iterator[tuple[str, str]]:
    """Describe what auto compared and chose."""
    for number_of, (hidden, fit) in enumerate(choice.compared):
        beside = f"R2 {r2_text(fit.r2)}, RMSE {number(fit.rmse, 4)} out of fold"
        is_chosen = ", chosen" if hidden == choice.settings.hidden else ""
        size = f"{','.join(map(str, hidden))} hidden neurons" if hidden else "no hidden layer"
        yield ("" if number_of else "compared", f"{size}: {beside}{is_chosen}")
    folds = f"on {choice.rows:,} rows, in 5 folds"
    yield ("", f"{folds}; chosen: the simplest not clearly worse than the best")
    if len(choice.compared) > 1:
        yield ("", '"out of fold" below: each fold is predicted with the size chosen on the others')


def _each_target(fit: FitResult) -> Iterator[RenderableType]:
    """Show the metrics of each target, where there are several."""
    if len(fit.each) == 1:
        return
    others = _on_other_rows(fit)
    for number_of, target in enumerate(fit.plan.data.output_names):
        if target in fit.plan.data.targets:
            beside = {title: other.each[number_of] for title, other in others.items()}
            scores = fit.plan.data.scores[:, number_of]
            yield from (Text(), heading(target), fit_table(fit.each[number_of], scores, beside))


def _classes(fit: FitResult) -> Iterator[RenderableType]:
    """Show how well classes are told apart, on rows not used for training if there are any."""
    title, part = next(iter(_on_other_rows(fit).items()), ("training rows", fit))
    return class_tables(part.classes, f", {title}")


def _on_other_rows(fit: FitResult) -> dict[str, Evaluation]:
    """Return the evaluations on validation or test rows and out of fold, if any."""
    held_out = "validation rows" if fit.plan.test_rows is None else "test rows"
    parts = {held_out: fit.validation, "out of fold": fit.cross_validation}
    return {title: part for title, part in parts.items() if part is not None}
