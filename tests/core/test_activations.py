from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support import Array

from scorenet_cli.core.activations import ACTIVATIONS, InPlace, sigmoid


def test_sigmoid_of_the_worked_example() -> None:
    # S(7.6) = 1 / (1 + e^-7.6) = 1 / 1.000500451 = .999499799, and so on.
    assert sigmoid(np.array([7.6, 3.9, 6.5, 0.0])) == pytest.approx(
        [0.9994997988929205, 0.9801596942659225, 0.998498817743263, 0.5], rel=1e-15
    )


def test_sigmoid_neither_overflows_nor_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ends = sigmoid(np.array([-np.inf, -1e308, -745.0, -40.0, 40.0, 1e308, np.inf]))
    assert ends[[0, 1, 5, 6]].tolist() == [0, 0, 1, 1]
    assert ends[2] == pytest.approx(np.exp(-745.0))
    assert ends[3] == pytest.approx(np.exp(-40.0), rel=1e-15)  # a tail that 1 + tanh would lose


@given(arrays(np.float64, 5, elements=st.floats(-50, 50)))
def test_sigmoid_is_symmetric(z: Array) -> None:
    assert sigmoid(-z) == pytest.approx(1 - sigmoid(z), abs=1e-15)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slope_at_output_is_the_derivative(name: str) -> None:
    activation = ACTIVATIONS[name]
    z, step = np.array([-2.1, -0.3, 0.4, 1.7]), 1e-6
    central = (activation.function(z + step) - activation.function(z - step)) / (2 * step)
    assert activation.slope_at_output(activation.function(z)) == pytest.approx(central, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        (name, form)
        for name, activation in ACTIVATIONS.items()
        for form in (activation.in_place, activation.in_place_large)
        if form is not None
    ],
)
def test_in_place_forms_are_the_scaled_function_and_its_slope(name: str, form: InPlace) -> None:
    z = np.array([-2.1, -0.3, 0.4, 1.7])
    buffer, slopes = z * form.weight_sign / form.output_scale, np.empty(4)
    for call in (*form.forward(buffer), *form.slope(buffer, slopes)):
        call()
    output = ACTIVATIONS[name].function(z)
    assert (buffer + form.offset) / form.output_scale == pytest.approx(output)
    expected = form.weight_sign * form.output_scale**2 * ACTIVATIONS[name].slope_at_output(output)
    assert slopes == pytest.approx(expected)


def test_no_function_changes_its_argument() -> None:
    for activation in ACTIVATIONS.values():
        z = np.array([-1.0, 2.0])
        outputs = activation.function(z)
        assert not np.shares_memory(outputs, z)
        assert not np.shares_memory(activation.slope_at_output(outputs), outputs)
        assert z.tolist() == [-1.0, 2.0]
