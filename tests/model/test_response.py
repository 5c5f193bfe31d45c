from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import named, students

import scorenet_cli as scorenet
from scorenet_cli.errors import DataError
from scorenet_cli.model.model import intervals, predict, predict_inputs
from scorenet_cli.model.response import base_inputs, curve, ends, has_surface, surface

HOURS = replace(named(("hours",), (1, 3, 2)), feature_range=np.array([[2.0, 10.0]]))
BOTH = replace(
    named(("hours", "slept"), (2, 3, 1)), feature_range=np.array([[2.0, 10.0], [4.0, 9.0]])
)
TOWNS = replace(
    named(("hours", "town"), (4, 3, 1)),
    feature_range=np.array([[-2.0, 10.0], [0, 1], [0, 1], [0, 1]]),
    categories={"town": ("Bern", "Rom", "Wien")},
)


def test_a_curve_is_what_predict_gives_over_the_training_range_and_a_quarter_beyond() -> None:
    found = curve(HOURS, "hours", base_inputs(HOURS))
    assert (found.values[0], found.values[-1]) == (0, 12)  # hours are never below 0
    np.testing.assert_array_equal(found.scores, predict(HOURS, found.values[:, np.newaxis]).scores)
    np.testing.assert_array_equal(found.is_trained, (found.values >= 2) & (found.values <= 10))
    assert found.intervals is None


def test_a_curve_has_the_intervals_of_its_scores() -> None:
    model = scorenet.train(students(20), optimizer="lm", weight_decay=0.1, bias=True).model
    found = curve(model, "sleep", base_inputs(model))
    rows = np.column_stack([np.full(len(found.values), base_inputs(model)[0]), found.values])
    answer = predict_inputs(model, rows)
    assert found.intervals is not None
    np.testing.assert_allclose(found.intervals, intervals(model, answer, 0.9))


def test_a_surface_is_what_predict_gives() -> None:
    x, y = np.array([2.0, 3.0, 5.0]), np.array([4.0, 6.0])
    found = surface(BOTH, x, y)
    assert found.shape == (2, 3, 1)
    assert found[1, 2] == predict(BOTH, [[5, 6]]).scores[0]
    assert [has_surface(model) for model in (HOURS, BOTH, TOWNS)] == [False, True, False]


def test_other_columns_stay_at_the_mean() -> None:
    rows = np.array([[1.0, 1, 0, 0], [4.0, 0, 0, 1]])
    np.testing.assert_array_equal(base_inputs(TOWNS, rows), [2.5, 0.5, 0, 0.5])
    np.testing.assert_array_equal(
        base_inputs(BOTH, np.full((3, 2), [1e308, 1e-20])), [1e308, 1e-20]
    )
    np.testing.assert_allclose(base_inputs(TOWNS), [4, 1 / 3, 1 / 3, 1 / 3])
    offset = np.array([3.0, 0.5, 0.25, 0.25])
    np.testing.assert_array_equal(base_inputs(replace(TOWNS, feature_offset=offset)), offset)


def test_a_column_of_text_has_a_score_for_each_text() -> None:
    found = curve(TOWNS, "town", np.array([3.0, 0, 0, 0]))
    assert found.texts == ("Bern", "Rom", "Wien")
    expected = predict_inputs(TOWNS, np.column_stack([np.full(3, 3.0), np.eye(3)])).scores
    np.testing.assert_array_equal(found.scores, expected)
    assert ends(TOWNS, "hours") == (-5, 13)


def test_without_a_training_range_the_scale_is_the_range() -> None:
    model = replace(HOURS, feature_range=None, feature_scale=np.array([8.0]))
    assert ends(model, "hours") == (0, 10)


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [
        (3, 3, (1.5, 4.5)),
        (0, 0, (0, 0.5)),
        (0, 1e-300, (0, 0.5)),
        (0.25, 0.25, (0, 0.75)),
        (-0.5, -0.5, (-1, 0)),
        (-10, -10, (-15, -5)),
        (1e9, 1e9 + 0.5, (5e8, 1.5e9 + 0.5)),
        (0, 1e-5, (0, 1e-5)),
        (5, 6, (5, 6)),
        (0, 1e290, (0, 1e290)),
    ],
)
def test_around_a_single_value_the_range_is_half_of_it_or_of_one(
    lowest: float, highest: float, expected: tuple[float, float]
) -> None:
    model = replace(HOURS, feature_range=np.array([[lowest, highest]]))
    assert ends(model, "hours", 0.0) == expected


@pytest.mark.parametrize("training_range", [(-1e308, 1e308), (-1e300, 0.0), (0.0, 1.01e290)])
def test_a_range_too_wide_for_numbers_is_an_error(training_range: tuple[float, float]) -> None:
    with pytest.raises(DataError) as error:
        ends(replace(HOURS, feature_range=np.array([training_range])), "hours", 0.0)
    assert str(error.value) == "the training range of 'hours' is too large to be drawn."
