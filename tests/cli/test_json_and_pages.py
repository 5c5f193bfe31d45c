"""Every command's JSON answer holds the numbers that its page shows, at the page's precision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import Invoke

from scorenet_cli.text import number

SAMPLE = Path(__file__).parents[2] / "sample_data"
TRAIN = ("train", SAMPLE / "students.csv", "--hidden", "3,2", "--bias", "--epochs", 40)
TRAIN_QUIETLY = (*TRAIN, "--quiet")


def numbers(answer: Any) -> Iterator[float]:  # noqa: ANN401 - JSON is any of six types
    if isinstance(answer, dict):
        for value in answer.values():
            yield from numbers(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from numbers(value)
    elif isinstance(answer, int | float) and not isinstance(answer, bool):
        yield answer


@pytest.mark.parametrize("precision", [2, 6, 17])
@pytest.mark.parametrize(
    "words",
    [
        ("forward-trace",),
        ("forward-trace", 4, 8),
        ("backward-trace",),
        ("backward-trace", 4, 8, "--actual", 70, "--learning-rate", 0.25),
    ],
)
def test_traces(invoke: Invoke, words: tuple[object, ...], precision: int) -> None:
    invoke(*TRAIN_QUIETLY)
    words = (*words, "--precision", precision)
    answer = json.loads(invoke(*words, "--json").stdout)
    trace = answer.get("forward", answer)
    trace.pop("document", None)  # what is compared with it has ten digits at least
    page = invoke(*words).stdout.replace(",", " ").replace(")", " ").split()
    shown = {number(value, precision) for value in numbers(answer)}
    shown -= {number(value, precision) for value in (*trace["scores"], 100)}  # divided by 100
    assert not shown - set(page)
    for score in trace["scores"]:
        assert {number(score, precision), number(score, 10)} & set(page)


def test_predict(invoke: Invoke) -> None:
    invoke(*TRAIN_QUIETLY)
    for values in ((4, 8), (1.5, -3)):
        answer = json.loads(invoke("predict", *values, "--json").stdout)
        (score,) = answer["predictions"][0]["scores"]
        assert invoke("predict", *values).stdout == f"{score:.6f}\n"
        assert invoke("predict", *values, "--precision", 17).stdout == f"{score:.17f}\n"
    table = ("--csv", SAMPLE / "students.csv")
    answer = json.loads(invoke("predict", *table, "--json").stdout)
    scores = [f"{row['scores'][0]:.6f}" for row in answer["predictions"]]
    lines = invoke("predict", *table).stdout.splitlines()
    assert [line.rpartition(",")[2] for line in lines[1:]] == scores


def test_inspect(invoke: Invoke) -> None:
    invoke(*TRAIN_QUIETLY)
    words = ("inspect", "--data", SAMPLE / "students.csv")
    answer = json.loads(invoke(*words, "--json").stdout)
    page = invoke(*words).stdout
    for layer in answer["layers"]:
        for value in numbers([layer["weights"], layer["bias"]]):
            assert number(value) in page
    fit = answer["fit"]
    for metrics in (fit, fit["baselines"]["mean"], fit["baselines"]["linear"]):
        row = [f"{metrics['r2']:.4f}", number(metrics["rmse"], 4), number(metrics["mae"], 4)]
        assert row in [line.split()[-3:] for line in page.splitlines()]
    for value in (*answer["feature_scale"], answer["training"]["rows"]):
        assert number(value) in page
    assert f"{answer['training']['loss']:.6g}" in page


def test_train(invoke: Invoke) -> None:
    answer = json.loads(invoke(*TRAIN, "--json").stdout)
    page = invoke(*TRAIN).stdout
    assert f"{answer['loss']:.6g} after 40 epochs" in page
    metrics = answer["metrics"]
    for each in (metrics, metrics["baselines"]["mean"], metrics["baselines"]["linear"]):
        row = [f"{each['r2']:.4f}", number(each["rmse"], 4), number(each["mae"], 4)]
        assert row in [line.split()[-3:] for line in page.splitlines()]
