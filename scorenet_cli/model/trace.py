"""One example's forward and backward pass as data: every product, sum, delta and change.

Field names are the JSON answer's keys; from_ stands for "from", which Python reserves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
)
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.data.columns import ScalingName, scale_inputs
from scorenet_cli.errors import DataError
from scorenet_cli.model.model import Model, layer_names, neuron_names, overflow_error, to_scores

Taken = tuple[str, float]


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
    """What one neuron of the next layer says of this one's error: delta times weight."""

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
    """change = learning rate x what came in x the neuron's delta; after = before + change."""

    from_: str
    before: float
    change: float
    after: float


@dataclass(frozen=True)
class NeuronUpdate:
    """delta = error x slope; error is the sum of the shares, at the output actual - output."""

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
    return _as_trace(model, values, *_pass_forward(model, values, scaling))


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
    scaled, passes = _pass_forward(model, values, scaling)
    wanted = np.array([actual], dtype=np.float64) / model.target_scale
    with np.errstate(over="ignore", invalid="ignore"):
        gradients = backward(model.network, scaled, passes, wanted)
        network = gradient_step(model.network, gradients, learning_rate)
        outputs_after = predict_outputs(network, scaled)
        losses = [mean_squared_error(out, wanted) for out in (passes[-1].outputs, outputs_after)]
    scores_after = to_scores(model, outputs_after)
    numbers = [*losses, *scores_after[0], *(g.delta for g in gradients)]
    if not (is_finite(network) and all(np.isfinite(number).all() for number in numbers)):
        raise DataError(
            "the changes become too large to compute with. Check the learning rate, the actual "
            "scores, and the model's weights."
        )
    return BackwardTrace(
        forward=_as_trace(model, values, scaled, passes),
        actual=tuple(wanted[0].tolist()),
        actual_scores=tuple(map(float, actual)),
        learning_rate=float(learning_rate),
        loss=losses[0],
        layers=tuple(_corrected_layers(model, gradients, learning_rate)),
        outputs_after=tuple(outputs_after[0].tolist()),
        scores_after=tuple(scores_after[0].tolist()),
        loss_after=losses[1],
    )


def _pass_forward(
    model: Model, values: Sequence[float], scaling: ScalingName
) -> tuple[Array, tuple[LayerPass, ...]]:
    """Return the scaled values (1, features) and each layer's pass, all of them finite."""
    scaled = scale_inputs(np.array([values], dtype=np.float64), model.feature_scale, scaling)
    passes = forward(model.network, scaled)
    scores = to_scores(model, passes[-1].outputs)
    if not all(
        np.isfinite(array).all() for array in (scaled, scores, *(p.pre_activations for p in passes))
    ):
        raise overflow_error(values)
    return scaled, passes


def _as_trace(
    model: Model, values: Sequence[float], scaled: Array, passes: Sequence[LayerPass]
) -> ForwardTrace:
    """Lay a forward pass out neuron by neuron."""
    before, *names = neuron_names(model)
    layers: list[TracedLayer] = []
    taken = list(zip(before, scaled[0].tolist(), strict=True))
    for layer, layer_pass, layer_name, neurons in zip(
        model.network.layers, passes, layer_names(model), names, strict=True
    ):
        traced = tuple(
            _neuron(layer, layer_pass, position, name=name, taken=taken)
            for position, name in enumerate(neurons)
        )
        layers.append(TracedLayer(layer_name, traced))
        taken = [(neuron.name, neuron.output) for neuron in traced]
    return ForwardTrace(
        inputs=tuple(
            Input(name, float(value), float(scaled_value))
            for name, value, scaled_value in zip(model.features, values, scaled[0], strict=True)
        ),
        layers=tuple(layers),
        outputs=tuple(passes[-1].outputs[0].tolist()),
        scores=tuple(to_scores(model, passes[-1].outputs)[0].tolist()),
    )


def _neuron(
    layer: Layer, layer_pass: LayerPass, neuron: int, *, name: str, taken: Sequence[Taken]
) -> Neuron:
    """Put one neuron's terms beside the sum and output that the forward pass gave it."""
    weights = layer.weights[:, neuron].tolist()
    return Neuron(
        name=name,
        terms=tuple(
            Term(from_, value, weight, value * weight)
            for (from_, value), weight in zip(taken, weights, strict=True)
        ),
        bias=None if layer.bias is None else float(layer.bias[neuron]),
        sum=float(layer_pass.pre_activations[0, neuron]),
        activation=layer.activation,
        output=float(layer_pass.outputs[0, neuron]),
    )


def _corrected_layers(
    model: Model, gradients: Sequence[LayerGradient], learning_rate: float
) -> Iterator[LayerUpdate]:
    """Lay a backward pass out neuron by neuron, in network order."""
    names = neuron_names(model)
    layers = model.network.layers
    for number, layer_name in enumerate(layer_names(model)):
        shares: list[tuple[ErrorTerm, ...]] = [()] * layers[number].neurons
        if number + 1 < len(layers):
            deltas = gradients[number + 1].delta[0].tolist()
            shares = [
                tuple(
                    ErrorTerm(to, delta, weight, delta * weight)
                    for to, delta, weight in zip(names[number + 2], deltas, weights, strict=True)
                )
                for weights in layers[number + 1].weights.tolist()
            ]
        neurons = tuple(
            _corrected_neuron(
                layers[number],
                gradients[number],
                neuron,
                name=name,
                taken=names[number],
                shares=shares[neuron],
                learning_rate=learning_rate,
            )
            for neuron, name in enumerate(names[number + 1])
        )
        yield LayerUpdate(layer_name, neurons)


def _corrected_neuron(  # noqa: PLR0913 - a neuron's place in the network
    layer: Layer,
    gradient: LayerGradient,
    neuron: int,
    *,
    name: str,
    taken: Sequence[str],
    shares: tuple[ErrorTerm, ...],
    learning_rate: float,
) -> NeuronUpdate:
    """Put one neuron's changes beside the error, slope and delta that they come from."""

    def change(before: float, gradient: float) -> tuple[float, float, float]:
        step = 0.0 - learning_rate * gradient
        return before, step, before + step

    bias = None
    if layer.bias is not None and gradient.bias is not None:
        bias = BiasChange(*change(float(layer.bias[neuron]), float(gradient.bias[neuron])))
    weights, slopes = (of[:, neuron].tolist() for of in (layer.weights, gradient.weights))
    return NeuronUpdate(
        name=name,
        shares=shares,
        error=float(gradient.error[0, neuron]),
        slope=float(gradient.slope[0, neuron]),
        delta=float(gradient.delta[0, neuron]),
        weights=tuple(
            WeightChange(from_, *change(before, slope))
            for from_, before, slope in zip(taken, weights, slopes, strict=True)
        ),
        bias=bias,
    )
