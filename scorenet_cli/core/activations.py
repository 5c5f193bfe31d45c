"""Activation functions and their slopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from scorenet_cli.core import Array

ActivationName = Literal["sigmoid", "tanh", "relu"]


def sigmoid(sums: Array) -> Array:
    """Logistic function 1 / (1 + e^-z), from e^-|z| so that nothing overflows."""
    decay = np.exp(-np.abs(sums))
    return np.where(sums >= 0, 1.0, decay) / (1.0 + decay)


def relu(sums: Array) -> Array:
    """Rectifier max(z, 0)."""
    return np.maximum(sums, 0.0)


def sigmoid_slope(outputs: Array) -> Array:
    """Slope of the sigmoid from its *output* h: dh/dz = h (1 - h)."""
    return outputs * (1.0 - outputs)


def tanh_slope(outputs: Array) -> Array:
    """Slope of tanh from its *output* h: dh/dz = 1 - h^2."""
    return 1.0 - outputs * outputs


def relu_slope(outputs: Array) -> Array:
    """Slope of the rectifier from its *output*: 1 where it is positive, else 0."""
    return np.where(outputs > 0, 1.0, 0.0)


class Activation(NamedTuple):
    """A layer's nonlinearity, and its slope as a function of the layer's output."""

    function: Callable[[Array], Array]
    slope_at_output: Callable[[Array], Array]


ACTIVATIONS: dict[ActivationName, Activation] = {
    "sigmoid": Activation(sigmoid, sigmoid_slope),
    "tanh": Activation(np.tanh, tanh_slope),
    "relu": Activation(relu, relu_slope),
}
