"""How good predictions are, in score units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.errors import DataError


def largest_absolute(values: Array) -> Array:
    """Largest absolute value of each column, 1 for a column of zeros; (columns,)."""
    largest: Array = np.abs(values).max(axis=0)
    return np.where(largest > 0, largest, 1.0)


@dataclass(frozen=True)
class Metrics:
    """R², root mean squared error and mean absolute error; r2 is None where scores are equal.

    R² = 1 - Σ(actual - predicted)² / Σ(actual - mean)², the mean of it over several targets.
    """

    r2: float | None
    rmse: float
    mae: float


class Evaluation(NamedTuple):
    """A model on rows whose scores are known: both (rows, targets), and what they come to."""

    actual: Array
    predicted: Array
    fit: Fit


def measure(predicted: Array, actual: Array) -> Metrics:
    """Compare scores (rows, targets); DataError where they lie beyond numbers apart."""
    unit = float(max(np.abs(actual).max(), np.abs(predicted).max())) or 1.0
    actual, predicted = actual / unit, predicted / unit  # so that no square overflows
    error = actual - predicted
    spread = ((actual - actual.mean(axis=0)) ** 2).sum(axis=0)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        r2 = float(np.mean(1.0 - (error**2).sum(axis=0) / spread))
    rmse = float(np.sqrt(np.mean(error**2))) * unit
    if not np.isfinite(rmse):
        raise DataError("the scores are too large to compare. Give them in a larger unit.")
    mae = float(np.mean(np.abs(error))) * unit
    return Metrics(r2=r2 if np.isfinite(r2) else None, rmse=rmse, mae=mae)


@dataclass(frozen=True)
class Baselines:
    """What is always there to compare with: the mean of the scores, and a straight line."""

    mean: Metrics
    linear: Metrics


@dataclass(frozen=True)
class Fit(Metrics):
    """A model's metrics beside those of the baselines on the same rows."""

    baselines: Baselines


def linear_regression(inputs: Array, scores: Array) -> Array:
    """Least squares with an intercept: coefficients (features + 1, targets), the intercept last.

    They are for values and scores in their own units; infinite where numbers do not reach.
    """
    unit, points = largest_absolute(inputs), largest_absolute(scores)  # so that no sum overflows
    design = np.column_stack([inputs / unit, np.ones(len(inputs))])
    with np.errstate(over="ignore"):
        lines = np.linalg.lstsq(design, scores / points)[0] * points
        return np.asarray(lines / np.append(unit, 1.0)[:, np.newaxis], dtype=np.float64)


def compare(
    predicted: Array, inputs: Array, actual: Array, training_data: tuple[Array, Array]
) -> Fit:
    """Measure predicted scores beside baselines fitted to the training data's inputs and scores.

    The linear baseline is least squares with an intercept.
    """
    unit, points = map(largest_absolute, training_data)  # so that no sum overflows
    scores = training_data[1] / points

    def design(values: Array) -> Array:
        return np.column_stack([values / unit, np.ones(len(values))])

    coefficients = np.linalg.lstsq(design(training_data[0]), scores)[0]
    mean = np.broadcast_to(scores.mean(axis=0) * points, actual.shape)
    with np.errstate(over="ignore"):
        line = np.nan_to_num(design(inputs) @ coefficients * points)
    metrics = measure(predicted, actual)
    baselines = Baselines(measure(mean, actual), measure(line, actual))
    return Fit(metrics.r2, metrics.rmse, metrics.mae, baselines)


def baseline_warning(fit: Fit, *, rows: int, features: int) -> str | None:
    """Say in words where a model is no better than a baseline; None where it is, or cannot be.

    Through no more rows than there are features and an intercept, a straight line passes
    exactly: that says nothing.
    """
    if fit.rmse >= fit.baselines.mean.rmse > 0:
        return "the network is no better than predicting the mean score for everyone."
    if rows > features + 1 and fit.rmse >= fit.baselines.linear.rmse:
        return "the network is no better than a straight line (linear least squares)."
    return None
