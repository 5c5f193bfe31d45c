"""scorenet predict: scores for values on the command line, or for the rows of a CSV."""

import sys
from contextlib import contextmanager
from itertools import repeat
from typing import TYPE_CHECKING, Annotated

import typer

from scorenet_cli.cli.messages import RangeWarnings, note, note_weights
from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    JsonOption,
    ModelOption,
    ScalingOption,
    ValuesArgument,
    check_count,
    parse_values,
)
from scorenet_cli.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scorenet_cli.core import Array
    from scorenet_cli.data.columns import ScalingName
    from scorenet_cli.data.csv_table import Table
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
    from scorenet_cli.model.document import trained_answer
    from scorenet_cli.model.model import check_interval, check_level

    row = parse_values(values or [], context)
    if interval is not None:
        check_level(interval)
    output = None if output == "-" else output
    if output is not None:
        _check_output(output, model, csv)
    loaded = api.load(model)
    if interval is not None:
        check_interval(loaded, interval)
    note_weights(loaded)
    if story := trained_answer(loaded, row, scaling):
        note(f"the document printed {story.printed} here: {story.why}.")
    blocks: Iterator[tuple[Table | None, Predictions]]
    if csv is None:
        check_count(row, loaded.features)
        blocks = iter([(None, api.predict(loaded, [row], scaling=scaling))])
    else:  # block by block: there may be more rows than memory
        blocks = _of_rows(loaded, csv, scaling)
    ranges = RangeWarnings(loaded, scaling)
    if json:
        parts = _as_json(loaded, blocks, ranges, interval)
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


def _of_rows(
    model: "Model", path: str, scaling: "ScalingName"
) -> "Iterator[tuple[Table, Predictions]]":
    """Run the model on a CSV, a block of rows at a time."""
    from scorenet_cli import api
    from scorenet_cli.data import csv_table, dataset

    columns = None
    for block in dataset.read_tables(path):
        table = dataset.name_columns(block, model.features, model.targets)
        if columns is None:
            columns = dataset.model_columns(table, model.features)
        yield table, api.predict(model, csv_table.numbers(table, columns), scaling=scaling)


def _as_text(
    model: "Model",
    blocks: "Iterable[tuple[Table | None, Predictions]]",
    ranges: "RangeWarnings",
    precision: int,
    interval: float | None,
) -> "Iterator[str]":
    """Write a score a line for VALUES, or a table's rows with their predictions."""
    import numpy as np

    from scorenet_cli.model.model import intervals

    ends = ("",) if interval is None else ("", "_low", "_high")
    names = [f"predicted_{target}{end}" for target in model.targets for end in ends]
    for table, answer in blocks:
        ranges.add(answer)
        numbers = answer.scores[:, :, np.newaxis]
        if interval is not None:
            numbers = np.concatenate([numbers, intervals(model, answer, interval)], axis=2)
        scores = _fixed(numbers.reshape(len(numbers), -1), precision)
        if table is None:
            size = len(ends)
            yield "".join(
                f"{' '.join(row[start : start + size])}\n"
                for row in scores
                for start in range(0, len(row), size)
            )
        else:
            from scorenet_cli.data import csv_table

            header = csv_table.header(table, names) if table.is_first else ""
            yield header + csv_table.with_columns(table, names, scores)


def _as_json(
    model: "Model",
    blocks: "Iterable[tuple[Table | None, Predictions]]",
    ranges: "RangeWarnings",
    interval: float | None,
) -> "Iterator[str]":
    """Write the JSON answer row by row."""
    from scorenet_cli.model.model import intervals
    from scorenet_cli.show.json_output import to_line

    yield f'{{"targets": {to_line(model.targets)}, "predictions": ['
    separator = ""
    for _, answer in blocks:
        ranges.add(answer)
        ends = repeat(None) if interval is None else intervals(model, answer, interval).tolist()
        for (inputs, scaled, outputs, scores, outside), low_high in zip(
            zip(*(part.tolist() for part in answer), strict=True), ends, strict=False
        ):
            row = {
                "inputs": inputs,
                "scaled_inputs": scaled,
                "outputs": outputs,
                "scores": scores,
                **({} if low_high is None else {"intervals": low_high}),
                "outside_training_range": [
                    name for name, is_out in zip(model.features, outside, strict=True) if is_out
                ],
            }
            yield separator + to_line(row)
            separator = ", "
    yield f'], "warnings": {to_line(list(ranges.warnings()))}}}\n'


def _fixed(scores: "Array", precision: int) -> "Iterator[tuple[str, ...]]":
    """Write scores (rows, targets) with so many digits after the point, zero without a sign."""
    write = f"{{:z.{precision}f}}".format
    return zip(*(map(write, column.tolist()) for column in scores.T), strict=True)
