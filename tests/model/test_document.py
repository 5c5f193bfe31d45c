from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest

from scorenet_cli.data.csv_table import make_table
from scorenet_cli.data.dataset import read_dataset
from scorenet_cli.model import document as example
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.model.trace import forward_trace

TRACE = forward_trace(example.worked_example(), example.VALUES)


def test_the_sums_are_the_documents() -> None:
    # 2 · .2 + 9 · .8 = 7.6; 2 · .6 + 9 · .3 = 3.9; 2 · .1 + 9 · .7 = 6.5
    assert [neuron.sum for neuron in TRACE.layers[0].neurons] == pytest.approx([7.6, 3.9, 6.5])


def test_the_outputs_are_the_exact_ones() -> None:
    assert [f"{neuron.output:.10f}" for neuron in TRACE.layers[0].neurons] == [
        "0.9994997989",
        "0.9801596943",
        "0.9984988177",
    ]
    assert f"{TRACE.layers[1].neurons[0].sum:.10f}" == "1.7885287027"
    assert f"{TRACE.outputs[0]:.10f}" == "0.8567467964"
    assert TRACE.scores[0] == pytest.approx(85.67467964)


def test_the_printed_figures_follow_from_each_other() -> None:
    # .9994 · .4 + 1.000 · .5 + .9984 · .9 = 1.79832, and 1 / (1 + e^-1.79832) = .8579443067
    printed = {(f.neuron, f.what): float(f.printed) for f in _figures()}
    assert pytest.approx(printed["score", "sum"]) == 0.9994 * 0.4 + 1.000 * 0.5 + 0.9984 * 0.9
    assert 1 / (1 + np.exp(-1.79832)) == pytest.approx(printed["score", "output"], abs=5e-11)


def test_each_difference_is_printed_less_exact_and_each_wrong_one_has_its_reason() -> None:
    for figure in _figures():
        assert figure.difference == float(figure.printed) - figure.exact
        assert bool(figure.why) == (abs(figure.difference) > 1e-12)


def _figures() -> tuple[example.Figure, ...]:
    return example.document_figures(TRACE).figures


def test_the_rows_in_the_package_are_the_sample_file() -> None:
    sample = Path(__file__).parents[2] / "sample_data" / "study_hours.csv"
    assert sample.read_bytes() == example.ROWS_CSV
    data = read_dataset(make_table(example.ROWS_CSV, "rows"))
    assert data.features == example.FEATURES
    assert data.targets == example.TARGETS
    assert data.inputs.tolist() == [[2, 9], [1, 5], [3, 6]]
    assert data.scores.tolist() == [[92], [86], [89]]


def test_every_figure_is_the_documents_with_its_reason() -> None:
    cut = "the document truncates; rounded it is "
    assert example.document_figures(TRACE).goal == 92
    assert [(f.layer, f.neuron, f.what, f.printed, f.why) for f in _figures()] == [
        ("hidden", "h1", "sum", "7.6", ""),
        ("hidden", "h2", "sum", "3.9", ""),
        ("hidden", "h3", "sum", "6.5", ""),
        ("hidden", "h1", "output", ".9994", f"{cut}.9995"),
        ("hidden", "h2", "output", "1.000", example.document_figures(TRACE).figures[4].why),
        ("hidden", "h3", "output", ".9984", f"{cut}.9985"),
        (
            *("output", "score", "sum", "1.79832"),
            "follows from the three figures above it, mainly from 1.000 for sigmoid(3.9)",
        ),
        (
            *("output", "score", "output", ".8579443067"),
            "is the sigmoid of 1.79832, so it is correct for that sum",
        ),
    ]
    assert "1 + e^-7.5 = 1.000553084" in _figures()[4].why
    for figure in _figures():
        assert figure.exact == pytest.approx(float(figure.printed), abs=0.02)


def test_the_reason_for_the_document_s_1_000_is_true() -> None:
    assert f"{1 + np.exp(-7.5):.9f}" == "1.000553084"
    assert f"{1 / (1 + np.exp(-3.9)):.10f}" == "0.9801596943"


def trained_on(sha256: str) -> Model:
    return dataclasses.replace(example.worked_example(), training=TrainingRecord(sha256=sha256))


def test_the_trained_answer_belongs_to_the_document_s_question_asked_its_way() -> None:
    model = trained_on(hashlib.sha256(example.ROWS_CSV).hexdigest())
    answer = example.trained_answer(model, (4, 8), "own")
    assert answer is not None
    assert 0.914 < float(answer.printed) < 0.919
    assert ".914 to .919" in answer.why
    assert example.trained_answer(model, (4, 8), "training") is None
    assert example.trained_answer(model, (40, 80), "own") is None
    assert example.trained_answer(trained_on("00"), (4, 8), "own") is None
    assert example.trained_answer(example.worked_example(), (4, 8), "own") is None
