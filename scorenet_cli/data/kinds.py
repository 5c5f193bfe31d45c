"""What each column of a table holds: numbers, categories, or nothing to learn from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.data.columns import (
    MAX_CATEGORIES,
    TWO,
    encode,
    is_missing,
    is_missing_text,
    sort_categories,
)
from scorenet_cli.data.csv_table import (
    CellError,
    Table,
    line_of_row,
    read_columns,
    to_numbers,
)
from scorenet_cli.data.number_formats import NumberFormat, looks_like_number
from scorenet_cli.text import listed, quoted

# The last word of the name of a column that names rows.
_IDENTIFIER = re.compile(r"(?:.*[^a-z])?(id|no|nr|serial|name|index|idx)", re.DOTALL)
# With fewer rows, numbers that count up may be anything.
MIN_ROWS_TO_COUNT = 10
# With fewer rows, texts that are all different may be categories.
MIN_ROWS_TO_NAME = 4
# A column of more different texts has too many, and not one that is misspelt.
MAX_MISSPELT = 25
# A column mostly of numbers with so few different cells may be categories, as 0, 1, 2, 3+ are.
MAX_MIXED = 10


@dataclass(frozen=True, eq=False)
class Kind:
    """What a column holds; values (rows, inputs) are nan where a cell has no value.

    categories are the texts that became inputs; texts tells that the column holds text. reason
    says why the column is not a feature unless it is asked for. error is the cell that is at
    fault where a column is of numbers but for that cell; values is then None.
    """

    values: Array | None
    categories: tuple[str, ...] | None = None
    texts: bool = False
    reason: str = ""
    error: CellError | None = None
    format: NumberFormat | None = None

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers."""
        return self.values is not None and not self.texts

    @property
    def can_be_target(self) -> bool:
        """Whether the column is the target where none is named and it is the last."""
        return not (self.reason and self.texts) and (self.values is not None or bool(self.error))

    def words(self, *, is_left_out: bool) -> str:
        """Say what became of the column; nothing where it is simply a number."""
        if is_left_out:
            return f"left out, {self.reason}"
        if self.categories is None:
            return "" if self.format is None else _format_words(self.format)
        if len(self.categories) == TWO:
            return f"1 for {quoted(self.categories[1])}, 0 for {quoted(self.categories[0])}"
        shown = listed(self.categories, MAX_CATEGORIES)
        return f"an input for each of {len(self.categories)} categories: {shown}"


def read_kinds(table: Table, columns: Sequence[int]) -> dict[int, Kind]:
    """Read columns and tell what each holds; DataError for a row of another width."""
    found, failed = read_columns(table, columns)
    if failed:
        raise failed
    return {column: _kind(table, column, found[column]) for column in columns}


def _kind(table: Table, column: int, cells: Array | list[str]) -> Kind:
    """Tell what a column holds."""
    if isinstance(cells, np.ndarray):
        if np.isnan(cells[0]) and np.isnan(cells).all():
            return Kind(None, reason="without values")
        return _of_numbers(table, column, cells)
    counts = Counter(cells)
    present = {cell: count for cell, count in counts.items() if not is_missing(cell)}
    if not present and "none" not in counts:
        return Kind(None, reason="without values")
    texts = [count for cell, count in present.items() if not looks_like_number(cell)]
    is_mixed = bool(texts) and len(present) <= MAX_MIXED and min(texts) > 1
    if not present or is_mixed or 2 * sum(texts) > sum(present.values()):
        return _of_texts(table, column, cells, counts)
    try:
        values = to_numbers(table, {column: cells}, allows_missing=True)
    except CellError as error:
        return Kind(None, error=error)
    return _of_numbers(table, column, values[column])


def _of_numbers(table: Table, column: int, cells: Array) -> Kind:
    """Tell numbers (rows,) that only count or name the rows from others."""
    reason = ""
    is_unnamed = column == 0 and column in table.unnamed and table.has_header
    if _count_up(cells[:MIN_ROWS_TO_COUNT]) and _count_up(
        cells
    ):  # most columns need no second look
        if is_unnamed and cells[0] in {0.0, 1.0}:
            reason = "it counts the rows"
        elif len(cells) >= MIN_ROWS_TO_COUNT:
            reason = "it counts the rows (consecutive whole numbers)"
    if not reason and is_identifier(table, column):
        is_whole = bool((cells == np.floor(cells)).all())
        if is_whole and len(np.unique(cells)) == len(cells):
            reason = "it names the rows (all different)"
    return Kind(cells[:, np.newaxis], reason=reason, format=table.formats.get(column))


def _count_up(cells: Array) -> bool:
    """Tell whether they are consecutive whole numbers; nan is none."""
    return bool(cells[0] == np.floor(cells[0]) and (np.diff(cells) == 1).all())


def _of_texts(table: Table, column: int, cells: Sequence[str], counts: Mapping[str, int]) -> Kind:
    """Make categories of texts, where they are few and say something."""
    counts = {text: count for text, count in counts.items() if not is_missing_text(text)}
    if len(counts) > MAX_CATEGORIES:
        reason = f"{len(counts):,} different texts (at most {MAX_CATEGORIES} make categories)"
        rare = [text for text, count in counts.items() if count == 1]
        if len(counts) <= MAX_MISSPELT and 0 < len(rare) < len(counts):
            reason += f"; only once each, perhaps misspelt: {listed(rare)}"
        elif words := _change(table, cells):
            reason += f"; {words}"
        return Kind(None, texts=True, reason=reason)
    if len(counts) == 1:
        return Kind(None, texts=True, reason=f"the same text everywhere ({listed([*counts])})")
    categories = sort_categories(counts)
    is_name = max(counts.values()) == 1 and (
        len(cells) >= MIN_ROWS_TO_NAME or is_identifier(table, column)
    )
    reason = "it names the rows (all different)" if is_name else ""
    return Kind(encode(cells, categories)[0], categories, texts=True, reason=reason)


def _change(table: Table, cells: Sequence[str]) -> str:
    """Say where a column that begins with numbers goes on with text, or the other way round."""
    present = [(row, looks_like_number(cell)) for row, cell in enumerate(cells) if cell]
    begins = present[0][1]
    row = next((row for row, is_number in present if is_number is not begins), None)
    if row is None:
        return ""
    before, after = ("numbers", "text") if begins else ("text", "numbers")
    return f"{before} before line {line_of_row(table, row)}, {after} there: {quoted(cells[row])}"


def is_identifier(table: Table, column: int) -> bool:
    """Tell whether a column is called id, student_id, StudentID, Serial No., name, index, ..."""
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", table.names[column]).lower()
    return bool(_IDENTIFIER.fullmatch(re.sub(r"[^a-z]+$", "", name)))


def _format_words(number_format: NumberFormat) -> str:
    """Say how a column writes its numbers, where that is not plain."""
    words = ["a decimal comma"] if number_format.decimal == "," else []
    words += ["percent signs"] if number_format.has_percent else []
    words += ["currency signs"] if number_format.has_currency else []
    return f"numbers with {' and '.join(words)}" if words else ""
