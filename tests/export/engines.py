"""Compares exported programs with predict in engines that are too large for the tests.

    PYTHONPATH=tests python tests/export/engines.py [postgresql] [spark] [libreoffice] \\
        [hyperformula]

postgresql needs psql and a server that it reaches without questions (PGHOST, PGUSER, ...); spark
the extra [engines] and Java 17; libreoffice its command soffice;
hyperformula the npm package of that name, where NODE_PATH finds it. Each runs random models with
hostile names on 1,000 rows each, and one trained on text columns; a difference is an error.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from export.cases import any_models, assert_equal_to_predict, random_rows
from export.runners import Answers, Row, create_table, predicted
from hypothesis import HealthCheck, Phase, assume, example, given, settings

from scorenet_cli import api
from scorenet_cli.export import spreadsheet, sql
from scorenet_cli.model.model import Model


def in_postgresql(model: Model, rows: Sequence[Row]) -> Answers:
    """Load and select in one run of psql, in the order of a first column that counts the rows."""
    table = create_table(model, "DOUBLE PRECISION", "TEXT").replace("(", "(row_number INTEGER, ", 1)
    script = "\n".join(
        [
            f"{table.replace('TABLE', 'TEMPORARY TABLE', 1)};",
            "COPY data FROM STDIN WITH (FORMAT csv);",
            *(",".join(map(csv_cell, (n, *row))) for n, row in enumerate(rows)),
            "\\.",
            f"COPY ({sql.write(model)} ORDER BY 1) TO STDOUT WITH (FORMAT csv);",
        ]
    )
    output = run("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", stdin=script)
    return typed(model, predicted(model, read_csv(output)))


def csv_cell(value: float | str | None) -> str:
    return "" if value is None else '"{}"'.format(str(value).replace('"', '""'))


@cache
def spark() -> Any:  # noqa: ANN401 - pyspark may not be there
    from pyspark.sql import SparkSession  # noqa: PLC0415

    builder = SparkSession.builder.master("local[2]")
    return builder.config("spark.ui.enabled", "false").getOrCreate()


def in_spark(model: Model, rows: Sequence[Row]) -> Answers:
    from pyspark.sql import types  # noqa: PLC0415

    text = sql.write(model, dialect="spark")
    kinds = [
        types.StringType() if f in model.categories else types.DoubleType() for f in model.features
    ]
    schema = types.StructType([*map(types.StructField, model.features, kinds)])
    spark().createDataFrame(list(rows), schema).createOrReplaceTempView("data")
    return predicted(model, [tuple(row) for row in spark().sql(text).collect()])


def sheet(model: Model, rows: Sequence[Row]) -> list[list[str]]:
    """The spreadsheet's cells, with column B copied once for each row."""
    cells = read_csv(spreadsheet.write(model))
    first = next(n for n, cell in enumerate(cells) if cell[0].startswith("Values")) + 1
    for n, column in enumerate(zip(*rows, strict=True), start=first):
        cells[n][1:] = map(typed_in, column)
    for cell in cells[first + len(model.features) :]:
        cell[1:] = [copied(cell[1], n) for n in range(len(rows))] if len(cell) > 1 else []
    return cells


def last_cells(model: Model, answers: Sequence[Sequence[str]], count: int) -> Answers:
    """The results: the last rows of the computed cells."""
    targets = [row[1 : count + 1] for row in answers[-len(model.targets) :]]
    return typed(model, [[*row] for row in zip(*targets, strict=True)])


def in_libreoffice(model: Model, rows: Sequence[Row]) -> Answers:
    """Convert with soffice, and read the last cells."""
    text = io.StringIO()
    csv.writer(text).writerows(sheet(model, rows))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
        # UTF-8, English, formulas evaluated; written as numbers, not as shown.
        options = ["--infilter=CSV:44,34,76,1,,1033,false,true,false,false,0,true"]
        options += [
            "--convert-to",
            "csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,false,false",
        ]
        run("soffice", "--headless", *options, "--outdir", f"{folder}/out", f"{folder}/model.csv")
        answers = read_csv(Path(folder, "out", "model.csv").read_text(encoding="utf-8"))
    return last_cells(model, answers, len(rows))


HYPERFORMULA = """
const { HyperFormula } = require("hyperformula");
const cells = JSON.parse(require("fs").readFileSync(0, "utf8"));
// Its own rounding of results to ten digits is left out.
const options = { licenseKey: "gpl-v3", smartRounding: false };
const values = HyperFormula.buildFromArray(cells, options).getSheetValues(0);
const text = (value) => (value === null ? "" : String(value.value ?? value));
process.stdout.write(JSON.stringify(values.map((row) => row.map(text))));
"""


def in_hyperformula(model: Model, rows: Sequence[Row]) -> Answers:
    """Compute with HyperFormula, which follows the formulas of Excel and Google Sheets.

    It reads "" and a backslash within a text in its own way, so their CHAR stands there.
    """

    def with_char(literal: re.Match[str]) -> str:
        text = literal[1].replace('""', '"&CHAR(34)&"').replace("\\", '"&CHAR(92)&"')
        return f'"{text}"'

    cells = [
        [re.sub(r'"((?:[^"]|"")*)"', with_char, cell) if cell[:1] == "=" else cell for cell in row]
        for row in sheet(model, rows)
    ]
    output = run("node", "-e", HYPERFORMULA, stdin=json.dumps(cells))
    return last_cells(model, json.loads(output), len(rows))


def typed_in(value: float | str | None) -> str:
    """A value as a cell that no program takes for something else."""
    if isinstance(value, str):
        return f"={spreadsheet.text_literal(value)}"
    return "" if value is None else repr(value)


def copied(formula: str, columns: int) -> str:
    """A formula copied so many columns to the right."""
    name, number = "", columns + 2
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(65 + letter) + name
    return re.sub(
        r'"(?:[^"]|"")*"|\bB(?=\d)', lambda match: name if match[0] == "B" else match[0], formula
    )


def run(*words: str, stdin: str = "") -> str:
    result = subprocess.run(words, input=stdin.encode(), capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout.decode()


def read_csv(text: str) -> list[list[str]]:
    return [*csv.reader(io.StringIO(text, newline=""))]


def typed(model: Model, answers: Sequence[Sequence[str]]) -> Answers:
    """Scores as numbers; what is empty or #N/A as None."""
    return [
        [
            None if text in {"", "#N/A"} else text if target in model.classes else float(text)
            for target, text in zip(model.targets, row, strict=True)
        ]
        for row in answers
    ]


def trained() -> Model:
    """A model of a number and two categories, one of them with missing cells."""
    rng = np.random.default_rng(7)
    age, town = rng.uniform(18, 80, 200).round(), rng.choice(["Bern", "Rom", "Wien", ""], 200)
    smoker = rng.choice(["no", "yes"], 200)
    cost = 100 * age + 5000 * (smoker == "yes") + rng.normal(0, 300, 200)
    data = {"age": age, "town": town, "smoker": smoker, "cost": cost}
    return api.train(data, missing="fill").model


ENGINES: dict[str, tuple[Callable[[Model, Sequence[Row]], Answers], int]] = {
    "postgresql": (in_postgresql, 30),
    "spark": (in_spark, 10),
    "libreoffice": (in_libreoffice, 5),
    "hyperformula": (in_hyperformula, 20),
}


def main() -> None:
    for name in sys.argv[1:] or ENGINES:
        runner, examples = ENGINES[name]
        count, start = 0, time.monotonic()

        @settings(
            max_examples=examples,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        @example(trained())
        @given(any_models())
        def check(model: Model) -> None:
            nonlocal count
            assume(not any("${" in column for column in model.features + model.targets))
            rows = random_rows(model)
            assert_equal_to_predict(model, rows, runner(model, rows))  # noqa: B023
            count += 1

        check()
        seconds = time.monotonic() - start
        print(f"{name}: {count} models x 1,000 rows equal predict ({seconds:.0f} s)")  # noqa: T201


if __name__ == "__main__":
    main()
