"""What is fuzzed: each target takes any bytes, and only the tool's own errors may come of them.

Where an input is accepted, what came of it must hold together. An exception or a broken promise
is a finding.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache, partial
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import typer
from export.cases import assert_equal_to_predict
from export.runners import Row, in_python, in_spreadsheet, in_sqlite

from scorenet_cli.cli.options import parse_values
from scorenet_cli.core.network import random_network
from scorenet_cli.data import columns, csv_table, dataset, tokenizer
from scorenet_cli.errors import ModelError, ScorenetError
from scorenet_cli.export import c, javascript, python, spreadsheet, sql
from scorenet_cli.model import json_file, svg, trace
from scorenet_cli.model.model import Model, predict
from scorenet_cli.show.html_page import html_page
from scorenet_cli.show.living_page import living_page
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.pages.forward import forward_page
from scorenet_cli.text import is_number, parse_number

_FOLDER = tempfile.TemporaryDirectory()  # TMPDIR=/dev/shm keeps it off the disk
_MODEL, _COPY = (os.path.join(_FOLDER.name, name) for name in ("model.json", "copy.json"))
_CONTEXT = cast(
    "typer.Context",
    SimpleNamespace(
        command=SimpleNamespace(params=[]), command_path="scorenet predict", meta={"behind": []}
    ),
)


def assert_showable(error: ScorenetError) -> None:
    """A message is some text, of bounded length."""
    message = str(error)
    assert message
    assert len(message) < 2000


def fuzz_csv(data: bytes) -> None:
    """Read a CSV; its numbers are the cells of its rows."""
    try:
        table = csv_table.make_table(data, "rows.csv")
        rows = dataset.read_dataset(table)
        dataset.check_scores(table, rows, np.array([100.0]))
    except ScorenetError as error:
        assert_showable(error)
        return
    assert len(rows.inputs) == len(rows.scores) > 0
    assert np.isfinite(rows.inputs).all()
    assert ((rows.scores >= 0) & (rows.scores <= 100)).all()
    assert len({*rows.features, *rows.targets}) == len(rows.features) + len(rows.targets)
    names = [*rows.features, *rows.targets]
    columns = dataset.find_columns(table, names)
    cells = [[row[n] for n in columns] for _, row in tokenizer.rows(table)]
    if all(is_number(cell) for row in cells for cell in row):
        values = [list(map(parse_number, row)) for row in cells]
        assert np.array_equal(values, np.column_stack([rows.inputs, rows.scores]))


def fuzz_blocks(data: bytes) -> None:
    """Read a CSV in chunks, their size the first byte, and whole: both say the same."""
    size, data = (data[0] + 1, data[1:]) if data else (1, b"")
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    in_blocks = _widened(lambda: csv_table.tables(chunks, "rows.csv"))
    whole = _widened(lambda: [csv_table.make_table(data, "rows.csv")])
    if isinstance(whole, ScorenetError) or isinstance(in_blocks, ScorenetError):
        assert_showable(cast("ScorenetError", whole))
        assert_showable(cast("ScorenetError", in_blocks))
        # Whole, a text is decoded before any of it is read.
        assert str(whole) == str(in_blocks) or "text" in str(whole)
    else:
        assert in_blocks == whole


def _widened(blocks: Callable[[], Iterable[csv_table.Table]]) -> str | ScorenetError:
    """Add a column to every row; lines that are copied come out as the csv module writes them."""
    text = ""
    try:
        for block in blocks():
            rows = [row for _, row in tokenizer.rows(block)]
            copied = csv_table.with_columns(block, ["p"], [np.full(len(rows), b"x")])
            written = io.StringIO()
            writer = csv.writer(written, delimiter=block.delimiter or ",", lineterminator="\n")
            writer.writerows([*row, "x"] for row in rows)
            assert copied == written.getvalue()
            text += (csv_table.header(block, ["p"]) if block.is_first else "") + copied
    except ScorenetError as error:
        return error
    return text


def fuzz_model(data: bytes) -> None:
    """Load a model; one that loads can be saved, comes back to the bit, and answers."""
    with open(_MODEL, "wb") as file:
        file.write(data)
    try:
        model = json_file.load(_MODEL)
    except ScorenetError as error:
        assert_showable(error)
        return
    again = _saved_and_loaded(model)
    for one, other in zip(model.network.layers, again.network.layers, strict=True):
        assert one.weights.tobytes() == other.weights.tobytes()
    _check_answers(model)


def _saved_and_loaded(model: Model) -> Model:
    json_file.save(model, _COPY)
    again = json_file.load(_COPY)
    assert json_file.to_json(model) == json_file.to_json(again)
    return again


def _check_answers(model: Model) -> None:
    """Predict, trace and the exported program give the same, or a message."""
    values = [model.categories.get(name, (0.5,))[0] for name in model.features]
    try:
        answer = predict(model, [values])
        traced = trace.forward_trace(model, answer.inputs[0].tolist())
    except ScorenetError as error:
        assert_showable(error)
        return
    assert tuple(answer.scores[0].tolist()) == traced.scores
    ((*predicted,),) = in_python(model, [values])
    assert all(
        isinstance(each, str if target in model.classes else float)
        for each, target in zip(predicted, model.targets, strict=True)
    )


def fuzz_columns(data: bytes) -> None:
    """Read a CSV's texts, numbers and gaps as train does; predict reads the same of it."""
    missing: dataset.MissingName = "skip" if data[:1] == b"\0" else "fill"
    try:
        table = csv_table.make_table(data[1:], "rows.csv")
        rows = dataset.read_dataset(table, missing=missing)
    except ScorenetError as error:
        assert_showable(error)
        return
    assert np.isfinite(rows.inputs).all()
    assert np.isfinite(rows.scores).all()
    assert set(rows.fill) <= set(rows.features)
    shape = (len(rows.input_names), len(rows.output_names))
    assert (rows.inputs.shape[1], rows.scores.shape[1]) == shape
    try:
        named = dataset.name_columns(table, rows.features, rows.targets)
    except ScorenetError as error:  # a wider file than the model's, as far as can be told
        assert_showable(error)
        assert not table.has_header
        return
    encoded, unknown = dataset.encode_rows(named, rows.features, rows.categories)
    assert not unknown
    kept = slice(None) if rows.positions is None else rows.positions
    gaps = np.isnan(encoded[kept])
    assert np.array_equal(np.where(gaps, rows.inputs, encoded[kept]), rows.inputs)
    assert not gaps.any() or missing == "fill"
    for name, where in columns.positions(rows.features, rows.categories).items():
        if name in rows.categories and where.stop - where.start > 1:
            assert np.isin(rows.inputs[:, where].sum(axis=1), (0, 1)).all()
    model = Model(
        random_network(shape, seed=1),
        rows.features,
        rows.targets,
        np.maximum(np.abs(rows.inputs).max(axis=0), 1),
        np.ones(shape[1]),
        categories=rows.categories,
        classes=rows.classes,
        fill=rows.fill,
    )
    _check_answers(_saved_and_loaded(model))


# What of a program may come from outside: literals, quoted names, comments.
_OUTSIDE: dict[str, tuple[Callable[[Model], str], str]] = {
    "c": (c.write, r'"(?:[^"\\\n]|\\.)*"|/\*.*?\*/'),
    "javascript": (javascript.write, r'"(?:[^"\\\n]|\\.)*"|//[^\n\r\u2028\u2029]*'),
    "python": (python.write, r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|\#[^\n\r]*"""),
    "sql": (sql.write, r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n\r]*"""),
    "spark": (
        partial(sql.write, dialect="spark"),
        r"""'(?:[^'\\]|\\.)*'|`(?:[^`]|``)*`|--[^\n\r]*""",
    ),
}


def fuzz_export(data: bytes) -> None:
    """Export a model whose names and texts these are, between NUL bytes: none of them is run.

    But for literals and comments a program is that of a model with harmless names.
    """
    if (model := _of_texts(data)) is None:
        return
    texts = next(iter(model.categories.values()))
    _saved_and_loaded(model)
    for name in _OUTSIDE:
        with suppress(ModelError):
            assert _bare(name, model) == _plain(name, len(texts))
    rows: list[Row] = [(0.5, text) for text in texts]
    assert_equal_to_predict(model, rows, in_python(model, rows))
    if texts[0].casefold() != texts[1].casefold():
        assert_equal_to_predict(model, rows, in_sqlite(model, rows))
    with suppress(ModelError):
        assert_equal_to_predict(model, rows, in_spreadsheet(model, rows))
        for label, *_ in filter(
            None, csv.reader(io.StringIO(spreadsheet.write(model), newline=""))
        ):
            assert label[0] == "'" or label[0].isalnum()


def _of_texts(data: bytes) -> Model | None:
    """Return a model whose names and texts these are; None for fewer than three."""
    names = data.decode("utf-8", "replace").split("\0")
    texts = tuple(dict.fromkeys(filter(None, map(str.strip, names))))[:4]
    return _named((texts[0], texts[1]), texts[2], texts) if len(texts) > 2 else None


def _bare(name: str, model: Model) -> list[str]:
    write, outside = _OUTSIDE[name]
    return re.sub("nn_+", "nn_", re.sub(outside, "", write(model), flags=re.DOTALL)).split()


@cache
def _plain(name: str, count: int) -> list[str]:
    return _bare(name, _named(("a", "b"), "c", tuple("tuvw"[:count])))


def _named(features: tuple[str, str], target: str, texts: tuple[str, ...]) -> Model:
    """A model of one column of numbers and one of text, and a class as target."""
    number, text = features
    inputs, outputs = 1 + columns.width(texts), columns.width(texts)
    return Model(
        random_network((inputs, outputs), seed=1, bias=True),
        features,
        (target,),
        np.ones(inputs),
        np.full(outputs, 2.0),
        categories={text: texts},
        classes={target: texts},
        fill={number: 0.5, text: 0.0},
    )


class _Elements(HTMLParser):
    """The elements of a page with the names of their attributes; the text of each script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, ...]] = []
        self.scripts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, *(name for name, _ in attrs)))
        self.scripts += [""] if tag == "script" else []

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script":
            self.scripts[-1] += data


def fuzz_page(data: bytes) -> None:
    """Write the pages of a model whose names and texts these are: none becomes an element."""
    if (model := _of_texts(data)) is None:
        return
    first = model.features[0]
    living, saved = _pages(model, first)
    plain_living, plain_saved = _plain_pages(len(model.classes[model.targets[0]]))
    assert living.found == plain_living.found
    assert {*saved.found} <= {*plain_saved.found}
    assert not saved.scripts
    facts = json.loads(living.scripts[0])
    assert [each["name"] for each in facts["features"]] == [*model.features]
    assert facts["targets"][0]["classes"] == [*model.classes[model.targets[0]]]


def _pages(model: Model, source: str) -> tuple[_Elements, _Elements]:
    """Return the page that computes, and a trace as a page."""
    traced = trace.forward_trace(model, [0.5] * model.network.shape[0])
    page = forward_page(traced, None, Look())
    living = living_page(model, source, javascript.write(model))
    return _Elements(living), _Elements(html_page(page, svg.forward_picture(traced, None), source))


@cache
def _plain_pages(count: int) -> tuple[_Elements, _Elements]:
    return _pages(_named(("a", "b"), "c", tuple("tuvw"[:count])), "m.json")


# name=value is read for a model of names that hold "=" and resemble each other.
_PAIRS = _named(("a=b", "A"), "y", ("b=c", "none", "=", "2"))


def fuzz_values(data: bytes) -> None:
    """Read values from a command line: words between NUL bytes, as the system passes them."""
    words = os.fsdecode(data).split("\0")
    try:
        values = parse_values(words, _CONTEXT)
    except ScorenetError as error:
        assert_showable(error)
        return
    assert len(values) == len(words)
    assert all(isinstance(value, float) and math.isfinite(value) for value in values)


def fuzz_pairs(data: bytes) -> None:
    """Read name=value, between NUL bytes, for a model: in any order the same, and predictable."""
    words = os.fsdecode(data).split("\0")
    try:
        values = parse_values(words, _CONTEXT, _PAIRS)
    except ScorenetError as error:
        assert_showable(error)
        return
    predict(_PAIRS, [values])
    if any(word.startswith("a=b=") for word in words):
        assert parse_values(words[::-1], _CONTEXT, _PAIRS) == values


TARGETS: dict[str, Callable[[bytes], Any]] = {
    "csv": fuzz_csv,
    "blocks": fuzz_blocks,
    "model": fuzz_model,
    "values": fuzz_values,
    "columns": fuzz_columns,
    "pairs": fuzz_pairs,
    "export": fuzz_export,
    "page": fuzz_page,
}
