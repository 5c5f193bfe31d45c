from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorenet_cli.text import (
    did_you_mean,
    is_number,
    listed,
    number,
    parse_number,
    printable,
    quoted,
    shorten,
)

# Anything; what looks like a number; and numbers as Python writes them.
CELLS = (
    st.text(max_size=8)
    | st.text("0123456789.+-\u2212eE_ \tnaif\uff11\u0663", max_size=8)
    | st.from_regex(r"\s?[+-]?[0-9]{0,4}\.?[0-9]{0,4}(e[+-]?[0-9]{1,3})?\s?", fullmatch=True)
    | st.floats().map(repr)
)
WHOLE_FLOAT = 2**53


def as_float_reads_it(text: str) -> float | None:
    text = text.replace("\u2212", "-")
    if "_" in text or not text.strip().isascii():
        return None
    try:
        return float(text.strip())
    except ValueError:
        return None


@given(CELLS)
def test_a_number_is_what_float_reads_in_ascii_without_underscores(text: str) -> None:
    assert is_number(text) == (as_float_reads_it(text) is not None)


@given(CELLS)
def test_a_finite_number_is_read_to_the_bit_and_all_else_refused(text: str) -> None:
    expected = as_float_reads_it(text)
    if expected is None or not math.isfinite(expected):
        with pytest.raises(ValueError, match=r"^(is|holds) "):
            parse_number(text)
    else:
        assert parse_number(text).hex() == expected.hex()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is blank"),
        (" \t", "is blank"),
        ("seven", "is not a number"),
        ("1_000", "is not a number"),
        ("\uff17", "is not a number"),
        ("0x10", "is not a number"),
        ("1e", "is not a number"),
        ("1,000,000", "is not a number"),
        ("7,5", r"is not a number \(write decimals with a point\)"),
        ("-,5e3", r"is not a number \(write decimals with a point\)"),
        ("nan", "is not a finite number"),
        ("-Infinity", "is not a finite number"),
        ("1e999", "is not a finite number"),
        ("1\u200b", r"holds an invisible character \(U\+200B, zero width space\)"),
        ("seven\u00ad", r"holds an invisible character \(U\+00AD, soft hyphen\)"),
    ],
)
def test_the_reason_follows_the_text(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        parse_number(text)


def test_a_minus_sign_is_a_minus() -> None:
    assert parse_number("\u22121e\u22121") == -0.1


@given(st.text())
def test_what_is_shown_is_printable(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" ")))
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("two\nlines\tand\u00a0more", "two lines and more"),
        ("be\x07ll", "bell"),
        ("abc\u202efdp", "abcfdp"),
        ("学习时间", "学习时间"),
    ],
)
def test_nothing_steers_the_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(), st.integers(3, 50))
def test_shortened_text_fits_and_keeps_its_beginning(text: str, most: int) -> None:
    shown = shorten(text, most)
    assert len(shown) <= most
    assert printable(text).startswith(shown.removesuffix("..."))
    if len(printable(text)) <= most:
        assert shown == printable(text)


def test_a_name_stands_between_quotes_and_is_cut_where_it_is_long() -> None:
    assert quoted("hours\n") == "'hours '"
    assert quoted("x" * 40) == f"'{'x' * 40}'"
    assert quoted("x" * 41) == f"'{'x' * 37}...'"


def test_a_long_list_says_how_many_more_there_are() -> None:
    names = [f"c{n}" for n in range(14)]
    assert listed(["a"]) == "'a'"
    assert listed(("a", "b")) == "'a', 'b'"
    assert listed(names[:12]).endswith("'c10', 'c11'")
    assert listed(names).endswith("'c10', 'c11' and 2 more")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("scoer", " Did you mean 'score'?"),
        ("hour_slept", " Did you mean 'hours_slept'?"),
        ("age", ""),
    ],
)
def test_a_near_miss_is_answered_with_the_name_meant(name: str, answer: str) -> None:
    assert did_you_mean(name, ("hours_slept", "score")) == answer


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("--modle", " Did you mean '--model'?"),
        ("--csv", ""),
        ("--version", ""),
        ("--", ""),
    ],
)
def test_the_dashes_of_an_option_make_none_similar(name: str, answer: str) -> None:
    assert did_you_mean(name, ["--save", "--json", "--model"]) == answer


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (92.0, 6, "92"),
        (100.0, 0, "100"),
        (0.5, 6, "0.5"),
        (0.1 + 0.2, 6, "0.3"),
        (0.1 + 0.2, 17, "0.30000000000000004"),
        (0.5000001, 6, "0.500000"),
        (1 / 3, 6, "0.333333"),
        (2 / 3, 2, "0.67"),
        (0.0, 6, "0"),
        (-0.0, 6, "0"),
        (-0.001, 2, "0.00"),
        (0.001, 3, "0.001"),
        (0.0005, 3, "0.001"),
        (0.001, 4, "0.001"),
        (0.0009, 4, "9.000e-04"),
        (1e-5, 6, "0.00001"),
        (0.000012, 6, "0.000012"),
        (2e15, 0, "2e+15"),
        (2e15, 1, "2e+15"),
        (10.0, 0, "10"),
        (10.0, 2, "10"),
        (1234567890.12345, 17, "1234567890.12345004081726074"),
        (0.001, 6, "0.001"),
        (0.000005, 6, "5.00000e-06"),
        (1.94136958194e-18, 6, "1.94137e-18"),
        (123456789.0, 6, "123456789"),
        (1e15, 6, "1.00000e+15"),
        (-2.5e300, 3, "-2.50e+300"),
    ],
)
def test_numbers_are_written_for_people(value: float, decimals: int, shown: str) -> None:
    assert number(value, decimals) == shown


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_what_is_written_is_the_number_rounded(value: float, decimals: int) -> None:
    shown = number(value, decimals)
    rounding = 0.500001 * 10.0**-decimals
    tolerance = abs(value) * 10 * rounding if "e" in shown else rounding
    assert abs(float(shown) - value) <= tolerance + abs(value) * 1e-14 + 1e-14
    assert not (float(shown) == 0 and shown.startswith("-"))


@given(st.integers(-WHOLE_FLOAT // 10, WHOLE_FLOAT // 10))
def test_whole_numbers_are_written_whole(value: int) -> None:
    assert number(float(value)) == str(value)


def test_a_number_has_six_decimals_where_nothing_else_is_said() -> None:
    assert number(1 / 3) == "0.333333"
