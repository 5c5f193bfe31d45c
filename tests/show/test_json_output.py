from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support import fit_result

from scorenet_cli.core.metrics import Baselines, ClassFit, Evaluation, Fit, Metrics
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.core.optimizers.evidence import Evidence
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.model.batch import batch_trace
from scorenet_cli.model.model import Model
from scorenet_cli.model.trace import Term
from scorenet_cli.show.json_output import (
    as_json,
    batch_answer,
    evaluation_answer,
    to_line,
    train_answer,
)
from scorenet_cli.training.fit import Choice, RestartStats
from scorenet_cli.training.loop import TrainingResult
from scorenet_cli.training.settings import Settings


def test_data_classes_become_objects_and_from_loses_its_underscore() -> None:
    answer = as_json((Term("h1", 0.1, 0.2, 0.1 * 0.2),))
    assert answer == [{"from": "h1", "value": 0.1, "weight": 0.2, "product": 0.1 * 0.2}]


def test_a_batch_has_every_matrix_by_its_name() -> None:
    """o = 2 · 0.5 = 1 and y = 3: the loss is 4, the change of the weight 0.25 · 0.5 · 2."""
    layer = Layer(np.array([[2.0]]), None, "linear")
    model = Model(Network((layer,)), ("a",), ("y",), np.ones(1), np.ones(1))
    trace = batch_trace(model, np.array([[0.5]]), np.array([[3.0]]), learning_rate=0.25, check=True)
    answer = batch_answer(trace, "m.json", "rows.csv")
    assert answer.pop("check") == as_json(trace.check)
    assert answer == {
        "model": "m.json",
        "data": "rows.csv",
        "rows": 1,
        "learning_rate": 0.25,
        "X": [[0.5]],
        "y": [[3]],
        "W1": [[2]],
        "z": [[1]],
        "o": [[1]],
        "o_error": [[2]],
        "o_delta": [[2]],
        "W1_product": [[1]],
        "W1_after": [[2.25]],
        "loss": 4,
        "loss_after": 1.875**2,
    }
    assert "check" not in batch_answer(replace(trace, check=None), "m.json", "rows.csv")


FIT = Fit(0.5, 2.0, 1.0, Baselines(Metrics(None, 3.0, 4.0), Metrics(0.25, 5.0, 6.0)))
FIT_ANSWER = {
    "r2": 0.5,
    "rmse": 2,
    "mae": 1,
    "baselines": {
        "mean": {"r2": None, "rmse": 3, "mae": 4},
        "linear": {"r2": 0.25, "rmse": 5, "mae": 6},
    },
}
BY_CLASS = ClassFit("y", ("no", "yes"), 0.75, "no", 0.5, ((2, 1), (0, 1)))
BY_CLASS_ANSWER = {
    "target": "y",
    "classes": ["no", "yes"],
    "accuracy": 0.75,
    "most_frequent": "no",
    "most_frequent_accuracy": 0.5,
    "confusion": [[2, 1], [0, 1]],
}


def test_an_evaluation_has_what_is_known() -> None:
    table = np.ones((4, 2))
    plain = Evaluation(table, table, table, FIT, (FIT,))
    assert evaluation_answer(plain, ["score"]) == FIT_ANSWER | {"training_data": False}
    known = plain._replace(
        each=(FIT, FIT),
        is_training_data=True,
        classes=(BY_CLASS,),
        importance={"a": (0.5, 0.125), "b": (0.25, 0)},
        coverage=(0.75, 1),
    )
    assert evaluation_answer(known, ["score", "y"]) == {
        **FIT_ANSWER,
        "training_data": True,
        "targets": {"score": FIT_ANSWER, "y": FIT_ANSWER},
        "classes": [BY_CLASS_ANSWER],
        "importance": {"a": 0.5, "b": 0.25},
        "importance_spread": {"a": 0.125, "b": 0},
        "interval_coverage": {"score": 0.75, "y": 1},
    }


def test_a_run_has_what_is_known() -> None:
    scores = np.array([[1.0], [2.0]])
    data = Dataset("rows.csv", "", ("a",), ("score",), scores, scores, columns={"a": "km"})
    network = Network((Layer(np.ones((1, 1))),))
    run = TrainingResult(network, 9, 7, 0.5, "patience", 0.25, ())
    fit = fit_result(data, scores, run, fit=FIT, validation=FIT)
    plain: dict[str, Any] = {
        "model": "m.json",
        "data": "rows.csv",
        "rows": 2,
        "epochs": 9,
        "best_epoch": 7,
        "optimizer": "gd",
        "seed": 23,
        "loss": 0.5,
        "stopped": "patience",
        "seconds": 0.25,
        "metrics": FIT_ANSWER | {"validation": FIT_ANSWER | {"training_data": False}},
        "columns": {"a": "km"},
        "warnings": ["few rows"],
    }
    assert train_answer(replace(fit, warnings=("few rows",)), "m.json") == plain
    evidence = Evidence((0.1, 2.0), np.ones(1), 1.5, 8.0, -3.5, np.eye(1))
    held_out = Evaluation(scores, scores, scores, FIT)
    choice = Choice((((), FIT), ((2, 4), FIT)), 1234, Settings(hidden=(2, 4)))
    answer = train_answer(
        replace(
            fit,
            plan=replace(fit.plan, options={"weight_decay": "auto"}),
            result=replace(run, evidence=evidence),
            warnings=("few rows",),
            classes=(BY_CLASS,),
            cross_validation=held_out,
            choice=choice,
            restarts=RestartStats(2, 0.5, 0.75, 1.0, 0.125, 0.25),
        ),
        "m.json",
        "scorenet train",
    )
    plain["metrics"] |= {
        "classes": [BY_CLASS_ANSWER],
        "cross_validation": FIT_ANSWER | {"training_data": False},
    }
    assert answer == plain | {
        "weight_decay": "auto",
        "decays": [0.1, 2],
        "effective_parameters": 1.5,
        "parameters": 1,
        "log_evidence": -3.5,
        "chosen": {
            "hidden": [2, 4],
            "rows": 1234,
            "command": "scorenet train",
            "compared": [{"hidden": [], **FIT_ANSWER}, {"hidden": [2, 4], **FIT_ANSWER}],
        },
        "restarts": {
            "count": 2,
            "best": 0.5,
            "median": 0.75,
            "worst": 1,
            "prediction_deviation": 0.125,
            "prediction_range": 0.25,
        },
    }
    assert train_answer(fit, "m.json")["warnings"] == []
    assert train_answer(replace(fit, choice=choice), "m.json")["chosen"]["command"] == ""


def test_a_line_keeps_every_bit_and_is_ascii() -> None:
    answer = {"時間": 0.1 + 0.2}
    line = to_line(answer)
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line) == answer


def test_nan_is_no_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_line({"loss": float("nan")})
