"""The public API, as a notebook uses it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import Invoke

import scorenet_cli as scorenet
from scorenet_cli.cli.messages import as_flags
from scorenet_cli.model.model import Model
from scorenet_cli.training.settings import make_settings

CSV = "hours_studied,hours_slept,score\n2,9,92\n1,5,86\n3,6,89\n"
COLUMNS = {"hours_studied": [2, 1, 3], "hours_slept": [9, 5, 6], "score": [92, 86, 89]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "data.csv"
    file.write_text(CSV, encoding="utf-8")
    return file


def weights(model: Model) -> list[object]:
    return [layer.weights.tolist() for layer in model.network.layers]


def test_train_predict_save_and_load(path: Path) -> None:
    fit = scorenet.train(path, optimizer="lm")
    scores = fit.model.predict([[2, 9], [1, 5]])
    assert scores == pytest.approx(np.array([[92], [86]]), abs=1e-6)
    fit.model.save(path.parent / "m.json")
    again = scorenet.load(path.parent / "m.json")
    assert again.predict([[4, 8]]).tolist() == fit.model.predict([[4, 8]]).tolist()
    assert weights(again) == weights(fit.model)


def test_a_path_a_file_and_columns_give_the_same_model(path: Path) -> None:
    with path.open(encoding="utf-8") as text, path.open("rb") as binary:
        sources: list[scorenet.Data] = [path, str(path), text, binary, io.StringIO(CSV), COLUMNS]
        models = [scorenet.train(source, epochs=20).model for source in sources]
    arrays = {name: np.array(values, dtype=float) for name, values in COLUMNS.items()}
    models.append(scorenet.train(arrays, epochs=20).model)
    for model in models:
        assert weights(model) == weights(models[0])
        assert model.features == ("hours_studied", "hours_slept")


def test_a_frame_is_read_by_its_columns() -> None:
    class Frame(dict[str, list[int]]):
        """Iterates over names and gives a column for each, as a pandas DataFrame does."""

    assert weights(scorenet.train(Frame(COLUMNS), epochs=5).model) == weights(
        scorenet.train(COLUMNS, epochs=5).model
    )


def test_without_data_the_rows_are_the_documents() -> None:
    assert weights(scorenet.train(epochs=5).model) == weights(
        scorenet.train(COLUMNS, epochs=5).model
    )


def test_training_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    fit = scorenet.train(COLUMNS, epochs=3)
    assert capfd.readouterr() == ("", "")
    assert any("no better than" in warning for warning in fit.warnings)


def test_the_command_prints_what_train_returns(invoke: Invoke, path: Path) -> None:
    words = ["--epochs", 30, "--seed", 4, "--hidden", "4,2", "--bias", "--json"]
    answer = json.loads(invoke("train", path, *words).stdout)
    fit = scorenet.train(path, epochs=30, seed=4, hidden=[4, 2], bias=True)
    assert (answer["loss"], answer["seed"]) == (fit.result.loss, fit.seed)
    assert answer["metrics"]["rmse"] == fit.metrics.rmse
    assert answer["warnings"] == [*map(as_flags, (*fit.notes, *fit.warnings))]


def test_resume_goes_on_to_the_bit(path: Path) -> None:
    whole = scorenet.train(path, epochs=50)
    half = scorenet.train(path, epochs=20)
    assert weights(scorenet.train(path, resume=half.model, epochs=30).model) == weights(whole.model)


def test_settings_and_keywords_can_be_combined(path: Path) -> None:
    settings = scorenet.Settings(epochs=5, seed=9)
    fit = scorenet.train(path, settings=settings, epochs=7)
    assert (fit.result.epochs, fit.seed) == (7, 9)


def test_callbacks_see_every_epoch_and_can_stop(path: Path) -> None:
    seen: list[int] = []
    callbacks: scorenet.Callbacks[Model] = scorenet.Callbacks(
        each_epoch=lambda epoch, *_: seen.append(epoch), every=2
    )
    scorenet.train(path, epochs=6, callbacks=callbacks)
    assert seen == [0, 2, 4, 6]
    stop: scorenet.Callbacks[Model] = scorenet.Callbacks(should_stop=lambda: True)
    fit = scorenet.train(path, epochs=100_000_000, callbacks=stop)
    assert fit.result.stopped == "interrupted"


def test_evaluate_and_the_traces(path: Path) -> None:
    model = scorenet.train(path, optimizer="lm").model
    evaluation = scorenet.evaluate(model, path)
    assert evaluation.fit.rmse == pytest.approx(0, abs=1e-6)
    assert evaluation.actual.tolist() == [[92], [86], [89]]
    forward = scorenet.forward_trace(model, [4, 8])
    assert forward.scores == pytest.approx(model.predict([[4, 8]])[0])
    backward = scorenet.backward_trace(model, [4, 8], [95])
    assert backward.loss_after < backward.loss
    batch = scorenet.batch_trace(scorenet.train(path, epochs=5).model, path, check=True)
    assert batch.loss_after < batch.loss
    assert batch.check is not None
    assert batch.check.right


def test_a_model_shows_itself_as_a_picture(path: Path) -> None:
    markup = scorenet.train(path, epochs=1).model._repr_html_()
    assert markup.startswith("<svg")
    assert "hours_studied" in markup


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"epoch": 3}, "there is no setting 'epoch'. Did you mean 'epochs'?"),
        ({"optimizer": "sgd"}, "`optimizer` expects one of auto, gd, adam, lm; got 'sgd'."),
        ({"hidden": 0}, "`hidden` expects positive sizes"),
        ({"activation": "x"}, "`activation` expects one of sigmoid, tanh, relu, linear; got 'x'."),
        ({"learning_rate": "x"}, "`learning_rate` must be a finite number above 0."),
        ({"validation": "x"}, "`validation` expects a fraction"),
        ({"max_score": "x"}, "`max_score` must be a finite number above 0."),
        ({"epochs": -1}, "`epochs` must be a whole number of at least 0."),
        ({"epochs": True}, "`epochs` must be a whole number of at least 0."),
        ({"restarts": 10**6}, "`restarts` must be at most 1000."),
        ({"standardize": "no"}, "`standardize` must be True or False."),
        ({"activation": 3}, "`activation` expects one of sigmoid, tanh, relu, linear; got '3'."),
        ({"features": 5}, "no column '5'"),
        ({"target": "marks"}, "'marks'"),
        ({"target": "score", "ignore": "score"}, "'score' is both in `target` and in `ignore`."),
        ({"optimizer": "lm", "learning_rate": 1.0}, "`learning_rate` has no effect"),
    ],
)
def test_a_setting_that_does_not_fit_is_an_option_error(
    settings: dict[str, Any], expected: str
) -> None:
    with pytest.raises(scorenet.OptionError) as error:
        scorenet.train(COLUMNS, **settings)
    assert expected in str(error.value)
    assert "--" not in str(error.value)


def test_one_example_may_come_by_name_and_one_score_alone(tmp_path: Path) -> None:
    model = scorenet.train(COLUMNS, epochs=1).model
    row = {"hours_slept": 8, "hours_studied": 4}
    assert model.predict(row).tolist() == model.predict([[4, 8]]).tolist()
    forward = scorenet.forward_trace(model, row)
    assert forward.scores == scorenet.forward_trace(model, [4, 8]).scores
    one = scorenet.backward_trace(model, row, 92)
    assert one.loss == scorenet.backward_trace(model, [4, 8], [92]).loss
    model.save(tmp_path / "model.json")
    again = scorenet.train(COLUMNS, resume=tmp_path / "model.json", epochs=1)
    assert again.result.epochs == 2


def test_what_is_no_data_and_no_model_is_an_error() -> None:
    with pytest.raises(scorenet.DataError, match=r"columns by name .*; got ndarray"):
        scorenet.train(np.ones((3, 2)))  # type: ignore[arg-type]
    with pytest.raises(scorenet.OptionError, match="`resume` expects a model, or the path of one"):
        scorenet.train(COLUMNS, resume=scorenet.train(COLUMNS, epochs=0))  # type: ignore[arg-type]


def test_numpy_numbers_are_settings() -> None:
    plain = make_settings(hidden=2, epochs=3, seed=5, max_score=50)
    assert plain == make_settings(
        hidden=np.array([2]), epochs=np.int64(3), seed=np.uint8(5), max_score=np.int64(50)
    )


def test_rows_that_do_not_fit_are_data_errors(path: Path) -> None:
    model = scorenet.train(path, epochs=1).model
    with pytest.raises(scorenet.DataError, match=r"expected values of shape \(rows, 2\)"):
        model.predict([[1, 2, 3]])
    with pytest.raises(scorenet.DataError, match="differ in length"):
        scorenet.train({"a": [1, 2], "b": [3]})
    with pytest.raises(scorenet.FileError, match="no such file"):
        scorenet.train("nowhere.csv")


def test_what_a_model_is_given_is_checked(path: Path) -> None:
    model = scorenet.train(path, epochs=1).model
    for values in ([4], [4, 8, 9]):
        with pytest.raises(scorenet.DataError, match="expected values of shape"):
            scorenet.forward_trace(model, values)
    with pytest.raises(scorenet.OptionError, match="`scaling` expects one of"):
        scorenet.forward_trace(model, [4, 8], scaling="bogus")  # type: ignore[arg-type]
    with pytest.raises(scorenet.DataError, match="nan is not a finite number"):
        model.predict([[float("nan"), 8]])
    with pytest.raises(scorenet.DataError, match="expected rows with a number for each of"):
        model.predict([["a", "8"]])
    with pytest.raises(scorenet.OptionError, match="`actual=SCORE` is required once for"):
        scorenet.backward_trace(model, [4, 8], [95, 3])
    with pytest.raises(scorenet.OptionError, match="`learning_rate` must be"):
        scorenet.backward_trace(model, [4, 8], [95], learning_rate=-1)


def test_the_public_names_are_listed() -> None:
    assert set(scorenet.__all__) <= set(dir(scorenet))
    for name in scorenet.__all__:
        assert getattr(scorenet, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        scorenet.nothing  # noqa: B018


def test_a_model_of_text_takes_rows_and_columns_by_name() -> None:
    data: dict[str, list[object]] = {
        "sex": ["f", "m", "f"],
        "hours": [1, 2, None],
        "score": [10, 20, 30],
    }
    model = scorenet.train(data, epochs=1, missing="fill").model
    rows: list[list[object]] = [["m", 2], ["f", None]]
    scores = model.predict(rows)
    assert scores.shape == (2, 1)
    assert model.predict({"hours": [2, None], "sex": ["m", "f"]}).tolist() == scores.tolist()
    assert scorenet.forward_trace(model, ["m", 2]).scores == (scores[0, 0],)
    with pytest.raises(scorenet.DataError, match="'x' is not a category of 'sex'"):
        model.predict([["x", 2]])
    with pytest.raises(scorenet.DataError, match="no column 'hours', which the model needs"):
        model.predict({"hour": [1], "sex": ["m"]})
    assert scorenet.evaluate(model, {**data, "hours": [1, 2, 3]}).actual.shape == (3, 1)


class Series:
    """A column as pandas has it: missing values are its own, and compare to nothing."""

    def __init__(self, cells: list[object]) -> None:
        self.cells = cells

    def notna(self) -> list[bool]:
        return [cell is not NotAvailable for cell in self.cells]

    def astype(self, _: type) -> Series:
        return self

    def where(self, known: list[bool], other: None) -> list[object]:
        return [
            cell if is_known else other for cell, is_known in zip(self.cells, known, strict=True)
        ]


class NotAvailable:
    """What stands for pandas.NA."""


TEXTS: dict[str, list[Any]] = {
    "town": ["#a", "b;c", '"q"', NotAvailable, "#a", "b;c"],
    "passed": [True, False, True, True, NotAvailable, False],
    "hours": [1, 2.5, NotAvailable, 4, 5, 6],
    "score": [50, 60, 70, 80, 90, 55],
}


@pytest.mark.parametrize("missing", ["skip", "fill"])
def test_columns_with_text_and_gaps_are_as_in_a_file(missing: str, tmp_path: Path) -> None:
    columns: Any = {name: Series(cells) for name, cells in TEXTS.items()}
    with_none = {
        name: [None if cell is NotAvailable else cell for cell in cells]
        for name, cells in TEXTS.items()
    }
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(
        [with_none, *zip(*with_none.values(), strict=True)]
    )
    (tmp_path / "t.csv").write_text(text.getvalue())
    sources: list[Any] = [columns, with_none, io.StringIO(text.getvalue()), tmp_path / "t.csv"]
    fits = [scorenet.train(each, missing=missing, epochs=5) for each in sources]
    assert len({fit.result.loss for fit in fits}) == 1
    assert fits[0].model.categories["town"] == ('"q"', "#a", "b;c")
    assert len({scorenet.evaluate(fits[0].model, each).fit.rmse for each in (*sources[:2],
                io.StringIO(text.getvalue()), sources[3])}) == 1  # fmt: skip
    if missing == "fill":
        assert len(fits[0].model.predict(columns)) == 6
        assert fits[0].model.predict(columns).tolist() == fits[0].model.predict(with_none).tolist()
    else:
        with pytest.raises(scorenet.DataError, match="row 3: 'hours' has no value"):
            fits[0].model.predict({name: cells[:3] for name, cells in with_none.items()})


def test_pandas_columns_with_gaps() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": pandas.array([1, None, 3, 4], dtype="Int64"),
                              "sex": pandas.Categorical(["f", "m", None, "f"]),
                              "score": [50, 60, 70, 80]})  # fmt: skip
    fit = scorenet.train(frame, missing="fill", epochs=1)
    assert fit.model.input_names == ("n", "sex=m")
    assert fit.model.predict(frame).shape == (4, 1)
    assert scorenet.evaluate(fit.model, frame).is_training_data


def test_an_actual_score_may_be_a_class() -> None:
    model = scorenet.train({"h": [1, 2, 3, 4], "g": ["a", "b", "c", "a"]}, epochs=1).model
    traced = scorenet.backward_trace(model, [1], ["b"])
    assert list(traced.actual) == [0, 1, 0]
    assert scorenet.backward_trace(model, [1], [0, 1, 0]) == traced
    assert [each.name for each in traced.targets] == ["g=a", "g=b", "g=c"]
    with pytest.raises(scorenet.OptionError, match="'x' is not a class of 'g'"):
        scorenet.backward_trace(model, [1], ["x"])


def test_a_header_of_numbers_is_asked_for() -> None:
    text = "0,1\n5,50\n6,60\n"
    assert scorenet.train(io.StringIO(text), epochs=1).model.features == ("column_1",)
    model = scorenet.train(io.StringIO(text), epochs=1, header=True).model
    assert model.features == ("0",)
    assert len(scorenet.evaluate(model, io.StringIO(text), header=True).actual) == 2
    assert scorenet.train({"0": [5, 6], "1": [50, 60]}, epochs=1).model.features == ("0",)
