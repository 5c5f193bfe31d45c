"""Tables of one's own, as a person brings them: text, gaps, classes, scores of any size."""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Invoke, one_message
from typer.testing import Result

import scorenet_cli as scorenet
from scorenet_cli.cli.options import parse_values
from scorenet_cli.data import dataset
from scorenet_cli.data.csv_table import make_table
from scorenet_cli.model.model import Model, encode_values
from scorenet_cli.training import loop

if TYPE_CHECKING:
    import typer

STUDENTS = """student,sex,hours,town,score
s1,f,2,Bern,40
s2,m,5,Rom,70
s3,f,,Rom,60
s4,m,8,Wien,95
s5,f,3,Bern,50
"""
GRADES = """hours,slept,grade
1,5,fail
2,9,pass
3,6,pass
1,6,fail
"""


@pytest.fixture
def students(invoke: Invoke, tmp_path: Path) -> str:
    """Train on the students; returns what was said."""
    (tmp_path / "students.csv").write_text(STUDENTS)
    result = invoke("train", "students.csv", "--epochs", 20)
    assert result.exit_code == 0, result.stderr
    return result.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--features", "hours", "--features", "sex,town"], ["hours", "sex", "town"]),
        (["--ignore", "student", "--ignore", "town,sex"], ["hours"]),
    ],
)
def test_an_option_given_twice_names_the_columns_of_both(
    invoke: Invoke, words: list[str], expected: list[str]
) -> None:
    Path("students.csv").write_text(STUDENTS, encoding="utf-8")
    assert invoke("train", "students.csv", "--epochs", 1, *words).exit_code == 0
    assert json.loads(Path("scorenet.json").read_text("utf-8"))["features"] == expected


def test_train_says_what_became_of_each_column(students: str) -> None:
    assert [line for line in students.splitlines() if line.startswith("Note: ")] == [
        "Note: column 'student': left out because it identifies the rows (all values differ).",
        "Note: column 'sex': 1 for 'm', 0 for 'f'.",
        "Note: column 'town': 3 categories, one input each: 'Bern', 'Rom', 'Wien'.",
        "Note: 1 row left out: a cell is missing ('hours': 1).",
    ]
    assert "Next: scorenet predict f 2 Bern" in students


def test_the_json_answer_holds_the_columns(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "students.csv").write_text(STUDENTS)
    answer = json.loads(invoke("train", "students.csv", "--epochs", 1, "--json").stdout)
    assert answer["rows"] == 4
    assert answer["columns"]["sex"] == "1 for 'm', 0 for 'f'"
    assert list(answer["columns"]) == ["student", "sex", "town"]


@pytest.mark.usefixtures("students")
def test_values_come_in_order_or_by_name(invoke: Invoke) -> None:
    in_order = invoke("predict", "f", 3, "Rom")
    assert in_order.exit_code == 0, in_order.stderr
    assert invoke("predict", "town=Rom", "Sex=f", "hours=3").stdout == in_order.stdout


def test_behind_two_dashes_a_name_may_begin_with_a_dash(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("--hours,-n,s\n5,1,50\n6,2,60\n9,1,90\n")
    invoke("train", "n.csv", "--epochs", 1)
    named = invoke("predict", "--", "-n=2", "--hours=7")
    assert (named.exit_code, named.stdout) == (0, invoke("predict", 7, 2).stdout)
    assert "there is no option '--hours'" in one_message(invoke("predict", "--hours=7", "-n=2"))


@pytest.mark.usefixtures("students")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["f", "3", "Romm"],
            "'Romm' is not a category of 'town'. Did you mean 'Rom'? The categories are 'Bern'",
        ),
        (["f", "many", "Rom"], "the value 'many' is not a number."),
        (["f", "3"], "expected 3 values ('sex', 'hours', 'town'), got 2."),
        (["sex=f", "hours=3"], "no value is given for 'town'."),
        (["sex=f", "sex=m", "hours=3"], "'sex' is given twice."),
        (
            ["sex=f", "hour=3", "town=Rom"],
            "'hour=3' does not name a feature. Did you mean 'hours'?",
        ),
        (["f", "?", "Rom"], "the value '?' is not a number."),
    ],
)
def test_values_that_do_not_fit_are_refused(invoke: Invoke, words: list[str], message: str) -> None:
    result = invoke("predict", *words)
    assert result.exit_code == 2
    assert message in one_message(result)


@pytest.mark.usefixtures("students")
def test_rows_that_cannot_be_predicted_stay_empty_and_are_counted(invoke: Invoke) -> None:
    rows = "town,hours,sex\nRom,3,f\nRom,NA,f\nOslo,2,m\n"
    result = invoke("predict", "--csv", "-", stdin=rows)
    assert result.exit_code == 0
    single = invoke("predict", "f", 3, "Rom").stdout.strip()
    assert result.stdout == (
        f"town,hours,sex,predicted_score\nRom,3,f,{single}\nRom,NA,f,\nOslo,2,m,\n"
    )
    assert result.stderr == (
        "Warning: 2 of 3 rows are not predicted: missing cells ('hours': 1) and unknown categories "
        "('town': 1; first in line 4: 'Oslo'; the categories are 'Bern', 'Rom', 'Wien').\n"
    )
    answer = json.loads(invoke("predict", "--csv", "-", "--json", stdin=rows).stdout)
    assert [row["scores"] is None for row in answer["predictions"]] == [False, True, True]
    assert answer["input_names"] == ["sex=m", "hours", "town=Bern", "town=Rom", "town=Wien"]
    assert answer["warnings"] == [result.stderr.removeprefix("Warning: ").strip()]


@pytest.mark.usefixtures("students")
def test_traces_and_inspect_show_what_the_network_sees(invoke: Invoke) -> None:
    traced = json.loads(invoke("forward-trace", "m", 4, "Rom", "--json").stdout)
    assert [(each["name"], each["value"]) for each in traced["inputs"]] == [
        ("sex=m", 1), ("hours", 4), ("town=Bern", 0), ("town=Rom", 1), ("town=Wien", 0),
    ]  # fmt: skip
    assert "town=Wien" in invoke("backward-trace", "m", 4, "Rom", "--actual", 50).stdout
    shown = invoke("inspect", "--data", "students.csv")
    assert "features    sex, hours, town" in shown.stdout
    assert "town=Wien" in shown.stdout
    assert "Note: 1 row left out: a cell is missing ('hours': 1).\n" in shown.stderr


@pytest.mark.usefixtures("students")
def test_inspect_names_a_text_that_is_not_known(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "new.csv").write_text("sex,hours,town,score\nf,1,Oslo,50\nm,2,Rom,60\n")
    assert one_message(invoke("inspect", "--data", "new.csv")) == (
        "Error: new.csv, line 2, column 'town': 'Oslo' does not occur in the training "
        "data; expected one of 'Bern', 'Rom', 'Wien'. Fix the cell."
    )


# Missing cells


def test_missing_cells_can_be_filled_then_and_later(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "students.csv").write_text(STUDENTS)
    result = invoke("train", "students.csv", "--epochs", 1, "--missing", "fill", "--json")
    assert json.loads(result.stdout)["rows"] == 5
    model = json.loads((tmp_path / "scorenet.json").read_text())
    assert model["fill"] == {"sex": 0.4, "hours": 4.5, "town": 0.0}
    filled = invoke("predict", "f", "?", "").stdout
    rows = invoke("predict", "--csv", "-", stdin="sex,hours,town\nf,4.5,\n").stdout
    assert rows.endswith(f",{filled}")


def test_missing_cells_can_be_refused(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "students.csv").write_text(STUDENTS)
    assert one_message(invoke("train", "students.csv", "--missing", "refuse")) == (
        "Error: students.csv, line 4, column 'hours': the cell has no value. "
        "Fill it in, or choose --missing skip or --missing fill."
    )


def test_more_missing_than_present_is_an_error(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "gaps.csv").write_text("a,b,s\n1,,3\n,2,4\n3,NA,5\n4,5,\n5,6,7\n")
    assert one_message(invoke("train", "gaps.csv")) == (
        "Error: gaps.csv: cells are missing in 3 of 4 rows ('a': 1, 'b': 2). "
        "Leave the columns out with --ignore, or fill the cells with --missing fill."
    )
    assert invoke("train", "gaps.csv", "--missing", "fill", "--epochs", 1).exit_code == 0
    assert invoke("train", "gaps.csv", "--ignore", "b", "--epochs", 1).exit_code == 0


# Classes and scores of any size


@pytest.mark.parametrize(
    ("classes", "outputs"), [({}, ["grade=pass"]), ({"4": "best"}, ["best", "fail", "pass"])]
)
def test_a_target_of_text_is_predicted_as_a_class(
    invoke: Invoke, tmp_path: Path, classes: dict[str, str], outputs: list[str]
) -> None:
    text = GRADES + "".join(f"{hours},7,{grade}\n" for hours, grade in classes.items())
    (tmp_path / "grades.csv").write_text(text)
    shown = invoke("train", "grades.csv", "--optimizer", "lm", "--bias", "--epochs", 100)
    assert shown.exit_code == 0
    assert "Classes of grade" in shown.stdout
    assert "accuracy" in shown.stdout
    assert invoke("predict", 2, 9).stdout == "pass\n"
    answer = json.loads(invoke("predict", 1, 5, "--json").stdout)["predictions"][0]
    assert answer["classes"] == ["fail"]
    assert len(answer["outputs"]) == len(outputs)
    rows = invoke("predict", "--csv", "grades.csv").stdout.splitlines()
    assert rows[:3] == ["hours,slept,grade,predicted_grade", "1,5,fail,fail", "2,9,pass,pass"]
    (tmp_path / "gap.csv").write_text("hours,slept\n,5\n2,9\n")
    assert invoke("predict", "--csv", "gap.csv").stdout.splitlines()[1:] == [",5,", "2,9,pass"]
    traced = invoke("backward-trace", 1, 5, "--actual", "fail")
    assert traced.exit_code == 0
    assert "is not a class of 'grade'" in one_message(
        invoke("backward-trace", 1, 5, "--actual", "f")
    )
    fit = json.loads(invoke("inspect", "--data", "grades.csv", "--json").stdout)["fit"]
    assert fit["classes"][0]["accuracy"] == 1.0
    assert np.sum(fit["classes"][0]["confusion"]) == len(rows) - 1


def test_classes_and_scores_are_predicted_together(invoke: Invoke, tmp_path: Path) -> None:
    model = {
        "format": "scorenet-model",
        "version": 2,
        "features": ["hours"],
        "targets": ["grade", "score"],
        "classes": {"grade": ["fail", "pass"]},
        "target_scale": [1, 100],
        "layers": [{"weights": [[1, 0]]}],
    }
    (tmp_path / "scorenet.json").write_text(json.dumps(model))
    rows = "hours\n-1\n2\n"
    assert invoke("predict", "--csv", "-", stdin=rows).stdout == (
        "hours,predicted_grade,predicted_score\n-1,fail,50.000000\n2,pass,50.000000\n"
    )
    answer = json.loads(invoke("predict", "--csv", "-", "--json", stdin=rows).stdout)
    assert answer["output_names"] == ["grade=pass", "score"]
    assert [row["classes"] for row in answer["predictions"]] == [["fail", None], ["pass", None]]


def test_zero_and_one_are_a_probability(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("h,passed\n1,0\n2,1\n3,1\n")
    result = invoke("train", "p.csv", "--epochs", 1)
    assert (
        "'passed' are all 0 or 1: the predicted score is a probability (--max-score 1)"
        in result.stderr
    )
    assert json.loads((tmp_path / "scorenet.json").read_text())["target_scale"] == [1.0]


def test_a_linear_output_has_scores_of_any_size(invoke: Invoke, tmp_path: Path) -> None:
    text = "".join(f"{n},{1000 * n - 3000}\n" for n in range(1, 9))
    (tmp_path / "cost.csv").write_text(f"size,cost\n{text}")
    words = ("train", "cost.csv", "--optimizer", "lm", "--bias", "--standardize", "--epochs", 200)
    assert "--output-activation linear" in one_message(invoke(*words))
    assert invoke(*words, "--output-activation", "linear").exit_code == 0
    assert float(invoke("predict", 1).stdout) == pytest.approx(-2000, abs=50)
    assert float(invoke("predict", 8).stdout) == pytest.approx(5000, abs=50)
    resumed = invoke("train", "cost.csv", "--resume", "scorenet.json", "--epochs", 5)
    assert resumed.exit_code == 0, resumed.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--target", "grade", "--output-activation", "linear"],
            "cannot be linear for text targets ('grade')",
        ),
        (["--output-activation", "linear", "--max-score", 9], "--max-score has no effect with"),
        (["--ignore", "slep"], "no column 'slep' in grades.csv. Did you mean 'slept'?"),
        (["--features", "hours,grade"], "column 'grade' is both a target and a feature."),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    invoke: Invoke, tmp_path: Path, words: list[object], message: str
) -> None:
    (tmp_path / "grades.csv").write_text(GRADES)
    assert message in one_message(invoke("train", "grades.csv", *words))


# What is encoded for training is encoded the same for prediction

CONTEXT = cast(
    "typer.Context",
    SimpleNamespace(
        command=SimpleNamespace(params=[]), command_path="scorenet predict", meta={"behind": []}
    ),
)
TEXTS = st.text('abcxyz\u00e9\u6f22=, ";', min_size=1, max_size=5).map(lambda t: f"t{t}t")
NUMBERS = st.floats(-1e6, 1e6).map(repr)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Names and rows of a table: numbers and categories, the last column a score or a class."""
    rows = draw(st.integers(5, 12))
    columns = []
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            columns.append(draw(st.lists(NUMBERS, min_size=rows, max_size=rows)))
            continue
        texts = draw(st.lists(TEXTS, min_size=2, max_size=4, unique=True))
        more = draw(st.lists(st.sampled_from(texts), min_size=rows, max_size=rows))
        columns.append([*texts, *more][:rows])
    columns.append(
        draw(st.lists(st.sampled_from(["1", "40", "99.5"]), min_size=rows, max_size=rows))
    )
    names = [f"c{n} x" for n in range(len(columns))]
    return names, [list(row) for row in zip(*columns, strict=True)]


def as_csv(names: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    return text.getvalue().encode()


@given(tables(), st.randoms(use_true_random=False))
def test_rows_are_encoded_alike_everywhere(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[list[str], list[list[str]]],
    rng: random.Random,
) -> None:
    names, rows = table
    fit = scorenet.train(io.BytesIO(as_csv(names, rows)), epochs=0, features=names[:-1])
    path = tmp_path_factory.mktemp("models") / "m.json"
    fit.model.save(path)
    model = scorenet.load(path)
    trained = fit.plan.data.inputs.tolist()
    assert model.input_names == fit.plan.data.input_names
    # Rows of values, as Python and the command line give them, and columns by name.
    values: Any = [
        [
            cell if name in model.categories else float(cell)
            for name, cell in zip(names, row, strict=False)
        ]
        for row in [row[:-1] for row in rows]
    ]
    assert encode_values(model, values).tolist() == trained
    assert (
        encode_values(model, dict(zip(names, zip(*values, strict=True), strict=False))).tolist()
        == trained
    )
    assert [as_typed(model, rng, row) for row in rows] == trained
    # A CSV with its columns in any order.
    order = rng.sample(range(len(names)), len(names))
    shuffled = make_table(
        as_csv([names[n] for n in order], [[row[n] for n in order] for row in rows]), "new.csv"
    )
    inputs, unknown = dataset.encode_rows(shuffled, model.features, model.categories)
    assert inputs.tolist() == trained
    assert not unknown


def as_typed(model: Model, rng: random.Random, row: list[str]) -> list[float]:
    """Encode a row as VALUES: as name=value pairs in any order, and, the same, in order."""
    pairs = [f"{name}={cell}" for name, cell in zip(model.features, row, strict=False)]
    values: Any = parse_values(rng.sample(pairs, len(pairs)), CONTEXT, model)
    assert parse_values(row[: len(pairs)], CONTEXT, model) == values
    inputs: list[float] = encode_values(model, [values])[0].tolist()
    return inputs


def test_a_standardized_model_says_so_in_its_trace(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("h,s\n1,10\n2,30\n3,20\n")
    assert invoke("train", "h.csv", "--standardize", "--epochs", 1).exit_code == 0
    model = json.loads((tmp_path / "scorenet.json").read_text())
    assert (model["version"], model["feature_offset"]) == (2, [2.0])
    shown = invoke("forward-trace", 3, "--precision", 3, "--save", "h.svg").stdout
    assert "minus the training mean, then divided by the standard deviation" in shown
    assert ["h", "3", "(3", "-", "2)", "/", "0.816", "1.225"] in map(str.split, shown.splitlines())
    assert ">(3 - 2) / 0.816<" in (tmp_path / "h.svg").read_text()
    traced = json.loads(invoke("forward-trace", 3, "--json").stdout)
    assert traced["inputs"][0]["scaled"] == pytest.approx(1 / np.std([1, 2, 3]))


def test_what_was_decided_about_a_csv_is_said_by_every_command(
    invoke: Invoke, tmp_path: Path
) -> None:
    data = "hours,hours,score\n1,2,50\n2,9,60\n# Jos\u00e9\n5,3,80\n".encode("cp1252")
    (tmp_path / "s.csv").write_bytes(data)
    notes = [
        "the file is not UTF-8: it is read as Windows-1252.",
        "columns with the same name are renamed: 'hours_2'.",
        "lines that start with # are skipped.",
    ]
    for words in (
        ("train", "s.csv", "--epochs", 1),
        ("predict", "--csv", "s.csv"),
        ("inspect", "--data", "s.csv"),
    ):
        said = invoke(*words).stderr.splitlines()
        assert [line for line in said if line.startswith("Note: ")] == [f"Note: {n}" for n in notes]
    assert json.loads(invoke("predict", "--csv", "s.csv", "--json").stdout)["warnings"] == notes


def test_validation_rows_do_not_count_for_what_fills_a_gap(invoke: Invoke, tmp_path: Path) -> None:
    rows = "".join(f"{'' if n == 3 else n * n},{n}\n" for n in range(20))
    (tmp_path / "s.csv").write_text(f"hours,score\n{rows}")
    words = ("s.csv", "--missing", "fill", "--epochs", 1)
    fills = []
    for more in ((), ("--validation", "0.5")):
        assert invoke("train", *words, *more).exit_code == 0
        fills.append(json.loads((tmp_path / "scorenet.json").read_text())["fill"]["hours"])
    kept, _ = loop.split(20, 0.5, 23)
    present = [n * n for n in range(20) if n != 3]
    assert fills == pytest.approx([np.mean(present), np.mean([n * n for n in kept if n != 3])])


def test_a_trace_names_the_divisors_of_values_and_scores(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("smoker,age,s\nyes,3,10\nno,1,30\nno,2,20\n")
    assert invoke("train", "h.csv", "--epochs", 1).exit_code == 0
    shown = invoke("backward-trace", "yes", 2, "--actual", 20, "--precision", 3).stdout
    rows = [line.split() for line in shown.partition("Hidden layer")[0].splitlines()]
    assert ["smoker=yes", "1", "1"] in rows
    assert ["age", "2", "2", "/", "3", "0.667"] in rows
    assert ["s", "(actual)", "20", "20", "/", "100", "0.2"] in rows
    own = json.loads(invoke("forward-trace", "yes", 2, "--scaling", "own", "--json").stdout)
    assert own["inputs"][1] == {"name": "age", "value": 2, "scaled": 1, "scale": 2}


# Header, notes and silence


@pytest.mark.parametrize("words", [("train", "n.csv", "--epochs", 1), ("predict", "--csv", "n.csv"),
                                   ("inspect", "--data", "n.csv")])  # fmt: skip
def test_a_first_row_of_numbers_may_be_the_header(
    invoke: Invoke, tmp_path: Path, words: tuple[object, ...]
) -> None:
    (tmp_path / "n.csv").write_text("0,1\n5,50\n6,60\n9,90\n")
    invoke("train", "n.csv", "--epochs", 1)
    note = "Note: line 1 is read as data. Use --header to read it as the header."
    assert note in invoke(*words).stderr
    invoke("train", "n.csv", "--epochs", 1, "--header")
    assert json.loads((tmp_path / "scorenet.json").read_text())["features"] == ["0"]
    assert note not in (result := invoke(*words, "--header")).stderr
    assert result.exit_code == 0, result.stderr


def test_a_header_of_numbers_that_is_no_score_names_the_option(
    invoke: Invoke, tmp_path: Path
) -> None:
    (tmp_path / "n.csv").write_text("2019,2020\n5,50\n6,60\n9,90\n")
    message = one_message(invoke("train", "n.csv", "--epochs", 1))
    assert message.rstrip().endswith("If the line holds column names, use --header.")


def test_a_header_read_as_data_is_told(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "n.csv").write_text("h,s\n5,50\n6,60\n9,90\n")
    message = invoke("train", "n.csv", "--no-header", "--epochs", 1).stderr
    assert "'h' is not a number. If this line is the header, leave out --no-header." in message


def test_a_header_without_a_csv_has_no_effect(invoke: Invoke) -> None:
    invoke("train", "--epochs", 1)
    for words in (("train",), ("predict", 4, 8), ("inspect",)):
        assert "--header has no effect without" in one_message(invoke(*words, "--header"))


def warnings_of(result: Result) -> str:
    lines = result.stderr.splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith("Warning: "))


@pytest.mark.usefixtures("students")
def test_a_header_in_other_case_is_matched_with_a_note(invoke: Invoke) -> None:
    rows = " Sex ,HOURS,town\nf,99,Rom\nf,NA,Rom\n"
    said = invoke("predict", "--csv", "-", stdin=rows)
    assert [line.partition(": ")[0] for line in said.stderr.splitlines()] == [
        *["Note"] * 2,
        *["Warning"] * 2,
    ]
    assert "column 'Sex' is used as 'sex'" in said.stderr
    quiet = invoke("predict", "--csv", "-", "--quiet", stdin=rows)
    assert (quiet.stdout, quiet.stderr) == (said.stdout, warnings_of(said))
    answer = json.loads(invoke("predict", "--csv", "-", "--quiet", "--json", stdin=rows).stdout)
    assert answer["warnings"] == [line.partition(": ")[2] for line in said.stderr.splitlines()]


@pytest.mark.usefixtures("students")
@pytest.mark.parametrize("words", [("forward-trace", "f", 99, "Rom"),
                                   ("backward-trace", "f", 99, "Rom", "--actual", 50),
                                   ("inspect", "--data", "students.csv")])  # fmt: skip
def test_what_stderr_says_is_in_json_and_quiet_leaves_warnings(
    invoke: Invoke, words: tuple[object, ...]
) -> None:
    said = invoke(*words)
    assert said.stderr
    quiet = invoke(*words, "--quiet")
    assert (quiet.stdout, quiet.stderr) == (said.stdout, warnings_of(said))
    warnings = json.loads(invoke(*words, "--json").stdout)["warnings"]
    assert warnings == [line.partition(": ")[2] for line in said.stderr.splitlines()]


def test_inspect_names_both_texts_and_the_range_of_a_linear_target(
    invoke: Invoke, tmp_path: Path
) -> None:
    (tmp_path / "h.csv").write_text("smoker,age,s\nyes,3,-10\nno,1,300\nno,2,20\n")
    invoke("train", "h.csv", "--epochs", 1, "--output-activation", "linear")
    rows = [line.split() for line in invoke("inspect").stdout.splitlines()]
    assert ["smoker=yes", "0", "1", "0", "no,", "1", "yes"] in rows
    assert any(row[:1] == ["s"] and row[-3:] == ["-10", "to", "300"] for row in rows)


def test_the_summary_shows_texts_and_classes_as_the_file_has_them(
    invoke: Invoke, tmp_path: Path
) -> None:
    (tmp_path / "h.csv").write_text("sex,town,g\nf,Rom,a\nm,Wien,b\nf,Bern,c\nm,Rom,a\n,,b\n")
    shown = invoke("train", "h.csv", "--epochs", 1, "--missing", "fill").stdout.splitlines()
    assert shown[0].split() == ["sex", "town", "g", "predicted", "g"]
    assert [line.split()[:3] for line in shown[2:5]] == [
        *[["f", "Rom", "a"], ["m", "Wien", "b"], ["f", "Bern", "c"]],
    ]
    assert shown[6].split()[0] == "b"  # the texts were missing


def test_a_file_with_no_usable_feature_names_the_misspelt_category(
    invoke: Invoke, tmp_path: Path
) -> None:
    towns = [f"town{letter}" for letter in "abcdefghijklmnopqrst"] * 2 + ["townn n"]
    (tmp_path / "t.csv").write_text("town,s\n" + "".join(f"{town},5\n" for town in towns))
    message = one_message(invoke("train", "t.csv"))
    assert (
        "no feature column besides the target, 's'. Column 'town': left out because it has 21"
        in message
    )
    assert "occur only once and may be misspelt: 'townn n'" in message
