"""Runs exported programs on rows: one process, or one query, for all rows of a model."""

from __future__ import annotations

import csv
import ctypes
import io
import json
import math
import re
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scorenet_cli.data.columns import positions
from scorenet_cli.export import c, javascript, python, spreadsheet, sql
from scorenet_cli.model.model import Model

# A value for each feature: a number, a text, or None; and each target's score, class or None.
Row = Sequence[float | str | None]
Answers = list[list[Any]]


def in_python(model: Model, rows: Sequence[Row]) -> Answers:
    module: dict[str, Any] = {}
    exec(compile(python.write(model), "model.py", "exec"), module)  # noqa: S102 - the point
    predicted = (module["predict"](dict(zip(model.features, row, strict=True))) for row in rows)
    return [[answer[target] for target in model.targets] for answer in predicted]


def in_node(model: Model, rows: Sequence[Row]) -> Answers:
    script = """
        import { readFileSync } from "node:fs";
        const { predict } = await import(process.argv[1]);
        const rows = JSON.parse(readFileSync(0, "utf8")).map(Object.fromEntries);
        console.log(JSON.stringify(rows.map((row) => Object.entries(predict(row).predicted))));"""
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder, "model.mjs")
        module.write_text(javascript.write(model), encoding="utf-8")
        result = subprocess.run(
            ["node", "--input-type=module", "--eval", script, str(module)],  # noqa: S607
            input=json.dumps([list(zip(model.features, row, strict=True)) for row in rows]),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    assert result.returncode == 0, result.stderr
    answers = [dict(answer) for answer in json.loads(result.stdout)]
    return [[answer[target] for target in model.targets] for answer in answers]


def in_c(model: Model, rows: Sequence[Row]) -> Answers:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "model.c")
        source.write_text(c.write(model), encoding="utf-8")
        flags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
        library = Path(folder, "model.so")
        result = subprocess.run(
            ["gcc", *flags, "-o", str(library), str(source), "-lm"],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        predict = ctypes.CDLL(str(library)).scorenet_predict
    outputs = (ctypes.c_double * len(model.output_names))()
    classes = (ctypes.c_char_p * len(model.classes))()
    starts = [where.start for where in positions(model.targets, model.classes).values()]
    answers = []
    for row in rows:
        values = dict(zip(model.features, row, strict=True))
        texts = [
            None if text is None else str(text).encode()
            for text in (values.pop(name) for name in model.features if name in model.categories)
        ]
        numbers: list[Any] = [math.nan if number is None else number for number in values.values()]
        arguments: list[Any] = [(ctypes.c_double * len(numbers))(*numbers)] if numbers else []
        arguments += [(ctypes.c_char_p * len(texts))(*texts)] if texts else []
        predict(*arguments, outputs, *([classes] if model.classes else []))
        names = iter([None if name is None else name.decode() for name in classes])
        scores = [None if math.isnan(outputs[n]) else outputs[n] for n in starts]
        answers.append(
            [
                next(names) if target in model.classes else score
                for target, score in zip(model.targets, scores, strict=True)
            ]
        )
    return answers


def in_sqlite(model: Model, rows: Sequence[Row]) -> Answers:
    with sqlite3.connect(":memory:") as connection:
        connection.execute(create_table(model, "DOUBLE PRECISION", "TEXT"))
        marks = ", ".join("?" * len(model.features))
        connection.executemany(f"INSERT INTO data VALUES ({marks})", rows)  # noqa: S608
        answers = connection.execute(sql.write(model)).fetchall()
    connection.close()
    return predicted(model, answers)


def in_duckdb(model: Model, rows: Sequence[Row]) -> Answers:
    import duckdb  # noqa: PLC0415 - it may not be there

    with duckdb.connect() as connection:
        connection.execute(create_table(model, "DOUBLE", "VARCHAR"))
        columns = ", ".join(["unnest(?)"] * len(model.features))
        connection.execute(
            f"INSERT INTO data SELECT {columns}",
            [list(column) for column in zip(*rows, strict=True)],
        )
        return predicted(model, connection.execute(sql.write(model)).fetchall())


def create_table(model: Model, number: str, text: str) -> str:
    """SQL that makes the table of the features."""
    name = sql.DIALECTS["standard"].name
    columns = (f"{name(f)} {text if f in model.categories else number}" for f in model.features)
    return f"CREATE TABLE data ({', '.join(columns)})"


def predicted(model: Model, answers: Sequence[Sequence[Any]]) -> Answers:
    """The last columns of each row."""
    return [[*answer[-len(model.targets) :]] for answer in answers]


def in_spreadsheet(model: Model, rows: Sequence[Row]) -> Answers:
    """Evaluate the formulas by Python's eval, each cell after those above it; #N/A is nan."""
    cells = [*csv.reader(io.StringIO(spreadsheet.write(model), newline=""))]
    first = next(n for n, cell in enumerate(cells) if cell[0].startswith("Values")) + 2
    after = first + len(model.features)
    formulas = {
        f"B{n}": compile(_as_python(cell[1].removeprefix("=")), f"B{n}", "eval")
        for n, cell in enumerate(cells[after:], start=after + 1)
        if len(cell) > 1
    }
    answers = []
    for row in rows:
        values = {f"B{first + n}": "" if value is None else value for n, value in enumerate(row)}
        for cell, formula in formulas.items():
            values[cell] = eval(formula, _FUNCTIONS, values)  # noqa: S307 - the point
        results = [*values.values()][-len(model.targets) :]
        answers.append([None if is_nan(value) else value for value in results])
    return answers


def is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _as_python(formula: str) -> str:
    """Spell text literals, `=` and `&` as Python does."""

    def token(match: re.Match[str]) -> str:
        if match[0].startswith('"'):
            return repr(match[0][1:-1].replace('""', '"'))
        return {"=": "==", "&": "+"}.get(match[0], match[0])

    return re.sub(r'"(?:[^"]|"")*"|[<>]=|[=&]', token, formula)


_FUNCTIONS: dict[str, Any] = {
    "IF": lambda test, yes, no: yes if test else no,
    "AND": lambda *tests: all(tests),
    "EXACT": str.__eq__,
    "ISNUMBER": lambda value: isinstance(value, float),
    "MAX": lambda zero, value: value if is_nan(value) else max(zero, value),
    "EXP": lambda value: math.exp(min(value, 700)),
    "TANH": math.tanh,
    "CHAR": chr,
    "NA": lambda: math.nan,
}

RUNNERS: dict[str, Callable[[Model, Sequence[Row]], Answers]] = {
    "python": in_python,
    "sqlite": in_sqlite,
    "duckdb": in_duckdb,
    "node": in_node,
    "gcc": in_c,
    "spreadsheet": in_spreadsheet,
}
