"""Options as people spell them, and the help that lists them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Invoke, one_message


@pytest.mark.parametrize("epochs", ["2e1", "2_0", "20"])
def test_whole_numbers_are_read_as_people_write_them(invoke: Invoke, epochs: str) -> None:
    result = invoke("train", "--epochs", epochs, "--json")
    assert '"epochs": 20,' in result.stdout


def test_every_command_names_its_csv_as_the_others_do(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b,score\n2,9,92\n1,5,86\n3,6,89\n")
    for option in ("--csv", "--data"):
        assert (
            invoke("train", option, "d.csv", "--epochs", 5, "-o", f"m{option}.json").exit_code == 0
        )
        for command in ("predict", "inspect", "backward-trace"):
            assert invoke(command, option, "d.csv", "--model", "m--csv.json").exit_code == 0
    assert (tmp_path / "m--csv.json").read_bytes()[:400] == (
        tmp_path / "m--data.json"
    ).read_bytes()[:400]
    result = invoke("train", "d.csv", "--csv", "e.csv")
    assert "two CSVs are given" in one_message(result)


def test_help_lists_arguments_and_options_in_groups(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert (
        invoke("export", "--help").stdout
        == """\
Usage: scorenet export [OPTIONS] {FORMAT}

  Write the model as a program that gives the same predictions as predict.

  scorenet export sql --table students
  scorenet export spreadsheet --output model.csv

Arguments:
  FORMAT  One of sql, spreadsheet, python, javascript, c.  [required]

Options:
  --model PATH                Model file, or a folder with w1.txt, w2.txt, ...
                              [env var: SCORENET_MODEL; default: scorenet.json]
  --table NAME                Table with the features as columns (sql).
                              [default: data]
  --dialect <standard|spark>  SQL dialect: standard for SQLite, DuckDB and
                              PostgreSQL, or spark (sql).  [default: standard]

Output:
  -o, --output FILE  Write to this file instead of standard output.
  --quiet            Print nothing but results, warnings and errors.
  -h, --help         Show this message and exit.
"""
    )
