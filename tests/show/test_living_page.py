from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from export.cases import any_models
from hypothesis import given, settings
from support import named

from scorenet_cli import api
from scorenet_cli.core.network import random_network
from scorenet_cli.core.optimizers.least_squares import pack
from scorenet_cli.export import javascript
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord
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
    model = replace(named(("a", "b"), (2, 1)), feature_range=np.array([[1.0, 3.0], [-40, 60]]))
    first, second = Scripts(page_of(model)).facts["features"]
    assert (first["low"], first["high"], first["start"]) == (0.5, 3.5, 2)
    assert (second["low"], second["high"], second["start"]) == (-66, 86, 10)
    assert first["trained"] == [1, 3]
    assert (first["step"], second["step"]) == (0.05, 2)


@pytest.mark.parametrize(
    ("record", "origin"),
    [
        (None, "m.json"),
        (TrainingRecord(), "m.json"),
        (
            TrainingRecord(data="rows.csv", rows=1234, epochs=5678),
            "m.json, trained on rows.csv, 1,234 rows, 5,678 epochs",
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


def test_small_networks_stay_below_150_kb() -> None:
    model = named(tuple("abcdefgh"), (8, 18, 2))
    assert model.network.parameters == 200
    snapshots = tuple((epoch, model.network) for epoch in range(20))
    page = page_of(replace(model, snapshots=snapshots))
    assert len(page.encode()) < 150_000


def test_a_network_too_large_for_a_picture_has_a_page() -> None:
    assert not Scripts(page_of(named(("a",), (1, 100, 1)))).facts["isDrawn"]
