"""The kinds of tables that people have, with made-up values: what is read of each."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from scorenet_cli.data.csv_table import make_table
from scorenet_cli.data.dataset import MissingName, read_dataset


class Expected(NamedTuple):
    """The inputs by name, the scores by name, and words of the notes."""

    inputs: dict[str, list[float]]
    scores: dict[str, list[float]]
    notes: tuple[str, ...] = ()


def inputs_and_scores(
    text: str, missing: MissingName = "skip", targets: list[str] | None = None
) -> tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]:
    data = read_dataset(make_table(text.encode(), "t.csv"), missing=missing, targets=targets)
    return (
        dict(zip(data.input_names, data.inputs.T.tolist(), strict=True)),
        dict(zip(data.output_names, data.scores.T.tolist(), strict=True)),
        data.notes,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # a frame saved with its index
            ",Hours,Scores\n0,2.2,33\n1,6.0,58\n2,0.4,12",
            Expected(
                {"Hours": [2.2, 6, 0.4]}, {"Scores": [33, 58, 12]}, ("has no name and is left out",)
            ),
        ),
        (  # CRLF, decimals at different lengths
            "courses,time,Marks\r\n2,1.5,11.125\r\n5,0.033,6.1\r\n",
            Expected({"courses": [2, 5], "time": [1.5, 0.033]}, {"Marks": [11.125, 6.1]}),
        ),
        (  # names with blanks and slashes, texts with apostrophes, none as a text
            (
                "team/town,parents' job,extra course,math score\nred,baker's,none,70\n"
                "tan,miner's,completed,80\nred,miner's,none,60\n"
            ),
            Expected(
                {
                    "team/town=tan": [0, 1, 0],
                    "parents' job=miner's": [0, 1, 1],
                    "extra course=none": [1, 0, 1],
                },
                {"math score": [70, 80, 60]},
                ("'team/town': 1 for 'tan'", "'parents' job': 1", "'extra course': 1"),
            ),
        ),
        (  # semicolons, every text quoted, numbers in quotes
            (
                'town;sex;age;paid;first;last\n"Rom";"F";28;"no";"0";7\n"Ulm";"M";27;"yes";"9";8\n'
                '"Ulm";"F";26;"no";"15";9\n'
            ),
            Expected(
                {
                    "town=Ulm": [0, 1, 1],
                    "sex=M": [0, 1, 0],
                    "age": [28, 27, 26],
                    "paid=yes": [0, 1, 0],
                    "first": [0, 9, 15],
                },
                {"last": [7, 8, 9]},
                ("'town'", "'sex'", "'paid': 1 for 'yes', 0 for 'no'"),
            ),
        ),
        (  # a class as the last column
            "length,width,kind\n1.5,8.5,oak\n2.0,8.2,elm\n3.3,8.3,ash\n4.0,8.0,oak\n",
            Expected(
                {"length": [1.5, 2, 3.3, 4], "width": [8.5, 8.2, 8.3, 8]},
                {
                    "kind=ash": [0, 0, 1, 0],
                    "kind=elm": [0, 1, 0, 0],
                    "kind=oak": [1, 0, 0, 1],
                },
                ("'kind': the target, 3 classes",),
            ),
        ),
        (  # semicolons and decimal commas, whole numbers among them, no line's end at the end
            "Note I;Note M\n2;3,3\n1,7;2\n3;1,6",
            Expected(
                {"Note I": [2, 1.7, 3]},
                {"Note M": [3.3, 2, 1.6]},
                ("'Note I': numbers with a decimal comma", "'Note M'"),
            ),
        ),
        (  # no header, 0 or 1 in the end
            "5,120,30.5,0.25,1\n0,99,21.5,0.125,0\n7,155,28.5,0.5,1\n",
            Expected(
                {
                    "column_1": [5, 0, 7],
                    "column_2": [120, 99, 155],
                    "column_3": [30.5, 21.5, 28.5],
                    "column_4": [0.25, 0.125, 0.5],
                },
                {"column_5": [1, 0, 1]},
            ),
        ),
    ],
    ids=["index", "crlf", "texts", "semicolons", "class", "decimal commas", "no header"],
)
def test_what_is_read(text: str, expected: Expected) -> None:
    inputs, scores, notes = inputs_and_scores(text)
    assert (inputs, scores) == expected[:2]
    assert len(notes) == len(expected.notes)
    for note, words in zip(notes, expected.notes, strict=True):
        assert words in note


BIRDS = (
    "kind,bill,mass,sex\nowl,40,3700,MALE\nowl,,3800,FEMALE\nemu,46,,\n"
    "emu,50,5000,\njay,48,3700,MALE\n"
)


@pytest.mark.parametrize(
    ("missing", "bill", "male"),
    [("skip", [40, 48], [1, 1]), ("fill", [40, 46, 50, 48], [1, 0, 2 / 3, 1])],
)
def test_blanks_and_a_target_in_the_middle(
    missing: MissingName, bill: list[float], male: list[float]
) -> None:
    """A row without a score is left out; a blank is the mean of the others, or their share."""
    inputs, scores, notes = inputs_and_scores(BIRDS, missing, ["mass"])
    assert inputs["bill"] == bill
    assert inputs["sex=MALE"] == pytest.approx(male)
    assert scores["mass"] == ([3700, 3700] if missing == "skip" else [3700, 3800, 5000, 3700])
    assert any("1 row left out: no value for 'mass'" in note for note in notes)
    assert any("('bill': 1, 'sex': 1)" in note for note in notes)


def test_question_marks_are_missing_and_names_are_left_out() -> None:
    text = "mpg,power,year,name\n" + "".join(
        f"{20 + n},{'?' if n == 2 else 100 + 7 * n % 11},{70 + n % 2},car {n}\n" for n in range(30)
    )
    inputs, scores, notes = inputs_and_scores(text, targets=["mpg"])
    assert list(inputs) == ["power", "year"]
    assert len(scores["mpg"]) == 29
    assert any("'name': left out" in note for note in notes)
    assert any("1 row left out: a cell is missing ('power': 1)" in note for note in notes)
