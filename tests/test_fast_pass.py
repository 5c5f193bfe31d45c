from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import random_case

from scorenet_cli.fast_pass import FastPass
from scorenet_cli.network import backward, forward, mean_squared_error

ACTIVATIONS = st.lists(st.sampled_from(["sigmoid", "tanh", "relu"]), min_size=1, max_size=4)


@given(st.integers(0, 10_000), ACTIVATIONS, st.integers(1, 9))
def test_fast_pass_and_plain_formulas_agree(seed: int, activations: list[str], rows: int) -> None:
    network, inputs, actual = random_case(seed, activations, rows)
    fast = FastPass([network], inputs, actual)
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
    back = FastPass([network], inputs, actual).networks()[0]
    for before, after in zip(network.layers, back.layers, strict=True):
        assert after.weights.tobytes() == before.weights.tobytes()
        assert (after.bias is None) == (before.bias is None)
        if before.bias is not None and after.bias is not None:
            assert after.bias.tobytes() == before.bias.tobytes()


def test_a_second_pass_starts_anew() -> None:
    network, inputs, actual = random_case(1, ["sigmoid", "sigmoid"], rows=3)
    fast = FastPass([network], inputs, actual)
    results = []
    for _ in range(2):
        for call in fast.calls:
            call()
        results.append((fast.descent.tobytes(), float(fast.losses()[0])))
    assert results[0] == results[1]
    assert np.abs(fast.descent).max() > 0
