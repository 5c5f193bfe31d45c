"""Columns of plain decimal numbers: read by NumPy from delimited text, and written.

Eight characters of a cell form one 64-bit word, whose digits are converted together (Lemire,
"Number parsing at a gigabyte per second", 2021), for all cells of a block that fits in the
processor's cache. The result is a whole number and a power of ten. Below 2^53 and 10^22 both are
exact in float64, so that their quotient is rounded as Python rounds it. Up to 19 digits both are
exact in the 64 bits of an x86 processor's long double; its quotient is then rounded again, to
float64, which is correct unless its last 11 bits are exactly half-way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import compress, pairwise
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from scorenet_cli.core import Array
from scorenet_cli.core.parallel import map_shards, round_robin

Words = NDArray[np.uint64]
# Fixed-size text, padded with zero bytes.
Cells = NDArray[np.bytes_]

BLOCK = 1 << 18  # bytes
WORD = 8  # characters
MAX_WORDS = 3
HAS_LONG_DOUBLE = np.finfo(np.longdouble).nmant == 63  # noqa: PLR2004 - bits of its mantissa
MAX_EXACT = 15  # digits of a number below 2^53
MAX_DIGITS = 19 if HAS_LONG_DOUBLE else MAX_EXACT
# Powers of ten by the point's place: 0 for none, 1 for the last character, and so on.
_POWERS = np.longdouble(10) ** np.maximum(np.arange(MAX_DIGITS + 2) - 1, 0)
MAX_SCALED = 2.0**42
# Characters of the other numbers that Python reads, and surrounding spaces.
_OF_NUMBERS = b"0123456789+-.eE \t"


def read_plain(
    data: bytes, delimiter: bytes, width: int, columns: Sequence[int]
) -> dict[int, Array] | None:
    """Read the columns (rows,) that hold only finite decimal numbers, blank cells as nan.

    The other columns are left out; those read are columns of one array, stored row by row. Returns
    None if a line does not have width cells.
    """
    parts = _parts(data)
    read = partial(_read_block, data, delimiter, width)
    # The first rows show which columns hold numbers; the others would be read in vain.
    first = read(parts[0], columns)
    if first is None:
        return None
    is_found = [column not in first[1] for column in columns]
    columns = [*compress(columns, is_found)]
    ends = np.cumsum([count_lines(_block(data, part)) for part in parts])
    values = np.empty((ends[-1], len(columns)))
    values[: ends[0]] = first[0][:, is_found]

    def fill(shard: Sequence[int]) -> set[int] | None:
        failed = set()
        for number in shard:
            if (found := read(parts[number], columns)) is None:
                return None
            values[ends[number] - len(found[0]) : ends[number]] = found[0]
            failed |= found[1]
        return failed

    failed: set[int] = set()
    for found in map_shards(fill, round_robin(range(1, len(parts)))):
        if found is None:
            return None
        failed |= found
    return {n: column for n, column in zip(columns, values.T, strict=True) if n not in failed}


def count_lines(data: bytes) -> int:
    """Count line feeds, ten times as fast as bytes.count if there are many."""
    text = np.frombuffer(data, np.uint8)
    parts = (text[start : start + BLOCK] for start in range(0, len(text), BLOCK))
    return sum(int(np.count_nonzero(part == ord("\n"))) for part in parts)


def _read_block(
    data: bytes, delimiter: bytes, width: int, part: slice, columns: Sequence[int]
) -> tuple[Array, set[int]] | None:
    """Read the columns of whole lines: (rows, columns), and which hold anything but numbers."""
    block = _block(data, part)
    text = np.frombuffer(block, np.uint8)
    is_line_end = text == ord("\n")
    is_end = is_line_end | (text == ord(delimiter))
    ends = np.flatnonzero(is_end)
    count = np.count_nonzero(is_line_end)
    if len(ends) != count * width or not is_line_end[ends[width - 1 :: width]].all():
        return None
    sizes = np.diff(ends, prepend=-1)
    sizes -= 1
    if [*columns] != [*range(width)]:
        sizes, ends = (each.reshape(count, width)[:, columns].ravel() for each in (sizes, ends))
    values, others = _read_cells(block, is_end, sizes, ends)
    values, failed = values.reshape(count, len(columns)), set()
    if len(others):
        cells = block.replace(b"\n", delimiter).split(delimiter)
        rows, places = np.divmod(others, len(columns))
        for place, column in enumerate(columns):
            if len(left := rows[places == place]):
                floats = _floats(itemgetter(*left.tolist(), 0)(cells[column::width])[:-1])
                if floats is None:
                    failed.add(column)
                else:
                    values[left, place] = floats
    return values, failed


def read_texts(
    data: bytes, delimiter: bytes, width: int, columns: Sequence[int]
) -> dict[int, list[str]]:
    """Read the columns' cells without surrounding spaces; lines have width cells.

    Equal cells share one string, also across columns.
    """
    texts = _Texts()
    found: dict[int, list[str]] = {column: [] for column in columns}
    for part in _parts(data) if columns else ():
        cells = _block(data, part).replace(b"\n", delimiter).split(delimiter)[:-1]
        for column in columns:
            found[column] += map(texts.__getitem__, cells[column::width])
    return found


class _Texts(dict[bytes, str]):
    """Cells as strings, each decoded once; takes a third of the time of functools.cache."""

    def __missing__(self, cell: bytes) -> str:
        text = self[cell] = cell.decode().strip()
        return text


def _parts(data: bytes) -> list[slice]:
    """Cut data into parts of whole lines."""
    ends = [0]
    while ends[-1] < len(data):
        ends.append(data.find(b"\n", ends[-1] + BLOCK) + 1 or len(data))
    return [slice(*each) for each in pairwise(ends)] or [slice(0)]


def _block(data: bytes, part: slice) -> bytes:
    """Return whole lines; each ends with a line feed."""
    block = data[part]
    return block if block.endswith(b"\n") or not block else block + b"\n"


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
    block: bytes, is_end: NDArray[np.bool_], sizes: NDArray[np.intp], ends: NDArray[np.intp]
) -> tuple[Array, NDArray[np.intp]]:
    """Read cells by their digits; also return which cells must be read in another way.

    is_end (len(block),): whether each byte ends a cell.
    """
    text = np.frombuffer(block, np.uint8)
    from_point = text - np.uint8(ord("."))  # 0 for a point, 1 for a slash, 2 to 11 for digits
    is_unusual = ((from_point == 1) | (from_point > ord("9") - ord("."))) > is_end
    left, is_negative = sizes, None
    if is_unusual.any():
        starts = ends - sizes
        is_negative = text[starts] == ord("-")
        left = sizes - is_negative
    words = np.frombuffer(block + bytes(-len(block) % WORD), "<u8")
    whole, places, is_plain = _read_word(words, ends, 0, left)
    longest = int(left.max(initial=0))
    for number in range(1, min(MAX_WORDS, -(-longest // WORD))):
        more, more_places, has_one = _read_word(words, ends, number, left)
        is_plain &= has_one & ((places == 0) | (more_places == 0))
        power = 10 ** (number * WORD)
        whole += more * np.where(places == 0, np.uint64(power), np.uint64(power // 10))
        places += more_places + number * WORD * (more_places > 0)
    if longest <= MAX_EXACT or not HAS_LONG_DOUBLE:
        values = whole.view(np.int64) / _POWERS.astype(np.float64).take(places, mode="clip")
    else:
        exact = whole.astype(np.longdouble) / _POWERS.take(places, mode="clip")
        last_bits = exact.view(np.uint64)[::2] & 0x7FF
        is_plain &= last_bits != 0x400  # noqa: PLR2004 - exactly half-way
        values = exact.astype(np.float64)
    if longest > MAX_EXACT:
        is_plain &= left <= MAX_DIGITS + (places > 0)
    if is_negative is not None:
        np.negative(values, out=values, where=is_negative)
        before = np.cumsum(is_unusual, dtype=np.int32)
        is_plain &= before[ends] - before[starts] + is_unusual[starts] == is_negative
    odd = np.flatnonzero(~(is_plain & (left > (places == 1))))
    is_blank = sizes[odd] == 0
    values[odd[is_blank]] = np.nan
    return values, odd[~is_blank]


def _read_word(
    words: Words, ends: NDArray[np.intp], number: int, sizes: NDArray[np.intp]
) -> tuple[Words, NDArray[np.intp], NDArray[np.bool_]]:
    """Read the eight characters that end `number` words before the ends of cells.

    They are digits and points. Returns the whole number of the digits; the point's place, 1 for the
    last character of a cell's word, 0 if there is no point; and whether there is at most one point.
    """
    u = np.uint64
    # In place wherever possible: new arrays of this size take twice the time.
    index = ends >> 3
    index -= number
    high = words.take(index, mode="clip")
    index -= 1
    digits = words.take(index, mode="clip")
    shift = (ends & 7).view(u)
    shift <<= u(3)
    digits >>= shift
    high <<= np.subtract(u(64), shift, out=shift)
    digits |= high  # the first character is in the lowest byte
    digits ^= u(0x3030303030303030)  # 0 to 9 in each byte, 0x1e for a point
    unused = np.subtract((number + 1) * WORD, sizes, out=index)
    unused = np.maximum(unused, 0, out=unused).view(u)
    unused <<= u(3)
    digits >>= unused
    digits <<= unused
    point = np.right_shift(digits, u(4), out=high)
    point &= u(0x0101010101010101)
    digits -= np.multiply(point, u(0x1E), out=unused)
    before = np.minimum(point, u(1), out=shift)
    before = np.subtract(point, before, out=before)  # all bits below the point
    has_one = np.bitwise_and(point, before, out=unused) == 0
    before &= digits
    before *= u(255)  # shifts them one byte up, once added
    digits += before
    point *= u(0x0807060504030201)
    point >>= u(56)
    pairs = np.multiply(digits, u(10), out=before)
    digits >>= u(8)
    pairs += digits
    fours = np.right_shift(pairs, u(16), out=digits)
    fours &= u(0x000000FF000000FF)
    fours *= u(1 + (10_000 << 32))
    pairs &= u(0x000000FF000000FF)
    pairs *= u(100 + (1_000_000 << 32))
    pairs += fours
    pairs >>= u(32)
    return pairs, point.view(np.intp), has_one


def write_fixed(values: Array, decimals: int) -> Cells:
    """Format numbers (rows,) with this number of decimals, as Python does; -0 becomes 0."""
    with np.errstate(over="ignore"):
        scaled = np.minimum(np.abs(values) * 10.0**decimals, MAX_SCALED)
    whole = np.rint(scaled)
    # The product is off by less than 0.001, which matters only near half-way.
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
    """Return cells as strings; a list is returned unchanged."""
    if isinstance(cells, list):
        return cells
    return [cell.replace(b"\0", b"").decode() for cell in cells.tolist()]


def append_cells(lines: bytes, delimiter: bytes, columns: Sequence[Cells]) -> bytes:
    """Append a cell of each column to each line; lines end with a line feed."""
    ends = np.flatnonzero(np.frombuffer(lines, np.uint8) == ord("\n"))
    space = b"".join(delimiter + bytes(cells.itemsize) for cells in columns)
    text = bytearray(lines.replace(b"\n", space + b"\n"))
    ends += len(space) * np.arange(len(ends))
    for cells in columns:
        ends += len(delimiter)
        kind = np.dtype(f"V{cells.itemsize}")
        places = np.ndarray((len(text) - cells.itemsize + 1,), kind, text, strides=(1,))
        places[ends] = cells.view(kind)
        ends += cells.itemsize
    return bytes(text).replace(b"\0", b"")
