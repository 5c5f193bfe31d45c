"""How good predictions are, in score units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scorenet_cli.network import Array


@dataclass(frozen=True)
class Metrics:
    """R², root mean squared error and mean absolute error; r2 is None where scores are equal.

    R² = 1 - Σ(actual - predicted)² / Σ(actual - mean)², the mean of it over several targets.
    """

    r2: float | None
    rmse: float
    mae: float


def measure(predicted: Array, actual: Array) -> Metrics:
    """Compare scores (rows, targets)."""
    unit = float(max(np.abs(actual).max(), np.abs(predicted).max())) or 1.0
    actual, predicted = actual / unit, predicted / unit  # so that no square overflows
    error = actual - predicted
    spread = ((actual - actual.mean(axis=0)) ** 2).sum(axis=0)
    return Metrics(
        r2=float(np.mean(1.0 - (error**2).sum(axis=0) / spread)) if spread.all() else None,
        rmse=float(np.sqrt(np.mean(error**2))) * unit,
        mae=float(np.mean(np.abs(error))) * unit,
    )
