"""A CSV's columns, chosen by name or by a model, as arrays of features and scores."""

from __future__ import annotations

import csv
import io
import shlex
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scorenet_cli import files
from scorenet_cli.core import Array
from scorenet_cli.data.csv_table import (
    CellError,
    Table,
    blank_columns,
    line_of_row,
    make_table,
    numbers,
    rows,
    tables,
)
from scorenet_cli.data.number_formats import looks_like_number
from scorenet_cli.errors import DataError, OptionError, ScorenetError
from scorenet_cli.text import did_you_mean, is_finite_number, is_number, listed, quoted

# A message suggests no longer `features` than these signs.
MAX_TO_COPY = 300
# So many bytes of a CSV are read at once, where it is read in blocks.
CHUNK = 1_000_000


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


def read_table(path: str, *, has_header: bool | None = None) -> Table:
    """Read a CSV file, or standard input for '-', as far as its header.

    has_header None: whether the first row is one is guessed.
    """
    return make_table(files.read_bytes(path), files.display_path(path), has_header=has_header)


def read_tables(path: str, *, has_header: bool | None = None) -> Iterator[Table]:
    """Read a CSV file, or standard input for '-', in blocks of rows, as they come."""
    chunks = files.read_chunks(path, CHUNK)
    return tables(chunks, files.display_path(path), has_header=has_header)


def read_dataset(
    table: Table,
    *,
    features: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
) -> Dataset:
    """Choose the columns and read their numbers.

    Without targets the last column is it; without features, all other columns are, but for
    an unnamed first column that counts the rows. Empty columns without a name are passed over.
    OptionError for a column that is not there.
    """
    blank = blank_columns(table)
    usable = [n for n in range(len(table.names)) if n not in blank]
    target_columns = usable[-1:] if targets is None else find_columns(table, targets, "target")
    if features is None:
        feature_columns = [n for n in usable if n not in target_columns]
    else:
        feature_columns = find_columns(table, features, "features")
    if both := [table.names[n] for n in feature_columns if n in target_columns]:
        raise OptionError(
            f"column {quoted(both[0])} is a target and a feature. Leave it out of `features`."
        )
    if not feature_columns:
        raise DataError(
            f"{table.source}: no column is left to learn from beside {listed(table.names)}. "
            "Give a column of hours, say, and one of scores, "
            "separated by commas, semicolons or tabs."
        )
    try:
        values = numbers(table, [*feature_columns, *target_columns])
    except CellError as error:
        if error.is_format_error:
            raise
        hint = _column_hint(table, error, feature_columns, target_columns)
        raise DataError(f"{error.location} {hint}") from error
    inputs, scores = values[:, : len(feature_columns)], values[:, len(feature_columns) :]
    notes = list(table.notes)
    if blank:
        positions = ", ".join(str(n + 1) for n in sorted(blank))
        notes.append(f"columns without a name and without values are passed over: {positions}.")
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
        hint = f"Say what the best score is: `max_score={_exact(scores.max())}`"
    raise DataError(
        f"{table.source}, line {line_of_row(table, row)}, column "
        f"{quoted(dataset.targets[target])}: the score {_exact(scores[row, target])} "
        f"is not between 0 and {_exact(max_scores[target])}. {hint}"
    )


def find_columns(table: Table, names: Sequence[str], option: str | None = None) -> list[int]:
    """Positions of the named columns, in any Unicode normalization.

    Where one is not there: OptionError that names the option, or, without one, DataError.
    """
    columns: dict[int, None] = {}  # a set that keeps the order
    positions = {_normal(name): n for n, name in reversed([*enumerate(table.names)])}
    for name in names:
        column = positions.get(_normal(name))
        if column is None:
            wanted, hint = quoted(name.strip()), did_you_mean(name.strip(), table.names)
            raise _column_error(
                f"{table.source} has no column {wanted}",
                f".{hint} Its columns are: {listed(table.names)}.",
                option,
            )
        if column in columns:
            raise _column_error(f"column {quoted(name.strip())} is named twice", ".", option)
        columns[column] = None
    return list(columns)


def _column_error(reason: str, more: str, option: str | None) -> ScorenetError:
    if option is None:
        return DataError(f"{reason}, which the model needs{more}")
    return OptionError(f"`{option}`: {reason}{more}")


def name_columns(table: Table, features: Sequence[str], targets: Sequence[str]) -> Table:
    """Give a table the names of a model's columns.

    With a header: names that differ only in case, spaces around or invisible characters become
    the model's, with a note. Without one: the columns must be the features, or the features and
    then the targets, in order; DataError else.
    """
    if table.has_header:
        return _match_names(table, [*features, *targets])
    blank = blank_columns(table)
    columns = [n for n in range(len(table.names)) if n not in blank]
    names = [*features, *targets]
    if set(features) <= set(table.names):
        are_all = set(names) == {f"column_{n}" for n in range(1, len(names) + 1)}
        if not are_all or len(columns) <= len(names):
            return table
    elif len(columns) in {len(features), len(names)}:
        own = dict(enumerate(table.names)) | dict(zip(columns, names, strict=False))
        return replace(table, names=tuple(own.values()))
    raise DataError(
        f"{table.source} has no header and {len(columns)} columns; the model needs "
        f"{len(features)}: {listed(tuple(features))}. Give those, in this order, or a header."
    )


def model_columns(table: Table, names: Sequence[str]) -> list[int]:
    """Positions of a model's columns by name; DataError where one is missing."""
    return find_columns(table, names)


def _match_names(table: Table, names: Sequence[str]) -> Table:
    """Rename the columns that are the only ones to resemble a missing name."""
    known = set(map(_normal, table.names))
    own, notes = list(table.names), []
    for name in names:
        if _normal(name) not in known:
            alike = [n for n, each in enumerate(table.names) if _loose(each) == _loose(name)]
            if len(alike) == 1:
                notes.append(
                    f"column {quoted(own[alike[0]])} is taken for {quoted(name)}: the names differ "
                    "in case, spaces or invisible characters."
                )
                own[alike[0]] = name
    return replace(
        table, names=tuple(own), notes=(*table.notes, *(notes if table.is_first else ()))
    )


def _normal(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip())


def _loose(name: str) -> str:
    visible = "".join(sign for sign in _normal(name) if unicodedata.category(sign) != "Cf")
    return visible.strip().casefold()


def _column_hint(table: Table, error: CellError, features: list[int], targets: list[int]) -> str:
    """Say what to do about a cell; a column of text comes with what works without it.

    A column is one of numbers where most of its cells are; then only the cell is at fault.
    """
    rows_, counts = _count_numbers(table)
    of_numbers = {n for n, count in enumerate(counts) if 2 * count > rows_}
    if error.column in of_numbers or (error.is_blank and error.column in targets):
        return f"{'Fill in' if error.is_blank else 'Fix'} the cell, or remove the line."
    if error.column in targets:
        choices = [table.names[n] for n, count in enumerate(counts) if count == rows_]
        return "Fix the cell" + (
            f", or choose another `target` (columns of numbers: {listed(choices)})."
            if choices
            else "."
        )
    left = [n for n in features if n in of_numbers]
    if left and 0 in table.unnamed and table.has_header and len(left) > 1 and counts[0] == rows_:
        left = [n for n in left if n != 0 or not _counts_rows(numbers(table, [0])[:, 0])]
    if not left:
        return "Fix the cell; no other column holds numbers."
    names = io.StringIO()
    csv.writer(names, lineterminator="").writerow([table.names[n] for n in left])
    suggestion = shlex.quote(names.getvalue())
    if not suggestion.isprintable() or len(suggestion) > MAX_TO_COPY:
        return "Fix the cell, or leave the column out by naming the others in `features`."
    return f"Fix the cell, or leave the column out: `features={suggestion}`"


def _count_numbers(table: Table) -> tuple[int, list[int]]:
    """Count the rows, and in each column the cells that are finite numbers."""
    total, counts = 0, [0] * len(table.names)
    for _, cells in rows(table):
        total += 1
        for column, cell in enumerate(cells[: len(counts)]):
            counts[column] += is_finite_number(cell) or (
                looks_like_number(cell) and not is_number(cell)
            )
    return total, counts


def _counts_rows(column: Array) -> bool:
    """Tell whether the values are 0, 1, 2, ... or 1, 2, 3, ..."""
    return bool(column[0] in {0.0, 1.0} and (np.diff(column) == 1.0).all())


def _exact(value: float) -> str:
    """Write a number so that it reads back to the bit."""
    return repr(float(value)).removesuffix(".0")
