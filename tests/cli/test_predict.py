from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import MODEL, Invoke, one_message, plain_environment


def score(studied: float, slept: float) -> float:
    return float(100 / (1 + np.exp(-(0.5 * studied - 0.25 * slept + 0.1))))


@pytest.fixture(autouse=True)
def _model(tmp_path: Path) -> None:
    (tmp_path / "scorenet.json").write_text(json.dumps(MODEL), encoding="utf-8")


def test_one_bare_number_for_a_shell(invoke: Invoke) -> None:
    result = invoke("predict", 2, 8)
    assert result.stdout == f"{score(0.5, 0.8):.6f}\n"
    assert result.stderr == ""


def test_a_value_outside_the_training_range_gets_a_warning(invoke: Invoke) -> None:
    result = invoke("predict", 2, 11)
    assert result.stdout == f"{score(0.5, 1.1):.6f}\n"
    assert result.stderr.startswith("Warning: 'slept' = 11 is outside the training range 5 to 10")


@pytest.mark.parametrize("values", [("-1", "8e-1"), ("-1e3", "-.5"), ("+2", "-0"), ("1.", "-2E+0")])
def test_negative_and_exponent_numbers_are_values(invoke: Invoke, values: tuple[str, str]) -> None:
    studied, slept = map(float, values)
    result = invoke("predict", *values, "--scaling", "none")
    assert result.exit_code == 0
    assert float(result.stdout) == pytest.approx(score(studied, slept), abs=1e-6)


def test_scaling_own_divides_by_the_rows_own_largest(invoke: Invoke) -> None:
    results = [invoke("predict", *row, "--scaling", "own").stdout for row in ((4, 8), (40, 80))]
    assert results == [f"{score(0.5, 1):.6f}\n"] * 2


def test_precision(invoke: Invoke) -> None:
    assert invoke("predict", 2, 8, "--precision", 0).stdout == f"{score(0.5, 0.8):.0f}\n"
    assert invoke("predict", 2, 8, "--precision=12").stdout == f"{score(0.5, 0.8):.12f}\n"


def test_half_a_point_below_0_has_no_sign_without_decimals(invoke: Invoke, tmp_path: Path) -> None:
    layer = {"weights": [[-40.0], [0.0]], "bias": None, "activation": "tanh"}
    model = MODEL | {"target_scale": [0.5], "layers": [layer]}
    (tmp_path / "scorenet.json").write_text(json.dumps(model), encoding="utf-8")
    assert invoke("predict", 4, 8).stdout == "-0.500000\n"
    assert invoke("predict", 4, 8, "--precision", 0).stdout == "0\n"


def test_json_has_every_number_at_full_precision(invoke: Invoke) -> None:
    answer = json.loads(invoke("predict", 2, 11, "--json").stdout)
    assert answer["targets"] == ["score"]
    (only,) = answer["predictions"]
    assert list(only) == [
        *("inputs", "scaled_inputs", "outputs", "scores", "outside_training_range")
    ]
    assert only["inputs"] == [2, 11]
    assert only["scaled_inputs"] == [0.5, 1.1]
    assert only["scores"] == [only["outputs"][0] * 100]
    assert only["outputs"][0] == pytest.approx(score(0.5, 1.1) / 100, rel=1e-15)
    assert only["outside_training_range"] == ["slept"]


def test_several_targets_take_a_line_each(invoke: Invoke) -> None:
    layer = {"weights": [[0.0, 1.0], [0.0, 1.0]]}
    two = MODEL | {"targets": ["a", "b"], "target_scale": [10, 100], "layers": [layer]}
    Path("two.json").write_text(json.dumps(two), encoding="utf-8")
    lines = invoke("predict", 4, 10, "--model", "two.json").stdout.splitlines()
    assert lines == ["5.000000", f"{100 / (1 + np.exp(-2)):.6f}"]


def table(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


def test_a_csv_keeps_its_columns_and_gains_one(invoke: Invoke) -> None:
    text = 'who,slept,studied,score\n"Ada, B.",8,2,90\nBob, 9 ,1.50,\n'
    result = invoke("predict", "--csv", "-", stdin=text)
    rows = table(result.stdout)
    assert list(rows[0]) == ["who", "slept", "studied", "score", "predicted_score"]
    assert [row["who"] for row in rows] == ["Ada, B.", "Bob"]
    assert [row["studied"] for row in rows] == ["2", "1.50"]
    assert [row["predicted_score"] for row in rows] == [
        f"{score(0.5, 0.8):.6f}",
        f"{score(1.5 / 4, 0.9):.6f}",
    ]


def test_without_the_target_and_with_semicolons(invoke: Invoke) -> None:
    result = invoke("predict", "--csv", "-", "--precision", 2, stdin="studied;slept\r\n2;8\r\n")
    assert result.stdout == f"studied;slept;predicted_score\n2;8;{score(0.5, 0.8):.2f}\n"


@pytest.mark.parametrize("text", ["2,8\n1,9\n", "2,8,90\n1,9,80\n"])
def test_without_a_header_the_order_counts(invoke: Invoke, text: str) -> None:
    rows = table(invoke("predict", "--csv", "-", stdin=text).stdout)
    assert [row["predicted_score"] for row in rows] == [
        f"{score(0.5, 0.8):.6f}",
        f"{score(0.25, 0.9):.6f}",
    ]
    assert [row["studied"] for row in rows] == ["2", "1"]


def test_a_csv_in_json_has_a_prediction_a_row(invoke: Invoke) -> None:
    result = invoke("predict", "--csv", "-", "--json", stdin="studied,slept\n2,8\n9,8\n")
    predictions = json.loads(result.stdout)["predictions"]
    assert [entry["outside_training_range"] for entry in predictions] == [[], ["studied"]]
    assert (
        "'studied' is outside the training range 1 to 4 in 1 of 2 rows (first value: 9)"
        in result.stderr
    )


def test_rows_that_come_slowly_are_answered_as_they_come(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "scorenet_cli", "predict", "--csv", "-"],
        cwd=tmp_path,
        env=plain_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdin is not None
    assert run.stdout is not None
    run.stdin.write("studied,slept\n2,8\n")
    run.stdin.flush()
    assert run.stdout.readline() == "studied,slept,predicted_score\n"
    assert run.stdout.readline() == f"2,8,{score(0.5, 0.8):.6f}\n"
    for studied in (1, 9):  # each is answered before the next is asked
        run.stdin.write(f"{studied},9\n")
        run.stdin.flush()
        assert run.stdout.readline() == f"{studied},9,{score(studied / 4, 0.9):.6f}\n"
    assert run.poll() is None
    _, errors = run.communicate()
    assert run.returncode == 0
    assert errors.startswith(
        "Warning: 'studied' is outside the training range 1 to 4 in 1 of 3 rows (first value: 9)"
    )


def test_many_rows_take_as_much_memory_as_few(tmp_path: Path) -> None:
    pytest.importorskip("resource")  # tells it on POSIX systems
    script = (
        "import resource, subprocess, sys\n"
        "run = subprocess.Popen([sys.executable, '-m', 'scorenet_cli', 'predict', '--csv', '-'],"
        " stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)\n"
        "print('studied,slept', file=run.stdin)\n"
        "for _ in range(int(sys.argv[1])): run.stdin.write('2.25,8.5\\n' * 10_000)\n"
        "run.communicate()\n"
        "print(run.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
    )
    peaks = []
    for count in (1, 20):
        result = subprocess.run(
            [sys.executable, "-c", script, str(count)],
            cwd=tmp_path,
            env=plain_environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        status, peak = map(int, result.stdout.split())
        assert status == 0
        peaks.append(peak)
    assert peaks[1] < 1.25 * peaks[0]  # 10,000 and 200,000 rows


def test_a_fault_far_down_comes_after_the_rows_before_it(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scorenet_cli.data.dataset.CHUNK", 10_000)
    many = 3_000  # more than is read at once
    (tmp_path / "d.csv").write_text("studied,slept\n" + "2,8\n" * many + "3,x\n4,9\n")
    (tmp_path / "out.csv").write_text("old")
    message = f"Error: d.csv, line {many + 2}, column 'slept': 'x' is not a number. Fix the cell."
    result = invoke("predict", "--csv", "d.csv")
    assert result.exit_code == 1
    assert result.stderr == f"{message}\n"
    lines = result.stdout.splitlines()
    assert 0 < len(lines) <= many + 1
    assert set(lines[1:]) == {f"2,8,{score(0.5, 0.8):.6f}"}
    result = invoke("predict", "--csv", "d.csv", "--output", "out.csv")
    assert (result.exit_code, result.stderr, result.stdout) == (1, f"{message}\n", "")
    assert (tmp_path / "out.csv").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["d.csv", "out.csv", "scorenet.json"]
    assert one_message(invoke("predict", "--csv", "d.csv", "--json")) == message


def test_warnings_count_the_rows_of_all_blocks(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scorenet_cli.data.dataset.CHUNK", 20)
    rows = "studied,slept\n" + "9,8\n,8\n2,\n2,8\n,8\n7,8\n" * 20
    assert invoke("predict", "--csv", "-", stdin=rows).stderr == (
        "Warning: 'studied' is outside the training range 1 to 4 in 40 of 60 rows "
        "(first value: 9): predictions for such rows are extrapolations.\n"
        "Warning: 60 of 120 rows are not predicted: missing cells "
        "('studied': 40, 'slept': 20).\n"
    )
    assert invoke("predict", "--csv", "-", stdin="studied,slept\n2,8\n2,\n").stderr == (
        "Warning: 1 of 2 rows is not predicted: missing cells ('slept': 1).\n"
    )


@pytest.mark.parametrize("gap", ["", ",8\n"])
def test_the_rows_of_a_csv_are_scaled_as_asked(invoke: Invoke, gap: str) -> None:
    for scaling, scaled in (("training", (1, 0.8)), ("own", (0.5, 1)), ("none", (4, 8))):
        words = ("predict", "--csv", "-", "--scaling", scaling)
        rows = invoke(*words, stdin=f"studied,slept\n4,8\n{gap}").stdout.splitlines()
        assert rows[1] == f"4,8,{score(*scaled):.6f}"


def test_output_goes_to_a_file_whole(invoke: Invoke) -> None:
    result = invoke("predict", 2, 8, "--output", "out.txt")
    assert result.stdout == ""
    assert Path("out.txt").read_text(encoding="utf-8") == f"{score(0.5, 0.8):.6f}\n"


def test_model_by_environment_and_by_folder(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "w1.txt").write_text("0.5\n-0.25\n", encoding="utf-8")
    monkeypatch.setenv("SCORENET_MODEL", "weights")
    result = invoke("predict", 1, 2)
    assert result.stdout == "0.500000\n"  # 1 · .5 - 2 · .25 = 0, nothing scaled


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        ([], 2, "give either VALUES or --csv FILE"),
        (["1", "2", "--csv", "d.csv"], 2, "give either VALUES or --csv FILE"),
        (["1"], 2, "expected 2 values ('studied', 'slept'), got 1"),
        (["1", "2", "3"], 2, "got 3"),
        (["1", "two"], 2, "'two' is not a number"),
        (["1", "2,5"], 2, "write decimals with a point"),
        (["1", "nan"], 2, "'nan' is not a finite number"),
        (["1", "-inf"], 2, "'-inf' is not a finite number"),
        (["1", "1e999"], 2, "'1e999' is not a finite number"),
        (["1", "--precison", "3"], 2, "no option '--precison'. Did you mean '--precision'?"),
        (["-e", "3"], 2, "no option '-e'"),
        (["1", "2", "--model", "none.json"], 1, "there is no model none.json"),
        (["--csv", "none.csv"], 1, "none.csv cannot be read"),
        (
            ["--csv", "d.csv"],
            1,
            "no column 'slept', which the model needs. Did you mean 'sleep'? The columns of ",
        ),
        (["1", "2", "--output", "no/where"], 1, "there is no folder"),
        (["1", "2", "--output", "scorenet.json"], 2, "--output would overwrite the model"),
        (["--csv", "d.csv", "--output", "d.csv"], 2, "--output would overwrite the CSV"),
        (["--", "-1", "--json"], 2, "--json comes after --"),
        (["--csv", "bad.csv"], 1, "line 2, column 'slept': 'x' is not a number. Fix the cell."),
        (["1", "2", "--model", "-"], 1, "a model comes from a file or a folder"),
    ],
)
def test_what_is_at_fault_is_named_once(
    invoke: Invoke, words: list[str], status: int, expected: str
) -> None:
    Path("d.csv").write_text("studied,sleep\n2,8\n", encoding="utf-8")
    Path("bad.csv").write_text("studied,slept\n2,x\n", encoding="utf-8")
    result = invoke("predict", *words)
    assert expected in one_message(result)
    assert result.exit_code == status


@pytest.mark.skipif(os.name == "nt", reason="pipes as POSIX has them")
def test_a_reader_that_leaves_ends_it_silently(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("studied,slept\n" + "2,8\n" * 50_000, encoding="utf-8")
    command = f"{sys.executable} -m scorenet_cli predict --csv d.csv | head -n 2"
    result = subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=plain_environment(),
        check=False,
    )
    assert result.stdout.splitlines()[0] == "studied,slept,predicted_score"
    assert result.stderr == ""


def test_a_cjk_header_survives_a_stdout_that_is_not_utf_8(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text(
        json.dumps(MODEL | {"features": ["學習", "睡眠"], "targets": ["分數"]}),
        encoding="utf-8",
    )
    (tmp_path / "d.csv").write_text("學習,睡眠\n2,8\n", encoding="utf-8")
    invoke("predict", "--csv", "d.csv", "--model", "m.json", "--output", "a.csv")
    result = subprocess.run(
        [sys.executable, "-m", "scorenet_cli", "predict", "--csv", "d.csv", "--model", "m.json"],
        capture_output=True,
        cwd=tmp_path,
        env=plain_environment(PYTHONIOENCODING="ascii"),
        check=False,
    )
    assert result.stdout == (tmp_path / "a.csv").read_bytes()
    assert result.stdout.decode().startswith("學習,睡眠,predicted_分數\n")


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ({"feature_scale": [1e-300, 1]}, ("1e10", "1")),
        (
            {"target_scale": [1e10], "layers": [{"weights": [[1e300], [0]], "activation": "relu"}]},
            ("10", "10"),
        ),
    ],
)
@pytest.mark.parametrize("command", ["predict", "forward-trace"])
def test_numbers_beyond_floating_point_are_one_message(
    invoke: Invoke, tmp_path: Path, command: str, changes: dict[str, object], values: tuple[str]
) -> None:
    (tmp_path / "m.json").write_text(json.dumps(MODEL | changes), encoding="utf-8")
    for option in ([], ["--json"]):
        result = invoke(command, *values, "--model", "m.json", *option)
        assert result.exit_code == 1
        assert "too large to compute with" in one_message(result)


@pytest.mark.skipif(os.name == "nt", reason="needs /dev/stdout")
def test_output_to_dev_stdout_is_standard_output_and_truncates_nothing(
    invoke: Invoke, tmp_path: Path
) -> None:
    script = (
        "echo keep > log; $PYTHON -m scorenet_cli predict 2 8 --output /dev/stdout >> log;"
        "$PYTHON -m scorenet_cli predict 2 8 --output /dev/stdout | cat >> log"
    )
    subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=tmp_path,
        env=plain_environment(PYTHON=sys.executable),
        check=True,
    )
    number = f"{score(0.5, 0.8):.6f}\n"
    assert (tmp_path / "log").read_text(encoding="utf-8") == "keep\n" + number * 2
    assert invoke("predict", 2, 8, "--output", "-").stdout == number


def test_own_scaling_of_a_standardized_model_is_warned_about(invoke: Invoke) -> None:
    invoke("train", "--standardize", "--epochs", 5)
    assert "trained with --standardize" in invoke("predict", 2, 8, "--scaling", "own").stderr
    assert "standardize" not in invoke("predict", 2, 8).stderr
