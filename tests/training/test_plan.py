"""What a resumed run takes over, and what it refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support import Columns, students

import scorenet_cli as scorenet
from scorenet_cli.core.network import mean_squared_error
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.data.csv_table import make_table
from scorenet_cli.training.fit import fit
from scorenet_cli.training.loop import HISTORY_EPOCHS
from scorenet_cli.training.plan import make_plan, scaled_rows
from scorenet_cli.training.settings import make_settings


def with_more(columns: Columns, rows: int = 5) -> Columns:
    more = students(rows, seed=9)
    return {name: np.concatenate([columns[name], more[name]]) for name in columns}


VALIDATED: Columns = {"validation": 0.25, "optimizer": "lm", "bias": True, "epochs": 40}


def test_lm_takes_steps_again_where_rows_were_added() -> None:
    first = scorenet.train(students(), optimizer="lm", bias=True, hidden=1)
    assert first.result.stopped == "converged"
    again = scorenet.train(with_more(students()), resume=first.model)
    assert again.result.epochs > first.result.epochs
    assert any("fresh state" in note for note in again.notes)
    assert any("other data" in warning for warning in again.warnings)


def test_a_validated_model_is_not_resumed_on_other_rows() -> None:
    model = scorenet.train(students(), **VALIDATED).model
    with pytest.raises(scorenet.DataError, match="Train a new model"):
        scorenet.train(with_more(students()), resume=model)


def test_a_resumed_run_inherits_its_validation_for_patience() -> None:
    model = scorenet.train(students(), **VALIDATED).model
    again = scorenet.train(students(), resume=model, patience=3, epochs=100)
    assert again.result.stopped in {"patience", "converged"}
    with pytest.raises(scorenet.OptionError, match="needs `validation`"):
        scorenet.train(students(), patience=3)


def test_a_max_score_that_contradicts_a_target_scale_of_1_is_refused() -> None:
    columns = students() | {"score": students()["score"] / 100}
    model = scorenet.train(columns, max_score=1, epochs=2).model
    with pytest.raises(scorenet.OptionError, match="`max_score` cannot be changed"):
        scorenet.train(columns, resume=model, max_score=100)


def test_a_model_without_a_seed_can_be_given_one() -> None:
    trained = scorenet.train(students(), epochs=1).model
    by_hand = dataclasses.replace(trained, training=None)
    runs = [
        scorenet.train(students(), resume=by_hand, optimizer="adam", seed=seed, epochs=3)
        for seed in (1, 1, 2)
    ]
    losses = [run.result.loss for run in runs]
    assert losses[0] == losses[1] != losses[2]


def test_the_report_tells_the_epochs_that_ran_from_the_one_that_was_kept() -> None:
    fit = scorenet.train(students(), **VALIDATED)
    record = fit.model.training
    assert record is not None
    assert record.epochs == fit.result.epochs > fit.result.best_epoch == record.best_epoch
    rows = scaled_rows(fit.model, fit.plan.data)
    kept = mean_squared_error(predict_outputs(fit.model.network, rows.inputs), rows.actual)
    assert record.loss == fit.result.loss == kept


def test_a_resumed_run_says_that_it_continues_from_the_epoch_that_was_kept() -> None:
    model = scorenet.train(students(), validation=0.3, epochs=6).model
    assert model.training is not None
    kept = dataclasses.replace(model.training, best_epoch=2)
    again = scorenet.train(students(), resume=dataclasses.replace(model, training=kept), epochs=1)
    assert "training continues from epoch 2, the one that was kept." in again.notes


def test_a_resumed_run_counts_the_epochs_that_ran_before_and_keeps_the_best_of_all() -> None:
    first = scorenet.train(students(), **VALIDATED | {"epochs": 30})
    assert first.result.best_epoch < 30
    again = scorenet.train(students(), resume=first.model, epochs=2)
    record = again.model.training
    assert record is not None
    assert again.result.epochs == record.epochs == 32
    assert again.result.best_epoch == record.best_epoch
    assert again.result.validation_loss is not None
    assert first.result.validation_loss is not None
    assert again.result.validation_loss <= first.result.validation_loss * (1 + 1e-12)
    for before, after in (
        (first.result.history, again.result.history),
        (first.result.validation_history, again.result.validation_history),
    ):
        kept = [point for point in before if point[0] in HISTORY_EPOCHS]
        assert list(after[: len(kept)]) == kept
        assert max(epoch for epoch, _ in after) == 32
    nothing = scorenet.train(students(), resume=first.model, epochs=0)
    assert nothing.result.epochs == 30
    assert nothing.result.best_epoch == first.result.best_epoch
    assert nothing.result.loss == first.result.loss


def test_patience_of_a_resumed_run_begins_with_it() -> None:
    first = scorenet.train(students(), **VALIDATED | {"epochs": 30})
    again = scorenet.train(students(), resume=first.model, patience=3)
    assert again.result.stopped == "patience"
    assert again.result.epochs >= 33


def test_a_tolerance_is_met_by_what_is_kept_with_a_validation_too() -> None:
    settings = VALIDATED | {"hidden": 8, "tolerance": 1e-3, "epochs": 300}
    fit = scorenet.train(students(40), **settings)
    assert fit.result.stopped == "tolerance"
    assert fit.result.loss <= 1e-3


def test_several_starts_are_chosen_on_other_rows_than_they_are_reported_on() -> None:
    rng = np.random.default_rng(5)
    noise = {"x": rng.uniform(0, 1, 200), "score": rng.uniform(0, 100, 200)}
    scores = []
    for seed in range(4):
        fit = scorenet.train(noise, **VALIDATED | {"restarts": 8, "seed": 10 * seed, "epochs": 20})
        assert fit.plan.test_rows is not None
        assert fit.plan.validation_rows is not None
        assert len(fit.plan.test_rows.inputs) == len(fit.plan.validation_rows.inputs) == 25
        assert fit.validation is not None
        scores.append(fit.validation.fit.r2 or 0.0)
        assert any("test rows, to measure" in note for note in fit.notes)
    assert np.mean(scores) < 0.1  # noise cannot be predicted


def test_a_constant_column_is_standardized_by_1() -> None:
    columns = students() | {"constant": np.full(60, 7.0)}
    features = ["hours", "constant"]
    model = scorenet.train(
        columns, target="score", features=features, standardize=True, epochs=0
    ).model
    assert model.feature_scale.tolist() == [pytest.approx(columns["hours"].std()), 1.0]
    assert model.feature_offset is not None
    assert model.feature_offset.tolist() == pytest.approx([columns["hours"].mean(), 7.0])


def test_the_data_of_the_run_before_are_named_where_they_are_others() -> None:
    first = make_table(b"x,y\n1,70\n2,90\n", "first.csv")
    second = make_table(b"x,y\n1,70\n2,80\n", "second.csv")
    model = fit(make_plan(first, make_settings(epochs=1))).model
    plan = make_plan(second, make_settings(), model)
    assert plan.warnings == ("the model was trained on other data: first.csv.",)
    validated = fit(make_plan(first, make_settings(epochs=1, validation=0.5))).model
    with pytest.raises(scorenet.DataError, match=r"on other data \(first.csv\)"):
        make_plan(second, make_settings(), validated)


def test_another_optimizer_starts_with_fresh_state() -> None:
    table = make_table(b"x,y\n1,70\n2,90\n", "rows.csv")
    model = fit(make_plan(table, make_settings(epochs=1, learning_rate=7))).model
    plan = make_plan(table, make_settings(optimizer="adam"), model)
    words = "the model was trained with gd; adam starts with fresh optimizer state."
    assert plan.warnings == (words,)
    assert plan.options["learning_rate"] != 7


def test_validation_cannot_be_added_to_a_model_that_learned_from_all_rows() -> None:
    model = scorenet.train(students(), epochs=1).model
    with pytest.raises(scorenet.OptionError, match="was already trained on all rows") as caught:
        scorenet.train(students(), resume=model, validation=0.2)
    assert caught.value.option == "validation"


def test_max_scores_are_as_many_as_targets() -> None:
    with pytest.raises(scorenet.OptionError, match="for each of 1 targets; got 2") as caught:
        scorenet.train(students(), max_score=[100, 50], epochs=0)
    assert caught.value.option == "max_score"


def test_uniform_weights_are_from_0_to_1() -> None:
    weights = scorenet.train(students(), init="uniform", epochs=0).model.network.layers[0].weights
    assert ((weights >= 0) & (weights < 1)).all()


@pytest.mark.parametrize(
    ("rows", "restarts", "expected"),
    [
        (8, 1, "the epoch to keep is chosen on the 2 validation rows:"),
        (3, 1, "the epoch to keep is chosen on the 1 validation row:"),
        (3, 2, "the epoch and start to keep are chosen on the 1 validation row:"),
        (16, 2, "validation rows, to choose the epoch and the start: 2; test rows, to measure"),
    ],
)
def test_what_held_out_rows_are_used_for_is_said(rows: int, restarts: int, expected: str) -> None:
    table = make_table(b"x,y\n" + b"".join(b"%d,%d\n" % (n, 80 + n) for n in range(rows)), "x.csv")
    plan = make_plan(table, make_settings(validation=0.25, restarts=restarts))
    assert [note for note in plan.notes if note.startswith(expected)]


def test_settings_are_checked_before_any_rows_are_read() -> None:
    with pytest.raises(scorenet.OptionError, match="`batch_size` has no effect"):
        scorenet.train("there is no such file.csv", optimizer="lm", batch_size=4)


@pytest.mark.parametrize(
    ("optimizer", "hidden", "notes"), [("lm", 200, 1), ("lm", 3, 0), ("adam", 200, 0)]
)
def test_an_epoch_of_lm_that_takes_long_is_told_before_it_starts(
    optimizer: str, hidden: int, notes: int
) -> None:
    line = ",".join(["1", *map(str, range(19)), "50"])
    rows = "".join(f"{row % 7},{line}\n" for row in range(10_000))
    table = make_table(rows.encode(), "rows.csv")
    plan = make_plan(table, make_settings(optimizer=optimizer, hidden=(hidden,)))
    found = [note for note in plan.notes if "an epoch of lm takes about" in note]
    assert len(found) == notes
    if found:
        assert "about 18 s (10,000 rows, 4,400 parameters); `optimizer=adam`" in found[0]
