"""One example's forward and backward pass as data: every product, sum, delta and change.

Field names are the keys of the JSON output; from_ is "from", which Python reserves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import compress, repeat
from typing import TypeVar

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.arrays import largest_absolute
from scorenet_cli.core.network import (
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
from scorenet_cli.errors import DataError, OptionError
from scorenet_cli.model.gradient_check import GradientCheck, check_gradient
from scorenet_cli.model.model import (
    Model,
    as_rows,
    intervals_if_known,
    layer_names,
    neuron_names,
    out_of_range,
    overflow_error,
    to_outputs,
    to_scores,
)
from scorenet_cli.text import number, without_noise

_Term = TypeVar("_Term")


@dataclass(frozen=True)
class Input:
    """A value as given and as scaled: scaled = (value - offset) / scale.

    offset is None if nothing is subtracted, scale None if the value is not divided.
    """

    name: str
    value: float
    scaled: float
    offset: float | None = None
    scale: float | None = None

    def formula(self, digits: int) -> str:
        """Return how the value was scaled, (19 - 39.2) / 14; "" if it is not scaled."""
        value = number(self.value, digits)
        if self.offset is not None:
            sign = "+" if self.offset < 0 else "-"
            value = f"({value} {sign} {number(abs(self.offset), digits)})"
        if self.scale is not None:
            return f"{value} / {number(self.scale, digits)}"
        return "" if self.offset is None else value


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
    """A forward pass; scores are the outputs in score units.

    outside_training_range names the inputs with values outside the training range. intervals
    holds [low, high] of each score's 90 % interval; it is empty if the model has none.
    """

    inputs: tuple[Input, ...]
    layers: tuple[TracedLayer, ...]
    outputs: tuple[float, ...]
    scores: tuple[float, ...]
    outside_training_range: tuple[str, ...]
    intervals: tuple[tuple[float, float], ...] = ()


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
    """delta = error x slope; error = sum of error terms, at the output layer actual - output."""

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
    """A step of gradient descent on one example; actual, outputs and losses are scaled.

    targets are the actual scores as given and as scaled; check holds the numerical gradients, if
    requested.
    """

    forward: ForwardTrace
    actual: tuple[float, ...]
    actual_scores: tuple[float, ...]
    learning_rate: float
    loss: float
    layers: tuple[LayerUpdate, ...]
    outputs_after: tuple[float, ...]
    scores_after: tuple[float, ...]
    loss_after: float
    targets: tuple[Input, ...]
    check: GradientCheck | None = None


def forward_trace(
    model: Model, values: Sequence[float], scaling: ScalingName = "training"
) -> ForwardTrace:
    """Trace one example through the model; values in the features' own units.

    Raises DataError if a sum is too large to be shown.
    """
    return _as_trace(model, values, *_forward(model, values, scaling), scaling)


def backward_trace(  # noqa: PLR0913 - all arguments are needed
    model: Model,
    values: Sequence[float],
    actual: Sequence[float],
    *,
    learning_rate: float = 1.0,
    scaling: ScalingName = "training",
    check: bool = False,
) -> BackwardTrace:
    """Trace backpropagation of one example; values and actual (outputs,) in their own units.

    The gradients are those of network.backward. Raises DataError if the values do not fit the model
    or numbers become too large, and OptionError for a learning rate that is not above 0.
    """
    if not (math.isfinite(learning_rate) and learning_rate > 0):
        raise OptionError("must be a finite number above 0.", option="learning_rate")
    scaled, passes = _forward(model, values, scaling)
    target = to_outputs(model, np.array([actual]))
    with np.errstate(over="ignore", invalid="ignore"):
        gradients = backward(model.network, scaled, passes, target)
        network = gradient_step(model.network, gradients, learning_rate)
        outputs_after = predict_outputs(network, scaled)
        losses = [mean_squared_error(out, target) for out in (passes[-1].outputs, outputs_after)]
    scores_after = to_scores(model, outputs_after)
    numbers = [*losses, *scores_after[0], *(g.delta for g in gradients)]
    if not (is_finite(network) and all(np.isfinite(each).all() for each in numbers)):
        raise DataError(
            "the changes become too large to compute with. Check the learning rate, the actual "
            "scores, and the model's weights."
        )
    return BackwardTrace(
        forward=_as_trace(model, values, scaled, passes, scaling),
        actual=tuple(target[0].tolist()),
        actual_scores=tuple(map(float, actual)),
        learning_rate=float(learning_rate),
        loss=losses[0],
        layers=_layer_updates(model, gradients, learning_rate),
        outputs_after=tuple(outputs_after[0].tolist()),
        scores_after=tuple(scores_after[0].tolist()),
        loss_after=losses[1],
        targets=_inputs(
            model.output_names, actual, target[0], model.target_offset, model.target_scale
        ),
        check=check_gradient(model, scaled, target, gradients) if check else None,
    )


def without_rounding(trace: ForwardTrace) -> ForwardTrace:
    """Return the trace as shown: sums that are only rounding noise become 0.

    So do the outputs (except sigmoid), products and scores that follow from them.
    """
    layers: list[TracedLayer] = []
    zeros: set[str] = set()  # neurons of the previous layer whose output is 0
    for layer in trace.layers:
        neurons = []
        for neuron in layer.neurons:
            terms = neuron.terms
            if zeros:
                terms = tuple(
                    replace(term, value=0.0, product=0.0) if term.from_ in zeros else term
                    for term in terms
                )
            products = [neuron.bias or 0.0, *(term.product for term in terms)]
            total = without_noise(neuron.sum, *products) if any(products) else 0.0
            follows = total == 0 and abs(neuron.output) <= abs(neuron.sum)  # false for sigmoid
            output = 0.0 if follows else neuron.output
            neurons.append(replace(neuron, terms=terms, sum=total, output=output))
        zeros = {neuron.name for neuron in neurons if neuron.output == 0}
        layers.append(replace(layer, neurons=tuple(neurons)))
    outputs = tuple(neuron.output for neuron in layers[-1].neurons)
    scores = (
        score if output else without_noise(score, 1.0, limit=1e-12)
        for output, score in zip(outputs, trace.scores, strict=True)
    )
    return replace(trace, layers=tuple(layers), outputs=outputs, scores=tuple(scores))


def _forward(
    model: Model, values: Sequence[float], scaling: ScalingName
) -> tuple[Array, tuple[LayerPass, ...]]:
    """Return the scaled values (1, inputs) and each layer's pass, all of them finite."""
    inputs = as_rows(model.input_names, [values])
    scaled = scale_inputs(inputs, model.feature_scale, scaling, model.feature_offset)
    passes = forward(model.network, scaled)
    scores = to_scores(model, passes[-1].outputs)
    if not all(
        np.isfinite(array).all() for array in (scaled, scores, *(p.pre_activations for p in passes))
    ):
        raise overflow_error(values)
    return scaled, passes


def _as_trace(
    model: Model,
    values: Sequence[float],
    scaled: Array,
    passes: Sequence[LayerPass],
    scaling: ScalingName,
) -> ForwardTrace:
    """Convert a forward pass to data, neuron by neuron."""
    names, layers = neuron_names(model), []
    layer_inputs = [scaled, *(layer_pass.outputs for layer_pass in passes)]
    for position, (layer, layer_pass) in enumerate(zip(model.network.layers, passes, strict=True)):
        neurons = map(
            Neuron,
            names[position + 1],
            _products(Term, names[position], layer_inputs[position][0], layer.weights.T),
            repeat(None) if layer.bias is None else layer.bias.tolist(),
            layer_pass.pre_activations[0].tolist(),
            repeat(layer.activation),
            layer_pass.outputs[0].tolist(),
        )
        layers.append(TracedLayer(layer_names(model)[position], tuple(neurons)))
    outside = out_of_range(model, np.array([values]), scaling)[0]
    ends = intervals_if_known(model, scaled)
    return ForwardTrace(
        inputs=_inputs(model.input_names, values, scaled[0], *_scaling(model, values, scaling)),
        layers=tuple(layers),
        outputs=tuple(passes[-1].outputs[0].tolist()),
        scores=tuple(to_scores(model, passes[-1].outputs)[0].tolist()),
        outside_training_range=tuple(compress(model.input_names, outside)),
        intervals=() if ends is None else tuple(map(tuple, ends[0].tolist())),
    )


def _inputs(
    names: Sequence[str],
    values: Sequence[float],
    scaled: Array,
    offset: Array | None,
    scale: Array,
) -> tuple[Input, ...]:
    """Return each value as given and as scaled, with its scaling."""
    offsets = [None] * len(names) if offset is None else [each or None for each in offset.tolist()]
    scales = [None if each == 1 else each for each in scale.tolist()]
    return tuple(map(Input, names, map(float, values), scaled.tolist(), offsets, scales))


def _scaling(
    model: Model, values: Sequence[float], scaling: ScalingName
) -> tuple[Array | None, Array]:
    """Return the offset subtracted from each value, None for nothing, and its divisor."""
    if scaling == "training":
        return model.feature_offset, model.feature_scale
    largest = largest_absolute(np.array(values)) if scaling == "own" else 1.0
    return None, np.full(len(values), largest)


def _layer_updates(
    model: Model, gradients: Sequence[LayerGradient], learning_rate: float
) -> tuple[LayerUpdate, ...]:
    """Convert a backward pass to data, neuron by neuron, in network order."""
    names, layers, updates = neuron_names(model), model.network.layers, []

    def change(before: Array, gradient: Array) -> Array:
        step = 0.0 - learning_rate * gradient
        return np.stack([before, step, before + step])

    for position, (layer, gradient) in enumerate(zip(layers, gradients, strict=True)):
        shares: Iterable[tuple[ErrorTerm, ...]] = repeat(())
        if position + 1 < len(layers):
            delta = gradients[position + 1].delta[0]
            shares = _products(ErrorTerm, names[position + 2], delta, layers[position + 1].weights)
        biases: Iterable[BiasChange | None] = repeat(None)
        if layer.bias is not None and gradient.bias is not None:
            biases = map(BiasChange, *change(layer.bias, gradient.bias).tolist())
        neurons = map(
            NeuronUpdate,
            names[position + 1],
            shares,
            *(array[0].tolist() for array in (gradient.error, gradient.slope, gradient.delta)),
            (
                tuple(map(WeightChange, names[position], *changes))
                for changes in change(layer.weights, gradient.weights).transpose(2, 0, 1).tolist()
            ),
            biases,
        )
        updates.append(LayerUpdate(layer_names(model)[position], tuple(neurons)))
    return tuple(updates)


def _products(
    make: Callable[[str, float, float, float], _Term],
    names: Sequence[str],
    values: Array,
    weights: Array,
) -> list[tuple[_Term, ...]]:
    """Make terms of name, value, weight and product, for each row of weights."""
    return [
        tuple(map(make, names, values.tolist(), row, products))
        for row, products in zip(weights.tolist(), (values * weights).tolist(), strict=True)
    ]
