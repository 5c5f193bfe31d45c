"""A model's scores as a function of one or two columns, the others at their mean: data only."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import starmap

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.data.columns import encode, positions
from scorenet_cli.errors import DataError
from scorenet_cli.model.model import Model, intervals_if_known, predict_inputs

# Points per curve, and its extension beyond the training range, as a fraction of the range.
POINTS = 61
BEYOND = 0.25
# Largest absolute value that is drawn.
LARGEST = 1e290


@dataclass(frozen=True, eq=False)
class Curve:
    """Scores as a function of one column.

    values (points,) are in the column's own unit; for a text column they are the indices of its
    texts. scores are (points, outputs), intervals (points, outputs, 2) if the model has them;
    is_trained (points,) is true for values in the training range.
    """

    column: str
    texts: tuple[str, ...]
    values: Array
    scores: Array
    intervals: Array | None
    is_trained: np.typing.NDArray[np.bool_]


def base_inputs(model: Model, inputs: Array | None = None) -> Array:
    """Return the values (inputs,) of the inputs that do not vary.

    They are the mean of the given inputs (rows, inputs), else that of the training rows if the
    model stores it, else the middle of the training range and an equal part of each category.
    """
    if inputs is not None:
        unit = np.abs(inputs).max(axis=0) + 1.0  # so that no sum overflows
        return np.asarray((inputs / unit).mean(axis=0) * unit)
    if model.feature_offset is not None:
        return model.feature_offset
    base = np.array(
        [(low + high) / 2 for low, high in starmap(training_ends, _ranges(model).tolist())]
    )
    for column, where in positions(model.features, model.categories).items():
        if column in model.categories:
            base[where] = 1 / len(model.categories[column])
    return base


def ends(model: Model, column: str, beyond: float = BEYOND) -> tuple[float, float]:
    """Return the ends of a column's axis: its training range, extended by a fraction of it.

    If no training value is negative, the axis starts at 0 or above. Raises DataError if the ends
    are too large to be drawn.
    """
    where = positions(model.features, model.categories)[column].start
    lowest, highest = _ranges(model)[where].tolist()
    low, high = training_ends(lowest, highest)
    room = beyond * (high - low)
    low, high = max(low - room, 0.0) if lowest >= 0 else low - room, high + room
    if not -LARGEST <= low <= high <= LARGEST:
        raise DataError(f"the training range of '{column}' is too large to be drawn.")
    return low, high


def curve(
    model: Model, column: str, base: Array, *, beyond: float = BEYOND, points: int = POINTS
) -> Curve:
    """Vary one column over its axis, or its texts; raises DataError if a number is too large."""
    where = positions(model.features, model.categories)[column]
    texts = model.categories.get(column, ())
    if texts:
        values, (varied, _) = np.arange(float(len(texts))), encode(texts, texts)
    else:
        values = np.linspace(*ends(model, column, beyond), points)
        varied = values[:, np.newaxis]
    inputs = np.tile(base, (len(values), 1))
    inputs[:, where] = varied
    answer = predict_inputs(model, inputs)
    return Curve(
        column,
        texts,
        values,
        answer.scores,
        intervals_if_known(model, answer.scaled_inputs),
        ~answer.out_of_range[:, where.start],
    )


def surface(model: Model, across: Array, down: Array) -> Array:
    """Return the scores (down, across, outputs) of a model with two number columns.

    across holds values of the first, down of the second. Raises DataError if a score is too large.
    """
    inputs = np.stack(np.meshgrid(across, down), axis=2).reshape(-1, 2)
    return predict_inputs(model, inputs).scores.reshape(len(down), len(across), -1)


def has_surface(model: Model) -> bool:
    """Return whether a model has exactly two columns, both of numbers."""
    return len(model.features) == 2 and not model.categories  # noqa: PLR2004


def _ranges(model: Model) -> Array:
    """Smallest and largest value of each input; if unknown, 0 and its scale."""
    if model.feature_range is not None:
        return model.feature_range
    return np.stack([np.zeros_like(model.feature_scale), model.feature_scale], axis=1)


def training_ends(low: float, high: float) -> tuple[float, float]:
    """Return the ends of a range; those of one around it if it is a single value."""
    is_range = high - low > 1e-9 * max(abs(low), 1.0 / LARGEST)
    room = 0.0 if is_range else max(abs(low), 1.0) / 2
    return low - room, high + room
