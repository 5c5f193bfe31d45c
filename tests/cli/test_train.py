from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import ACTUAL, INPUTS, Invoke, PlainFormulas, Program, one_message, plain_environment

from scorenet_cli.cli import train as training_run
from scorenet_cli.core.network import random_network
from scorenet_cli.model import json_file
from scorenet_cli.training import loop

SAMPLE = Path(__file__).parents[2] / "sample_data"
DOCUMENT = "hours_studied,hours_slept,score\n2,9,92\n1,5,86\n3,6,89\n"


def saved(path: str | Path = "scorenet.json") -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return answer


def test_the_documents_run_ends_below_its_loss_in_one_go_or_in_two(invoke: Invoke) -> None:
    csv_path = SAMPLE / "study_hours.csv"
    result = invoke("train", csv_path, "--epochs", 100_000)
    assert result.exit_code == 0
    for score in ("92.00  ", "86.00  ", "89.00  "):
        assert score in result.stdout
    assert result.stderr == "Saved scorenet.json. Next: scorenet predict 4 8\n"
    part_way = invoke("train", csv_path, "--epochs", 60_000, "-o", "part.json").stderr
    assert part_way == "Saved part.json. Next: scorenet predict 4 8 --model part.json\n"
    invoke("train", csv_path, "--epochs", 40_000, "--resume", "part.json", "-o", "part.json")
    whole, part = saved(), saved("part.json")
    assert whole["training"]["loss"] <= 1.94136958194e-18
    del whole["training"]["date"], part["training"]["date"]
    assert part == whole


@pytest.mark.parametrize(
    ("columns", "values"), [("abcdefgh", "1 2 3 4 5 6 7 8"), ("abcdefghi", "--csv NEW.csv")]
)
def test_the_next_command_names_a_csv_where_the_values_are_many(
    invoke: Invoke, columns: str, values: str
) -> None:
    rows = "1,2,3,4,5,6,7,8,9,50\n3,1,2,5,4,7,6,9,8,60\n"
    Path("d.csv").write_text(f"a,b,c,d,e,f,g,h,i,score\n{rows}", encoding="utf-8")
    result = invoke("train", "d.csv", "--features", ",".join(columns), "--epochs", 1)
    last = f"Saved scorenet.json. Next: scorenet predict {values}"
    assert last in result.stderr.splitlines()


@pytest.mark.parametrize("option", ["--csv", "--data"])
def test_the_csv_may_be_named_as_in_the_other_commands(invoke: Invoke, option: str) -> None:
    Path("own.csv").write_text("h,score\n1,10\n2,30\n4,50\n", encoding="utf-8")
    result = invoke("train", option, "own.csv", "--epochs", 1, "--json")
    assert json.loads(result.stdout)["data"] == "own.csv"


@pytest.mark.parametrize(("features", "is_whole"), [(60, True), (1001, False)])
def test_in_a_pipe_the_table_of_scores_has_its_features_up_to_a_thousand(
    invoke: Invoke, features: int, is_whole: bool
) -> None:
    names = [f"x{n}" for n in range(features)]
    cells = ",".join(["1"] * features)
    Path("w.csv").write_text(f"{','.join(names)},y\n{cells},5\n{cells},6\n", encoding="utf-8")
    lines = invoke("train", "w.csv", "--epochs", 1, "--optimizer", "gd").stdout.splitlines()
    assert lines[0].split() == [*(names if is_whole else []), "y", "predicted", "y"]
    omitted = "(feature columns omitted: the table would be too wide)"
    assert (omitted in lines) == (not is_whole)


def test_json_answers_with_one_object_and_nothing_else(invoke: Invoke) -> None:
    result = invoke("train", "--epochs", 20_000, "--json")
    answer = json.loads(result.stdout)
    assert result.stderr == "No CSV given: training on the document's three rows.\n"
    assert list(answer) == [
        *("model", "data", "rows", "epochs", "best_epoch", "optimizer", "seed", "loss", "stopped"),
        *("seconds", "metrics", "columns", "warnings"),
    ]
    assert answer["model"] == "scorenet.json"
    assert (answer["rows"], answer["epochs"], answer["seed"]) == (3, 20_000, 23)
    assert (answer["optimizer"], answer["stopped"]) == ("gd", "epochs")
    assert answer["loss"] == saved()["training"]["loss"]
    assert answer["metrics"]["rmse"] == pytest.approx(100 * answer["loss"] ** 0.5)


def test_the_model_file_is_the_contracts(invoke: Invoke) -> None:
    invoke("train", "--epochs", 5)
    model = saved()
    assert list(model) == [
        *("format", "version", "features", "targets", "feature_scale", "feature_range"),
        *("target_scale", "layers", "training"),
    ]
    assert (model["format"], model["version"]) == ("scorenet-model", 1)
    assert model["features"] == ["hours_studied", "hours_slept"]
    assert model["feature_scale"] == [3, 9]
    assert model["feature_range"] == [[1, 3], [5, 9]]
    assert model["target_scale"] == [100]
    assert [np.shape(layer["weights"]) for layer in model["layers"]] == [(2, 3), (3, 1)]
    assert [layer["bias"] for layer in model["layers"]] == [None, None]
    training = model["training"]
    assert training["history"][0][0] == 0
    assert training["history"][-1][0] == training["epochs"] == 5


def test_from_the_same_start_the_weights_are_the_documents(invoke: Invoke) -> None:
    invoke("train", "--epochs", 1, "--seed", 7)
    start = random_network((2, 3, 1), seed=7)
    formulas = PlainFormulas(start.layers[0].weights, start.layers[1].weights)
    formulas.epoch(INPUTS, ACTUAL)
    model = json_file.load("scorenet.json")
    assert np.abs(model.network.layers[0].weights - formulas.first).max() < 1e-12
    assert np.abs(model.network.layers[1].weights - formulas.second).max() < 1e-12


def test_the_options_of_the_network(invoke: Invoke) -> None:
    options = "--hidden 4,2 --bias --activation tanh --init uniform --seed 5 --epochs 0"
    assert invoke("train", *options.split()).exit_code == 0
    start = random_network((2, 4, 2, 1), seed=5, init="uniform", bias=True, activation="tanh")
    model = json_file.load("scorenet.json")
    assert model.network.shape == (2, 4, 2, 1)
    for layer, expected in zip(model.network.layers, start.layers, strict=True):
        assert layer.weights.tobytes() == expected.weights.tobytes()
        assert layer.activation == expected.activation
        assert layer.bias is not None


def test_columns_can_be_chosen_and_targets_repeated(invoke: Invoke) -> None:
    Path("d.csv").write_text("name,maths,hours,art\nAda,90,2,80\nBob,60,1,70\n", encoding="utf-8")
    result = invoke(
        *("train", "d.csv", "--features", "hours", "--target", "maths", "--target", "art"),
        *("--epochs", 10, "--json"),
    )
    assert result.exit_code == 0, result.stderr
    model = saved()
    assert (model["features"], model["targets"]) == (["hours"], ["maths", "art"])
    assert np.shape(model["layers"][1]["weights"]) == (3, 2)


def test_a_csv_may_come_from_standard_input(invoke: Invoke) -> None:
    result = invoke("train", "-", "--epochs", 3, stdin=DOCUMENT)
    assert result.exit_code == 0
    assert saved()["training"]["data"] == "standard input"


def test_an_unnamed_column_that_counts_the_rows_is_left_out_with_a_note(invoke: Invoke) -> None:
    Path("d.csv").write_text(",Hours,Scores\n0,2.5,21\n1,5.1,47\n2,3.2,27\n", encoding="utf-8")
    result = invoke("train", "d.csv", "--epochs", 3)
    assert saved()["features"] == ["Hours"]
    assert (
        "Note: the first column has no name and is left out because it holds row numbers"
        in result.stderr
    )


def test_a_column_that_names_the_rows_is_left_out_with_a_note(invoke: Invoke) -> None:
    Path("d.csv").write_text(
        'id,"Hours, net",Sleep,Score\nA1,2,9,92\nB2,1,5,86\n', encoding="utf-8"
    )
    result = invoke("train", "d.csv", "--epochs", 1)
    assert "column 'id': left out because it identifies the rows" in result.stderr
    assert saved()["features"] == ["Hours, net", "Sleep"]


def test_a_hand_written_model_can_be_resumed(invoke: Invoke) -> None:
    layer = {"weights": [[0.5], [-0.25]], "bias": [0.1], "activation": "sigmoid"}
    hand_written = {
        "format": "scorenet-model",
        "version": 1,
        "features": ["studied", "slept"],
        "targets": ["score"],
        "target_scale": [100],
        "layers": [layer],
    }
    Path("hand.json").write_text(json.dumps(hand_written), encoding="utf-8")
    Path("d.csv").write_text("studied,slept,score\n2,9,92\n1,5,86\n", encoding="utf-8")
    result = invoke("train", "d.csv", "--resume", "hand.json", "--epochs", 1, "--json")
    assert json.loads(result.stdout)["seed"] is None
    # One step by hand: z = x W + b, W += 3/2 · xᵀ delta, delta = (y - o) o (1 - o).
    x, y = np.array([[2.0, 9.0], [1.0, 5.0]]), np.array([[0.92], [0.86]])
    output = 1 / (1 + np.exp(-(x @ [[0.5], [-0.25]] + 0.1)))
    delta = (y - output) * output * (1 - output)
    assert saved()["layers"][0]["weights"] == pytest.approx(
        np.array([[0.5], [-0.25]]) + 1.5 * x.T @ delta, abs=1e-12
    )
    assert saved()["layers"][0]["bias"] == pytest.approx([0.1 + 1.5 * float(delta.sum())])


@pytest.mark.parametrize(
    "option",
    [
        "--hidden 4",
        "--bias",
        "--activation tanh",
        "--init uniform",
        "--seed 24",
        "--max-score 50",
        "--features hours_slept",
        "--target hours_slept",
    ],
)
def test_an_option_that_contradicts_the_resumed_model_is_refused(
    invoke: Invoke, option: str
) -> None:
    invoke("train", "--epochs", 1)
    before = Path("scorenet.json").read_bytes()
    result = invoke("train", "--resume", "scorenet.json", *option.split())
    assert result.exit_code == 2
    assert f"{option.split(maxsplit=1)[0]} cannot be changed with --resume" in one_message(result)
    assert Path("scorenet.json").read_bytes() == before


def test_an_option_that_repeats_the_resumed_model_is_taken(invoke: Invoke) -> None:
    options = ["--hidden", "4", "--bias", "--seed", "9", "--max-score", "100", "--epochs", "2"]
    invoke("train", *options)
    assert invoke("train", *options, "--resume", "scorenet.json", "--quiet").exit_code == 0
    assert saved()["training"]["epochs"] == 4


def test_resuming_on_other_data_is_said(invoke: Invoke) -> None:
    invoke("train", "--epochs", 1)
    Path("d.csv").write_text(DOCUMENT + "2,7,90\n", encoding="utf-8")
    result = invoke("train", "d.csv", "--resume", "scorenet.json", "--epochs", 1)
    assert "was trained on other data" in result.stderr


def test_history_holds_every_epoch(invoke: Invoke) -> None:
    invoke("train", "--epochs", 12, "--history", "h.csv")
    rows = list(csv.DictReader(io.StringIO(Path("h.csv").read_text(encoding="utf-8"))))
    assert [int(row["epoch"]) for row in rows] == list(range(13))
    losses = dict(saved()["training"]["history"])
    assert {int(r["epoch"]): float(r["loss"]) for r in rows if int(r["epoch"]) in losses} == losses


def test_a_resumed_run_goes_on_with_its_history_file(invoke: Invoke) -> None:
    invoke("train", "--epochs", 6, "--history", "whole.csv", "-o", "whole.json")
    invoke("train", "--epochs", 4, "--history", "h.csv")
    invoke("train", "--epochs", 2, "--history", "h.csv", "--resume", "scorenet.json")
    whole, parts = (
        [line.split(",") for line in Path(name).read_text(encoding="utf-8").splitlines()[1:]]
        for name in ("whole.csv", "h.csv")
    )
    assert [epoch for epoch, _ in parts] == [epoch for epoch, _ in whole]
    assert [float(loss) for _, loss in parts] == pytest.approx([float(loss) for _, loss in whole])


@pytest.mark.parametrize("epochs", [1, 1000])
def test_weights_alone_give_what_the_documents_loop_gives_from_them(
    invoke: Invoke, epochs: int
) -> None:
    first = np.array([[0.2, 0.6, 0.1], [0.8, 0.3, 0.7]])
    second = np.array([[0.4], [0.5], [0.9]])
    Path("w").mkdir()
    np.savetxt("w/w1.txt", first, fmt="%s")
    np.savetxt("w/w2.txt", second, fmt="%s")
    words = ["--resume", "w", "--epochs", epochs, "--quiet"]
    assert invoke("train", SAMPLE / "study_hours.csv", *words).exit_code == 0
    formulas = PlainFormulas(first, second)
    for _ in range(epochs):
        formulas.epoch(INPUTS, ACTUAL)
    network = json_file.load("scorenet.json").network
    difference = 1e-12 if epochs == 1 else 1e-6
    assert np.abs(network.layers[0].weights - formulas.first).max() < difference
    assert np.abs(network.layers[1].weights - formulas.second).max() < difference
    assert (saved()["feature_scale"], saved()["target_scale"]) == ([3, 9], [100])


def test_weights_for_other_columns_are_refused(invoke: Invoke) -> None:
    Path("w").mkdir()
    Path("w/w1.txt").write_text("0.2\n0.8\n0.1\n", encoding="utf-8")
    message = one_message(invoke("train", SAMPLE / "study_hours.csv", "--resume", "w"))
    assert "the number of inputs must be 3 and" in message


def test_scores_of_any_size_have_their_metrics(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("h,s\n1,1e200\n2,5e199\n", encoding="utf-8")
    result = invoke("train", "d.csv", "--max-score", "1e200", "--json", "--epochs", "5")
    assert json.loads(result.stdout)["metrics"]["rmse"] < 1e200


def test_a_folder_that_cannot_be_written_to_is_found_before_training(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoke("train", "--epochs", 1)
    monkeypatch.setattr(os, "access", lambda *_: False)
    result = invoke("train", "--epochs", 100_000_000)
    assert "is not writable" in one_message(result)


def test_log_every_prints_to_stderr(invoke: Invoke) -> None:
    network = PlainFormulas(*(layer.weights for layer in random_network((2, 3, 1), seed=23).layers))
    expected = []
    for epoch in range(31):
        loss = np.mean((ACTUAL - network.outputs(INPUTS)) ** 2)
        expected += [f"epoch {epoch}  loss {loss:.10g}"] if epoch % 10 == 0 else []
        network.epoch(INPUTS, ACTUAL)
    words = ["train", "--epochs", 30, "--log-every", 10]
    lines = invoke(*words).stderr.splitlines()
    assert lines[1:5] == expected
    number = r"[\d.e-]+"
    for line in invoke(*words, "--validation", 0.4).stderr.splitlines()[2:6]:
        assert re.fullmatch(rf"epoch \d+  loss {number}  validation {number}", line)


def test_quiet_prints_nothing_where_nothing_is_wrong(invoke: Invoke) -> None:
    result = invoke("train", SAMPLE / "study_hours.csv", "--epochs", 20_000, "--quiet")
    assert (result.stdout, result.stderr) == ("", "")
    assert Path("scorenet.json").exists()


def test_a_run_that_got_nowhere_says_so_and_what_to_try(invoke: Invoke) -> None:
    result = invoke("train", "--epochs", 10, "--quiet")
    assert "no better than predicting the mean" in result.stderr
    assert "Try more --epochs." in result.stderr


def test_a_run_that_diverges_is_an_error_and_changes_nothing(invoke: Invoke) -> None:
    steep = {
        "format": "scorenet-model",
        "version": 1,
        "features": ["x"],
        "targets": ["y"],
        "layers": [{"weights": [[1e200]], "activation": "relu"}],
    }
    Path("scorenet.json").write_text(json.dumps(steep), encoding="utf-8")
    before = Path("scorenet.json").read_bytes()
    Path("d.csv").write_text("x,y\n1,1\n", encoding="utf-8")
    result = invoke("train", "d.csv", "--resume", "scorenet.json")
    assert result.exit_code == 1
    assert "diverged" in one_message(result)
    assert Path("scorenet.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["nowhere.csv"], 1, "nowhere.csv cannot be read: no such file or directory."),
        (["."], 1, ". is a folder, not a file."),
        (["d.csv", "--target", "marks"], 2, "no column 'marks'"),
        (["d.csv", "--features", "hours_sleptt"], 2, "Did you mean 'hours_slept'?"),
        (["d.csv", "--features", "score"], 2, "is both a target and a feature"),
        (["d.csv", "--features", ","], 2, "--features expects names separated by commas"),
        (["d.csv", "--max-score", "90"], 1, "line 2, column 'score': the score 92 is not between"),
        (["d.csv", "--max-score", "nan"], 2, "--max-score expects a number, but 'nan'"),
        (["d.csv", "--learning-rate", "0"], 2, "--learning-rate must be a finite number above 0"),
        (["d.csv", "--tolerance", "inf"], 2, "--tolerance expects a number, but"),
        (["no.csv", "--tolerance", "-1"], 2, "--tolerance must be a finite number of at least 0"),
        (["no.csv", "--resume", "no.json", "--folds", "3"], 2, "--folds trains new models"),
        (["d.csv", "--hidden", "3,x"], 2, "--hidden expects positive sizes"),
        (["d.csv", "--hidden", "0"], 2, "--hidden expects positive sizes"),
        (["d.csv", "--hidden", "99999999"], 2, "more than 10,000,000 parameters"),
        (["d.csv", "-o", "d.csv"], 1, "is not a scorenet model, so it was not overwritten"),
        (["d.csv", "-o", "."], 1, "is a folder"),
        (["d.csv", "-o", "no/where.json"], 1, "there is no folder"),
        (["d.csv", "--history", "d.csv"], 2, "--history would overwrite the CSV"),
        (["d.csv", "--history", "scorenet.json"], 2, "--history would overwrite the --output"),
        (["d.csv", "--features", "a\nb"], 2, "--features expects names separated by commas"),
        (["d.csv", "--hidden", "1_6"], 2, "--hidden expects positive sizes"),
        (["d.csv", "-o", "-"], 2, "--output cannot be standard output"),
        (["d.csv", "-o", ""], 1, "a file name is empty"),
        (
            ["d.csv", "--history", "other.json"],
            1,
            "is not a loss history, so it was",
        ),
        (["d.csv", "--resume", "none.json"], 1, "there is no model none.json"),
    ],
)
def test_what_is_at_fault_is_named_once(
    invoke: Invoke, words: list[str], status: int, expected: str
) -> None:
    Path("d.csv").write_text(DOCUMENT, encoding="utf-8")
    Path("other.json").write_text("{}", encoding="utf-8")
    result = invoke("train", *words)
    assert expected in one_message(result)
    assert result.exit_code == status
    assert Path("d.csv").read_text(encoding="utf-8") == DOCUMENT
    assert not Path("scorenet.json").exists()


def test_a_header_with_markup_escapes_and_cjk_is_shown_safely(
    invoke: Invoke, tmp_path: Path
) -> None:
    header = "hours[/],\x1b[31mslept\x07,分數"
    (tmp_path / "d.csv").write_text(f"{header}\n2,9,92\n1,5,86\n", encoding="utf-8")
    result = invoke("train", "d.csv", "--epochs", 1)
    assert result.exit_code == 0
    assert "hours[/]" in result.stdout
    assert "predicted 分數" in result.stdout
    assert not {"\x1b", "\x07"} & set(result.stdout + result.stderr)
    inspected = invoke("inspect").stdout
    assert "hours[/]" in inspected
    assert "\x1b" not in inspected


def _start(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scorenet_cli", "train", *words],
        cwd=folder,
        env=plain_environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_saves_and_says_how_to_go_on(
    tmp_path: Path, invoke: Invoke, sent: signal.Signals, status: int
) -> None:
    (tmp_path / "d.csv").write_text(DOCUMENT, encoding="utf-8")
    run = _start(tmp_path, "d.csv", "--epochs", "100000000", "--log-every", "1")
    assert run.stderr is not None
    for line in run.stderr:  # it trains by now
        if line.startswith("epoch 5 "):
            break
    run.send_signal(sent)
    _, errors = run.communicate(timeout=30)
    assert run.returncode == status
    assert "Traceback" not in errors
    done = saved(tmp_path / "scorenet.json")["training"]
    assert done["stopped"] == "interrupted"
    command = errors.strip().splitlines()[-1].split()
    assert command == [
        *("scorenet", "train", "d.csv", "--resume", "scorenet.json"),
        *("--epochs", str(100_000_000 - done["epochs"])),
    ]
    assert invoke(*command[1:5], "--epochs", 10).exit_code == 0
    assert saved(tmp_path / "scorenet.json")["training"]["epochs"] == done["epochs"] + 10


def test_lm_reaches_a_loss_of_1e_24_and_says_that_it_converged(invoke: Invoke) -> None:
    answer = json.loads(invoke("train", "--optimizer", "lm", "--json").stdout)
    assert (answer["optimizer"], answer["stopped"]) == ("lm", "converged")
    assert answer["loss"] <= 1e-24
    assert answer["epochs"] < 100


def test_lm_beats_a_straight_line_on_the_larger_sample(invoke: Invoke) -> None:
    words = ["--bias", "--optimizer", "lm", "--epochs", 100, "--json"]
    metrics = json.loads(invoke("train", SAMPLE / "students.csv", *words).stdout)["metrics"]
    assert metrics["baselines"]["mean"]["r2"] == pytest.approx(0, abs=1e-12)
    assert 0.7 < metrics["baselines"]["linear"]["r2"] < 0.8
    assert metrics["r2"] > 0.95


@pytest.mark.parametrize("optimizer", ["adam", "lm"])
def test_other_optimizers_resume_to_the_bit_too(invoke: Invoke, optimizer: str) -> None:
    csv_path = SAMPLE / "students.csv"
    first = ["train", csv_path, "--optimizer", optimizer, "--bias", "--quiet"]
    invoke(*first, "--epochs", 7, "-o", "whole.json")
    invoke(*first, "--epochs", 4, "-o", "part.json")
    invoke("train", csv_path, "--resume", "part.json", "--epochs", 3, "-o", "part.json", "--quiet")
    whole, part = saved("whole.json"), saved("part.json")
    assert part["training"]["optimizer"] == optimizer
    for model in (whole, part):
        del model["training"]["date"]
    assert part == whole


def test_another_optimizer_starts_afresh_and_says_so(invoke: Invoke) -> None:
    invoke("train", "--optimizer", "adam", "--epochs", 2, "--quiet")
    words = ["--resume", "scorenet.json", "--optimizer", "gd", "--epochs", 2, "--quiet"]
    result = invoke("train", *words)
    assert "trained with adam; gd starts with fresh optimizer state" in result.stderr
    assert saved()["training"]["learning_rate"] == 3


@pytest.mark.parametrize("optimizer", ["gd", "adam", "lm"])
def test_restarts_keep_the_best_and_say_how_they_spread(invoke: Invoke, optimizer: str) -> None:
    words = ["train", "--optimizer", optimizer, "--epochs", 40]
    losses = {}
    for seed in (5, 6, 7):
        answer = json.loads(invoke(*words, "--seed", seed, "--json").stdout)
        losses[seed] = answer["loss"]
    answer = json.loads(invoke(*words, "--seed", 5, "--restarts", 3, "--json").stdout)
    assert answer["loss"] == pytest.approx(min(losses.values()), rel=1e-6, abs=1e-28)
    if optimizer != "lm":  # lm's best are all at rounding
        assert answer["seed"] == min(losses, key=lambda seed: losses[seed])
    spread = answer["restarts"]
    assert spread["count"] == 3
    assert spread["best"] <= spread["median"] <= spread["worst"]
    assert spread["worst"] == pytest.approx(max(losses.values()), rel=1e-6, abs=1e-28)
    assert 0 <= spread["prediction_deviation"] <= spread["prediction_range"]
    text = invoke(*words, "--restarts", 3).stdout
    assert "3 starts" in text


def test_validation_is_reported_for_both_parts(invoke: Invoke) -> None:
    words = ["--validation", 0.25, "--patience", 30, "--optimizer", "lm", "--bias"]
    result = invoke("train", SAMPLE / "students.csv", *words, "--json", "--history", "h.csv")
    answer = json.loads(result.stdout)
    assert answer["rows"] == 400
    assert saved()["training"]["rows"] == 400
    assert answer["best_epoch"] <= answer["epochs"]
    for part in (answer["metrics"], answer["metrics"]["validation"]):
        assert list(part)[:4] == ["r2", "rmse", "mae", "baselines"]
        assert part["r2"] > part["baselines"]["linear"]["r2"]
    rows = list(csv.DictReader(io.StringIO(Path("h.csv").read_text(encoding="utf-8"))))
    validation_rows = [float(row["validation_loss"]) for row in rows]
    assert int(rows[int(np.argmin(validation_rows))]["epoch"]) == answer["best_epoch"]


def test_on_pure_noise_the_tool_says_that_the_mean_is_as_good(invoke: Invoke) -> None:
    rng = np.random.default_rng(0)
    lines = [f"{x:.3f},{y:.2f}" for x, y in rng.uniform([0, 20], [10, 80], (80, 2))]
    Path("noise.csv").write_text("hours,score\n" + "\n".join(lines) + "\n", encoding="utf-8")
    words = ["--validation", 0.3, "--optimizer", "lm", "--bias", "--hidden", 8, "--epochs", 100]
    result = invoke("train", "noise.csv", *words)
    assert "no better than" in result.stderr


def test_on_a_straight_line_with_noise_it_is_as_good_as_least_squares(invoke: Invoke) -> None:
    rng = np.random.default_rng(1)
    hours = rng.uniform(0, 10, (500, 2))
    score = np.clip(20 + hours @ [4.0, 2.0] + rng.normal(0, 5, 500), 0, 100)
    lines = [f"{a:.4f},{b:.4f},{y:.4f}" for (a, b), y in zip(hours, score, strict=True)]
    Path("line.csv").write_text("a,b,score\n" + "\n".join(lines) + "\n", encoding="utf-8")
    words = ["--optimizer", "lm", "--bias", "--epochs", 300, "--json"]
    metrics = json.loads(invoke("train", "line.csv", *words).stdout)["metrics"]
    assert metrics["r2"] > metrics["baselines"]["linear"]["r2"] - 0.001


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (
            ["--optimizer", "lm", "--learning-rate", "1"],
            2,
            "--learning-rate has no effect with --optimizer lm",
        ),
        (
            ["--optimizer", "lm", "--batch-size", "4"],
            2,
            "--batch-size has no effect with --optimizer lm",
        ),
        (
            ["many.csv", "--optimizer", "lm", "--hidden", "1200,120"],
            2,
            "145,320 x 1,000 numbers (1.1 GiB)",
        ),
        (["--patience", "3"], 2, "--patience needs --validation"),
        (["--validation", "1"], 2, "--validation expects a fraction between 0 and 1"),
        (["--validation", "nan"], 2, "--validation expects a number, but 'nan'"),
        (
            ["--restarts", "2", "--resume", "m.json"],
            2,
            "--restarts cannot be combined with --resume",
        ),
        (["one.csv", "--validation", "0.5"], 1, "--validation needs at least 2 rows; got 1"),
    ],
)
def test_options_that_do_not_go_together(
    invoke: Invoke, words: list[str], status: int, expected: str
) -> None:
    Path("one.csv").write_text("h,s\n1,50\n", encoding="utf-8")
    Path("many.csv").write_text("h,s\n" + "1,50\n" * 1000, encoding="utf-8")
    result = invoke("train", *words)
    assert expected in one_message(result)
    assert result.exit_code == status


def test_a_resume_holds_back_the_same_rows_whichever_start_was_kept(invoke: Invoke) -> None:
    words = ["train", SAMPLE / "students.csv", "--validation", 0.25, "--optimizer", "lm", "--bias"]
    restarts = ["--seed", 2, "--restarts", 4, "--epochs", 5, "--json"]
    first = json.loads(invoke(*words, *restarts).stdout)
    assert first["seed"] != 2  # another start than the first was kept
    again = invoke(*words[:4], "--resume", "scorenet.json", "--epochs", 0, "--json")
    rows = ("rmse", "mae")
    before, after = (
        [answer["metrics"]["validation"]["baselines"]["mean"][row] for row in rows]
        for answer in (first, json.loads(again.stdout))
    )
    assert before == after


def test_a_resume_keeps_rows_held_back_and_another_part_is_refused(invoke: Invoke) -> None:
    words = ["train", SAMPLE / "students.csv", "--optimizer", "lm", "--bias", "--quiet"]
    invoke(*words, "--validation", 0.25, "--epochs", 3)
    resume = [*words[:2], "--resume", "scorenet.json", "--epochs", 2]
    assert "validation" in json.loads(invoke(*resume, "--json").stdout)["metrics"]
    assert saved()["training"]["rows"] == 400
    message = one_message(invoke(*resume, "--validation", 0.5))
    assert "--validation cannot be changed with --resume" in message


def test_a_history_of_restarts_is_that_of_the_start_that_was_kept(invoke: Invoke) -> None:
    words = ["--optimizer", "adam", "--restarts", 4, "--epochs", 8, "--history", "h.csv"]
    invoke("train", SAMPLE / "students.csv", *words, "--quiet")
    lines = Path("h.csv").read_text(encoding="utf-8").splitlines()[1:]
    curve = {int(line.split(",")[0]): float(line.split(",")[1]) for line in lines}
    assert curve == dict(saved()["training"]["history"])


def test_tiny_scores_have_no_r2_and_no_warning(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("h,s\n1,0\n2,1e-160\n3,0\n4,0\n", encoding="utf-8")
    result = invoke("train", "d.csv", "--max-score", 1, "--json", "--epochs", 3)
    assert json.loads(result.stdout)["metrics"]["r2"] is None


def interrupted_on_a_terminal(folder: Path, words: list[str], awaited: str) -> str:
    """What a terminal of its own shows of a run that Ctrl-C ends when it shows what is awaited."""
    import fcntl  # noqa: PLC0415 - POSIX systems only
    import pty  # noqa: PLC0415
    import struct  # noqa: PLC0415
    import termios  # noqa: PLC0415

    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 50, 0, 0))
    words = [sys.executable, "-m", "scorenet_cli", "train", *words]
    environment = plain_environment(TERM="xterm-256color")
    # A process started in the background ignores Ctrl-C, and its children would.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        words, stdin=its, stdout=its, stderr=its, cwd=folder, env=environment
    )
    signal.signal(signal.SIGINT, before)
    os.close(its)
    text = ""
    while awaited not in text:
        text += os.read(ours, 4096).decode()
    process.send_signal(signal.SIGINT)
    try:
        while more := os.read(ours, 4096).decode():
            text += more
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait() == 130
    return text


@pytest.mark.skipif(os.name == "nt", reason="a terminal of our own needs a POSIX system")
def test_a_terminal_shows_the_curve_live_and_is_left_as_it_was(tmp_path: Path) -> None:
    text = interrupted_on_a_terminal(tmp_path, ["--epochs", "100000000"], "loss (log scale)")
    assert "epochs. The model is saved. Continue with" in text.replace("\r\n", " ")
    hidden, shown = text.rfind("\x1b[?25l"), text.rfind("\x1b[?25h")
    assert -1 < hidden < shown < text.rfind("Interrupted after")  # the cursor is back
    assert "loss (log scale)" not in text[shown:]
    assert (tmp_path / "scorenet.json").exists()


@pytest.mark.skipif(os.name == "nt", reason="a terminal of our own needs a POSIX system")
def test_the_cursor_is_back_when_a_comparison_is_interrupted(tmp_path: Path) -> None:
    rows = "".join(f"{n % 7},{n % 5},{50 + n % 11}\n" for n in range(200))
    (tmp_path / "d.csv").write_text(f"a,b,score\n{rows}", encoding="utf-8")
    text = interrupted_on_a_terminal(tmp_path, ["d.csv", "--hidden", "300"], "comparing")
    hidden, shown = text.rfind("\x1b[?25l"), text.rfind("\x1b[?25h")
    assert -1 < hidden < shown < text.rfind("Interrupted. Nothing was saved.")


@pytest.mark.parametrize("words", [[], ["--quiet"], ["--json"]])
def test_the_documents_rows_are_never_taken_without_a_word(
    invoke: Invoke, words: list[str]
) -> None:
    result = invoke("train", "--epochs", 5, *words)
    assert "No CSV given: training on the document's three rows." in result.stderr


def _closed_pipe(text: bytes) -> int:
    ours, its = os.pipe()
    os.write(its, text)
    os.close(its)
    return ours


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices as POSIX has them")
@pytest.mark.parametrize(
    ("open_it", "is_text"),
    [
        (lambda: None, False),  # closed by the parent process
        (lambda: os.open("empty", os.O_RDONLY), False),
        (lambda: os.open("one", os.O_RDONLY), True),
        (lambda: os.open("/dev/zero", os.O_RDONLY), False),  # no device holds a CSV
        (lambda: _closed_pipe(b""), False),
        (lambda: _closed_pipe(b"h"), True),
        (lambda: os.pipe()[0], False),  # nobody will ever write to it
    ],
    ids=["none", "empty file", "file", "device", "empty pipe", "pipe", "silent pipe"],
)
def test_text_that_waits_on_standard_input_needs_a_dash(
    program: Program,
    capsys: pytest.CaptureFixture[str],
    open_it: Callable[[], int | None],
    is_text: bool,
) -> None:
    Path("empty").touch()
    Path("one").write_text("h", encoding="utf-8")
    handle = open_it()
    stream = None if handle is None else os.fdopen(handle)
    status = program("train", "--epochs", 1, "--json", stdin=stream)
    if stream is not None:
        stream.close()
    assert (status, Path("scorenet.json").exists()) == ((2, False) if is_text else (0, True))
    assert capsys.readouterr().err.splitlines()[0] == (
        "Error: no CSV given, but there is text on standard input. To read it: scorenet train -"
        if is_text
        else "No CSV given: training on the document's three rows."
    )


@pytest.mark.skipif(os.name == "nt", reason="pipes as POSIX has them")
def test_windows_cannot_tell_whether_text_waits_in_a_pipe(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with os.fdopen(_closed_pipe(b"h")) as stream:
        assert program("train", "--epochs", 1, "--json", stdin=stream) == 0
        assert stream.read() == "h"


def test_a_history_of_another_run_is_not_continued(invoke: Invoke) -> None:
    def epochs() -> list[str]:
        lines = Path("h.csv").read_text(encoding="utf-8").splitlines()
        return [line.split(",")[0] for line in lines]

    history = ["--history", "h.csv"]
    invoke("train", "--epochs", 4, "--seed", 1, *history, "-o", "other.json")
    again = invoke("train", "--epochs", 3, "--seed", 1, *history, "-o", "other.json")
    assert "history" not in again.stderr
    assert epochs() == ["epoch", "0", "1", "2", "3"]
    invoke("train", "--epochs", 4)
    words = ["--resume", "scorenet.json", "--epochs", 2, *history]
    said = "Warning: 'h.csv' held the loss history of another run and was replaced.\n"
    assert said in invoke("train", *words).stderr
    assert epochs() == ["epoch", "5", "6"]


def test_a_history_of_descents_side_by_side_is_that_of_the_start_kept(invoke: Invoke) -> None:
    invoke("train", "--restarts", 5, "--epochs", 50, "--history", "h.csv")
    lines = Path("h.csv").read_text(encoding="utf-8").splitlines()[1:]
    curve = {int(line.split(",")[0]): float(line.split(",")[1]) for line in lines}
    for epoch, loss in saved()["training"]["history"]:
        assert curve[epoch] == pytest.approx(loss)


def test_the_log_has_no_effect_with_quiet_and_stays_with_json(invoke: Invoke) -> None:
    message = one_message(invoke("train", "--quiet", "--log-every", 10))
    assert "--log-every has no effect with --quiet" in message
    result = invoke("train", "--json", "--epochs", 20, "--log-every", 10)
    assert "epoch 20  loss" in result.stderr
    assert json.loads(result.stdout)["epochs"] == 20


@pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")
def test_many_short_starts_hear_ctrl_c_and_name_the_command_for_the_others(
    tmp_path: Path, invoke: Invoke
) -> None:
    words = ["--optimizer", "lm", "--restarts", "1000", "--epochs", "400", "--bias"]
    run = _start(tmp_path, *words, "--log-every", "100")
    assert run.stderr is not None
    while not run.stderr.readline().startswith("epoch 0"):
        pass
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=30)
    assert run.returncode == 130
    tried = re.search(r"(\d+) of 1000 starts; the best of these is kept", errors)
    assert tried is not None
    first = 23 + int(tried[1]) - 1  # the interrupted one begins anew
    command = errors.splitlines()[-1].split()
    assert command == [
        *("scorenet", "train", "--bias", "--seed", str(first), "--optimizer", "lm"),
        *("--epochs", "400", "--restarts", str(1023 - first), "--output", "scorenet-others.json"),
    ]
    command[command.index("--restarts") + 1] = "2"
    assert invoke(*command[1:]).exit_code == 0
    assert saved(tmp_path / "scorenet.json")["training"]["stopped"] == "interrupted"


def test_divergence_after_an_autosave_says_what_the_file_holds(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TICK", 0.0)
    Path("d.csv").write_text(DOCUMENT, encoding="utf-8")
    words = ["train", "d.csv", "--activation", "linear", "--output-activation", "linear"]
    words += ["--learning-rate", "100"]
    assert one_message(invoke(*words)).endswith("The model was not saved.")
    monkeypatch.setattr(training_run, "AUTOSAVE_SECONDS", 0.0)
    message = one_message(invoke(*words))
    epoch = saved()["training"]["epochs"]
    assert epoch > 0
    assert message.endswith(f"scorenet.json holds the model of epoch {epoch}.")


def test_a_save_in_between_that_fails_is_a_warning(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, is_full = os.fsync, iter([True])

    def full_at_first(handle: int) -> None:
        if next(is_full, False):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr(loop, "TICK", 0.0)
    monkeypatch.setattr(training_run, "AUTOSAVE_SECONDS", 0.0)
    monkeypatch.setattr(os, "fsync", full_at_first)
    result = invoke("train", SAMPLE / "study_hours.csv", "--optimizer", "lm", "--quiet")
    assert (result.exit_code, saved()["training"]["stopped"]) == (0, "converged")
    assert result.stderr == (
        "Warning: could not autosave: scorenet.json cannot be written: no space left on device. "
        "Nothing was written to it.\n"
    )


TWO = "hours,score,gpa\n" + "".join(f"{h},{8 * h + 5},{(h * 37) % 41 / 10}\n" for h in range(1, 12))


def test_each_target_has_its_metrics_and_its_own_warning(invoke: Invoke) -> None:
    Path("two.csv").write_text(TWO, encoding="utf-8")
    words = ["train", "two.csv", "--target", "score", "--target", "gpa", "--bias", "--seed", 3]
    words += ["--hidden", 1, "--optimizer", "lm", "--max-score", 100, "--max-score", 4.2]
    result = invoke(*words, "--json")
    answer = json.loads(result.stdout)
    targets = answer["metrics"]["targets"]
    assert list(targets) == ["score", "gpa"]
    assert targets["score"]["r2"] > 0.9 > targets["gpa"]["r2"]
    assert saved()["target_scale"] == [100, 4.2]
    page = invoke(*words).stdout
    assert page.index("score\nfit") < page.index("gpa\nfit")
    one = invoke(*words[:-2], "--max-score", 5, "--max-score", 6)
    assert "expects one number, or one for each of 2 targets; got 3" in one_message(one)


def test_scores_above_their_highest_name_one_max_score_for_each_target(invoke: Invoke) -> None:
    Path("two.csv").write_text("h,a,b\n1,150,50\n2,120,50.5\n", encoding="utf-8")
    result = invoke("train", "two.csv", "--epochs", 1, "--target", "b", "--target", "a")
    assert "--max-score 100 --max-score 150, or allow" in one_message(result)
    one = invoke("train", "two.csv", "--epochs", 1, "--target", "a")
    assert "--max-score 150, or allow" in one_message(one)


def test_a_constant_target_leaves_the_others_r2(invoke: Invoke) -> None:
    Path("d.csv").write_text("h,a,b\n1,10,50\n2,20,50\n3,30,50\n4,37,50\n", encoding="utf-8")
    words = ["train", "d.csv", "--target", "a", "--target", "b", "--optimizer", "lm", "--json"]
    metrics = json.loads(invoke(*words).stdout)["metrics"]
    assert metrics["targets"]["b"]["r2"] is None
    assert metrics["r2"] == metrics["targets"]["a"]["r2"]


def test_a_network_whose_file_could_not_be_loaded_is_refused_before_training(
    invoke: Invoke,
) -> None:
    words = ["train", SAMPLE / "study_hours.csv", "--optimizer", "adam", "--hidden", 1_500_000]
    assert "--hidden is too large" in one_message(invoke(*words))
