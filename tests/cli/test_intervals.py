"""train --weight-decay and predict --interval, as on the command line."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import Invoke, one_message

import scorenet_cli as scorenet

ROWS = 30


@pytest.fixture(autouse=True)
def _rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    hours = rng.uniform(0, 10, ROWS).round(1)
    scores = (40 + 4 * hours + 5 * rng.standard_normal(ROWS)).round()
    lines = [f"{hour},{score}" for hour, score in zip(hours, scores, strict=True)]
    (tmp_path / "rows.csv").write_text("\n".join(["hours,score", *lines]) + "\n", encoding="utf-8")


def train(invoke: Invoke, *options: object) -> Any:  # noqa: ANN401 - JSON
    result = invoke(
        "train", "rows.csv", "--optimizer", "lm", "--bias", "--json", "--weight-decay", *options
    )
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_train_tells_how_many_parameters_are_used(invoke: Invoke) -> None:
    answer = train(invoke, "auto")
    assert answer["weight_decay"] == "auto"
    assert len(answer["decays"]) == 2
    assert 1 < answer["effective_parameters"] < 6
    assert answer["parameters"] == 10
    page = invoke("train", "rows.csv", "--optimizer", "lm", "--bias", "--weight-decay", "auto")
    used = rf"parameters +{answer['effective_parameters']:.1f} of 10 effective\n"
    assert re.search(used, page.stdout)


def test_the_score_is_between_the_ends_of_its_interval(invoke: Invoke) -> None:
    train(invoke, "auto")
    alone = invoke("predict", 5).stdout.strip()
    score, low, high = invoke("predict", 5, "--interval", "0.9").stdout.split()
    assert score == alone
    assert 40 < float(low) < float(score) < float(high) < 80
    narrow = invoke("predict", 5, "--interval", "0.5").stdout.split()
    assert float(low) < float(narrow[1]) < float(narrow[2]) < float(high)


def test_json_has_an_interval_for_each_target(invoke: Invoke) -> None:
    train(invoke, 0.01)
    _, low, high = invoke("predict", 5, "--interval", "0.9").stdout.split()
    answer = json.loads(invoke("predict", 5, "--interval", "0.9", "--json").stdout)
    (interval,) = answer["predictions"][0]["intervals"]
    assert interval == pytest.approx([float(low), float(high)], abs=1e-6)
    assert "intervals" not in json.loads(invoke("predict", 5, "--json").stdout)["predictions"][0]


def test_a_csv_gets_two_more_columns(invoke: Invoke) -> None:
    train(invoke, "auto")
    result = invoke("predict", "--csv", "rows.csv", "--interval", "0.9")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert list(rows[0]) == [
        "hours", "score", "predicted_score", "predicted_score_low", "predicted_score_high"
    ]  # fmt: skip
    assert len(rows) == ROWS
    inside = [
        float(row["predicted_score_low"])
        <= float(row["score"])
        <= float(row["predicted_score_high"])
        for row in rows
    ]
    assert sum(inside) >= 0.8 * ROWS


def test_a_row_without_a_prediction_has_no_interval(invoke: Invoke) -> None:
    train(invoke, "auto")
    words = ("predict", "--csv", "-", "--interval", "0.9")
    rows = "hours\n5\nNA\n"
    assert invoke(*words, stdin=rows).stdout.splitlines()[2] == "NA,,,"
    first, second = json.loads(invoke(*words, "--json", stdin=rows).stdout)["predictions"]
    assert list(first) == list(second)
    assert second["intervals"] is None


def test_a_model_without_intervals_names_the_way_to_one(invoke: Invoke) -> None:
    invoke("train", "rows.csv", "--epochs", 5)
    result = invoke("predict", 5, "--interval", "0.9")
    assert result.exit_code != 0
    message = one_message(result)
    assert "--interval" in message
    assert "--optimizer lm and --weight-decay auto" in message


@pytest.mark.parametrize("level", ["0", "1", "90"])
def test_a_level_that_is_no_probability_is_refused(invoke: Invoke, level: str) -> None:
    result = invoke("predict", 5, "--interval", level)
    assert result.exit_code == 2
    assert "expects a fraction between 0 and 1" in one_message(result)


@pytest.mark.parametrize("value", ["much", "-1", "nan"])
def test_a_decay_that_is_none_is_refused_before_rows_are_read(invoke: Invoke, value: str) -> None:
    result = invoke("train", "missing.csv", "--weight-decay", value)
    assert result.exit_code == 2
    assert "--weight-decay expects a number of at least 0, or auto" in one_message(result)


def test_auto_without_lm_is_refused_before_rows_are_read(invoke: Invoke) -> None:
    result = invoke("train", "missing.csv", "--weight-decay", "auto", "--epochs", 5)
    assert result.exit_code == 2
    assert "--weight-decay auto needs --optimizer lm" in one_message(result)


def test_the_warning_and_the_trace_show_the_interval(invoke: Invoke) -> None:
    train(invoke, "auto")
    result = invoke("predict", 30)
    found = re.search(
        r"extrapolation \(([\d.]+), 90 % interval ([\d.]+) to ([\d.]+)\)\.$", result.stderr
    )
    assert found is not None, result.stderr
    asked = invoke("predict", 30, "--interval", 0.9).stdout.split()
    assert list(map(float, found.groups())) == pytest.approx(list(map(float, asked)), abs=0.51)
    assert "interval" not in invoke("predict", 5).stderr
    trace = invoke("forward-trace", 30)
    assert trace.stdout.rstrip().endswith(f"90 % interval {found[2]} to {found[3]}")
    assert "interval" not in invoke("forward-trace", 30, "--blank").stdout  # it is a result
    answer = json.loads(invoke("forward-trace", 30, "--json").stdout)
    assert answer["intervals"][0] == pytest.approx(list(map(float, asked[1:])), abs=1e-6)


def test_the_warning_has_an_interval_for_each_target(invoke: Invoke) -> None:
    lines = [f"{n},{2 * n + n % 3},{3 * n + n % 5}" for n in range(12)]
    Path("two.csv").write_text("\n".join(["hours,s,t", *lines]), encoding="utf-8")
    words = ["--optimizer", "lm", "--weight-decay", "auto", "--hidden", "none"]
    invoke("train", "two.csv", "--target", "s", "--target", "t", *words)
    said = re.sub(r"[\d.]*\d", "N", invoke("predict", 12).stderr)
    each = "N, N % interval N to N"
    assert said == (
        "Warning: 'hours' = N is outside the training range N to N: the prediction is an "
        f"extrapolation (s: {each}) (t: {each}).\n"
    )


def test_neither_is_shown_where_the_model_has_no_interval(invoke: Invoke) -> None:
    invoke("train", "rows.csv", "--epochs", 5)
    result = invoke("forward-trace", 30)
    assert "interval" not in result.output
    assert result.stderr.endswith("the prediction is an extrapolation.\n")


def test_inspect_counts_the_rows_inside_their_intervals(invoke: Invoke) -> None:
    train(invoke, "auto")
    answer = json.loads(invoke("inspect", "--data", "rows.csv", "--json").stdout)["fit"]
    coverage = answer["interval_coverage"]["score"]
    assert coverage >= 0.8
    line = f"90 % intervals contain the actual score in {round(coverage * ROWS)} of 30 rows."
    page = invoke("inspect", "--data", "rows.csv").stdout
    assert line in page
    (lost,) = re.findall(r"^hours +([\d.]+) +[\d.]+$", page, re.MULTILINE)
    assert answer["importance"]["hours"] == pytest.approx(float(lost), abs=1e-4)


def test_a_result_measures_importance_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    fitted = scorenet.train(path, optimizer="lm", bias=True, epochs=20)
    again = scorenet.evaluate(fitted.model, path)
    assert fitted.importance == again.importance
    assert fitted.importance["hours"].loss > 1
