from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
from support import ACTUAL, INPUTS, Array

from scorenet_cli.core.network import Layer, Network, backward, forward, random_network
from scorenet_cli.core.optimizers.adam import Adam, adam
from scorenet_cli.errors import ModelError


def plain_adam(network: Network, epochs: int, batch: int, seed: int, decay: float) -> list[Array]:
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
                g = gradient.weights / len(rows) + decay / len(INPUTS) * weights[n]
                mean[n] = 0.9 * mean[n] + 0.1 * g
                square[n] = 0.999 * square[n] + 0.001 * g**2
                m, v = mean[n] / (1 - 0.9**t), square[n] / (1 - 0.999**t)
                weights[n] = weights[n] - 0.01 * m / (np.sqrt(v) + 1e-8)
    return weights


@pytest.mark.parametrize("batch", [1, 2, 3, 99])
@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_adam_takes_its_authors_steps(batch: int, decay: float) -> None:
    start = random_network((2, 3, 1), seed=8)
    options: dict[str, Any] = {"learning_rate": 0.01, "batch_size": batch, "weight_decay": decay}
    states = adam([start], INPUTS, ACTUAL, seed=8, **options)
    trained = next(islice(states, 5, None)).networks()[0]
    for layer, expected in zip(trained.layers, plain_adam(start, 5, batch, 8, decay), strict=True):
        assert layer.weights == pytest.approx(expected, abs=1e-12)


def test_adam_resumed_has_the_same_bits_even_through_json() -> None:
    start = random_network((2, 3, 1), seed=2, bias=True)

    def states(network: Network, state: dict[str, Any] | None = None) -> Iterator[Adam]:
        return adam(
            [network], INPUTS, ACTUAL, learning_rate=0.01, batch_size=2, seed=2, state=state
        )

    whole = next(islice(states(start), 9, None))
    half = next(islice(states(start), 4, None))
    state = json.loads(json.dumps(half.state_dict()))
    rest = next(islice(states(half.networks()[0], state), 5, None))
    assert whole.parameters.values.tobytes() == rest.parameters.values.tobytes()
    assert whole.state_dict() == rest.state_dict()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"mean": [1.0]}, "does not match the model"),
        ({"square": [-1.0] * 9}, "does not match the model"),
        ({"steps": -1}, "does not match the model"),
        ({"steps": "x"}, "is not a state of adam"),
        ({"random": {}}, "is not a state of adam"),
    ],
)
def test_a_state_that_is_not_adams_is_refused(change: dict[str, Any], why: str) -> None:
    start = random_network((2, 3, 1), seed=2)
    kept = {"learning_rate": 0.01, "batch_size": 2, "seed": 2}
    state = next(adam([start], INPUTS, ACTUAL, **kept)).state_dict()  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=f"optimizer state in the model {why}"):
        next(adam([start], INPUTS, ACTUAL, state=state | change, **kept))  # type: ignore[arg-type]
    next(adam([start], INPUTS, ACTUAL, state=state, **kept))  # type: ignore[arg-type]
