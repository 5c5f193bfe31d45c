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


def test_a_run_that_meets_the_scores_has_no_warning() -> None:
    assert warnings(DOCUMENT, epochs=15_000) == ""


def test_a_network_no_better_than_the_mean_is_named() -> None:
    assert "predicting the mean" in warnings(DOCUMENT, epochs=20)
    assert warnings(DOCUMENT, epochs=0).endswith("for every row. Try more `epochs`.")


def test_a_loss_that_is_still_falling_is_named() -> None:
    assert "still falling" in warnings(DOCUMENT, epochs=1500)
    for tolerance in (0.01, 5e-4):
        assert "falling" not in warnings(DOCUMENT, epochs=1500, tolerance=tolerance)  # as asked for
    # With a decay the loss does not fall to zero.
    assert "still falling" not in warnings(DOCUMENT, epochs=1500, weight_decay=1e-9)


def test_a_start_that_never_arrives_is_named() -> None:
    assert "almost stopped falling" in warnings(DOCUMENT, epochs=30_000, seed=6)


def test_outputs_at_the_end_of_the_sigmoid_are_named() -> None:
    model = scorenet.train(DOCUMENT, epochs=0).model
    stuck = Network((Layer(np.full((2, 3), 40.0)), Layer(np.full((3, 1), 40.0))))
    at_the_end = type(model)(stuck, *list(vars(model).values())[1:])
    assert "all outputs are saturated" in warnings(DOCUMENT, epochs=3, resume=at_the_end)


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
    assert "`bias`" in warnings(data, epochs=300, hidden=1)
    assert "`optimizer=lm`" in warnings(data, epochs=300, hidden=1, bias=True)
    for seed in range(2):
        settings = {"bias": True, "optimizer": "lm", "seed": seed, "epochs": 100}
        assert "seed" not in warnings(noise(60, 3, seed), **settings)


def test_a_network_that_may_have_memorized_its_rows_is_named_with_the_remedy() -> None:
    data = noise(40, 4, seed=3)
    said = warnings(data, optimizer="lm", bias=True, hidden=8, epochs=300)
    assert "49 parameters for 40 scores" in said
    assert "`validation=0.2`" in said


def test_a_line_with_noise_is_not_called_memorized() -> None:
    rng = np.random.default_rng(4)
    hours = rng.uniform(0, 10, 200)
    data = {"hours": hours, "score": 10 + 7 * hours + rng.normal(0, 2, 200)}
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
