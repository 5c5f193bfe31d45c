from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorenet_cli.data import plain_numbers
from scorenet_cli.data.plain_numbers import (
    append_cells,
    cell_texts,
    read_plain,
    read_texts,
    write_fixed,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
DIGITS = st.text("0123456789", max_size=21)
# Numbers as programs write them: all digits of a float, few decimals, or any digits with a point.
CELLS = st.one_of(
    FINITE.map(repr),
    st.builds("{:.{}f}".format, st.floats(-1e6, 1e6), st.integers(0, 12)),
    st.builds("{}{}.{}".format, st.sampled_from(["", "-", "+"]), DIGITS, DIGITS),
    st.text("0123456789.-+e /:\x1f", max_size=9),
)


def one(cell: str) -> float | None:
    """Read a file of one cell; None where it is no number."""
    found = read_plain(f"{cell}\n".encode(), b",", 1, [0])
    assert found is not None
    return float(found[0][0]) if found else None


def as_python(cell: str) -> float | None:
    """Read a cell as Python does, if it consists of what a decimal number consists of."""
    if not cell:
        return float("nan")
    try:
        value = float(cell) if set(cell) <= set("0123456789+-.eE \t") else float("nan")
    except ValueError:
        return None
    return value if np.isfinite(value) else None


# Each is read in a way of its own, or is nearly a plain number.
DIFFICULT = """
0 -0 7. .5 -.5 0.1 00012 12345678 123456789 1234567.8 12345678. .12345678
999999999999999 99999999999999.9 1234567890123456 .1234567890123456 123456789012345.6
9007199254740993 9007199254740995 -9007199254740993.0 0.1234567890123456785
9999999999999999999 -9999999999999999999. .9999999999999999999 18446744073709551616
99999999999999999999 0.0000000000000000001 123456789012345678.5 12345678901234567890123456
12345678901234567.12345678901 1e5 -2.5E-3 1e-400 1e400 -1e999 +1 +.5 nan inf 1_000 0x10 \u0661
. - + -. .. 1.. ..1 1.2.3 1/2 / 1:2 -- --1 1- 1-2 -1-2 -1- 1-.5 -+1 1e 1.e+
12345678.1.2 1.2345678.1 1.2345678. 1.234567.8 1.2.12345678 12345678.12345678.1
1.123456789012345.1 1.1.1234567890123456 -1.2.123456789012 1.2.1234567890123456789012
x12345678 x1234567890123456 x123456789012345678901234 1-2345678901 1234567-12345678
"""
# Half-way between two floats once rounded to a long double, whose float is then the wrong one.
HALF_WAY = """
.6631482736972486580 6825504886.717672825 .3972310460131071308
8636342.559239222668 -.2386535303696251803 9316460692.914488792
"""


@pytest.fixture(params=[True, False], ids=["long double", "no long double"])
def _with_and_without_long_double(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not request.param:
        monkeypatch.setattr(plain_numbers, "HAS_LONG_DOUBLE", False)
        monkeypatch.setattr(plain_numbers, "MAX_DIGITS", plain_numbers.MAX_EXACT)


def check_as_python(cell: str) -> None:
    answer, expected = one(cell), as_python(cell)
    assert (answer is None) == (expected is None), cell
    if answer is not None and expected is not None:
        assert np.float64(answer).tobytes() == np.float64(expected).tobytes(), cell


@pytest.mark.usefixtures("_with_and_without_long_double")
def test_a_difficult_cell_is_what_python_reads_to_the_bit() -> None:
    for cell in ["", " ", " 1.5 ", *DIFFICULT.split(), *HALF_WAY.split()]:
        check_as_python(cell)


@pytest.mark.usefixtures("_with_and_without_long_double")
def test_difficult_cells_do_not_change_those_beside_them() -> None:
    cells = [
        cell for cell in ["", *DIFFICULT.split(), *HALF_WAY.split()] if as_python(cell) is not None
    ]
    pairs = [*zip(cells, reversed(cells), strict=True)]
    found = read_plain("".join(f"{a},x,{b}\n" for a, b in pairs).encode(), b",", 3, [2, 1, 0])
    assert found is not None
    assert [*found] == [2, 0]
    for column, texts in ((0, cells), (2, cells[::-1])):
        assert found[column].tobytes() == np.array([*map(as_python, texts)], float).tobytes()


@settings(max_examples=150)
@given(CELLS)
def test_a_cell_is_what_python_reads_to_the_bit(cell: str) -> None:
    check_as_python(cell)


@pytest.mark.usefixtures("_with_and_without_long_double")
def test_columns_of_many_lengths_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_numbers, "BLOCK", 5_000)
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 1, (2_000, 3)) * 10.0 ** rng.integers(-5, 8, (2_000, 3))
    text = "".join(f"{a!r},name,{b:.2f},{c:.9f}\n" for a, b, c in values.tolist())
    found = read_plain(text.encode().rstrip(), b",", 4, [3, 1, 0, 2])
    assert found is not None
    assert [*found] == [3, 0, 2]
    expected = np.loadtxt(text.splitlines(), delimiter=",", usecols=[3, 0, 2])
    assert np.column_stack([*found.values()]).tobytes() == expected.tobytes()


@pytest.mark.parametrize("row", range(4))
def test_a_column_with_a_text_in_any_block_is_left_out(
    monkeypatch: pytest.MonkeyPatch, row: int
) -> None:
    monkeypatch.setattr(plain_numbers, "BLOCK", 3)
    data = "".join(f"{n},{'x' if n == row else n}\n" for n in range(4))
    found = read_plain(data.encode(), b",", 2, [0, 1])
    assert found is not None
    assert {n: column.tolist() for n, column in found.items()} == {0: [0, 1, 2, 3]}


def test_blank_cells_are_nan_and_lines_of_another_width_are_refused() -> None:
    found = read_plain(b"1,,x\n,3,\n", b",", 3, [0, 1, 2])
    assert found is not None
    assert {n: column.tolist() for n, column in found.items()} == {
        0: [1, pytest.approx(np.nan, nan_ok=True)],
        1: [pytest.approx(np.nan, nan_ok=True), 3],
    }
    for data in (b"1,2\n3\n", b"1,2,3\n", b"1\n2,3,4\n", b"1,2\n\n3,4\n"):
        assert read_plain(data, b",", 2, [0]) is None


@pytest.mark.parametrize("delimiter", ["-", ".", "/", "+", ";"])
def test_a_delimiter_may_be_a_sign_of_numbers(delimiter: str) -> None:
    lines = [["12", "", "7"], ["", "3", "x"], ["40", "5 5", ""]]
    text = "".join(f"{delimiter.join(cells)}\n" for cells in lines)
    found = read_plain(text.encode(), delimiter.encode(), 3, [0, 1, 2])
    assert found is not None
    assert {n: column.tolist() for n, column in found.items()} == {
        0: [12, pytest.approx(np.nan, nan_ok=True), 40]
    }


def check_written_as_python(values: list[float], decimals: int) -> None:
    expected = [f"{value:z.{decimals}f}" for value in values]
    cells = write_fixed(np.array(values, dtype=np.float64), decimals)
    assert cell_texts(cells) == expected
    if not values:  # a table has rows
        return
    lines = "".join(f"{row}\n" for row in range(len(values)))
    both = "".join(f"{row};{cell};{cell}\n" for row, cell in enumerate(expected))
    assert append_cells(lines.encode(), b";", [cells, cells]).decode() == both


@pytest.mark.parametrize(
    ("values", "decimals"),
    [
        ([-0.0, -4e-7, 5e-7, -5e-7, 0.5, 1.5, 2.5, 1e300], 6),
        ([-0.0, -4e-7, 4e-7, 1e-6, -1e-6], 6),
        ([0.5, 1.5, 2.5, -0.5, 99.5], 0),
        ([0.0, 1.0, -1.0, 9.0, -10.0], 0),
        # Their products are half-way, or rounded across it.
        ([0.15, 0.35, 0.45, -0.65, 1.05, -1.15], 1),
        ([1.005, 1.115, 2.675, -1.115, 0.285], 2),
        ([2.0**32, 1.0], 0),
        ([2.0**32 - 1, -1.0], 0),
        ([2.0**42 - 1, 2.0**42, 2.0**42 + 1, -(2.0**42)], 0),
        ([1e308, -1e308, 1.0], 17),
    ],
)
def test_difficult_numbers_are_written_as_python_writes_them(
    values: list[float], decimals: int
) -> None:
    check_written_as_python(values, decimals)


@settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            FINITE,
            st.floats(-1000, 1000),
            st.builds(lambda n, d: (n + 0.5) / 10**d, st.integers(-999, 999), st.integers(0, 9)),
        )
    ),
    st.integers(0, 17),
)
def test_numbers_are_written_as_python_writes_them(values: list[float], decimals: int) -> None:
    check_written_as_python(values, decimals)


def test_texts_are_the_cells_without_spaces_around_block_by_block(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plain_numbers, "BLOCK", 3)
    data = "red, 1,é\nblue ,2,\nred,3,é".encode()
    assert read_texts(data, b",", 3, [0, 2]) == {0: ["red", "blue", "red"], 2: ["é", "", "é"]}
