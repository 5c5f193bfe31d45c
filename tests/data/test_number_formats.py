from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorenet_cli.data.number_formats import (
    ColumnError,
    NumberFormat,
    looks_like_number,
    read_column,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("cells", "allows_comma", "expected"),
    [
        (["1", "2.5", "-3e1"], False, [1, 2.5, -30]),
        (["1,5", "2", ",25", "-0,5", "1,5e2"], True, [1.5, 2, 0.25, -0.5, 150]),
        (["1.234,5", "2"], True, [1234.5, 2]),
        (["1.234", "2,5"], True, [1234, 2.5]),  # the comma marks decimals: the point does not
        (["1,234", "2.5"], True, [1234, 2.5]),
        (["1,234", "2,5"], True, [1.234, 2.5]),
        (["0,123", "1,234"], True, [0.123, 1.234]),  # thousands do not begin with 0
        (["1234,567", "1,234"], True, [1234.567, 1.234]),
        (["1.234", "5.6780"], True, [1.234, 5.678]),
        (["690", "2.610"], False, [690, 2.61]),
        (["$1,234", "-$5.50", "£3", "7 €"], False, [1234, -5.5, 3, 7]),
        (["1.234,50 €", "3 €"], True, [1234.5, 3]),
        (["1,234,567", "1,234", "999"], True, [1234567, 1234, 999]),
        (["1,234", "-5,678.5", "1"], False, [1234, -5678.5, 1]),
        (["1 234", "1\u00a0234 567", "-9"], False, [1234, None, -9]),
        (["1'234.5", "1\u2019234"], True, [1234.5, 1234]),
        (["1 234,5"], True, [1234.5]),
        (["50%", " 7.5 % "], False, [50, 7.5]),
        (["1,234 %", "$7 %"], False, [1234, 7]),
        (["50,5%", "-1%"], True, [50.5, -1]),
        (["\u22125", "\u22121.5"], False, [-5, -1.5]),
        (["\u22121,234", "5"], False, [-1234, 5]),
    ],
)
def test_a_column_is_read_in_the_only_format_that_fits(
    cells: list[str], allows_comma: bool, expected: list[float | None]
) -> None:
    wanted = [value for value in expected if value is not None]
    cells = [cell for cell, value in zip(cells, expected, strict=True) if value is not None]
    values, _ = read_column(cells, allows_comma=allows_comma)
    assert values == wanted
    assert all(map(looks_like_number, cells))


@pytest.mark.parametrize(
    ("cells", "allows_comma", "expected"),
    [
        (["5"], True, NumberFormat()),
        (["5.5"], True, NumberFormat(".")),
        (["5,5"], True, NumberFormat(",")),
        (["5.5%"], False, NumberFormat(".", has_percent=True)),
        (["$5"], False, NumberFormat(".", has_currency=True)),
        (["5%", "$6%"], True, NumberFormat(None, has_percent=True, has_currency=True)),
        (["1 234"], True, NumberFormat(None, has_thousands=True)),
    ],
)
def test_the_format_is_told(cells: list[str], allows_comma: bool, expected: NumberFormat) -> None:
    assert read_column(cells, allows_comma=allows_comma)[1] == expected


@pytest.mark.parametrize(
    ("cells", "allows_comma", "row", "message"),
    [
        (["5", "1,234"], True, 1, "can be read as 1234 or as 1.234 (write it without separators, "),
        (["1.234", "5.678"], True, 0, "can be read as 1.234 or as 1234 (write it without "),
        (["690", "2.610"], True, 1, "can be read as 2.61 or as 2610 (write it without "),
        (["1.234", "1,234"], True, 0, "can be read as 1.234 or as 1234 (write it without "),
        (["1.5", "1,5"], True, 1, "is not a number (write decimals with a point)"),
        (["1,5", "1.5"], True, 1, "has a decimal point, but other cells of the column have a "),
        (["1,5"], False, 0, "is not a number (write decimals with a point)"),
        (["1,5", "x"], True, 1, "is not a number"),
        (["1,5", "x.y"], True, 1, "is not a number"),
        (["1,5", "nan"], True, 1, "is not a finite number"),
        (["1,5", ""], True, 1, "is blank"),
        (["1 234 56"], False, 0, "is not a number"),
        (["1,234 567"], False, 0, "is not a number"),
        (["5%", "6"], False, 1, "has no percent sign, but other cells of the column have one"),
        (["6", "5%"], False, 0, "has no percent sign, but other cells of the column have one"),
        (["x", "5%"], False, 0, "is not a number"),
        (["5%%"], False, 0, "is not a number"),
        (["%"], False, 0, "is blank"),
        (["nan%"], False, 0, "is not a finite number"),
    ],
)
def test_a_column_that_fits_no_format_or_two_is_refused(
    cells: list[str], allows_comma: bool, row: int, message: str
) -> None:
    with pytest.raises(ColumnError) as error:
        read_column(cells, allows_comma=allows_comma)
    assert error.value.row == row
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("before", "cells", "expected"),
    [
        (["1,5"], ["1,234"], [1.234]),
        (["1,5"], ["1.234"], [1234]),
        (["1,234,567"], ["1,234"], [1234]),
        (["1.5"], ["1,234"], [1234]),
        (["1"], ["1,5"], [1.5]),
        (["5%"], ["7%"], [7]),
        (["1.5"], ["1,5"], "is not a number (write decimals with a point)"),
        (
            ["1,5"],
            ["1.5"],
            "has a decimal point, but other cells of the column have a decimal comma",
        ),
        (["5%"], ["7"], "has no percent sign, but other cells of the column have one"),
        (["7"], ["5%"], "has a percent sign, but other cells of the column have none"),
        (["7"], ["%"], "is not a number"),
    ],
)
def test_rows_keep_to_the_format_of_those_before(
    before: list[str], cells: list[str], expected: list[float] | str
) -> None:
    _, known = read_column(before, allows_comma=True)
    try:
        assert read_column(cells, allows_comma=True, known=known)[0] == expected
    except ColumnError as error:
        assert str(error) == expected  # noqa: PT017 - one of two right outcomes


@settings(max_examples=40)
@given(st.lists(FINITE, min_size=1, max_size=20), st.booleans())
def test_plain_numbers_come_back_to_the_bit_in_any_file(
    numbers: list[float], allows_comma: bool
) -> None:
    values, found = read_column(list(map(repr, numbers)), allows_comma=allows_comma)
    assert values == numbers
    assert found.is_plain


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1), st.sampled_from(" '.,"))
def test_grouped_whole_numbers_are_read_or_refused_as_ambiguous(
    numbers: list[int], mark: str
) -> None:
    cells = [f"{number:,}".replace(",", mark) for number in numbers]
    try:
        values, _ = read_column(cells, allows_comma=False)
    except ColumnError:
        assert mark == "."
    else:
        assert values == numbers or mark == "."


@pytest.mark.parametrize("cell", ["", "x", "1,2,3", "1.2.3", "12 34", "%", "--5", "1 000 x"])
def test_other_text_does_not_look_like_a_number(cell: str) -> None:
    assert not looks_like_number(cell)


def test_a_format_is_plain_where_python_reads_it() -> None:
    assert NumberFormat(".").is_plain
    assert not NumberFormat(",").is_plain
    assert not NumberFormat(None, has_percent=True).is_plain
