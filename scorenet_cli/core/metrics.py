"""How good predictions are, in score units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.arrays import class_codes, largest_absolute
from scorenet_cli.core.inverse import inverse_factor
from scorenet_cli.core.network import BLOCK_ROWS
from scorenet_cli.core.parallel import SHARDS, interruptible, map_shards, round_robin
from scorenet_cli.errors import DataError

# Maximum number of columns for linear regression by SVD.
MAX_COLUMNS_FOR_LSTSQ = 300
# Ridge penalty as a fraction of the trace, and the number of iterations.
RIDGE = 1e-11
RIDGE_STEPS = 5
# Relative RMSE up to which an error counts as rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Metrics:
    """R², root mean squared error and mean absolute error; r2 is None if scores are constant.

    R² = 1 - Σ(actual - predicted)² / Σ(actual - mean)².
    """

    r2: float | None
    rmse: float
    mae: float


@dataclass(frozen=True)
class ClassFit:
    """Classification accuracy, with that of always predicting the most frequent class.

    confusion holds a row for each actual class, with the number of predictions of each class.
    most_frequent is the most frequent class of the training rows.
    """

    target: str
    classes: tuple[str, ...]
    accuracy: float
    most_frequent: str
    most_frequent_accuracy: float
    confusion: tuple[tuple[int, ...], ...]


class Evaluation(NamedTuple):
    """A model on rows with known scores.

    inputs are (rows, inputs), actual and predicted (rows, outputs); each holds the fit of every
    output by itself. is_training_data: the model was trained (and validated) on these rows.
    warnings name targets for which a baseline is as good; notes report unusable rows. classes holds
    the results of text targets. importance holds each column's mean decrease of R² and its standard
    deviation (model.importance); coverage the fraction of each output's scores inside its 90 %
    interval, if the model has intervals.
    """

    inputs: Array
    actual: Array
    predicted: Array
    fit: Fit
    each: tuple[Fit, ...] = ()
    is_training_data: bool = False
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    classes: tuple[ClassFit, ...] = ()
    importance: Mapping[str, tuple[float, float]] = MappingProxyType({})
    coverage: tuple[float, ...] = ()


def measure(predicted: Array, actual: Array) -> Metrics:
    """Compare scores (rows, targets); raises DataError if their difference overflows.

    R² is the mean over the targets whose scores vary.
    """
    unit = float(max(np.abs(actual).max(), np.abs(predicted).max())) or 1.0
    squares = actual / unit  # so that no square overflows
    is_constant = np.ptp(squares, axis=0) == 0  # its spread may be above 0 by rounding
    squares -= squares.mean(axis=0)
    spread = np.square(squares, out=squares).sum(axis=0)
    error = np.divide(actual, unit, out=squares)
    for rows in blocks(len(error)):  # another array of this size would need too much memory
        error[rows] -= predicted[rows] / unit
    mae = float(np.mean(np.abs(error, out=error))) * unit
    np.square(error, out=squares)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        r2 = 1.0 - squares.sum(axis=0) / spread
    r2 = r2[~is_constant & np.isfinite(r2)]
    rmse = float(np.sqrt(np.mean(squares))) * unit
    if not np.isfinite(rmse):
        raise DataError("the scores are too large to compare. Give them in a larger unit.")
    return Metrics(r2=float(np.mean(r2)) if len(r2) else None, rmse=rmse, mae=mae)


def compare_classes(
    target: str, classes: tuple[str, ...], predicted: Array, actual: Array, mean: Array
) -> ClassFit:
    """Compare classes; predicted and actual are (rows, outputs), mean is that of training rows."""
    found, true = class_codes(predicted), class_codes(actual)
    most_frequent = int(class_codes(mean[np.newaxis])[0])
    confusion = np.zeros((len(classes), len(classes)), dtype=np.intp)
    np.add.at(confusion, (true, found), 1)
    return ClassFit(
        target=target,
        classes=classes,
        accuracy=float(np.mean(found == true)),
        most_frequent=classes[most_frequent],
        most_frequent_accuracy=float(np.mean(true == most_frequent)),
        confusion=tuple(map(tuple, confusion.tolist())),
    )


@dataclass(frozen=True)
class Baselines:
    """Metrics of the two baselines: the mean score, and linear regression."""

    mean: Metrics
    linear: Metrics


@dataclass(frozen=True)
class Fit(Metrics):
    """A model's metrics, and those of the baselines on the same rows."""

    baselines: Baselines


@dataclass(frozen=True, eq=False)
class BaselineModel:
    """The mean score and linear regression, fitted to some rows.

    mean is (targets,), in score units. coefficients is (features + 1, targets), the intercept
    last: for inputs divided by input_scale (features,), and scores divided by score_scale
    (targets,), so that no number overflows.
    """

    mean: Array
    coefficients: Array
    input_scale: Array
    score_scale: Array

    def predict_mean(self, inputs: Array) -> Array:
        """Return the mean scores for each row of inputs (rows, features): (rows, targets)."""
        return np.broadcast_to(self.mean, (len(inputs), len(self.mean)))

    def predict_linear(self, inputs: Array) -> Array:
        """Return linear regression's scores for inputs (rows, features): (rows, targets)."""
        scores = np.empty((len(inputs), len(self.mean)))
        with np.errstate(over="ignore"):
            for rows in blocks(len(inputs)):
                scaled = _with_intercept(inputs[rows] / self.input_scale) @ self.coefficients
                scores[rows] = np.nan_to_num(scaled * self.score_scale)
        return scores


def fit_baselines(inputs: Array, scores: Array) -> BaselineModel:
    """Fit the mean and linear regression to inputs (rows, features), scores (rows, targets)."""
    input_scale, score_scale = largest_absolute(inputs), largest_absolute(scores)
    return BaselineModel(
        mean=(scores / score_scale).mean(axis=0) * score_scale,
        coefficients=_linear_regression(inputs, scores, input_scale, score_scale),
        input_scale=input_scale,
        score_scale=score_scale,
    )


def _with_intercept(values: Array) -> Array:
    """Add a column of ones."""
    return np.column_stack([values, np.ones(len(values))])


def blocks(rows: int) -> list[slice]:
    """Cut rows into blocks, large enough for all cores and small enough for the memory."""
    size = SHARDS * BLOCK_ROWS
    return [slice(start, start + size) for start in range(0, rows, size)]


def _linear_regression(
    inputs: Array, scores: Array, input_scale: Array, score_scale: Array
) -> Array:
    """Return the least-squares coefficients (features + 1, targets), the intercept last.

    They are those of inputs and scores divided by their scales.

    Many columns: iterated ridge regression on the residuals, which converges to least squares,
    needs no SVD, and allows dependent columns. Few columns: SVD of the rows, or of their triangular
    QR factor for long tables.
    """
    if inputs.shape[1] <= MAX_COLUMNS_FOR_LSTSQ:

        def columns_of(rows: slice) -> Array:
            scaled = inputs[rows] / input_scale, scores[rows] / score_scale
            return np.column_stack([_with_intercept(scaled[0]), scaled[1]])

        def triangular_factor(parts: Sequence[slice]) -> Array:
            """Return R with RᵀR = Σ AᵀA over the parts A."""
            factor = columns_of(slice(0))
            for rows in interruptible(parts):
                factor = np.asarray(np.linalg.qr(np.vstack([factor, columns_of(rows)]), mode="r"))
            return factor

        if len(inputs) > BLOCK_ROWS:
            starts = range(0, len(inputs), BLOCK_ROWS)
            parts = [slice(start, start + BLOCK_ROWS) for start in starts]
            columns = np.vstack(map_shards(triangular_factor, round_robin(parts)))
        else:
            columns = columns_of(slice(None))
        known, sought = np.split(columns, [inputs.shape[1] + 1], axis=1)
        return np.asarray(np.linalg.lstsq(known, sought)[0])
    inputs, scores = inputs / input_scale, scores / score_scale
    mean = inputs.mean(axis=0)
    centred = inputs - mean
    norm = np.sqrt((centred**2).sum(axis=0))
    norm[norm == 0] = 1.0
    centred /= norm
    is_wide = len(centred) < centred.shape[1]
    gram = centred @ centred.T if is_wide else centred.T @ centred
    gram.flat[:: len(gram) + 1] += RIDGE * max(gram.trace(), 1.0)
    factor, _ = inverse_factor(gram)
    errors = scores - scores.mean(axis=0)
    coefficients = np.zeros((centred.shape[1], scores.shape[1]))
    for _ in range(RIDGE_STEPS):
        right = errors if is_wide else centred.T @ errors
        step = factor.T @ (factor @ right)
        step = centred.T @ step if is_wide else step
        coefficients += step
        errors -= centred @ step
    coefficients /= norm[:, np.newaxis]
    return np.vstack([coefficients, scores.mean(axis=0) - mean @ coefficients])


def compare_scores(predicted: Array, mean: Array, linear: Array, actual: Array) -> Fit:
    """Measure predicted scores, and those of the mean and of linear regression.

    All are (rows, targets).
    """
    metrics = measure(predicted, actual)
    beside = Baselines(mean=measure(mean, actual), linear=measure(linear, actual))
    return Fit(metrics.r2, metrics.rmse, metrics.mae, beside)


def compare_scores_each(*scores: Array) -> tuple[Fit, ...]:
    """Measure each target by itself, as compare_scores measures all of them."""
    targets = zip(*(np.hsplit(each, each.shape[1]) for each in scores), strict=True)
    return tuple(compare_scores(*target) for target in targets)


def compare(predicted: Array, inputs: Array, actual: Array, baselines: BaselineModel) -> Fit:
    """Measure predicted scores (rows, targets), and the baselines' on the same inputs."""
    others = baselines.predict_mean(inputs), baselines.predict_linear(inputs)
    return compare_scores(predicted, *others, actual)


def compare_each(
    predicted: Array, inputs: Array, actual: Array, baselines: BaselineModel
) -> tuple[Fit, ...]:
    """Measure each target by itself, as compare measures all of them."""
    others = baselines.predict_mean(inputs), baselines.predict_linear(inputs)
    return compare_scores_each(predicted, *others, actual)


def baseline_warnings(
    each: Sequence[Fit], actual: Array, names: Sequence[str], *, rows: int, features: int
) -> tuple[str, ...]:
    """Return a warning for each target that is predicted no better than by a baseline."""
    size = {"rows": rows, "features": features}
    found = []
    for target, (name, fit) in enumerate(zip(names, each, strict=True)):
        if fit.r2 is None:  # constant scores: R² is undefined
            continue
        if words := baseline_warning(fit, actual[:, target : target + 1], **size):
            found.append(words if len(names) == 1 else f"for '{name}', {words}")
    return tuple(found)


def baseline_warning(fit: Fit, actual: Array, *, rows: int, features: int) -> str | None:
    """Return a warning if a model is no better than a baseline, else None.

    actual (rows, targets) are the scores of fit: an error that is only rounding relative to them
    counts as 0. rows and features are those of the training data: linear regression with no fewer
    coefficients than rows fits exactly and is not compared.
    """
    rounding = ROUNDING * float(np.abs(actual).max())

    def error(metrics: Metrics) -> float:
        return metrics.rmse if metrics.rmse > rounding else 0.0

    if error(fit) >= error(fit.baselines.mean) > 0:
        return "the network is no better than predicting the mean for every row."
    if rows > features + 1 and error(fit) >= error(fit.baselines.linear):
        return "the network is no better than linear regression."
    return None
