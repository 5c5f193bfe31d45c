"""What train warns of, and the setting that it names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import Columns, students

import scorenet_cli as scorenet
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.training.plan import nice_above

DOCUMENT = {"hours_studied": [2, 1, 3], "hours_slept": [9, 5, 6], "score": [92, 86, 89]}


def warnings(data: dict[str, Any], **settings: Any) -> str:  # noqa: ANN401 - passed on
    return " ".join(scorenet.train(data, **settings).warnings)


def noise(rows: int, columns: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    named = {f"x{n}": rng.uniform(0, 1, rows) for n in range(columns)}
    return named | {"score": rng.uniform(10, 90, rows)}


def line(rows: int, start: float, slope: float, spread: float, *, seed: int) -> dict[str, Any]:
    """Scores on a straight line of the hours, with normal noise."""
    rng = np.random.default_rng(seed)
    hours = rng.uniform(0, 10, rows)
    return {"hours": hours, "score": start + slope * hours + rng.normal(0, spread, rows)}


def test_a_run_that_meets_the_scores_has_no_warning() -> None:
    assert warnings(DOCUMENT, epochs=15_000) == ""


@pytest.mark.parametrize("epochs", [0, 20])
def test_a_network_no_better_than_the_mean_is_named(epochs: int) -> None:
    assert warnings(DOCUMENT, epochs=epochs) == (
        "the network is no better than predicting the mean for every row. Try more `epochs`."
    )


def test_classes_are_compared_with_their_frequencies() -> None:
    data = {"x": [*range(40)], "score": ["a", "b"] * 20}
    assert warnings(data, epochs=3) == (
        "the network is no better than predicting the class frequencies for every row. Try `bias`."
    )


def test_each_target_is_named_and_the_advice_comes_once() -> None:
    data = noise(40, 2, seed=5) | {"other": np.random.default_rng(6).uniform(10, 90, 40)}
    said = warnings(data, target=["score", "other"], optimizer="lm", bias=True, epochs=1)
    assert said == (
        "for 'score', the network is no better than predicting the mean for every row. "
        "for 'other', the network is no better than linear regression. Try more `epochs`."
    )


@pytest.mark.parametrize(
    ("settings", "title"),
    [
        ({"validation": 0.3, "seed": 0}, "validation rows"),
        ({"validation": 0.5, "restarts": 2}, "test rows"),
    ],
)
def test_held_out_rows_are_judged_by_themselves(settings: dict[str, Any], title: str) -> None:
    assert warnings(noise(40, 3, seed=0), epochs=1, **settings) == (
        f"on the {title}, the network is no better than predicting the mean for every row."
    )


def test_a_loss_that_is_still_falling_is_named() -> None:
    assert warnings(DOCUMENT, epochs=1500) == (
        "the predictions do not match the scores yet, but the loss is still falling. "
        "Try more `epochs`."
    )
    for tolerance in (0.01, 5e-4):
        assert "falling" not in warnings(DOCUMENT, epochs=1500, tolerance=tolerance)  # as asked for
    # With a decay the loss does not fall to zero.
    assert "still falling" not in warnings(DOCUMENT, epochs=1500, weight_decay=1e-9)


def test_a_start_that_never_arrives_is_named() -> None:
    assert warnings(DOCUMENT, epochs=30_000, seed=6) == (
        "the loss had almost stopped falling in the second half of training, and the predictions "
        "do not match the scores yet. Try `bias`."
    )


def test_lm_that_ends_far_from_the_scores_is_named() -> None:
    data = {"x": [1.0, 1.0, 2.0], "score": [10, 60, 90]}  # two scores for the same input
    assert warnings(data, optimizer="lm", bias=True, hidden=5) == (
        "no step lowers the loss, and the predictions do not match the scores."
    )


def test_outputs_at_the_end_of_the_sigmoid_are_named() -> None:
    model = scorenet.train(DOCUMENT, epochs=0).model
    stuck = Network((Layer(np.full((2, 3), 40.0)), Layer(np.full((3, 1), 40.0))))
    at_the_end = type(model)(stuck, *list(vars(model).values())[1:])
    words = "all outputs are saturated: the sigmoid is flat there, so the weights hardly change."
    assert warnings(DOCUMENT, epochs=3, resume=at_the_end) == (
        f"{words} Try a smaller `learning_rate`."
    )
    by_lm = warnings(DOCUMENT, epochs=3, resume=at_the_end, optimizer="lm")
    assert by_lm.endswith(f"{words} Try another `seed`.")


def test_scores_that_use_a_small_part_of_the_range_get_a_max_score() -> None:
    rng = np.random.default_rng(1)
    hours = rng.uniform(0, 10, 60)
    data: dict[str, Any] = {"hours": hours, "gpa": 1 + 0.3 * hours}
    note = "the scores of 'gpa' use less than half of the range 0 to 100. Try `max_score=4`."
    for settings in (
        {"epochs": 5},
        {"optimizer": "lm", "epochs": 100},
    ):  # a poor fit and a good one
        fit = scorenet.train(data, **settings)
        assert fit.notes == (note,)
        assert "max_score" not in " ".join(fit.warnings)
    assert scorenet.train(data, epochs=5, max_score=4).notes == ()
    assert scorenet.train(data, epochs=5, output_activation="linear").notes == ()


def test_scores_that_are_all_zero_get_none() -> None:
    fit = scorenet.train({"x": [1, 2], "score": [0, 0]}, epochs=1)
    notes = " ".join(fit.notes + fit.warnings)
    assert "'score': every row has the same score" in notes
    assert "max_score" not in notes


def test_each_of_several_targets_gets_its_max_score() -> None:
    data = {"h": [1, 2, 3], "gpa": [1, 2, 3], "score": [50, 60, 90]}
    (note,) = scorenet.train(data, target=["gpa", "score"], epochs=1).notes
    assert (
        "'gpa' use less than half of the range 0 to 100. Try `max_score=4` `max_score=100`" in note
    )


def test_a_loss_that_rises_and_falls_gets_a_learning_rate() -> None:
    rng = np.random.default_rng(2)
    columns = {f"x{n}": rng.uniform(0, 1, 100) for n in range(20)}
    score = sum(columns.values()) * 5
    said = warnings(columns | {"score": score}, activation="tanh", hidden=32, epochs=1000)
    assert "`learning_rate=0.3`" in said


def test_advice_goes_from_bias_to_lm_and_never_to_other_seeds() -> None:
    data = noise(60, 3, seed=1)
    words = "the network is no better than linear regression."
    assert warnings(data, epochs=300, hidden=1) == f"{words} Try `bias`."
    assert warnings(data, epochs=300, hidden=1, bias=True) == f"{words} Try `optimizer=lm`."
    for seed in range(2):
        settings = {"bias": True, "optimizer": "lm", "seed": seed, "epochs": 100}
        assert "seed" not in warnings(noise(60, 3, seed), **settings)


def test_a_network_that_may_have_memorized_its_rows_is_named_with_the_remedy() -> None:
    data = noise(40, 4, seed=3)
    assert warnings(data, optimizer="lm", bias=True, hidden=8, epochs=300) == (
        "the network has 49 parameters for 40 scores and may overfit: its fit says little about "
        "new rows. Try `validation=0.2`, a smaller `hidden`, or more rows."
    )


def test_folds_show_what_is_too_large() -> None:
    data = line(16, 20, 6, 3, seed=2)
    settings: dict[str, Any] = {"optimizer": "lm", "bias": True, "folds": 3, "epochs": 60}
    assert warnings(data, hidden=2, **settings) == (
        "out of fold, the network is no better than linear regression. Try `hidden=none`."
    )
    assert warnings(data, hidden=6, **settings) == (
        "the network overfits: R2 is 0.965 on the training rows and 0.724 out of fold. Try "
        "`optimizer=auto`, a `weight_decay`, a smaller `hidden`, or more rows."
    )


def test_few_rows_with_noise_are_too_few_to_tell() -> None:
    data = line(12, 50, 1, 6, seed=0)
    said = warnings(data, optimizer="lm", hidden="none", bias=True, folds=3)
    assert said == (
        "12 rows are too few to tell whether the network is better than predicting the mean. "
        "Collect more rows."
    )


def test_a_line_with_noise_is_not_called_memorized() -> None:
    data = line(200, 10, 7, 2, seed=4)
    assert "memorized" not in warnings(data, optimizer="lm", bias=True, epochs=100)


@pytest.mark.parametrize("seed", range(4))  # whose errors differ by rounding, up or down
def test_linear_regression_is_not_compared_with_itself(seed: int) -> None:
    line: Columns = {"hidden": "none", "output_activation": "linear", "bias": True}
    assert warnings(students(seed=seed), optimizer="lm", **line) == ""
    unfinished = warnings(students(seed=seed), optimizer="gd", epochs=2, learning_rate=0.3, **line)
    assert unfinished.startswith("the network is no better than linear regression.")


def test_a_sigmoid_without_hidden_layer_may_be_no_better_than_a_line() -> None:
    data = {"hours": [*range(30)], "score": [3 * hours for hours in range(30)]}
    said = warnings(data, optimizer="lm", hidden="none", bias=True, folds=3)
    assert said == (
        "out of fold, the network is no better than linear regression. "
        "Try `output_activation=linear`."
    )


def test_equal_scores_are_said_once() -> None:
    data = {"hours": list(range(1, 31)), "score": [70] * 30}
    assert warnings(data, optimizer="lm", bias=True, epochs=50) == (
        "'score': every row has the same score, so there is nothing to learn. "
        "Choose another `target`."
    )


@pytest.mark.parametrize(
    ("value", "expected"), [(3.9, 4), (4, 4), (4.1, 5), (0.7, 1), (92, 100), (151, 200)]
)
def test_a_round_number_above(value: float, expected: float) -> None:
    assert nice_above(value) == pytest.approx(expected)
