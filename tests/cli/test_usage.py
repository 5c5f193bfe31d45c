"""Errors on the command line: one style, and suggestions by meaning and by spelling."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import Invoke, one_message


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train --lr 3", "there is no option '--lr'. Did you mean '--learning-rate'?"),
        ("train --epoch 3", "there is no option '--epoch'. Did you mean '--epochs'?"),
        ("backward-trace --goal 92", "no option '--goal'. Did you mean '--actual'?"),
        ("inspect --precision=3", "there is no option '--precision'."),
        ("predict --scaling x", "--scaling expects one of training, own, none; got 'x'."),
        ("train --seed", "--seed needs a value."),
        ("train --epochs x", "--epochs expects a whole number of at least 0; got 'x'."),
        ("train --restarts 1e9", "expects a whole number from 1 to 1000; got '1e9'."),
        ("train --seed 1.5", "--seed expects a whole number of at least 0; got '1.5'."),
        ("train --tolerance x", "--tolerance expects a number, but 'x' is not a number."),
        ("train a b", "unexpected argument 'b'"),
        ("export", "'FORMAT'. Choose from: sql, spreadsheet, python, javascript, c. See:"),
        ("traim", "no such command 'traim'. Did you mean 'train'? See: scorenet --help"),
    ],
)
def test_a_usage_error_says_what_is_wrong_and_what_may_be_meant(
    invoke: Invoke, words: str, message: str
) -> None:
    result = invoke(*words.split())
    assert result.exit_code == 2
    assert message in one_message(result)
    assert " See: scorenet" in result.stderr


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
