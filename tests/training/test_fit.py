from __future__ import annotations

import dataclasses
import datetime as dt
import platform
from typing import Any

import numpy as np
import pytest
from support import INPUTS, Columns, shown, students

import scorenet_cli as scorenet
from scorenet_cli import __version__
from scorenet_cli.core.network import BLOCK_ROWS, mean_squared_error, random_network
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.core.optimizers.evidence import Evidence
from scorenet_cli.data.csv_table import make_table
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.errors import DataError
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.show.pages.train import training_summary
from scorenet_cli.training import loop
from scorenet_cli.training.fit import best_of, fit, restart_stats, trained_model
from scorenet_cli.training.loop import Callbacks, RestartResult, TrainingResult
from scorenet_cli.training.plan import TrainingPlan, initial_model, make_plan, scaled_rows
from scorenet_cli.training.settings import Settings

HUNDRED = np.array([100.0])
NETWORK = random_network((2, 3, 1), seed=1)
RUN = TrainingResult(NETWORK, 7, 7, 0.5, "epochs", 0.1, ((0, 1.0), (7, 0.5)))


def dataset(inputs: list[list[float]]) -> Dataset:
    return Dataset(
        source="folder/rows.csv",
        sha256="abc",
        features=("studied", "slept"),
        targets=("score",),
        inputs=np.array(inputs),
        scores=np.array([[92.0], [86.0], [89.0]])[: len(inputs)],
    )


def plan(model: Model, data: Dataset, record: TrainingRecord | None = None) -> TrainingPlan:
    networks = (model.network,)
    record = record or TrainingRecord()
    return TrainingPlan(Settings(), data, None, None, model, networks, "gd", {}, record)


DOCUMENT = dataset([[2, 9], [1, 5], [3, 6]])


def test_rows_are_scaled_as_the_document_scales_them() -> None:
    model = initial_model(NETWORK, DOCUMENT, HUNDRED)
    inputs, actual = scaled_rows(model, DOCUMENT)
    assert inputs.tolist() == INPUTS.tolist()
    assert actual.tolist() == [[0.92], [0.86], [0.89]]


def test_a_trained_model_knows_where_it_came_from() -> None:
    before = initial_model(NETWORK, DOCUMENT, HUNDRED)
    facts = TrainingRecord(seed=1, optimizer="gd", learning_rate=3.0)
    model = trained_model(plan(before, DOCUMENT, facts), RUN)
    assert model.feature_range is not None
    assert model.feature_range.tolist() == [[1, 3], [5, 9]]
    record = model.training
    assert record is not None
    assert (record.data, record.sha256, record.rows) == ("rows.csv", "abc", 3)
    assert (record.seed, record.optimizer, record.learning_rate) == (1, "gd", 3.0)
    assert (record.epochs, record.loss, record.stopped) == (7, 0.5, "epochs")
    assert record.history == RUN.history
    assert record.versions["scorenet"] == __version__
    assert record.date is not None
    age = dt.datetime.now(tz=dt.UTC) - dt.datetime.fromisoformat(record.date)
    assert dt.timedelta(seconds=-1) <= age < dt.timedelta(minutes=1)


def test_a_resume_on_other_rows_widens_the_range_and_keeps_the_scale() -> None:
    first = trained_model(plan(initial_model(NETWORK, DOCUMENT, HUNDRED), DOCUMENT), RUN)
    second = trained_model(plan(first, dataset([[4, 6]])), RUN)
    assert second.feature_range is not None
    assert second.feature_range.tolist() == [[1, 4], [5, 9]]
    assert second.feature_scale.tolist() == [3, 9]


def test_the_spread_of_starts_is_that_of_their_scores_on_any_number_of_rows() -> None:
    rng = np.random.default_rng(5)
    rows = BLOCK_ROWS + 100
    data = dataclasses.replace(
        DOCUMENT, inputs=rng.random((rows, 2)), scores=rng.random((rows, 1)) * 100
    )
    model = initial_model(NETWORK, data, HUNDRED)
    networks = [random_network((2, 3, 1), seed=seed) for seed in range(3)]
    starts = tuple(RestartResult(network, 0.1 * n) for n, network in enumerate(networks))
    spread = restart_stats(plan(model, data), dataclasses.replace(RUN, starts=starts))
    assert spread is not None
    inputs, _ = scaled_rows(model, data)
    scores = 100 * np.stack([predict_outputs(network, inputs)[:, 0] for network in networks])
    assert spread.prediction_deviation == pytest.approx(scores.std(axis=0).mean(), rel=1e-12)
    widest = (scores.max(axis=0) - scores.min(axis=0)).max()
    assert spread.prediction_range == pytest.approx(widest, rel=1e-12)
    assert (spread.best, spread.median, spread.worst) == (0, 0.1, 0.2)
    assert restart_stats(plan(model, data), RUN) is None


def test_a_record_has_all_that_a_resume_needs() -> None:
    before = initial_model(NETWORK, DOCUMENT, HUNDRED)
    other = random_network((2, 3, 1), seed=2)
    run = dataclasses.replace(
        RUN,
        network=other,
        best_epoch=5,
        state_dict={"steps": 9},
        validation_loss=0.25,
        validation_history=((0, 1.0), (5, 0.25)),
    )
    model = trained_model(plan(before, DOCUMENT), run)
    assert model.network is other
    record = model.training
    assert record is not None
    assert (record.epochs, record.best_epoch, record.state) == (7, 5, {"steps": 9})
    assert (record.validation_loss, record.validation_history) == (0.25, ((0, 1.0), (5, 0.25)))
    assert record.versions == {
        "scorenet": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def test_a_range_is_widened_at_either_end() -> None:
    first = trained_model(plan(initial_model(NETWORK, DOCUMENT, HUNDRED), DOCUMENT), RUN)
    low = trained_model(plan(first, dataset([[0, 6], [2, 20]])), RUN)
    assert low.feature_range is not None
    assert low.feature_range.tolist() == [[0, 3], [5, 20]]


def test_the_row_that_is_too_large_for_its_scale_is_named() -> None:
    tiny = dataclasses.replace(
        initial_model(NETWORK, DOCUMENT, HUNDRED), feature_scale=np.array([1e-300, 1.0])
    )
    with pytest.raises(DataError, match="the values 10000000000, 7 become"):
        scaled_rows(tiny, dataset([[1, 6], [1e10, 7], [1e11, 8]]))


@pytest.mark.parametrize("scale", [[10.0, 1000.0], [1000.0, 10.0]])
def test_two_starts_of_two_targets_spread_each_in_its_own_points(scale: list[float]) -> None:
    data = dataclasses.replace(
        DOCUMENT, targets=("a", "b"), scores=np.array([[9.0, 90.0], [8.0, 80.0], [7.0, 70.0]])
    )
    model = dataclasses.replace(
        initial_model(random_network((2, 3, 2), seed=1), data, np.full(2, 100.0)),
        target_scale=np.array(scale),
    )
    networks = [random_network((2, 3, 2), seed=seed) for seed in range(2)]
    starts = (
        *(RestartResult(network, 0.1) for network in networks),
        RestartResult(networks[0], np.nan),
    )
    spread = restart_stats(plan(model, data), dataclasses.replace(RUN, starts=starts))
    assert spread is not None
    inputs, _ = scaled_rows(model, data)
    scores = np.stack([predict_outputs(network, inputs) for network in networks]) * scale
    assert spread.prediction_deviation == pytest.approx(scores.std(axis=0).mean(), rel=1e-12)
    assert spread.prediction_range == pytest.approx(np.ptp(scores, axis=0).max(), rel=1e-12)
    assert spread.count == 3


@pytest.mark.parametrize("optimizer", ["gd", "lm"])
def test_an_autosave_of_several_starts_has_the_seed_of_its_weights(
    optimizer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TICK", 0.0)
    autosaves: list[Model] = []
    callbacks: Callbacks[Model] = Callbacks(tick=lambda *tick: autosaves.append(tick[2]()))
    scorenet.train(restarts=4, optimizer=optimizer, epochs=3, callbacks=callbacks)
    record = autosaves[-1].training
    assert record is not None
    again = scorenet.train(seed=record.seed, optimizer=optimizer, epochs=record.epochs).model
    for one, other in zip(again.network.layers, autosaves[-1].network.layers, strict=True):
        assert np.allclose(one.weights, other.weights, rtol=1e-9)


@pytest.mark.parametrize(
    ("settings", "tried"),
    [
        ({"optimizer": "gd", "epochs": 6, "restarts": 4}, "4 of 4"),
        ({"optimizer": "gd", "epochs": 6, "restarts": 2}, "2 of 2"),
        ({"optimizer": "adam", "epochs": 3, "restarts": 4}, "2 of 4"),
        ({"optimizer": "adam", "epochs": 6, "restarts": 2}, "1 of 2"),
        ({"optimizer": "adam", "epochs": 6}, None),
    ],
)
def test_an_interrupted_run_says_how_many_starts_were_tried(
    settings: dict[str, Any], tried: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TICK", 0.0)
    ticks: list[int] = []
    callbacks: Callbacks[Model] = Callbacks(
        tick=lambda epoch, *_: ticks.append(epoch), should_stop=lambda: len(ticks) == 5
    )
    fit = scorenet.train(**settings, callbacks=callbacks)
    expected = f"interrupted after {tried} starts; the best of these is kept."
    assert fit.warnings == (() if tried is None else (expected,))
    assert fit.result.stopped == "interrupted"


@pytest.mark.parametrize(("restarts", "held_out"), [(1, 0.5), (2, 0.65)])
def test_an_interrupted_run_of_many_rows_is_judged_on_some(
    restarts: int, held_out: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TICK", 0.0)
    hours = np.random.default_rng(0).uniform(1, 9, 26_000)
    data = {"hours": hours, "score": 10 * hours}
    stop: Callbacks[Model] = Callbacks(should_stop=lambda: True)
    settings: Columns = {"optimizer": "gd", "restarts": restarts, "validation": held_out}
    fit = scorenet.train(data, callbacks=stop, **settings)
    assert fit.result.stopped == "interrupted"
    assert len(fit.predicted) == BLOCK_ROWS < len(fit.plan.data.inputs)
    judged = fit.plan.validation_rows if restarts == 1 else fit.plan.test_rows
    assert judged is not None
    assert fit.validation is not None
    assert fit.validation.actual.tolist() == judged.scores[:BLOCK_ROWS].tolist()
    rows = len(fit.plan.data.inputs)
    assert fit.warnings == (
        *["interrupted after 1 of 2 starts; the best of these is kept."][: restarts - 1],
        f"interrupted: the fit is measured on the first 8,192 of {rows:,} rows.",
    )
    scaled = scaled_rows(fit.model, fit.plan.data)
    plain = mean_squared_error(predict_outputs(fit.model.network, scaled.inputs), scaled.actual)
    assert fit.result.loss == pytest.approx(plain, rel=1e-9)
    assert f"... and {rows - 10:,} more rows" in shown(training_summary(fit))


def test_a_tick_is_told_the_epoch_and_its_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TICK", 0.0)
    told: dict[int, float] = {}
    callbacks: Callbacks[Model] = Callbacks(tick=lambda epoch, loss, _: told.update({epoch: loss}))
    fit = scorenet.train(optimizer="gd", epochs=3, callbacks=callbacks)
    assert told == pytest.approx(dict(fit.result.history[:3]))


def test_a_text_target_is_counted_on_each_part_of_the_rows() -> None:
    data = {"x": range(20), "passed": ["yes", "no"] * 10}
    fit = scorenet.train(data, validation=0.25, epochs=1)
    assert fit.validation is not None
    for part, rows in ((fit, 15), (fit.validation, 5)):
        (classes,) = part.classes
        assert np.sum(classes.confusion) == rows


def test_each_start_is_the_run_of_its_own_seed() -> None:
    settings: dict[str, Any] = {"optimizer": "adam", "batch_size": 1, "epochs": 2}
    first, second = scorenet.train(seed=0, restarts=2, **settings).result.starts
    for seed, start in enumerate((first, second)):
        assert scorenet.train(seed=seed, **settings).result.starts[0].loss == start.loss


def test_the_best_is_chosen_by_validation_where_there_is_one() -> None:
    runs = [
        TrainingResult(NETWORK, 1, 1, loss, "epochs", 0.5, (), validation_loss=validation)
        for loss, validation in ((0.1, 0.4), (0.2, 0.3))
    ]
    assert best_of(runs).start == 1
    assert best_of([dataclasses.replace(run, validation_loss=None) for run in runs]).start == 0
    assert best_of(runs).seconds == 1.0
    assert [start.loss for start in best_of(runs).starts] == [0.1, 0.2]


def test_the_best_is_chosen_by_evidence_rather_than_loss() -> None:
    runs = [
        dataclasses.replace(
            RUN, loss=loss, evidence=Evidence((1.0,), np.ones(1), 1.0, 1.0, log_evidence, np.eye(1))
        )
        for loss, log_evidence in ((0.1, -7.0), (0.3, 5.0), (0.2, 4.0))
    ]
    assert best_of(runs).start == 1


def test_coverage_is_the_fraction_of_scores_in_their_intervals_ends_included() -> None:
    rows = students()
    model = scorenet.train(
        rows, optimizer="lm", weight_decay="auto", output_activation="linear", bias=True
    ).model
    hours = {name: column[:5] for name, column in rows.items() if name != "score"}
    low, high = scorenet.intervals(model, hours)[:, 0].T
    where = [low - 1, low, (low + high) / 2, high, high + 1]
    scores = np.array([each[row] for row, each in enumerate(where)])
    assert scorenet.evaluate(model, hours | {"score": scores}).coverage == (3 / 5,)


def test_a_model_without_a_record_is_compared_with_baselines_of_the_given_rows() -> None:
    rows = students()
    by_hand = dataclasses.replace(scorenet.train(rows, epochs=1).model, training=None)
    baselines = scorenet.evaluate(by_hand, rows).fit.baselines
    assert baselines.mean.rmse == pytest.approx(rows["score"].std())


def test_a_record_has_the_range_of_the_scores_and_what_predicts_them_without_a_network() -> None:
    table = make_table(b"a,b,s\n1,2,10\n2,0,14\n3,1,18\n4,7,22\n", "rows.csv")
    model = fit(make_plan(table, Settings(epochs=1))).model
    record = model.training
    assert record is not None
    assert record.target_range == ((10.0, 22.0),)
    assert record.baselines is not None
    assert record.baselines["mean"] == (16.0,)
    ((slope_a, slope_b, intercept),) = record.baselines["linear"]
    assert [slope_a, slope_b, intercept] == pytest.approx([4, 0, 6], abs=1e-12)


def test_coefficients_beyond_numbers_are_not_recorded() -> None:
    table = make_table(b"a,s\n1e-320,1\n2e-320,99\n", "rows.csv")
    record = fit(make_plan(table, Settings(epochs=1))).model.training
    assert record is not None
    assert record.baselines is None


def test_baselines_of_other_rows_are_not_kept() -> None:
    facts = TrainingRecord(baselines={"mean": (1.0,), "linear": ((0.0, 0.0, 1.0),)})
    model = trained_model(plan(initial_model(NETWORK, DOCUMENT, HUNDRED), DOCUMENT, facts), RUN)
    assert model.training is not None
    assert model.training.baselines is None


@pytest.mark.parametrize(("output", "warns"), [("linear", False), ("sigmoid", True)])
def test_only_what_is_no_line_is_compared_with_linear_regression(output: str, warns: bool) -> None:
    settings: Columns = {"hidden": "none", "optimizer": "lm", "bias": True, "weight_decay": 1}
    fit = scorenet.train(students(), output_activation=output, validation=0.5, **settings)
    assert fit.validation is not None
    assert bool(fit.validation.warnings) == warns, fit.validation.fit


@pytest.mark.parametrize(
    ("seconds", "date"),
    [("0", "1970-01-01T00:00:00+00:00"), ("9" * 30, "9999-12-31T23:59:59+00:00")],
)
def test_the_date_can_be_set(monkeypatch: pytest.MonkeyPatch, seconds: str, date: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    record = trained_model(plan(initial_model(NETWORK, DOCUMENT, HUNDRED), DOCUMENT), RUN).training
    assert record is not None
    assert record.date == date


@pytest.mark.parametrize("seconds", ["", "today", "-1", "\u0662"])
def test_a_date_that_is_none_is_passed_over(monkeypatch: pytest.MonkeyPatch, seconds: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    record = trained_model(plan(initial_model(NETWORK, DOCUMENT, HUNDRED), DOCUMENT), RUN).training
    assert record is not None
    assert record.date is not None
    assert dt.datetime.fromisoformat(record.date).year > 2020


def test_weights_alone_that_are_trained_are_a_model_like_others() -> None:
    before = dataclasses.replace(initial_model(NETWORK, DOCUMENT, HUNDRED), is_weights_only=True)
    assert not trained_model(plan(before, DOCUMENT), RUN).is_weights_only
