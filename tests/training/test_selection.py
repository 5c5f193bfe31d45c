"""Cross-validation, and the choice of a training by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import Array, Columns, students

import scorenet_cli as scorenet
from scorenet_cli.core.metrics import Evaluation
from scorenet_cli.data.csv_table import Table, make_table
from scorenet_cli.data.dataset import Dataset, read_dataset
from scorenet_cli.model.model import Model
from scorenet_cli.training import selection
from scorenet_cli.training.fit import Choice, FitResult
from scorenet_cli.training.loop import Callbacks
from scorenet_cli.training.plan import read_rows
from scorenet_cli.training.settings import make_settings


def wave(rows: int = 80) -> Columns:
    rng = np.random.default_rng(0)
    x = rng.uniform(-3, 3, rows)
    return {"x": x, "y": np.sin(2 * x) + 0.1 * rng.standard_normal(rows)}


def choice_of(fit: FitResult) -> Choice:
    assert fit.choice is not None
    return fit.choice


def out_of_fold(fit: FitResult) -> Evaluation:
    assert fit.cross_validation is not None
    return fit.cross_validation


def test_a_line_needs_no_hidden_layer() -> None:
    fit = scorenet.train(students())
    assert [hidden for hidden, _ in choice_of(fit).compared] == [(), (3,), (8,)]
    assert fit.model.network.shape == (2, 1)
    unseen = out_of_fold(fit).fit
    assert unseen.r2 is not None
    assert unseen.baselines.linear.r2 is not None
    assert unseen.r2 > unseen.baselines.linear.r2 - 0.02
    assert fit.warnings == ()


@pytest.fixture(scope="module")
def wave_fit() -> FitResult:
    return scorenet.train(wave())


def test_a_wave_needs_one(wave_fit: FitResult) -> None:
    assert wave_fit.model.network.shape in {(1, 3, 1), (1, 8, 1)}
    unseen = out_of_fold(wave_fit).fit
    assert unseen.r2 is not None
    assert unseen.r2 > 0.85
    assert wave_fit.model.network.layers[-1].activation == "linear"


def test_the_settings_chosen_train_the_same_without_auto(wave_fit: FitResult) -> None:
    settings = choice_of(wave_fit).settings
    assert settings.optimizer == "lm"
    again = scorenet.train(wave(), settings=settings).model
    for layer, same in zip(wave_fit.model.network.layers, again.network.layers, strict=True):
        assert layer.weights.tolist() == same.weights.tolist()


@pytest.mark.parametrize(("given", "epochs"), [({}, 3), ({"epochs": 5}, 5)])
def test_a_size_is_compared_by_a_short_cross_validation(
    given: Columns, epochs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "COMPARED_EPOCHS", 3)
    said: Columns = {"hidden": 3, "seed": 5}
    ((_, compared),) = choice_of(
        scorenet.train(wave(30), optimizer="auto", **said, **given)
    ).compared
    said |= {"optimizer": "lm", "weight_decay": "auto", "output_activation": "linear"}
    said |= {"bias": True, "standardize": True, "init": "scaled", "restarts": 2, "folds": 5}
    same = out_of_fold(scorenet.train(wave(30), epochs=epochs, **said)).fit
    assert (compared.rmse, compared.baselines) == (same.rmse, same.baselines)


def test_some_rows_of_many_are_drawn_for_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "SAMPLE_ROWS", 20)
    drawn = []
    for seed in (1, 1, 2):
        fit = scorenet.train(students(), hidden="none", seed=seed)
        assert choice_of(fit).rows == 20
        drawn.append(out_of_fold(fit).actual.tolist())
    assert drawn[0] == drawn[1] != drawn[2]


def test_scores_of_any_size_are_compared_and_one_that_never_varies_counts_nothing() -> None:
    columns = wave(40)
    small = {"x": columns["x"], "y": 1e-12 * columns["y"], "constant": np.full(40, 0.5)}
    words: Columns = {"optimizer": "auto", "restarts": 1, "epochs": 9}
    fit = scorenet.train(small, target=["y", "constant"], **words)
    assert fit.model.network.shape[1:-1] in {(3,), (8,)}


def test_scores_whose_squares_overflow_are_compared_without_a_warning_of_numpy() -> None:
    columns = wave(40)
    large = {"x": columns["x"], "y": 1e307 * columns["y"]}
    words: Columns = {"optimizer": "auto", "restarts": 1, "epochs": 9}
    choices = [scorenet.train(table, **words).choice for table in (columns, large)]
    assert [choice and choice.settings.hidden for choice in choices] in [[(3,)] * 2, [(8,)] * 2]


def test_what_is_given_is_kept() -> None:
    given: Columns = {
        "hidden": 2,
        "seed": 5,
        "restarts": 3,
        "activation": "tanh",
        "weight_decay": 0.5,
    }
    settings = choice_of(scorenet.train(wave(), **given)).settings
    assert (settings.hidden, settings.seed, settings.restarts) == ((2,), 5, 3)
    assert (settings.activation, settings.weight_decay) == ("tanh", 0.5)
    assert settings.bias
    assert settings.standardize


@pytest.mark.parametrize(
    ("target", "output"),
    [
        (lambda score: score, "sigmoid"),
        (lambda score: score / 3, "linear"),  # less than half of 0 to 100
        (lambda score: score * 3, "linear"),
        (lambda score: score - 60, "linear"),
        (lambda score: np.where(score > 55, "pass", "fail"), "sigmoid"),
        (lambda score: (score > 55) * 1, "sigmoid"),
    ],
)
def test_the_output_fits_the_scores(target: Any, output: str) -> None:  # noqa: ANN401
    columns = students(40)
    fit = scorenet.train(columns | {"score": target(columns["score"])}, hidden="none")
    assert fit.model.network.layers[-1].activation == output


def test_a_max_score_keeps_the_output_between_0_and_it() -> None:
    fit = scorenet.train(students(40), max_score=300, hidden="none")
    assert fit.model.network.layers[-1].activation == "sigmoid"
    with pytest.raises(scorenet.DataError, match=r"line \d+, column \'score\'"):
        scorenet.train(students(40), max_score=50)


def test_classes_are_told_apart_out_of_fold() -> None:
    order = np.argsort(students()["score"])  # the first row has the class of the fewest
    columns = {name: np.asarray(column)[order] for name, column in students().items()}
    passed = np.where(columns["score"] > 55, "pass", "fail")
    assert np.mean(passed == "pass") > 0.5
    fit = scorenet.train(columns | {"score": passed}, hidden=3)
    (classes,) = out_of_fold(fit).classes
    assert classes.accuracy > 0.8 > classes.most_frequent_accuracy
    names, counts = np.unique(passed, return_counts=True)
    assert classes.most_frequent == names[counts.argmax()]
    assert classes.most_frequent_accuracy == pytest.approx(counts.max() / counts.sum())
    np.testing.assert_array_equal(out_of_fold(fit).inputs, fit.plan.data.inputs)


def test_fewer_than_ten_rows_are_trained_as_the_document_does() -> None:
    fit = scorenet.train(students(9))
    assert (fit.plan.optimizer, fit.choice, fit.cross_validation) == ("gd", None, None)
    assert any("needs at least 10 rows; got 9" in note for note in fit.notes)
    assert not scorenet.train(students(9), epochs=5).notes
    assert scorenet.train(students(10), hidden=1, restarts=1).choice is not None


@pytest.mark.parametrize("settings", [{"epochs": 5}, {"learning_rate": 1.0}, {"optimizer": "gd"}])
def test_with_an_option_of_the_steps_the_others_are_as_in_the_document(settings: Columns) -> None:
    fit = scorenet.train(students(), **settings)
    assert (fit.plan.optimizer, fit.plan.options["weight_decay"], fit.choice) == ("gd", 0.0, None)


def test_a_network_too_large_for_lm_is_trained_by_adam_with_validation() -> None:
    fit = scorenet.train(students(30), hidden=600, validation=0.3, patience=2)
    assert (fit.plan.optimizer, fit.plan.settings.validation) == ("adam", 0.3)
    chosen = selection.settings_for(fit.plan.data, make_settings(optimizer="auto"), (600,))
    assert (chosen.optimizer, chosen.validation, chosen.patience) == ("adam", 0.2, 20)
    assert fit.validation is not None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"learning_rate": 1.0}, "has no effect with `optimizer=auto`"),
        ({"batch_size": 8}, "has no effect with `optimizer=auto`"),
        ({"hidden": 900, "weight_decay": "auto"}, "auto needs `optimizer=lm`"),
        ({"folds": 1}, "of at least 2"),
    ],
)
def test_what_auto_cannot_keep_is_refused(settings: Columns, words: str) -> None:
    with pytest.raises(scorenet.OptionError, match=words):
        scorenet.train(students(), **{"optimizer": "auto", **settings})


@pytest.mark.parametrize("settings", [{"optimizer": "auto"}, {"folds": 5}])
def test_a_resumed_model_has_nothing_to_choose(settings: Columns) -> None:
    model = scorenet.train(students(), epochs=2).model
    with pytest.raises(scorenet.OptionError, match="cannot be combined with `resume`"):
        scorenet.train(students(), resume=model, **settings)


def test_more_folds_than_rows_are_refused() -> None:
    with pytest.raises(scorenet.DataError, match="12, is below the number of folds, 13"):
        scorenet.train(students(12), folds=13, epochs=2)


def test_the_baselines_out_of_fold_are_those_of_each_training_part() -> None:
    columns = students(30)
    inputs = np.column_stack([columns["hours"], columns["sleep"], np.ones(30)])
    scores = columns["score"]
    mean, linear = np.empty(30), np.empty(30)
    for kept, held_out in selection.folds(30, 4, 7):
        mean[held_out] = scores[kept].mean()
        linear[held_out] = inputs[held_out] @ np.linalg.lstsq(inputs[kept], scores[kept])[0]
    fit = out_of_fold(scorenet.train(columns, folds=4, seed=7, epochs=2)).fit
    for found, predicted in ((fit.baselines.mean, mean), (fit.baselines.linear, linear)):
        assert found.rmse == pytest.approx(np.sqrt(np.mean((predicted - scores) ** 2)))
        assert found.mae == pytest.approx(np.abs(predicted - scores).mean())


def test_each_row_is_held_out_once() -> None:
    parts = list(selection.folds(23, 5, 1))
    assert sorted(np.concatenate([held_out for _, held_out in parts]).tolist()) == [*range(23)]
    for kept, held_out in parts:
        assert sorted([*kept, *held_out]) == [*range(23)]


def table_of(columns: Columns) -> Table:
    lines = zip(*(np.asarray(column).tolist() for column in columns.values()), strict=True)
    text = "\n".join([",".join(columns), *(",".join(map(repr, line)) for line in lines)])
    return make_table(text.encode(), "t.csv")


def leaks(predict: Any) -> bool:  # noqa: ANN401
    """Tell whether predictions for a fold change with its own scores, or its other rows' inputs."""
    columns, seed = students(24), 23
    columns["hours"] = np.where(np.arange(24) % 6 == 0, np.nan, columns["hours"])
    before = predict(columns)
    _, held_out = next(selection.folds(24, 2, seed))
    first, others = held_out[0], held_out[1:]
    columns["score"][held_out] = 100 - columns["score"][held_out]
    columns["hours"][others] *= 1.7
    columns["sleep"][others] += 1.0
    changed: bool = predict(columns)[first].tolist() != before[first].tolist()
    return changed


@pytest.mark.parametrize(
    "settings",
    [{"optimizer": "auto", "epochs": 5, "restarts": 1}, {"epochs": 20, "validation": 0.3}],
)
def test_nothing_of_the_rows_held_out_reaches_a_training_part(settings: Columns) -> None:
    def predict(columns: Columns) -> Array:
        fit = scorenet.train(columns, folds=2, missing="fill", **settings)
        return out_of_fold(fit).predicted

    assert not leaks(predict)


def test_a_category_that_a_training_part_does_not_hold_is_zero_in_the_rows_held_out() -> None:
    lines = [f"{'abacbabbaabb'[n]},{n * 7 % 5},{2 * n + n % 3}" for n in range(12)]  # one c
    data = read_dataset(make_table("\n".join(["kind,hours,score", *lines]).encode(), "t.csv"))
    assert data.input_names == ("kind=a", "kind=b", "kind=c", "hours")
    assert data.inputs[:, 2].sum() == 1
    predicted_for = []

    def predictor(_part: Dataset, inputs: Array) -> Array:
        predicted_for.append(inputs)
        return np.zeros((len(inputs), 1))

    selection.out_of_fold(data, 3, 23, predictor, lambda _: None)
    for (_, held_out), inputs in zip(selection.folds(12, 3, 23), predicted_for, strict=True):
        expected = data.inputs[held_out]
        expected[:, 2] = 0.0  # its only row is held out where it would be 1
        np.testing.assert_array_equal(inputs, expected)


def test_missing_cells_are_filled_with_the_mean_of_the_training_part() -> None:
    hours = [5, 1, None, 3, 8, 2, 9, None, 4, 6, 7, 3]
    lines = [f"{'' if h is None else h},{n % 4},{2 * n}" for n, h in enumerate(hours)]
    table = make_table("\n".join(["hours,b,score", *lines]).encode(), "t.csv")
    data = read_dataset(table, missing="fill")
    found = []

    def predictor(part: Dataset, inputs: Array) -> Array:
        found.append((part.inputs[:, 0], inputs[:, 0]))
        return np.zeros((len(inputs), 1))

    selection.out_of_fold(data, 3, 23, predictor, lambda _: None)
    for rows, filled in zip(selection.folds(12, 3, 23), found, strict=True):
        known = [h for n, h in enumerate(hours) if h is not None and n in rows[0]]
        for each, values in zip(rows, filled, strict=True):
            expected = [sum(known) / len(known) if (h := hours[n]) is None else h for n in each]
            assert values.tolist() == pytest.approx(expected)


def test_a_planted_leak_is_caught() -> None:
    def predict(columns: Columns) -> Array:
        return scorenet.train(columns, missing="fill", epochs=20).predicted

    assert leaks(predict)


@pytest.mark.parametrize(
    ("worse", "chosen"),
    [
        ((0.0, 0.0, 0.0), 0),
        ((0.02, 0.01, 0.0), 0),  # less than half a standard error, some .1
        ((0.3, 0.02, 0.0), 1),
        ((0.3, 0.2, 0.0), 2),
        ((0.0, 0.1, 0.2), 0),
    ],
)
def test_a_tie_goes_to_the_simplest(worse: tuple[float, ...], chosen: int) -> None:
    noise = np.random.default_rng(0).standard_normal((3, 100))
    noise -= noise.mean(axis=1, keepdims=True)
    errors = [2 + each + more for each, more in zip(noise, worse, strict=True)]
    assert selection.simplest(errors) == chosen


@pytest.mark.parametrize(
    ("rows", "best", "mean", "deviation", "chosen"),
    [
        (30, 1.0, 0.18, 1.0, 0),  # a whole standard error of 30 rows is 0.183
        (30, 1.0, 0.19, 1.0, 1),
        (300, 1.0, 0.031, 1.0, 0),  # 0.55 standard errors of 300 rows are 0.0318
        (300, 1.0, 0.033, 1.0, 1),
        (30, 4.0, 0.039, 0.0, 0),  # a hundredth of the best is 0.04
        (30, 4.0, 0.041, 0.0, 1),
        (30, 0.0, 0.0, 0.0, 0),
    ],
)
def test_a_tie_is_standard_errors_of_the_difference_or_a_hundredth(
    rows: int, best: float, mean: float, deviation: float, chosen: int
) -> None:
    worse = mean + deviation * np.tile([1.0, -1.0], rows // 2)
    assert selection.simplest([best + worse, np.full(rows, best)]) == chosen


def test_each_target_counts_in_its_own_unit() -> None:
    x = np.linspace(-3, 3, 24)
    noise = np.random.default_rng(0).standard_normal(24)
    data = {"x": x, "curve": x**2, "line": 1e6 * (x + noise)}
    fit = scorenet.train(data, optimizer="auto", target=["curve", "line"], restarts=1, epochs=5)
    assert len(fit.model.network.layers) == 2  # what the curve needs, though the line does not


@pytest.mark.parametrize(
    ("errors", "hidden"),
    [
        ((-30.0, 1.0, 2.0), (3,)),  # too low is as bad as too high
        ((1e-9, 0.0, 0.0), (3,)),
        ((3e-13, 0.0, 0.0), ()),  # rounding of scores near 70
    ],
)
def test_sizes_are_compared_by_their_squared_errors_unless_those_are_rounding(
    errors: tuple[float, ...], hidden: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = students(40)
    scores = np.asarray(columns["score"])[:, np.newaxis]
    compared = iter([scores + error for error in errors])
    monkeypatch.setattr(selection, "out_of_fold", lambda *_: next(compared))
    data = read_rows(table_of(columns), make_settings())
    choice, _ = selection.choose(table_of(columns), data, make_settings(optimizer="auto"))
    assert choice.settings.hidden == hidden


def test_the_unit_of_a_target_is_its_standard_deviation(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(-3, 3, 24)
    noise = 0.1 * np.random.default_rng(0).uniform(-1, 1, (24, 2))
    table = table_of({"x": x, "high": 1000 + noise[:, 0], "low": noise[:, 1]})
    given = make_settings(optimizer="auto", target=["high", "low"])
    data = read_rows(table, given)
    # Of the first size, the high scores have the larger errors, of the others the low ones.
    compared = iter([data.scores + errors for errors in ([0.2, 0], [0, 0.1], [0, 0.1])])
    monkeypatch.setattr(selection, "out_of_fold", lambda *_: next(compared))
    choice, _ = selection.choose(table, data, given)
    assert choice.settings.hidden == (3,)


def test_errors_of_rounding_are_a_tie() -> None:
    columns = {"a": [7 * n % 11 for n in range(10)], "b": [n * n % 7 for n in range(10)]}
    assert scorenet.train({**columns, "score": [0.0] * 10}).model.network.shape == (2, 1)


@pytest.mark.parametrize(
    ("rows", "settings", "words"),
    [
        (14, {"optimizer": "lm", "bias": True, "epochs": 40}, "overfits"),
        (40, {"epochs": 3}, "no better than predicting the mean"),
        (60, {"optimizer": "lm", "bias": True, "epochs": 20}, "no better than linear regression"),
    ],
)
def test_what_is_seen_out_of_fold_is_said(rows: int, settings: Columns, words: str) -> None:
    fit = scorenet.train(students(rows), folds=4, **settings)
    assert any(words in warning for warning in fit.warnings), fit.warnings


def test_noise_is_called_by_its_name() -> None:
    rng = np.random.default_rng(3)
    noise = {"x": rng.standard_normal(25), "y": rng.standard_normal(25)}
    fit = scorenet.train(noise, hidden=3)
    (warning,) = fit.warnings
    assert "no better than predicting the mean" in warning or "too few to tell" in warning


def test_a_gain_that_may_be_chance_is_called_uncertain() -> None:
    rng = np.random.default_rng(6)
    x = rng.standard_normal(25)
    data = {"x": x, "y": 0.4 * x + rng.standard_normal(25)}
    settings: Columns = {
        "optimizer": "lm",
        "hidden": "none",
        "output_activation": "linear",
        "folds": 5,
    }
    (warning,) = scorenet.train(data, **settings).warnings
    assert warning.startswith("25 rows are too few to tell")


def test_a_callback_hears_how_far_the_choice_is() -> None:
    said: list[tuple[str, int, int]] = []
    callbacks: Callbacks[Model] = Callbacks(choosing=lambda *facts: said.append(facts))
    table = make_table(b"x,y\n" + b"".join(b"%d,%d\n" % (n, n * n % 7) for n in range(12)), "x.csv")
    selection.train_table(table, make_settings(folds=12, epochs=1), callbacks)
    selection.train_table(table, make_settings(optimizer="auto", hidden=1, epochs=1), callbacks)
    assert said[:12] == [("cross-validation", done, 12) for done in range(12)]
    assert said[12:] == [("comparing hidden layers", done, 5) for done in range(5)]
    said.clear()
    selection.train_table(table, make_settings(optimizer="auto", epochs=1), callbacks)
    assert said == [("comparing hidden layers", done, 15) for done in range(15)]


@pytest.mark.parametrize(
    ("rows", "lowest", "highest", "hidden", "output", "decay"),
    [
        (20, 0, 50, (), None, "auto"),
        (20, 0, 100, (3,), None, "auto"),
        (20, 0, 49, (), "linear", 1e-6),
        (20, -1, 90, (), "linear", 1e-6),
        (20, 0, 101, (), "linear", 1e-6),
        (19, 0, 49, (), "linear", "auto"),
        (20, 0, 49, (3,), "linear", "auto"),
    ],
)
def test_the_output_and_the_decay_follow_from_scores_and_rows(  # noqa: PLR0913, PLR0917 - a table
    rows: int,
    lowest: int,
    highest: int,
    hidden: tuple[int, ...],
    output: str | None,
    decay: float | str,
) -> None:
    scores = np.linspace(lowest, highest, rows)
    lines = "".join(f"{n * n % 7},{score!r}\n" for n, score in enumerate(scores.tolist()))
    data = read_rows(make_table(f"x,y\n{lines}".encode(), "x.csv"), make_settings())
    found = selection.settings_for(data, make_settings(optimizer="auto"), hidden)
    assert (found.output_activation, found.weight_decay) == (output, decay)


@pytest.mark.parametrize(
    ("rows", "hidden", "epochs", "starts"),
    [
        (1000, 333, 100, 4),  # rows, times 1000 parameters, times epochs and starts: 4e8
        (1000, 666, 100, 2),  # 1999 parameters: 4e8
        (4000, 666, 62, 1),  # 4.96e8, the most that is below 5e8
        (20_000, 666, 20, 1),  # no fewer epochs than 20
    ],
)
def test_rows_times_parameters_limit_the_epochs_and_the_starts(
    rows: int, hidden: int, epochs: int, starts: int
) -> None:
    lines = "".join(f"{n * n % 7},{n % 100}\n" for n in range(rows))
    data = read_rows(make_table(f"x,y\n{lines}".encode(), "x.csv"), make_settings())
    found = selection.settings_for(data, make_settings(optimizer="auto"), (hidden,))
    assert (found.epochs, found.restarts) == (epochs, starts)


@pytest.mark.parametrize(("most", "optimizer", "epochs"), [(10, "lm", 100), (9, "adam", 300)])
def test_the_number_of_parameters_decides_between_lm_and_adam(
    most: int, optimizer: str, epochs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "MAX_EVIDENCE_PARAMETERS", most)
    data = read_rows(make_table(b"x,y\n" + b"1,2\n3,9\n" * 9, "x.csv"), make_settings())
    found = selection.settings_for(data, make_settings(optimizer="auto"), (3,))
    assert (found.optimizer, found.epochs) == (optimizer, epochs)


@pytest.mark.parametrize(
    ("lowest", "other", "output"),
    [(60, "90", None), (60, "9", "linear"), (0, "90", "linear"), (0, "a", None)],
)  # all targets need a sigmoid, or one of them holds classes
def test_one_target_of_a_small_range_makes_the_output_linear(
    lowest: int, other: str, output: str | None
) -> None:
    rows = [f"{n * n % 7},{lowest + n},{other if n % 2 else 0}" for n in range(20)]
    given = make_settings(optimizer="auto", target=["y", "z"])
    data = read_rows(make_table("\n".join(["x,y,z", *rows]).encode(), "x.csv"), given)
    assert selection.settings_for(data, given, ()).output_activation == output
