"""A CSV's columns, chosen by name or by a model, as arrays of features and scores."""

from __future__ import annotations

import csv
import io
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scorenet_cli import files
from scorenet_cli.core import Array
from scorenet_cli.data.csv_table import (
    CellError,
    Table,
    line_of_row,
    make_table,
    numbers,
    rows,
    tables,
)
from scorenet_cli.errors import DataError, OptionError, ScorenetError
from scorenet_cli.text import did_you_mean, is_finite_number, listed, quoted

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


def read_table(path: str) -> Table:
    """Read a CSV file, or standard input for '-', as far as its header."""
    return make_table(files.read_bytes(path), files.display_path(path))


def read_tables(path: str) -> Iterator[Table]:
    """Read a CSV file, or standard input for '-', in blocks of rows, as they come."""
    return tables(files.read_chunks(path, CHUNK), files.display_path(path))


def read_dataset(
    table: Table,
    *,
    features: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
) -> Dataset:
    """Choose the columns and read their numbers.

    Without targets the last column is it; without features, all other columns are, but for
    an unnamed first column that counts the rows. OptionError for a column that is not there.
    """
    width = len(table.names)
    target_columns = (
        [width - 1] if targets is None else find_columns(table, targets, OptionError, "`target`")
    )
    if features is None:
        feature_columns = [n for n in range(width) if n not in target_columns]
    else:
        feature_columns = find_columns(table, features, OptionError, "`features`")
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
    _refuse_duplicates(table, [*feature_columns, *target_columns])
    try:
        values = numbers(table, [*feature_columns, *target_columns])
    except CellError as error:
        if error.is_format_error:
            raise
        hint = _column_hint(table, feature_columns, target_columns)
        raise DataError(f"{error.location} {hint}") from error
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
        hint = f"Say what the best score is: `max_score={_exact(scores.max())}`"
    raise DataError(
        f"{table.source}, line {line_of_row(table, row)}, column "
        f"{quoted(dataset.targets[target])}: the score {_exact(scores[row, target])} "
        f"is not between 0 and {_exact(max_scores[target])}. {hint}"
    )


def find_columns(
    table: Table, names: Sequence[str], error: type[ScorenetError], asked_by: str
) -> list[int]:
    """Positions of the named columns; the error given where one is not there."""
    columns: dict[int, None] = {}  # a set that keeps the order
    positions = {name: position for position, name in reversed([*enumerate(table.names)])}
    for name in names:
        wanted = name.strip()
        if wanted not in positions:
            raise error(
                f"{asked_by}: {table.source} has no column {quoted(wanted)}."
                f"{did_you_mean(wanted, table.names)} Its columns are: {listed(table.names)}."
            )
        column = positions[wanted]
        if column in columns:
            raise error(f"{asked_by}: column {quoted(wanted)} is named twice.")
        columns[column] = None
    return list(columns)


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
    _refuse_duplicates(table, columns)
    return columns


def _column_hint(table: Table, features: list[int], targets: list[int]) -> str:
    """Say how to go on after a bad cell, with the `features` that would work, ready to copy."""
    usable = _numeric_columns(table)
    if any(target not in usable for target in targets):
        choices = [table.names[n] for n in usable]
        return "Fix the cell" + (
            f", or choose another `target` (columns of numbers: {listed(choices)})."
            if choices
            else "."
        )
    known = set(usable)  # thousands of columns are looked up
    left = [n for n in features if n in known]
    if left and 0 in table.unnamed and table.has_header and len(left) > 1:
        left = [n for n in left if n != 0 or not _counts_rows(numbers(table, [0])[:, 0])]
    if not left:
        return "Fix the cell; no other column holds numbers only."
    names = io.StringIO()
    csv.writer(names, lineterminator="").writerow([table.names[n] for n in left])
    suggestion = shlex.quote(names.getvalue())
    if not suggestion.isprintable() or len(suggestion) > MAX_TO_COPY:
        return "Fix the cell, or leave the column out by naming the others in `features`."
    return f"Fix the cell, or leave the column out: `features={suggestion}`"


def _numeric_columns(table: Table) -> list[int]:
    """Find the columns in which every cell is a finite number."""
    usable = list(range(len(table.names)))
    for _, cells in rows(table):
        usable = [n for n in usable if n < len(cells) and is_finite_number(cells[n])]
    return usable


def _counts_rows(column: Array) -> bool:
    """Tell whether the values are 0, 1, 2, ... or 1, 2, 3, ..."""
    return bool(column[0] in {0.0, 1.0} and (np.diff(column) == 1.0).all())


def _refuse_duplicates(table: Table, columns: Sequence[int]) -> None:
    """Refuse a chosen column whose name another column has too."""
    counts = Counter(table.names)
    for column in columns:
        if counts[table.names[column]] > 1:
            line = table.lines_before or next(rows(table))[0]
            raise DataError(
                f"{table.source}, line {line}: two columns are called "
                f"{quoted(table.names[column])}. Rename one."
            )


def _exact(value: float) -> str:
    """Write a number so that it reads back to the bit."""
    return repr(float(value)).removesuffix(".0")
