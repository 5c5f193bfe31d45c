"""A CSV's columns, chosen by name or by a model, as arrays of inputs and scores."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scorenet_cli import files
from scorenet_cli.core import Array
from scorenet_cli.data.columns import (
    MAX_CATEGORIES,
    Categories,
    encode,
    expanded_names,
    fill_missing,
    fill_values,
    positions,
    width,
)
from scorenet_cli.data.csv_table import (
    Table,
    blank_columns,
    line_of_row,
    make_table,
    read_columns,
    tables,
    to_numbers,
)
from scorenet_cli.data.kinds import Kind, is_identifier, read_kinds
from scorenet_cli.errors import DataError, OptionError
from scorenet_cli.text import count, did_you_mean, listed, quoted

MissingName = Literal["skip", "fill", "refuse"]
# Bytes per chunk of a CSV that is read in blocks.
CHUNK = 1_000_000


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs (rows, inputs) and scores (rows, outputs), in the file's own units.

    features and targets are the columns they come from; categories and classes are the texts of
    columns that hold text, encoded here as 0 and 1. fill: the replacement for missing cells, per
    feature. columns: a description of each column that is not plain numbers. positions: the rows'
    positions in the file, if some were left out. gaps (rows, inputs): which cells were filled.
    """

    source: str
    sha256: str
    features: tuple[str, ...]
    targets: tuple[str, ...]
    inputs: Array
    scores: Array
    notes: tuple[str, ...] = ()
    categories: Categories = field(default_factory=dict)
    classes: Categories = field(default_factory=dict)
    fill: Mapping[str, float] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    positions: NDArray[np.intp] | None = None
    gaps: NDArray[np.bool_] | None = None

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs: a feature, or feature=category."""
        return expanded_names(self.features, self.categories)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the scores: a target, or target=class."""
        return expanded_names(self.targets, self.classes)

    def take(self, chosen: NDArray[np.intp]) -> Dataset:
        """Return a dataset of the chosen rows, by their positions."""
        return replace(
            self,
            inputs=self.inputs[chosen],
            scores=self.scores[chosen],
            positions=chosen if self.positions is None else self.positions[chosen],
            gaps=None if self.gaps is None else self.gaps[chosen],
        )

    def fill_from(self, chosen: NDArray[np.intp]) -> Dataset:
        """Return the dataset with missing cells filled by the means of the chosen rows only."""
        if self.gaps is None:
            return self
        inputs = np.where(self.gaps, np.nan, self.inputs)
        fill = {**self.fill, **fill_values(inputs[chosen], self.features, self.categories)}
        return replace(
            self, fill=fill, inputs=fill_missing(inputs, self.features, self.categories, fill)
        )


def read_table(path: str, *, has_header: bool | None = None) -> Table:
    """Read a CSV file, or standard input for '-', and find its header.

    has_header None: guess whether the first row is a header.
    """
    return make_table(files.read_bytes(path), files.display_path(path), has_header=has_header)


def read_tables(path: str, *, has_header: bool | None = None) -> Iterator[Table]:
    """Read a CSV file, or standard input for '-', in blocks of rows, as they come."""
    # After 16 MB were freed, the C library keeps as much for reuse. Otherwise each block's arrays
    # would be returned to the system and allocated again: a tenth of the time of predicting.
    np.empty(2 * CHUNK)
    chunks = files.read_chunks(path, CHUNK)
    return tables(chunks, files.display_path(path), has_header=has_header)


def read_dataset(
    table: Table,
    *,
    features: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    missing: MissingName = "skip",
) -> Dataset:
    """Choose the columns, and read numbers and categories.

    Without targets, the last column that can be a target is one. Without features, all other
    columns are features, except those to ignore and those that number or identify the rows. Empty
    columns without a name are skipped. Raises OptionError if a column does not exist, DataError if
    a cell is invalid.
    """
    blank = blank_columns(table)
    notes = list(table.notes)
    ignored = {*blank, *find_columns(table, ignore, "ignore")}
    chosen = _choose(table, features, targets, ignored)
    if features is None:
        notes += _unnamed_note(table, chosen)
    if blank:
        shown = ", ".join(str(n + 1) for n in sorted(blank))
        notes.append(f"empty columns without a name are skipped (column numbers: {shown}).")
    words = _column_words(table, chosen)
    has_note = 0 in table.unnamed and table.has_header
    last = max(n for n in range(len(table.names)) if n not in ignored)
    if targets is None and last not in chosen.targets:
        name = quoted(table.names[chosen.targets[0]])
        notes.append(
            f"the target is {name}, the last column that can be a target. "
            "Choose another with `target`."
        )
    notes += [
        f"column {quoted(name)}: {text}."
        for name, text in words.items()
        if not (has_note and name == table.names[0])
    ]
    data = Dataset(
        source=table.source,
        sha256=table.sha256,
        features=tuple(table.names[n] for n in chosen.features),
        targets=tuple(table.names[n] for n in chosen.targets),
        categories=_texts_of(table, chosen, chosen.features),
        classes=_texts_of(table, chosen, chosen.targets),
        inputs=_side_by_side(chosen, chosen.features),
        scores=_side_by_side(chosen, chosen.targets),
        notes=tuple(notes),
        columns=words,
    )
    return _without_gaps(table, data, missing, can_fill=True)


class _Choice(NamedTuple):
    """The kinds of the columns by position, and the positions of features and targets."""

    kinds: dict[int, Kind]
    features: list[int]
    targets: list[int]


def _choose(
    table: Table,
    features: Sequence[str] | None,
    targets: Sequence[str] | None,
    ignored: set[int],
) -> _Choice:
    """Choose features and targets; raises DataError if they cannot be used."""
    usable = [n for n in range(len(table.names)) if n not in ignored]
    named = [] if features is None else find_columns(table, features, "features")
    wanted = [] if targets is None else find_columns(table, targets, "target")
    needed = [n for n in named or usable if n not in wanted]
    kinds = read_kinds(table, [*needed, *(n for n in wanted or usable if n not in needed)])
    if targets is None:
        able = [n for n in usable if kinds[n].can_be_target]
        scores = [n for n in able if not (kinds[n].reason and is_identifier(table, n))]
        wanted = (scores or able or usable)[-1:]
    if features is None:
        others = [n for n in usable if n not in wanted]
        # If there is no other column, even row numbers are used as a feature.
        named = [n for n in others if not kinds[n].reason] or [
            n for n in others if kinds[n].is_number
        ]
    if both := [table.names[n] for n in named if n in wanted]:
        raise OptionError(
            f"column {quoted(both[0])} is both a target and a feature. Leave it out of `features`."
        )
    if not named:
        reasons = [
            f"Column {quoted(table.names[n])}: {kinds[n].words(is_left_out=True)}."
            for n in usable
            if n not in wanted and kinds[n].reason
        ]
        help_ = "Give at least one feature column, e.g. hours, and a score column, separated by "
        raise DataError(
            f"{table.source}: there is no feature column besides the target, "
            f"{listed([table.names[n] for n in wanted])}. "
            + (
                " ".join([*reasons, "Add a feature column, or choose one with `features`."])
                if reasons
                else f"{help_}commas, semicolons or tabs."
            )
        )
    told = {*named, *wanted, *(usable if features is None else ())}
    choice = _Choice({n: kinds[n] for n in sorted(kinds) if n in told}, named, wanted)
    _check_kinds(table, choice)
    return choice


def _column_words(table: Table, chosen: _Choice) -> dict[str, str]:
    """Describe the use of each column that is not plain numbers."""
    found: dict[str, str] = {}
    for n, kind in chosen.kinds.items():
        if n in chosen.targets and kind.categories:
            classes = listed(kind.categories, MAX_CATEGORIES)
            found[table.names[n]] = f"the target, {len(kind.categories)} classes: {classes}"
        elif text := kind.words(is_left_out=n not in {*chosen.features, *chosen.targets}):
            found[table.names[n]] = text
    return found


def _side_by_side(chosen: _Choice, columns: Sequence[int]) -> Array:
    """Move the columns' values out of `chosen`, side by side (rows, inputs), to save memory.

    Columns that are side by side already, as they were read, are not copied.
    """
    parts = [values for n in columns if (values := chosen.kinds.pop(n).values) is not None]
    base = parts[0].base
    if base is not None and base.ndim > 1 and all(part.base is base for part in parts):
        first = (parts[0].ctypes.data - base.ctypes.data) // base.itemsize
        found = base[:, first : first + len(parts)]
        if [part.ctypes.data for part in parts] == [part.ctypes.data for part in found.T]:
            return found
    return np.hstack(parts)


def _texts_of(table: Table, chosen: _Choice, columns: Sequence[int]) -> Categories:
    """Return the categories of the columns that have some, by name."""
    return {table.names[n]: texts for n in columns if (texts := chosen.kinds[n].categories)}


def read_model_rows(  # noqa: PLR0913 - what a model holds of its columns
    table: Table,
    features: Sequence[str],
    targets: Sequence[str],
    *,
    categories: Categories,
    classes: Categories,
    fill: Mapping[str, float],
    missing: MissingName,
) -> Dataset:
    """Read a model's columns, encoded as in training; raises DataError for an unknown text.

    Missing cells are filled if the model has a fill value; otherwise their rows are skipped.
    """
    inputs, unknown = encode_rows(table, features, categories)
    scores, more = encode_rows(table, targets, classes)
    if found := [*unknown, *more]:
        raise DataError(
            f"{table.source}, line {line_of_row(table, found[0].row)}, column "
            f"{quoted(found[0].column)}: {quoted(found[0].text)} does not occur in the training "
            f"data; expected one of {listed(found[0].known, MAX_CATEGORIES)}. Fix the cell."
        )
    if missing != "refuse":
        inputs = fill_missing(inputs, features, categories, fill)
    data = Dataset(
        source=table.source,
        sha256=table.sha256,
        features=tuple(features),
        targets=tuple(targets),
        inputs=inputs,
        scores=scores,
        notes=table.notes,
        categories=categories,
        classes=classes,
        fill=fill,
    )
    return _without_gaps(table, data, missing, can_fill=False)


class UnknownText(NamedTuple):
    """An unknown text: its column, and its row in the table (from 0)."""

    row: int
    column: str
    text: str
    known: tuple[str, ...]


def encode_rows(
    table: Table, names: Sequence[str], categories: Categories
) -> tuple[Array, list[UnknownText]]:
    """Read a model's columns as its inputs (rows, inputs), nan for a cell that cannot be used.

    Also return the unknown texts, in the order of the rows.
    """
    columns = dict(zip(names, find_columns(table, names), strict=True))
    texts = {columns[name]: name for name in names if name in categories}
    found, failed = read_columns(table, columns.values(), texts)
    of_numbers = {n: cells for n, cells in found.items() if n not in texts}
    values = to_numbers(table, of_numbers, allows_missing=True)
    if failed:
        raise failed
    unknown, parts = [], []
    for name, n in columns.items():
        cells = found[n]
        if isinstance(cells, list) and n in texts:
            part, bad = encode(cells, categories[name])
            unknown += [UnknownText(row, name, cells[row], categories[name]) for row in bad]
        else:
            part = values[n]
        parts.append(part)
    return np.column_stack(parts), sorted(unknown, key=lambda each: each.row)


def _without_gaps(table: Table, data: Dataset, missing: MissingName, *, can_fill: bool) -> Dataset:
    """Leave out rows with missing cells, or fill the cells, and add notes."""
    # Column by column: all at once takes three times as long if there are few.
    has_gap = any(np.isnan(column).any() for column in (*data.inputs.T, *data.scores.T))
    is_filled = missing == "fill" and can_fill
    if not (has_gap or is_filled):
        return data
    is_gap = np.isnan(data.inputs)
    if has_gap:
        has_target = ~np.isnan(data.scores).any(axis=1)
        has_all = ~is_gap.any(axis=1)
        if missing == "refuse":
            raise _missing_cell(table, data)
        notes, targets = [*data.notes], listed(data.targets)
        without = len(data.scores) - int(has_target.sum())
        if without == len(data.scores):
            raise DataError(
                f"{table.source}: no row has a value for {targets}. Choose another `target`."
            )
        if without:
            notes.append(f"{count(without, 'row')} left out: no value for {targets}.")
        gaps = _missing_counts(data.inputs[has_target], data.features, data.categories)
        left = int((has_target & ~has_all).sum())
        if left and is_filled:
            notes.append(
                "missing cells are filled with the column's mean or, in a column of three or more "
                f"categories, with 0 in each of the column's inputs ({gaps})."
            )
        elif left:
            if 2 * left > has_target.sum():
                rows = count(int(has_target.sum()), "row")
                raise DataError(
                    f"{table.source}: cells are missing in {left:,} of {rows} "
                    f"({gaps}). Leave the columns out with `ignore`, or fill the cells with "
                    "`missing=fill`."
                )
            words = "a cell is missing" if left == 1 else "cells are missing"
            notes.append(f"{count(left, 'row')} left out: {words} ({gaps}).")
            has_target &= has_all
        data = replace(data, notes=tuple(notes))
        if not has_target.all():
            keep = np.flatnonzero(has_target)
            is_gap = is_gap[keep]
            data = data.take(keep)
    if is_filled:
        if empty := [*compress(data.input_names, np.all(is_gap, axis=0))]:
            raise DataError(
                f"{table.source}: no value for {listed(empty)} in the rows that have a value "
                f"for {listed(data.targets)}. Leave such columns out with `ignore`."
            )
        return replace(data, gaps=is_gap).fill_from(np.arange(len(is_gap)))
    return data


def _missing_cell(table: Table, data: Dataset) -> DataError:
    """Make the error for the first missing cell."""
    sides = ((data.features, data.categories), (data.targets, data.classes))
    names = [name for names, of in sides for name in names for _ in range(width(of.get(name)))]
    row, column = np.argwhere(np.isnan(np.hstack([data.inputs, data.scores])))[0].tolist()
    return DataError(
        f"{table.source}, line {line_of_row(table, row)}, column {quoted(names[column])}: the cell "
        "has no value. Fill it in, or choose `missing=skip` or `missing=fill`."
    )


def _missing_counts(inputs: Array, names: Sequence[str], categories: Categories) -> str:
    """Return the columns with missing cells and how many each has, as text."""
    counts = {
        name: int(np.isnan(inputs[:, where.start]).sum())
        for name, where in positions(names, categories).items()
    }
    return ", ".join(f"{quoted(name)}: {count:,}" for name, count in counts.items() if count)


def _unnamed_note(table: Table, chosen: _Choice) -> list[str]:
    """Return a note on the use of a first column without a name."""
    if not (0 in table.unnamed and table.has_header and 0 in chosen.kinds):
        return []
    if 0 in {*chosen.features, *chosen.targets}:
        return ["the first column has no name; it is called column_1."]
    return [f"the first column has no name and is {chosen.kinds[0].words(is_left_out=True)}."]


def _check_kinds(table: Table, chosen: _Choice) -> None:
    """Raise one DataError for all columns that cannot be used."""
    of_numbers = [
        table.names[n]
        for n, kind in chosen.kinds.items()
        if kind.is_number and n not in chosen.targets
    ]
    problems: list[tuple[int, str]] = []
    for n in [*chosen.features, *chosen.targets]:
        kind, name = chosen.kinds[n], quoted(table.names[n])
        if kind.error is not None:
            hint = "" if kind.error.is_format_error else "Fix the cell, or remove the line."
            if kind.error.is_title:
                is_first = not table.has_header and kind.error.line == line_of_row(table, 0)
                helps = "leave out `header=False`" if is_first else "remove the lines before it"
                hint = f"If this line is the header, {helps}."
            text = f"{kind.error.location} {hint}" if hint else str(kind.error)
            problems.append((kind.error.line, text))
        elif kind.values is None and n in chosen.targets:
            other = f" (numeric columns: {listed(of_numbers)})" if of_numbers else ""
            text = f"{table.source}: {name} cannot be the target: {kind.reason}."
            problems.append((0, f"{text} Choose another `target`{other}."))
        elif kind.values is None:
            text = f"{table.source}: {name} cannot be a feature: {kind.reason}."
            problems.append((0, f"{text} Leave it out of `features`."))
    if problems:
        raise DataError("\n".join(text for _, text in sorted(problems)))


def check_scores(
    table: Table, dataset: Dataset, max_scores: Array, *, hint: str | None = None
) -> None:
    """Raise DataError for a score outside 0 to max_scores (targets,), the range of a sigmoid."""
    scores = dataset.scores
    outside = (scores < 0) | (scores > max_scores)
    if not outside.any():
        return
    row, target = (int(n) for n in np.argwhere(outside)[0])
    place = row if dataset.positions is None else int(dataset.positions[row])
    if scores[row, target] < 0:
        hint = "A score below 0 needs a model trained with `output_activation=linear`."
    elif hint is None:
        largest = np.where(outside.any(axis=0), scores.max(axis=0), max_scores)
        of = dict(zip(dataset.output_names, largest, strict=True))
        best = [of[name] for name in dataset.targets if name not in dataset.classes]
        flags = " ".join(f"`max_score={_exact(n)}`" for n in best)
        hint = (
            f"Set the highest possible score with {flags}, or allow scores of any size with "
            "`output_activation=linear`."
        )
    if place == 0 and not table.has_header:
        hint = f"{hint} If the line holds column names, use `header=True`."
    raise DataError(
        f"{table.source}, line {line_of_row(table, place)}, column "
        f"{quoted(dataset.output_names[target])}: the score {_exact(scores[row, target])} "
        f"is not between 0 and {_exact(max_scores[target])}. {hint}"
    )


def find_columns(table: Table, names: Sequence[str], option: str | None = None) -> list[int]:
    """Return the positions of the named columns, in any Unicode normalization.

    If one does not exist: OptionError with the option's name, or, without option, DataError.
    """
    columns: dict[int, None] = {}  # unique names, in order
    positions = {_normal(name): n for n, name in reversed([*enumerate(table.names)])}
    for name in names:
        column = positions.get(_normal(name))
        if column is None:
            wanted, hint = quoted(name.strip()), did_you_mean(name.strip(), table.names)
            hint += f" The columns of {table.source} are: {listed(table.names)}."
            if option is None:
                words = f"there is no column {wanted}, which the model needs."
                raise DataError(f"{table.source}: {words}{hint}")
            raise OptionError(f"`{option}`: there is no column {wanted} in {table.source}.{hint}")
        if column in columns:
            twice = f"column {quoted(name.strip())} twice."
            if option is None:
                raise DataError(f"the model names {twice} Rename one of them in the model file.")
            raise OptionError(f"`{option}` names {twice}")
        columns[column] = None
    return list(columns)


def name_columns(table: Table, features: Sequence[str], targets: Sequence[str]) -> Table:
    """Give a table the names of a model's columns.

    With a header: names that differ only in case, surrounding spaces or invisible characters become
    the model's, with a note. Without a header, the columns must be the features, or the features
    and then the targets, in order; otherwise DataError is raised.
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
        f"{table.source} has no header, and its number of columns is {len(columns)}; the model "
        f"needs {len(features)}: {listed(tuple(features))}. Give these columns in this order, or "
        "add a header."
    )


def _match_names(table: Table, names: Sequence[str]) -> Table:
    """Rename a column if it is the only one similar to a missing name."""
    known = set(map(_normal, table.names))
    own, notes = list(table.names), []
    for name in names:
        if _normal(name) not in known:
            alike = [n for n, each in enumerate(table.names) if _loose(each) == _loose(name)]
            if len(alike) == 1:
                notes.append(
                    f"column {quoted(own[alike[0]])} is used as {quoted(name)}: the names differ "
                    "only in case, spaces or invisible characters."
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


def _exact(value: float) -> str:
    """Write a number so that it reads back exactly."""
    return repr(float(value)).removesuffix(".0")
