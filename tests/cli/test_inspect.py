from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from support import Invoke, one_message
from typer.testing import CliRunner

from scorenet_cli.cli import application
from scorenet_cli.model import json_file

SAMPLE = Path(__file__).parents[2] / "sample_data"


def test_a_trained_model_says_what_it_is_and_where_it_came_from(invoke: Invoke) -> None:
    invoke("train", "--epochs", 2000, "--quiet")
    text = invoke("inspect").stdout
    assert text.startswith("scorenet.json\n")
    model = json_file.load("scorenet.json")
    assert "2 inputs, 3 hidden (sigmoid), 1 output (sigmoid)" in text
    assert "9 (9 weights, 0 biases)" in text
    for weight in model.network.layers[0].weights.ravel():
        assert f"{weight:.6f}" in text
    for fact in ("hours_studied", "1 to 3", "5 to 9", "seed 23", "2,000", "epochs"):
        assert fact in text
    assert model.training is not None
    assert f"{model.training.loss:.6g}" in text


def test_json_is_the_file_and_a_count(invoke: Invoke) -> None:
    invoke("train", "--epochs", 5, "--bias", "--quiet")
    answer = json.loads(invoke("inspect", "--json").stdout)
    assert answer.pop("parameters") == 13
    assert answer.pop("warnings") == []
    assert answer == json.loads(Path("scorenet.json").read_text(encoding="utf-8"))


def test_quiet_saves_a_picture_without_a_word(invoke: Invoke) -> None:
    invoke("train", "--epochs", 5, "--quiet")
    assert invoke("inspect", "--save", "net.svg").stderr == "Saved net.svg.\n"
    assert invoke("inspect", "--save", "quiet.svg", "--quiet").stderr == ""
    invoke("inspect", "--save", "page.html")
    title = "<title>score from hours_studied, hours_slept - scorenet.json, trained on "
    assert title in Path("page.html").read_text(encoding="utf-8")
    assert Path("quiet.svg").read_bytes() == Path("net.svg").read_bytes()


def test_weights_to_writes_what_numpy_savetxt_writes_and_reads_back(invoke: Invoke) -> None:
    invoke("train", "--epochs", 5, "--quiet")
    assert invoke("inspect", "--weights-to", "w").exit_code == 0
    model = json_file.load("scorenet.json")
    for number, layer in enumerate(model.network.layers, start=1):
        expected = io.StringIO()
        np.savetxt(expected, layer.weights, fmt="%s")
        assert Path(f"w/w{number}.txt").read_text(encoding="utf-8") == expected.getvalue()
    by_file = invoke("predict", 2, 9, "--json")
    # The folder holds weights alone: the same scaled values give the same output.
    scaled = json.loads(by_file.stdout)["predictions"][0]["scaled_inputs"]
    by_folder = invoke("predict", *scaled, "--model", "w", "--json")
    assert (
        json.loads(by_folder.stdout)["predictions"][0]["outputs"]
        == json.loads(by_file.stdout)["predictions"][0]["outputs"]
    )
    assert "w1.txt" not in invoke("inspect", "--model", "w").stdout
    assert "not recorded" in invoke("inspect", "--model", "w").stdout


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{", "line 1, column 2: invalid JSON"),
        ('{"format": "other"}', '"format" must be "scorenet-model" but is "other"'),
        ("\x00", "invalid JSON"),
    ],
)
def test_a_file_that_is_no_model_is_refused(invoke: Invoke, content: str, expected: str) -> None:
    Path("m.json").write_text(content, encoding="utf-8")
    result = invoke("inspect", "--model", "m.json")
    assert result.exit_code == 1
    assert expected in one_message(result)


def test_boxes_and_charts_take_the_signs_that_the_terminal_has(invoke: Invoke) -> None:
    invoke("train", "--epochs", 300, "--quiet")
    for encoding in ("ascii", "cp1252"):
        result = CliRunner(encoding).invoke(application(), ["inspect"])
        assert result.exit_code == 0
        assert "hours_studied" in result.stdout
        assert "?" not in result.stdout
        if encoding == "ascii":
            assert result.stdout.isascii()
            assert "****" in result.stdout.partition("loss (log scale)")[2]


def test_data_scores_the_model_beside_the_baselines(invoke: Invoke) -> None:
    invoke("train", SAMPLE / "students.csv", "--optimizer", "lm", "--bias", "--quiet")
    answer = json.loads(invoke("inspect", "--data", SAMPLE / "students.csv", "--json").stdout)
    assert list(answer["fit"]) == [
        *("r2", "rmse", "mae", "baselines", "training_data", "importance", "importance_spread")
    ]
    assert list(answer["fit"]["baselines"]) == ["mean", "linear"]
    assert answer["fit"]["r2"] > answer["fit"]["baselines"]["linear"]["r2"] > 0.7
    text = invoke("inspect", "--data", SAMPLE / "students.csv").stdout
    assert f"{answer['fit']['r2']:.4f}" in text


def test_data_says_where_a_baseline_is_as_good(invoke: Invoke) -> None:
    invoke("train", SAMPLE / "students.csv", "--epochs", 1, "--quiet")
    result = invoke("inspect", "--data", SAMPLE / "students.csv")
    assert "on these rows, the network is no better than" in result.stderr


def test_data_without_the_models_columns_is_refused(invoke: Invoke) -> None:
    invoke("train", "--epochs", 1, "--quiet")
    Path("d.csv").write_text("hours_studied,score\n1,2\n", encoding="utf-8")
    assert "no column 'hours_slept'" in one_message(invoke("inspect", "--data", "d.csv"))


def test_the_saved_curve_is_drawn_with_both_losses(invoke: Invoke) -> None:
    words = ("--validation", 0.25, "--bias", "--epochs", 300, "--quiet")
    invoke("train", SAMPLE / "students.csv", *words)
    text = invoke("inspect").stdout
    chart = text.partition("loss (log scale)")[2]
    assert chart.splitlines()[0] == "   • training   ○ validation"
    assert "epoch (log scale)" in chart
    assert "predicted" not in chart
    scored = invoke("inspect", "--data", SAMPLE / "students.csv").stdout
    assert "predicted score\n" in scored
    assert scored.rstrip().endswith("actual score")


def test_a_model_without_a_history_has_no_curve(invoke: Invoke) -> None:
    model = {"format": "scorenet-model", "version": 1, "features": ["x"], "targets": ["y"]}
    Path("m.json").write_text(
        json.dumps(model | {"layers": [{"weights": [[1]]}]}), encoding="utf-8"
    )
    assert "loss (log scale)" not in invoke("inspect", "--model", "m.json").stdout


def test_new_rows_are_judged_by_the_baselines_of_the_training_rows(invoke: Invoke) -> None:
    rows = (SAMPLE / "students.csv").read_text(encoding="utf-8").splitlines()
    Path("train.csv").write_text("\n".join(rows[:300]) + "\n", encoding="utf-8")
    Path("new.csv").write_text("\n".join([rows[0], *rows[301:305]]) + "\n", encoding="utf-8")
    invoke("train", "train.csv", "--optimizer", "lm", "--bias", "--epochs", 50)
    fit = json.loads(invoke("inspect", "--data", "new.csv", "--json").stdout)["fit"]
    table = np.loadtxt("train.csv", delimiter=",", skiprows=1)
    design = np.column_stack([table[:, :2], np.ones(len(table))])
    line = np.linalg.lstsq(design, table[:, 2])[0]
    new = np.loadtxt("new.csv", delimiter=",", skiprows=1)
    errors = new[:, 2] - np.column_stack([new[:, :2], np.ones(4)]) @ line
    expected = float(np.sqrt(np.mean(errors**2)))
    assert fit["baselines"]["linear"]["rmse"] == pytest.approx(expected)
    assert fit["training_data"] is False
    assert "4 rows, not the training rows" in invoke("inspect", "--data", "new.csv").stdout
    assert "299 rows, the training rows" in invoke("inspect", "--data", "train.csv").stdout


def test_linear_regression_is_not_said_to_be_no_better_than_itself(invoke: Invoke) -> None:
    """Fifty cars: R's lm gives distance = 3.932 speed - 17.579."""
    cars = SAMPLE / "stopping_distances.csv"
    answer = json.loads(invoke("train", cars, "--json").stdout)
    assert answer["chosen"]["hidden"] == []
    assert answer["warnings"] == []
    found = json.loads(invoke("inspect", "--data", cars, "--json").stdout)
    assert found["warnings"] == []
    scores = [float(invoke("predict", speed).stdout) for speed in (10, 20)]
    assert scores == pytest.approx([21.745, 61.069], abs=1e-3)
