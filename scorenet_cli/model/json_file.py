"""The model file: saved whole or not at all; loaded, or refused with the reason.

A model is a JSON file of format scorenet-model, or a folder with w1.txt, w2.txt, ... as the
document saves them (and b1.txt, b2.txt, ... where there are biases).
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
from collections.abc import Callable
from typing import Any, NoReturn, cast

import numpy as np

from scorenet_cli import files
from scorenet_cli.core import Array
from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.errors import FileError, ModelError
from scorenet_cli.model import weights_folder
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.text import quoted, shorten

FORMAT = "scorenet-model"
VERSION = 1
_SIGNATURE = re.compile(rb'"format"\s*:\s*"scorenet-model"')
REQUIRED = ("format", "version", "features", "targets", "layers")
OPTIONAL = ("feature_scale", "feature_range", "target_scale", "training")


def to_json(model: Model) -> dict[str, Any]:
    """Return the model's own keys, as the file and `inspect --json` hold them."""
    answer: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "features": list(model.features),
        "targets": list(model.targets),
        "feature_scale": model.feature_scale.tolist(),
        "feature_range": None if model.feature_range is None else model.feature_range.tolist(),
        "target_scale": model.target_scale.tolist(),
        "layers": [
            {
                "weights": layer.weights.tolist(),
                "bias": None if layer.bias is None else layer.bias.tolist(),
                "activation": layer.activation,
            }
            for layer in model.network.layers
        ],
        "training": None if model.training is None else dataclasses.asdict(model.training),
    }
    return {key: value for key, value in answer.items() if value is not None}


def save(model: Model, path: str) -> None:
    """Write the model file, whole or not at all; FileError where the disk refuses."""
    files.write_atomic(path, _layout(to_json(model)) + "\n")


def check_output(path: str) -> None:
    """Refuse early, with FileError, a place that cannot be written or holds something else."""
    files.check_writable(path)
    holds_something = os.path.isfile(path) and os.path.getsize(path) > 0
    if holds_something and not _SIGNATURE.search(
        files.read_bytes(path, limit=files.MAX_MODEL_BYTES)
    ):
        raise FileError(
            f"{files.shown(path)}: exists and is not a scorenet model, so it is left alone. "
            "Choose another name, or move it away."
        )


def load(path: str) -> Model:
    """Read a model file, or a folder with w1.txt, w2.txt, ...; ModelError says what is wrong."""
    if path == "-":
        raise FileError("a model comes from a file or a folder, not from standard input.")
    if os.path.isdir(path):
        return weights_folder.load(path)
    if not files.exists(path):
        raise FileError(
            f"{files.shown(path)}: there is no such model. Make one with: scorenet train"
            + ("" if path == "scorenet.json" else f" -o {files.shown(path)}")
        )
    data = files.read_bytes(path, limit=files.MAX_MODEL_BYTES)
    try:
        return _model(json.loads(data.decode("utf-8-sig"), object_pairs_hook=_no_twins))
    except _RefusedError as error:
        raise ModelError(f"{files.shown(path)}: {error}") from error
    except UnicodeDecodeError as error:
        raise ModelError(f"{files.shown(path)}: not a model: not UTF-8 text.") from error
    except json.JSONDecodeError as error:
        raise ModelError(
            f"{files.shown(path)}, line {error.lineno}, column {error.colno}: "
            f"not JSON: {error.msg}. A model file is what scorenet train writes."
        ) from error
    except RecursionError as error:
        raise ModelError(f"{files.shown(path)}: not a model: nested too deeply.") from error
    except ValueError as error:
        raise ModelError(f"{files.shown(path)}: a number has too many digits.") from error


class _RefusedError(Exception):
    """Why a JSON value is not a model; the file's name is put before it."""


def _refuse(reason: str) -> NoReturn:
    raise _RefusedError(reason)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a key twice: one of the two would be ignored."""
    answer = dict(pairs)
    if len(answer) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        _refuse(f"the key {quoted(twin)} stands there twice.")
    return answer


def _model(data: object) -> Model:
    """Check the parsed JSON key by key and build the model."""
    if not isinstance(data, dict):
        _refuse('not a model: expected a JSON object with "format": "scorenet-model".')
    if data.get("format") != FORMAT:
        found = shorten(json.dumps(data["format"])) if "format" in data else "none"
        _refuse(f'not a model: its "format" must be "{FORMAT}", and is {found}.')
    version = data.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version > VERSION:
        _refuse(
            f"of version {shorten(str(version))}; this scorenet reads version {VERSION}. "
            "Upgrade scorenet."
        )
    if "version" in data and (version != VERSION or isinstance(version, bool)):
        _refuse(f'its "version" must be {VERSION}, and is {shorten(json.dumps(version))}.')
    if missing := [key for key in REQUIRED if key not in data]:
        _refuse(f"not a whole model: the key {quoted(missing[0])} is missing.")
    if unknown := [key for key in data if key not in REQUIRED + OPTIONAL]:
        _refuse(
            f"the key {quoted(unknown[0])} is unknown. Known are: {', '.join(REQUIRED + OPTIONAL)}."
        )
    features, targets = _names(data, "features"), _names(data, "targets")
    network = _network(data["layers"])
    inputs, outputs = network.shape[0], network.shape[-1]
    if inputs != len(features):
        _refuse(f"{len(features)} features, but the first layer's weights have {inputs} rows.")
    if outputs != len(targets):
        _refuse(f"{len(targets)} targets, but the last layer has {outputs} neurons.")
    return Model(
        network=network,
        features=features,
        targets=targets,
        feature_scale=_scales(data, "feature_scale", inputs),
        target_scale=_scales(data, "target_scale", outputs),
        feature_range=_ranges(data.get("feature_range"), inputs),
        training=_record(data.get("training")),
    )


def _names(data: dict[str, Any], key: str) -> tuple[str, ...]:
    """Read a list of different names."""
    names = data[key]
    if not isinstance(names, list) or not names:
        _refuse(f'"{key}" must be a list of names.')
    for name in names:
        if not isinstance(name, str) or not name.strip() or not _is_text(name):
            _refuse(f'"{key}" must hold names, and holds {shorten(json.dumps(name))}.')
    if len(set(names)) < len(names):
        _refuse(f'"{key}" names {quoted(max(names, key=names.count))} twice.')
    return tuple(names)


def _numbers(value: object, where: str) -> Array:
    """Read numbers, or lists of equally many; refuse text, true, null, nan and infinity."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending.extend(item)
            continue
        if isinstance(item, bool) or not isinstance(item, int | float):
            _refuse(f"{where}: {shorten(json.dumps(item))} is not a number.")
        if not _is_finite(item):
            _refuse(f"{where}: {shorten(str(item))} is not a finite number.")
    try:
        return np.array(value, dtype=np.float64)
    except ValueError:
        _refuse(f"{where}: the rows are not equally long.")


def _is_finite(number: float) -> bool:
    """Tell whether a JSON number fits in float64."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False


def _network(layers: object) -> Network:
    """Read the list of layers."""
    if not isinstance(layers, list) or not layers:
        _refuse('"layers" must be a list of at least one layer.')
    made: list[Layer] = []
    for position, layer in enumerate(layers, start=1):
        where = f"layer {position}"
        if not isinstance(layer, dict):
            _refuse(f"{where}: must be an object with weights, bias and activation.")
        if unknown := [key for key in layer if key not in ("weights", "bias", "activation")]:
            _refuse(f"{where}: the key {quoted(unknown[0])} is unknown.")
        if "weights" not in layer:
            _refuse(f"{where}: the key 'weights' is missing.")
        activation = layer.get("activation", "sigmoid")
        if activation not in tuple(ACTIVATIONS):
            _refuse(
                f"{where}: the activation {shorten(json.dumps(activation))} is unknown. "
                f"Known are: {', '.join(ACTIVATIONS)}."
            )
        weights = _numbers(layer["weights"], f"{where}, weights")
        if weights.ndim != 2:  # noqa: PLR2004 - a matrix
            _refuse(f"{where}: weights must be a list of rows, one for each input.")
        bias = layer.get("bias")
        try:
            made.append(
                Layer(
                    weights,
                    None if bias is None else _numbers(bias, f"{where}, bias"),
                    activation,
                )
            )
            Network(tuple(made[-2:]))
        except ValueError as error:
            _refuse(f"{where}: {error}.")
    return Network(tuple(made))


def _scales(data: dict[str, Any], key: str, count: int) -> Array:
    """Read positive divisors; those left out are 1."""
    if data.get(key) is None:
        return np.ones(count)
    scales = _numbers(data[key], key)
    if scales.shape != (count,) or (scales <= 0).any():
        _refuse(f'"{key}" must be a list of {count} positive numbers.')
    return scales


def _ranges(ranges: object, count: int) -> Array | None:
    """Read [smallest, largest] of each feature, where given."""
    if ranges is None:
        return None
    array = _numbers(ranges, "feature_range")
    if array.shape != (count, 2) or (array[:, 0] > array[:, 1]).any():
        _refuse(f'"feature_range" must be a list of {count} pairs [smallest, largest].')
    return array


def _is_text(value: object) -> bool:
    """Tell whether it is text that can be written again: no half of a surrogate pair."""
    return isinstance(value, str) and value == value.encode(errors="replace").decode()


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)


def _is_object(value: object) -> bool:
    """Tell whether it is an object of which everything can be written again."""
    pending: list[object] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend([*item, *item.values()])
        elif isinstance(item, list):
            pending.extend(item)
        elif not (item is None or isinstance(item, bool) or _is_text(item) or _is_number(item)):
            return False
    return isinstance(value, dict)


def _is_rate(value: object) -> bool:
    return _is_number(value) and cast("float", value) > 0


def _is_history(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(point, list)
        and len(point) == 2  # noqa: PLR2004 - an epoch and its loss
        and _is_count(point[0])
        and _is_number(point[1])
        for point in value
    )


def _is_versions(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_text, [*value, *value.values()]))


# What each training fact must be; a fact that is not listed here is passed over.
_FACTS: dict[str, tuple[Callable[[object], bool], str]] = {
    "data": (_is_text, "text"),
    "sha256": (_is_text, "text"),
    "rows": (_is_count, "a count"),
    "seed": (_is_count, "a count"),
    "init": (_is_text, "text"),
    "optimizer": (_is_text, "text"),
    "state": (_is_object, "an object of numbers and text"),
    "batch_size": (_is_count, "a count"),
    "learning_rate": (_is_rate, "a number above 0"),
    "epochs": (_is_count, "a count"),
    "stopped": (_is_text, "text"),
    "loss": (_is_number, "a number"),
    "history": (_is_history, "a list of [epoch, loss]"),
    "validation": (_is_number, "a number"),
    "split_seed": (_is_count, "a count"),
    "validation_loss": (_is_number, "a number"),
    "validation_history": (_is_history, "a list of [epoch, loss]"),
    "restarts": (_is_count, "a count"),
    "versions": (_is_versions, "an object of texts"),
    "date": (_is_text, "text"),
}


def _record(training: object) -> TrainingRecord | None:
    """Read the training facts, where given."""
    if training is None:
        return None
    if not isinstance(training, dict):
        _refuse('"training" must be an object.')
    facts: dict[str, Any] = {}
    for key, (is_right, what) in _FACTS.items():
        if training.get(key) is None:
            continue
        if not is_right(training[key]):
            _refuse(f'"training": {quoted(key)} must be {what}.')
        facts[key] = training[key]
    for history in ("history", "validation_history"):
        if history in facts:
            facts[history] = tuple((epoch, float(loss)) for epoch, loss in facts[history])
    return TrainingRecord(**facts)


def _layout(value: object, indent: str = "") -> str:
    """Write JSON for readers: a key a line, a row of numbers a line."""
    inner = indent + " "
    if isinstance(value, dict) and value:
        lines = (f"{inner}{json.dumps(key)}: {_layout(item, inner)}" for key, item in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list | tuple) and any(isinstance(x, list | tuple | dict) for x in value):
        return "[\n" + ",\n".join(inner + _layout(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
