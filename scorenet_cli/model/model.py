"""A model: a network, the names and scales around it, and how it was trained."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from scorenet_cli.core import Array
from scorenet_cli.core.intervals import Uncertainty, output_interval
from scorenet_cli.core.network import Network
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.data.columns import ScalingName, scale_inputs
from scorenet_cli.errors import DataError, OptionError
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.text import listed, number


@dataclass(frozen=True, eq=False)
class Model:
    """A network with its features and targets.

    feature_scale (features,) and target_scale (targets,) are what a column is divided by;
    feature_range (features, 2) the smallest and largest training value, where known.
    is_weights_only tells that nothing but weights was loaded: the scaling they were trained with
    is not known, and values are taken as already scaled. uncertainty is what intervals are made
    from, where the model was trained by lm with weight decay.
    """

    network: Network
    features: tuple[str, ...]
    targets: tuple[str, ...]
    feature_scale: Array
    target_scale: Array
    feature_range: Array | None = None
    training: TrainingRecord | None = None
    is_weights_only: bool = False
    uncertainty: Uncertainty | None = None

    def predict(self, values: ArrayLike, *, scaling: ScalingName = "training") -> Array:
        """Return scores (rows, targets), in score units, for values (rows, features).

        The function predict returns scaled inputs and outputs, too. DataError as there.
        """
        return predict(self, values, scaling).scores

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save a model file, whole or not at all; FileError says why that cannot be done."""
        from scorenet_cli.model import json_file  # noqa: PLC0415 - it imports this module

        json_file.save(self, os.fspath(path))

    def _repr_html_(self) -> str:
        """Return the picture of the network (SVG), for notebooks."""
        from scorenet_cli.model.svg import network_picture  # noqa: PLC0415 - it imports this module

        return network_picture(self)


class Predictions(NamedTuple):
    """Values as given and as scaled (rows, features), outputs and scores (rows, targets).

    out_of_range (rows, features) is true where a value lies outside the training range.
    """

    inputs: Array
    scaled_inputs: Array
    outputs: Array
    scores: Array
    out_of_range: np.typing.NDArray[np.bool_]


def predict(model: Model, values: ArrayLike, scaling: ScalingName = "training") -> Predictions:
    """Run the model on values (rows, features), in the features' own units.

    DataError where values have another shape, or become too large to compute with.
    """
    values = as_rows(model, values)
    scaled = scale_inputs(values, model.feature_scale, scaling)
    outputs = predict_outputs(model.network, scaled)
    scores = to_scores(model, outputs)
    bad_rows = ~(np.isfinite(scaled).all(axis=1) & np.isfinite(scores).all(axis=1))
    if bad_rows.any():
        raise overflow_error(values[bad_rows][0].tolist())
    return Predictions(values, scaled, outputs, scores, out_of_range(model, values, scaling))


def intervals(model: Model, answer: Predictions, level: float) -> Array:
    """Return the lowest and highest score of an interval (rows, outputs, 2) for predictions.

    A new row's score is inside with the probability level. OptionError where level is none, or
    where the model does not hold what intervals are made from.
    """
    check_interval(model, level)
    assert model.uncertainty is not None  # noqa: S101 - checked
    ends = output_interval(model.network, answer.scaled_inputs, model.uncertainty, level)
    return np.stack([to_scores(model, end) for end in ends], axis=2)


def check_level(level: float) -> None:
    """Raise OptionError where the level of an interval is no probability."""
    if not 0 < level < 1:
        raise OptionError("expects a fraction between 0 and 1, e.g. 0.9.", option="interval")


def check_interval(model: Model, level: float) -> None:
    """Raise OptionError where level is no probability, or the model gives no intervals."""
    check_level(level)
    if model.uncertainty is None:
        raise OptionError(
            "needs a model that knows how uncertain it is, and this one does not. Train one by "
            "`optimizer=lm` with `weight_decay=auto`.",
            option="interval",
        )


def as_rows(model: Model, values: ArrayLike) -> Array:
    """Return values as a float array (rows, features); DataError for anything else."""
    count = len(model.features)
    try:
        rows = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"expected rows of {count} numbers: {listed(model.features)}.") from error
    if rows.ndim != 2 or rows.shape[1] != count:  # noqa: PLR2004 - a matrix
        raise DataError(
            f"expected values of shape (rows, {count}): {listed(model.features)}; got {rows.shape}."
        )
    if not np.isfinite(rows).all():
        raise DataError(f"{rows[~np.isfinite(rows)][0]} is not a finite number.")
    return rows


def to_scores(model: Model, outputs: Array) -> Array:
    """Bring outputs (rows, targets) to score units; infinite where they are too large."""
    with np.errstate(over="ignore"):
        return outputs * model.target_scale


def overflow_error(values: Sequence[float]) -> DataError:
    """Make the error for values that lead beyond floating-point numbers."""
    return DataError(
        f"the numbers for {', '.join(map(number, values))} become too large to compute with. "
        "Check the values' units, and the model's weights and scales."
    )


def out_of_range(model: Model, values: Array, scaling: ScalingName) -> np.typing.NDArray[np.bool_]:
    """Tell which values lie outside the training range."""
    ranges = training_range(model, scaling)
    if ranges is None:
        return np.zeros(values.shape, dtype=bool)
    return (values < ranges[:, 0]) | (values > ranges[:, 1])


def scaling_warning(model: Model, values: Array, scaling: ScalingName) -> str | None:
    """Say that values (rows, features) are taken as scaled and one is not; None where all is well.

    Weights alone hold no scaling, so that nothing divides the values.
    """
    large = values[np.abs(values) > 1]
    if not model.is_weights_only or scaling == "own" or not large.size:
        return None
    return (
        f"these weights hold no scaling, so values are taken as already scaled, and "
        f"{number(float(large[0]))} is larger than 1. `scaling=own` divides values by their own "
        "largest, as the document does."
    )


def training_range(model: Model, scaling: ScalingName) -> Array | None:
    """Smallest and largest training value (features, 2), in the units that values come in."""
    if model.feature_range is None or scaling != "none":
        return model.feature_range
    with np.errstate(over="ignore"):
        return model.feature_range / model.feature_scale[:, np.newaxis]


def neuron_names(model: Model) -> list[tuple[str, ...]]:
    """Name each layer's neurons, inputs first: features, h1 h2 ..., targets.

    With several hidden layers a hidden neuron is h<layer>.<neuron>.
    """
    hidden = [layer.neurons for layer in model.network.layers[:-1]]
    several = len(hidden) > 1
    return [
        model.features,
        *(
            tuple(f"h{layer}.{n}" if several else f"h{n}" for n in range(1, neurons + 1))
            for layer, neurons in enumerate(hidden, start=1)
        ),
        model.targets,
    ]


def layer_names(model: Model) -> list[str]:
    """Name each layer of neurons: hidden (hidden 1, hidden 2, ...), then output."""
    hidden = len(model.network.layers) - 1
    names = ["hidden"] if hidden == 1 else [f"hidden {n}" for n in range(1, hidden + 1)]
    return [*names, "output"]
