"""CSV text to rows of cells and numbers, and back; every refusal names the line and the column.

numpy.loadtxt reads plain text at C speed. Where it stumbles, the csv module goes over the
same text cell by cell, and either understands it after all or says what is wrong where.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from scorenet_cli.errors import DataError
from scorenet_cli.network import Array
from scorenet_cli.text import DecimalCommaError, is_number, listed, parse_number, quoted

DELIMITERS = "\t;,"

# The csv module's own limit of 128 KiB a cell would stand in the way of wide tables: a delimiter
# that is only tried takes a whole line for one cell.
csv.field_size_limit(2**31 - 1)

_LINE_END = re.compile(rb"\r\n|\r|\n")
# A quoted cell and the spaces behind it, which the csv module would take for an error.
_PADDED_CELL = re.compile(r'("(?:[^"]|"")*") *')
_IS_PADDED = re.compile(rb'" +[\t;,\r\n]|" +$')
# Stands between cells that the csv module has cut, on their way to numpy.loadtxt.
_UNIT_SEPARATOR = "\x1f"


if TYPE_CHECKING:
    from _csv import Reader as CsvReader


@dataclass(frozen=True, eq=False)
class Table:
    """A CSV's bytes, UTF-8, and what its first rows tell.

    delimiter None means white space. Columns without a name are called column_1, column_2,
    ...; unnamed says which those are, from 0.
    """

    source: str
    sha256: str
    data: bytes
    delimiter: str | None
    names: tuple[str, ...]
    unnamed: frozenset[int]
    has_header: bool


class CellError(DataError):
    """One cell cannot be used; `place` is the message without what to do.

    is_form: the value is there, and only its form is wrong.
    """

    def __init__(
        self, table: Table, line: int, column: int, reason: str, *, is_form: bool = False
    ) -> None:
        self.is_form = is_form
        self.place = f"{table.source}, line {line}, column {quoted(table.names[column])}: {reason}."
        super().__init__(f"{self.place} Mend the cell.")


def make_table(data: bytes, source: str) -> Table:
    """Find a CSV's delimiter and header; DataError where it is not text or has no rows."""
    _check_text(data, source)
    delimiter, first_rows = _delimiter(data, source)
    if not first_rows:
        raise _no_rows(source, has_header=False)
    has_header = _is_header(first_rows, source)
    if has_header and len(first_rows) == 1:
        raise _no_rows(source, has_header=True)
    first = first_rows[0][1]
    names = [cell.strip() for cell in first] if has_header else [""] * len(first)
    unnamed = frozenset(column for column, name in enumerate(names) if not name)
    return Table(
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        data=data,
        delimiter=delimiter,
        names=tuple(name or f"column_{n}" for n, name in enumerate(names, start=1)),
        unnamed=unnamed,
        has_header=has_header,
    )


def numbers(table: Table, columns: Sequence[int]) -> Array:
    """Read columns as finite numbers (rows, len(columns)); CellError where one is not."""
    values = _read_fast(table, columns)
    if values is None or not np.isfinite(values).all():
        values = _read_carefully(table, columns)
    if not len(values):
        raise _no_rows(table.source, has_header=table.has_header)
    return values


def rows(table: Table) -> Iterator[tuple[int, list[str]]]:
    """Yield each data row with its line number: blank lines are passed over."""
    held: list[tuple[int, list[str]]] = []
    lines = _unpadded(table.data, _open(table.data))
    records = _records(lines, table.delimiter, table.source)
    for line, cells in islice(records, int(table.has_header), None):
        if any(cells):
            yield from held  # rows of blank cells count only where more rows follow
            held.clear()
            yield line, cells
        elif len(cells) > 1:
            held.append((line, cells))


def line_of_row(table: Table, row: int) -> int:
    """Line of the text where data row `row` (from 0) ends."""
    return next(line for n, (line, _) in enumerate(rows(table)) if n == row)


def first_line(table: Table) -> int:
    """Line of the text where its first row ends, be it a header or not."""
    return _first_rows(table.data, table.delimiter, table.source)[0][0]


def with_columns(table: Table, names: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    """Return the table as CSV with columns added: its own cells, a header, its own delimiter.

    A table cut by spaces comes out cut by commas.
    """
    delimiter = table.delimiter or ","
    own = [
        "" if column in table.unnamed and table.has_header else name
        for column, name in enumerate(table.names)
    ]
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*own, *names])
    if _is_bare(table):
        lines = islice(filter(str.strip, _open(table.data)), int(table.has_header), None)
        text.writelines(
            f"{line.rstrip()}{delimiter}{delimiter.join(added)}\n"
            for line, added in zip(lines, cells, strict=True)
        )
    else:
        writer.writerows([*row, *added] for (_, row), added in zip(rows(table), cells, strict=True))
    return text.getvalue()


def _read_fast(table: Table, columns: Sequence[int]) -> Array | None:
    """Read with numpy.loadtxt, or None where the text needs a closer look.

    Columns that are not asked for are read as one character of text, so that they may hold
    anything, and yet a row with too few or too many cells is noticed.
    """
    width = len(table.names)
    everything = set(columns) == set(range(width))
    kinds = [(f"f{n}", np.float64 if n in columns else "U1") for n in range(width)]
    lines: Iterable[str] = _open(table.data)
    delimiter = table.delimiter
    if table.has_header:
        next(_records(_unpadded(table.data, lines), delimiter, table.source))
    quotes: str | None = '"'
    if not _plainly_quoted(table):
        quotes = None
        lines = map(_UNIT_SEPARATOR.join, _reader(_unpadded(table.data, lines), delimiter))
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
    raise AssertionError("no bad cell in the line")  # pragma: no cover - the caller found one


def _no_rows(source: str, *, has_header: bool) -> DataError:
    """Make the error for a file in which nothing is to be learned from."""
    if has_header:
        return DataError(f"{source}: has a header and no rows.")
    return DataError(f"{source}: is empty. Give a CSV with a row for each student.")


def _check_text(data: bytes, source: str) -> None:
    """Refuse what is not UTF-8 text, with or without a byte order mark."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{source}: is UTF-16 text. Save it as CSV UTF-8.")
    if b"\0" in data:
        raise DataError(f"{source}: is not a text file. Save the table as CSV first.")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = len(_LINE_END.findall(data[: error.start])) + 1
        raise DataError(f"{source}, line {line}: is not UTF-8 text. Save it as UTF-8.") from error


def _open(data: bytes) -> io.TextIOWrapper:
    """Read the bytes as lines, whatever ends them, without a second copy of the whole."""
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=None)


def _records(
    lines: Iterable[str], delimiter: str | None, source: str, *, strict: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and stripped cells of all rows that are not blank lines."""
    reader = _reader(lines, delimiter, strict=strict)
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if stripped not in ([], [""]):
                yield reader.line_num, stripped
    except csv.Error as error:
        raise DataError(
            f"{source}, line {reader.line_num}: cannot be read as CSV: {error}."
        ) from error


def _reader(lines: Iterable[str], delimiter: str | None, *, strict: bool = True) -> CsvReader:
    """Cut lines into cells; spaces before cells do not matter."""
    trimmed = lines if delimiter else (line.strip().replace("\t", " ") + "\n" for line in lines)
    return csv.reader(trimmed, delimiter=delimiter or " ", skipinitialspace=True, strict=strict)


def _first_rows(data: bytes, delimiter: str | None, source: str) -> list[tuple[int, list[str]]]:
    """Read the first two rows, as far as there are any, with their line numbers."""
    lines = _unpadded(data, _open(data))
    return list(islice(_records(lines, delimiter, source, strict=False), 2))


def _plainly_quoted(table: Table) -> bool:
    """Tell whether every quote opens or closes a cell, so that numpy.loadtxt may be trusted.

    Where quotes are unbalanced it swallows rows in silence.
    """
    data, delimiter = table.data, (table.delimiter or " ").encode()
    total = data.count(b'"')
    opening = data.count(delimiter + b'"') + data.count(b'\n"') + data.startswith(b'"')
    closing = data.count(b'"' + delimiter) + data.count(b'"\n') + data.endswith(b'"')
    crlf = data.count(b'"\r\n')
    return opening == closing + crlf == total // 2 and total % 2 == 0


def _unpadded(data: bytes, lines: Iterable[str]) -> Iterable[str]:
    """Take away spaces behind quoted cells, where there are any in the data."""
    if not _IS_PADDED.search(data):
        return lines
    return (_PADDED_CELL.sub(r"\1", line) if '"' in line else line for line in lines)


def _delimiter(data: bytes, source: str) -> tuple[str | None, list[tuple[int, list[str]]]]:
    """Tell the delimiter: the first of tab, semicolon and comma that cuts two rows alike.

    White space is one only where nothing else cuts them. Returns the two rows, too.
    """
    found = {delimiter: _first_rows(data, delimiter, source) for delimiter in DELIMITERS}
    for delimiter, first_rows in found.items():
        if _cuts_alike(first_rows):
            return delimiter, first_rows
    widest = max(
        found, key=lambda delimiter: max((len(cells) for _, cells in found[delimiter]), default=0)
    )
    if all(len(cells) == 1 for _, cells in found[widest]):
        spaced = _first_rows(data, None, source)
        return (None, spaced) if _cuts_alike(spaced) else (",", found[","])
    return widest, found[widest]


def _cuts_alike(first_rows: list[tuple[int, list[str]]]) -> bool:
    """Tell whether the rows have several cells, and all equally many."""
    widths = {len(cells) for _, cells in first_rows}
    return len(widths) == 1 and widths != {1}


def _is_header(first_rows: list[tuple[int, list[str]]], source: str) -> bool:
    """Tell whether the first row holds names; refuse one that mixes names and numbers.

    A first row with the same columns of text as the second is data: a column of names,
    say, in a file without a header.
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
    if table.delimiter not in {",", ";"} or b'"' in table.data:
        return False
    mark = table.delimiter.encode()
    around: tuple[bytes, ...] = (
        mark + b" ",
        b" " + mark,
        b"\n ",
        b" \n",
        b" \r",
        mark + b"\t",
        b"\t" + mark,
    )
    around += (b"\n" + mark, b"\r" + mark)  # perhaps a row of blank cells
    return not table.data.startswith(mark) and not any(pair in table.data for pair in around)
