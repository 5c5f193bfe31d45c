"""CSV to named columns of numbers; every refusal names the line and the column.

numpy.loadtxt reads plain files at C speed. Where it stumbles, the csv module goes over the
same text cell by cell, and either understands it after all or says what is wrong where.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import shlex
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scorenet_cli import files
from scorenet_cli.errors import DataError, ScorenetError, UsageError
from scorenet_cli.network import Array
from scorenet_cli.text import (
    DecimalCommaError,
    did_you_mean,
    is_finite_number,
    is_number,
    listed,
    parse_number,
    quoted,
)

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


@dataclass(frozen=True, eq=False)
class Dataset:
    """Named inputs (rows, features) and scores (rows, targets), in the file's own units."""

    source: str
    sha256: str
    features: tuple[str, ...]
    targets: tuple[str, ...]
    inputs: Array
    scores: Array
    notes: tuple[str, ...] = ()

    def take(self, chosen: NDArray[np.intp]) -> Dataset:
        """Return the same with only the chosen rows, by their positions."""
        return replace(self, inputs=self.inputs[chosen], scores=self.scores[chosen])


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


def read_table(path: str) -> Table:
    """Read a CSV file, or standard input for '-', as far as its header."""
    data = files.read_bytes(path)
    return make_table(data, files.shown(path))


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


def read_dataset(
    table: Table,
    *,
    features: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
) -> Dataset:
    """Choose the columns and read their numbers.

    Without targets the last column is it; without features, all other columns are, but for
    an unnamed first column that counts the rows. UsageError for a column that is not there.
    """
    width = len(table.names)
    target_columns = (
        [width - 1] if targets is None else find_columns(table, targets, UsageError, "--target")
    )
    if features is None:
        feature_columns = [n for n in range(width) if n not in target_columns]
    else:
        feature_columns = find_columns(table, features, UsageError, "--features")
    if both := [table.names[n] for n in feature_columns if n in target_columns]:
        raise UsageError(
            f"column {quoted(both[0])} is a target and a feature. Leave it out of --features."
        )
    if not feature_columns:
        raise DataError(
            f"{table.source}: no column is left to learn from beside {listed(table.names)}. "
            "Give a column of hours, say, and one of scores, cut by commas, semicolons or tabs."
        )
    _refuse_twins(table, [*feature_columns, *target_columns])
    try:
        values = numbers(table, [*feature_columns, *target_columns])
    except CellError as error:
        if error.is_form:
            raise
        hint = _column_hint(table, feature_columns, target_columns)
        raise DataError(f"{error.place} {hint}") from error
    inputs, scores = values[:, : len(feature_columns)], values[:, len(feature_columns) :]
    notes: list[str] = []
    if features is None and feature_columns[0] == 0 and 0 in table.unnamed and table.has_header:
        if len(feature_columns) > 1 and _counts_rows(inputs[:, 0]):
            feature_columns, inputs = feature_columns[1:], inputs[:, 1:]
            notes.append("the first column has no name and counts the rows: it is left out.")
        else:
            notes.append("the first column has no name; it is a feature called column_1.")
    return Dataset(
        source=table.source,
        sha256=table.sha256,
        features=tuple(table.names[n] for n in feature_columns),
        targets=tuple(table.names[n] for n in target_columns),
        inputs=np.ascontiguousarray(inputs),
        scores=np.ascontiguousarray(scores),
        notes=tuple(notes),
    )


def check_scores(
    table: Table, dataset: Dataset, max_scores: Array, *, hint: str | None = None
) -> None:
    """Raise DataError for a score outside 0 to max_scores (targets,): a sigmoid ends there."""
    scores = dataset.scores
    outside = (scores < 0) | (scores > max_scores)
    if not outside.any():
        return
    row, target = (int(n) for n in np.argwhere(outside)[0])
    if scores[row, target] < 0:
        hint = "A score below 0 cannot be learned: add the same amount to all scores first."
    elif hint is None:
        hint = f"Say what the best score is: --max-score {_exact(scores.max())}"
    raise DataError(
        f"{table.source}, line {line_of_row(table, row)}, column "
        f"{quoted(dataset.targets[target])}: the score {_exact(scores[row, target])} "
        f"is not between 0 and {_exact(max_scores[target])}. {hint}"
    )


def find_columns(
    table: Table, names: Sequence[str], error: type[ScorenetError], asked_by: str
) -> list[int]:
    """Positions of the named columns; the error given where one is not there."""
    columns = []
    for name in names:
        wanted = name.strip()
        if wanted not in table.names:
            raise error(
                f"{asked_by}: {table.source} has no column {quoted(wanted)}."
                f"{did_you_mean(wanted, table.names)} Its columns are: {listed(table.names)}."
            )
        column = table.names.index(wanted)
        if column in columns:
            raise error(f"{asked_by}: column {quoted(wanted)} is named twice.")
        columns.append(column)
    return columns


def name_columns(table: Table, features: Sequence[str], targets: Sequence[str]) -> Table:
    """Give a table without a header a model's names, in order; others stay as they are.

    Its columns must be the features, or the features and then the targets. DataError else.
    """
    if table.has_header or set(features) <= set(table.names):
        return table
    width = len(table.names)
    if width not in (len(features), len(features) + len(targets)):
        raise DataError(
            f"{table.source}: has no header and {width} columns; the model takes "
            f"{len(features)}: {listed(tuple(features))}. Give those, in this order, or a header."
        )
    return replace(table, names=(*features, *targets)[:width])


def model_columns(table: Table, names: Sequence[str]) -> list[int]:
    """Positions of a model's columns by name; DataError where one is missing or there twice."""
    columns = find_columns(table, names, DataError, "the model's columns")
    _refuse_twins(table, columns)
    return columns


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


def _column_hint(table: Table, features: list[int], targets: list[int]) -> str:
    """Say how to go on after a bad cell, with the --features that would work, ready to copy."""
    usable = _numeric_columns(table)
    if any(target not in usable for target in targets):
        choices = [table.names[n] for n in usable]
        return "Mend the cell" + (
            f", or choose another --target (columns of numbers: {listed(choices)})."
            if choices
            else "."
        )
    left = [n for n in features if n in usable]
    if left and 0 in table.unnamed and table.has_header and len(left) > 1:
        left = [n for n in left if n != 0 or not _counts_rows(numbers(table, [0])[:, 0])]
    if not left:
        return "Mend the cell; no other column holds numbers only."
    if not all(table.names[n].isprintable() for n in left):
        return "Mend the cell, or leave the column out by naming the others in --features."
    names = io.StringIO()
    csv.writer(names, lineterminator="\n").writerow([table.names[n] for n in left])
    suggestion = shlex.quote(names.getvalue().rstrip("\n"))
    return f"Mend the cell, or leave the column out: --features {suggestion}"


def _numeric_columns(table: Table) -> list[int]:
    """Find the columns in which every cell is a finite number."""
    usable = list(range(len(table.names)))
    for _, cells in rows(table):
        usable = [n for n in usable if n < len(cells) and is_finite_number(cells[n])]
    return usable


def _counts_rows(column: Array) -> bool:
    """Tell whether the values are 0, 1, 2, ... or 1, 2, 3, ..."""
    return bool(column[0] in {0.0, 1.0} and (np.diff(column) == 1.0).all())


def _refuse_twins(table: Table, columns: Sequence[int]) -> None:
    """Refuse a chosen column whose name another column has too."""
    counts = Counter(table.names)
    for column in columns:
        if counts[table.names[column]] > 1:
            line = _first_rows(table.data, table.delimiter, table.source)[0][0]
            raise DataError(
                f"{table.source}, line {line}: two columns are called "
                f"{quoted(table.names[column])}. Rename one."
            )


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


def _exact(value: float) -> str:
    """Write a number so that it reads back to the bit."""
    return repr(float(value)).removesuffix(".0")


def _is_text(cell: str) -> bool:
    return bool(cell) and not is_number(cell)


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
