"""Whole pages as they are printed, kept in golden/: of 50 signs with their styles.

SCORENET_REWRITE_GOLDEN=1 python -m pytest tests/show/test_golden.py writes them anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from pictures import assert_nothing_overlaps
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text
from support import fit_result, named, shown, styled

from scorenet_cli.core import metrics
from scorenet_cli.core.intervals import Uncertainty
from scorenet_cli.core.metrics import Baselines, ClassFit, Evaluation, Fit, Metrics
from scorenet_cli.core.network import Network
from scorenet_cli.core.optimizers.evidence import Evidence
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.model import document, json_file
from scorenet_cli.model.batch import batch_trace
from scorenet_cli.model.blank import blank, blank_batch
from scorenet_cli.model.importance import Importance
from scorenet_cli.model.model import Model, predict, predict_inputs
from scorenet_cli.model.svg import backward_picture, forward_picture, network_picture
from scorenet_cli.model.trace import backward_trace, forward_trace
from scorenet_cli.show.html_page import html_page
from scorenet_cli.show.pages.backward import backward_page
from scorenet_cli.show.pages.batch import batch_page
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.pages.forward import forward_page
from scorenet_cli.show.pages.inspect import inspection
from scorenet_cli.show.pages.train import training_summary
from scorenet_cli.show.response import response_part
from scorenet_cli.show.response_picture import response_picture
from scorenet_cli.show.tables import Result, heading, key_value_table, number_table
from scorenet_cli.training.fit import Choice, RestartStats
from scorenet_cli.training.loop import TrainingResult
from scorenet_cli.training.settings import Settings

HERE = Path(__file__).parent
STUDENTS = HERE.parents[1] / "sample_data" / "students.csv"

EXAMPLE, MODEL = document.worked_example(), json_file.load(str(HERE / "golden" / "model.json"))
VALUES = (4.0, 8.0)
RESPONSES = ("curve", "surface", "curves")
NARROW = 50


def rows(first: int, last: int) -> Dataset:
    table = np.loadtxt(STUDENTS, delimiter=",", skiprows=1)[first:last]
    return Dataset("students.csv", "", MODEL.features, MODEL.targets, table[:, :2], table[:, 2:])


def fit_on(data: Dataset) -> Fit:
    known = (data.inputs, data.scores)
    return metrics.compare(
        predict(MODEL, data.inputs).scores, *known, metrics.fit_baselines(*known)
    )


def train_page() -> RenderableType:
    run = TrainingResult(
        network=MODEL.network,
        epochs=1234,
        best_epoch=1200,
        loss=0.00125,
        stopped="patience",
        seconds=0.5,
        history=(),
        validation_loss=0.00234,
        start=4,
    )
    data = rows(0, 300)
    return training_summary(
        fit_result(
            data,
            predict(MODEL, data.inputs).scores,
            run,
            fit=fit_on(data),
            validation=fit_on(rows(300, 400)),
            spread=RestartStats(32, 0.00125, 0.0025, 0.01, 0.12345, 1.5),
            seed=27,
        )
    )


def train_page_of_the_document() -> RenderableType:
    scores = np.array([[92.0], [86.0], [89.0]])
    inputs = np.array([[2.0, 9.0], [1.0, 5.0], [3.0, 6.0]])
    data = Dataset("", "", document.FEATURES, document.TARGETS, inputs, scores)
    predicted = scores + np.array([[0.25], [-0.5], [0.125]])
    run = TrainingResult(EXAMPLE.network, 1000, 1000, 1.25e-5, "epochs", 0.02, ())
    known = (inputs, scores)
    fit = metrics.compare(predicted, *known, metrics.fit_baselines(*known))
    return training_summary(fit_result(data, predicted, run, fit=fit))


def train_page_of_auto() -> RenderableType:
    """Four inputs, two scores and a class; sizes compared, starts ranked by their evidence."""
    features, targets, grades = (
        ("hours", "sleep", "x", "town"),
        ("score", "art", "grade"),
        ("a", "b"),
    )
    rng = np.random.default_rng(5)
    scores = np.column_stack([rng.uniform(20, 90, (12, 2)), np.arange(12) % 2]).round(1)
    data = Dataset("", "", features, targets, rng.uniform(0, 9, (12, 4)).round(1), scores)
    data = replace(data, classes={"grade": grades})
    predicted = scores + np.array([1.5, -0.5, 0.25])
    best = Metrics(0.98765, 1.23456, 0.5)
    fit, worse = Fit(0.9, 2, 1, Baselines(best, best)), Fit(None, 2e-7, 1, Baselines(best, best))
    evidence = Evidence((0.0012345, 2.5), np.ones(3), 7.25, 20.0, -3.5, np.eye(3))
    network = named(features, (4, 3, 3)).network
    run = TrainingResult(network, 40, 40, 0.01, "converged", 2.0, (), evidence=evidence)
    by_class = ClassFit("grade", grades, 0.75, "a", 0.5, ((5, 1), (2, 4)))
    held_out = Evaluation(
        data.inputs, scores, predicted, worse, (fit, worse, fit), classes=(by_class,)
    )
    return training_summary(
        replace(
            fit_result(data, predicted, run, fit=fit),
            each=(fit, fit, worse),
            cross_validation=held_out,
            restarts=RestartStats(32, 0.001, 0.002, 0.01, 0.123456, 1.54321),
            choice=Choice((((), worse), ((8, 4), fit)), 1234, Settings(hidden=(8, 4))),
        ),
        "scorenet train rows.csv --hidden 8",
    )


def inspect_page() -> RenderableType:
    data = rows(0, 400)
    importance = dict(
        zip(MODEL.features, (Importance(0.1, 0.01), Importance(0.8, 0.02)), strict=True)
    )
    predicted = predict(MODEL, data.inputs).scores
    scored = Evaluation(data.inputs, data.scores, predicted, fit_on(data), importance=importance)
    return inspection(MODEL, "model.json", scored)


def inspect_page_of_columns() -> RenderableType:
    model = replace(
        named(("hours", "smoker"), (2, 2, 1)),
        categories={"smoker": ("no", "yes")},
        feature_range=np.array([[-2.0, 3.0], [0.0, 1.0]]),
        feature_offset=np.array([0.5, 0.25]),
    )
    return inspection(model, "columns.json")


def forward_trace_of_the_document() -> RenderableType:
    trace = forward_trace(EXAMPLE, document.VALUES)
    return forward_page(trace, document.document_figures(trace), Look())


def backward_trace_of_a_model() -> RenderableType:
    trace = backward_trace(MODEL, VALUES, (95,), learning_rate=0.5)
    return backward_page(trace, Look(source="model.json"))


def backward_trace_of_the_document() -> RenderableType:
    trace = backward_trace(EXAMPLE, document.VALUES, (document.TARGET,))
    return backward_page(trace, Look())


def backward_trace_with_check() -> RenderableType:
    trace = backward_trace(EXAMPLE, document.VALUES, (document.TARGET,), check=True)
    return backward_page(trace, Look(explain=True))


def batch_page_of_a_model(*, is_blank: bool = False) -> RenderableType:
    data = rows(0, 22)
    actual = data.scores / MODEL.target_scale
    inputs = data.inputs / MODEL.feature_scale
    trace = batch_trace(MODEL, inputs, actual, learning_rate=3.0, check=not is_blank)
    trace = blank_batch(trace) if is_blank else trace
    return batch_page(trace, Look(source="model.json", explain=not is_blank), "students.csv")


def batch_page_of_many_columns() -> RenderableType:
    model = named(("a name of many letters, and more", "another one of many letters"), (2, 21, 1))
    layers = tuple(replace(layer, bias=None) for layer in model.network.layers)
    model = replace(model, network=Network(layers))
    trace = batch_trace(model, np.ones((1, 2)), np.full((1, 1), 0.5), learning_rate=1.0)
    return batch_page(trace, Look(source="model.json"), "rows.csv")


def response_of(name: str) -> tuple[Model, Evaluation]:
    """A model with a curve and its interval, one with a surface, one with several curves."""
    features, shape = {
        "curve": (("hours",), (1, 3, 1)),
        "surface": (("hours", "slept"), (2, 3, 1)),
        "curves": (("hours", "town", "age"), (5, 3, 2)),
    }[name]
    model = named(features, shape)
    ranges = np.tile([-2.0, 3.0], (shape[0], 1))
    model = replace(model, feature_range=ranges)
    inputs = np.random.default_rng(1).uniform(-2, 3, (12, shape[0])).round(2)
    if name == "curves":
        model = replace(model, categories={"town": ("Bern", "Rom", "Wien")})
        inputs[:, 1:4] = np.eye(3)[np.arange(12) % 3]
    if name != "surface":
        factor, noise = 0.1 * np.eye(model.network.parameters), np.full(shape[-1], 0.01)
        model = replace(model, uncertainty=Uncertainty(factor, noise, 9.0))
    scores = predict_inputs(model, inputs).scores
    importance = {feature: Importance(0.3 + n, 0.1) for n, feature in enumerate(features)}
    fit = fit_on(rows(0, 22))
    return model, Evaluation(inputs, (scores + 5).round(), scores, fit, importance=importance)


def network_of(name: str) -> str:
    """Drawings of a scaled model, one with more than there is room for, one of long numbers."""
    model = replace(
        named(("hours", "slept"), (2, 3, 2, 2)),
        feature_offset=np.array([4.5, 0.0]),
        feature_scale=np.array([2.5, 9.0]),
        target_offset=np.array([50.0, 0.0]),
    )
    if name == "forward":
        return forward_picture(forward_trace(model, VALUES))
    if name == "backward":
        return backward_picture(backward_trace(model, VALUES, (95, 40), learning_rate=2.0))
    if name == "digits":
        return forward_picture(forward_trace(named(("睡眠時間",), (1, 1, 1)), (4,)), precision=12)
    model = named(("a name of more than twenty letters", "b", "睡眠", "d"), (4, 11, 3, 1))
    *others, last = model.network.layers
    layers = (*others, replace(last, weights=last.weights * 50))
    return network_picture(replace(model, network=Network(layers)))


def response_page(name: str) -> RenderableType:
    return Group(*response_part(*response_of(name)))


PAGES: dict[str, Callable[[], RenderableType]] = {
    "train": train_page,
    "train-auto": train_page_of_auto,
    "train-document": train_page_of_the_document,
    "inspect": inspect_page,
    "inspect-columns": inspect_page_of_columns,
    "inspect-document": lambda: inspection(EXAMPLE, "worked example"),
    "forward-trace": lambda: forward_page(
        forward_trace(MODEL, VALUES), None, Look(source="model.json")
    ),
    "forward-trace-document": forward_trace_of_the_document,
    "backward-trace": backward_trace_of_a_model,
    "backward-trace-document": backward_trace_of_the_document,
    "backward-trace-check": backward_trace_with_check,
    "backward-trace-blank": lambda: backward_page(
        blank(backward_trace(MODEL, VALUES, (95,))), Look(source="model.json")
    ),
    **{f"response-{name}": partial(response_page, name) for name in RESPONSES},
    "batch": batch_page_of_a_model,
    "batch-blank": lambda: batch_page_of_a_model(is_blank=True),
    "batch-wide": batch_page_of_many_columns,
}


@pytest.mark.parametrize(
    ("page", "width"),
    [
        (page, width)
        for page in PAGES
        for width in (80, NARROW)
        if (page, width) != ("batch-wide", 80)
    ],
)
def test_a_page_is_as_it_was(page: str, width: int) -> None:
    kept = HERE / "golden" / f"{page}-{width}.txt"
    text = (styled if width == NARROW else shown)(PAGES[page](), width)
    text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
    assert max(map(len, re.sub("<[^<>]*>", "", text).splitlines())) <= width
    if os.environ.get("SCORENET_REWRITE_GOLDEN"):
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text("utf-8")


def test_a_page_of_html_is_as_it_was() -> None:
    rows = [("h1",), ("<a>", "", Result(0.5)), (), ("bias", 2.0, 1.0), ()]
    table = number_table(["", "value", "sum"], rows, 4)
    parts: list[RenderableType] = [Text("why,\nhow", style="dim"), Text(), table]
    indented = Padding(Group(Text("as it is"), Text("more")), (0, 0, 0, 4))
    parts += [key_value_table([("loss", "1")]), indented]
    page = Group(heading("A & B"), heading("Next"), *parts)
    kept, text = HERE / "golden" / "page.html", html_page(page, "<svg/>", "scorenet")
    if os.environ.get("SCORENET_REWRITE_GOLDEN"):
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text("utf-8")


@pytest.mark.parametrize("name", ["forward", "backward", "digits", "crowded"])
def test_a_network_is_drawn_as_it_was(name: str) -> None:
    kept, text = HERE / "golden" / f"network-{name}.svg", network_of(name)
    assert_nothing_overlaps(text)
    if os.environ.get("SCORENET_REWRITE_GOLDEN"):
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text("utf-8")


@pytest.mark.parametrize("name", RESPONSES)
def test_a_picture_is_as_it_was(name: str) -> None:
    kept = HERE / "golden" / f"response-{name}.svg"
    lines = response_picture(*response_of(name)).replace("><", ">\n<").splitlines(keepends=True)
    # Of the 1,120 cells of a surface every fiftieth is enough.
    is_cell = ["<rect" in line and 'fill="#' in line and "12.0" not in line for line in lines]
    text = "".join(line for n, line in enumerate(lines) if not is_cell[n] or n % 50 == 0)
    if os.environ.get("SCORENET_REWRITE_GOLDEN"):
        kept.write_text(text, encoding="utf-8")
    assert text == kept.read_text("utf-8")
