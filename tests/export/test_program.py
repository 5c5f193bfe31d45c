"""What all exported programs have in common, and what each cannot hold."""

from __future__ import annotations

import csv
import re
import sqlite3
from dataclasses import replace
from importlib import import_module
from typing import Any, get_args

import numpy as np
import pytest
from export.cases import everything
from support import named

from scorenet_cli.core.network import Layer, Network
from scorenet_cli.errors import ModelError
from scorenet_cli.export import DialectName, FormatName, c, python, spreadsheet, sql
from scorenet_cli.export.program import comment, describe
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord


def one_neuron(weight: float, activation: str = "sigmoid") -> Model:
    network = Network((Layer(np.array([[weight]]), None, activation),))
    return Model(network, ("x",), ("y",), np.ones(1), np.ones(1))


@pytest.mark.parametrize("name", get_args(FormatName))
def test_every_format_writes_a_program(name: str) -> None:
    text = import_module(f"scorenet_cli.export.{name}").write(named(("a", "b"), (2, 3, 2)))
    assert "Predicts score0, score1 from a, b." in text
    assert text.endswith("\n")


@pytest.mark.parametrize("x", [-1e300, -1e4, -400.0, -30.0, 30.0, 400.0, 1e4, 1e300])
def test_large_sums_do_not_overflow(x: float) -> None:
    model = one_neuron(1.0)
    module: dict[str, Any] = {}
    exec(python.write(model), module)  # noqa: S102 - the point
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE data AS SELECT ? AS x", [x])
        (row,) = connection.execute(sql.write(model))
    connection.close()
    expected = model.predict([[x]])[0, 0]
    assert row[-1] == pytest.approx(expected, rel=1e-12, abs=1e-200)
    assert module["predict"]({"x": x})["y"] == pytest.approx(expected, rel=1e-12)


def test_a_comment_cannot_be_ended() -> None:
    text = comment("*/ a // ??/ -- \n <script> \\ `b` 'c' \"d\" \u202e\u2028 e")
    assert not set(text) & set('*/?<>\\`"\n\u202e\u2028')


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@a", "\t=1", "\n=1", " =1", "\uff1d1"])
def test_no_label_of_a_spreadsheet_is_a_formula(name: str) -> None:
    labels = [row[0] for row in csv.reader(spreadsheet.write(named((name,), (1, 1))).splitlines())]
    assert all(label[:1].isalnum() or label[:1] == "'" for label in labels)


def test_a_spreadsheet_has_its_limits() -> None:
    with pytest.raises(ModelError, match="too wide"):
        spreadsheet.write(named(tuple(f"x{n}" for n in range(500)), (500, 1)))
    assert spreadsheet.text_literal("a" * 255) == f'"{"a" * 255}"'
    with pytest.raises(ModelError, match=r"'aaa.*longer than 255 characters"):
        spreadsheet.text_literal("a" * 256)


def test_a_text_of_a_spreadsheet_holds_no_line_end() -> None:
    assert spreadsheet.text_literal('a\n"b"') == '"a"&CHAR(10)&"""b"""'


def test_column_a_of_a_spreadsheet_names_column_b() -> None:
    rows = [*csv.reader(spreadsheet.write(named(("hours",), (1, 2, 1))).splitlines())]
    assert rows[2][0].startswith("Values")
    assert [row[0] for row in rows[3:]] == [
        *("hours", "Inputs of the network", "hours"),
        *("Layer 1", "h1 sum", "h1 sigmoid", "h2 sum", "h2 sigmoid"),
        *("Layer 2", "score0 sum", "score0 sigmoid", "Predictions", "predicted_score0"),
    ]


def test_a_spreadsheet_begins_with_the_first_texts_and_the_middles_of_the_numbers() -> None:
    model = replace(
        named(("a", "t", "b"), (3, 1)),
        categories={"t": ("x", "y")},
        feature_range=np.array([[-1.0, 4.0], [0, 1], [5, 6]]),
    )
    rows = dict(csv.reader(spreadsheet.write(model).splitlines()[3:6]))
    assert rows == {"a": "1.5", "t": '="x"', "b": "5.5"}
    rows = dict(csv.reader(spreadsheet.write(replace(model, feature_range=None)).splitlines()[3:6]))
    assert rows == {"a": "", "t": '="x"', "b": ""}


@pytest.mark.parametrize(
    ("dialect", "name"), [("standard", "a\0b"), ("spark", "a\0b"), ("spark", "${a}")]
)
def test_what_sql_cannot_hold_is_refused(dialect: DialectName, name: str) -> None:
    with pytest.raises(ModelError, match="Rename the column"):
        sql.write(named((name,), (1, 1)), dialect=dialect)


def test_what_is_new_has_plain_names() -> None:
    program = describe(named(("a", "b"), (2, 2, 1, 1)))
    assert [source.name for source in program.inputs] == ["x1", "x2"]
    names = [[neuron.name for neuron in layer] for layer in program.layers]
    assert names == [["h1_1", "h1_2"], ["h2_1"], ["y1"]]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, "Written by scorenet export."),
        (TrainingRecord(), "Written by scorenet export."),
        (
            TrainingRecord(data="a*/.csv"),
            "Written by scorenet export from a model trained on a__.csv.",
        ),
        (TrainingRecord(date="2026-11-26"), "Written by scorenet export, 2026-11-26."),
        (
            TrainingRecord(data="a.csv", date="2026-11-26"),
            "Written by scorenet export from a model trained on a.csv, 2026-11-26.",
        ),
    ],
)
def test_a_program_says_where_it_comes_from(record: TrainingRecord | None, expected: str) -> None:
    text = python.write(replace(named(("a",), (1, 1)), training=record))
    assert text.splitlines()[1] == f"# {expected}"


def test_c_has_no_null_character() -> None:
    with pytest.raises(ModelError, match="null character"):
        c.write(replace(named(("a",), (1, 1)), categories={"a": ("x", "a\0b")}))


def test_c_says_what_each_parameter_and_number_is() -> None:
    text = c.write(everything())
    assert "/* numbers[1]: B4 */" in text
    assert "/* scores[0]: a score */" in text
    assert "/* classes[1]: of three */" in text
    assert "  /* filled */\n  const double x1 = " in text
    assert "  /* h1.1 */\n  const double h1_1_sum = " in text


def test_new_columns_have_names_unlike_the_features() -> None:
    text = sql.write(named(("nn_x1", "NN__x2"), (2, 1)))
    assert "AS nn___x1" in text
    prefix = f"nn_{'_' * 100}"
    assert f" {prefix}_y1_sum" in sql.write(named((prefix,), (1, 1)))  # too long for a line


def test_the_table_may_have_a_schema() -> None:
    model = named(("a",), (1, 1))
    assert 'FROM "data" AS t' in sql.write(model)
    assert 'FROM "a schema"."a table" AS t' in sql.write(model, "a schema.a table")


def test_every_number_of_sql_is_a_float64_and_no_decimal() -> None:
    model = replace(everything(), target_scale=np.array([50.0, 1, 1, 1, 1]))
    numbers = re.findall(r"(?<=[ (*-])\d[\d.e+-]*", sql.write(model))
    assert len(numbers) > 100
    assert {number for number in numbers if "." in number and "e" not in number} == {"0.5"}


@pytest.mark.parametrize("count", [600, 3000])
def test_many_inputs_are_added(count: int) -> None:
    model = named(tuple(f"x{n}" for n in range(count)), (count, 1))
    row = 0.01 * np.random.default_rng(1).standard_normal(count)
    inputs = dict(zip(model.features, row.tolist(), strict=True))
    module: dict[str, Any] = {}
    exec(python.write(model), module)  # noqa: S102 - the point
    expected = model.predict([row])[0, 0]
    assert 1 < expected < 99
    assert module["predict"](inputs)["score0"] == pytest.approx(expected, rel=1e-12)
