from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import random_case

from scorenet_cli.core import inplace, parallel
from scorenet_cli.core.inplace import InPlaceGradient
from scorenet_cli.core.network import Layer, Network, backward, forward, mean_squared_error

ACTIVATIONS = st.lists(st.sampled_from(["sigmoid", "tanh", "relu"]), min_size=1, max_size=4)


@given(st.integers(0, 10_000), ACTIVATIONS, st.integers(1, 9))
def test_fast_pass_and_plain_formulas_agree(seed: int, activations: list[str], rows: int) -> None:
    network, inputs, actual = random_case(seed, activations, rows)
    fast = InPlaceGradient([network], inputs, actual)
    for call in fast.calls:
        call()
    passes = forward(network, inputs)
    assert float(fast.losses()[0]) == pytest.approx(
        mean_squared_error(passes[-1].outputs, actual), rel=1e-12, abs=1e-15
    )

    fast.parameters += fast.descent * fast.descent_scale
    stepped = fast.networks()[0]
    gradients = backward(network, inputs, passes, actual)
    for before, after, gradient in zip(network.layers, stepped.layers, gradients, strict=True):
        assert after.weights == pytest.approx(before.weights - gradient.weights, abs=1e-12)
        if before.bias is not None and gradient.bias is not None:
            assert after.bias == pytest.approx(before.bias - gradient.bias, abs=1e-12)
        assert after.activation == before.activation


@given(st.integers(0, 10_000), ACTIVATIONS)
def test_weights_come_back_to_the_bit(seed: int, activations: list[str]) -> None:
    network, inputs, actual = random_case(seed, activations, rows=2)
    back = InPlaceGradient([network], inputs, actual).networks()[0]
    for before, after in zip(network.layers, back.layers, strict=True):
        assert after.weights.tobytes() == before.weights.tobytes()
        assert (after.bias is None) == (before.bias is None)
        if before.bias is not None and after.bias is not None:
            assert after.bias.tobytes() == before.bias.tobytes()


def test_a_second_pass_starts_anew() -> None:
    network, inputs, actual = random_case(1, ["sigmoid", "sigmoid"], rows=3)
    fast = InPlaceGradient([network], inputs, actual)
    results = []
    for _ in range(2):
        for call in fast.calls:
            call()
        results.append((fast.descent.tobytes(), float(fast.losses()[0])))
    assert results[0] == results[1]
    assert np.abs(fast.descent).max() > 0


@pytest.mark.parametrize("activations", [["sigmoid", "sigmoid"], ["tanh", "relu", "sigmoid"]])
def test_many_rows_in_blocks_agree_with_the_plain_formulas(
    monkeypatch: pytest.MonkeyPatch, activations: list[str]
) -> None:
    network, inputs, actual = random_case(3, activations, rows=40_001)
    monkeypatch.setattr(inplace, "BLOCK_CELLS", 4_000)  # many more blocks than lanes
    fast = InPlaceGradient([network], inputs, actual)
    for call in fast.calls:
        call()
    passes = forward(network, inputs)
    assert float(fast.losses()[0]) == pytest.approx(mean_squared_error(passes[-1].outputs, actual))
    before = fast.networks()[0]
    fast.parameters += fast.descent * fast.descent_scale
    gradients = backward(network, inputs, passes, actual)
    for old, new, gradient in zip(before.layers, fast.networks()[0].layers, gradients, strict=True):
        assert new.weights == pytest.approx(old.weights - gradient.weights, rel=1e-9, abs=1e-9)


def test_any_number_of_cores_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    network, inputs, actual = random_case(4, ["sigmoid", "sigmoid"], rows=100_000)
    results = set()
    for cores in (1, 2, 5):
        monkeypatch.setattr(parallel, "CORES", cores)
        fast = InPlaceGradient([network], inputs, actual)
        for call in fast.calls:
            call()
        results.add((fast.descent.tobytes(), float(fast.losses()[0])))
    assert len(results) == 1


@given(st.integers(0, 10_000), ACTIVATIONS, st.integers(1, 9), st.integers(2, 5))
def test_networks_side_by_side_go_where_each_goes_alone(
    seed: int, activations: list[str], rows: int, count: int
) -> None:
    shape, inputs, actual = random_case(seed, activations, rows)
    networks = []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        networks.append(
            Network(
                tuple(
                    Layer(
                        rng.standard_normal(layer.weights.shape),
                        None if layer.bias is None else rng.standard_normal(layer.neurons),
                        layer.activation,
                    )
                    for layer in shape.layers
                )
            )
        )
    together = InPlaceGradient(networks, inputs, actual)
    for call in together.calls:
        call()
    together.parameters += together.descent * together.descent_scale
    losses, moved = together.losses(), together.networks()
    for network, loss, there in zip(networks, losses, moved, strict=True):
        alone = InPlaceGradient([network], inputs, actual)
        for call in alone.calls:
            call()
        assert loss == pytest.approx(float(alone.losses()[0]), rel=1e-9, abs=1e-12)
        alone.parameters += alone.descent * alone.descent_scale
        for one, other in zip(alone.networks()[0].layers, there.layers, strict=True):
            assert one.weights == pytest.approx(other.weights, rel=1e-9, abs=1e-10)


def test_other_rows_can_be_loaded() -> None:
    network, inputs, actual = random_case(6, ["sigmoid", "sigmoid"], rows=8)
    first = InPlaceGradient([network], inputs[:4], actual[:4])
    first.load(inputs[4:], actual[4:])
    fresh = InPlaceGradient([network], inputs[4:], actual[4:])
    for fast in (first, fresh):
        for call in fast.calls:
            call()
    assert first.descent.tobytes() == fresh.descent.tobytes()
