"""scorenet predict: scores for values on the command line, or for the rows of a CSV."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    JsonOption,
    ModelOption,
    ScalingOption,
    ValuesArgument,
)
from scorenet_cli.cli.report import warn
from scorenet_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scorenet_cli.model import Model, Predictions
    from scorenet_cli.network import Array
    from scorenet_cli.scaling import ScalingName


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
        raise UsageError("give either VALUES or --csv FILE. For example: scorenet predict 4 8")
    import numpy as np

    from scorenet_cli import files, model_file
    from scorenet_cli.cli.values import check_count, parse_values
    from scorenet_cli.model import predict as run

    row = parse_values(values or [], context)
    if output == "-":
        output = None
    if output is not None:
        for what, other in (("the model", model), ("the CSV", csv)):
            if other is not None and files.same(other, output):
                raise UsageError(f"--output would overwrite {what}: {output}. Choose another name.")
        files.check_writable(output)
    loaded = model_file.load(model)
    if csv is None:
        check_count(row, loaded.features)
        answer = run(loaded, np.array([row]), scaling)
        text = "".join(f"{score}\n" for row in _fixed(answer.scores, precision) for score in row)
    else:
        from scorenet_cli import csv_table, dataset

        table = dataset.name_columns(dataset.read_table(csv), loaded.features, loaded.targets)
        columns = dataset.model_columns(table, loaded.features)
        answer = run(loaded, csv_table.numbers(table, columns), scaling)
        text = (
            ""
            if json
            else csv_table.with_columns(
                table,
                [f"predicted_{target}" for target in loaded.targets],
                _fixed(answer.scores, precision),
            )
        )
    _warn_outside(loaded, answer, scaling)
    if json:
        from scorenet_cli.show.answers import to_line

        text = to_line(_as_json(loaded, answer)) + "\n"
    if output is not None:
        files.write_whole(output, text)
        return
    if csv is not None and not json and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # the input's own encoding
    sys.stdout.write(text)


def _fixed(scores: "Array", precision: int) -> "Iterator[tuple[str, ...]]":
    """Write scores (rows, targets) with so many digits after the point, zero without a sign."""
    visible = (abs(scores) >= 0.5 * 10.0**-precision) * scores + 0.0
    write = f"%.{precision}f".__mod__
    return zip(*(map(write, column.tolist()) for column in visible.T), strict=True)


def _warn_outside(model: "Model", answer: "Predictions", scaling: "ScalingName") -> None:
    """Name the features whose values lie outside what the model was trained on."""
    from scorenet_cli.model import training_range
    from scorenet_cli.text import number, quoted

    ranges = training_range(model, scaling)
    if ranges is None:
        return

    rows = len(answer.inputs)
    for position, feature in enumerate(model.features):
        outside = answer.outside[:, position]
        if not (count := int(outside.sum())):
            continue
        low, high = ranges[position].tolist()
        value = number(float(answer.inputs[outside, position][0]))
        whom = f"in {count:,} of {rows:,} rows (the first: {value})" if rows > 1 else f"= {value}"
        warn(
            f"{quoted(feature)} {whom} is outside the training range "
            f"{number(low)} to {number(high)}: the prediction is a guess."
        )


def _as_json(model: "Model", answer: "Predictions") -> dict[str, Any]:
    """Lay out the JSON answer."""
    columns = zip(
        answer.inputs.tolist(),
        answer.scaled_inputs.tolist(),
        answer.outputs.tolist(),
        answer.scores.tolist(),
        answer.outside.tolist(),
        strict=True,
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
            for inputs, scaled_inputs, outputs, scores, outside in columns
        ],
    }
