"""One example's forward and backward pass as data: every product, sum, delta and change.

Field names are the JSON answer's keys; from_ stands for "from", which Python reserves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.network import (
    Layer,
    LayerGradient,
    LayerPass,
    backward,
    forward,
    gradient_step,
    is_finite,
    mean_squared_error,
    run,
)
from scorenet_cli.data.columns import ScalingName, scale_inputs
from scorenet_cli.errors import DataError
from scorenet_cli.model.model import Model, layer_names, neuron_names, overflow_error, to_scores


@dataclass(frozen=True)
class Input:
    """A value as given, and as the network sees it."""

    name: str
    value: float
    scaled: float


@dataclass(frozen=True)
class Term:
    """One product of a neuron's sum."""

    from_: str
    value: float
    weight: float
    product: float


@dataclass(frozen=True)
class Neuron:
    """sum = products + bias; output = activation(sum)."""

    name: str
    terms: tuple[Term, ...]
    bias: float | None
    sum: float
    activation: str
    output: float


@dataclass(frozen=True)
class TracedLayer:
    """The neurons of one layer."""

    name: str
    neurons: tuple[Neuron, ...]


@dataclass(frozen=True)
class ForwardTrace:
    """A forward pass; scores are the outputs in score units."""

    inputs: tuple[Input, ...]
    layers: tuple[TracedLayer, ...]
    outputs: tuple[float, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True)
class ErrorTerm:
    """One product of a hidden neuron's error: a next neuron's delta times the weight to it."""

    to: str
    delta: float
    weight: float
    product: float


@dataclass(frozen=True)
class BiasChange:
    """change = learning rate x the neuron's delta; after = before + change."""

    before: float
    change: float
    after: float


@dataclass(frozen=True)
class WeightChange:
    """change = learning rate x the input x the neuron's delta; after = before + change."""

    from_: str
    before: float
    change: float
    after: float


@dataclass(frozen=True)
class NeuronUpdate:
    """delta = error x slope; error is the shares' products added, at the output actual - output."""

    name: str
    shares: tuple[ErrorTerm, ...]
    error: float
    slope: float
    delta: float
    weights: tuple[WeightChange, ...]
    bias: BiasChange | None


@dataclass(frozen=True)
class LayerUpdate:
    """The neurons of one layer, with the changes to the weights that lead to them."""

    name: str
    neurons: tuple[NeuronUpdate, ...]


@dataclass(frozen=True)
class BackwardTrace:
    """A step of gradient descent on one example; actual, outputs and losses are scaled."""

    forward: ForwardTrace
    actual: tuple[float, ...]
    actual_scores: tuple[float, ...]
    learning_rate: float
    loss: float
    layers: tuple[LayerUpdate, ...]
    outputs_after: tuple[float, ...]
    scores_after: tuple[float, ...]
    loss_after: float


def forward_trace(
    model: Model, values: Sequence[float], scaling: ScalingName = "training"
) -> ForwardTrace:
    """Trace one example through the model; values in the features' own units.

    DataError where a sum is too large to be shown.
    """
    return _as_trace(model, values, *_forward(model, values, scaling))


def backward_trace(
    model: Model,
    values: Sequence[float],
    actual: Sequence[float],
    *,
    learning_rate: float = 1.0,
    scaling: ScalingName = "training",
) -> BackwardTrace:
    """Trace backpropagation of one example; values and actual scores in their own units.

    The gradients are those of network.backward. DataError where a number is too large.
    """
    scaled, passes = _forward(model, values, scaling)
    target = np.array([actual], dtype=np.float64) / model.target_scale
    with np.errstate(over="ignore", invalid="ignore"):
        gradients = backward(model.network, scaled, passes, target)
        network = gradient_step(model.network, gradients, learning_rate)
        outputs_after = run(network, scaled)
        losses = [mean_squared_error(out, target) for out in (passes[-1].outputs, outputs_after)]
    scores_after = to_scores(model, outputs_after)
    numbers = [*losses, *scores_after[0], *(g.delta for g in gradients)]
    if not (is_finite(network) and all(np.isfinite(number).all() for number in numbers)):
        raise DataError(
            "the changes become too large to compute with. Check the learning rate, the actual "
            "scores, and the model's weights."
        )
    return BackwardTrace(
        forward=_as_trace(model, values, scaled, passes),
        actual=tuple(target[0].tolist()),
        actual_scores=tuple(map(float, actual)),
        learning_rate=float(learning_rate),
        loss=losses[0],
        layers=_layer_updates(model, gradients, learning_rate),
        outputs_after=tuple(outputs_after[0].tolist()),
        scores_after=tuple(scores_after[0].tolist()),
        loss_after=losses[1],
    )


def _forward(
    model: Model, values: Sequence[float], scaling: ScalingName
) -> tuple[Array, tuple[LayerPass, ...]]:
    """Return the scaled values (1, features) and each layer's pass, all of them finite."""
    scaled = scale_inputs(np.array([values], dtype=np.float64), model.feature_scale, scaling)
    passes = forward(model.network, scaled)
    scores = to_scores(model, passes[-1].outputs)
    if not all(np.isfinite(array).all() for array in (scaled, scores, *(p.sums for p in passes))):
        raise overflow_error(values)
    return scaled, passes


def _as_trace(
    model: Model, values: Sequence[float], scaled: Array, passes: Sequence[LayerPass]
) -> ForwardTrace:
    """Lay a forward pass out neuron by neuron."""
    names = neuron_names(model)
    layers: list[TracedLayer] = []
    layer_inputs = scaled
    for number, (layer_name, layer, (sums, outputs)) in enumerate(
        zip(layer_names(model), model.network.layers, passes, strict=True)
    ):
        sources = list(zip(names[number], layer_inputs[0].tolist(), strict=True))
        neurons = zip(
            names[number + 1],
            layer.weights.T.tolist(),
            _biases(layer),
            sums[0].tolist(),
            outputs[0].tolist(),
            strict=True,
        )
        traced = tuple(
            Neuron(
                name,
                tuple(
                    Term(from_, value, weight, value * weight)
                    for (from_, value), weight in zip(sources, weights, strict=True)
                ),
                bias,
                total,
                layer.activation,
                output,
            )
            for name, weights, bias, total, output in neurons
        )
        layers.append(TracedLayer(layer_name, traced))
        layer_inputs = outputs
    return ForwardTrace(
        inputs=tuple(map(Input, model.features, map(float, values), scaled[0].tolist())),
        layers=tuple(layers),
        outputs=tuple(passes[-1].outputs[0].tolist()),
        scores=tuple(to_scores(model, passes[-1].outputs)[0].tolist()),
    )


def _biases(layer: Layer) -> list[float] | list[None]:
    """Return each neuron's bias, or None."""
    return [None] * layer.neurons if layer.bias is None else layer.bias.tolist()


def _layer_updates(
    model: Model, gradients: Sequence[LayerGradient], learning_rate: float
) -> tuple[LayerUpdate, ...]:
    """Lay a backward pass out neuron by neuron, in network order."""
    names, updates = neuron_names(model), []
    layers = model.network.layers

    def change(before: float, gradient: float) -> tuple[float, float, float]:
        step = 0.0 - learning_rate * gradient
        return before, step, before + step

    for number, (layer_name, layer, gradient) in enumerate(
        zip(layer_names(model), layers, gradients, strict=True)
    ):
        shares: list[tuple[ErrorTerm, ...]] = [()] * layer.neurons
        if number + 1 < len(layers):
            nexts = list(
                zip(names[number + 2], gradients[number + 1].delta[0].tolist(), strict=True)
            )
            shares = [
                tuple(
                    ErrorTerm(to, delta, weight, delta * weight)
                    for (to, delta), weight in zip(nexts, weights, strict=True)
                )
                for weights in layers[number + 1].weights.tolist()
            ]
        columns = zip(layer.weights.T.tolist(), gradient.weights.T.tolist(), strict=True)
        changes = (
            tuple(
                WeightChange(from_, *change(*pair))
                for from_, *pair in zip(names[number], *column, strict=True)
            )
            for column in columns
        )
        biases: list[BiasChange | None] = [None] * layer.neurons
        if layer.bias is not None and gradient.bias is not None:
            biases = [
                BiasChange(*change(*pair))
                for pair in zip(layer.bias.tolist(), gradient.bias.tolist(), strict=True)
            ]
        neurons = map(
            NeuronUpdate,
            names[number + 1],
            shares,
            *(array[0].tolist() for array in (gradient.error, gradient.slope, gradient.delta)),
            changes,
            biases,
        )
        updates.append(LayerUpdate(layer_name, tuple(neurons)))
    return tuple(updates)
