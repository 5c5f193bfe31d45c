"""The network itself: layers, one forward pass, gradients by backpropagation.

Pure NumPy on immutable values; no input or output. Every array holds one example per row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.activations import ACTIVATIONS, ActivationName
from scorenet_cli.core.parallel import interruptible, map_shards, round_robin

InitName = Literal["normal", "uniform", "scaled"]

# Rows per block of a forward pass, so that it fits in the processor's cache.
BLOCK_ROWS = 8192
# Cells per block in the widest layer.
BLOCK_CELLS = 131_072


def _frozen(values: Array) -> Array:
    """Make a private, read-only float64 copy."""
    copy = np.array(values, dtype=np.float64, order="C")
    copy.setflags(write=False)
    return copy


@dataclass(frozen=True, eq=False)
class Layer:
    """Weights (inputs, neurons), a bias (neurons,) or none, and a key of ACTIVATIONS."""

    weights: Array
    bias: Array | None = None
    activation: ActivationName = "sigmoid"

    def __post_init__(self) -> None:
        """Keep read-only copies; raises ValueError if the shapes do not fit."""
        object.__setattr__(self, "weights", _frozen(self.weights))
        if self.weights.ndim != 2 or 0 in self.weights.shape:  # noqa: PLR2004 - a matrix
            raise ValueError(f"weights must have shape (inputs, neurons); got {self.weights.shape}")
        if self.bias is not None:
            object.__setattr__(self, "bias", _frozen(self.bias))
            if self.bias.shape != (self.neurons,):
                raise ValueError(f"bias must have shape ({self.neurons},); got {self.bias.shape}")

    @property
    def inputs(self) -> int:
        """Number of inputs per neuron."""
        return int(self.weights.shape[0])

    @property
    def neurons(self) -> int:
        """Number of outputs (neurons)."""
        return int(self.weights.shape[1])

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return self.weights.size + (0 if self.bias is None else self.neurons)


@dataclass(frozen=True, eq=False)
class Network:
    """Layers from input to output; the outputs of each are the inputs of the next."""

    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        """Raise ValueError if there is no layer, or if the sizes of two neighbours differ."""
        if not self.layers:
            raise ValueError("a network needs at least one layer")
        for before, after in pairwise(self.layers):
            if before.neurons != after.inputs:
                raise ValueError(
                    f"the number of inputs, {after.inputs}, must equal the number of neurons in "
                    f"the layer before, {before.neurons}"
                )

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of inputs, then of each layer's neurons: (2, 3, 1) for the document's network."""
        return (self.layers[0].inputs, *(layer.neurons for layer in self.layers))

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(layer.parameters for layer in self.layers)


def count_parameters(shape: Sequence[int], *, bias: bool) -> int:
    """Return the number of weights (and biases) of a network of this shape."""
    return sum((before + bias) * after for before, after in pairwise(shape))


def random_network(  # noqa: PLR0913 - all are needed
    shape: Sequence[int],
    *,
    seed: int,
    init: InitName = "normal",
    bias: bool = False,
    activation: ActivationName = "sigmoid",
    output_activation: ActivationName = "sigmoid",
) -> Network:
    """Make a starting network: random weights layer by layer, biases 0.

    "scaled" divides normal weights by √(inputs of the layer), so that sums have a similar size.
    """
    rng = np.random.default_rng(seed)
    draw = rng.random if init == "uniform" else rng.standard_normal
    sizes = list(pairwise(shape))
    return Network(
        tuple(
            Layer(
                weights=draw(size) / (np.sqrt(size[0]) if init == "scaled" else 1.0),
                bias=np.zeros(size[1]) if bias else None,
                activation=activation if number < len(sizes) else output_activation,
            )
            for number, size in enumerate(sizes, start=1)
        )
    )


class LayerPass(NamedTuple):
    """One layer's part in a forward pass; both are (rows, neurons)."""

    pre_activations: Array
    outputs: Array


def weighted_sums(inputs: Array, layer: Layer) -> Array:
    """Z = Σ input · weight + bias, (rows, neurons).

    Products are added in the order of the inputs, the bias last, so that the sums of a row are
    bit-identical alone and among a million rows, and equal the sums of the printed products.
    """
    sums: Array = inputs[:, :1] * layer.weights[0]
    for column in range(1, layer.inputs):
        sums += inputs[:, column : column + 1] * layer.weights[column]
    if layer.bias is not None:
        sums += layer.bias
    return sums


def forward(network: Network, inputs: Array) -> tuple[LayerPass, ...]:
    """Run each layer on the outputs of the one before; inputs are (rows, inputs)."""
    passes = []
    values = inputs
    with np.errstate(over="ignore", invalid="ignore"):
        for layer in network.layers:
            pre_activations = weighted_sums(values, layer)
            values = ACTIVATIONS[layer.activation].function(pre_activations)
            passes.append(LayerPass(pre_activations, values))
    return tuple(passes)


def predict(network: Network, inputs: Array) -> Array:
    """Return a forward pass's outputs (rows, outputs), block by block to keep memory small.

    The interrupt check (parallel.interrupt_check) is called before each block.
    """
    outputs = np.empty((len(inputs), network.shape[-1]))
    rows = min(BLOCK_ROWS, max(BLOCK_CELLS // max(network.shape), 1))

    def predict_blocks(starts: Sequence[int]) -> None:
        for start in interruptible(starts):
            block = slice(start, start + rows)
            outputs[block] = forward(network, inputs[block])[-1].outputs

    map_shards(predict_blocks, round_robin(range(0, len(inputs), rows)))
    return outputs


class LayerGradient(NamedTuple):
    """One layer's part in backpropagation.

    error, slope and delta are (rows, neurons); error is actual - output at the output layer, and
    the backpropagated error at hidden layers. weights and bias are the gradient of half the sum of
    squared errors, shaped like the layer's own.
    """

    error: Array
    slope: Array
    delta: Array
    weights: Array
    bias: Array | None


def backward(
    network: Network, inputs: Array, passes: Sequence[LayerPass], actual: Array
) -> tuple[LayerGradient, ...]:
    """Backpropagation of ½ Σ (actual - output)², layers in network order.

    delta = error · slope; the error of a hidden layer is the next layer's delta times that layer's
    weights; the gradient of a layer's weights is -inputsᵀ · delta. actual is (rows, outputs).
    """
    gradients: list[LayerGradient] = []
    error = actual - passes[-1].outputs
    for number in reversed(range(len(network.layers))):
        layer = network.layers[number]
        layer_inputs = passes[number - 1].outputs if number else inputs
        slope = ACTIVATIONS[layer.activation].slope_at_output(passes[number].outputs)
        delta = error * slope
        gradients.append(
            LayerGradient(
                error=error,
                slope=slope,
                delta=delta,
                weights=-layer_inputs.T @ delta,
                bias=None if layer.bias is None else -delta.sum(axis=0),
            )
        )
        error = delta @ layer.weights.T
    return tuple(reversed(gradients))


def gradient_step(
    network: Network, gradients: Sequence[LayerGradient], learning_rate: float
) -> Network:
    """Return the network after one step: each parameter minus learning_rate · its gradient."""
    return Network(
        tuple(
            Layer(
                layer.weights - learning_rate * gradient.weights,
                None
                if layer.bias is None or gradient.bias is None
                else layer.bias - learning_rate * gradient.bias,
                layer.activation,
            )
            for layer, gradient in zip(network.layers, gradients, strict=True)
        )
    )


def is_finite(network: Network) -> bool:
    """Return whether every weight and bias is a finite number."""
    return all(
        bool(np.isfinite(layer.weights).all())
        and (layer.bias is None or bool(np.isfinite(layer.bias).all()))
        for layer in network.layers
    )


def mean_squared_error(outputs: Array, actual: Array) -> float:
    """Mean over rows and targets of (actual - output)²."""
    error = actual - outputs
    return float(np.mean(np.square(error, out=error)))
