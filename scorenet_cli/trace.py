"""One example's forward pass as data: every product, sum and activation.

Field names are the JSON answer's keys; from_ stands for "from", which Python reserves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scorenet_cli.model import Model, layer_names, neuron_names, to_scores, too_large
from scorenet_cli.network import Layer, LayerPass, forward
from scorenet_cli.scaling import ScalingName, scale_inputs

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


def forward_trace(
    model: Model, values: Sequence[float], scaling: ScalingName = "training"
) -> ForwardTrace:
    """Trace one example through the model; values in the features' own units.

    DataError where a sum is too large to be shown.
    """
    scaled = scale_inputs(np.array([values], dtype=np.float64), model.feature_scale, scaling)
    passes = forward(model.network, scaled)
    scores = to_scores(model, passes[-1].outputs)
    if not all(np.isfinite(array).all() for array in (scaled, scores, *(p.sums for p in passes))):
        raise too_large(values)
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
        scores=tuple(scores[0].tolist()),
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
        sum=float(layer_pass.sums[0, neuron]),
        activation=layer.activation,
        output=float(layer_pass.outputs[0, neuron]),
    )
