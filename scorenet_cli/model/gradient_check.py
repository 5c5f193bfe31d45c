"""Backpropagation compared with central differences, weight by weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.network import LayerGradient, Network, predict
from scorenet_cli.core.optimizers.least_squares import pack, unpack
from scorenet_cli.errors import OptionError
from scorenet_cli.model.model import Model, layer_names, neuron_names

# Step h of the central differences, times the weight's size if that is above 1.
STEP = 1e-5
# A wrong formula gives a far larger relative difference, rounding a far smaller one.
TOLERANCE = 1e-5
# Maximum of parameters x cells per pass; a check of this size takes seconds.
MAX_WORK = 200_000_000
MIN_CELLS = 20_000  # smaller passes are not faster


@dataclass(frozen=True)
class CheckedWeight:
    """The derivative of half the sum of squared errors by a weight or bias, in both ways."""

    layer: str
    to: str
    from_: str
    gradient: float
    numerical: float
    relative_difference: float


@dataclass(frozen=True)
class GradientCheck:
    """right: every relative difference is at most TOLERANCE; weights neuron by neuron.

    has_corner: a layer is relu, which has no derivative at a sum of exactly 0.
    """

    right: bool
    has_corner: bool
    largest_relative_difference: float
    weights: tuple[CheckedWeight, ...]


@np.errstate(over="ignore", invalid="ignore")
def check_gradient(
    model: Model, inputs: Array, actual: Array, gradients: Sequence[LayerGradient]
) -> GradientCheck:
    """Compare network.backward's gradients on scaled rows with central differences.

    A difference is relative to the sum of the terms' absolute values, which is the gradient's own
    for one example; near a minimum the terms of many rows cancel. A difference no larger than the
    rounding of the outputs counts as below TOLERANCE. Raises OptionError if it would take minutes.
    """
    numerical, sizes = numerical_gradient(model.network, inputs, actual)
    exact = np.concatenate(
        [part.ravel() for g in gradients for part in (g.weights, g.bias) if part is not None]
    )
    outputs = predict(model.network, inputs)
    rounding = 8 * np.finfo(float).eps / STEP * float(np.sum(np.abs((actual - outputs) * outputs)))
    largest_of = np.maximum(np.maximum(np.abs(exact), sizes), rounding / TOLERANCE)
    differences = np.abs(exact - numerical) / np.where(largest_of > 0, largest_of, 1.0)
    names, checked, start = neuron_names(model), [], 0
    for number, (layer, title) in enumerate(
        zip(model.network.layers, layer_names(model), strict=True)
    ):
        sources = [*names[number], *(["bias"] if layer.bias is not None else [])]
        columns = np.stack([exact, numerical, differences])[:, start : start + layer.parameters]
        start += layer.parameters
        by_neuron = columns.reshape(3, len(sources), -1).transpose(2, 1, 0).tolist()
        for neuron, rows in zip(names[number + 1], by_neuron, strict=True):
            checked += [
                CheckedWeight(title, neuron, source, *row)
                for source, row in zip(sources, rows, strict=True)
            ]
    largest = float(differences.max())
    has_corner = any(layer.activation == "relu" for layer in model.network.layers)
    return GradientCheck(largest <= TOLERANCE, has_corner, largest, tuple(checked))


def numerical_gradient(network: Network, inputs: Array, actual: Array) -> tuple[Array, Array]:
    """Return -Σ error · (output(w + h) - output(w - h)) / 2h for each parameter w.

    Both results are flat, in the order of pack; the second is the sum of the terms' absolute
    values. Differences of the outputs are used instead of those of half the sum of squared errors,
    whose curvature hides the gradient if a trained network's errors are smaller than h.
    """
    parameters = pack(network)
    cells = max(len(inputs) * len(parameters), MIN_CELLS)
    if len(parameters) * cells > MAX_WORK:
        raise OptionError(
            f"would take minutes: it needs {2 * len(parameters):,} passes over {len(inputs):,} "
            "rows. Use fewer rows, or a smaller network.",
            option="check",
        )

    def outputs(position: int, value: float) -> Array:
        moved = parameters.copy()
        moved[position] = value
        return predict(unpack(network, moved), inputs)

    errors = actual - predict(network, inputs)
    result, sizes = np.empty_like(parameters), np.empty_like(parameters)
    for position, weight in enumerate(parameters.tolist()):
        step = STEP * max(1.0, abs(weight))
        high, low = outputs(position, weight + step), outputs(position, weight - step)
        slopes = (high - low) / ((weight + step) - (weight - step))
        result[position] = -np.sum(slopes * errors)
        sizes[position] = np.sum(np.abs(slopes * errors))
    return result, sizes
