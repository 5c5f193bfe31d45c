"""One step of full-batch gradient descent as matrices under the document's names.

From X, y and W1, W2, ... the forward pass computes z, z2, z3, ... and o: each layer's sums and
activations in turn; the last activation is o. The backward pass has o_error, o_delta, z2_error,
z2_delta, ... Biases are b1, b2, ...; the document has no biases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.activations import ActivationName
from scorenet_cli.core.network import (
    LayerGradient,
    LayerPass,
    Network,
    backward,
    forward,
    mean_squared_error,
    predict,
)
from scorenet_cli.core.optimizers.gradient_descent import gradient_descent
from scorenet_cli.errors import DataError
from scorenet_cli.model.gradient_check import GradientCheck, check_gradient
from scorenet_cli.model.model import Model, layer_names, neuron_names
from scorenet_cli.text import number

Kind = Literal[
    "inputs",
    "targets",
    "weights",
    "biases",
    "sums",
    "activations",
    "output",
    "output error",
    "hidden error",
    "delta",
    "product",
    "bias product",
    "after",
]
GIVEN: tuple[Kind, ...] = ("inputs", "targets", "weights", "biases")

# NumPy factor of a delta: the slope, computed from the activation `a`.
_SLOPES: dict[ActivationName, str] = {
    "sigmoid": " * {a} * (1 - {a})",
    "tanh": " * (1 - {a} * {a})",
    "relu": " * ({a} > 0)",
    "linear": "",
}
# Maximum number of scales that a formula spells out.
MAX_SCALES = 4


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix: its name, kind and layer, and the NumPy expression that computes it, if any.

    rows names its rows, () if they are the examples; columns are neurons, or inputs.
    """

    name: str
    kind: Kind
    layer: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Array
    formula: str


@dataclass(frozen=True, eq=False)
class BatchTrace:
    """A step on all rows, in the order of the computation; losses are scaled.

    notes report the choices made while the rows were read.
    """

    model: Model
    rows: int
    learning_rate: float
    matrices: tuple[Matrix, ...]
    loss: float
    loss_after: float
    check: GradientCheck | None = None
    notes: tuple[str, ...] = ()


def batch_trace(  # noqa: PLR0913 - all arguments are needed
    model: Model,
    inputs: Array,
    actual: Array,
    *,
    learning_rate: float,
    check: bool = False,
    notes: tuple[str, ...] = (),
) -> BatchTrace:
    """Trace W += (learning_rate / rows) · inputsᵀ · delta on scaled rows.

    The weights after it are exactly those of optimizer gd after one epoch. Raises DataError if a
    number is too large to be shown.
    """
    network = model.network
    passes = forward(network, inputs)
    with np.errstate(over="ignore", invalid="ignore"):
        gradients = backward(network, inputs, passes, actual)
        steps = gradient_descent([network], inputs, actual, learning_rate=learning_rate)
        (after,) = next(islice(steps, 1, None)).networks()
        outputs = passes[-1].outputs, predict(after, inputs)
        loss, loss_after = (mean_squared_error(each, actual) for each in outputs)
    matrices = tuple(_matrices(model, inputs, actual, passes, gradients, after, learning_rate))
    numbers = [np.array([loss, loss_after]), *(matrix.values for matrix in matrices)]
    if not all(np.isfinite(each).all() for each in numbers):
        raise DataError(
            "the changes become too large to compute with. Check the learning rate, the rows, "
            "and the model's weights."
        )
    checked = check_gradient(model, inputs, actual, gradients) if check else None
    return BatchTrace(model, len(inputs), learning_rate, matrices, loss, loss_after, checked, notes)


def _matrices(  # noqa: PLR0913, PLR0917 - all arguments are needed
    model: Model,
    inputs: Array,
    actual: Array,
    passes: Sequence[LayerPass],
    gradients: Sequence[LayerGradient],
    after: Network,
    learning_rate: float,
) -> Iterator[Matrix]:
    """Yield every matrix of a step: the forward pass, the deltas backwards, then the weights."""
    names, layers = neuron_names(model), [*layer_names(model), "input"]
    last = len(passes) - 1

    def matrix(  # noqa: PLR0913, PLR0917 - all are needed; `at` is the layer, -1 the inputs
        name: str, kind: Kind, at: int, rows: tuple[str, ...], values: Array, formula: str = ""
    ) -> Matrix:
        formula = formula and f"{name} = {formula}"
        return Matrix(name, kind, layers[at], rows, names[at + 1], values, formula)

    # X, z2, z4, ..., o: the inputs of each layer, and the output of the last.
    given = ["X", *(f"z{2 * at}" for at in range(1, last + 1)), "o"]
    formula = _scaled("features", model.feature_offset, model.feature_scale)
    yield matrix("X", "inputs", -1, (), inputs, formula)
    formula = _scaled("targets", model.target_offset, model.target_scale)
    yield matrix("y", "targets", last, (), actual, formula)
    for at, (layer, layer_pass) in enumerate(zip(model.network.layers, passes, strict=True)):
        sums, formula = f"z{2 * at + 1}" if at else "z", f"{given[at]}.dot(W{at + 1})"
        yield matrix(f"W{at + 1}", "weights", at, names[at], layer.weights)
        if layer.bias is not None:
            yield matrix(f"b{at + 1}", "biases", at, ("bias",), layer.bias[None])
            formula += f" + b{at + 1}"
        yield matrix(sums, "sums", at, (), layer_pass.pre_activations, formula)
        formula = sums if layer.activation == "linear" else f"{layer.activation}({sums})"
        kind: Kind = "output" if at == last else "activations"
        yield matrix(given[at + 1], kind, at, (), layer_pass.outputs, formula)
    for at in reversed(range(last + 1)):
        known, gradient = given[at + 1], gradients[at]
        kind = "output error" if at == last else "hidden error"
        formula = "y - o" if at == last else f"{given[at + 2]}_delta.dot(W{at + 2}.T)"
        yield matrix(f"{known}_error", kind, at, (), gradient.error, formula)
        slope = _SLOPES[model.network.layers[at].activation].format(a=known)
        yield matrix(f"{known}_delta", "delta", at, (), gradient.delta, f"{known}_error{slope}")
    rate = f"{number(learning_rate)} / {len(inputs)}"
    for at, (gradient, layer) in enumerate(zip(gradients, after.layers, strict=True)):
        delta = f"{given[at + 1]}_delta"
        name, formula = f"W{at + 1}", f"{given[at]}.T.dot({delta})"
        yield matrix(f"{name}_product", "product", at, names[at], -gradient.weights, formula)
        formula = f"{name} + {rate} * {name}_product"
        yield matrix(f"{name}_after", "after", at, names[at], layer.weights, formula)
        if layer.bias is not None and gradient.bias is not None:
            name, bias = f"b{at + 1}", ("bias",)
            formula = f"{delta}.sum(axis=0)"
            yield matrix(f"{name}_product", "bias product", at, bias, -gradient.bias[None], formula)
            formula = f"{name} + {rate} * {name}_product"
            yield matrix(f"{name}_after", "after", at, bias, layer.bias[None], formula)


def _scaled(what: str, offset: Array | None, scale: Array) -> str:
    """Return the formula that scales columns, with the numbers if they are few."""

    def listed(numbers: Array) -> str:
        return f"[{', '.join(map(number, numbers.tolist()))}]"

    if len(scale) > MAX_SCALES:
        return f"{what} / scale" if offset is None else f"({what} - offset) / scale"
    minus = what if offset is None else f"({what} - {listed(offset)})"
    return f"{minus} / {listed(scale)}"
