from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Array, random_case

from scorenet_cli.core.network import (
    Layer,
    LayerGradient,
    Network,
    backward,
    forward,
    predict,
)
from scorenet_cli.core.optimizers.levenberg_marquardt import levenberg_marquardt
from scorenet_cli.errors import OptionError
from scorenet_cli.model import gradient_check
from scorenet_cli.model.gradient_check import (
    TOLERANCE,
    GradientCheck,
    check_gradient,
    numerical_gradient,
)
from scorenet_cli.model.model import Model

SMOOTH = st.lists(st.sampled_from(["sigmoid", "tanh", "linear"]), min_size=1, max_size=3)


def gradients(network: Network, inputs: Array, actual: Array) -> tuple[LayerGradient, ...]:
    return backward(network, inputs, forward(network, inputs), actual)


def checked(
    network: Network, inputs: Array, actual: Array, exact: tuple[LayerGradient, ...]
) -> GradientCheck:
    sizes = network.shape
    features, targets = (
        tuple(f"{n}{i}" for i in range(s))
        for n, s in zip("xy", sizes[:: len(sizes) - 1], strict=True)
    )
    model = Model(network, features, targets, np.ones(sizes[0]), np.ones(sizes[-1]))
    return check_gradient(model, inputs, actual, exact)


@settings(max_examples=20)
@given(st.integers(0, 10**6), SMOOTH, st.integers(1, 4))
def test_backpropagation_is_right(seed: int, activations: list[str], rows: int) -> None:
    case = random_case(seed, activations, rows)
    result = checked(*case, gradients(*case))
    assert result.right
    assert len(result.weights) == case[0].parameters
    assert result.largest_relative_difference <= TOLERANCE


def test_it_is_how_half_the_sum_of_squared_errors_changes() -> None:
    network, inputs, actual = random_case(7, ["tanh", "sigmoid"], 5)
    (first, *others), step = network.layers, 1e-5
    halves = []
    for sign in (1, -1):
        moved = first.weights.copy()
        moved[-1, 0] += sign * step
        changed = Network((Layer(moved, first.bias, first.activation), *others))
        halves.append(np.sum((actual - predict(changed, inputs)) ** 2) / 2)
    position = (first.inputs - 1) * first.neurons
    found = numerical_gradient(network, inputs, actual)[0][position]
    assert found == pytest.approx((halves[0] - halves[1]) / (2 * step), rel=1e-6)


def test_each_weight_has_its_name_and_its_own_gradient() -> None:
    rng = np.random.default_rng(3)
    layers = (
        Layer(rng.standard_normal((2, 1)), rng.standard_normal(1), "tanh"),
        Layer(rng.standard_normal((1, 2)), None, "sigmoid"),
        Layer(rng.standard_normal((2, 2)), rng.standard_normal(2), "linear"),
    )
    network, inputs, actual = Network(layers), rng.random((2, 2)), rng.random((2, 2))
    first, second, third = exact = gradients(network, inputs, actual)
    result = checked(network, inputs, actual, exact)
    assert first.bias is not None
    assert third.bias is not None
    assert {(w.layer, w.from_, w.to): w.gradient for w in result.weights} == {
        ("hidden 1", "x0", "h1.1"): first.weights[0, 0],
        ("hidden 1", "x1", "h1.1"): first.weights[1, 0],
        ("hidden 1", "bias", "h1.1"): first.bias[0],
        ("hidden 2", "h1.1", "h2.1"): second.weights[0, 0],
        ("hidden 2", "h1.1", "h2.2"): second.weights[0, 1],
        ("output", "h2.1", "y0"): third.weights[0, 0],
        ("output", "h2.2", "y0"): third.weights[1, 0],
        ("output", "bias", "y0"): third.bias[0],
        ("output", "h2.1", "y1"): third.weights[0, 1],
        ("output", "h2.2", "y1"): third.weights[1, 1],
        ("output", "bias", "y1"): third.bias[1],
    }
    assert not result.has_corner
    relu = Network((replace(layers[0], activation="relu"), *layers[1:]))
    assert checked(relu, inputs, actual, gradients(relu, inputs, actual)).has_corner


@pytest.mark.parametrize("factor", [-1.0, 0.5, 1.001])
def test_a_wrong_formula_is_noticed(factor: float) -> None:
    case = random_case(5, ["sigmoid", "sigmoid"], 3)
    first, second = gradients(*case)
    result = checked(*case, (first._replace(weights=first.weights * factor), second))
    assert not result.right
    wrong = [w for w in result.weights if w.relative_difference > TOLERANCE]
    assert {weight.layer for weight in wrong} == {"hidden"}


@pytest.mark.parametrize("scale", [30.0, 1e-9, 1e6])
def test_rounding_alone_is_no_fault(scale: float) -> None:
    """Flat activations, and errors of almost nothing."""
    network, inputs, actual = random_case(11, ["sigmoid", "sigmoid"], 3)
    assert checked(
        network, inputs * scale, actual, gradients(network, inputs * scale, actual)
    ).right
    outputs = forward(network, inputs)[-1].outputs * (1 + 1e-12)
    assert checked(network, inputs, outputs, gradients(network, inputs, outputs)).right
    outputs = forward(network, inputs)[-1].outputs
    assert checked(network, inputs, outputs, gradients(network, inputs, outputs)).right


@pytest.mark.parametrize("size", [1e8, 1e169])
def test_rounding_of_large_outputs_is_no_fault(size: float) -> None:
    """An output near 1e8 is rounded to 1e-8: of its change by h = 1e-5, a thousandth."""
    network = Network((Layer(np.array([[1.1]]), np.array([size]), "linear"),))
    inputs, actual = np.array([[0.3]]), np.array([[np.nextafter(size, np.inf)]])
    result = checked(network, inputs, actual, gradients(network, inputs, actual))
    assert result.right
    weight, _ = result.weights
    assert abs(weight.gradient - weight.numerical) > TOLERANCE * abs(weight.gradient)


def test_terms_that_cancel_are_no_fault() -> None:
    """At a minimum on many rows the gradient is next to nothing, its terms are not."""
    network, inputs, actual = random_case(8, ["tanh", "linear"], 200)
    *_, found = islice(levenberg_marquardt([network], inputs, actual), 30)
    (network,) = found.networks()
    assert checked(network, inputs, actual, gradients(network, inputs, actual)).right


def test_what_would_take_minutes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of 4 parameters costs two passes over all rows and parameters, or over 20,000."""
    network = Network((Layer(np.ones((4, 1))),))
    with pytest.raises(OptionError) as error:
        numerical_gradient(network, np.broadcast_to(1.0, (12_500_001, 4)), np.ones((1, 1)))
    assert error.value.option == "check"
    assert str(error.value) == (
        "`check` would take minutes: it needs 8 passes over 12,500,001 rows. "
        "Use fewer rows, or a smaller network."
    )
    monkeypatch.setattr(gradient_check, "MAX_WORK", 4 * 20_000)
    numerical_gradient(network, np.ones((5_000, 4)), np.ones((1, 1)))
    with pytest.raises(OptionError):
        numerical_gradient(network, np.ones((5_001, 4)), np.ones((1, 1)))
