"""Permutation importance: the decrease of R² when the values of one column are shuffled.

Breiman, Random Forests (2001), as in scikit-learn's permutation_importance.
"""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.core.metrics import measure
from scorenet_cli.core.network import Network, weighted_sums
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.data.columns import positions, scale_inputs
from scorenet_cli.errors import DataError
from scorenet_cli.model.model import Model, to_scores

SHUFFLES = 5
SEED = 23
# Maximum of rows x products over all shuffles, about 2 seconds; larger tables are sampled.
MAX_WORK = 150_000_000
MIN_ROWS = 100
MAX_COLUMNS = 200


class Importance(NamedTuple):
    """The mean decrease of R² over the shuffles, and its standard deviation."""

    loss: float
    spread: float


class Importances(NamedTuple):
    """Each column's importance, and notes on what was not measured."""

    columns: dict[str, Importance]
    notes: tuple[str, ...] = ()


def permutation_importance(model: Model, inputs: Array, actual: Array) -> Importances:
    """Shuffle each column 5 times; inputs (rows, inputs) unscaled, actual scores (rows, outputs).

    The inputs of a text column are shuffled together. The result has no columns if R² is undefined
    or there are more than MAX_COLUMNS. Many rows are sampled.
    """
    first, *rest = model.network.layers
    columns = positions(model.features, model.categories)
    if len(columns) > MAX_COLUMNS:
        note = f"importance is not measured: there are more than {MAX_COLUMNS} columns."
        return Importances({}, (note,))
    notes: tuple[str, ...] = ()
    # An activation costs about as much as 20 products.
    work = 40 + 20 * first.neurons + sum(20 * each.neurons + each.parameters for each in rest)
    most = max(MAX_WORK // (SHUFFLES * len(columns) * work), MIN_ROWS)
    rng = np.random.default_rng(SEED)
    if len(inputs) > most:
        notes = (f"importance is measured on {most:,} of {len(inputs):,} rows, drawn at random.",)
        chosen = np.sort(rng.choice(len(inputs), most, replace=False))
        inputs, actual = inputs[chosen], actual[chosen]
    scaled = scale_inputs(inputs, model.feature_scale, "training", model.feature_offset)
    sums = weighted_sums(scaled, first)

    def r2(sums: Array) -> float | None:
        outputs = ACTIVATIONS[first.activation].function(sums)
        if rest:
            outputs = predict_outputs(Network(tuple(rest)), outputs)
        return measure(to_scores(model, outputs), actual).r2

    def shuffled_r2(where: slice) -> float:
        change = scaled[rng.permutation(len(scaled)), where] - scaled[:, where]
        return r2(sums + change @ first.weights[where]) or 0.0

    found: dict[str, Importance] = {}
    # Shuffled values may become too large to compute with.
    with np.errstate(over="ignore", invalid="ignore"), suppress(DataError):
        if (whole := r2(sums)) is not None:
            for name, where in columns.items():
                losses = [whole - shuffled_r2(where) for _ in range(SHUFFLES)]
                found[name] = Importance(float(np.mean(losses)), float(np.std(losses)))
    return Importances(found, notes)
