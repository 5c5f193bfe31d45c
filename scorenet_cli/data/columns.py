"""Convert a column's cells to network inputs: text as 0 and 1, missing cells, scaling.

A column of numbers is one input. A column of two texts is one input, `smoker=yes`: 1 for the second
text and 0 for the first. A column of more texts is one input per text. Text targets are classes,
encoded as outputs in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.arrays import class_codes, largest_absolute
from scorenet_cli.errors import OptionError

ScalingName = Literal["training", "own", "none"]
# Texts of features, or of targets, by column name.
Categories = Mapping[str, tuple[str, ...]]

# Maximum number of categories per column.
MAX_CATEGORIES = 20
# Cells without a value (case-insensitive).
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-"})
# Texts encoded as 1 in a column of two texts (case-insensitive).
TRUE = frozenset({"yes", "true", "y", "t", "pass"})
TWO = 2  # texts that share one input


def is_missing(cell: str) -> bool:
    """Return whether a cell of a column of numbers has no value."""
    return cell.strip().casefold() in MISSING


def is_missing_text(cell: str) -> bool:
    """Return whether a cell of a text column is missing; lower-case `none` is a value."""
    return is_missing(cell) and cell.strip() != "none"


def sort_categories(texts: Iterable[str]) -> tuple[str, ...]:
    """Sort distinct texts; of two texts, the one encoded as 1 comes second."""
    found = tuple(sorted(set(texts)))
    if len(found) == TWO and found[0].casefold() in TRUE and found[1].casefold() not in TRUE:
        return found[1], found[0]
    return found


def width(categories: Sequence[str] | None) -> int:
    """Return how many inputs a column with these categories has; None is a column of numbers."""
    return 1 if categories is None or len(categories) == TWO else len(categories)


def expanded_names(names: Sequence[str], categories: Categories) -> tuple[str, ...]:
    """Return the names of inputs, or outputs: `age`, `smoker=yes`, `species=Adelie`."""
    return tuple(
        name if texts is None else f"{name}={text}"
        for name in names
        for texts in [categories.get(name)]
        for text in (("",) if texts is None else texts[-width(texts) :])
    )


def positions(names: Sequence[str], categories: Categories) -> dict[str, slice]:
    """Return the slice of the network's inputs, or outputs, that belongs to each column."""
    found, start = {}, 0
    for name in names:
        found[name] = slice(start, start + width(categories.get(name)))
        start = found[name].stop
    return found


def encode(cells: Sequence[str], categories: Sequence[str]) -> tuple[Array, list[int]]:
    """Encode a text column as (rows, inputs); also return the rows with an unknown text.

    These and rows without a value are nan.
    """
    known = {text: code for code, text in enumerate(categories)}
    codes = {cell: known.get(cell.strip(), -1) for cell in set(cells)}
    found = np.fromiter(map(codes.__getitem__, cells), np.intp, len(cells))
    one_hot = np.eye(len(categories))[:, -width(categories) :]
    encoded = one_hot[found]
    encoded[found < 0] = np.nan
    unknown = [n for n in np.flatnonzero(found < 0).tolist() if not is_missing_text(cells[n])]
    return encoded, unknown


def decode(outputs: Array, classes: Sequence[str]) -> list[str]:
    """Return the most probable class for each row of a target's outputs (rows, outputs)."""
    return [classes[code] for code in class_codes(outputs).tolist()]


def decode_row(
    row: Sequence[float], names: Sequence[str], categories: Categories
) -> list[float | str]:
    """Return the value or the text of each column of one row of inputs; "" for filled text."""
    found: list[float | str] = []
    for name, where in positions(names, categories).items():
        texts, part = categories.get(name), list(row[where])
        if texts is None:
            found += part
        else:
            found.append(decode(np.array([part]), texts)[0] if 1 in part or part == [0] else "")
    return found


def fill_missing(
    inputs: Array, names: Sequence[str], categories: Categories, fill: Mapping[str, float]
) -> Array:
    """Replace nan in inputs (rows, inputs) by each column's fill value, if it has one."""
    filled = inputs.copy()
    for name, where in positions(names, categories).items():
        if name in fill:
            part = filled[:, where]
            part[np.isnan(part)] = fill[name]
    return filled


def fill_values(inputs: Array, names: Sequence[str], categories: Categories) -> dict[str, float]:
    """Return each column's fill value: the mean of its one input, or 0 for each of several.

    A column without any value has no fill value.
    """
    return {
        name: _mean(inputs[:, where]) if where.stop - where.start == 1 else 0.0
        for name, where in positions(names, categories).items()
        if not np.isnan(inputs[:, where]).all()
    }


def _mean(values: Array) -> float:
    """Return the mean without nan; scaling by a power of two keeps the sum from overflowing."""
    _, exponent = np.frexp(np.nanmax(np.abs(values)))
    return float(np.ldexp(np.nanmean(np.ldexp(values, -exponent)), exponent))


def scale_inputs(
    values: Array, feature_scale: Array, scaling: ScalingName, offset: Array | None = None
) -> Array:
    """Scale values (rows, inputs): as in training, by each row's own maximum, or not at all.

    As in training: the offset, if any, is subtracted, and the scale divides. A value too large for
    its scale becomes infinite.
    """
    if scaling not in get_args(ScalingName):
        raise OptionError(
            f"expects one of {', '.join(get_args(ScalingName))}; got {scaling!r}.", option="scaling"
        )
    with np.errstate(over="ignore"):
        if scaling == "training":
            return (values if offset is None else values - offset) / feature_scale
        if scaling == "own":
            return values / largest_absolute(values.T)[:, np.newaxis]
    return values
