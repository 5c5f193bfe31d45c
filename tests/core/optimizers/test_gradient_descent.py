from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
from support import ACTUAL, INPUTS, Array, PlainFormulas

from scorenet_cli.core.network import Layer, Network, backward, forward, random_network
from scorenet_cli.core.optimizers.adam import Adam, adam
from scorenet_cli.core.optimizers.gradient_descent import gradient_descent
from scorenet_cli.errors import ModelError


def after(epochs: int, network: Network, rate: float = 3.0) -> Network:
    states = gradient_descent([network], INPUTS, ACTUAL, rate)
    return next(islice(states, epochs, None)).networks()[0]


def plain(network: Network) -> PlainFormulas:
    return PlainFormulas(network.layers[0].weights, network.layers[1].weights)


@pytest.mark.parametrize("seed", [0, 6, 23, 77])
def test_one_epoch_is_the_documents_step_to_1e_12(seed: int) -> None:
    start = random_network((2, 3, 1), seed=seed)
    formulas = plain(start)
    formulas.epoch(INPUTS, ACTUAL)
    stepped = after(1, start)
    assert np.abs(stepped.layers[0].weights - formulas.first).max() < 1e-12
    assert np.abs(stepped.layers[1].weights - formulas.second).max() < 1e-12


def test_a_hundred_thousand_epochs_agree_to_1e_6_and_reach_the_documents_loss() -> None:
    start = random_network((2, 3, 1), seed=23)
    formulas = plain(start)
    for _ in range(100_000):
        formulas.epoch(INPUTS, ACTUAL)
    trained = after(100_000, start)
    assert np.abs(trained.layers[0].weights - formulas.first).max() < 1e-6
    assert np.abs(trained.layers[1].weights - formulas.second).max() < 1e-6
    assert np.mean((formulas.outputs(INPUTS) - ACTUAL) ** 2) <= 1.94136958194e-18


def test_learning_rate_is_divided_by_the_rows() -> None:
    start = random_network((2, 3, 1), seed=1)
    formulas = plain(start)
    formulas.epoch(INPUTS, ACTUAL, rate=0.6 / 3)
    stepped = after(1, start, rate=0.6)
    assert stepped.layers[0].weights == pytest.approx(formulas.first, abs=1e-14)


def test_the_start_is_handed_out_before_the_first_step() -> None:
    start = random_network((2, 3, 1), seed=4)
    assert after(0, start).layers[0].weights.tobytes() == start.layers[0].weights.tobytes()


def plain_adam(network: Network, epochs: int, batch: int, seed: int) -> list[Array]:
    """Adam as its authors print it, on weights as lists, with the plain gradients."""
    weights = [layer.weights.copy() for layer in network.layers]
    mean = [np.zeros_like(w) for w in weights]
    square = [np.zeros_like(w) for w in weights]
    rng, t = np.random.default_rng((seed, 1)), 0
    for _ in range(epochs):
        order = rng.permutation(len(INPUTS))
        for start in range(0, len(INPUTS), batch):
            rows = order[start : start + batch]
            now = Network(tuple(map(Layer, weights)))
            passes = forward(now, INPUTS[rows])
            gradients = backward(now, INPUTS[rows], passes, ACTUAL[rows])
            t += 1
            for n, gradient in enumerate(gradients):
                g = gradient.weights / len(rows)
                mean[n] = 0.9 * mean[n] + 0.1 * g
                square[n] = 0.999 * square[n] + 0.001 * g**2
                m, v = mean[n] / (1 - 0.9**t), square[n] / (1 - 0.999**t)
                weights[n] = weights[n] - 0.01 * m / (np.sqrt(v) + 1e-8)
    return weights


@pytest.mark.parametrize("batch", [1, 2, 3, 99])
def test_adam_takes_its_authors_steps(batch: int) -> None:
    start = random_network((2, 3, 1), seed=8)
    states = adam(start, INPUTS, ACTUAL, learning_rate=0.01, batch_size=batch, seed=8)
    trained = next(islice(states, 5, None)).networks()[0]
    for layer, expected in zip(trained.layers, plain_adam(start, 5, batch, 8), strict=True):
        assert layer.weights == pytest.approx(expected, abs=1e-12)


def test_adam_resumed_has_the_same_bits_even_through_json() -> None:
    start = random_network((2, 3, 1), seed=2, bias=True)

    def states(network: Network, memory: dict[str, Any] | None = None) -> Iterator[Adam]:
        return adam(
            network, INPUTS, ACTUAL, learning_rate=0.01, batch_size=2, seed=2, memory=memory
        )

    whole = next(islice(states(start), 9, None))
    half = next(islice(states(start), 4, None))
    memory = json.loads(json.dumps(half.memory()))
    rest = next(islice(states(half.networks()[0], memory), 5, None))
    assert whole.whole.parameters.tobytes() == rest.whole.parameters.tobytes()
    assert whole.memory() == rest.memory()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"mean": [1.0]}, "does not fit its layers"),
        ({"square": [-1.0] * 9}, "does not fit its layers"),
        ({"steps": -1}, "does not fit its layers"),
        ({"steps": "x"}, "is not one of adam"),
        ({"random": {}}, "is not one of adam"),
    ],
)
def test_a_state_that_is_not_adams_is_refused(change: dict[str, Any], why: str) -> None:
    start = random_network((2, 3, 1), seed=2)
    kept = {"learning_rate": 0.01, "batch_size": 2, "seed": 2}
    memory = next(adam(start, INPUTS, ACTUAL, **kept)).memory()  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=rf"^the model's training state {why}\. Remove it\.$"):
        next(adam(start, INPUTS, ACTUAL, memory=memory | change, **kept))  # type: ignore[arg-type]
    next(adam(start, INPUTS, ACTUAL, memory=memory, **kept))  # type: ignore[arg-type]


def test_gradient_descent_on_ten_thousand_rows_improves_steadily() -> None:
    rng = np.random.default_rng(1)
    inputs = rng.random((10_000, 2))
    actual = np.clip(0.3 + 0.4 * inputs[:, :1] + rng.normal(0, 0.05, (10_000, 1)), 0, 1)
    start = random_network((2, 3, 1), seed=23)
    losses = [
        float(state.losses()[0])
        for state in islice(gradient_descent([start], inputs, actual, 3.0), 200)
    ]
    assert (np.diff(losses) < 0).all()
    assert losses[-1] < 0.02
