"""The start that is nearly linear regression."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import Array

from scorenet_cli.core.network import Network, is_finite, predict, random_network
from scorenet_cli.core.optimizers.line_start import line_start


def rows(outputs: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((200, 3)) + np.array([0.0, 5.0, -2.0])
    inputs[0] = 0.0
    lines = inputs @ rng.standard_normal((3, outputs)) + rng.standard_normal(outputs)
    return inputs, lines


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "linear"])
@pytest.mark.parametrize(("neurons", "outputs"), [(4, 1), (4, 2), (2, 2)])
def test_its_outputs_are_nearly_the_least_squares_lines(
    activation: str, neurons: int, outputs: int
) -> None:
    inputs, lines = rows(outputs)
    shape = (3, neurons, outputs)
    network = random_network(
        shape, seed=1, bias=True, init="scaled", activation=activation, output_activation="linear"
    )
    found = predict(line_start(network, inputs, lines), inputs)
    for line, near in zip(lines.T, found.T, strict=True):
        assert np.corrcoef(line, near)[0, 1] > 0.98
        assert np.abs(near - line).mean() < 0.2 * line.std()


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_where_all_outputs_are_at_an_end_of_the_sigmoid_weights_are_finite(end: float) -> None:
    inputs, lines = rows(1)
    network = random_network((3, 4, 1), seed=1, bias=True)
    found = line_start(network, inputs, np.full_like(lines, end))
    assert is_finite(found)
    assert np.abs(predict(found, inputs) - end).max() < 0.1


def test_a_sigmoid_output_follows_the_line_in_the_middle() -> None:
    inputs, lines = rows(1)
    scores = 0.5 + 0.05 * (lines - lines.mean()) / lines.std()
    network = random_network((3, 4, 1), seed=1, bias=True, init="scaled")
    found = predict(line_start(network, inputs, scores), inputs)
    assert np.abs(found - scores).mean() < 0.01


@pytest.mark.parametrize(
    ("shape", "bias", "activation"),
    [
        ((3, 1), True, "sigmoid"),
        ((3, 4, 4, 1), True, "sigmoid"),
        ((3, 4, 1), False, "sigmoid"),
        ((3, 1, 2), True, "sigmoid"),
        ((3, 4, 1), True, "relu"),
    ],
)
def test_a_network_without_room_for_a_line_stays(
    shape: tuple[int, ...], bias: bool, activation: str
) -> None:
    network = random_network(shape, seed=1, bias=bias, activation=activation)
    assert line_start(network, *rows(shape[-1])) is network


@pytest.mark.parametrize("without", [0, 1])
def test_a_network_in_which_a_layer_has_no_bias_stays(without: int) -> None:
    layers = list(random_network((3, 4, 1), seed=1, bias=True).layers)
    layers[without] = replace(layers[without], bias=None)
    network = Network(tuple(layers))
    assert line_start(network, *rows(1)) is network
