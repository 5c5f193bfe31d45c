"""CSV text to rows of cells and numbers, and back; every refusal names the line and the column.

numpy.loadtxt reads plain text at C speed. Where it stumbles, the csv module goes over the
same text cell by cell, and either understands it after all or says what is wrong where.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.errors import DataError
from scorenet_cli.text import DecimalCommaError, is_number, listed, parse_number, printable, quoted

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

DELIMITERS = "\t;,"

# The csv module's own limit of 128 KiB a cell would stand in the way of wide tables: a delimiter
# that is only tried takes a whole line for one cell.
csv.field_size_limit(2**31 - 1)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
# What str.strip takes away, beside blanks, tabs and line ends.
_ODD_SPACES = tuple(
    chr(n).encode() for n in range(0x3001) if chr(n).isspace() and chr(n) not in " \t\r\n"
)
# Stands between cells that the csv module has cut, on their way to numpy.loadtxt.
_UNIT_SEPARATOR = "\x1f"
# A row that is not whole yet is looked at with every line that comes; a longer one only when it
# has doubled, so that looking takes no more time than reading.
_SHORT = 1_000_000


@dataclass(frozen=True, eq=False)
class Table:
    """Rows of a CSV, UTF-8, and what its first rows tell.

    The rows begin at byte `start` of the data, behind the header; `lines_before` lines of the
    file stand before them, and no rows where is_first. delimiter None means white space. Columns
    without a name are called column_1, column_2, ...; unnamed says which those are, from 0.
    """

    source: str
    data: bytes
    start: int
    lines_before: int
    delimiter: str | None
    names: tuple[str, ...]
    unnamed: frozenset[int]
    has_header: bool
    is_first: bool = True

    @cached_property
    def is_plainly_quoted(self) -> bool:
        """Whether every quote opens or closes a cell, so that numpy.loadtxt may be trusted.

        Where quotes are unbalanced it swallows rows in silence.
        """
        if self.data.find(b'"', self.start) < 0:
            return True
        mark = self.delimiter or " "
        cell = rf'(?<![^{mark}\r\n])"[^"]*+"(?=[{mark}\r\n]|\Z)'.encode()
        return b'"' not in re.sub(cell, b"", self.data[self.start :])


class CellError(DataError):
    """One cell cannot be used; `place` is the message without what to do.

    is_form: the value is there, and only its form is wrong.
    """

    def __init__(self, table: Table, line: int, column: int, reason: str, *, is_form: bool) -> None:
        self.is_form = is_form
        self.place = f"{table.source}, line {line}, column {quoted(table.names[column])}: {reason}."
        super().__init__(f"{self.place} Mend the cell.")


def make_table(data: bytes, source: str) -> Table:
    """Find a CSV's delimiter and header; DataError where it is not text or has no rows."""
    _check_text(data, source)
    return _begin(data, source, is_whole=True)


def tables(chunks: Iterable[bytes], source: str) -> Iterator[Table]:
    """Cut a CSV that comes in chunks into tables of whole rows; together they are make_table's.

    The first two rows settle delimiter and header. Holds a chunk, or as much as it takes to
    end a row. DataError as soon as something is wrong.
    """
    table = None
    parts: list[bytes] = []
    least = 0
    for part, is_last in _whole_lines(chunks):
        parts.append(part)
        if not is_last and sum(map(len, parts)) < least:
            continue
        data = b"".join(parts)
        _check_text(data, source, 0 if table is None else table.lines_before)
        try:
            if table is None:
                table = _begin(data, source, is_whole=is_last)
            block = replace(table, data=data)
            end = len(data) if is_last else _end_of_rows(block)
        except _MoreNeededError:
            end = 0
        else:
            if end < len(data):
                block = replace(block, data=data[:end])
            is_first = table.is_first
            if next(rows(block), None) is not None:
                yield block
                is_first = False
            lines = table.lines_before + _count_lines(data, table.start, end)
            table = replace(table, start=0, lines_before=lines, is_first=is_first)
        parts = [data[end:]]
        least = 2 * len(parts[0]) if len(parts[0]) > _SHORT else 0
    if table is not None and table.is_first:
        raise _no_rows(source, has_header=table.has_header)


def numbers(table: Table, columns: Sequence[int]) -> Array:
    """Read columns as finite numbers (rows, len(columns)); CellError where one is not."""
    values = _read_fast(table, columns)
    if values is None or not np.isfinite(values).all():
        values = _read_carefully(table, columns)
    if not len(values):
        raise _no_rows(table.source, has_header=table.has_header)
    return values


def rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with its line number: blank lines are passed over."""
    held: list[tuple[int, list[str]]] = []
    lines = _lines(table)
    for line, cells in _records(lines, table.delimiter, table.source, table.lines_before):
        if any(cells):
            yield from held  # rows of blank cells count only where more rows follow
            held.clear()
            yield line, cells
        else:
            held.append((line, cells))


def line_of_row(table: Table, row: int) -> int:
    """Line of the text where data row `row` (from 0) ends."""
    return next(line for n, (line, _) in enumerate(rows(table)) if n == row)


def header(table: Table, names: Sequence[str]) -> str:
    """Return the line of the table's names, with others added, in its own delimiter.

    A table cut by spaces comes out cut by commas. Names that the table itself does not hold,
    from a model then, are shown as a terminal may show them.
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
    lines = filter(str.strip, _open(table))
    return "".join(
        f"{line.rstrip()}{delimiter}{delimiter.join(added)}\n"
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
    """Join and cut chunks so that each ends at a line's end; the last, perhaps empty, is marked."""
    parts: list[bytes] = []
    held = b""  # a carriage return, which may belong to a line feed
    for chunk in chunks:
        whole = (held + chunk).removesuffix(b"\r")
        held = chunk[-1:] if chunk.endswith(b"\r") else b""
        end = max(whole.rfind(b"\n"), whole.rfind(b"\r")) + 1
        if end:
            yield b"".join([*parts, whole[:end]]), False
            parts = []
        parts.append(whole[end:])
    yield b"".join([*parts, held]), True


def _begin(data: bytes, source: str, *, is_whole: bool) -> Table:
    """Find delimiter and header in the first rows; _MoreNeededError where there may be more."""
    whole = Table(
        source=source,
        data=data,
        start=len(_BYTE_ORDER_MARK) if data.startswith(_BYTE_ORDER_MARK) else 0,
        lines_before=0,
        delimiter=None,
        names=(),
        unnamed=frozenset(),
        has_header=False,
    )
    delimiter, first_rows = _delimiter(whole, is_whole=is_whole)
    if not first_rows:
        raise _no_rows(source, has_header=False)
    has_header = _is_header(first_rows, source)
    if has_header and len(first_rows) == 1:
        raise _no_rows(source, has_header=True)
    line, first = first_rows[0]
    names = [cell.strip() for cell in first] if has_header else [""] * len(first)
    table = replace(
        whole,
        delimiter=delimiter,
        names=tuple(name or f"column_{n}" for n, name in enumerate(names, start=1)),
        unnamed=frozenset(column for column, name in enumerate(names) if not name),
        has_header=has_header,
    )
    if not has_header:
        return table
    # Once more, as strictly as the rows are read.
    next(_records(_lines(table), delimiter, source))
    end = next(islice(_LINE_END.finditer(data), line - 1, None)).end()
    return replace(table, start=end, lines_before=line)


def _end_of_rows(table: Table) -> int:
    """Return where the last row ends that what follows cannot change; the data end with a line.

    A quoted cell may go on behind a line's end, and rows of blank cells count only where more
    rows follow. _MoreNeededError where no row has ended.
    """
    data, start, delimiter = table.data, table.start, table.delimiter
    last = len(data) - (2 if data.endswith(b"\r\n") else 1)
    ends = (b"\n", b"\r")
    last_line = data[max(start, *(data.rfind(end, start, last) + 1 for end in ends)) :].decode()
    is_blank = not last_line.replace(delimiter or " ", " ").replace('"', " ").strip()
    if table.is_plainly_quoted and not is_blank:
        return len(data)
    position = end = start

    def lines() -> Iterator[str]:
        nonlocal position
        for line in data[start:].splitlines(keepends=True):
            position += len(line)
            yield line.decode()
        raise _MoreNeededError

    blank_rows = False
    try:
        for row in _reader(lines(), delimiter, strict=False):
            blank = not any(map(str.strip, row))
            blank_rows = blank and (blank_rows or len(row) > 1)
            if not blank_rows:
                end = position
    except _MoreNeededError:
        if end == start:
            raise
    return end


def _count_lines(data: bytes, start: int, end: int) -> int:
    """Count the line ends in a part of the data, whatever they are."""
    ends = (b"\n", b"\r")
    return sum(data.count(each, start, end) for each in ends) - data.count(b"\r\n", start, end)


def _read_fast(table: Table, columns: Sequence[int]) -> Array | None:
    """Read with numpy.loadtxt, or None where the text needs a closer look.

    Columns that are not asked for are read as one character of text, so that they may hold
    anything, and yet a row with too few or too many cells is noticed.
    """
    width = len(table.names)
    wanted = set(columns)
    everything = wanted == set(range(width))
    kinds = [(f"f{n}", np.float64 if n in wanted else "U1") for n in range(width)]
    lines: Iterable[str] = _open(table)
    delimiter = table.delimiter
    quotes: str | None = '"'
    if not table.is_plainly_quoted:
        quotes = None
        lines = map(_UNIT_SEPARATOR.join, _reader(_lines(table), delimiter))
        delimiter = _UNIT_SEPARATOR
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # no rows: said by who asked
            read = np.loadtxt(
                lines,
                dtype=np.float64 if everything else np.dtype(kinds),
                delimiter=delimiter,
                comments=None,
                quotechar=quotes,
                ndmin=2 if everything else 1,
            )
    except (ValueError, csv.Error):
        return None
    if not everything:
        return np.column_stack([read[f"f{n}"] for n in columns])  # type: ignore[call-overload]
    if read.shape[1] != width:
        return None
    in_order = list(columns) == list(range(width))
    values: Array = (read if in_order else read[:, list(columns)]).astype(np.float64, copy=False)
    return values


def _read_carefully(table: Table, columns: Sequence[int]) -> Array:
    """Read cell by cell; CellError for the first that is not a finite number."""
    values = []
    for line, cells in rows(table):
        if len(cells) != len(table.names):
            raise DataError(
                f"{table.source}, line {line}: has {len(cells)} "
                f"{'cell' if len(cells) == 1 else 'cells'} where {len(table.names)} are expected "
                f"({listed(table.names)}). Mend the line."
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
            is_form = isinstance(reason, DecimalCommaError)
            return CellError(table, line, column, f"{shown}{reason}", is_form=is_form)
    raise AssertionError  # pragma: no cover - the caller found one


def _no_rows(source: str, *, has_header: bool) -> DataError:
    """Make the error for a file in which nothing is to be learned from."""
    if has_header:
        return DataError(f"{source}: has a header and no rows.")
    return DataError(f"{source}: is empty. Give a CSV with a row for each student.")


def _check_text(data: bytes, source: str, lines_before: int = 0) -> None:
    """Refuse what is not UTF-8 text, with or without a byte order mark."""
    if not lines_before and data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{source}: is UTF-16 text. Save it as CSV UTF-8.")
    if b"\0" in data:
        raise DataError(f"{source}: is not a text file. Save the table as CSV first.")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = lines_before + _count_lines(data, 0, error.start) + 1
        raise DataError(f"{source}, line {line}: is not UTF-8 text. Save it as UTF-8.") from error


def _open(table: Table) -> io.TextIOWrapper:
    """Read the rows as lines, whatever ends them, without a second copy of the whole."""
    data = io.BytesIO(table.data)
    data.seek(table.start)
    return io.TextIOWrapper(data, encoding="utf-8", newline=None)


def _lines(table: Table) -> Iterable[str]:
    """Read the rows as lines, without the spaces behind quoted cells: csv refuses those."""
    lines = _open(table)
    mark = table.delimiter
    if mark is None or not re.search(rf'" +([{mark}\r\n]|$)'.encode(), table.data):
        return lines
    quoted_cell = r' *"[^"]*+(?:""[^"]*+)*+"'
    padded = rf"(?<![^{mark}\n])({quoted_cell})(?: +(?=[{mark}\n]|\Z))?"
    return io.StringIO(re.sub(padded, r"\1", lines.read()))


def _records(
    lines: Iterable[str],
    delimiter: str | None,
    source: str,
    lines_before: int = 0,
    *,
    strict: bool = True,
) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and stripped cells of all rows that are not blank lines."""
    reader = _reader(lines, delimiter, strict=strict)
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if stripped not in ([], [""]):
                yield lines_before + reader.line_num, stripped
    except csv.Error as error:
        raise DataError(
            f"{source}, line {lines_before + reader.line_num}: cannot be read as CSV: {error}."
        ) from error


def _reader(lines: Iterable[str], delimiter: str | None, *, strict: bool = True) -> CsvReader:
    """Cut lines into cells; spaces before cells do not matter."""
    trimmed = lines if delimiter else (line.strip().replace("\t", " ") + "\n" for line in lines)
    return csv.reader(trimmed, delimiter=delimiter or " ", skipinitialspace=True, strict=strict)


def _first_rows(
    table: Table, delimiter: str | None, *, is_whole: bool
) -> list[tuple[int, list[str]]]:
    """Read the first two rows, as far as there are any, with their line numbers."""

    def lines() -> Iterator[str]:
        yield from _open(table)
        if not is_whole:
            raise _MoreNeededError

    return list(islice(_records(lines(), delimiter, table.source, strict=False), 2))


def _delimiter(table: Table, *, is_whole: bool) -> tuple[str | None, list[tuple[int, list[str]]]]:
    """Tell the delimiter: the first of tab, semicolon and comma that cuts two rows alike.

    White space is one only where nothing else cuts them. Returns the two rows, too.
    """
    found = {each: _first_rows(table, each, is_whole=is_whole) for each in DELIMITERS}
    for delimiter, first_rows in found.items():
        if _cuts_alike(first_rows):
            return delimiter, first_rows
    widest = max(
        found, key=lambda delimiter: max((len(cells) for _, cells in found[delimiter]), default=0)
    )
    if all(len(cells) == 1 for _, cells in found[widest]):
        spaced = _first_rows(table, None, is_whole=is_whole)
        return (None, spaced) if _cuts_alike(spaced) else (",", found[","])
    return widest, found[widest]


def _cuts_alike(first_rows: list[tuple[int, list[str]]]) -> bool:
    """Tell whether the rows have several cells, and all equally many."""
    widths = {len(cells) for _, cells in first_rows}
    return len(widths) == 1 and widths != {1}


def _is_header(first_rows: list[tuple[int, list[str]]], source: str) -> bool:
    """Tell whether the first row holds names; refuse one that mixes names and numbers.

    A first row with the same columns of text as the second is data: a column of names,
    echo_error, in a file without a header.
    """
    line, first = first_rows[0]
    kinds = [[_is_text(cell) for cell in cells] for _, cells in first_rows]
    texts = [cell for cell in first if _is_text(cell)]
    figures = [cell for cell in first if cell and not _is_text(cell)]
    if not texts:
        return False
    if not figures:
        return True
    if kinds[0] == kinds[-1] and len(kinds) > 1:
        return False
    raise DataError(
        f"{source}, line {line}, column {first.index(texts[0]) + 1}: {quoted(texts[0])} is not a "
        f"number, but {quoted(figures[0])} in the same line is. If the line is a header, give "
        "every column a name that is not a number; if it is data, mend the cell."
    )


def _is_text(cell: str) -> bool:
    return bool(cell) and not is_number(cell)


def _is_bare(table: Table) -> bool:
    """Tell whether a line surely is its cells and nothing else: no quotes, no spaces around."""
    data, start = table.data, table.start
    if table.delimiter not in {",", ";"} or data.find(b'"', start) >= 0:
        return False
    mark = table.delimiter.encode()
    # Spaces before or behind a cell; a mark that begins a line, perhaps of a row of blank cells.
    found = [space for space in (b" ", b"\t") if data.find(space, start) >= 0]
    pairs = [edge + space for edge in (mark, b"\n", b"\r") for space in found]
    pairs += [space + mark for space in found] + [b"\n" + mark, b"\r" + mark]
    odd = [space for space in _ODD_SPACES if space.isascii() or not data.isascii()]
    starts_bare = data[start : start + 1] not in {mark, *found}
    return starts_bare and not any(data.find(each, start) >= 0 for each in [*pairs, *odd])
