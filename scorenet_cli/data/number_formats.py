"""A column of cells to numbers: decimal commas, thousands, percent and currency signs.

A column is read in one format. If two formats fit and give different numbers, neither is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scorenet_cli.text import DecimalCommaError, is_number, parse_number

# Thousands in groups of three, with one separator: a space, an apostrophe, or the point or comma
# that does not mark decimals.
_GROUPED = (
    r"[+-]?[1-9]\d{{0,2}}(?P<mark>[ \u00a0\u2009\u202f'\u2019{0}])\d{{3}}"
    r"(?:(?P=mark)\d{{3}})*(?:{1}\d+)?"
)
_GROUPED_WITH = {
    ".": re.compile(_GROUPED.format(",", r"\."), re.ASCII),
    ",": re.compile(_GROUPED.format(".", ","), re.ASCII),
}
_CURRENCY = re.compile(r"^([+-]?)[$€£¥]\s*(?=[\d.,])|(?<=[\d.,])\s*[$€£¥]$")
_WITH_COMMA = re.compile(r"[+-]?(\d+(,\d+)?|,\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class NumberFormat:
    """The number format of a column; decimal is None while no cell has a decimal point or comma."""

    decimal: str | None = None
    has_percent: bool = False
    has_currency: bool = False
    has_thousands: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the numbers have no decimal comma, percent sign or currency sign."""
        return self.decimal != "," and not self.has_percent and not self.has_currency


class FormatError(ValueError):
    """A number whose format is wrong or ambiguous."""


class ColumnError(ValueError):
    """A cell of a column is not a finite number; row is its position, from 0."""

    def __init__(self, row: int, reason: ValueError) -> None:
        self.row = row
        self.is_format_error = isinstance(reason, (FormatError, DecimalCommaError))
        super().__init__(str(reason))


def looks_like_number(cell: str) -> bool:
    """Return whether a cell is a number in some format."""
    bare = _bare(cell)
    patterns = (*_GROUPED_WITH.values(), _WITH_COMMA)
    return is_number(bare) or any(pattern.fullmatch(bare) for pattern in patterns)


def read_column(
    cells: Sequence[str], *, allows_comma: bool, known: NumberFormat | None = None
) -> tuple[list[float], NumberFormat]:
    """Read a column; raises ColumnError for a cell that is not a finite number or is ambiguous.

    allows_comma: a decimal comma is possible. known is the format of the preceding rows.
    """
    known_decimal = known.decimal if known else None
    if known is None or known.is_plain:
        try:
            values = [parse_number(cell) for cell in cells]
        except ValueError:
            pass
        else:
            if known_decimal or not (allows_comma and has_grouped_points(cells)):
                has_point = any("." in cell for cell in cells)
                return values, NumberFormat("." if has_point else known_decimal)
    bare, has_percent = _without_percent(cells, known)
    has_currency = any(map(_CURRENCY.search, map(str.strip, cells)))
    decimals = known_decimal or (".," if allows_comma else ".")
    found: dict[str, list[float]] = {}
    failed: list[ColumnError] = []
    for decimal in decimals:
        try:
            found[decimal] = _read_with(decimal, bare)
        except ColumnError as error:
            failed.append(error)
    if not found:
        raise max(failed, key=lambda error: error.row)
    sign, values = next(iter(found.items()))
    has_thousands = any(map(_GROUPED_WITH[sign].fullmatch, bare))
    if failed or len(decimals) == 1:
        return values, NumberFormat(sign, has_percent, has_currency, has_thousands)
    for row, (one, other) in enumerate(zip(*found.values(), strict=True)):
        if one != other:
            reason = (
                f"can be read as {one:.15g} or as {other:.15g} "
                "(write it without separators, or with a different number of decimals)"
            )
            raise ColumnError(row, FormatError(reason))
    return values, NumberFormat(None, has_percent, has_currency, has_thousands)


def has_grouped_points(cells: Iterable[str]) -> bool:
    """Return whether there are points, and all may separate thousands, as in 2.610."""
    pointed = {_normalized(cell) for cell in cells if "." in cell}
    return bool(pointed) and all(map(_GROUPED_WITH[","].fullmatch, pointed))


def decimal_signs(cells: Iterable[str]) -> set[str]:
    """Return the signs, "." or ",", that can only mark decimals in at least one cell."""
    return {
        sign
        for cell in set(cells)
        for sign, other in (".,", ",.")
        if sign in cell
        and looks_like_number(cell)
        and not _GROUPED_WITH[other].fullmatch(_bare(cell))
    }


def _without_percent(cells: Sequence[str], known: NumberFormat | None) -> tuple[list[str], bool]:
    """Remove percent signs; raises ColumnError unless all or no numbers have one."""
    bare = [_normalized(cell) for cell in cells]
    signed = [cell.endswith("%") for cell in bare]
    has_percent = known.has_percent if known else any(signed)
    for row, (cell, is_signed) in enumerate(zip(bare, signed, strict=True)):
        if is_signed != has_percent and looks_like_number(cell):
            has, others = ("no percent sign", "one") if has_percent else ("a percent sign", "none")
            reason = f"has {has}, but other cells of the column have {others}"
            raise ColumnError(row, FormatError(reason))
    return [*map(_bare, cells)] if has_percent else bare, has_percent


def _read_with(decimal: str, cells: Sequence[str]) -> list[float]:
    """Read all cells with this decimal sign; thousands may be in groups."""
    values = []
    for row, cell in enumerate(cells):
        if match := _GROUPED_WITH[decimal].fullmatch(cell):
            cell = cell.replace(match["mark"], "").replace(",", ".")  # noqa: PLW2901
        elif decimal == ",":
            if _WITH_COMMA.fullmatch(cell):
                cell = cell.replace(",", ".")  # noqa: PLW2901
            elif is_number(cell) and "." in cell:
                reason = "has a decimal point, but other cells of the column have a decimal comma"
                raise ColumnError(row, FormatError(reason))
        try:
            values.append(parse_number(cell))
        except ValueError as error:
            raise ColumnError(row, error) from None
    return values


def _bare(cell: str) -> str:
    return _normalized(cell).removesuffix("%").rstrip()


def _normalized(cell: str) -> str:
    return _CURRENCY.sub(r"\1", cell.strip().replace("\N{MINUS SIGN}", "-"))
