"""What a column becomes: numbers, categories, or nothing to learn from."""

from __future__ import annotations

import pytest

from scorenet_cli.data.csv_table import make_table
from scorenet_cli.data.dataset import Dataset, read_dataset
from scorenet_cli.errors import DataError


def read(name: str, cells: list[str], **options: object) -> Dataset:
    """Read a table of this column, hours and score."""
    rows = "".join(f'"{cell}",{n * n % 7},{n % 5}\n' for n, cell in enumerate(cells))
    table = make_table(f'"{name}",hours,score\n{rows}'.encode(), "s.csv")
    return read_dataset(table, **options)  # type: ignore[arg-type]


def texts(count: int, times: int = 2) -> list[str]:
    return [f"t{n:02}" for n in range(count)] * times


ALL_DIFFER = "it identifies the rows (all values differ)"
UNIT = "it has numbers with a unit, {} (remove the unit to use them)"
TOO_MANY = "it has {} distinct texts (at most 20 can be categories)"
RARE = "; these occur only once and may be misspelt: "


@pytest.mark.parametrize(
    ("name", "cells", "words"),
    [
        ("pupil", texts(5, 1), ALL_DIFFER),
        (
            "week",
            [str(n) for n in range(3, 13)],
            "it holds row numbers (consecutive whole numbers)",
        ),
        ("StudentID", ["17", "12", "44"], ALL_DIFFER),
        ("Serial No.", ["17", "12", "44"], ALL_DIFFER),
        ("town", texts(21), TOO_MANY.format(21)),
        ("town", texts(22, 1), TOO_MANY.format(22)),
        ("town", [*texts(20), "t0l"], TOO_MANY.format(21) + RARE + "'t0l'"),
        ("town", [*texts(23), "t2", "t0l"], TOO_MANY.format(25) + RARE + "'t2', 't0l'"),
        ("town", [*texts(25), "t0l"], TOO_MANY.format(26)),
        ("time", [f"{n}.5 h" for n in range(9)], UNIT.format("'h'")),
        ("mass", [f"{n}kg" for n in range(30)], UNIT.format("'kg'")),
        ("mass", ["5 kg", "6 lb", "7 kg", "8 kg"], ALL_DIFFER),
        ("shelf", ["12a", "7b", "3c", "9d"], ALL_DIFFER),
        ("town", ["Rom"] * 4, "it has the same text in every row ('Rom')"),
        ("town", ["none", "", "none"], "it has the same text in every row ('none')"),
        ("town", ["", "NA", "?"], "it has no values"),
    ],
)
def test_what_says_nothing_is_left_out_with_a_reason(
    name: str, cells: list[str], words: str
) -> None:
    answer = read(name, cells)
    assert answer.features == ("hours",)
    assert answer.columns == {name: f"left out because {words}"}
    assert answer.notes == (f"column '{name}': left out because {words}.",)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("week", ["1", "2", "3"]),
        ("week", [str(n) for n in range(3, 12)]),
        ("week", [*(str(n) for n in range(3, 15)), "99"]),
        ("bmi index", ["20.5", "31.25", "27"]),
        ("courses", ["17", "12", "44"]),
        ("id", ["1", "1", "2"]),
    ],
)
def test_other_numbers_are_features_without_a_word(name: str, cells: list[str]) -> None:
    answer = read(name, cells)
    assert answer.features == (name, "hours")
    assert (dict(answer.columns), answer.notes) == ({}, ())


@pytest.mark.parametrize(
    ("cells", "words", "values"),
    [
        (["1,234.5", "12", "20 000"], "thousands separators", [1234.5, 12, 20000]),
        (["$5", "6"], "currency signs", [5, 6]),
        (
            ["$1,234.5%", "7%"],
            "thousands separators and percent signs and currency signs",
            [1234.5, 7],
        ),
    ],
)
def test_how_numbers_are_written_is_told(cells: list[str], words: str, values: list[float]) -> None:
    answer = read("pay", cells)
    assert answer.columns == {"pay": f"numbers with {words}"}
    assert answer.inputs[:, 0].tolist() == values


def test_twenty_texts_are_categories() -> None:
    answer = read("town", texts(20))
    assert answer.categories == {"town": tuple(texts(20, 1))}
    assert answer.inputs.shape == (40, 21)
    shown = ", ".join(map(repr, texts(20, 1)))
    assert answer.columns == {"town": f"20 categories, one input each: {shown}"}
    answer = read("town", texts(20), targets=["town"])
    assert answer.columns == {"town": f"the target, 20 classes: {shown}"}


def test_features_overrule() -> None:
    assert read("StudentID", ["17", "12", "44"], features=["StudentID"]).inputs.shape == (3, 1)
    assert read("pupil", texts(5, 1), features=["pupil", "hours"]).inputs.shape == (5, 6)
    with pytest.raises(DataError, match=r"'town' cannot be a feature: it has 21 distinct texts"):
        read("town", texts(21), features=["town"])
    assert read("town", texts(3), ignore=["town"]).features == ("hours",)


def test_a_few_texts_among_numbers_that_come_again_are_categories() -> None:
    answer = read("children", ["0", "1", "2", "3+", "0", "3+", "1", "0"])
    assert answer.categories == {"children": ("0", "1", "2", "3+")}
    counts = [*"012345678", "9+"]
    assert read("children", counts * 2).categories == {"children": tuple(counts)}
    with pytest.raises(DataError, match=r"column 'children': '9\+' is not a number"):
        read("children", [*counts, "10"] * 2)


def test_a_text_among_numbers_is_a_bad_cell() -> None:
    with pytest.raises(DataError, match=r"line 4, column 'children': '3\+' is not a number"):
        read("children", ["0", "1", "3+", "2"])


def test_none_in_small_letters_is_a_category() -> None:
    answer = read("course", ["none", "completed", "none", "completed"])
    assert answer.categories == {"course": ("completed", "none")}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [(["Rom"] * 4, "it has the same text"), (texts(21), "it has 21 distinct texts")],
)
def test_a_target_that_is_no_class_is_refused(cells: list[str], reason: str) -> None:
    with pytest.raises(DataError, match=rf"'town' cannot be the target: {reason}.*'hours'"):
        read("town", cells, targets=["town"])


def test_the_last_column_that_can_be_one_is_the_target() -> None:
    table = make_table(b"h,s,name\n1,2,ann\n3,4,bob\n5,7,cy\n2,2,di\n", "s.csv")
    assert read_dataset(table).targets == ("s",)
    table = make_table(b"h,s,student_id\n1,2,31\n3,4,27\n5,7,44\n2,2,8\n", "s.csv")
    data = read_dataset(table)
    assert (data.targets, data.features) == (("s",), ("h",))
    assert data.columns == {"student_id": f"left out because {ALL_DIFFER}"}
    table = make_table(b"h,bmi index\n1,20.5\n3,31.25\n", "s.csv")
    assert read_dataset(table).targets == ("bmi index",)
    table = make_table(b"h,s,who\n1,2,ann\n3,4,bob\n5,7,cy\n2,2,di\n", "s.csv")
    assert read_dataset(table).targets == ("s",)
    table = make_table(b"h,g,s\n1,2,3\n4,5,x\n6,7,8\n", "s.csv")
    with pytest.raises(DataError, match=r"^s\.csv, line 3, column 's': 'x' is not a number"):
        read_dataset(table, features=["h"])


def test_where_a_column_of_numbers_goes_on_with_text_is_named() -> None:
    numbers, names = [f"{n}.5" for n in range(25)], [f"text {n}" for n in range(30)]
    for cells, words in (
        (numbers + names, "numbers before line 27, but text in line 27: 'text 0'"),
        (names + numbers, "text before line 32, but numbers in line 32: '0.5'"),
        (["1.5", *names], "numbers before line 3, but text in line 3: 'text 0'"),
    ):
        reason = f"left out because {TOO_MANY.format(len(cells))}; {words}"
        assert read("m", cells).columns == {"m": reason}
