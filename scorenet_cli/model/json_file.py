"""Reading and writing model files: saved atomically, and checked when loaded.

A model is a JSON file of format scorenet-model, or a folder with w1.txt, w2.txt, ... as the
document saves them (and b1.txt, b2.txt, ... if there are biases).
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np

from scorenet_cli import files
from scorenet_cli.core import Array
from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.core.intervals import Uncertainty
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.data.columns import expanded_names
from scorenet_cli.errors import FileError, ModelError
from scorenet_cli.files import display_path
from scorenet_cli.model import weights_folder
from scorenet_cli.model.json_text import dump, parse
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import (
    TrainingRecord,
    are_numbers,
    is_number,
    is_text,
    is_whole,
    read_record,
)
from scorenet_cli.text import listed, quoted, shorten

FORMAT = "scorenet-model"
VERSIONS = (1, 2)
REQUIRED = ("format", "version", "features", "targets", "layers")
OPTIONAL = ("feature_scale", "feature_range", "target_scale", "training")
# Keys that need version 2.
OPTIONAL_IN_2 = (
    *("categories", "classes", "feature_offset", "target_offset", "fill", "intervals"),
    "snapshots",
)
_SIGNATURE = re.compile(rb'"format"\s*:\s*"scorenet-model"')


def to_json(model: Model) -> dict[str, Any]:
    """Return the model as the JSON object of the file and of `inspect --json`."""
    from scorenet_cli.core.optimizers.least_squares import pack  # noqa: PLC0415 - start-up

    uncertainty = model.uncertainty
    new = {
        "categories": {name: list(texts) for name, texts in model.categories.items()},
        "classes": {name: list(texts) for name, texts in model.classes.items()},
        "fill": dict(model.fill),
        "feature_offset": _as_list(model.feature_offset),
        "target_offset": _as_list(model.target_offset),
        "intervals": uncertainty
        and {
            "noise": uncertainty.noise.tolist(),
            "degrees_of_freedom": uncertainty.degrees_of_freedom,
            "factor": uncertainty.factor.tolist(),
        },
        "snapshots": [
            {"epoch": epoch, "parameters": pack(network).tolist()}
            for epoch, network in model.snapshots
        ],
    }
    new = {key: value for key, value in new.items() if value}
    record = model.training
    answer: dict[str, Any] = {
        "format": FORMAT,
        "version": 2 if new else 1,
        "features": list(model.features),
        "targets": list(model.targets),
        **new,
        "feature_scale": model.feature_scale.tolist(),
        "feature_range": _as_list(model.feature_range),
        "target_scale": model.target_scale.tolist(),
        "layers": [
            {
                "weights": layer.weights.tolist(),
                "bias": _as_list(layer.bias),
                "activation": layer.activation,
            }
            for layer in model.network.layers
        ],
        "training": record and dict(vars(record)),
    }
    return {key: value for key, value in answer.items() if value is not None}


def _as_list(array: Array | None) -> Any:  # noqa: ANN401 - a list of any depth, or None
    return None if array is None else array.tolist()


def save(model: Model, path: str) -> None:
    """Write the model file atomically; raises FileError as check_output does, or from the disk."""
    check_output(path)
    files.write_atomic(path, dump(to_json(model)) + "\n")


def largest_size(parameters: int, state_numbers: int = 0) -> int:
    """Return an upper bound for the size in bytes of a model file with this number of parameters.

    A weight may be on its own line. adam's state has two numbers for each parameter.
    """
    return 32 * parameters + 26 * state_numbers + 1_000_000


def check_output(path: str) -> None:
    """Raise FileError early if path cannot be written or holds something that is not a model."""
    if path == "-":
        raise FileError("a model is saved to a file, not to standard output.")
    files.check_writable(path)
    holds_something = os.path.isfile(path) and os.path.getsize(path) > 0
    if holds_something and not _SIGNATURE.search(
        files.read_bytes(path, limit=files.MAX_MODEL_BYTES)
    ):
        raise FileError(
            f"{display_path(path)} exists and is not a scorenet model, so it was not overwritten. "
            "Choose another name, or move it away."
        )


def load(path: str) -> Model:
    """Read a model file, or a folder with w1.txt, w2.txt, ...; raises ModelError or FileError."""
    if path == "-":
        raise FileError("a model comes from a file or a folder, not from standard input.")
    if os.path.isdir(path):
        return weights_folder.load(path)
    name = display_path(path)
    if not files.exists(path):
        raise FileError(
            f"there is no model {name}. Make one with: scorenet train"
            + ("" if path == "scorenet.json" else f" -o {name}")
        )
    try:
        return _model(
            parse(files.read_bytes(path, limit=files.MAX_MODEL_BYTES).decode("utf-8-sig"))
        )
    except ModelError as error:
        raise ModelError(f"{name}: {error}") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{name} is not a model: it is not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise ModelError(
            f"{name}, line {error.lineno}, column {error.colno}: "
            f"invalid JSON: {error.msg}. Give a model file written by scorenet train."
        ) from error
    except RecursionError as error:
        raise ModelError(f"{name} is not a model: its JSON is nested too deeply.") from error
    except ValueError as error:
        raise ModelError(f"{name}: a number has too many digits.") from error


def _model(data: object) -> Model:
    """Check the parsed JSON key by key and build the model; raises ModelError."""
    if not isinstance(data, dict):
        raise ModelError(f'not a model; expected a JSON object with "format": "{FORMAT}".')
    _check_keys(data)
    features, targets = _names(data, "features"), _names(data, "targets")
    categories = _categories(data, "categories", features, "features")
    classes = _categories(data, "classes", targets, "targets")
    network = _network(data["layers"])
    inputs, outputs = network.shape[0], network.shape[-1]
    if inputs != len(names := expanded_names(features, categories)):
        of = f" ({len(names)} inputs: {listed(names)})" if categories else ""
        raise ModelError(
            f"the number of features is {len(features)}{of}, but the number of rows in the first "
            f"layer's weights is {inputs}."
        )
    if outputs != len(names := expanded_names(targets, classes)):
        of = f" ({len(names)} outputs: {listed(names)})" if classes else ""
        raise ModelError(
            f"the number of targets is {len(targets)}{of}, but the number of neurons in the last "
            f"layer is {outputs}."
        )
    training = data.get("training")
    record = None if training is None else read_record(training)
    if record is not None:
        _check_sizes(record, inputs, outputs)
    return Model(
        network=network,
        features=features,
        targets=targets,
        feature_scale=_scales(data, "feature_scale", inputs),
        target_scale=_scales(data, "target_scale", outputs),
        feature_range=_array(
            data,
            "feature_range",
            (inputs, 2),
            f"pairs [smallest, largest], one for each input ({inputs})",
            lambda of: (of[:, 0] <= of[:, 1]).all(),
        ),
        training=record,
        feature_offset=_array(data, "feature_offset", (inputs,), f"numbers, {inputs} in total"),
        target_offset=_array(data, "target_offset", (outputs,), f"numbers, {outputs} in total"),
        categories=categories,
        classes=classes,
        fill=_fill(data, features),
        uncertainty=_uncertainty(data.get("intervals"), network),
        snapshots=tuple(_snapshots(data.get("snapshots", []), network)),
    )


def _uncertainty(intervals: object, network: Network) -> Uncertainty | None:
    """Read the data for intervals, if given."""
    if intervals is None:
        return None
    keys = {"noise", "degrees_of_freedom", "factor"}
    if not isinstance(intervals, dict) or intervals.keys() != keys:
        raise ModelError(
            '"intervals" must be an object with the keys noise, degrees_of_freedom and factor.'
        )
    noise = _numbers(intervals["noise"], "intervals, noise")
    factor = _numbers(intervals["factor"], "intervals, factor")
    degrees = intervals["degrees_of_freedom"]
    outputs, parameters = network.shape[-1], network.parameters
    if noise.shape != (outputs,) or (noise < 0).any():
        raise ModelError(
            '"intervals": noise must be a list of numbers of at least 0, '
            f"one for each output ({outputs})."
        )
    if factor.shape != (parameters, parameters):
        raise ModelError(
            f'"intervals": factor must be {parameters} rows of {parameters} numbers, one for each '
            "weight and bias."
        )
    if not is_number(degrees) or degrees <= 0:
        raise ModelError('"intervals": degrees_of_freedom must be a number above 0.')
    return Uncertainty(factor, noise, float(degrees))


def _snapshots(snapshots: object, network: Network) -> Iterator[tuple[int, Network]]:
    """Read the snapshots: increasing epochs, each with all parameters."""
    if not isinstance(snapshots, list):
        raise ModelError(
            '"snapshots" must be a list of objects with the keys epoch and parameters.'
        )
    before = -1
    for each in snapshots:
        from scorenet_cli.core.optimizers.least_squares import unpack  # noqa: PLC0415 - start-up

        if not isinstance(each, dict) or each.keys() != {"epoch", "parameters"}:
            raise ModelError(
                '"snapshots" must be a list of objects with the keys epoch and parameters.'
            )
        parameters = _numbers(each["parameters"], "snapshots, parameters")
        if parameters.shape != (network.parameters,):
            raise ModelError(
                '"snapshots": parameters must be a list of numbers, '
                f"one for each weight and bias ({network.parameters})."
            )
        if not is_whole(each["epoch"]) or each["epoch"] <= before:
            raise ModelError('"snapshots": each epoch must be a whole number above the one before.')
        before = each["epoch"]
        yield before, unpack(network, parameters)


def _check_sizes(record: TrainingRecord, inputs: int, outputs: int) -> None:
    """Check that the record's numbers fit the model's numbers of inputs and outputs."""
    ranges, baselines = record.target_range, record.baselines
    if ranges is not None and (len(ranges), len(ranges[0])) != (outputs, 2):
        raise ModelError(
            "\"training\": 'target_range' must be a list of pairs [lowest, highest], "
            f"one for each output ({outputs})."
        )
    lines = () if baselines is None else baselines["linear"]
    if lines and (len(lines), len(lines[0])) != (outputs, inputs + 1):
        raise ModelError(
            f"\"training\": 'baselines' must have {inputs + 1} linear coefficients for each "
            f"target; the number of targets is {outputs}."
        )


def _check_keys(data: dict[str, Any]) -> None:
    """Check format and version; reject missing and unknown keys."""
    if data.get("format") != FORMAT:
        raise ModelError(f"not a model; {_must_be(data, 'format', FORMAT)}")
    version = data.get("version")
    if is_whole(version) and version > max(VERSIONS):
        raise ModelError(
            f"the file has version {shorten(str(version))}; this scorenet reads versions "
            f"{' and '.join(map(str, VERSIONS))}. Upgrade scorenet."
        )
    if "version" in data and (isinstance(version, bool) or version not in VERSIONS):
        raise ModelError(_must_be(data, "version", *VERSIONS))
    if missing := [key for key in REQUIRED if key not in data]:
        raise ModelError(f"the model is incomplete: the key {quoted(missing[0])} is missing.")
    known = REQUIRED + OPTIONAL + (() if version == 1 else OPTIONAL_IN_2)
    if unknown := [key for key in data if key not in known]:
        if unknown[0] in OPTIONAL_IN_2:
            raise ModelError(f'the key {quoted(unknown[0])} needs "version": 2.')
        raise ModelError(
            f"the key {quoted(unknown[0])} is unknown. The known keys are: {', '.join(known)}."
        )


def _must_be(data: dict[str, Any], key: str, *expected: object) -> str:
    """Return the message for a key with a wrong value."""
    found = f"is {_as_given(data[key])}" if key in data else "is missing"
    return f'its "{key}" must be {" or ".join(map(json.dumps, expected))} but {found}.'


def _as_given(value: object) -> str:
    """Format a value of the file for a message."""
    return shorten(json.dumps(value, default=lambda array: array.tolist()))


def _names(data: dict[str, Any], key: str) -> tuple[str, ...]:
    """Read a list of distinct names."""
    names = data[key]
    if not isinstance(names, list) or not names:
        raise ModelError(f'"{key}" must be a list of at least one name.')
    for name in names:
        if not is_text(name) or not name.strip():
            raise ModelError(f'"{key}" must hold names, but holds {_as_given(name)}.')
    if len(set(names)) < len(names):
        ((duplicate, _),) = Counter(names).most_common(1)
        raise ModelError(f'"{key}" contains {quoted(duplicate)} twice.')
    return tuple(names)


def _categories(
    data: dict[str, Any], key: str, names: tuple[str, ...], of: str
) -> dict[str, tuple[str, ...]]:
    """Read the distinct texts of some columns, at least two each."""
    found: dict[str, tuple[str, ...]] = {}
    for name, texts in _columns(data, key, names, of).items():
        if not isinstance(texts, list) or not all(is_text(t) and t == t.strip() for t in texts):
            raise ModelError(
                f'"{key}": {quoted(name)} must be a list of texts without leading or trailing '
                "spaces."
            )
        if len(texts) < 2 or len(set(texts)) < len(texts):  # noqa: PLR2004 - one says nothing
            raise ModelError(
                f'"{key}": {quoted(name)} must be a list of at least two texts, all different.'
            )
        found[name] = tuple(texts)
    return found


def _fill(data: dict[str, Any], features: tuple[str, ...]) -> dict[str, float]:
    """Read the numbers that replace missing values, by feature."""
    fill = _columns(data, "fill", features, "features")
    for name, value in fill.items():
        if not is_number(value):
            raise ModelError(f'"fill": {quoted(name)} must be a finite number.')
    return {name: float(value) for name, value in fill.items()}


def _columns(data: dict[str, Any], key: str, names: tuple[str, ...], of: str) -> dict[str, Any]:
    """Read an object whose keys are names of columns."""
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise ModelError(f'"{key}" must be an object whose keys are names of "{of}".')
    if unknown := [name for name in value if name not in names]:
        raise ModelError(f'"{key}": {quoted(unknown[0])} is not one of the "{of}".')
    return value


def _numbers(value: object, where: str) -> Array:
    """Read an array of numbers; rejects text, true, null, nan and infinity."""
    if isinstance(value, np.ndarray):  # checked when parsed
        return value
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend([] if are_numbers(item) else item)
        elif isinstance(item, bool) or not isinstance(item, int | float):
            raise ModelError(f"{where}: {_as_given(item)} is not a number.")
        elif not is_number(item):
            raise ModelError(f"{where}: {shorten(str(item))} is not a finite number.")
    try:
        return np.array(value, dtype=np.float64)
    except ValueError as error:
        raise ModelError(f"{where}: the rows differ in length.") from error


def _network(layers: object) -> Network:
    """Read the list of layers."""
    if not isinstance(layers, list) or not layers:
        raise ModelError('"layers" must be a list of at least one layer.')
    made: list[Layer] = []
    for position, layer in enumerate(layers, start=1):
        try:
            made.append(_layer(layer, f"layer {position}"))
            Network(tuple(made[-2:]))
        except ValueError as error:
            raise ModelError(f"layer {position}: {error}.") from error
    return Network(tuple(made))


def _layer(layer: object, where: str) -> Layer:
    """Read one layer; raises ValueError if its shapes do not fit."""
    if not isinstance(layer, dict):
        raise ModelError(f"{where} must be an object with the keys weights, bias and activation.")
    if unknown := [key for key in layer if key not in ("weights", "bias", "activation")]:
        raise ModelError(f"{where}: the key {quoted(unknown[0])} is unknown.")
    if "weights" not in layer:
        raise ModelError(f"{where}: the key 'weights' is missing.")
    activation = layer.get("activation", "sigmoid")
    if activation not in tuple(ACTIVATIONS):
        raise ModelError(
            f"{where}: the activation {_as_given(activation)} is unknown. "
            f"The known activations are: {', '.join(tuple(ACTIVATIONS))}."
        )
    weights = _numbers(layer["weights"], f"{where}, weights")
    if weights.ndim != 2:  # noqa: PLR2004 - a matrix
        raise ModelError(f"{where}: weights must be a list of rows, one for each input.")
    bias = layer.get("bias")
    return Layer(
        weights,
        None if bias is None else _numbers(bias, f"{where}, bias"),
        cast("str", activation),
    )


def _array(
    data: dict[str, Any],
    key: str,
    shape: tuple[int, ...],
    words: str,
    is_valid: Callable[[Array], object] = lambda _: True,
) -> Array | None:
    """Read numbers of this shape, if given; words describe them in the message."""
    if data.get(key) is None:
        return None
    array = _numbers(data[key], key)
    if array.shape != shape or not is_valid(array):
        raise ModelError(f'"{key}" must be a list of {words}.')
    return array


def _scales(data: dict[str, Any], key: str, count: int) -> Array:
    """Read positive divisors; the default is 1."""
    words = f"positive numbers, {count} in total"
    scales = _array(data, key, (count,), words, lambda of: (of > 0).all())
    return np.ones(count) if scales is None else scales
