"""A folder with w1.txt, w2.txt, ... as numpy.savetxt writes them (b1.txt, ... for biases)."""

from __future__ import annotations

import io
import os
import re

import numpy as np

from scorenet_cli import files
from scorenet_cli.core import Array
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.errors import FileError, ModelError
from scorenet_cli.files import display_path
from scorenet_cli.model.model import Model
from scorenet_cli.text import is_finite_number, listed, parse_number, quoted

_W1_SHAPE = (2, 3)  # shape of w1.txt of the document's network


def save(model: Model, folder: str) -> list[str]:
    """Write w1.txt, w2.txt, ... as the document's numpy.savetxt does, b1.txt ... for biases.

    Returns the paths. Raises FileError for a folder with files of a deeper model or of one with
    other biases, which load would read together with these.
    """
    texts = {}
    for number, layer in enumerate(model.network.layers, start=1):
        texts[f"w{number}.txt"] = _as_text(layer.weights)
        if layer.bias is not None:
            texts[f"b{number}.txt"] = _as_text(layer.bias)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        exists = isinstance(error, FileExistsError)
        reason = "a file of that name exists" if exists else files.reason_of(error)
        raise FileError(f"cannot create folder {display_path(folder)}: {reason}.") from error
    if others := sorted(_weight_files(folder) - texts.keys()):
        raise FileError(
            f"{display_path(folder)} already holds files that do not belong to this model: "
            f"{listed(others)}. Choose an empty folder."
        )
    paths = [os.path.join(folder, name) for name in texts]
    for path in paths:
        files.check_writable(path)
    for path, text in zip(paths, texts.values(), strict=True):
        files.write_atomic(path, text)
    return paths


def _weight_files(folder: str) -> set[str]:
    """Return the names in a folder that look like a layer's weights or biases."""
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise FileError(
            f"{display_path(folder)} cannot be read: {files.reason_of(error)}."
        ) from error
    return {name for name in names if re.fullmatch(r"[wb]\d+\.txt", name)}


def _as_text(values: Array) -> str:
    """Return the text of numpy.savetxt(fmt="%s")."""
    buffer = io.StringIO()
    np.savetxt(buffer, values, fmt="%s")
    return buffer.getvalue()


def load(folder: str) -> Model:
    """Read w1.txt, w2.txt, ... until one is missing; all layers are sigmoid, all scales 1."""
    from scorenet_cli.model.document import FEATURES, TARGETS  # noqa: PLC0415 - rarely needed

    layers: list[Layer] = []
    while files.exists(path := os.path.join(folder, f"w{len(layers) + 1}.txt")):
        weights = _load_text(path)
        bias_path = os.path.join(folder, f"b{len(layers) + 1}.txt")
        bias = _load_text(bias_path) if files.exists(bias_path) else None
        if bias is not None and bias.shape not in {(weights.shape[1], 1), (1, weights.shape[1])}:
            raise ModelError(
                f"{display_path(bias_path)} must hold one number per neuron "
                f"({weights.shape[1]}), one per line."
            )
        try:
            layers.append(Layer(weights, None if bias is None else bias.ravel()))
            Network(tuple(layers))
        except ValueError as error:
            raise ModelError(f"{display_path(path)}: {error}.") from error
    if not layers:
        raise ModelError(
            f"{display_path(folder)} is a folder without w1.txt. "
            "Give a model file, or a folder with w1.txt, w2.txt, ..."
        )
    known = {f"{kind}{number}.txt" for kind in "wb" for number in range(1, len(layers) + 1)}
    if others := sorted(_weight_files(folder) - known):
        raise ModelError(
            f"{display_path(folder)} holds {listed(others)}, but no w{len(layers) + 1}.txt."
        )
    network = Network(tuple(layers))
    if network.shape == _W1_SHAPE and layers[0].bias is None:
        raise ModelError(
            f"{display_path(folder)} holds only w1.txt, which has the shape of the document's "
            "hidden layer (2 rows, 3 columns). w2.txt, the output layer, is missing."
        )
    inputs, outputs = network.shape[0], network.shape[-1]
    return Model(
        network=network,
        features=FEATURES
        if inputs == len(FEATURES)
        else tuple(f"input_{n}" for n in range(1, inputs + 1)),
        targets=TARGETS if outputs == 1 else tuple(f"output_{n}" for n in range(1, outputs + 1)),
        feature_scale=np.ones(inputs),
        target_scale=np.ones(outputs),
        is_weights_only=True,
    )


def description(model: Model) -> str:
    """Describe a weights folder: each file's shape, and whether a hidden layer is missing."""
    shapes = [
        f"w{number}.txt ({layer.inputs} x {layer.neurons})"
        for number, layer in enumerate(model.network.layers, start=1)
    ]
    no_hidden = " There is no hidden layer." if len(shapes) == 1 else ""
    return (
        f"the model is read from {', '.join(shapes)}: values are expected to be scaled already."
        f"{no_hidden}"
    )


def _load_text(path: str) -> Array:
    """Read a file of numpy.savetxt: a row per line, numbers between spaces, # for comments."""
    name = display_path(path)
    rows: list[list[float]] = []
    try:
        lines = files.read_bytes(path, limit=files.MAX_MODEL_BYTES).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ModelError(f"{name} is not UTF-8 text.") from error
    for line, text in enumerate(lines, start=1):
        cells = text.partition("#")[0].split()
        try:
            row = [parse_number(cell) for cell in cells]
        except ValueError:
            bad = next(cell for cell in cells if not is_finite_number(cell))
            hint = " Separate numbers by spaces." if "," in bad else ""
            raise ModelError(
                f"{name}, line {line}: {quoted(bad)} is not a finite number.{hint}"
            ) from None
        if rows and row and len(row) != len(rows[0]):
            raise ModelError(
                f"{name}, line {line}: expected as many numbers as in the first row, "
                f"{len(rows[0])}; got {len(row)}."
            )
        if row:
            rows.append(row)
    if not rows:
        raise ModelError(f"{name} holds no numbers; one row of weights per line is expected.")
    return np.array(rows)
