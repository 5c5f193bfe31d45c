from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from export.cases import any_models
from hypothesis import given, settings
from support import named

from scorenet_cli import api
from scorenet_cli.core.intervals import Uncertainty
from scorenet_cli.core.metrics import Evaluation
from scorenet_cli.core.network import Layer, Network, random_network
from scorenet_cli.core.optimizers.least_squares import pack
from scorenet_cli.export import javascript
from scorenet_cli.model.colours import SCALE
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.model.svg import MAX_CIRCLES, MAX_COLUMNS
from scorenet_cli.show import html_page
from scorenet_cli.show.living_page import living_page


class Scripts(HTMLParser):
    """The script elements of a page, read as a browser does: attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str | None], str]] = []
        self.policy = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "script":
            self.found.append((names, ""))
        if tag == "meta" and "http-equiv" in names:
            self.policy = names["content"] or ""

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            names, text = self.found.pop()
            self.found.append((names, text + data))

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.found[0][1])
        return found


def page_of(model: Model, source: str = "m.json") -> str:
    module = javascript.write(model, takes_weights=bool(model.snapshots))
    return living_page(model, source, module)


def test_it_computes_with_the_module_that_export_writes() -> None:
    model = named(("a", "b"), (2, 3, 1))
    assert javascript.write(model) in page_of(model)


def test_it_loads_nothing_and_lets_only_its_own_script_run() -> None:
    page = page_of(named(("a", "b"), (2, 3, 1)))
    read = Scripts(page)
    digest = b64encode(sha256(read.found[1][1].encode()).digest()).decode()
    assert read.policy == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    assert not re.search(r"\ssrc=|url\(|<link|@import", page)
    assert set(re.findall(r"https?:[^\"]*", page)) <= {"http://www.w3.org/2000/svg"}  # a name


@settings(max_examples=15)
@given(any_models())
def test_no_name_of_a_column_or_a_file_ends_its_place(model: Model) -> None:
    record = TrainingRecord(data="</script><script>evil()</script>", rows=3)
    model = replace(model, training=record)
    read = Scripts(page_of(model, "<img src=x onerror=evil()>{{body}}.json"))
    data, script = read.found
    assert data[0] == {"type": "application/json", "id": "data"}
    assert script[0] == {"type": "module"}
    assert [each["name"] for each in read.facts["features"]] == [*model.features]
    assert [each["name"] for each in read.facts["targets"]] == [*model.targets]


def test_a_slider_goes_a_quarter_beyond_the_training_range_and_starts_in_the_middle() -> None:
    ranges = np.array([[1.0, 3.0], [-40, 60], [0, 80]])
    model = replace(named(("a", "b", "c"), (3, 1)), feature_range=ranges)
    first, second, third = Scripts(page_of(model)).facts["features"]
    assert (first["low"], first["high"], first["start"]) == (0.5, 3.5, 2)
    assert (second["low"], second["high"], second["start"]) == (-66, 86, 10)
    assert first["trained"] == [1, 3]
    assert (first["step"], second["step"], third["step"]) == (0.05, 2, 1)
    assert (third["low"], third["high"], third["start"]) == (0, 100, 40)


@pytest.mark.parametrize(
    ("record", "origin"),
    [
        (None, "m.json"),
        (TrainingRecord(), "m.json"),
        (
            TrainingRecord(data="rows.csv", rows=1234, epochs=5678),
            "m.json, trained on rows.csv, 1,234 rows, 5,678 epochs",
        ),
        (
            TrainingRecord(data="the document's three rows", rows=3, epochs=9),
            "m.json, trained on the document&#x27;s three rows, 9 epochs",
        ),
    ],
)
def test_its_header_says_where_the_model_comes_from(
    record: TrainingRecord | None, origin: str
) -> None:
    page = page_of(replace(named(("a", "b"), (2, 1)), training=record))
    assert f"<header><p>{origin}</p>" in page


def test_snapshots_are_weights_and_the_last_are_the_models_own() -> None:
    model = named(("a", "b"), (2, 3, 1))
    early = random_network((2, 3, 1), seed=4, bias=True)
    facts = Scripts(page_of(replace(model, snapshots=((0, early), (9, early))))).facts
    assert facts["epochs"] == [0, 9]
    assert facts["weights"] == [pack(early).tolist(), pack(model.network).tolist()]


def test_it_has_what_intervals_are_made_from() -> None:
    rows = {"a": np.arange(12), "score": np.arange(12) ** 0.5 * 20}
    model = api.train(rows, optimizer="lm", weight_decay="auto").model
    assert model.uncertainty is not None
    facts = Scripts(page_of(model)).facts["interval"]
    triangle = np.zeros_like(model.uncertainty.factor)
    triangle[np.triu_indices(len(triangle))] = facts["factor"]
    factor = model.uncertainty.factor
    np.testing.assert_allclose(triangle.T @ triangle, factor.T @ factor, rtol=1e-6, atol=1e-9)


def test_it_has_the_facts_of_a_model_and_its_rows() -> None:
    """Inputs are Bern, Rom, Wien and hours; outputs are the score and whether the grade is b."""
    layers = (
        Layer(np.array([[1.0], [2], [3], [4]]), np.array([5.0]), "tanh"),
        Layer(np.array([[6.0, 7]]), None, "linear"),
    )
    record = TrainingRecord(
        history=((0, 0.5), (7, 0.25)),
        validation_history=((0, 0.75),),
        target_range=((1, 9), (0, 1)),
        epochs=7,
    )
    model = Model(
        Network(layers),
        ("town", "hours\u202e"),
        ("score\u202e", "grade"),
        np.array([1.0, 1, 1, 8]),
        np.array([100.0, 1]),
        feature_range=np.array([[0.0, 1], [0, 1], [0, 1], [1, 3]]),
        training=record,
        feature_offset=np.array([0, 0, 0, 2.5]),
        target_offset=np.array([10.0, 0]),
        categories={"town": ("Bern", "Rom", "Wien")},
        classes={"grade": ("a", "b")},
        fill={"hours\u202e": 2.0},
    )
    inputs, actual = np.array([[0, 1, 0, 2.0], [1, 0, 0, 2.4]]), np.array([[5.0, 0], [6, 1]])
    importance = {"town": (0.1, 0.4), "hours\u202e": (0.2, 0.3)}
    scored = Evaluation(inputs, actual, actual, None, importance=importance)  # type: ignore[arg-type]
    facts = Scripts(living_page(model, "m.json", "", scored)).facts
    assert facts == {
        "features": [
            {"name": "town", "label": "town", "texts": ["Bern", "Rom", "Wien"], "start": "Bern"},
            {
                "name": "hours\u202e",
                "label": "hours",
                "low": 0.5,
                "high": 3.5,
                "step": 0.05,
                "trained": [1, 3],
                "fills": True,
                "start": 2.2,
            },
        ],
        "curves": [1, 0],
        "inputs": [
            {"name": "town=Bern", "offset": 0, "scale": 1},
            {"name": "town=Rom", "offset": 0, "scale": 1},
            {"name": "town=Wien", "offset": 0, "scale": 1},
            {"name": "hours", "offset": 2.5, "scale": 8},
        ],
        "outputs": [
            {"name": "score", "scale": 100, "offset": 10},
            {"name": "grade=b", "scale": 1, "offset": 0},
        ],
        "targets": [
            {"name": "score\u202e", "label": "score", "first": 0, "end": 1, "classes": []},
            {"name": "grade", "label": "grade", "first": 1, "end": 2, "classes": ["a", "b"]},
        ],
        "layers": [
            {"title": "hidden layer", "names": ["h1"], "activation": "tanh", "hasBias": True},
            {
                "title": "output layer",
                "names": ["score", "grade=b"],
                "activation": "linear",
                "hasBias": False,
            },
        ],
        "isDrawn": True,
        "weights": [[1, 2, 3, 4, 5, 6, 7]],
        "epochs": [7],
        "history": [[0, 0.5], [7, 0.25]],
        "validation": [[0, 0.75]],
        "scoreRange": [[1, 9], [0, 1]],
        "interval": None,
        "omitsInterval": False,
        "rows": [
            {"values": {"town": "Rom", "hours\u202e": 2}, "actual": [5, 0]},
            {"values": {"town": "Bern", "hours\u202e": 2.4}, "actual": [6, 1]},
        ],
        "colours": list(SCALE),
    }
    plain = Scripts(living_page(replace(model, fill={}), "m.json", "", None)).facts
    assert plain["curves"] == [0, 1]
    assert plain["rows"] == []
    assert (plain["features"][1]["fills"], plain["features"][1]["start"]) == (False, 2.5)


@pytest.mark.parametrize(
    ("shape", "is_drawn"),
    [
        ((1, MAX_CIRCLES, 1), True),
        ((1, MAX_CIRCLES + 1, 1), False),
        ((1,) * MAX_COLUMNS, True),
        ((1,) * (MAX_COLUMNS + 1), False),
    ],
)
def test_a_network_that_a_picture_has_room_for_is_drawn(
    shape: tuple[int, ...], *, is_drawn: bool
) -> None:
    assert Scripts(page_of(named(("a",), shape))).facts["isDrawn"] == is_drawn


@pytest.mark.parametrize(("hidden", "has_interval"), [(33, True), (34, False)])
def test_intervals_of_many_parameters_are_omitted_and_that_is_said(
    hidden: int, *, has_interval: bool
) -> None:
    """A network of a column has 3 n + 1 parameters."""
    model = named(("a",), (1, hidden, 1))
    known = Uncertainty(np.eye(model.network.parameters), np.ones(1), 9.0)
    facts = Scripts(page_of(replace(model, uncertainty=known))).facts
    assert (facts["interval"] is not None, facts["omitsInterval"]) == (
        has_interval,
        not has_interval,
    )
    classes = replace(model, uncertainty=known, classes={"score0": ("a", "b")})
    facts = Scripts(page_of(classes)).facts
    assert (facts["interval"], facts["omitsInterval"]) == (None, False)


def test_it_is_named_by_its_columns_in_its_own_look() -> None:
    page = page_of(named(("a", "b"), (2, 2)))
    assert "<h1>score0, score1 from a, b</h1>" in page
    assert Path(html_page.__file__).with_name("page").joinpath("page.css").read_text() in page
    page = page_of(named(("a" * 101,), (1, 1)), "m" * 201)
    assert f"<h1>score0 from {'a' * 97}...</h1>" in page
    assert f"<header><p>{'m' * 197}...</p>" in page


def test_small_networks_stay_below_150_kb() -> None:
    model = named(tuple("abcdefgh"), (8, 18, 2))
    assert model.network.parameters == 200
    snapshots = tuple((epoch, model.network) for epoch in range(20))
    page = page_of(replace(model, snapshots=snapshots))
    assert len(page.encode()) < 150_000
