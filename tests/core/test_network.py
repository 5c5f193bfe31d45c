from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Array, random_case

from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.core.network import (
    Layer,
    Network,
    backward,
    count_parameters,
    forward,
    is_finite,
    mean_squared_error,
    predict,
    random_network,
    weighted_sums,
)
from scorenet_cli.core.parallel import interrupt_check

ACTIVATION = st.sampled_from(sorted(ACTIVATIONS))


def test_forward_by_hand_with_bias_and_two_layers() -> None:
    # Hidden: tanh(1 · 2 + .5) = tanh(2.5), relu(1 · -3 + 1) would be 0; output: 2 tanh(2.5) - 1.
    network = Network(
        (
            Layer(np.array([[2.0]]), np.array([0.5]), "tanh"),
            Layer(np.array([[2.0]]), np.array([-1.0]), "relu"),
        )
    )
    passes = forward(network, np.array([[1.0], [-1.0]]))
    assert passes[0].pre_activations.tolist() == [[2.5], [-1.5]]
    assert passes[1].outputs[0, 0] == pytest.approx(2 * np.tanh(2.5) - 1)
    assert passes[1].outputs[1, 0] == 0


@given(st.integers(0, 10_000), st.lists(ACTIVATION, min_size=1, max_size=4))
def test_gradients_equal_central_differences(seed: int, activations: list[str]) -> None:
    network, inputs, actual = random_case(seed, activations, rows=4)
    passes = forward(network, inputs)
    # Where a rectifier is near its corner it has no derivative, and nothing to compare.
    if any(
        layer.activation == "relu" and (np.abs(p.pre_activations) < 1e-4).any()
        for layer, p in zip(network.layers, passes, strict=True)
    ):
        return

    def half_sum(changed: Network) -> float:
        return float(0.5 * np.sum((actual - forward(changed, inputs)[-1].outputs) ** 2))

    gradients = backward(network, inputs, passes, actual)
    step = 1e-6
    for position, (layer, gradient) in enumerate(zip(network.layers, gradients, strict=True)):
        for index in np.ndindex(layer.weights.shape):
            ends = []
            for sign in (1, -1):
                weights = layer.weights.copy()
                weights[index] += sign * step
                ends.append(half_sum(_with(network, position, weights, layer.bias)))
            assert gradient.weights[index] == pytest.approx(
                (ends[0] - ends[1]) / (2 * step), abs=1e-6, rel=1e-5
            )
        assert (gradient.bias is None) == (layer.bias is None)
        if layer.bias is not None and gradient.bias is not None:
            for neuron in range(layer.neurons):
                ends = []
                for sign in (1, -1):
                    bias = layer.bias.copy()
                    bias[neuron] += sign * step
                    ends.append(half_sum(_with(network, position, layer.weights, bias)))
                assert gradient.bias[neuron] == pytest.approx(
                    (ends[0] - ends[1]) / (2 * step), abs=1e-6, rel=1e-5
                )


def _with(network: Network, position: int, weights: Array, bias: Array | None) -> Network:
    layers = list(network.layers)
    layers[position] = Layer(weights, bias, layers[position].activation)
    return Network(tuple(layers))


def test_gradient_by_hand_for_one_sigmoid_neuron() -> None:
    # z = 1 · .5 - 2 · .25 = 0, o = .5, error = 1 - .5, slope = .25, delta = .125;
    # dE/dW = -input · delta = (-.125, .25), dE/db = -.125.
    network = Network((Layer(np.array([[0.5], [0.25]]), np.array([0.0])),))
    inputs, actual = np.array([[1.0, -2.0]]), np.array([[1.0]])
    (gradient,) = backward(network, inputs, forward(network, inputs), actual)
    assert gradient.error.tolist() == [[0.5]]
    assert gradient.slope.tolist() == [[0.25]]
    assert gradient.delta.tolist() == [[0.125]]
    assert gradient.weights.tolist() == [[-0.125], [0.25]]
    assert gradient.bias is not None
    assert gradient.bias.tolist() == [-0.125]


@given(st.integers(0, 10_000), st.lists(ACTIVATION, min_size=1, max_size=3), st.integers(1, 40))
def test_a_row_alone_and_among_others_gives_the_same_bits(
    seed: int, activations: list[str], rows: int
) -> None:
    network, inputs, _ = random_case(seed, activations, rows)
    together = forward(network, inputs)[-1].outputs
    alone = [forward(network, inputs[n : n + 1])[-1].outputs[0] for n in range(rows)]
    assert together.tobytes() == np.array(alone).tobytes()


def test_sums_add_up_in_the_order_in_which_they_are_printed() -> None:
    inputs, weights, bias = [0.1, 0.7, -1.3, 2.9], [3.3, -0.2, 0.6, 1.1], 0.7
    layer = Layer(np.array(weights)[:, np.newaxis], np.array([bias]))
    total = 0.0
    for value, weight in zip(inputs, weights, strict=True):
        total += value * weight
    assert weighted_sums(np.array([inputs]), layer)[0, 0] == total + bias


def test_random_network_draws_layer_by_layer_as_promised() -> None:
    rng = np.random.default_rng(23)
    first, second = rng.standard_normal((2, 3)), rng.standard_normal((3, 1))
    network = random_network((2, 3, 1), seed=23)
    assert network.layers[0].weights.tobytes() == first.tobytes()
    assert network.layers[1].weights.tobytes() == second.tobytes()
    assert network.layers[0].bias is None
    assert [layer.activation for layer in network.layers] == ["sigmoid", "sigmoid"]


def test_scaled_weights_are_normal_ones_divided_by_the_root_of_the_inputs() -> None:
    normal = random_network((4, 9, 1), seed=5)
    scaled = random_network((4, 9, 1), seed=5, init="scaled")
    for layer, before, root in zip(scaled.layers, normal.layers, (2, 3), strict=True):
        np.testing.assert_array_equal(layer.weights, before.weights / root)


def test_random_network_uniform_with_bias_and_another_activation() -> None:
    rng = np.random.default_rng(5)
    first = rng.random((2, 4))
    network = random_network((2, 4, 3, 1), seed=5, init="uniform", bias=True, activation="relu")
    assert network.layers[0].weights.tobytes() == first.tobytes()
    assert [layer.activation for layer in network.layers] == ["relu", "relu", "sigmoid"]
    assert all(layer.bias is not None and not layer.bias.any() for layer in network.layers)
    assert network.shape == (2, 4, 3, 1)
    assert (
        network.parameters
        == 2 * 4 + 4 + 4 * 3 + 3 + 3 + 1
        == count_parameters((2, 4, 3, 1), bias=True)
    )


def test_values_cannot_be_changed_afterwards() -> None:
    weights = np.ones((1, 1))
    layer = Layer(weights)
    weights[0, 0] = 7
    assert layer.weights[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        layer.weights[0, 0] = 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Network(()), "^a network needs at least one layer$"),
        (lambda: Layer(np.ones(3)), r"shape \(inputs, neurons\); got \(3,\)"),
        (lambda: Layer(np.ones((0, 3))), "inputs, neurons"),
        (lambda: Layer(np.ones((2, 3)), np.ones(2)), r"bias must have shape \(3,\); got \(2,\)"),
        (
            lambda: Network((Layer(np.ones((2, 3))), Layer(np.ones((2, 1))))),
            "inputs, 2, must equal the number of neurons in the layer before, 3",
        ),
    ],
)
def test_shapes_that_do_not_fit_are_refused(make: type, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_mean_squared_error_is_a_mean_over_rows_and_targets() -> None:
    # (.1² + .2² + .3² + 0²) / 4 = .035
    outputs = np.array([[0.9, 0.2], [0.7, 1.0]])
    assert mean_squared_error(outputs, np.array([[1.0, 0.0], [1.0, 1.0]])) == pytest.approx(0.035)


def test_values_are_kept_as_float64_a_row_of_inputs_after_the_other() -> None:
    layer = Layer(np.array([[1, 2, 3], [4, 5, 6]]).T, np.array([1, 2]))
    assert layer.bias is not None
    assert layer.weights.dtype == layer.bias.dtype == np.dtype(np.float64)
    assert layer.weights.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        layer.bias[0] = 2


@pytest.mark.parametrize(
    ("weights", "bias", "finite"),
    [(1.0, None, True), (1.0, 1.0, True), (np.inf, 1.0, False), (1.0, np.nan, False)],
)
def test_a_network_is_finite_where_every_number_is(
    weights: float, bias: float | None, finite: bool
) -> None:
    ends = Layer(np.ones((1, 1)), np.ones(1))
    layer = Layer(np.array([[weights]]), None if bias is None else np.array([bias]))
    assert is_finite(Network((ends, layer, ends))) == finite


@pytest.mark.parametrize("rows", [0, 1, 20_000])
def test_predict_gives_each_row_the_bits_of_a_forward_pass(rows: int) -> None:
    network, inputs, _ = random_case(3, ["tanh", "sigmoid"], rows=20_000)
    outputs = predict(network, inputs[:rows])
    assert outputs.tolist() == forward(network, inputs)[-1].outputs[:rows].tolist()


def test_predict_can_be_interrupted_between_blocks_of_rows() -> None:
    class StopError(Exception):
        pass

    checks = []

    def check() -> None:
        checks.append(1)
        if len(checks) > 2:
            raise StopError

    network, inputs, _ = random_case(3, ["tanh", "sigmoid"], rows=200_000)
    with interrupt_check(check), pytest.raises(StopError):
        predict(network, inputs)
    assert len(checks) < 20  # of 25 blocks
