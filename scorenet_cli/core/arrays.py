"""Small computations on arrays, apart from core.metrics so that predicting imports little."""

from __future__ import annotations

import numpy as np

from scorenet_cli.core import Array


def largest_absolute(values: Array) -> Array:
    """Largest absolute value of each column, 1 for a column of zeros; (columns,)."""
    largest = np.maximum(values.max(axis=0), -values.min(axis=0))
    return np.where(largest > 0, largest, 1.0)


def class_codes(outputs: Array) -> np.typing.NDArray[np.intp]:
    """Return the most probable class of each row of a target's outputs (rows, outputs).

    One output is the probability of the second of two classes.
    """
    codes = outputs[:, 0] >= 0.5 if outputs.shape[1] == 1 else outputs.argmax(axis=1)  # noqa: PLR2004
    return np.asarray(codes, dtype=np.intp)
