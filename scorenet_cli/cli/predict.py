"""scorenet predict: scores for values on the command line, or for the rows of a CSV."""

import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import compress, repeat
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from scorenet_cli.cli.messages import Messages, RangeWarnings
from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    MAX_DIGITS,
    HeaderOption,
    JsonOption,
    ModelOption,
    OutputOption,
    QuietOption,
    ScalingOption,
    ValuesArgument,
    check_header,
    check_output,
    check_values,
    decimal,
    parse_values,
    setting,
    whole,
)
from scorenet_cli.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from scorenet_cli.core import Array
    from scorenet_cli.data.columns import ScalingName
    from scorenet_cli.data.csv_table import Table
    from scorenet_cli.data.dataset import UnknownText
    from scorenet_cli.data.plain_numbers import Cells
    from scorenet_cli.model.model import Model, Predictions

# Characters of a JSON answer kept in memory; more go to a temporary file.
MAX_IN_MEMORY = 16_000_000


def predict(
    context: typer.Context,
    values: ValuesArgument = None,
    model: ModelOption = DEFAULT_MODEL,
    csv: Annotated[
        str | None,
        setting(
            "FILE", "Predict every row of a CSV ('-': standard input).", names=["--csv", "--data"]
        ),
    ] = None,
    header: HeaderOption = None,
    scaling: ScalingOption = "training",
    interval: Annotated[
        float | None,
        setting(
            "FRACTION",
            "Add a prediction interval that covers this fraction of new scores, e.g. 0.9.",
            parser=decimal,
        ),
    ] = None,
    precision: Annotated[
        int, setting("N", "Digits after the decimal point.", parser=whole(0, MAX_DIGITS))
    ] = 6,
    output: OutputOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Predict scores for VALUES or for every row of a CSV.

    With VALUES: print one score per target.
    With --csv: write the CSV with a column predicted_NAME for each target NAME.

    \b
    scorenet predict 4 8
    scorenet predict --csv students.csv --output predicted.csv
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are
    if (csv is None) == (not values):
        raise OptionError("give either VALUES or --csv FILE. For example: scorenet predict 4 8")
    check_header(csv, header=header)
    from scorenet_cli import api, files
    from scorenet_cli.model.model import check_interval, check_level

    check_values(values or [], context)
    check_level(interval)
    output = None if output == "-" else output
    if output is not None:
        check_output(output, "output", {"the model": model, "the CSV": csv})
    said = Messages(quiet=quiet)
    loaded = api.load(model)
    check_interval(loaded, interval)
    said.note_weights(loaded)
    ranges, skipped = RangeWarnings(loaded, scaling), _Skipped()
    if values:
        row = parse_values(values, context, loaded)
        if scaling == "own":
            from scorenet_cli.model.document import trained_answer

            if story := trained_answer(loaded, row, scaling):
                said.note(f"the document printed {story.printed} for these values: {story.why}.")
        blocks = iter([_Block(None, api.predict(loaded, [row], scaling=scaling))])
    else:  # block by block, because the rows may not fit in memory
        from scorenet_cli.data import dataset

        tables = dataset.read_tables(csv or "", has_header=header)
        blocks = _of_rows(loaded, tables, scaling, skipped, said)
    blocks = _watched(blocks, ranges, skipped, said)
    if json:
        parts = _as_json(loaded, blocks, said, interval)
    else:
        parts = _as_text(loaded, blocks, precision, interval)
    if csv is None:  # print warnings before a single prediction
        parts = iter(list(parts))
    with files.writer(output) if output is not None else _standard_output(whole=json) as write:
        for part in parts:
            write(part)


@contextmanager
def _standard_output(*, whole: bool) -> "Iterator[Callable[[str], object]]":
    """Write to standard output immediately, or all at the end, so that JSON is complete."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    if not whole:
        yield write
        return
    import shutil
    from tempfile import SpooledTemporaryFile

    with SpooledTemporaryFile(MAX_IN_MEMORY, "w+", encoding="utf-8", newline="\n") as spool:
        yield lambda text: spool.write(text)  # noqa: PLW0108 - one overload of two
        spool.seek(0)
        shutil.copyfileobj(spool, sys.stdout)
        sys.stdout.flush()


@dataclass(frozen=True, eq=False)
class _Block:
    """Rows and predictions; is_predicted selects the predicted rows (None: all)."""

    table: "Table | None"
    answer: "Predictions"
    is_predicted: "NDArray[np.bool_] | None" = None


@dataclass
class _Skipped:
    """Counts the rows that cannot be predicted, and the invalid cells of each column."""

    rows: int = 0
    skipped: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    first_unknown: str = ""

    def add(
        self, table: "Table", model: "Model", inputs: "Array", unknown: "Sequence[UnknownText]"
    ) -> "NDArray[np.bool_]":
        """Count the rows with a missing or unknown cell; return a mask of the valid rows."""
        import numpy as np

        from scorenet_cli.data.columns import MAX_CATEGORIES, positions
        from scorenet_cli.data.csv_table import line_of_row
        from scorenet_cli.text import listed, quoted

        is_known = np.ones(len(inputs), dtype=bool)
        is_gap = np.isnan(inputs)
        has_all = ~is_gap.any(axis=1) if is_gap.any() else is_known.copy()
        is_known[[each.row for each in unknown]] = False
        self.unknown.update(each.column for each in unknown)
        if unknown and not self.first_unknown:
            first = unknown[0]
            known = listed(first.known, MAX_CATEGORIES)
            place = f"line {line_of_row(table, first.row)}"
            self.first_unknown = (
                f"first in {place}: {quoted(first.text)}; the categories are {known}"
            )
        if (missing := ~has_all & is_known).any():
            for name, where in positions(model.features, model.categories).items():
                self.missing[name] += int(np.isnan(inputs[missing, where.start]).sum())
        is_good = has_all & is_known
        self.rows += len(inputs)
        self.skipped += int((~is_good).sum())
        return is_good

    def warnings(self) -> "Iterator[str]":
        """Say how many rows were not predicted, and why."""
        from scorenet_cli.text import quoted

        if not self.skipped:
            return
        reasons = []
        for counts, what, more in (
            (+self.missing, "missing cells", ""),
            (self.unknown, "unknown categories", f"; {self.first_unknown}"),
        ):
            if counts:
                each = ", ".join(f"{quoted(name)}: {count:,}" for name, count in counts.items())
                reasons.append(f"{what} ({each}{more})")
        rows = f"{self.skipped:,} of {self.rows:,} rows {'is' if self.skipped == 1 else 'are'}"
        yield f"{rows} not predicted: {' and '.join(reasons)}."


def _of_rows(
    model: "Model",
    tables: "Iterable[Table]",
    scaling: "ScalingName",
    skipped: _Skipped,
    said: Messages,
) -> "Iterator[_Block]":
    """Run the model on a CSV, a block of rows at a time."""
    import numpy as np

    from scorenet_cli.data import dataset
    from scorenet_cli.data.columns import fill_missing
    from scorenet_cli.model.model import predict_inputs

    for block in tables:
        table = dataset.name_columns(block, model.features, model.targets)
        for text in table.notes:
            said.note(text)
        inputs, unknown = dataset.encode_rows(table, model.features, model.categories)
        if model.fill and np.isnan(inputs).any():
            inputs = fill_missing(inputs, model.features, model.categories, model.fill)
        is_good = skipped.add(table, model, inputs, unknown)
        if is_good.all():
            yield _Block(table, predict_inputs(model, inputs, scaling))
        else:
            yield _Block(table, predict_inputs(model, inputs[is_good], scaling), is_good)


def _watched(
    blocks: "Iterable[_Block]", ranges: RangeWarnings, skipped: _Skipped, said: Messages
) -> "Iterator[_Block]":
    """Yield the blocks; after the last, print warnings about them."""
    for block in blocks:
        ranges.add(block.answer)
        yield block
    for warning in (*ranges.warnings(), *skipped.warnings()):
        said.warn(warning)


_T = TypeVar("_T")


def _for_all(block: _Block, found: "Iterable[_T]", empty: _T) -> "Iterable[_T]":
    """Expand predictions to all rows, with `empty` for rows that were not predicted."""
    if block.is_predicted is None:
        return found
    each = iter(found)
    return (next(each) if is_predicted else empty for is_predicted in block.is_predicted)


def _as_text(
    model: "Model", blocks: "Iterable[_Block]", precision: int, interval: float | None
) -> "Iterator[str]":
    """Write a score a line for VALUES, or a table's rows with their predictions."""
    ends = ("",) if interval is None else ("", "_low", "_high")
    names = [f"predicted_{target}{end}" for target in model.targets for end in ends]
    from scorenet_cli.data.plain_numbers import cell_texts

    for block in blocks:
        columns = _columns(model, block, precision, interval)
        if (table := block.table) is None:
            size, texts = len(ends), map(cell_texts, columns)
            yield "".join(
                f"{' '.join(row[start : start + size])}\n"
                for row in zip(*texts, strict=True)
                for start in range(0, len(row), size)
            )
        else:
            from scorenet_cli.data import csv_table

            header = csv_table.header(table, names) if table.is_first else ""
            yield header + csv_table.with_columns(table, names, columns)


def _as_json(
    model: "Model", blocks: "Iterable[_Block]", said: Messages, interval: float | None
) -> "Iterator[str]":
    """Write the JSON answer row by row; a row that is not predicted has null for each part."""
    from scorenet_cli.show.json_output import to_line

    yield f'{{"targets": {to_line(model.targets)}, "predictions": ['
    separator = ""
    for block in blocks:
        parts = _json_parts(model, block.answer, interval)
        rows = (dict(zip(parts, row, strict=True)) for row in zip(*parts.values(), strict=True))
        empty: dict[str, Any] = {**dict.fromkeys(parts), "outside_training_range": []}
        for row in _for_all(block, rows, empty):
            yield separator + to_line(row)
            separator = ", "
    expanded = {
        key: names
        for key, names, plain in (
            ("input_names", model.input_names, model.features),
            ("output_names", model.output_names, model.targets),
        )
        if names != plain
    }
    yield "], " + to_line(expanded | {"warnings": said.texts})[1:] + "\n"


def _json_parts(
    model: "Model", answer: "Predictions", interval: float | None
) -> "dict[str, Sequence[Any]]":
    """Return the parts of the JSON output: for each key, one value per row."""
    from scorenet_cli.model.model import intervals

    keys = ("inputs", "scaled_inputs", "outputs", "scores")
    parts: dict[str, Sequence[Any]] = {key: getattr(answer, key).tolist() for key in keys}
    if interval is not None:
        parts["intervals"] = intervals(model, answer, interval).tolist()
    outside = answer.out_of_range.tolist()
    parts["outside_training_range"] = [[*compress(model.input_names, row)] for row in outside]
    if classes := _classes(model, answer):
        columns = (classes.get(target, repeat(None)) for target in model.targets)
        parts["classes"] = [*zip(*columns, strict=False)]
    return parts


def _classes(model: "Model", answer: "Predictions") -> dict[str, list[str]]:
    """Name the most probable class of each row, for each target of text."""
    from scorenet_cli.data.columns import decode, positions

    return {
        target: decode(answer.outputs[:, where], model.classes[target])
        for target, where in positions(model.targets, model.classes).items()
        if target in model.classes
    }


def _columns(
    model: "Model", block: _Block, precision: int, interval: float | None
) -> "list[Cells | list[str]]":
    """Return the columns of scores and intervals, or of classes; "" without a prediction."""
    import numpy as np

    from scorenet_cli.data.columns import positions
    from scorenet_cli.data.plain_numbers import write_fixed
    from scorenet_cli.model.model import intervals

    columns: list[Cells | list[str]] = []
    classes = _classes(model, block.answer)
    ends = block.answer.scores[:, :, np.newaxis]
    if interval is not None:
        ends = np.dstack([ends, intervals(model, block.answer, interval)])
    for target, where in positions(model.targets, model.classes).items():
        if target in classes:
            columns.append([*_for_all(block, classes[target], "")])
            continue
        for values in ends[:, where.start].T:
            cells = write_fixed(values, precision)
            if block.is_predicted is not None:
                cells, predicted = np.zeros(len(block.is_predicted), cells.dtype), cells
                cells[block.is_predicted] = predicted
            columns.append(cells)
    return columns
