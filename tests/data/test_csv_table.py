from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Array

from scorenet_cli.data.csv_table import (
    Table,
    blank_columns,
    header,
    line_of_row,
    make_table,
    numbers,
    tables,
    with_columns,
)
from scorenet_cli.data.plain_numbers import Cells
from scorenet_cli.data.tokenizer import rows
from scorenet_cli.errors import DataError
from scorenet_cli.text import parse_number

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


def everything(text: str | bytes) -> Array:
    found = table(text)
    return numbers(found, range(len(found.names)))


def refusal(text: str | bytes) -> str:
    with pytest.raises(DataError) as error:
        everything(text)
    return str(error.value)


def by_rows(found: Table, columns: Sequence[int]) -> list[list[float]] | None:
    """What numbers should return, from the rows' cells; None where it should refuse."""
    if any(len(cells) != len(found.names) for _, cells in rows(found)):
        return None
    try:
        return [[parse_number(cells[n]) for n in columns] for _, cells in rows(found)]
    except ValueError:
        return None


def written(cells: list[list[str]], delimiter: str = ",", line_end: str = "\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(cells)  # \r\n: both are quoted in cells
    return text.getvalue().replace("\r\n", line_end)


def as_columns(cells: list[list[str]]) -> list[Cells | list[str]]:
    return [np.array(column, dtype=np.bytes_) for column in zip(*cells, strict=True)]


def widened(found: Table, names: list[str], cells: list[list[str]]) -> str:
    return header(found, names) + with_columns(found, names, as_columns(cells))


# What is right is read


@settings(max_examples=40)
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
    assert numbers(found, range(width)).tobytes() == expected.tobytes()
    assert by_rows(found, range(width)) == expected.tolist()


@settings(max_examples=60)
@given(NEAR_TABLES, st.data())
def test_numbers_are_the_cells_of_the_rows_in_any_text(text: str, data: st.DataObject) -> None:
    try:
        found = table(text)
    except DataError:
        return
    width = len(found.names)
    columns = data.draw(st.lists(st.integers(0, width - 1), min_size=1, unique=True))
    try:
        expected = by_rows(found, columns)
    except DataError:  # the rows are not CSV
        expected = None
    try:
        answer = numbers(found, columns).tolist()
    except DataError:
        assert expected is None
    else:
        has_comma = any("," in cells[n] for _, cells in rows(found) for n in columns)
        assert answer == expected or (found.delimiter != "," and has_comma)


@settings(max_examples=60)
@given(NEAR_TABLES)
def test_any_text_is_read_as_rows_of_finite_numbers_or_refused(text: str) -> None:
    try:
        answer = everything(text)
    except DataError as error:
        assert str(error).startswith("s.csv")  # noqa: PT017 - one of two right outcomes
        return
    assert len(answer) >= 1
    assert np.isfinite(answer).all()


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
        ('"a",b,s\n1,2,3\n4,5,6\n"","",""\n', ","),
        ("a;b;s\n1;2;3\n4;5;6\n;;\n", ";"),
        ('"a","b",s\n"1","2","3"\n 4, "5"," 6 "\n', ","),
        ("a,b,s\n1.,+2,.3e1\n4E0,05,600e-2\n", ","),
    ],
)
def test_layouts_that_say_the_same(text: str, delimiter: str | None) -> None:
    found = table(text)
    assert found.delimiter == delimiter
    assert found.names == ("a", "b", "s")
    assert numbers(found, [0, 1, 2]).tolist() == [[1, 2, 3], [4, 5, 6]]


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
    found = table(f"{header}\n1,2\n3,4\n")
    assert found.names == (name, "s")
    assert numbers(found, [0]).tolist() == [[1], [3]]


@pytest.mark.parametrize(
    "unused", ["ann", "", '"a, b"', '"two\nlines"', "nan", "1e999", '"say ""hi"""', "#", "é" * 500]
)
def test_columns_that_are_not_asked_for_may_hold_anything(unused: str) -> None:
    found = table(f"n,h,s\n{unused},1,2\nbob,3,4\n")
    assert numbers(found, [1, 2]).tolist() == [[1, 2], [3, 4]]


def test_numbers_of_one_column_are_a_column() -> None:
    assert numbers(table("h,n\n1,x\n2,y\n"), [0]).tolist() == [[1], [2]]
    assert numbers(table("h,s\n1,2\n"), [1, 0]).tolist() == [[2, 1]]


def test_a_large_table_has_all_rows_and_the_checksum_of_its_file() -> None:
    data = b"h,s\n" + b"1,2\n" * 250_000
    found = table(data)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert len(numbers(found, [0])) == 250_000


def test_long_lines_are_read() -> None:
    names = [f"{'x' * 1000}{n}" for n in range(200)]
    assert table(written([names, ["1"] * 200])).names == tuple(names)
    name = "h\n" * 60_000
    assert table(written([[name, "s"], ["1", "2"]])).names == (name.strip(), "s")


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("h|g|s\n1|2|3\n4|5|6\n", "|"),
        ("h g\ts\n1 2\t3\n4\t5 6\n", None),
        ("h\tg s\n1\t2 3\n4 5 6\n", None),
        ("h \t g\t s\n1 \t2\t 3\n4\t5\t6\n", "\t"),
        ("sep=;\nh;g;s\n1;2;3\n4;5;6\n", ";"),
        ('"sep=,"\r\nh,g,s\r\n1,2,3\r\n4,5,6\r\n', ","),
        ("SEP=:\nh:g:s\n1:2:3\n4:5:6\n", ":"),
        ("sep= \nh  g s\n1 2 3\n4  5 6\n", None),
        ("'h';'g';'s'\n'1';2;'3'\n4;'5' ;6\n", ";"),
        ("h;g;s\n1,0;2,00;3\n4;5;6,0\n", ";"),
        ("h|g|s\n1,0|2,0|3,0\n4|5|6\n", "|"),
        ("h\tg\ts\n1%\t2\t3\n4%\t5\t6\n", "\t"),
    ],
)
def test_separators_quotes_and_formats_of_other_programs(text: str, delimiter: str | None) -> None:
    found = table(text)
    assert found.delimiter == delimiter
    assert found.names == ("h", "g", "s")
    assert numbers(found, [0, 1, 2]).tolist() == [[1, 2, 3], [4, 5, 6]]
    blocks = [numbers(block, [0, 1, 2]) for block in tables(in_chunks(text.encode(), 1), "s.csv")]
    assert np.concatenate(blocks).tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("first name\tlast name\nann lee\tbob ray\n", "\t"),
        ("a|b,c|d\n1|2,3|4\n", "|"),
        ("name,note\nann,a;b\n", ","),
        ("it's,s\n1,2\n", ","),
        ("n,s\nit's,2\n'tis it's,3\n", ","),
        ("n,s\n\"'tis'\",2\n", ","),
    ],
)
def test_signs_within_cells_separate_and_quote_nothing(text: str, delimiter: str) -> None:
    found = table(text)
    assert (found.delimiter, found.quote) == (delimiter, '"')


def test_separators_within_single_quotes_are_text() -> None:
    found = table("'n, x','s'\n'it''s, well',2\n")
    assert found.names == ("n, x", "s")
    assert list(rows(found)) == [(2, ["it's, well", "2"])]
    assert widened(found, ["p"], [["0"]]) == '"n, x",s,p\n"it\'s, well",2,0\n'
    found = table("sep=;\n'n';'s'\n'x';1\n5\";2\n")
    assert [cells for _, cells in rows(found)] == [["x", "1"], ['5"', "2"]]


def test_lines_that_begin_with_a_hash_are_passed_over_with_a_note() -> None:
    text = '# a "b, c\n\nn,s\n#x,1\n"a\n#b",2\n#\nc#,3\n# end\n'
    found = table(text)
    assert list(rows(found)) == [(6, ["a\n#b", "2"]), (8, ["c#", "3"])]
    assert found.notes == ("lines that start with # are skipped.",)
    for text in ("#3,4\n1,2\n#3,4\n5,6\n", "# 1\n1 2\n#3 4\n5 6\n"):
        assert everything(text).tolist() == [[1, 2], [5, 6]]
        assert table(text).notes == found.notes
    assert (
        with_columns(table("1,2\n#3,4\n5,6\n"), ["p"], as_columns([["0"], ["0"]]))
        == "1,2,0\n5,6,0\n"
    )


def test_a_hash_alone_is_a_cell() -> None:
    found = table("#,s\n1,2\n#,3\n")
    assert found.names == ("#", "s")
    assert numbers(found, [1]).tolist() == [[2], [3]]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("text", "has_header", "names", "count"),
    [
        ("h,s\n1,2\n", True, ("h", "s"), 1),
        ("h,s\n1,2\n", False, ("column_1", "column_2"), 2),
        ("2019,2020\n1,2\n", True, ("2019", "2020"), 1),
        ("2019,2020\n1,2\n", None, ("column_1", "column_2"), 2),
        ("a,1\n1,2\n", True, ("a", "1"), 1),
        ("ann,1\nbob,2\n", True, ("ann", "1"), 1),
        ("1,5;2,5\n3,5;4,5\n", None, ("column_1", "column_2"), 2),
        ("50%,2\n60%,3\n", None, ("column_1", "column_2"), 2),
        ("\u22121,2\n3,4\n", None, ("column_1", "column_2"), 2),
    ],
)
def test_whether_there_is_a_header_is_said_or_guessed(
    text: str, has_header: bool | None, names: tuple[str, ...], count: int
) -> None:
    found = make_table(text.encode(), "s.csv", has_header=has_header)
    assert found.names == names
    assert len(list(rows(found))) == count
    (block, *_) = tables(iter([text.encode()]), "s.csv", has_header=has_header)
    assert block.names == names


@pytest.mark.parametrize(
    ("text", "is_noted"),
    [
        ("0,1,2\n5,6,9\n", True),
        ("2019,2020\n5,6\n", True),
        ("0,1,2\n", True),
        ("1,2\n3,4\n", False),
        ("0,1,2\n0,1,2\n", False),
        ("2019,2021\n5,6\n", False),
        ("0,1.0\n5,6\n", False),
        ("land,2019,2020\nItaly,1,2\n", True),
        ("a,0,1\nb,2,3\n", False),
    ],
)
def test_a_first_row_of_numbers_that_may_be_a_header_is_noted(text: str, is_noted: bool) -> None:
    note = "line 1 is read as data. Use `header=True` to read it as the header."
    assert table(text).notes == ((note,) if is_noted else ())


def test_rows_may_end_in_a_delimiter_where_the_header_does_not() -> None:
    found = table("a,b\n1,2,\n3,4,\n")
    assert found.names == ("a", "b", "column_3")
    assert blank_columns(found) == {2}
    assert header(found, ["p"]) == "a,b,,p\n"
    with pytest.raises(DataError, match="line 2 has 3 cells; expected 2"):
        numbers(table("a,b\n1,2,5\n"), [0])


def test_names_are_made_unique_and_the_header_stays() -> None:
    found = table("h,h,,h_2,column_3,h\n1,2,3,4,5,6\n")
    assert found.names == ("h", "h_3", "column_3", "h_2", "column_3_2", "h_4")
    assert header(found, ["p"]) == "h,h,,h_2,column_3,h,p\n"
    assert found.notes == ("columns with the same name are renamed: 'h_3', 'column_3_2', 'h_4'.",)
    many = table(",".join(["h"] * 5_000) + "\n" + ",".join(["1"] * 5_000) + "\n")
    assert len(set(many.names)) == 5_000


def test_the_encoding_is_noted_with_the_first_rows() -> None:
    data = "h,h\n1,2\n3,4\n5,6\n".encode("utf-16")
    notes = (
        "the file is read as UTF-16.",
        "columns with the same name are renamed: 'h_2'.",
    )
    assert table(data).notes == notes
    assert [block.notes for block in tables(in_chunks(data, 24), "s.csv")] == [notes, ()]


def test_notes_come_once_and_with_the_first_rows_they_are_about() -> None:
    data = "h,h\n1,2\n#\nJos\u00e9,4\n#\nJos\u00e9,6\n".encode("cp1252")
    notes = [block.notes for block in tables(in_chunks(data, 4), "s.csv")]
    assert [len(each) for each in notes if each] == [1, 2]
    assert {note for each in notes for note in each} == set(make_table(data, "s.csv").notes)


def test_a_column_keeps_its_number_format_from_block_to_block() -> None:
    data = b"h;g;s\n1,5;5%;1\n1,234;6%;2\n1.234;7%;3\n"
    blocks = [numbers(block, [0, 1]) for block in tables(in_chunks(data, 9), "s.csv")]
    assert len(blocks) > 1
    assert np.concatenate(blocks).tolist() == [[1.5, 5], [1.234, 6], [1234, 7]]
    first, second = tables(iter([b"h;s\n1.5;2\n", b"1,5;2\n"]), "s.csv")
    assert numbers(first, [0]).tolist() == [[1.5]]
    with pytest.raises(DataError, match=r"^s\.csv, line 3, column 'h': '1,5' is not a number"):
        numbers(second, [0])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("37,5;690\n", "3;1.110\n4;2690\n", [[37.5, 690], [3, 1110], [4, 2690]]),
        ("1.037,5;690\n", "3;1.110\n4;1.000\n", [[1037.5, 690], [3, 1110], [4, 1000]]),
        ("37.5;690\n", "3;1.110\n4;690\n", [[37.5, 690], [3, 1.11], [4, 690]]),
        ("37;690\n", "3,5;1.110\n", [[37, 690], [3.5, 1110]]),
        ("37;690\n", "3.25;1.110\n", [[37, 690], [3.25, 1.11]]),
        ("37;690\n", "3;1.110\n4;2.690\n", None),
    ],
)
def test_points_are_what_the_preceding_block_shows(
    before: str, after: str, expected: list[list[float]] | None
) -> None:
    blocks = [f"a;b\n{before}".encode(), after.encode()]
    for found in (tables(blocks, "s.csv"), [table(b"".join(blocks))]):
        if expected is None:
            with pytest.raises(DataError, match=r"'1\.110' can be read as 1.11 or as 1110 "):
                [numbers(block, [0, 1]) for block in found]
        else:
            answer = np.concatenate([numbers(block, [0, 1]) for block in found])
            assert answer.tolist() == expected


def test_whole_numbers_beside_a_text_with_a_point_settle_nothing_for_later_blocks() -> None:
    blocks = tables([b"a;b;t\n37;691;x.y\n", b"3,5;1.110;z\n"], "s.csv")
    answer = np.concatenate([numbers(block, [0, 1]) for block in blocks])
    assert answer.tolist() == [[37, 691], [3.5, 1110]]


# What is refused


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
        ('"1,5"', "'1,5' is not a number (write decimals with a point)"),
        ('"1,00,000"', "'1,00,000' is not a number"),
        ("1\u200b", "'1' holds an invisible character (U+200B, zero width space)"),
        ("\ufeff1", "'1' holds an invisible character (U+FEFF, zero width no-break space)"),
        ("x" * 60, f"'{'x' * 37}...' is not a number"),
        ("\x1b[31m7", "'[31m7' is not a number"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column_with_the_reason(cell: str, reason: str) -> None:
    assert refusal(f"h,s\n1,2\n\n{cell},3\n4,5\n") == (
        f"s.csv, line 4, column 'h': {reason}. Fix the cell."
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
        ("sep=;\nh;s\n1;2\nx;3\n", 4),
    ],
)
def test_lines_are_counted_as_an_editor_counts_them(text: str, line: int) -> None:
    assert refusal(text).startswith(f"s.csv, line {line}, column ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h,s\n1,2\n3\n", "line 3 has 1 cell; expected 2 ('h', 's'). Fix the line."),
        ("h,s\n1,2,3\n", "line 2 has 3 cells; expected 2 ('h', 's'). Fix the line."),
        ("1;2\n3;4\n5;6;7\n", "line 3 has 3 cells; expected 2 "),
        ("a b c\n1 2 3\n4 5\n", "line 3 has 2 cells; expected 3 "),
        ("h,s\n1,5,92\n", "line 2 has 3 cells; expected 2 "),
    ],
)
def test_a_line_with_too_few_or_too_many_cells_is_named(text: str, message: str) -> None:
    assert refusal(text).startswith(f"s.csv, {message}")


def test_a_line_of_the_wrong_length_is_seen_beside_columns_not_asked_for() -> None:
    for line in ("1,2", "1,2,x,y"):
        with pytest.raises(DataError, match=r"^s\.csv, line 3 has "):
            numbers(table(f"h,s,n\n1,2,ann\n{line}\n"), [0, 1])


@pytest.mark.parametrize(
    "text",
    [
        'h,s,n\n1,2,ann\n3,4,"bob\n5,6,carl\n7,8,dan\n',
        'n,h,s\nann,1,2\n"bob,3,4\ncarl,5,6\n',
        'h,s\n1,2\n3,"4\n',
        'h,s\n1,2\n3,"4\n\n',
        'h,s\n1,"2"x\n',
    ],
)
def test_a_quote_that_is_not_closed_hides_no_rows(text: str) -> None:
    found = table(text)
    with pytest.raises(DataError, match=r"^s\.csv, line \d cannot be read as CSV"):
        numbers(found, [found.names.index("h"), found.names.index("s")])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n\n",
        "\ufeff",
        "h,s\n",
        "h,s\n\n\n",
        "h,s\n,\n , \n",
        "h,s\n\n# 1,2\n",
        ",h,s\n,,\n",
        ",,\n",
    ],
)
def test_a_file_without_rows_is_refused(text: str) -> None:
    has_header = "h" in text
    assert refusal(text) == (
        "s.csv has a header but no data rows."
        if has_header
        else "s.csv is empty. Give a CSV with at least one row of data."
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"h,s\n\0", " is not a text file. Save the table as CSV first."),
        (
            b"PK\x03\x04\0\0",
            " is a spreadsheet or a zip file, not CSV. Save the table as CSV first.",
        ),
        (b"\xd0\xcf\x11\xe0\xa1", " is a spreadsheet, not CSV. Save the table as CSV first."),
        (b"\x1f\x8b\x08\0\0", " is compressed (gzip). Unpack it first: gunzip FILE"),
        (b'{"a": [1, 2]}', " is JSON, not CSV. Save the table as CSV first."),
        (b'[\n {"a": 1}]', " is JSON, not CSV. Save the table as CSV first."),
        (b"<!DOCTYPE html>\n", " is a web page or XML, not CSV. Save the table as CSV first."),
        (b"\xff\xfeh\0\0", " is damaged UTF-16 text. Save the file as UTF-8."),
        (
            b"h,s\r1,2\rJos\x81,3\r",
            ", line 3 is neither UTF-8 nor Windows-1252 text. Save the file as UTF-8.",
        ),
    ],
)
def test_what_is_not_a_text_table_is_refused(data: bytes, message: str) -> None:
    assert refusal(data) == f"s.csv{message}"
    assert outcome(lambda: tables(in_chunks(data, 1), "s.csv")) == f"s.csv{message}"


def test_a_first_line_of_names_and_numbers_is_refused() -> None:
    assert refusal("h,2\n3,4\n") == (
        "s.csv, line 1, column 1: 'h' is not a number, but '2' in the same line is. Use "
        "`header=True` if the line holds column names or `header=False` if it is data, or fix "
        "the cell."
    )
    assert refusal("\n1,x\n3,4\n").startswith("s.csv, line 2, column 2: 'x' is not a number")


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
        ("h,s\n1, 2 \n 3 ,4\n", "h,s,p\n1,2,0\n3,4,1\n"),
        ("h\n\n1\n2\n", "h,p\n1,0\n2,1\n"),
        ("n\ts\n\n\t1\nx\t2\n", "n\ts\tp\n\t1\t0\nx\t2\t1\n"),
        ("n,s\n\nX,1\nY,2\n", "n,s,p\nX,1,0\nY,2,1\n"),
        ("'n','s'\nx,1\n\"a,2\n", 'n,s,p\nx,1,0\n"""a",2,1\n'),
    ],
)
def test_added_columns_leave_the_cells_and_the_delimiter_as_they_are(
    text: str, expected: str
) -> None:
    assert widened(table(text), ["p"], [["0"], ["1"]]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h,p,s\n1,9,2\n3,8,4\n", "h,p,s,q\n1,0,2,5\n3,1,4,6\n"),
        ("q,h,p\n9,1,2\n9,3,4\n", "q,h,p\n5,1,0\n6,3,1\n"),
        ("h;P\n1;2\n3;4\n", "h;P;p;q\n1;2;0;5\n3;4;1;6\n"),
        ("1,2\n3,4\n", "column_1,column_2,p,q\n1,2,0,5\n3,4,1,6\n"),
    ],
)
def test_columns_that_are_there_are_replaced_where_they_stand(text: str, expected: str) -> None:
    added = [["0", "5"], ["1", "6"]]
    written_once = widened(table(text), ["p", "q"], added)
    assert written_once == expected
    assert widened(table(written_once), ["p", "q"], added) == expected


def test_blank_cells_between_white_space_stay_cells() -> None:
    found = table('n h s\nann 1 2\n"" 3 4\n')
    again = table(widened(found, ["p"], [["0"], ["1"]]))
    assert [cells for _, cells in rows(again)] == [
        ["ann", "1", "2", "0"],
        ["", "3", "4", "1"],
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('n,h\n"ann" ,1\n', "ann"),
        ('n;h\n "ann"  ;1 \n', "ann"),
        ('n,h\n"a ""b"" ,c" , "1" \n', 'a "b" ,c'),
        ('"n" ,"h"\n"ann" ,1', "ann"),
        ('n\th\r\n"ann" \t"1" \r\n', "ann"),
    ],
)
def test_spaces_after_a_closing_quote_do_not_matter(text: str, name: str) -> None:
    found = table(text)
    assert found.names == ("n", "h")
    assert numbers(found, [1]).tolist() == [[1]]
    assert list(rows(found)) == [(2, [name, "1"])]


def test_a_header_that_is_not_csv_is_refused_by_its_line() -> None:
    assert refusal('\n"a"b,c\n1,2\n') == (
        "s.csv, line 2 cannot be read as CSV: ',' expected after '\"'. Check the quotation marks "
        "in this line and the lines before it."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c\n1,2\n", "s.csv, line 2 has 2 cells; expected 3 ('a', 'b', 'c'). "),
        ("a\tb\tc\n1\t2\n", "s.csv, line 2 has 2 cells; expected 3 ('a', 'b', 'c'). "),
        ("a;b\n1;2;3\n", "s.csv, line 2 has 3 cells; expected 2 ('a', 'b'). "),
        ("a;b\n1\n", "s.csv, line 2 has 1 cell; expected 2 ('a', 'b'). "),
        ("a b,c\nx y\n", "s.csv, line 2 has 1 cell; expected 2 ('a b', 'c'). "),
        ("a b\n1,5 2\n", "s.csv, line 2 has 2 cells; expected 1 ('a b'). "),
        ("a b c\n1 2\n", "s.csv, line 2, column 'a b c': '1 2' is not a number. "),
        ("1,x\n", "s.csv, line 1, column 2: 'x' is not a number, but '1' in the same line is. "),
    ],
)
def test_the_delimiter_is_the_one_that_cuts_most_where_none_cuts_alike(
    text: str, message: str
) -> None:
    assert refusal(text).startswith(message)


def test_a_line_break_in_a_cell_begins_no_row() -> None:
    assert refusal('h\n"1\n2"\n3\n').startswith("s.csv, line 3, column 'h': '1 2' is not a number")


def test_a_line_of_spaces_is_a_blank_line() -> None:
    assert everything("h\n1\n  \n2\n").tolist() == [[1], [2]]
    assert everything("   \nh,s\n \n1,2\n").tolist() == [[1, 2]]
    assert list(rows(table("h s\n1 2\n \t \n3\t4\n"))) == [(2, ["1", "2"]), (4, ["3", "4"])]


# Most lines are copied as they are; the result is the same as if every row were written anew.
@settings(max_examples=60)
@given(
    st.sampled_from(["", "\n", "a,b\n", "a;b\n", '"a","b"\n', " a, b\n", "a\u3000,b\n"]),
    st.lists(
        st.lists(
            st.sampled_from(
                ["1", "x", "", " 2", "3 ", "\t4", "5\t", '"6"', "7\u3000", "\x1c8", "a b", "é"]
            ),
            min_size=2,
            max_size=2,
        ),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([",", ";", "\t"]),
    LINE_ENDS,
)
def test_rows_with_added_columns_are_what_the_csv_module_writes(
    start: str, cells: list[list[str]], delimiter: str, line_end: str
) -> None:
    text = start + "".join(delimiter.join(row) + "\n" for row in cells)
    try:
        found = table(text.replace("\n", line_end))
        added = [[str(n)] for n, _ in enumerate(rows(found))]
    except DataError:
        return
    pairs = zip(rows(found), added, strict=True)
    expected = written([[*row, *new] for (_, row), new in pairs], found.delimiter or ",")
    assert with_columns(found, ["p"], as_columns(added)) == expected


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.text('ab ,;\t"\n', max_size=5), FINITE), min_size=1, max_size=5),
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
    again = table(widened(found, ["p"], added))
    assert again.names == ("name", "h", "p")
    assert numbers(again, [1]).tobytes() == numbers(found, [1]).tobytes() == expected.tobytes()
    assert [row[:2] for _, row in rows(again)] == [row for _, row in rows(found)]
    assert [row[2:] for _, row in rows(again)] == added


# Block by block


def outcome(
    blocks: Callable[[], Iterable[Table]],
) -> tuple[str, Array, list[tuple[int, list[str]]]] | str:
    """What a CSV says, read in blocks: as CSV again, as numbers and as rows; or the refusal."""
    text = ""
    values: list[Array] = []
    found: list[tuple[int, list[str]]] = []
    try:
        for block in blocks():
            columns = [n for n, name in enumerate(block.names) if not name.startswith("t")]
            values.append(numbers(block, columns))
            text += header(block, ["p"]) if block.is_first else ""
            text += with_columns(
                block, ["p"], as_columns([[repr(sum(row))] for row in values[-1].tolist()])
            )
            found += rows(block)
    except DataError as error:
        return str(error)
    return text, np.concatenate(values), found


def in_chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def same(one: object, other: object) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    assert isinstance(one, tuple)
    assert isinstance(other, tuple)
    return bool(
        one[0] == other[0] and one[1].tobytes() == other[1].tobytes() and one[2] == other[2]
    )


@settings(max_examples=60)
@given(
    st.sampled_from(
        ["", "a,t\n1,x\n", ",b\n", "a t\n1 2\n", "t;b\n1;2\n", "1,2\r\n3,4\r\n", "'a','b'\n"]
    ),
    st.one_of(
        st.text('12,; \t"\n\r', max_size=30),
        st.text('1,"\n', max_size=30),
        st.text("1,'|#\"\n ", max_size=30),
        st.lists(
            st.sampled_from(
                ["1,2", '3,"x"', '"4","a\nb"', '5,"c" ', " 6 , 7", "8,\u3000", ",", "", '9,"""\n"'],
            )
        ).map("\n".join),
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.one_of(st.integers(1, 8), st.integers(1, 60)),
)
def test_the_size_of_the_chunks_changes_nothing(
    start: str, text: str, line_end: str, mark: bool, size: int
) -> None:
    data = (("\ufeff" if mark else "") + (start + text).replace("\n", line_end)).encode()
    whole = outcome(lambda: [make_table(data, "s.csv")])
    parts = outcome(lambda: tables(in_chunks(data, size), "s.csv"))
    assert same(parts, whole), (parts, whole)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_every_kind_of_line_comes_before_the_end(end: str) -> None:
    chunks = (f"h,s{end}1,2{end}3,4{end}".encode(), b"5,6", end.encode())
    counts = [len(list(rows(block))) for block in tables(iter(chunks), "s.csv")]
    assert counts[0] == (1 if end == "\r" else 2)  # the last \r may be half of an end
    assert sum(counts) == 3


def test_rows_come_as_soon_as_they_are_whole() -> None:
    came: list[str] = []

    def chunks() -> Iterator[bytes]:
        for chunk in ("a,b\n1,", '2\n"3\n', '",4\n5,6\n', "7,", "8"):
            came.append(chunk)
            yield chunk.encode()

    seen = [(len(came), [cells for _, cells in rows(b)]) for b in tables(chunks(), "s.csv")]
    assert seen == [(2, [["1", "2"]]), (3, [["3", "4"], ["5", "6"]]), (5, [["7", "8"]])]


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize(
    "data",
    [
        b"h,s\n1,2\nJos\xe9,3\n",
        b"h,s\n\n1,x\n",
        b"h,s\n\n1,2\n3,x\n",
        b"h,s\n1,2\n\n,\n,\n3,4\n",
        b'h,s\n1,"2\n3',
    ],
)
def test_refusals_name_the_same_line_in_blocks(data: bytes, size: int) -> None:
    parts = outcome(lambda: tables(in_chunks(data, size), "s.csv"))
    assert parts == outcome(lambda: [make_table(data, "s.csv")])
    assert isinstance(parts, str)


@pytest.mark.parametrize(("end", "lines"), [(b'"\n2,3\n', [60_002, 60_003]), (b'"', [60_002])])
def test_a_long_row_is_found_whole(end: bytes, lines: list[int]) -> None:
    data = b'a,b\n1,"' + b"x\n" * 60_000 + end
    (table_,) = tables(in_chunks(data, 10_000), "s.csv")
    assert [line for line, _ in rows(table_)] == lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b\n37,5;1.110\n2;690\n", [[37.5, 1110], [2, 690]]),
        ("a;b\n37,5;1.110\n2;2.690\n", [[37.5, 1110], [2, 2690]]),
        (
            "a;b\n37,5;999.999\n2;-1.001\n3;2691\n4;0\n",
            [[37.5, 999999], [2, -1001], [3, 2691], [4, 0]],
        ),
        ("a;b\n0.5;1.110\n2;690\n", [[0.5, 1.11], [2, 690]]),
        ("a;b\n37.5;1.110\n2;690\n", [[37.5, 1.11], [2, 690]]),
        ("a\tb\n1.090,03\t1.110\n2\t690\n", [[1090.03, 1110], [2, 690]]),
        ("a\tb\n1,090.03\t1.110\n2\t690\n", [[1090.03, 1.11], [2, 690]]),
        ("a;b\n5,5 %;1.110\n2%;690\n", [[5.5, 1110], [2, 690]]),
        ("a;b\n5.5%;1.110\n2%;690\n", [[5.5, 1.11], [2, 690]]),
        ("a,b\n2,1.110\n3,690\n", [[2, 1.11], [3, 690]]),
    ],
)
def test_points_before_three_digits_are_what_other_columns_show(
    text: str, expected: list[list[float]]
) -> None:
    found = table(text)
    assert numbers(found, range(2)).tolist() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a;b\n5;690\n6;2.610\n", "line 3, column 'b': '2.610' can be read as 2.61 or as 2610"),
        # Other columns have points and commas, or a comma that may separate thousands.
        (
            "a;b;c\n2.5;3,5;690\n6;6;2.610\n",
            "line 3, column 'c': '2.610' can be read as 2.61 or as 2610",
        ),
        (
            "a;b\n690;5,234%\n2.610;6%\n",
            "line 2, column 'b': '5,234%' can be read as 5234 or as 5.234",
        ),
        # Other columns settle only points.
        ("a;b\n2.5;1,234\n3;5\n", "line 2, column 'b': '1,234' can be read as 1234 or as 1.234"),
    ],
)
def test_cells_that_may_be_decimals_or_thousands_are_refused(text: str, message: str) -> None:
    assert refusal(text) == (
        f"s.csv, {message} (write it without separators, or with a different number of decimals). "
        "Fix the cell."
    )


@pytest.mark.parametrize(("cell", "first"), [("3,5", 1100), ("3.5", 1.1)])
@pytest.mark.parametrize("at", [0, 3000])
def test_one_cell_anywhere_settles_what_the_points_of_another_column_mean(
    cell: str, first: float, at: int
) -> None:
    lines = ["1.100;0"] * 3000
    lines.insert(at, f"1.100;{cell}")
    found = numbers(table("a;b\n" + "\n".join(lines)), range(2))
    assert found[:, 0].tolist() == [first] * 3001


def test_a_unit_separator_within_a_cell_does_not_end_it() -> None:
    message = "line 3 has 1 cell; expected 2"
    assert message in refusal('a b\n"1" 2\n3\x1f4\n')
    assert message in refusal('a,b\n"1",2\n3\x1f4\n')
