from __future__ import annotations

import numpy as np
import pytest

from scorenet_cli.data.columns import (
    decode,
    encode,
    expanded_names,
    fill_missing,
    fill_values,
    is_missing,
    positions,
    scale_inputs,
    sort_categories,
)
from scorenet_cli.errors import OptionError

DOCUMENT = np.array([[2.0, 9.0], [1.0, 5.0], [3.0, 6.0]])


def test_training_scaling_divides_by_the_training_maxima() -> None:
    scaled = scale_inputs(np.array([[4.0, 8.0]]), np.array([3.0, 9.0]), "training")
    assert scaled.tolist() == [[4 / 3, 8 / 9]]


def test_own_scaling_divides_each_row_by_its_own_largest_as_the_document_does() -> None:
    rows = np.array([[4.0, 8.0], [40.0, 80.0], [-2.0, 1.0], [0.0, 0.0]])
    scaled = scale_inputs(rows, np.array([3.0, 9.0]), "own")
    assert scaled.tolist() == [[0.5, 1], [0.5, 1], [-1, 0.5], [0, 0]]


def test_no_scaling_leaves_values_alone() -> None:
    assert scale_inputs(DOCUMENT, np.array([3.0, 9.0]), "none").tolist() == DOCUMENT.tolist()


def test_another_way_to_scale_is_a_mistake_on_the_command_line() -> None:
    with pytest.raises(OptionError) as error:
        scale_inputs(DOCUMENT, np.array([3.0, 9.0]), "own_")  # type: ignore[arg-type]
    assert str(error.value) == "`scaling` expects one of training, own, none; got 'own_'."


def test_a_value_too_large_for_its_scale_is_infinite_without_a_warning() -> None:
    assert scale_inputs(np.array([[1e300, 2.0]]), np.array([1e-300, 2.0]), "training").tolist() == [
        [np.inf, 1]
    ]


# Text as 0 and 1


@pytest.mark.parametrize(
    ("texts", "categories"),
    [
        (["no", "yes", "no"], ("no", "yes")),
        (["Yes", "no"], ("no", "Yes")),
        (["T", "f"], ("f", "T")),
        (["pass", "zero"], ("zero", "pass")),
        (["male", "female"], ("female", "male")),
        (["yes", "y"], ("y", "yes")),
        (["b", "c", "a"], ("a", "b", "c")),
    ],
)
def test_of_two_texts_the_one_that_is_1_comes_second(
    texts: list[str], categories: tuple[str, ...]
) -> None:
    assert sort_categories(texts) == categories


def test_two_texts_are_one_input_and_more_are_one_each() -> None:
    of = {"smoker": ("no", "yes"), "town": ("Bern", "Rom", "Wien")}
    names = ["age", "smoker", "town"]
    assert expanded_names(names, of) == ("age", "smoker=yes", "town=Bern", "town=Rom", "town=Wien")
    assert positions(names, of) == {"age": slice(0, 1), "smoker": slice(1, 2), "town": slice(2, 5)}
    assert encode(["yes", "no"], of["smoker"])[0].tolist() == [[1], [0]]
    assert encode(["Rom", "Bern"], of["town"])[0].tolist() == [[0, 1, 0], [1, 0, 0]]


def test_missing_and_unknown_texts_are_nan_and_only_the_unknown_are_named() -> None:
    encoded, unknown = encode(["a", "", "NA", "c"], ("a", "b"))
    assert np.isnan(encoded).tolist() == [[False], [True], [True], [True]]
    assert unknown == [3]


def test_none_is_a_text_and_na_may_be_a_category() -> None:
    assert encode(["none"], ("none", "some"))[0].tolist() == [[0]]
    assert encode(["NA"], ("NA", "some"))[0].tolist() == [[0]]


@pytest.mark.parametrize("cell", ["", " ", "NA", "n/a", "NaN", "NULL", "None", "none", "?", "-"])
def test_cells_without_a_value(cell: str) -> None:
    assert is_missing(cell)


def test_missing_cells_become_the_mean_or_no_category() -> None:
    of = {"town": ("Bern", "Rom", "Wien"), "smoker": ("no", "yes")}
    names = ["age", "town", "smoker"]
    rows = np.array([[20, 0, 1, 0, 1], [np.nan] * 5, [40, 1, 0, 0, 0]])
    fill = fill_values(rows, names, of)
    assert fill == {"age": 30, "town": 0, "smoker": 0.5}
    assert fill_missing(rows, names, of, fill)[1].tolist() == [30, 0, 0, 0, 0.5]
    left = fill_missing(rows, names, of, {"age": 1.0})[1]
    assert np.isnan(left).tolist() == [False, True, True, True, True]


def test_the_most_probable_class_is_named() -> None:
    assert decode(np.array([[0.5], [0.49]]), ("fail", "pass")) == ["pass", "fail"]
    assert decode(np.array([[0.1, 0.3, 0.2]]), ("a", "b", "c")) == ["b"]


def test_an_offset_is_subtracted_before_the_division() -> None:
    rows, scale, offset = np.array([[10.0]]), np.array([4.0]), np.array([2.0])
    assert scale_inputs(rows, scale, "training", offset).tolist() == [[2]]
    assert scale_inputs(rows, scale, "none", offset).tolist() == [[10]]
