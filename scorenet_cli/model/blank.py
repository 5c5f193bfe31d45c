"""Traces as exercises: results are nan, which is printed as a blank."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, TypeVar

import numpy as np

from scorenet_cli.model.batch import GIVEN, BatchTrace
from scorenet_cli.model.trace import BackwardTrace, ForwardTrace

_Trace = TypeVar("_Trace", ForwardTrace, BackwardTrace)

# Computed fields. From the second layer on, the value of a term is computed, too.
_RESULTS = frozenset(
    {
        *("product", "sum", "output", "outputs", "scores", "error", "slope", "delta", "change"),
        *("after", "loss", "outputs_after", "scores_after", "loss_after"),
    }
)


def blank(trace: _Trace) -> _Trace:
    """Return the trace with only values, weights, actual scores and learning rate known."""
    blanked: _Trace = _blank(trace, _RESULTS)
    return blanked


def blank_batch(trace: BatchTrace) -> BatchTrace:
    """Return the step with only X, y, the weights and the learning rate known."""
    matrices = (
        matrix
        if matrix.kind in GIVEN
        else dataclasses.replace(matrix, values=np.full_like(matrix.values, math.nan))
        for matrix in trace.matrices
    )
    return dataclasses.replace(trace, matrices=tuple(matrices), loss=math.nan, loss_after=math.nan)


def _blank(value: Any, results: frozenset[str]) -> Any:  # noqa: ANN401 - any part of a trace
    """Replace the fields that are results, at any depth."""
    if isinstance(value, tuple):
        return tuple(_blank(item, results) for item in value)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        part = getattr(value, field.name)
        if field.name not in results:
            changes[field.name] = _blank(part, results)
        else:
            changes[field.name] = (math.nan,) * len(part) if isinstance(part, tuple) else math.nan
    if isinstance(value, ForwardTrace):
        first, *later = changes["layers"]
        changes |= {"layers": (first, *_blank(tuple(later), results | {"value"})), "intervals": ()}
    return dataclasses.replace(value, **changes)
