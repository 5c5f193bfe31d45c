"""Columns of plain decimal numbers, read by NumPy from delimited text, and written.

Eight characters of a cell form one 64-bit word, whose digits are converted together (Lemire,
"Number parsing at a gigabyte per second", 2021), for all cells of a block that fits in the
processor's cache. The result is a whole number and a power of ten. Below 2^53 and 10^22 both are
exact in float64, so that their quotient is rounded as Python rounds it. Up to 19 digits both are
exact in the 64 bits of an x86 processor's long double; its quotient is rounded once more, which
is right unless its last 11 bits say that it may be half-way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from scorenet_cli.core import Array

Words = NDArray[np.uint64]
# Fixed-size text, padded with zero bytes.
Cells = NDArray[np.bytes_]

BLOCK = 1 << 18  # bytes
WORD = 8  # characters
MAX_WORDS = 3
HAS_LONG_DOUBLE = np.finfo(np.longdouble).nmant == 63  # noqa: PLR2004 - bits of its mantissa
MAX_EXACT = 15  # digits of a number below 2^53
MAX_DIGITS = 19 if HAS_LONG_DOUBLE else MAX_EXACT
_POWERS = np.longdouble(10) ** np.arange(MAX_DIGITS + 1)
MAX_SCALED = 2.0**42
# Characters of the other numbers that Python reads, and surrounding spaces.
_OF_NUMBERS = b"0123456789+-.eE \t"


def read_plain(
    data: bytes, delimiter: bytes, width: int, columns: Sequence[int]
) -> dict[int, Array] | None:
    """Read the columns (rows,) that hold only finite decimal numbers, blank cells as nan.

    The other columns are left out. None where a line does not have width cells.
    """
    count = data.count(b"\n") + (not data.endswith(b"\n"))
    values = {column: np.empty(count) for column in columns}
    row = 0
    for block in _blocks(data):
        text = np.frombuffer(block, np.uint8)
        is_line_end = text == ord("\n")
        ends = np.flatnonzero(is_line_end | (text == ord(delimiter)))
        rows = int(np.count_nonzero(is_line_end))
        if len(ends) != rows * width or not is_line_end[ends[width - 1 :: width]].all():
            return None
        starts = np.concatenate([[0], ends[:-1] + 1])
        cells: list[bytes] = []
        for column in [*values]:
            found, others = _read_cells(block, starts[column::width], ends[column::width])
            if len(others):
                cells = cells or block.replace(b"\n", delimiter).split(delimiter)
                chosen = itemgetter(*others.tolist(), 0)(cells[column::width])[:-1]
                if (floats := _floats(chosen)) is None:
                    del values[column]
                    continue
                found[others] = floats
            values[column][row : row + rows] = found
        row += rows
    return values


def read_texts(
    data: bytes, delimiter: bytes, width: int, columns: Sequence[int]
) -> dict[int, list[str]]:
    """Read the columns' cells without spaces around; lines have width cells.

    Equal cells of all columns are one string.
    """
    text = cache(lambda cell: cell.decode().strip())
    found: dict[int, list[str]] = {column: [] for column in columns}
    for block in _blocks(data) if columns else ():
        cells = block.replace(b"\n", delimiter).split(delimiter)[:-1]
        for column in columns:
            found[column] += map(text, cells[column::width])
    return found


def _blocks(data: bytes) -> Iterator[bytes]:
    """Cut data into whole lines, of which each ends with a line feed."""
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + BLOCK) + 1 or len(data)
        block = data[start:end]
        yield block if block.endswith(b"\n") else block + b"\n"
        start = end


def _floats(cells: Sequence[bytes]) -> list[float] | None:
    """Read cells as Python does; None if a cell is not a finite number."""
    if b"".join(cells).translate(None, _OF_NUMBERS):
        return None
    try:
        floats = list(map(float, cells))
    except ValueError:
        return None
    return floats if all(map(math.isfinite, floats)) else None


def _read_cells(
    block: bytes, starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> tuple[Array, NDArray[np.intp]]:
    """Read cells by their digits; also return which cells must be read in another way."""
    padded = bytes(MAX_WORDS * WORD) + block
    words = np.ndarray((len(padded) - WORD + 1,), np.dtype("<u8"), padded, strides=(1,))
    is_negative = np.frombuffer(block, np.uint8)[starts] == ord("-")
    sizes = ends - starts
    left = sizes - is_negative
    last = ends + (MAX_WORDS - 1) * WORD
    whole, decimals, points, is_plain = _read_word(words[last], np.minimum(left, WORD))
    for number in range(1, min(MAX_WORDS, -(-int(left.max()) // WORD))):
        part = np.clip(left - number * WORD, 0, WORD)
        more, more_decimals, more_points, is_more_plain = _read_word(
            words[last - number * WORD], part
        )
        whole += more * (10 ** (number * WORD - points)).view(np.uint64)
        decimals += more_decimals + number * WORD * more_points
        points += more_points
        is_plain &= is_more_plain
    is_plain &= (points <= 1) & (left > points) & (left - points <= MAX_DIGITS)
    if left.max() <= MAX_EXACT or not HAS_LONG_DOUBLE:
        values = whole.view(np.int64) / _POWERS.astype(np.float64).take(decimals, mode="clip")
    else:
        exact = whole.astype(np.longdouble) / _POWERS.take(decimals, mode="clip")
        last_bits = exact.view(np.uint64)[::2] & 0x7FF
        is_plain &= last_bits != 0x400  # noqa: PLR2004 - half of what is rounded
        values = exact.astype(np.float64)
    np.negative(values, out=values, where=is_negative)
    values[sizes == 0] = np.nan
    return values, np.flatnonzero(~is_plain & (sizes > 0))


def _read_word(
    words: Words, sizes: NDArray[np.intp]
) -> tuple[Words, NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Read the last `sizes` of eight characters, the first of them in the lowest byte.

    Returns the whole number of the digits, how many follow the point, how many points there are
    (0 or 1), and whether there is nothing else.
    """
    u = np.uint64
    unused = u(8) * (WORD - sizes).view(u)
    digits = words ^ u(0x3030303030303030)  # 0 to 9 in each byte, 0x1e for a point
    digits = digits >> unused << unused
    point = digits >> u(4) & u(0x0101010101010101)
    digits ^= point * u(0x1E)
    has_point = (point != 0).view(np.uint8)
    before = point - has_point  # all bits below the point
    others = point & before | digits & (point * u(255))
    digits += (digits & before) * u(255)  # one byte up
    others |= ((digits + u(0x7676767676767676)) | digits) & u(0x8080808080808080)
    decimals = ((point * u(0x0706050403020100)) >> u(56)).view(np.intp)
    digits = digits * u(10) + (digits >> u(8))
    digits = (digits & u(0x000000FF000000FF)) * u(100 + (1_000_000 << 32)) + (
        digits >> u(16) & u(0x000000FF000000FF)
    ) * u(1 + (10_000 << 32))
    return digits >> u(32), decimals, has_point.astype(np.intp), others == 0


def write_fixed(values: Array, decimals: int) -> Cells:
    """Format numbers (rows,) with this number of decimals, as Python does; -0 becomes 0."""
    with np.errstate(over="ignore"):
        scaled = np.minimum(np.abs(values) * 10.0**decimals, MAX_SCALED)
    whole = np.rint(scaled)
    # The product is off by less than 0.001: only near half-way that may matter.
    is_sure = (scaled < MAX_SCALED) & (np.abs(scaled - whole) < 0.499)  # noqa: PLR2004
    whole[~is_sure] = 0
    largest = int(whole.max(initial=0))
    left: NDArray[np.unsignedinteger] = whole.astype(np.uint32 if largest < 2**32 else np.uint64)
    size = max(len(str(largest)), decimals + 1)
    characters = np.zeros((len(values), size + 2), np.uint8)
    characters[:, 0] = ((values < 0) & (left > 0)) * np.uint8(ord("-"))
    for digit in range(size):
        rest = left // 10
        shown = (left - rest * 10).astype(np.uint8) + np.uint8(ord("0"))
        if digit > decimals:
            shown *= left > 0
        characters[:, size + (digit < decimals) - digit] = shown
        left = rest
    if decimals:
        characters[:, size + 1 - decimals] = ord(".")
    cells = characters.view(f"S{size + 2}")[:, 0]
    others = {row: f"{values[row]:z.{decimals}f}" for row in np.flatnonzero(~is_sure).tolist()}
    cells = cells.astype(f"S{max([size + 2, *map(len, others.values())])}", copy=False)
    for row, text in others.items():
        cells[row] = text
    return cells


def cell_texts(cells: Cells | list[str]) -> list[str]:
    """Return cells as strings, those of a list as they are."""
    if isinstance(cells, list):
        return cells
    return [cell.replace(b"\0", b"").decode() for cell in cells.tolist()]


def append_cells(lines: bytes, delimiter: bytes, columns: Sequence[Cells]) -> bytes:
    """Append a cell of each column to each line; lines end with a line feed."""
    ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n"))
    mark = np.full(len(ends), delimiter)
    parts = [part for cells in columns for part in (mark, cells)]
    added = np.hstack([part.view(np.uint8).reshape(-1, part.itemsize) for part in parts])
    size = added.shape[1]
    text = bytearray(lines.replace(b"\n", bytes(size) + b"\n"))
    places = np.ndarray((len(text) - size + 1,), f"V{size}", text, strides=(1,))
    places[ends + size * np.arange(len(ends))] = added.view(f"V{size}")[:, 0]
    return bytes(text.translate(None, b"\0"))
