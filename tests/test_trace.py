from __future__ import annotations

import numpy as np
import pytest

from scorenet_cli.errors import DataError
from scorenet_cli.model import Model
from scorenet_cli.network import Layer, Network
from scorenet_cli.trace import forward_trace

# A published textbook example (Mazur, "A Step by Step Backpropagation Example", 2015):
# two inputs, two hidden neurons, two outputs, biases .35 and .60.
TEXTBOOK = Model(
    network=Network(
        (
            Layer(np.array([[0.15, 0.25], [0.20, 0.30]]), np.array([0.35, 0.35])),
            Layer(np.array([[0.40, 0.50], [0.45, 0.55]]), np.array([0.60, 0.60])),
        )
    ),
    features=("i1", "i2"),
    targets=("o1", "o2"),
    feature_scale=np.ones(2),
    target_scale=np.ones(2),
)


def test_a_published_example_with_biases_and_two_outputs() -> None:
    trace = forward_trace(TEXTBOOK, (0.05, 0.10))
    hidden, output = trace.layers
    assert hidden.neurons[0].sum == pytest.approx(0.3775, abs=1e-12)
    assert hidden.neurons[0].output == pytest.approx(0.593269992, abs=5e-10)
    assert hidden.neurons[1].output == pytest.approx(0.596884378, abs=5e-10)
    assert output.neurons[0].sum == pytest.approx(1.105905967, abs=5e-10)
    assert trace.outputs == pytest.approx((0.75136507, 0.772928465), abs=5e-9)


def test_every_sum_is_its_products_and_bias_added_in_order() -> None:
    for layer in forward_trace(TEXTBOOK, (0.05, 0.10)).layers:
        for neuron in layer.neurons:
            total = 0.0
            for term in neuron.terms:
                assert term.product == term.value * term.weight
                total += term.product
            assert neuron.bias is not None
            assert neuron.sum == total + neuron.bias


def test_a_layer_takes_what_the_one_before_gave() -> None:
    hidden, output = forward_trace(TEXTBOOK, (0.05, 0.10)).layers
    for neuron in output.neurons:
        assert [term.from_ for term in neuron.terms] == ["h1", "h2"]
        assert [term.value for term in neuron.terms] == [n.output for n in hidden.neurons]


def test_a_sum_too_large_to_show_is_refused() -> None:
    steep = Model(
        network=Network((Layer(np.array([[1e200]])),)),
        features=("x",),
        targets=("y",),
        feature_scale=np.ones(1),
        target_scale=np.ones(1),
    )
    with pytest.raises(DataError, match="too large"):
        forward_trace(steep, (1e200,))
