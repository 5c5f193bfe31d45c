from __future__ import annotations

import numpy as np

from scorenet_cli.core.metrics import largest_absolute
from scorenet_cli.data.columns import scale_inputs

DOCUMENT = np.array([[2.0, 9.0], [1.0, 5.0], [3.0, 6.0]])


def test_a_column_is_divided_by_its_largest_absolute_value() -> None:
    assert largest_absolute(DOCUMENT).tolist() == [3, 9]
    assert largest_absolute(np.array([[-4.0, 1.0], [2.0, -0.5]])).tolist() == [4, 1]


def test_a_column_of_zeros_is_divided_by_one() -> None:
    assert largest_absolute(np.zeros((3, 2))).tolist() == [1, 1]


def test_training_scaling_divides_by_the_training_maxima() -> None:
    scaled = scale_inputs(np.array([[4.0, 8.0]]), np.array([3.0, 9.0]), "training")
    assert scaled.tolist() == [[4 / 3, 8 / 9]]


def test_own_scaling_divides_each_row_by_its_own_largest_as_the_document_does() -> None:
    rows = np.array([[4.0, 8.0], [40.0, 80.0], [-2.0, 1.0], [0.0, 0.0]])
    scaled = scale_inputs(rows, np.array([3.0, 9.0]), "own")
    assert scaled.tolist() == [[0.5, 1], [0.5, 1], [-1, 0.5], [0, 0]]


def test_no_scaling_leaves_values_alone() -> None:
    assert scale_inputs(DOCUMENT, np.array([3.0, 9.0]), "none").tolist() == DOCUMENT.tolist()


def test_a_value_too_large_for_its_scale_is_infinite_without_a_warning() -> None:
    assert scale_inputs(np.array([[1e300, 2.0]]), np.array([1e-300, 2.0]), "training").tolist() == [
        [np.inf, 1]
    ]
