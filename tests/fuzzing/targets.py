"""What is fuzzed: each target takes any bytes, and only the tool's own errors may come of them.

Where an input is accepted, what came of it must hold together. An exception or a broken promise
is a finding.
"""

from __future__ import annotations

import csv
import io
import math
import os
import tempfile
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import typer

from scorenet_cli.cli.options import parse_values
from scorenet_cli.data import csv_table, dataset, tokenizer
from scorenet_cli.errors import ScorenetError
from scorenet_cli.model import json_file, trace
from scorenet_cli.model.model import predict
from scorenet_cli.text import is_number, parse_number

_FOLDER = tempfile.TemporaryDirectory()  # TMPDIR=/dev/shm keeps it off the disk
_MODEL, _COPY = (os.path.join(_FOLDER.name, name) for name in ("model.json", "copy.json"))
_CONTEXT = cast(
    "typer.Context",
    SimpleNamespace(command=SimpleNamespace(params=[]), command_path="scorenet predict"),
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
    json_file.save(model, _COPY)
    again = json_file.load(_COPY)
    for one, other in zip(model.network.layers, again.network.layers, strict=True):
        assert one.weights.tobytes() == other.weights.tobytes()
    assert json_file.to_json(model) == json_file.to_json(again)
    values = [0.5] * len(model.features)
    try:
        answer = predict(model, np.array([values]))
        traced = trace.forward_trace(model, values)
    except ScorenetError as error:
        assert_showable(error)
        return
    assert tuple(answer.scores[0].tolist()) == traced.scores


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


TARGETS: dict[str, Callable[[bytes], Any]] = {
    "csv": fuzz_csv,
    "blocks": fuzz_blocks,
    "model": fuzz_model,
    "values": fuzz_values,
}
