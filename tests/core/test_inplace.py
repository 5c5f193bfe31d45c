from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Array, random_case

from scorenet_cli.core import inplace, parallel
from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.core.inplace import InPlaceGradient, pack
from scorenet_cli.core.network import Layer, Network, backward, forward, mean_squared_error
from scorenet_cli.errors import OptionError

NAMES = st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=1, max_size=4)


def one_pass(networks: Sequence[Network], inputs: Array, actual: Array) -> InPlaceGradient:
    """Loss and gradient of the networks after one pass."""
    gradient = InPlaceGradient(pack(networks, len(inputs)), inputs, actual)
    gradient.run()
    return gradient


def step(gradient: InPlaceGradient) -> list[Network]:
    """The networks after W -= dE/dW."""
    values = gradient.parameters.values
    values += gradient.negative_gradient * gradient.step_scale
    return gradient.parameters.unpack()


@given(st.integers(0, 10_000), NAMES, st.integers(1, 9) | st.just(300))
def test_in_place_and_plain_formulas_agree(seed: int, activations: list[str], rows: int) -> None:
    network, inputs, actual = random_case(seed, activations, rows)
    in_place = one_pass([network], inputs, actual)
    passes = forward(network, inputs)
    assert float(in_place.losses()[0]) == pytest.approx(
        mean_squared_error(passes[-1].outputs, actual), rel=1e-12, abs=1e-15
    )

    (stepped,) = step(in_place)
    gradients = backward(network, inputs, passes, actual)
    for before, after, gradient in zip(network.layers, stepped.layers, gradients, strict=True):
        size = 1 + np.abs(gradient.weights).max()
        assert after.weights == pytest.approx(before.weights - gradient.weights, abs=1e-12 * size)
        if before.bias is not None and gradient.bias is not None:
            size = 1 + np.abs(gradient.bias).max()
            assert after.bias == pytest.approx(before.bias - gradient.bias, abs=1e-12 * size)
        assert after.activation == before.activation


@given(st.integers(0, 10_000), NAMES, st.sampled_from([2, 1000]))
def test_weights_come_back_to_the_bit(seed: int, activations: list[str], rows: int) -> None:
    network, _, _ = random_case(seed, activations, rows=1)
    (back,) = pack([network], rows).unpack()
    for before, after in zip(network.layers, back.layers, strict=True):
        assert after.weights.tobytes() == before.weights.tobytes()
        assert (after.bias is None) == (before.bias is None)
        if before.bias is not None and after.bias is not None:
            assert after.bias.tobytes() == before.bias.tobytes()


def test_a_second_pass_starts_anew() -> None:
    network, inputs, actual = random_case(1, ["sigmoid", "sigmoid"], rows=3)
    gradient = one_pass([network], inputs, actual)
    first = gradient.negative_gradient.copy(), gradient.losses()
    gradient.run()
    assert gradient.negative_gradient.tobytes() == first[0].tobytes()
    assert gradient.losses() == first[1]
    assert np.abs(first[0]).max() > 0


@pytest.mark.parametrize("activations", [["sigmoid", "sigmoid"], ["tanh", "relu", "sigmoid"]])
def test_many_rows_in_blocks_agree_with_the_plain_formulas(
    monkeypatch: pytest.MonkeyPatch, activations: list[str]
) -> None:
    network, inputs, actual = random_case(3, activations, rows=40_001)
    monkeypatch.setattr(inplace, "BLOCK_CELLS", 4_000)  # many more blocks than shards
    in_place = one_pass([network], inputs, actual)
    passes = forward(network, inputs)
    loss = mean_squared_error(passes[-1].outputs, actual)
    assert float(in_place.losses()[0]) == pytest.approx(loss)
    gradients = backward(network, inputs, passes, actual)
    (stepped,) = step(in_place)
    for old, new, gradient in zip(network.layers, stepped.layers, gradients, strict=True):
        assert new.weights == pytest.approx(old.weights - gradient.weights, rel=1e-9, abs=1e-9)


def test_any_number_of_cores_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    network, inputs, actual = random_case(4, ["sigmoid", "sigmoid"], rows=100_000)
    results = set()
    for cores in (1, 2, 5):
        monkeypatch.setattr(parallel, "CORES", cores)
        gradient = one_pass([network], inputs, actual)
        results.add((gradient.negative_gradient.tobytes(), float(gradient.losses()[0])))
    assert len(results) == 1


@given(st.integers(0, 10_000), NAMES, st.integers(1, 9), st.integers(2, 5))
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
    together = one_pass(networks, inputs, actual)
    for network, loss, there in zip(networks, together.losses(), step(together), strict=True):
        alone = one_pass([network], inputs, actual)
        assert loss == pytest.approx(float(alone.losses()[0]), rel=1e-9, abs=1e-12)
        (stepped,) = step(alone)
        for one, other in zip(stepped.layers, there.layers, strict=True):
            assert one.weights == pytest.approx(other.weights, rel=1e-9, abs=1e-9)


def test_other_rows_can_be_loaded() -> None:
    network, inputs, actual = random_case(6, ["sigmoid", "sigmoid"], rows=8)
    first = one_pass([network], inputs[:4], actual[:4])
    first.load(inputs[4:], actual[4:])
    first.run()
    fresh = one_pass([network], inputs[4:], actual[4:])
    assert first.negative_gradient.tobytes() == fresh.negative_gradient.tobytes()


@pytest.mark.parametrize("rows", [5, 30_000])
def test_the_loss_on_other_rows_follows_the_parameters(rows: int) -> None:
    network, inputs, actual = random_case(7, ["tanh", "sigmoid"], rows)
    gradient = one_pass([network], inputs[:4], actual[:4])
    losses = gradient.losses_on(inputs, actual)
    for now in (network, *step(gradient)):
        gradient.parameters.values[:] = pack([now], 4).values
        expected = mean_squared_error(forward(now, inputs)[-1].outputs, actual)
        assert float(losses()[0]) == pytest.approx(expected, rel=1e-12)


def test_an_activation_without_an_in_place_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = dataclasses.replace(ACTIVATIONS["tanh"], in_place=None)
    monkeypatch.setitem(ACTIVATIONS, "plain", plain)
    network, _, _ = random_case(2, ["plain"], rows=3)
    with pytest.raises(OptionError) as caught:
        pack([network], 3)
    assert str(caught.value) == (
        "`activation=plain` has no in-place implementation, which gd and adam need. "
        "Use `optimizer=lm`."
    )
