"""What each column of a table holds: numbers, categories, or nothing usable."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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

# Last words of column names that mark row identifiers.
_IDENTIFIER = re.compile(r"(?:.*[^a-z])?(id|no|nr|serial|name|index|idx)", re.DOTALL)
# A number and its unit.
_WITH_UNIT = re.compile(r"[+-]?[\d.,]+\s*([^\W\d_]\S*)")
# Minimum rows to treat consecutive numbers as row numbers.
MIN_ROWS_TO_COUNT = 10
# Minimum rows to treat all-different texts as row names.
MIN_ROWS_TO_NAME = 4
# With more distinct texts than this, do not suggest a misspelling.
MAX_MISSPELT = 25
# Maximum distinct cells of a mostly numeric column read as categories (0, 1, 2, 3+).
MAX_MIXED = 10


@dataclass(frozen=True, eq=False)
class Kind:
    """What a column holds; values (rows, inputs) are nan for cells without a value.

    categories are the texts that became inputs. reason: why the column is not a feature by default.
    error: the one invalid cell of an otherwise numeric column; values is then None. format: how the
    numbers are written, in words, unless they are plain.
    """

    values: Array | None
    categories: tuple[str, ...] | None = None
    reason: str = ""
    error: CellError | None = None
    format: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers."""
        return self.values is not None and self.categories is None

    @property
    def can_be_target(self) -> bool:
        """Whether the column can be the target if none is named."""
        return self.is_number or bool(self.error or (self.categories and not self.reason))

    def words(self, *, is_left_out: bool) -> str:
        """Describe the use of the column; empty if it is plain numbers."""
        if is_left_out:
            return f"left out because {self.reason}"
        if self.categories is None:
            return self.format
        if len(self.categories) == TWO:
            return f"1 for {quoted(self.categories[1])}, 0 for {quoted(self.categories[0])}"
        shown = listed(self.categories, MAX_CATEGORIES)
        return f"{len(self.categories)} categories, one input each: {shown}"


def read_kinds(table: Table, columns: Sequence[int]) -> dict[int, Kind]:
    """Read columns and find what each holds; raises DataError for a row of another width."""
    found, failed = read_columns(table, columns)
    if failed:
        raise failed
    return {column: _kind(table, column, found[column]) for column in columns}


def _kind(table: Table, column: int, cells: Array | list[str]) -> Kind:
    """Find what a column holds."""
    if isinstance(cells, np.ndarray):
        if np.isnan(cells[0]) and np.isnan(cells).all():
            return Kind(None, reason="it has no values")
        return _of_numbers(table, column, cells)
    counts = Counter(cells)
    present = {cell: count for cell, count in counts.items() if not is_missing(cell)}
    if not present and "none" not in counts:
        return Kind(None, reason="it has no values")
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
    """Return the kind of numbers (rows,), with a reason if they only number or identify rows."""
    reason = ""
    is_unnamed = column == 0 and column in table.unnamed and table.has_header
    if _count_up(cells[:MIN_ROWS_TO_COUNT]) and _count_up(
        cells
    ):  # the first rows settle most columns
        if is_unnamed and cells[0] in {0.0, 1.0}:
            reason = "it holds row numbers"
        elif len(cells) >= MIN_ROWS_TO_COUNT:
            reason = "it holds row numbers (consecutive whole numbers)"
    if not reason and is_identifier(table, column):
        is_whole = bool((cells == np.floor(cells)).all())
        if is_whole and len(np.unique(cells)) == len(cells):
            reason = "it identifies the rows (all values differ)"
    words = _format_words(table.formats[column])
    return Kind(cells[:, np.newaxis], reason=reason, format=words)


def _count_up(cells: Array) -> bool:
    """Return whether cells are consecutive whole numbers, without nan."""
    return bool(cells[0] == np.floor(cells[0]) and (np.diff(cells) == 1).all())


def _of_texts(table: Table, column: int, cells: Sequence[str], counts: Mapping[str, int]) -> Kind:
    """Make categories of texts if there are few enough and they are not constant or row names."""
    counts = {text: count for text, count in counts.items() if not is_missing_text(text)}
    if len(counts) > MAX_CATEGORIES:
        reason = (
            f"it has {len(counts):,} distinct texts (at most {MAX_CATEGORIES} can be categories)"
        )
        rare = [text for text, count in counts.items() if count == 1]
        if unit := _unit(counts):
            reason = unit
        elif len(counts) <= MAX_MISSPELT and 0 < len(rare) < len(counts):
            reason += f"; these occur only once and may be misspelt: {listed(rare)}"
        elif words := _change(table, cells):
            reason += f"; {words}"
        return Kind(None, reason=reason)
    if len(counts) == 1:
        reason = f"it has the same text in every row ({listed([*counts])})"
        return Kind(None, reason=reason)
    categories = sort_categories(counts)
    is_name = max(counts.values()) == 1 and (
        len(cells) >= MIN_ROWS_TO_NAME or is_identifier(table, column)
    )
    names_rows = "it identifies the rows (all values differ)"
    reason = (_unit(counts) or names_rows) if is_name else ""
    return Kind(encode(cells, categories)[0], categories, reason=reason)


def _unit(texts: Iterable[str]) -> str:
    """Return a reason if all texts are numbers with the same unit; otherwise an empty text."""
    found = [_WITH_UNIT.fullmatch(text) for text in texts]
    units = {"" if match is None else match[1] for match in found}
    if len(units) > 1 or "" in units:
        return ""
    return f"it has numbers with a unit, {quoted(units.pop())} (remove the unit to use them)"


def _change(table: Table, cells: Sequence[str]) -> str:
    """Describe where a column changes from numbers to text, or from text to numbers."""
    present = [(row, looks_like_number(cell)) for row, cell in enumerate(cells) if cell]
    begins = present[0][1]
    row = next((row for row, is_number in present if is_number is not begins), None)
    if row is None:
        return ""
    before, after = ("numbers", "text") if begins else ("text", "numbers")
    line = line_of_row(table, row)
    return f"{before} before line {line}, but {after} in line {line}: {quoted(cells[row])}"


def is_identifier(table: Table, column: int) -> bool:
    """Return whether a column is called id, student_id, StudentID, Serial No., name, index, ..."""
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", table.names[column]).lower()
    return bool(_IDENTIFIER.fullmatch(re.sub(r"[^a-z]+$", "", name)))


def _format_words(number_format: NumberFormat) -> str:
    """Describe how a column writes its numbers; empty if that is plain."""
    words = ["a decimal comma"] if number_format.decimal == "," else []
    words += ["thousands separators"] if number_format.has_thousands else []
    words += ["percent signs"] if number_format.has_percent else []
    words += ["currency signs"] if number_format.has_currency else []
    return f"numbers with {' and '.join(words)}" if words else ""
