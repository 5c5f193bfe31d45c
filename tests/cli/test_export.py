"""scorenet export, as on the command line."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, get_args

import pytest
from support import Invoke

from scorenet_cli.export import FormatName


@pytest.fixture(autouse=True)
def _model(invoke: Invoke) -> None:
    assert invoke("train", "--epochs", 100).exit_code == 0


@pytest.mark.parametrize("name", get_args(FormatName))
def test_output_is_what_standard_output_gets(invoke: Invoke, tmp_path: Path, name: str) -> None:
    shown = invoke("export", name)
    assert (shown.exit_code, shown.stderr) == (0, "")
    saved = invoke("export", name, "-o", "model.txt")
    assert (saved.exit_code, saved.stdout, saved.stderr) == (0, "", "")
    assert (tmp_path / "model.txt").read_bytes() == shown.stdout_bytes
    assert invoke("export", name, "-o", "-").stdout == shown.stdout
    assert not (tmp_path / "-").exists()
    assert "document" in shown.stdout  # where it comes from


def test_the_python_module_answers_as_predict(invoke: Invoke) -> None:
    module: dict[str, Any] = {}
    exec(invoke("export", "python").stdout, module)  # noqa: S102 - the point
    score = module["predict"]({"hours_studied": 4, "hours_slept": 8})["score"]
    assert f"{score:.6f}\n" == invoke("predict", 4, 8).stdout


def test_the_select_runs_on_the_named_table(invoke: Invoke) -> None:
    text = invoke("export", "sql", "--table", "main.my students").stdout
    with sqlite3.connect(":memory:") as connection:
        connection.execute('CREATE TABLE "my students" (hours_slept, id, hours_studied)')
        connection.execute("INSERT INTO \"my students\" VALUES ('8', 7, 4), (NULL, 8, 4)")
        query = f"SELECT id, predicted_score FROM ({text})"  # noqa: S608 - an own table
        rows = connection.execute(query).fetchall()
    connection.close()
    assert (rows[0][0], rows[1]) == (7, (8, None))
    assert f"{rows[0][1]:.6f}\n" == invoke("predict", 4, 8).stdout


def test_true_and_false_may_be_booleans_of_the_database(invoke: Invoke, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    (tmp_path / "b.csv").write_text("paid,score\nTRUE,90\nFALSE,20\nTRUE,80\n", encoding="utf-8")
    invoke("train", "b.csv", "--epochs", 5)
    query = f"SELECT predicted_score FROM ({invoke('export', 'sql').stdout})"  # noqa: S608 - ours
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE data (paid BOOLEAN)")
        connection.execute("INSERT INTO data VALUES (TRUE), (FALSE), (NULL)")
        found = connection.execute(query).fetchall()
    for (score,), text in zip(found, ["TRUE", "FALSE"], strict=False):
        assert f"{score:.6f}\n" == invoke("predict", text).stdout
    assert found[2] == (None,)


def test_spark_has_its_own_quotes(invoke: Invoke) -> None:
    text = invoke("export", "sql", "--dialect", "spark").stdout
    assert "`hours_studied` AS DOUBLE)" in text
    assert '"' not in text
