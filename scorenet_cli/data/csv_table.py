"""CSV text to rows of cells and numbers, and back; every error names the line and the column.

The csv module says what a row is. numpy.loadtxt reads numbers at C speed; where it fails, the
rows are read once more, cell by cell, and either all are numbers or the error says which is not.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.errors import DataError
from scorenet_cli.text import DecimalCommaError, is_number, listed, parse_number, printable, quoted

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

DELIMITERS = "\t;,"
Row = tuple[int, list[str]]  # the line on which a row ends, and its stripped cells

csv.field_size_limit(2**31 - 1)  # the default of 128 KiB is less than a wide header

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# What str.strip removes, line ends excepted.
_SPACES = [chr(n).encode() for n in range(0x3001) if chr(n).isspace() and chr(n) not in "\r\n"]
# Between cells from the csv module on their way to numpy.loadtxt.
_UNIT_SEPARATOR = "\x1f"
# Bytes of an incomplete row up to which it is rescanned with every line; a longer one is
# rescanned only when it has doubled, to stay linear.
_MAX_RESCANNED = 100_000


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a CSV without its header, and what its first rows tell.

    data is UTF-8, its lines end with a line feed, and its last row is not blank. In the file,
    lines_before lines precede it, and no rows where is_first. delimiter None means white space.
    Columns without a name are called column_1, column_2, ...; unnamed holds their positions.
    sha256 is that of the file, empty where it is read in blocks.
    """

    source: str
    data: bytes
    lines_before: int = 0
    delimiter: str | None = None
    names: tuple[str, ...] = ()
    unnamed: frozenset[int] = frozenset()
    has_header: bool = False
    is_first: bool = True
    sha256: str = ""


class CellError(DataError):
    """One cell cannot be used; `location` is the message without what to do.

    is_format_error: the value is there, and only its format is wrong.
    """

    def __init__(
        self, table: Table, line: int, column: int, reason: str, *, is_format_error: bool
    ) -> None:
        self.is_format_error = is_format_error
        name = quoted(table.names[column])
        self.location = f"{table.source}, line {line}, column {name}: {reason}."
        super().__init__(f"{self.location} Fix the cell.")


def make_table(data: bytes, source: str) -> Table:
    """Find a CSV's delimiter and header; DataError where it is not text or has no rows."""
    table = _sniff(_clean(data.removeprefix(_BYTE_ORDER_MARK), source, 0), source, is_whole=True)
    end = _end_of_rows(table, is_whole=True)
    if not end:
        raise _no_rows(table)
    return replace(table, data=table.data[:end], sha256=hashlib.sha256(data).hexdigest())


def tables(chunks: Iterable[bytes], source: str) -> Iterator[Table]:
    """Cut a CSV that comes in chunks into tables of whole rows; together they are make_table's.

    The first two rows settle delimiter and header. Holds a chunk, or as much as it takes to
    end a row. DataError as soon as something is wrong.
    """
    table = Table(source, b"")  # before the header is known, it has no names
    parts: list[bytes] = []
    min_length = 0
    for lines, is_last in _whole_lines(chunks):
        parts.append(lines)
        if not is_last and sum(map(len, parts)) < min_length:
            continue
        data = _clean(b"".join(parts), source, table.lines_before)
        try:
            if table.names:
                table = replace(table, data=data)
            else:
                table = _sniff(data, source, is_whole=is_last)
        except _MoreNeededError:
            end = 0
        else:
            end = _end_of_rows(table, is_whole=is_last)
            data = table.data
        if end:
            yield replace(table, data=data[:end])
            lines_before = table.lines_before + data.count(b"\n", 0, end)
            table = replace(table, lines_before=lines_before, is_first=False)
        parts = [data[end:]]
        min_length = 2 * len(parts[0]) if len(parts[0]) > _MAX_RESCANNED else 0
    if table.is_first:
        raise _no_rows(table)


def numbers(table: Table, columns: Sequence[int]) -> Array:
    """Read columns as finite numbers (rows, len(columns)); CellError where one is not."""
    values = _read_fast(table, columns)
    if values is None or not np.isfinite(values).all():
        values = _read_carefully(table, columns)
    return values


def rows(table: Table) -> Iterator[Row]:
    """Yield each row with its line number: blank lines are passed over."""
    return _rows(table)


def line_of_row(table: Table, row: int) -> int:
    """Line of the text where data row `row` (from 0) ends."""
    return next(islice(rows(table), row, None))[0]


def header(table: Table, names: Sequence[str]) -> str:
    """Return the line of the table's names, with others added, in its own delimiter.

    A table separated by spaces comes out separated by commas. Names that the table itself does
    not hold, from a model then, are shown as a terminal may show them.
    """
    own = [
        "" if column in table.unnamed and table.has_header else name
        for column, name in enumerate(table.names)
    ]
    if not table.has_header:
        own = list(map(printable, own))
    return _written(table, [[*own, *map(printable, names)]])


def with_columns(table: Table, cells: Iterable[Sequence[str]]) -> str:
    """Return the table's rows with columns added, without a header: its own cells stay."""
    if not _is_bare(table):
        pairs = zip(rows(table), cells, strict=True)
        return _written(table, ([*row, *added] for (_, row), added in pairs))
    delimiter = table.delimiter or ","
    lines = filter(None, table.data.decode().split("\n"))
    return "".join(
        f"{line}{delimiter}{delimiter.join(added)}\n"
        for line, added in zip(lines, cells, strict=True)
    )


def _written(table: Table, cells: Iterable[Sequence[str]]) -> str:
    """Write rows as CSV, quoted where they must be."""
    text = io.StringIO()
    csv.writer(text, delimiter=table.delimiter or ",", lineterminator="\n").writerows(cells)
    return text.getvalue()


class _MoreNeededError(Exception):
    """The data so far end before what is looked for does."""


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Join and cut chunks so that each ends at a line's end; the last, perhaps empty, is marked.

    A byte order mark is removed.
    """
    parts: list[bytes] = []
    mark = _BYTE_ORDER_MARK
    held = b""  # a carriage return, which may belong to a line feed
    for chunk in chunks:
        whole = (held + chunk).removesuffix(b"\r")
        held = chunk[-1:] if chunk.endswith(b"\r") else b""
        end = max(whole.rfind(b"\n"), whole.rfind(b"\r")) + 1
        if end:
            yield b"".join([*parts, whole[:end]]).removeprefix(mark), False
            parts = []
            mark = b""
        parts.append(whole[end:])
    yield b"".join([*parts, held]).removeprefix(mark), True


def _clean(data: bytes, source: str, lines_before: int) -> bytes:
    """Return the text with lines that end with a line feed; refuse what is not UTF-8."""
    if not lines_before and data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{source}: is UTF-16 text. Save it as CSV UTF-8.")
    if b"\0" in data:
        raise DataError(f"{source}: is not a text file. Save the table as CSV first.")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = lines_before + data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{source}, line {line}: is not UTF-8 text. Save it as UTF-8.") from error
    return data


def _sniff(data: bytes, source: str, *, is_whole: bool) -> Table:
    """Find delimiter and header in the first rows; _MoreNeededError where there may be more."""
    table, first_rows = _find_delimiter(Table(source, data), is_whole=is_whole)
    if not first_rows:
        raise _no_rows(table)
    line, first = first_rows[0]
    has_header = _is_header(first_rows, source)
    names = first if has_header else [""] * len(first)
    table = replace(
        table,
        names=tuple(name or f"column_{n}" for n, name in enumerate(names, start=1)),
        unnamed=frozenset(column for column, name in enumerate(names) if not name),
        has_header=has_header,
    )
    if not has_header:
        return table
    next(rows(table))  # once more, as strictly as the rows are read
    return replace(table, data=data[_start_of_line(data, line) :], lines_before=line)


def _find_delimiter(table: Table, *, is_whole: bool) -> tuple[Table, list[Row]]:
    """Choose the first of tab, semicolon and comma that cuts two rows alike.

    White space is one only where nothing else cuts them. Returns the first two rows, too.
    """

    def first_rows(delimiter: str | None) -> tuple[Table, list[Row]]:
        cut = replace(table, delimiter=delimiter)
        return cut, list(islice(_rows(cut, is_strict=False, is_whole=is_whole), 2))

    tried = [first_rows(delimiter) for delimiter in DELIMITERS]
    for found in tried:
        if _same_width(found[1]):
            return found
    widest = max(tried, key=lambda found: max((len(cells) for _, cells in found[1]), default=0))
    if any(len(cells) > 1 for _, cells in widest[1]):
        return widest
    spaced = first_rows(None)
    return spaced if _same_width(spaced[1]) else tried[-1]


def _same_width(first_rows: list[Row]) -> bool:
    """Tell whether the rows have several cells, and all equally many."""
    widths = {len(cells) for _, cells in first_rows}
    return len(widths) == 1 and widths != {1}


def _is_header(first_rows: list[Row], source: str) -> bool:
    """Tell whether the first row holds names; refuse one that mixes names and numbers.

    A first row with the same columns of text as the second is data: a column of names, say, in
    a file without a header.
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
        f"number, but {quoted(figures[0])} in the same line is. If the line is a header, give "
        "every column a name that is not a number; if it is data, fix the cell."
    )


def _is_text(cell: str) -> bool:
    return bool(cell) and not is_number(cell)


def _lines(table: Table) -> Iterable[str]:
    """Read the rows as lines, without a second copy of the whole."""
    return io.TextIOWrapper(io.BytesIO(table.data), encoding="utf-8", newline="\n")


def _reader(table: Table, *, is_strict: bool = True, is_whole: bool = True) -> CsvReader:
    """Cut lines into cells; spaces around cells do not matter.

    Raises _MoreNeededError at the end of data that are not the whole.
    """
    mark = table.delimiter
    lines = _lines(table)
    if mark is None:
        lines = (line.strip().replace("\t", " ") + "\n" for line in lines)
    elif re.search(rf'" +([{mark}\n]|\Z)'.encode(), table.data):
        # csv refuses spaces after a closing quote.
        quoted_cell = rf'(?<![^{mark}\n])( *"[^"]*+(?:""[^"]*+)*+")(?: +(?=[{mark}\n]|\Z))?'
        lines = io.StringIO(re.sub(quoted_cell, r"\1", table.data.decode()))
    if not is_whole:
        lines = _then_more(lines)
    return csv.reader(lines, delimiter=mark or " ", skipinitialspace=True, strict=is_strict)


def _then_more(lines: Iterable[str]) -> Iterator[str]:
    yield from lines
    raise _MoreNeededError


def _rows(table: Table, *, is_strict: bool = True, is_whole: bool = True) -> Iterator[Row]:
    """Yield line numbers and stripped cells of all rows that are not blank lines."""
    reader = _reader(table, is_strict=is_strict, is_whole=is_whole)
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if stripped not in ([], [""]):
                yield table.lines_before + reader.line_num, stripped
    except csv.Error as error:
        line = table.lines_before + reader.line_num
        raise DataError(f"{table.source}, line {line}: cannot be read as CSV: {error}.") from error


def _end_of_rows(table: Table, *, is_whole: bool) -> int:
    """Return where the last row ends that is not blank and that what follows cannot change.

    Rows of blank cells count only where other rows follow, and a quoted cell may go on after a
    line's end.
    """
    data = table.data
    if b'"' in data:
        last_line = table.lines_before
        try:
            for line, cells in _rows(table, is_strict=False, is_whole=is_whole):
                last_line = line if any(cells) else last_line
        except _MoreNeededError:
            pass
        return _start_of_line(data, last_line - table.lines_before)
    end = len(data)
    while end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        if data[start:end].decode().replace(table.delimiter or " ", " ").strip():
            break
        end = start
    return end


def _start_of_line(data: bytes, line: int) -> int:
    """Return where a line begins, from 0, or the end of the data."""
    start = 0
    for _ in range(line):
        start = data.find(b"\n", start) + 1 or len(data)
    return start


def _is_bare(table: Table) -> bool:
    """Tell whether a line is its cells and nothing else: no quotes, no spaces around cells."""
    data, mark = table.data, (table.delimiter or " ").encode()
    if b'"' in data or mark == b" ":
        return False
    spaces = tuple(space for space in _SPACES if space != mark and space in data)
    pairs = (
        pair for space in spaces for end in (mark, b"\n") for pair in (end + space, space + end)
    )
    return not (data.startswith(spaces) or data.endswith(spaces) or any(p in data for p in pairs))


def _read_fast(table: Table, columns: Sequence[int]) -> Array | None:
    """Read with numpy.loadtxt, or None where the text needs a closer look.

    Columns that are not asked for are read as one character of text, so that they may hold
    anything, and yet a row with too few or too many cells is noticed.
    """
    wanted = set(columns)
    kinds = [(f"f{n}", np.float64 if n in wanted else "U1") for n in range(len(table.names))]
    lines, delimiter = _lines(table), table.delimiter
    if b'"' in table.data:
        lines, delimiter = map(_UNIT_SEPARATOR.join, _reader(table)), _UNIT_SEPARATOR
    try:
        read = np.loadtxt(lines, np.dtype(kinds), delimiter=delimiter, comments=None, ndmin=1)
    except (ValueError, csv.Error):
        return None
    return np.column_stack([read[f"f{n}"] for n in columns])


def _read_carefully(table: Table, columns: Sequence[int]) -> Array:
    """Read cell by cell; CellError for the first that is not a finite number."""
    values = []
    for line, cells in rows(table):
        if len(cells) != len(table.names):
            raise DataError(
                f"{table.source}, line {line}: has {len(cells)} "
                f"{'cell' if len(cells) == 1 else 'cells'} where {len(table.names)} are expected "
                f"({listed(table.names)}). Fix the line."
            )
        try:
            values.append([parse_number(cells[column]) for column in columns])
        except ValueError:
            raise _bad_cell(table, line, cells, columns) from None
    return np.array(values, dtype=np.float64).reshape(-1, len(columns))


def _bad_cell(table: Table, line: int, cells: list[str], columns: Sequence[int]) -> CellError:
    """Find the first cell in the line that is not a number, and say why it is not."""
    for column in sorted(columns):
        try:
            parse_number(cells[column])
        except ValueError as reason:
            shown = f"{quoted(cells[column])} " if cells[column] else "the cell "
            is_format_error = isinstance(reason, DecimalCommaError)
            return CellError(
                table, line, column, f"{shown}{reason}", is_format_error=is_format_error
            )
    raise AssertionError  # pragma: no cover - the caller found one


def _no_rows(table: Table) -> DataError:
    """Make the error for a file without data rows."""
    if table.has_header:
        return DataError(f"{table.source} has a header but no data rows.")
    return DataError(f"{table.source} is empty. Give a CSV with a row for each student.")
