"""Activation functions: formulas, slopes, and their form in preallocated buffers.

ACTIVATIONS is the only list of them; a new activation needs only an entry there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from scorenet_cli.core import Array

ActivationName = str  # a key of ACTIVATIONS
Call = Callable[[], object]

_ZERO, _ONE = np.array(0.0), np.array(1.0)  # faster as operands than Python's own numbers


@dataclass(frozen=True)
class InPlace:
    """An activation as NumPy calls on buffers, for core.inplace.

    The buffer holds weight_sign / output_scale times the pre-activations. forward(buffer) lists
    calls that turn it into the result, output_scale * output - offset; slope(result, slopes) lists
    calls that write the derivative of the result with respect to the initial content of the buffer
    to slopes, of the same shape. weight_sign is 1 or -1 and output_scale a power of two, so that
    scaling is exact.
    """

    forward: Callable[[Array], list[Call]]
    slope: Callable[[Array, Array], list[Call]]
    weight_sign: float = 1.0
    output_scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True)
class Activation:
    """A layer's nonlinearity, elementwise on arrays of any shape.

    slope_at_output computes the derivative from the layer's *output*; slope_formula is its formula
    as text. in_place is None if only the plain formulas exist; in_place_large replaces it for large
    arrays if another form is faster there.
    """

    function: Callable[[Array], Array]
    slope_at_output: Callable[[Array], Array]
    slope_formula: str
    in_place: InPlace | None = None
    in_place_large: InPlace | None = None


def sigmoid(pre_activations: Array) -> Array:
    """Logistic function 1 / (1 + e^-z), from e^-|z| so that nothing overflows."""
    decay = np.exp(-np.abs(pre_activations))
    return np.where(pre_activations >= 0, 1.0, decay) / (1.0 + decay)


def _tanh_slope(tanh: Array, slopes: Array) -> list[Call]:
    """List the calls for 1 - tanh²."""
    return [partial(np.multiply, tanh, tanh, slopes), partial(np.subtract, _ONE, slopes, slopes)]


_TANH = InPlace(lambda buffer: [partial(np.tanh, buffer, buffer)], _tanh_slope)
# 2 sigmoid(z) - 1 = tanh(z / 2): one call.
_SIGMOID_BY_TANH = InPlace(_TANH.forward, _tanh_slope, output_scale=2.0, offset=1.0)
# h = 1 / (1 + e^a) with a = -z; dh/da = h² - h. Three calls, but exp takes half the time of tanh
# on processors without vector instructions for both.
_SIGMOID_BY_EXP = InPlace(
    lambda buffer: [
        partial(np.exp, buffer, buffer),
        partial(np.add, buffer, _ONE, buffer),
        partial(np.divide, _ONE, buffer, buffer),
    ],
    lambda output, slopes: [
        partial(np.multiply, output, output, slopes),
        partial(np.subtract, slopes, output, slopes),
    ],
    weight_sign=-1.0,
)

ACTIVATIONS: dict[ActivationName, Activation] = {
    "sigmoid": Activation(
        sigmoid,
        lambda output: output * (1.0 - output),
        "output x (1 - output)",
        _SIGMOID_BY_TANH,
        _SIGMOID_BY_EXP,
    ),
    "tanh": Activation(
        np.tanh,
        lambda output: 1.0 - output * output,
        "1 - output x output",
        _TANH,
    ),
    "relu": Activation(
        lambda pre_activations: np.maximum(pre_activations, 0.0),
        lambda output: np.where(output > 0, 1.0, 0.0),
        "1 where the output is above 0, else 0",
        InPlace(
            lambda buffer: [partial(np.maximum, buffer, _ZERO, out=buffer)],
            lambda output, slopes: [partial(np.sign, output, slopes)],
        ),
    ),
    "linear": Activation(
        np.copy,
        np.ones_like,
        "1",
        InPlace(lambda _: [], lambda _, slopes: [partial(slopes.fill, 1.0)]),
    ),
}
