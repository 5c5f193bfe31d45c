from __future__ import annotations

import numpy as np

from scorenet_cli.core.arrays import class_codes, largest_absolute


def test_the_largest_absolute_value_of_each_column() -> None:
    assert largest_absolute(np.array([[2.0, 9.0], [1.0, 5.0], [3.0, 6.0]])).tolist() == [3, 9]
    assert largest_absolute(np.array([[-4.0, 1.0], [2.0, -0.5]])).tolist() == [4, 1]


def test_it_is_1_for_a_column_of_zeros() -> None:
    assert largest_absolute(np.zeros((3, 2))).tolist() == [1, 1]


def test_the_class_of_one_output_is_the_second_from_one_half() -> None:
    assert class_codes(np.array([[0.5], [0.49], [1.0], [0.0]])).tolist() == [1, 0, 1, 0]


def test_the_class_of_several_outputs_is_the_largest_and_the_first_of_equal_ones() -> None:
    assert class_codes(np.array([[0.1, 0.3, 0.2], [0.5, 0.2, 0.5]])).tolist() == [1, 0]
