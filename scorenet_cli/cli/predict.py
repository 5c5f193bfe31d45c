"""scorenet predict: scores for values on the command line, or for the rows of a CSV."""

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scorenet_cli.cli.messages import warn
from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    JsonOption,
    ModelOption,
    ScalingOption,
    ValuesArgument,
)
from scorenet_cli.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scorenet_cli.core import Array
    from scorenet_cli.data.columns import ScalingName
    from scorenet_cli.data.csv_table import Table
    from scorenet_cli.model.model import Model, Predictions


def predict(
    context: typer.Context,
    values: ValuesArgument = None,
    model: ModelOption = DEFAULT_MODEL,
    csv: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Predict every row of a CSV ('-': standard input)."),
    ] = None,
    scaling: ScalingOption = "training",
    precision: Annotated[
        int, typer.Option(metavar="N", min=0, max=17, help="Digits after the point.")
    ] = 6,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write there, not to standard output.")
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
    import numpy as np

    from scorenet_cli import files
    from scorenet_cli.cli.values import check_count, parse_values
    from scorenet_cli.model import json_file
    from scorenet_cli.model.model import predict as run

    row = parse_values(values or [], context)
    if output == "-":
        output = None
    if output is not None:
        _check_output(output, model, csv)
    loaded = json_file.load(model)
    outside = _Outside(loaded, scaling)
    if csv is not None and not json:  # block by block: there may be more rows than memory
        with files.writer(output) if output is not None else _standard_output() as write:
            for table, answer in _of_rows(loaded, csv, scaling):
                outside.add(answer)
                write(_as_csv(loaded, table, answer, precision))
        outside.warn()
        return
    if csv is not None:
        answers = [answer for _, answer in _of_rows(loaded, csv, scaling)]
    else:
        check_count(row, loaded.features)
        answers = [run(loaded, np.array([row]), scaling)]
    for answer in answers:
        outside.add(answer)
    outside.warn()
    if json:
        from scorenet_cli.show.json_output import to_line

        text = to_line(_as_json(loaded, answers)) + "\n"
    else:
        scores = (score for row in _fixed(answers[0].scores, precision) for score in row)
        text = "".join(f"{score}\n" for score in scores)
    if output is not None:
        files.write_atomic(output, text)
    else:
        sys.stdout.write(text)


def _check_output(output: str, model: str, csv: str | None) -> None:
    """Refuse early to write over what is read, or where nothing can be written."""
    from scorenet_cli import files

    for what, other in (("the model", model), ("the CSV", csv)):
        if other is not None and files.same(other, output):
            raise OptionError(f"--output would overwrite {what}: {output}. Choose another name.")
    files.check_writable(output)


@contextmanager
def _standard_output() -> "Iterator[Callable[[str], None]]":
    """Write there at once, in the input's own encoding."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")

    def write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    yield write


def _of_rows(
    model: "Model", path: str, scaling: "ScalingName"
) -> "Iterator[tuple[Table, Predictions]]":
    """Run the model on a CSV, a block of rows at a time."""
    from scorenet_cli.data import csv_table, dataset
    from scorenet_cli.model.model import predict as run

    columns = None
    for block in dataset.read_tables(path):
        table = dataset.name_columns(block, model.features, model.targets)
        if columns is None:
            columns = dataset.model_columns(table, model.features)
        yield table, run(model, csv_table.numbers(table, columns), scaling)


def _as_csv(model: "Model", table: "Table", answer: "Predictions", precision: int) -> str:
    """Lay out a block of rows with their predictions; the first has the header."""
    from scorenet_cli.data import csv_table

    names = [f"predicted_{target}" for target in model.targets]
    header = csv_table.header(table, names) if table.is_first else ""
    return header + csv_table.with_columns(table, _fixed(answer.scores, precision))


def _fixed(scores: "Array", precision: int) -> "Iterator[tuple[str, ...]]":
    """Write scores (rows, targets) with so many digits after the point, zero without a sign."""
    write = f"{{:z.{precision}f}}".format
    return zip(*(map(write, column.tolist()) for column in scores.T), strict=True)


class _Outside:
    """Counts values outside what the model was trained on, to warn of them."""

    def __init__(self, model: "Model", scaling: "ScalingName") -> None:
        from scorenet_cli.model.model import training_range

        self.features = model.features
        self.ranges = training_range(model, scaling)
        self.rows = 0
        self.counts: dict[int, int] = {}  # by the feature's position, and so is first
        self.first: dict[int, float] = {}

    def add(self, answer: "Predictions") -> None:
        """Count the values of more rows."""
        import numpy as np

        self.rows += len(answer.inputs)
        for position in np.flatnonzero(answer.outside.any(axis=0)).tolist():
            outside = answer.outside[:, position]
            self.counts[position] = self.counts.get(position, 0) + int(outside.sum())
            self.first.setdefault(position, float(answer.inputs[outside, position][0]))

    def warn(self) -> None:
        """Name the features, how often, and the first value of each."""
        from scorenet_cli.text import number, quoted

        if self.ranges is None:
            return
        for position, count in sorted(self.counts.items()):
            low, high = self.ranges[position].tolist()
            value = number(self.first[position])
            whom = (
                f"in {count:,} of {self.rows:,} rows (the first: {value})"
                if self.rows > 1
                else f"= {value}"
            )
            warn(
                f"{quoted(self.features[position])} {whom} is outside the training range "
                f"{number(low)} to {number(high)}: the prediction is a guess."
            )


def _as_json(model: "Model", answers: "list[Predictions]") -> dict[str, Any]:
    """Lay out the JSON answer."""
    rows = (
        row for answer in answers for row in zip(*(part.tolist() for part in answer), strict=True)
    )
    return {
        "targets": list(model.targets),
        "predictions": [
            {
                "inputs": inputs,
                "scaled_inputs": scaled_inputs,
                "outputs": outputs,
                "scores": scores,
                "outside_training_range": [
                    feature
                    for feature, is_outside in zip(model.features, outside, strict=True)
                    if is_outside
                ],
            }
            for inputs, scaled_inputs, outputs, scores, outside in rows
        ],
    }
