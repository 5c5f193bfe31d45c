"""CSV text to named columns of numbers, and back; every error names the line and the column.

Columns of plain numbers are read by NumPy. The others are read cell by cell: either all are
numbers, in one unambiguous format, or the error names a cell that is not.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from operator import call
from typing import Any

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.parallel import map_shards
from scorenet_cli.data.columns import is_missing
from scorenet_cli.data.decoding import clean_lines, decode_chunks
from scorenet_cli.data.number_formats import (
    ColumnError,
    NumberFormat,
    decimal_signs,
    has_grouped_points,
    looks_like_number,
    read_column,
)
from scorenet_cli.data.plain_numbers import (
    Cells,
    append_cells,
    cell_texts,
    count_lines,
    read_plain,
    read_texts,
)
from scorenet_cli.data.tokenizer import (
    MoreNeededError,
    Row,
    Text,
    end_of_rows,
    is_bare,
    rows,
    start_of_line,
)
from scorenet_cli.errors import DataError
from scorenet_cli.text import listed, printable, quoted

DELIMITERS = "\t;,|"
# Separators that allow a decimal comma.
_NOT_COMMA = {"\t", ";", "|"}

# Line "sep=;" that some spreadsheets write first.
_SEPARATOR_LINE = re.compile(rb'"?sep=([^\w\s"\']|\t| )"?[ ]*(?:\n|\Z)', re.IGNORECASE)
_OTHER_TEXT = {
    re.compile(rb'\s*(\{\s*"|\[\s*[\[{"])'): "JSON",
    re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE): "a web page or XML",
}
_SINGLE_QUOTED = re.compile(r"'[^']*'")
# Internal separator for lines that had quotes, comments or white space.
_UNIT_SEPARATOR = "\x1f"
# Bytes of an incomplete row up to which it is rescanned with every line; a longer one is
# rescanned only when it has doubled, to stay linear.
_MAX_RESCANNED = 100_000
# From this size, a second thread computes the checksum.
_MANY_BYTES = 1_000_000
# Whole numbers in a first row that are read as years, i.e. column names.
_YEARS = range(1900, 2101)


@dataclass(frozen=True, eq=False)
class Table(Text):
    """Rows of a CSV without its header, and the format found in its first rows.

    The last row is not blank. is_first: no rows precede these. names are unique: columns without
    one are called column_1, column_2, ..., and unnamed holds their positions; header_cells are the
    names as written in the file. notes say what was assumed. sha256 is that of the file, or empty
    if it is read in blocks. formats: the number format of each column read so far, shared by all
    blocks of a file.
    """

    names: tuple[str, ...] = ()
    header_cells: tuple[str, ...] = ()
    unnamed: frozenset[int] = frozenset()
    has_header: bool = False
    is_first: bool = True
    notes: tuple[str, ...] = ()
    sha256: str = ""
    formats: dict[int, NumberFormat] = field(default_factory=dict)


class CellError(DataError):
    """One cell cannot be used; `location` is the message without the advice.

    line is the line of the file. is_format_error: the cell has a value, and only its format is
    wrong. is_title: all cells of the row are text, as in a header.
    """

    def __init__(self, table: Table, row: int, column: int, cell: str, reason: ColumnError) -> None:
        self.line = line_of_row(table, row)
        self.is_format_error = reason.is_format_error
        cells = next(islice(rows(table), row, None))[1]
        self.is_title = not any(c == "" or looks_like_number(c) for c in cells)
        shown = quoted(cell) if cell else "the cell"
        name = quoted(table.names[column])
        self.location = f"{table.source}, line {self.line}, column {name}: {shown} {reason}."
        super().__init__(f"{self.location} Fix the cell.")


def make_table(data: bytes, source: str, *, has_header: bool | None = None) -> Table:
    """Find a CSV's delimiter and header; raises DataError if it is not text or has no rows.

    has_header None: the first row is a header if it has text and no numbers. If it has both, it is
    data if the second row has text in the same columns; otherwise DataError is raised.
    """

    def cut() -> Table:
        (lines,), notes = decode_chunks([data], source)
        (table,) = _cut([(lines, True)], notes, source, has_header=has_header)
        return table

    steps: list[Callable[[], Any]] = [cut, partial(hashlib.sha256, data)]
    table: Table
    table, digest = map_shards(call, steps) if len(data) > _MANY_BYTES else map(call, steps)
    return replace(table, sha256=digest.hexdigest())


def tables(
    chunks: Iterable[bytes], source: str, *, has_header: bool | None = None
) -> Iterator[Table]:
    """Split a CSV that arrives in chunks into tables of whole rows.

    Together they equal the result of make_table. The first two rows determine delimiter and header.
    Keeps in memory one chunk, or more if a row is longer. Raises DataError at the first error. Each
    note is given once.
    """
    decoded, notes = decode_chunks(chunks, source)
    yield from _cut(_whole_lines(decoded), notes, source, has_header=has_header)


def _cut(
    pieces: Iterable[tuple[bytes, bool]],
    notes: tuple[str, ...],
    source: str,
    *,
    has_header: bool | None,
) -> Iterator[Table]:
    """Split pieces of whole lines, each flagged if it is the last, into tables of whole rows."""
    told: set[str] = set()
    table = Table(source, b"")  # the header is not complete yet
    parts: list[bytes] = []
    min_length = 0
    for lines, is_last in pieces:
        parts.append(lines)
        if not is_last and sum(map(len, parts)) < min_length:
            continue
        data, more_notes = clean_lines(b"".join(parts), source, table.lines_before)
        notes += more_notes
        try:
            if table.names:
                block = replace(table, data=data)
            else:
                block = _sniff(replace(table, data=data), has_header=has_header, is_whole=is_last)
                notes += block.notes
        except MoreNeededError:
            end = 0
        else:
            notes += _comment_notes(data, block.delimiter)
            data = block.data
            end = end_of_rows(block, is_whole=is_last)
            table = block
        if end:
            new_notes = tuple(note for note in dict.fromkeys(notes) if note not in told)
            told.update(new_notes)
            yield replace(table, data=data[:end], notes=new_notes)
            if is_last:
                return
            lines_before = table.lines_before + count_lines(data[:end])
            table = replace(table, lines_before=lines_before, is_first=False)
            notes = ()
        parts = [data[end:]]
        min_length = 2 * len(parts[0]) if len(parts[0]) > _MAX_RESCANNED else 0
    if table.is_first:
        raise _no_rows(table)


def read_columns(
    table: Table, columns: Iterable[int], texts: Iterable[int] = ()
) -> tuple[dict[int, Array | list[str]], DataError | None]:
    """Read columns: numbers (rows,), nan for blank cells, if all are plain; otherwise the cells.

    Text columns are returned as cells. The error, if any, is for the first row with too few or too
    many cells; the columns then hold the rows before it.
    """
    columns = [*columns]
    other = {*texts, *(n for n, known in table.formats.items() if not known.is_plain)}
    numeric = [n for n in columns if n not in other]
    width, found = len(table.names), None
    if bare := _bare(table):
        found = read_plain(*bare, width, numeric)
        if found is None:
            bare = _without_blank_lines(bare[0]), bare[1]
            found = read_plain(*bare, width, numeric)
    if found is None or bare is None:
        whole, failed = _whole_rows(table)
        texts_of = {n: [cells[n] for cells in whole] for n in columns}
        _settle_points(table, texts_of)
        return dict(texts_of), failed
    has_point = table.delimiter in _NOT_COMMA and b"." in table.data
    doubtful = [
        n for n in found if has_point and not _sign(table, n) and _may_be_thousands(found[n])
    ]
    if len(doubtful) < len(found):
        doubtful = []  # in the other columns, a point is the decimal sign
    others = read_texts(*bare, width, [n for n in columns if n not in found or n in doubtful])
    unsettled = _settle_points(table, others)
    others = {n: cells for n, cells in others.items() if n not in found or n in unsettled}
    found = {n: values for n, values in found.items() if n not in others}
    for n in found:
        if not _sign(table, n):
            table.formats[n] = NumberFormat("." if has_point and (found[n] % 1 > 0).any() else None)
    return {**found, **others}, None


def _sign(table: Table, column: int) -> str | None:
    """Return the decimal sign of a column, or None if no cell so far determines it."""
    return table.formats.get(column, NumberFormat()).decimal


def _may_be_thousands(values: Array) -> bool:
    """Return whether the points in these numbers (rows,) may separate thousands."""
    size = np.abs(values[values % 1 > 0])
    if len(size) and (size.min() < 1 or size.max() >= 1000):  # noqa: PLR2004 - thousand
        return False
    return bool(np.isclose(size * 1000, np.rint(size * 1000), rtol=0, atol=1e-6).all())


def _settle_points(table: Table, cells: Mapping[int, Sequence[str]]) -> set[int]:
    """Find columns whose points may mark decimals or thousands; settle which by other cells.

    If a cell, or a column so far, has an unambiguous decimal comma or point, these columns use the
    same; otherwise read_column refuses them.
    """
    if table.delimiter not in _NOT_COMMA or b"." not in table.data:
        return set()
    unsettled = {n for n in cells if not _sign(table, n) and has_grouped_points(cells[n])}
    if unsettled:
        signs = decimal_signs(cell for _, row in rows(table) for cell in row)
        signs |= {known.decimal for known in table.formats.values() if known.decimal}
        if len(signs) == 1:
            table.formats.update(dict.fromkeys(unsettled, NumberFormat(signs.pop())))
    return unsettled


def _whole_rows(table: Table) -> tuple[list[list[str]], DataError | None]:
    """Return the rows' cells, and the error for the first row with too few or too many."""
    found: list[list[str]] = []
    try:
        for line, cells in rows(table):
            if len(cells) != len(table.names):
                return found, _wrong_width(table, line, len(cells))
            found.append(cells)
    except DataError as error:
        return found, error
    return found, None


def _bare(table: Table) -> tuple[bytes, bytes] | None:
    """Return lines without quotes, comments or padding, and their delimiter; else None."""
    data, delimiter = table.data, table.delimiter
    if delimiter is None or table.has_quotes or b"#" in data or len(table.names) == 1:
        try:
            found = [cells for _, cells in rows(table)]
        except DataError:
            return None
        data, delimiter = "\n".join(map(_UNIT_SEPARATOR.join, found)).encode(), _UNIT_SEPARATOR
        separators = sum(len(cells) - 1 for cells in found)
        if data.count(b"\n") >= len(found) or data.count(delimiter.encode()) != separators:
            return None  # one of them is within a cell
    return data, delimiter.encode()


def to_numbers(
    table: Table, found: Mapping[int, Array | list[str]], *, allows_missing: bool = False
) -> dict[int, Array]:
    """Read columns as finite numbers (rows,); raises CellError for the first cell that is not one.

    Cells without a value are nan if they are allowed. In a table read in blocks, a column's format
    is that of the first block that determines it.
    """
    values: dict[int, Array] = {}
    bad: list[tuple[int, int, str, ColumnError]] = []
    for n, cells in found.items():
        if isinstance(cells, np.ndarray):
            if allows_missing or not np.isnan(cells).any():
                values[n] = cells
                continue
            cells = np.where(np.isnan(cells), "", "0").tolist()  # noqa: PLW2901 - "" is rejected
        present = [
            row for row, cell in enumerate(cells) if not (allows_missing and is_missing(cell))
        ]
        values[n] = np.full(len(cells), np.nan)
        try:
            values[n][present], table.formats[n] = read_column(
                [cells[row] for row in present],
                allows_comma=table.delimiter in _NOT_COMMA,
                known=table.formats.get(n),
            )
        except ColumnError as error:
            row = present[error.row]
            bad.append((row, n, cells[row], error))
    if bad:
        row, n, cell, reason = min(bad)
        raise CellError(table, row, n, cell, reason) from None
    return values


def numbers(table: Table, columns: Sequence[int]) -> Array:
    """Read columns as finite numbers (rows, len(columns)); raises CellError for other cells."""
    found, failed = read_columns(table, columns)
    values = to_numbers(table, found)
    if failed:
        raise failed
    return np.column_stack([values[n] for n in columns])


def line_of_row(table: Table, row: int) -> int:
    """Return the line of the file on which data row `row` (from 0) ends."""
    return next(islice(rows(table), row, None))[0]


def blank_columns(table: Table) -> frozenset[int]:
    """Find the columns without a name in which every cell is blank."""
    blank = table.unnamed
    for _, cells in rows(table) if blank else ():
        blank = frozenset(n for n in blank if n >= len(cells) or not cells[n])
        if not blank:
            break
    return blank


def header(table: Table, names: Sequence[str]) -> str:
    """Return the header line in the table's own delimiter, with more names added.

    A table separated by white space is written with commas. Existing columns are replaced, not
    added. Names that are not in the table (they come from a model) are made printable.
    """
    own = table.header_cells if table.has_header else tuple(map(printable, table.names))
    positions = _positions(table, names)
    return _written(table, [_combined(own, list(map(printable, names)), positions)])


def with_columns(table: Table, names: Sequence[str], columns: Sequence[Cells | list[str]]) -> str:
    """Return the table's rows, without a header, with the named columns replaced or added.

    columns are the cells for each name: an array of fixed-size texts, or a list of texts. Other
    cells are unchanged.
    """
    positions = _positions(table, names)
    numbers = [cells for cells in columns if not isinstance(cells, list)]
    if positions == [None] * len(numbers) and is_bare(table):
        lines, delimiter = _without_blank_lines(table.data), table.delimiter or ","
        return append_cells(lines, delimiter.encode(), numbers).decode()
    pairs = zip(rows(table), zip(*map(cell_texts, columns), strict=True), strict=True)
    return _written(table, (_combined(row, new, positions) for (_, row), new in pairs))


def _without_blank_lines(data: bytes) -> bytes:
    """Return lines without the empty ones, each ending with a line feed."""
    is_end = np.frombuffer(data, np.uint8) == ord("\n")
    if is_end[0] or (is_end[1:] & is_end[:-1]).any():
        data = re.sub(rb"\n+", b"\n", data).lstrip(b"\n")
    return data if data.endswith(b"\n") else data + b"\n"


def _positions(table: Table, names: Sequence[str]) -> list[int | None]:
    """Return the positions of the named columns; None for a column that the table does not have."""
    known = {name: position for position, name in enumerate(table.names)}
    return [known.get(name) for name in names]


def _combined(
    cells: Sequence[str], new: Sequence[str], positions: Sequence[int | None]
) -> list[str]:
    """Put new cells at their positions, and those without a position at the end."""
    combined = list(cells)
    for cell, position in zip(new, positions, strict=True):
        if position is None:
            combined.append(cell)
        else:
            combined[position : position + 1] = [cell]
    return combined


def _written(table: Table, cells: Iterable[Sequence[str]]) -> str:
    """Write rows as CSV, with quotes only if necessary."""
    text = io.StringIO()
    csv.writer(text, delimiter=table.delimiter or ",", lineterminator="\n").writerows(cells)
    return text.getvalue()


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Join and cut chunks into whole lines; the last part, perhaps empty, is flagged."""
    parts: list[bytes] = []
    held = b""  # a final \r may be the first half of \r\n
    for chunk in chunks:
        whole = (held + chunk).removesuffix(b"\r")
        held = chunk[-1:] if chunk.endswith(b"\r") else b""
        end = max(whole.rfind(b"\n"), whole.rfind(b"\r")) + 1
        if end:
            yield b"".join([*parts, whole[:end]]), False
            parts = []
        parts.append(whole[end:])
    yield b"".join([*parts, held]), True


def _comment_notes(data: bytes, delimiter: str | None) -> tuple[str, ...]:
    """Return a note if there are comments."""
    cell = f"(?!{re.escape(delimiter)})" if delimiter else ""
    if b"#" in data and re.search(f"^#{cell}".encode(), data, re.MULTILINE):
        return ("lines that start with # are skipped.",)
    return ()


def _sniff(table: Table, *, has_header: bool | None, is_whole: bool) -> Table:
    """Find delimiter and header in the first rows; raises MoreNeededError if more may follow."""
    for pattern, kind in _OTHER_TEXT.items():
        if pattern.match(table.data):
            raise DataError(f"{table.source} is {kind}, not CSV. Save the table as CSV first.")
    delimiters: Sequence[str | None] = DELIMITERS
    if match := _SEPARATOR_LINE.match(table.data):
        mark = match[1].decode()
        delimiters = [None if mark == " " else mark]
        table = replace(table, data=table.data[match.end() :], lines_before=1)
    head, first_rows = _first_rows(table, delimiters, is_whole=is_whole)
    table = replace(head, data=table.data)
    if not first_rows:
        raise _no_rows(table)
    line, first = first_rows[0]
    notes: list[str] = []
    if has_header is None:
        has_header = _is_header(first_rows, table.source)
        if not has_header and _may_be_names(first_rows):
            words = "is read as data. Use `header=True` to read it as the header."
            notes.append(f"line {line} {words}")
    second = first_rows[-1][1]
    if has_header and len(second) == len(first) + 1 and not second[-1]:  # rows end in a delimiter
        first.append("")
    names = first if has_header else [""] * len(first)
    named = [name or f"column_{n}" for n, name in enumerate(names, start=1)]
    unique = _tell_apart(named)
    if renamed := [new for new, name in zip(unique, named, strict=True) if new != name]:
        notes.append(f"columns with the same name are renamed: {listed(renamed)}.")
    table = replace(
        table,
        names=tuple(unique),
        header_cells=tuple(names),
        unnamed=frozenset(column for column, name in enumerate(names) if not name),
        has_header=has_header,
        notes=tuple(notes),
    )
    if not has_header:
        return table
    next(rows(head))  # again, strictly, as the rows are read
    start = start_of_line(table.data, line - table.lines_before)
    return replace(table, data=table.data[start:], lines_before=line)


def _first_rows(
    table: Table, delimiters: Sequence[str | None], *, is_whole: bool
) -> tuple[Table, list[Row]]:
    """Choose the delimiter by as few lines as possible; also return the first two rows."""
    if end := table.data.find(b"\n", _MAX_RESCANNED) + 1:
        head = replace(table, data=table.data[:end])
        with suppress(MoreNeededError):
            return _find_delimiter(head, delimiters, is_whole=False)
    return _find_delimiter(table, delimiters, is_whole=is_whole)


def _find_delimiter(
    table: Table, delimiters: Sequence[str | None], *, is_whole: bool
) -> tuple[Table, list[Row]]:
    """Choose the delimiter that gives the first two rows the same number of cells.

    Also return these rows. Prefer a delimiter that leaves only numbers in the second row. White
    space is used only if no other delimiter fits. Cells may be in single quotes.
    """

    def cut(delimiter: str | None, quote: str) -> tuple[Table, list[Row]]:
        tried = replace(table, delimiter=delimiter, quote=quote)
        found = rows(tried, is_strict=False, is_whole=is_whole)
        return tried, list(islice(found, 2))

    def cut_by_all(quote: str) -> list[tuple[Table, list[Row]]]:
        return [cut(delimiter, quote) for delimiter in (*delimiters, None)]

    tried = cut_by_all('"')
    if any(_is_single_quoted(*found) for found in tried):
        tried = cut_by_all("'")
    alike = [found for found in tried if _same_width(found[1])]
    for found in alike:
        if _ends_in_numbers(*found):
            return found
    *tried, spaced = tried
    if alike and alike[0] is not spaced:
        return alike[0]
    widest = max(tried, key=lambda found: max((len(cells) for _, cells in found[1]), default=0))
    if alike and not any(len(cells) > 1 for _, cells in widest[1]):
        return spaced
    return widest if any(len(cells) > 1 for _, cells in widest[1]) else cut(",", '"')


def _is_single_quoted(table: Table, first_rows: list[Row]) -> bool:
    """Return whether a cell is in single quotes, and there are no double quotes."""
    if not any(_SINGLE_QUOTED.fullmatch(cell) for _, cells in first_rows for cell in cells):
        return False
    end = start_of_line(table.data, first_rows[-1][0] - table.lines_before)
    return b'"' not in table.data[:end]


def _same_width(first_rows: list[Row]) -> bool:
    """Return whether all rows have the same number of cells, and more than one."""
    widths = {len(cells) for _, cells in first_rows}
    return len(widths) == 1 and widths != {1}


def _ends_in_numbers(table: Table, first_rows: list[Row]) -> bool:
    """Return whether the last of the first rows holds only numbers, in any format."""
    cells = list(filter(None, first_rows[-1][1]))
    with_comma = table.delimiter is None and any("," in cell for cell in cells)
    return bool(cells) and not with_comma and all(map(looks_like_number, cells))


def _is_header(first_rows: list[Row], source: str) -> bool:
    """Return whether the first row holds names: text, and no numbers.

    A first row with both is data if the second has text in the same columns: a column of names,
    say, in a file without a header. Otherwise DataError is raised.
    """
    line, first = first_rows[0]
    kinds = [[_is_text(cell) for cell in cells] for _, cells in first_rows]
    texts = [cell for cell in first if _is_text(cell)]
    figures = [cell for cell in first if cell and not _is_text(cell)]
    if not (texts and figures):
        return bool(texts)
    if kinds[0] == kinds[-1] and len(kinds) > 1:
        return False
    raise DataError(
        f"{source}, line {line}, column {first.index(texts[0]) + 1}: {quoted(texts[0])} is not a "
        f"number, but {quoted(figures[0])} in the same line is. Use `header=True` if the "
        "line holds column names or `header=False` if it is data, or fix the cell."
    )


def _is_text(cell: str) -> bool:
    return bool(cell) and not looks_like_number(cell)


def _may_be_names(first_rows: list[Row]) -> bool:
    """Return whether the first row alone is 0, 1, 2, ... or consecutive years beside any texts."""

    def counts(cells: list[str]) -> bool:
        figures = [cell for cell in cells if not _is_text(cell)]
        if len(figures) < 2 or not all(cell.isascii() and cell.isdigit() for cell in figures):  # noqa: PLR2004 - one is no sequence
            return False
        first = int(figures[0])
        if first not in _YEARS and (first or len(figures) < len(cells)):
            return False
        return [*map(int, figures)] == [*range(first, first + len(figures))]

    first, *others = [cells for _, cells in first_rows]
    return counts(first) and not any(map(counts, others))


def _tell_apart(names: Sequence[str]) -> list[str]:
    """Add a number to names that occur more than once: name, name_2, ..."""
    taken = set(names)
    next_number: dict[str, int] = {}
    unique = []
    for name in names:
        new, number = name, next_number.get(name, 1)
        while number > 1 and new in taken:
            new, number = f"{name}_{number}", number + 1
        next_number[name] = max(number, 2)
        unique.append(new)
    return unique


def _wrong_width(table: Table, line: int, width: int) -> DataError:
    cells = "cell" if width == 1 else "cells"
    return DataError(
        f"{table.source}, line {line} has {width} {cells}; expected {len(table.names)} "
        f"({listed(table.names)}). Fix the line."
    )


def _no_rows(table: Table) -> DataError:
    """Make the error for a file without data rows."""
    if table.has_header:
        return DataError(f"{table.source} has a header but no data rows.")
    return DataError(f"{table.source} is empty. Give a CSV with at least one row of data.")
