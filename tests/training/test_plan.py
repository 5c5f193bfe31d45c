"""What a resumed run takes over, and what it refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support import Columns, named, students

import scorenet_cli as scorenet
from scorenet_cli.core.network import mean_squared_error, random_network
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.core.optimizers.least_squares import pack
from scorenet_cli.core.optimizers.line_start import line_start
from scorenet_cli.data.csv_table import Table, make_table
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.training.fit import fit
from scorenet_cli.training.loop import HISTORY_EPOCHS
from scorenet_cli.training.plan import check_settings, make_plan, scaled_rows
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


@pytest.mark.parametrize("changes", [{}, {"is_weights_only": True}])
def test_a_model_without_a_seed_can_be_given_one(changes: Columns) -> None:
    by_hand = dataclasses.replace(
        scorenet.train(students(), epochs=1).model, training=None, **changes
    )
    runs = [
        scorenet.train(students(), resume=by_hand, optimizer="adam", seed=seed, epochs=3)
        for seed in (1, 1, 2)
    ]
    losses = [run.result.loss for run in runs]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize("changes", [{}, {"is_weights_only": True}])
def test_rows_that_were_held_out_stay_held_out(changes: Columns) -> None:
    by_hand = dataclasses.replace(
        scorenet.train(students(), epochs=1).model, training=None, **changes
    )
    first = scorenet.train(students(), resume=by_hand, seed=7, validation=0.25, epochs=1)
    second = scorenet.train(students(), resume=first.model, epochs=1)
    assert first.plan.validation_rows is not None
    assert second.plan.validation_rows is not None
    held_out = first.plan.validation_rows.scores.tolist()
    assert second.plan.validation_rows.scores.tolist() == held_out


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


def rows(text: str) -> Table:
    return make_table(text.encode(), "rows.csv")


@pytest.mark.parametrize(("data", "name"), [("first.csv", "first.csv"), (None, "another file")])
def test_the_data_of_the_run_before_are_named_where_they_are_others(
    data: str | None, name: str
) -> None:
    def trained(**settings: object) -> Model:
        model = fit(make_plan(rows("x,y\n1,70\n2,90\n"), make_settings(epochs=1, **settings))).model
        assert model.training is not None
        return dataclasses.replace(model, training=dataclasses.replace(model.training, data=data))

    others = rows("x,y\n1,70\n2,\n2,80\n")
    plan = make_plan(others, make_settings(), trained(optimizer="adam"))
    assert plan.warnings == (f"the model was trained on other data: {name}.",)
    assert plan.notes == (
        "1 row left out: no value for 'y'.",
        "the rows differ from those of the last run: the optimizer starts with fresh state.",
    )
    by_another = make_plan(others, make_settings(optimizer="lm"), trained(optimizer="adam"))
    assert by_another.warnings == (
        *plan.warnings,
        "the model was trained with adam; lm starts with fresh optimizer state.",
    )
    with pytest.raises(scorenet.DataError) as caught:
        make_plan(others, make_settings(), trained(validation=0.5))
    assert str(caught.value) == (
        f"rows.csv: the model was trained and validated on other data ({name}), so its validation "
        "rows cannot be separated from its training rows here. Train a new model on these rows."
    )


def test_a_resumed_run_tells_missing_cells_and_the_epoch_it_continues_from() -> None:
    table = rows("x,y\n1,70\n2,\n2,80\n3,60\n")
    model = fit(make_plan(table, make_settings(epochs=2, validation=0.4))).model
    assert model.training is not None
    record = dataclasses.replace(model.training, epochs=5_000, best_epoch=4_000)
    resumed = dataclasses.replace(model, training=record)
    assert make_plan(table, make_settings(), resumed).notes == (
        "1 row left out: no value for 'y'.",
        "training continues from epoch 4,000, the one that was kept.",
        (
            "the epoch to keep is chosen on the 1 validation row: expect a slightly worse fit on "
            "new rows."
        ),
    )
    with pytest.raises(scorenet.DataError, match="has no value"):
        make_plan(table, make_settings(missing="refuse"), resumed)


NO_SCORE = (
    "rows.csv, line 3, column 'y': the score 101 is not between 0 and 100. Set the highest "
    "possible score with `max_score=101`, or allow scores of any size with "
    "`output_activation=linear`."
)
TWO = "x,y\n1,70\n2,90\n"
OUTSIDE = "x,y\n1,70\n2,101\n"
TRAINED = named(("x",), (1, 3, 1))


@pytest.mark.parametrize(
    ("text", "resumed", "settings", "expected"),
    [
        (
            TWO,
            None,
            {"hidden": [4000, 4000]},
            "`hidden` is too large: more than 10,000,000 parameters.",
        ),
        (
            TWO,
            None,
            {"hidden": 101, "snapshots": 2},
            "`snapshots` is for networks of up to 200 parameters; this one has 202. Leave it out.",
        ),
        (
            TWO,
            None,
            {"hidden": 2_000_000, "optimizer": "adam"},
            (
                "`hidden` is too large: with 4,000,000 parameters, a model trained with adam may "
                "exceed 256 MB, the size limit of a model file."
            ),
        ),
        (
            "x,y\n1,70\n",
            None,
            {"validation": 0.5},
            "rows.csv: `validation` needs at least 2 rows; got 1. Leave it out.",
        ),
        (
            "x,grade\n1,A\n2,B\n3,C\n",
            None,
            {"output_activation": "linear", "target": "grade"},
            (
                "`output_activation` cannot be linear for text targets ('grade'): the outputs are "
                "class probabilities. Leave it out."
            ),
        ),
        (
            TWO,
            None,
            {"max_score": [100, 50]},
            "`max_score` expects one number, or one for each of 1 targets; got 2.",
        ),
        (
            OUTSIDE,
            None,
            {},
            NO_SCORE,
        ),
        (
            OUTSIDE,
            dataclasses.replace(TRAINED, is_weights_only=True),
            {},
            NO_SCORE,
        ),
        (
            OUTSIDE.replace("y", "score0"),
            TRAINED,
            {},
            (
                "rows.csv, line 3, column 'score0': the score 101 is not between 0 and 100. "
                "The highest possible score is that of the resumed model: train a new one with "
                "`max_score`."
            ),
        ),
        (
            "x,z,y\n1,2,70\n2,3,90\n",
            dataclasses.replace(TRAINED, is_weights_only=True),
            {},
            (
                "rows.csv: to match these weights, the number of inputs must be 1 and the number "
                "of outputs 1, but the chosen columns give 2 and 1. Choose others with "
                "`features` and `target`."
            ),
        ),
    ],
)
def test_rows_and_settings_that_do_not_fit_are_refused(
    text: str, resumed: Model | None, settings: Columns, expected: str
) -> None:
    with pytest.raises(scorenet.ScorenetError) as caught:
        make_plan(rows(text), make_settings(**settings), resumed)
    assert str(caught.value) == expected


def test_a_network_of_200_parameters_has_snapshots() -> None:
    assert make_plan(rows(TWO), make_settings(hidden=100, snapshots=2)).snapshots == 2


@pytest.mark.parametrize(
    ("text", "settings", "notes", "warnings"),
    [
        (
            "x,passed\n1,0\n2,1\n",
            {},
            [("the scores of 'passed' are all 0 or 1: the predicted score is a probability "
             "(`max_score=1`).")],
            [],
        ),
        (
            "x,p,q\n1,0,1\n2,1,0\n",
            {"target": ["p", "q"]},
            [("the scores of 'p', 'q' are all 0 or 1: the predicted score is a probability "
             "(`max_score=1`).")],
            [],
        ),
        ("x,passed\n1,0\n2,1\n", {"max_score": 1}, [], []),
        ("x,y\n1,0.5\n2,1\n", {"max_score": 2}, [], []),
        (
            "x,y\n1,0.5\n2,1\n",
            {"max_score": 2.5},
            ["the scores of 'y' use less than half of the range 0 to 2.5. Try `max_score=1`."],
            [],
        ),
        (
            "x,y,z\n1,1,90\n2,3,8\n",
            {"target": ["y", "z"]},
            [("the scores of 'y' use less than half of the range 0 to 100. Try `max_score=4` "
             "`max_score=100`.")],
            [],
        ),
        (
            "x,y,z\n1,1,9\n2,8,8\n",
            {"target": ["y", "z"]},
            [("the scores of 'y', 'z' use less than half of the range 0 to 100. Try "
             "`max_score=10`.")],
            [],
        ),
        (
            "x,y,z\n1,1,30\n2,3,8\n",
            {"target": ["y", "z"], "max_score": [100, 45]},
            [("the scores of 'y' use less than half of the range 0 to 100. Try `max_score=4` "
             "`max_score=45`.")],
            [],
        ),
        (
            "x,p,y\n1,0,3\n2,1,9\n",
            {"target": ["p", "y"]},
            [("the scores of 'y' use less than half of the range 0 to 100. Try `max_score=1` "
             "`max_score=10`."),
             ("the scores of 'p' are all 0 or 1: the predicted score is a probability "
             "(`max_score=1`).")],
            [],
        ),
        (
            "x,z,y\n0,0,70\n0,0,70\n",
            {},
            [],
            [("'y': every row has the same score, so there is nothing to learn. Choose another "
             "`target`."),
             "nothing can be learned from inputs that are 0 in every row: 'x', 'z'."],
        ),
        ("x,y\n1,70\n", {}, [], []),
    ],
)  # fmt: skip
def test_what_is_seen_in_the_rows_is_said(
    text: str, settings: Columns, notes: list[str], warnings: list[str]
) -> None:
    plan = make_plan(rows(text), make_settings(**settings))
    assert (list(plan.notes), list(plan.warnings)) == (notes, warnings)


def test_with_decays_from_the_evidence_the_last_start_is_near_linear_regression() -> None:
    given: Columns = {"optimizer": "lm", "weight_decay": "auto", "restarts": 3, "seed": 5}
    table = rows("x,y\n1,70\n2,90\n3,80\n")
    plan = make_plan(table, make_settings(**given, bias=True, hidden=2))
    random = [random_network((1, 2, 1), seed=seed, bias=True) for seed in (5, 6, 7)]
    expected = [*random[:2], line_start(random[2], *scaled_rows(plan.model, plan.data))]
    assert [pack(each).tolist() for each in plan.networks] == [
        pack(each).tolist() for each in expected
    ]


def test_a_model_of_an_unknown_optimizer_needs_another() -> None:
    model = dataclasses.replace(TRAINED, training=TrainingRecord(optimizer="sgd"))
    with pytest.raises(scorenet.ModelError) as caught:
        check_settings(make_settings(), model)
    assert str(caught.value) == (
        "the model was trained with 'sgd', which is not a known optimizer. Choose an `optimizer`: "
        "gd, adam, lm."
    )
    check_settings(make_settings(optimizer="lm"), model)


def test_another_optimizer_starts_with_fresh_state() -> None:
    table = make_table(b"x,y\n1,70\n2,90\n", "rows.csv")
    model = fit(make_plan(table, make_settings(epochs=1, learning_rate=7))).model
    plan = make_plan(table, make_settings(optimizer="adam"), model)
    words = "the model was trained with gd; adam starts with fresh optimizer state."
    assert plan.warnings == (words,)
    assert plan.options["learning_rate"] != 7


def test_validation_cannot_be_added_to_a_model_that_learned_from_all_rows() -> None:
    model = scorenet.train(students(), epochs=1).model
    with pytest.raises(scorenet.OptionError) as caught:
        scorenet.train(students(), resume=model, validation=0.2)
    assert str(caught.value) == (
        "`validation` cannot be added with `resume`: the model was already trained on all rows. "
        "Train a new model with `validation`."
    )


def test_uniform_weights_are_from_0_to_1() -> None:
    weights = scorenet.train(students(), init="uniform", epochs=0).model.network.layers[0].weights
    assert ((weights >= 0) & (weights < 1)).all()


@pytest.mark.parametrize(
    ("rows", "restarts", "expected"),
    [
        (8, 1, "the epoch to keep is chosen on the 2 validation rows:"),
        (3, 1, "the epoch to keep is chosen on the 1 validation row:"),
        (3, 2, "the epoch and start to keep are chosen on the 1 validation row:"),
        (
            8,
            2,
            (
                "validation rows, to choose the epoch and the start: 1; "
                "test rows, to measure the fit: 1."
            ),
        ),
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
