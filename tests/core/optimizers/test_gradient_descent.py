from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest
from support import ACTUAL, INPUTS, Array, PlainFormulas

from scorenet_cli.core import parallel
from scorenet_cli.core.network import Network, mean_squared_error, predict, random_network
from scorenet_cli.core.optimizers.gradient_descent import GradientDescent, gradient_descent


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


RNG = np.random.default_rng(3)
ROWS = RNG.random((7, 2))
SCORES = RNG.random((7, 1))


def row_by_row(weights: Array, output: Array, rate: float, epochs: int) -> tuple[Array, Array]:
    """Update after each row, weight by weight, as textbooks write it out: Δw = rate · δ · input."""
    weights, output = weights.copy(), output.copy()
    for _ in range(epochs):
        for row, score in zip(ROWS, SCORES[:, 0], strict=True):
            hidden = [1 / (1 + np.exp(-sum(row[i] * weights[i, j] for i in range(2))))
                      for j in range(3)]  # fmt: skip
            out = 1 / (1 + np.exp(-sum(hidden[j] * output[j, 0] for j in range(3))))
            delta = (score - out) * out * (1 - out)
            deltas = [delta * output[j, 0] * hidden[j] * (1 - hidden[j]) for j in range(3)]
            for j in range(3):
                output[j, 0] += rate * delta * hidden[j]
                for i in range(2):
                    weights[i, j] += rate * deltas[j] * row[i]
    return weights, output


def test_batches_of_one_are_the_row_by_row_updates_of_textbooks() -> None:
    start = random_network((2, 3, 1), seed=5)
    states = gradient_descent([start], ROWS, SCORES, learning_rate=0.7, batch_size=1)
    (network,) = next(islice(states, 20, None)).networks()
    expected = row_by_row(start.layers[0].weights, start.layers[1].weights, 0.7, 20)
    assert network.layers[0].weights == pytest.approx(expected[0], rel=1e-10)
    assert network.layers[1].weights == pytest.approx(expected[1], rel=1e-10)


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_an_epoch_of_batches_is_one_full_batch_after_the_other(decay: float) -> None:
    start = random_network((2, 3, 1), seed=5, bias=True)
    states = gradient_descent(
        [start], ROWS, SCORES, learning_rate=0.7, batch_size=3, weight_decay=decay
    )
    network = start
    for part in (slice(0, 3), slice(3, 6), slice(6, 7)):
        share = decay * len(ROWS[part]) / len(ROWS)
        steps = gradient_descent(
            [network], ROWS[part], SCORES[part], learning_rate=0.7, weight_decay=share
        )
        (network,) = next(islice(steps, 1, None)).networks()
    state = next(islice(states, 1, None))
    (after_epoch,) = state.networks()
    for layer, expected in zip(after_epoch.layers, network.layers, strict=True):
        assert layer.weights == pytest.approx(expected.weights, rel=1e-12)
    outputs = predict(after_epoch, ROWS)
    assert state.losses()[0] == pytest.approx(mean_squared_error(outputs, SCORES), rel=1e-12)


def test_batches_go_on_with_the_same_bits_and_leave_no_half_epoch() -> None:
    start = random_network((2, 3, 1), seed=5)

    def states(network: Network) -> Iterator[GradientDescent]:
        return gradient_descent([network], ROWS, SCORES, learning_rate=0.7, batch_size=2)

    def bits(state: GradientDescent) -> list[bytes]:
        return [layer.weights.tobytes() for layer in state.networks()[0].layers]

    whole = next(islice(states(start), 9, None))
    running = states(start)
    middle = next(islice(running, 4, None))
    before, (network,) = bits(middle), middle.networks()
    assert bits(next(islice(states(network), 5, None))) == bits(whole)

    checks = iter([None, None])
    with (
        parallel.interrupt_check(lambda: next(checks)),
        pytest.raises((StopIteration, RuntimeError)),
    ):
        next(running)
    assert bits(middle) == before
