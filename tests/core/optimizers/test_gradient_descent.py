from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from support import ACTUAL, INPUTS, PlainFormulas

from scorenet_cli.core.network import Network, random_network
from scorenet_cli.core.optimizers.gradient_descent import gradient_descent


def after(epochs: int, network: Network, rate: float = 3.0) -> Network:
    states = gradient_descent([network], INPUTS, ACTUAL, learning_rate=rate)
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


def test_gradient_descent_on_ten_thousand_rows_improves_steadily() -> None:
    rng = np.random.default_rng(1)
    inputs = rng.random((10_000, 2))
    actual = np.clip(0.3 + 0.4 * inputs[:, :1] + rng.normal(0, 0.05, (10_000, 1)), 0, 1)
    start = random_network((2, 3, 1), seed=23)
    losses = [
        float(state.losses()[0])
        for state in islice(gradient_descent([start], inputs, actual, learning_rate=3.0), 200)
    ]
    assert (np.diff(losses) < 0).all()
    assert losses[-1] < 0.02
