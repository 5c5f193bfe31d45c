"""What train warns of, and the setting that it names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support import Columns, students

import scorenet_cli as scorenet
from scorenet_cli.core.metrics import Baselines, Evaluation, Fit, Metrics
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.training.diagnosis import diagnose
from scorenet_cli.training.fit import FitResult
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


def metrics(r2: float | None, rmse: float, *, linear: float = 0.0, linear_rmse: float = 9) -> Fit:
    """The metrics of a target whose mean has an RMSE of 10."""
    baselines = Baselines(Metrics(0, 10, 8), Metrics(linear, linear_rmse, 8))
    return Fit(r2, rmse, rmse, baselines)


def said_of(
    fit: FitResult,
    *each: Fit,
    held_out: Evaluation | None = None,
    unseen: Evaluation | None = None,
    is_chosen: bool = False,
    **result: Any,  # noqa: ANN401 - passed on
) -> str:
    """Return what is said of a fit whose result or metrics are changed to these."""
    changed = replace(fit.result, **result)
    return " ".join(
        diagnose(fit.plan, changed, each or fit.each, held_out, unseen, is_chosen=is_chosen)
    )


def out_of_fold(*each: Fit, errors: float = 0.0, actual: float = 1.0) -> Evaluation:
    """Four rows, the scores of each target `actual` from their mean, two of them with an error."""
    scores = np.tile([[-actual], [actual], [-actual], [actual]], len(each))
    predicted = scores + np.array([[0], [errors], [0], [errors]])
    return Evaluation(scores, scores, predicted, each[0], each)


def test_a_run_that_meets_the_scores_has_no_warning() -> None:
    assert warnings(DOCUMENT, epochs=15_000) == ""


@pytest.mark.parametrize("epochs", [0, 20])
def test_a_network_no_better_than_the_mean_is_named(epochs: int) -> None:
    assert warnings(DOCUMENT, epochs=epochs) == (
        "the network is no better than predicting the mean for every row. Try more `epochs`."
    )


def test_as_bad_as_the_mean_is_no_better() -> None:
    data: dict[str, Any] = {"x": [1.0, 2.0, 3.0], "low": [10, 12, 17], "high": [80, 90, 91]}
    fit = scorenet.train(data, target=["low", "high"], optimizer="lm", bias=True, epochs=3)
    actual = np.asarray(fit.plan.data.scores) / 100
    variance = float(np.mean((actual - actual.mean(axis=0)) ** 2))  # of each target by itself
    words = "the network is no better than predicting the mean for every row."
    assert said_of(fit, loss=variance, stopped="converged") == words
    assert words not in said_of(fit, loss=variance * (1 - 1e-9), stopped="converged")


@pytest.mark.parametrize("targets", [{"a": [5] * 3}, {"a": [5] * 3, "b": [90] * 3}])
def test_equal_scores_have_no_variance_to_be_compared_with(targets: dict[str, Any]) -> None:
    data: dict[str, Any] = {"x": [1, 2, 3]} | targets  # the mean of three times 0.05 is not 0.05
    names = ", ".join(f"'{name}'" for name in targets)
    assert warnings(data, target=list(targets), epochs=5) == (
        f"{names}: every row has the same score, so there is nothing to learn. "
        "Choose another `target`."
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
    fit = scorenet.train(DOCUMENT, epochs=3, resume=at_the_end)
    actual = np.asarray(fit.plan.data.scores) / 100
    tie = said_of(fit, loss=float(np.mean((actual - actual.mean(axis=0)) ** 2)))
    assert tie.startswith("the network is no better than predicting the mean")
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


def eight_parameters(rows: int) -> FitResult:
    """An untrained network of 8 parameters, whose loss is that of a good fit."""
    fit = scorenet.train(noise(rows, 3, seed=1), hidden=2, epochs=0, seed=1)
    return replace(fit, result=replace(fit.result, loss=1e-9))


def test_the_limits_of_too_good_a_fit() -> None:
    good = metrics(0.9, 1, linear=0.79)
    words = (
        "the network has {} parameters for {} scores and may overfit: its fit says little about "
        "new rows. Try `validation=0.2`, a smaller `hidden`, or more rows."
    )
    fit = eight_parameters(20)
    assert said_of(fit, good) == words.format(8, 20)  # 0.4 parameters per score
    assert said_of(eight_parameters(21), good) == ""
    assert said_of(eight_parameters(10), good) == words.format(8, 10)
    assert said_of(eight_parameters(9), good) == ""  # a perfect fit is no surprise
    largest = float(np.abs(eight_parameters(9).plan.data.scores).max())
    assert said_of(eight_parameters(9), metrics(1, 1e-12 * largest), loss=1) == ""  # rounding
    assert said_of(fit, metrics(0.899, 1)) == ""
    assert said_of(fit, metrics(0.9, 1, linear=0.8)) == ""  # a linear regression explains half
    assert said_of(fit, metrics(None, 1), good) == words.format(8, 20)  # one target is enough
    assert said_of(fit, good, held_out=out_of_fold(good)) == ""  # held-out rows show it
    exact = metrics(1, 0, linear=0.79)
    assert said_of(fit, exact) == words.format(8, 20)
    assert said_of(fit, exact, held_out=out_of_fold(good)) == ""


def test_parameters_that_a_decay_suppresses_do_not_count() -> None:
    data = noise(25, 3, seed=1)
    fit = scorenet.train(data, optimizer="lm", weight_decay="auto", hidden=2, epochs=20)
    assert fit.result.evidence is not None
    for count, words in [(10, "10 effective parameters for 25 scores"), (9.99, "")]:
        evidence = fit.result.evidence._replace(effective_parameters=count)
        said = said_of(fit, metrics(0.95, 1), evidence=evidence, loss=1e-9)
        assert said.startswith(f"the network has {words}") if words else said == ""


def test_the_limits_of_a_fit_that_is_not_finished() -> None:
    fit = scorenet.train(noise(8, 3, seed=1), hidden=2, epochs=0, seed=1)
    spread = float(np.var(np.asarray(fit.plan.data.scores) / 100))
    falling = ((0, 0.05), (50, 0.04), (100, 0.03))
    run: dict[str, Any] = {"loss": 0.011 * spread, "epochs": 100, "best_epoch": 100}
    words = "the predictions do not match the scores yet, but the loss is still falling. "
    assert said_of(fit, history=falling, **run) == f"{words}Try more `epochs`."
    fair = metrics(0.5, 8)
    assert said_of(fit, fair, history=falling, **run | {"loss": 0.0099 * spread}) == ""
    assert said_of(fit, fair, history=falling, **run | {"loss": spread * 0.01}) == ""
    assert said_of(fit, fair, history=falling, **run | {"best_epoch": 99}) == ""  # it got worse
    for stopped in ("tolerance", "patience"):
        assert said_of(fit, fair, history=falling, stopped=stopped, **run) == ""
    ended = said_of(fit, history=falling, stopped="converged", **run)
    assert ended == (
        "no step lowers the loss, and the predictions do not match the scores. Try `bias`."
    )
    nine = scorenet.train(noise(9, 3, seed=1), hidden=2, epochs=0, seed=1)  # scores; 8 parameters
    assert said_of(nine, fair, history=falling, **run) == ""


@pytest.mark.parametrize(
    ("losses", "falls"),
    [
        ([(0, 1), (50, 0.5), (100, 0.45)], True),  # by a tenth
        ([(0, 1), (50, 0.5), (100, 0.451)], False),
        ([(0, 1), (51, 0.46), (100, 0.45)], True),  # epoch 51 is in the second half
        ([(0, 1), (49, 0.46), (100, 0.45)], False),
        ([(0, 1), (1, 0.95)], False),
        ([(0, 1)], True),  # nothing is known of epoch 0
    ],
)
def test_the_second_half_shows_whether_the_loss_still_falls(
    losses: list[tuple[int, float]], falls: bool
) -> None:
    fit = scorenet.train(noise(8, 3, seed=1), hidden=2, epochs=0, seed=1)
    epochs = losses[-1][0]
    said = said_of(
        fit, metrics(0.5, 9), history=losses, epochs=epochs, best_epoch=epochs, loss=0.01
    )
    assert said.endswith("Try more `epochs`." if falls else "Try `bias`.")
    assert ("still falling" in said) == falls
    assert ("almost stopped falling in the second half" in said) != falls


def test_a_loss_may_rise_by_a_tenth() -> None:
    fit = scorenet.train(noise(40, 3, seed=1), epochs=0, learning_rate=0.5)
    for rise, advice in [
        (1.1, "Try more `epochs`."),
        (1.11, "rises and falls: try `learning_rate=0.05`."),
    ]:
        history = ((0, 2), (1, 1), (2, rise), (100, 0.5))
        said = said_of(fit, metrics(0.5, 9), history=history, epochs=100, loss=0.01)
        assert said.startswith("the network is no better than linear regression. ")
        assert said.endswith(advice)


@pytest.mark.parametrize(("hidden", "advice"), [(111, " Try `optimizer=lm`."), (112, "")])
def test_lm_is_suggested_up_to_a_thousand_parameters(hidden: int, advice: str) -> None:
    fit = scorenet.train(noise(12, 7, seed=1), hidden=hidden, bias=True, epochs=0)
    assert (fit.result.network.parameters <= 1000) == bool(advice)
    history = ((0, 1), (50, 0.5), (100, 0.5))
    said = said_of(fit, metrics(0.5, 9), history=history, epochs=100, loss=0.01)
    assert said == f"the network is no better than linear regression.{advice}"


def test_the_limits_of_a_fit_out_of_fold() -> None:
    fit = scorenet.train(noise(40, 2, seed=1), epochs=0)
    mean = "out of fold, the network is no better than predicting the mean for every row. "
    linear = "out of fold, the network is no better than linear regression. Try `hidden=none`."
    overfits = (
        "the network overfits: R2 is 0.100 on the training rows and -0.001 out of fold. Try "
        "`optimizer=auto`, a `weight_decay`, a smaller `hidden`, or more rows."
    )
    few = (
        "4 rows are too few to tell whether the network is better than predicting the mean. "
        "Collect more rows."
    )

    def said(seen: Fit, unseen: Fit, **more: Any) -> str:  # noqa: ANN401 - passed on
        errors = {key: more.pop(key) for key in ("errors", "actual") if key in more}
        return said_of(fit, seen, unseen=out_of_fold(unseen, **errors), **more)

    better = metrics(0.5, 8)
    assert said(better, metrics(0.0, 10)) == f"{mean}More rows or other columns may help."
    assert said(metrics(0.1, 4.9), metrics(-0.001, 9.9, linear_rmse=10)) == overfits
    chosen = said(metrics(0.1, 4.9), metrics(-0.001, 9.9, linear_rmse=10), is_chosen=True)
    assert chosen.endswith("out of fold. More rows or fewer columns may help.")
    assert said(metrics(0.1, 4.9), metrics(0.0, 9.9, linear_rmse=10)) == ""  # R2 differs by 0.1
    assert said(metrics(0.1, 4.5), metrics(-0.1, 9, linear_rmse=10)) == ""  # errors: by two times
    assert said(better, metrics(0.4, 9)) == ""
    assert said(better, metrics(0.4, 9.1)) == linear
    assert said(better, metrics(0.4, 9.1), is_chosen=True) == linear.replace(
        "Try `hidden=none`.", "More rows may help."
    )
    # The gains over the mean are 1, 0, 1 and 0: the mean gain is two standard errors.
    assert said(better, metrics(0.4, 9), errors=1) == ""
    assert said(better, metrics(0.4, 9), errors=1.001) == few
    assert said(metrics(None, 1), better) == said(better, metrics(None, 1)) == ""


def test_rows_are_too_few_for_one_target_and_enough_for_another() -> None:
    data = noise(40, 2, seed=1) | {"other": np.random.default_rng(6).uniform(10, 90, 40)}
    fit = scorenet.train(data, target=["score", "other"], epochs=0)
    seen, unseen = metrics(0.5, 8), out_of_fold(metrics(0.4, 9), metrics(0.4, 9), errors=1.001)
    unseen.predicted[:, 1] = unseen.actual[:, 1]
    assert said_of(fit, seen, seen, unseen=unseen) == (
        "'score': 4 rows are too few to tell whether the network is better than predicting the "
        "mean. Collect more rows."
    )


def test_each_target_is_named_out_of_fold() -> None:
    data = noise(40, 2, seed=1) | {"other": np.random.default_rng(6).uniform(10, 90, 40)}
    fit = scorenet.train(data, target=["score", "other"], epochs=0)
    seen = metrics(0.5, 8)
    unseen = out_of_fold(metrics(None, 1), metrics(0.4, 10), errors=1.001)
    assert said_of(fit, seen, seen, unseen=unseen) == (
        "'other': out of fold, the network is no better than predicting the mean for every row. "
        "More rows or other columns may help."
    )


@pytest.mark.parametrize(("decay", "advice"), [("auto", "More rows"), (0.01, "Try `optimizer=")])
def test_a_decay_that_was_chosen_is_not_suggested(decay: float | str, advice: str) -> None:
    fit = scorenet.train(noise(40, 2, seed=1), optimizer="lm", weight_decay=decay, epochs=1)
    said = said_of(fit, metrics(0.9, 1), unseen=out_of_fold(metrics(0.1, 9)))
    assert f"out of fold. {advice}" in said


def test_classes_without_hidden_layer_get_no_other_activation() -> None:
    data = {"x": [*range(40)], "score": ["a", "b"] * 20}
    fit = scorenet.train(data, hidden="none", epochs=0)
    each = [metrics(0.5, 8)] * len(fit.each)
    unseen = out_of_fold(*[metrics(0.4, 9.1)] * len(fit.each))
    assert said_of(fit, *each, unseen=unseen).endswith("linear regression. More rows may help.")


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
    fit = scorenet.train(students(seed=seed), optimizer="gd", epochs=2, **line)
    assert said_of(fit, metrics(0.5, 9 * (1 + 1e-6)), loss=1e-9) == ""
    assert said_of(fit, metrics(0.5, 9.1), loss=1e-9).startswith("the network is no better than l")


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
