"""A model: a network, its names and scales, and how it was trained."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from scorenet_cli.core import Array
from scorenet_cli.core.intervals import LEVEL, Uncertainty, output_interval
from scorenet_cli.core.network import Network
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.data import columns
from scorenet_cli.data.columns import Categories, ScalingName, scale_inputs
from scorenet_cli.errors import DataError, OptionError
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.text import did_you_mean, listed, number, parse_number, quoted

# Rows of a value for each feature, or columns by name (a dict, a pandas DataFrame).
Values = ArrayLike | Sequence[Sequence[object]] | Mapping[str, Any]
# Networks at some epochs of the training; the last one is the saved network.
Snapshots = tuple[tuple[int, Network], ...]


@dataclass(frozen=True, eq=False)
class Model:
    """A network with its features and targets.

    features and targets are columns. categories holds the texts of a feature, classes those of a
    target: such a column is one input or output of the network, or several (data.columns).
    feature_offset (inputs,) and target_offset (outputs,) are subtracted; then the values are
    divided by feature_scale and target_scale. feature_range (inputs, 2) holds the smallest and
    largest training value, if known. fill replaces a feature's missing cells. is_weights_only: only
    weights were loaded; their scaling is unknown, and values are expected to be scaled already.
    uncertainty: the data for intervals, if the model was trained by lm with weight decay.
    snapshots: networks of earlier epochs, if training saved any.
    """

    network: Network
    features: tuple[str, ...]
    targets: tuple[str, ...]
    feature_scale: Array
    target_scale: Array
    feature_range: Array | None = None
    training: TrainingRecord | None = None
    is_weights_only: bool = False
    feature_offset: Array | None = None
    target_offset: Array | None = None
    categories: Categories = field(default_factory=dict)
    classes: Categories = field(default_factory=dict)
    fill: Mapping[str, float] = field(default_factory=dict)
    uncertainty: Uncertainty | None = None
    snapshots: Snapshots = ()

    @cached_property
    def input_names(self) -> tuple[str, ...]:
        """Names of the network's inputs: a feature, or feature=category."""
        return columns.expanded_names(self.features, self.categories)

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """Names of the network's outputs: a target, or target=class."""
        return columns.expanded_names(self.targets, self.classes)

    def predict(self, values: Values, *, scaling: ScalingName = "training") -> Array:
        """Return scores (rows, outputs), in score units, for rows of a value for each feature.

        The function predict returns scaled inputs and outputs, too; values and DataError as there.
        """
        return predict(self, values, scaling).scores

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save a model file atomically; an existing model file is replaced.

        Raises FileError if path holds any other file, or cannot be written.
        """
        from scorenet_cli.model import json_file  # noqa: PLC0415 - it imports this module

        json_file.save(self, os.fspath(path))

    def _repr_html_(self) -> str:
        """Return the picture of the network (SVG), for notebooks."""
        from scorenet_cli.model.svg import network_picture  # noqa: PLC0415 - it imports this module

        return network_picture(self)


class Predictions(NamedTuple):
    """The network's inputs before and after scaling (rows, inputs), outputs and scores.

    The latter are (rows, outputs); out_of_range (rows, inputs) is true for values outside the
    training range.
    """

    inputs: Array
    scaled_inputs: Array
    outputs: Array
    scores: Array
    out_of_range: np.typing.NDArray[np.bool_]


def predict(model: Model, values: Values, scaling: ScalingName = "training") -> Predictions:
    """Run the model on rows of a value for each feature, in the features' own units.

    Raises DataError if values have another shape, are unknown, or become too large to compute with.
    """
    return predict_inputs(model, encode_values(model, values), scaling)


def encode_values(model: Model, values: Values) -> Array:
    """Encode rows of values, or columns by name, as the network's inputs (rows, inputs).

    Raises DataError for another shape, a missing value that the model does not fill, unknown text.
    """
    is_by_name = isinstance(values, Mapping) or hasattr(values, "columns")
    if not (is_by_name or model.fill or model.categories):
        return as_rows(model.features, values)  # type: ignore[arg-type]
    rows = _rows_of_columns(model, values) if is_by_name else values
    try:
        inputs = _encode_texts(model, np.array(rows, dtype=object))
    except ValueError as error:  # rows of different lengths
        raise DataError(
            f"expected rows with a value for each of {listed([*model.features])}."
        ) from error
    inputs = columns.fill_missing(inputs, model.features, model.categories, model.fill)
    if np.isnan(inputs).any():
        row, column = np.argwhere(np.isnan(inputs))[0].tolist()
        where = columns.positions(model.features, model.categories)
        name = next(name for name, part in where.items() if column < part.stop)
        raise DataError(f"row {row + 1}: {quoted(name)} has no value.")
    return as_rows(model.input_names, inputs)


def _rows_of_columns(model: Model, values: Any) -> Any:  # noqa: ANN401 - any columns by name
    """Return the rows of columns by name, of equal length."""
    names = [str(name) for name in values]
    for name in model.features:
        if name not in names:
            raise DataError(
                f"there is no column {quoted(name)}, which the model needs."
                f"{did_you_mean(name, names)}"
            )
    found = [as_cells(values[name]) for name in model.features]
    if len(set(map(len, found))) > 1:
        raise DataError("the given columns differ in length.")
    return list(zip(*found, strict=True))


def _encode_texts(model: Model, values: np.typing.NDArray[np.object_]) -> Array:
    """Encode rows of numbers and text, column by column; None and nan are missing."""
    _check_shape(model.features, values.shape)
    parts = []
    for name, column in zip(model.features, values.T, strict=True):
        if (texts := model.categories.get(name)) is None:
            parts.append(np.array([[_number(name, value)] for value in column.tolist()]))
            continue
        cells = [_text(value) for value in column.tolist()]
        part, unknown = columns.encode(cells, texts)
        if unknown:
            raise DataError(
                f"{quoted(cells[unknown[0]])} is not a category of {quoted(name)}. "
                f"The categories are {listed(texts, columns.MAX_CATEGORIES)}."
            )
        parts.append(part)
    return np.hstack(parts)


def as_cells(column: Any) -> list[object]:  # noqa: ANN401 - any sequence
    """Return the cells of a column, or of one value; missing values of a pandas Series are None."""
    if hasattr(column, "notna"):
        column = column.astype(object).where(column.notna(), None)
    cells: list[object] = np.atleast_1d(np.asarray(column, dtype=object)).tolist()
    return cells


def _number(name: str, value: object) -> float:
    """Read a number, or the text of a number; nan if it is missing."""
    if isinstance(value, int | float | np.number):
        return float(value)
    if columns.is_missing(text := str(value)):
        return float("nan")
    try:
        return parse_number(text)
    except ValueError as reason:
        raise DataError(f"{quoted(name)}: {quoted(text)} {reason}.") from reason


def _text(value: object) -> str:
    """Return a value as a CSV cell; 3.0 is 3."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def encode_actual(model: Model, actual: Sequence[Any]) -> list[float]:
    """Encode one example's actual scores as one number for each output.

    actual holds a score or a class for each target, text or number; or a number for each output.
    Raises OptionError for a wrong count, for a value that is neither, and for a score outside the
    range of a sigmoid output.
    """
    if len(actual) == len(model.output_names) and not any(isinstance(each, str) for each in actual):
        scores = list(map(float, actual))
    elif (count := len(model.targets)) != len(actual):
        each = " once for" if count == 1 else " once for each of"
        raise OptionError(
            f"`actual=SCORE` is required{each} {listed(model.targets)}; got {len(actual)}."
        )
    else:
        pairs = zip(map(str, actual), model.targets, strict=True)
        scores = [score for text, target in pairs for score in _actual(model, text, target)]
    if model.network.layers[-1].activation == "sigmoid":
        for name, score, largest in zip(
            model.output_names, scores, model.target_scale.tolist(), strict=True
        ):
            if not 0 <= score <= largest:
                raise OptionError(
                    f"{number(score)} for {quoted(name)} is outside the range 0 to "
                    f"{number(largest)} that this model can predict.",
                    option="actual",
                )
    return scores


def _actual(model: Model, text: str, target: str) -> list[float]:
    """Read a target's score, or encode its class."""
    if (classes := model.classes.get(target)) is None:
        try:
            return [parse_number(text)]
        except ValueError as reason:
            raise OptionError(
                f"{quoted(text)} {reason}. Give a score.", option="actual"
            ) from reason
    if text.strip() not in classes:
        raise OptionError(
            f"{quoted(text)} is not a class of {quoted(target)}.{did_you_mean(text, classes)} "
            f"The classes are {listed(classes)}.",
            option="actual",
        )
    encoded: list[float] = columns.encode([text], classes)[0][0].tolist()
    return encoded


def predict_inputs(model: Model, values: Array, scaling: ScalingName = "training") -> Predictions:
    """Run the model on unscaled inputs of the network (rows, inputs), none of them nan.

    Raises DataError if they become too large to compute with.
    """
    scaled = scale_inputs(values, model.feature_scale, scaling, model.feature_offset)
    outputs = predict_outputs(model.network, scaled)
    scores = to_scores(model, outputs)
    if not (np.isfinite(scaled).all() and np.isfinite(scores).all()):
        is_good = np.isfinite(np.hstack([scaled, scores])).all(axis=1)
        raise overflow_error(values[is_good.argmin()].tolist())
    return Predictions(values, scaled, outputs, scores, out_of_range(model, values, scaling))


def intervals(model: Model, answer: Predictions, level: float) -> Array:
    """Return the lowest and highest score of an interval (rows, outputs, 2) for predictions.

    A new row's score lies inside with probability `level`. Raises OptionError if level is not a
    probability or the model has no data for intervals.
    """
    check_interval(model, level)
    assert model.uncertainty is not None  # noqa: S101 - checked
    return _intervals(model, model.uncertainty, answer.scaled_inputs, level)


def intervals_if_known(model: Model, scaled_inputs: Array) -> Array | None:
    """Return the intervals of level LEVEL as intervals does; None if the model has none."""
    if model.uncertainty is None or model.classes:
        return None
    found = _intervals(model, model.uncertainty, scaled_inputs, LEVEL)
    return found if np.isfinite(found).all() else None


def _intervals(model: Model, uncertainty: Uncertainty, scaled_inputs: Array, level: float) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        ends = output_interval(model.network, scaled_inputs, uncertainty, level)
    return np.stack([to_scores(model, end) for end in ends], axis=2)


def interval_text(low: float, high: float, score: float | None = None) -> str:
    """Format an interval of level LEVEL, after its score if given: 90 % interval 62.3 to 99.1.

    The ends are rounded to three significant digits of the width.
    """
    digits = max(2 - math.floor(math.log10(high - low)), 0) if high > low else 6
    before = "" if score is None else f"{score:z.{digits}f}, "
    return f"{before}{100 * LEVEL:g} % interval {low:z.{digits}f} to {high:z.{digits}f}"


def check_level(level: float | None) -> None:
    """Raise OptionError if the level of an interval is given and not a probability."""
    if level is not None and not 0 < level < 1:
        raise OptionError("expects a fraction between 0 and 1, e.g. 0.9.", option="interval")


def check_interval(model: Model, level: float | None) -> None:
    """Raise OptionError if level is not a probability, or the model has no intervals."""
    check_level(level)
    if level is None:
        return
    if model.classes:
        raise OptionError(
            "is only for numeric targets, but this model predicts classes. Leave it out.",
            option="interval",
        )
    if model.uncertainty is None:
        raise OptionError(
            "needs a model that stores its uncertainty, which this model does not. Train one with "
            "`optimizer=lm` and `weight_decay=auto`.",
            option="interval",
        )


def as_rows(names: Sequence[str], values: ArrayLike) -> Array:
    """Return values as a float array (rows, names); raises DataError for anything else."""
    try:
        rows = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"expected rows with a number for each of {listed([*names])}.") from error
    _check_shape(names, rows.shape)
    if not np.isfinite(rows).all():
        raise DataError(f"{rows[~np.isfinite(rows)][0]} is not a finite number.")
    return rows


def _check_shape(names: Sequence[str], shape: tuple[int, ...]) -> None:
    if len(shape) != 2 or shape[1] != len(names):  # noqa: PLR2004 - a matrix
        raise DataError(
            f"expected values of shape (rows, {len(names)}): {listed([*names])}; got {shape}."
        )


def to_scores(model: Model, outputs: Array) -> Array:
    """Convert outputs (rows, outputs) to score units; infinite if they are too large."""
    with np.errstate(over="ignore"):
        scores = outputs * model.target_scale
        return scores if model.target_offset is None else scores + model.target_offset


def to_outputs(model: Model, scores: Array) -> Array:
    """Convert scores (rows, outputs) to the units of the network's outputs."""
    offset = model.target_offset
    return (scores if offset is None else scores - offset) / model.target_scale


def overflow_error(values: Sequence[float]) -> DataError:
    """Return the error for values whose results overflow."""
    return DataError(
        f"the numbers computed from the values {', '.join(map(number, values))} become too "
        "large to compute with. Check the values' units, and the model's weights and scales."
    )


def out_of_range(model: Model, values: Array, scaling: ScalingName) -> np.typing.NDArray[np.bool_]:
    """Return which values lie outside the training range."""
    ranges = training_range(model, scaling)
    if ranges is None:
        return np.zeros(values.shape, dtype=bool)
    return (values < ranges[:, 0]) | (values > ranges[:, 1])


def scaling_warning(model: Model, values: Array, scaling: ScalingName) -> str | None:
    """Return a warning if values (rows, features) do not get the scaling they need, else None.

    A folder of weights has no scaling, so the values are not divided.
    """
    if scaling == "own" and model.feature_offset is not None:
        return (
            "the model was trained with `standardize`: inputs scaled with `scaling=own` do not "
            "match those of training. Leave `scaling` out."
        )
    if not model.is_weights_only or scaling == "own":
        return None
    large = values[np.abs(values) > 1]
    if not large.size:
        return None
    return (
        "these weights hold no scaling, so values are expected to be scaled already, but "
        f"{number(float(large[0]))} is outside -1 to 1. In predict and the traces, `scaling=own` "
        "divides values by their own largest value, as the document does."
    )


def training_range(model: Model, scaling: ScalingName) -> Array | None:
    """Smallest and largest training value (inputs, 2), in the units of the given values."""
    if model.feature_range is None or scaling != "none":
        return model.feature_range
    return scale_inputs(
        model.feature_range.T, model.feature_scale, "training", model.feature_offset
    ).T


def neuron_names(model: Model) -> list[tuple[str, ...]]:
    """Return each layer's neuron names, inputs first: hours, species=Adelie, h1, h2, ..., score.

    With several hidden layers a hidden neuron is h<layer>.<neuron>.
    """
    hidden = [layer.neurons for layer in model.network.layers[:-1]]
    several = len(hidden) > 1
    return [
        model.input_names,
        *(
            tuple(f"h{layer}.{n}" if several else f"h{n}" for n in range(1, neurons + 1))
            for layer, neurons in enumerate(hidden, start=1)
        ),
        model.output_names,
    ]


def layer_names(model: Model) -> list[str]:
    """Return the layers' names: hidden (or hidden 1, hidden 2, ...), then output."""
    hidden = len(model.network.layers) - 1
    names = ["hidden"] if hidden == 1 else [f"hidden {n}" for n in range(1, hidden + 1)]
    return [*names, "output"]
