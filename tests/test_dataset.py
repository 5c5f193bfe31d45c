from __future__ import annotations

import csv
import hashlib
import io
import math
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Array

from scorenet_cli import dataset
from scorenet_cli.dataset import (
    Dataset,
    Table,
    check_scores,
    find_columns,
    line_of_row,
    make_table,
    model_columns,
    name_columns,
    numbers,
    read_dataset,
    read_table,
    rows,
    with_columns,
)
from scorenet_cli.errors import DataError, FileError, UsageError

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SQUARES = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(FINITE, min_size=width, max_size=width), min_size=1, max_size=8)
)
DELIMITERS = st.sampled_from([",", ";", "\t", " "])
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
# Texts near to tables: bare, or after lines that settle the delimiter and the header.
NEAR_TABLES = st.builds(
    str.__add__,
    st.sampled_from(["", "a,b\n", ",b\n", "a b\n1 2\n", "a;b;c\n1;2;x\n"]),
    st.text('12.-ex,; \t"\n\r', max_size=16),
)


def table(text: str | bytes) -> Table:
    return make_table(text.encode() if isinstance(text, str) else text, "s.csv")


def read(
    text: str, features: Sequence[str] | None = None, targets: Sequence[str] | None = None
) -> Dataset:
    return read_dataset(table(text), features=features, targets=targets)


def refusal(text: str | bytes) -> str:
    with pytest.raises(DataError) as error:
        read_dataset(table(text))
    return str(error.value)


def written(cells: list[list[str]], delimiter: str = ",", line_end: str = "\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(cells)  # \r\n: both are quoted in cells
    return text.getvalue().replace("\r\n", line_end)


# What is right is read


@given(SQUARES, DELIMITERS, LINE_ENDS, st.booleans())
def test_floats_come_back_to_the_bit_whatever_the_layout_and_however_read(
    square: list[list[float]],
    delimiter: str,
    line_end: str,
    has_header: bool,
) -> None:
    width, expected = len(square[0]), np.array(square)
    names = ["hours studied", "it's", 'the "q"', f"x{delimiter}y", "score"][-width:]
    cells = [[repr(value) for value in row] for row in square]
    found = table(written([names, *cells] if has_header else cells, delimiter, line_end))
    assert found.has_header == has_header
    assert list(found.names) == (
        names if has_header else [f"column_{n}" for n in range(1, width + 1)]
    )
    with patch.object(dataset, "_read_fast", return_value=None):
        careful = read_dataset(found)
    for answer in (read_dataset(found), careful):
        assert (*answer.features, *answer.targets) == found.names
        assert answer.inputs.tobytes() == expected[:, :-1].tobytes()
        assert answer.scores.tobytes() == expected[:, -1:].tobytes()
        assert answer.notes == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "  "])
def test_plain_files_are_not_read_cell_by_cell(delimiter: str) -> None:
    found = table("n,h,s\nann,1,2\nbob,3,4\n".replace(",", delimiter))
    with patch.object(dataset, "_read_carefully", side_effect=AssertionError):
        assert numbers(found, [2, 1]).tolist() == [[2, 1], [4, 3]]


@settings(max_examples=400)
@given(NEAR_TABLES, st.data())
def test_both_ways_of_reading_agree_on_any_text(text: str, data: st.DataObject) -> None:
    try:
        found = table(text)
    except DataError:
        return
    width = len(found.names)
    columns = data.draw(st.lists(st.integers(0, width - 1), min_size=1, unique=True))

    def outcome() -> list[list[float]] | str:
        try:
            return [[float(value) for value in row] for row in numbers(found, columns)]
        except DataError as error:
            return str(error)

    with patch.object(dataset, "_read_fast", return_value=None):
        careful = outcome()
    assert outcome() == careful


@settings(max_examples=400)
@given(NEAR_TABLES)
def test_any_text_is_read_as_rows_of_finite_numbers_or_refused(text: str) -> None:
    try:
        answer = read(text)
    except DataError as error:
        assert str(error).startswith("s.csv")  # noqa: PT017 - one of two right outcomes
        return
    assert len(answer.inputs) == len(answer.scores) >= 1
    assert np.isfinite(answer.inputs).all()
    assert np.isfinite(answer.scores).all()


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b,s\n1,2,3\n4,5,6\n", ","),
        ("a;b;s\n1;2;3\n4;5;6\n", ";"),
        ("a\tb\ts\n1\t2\t3\n4\t5\t6\n", "\t"),
        ("a b   s\n  1 2 3 \n4  5  6", None),
        (" a , b ,s\n 1 , 2,3 \n4,5,6\n", ","),
        ("\ufeffa,b,s\n1,2,3\n4,5,6\n", ","),
        ("a,b,s\r\n1,2,3\r\n4,5,6\r\n", ","),
        ("a,b,s\r1,2,3\r4,5,6\r", ","),
        ("\n\na,b,s\n\n1,2,3\n   \n4,5,6\n\n\n", ","),
        ("a,b,s\n1,2,3\n4,5,6\n,,\n , , \n", ","),
        ("a,b,s\n1,2,3\n4,5,6\n,,,,,\n,\n", ","),
        ("a;b;s\n1;2;3\n4;5;6\n;;\n", ";"),
        ('"a","b",s\n"1","2","3"\n 4, "5"," 6 "\n', ","),
        ("a,b,s\n1.,+2,.3e1\n4E0,05,600e-2\n", ","),
    ],
)
def test_layouts_that_say_the_same(text: str, delimiter: str | None) -> None:
    found = table(text)
    assert found.delimiter == delimiter
    answer = read_dataset(found)
    assert answer.features == ("a", "b")
    assert answer.targets == ("s",)
    assert answer.inputs.tolist() == [[1, 2], [4, 5]]
    assert answer.scores.tolist() == [[3], [6]]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('"hours, slept",s', "hours, slept"),
        ('"the ""good"" hours",s', 'the "good" hours'),
        ('"hours\nslept",s', "hours\nslept"),
        ('  "hours",s', "hours"),
        ("学习时间,s", "学习时间"),
        ("hours;slept,s", "hours;slept"),
    ],
)
def test_names_may_hold_anything(header: str, name: str) -> None:
    answer = read(f"{header}\n1,2\n3,4\n")
    assert answer.features == (name,)
    assert answer.inputs.tolist() == [[1], [3]]


@pytest.mark.parametrize(
    "unused", ["ann", "", '"a, b"', '"two\nlines"', "nan", "1e999", '"say ""hi"""', "#", "é" * 500]
)
def test_columns_that_are_not_asked_for_may_hold_anything(unused: str) -> None:
    answer = read(f"n,h,s\n{unused},1,2\nbob,3,4\n", features=["h"])
    assert answer.inputs.tolist() == [[1], [3]]
    assert answer.scores.tolist() == [[2], [4]]


def test_columns_are_chosen_by_name_in_the_order_named() -> None:
    text = "a,b,c,d\n1,2,3,4\n5,6,7,8\n"
    answer = read(text, features=["d", "a"], targets=["c", "b"])
    assert (answer.features, answer.targets) == (("d", "a"), ("c", "b"))
    assert answer.inputs.tolist() == [[4, 1], [8, 5]]
    assert answer.scores.tolist() == [[3, 2], [7, 6]]
    assert read(text, targets=["a", " b "]).features == ("c", "d")


def test_without_a_header_columns_are_numbered_and_every_line_is_data() -> None:
    answer = read("1,2,3\n4,5,6\n", features=["column_3", "column_1"], targets=["column_2"])
    assert answer.inputs.tolist() == [[3, 1], [6, 4]]
    assert answer.scores.tolist() == [[2], [5]]


def test_a_file_without_a_header_may_have_a_column_of_text() -> None:
    found = table("ann,1,2\nbob,3,4\n")
    assert not found.has_header
    answer = read_dataset(found, features=["column_2"])
    assert answer.inputs.tolist() == [[1], [3]]


def test_a_file_is_read_with_its_fingerprint(tmp_path: Path) -> None:
    data = b"h,s\n1,2\n"
    (tmp_path / "a.csv").write_bytes(data)
    answer = read_dataset(read_table(str(tmp_path / "a.csv")))
    assert answer.source == str(tmp_path / "a.csv")
    assert answer.sha256 == hashlib.sha256(data).hexdigest()
    assert answer.inputs.tolist() == [[1]]


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"h,s\n1,2\n")))
    assert read_dataset(read_table("-")).source == "standard input"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        read_table(str(tmp_path / "none.csv"))


def test_long_lines_are_read() -> None:
    names = [f"{'x' * 1000}{n}" for n in range(200)]
    answer = read(written([names, ["1"] * 200]))
    assert answer.features == tuple(names[:-1])


# An unnamed first column


@pytest.mark.parametrize("start", [0, 1])
def test_an_unnamed_first_column_that_counts_the_rows_is_left_out(start: int) -> None:
    answer = read(f",h,s\n{start},7,8\n{start + 1},9,10\n")
    assert answer.features == ("h",)
    assert answer.inputs.tolist() == [[7], [9]]
    assert answer.notes == ("the first column has no name and counts the rows: it is left out.",)


@pytest.mark.parametrize("column", [(2, 3), (0, 2), (1, 1), (0.5, 1.5), (1, 0)])
def test_an_unnamed_first_column_that_does_not_count_is_a_feature(
    column: tuple[float, float],
) -> None:
    answer = read(f",h,s\n{column[0]},7,8\n{column[1]},9,10\n")
    assert answer.features == ("column_1", "h")
    assert answer.inputs[:, 0].tolist() == list(column)
    assert answer.notes == ("the first column has no name; it is a feature called column_1.",)


def test_an_unnamed_first_column_stays_where_it_is_the_only_feature() -> None:
    assert read(",s\n0,7\n1,8\n").features == ("column_1",)


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("i,h,s\n0,7,8\n1,9,10\n", ("i", "h")),
        ("h,,s\n7,0,8\n9,1,10\n", ("h", "column_2")),
        ("0,7,8\n1,9,10\n", ("column_1", "column_2")),
    ],
)
def test_other_columns_that_count_are_features_without_a_note(
    text: str, features: tuple[str, ...]
) -> None:
    answer = read(text)
    assert answer.features == features
    assert answer.notes == ()


def test_an_unnamed_column_can_be_asked_for() -> None:
    answer = read(",h,s\n0,7,8\n1,9,10\n", features=["column_1"])
    assert answer.inputs.tolist() == [[0], [1]]
    assert answer.notes == ()


# Cells that are refused


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "the cell is blank"),
        ('"  "', "the cell is blank"),
        ("ann", "'ann' is not a number"),
        ("nan", "'nan' is not a finite number"),
        ("-inf", "'-inf' is not a finite number"),
        ("1e999", "'1e999' is not a finite number"),
        ("1_000", "'1_000' is not a number"),
        ("\uff17", "'\uff17' is not a number"),
        ("\u0667", "'\u0667' is not a number"),
        ("0x10", "'0x10' is not a number"),
        ("1 2", "'1 2' is not a number"),
        ("#1", "'#1' is not a number"),
        ('"1,5"', "'1,5' is not a number (write decimals with a point)"),
        ('"1,000,000"', "'1,000,000' is not a number"),
        ("x" * 60, f"'{'x' * 37}...' is not a number"),
        ("\x1b[31m7", "'[31m7' is not a number"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column_with_the_reason(cell: str, reason: str) -> None:
    comma = "decimals" in reason  # then the whole column should stay, and be mended
    hint = "." if comma else "; no other column holds numbers only."
    assert refusal(f"h,s\n1,2\n\n{cell},3\n4,5\n") == (
        f"s.csv, line 4, column 'h': {reason}. Mend the cell{hint}"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("h,s\nx,2\n", 2),
        ("\n\nh,s\n\n1,2\n\nx,3\n", 7),
        ("h,s\r\n1,2\r\nx,3\r\n", 3),
        ("h,s\r1,2\rx,3\r", 3),
        ('"h\nq",s\n1,2\nx,3\n', 4),
        ('h,s\n"1\n",2\nx,3\n', 4),
        ("h,s\n1,2\n,\nx,3\n", 3),
        ("1,2\n3,4\nx,5\n", 3),
        ("h s\n1 2\n\nx 3\n", 4),
    ],
)
def test_lines_are_counted_as_an_editor_counts_them(text: str, line: int) -> None:
    assert refusal(text).startswith(f"s.csv, line {line}, column ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h,s\n1,2\n3\n", "line 3: has 1 cell where 2 are expected ('h', 's'). Mend the line."),
        ("h,s\n1,2,3\n", "line 2: has 3 cells where 2 are expected ('h', 's'). Mend the line."),
        ("1;2\n3;4\n5;6;7\n", "line 3: has 3 cells where 2 are expected "),
        ("a b c\n1 2 3\n4 5\n", "line 3: has 2 cells where 3 are expected "),
        ("h,s\n1,5,92\n", "line 2: has 3 cells where 2 are expected "),
    ],
)
def test_a_line_with_too_few_or_too_many_cells_is_named(text: str, message: str) -> None:
    assert refusal(text).startswith(f"s.csv, {message}")


def test_a_line_of_the_wrong_length_is_seen_beside_columns_not_asked_for() -> None:
    for line in ("1,2", "1,2,x,y"):
        with pytest.raises(DataError, match=r"^s\.csv, line 3: has "):
            read(f"h,s,n\n1,2,ann\n{line}\n", features=["h"], targets=["s"])


@pytest.mark.parametrize(
    "text",
    [
        'h,s,n\n1,2,ann\n3,4,"bob\n5,6,carl\n7,8,dan\n',
        'n,h,s\nann,1,2\n"bob,3,4\ncarl,5,6\n',
        'h,s\n1,2\n3,"4\n',
        'h,s\n1,"2"x\n',
    ],
)
def test_a_quote_that_is_not_closed_hides_no_rows(text: str) -> None:
    with pytest.raises(DataError, match=r"^s\.csv, line \d: cannot be read as CSV"):
        read(text, features=["h"], targets=["s"])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("n,h,s\nann,1,2\n", ["h"]),
        ("h,n,g,s\n1,ann,2,3\n4,5,6,7\n", ["h", "g"]),
        ("n,h,m,s\nann,1,,2\nbob,3,nan,4\n", ["h"]),
        ('n,"h, x","a ""q""",it\'s,$HOME,s\nann,1,2,3,4,5\n', ["h, x", 'a "q"', "it's", "$HOME"]),
        ("n;a,b;s\nann;1;2\n", ["a,b"]),
        ("ann,1,2\nbob,3,4\n", ["column_2"]),
        (",n,h,s\n0,ann,1,2\n1,bob,3,4\n", ["h"]),
        (",n,h,s\n5,ann,1,2\n9,bob,3,4\n", ["column_1", "h"]),
    ],
)
def test_text_in_a_column_comes_with_the_features_that_work(text: str, kept: list[str]) -> None:
    message = refusal(text)
    assert " is not a number. Mend the cell, or leave the column out: " in message
    option, value = shlex.split(message.split("leave the column out: ")[1])
    assert option == "--features"
    features = next(csv.reader([value]))
    assert features == kept
    assert read(text, features=features).features == tuple(kept)


def test_features_that_cannot_be_shown_are_not_listed_for_copying() -> None:
    message = refusal('n,"h\nx",g,s\nann,1,2,3\n')
    assert message.endswith("or leave the column out by naming the others in --features.")


def test_text_in_the_target_column_comes_with_the_columns_that_could_be_one() -> None:
    assert refusal("h,n,s\n1,x,A\n2,y,B\n") == (
        "s.csv, line 2, column 'n': 'x' is not a number. "
        "Mend the cell, or choose another --target (columns of numbers: 'h')."
    )
    assert refusal("h,s\nx,A\n") == "s.csv, line 2, column 'h': 'x' is not a number. Mend the cell."


@pytest.mark.parametrize(
    "text", ["", "\n \n\n", "\ufeff", "h,s\n", "h,s\n\n\n", "h,s\n,\n , \n", ",h,s\n,,\n", ",,\n"]
)
def test_a_file_without_rows_is_refused(text: str) -> None:
    assert refusal(text) in {
        "s.csv: is empty. Give a CSV with a row for each student.",
        "s.csv: has a header and no rows.",
    }


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("h,s\n1,2\n".encode("utf-16"), "s.csv: is UTF-16 text. Save it as CSV UTF-8."),
        (b"\xfe\xff\0h", "s.csv: is UTF-16 text. Save it as CSV UTF-8."),
        (b"PK\x03\x04\0\0", "s.csv: is not a text file. Save the table as CSV first."),
        (b"h,s\n1,2\nJos\xe9,3\n", "s.csv, line 3: is not UTF-8 text. Save it as UTF-8."),
        (b"h,s\r\nJos\xe9,3\r\n", "s.csv, line 2: is not UTF-8 text. Save it as UTF-8."),
        (b"h,s\r1,2\rJos\xe9,3\r", "s.csv, line 3: is not UTF-8 text. Save it as UTF-8."),
    ],
)
def test_what_is_not_utf_8_text_is_refused(data: bytes, message: str) -> None:
    assert refusal(data) == message


def test_a_first_line_of_names_and_numbers_is_refused() -> None:
    assert refusal("h,2\n3,4\n") == (
        "s.csv, line 1, column 1: 'h' is not a number, but '2' in the same line is. If the line "
        "is a header, give every column a name that is not a number; if it is data, mend the cell."
    )
    assert refusal("\n1,x\n3,4\n").startswith("s.csv, line 2, column 2: 'x' is not a number")


def test_one_column_is_not_enough() -> None:
    assert refusal("h\n1\n2\n") == (
        "s.csv: no column is left to learn from beside 'h'. "
        "Give a column of hours, say, and one of scores, cut by commas, semicolons or tabs."
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [("h,h,s\n1,2,3\n", 1), ("h,s,s\n1,2,3\n", 1), ("\n\nh,h,s\n1,2,3\n", 3)],
)
def test_a_name_that_two_columns_have_is_refused_where_it_is_used(text: str, line: int) -> None:
    name = "s" if "s,s" in text else "h"
    assert refusal(text) == f"s.csv, line {line}: two columns are called '{name}'. Rename one."


def test_a_name_that_two_columns_have_does_not_matter_where_it_is_not_used() -> None:
    assert read("n,n,h,s\n1,2,3,4\n", features=["h"]).inputs.tolist() == [[3]]


# Columns by name


def test_a_column_that_is_not_there_is_a_mistake_on_the_command_line() -> None:
    with pytest.raises(UsageError) as error:
        read("hours,score\n1,2\n", targets=["scroe"])
    assert str(error.value) == (
        "--target: s.csv has no column 'scroe'. Did you mean 'score'? "
        "Its columns are: 'hours', 'score'."
    )
    with pytest.raises(UsageError, match=r"^--features: .*'x'\. Its columns are: 'hours', 'score'"):
        read("hours,score\n1,2\n", features=["x"])


@pytest.mark.parametrize(
    ("features", "targets", "message"),
    [
        (["a", "a"], None, "--features: column 'a' is named twice."),
        (None, ["b", "b "], "--target: column 'b' is named twice."),
        (
            ["a", "b"],
            ["b"],
            "column 'b' is a target and a feature. Leave it out of --features.",
        ),
    ],
)
def test_a_column_has_one_part_to_play(
    features: list[str] | None, targets: list[str] | None, message: str
) -> None:
    with pytest.raises(UsageError) as error:
        read("a,b,s\n1,2,3\n", features, targets)
    assert str(error.value) == message


def test_find_columns_gives_positions_in_the_order_asked() -> None:
    assert find_columns(table("a,b,c\n1,2,3\n"), ["c", " a "], UsageError, "x") == [2, 0]


def test_a_model_finds_its_columns_by_name() -> None:
    found = table("s,b,a,n\n1,2,3,x\n4,5,6,y\n")
    columns = model_columns(found, ["a", "b"])
    assert numbers(found, columns).tolist() == [[3, 2], [6, 5]]
    with pytest.raises(DataError, match=r"^the model's columns: s\.csv has no column 'c'\."):
        model_columns(found, ["a", "c"])
    with pytest.raises(DataError, match="two columns are called 'a'"):
        model_columns(table("a,a\n1,2\n"), ["a"])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1,2\n3,4\n", ("h", "g")),
        ("1,2,3\n4,5,6\n", ("h", "g", "s")),
        ("g,h\n1,2\n", ("g", "h")),
        ("x,y,z,h\n1,2,3,4\n", ("x", "y", "z", "h")),
    ],
)
def test_columns_without_a_header_take_the_model_s_names(text: str, names: tuple[str, ...]) -> None:
    assert name_columns(table(text), ["h", "g"], ["s"]).names == names


def test_a_model_of_numbered_columns_takes_any_file_that_has_them() -> None:
    found = table("1,2,3,4\n")
    assert name_columns(found, ["column_4"], ["column_1"]).names == found.names


@pytest.mark.parametrize("text", ["1\n2\n", "1,2,3,4\n"])
def test_other_widths_without_a_header_are_refused(text: str) -> None:
    width = text.count(",") + 1
    with pytest.raises(DataError) as error:
        name_columns(table(text), ["h", "g"], ["s"])
    assert str(error.value) == (
        f"s.csv: has no header and {width} columns; the model takes 2: 'h', 'g'. "
        "Give those, in this order, or a header."
    )


def test_numbers_of_one_column_are_a_column() -> None:
    assert numbers(table("h,n\n1,x\n2,y\n"), [0]).tolist() == [[1], [2]]
    assert numbers(table("h,s\n1,2\n"), [1, 0]).tolist() == [[2, 1]]


# Scores


def checked(text: str, most: Sequence[float] = (100,), hint: str | None = None) -> str:
    found = table(text)
    targets = found.names[-len(most) :]
    answer = read_dataset(found, targets=targets)
    with pytest.raises(DataError) as error:
        check_scores(found, answer, np.array(most, dtype=np.float64), hint=hint)
    return str(error.value)


def test_scores_from_nothing_to_the_best_are_right() -> None:
    found = table("h,s\n1,0\n2,100\n3,-0.0\n")
    check_scores(found, read_dataset(found), np.array([100.0]))


def test_a_score_that_is_too_high_is_named_with_the_option_that_helps() -> None:
    assert checked("h,s\n1,50\n\n2,120\n3,150.5\n") == (
        "s.csv, line 4, column 's': the score 120 is not between 0 and 100. "
        "Say what the best score is: --max-score 150.5"
    )


def test_another_hint_may_stand_in_its_place() -> None:
    assert checked("h,s\n1,11\n", most=[10], hint="Ask the model.") == (
        "s.csv, line 2, column 's': the score 11 is not between 0 and 10. Ask the model."
    )


def test_a_negative_score_is_named_and_cannot_be_helped_by_an_option() -> None:
    assert checked("h,s\n1,2\n2,-0.5\n", hint="Ask the model.") == (
        "s.csv, line 3, column 's': the score -0.5 is not between 0 and 100. "
        "A score below 0 cannot be learned: add the same amount to all scores first."
    )


def test_every_target_has_a_best_score_of_its_own() -> None:
    assert checked("h,s,t\n1,50,5\n2,50,20\n", most=[100, 10]).startswith(
        "s.csv, line 3, column 't': the score 20 is not between 0 and 10."
    )


def test_the_hint_is_about_the_score_that_is_named() -> None:
    message = checked("h,s\n1,500\n2,-1\n")
    assert ("the score -1 " in message) == ("below 0" in message)


@given(st.floats(min_value=math.nextafter(100, 101), max_value=1e300))
def test_the_best_score_that_the_hint_names_is_enough(score: float) -> None:
    text = f"h,s\n1,50\n2,{score!r}\n"
    found = table(text)
    most = float(checked(text).split("--max-score ")[1])
    check_scores(found, read_dataset(found), np.array([most]))


# Rows and what is added to them


def test_rows_come_with_their_lines_and_without_blank_ones() -> None:
    found = table('n,s\n\n"a\nb", 1\n,\n c ,2\n,\n,,,\n\n')
    assert list(rows(found)) == [(4, ["a\nb", "1"]), (5, ["", ""]), (6, ["c", "2"])]
    assert [line_of_row(found, row) for row in range(3)] == [4, 5, 6]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h,s\n1,2\n3,4\n", "h,s,p\n1,2,0\n3,4,1\n"),
        ("h;s\n1;2\n3;4\n", "h;s;p\n1;2;0\n3;4;1\n"),
        ("h\ts\n1\t2\n3\t4\n", "h\ts\tp\n1\t2\t0\n3\t4\t1\n"),
        ("h s\n1  2\n3  4\n", "h,s,p\n1,2,0\n3,4,1\n"),
        ("\ufeffh,s\r\n1,2\r\n\r\n3,4\r\n,\r\n", "h,s,p\n1,2,0\n3,4,1\n"),
        (",s\n007,1e1\n+8,2.50\n", ",s,p\n007,1e1,0\n+8,2.50,1\n"),
        ("1,2\n3,4\n", "column_1,column_2,p\n1,2,0\n3,4,1\n"),
        (
            'n,"h, x"\n"a ""b""", 1\n"c\nd",2\n',
            'n,"h, x",p\n"a ""b""",1,0\n"c\nd",2,1\n',
        ),
        ('n;s\n"a;b";1\na,b;2\n', 'n;s;p\n"a;b";1;0\na,b;2;1\n'),
        ("n,h,s\n,1,\nx,,2\n", "n,h,s,p\n,1,,0\nx,,2,1\n"),
    ],
)
def test_added_columns_leave_the_cells_and_the_delimiter_as_they_are(
    text: str, expected: str
) -> None:
    assert with_columns(table(text), ["p"], [["0"], ["1"]]) == expected


def test_a_table_without_a_header_gets_the_model_s_names() -> None:
    found = name_columns(table("1,2\n3,4\n"), ["h", "g"], ["s"])
    assert with_columns(found, ["p, s", "p_t"], [["5", "6"], ["7", "8"]]) == (
        'h,g,"p, s",p_t\n1,2,5,6\n3,4,7,8\n'
    )


def test_blank_cells_between_white_space_stay_cells() -> None:
    found = table('n h s\nann 1 2\n"" 3 4\n')
    again = table(with_columns(found, ["p"], [["0"], ["1"]]))
    assert [cells for _, cells in rows(again)] == [
        ["ann", "1", "2", "0"],
        ["", "3", "4", "1"],
    ]


def test_a_space_after_a_closing_quote_is_read_throughout_or_refused() -> None:
    found = table('n,h\n"ann" ,1\n')
    try:
        assert numbers(found, [1]).tolist() == [[1]]
    except DataError:
        return
    assert with_columns(found, ["p"], [["0"]]) == "n,h,p\nann,1,0\n"


@given(
    st.lists(st.tuples(st.text("ab ,;\t\"'\n", max_size=5), FINITE), min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t"]),
    LINE_ENDS,
)
def test_a_table_with_added_columns_reads_back(
    given_rows: list[tuple[str, float]], delimiter: str, line_end: str
) -> None:
    cells = [[name, repr(value)] for name, value in given_rows]
    found = table(written([["name", "h"], *cells], delimiter, line_end))
    expected: Array = np.array([[value] for _, value in given_rows])
    added = [[str(n)] for n in range(len(cells))]
    again = table(with_columns(found, ["p"], added))
    assert again.names == ("name", "h", "p")
    assert numbers(again, [1]).tobytes() == numbers(found, [1]).tobytes() == expected.tobytes()
    assert [row[:2] for _, row in rows(again)] == [row for _, row in rows(found)]
    assert [row[2:] for _, row in rows(again)] == added
