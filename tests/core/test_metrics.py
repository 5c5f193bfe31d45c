from __future__ import annotations

import numpy as np
import pytest

from scorenet_cli.core.metrics import (
    Baselines,
    ClassFit,
    Fit,
    Metrics,
    baseline_warning,
    baseline_warnings,
    compare,
    compare_classes,
    compare_each,
    fit_baselines,
    measure,
)
from scorenet_cli.errors import DataError


def test_by_hand() -> None:
    # Errors 1, -1, 3: RMSE sqrt(11/3), MAE 5/3; mean 20, spread 100 + 0 + 100: R2 = 1 - 11/200.
    metrics = measure(np.array([[9.0], [21.0], [27.0]]), np.array([[10.0], [20.0], [30.0]]))
    assert metrics.r2 == pytest.approx(1 - 11 / 200)
    assert metrics.rmse == pytest.approx(np.sqrt(11 / 3))
    assert metrics.mae == pytest.approx(5 / 3)


def test_several_targets_share_one_r2() -> None:
    actual = np.array([[0.0, 0.0], [2.0, 4.0]])
    # First target exact: 1; second predicted by its mean: 0.
    assert measure(np.array([[0.0, 2.0], [2.0, 2.0]]), actual).r2 == pytest.approx(0.5)


def test_each_target_is_measured_by_itself() -> None:
    actual = np.array([[0.0, 0.0, 7.0], [2.0, 4.0, 7.0]])
    predicted = np.array([[0.0, 2.0, 7.0], [2.0, 2.0, 8.0]])
    inputs = np.array([[1.0], [2.0]])
    exact, mean, constant = compare_each(predicted, inputs, actual, fit_baselines(inputs, actual))
    assert (exact.r2, exact.rmse, exact.mae) == (1.0, 0.0, 0.0)
    assert (mean.r2, mean.rmse, mean.mae) == (0.0, 2.0, 2.0)
    assert mean.baselines.mean == Metrics(r2=0.0, rmse=2.0, mae=2.0)
    assert constant.r2 is None
    assert constant.mae == pytest.approx(0.5)
    # The target with equal scores leaves the R2 of the others as it is.
    assert measure(predicted, actual).r2 == pytest.approx(0.5)


@pytest.mark.parametrize("score", [0.1, 7.0, 1e200])
def test_equal_scores_have_no_r2_however_their_mean_is_rounded(score: float) -> None:
    assert measure(np.full((10, 1), score * 0.9), np.full((10, 1), score)).r2 is None


def test_equal_scores_do_not_count_beside_others() -> None:
    actual = np.array([[5.0, 70], [5, 80], [5, 90], [5, 60], [5, 50]])  # 5/90 is not its own mean
    predicted = np.array([[6.0, 70], [5, 90], [5, 80], [5, 60], [5, 50]])
    assert measure(predicted, actual).r2 == pytest.approx(1 - 200 / 1000)


def test_equal_scores_have_no_r2() -> None:
    assert measure(np.array([[5.0], [6.0]]), np.array([[5.0], [5.0]])).r2 is None


def test_baselines_are_the_mean_and_least_squares_of_the_training_data() -> None:
    training_data = (np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [3.0], [5.0]]))  # 1 + 2 x
    inputs, actual = np.array([[3.0], [4.0]]), np.array([[7.0], [10.0]])
    fit = compare(actual, inputs, actual, fit_baselines(*training_data))
    assert (fit.r2, fit.rmse, fit.mae) == (1, 0, 0)
    # The line says 7 and 9, off by 0 and 1; the mean says 3, off by 4 and 7.
    assert fit.baselines.linear.mae == pytest.approx(0.5)
    assert fit.baselines.mean.mae == pytest.approx(5.5)


def test_the_study_rows_have_the_published_linear_r2() -> None:
    hours = [2.5, 5.1, 3.2, 8.5, 3.5, 1.5, 9.2, 5.5, 8.3, 2.7, 7.7, 5.9, 4.5]
    hours += [3.3, 1.1, 8.9, 2.5, 1.9, 6.1, 7.4, 2.7, 4.8, 3.8, 6.9, 7.8]
    scores = [21, 47, 27, 75, 30, 20, 88, 60, 81, 25, 85, 62, 41]
    scores += [42, 17, 95, 30, 24, 67, 69, 30, 54, 35, 76, 86]
    training_data = (np.array(hours)[:, np.newaxis], np.array(scores, dtype=float)[:, np.newaxis])
    assert compare(
        training_data[1], *training_data, fit_baselines(*training_data)
    ).baselines.linear.r2 == pytest.approx(0.9529, abs=5e-5)


@pytest.mark.parametrize(
    ("predicted", "rows", "words"),
    [
        ([1.0, 3.0, 5.0, 7.5], 4, None),
        ([5.0, 5.0, 5.0, 5.0], 4, "the mean"),
        ([1.9, 3.0, 5.0, 7.9], 4, "linear regression"),
        ([1.9, 3.0, 5.0, 7.9], 2, None),
    ],
)
def test_a_warning_names_the_baseline_that_is_as_good(
    predicted: list[float], rows: int, words: str | None
) -> None:
    training_data = (np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([[1.0], [3.0], [5.0], [8.0]]))
    fit = compare(np.array(predicted)[:, np.newaxis], *training_data, fit_baselines(*training_data))
    said = baseline_warning(fit, training_data[1], rows=rows, features=1)
    assert said is None if words is None else words in str(said)


def test_scores_of_any_size_are_measured() -> None:
    # Errors 1e200 and 0: their squares are beyond numbers, their root mean square is not.
    metrics = measure(np.array([[1e200], [3e200]]), np.array([[2e200], [3e200]]))
    assert metrics.rmse == pytest.approx(1e200 / np.sqrt(2))
    assert metrics.r2 == pytest.approx(1 - 1 / 0.5)
    # A spread of 2 (5e-161)² beside an error of 1: R² is beyond numbers.
    assert measure(np.array([[1.0], [1.0]]), np.array([[0.0], [1e-160]])).r2 is None
    assert measure(np.array([[5.0]]), np.array([[5.0]])).r2 is None
    assert measure(np.zeros((2, 1)), np.zeros((2, 1))).rmse == 0


def test_scores_further_apart_than_numbers_reach_are_refused() -> None:
    with pytest.raises(
        DataError, match=r"^the scores are too large to compare\. Give them in a larger unit\.$"
    ):
        measure(np.array([[1.7e308]]), np.array([[-1.7e308]]))


def test_each_target_has_a_mean_of_its_own() -> None:
    training_data = (np.array([[0.0], [1.0]]), np.array([[0.0, 10.0], [2.0, 10.0]]))
    assert compare(
        training_data[1], *training_data, fit_baselines(*training_data)
    ).baselines.mean.mae == pytest.approx(0.5)  # 1, 1, 0, 0


def test_the_line_is_the_same_in_any_unit_of_the_inputs() -> None:
    hours, scores = np.array([[1.0], [2.0], [4.0]]), np.array([[1.0], [3.0], [5.0]])
    for unit in (1e-300, 1.0, 1e300):
        fit = compare(scores, hours * unit, scores, fit_baselines(hours * unit, scores))
        # Least squares by hand: slope 9/7 and intercept 0 leave errors -2/7, 3/7, -1/7.
        assert fit.baselines.linear.mae == pytest.approx(2 / 7)


MEAN_WARNING = "the network is no better than predicting the mean for every row."
LINE_WARNING = "the network is no better than linear regression."


@pytest.mark.parametrize(
    ("network", "mean", "line", "rows", "said"),
    [
        (0.1, 2.0, 1.0, 9, None),
        (2.0, 2.0, 1.0, 9, MEAN_WARNING),
        (0.5, 0.5, 0.1, 9, MEAN_WARNING),
        (0.0, 0.0, 1.0, 9, None),
        (1.0, 2.0, 1.0, 9, LINE_WARNING),
        (1.0, 2.0, 1.0, 4, LINE_WARNING),
        (1.0, 2.0, 1.0, 3, None),
        # Rounding of scores of 100 counts as 0.
        (4.6e-14, 2.0, 1.1e-14, 9, LINE_WARNING),
        (2e-10, 2.0, 4.6e-14, 9, LINE_WARNING),
        (0.1, 1.4e-14, 0.2, 9, None),
    ],
)
def test_as_good_as_a_baseline_is_no_better(
    network: float, mean: float, line: float, rows: int, said: str | None
) -> None:
    baselines = Baselines(Metrics(None, mean, mean), Metrics(None, line, line))
    fit = Fit(None, network, network, baselines)
    assert baseline_warning(fit, np.full((9, 1), 100.0), rows=rows, features=2) == said


def test_targets_are_warned_of_one_by_one() -> None:
    def fit(r2: float | None, error: float) -> Fit:
        baselines = Baselines(Metrics(0, 2, 2), Metrics(0.5, 1, 1))
        return Fit(r2, error, error, baselines)

    each = [fit(None, 9), fit(-1, 2), fit(0.1, 1), fit(0.9, 0.5)]
    actual = np.array([[5.0, 1, 1e15, 1], [5, 5, 2e15, 5]])  # rounding of one is not another's
    each[2] = Fit(0.1, 2e15, 2e15, Baselines(Metrics(0, 3e15, 3e15), Metrics(0.5, 1e15, 1e15)))
    assert baseline_warnings(each, actual, "abcd", rows=9, features=2) == (
        f"for 'b', {MEAN_WARNING}",
        f"for 'c', {LINE_WARNING}",
    )


def test_classes_are_counted_and_compared_with_the_most_frequent() -> None:
    actual = np.eye(3)[[0, 0, 1, 2, 2]]
    predicted = np.array([[3.0, 1, 1], [0, 1, 0], [0, 0.9, 0.8], [1, 1, 2], [0.5, 0.1, 0.2]])
    mean = np.array([0.2, 0.2, 0.6])  # of the training rows
    found = compare_classes("kind", ("a", "b", "c"), predicted, actual, mean)
    assert found == ClassFit(
        target="kind",
        classes=("a", "b", "c"),
        accuracy=3 / 5,
        most_frequent="c",
        most_frequent_accuracy=2 / 5,
        confusion=((1, 1, 0), (0, 1, 0), (1, 0, 1)),
    )


def test_fitted_baselines_apply_to_other_rows() -> None:
    model = fit_baselines(np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [3.0], [5.0]]))
    others = np.array([[-1.0], [10.0]])
    assert model.predict_mean(others).tolist() == [[3.0], [3.0]]
    assert model.predict_linear(others) == pytest.approx(np.array([[-1.0], [21.0]]))


def test_a_line_beyond_the_largest_number_ends_there() -> None:
    model = fit_baselines(np.array([[0.0], [1.0], [2.0]]), np.array([[0.0], [8e307], [1.6e308]]))
    assert model.predict_linear(np.array([[1.0], [10.0]])).ravel().tolist() == [
        pytest.approx(8e307),
        np.finfo(float).max,
    ]


@pytest.mark.parametrize("rows", [350, 900])  # fewer than columns, and more
@pytest.mark.parametrize("dependent", [False, True])
def test_linear_regression_on_many_columns_is_least_squares(rows: int, dependent: bool) -> None:
    rng = np.random.default_rng(0)
    inputs = 1000 + rng.random((rows, 400))
    inputs[:, 0] = 5.0
    if dependent:
        inputs[:, 1] = inputs[:, 2] - 2 * inputs[:, 3]
    scores = inputs[:, 4:6] * 20 + rng.normal(0, 5, (rows, 2))
    predicted = fit_baselines(inputs, scores).predict_linear(inputs)
    centred = inputs - inputs.mean(axis=0)
    expected = scores.mean(axis=0) + centred @ np.linalg.lstsq(centred, scores - scores.mean(0))[0]
    assert predicted == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dependent", [False, True])
def test_linear_regression_on_many_rows_is_least_squares(dependent: bool) -> None:
    rng = np.random.default_rng(0)
    inputs = 1000 + rng.random((10_000, 4))
    if dependent:
        inputs[:, 1] = inputs[:, 2] - 2 * inputs[:, 3]
    scores = inputs[:, :2] * 20 + rng.normal(0, 5, (10_000, 2))
    design = np.column_stack([inputs, np.ones(10_000)])
    expected = design @ np.linalg.lstsq(design, scores)[0]
    predicted = fit_baselines(inputs, scores).predict_linear(inputs)
    np.testing.assert_allclose(predicted, expected, rtol=1e-9)
