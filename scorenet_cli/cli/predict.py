"""scorenet predict: scores for values on the command line, or for the rows of a CSV."""

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from scorenet_cli.cli.messages import RangeWarnings, note, note_weights, warn
from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    JsonOption,
    ModelOption,
    ScalingOption,
    ValuesArgument,
    check_values,
    parse_values,
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
    from scorenet_cli.model.model import Model, Predictions

# Characters of a JSON answer kept in memory; more go to a temporary file.
MAX_IN_MEMORY = 16_000_000


def predict(
    context: typer.Context,
    values: ValuesArgument = None,
    model: ModelOption = DEFAULT_MODEL,
    csv: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Predict every row of a CSV ('-': standard input)."),
    ] = None,
    scaling: ScalingOption = "training",
    interval: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION",
            help="Add the lowest and highest score: so many new rows are between them, e.g. 0.9.",
        ),
    ] = None,
    precision: Annotated[
        int, typer.Option(metavar="N", min=0, max=17, help="Digits after the point.")
    ] = 6,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to this file, not to standard output."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Predict scores: one a line for VALUES, or a CSV with a column predicted_NAME.

    \b
    scorenet predict 4 8
    scorenet predict --csv students.csv --output predicted.csv
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are
    if (csv is None) == (not values):
        raise OptionError("give either VALUES or --csv FILE. For example: scorenet predict 4 8")
    from scorenet_cli import api, files
    from scorenet_cli.model.model import check_interval, check_level

    check_values(values or [], context)
    check_level(interval)
    output = None if output == "-" else output
    if output is not None:
        _check_output(output, model, csv)
    loaded = api.load(model)
    check_interval(loaded, interval)
    note_weights(loaded)
    row = parse_values(values, context, loaded) if values else []
    if scaling == "own":
        from scorenet_cli.model.document import trained_answer

        if story := trained_answer(loaded, row, scaling):
            note(f"the document printed {story.printed} here: {story.why}.")
    blocks: Iterator[_Block]
    skipped = _Skipped()
    if csv is None:
        blocks = iter([_Block(None, api.predict(loaded, [row], scaling=scaling))])
    else:  # block by block: there may be more rows than memory
        blocks = _of_rows(loaded, csv, scaling, skipped)
    ranges = RangeWarnings(loaded, scaling)
    if json:
        parts = _as_json(loaded, blocks, ranges, skipped, interval)
    else:
        parts = _as_text(loaded, blocks, ranges, precision, interval)
    if csv is None:  # a single answer comes behind what is to be known of it
        parts = iter(list(parts))
        ranges.warn()
    with files.writer(output) if output is not None else _standard_output(whole=json) as write:
        for part in parts:
            write(part)
    if csv is not None:
        ranges.warn()
        for warning in skipped.warnings():
            warn(warning)


def _check_output(output: str, model: str, csv: str | None) -> None:
    """Refuse early to write over what is read, or where nothing can be written."""
    from scorenet_cli import files

    for what, other in (("the model", model), ("the CSV", csv)):
        if other is not None and files.same(other, output):
            raise OptionError(f"--output would overwrite {what}: {output}. Choose another name.")
    files.check_writable(output)


@contextmanager
def _standard_output(*, whole: bool) -> "Iterator[Callable[[str], object]]":
    """Write in the input's own encoding: at once, or all at the end, so that JSON is never cut."""
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
    """Rows and the predictions for those that is_predicted marks; None marks all of them."""

    table: "Table | None"
    answer: "Predictions"
    is_predicted: "Sequence[bool] | None" = None


class _Skipped:
    """Counts the rows of a CSV that cannot be predicted, and keeps the notes on its text."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.rows = 0
        self.skipped = 0
        self.missing: dict[str, int] = {}
        self.unknown: dict[str, int] = {}
        self.first_unknown = ""

    def add(
        self, table: "Table", model: "Model", inputs: "Array", unknown: "Sequence[UnknownText]"
    ) -> "NDArray[np.bool_]":
        """Count the rows with a missing or unknown cell; returns which rows are without."""
        import numpy as np

        from scorenet_cli.data.columns import MAX_CATEGORIES, positions
        from scorenet_cli.data.csv_table import line_of_row
        from scorenet_cli.text import listed, quoted

        is_good = ~np.isnan(inputs).any(axis=1)
        is_unknown = np.zeros(len(inputs), dtype=bool)
        for each in unknown:
            is_unknown[each.row] = True
            self.unknown[each.column] = self.unknown.get(each.column, 0) + 1
        if unknown and not self.first_unknown:
            first = unknown[0]
            line = line_of_row(table, first.row)
            known = listed(first.known, MAX_CATEGORIES)
            self.first_unknown = f"line {line}, {quoted(first.text)}; known are {known}"
        missing = ~is_good & ~is_unknown
        if missing.any():
            for name, where in positions(model.features, model.categories).items():
                if count := int(np.isnan(inputs[missing, where.start]).sum()):
                    self.missing[name] = self.missing.get(name, 0) + count
        is_good &= ~is_unknown
        self.rows += len(inputs)
        self.skipped += len(inputs) - int(is_good.sum())
        return is_good

    def warnings(self) -> "Iterator[str]":
        """Say how many rows were not predicted, and why."""
        from scorenet_cli.text import quoted

        if not self.skipped:
            return
        reasons = []
        if self.missing:
            gaps = ", ".join(f"{quoted(name)} {count:,}" for name, count in self.missing.items())
            reasons.append(f"missing cells ({gaps})")
        if self.unknown:
            texts = ", ".join(f"{quoted(name)} {count:,}" for name, count in self.unknown.items())
            reasons.append(f"texts that the model does not know ({texts}; {self.first_unknown})")
        yield (
            f"{self.skipped:,} of {self.rows:,} rows are not predicted: {' and '.join(reasons)}."
        )


def _of_rows(
    model: "Model", path: str, scaling: "ScalingName", skipped: _Skipped
) -> "Iterator[_Block]":
    """Run the model on a CSV, a block of rows at a time."""
    import numpy as np

    from scorenet_cli.data import dataset
    from scorenet_cli.data.columns import fill_missing
    from scorenet_cli.model.model import predict_inputs

    for block in dataset.read_tables(path):
        table = dataset.name_columns(block, model.features, model.targets)
        for text in table.notes:
            note(text)
        skipped.notes += table.notes
        inputs, unknown = dataset.encode_rows(table, model.features, model.categories)
        if model.fill and np.isnan(inputs).any():
            inputs = fill_missing(inputs, model.features, model.categories, model.fill)
        is_good = skipped.add(table, model, inputs, unknown)
        if is_good.all():
            yield _Block(table, predict_inputs(model, inputs, scaling))
        else:
            yield _Block(table, predict_inputs(model, inputs[is_good], scaling), is_good.tolist())


_T = TypeVar("_T")


def _for_all(block: _Block, found: "Iterable[_T]", empty: _T) -> "Iterable[_T]":
    """Put `empty` where a row was not predicted."""
    if block.is_predicted is None:
        return found
    each = iter(found)
    return (next(each) if is_predicted else empty for is_predicted in block.is_predicted)


def _as_text(
    model: "Model",
    blocks: "Iterable[_Block]",
    ranges: "RangeWarnings",
    precision: int,
    interval: float | None,
) -> "Iterator[str]":
    """Write a score a line for VALUES, or a table's rows with their predictions."""
    ends = ("",) if interval is None else ("", "_low", "_high")
    names = [f"predicted_{target}{end}" for target in model.targets for end in ends]
    for block in blocks:
        ranges.add(block.answer)
        columns = _columns(model, block.answer, precision, interval)
        if (table := block.table) is None:
            size = len(ends)
            yield "".join(
                f"{' '.join(row[start : start + size])}\n"
                for row in zip(*columns, strict=True)
                for start in range(0, len(row), size)
            )
        else:
            from scorenet_cli.data import csv_table

            header = csv_table.header(table, names) if table.is_first else ""
            columns = [_for_all(block, column, "") for column in columns]
            yield header + csv_table.with_columns(
                table, names, columns, are_numbers=not model.classes
            )


def _as_json(
    model: "Model",
    blocks: "Iterable[_Block]",
    ranges: "RangeWarnings",
    skipped: _Skipped,
    interval: float | None,
) -> "Iterator[str]":
    """Write the JSON answer row by row; a row that is not predicted has null for each part."""
    from scorenet_cli.show.json_output import to_line

    names = {} if model.input_names == model.features else {"input_names": model.input_names}
    yield f'{{"targets": {to_line(model.targets)}, "predictions": ['
    separator = ""
    for block in blocks:
        ranges.add(block.answer)
        rows = _json_rows(model, block.answer, interval)
        for row in _for_all(block, rows, _json_row(model, None, None)):
            yield separator + to_line(row)
            separator = ", "
    warnings = [*skipped.notes, *ranges.warnings(), *skipped.warnings()]
    yield "], " + to_line(names | {"warnings": warnings})[1:] + "\n"


def _json_rows(
    model: "Model", answer: "Predictions", interval: float | None
) -> "Iterator[dict[str, Any]]":
    """Lay out each row of an answer."""
    from scorenet_cli.model.model import intervals

    ends = repeat(None) if interval is None else intervals(model, answer, interval).tolist()
    for values, low_high in zip(
        zip(*(part.tolist() for part in answer), strict=True), ends, strict=False
    ):
        yield _json_row(model, values, low_high)


def _json_row(model: "Model", values: "Sequence[Any] | None", low_high: object) -> dict[str, Any]:
    """Lay out one row: inputs, scaled inputs, outputs, scores, and the classes, where there are."""
    *numbers, outside = values or (None, None, None, None, [False] * len(model.input_names))
    row = dict(zip(("inputs", "scaled_inputs", "outputs", "scores"), numbers, strict=True))
    if low_high is not None:
        row["intervals"] = low_high
    row["outside_training_range"] = [
        name for name, is_out in zip(model.input_names, outside, strict=True) if is_out
    ]
    if model.classes:
        row["classes"] = None if values is None else _classes(model, values[2])
    return row


def _classes(model: "Model", outputs: "Sequence[float]") -> "list[str | None]":
    """Name the most probable class of each target, None for one of numbers."""
    import numpy as np

    from scorenet_cli.data.columns import decode, positions

    return [
        decode(np.array([outputs[where]]), model.classes[target])[0]
        if target in model.classes
        else None
        for target, where in positions(model.targets, model.classes).items()
    ]


def _columns(
    model: "Model", answer: "Predictions", precision: int, interval: float | None
) -> "list[Iterable[str]]":
    """Write each target's scores, zero without a sign, with their intervals' ends; or classes."""
    from scorenet_cli.data.columns import decode, positions
    from scorenet_cli.data.plain_numbers import write_fixed
    from scorenet_cli.model.model import intervals

    columns: list[Iterable[str]] = []
    for target, where in positions(model.targets, model.classes).items():
        if target in model.classes:
            columns.append(decode(answer.outputs[:, where], model.classes[target]))
        else:
            columns.append(write_fixed(answer.scores[:, where.start], precision))
            if interval is not None:
                low_high = intervals(model, answer, interval)[:, where.start]
                columns += [write_fixed(ends, precision) for ends in low_high.T]
    return columns
