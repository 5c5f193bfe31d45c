"""One step of full-batch gradient descent, matrix by matrix."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scorenet_cli.model.batch import BatchTrace, Kind, Matrix
from scorenet_cli.show.pages.check import check_part
from scorenet_cli.show.pages.explain import why
from scorenet_cli.show.tables import (
    DOCUMENT_DIGITS,
    MIN_DIGITS,
    FirstThatFits,
    Result,
    Row,
    fitted_table,
    heading,
    layer_title,
    number_table,
    omitted_note,
)
from scorenet_cli.text import number

MAX_ROWS = 20
MAX_COLUMNS = 20

_TITLES: dict[Kind, str] = {
    "inputs": "inputs, scaled",
    "targets": "actual scores, scaled",
    "weights": "weights into {}",
    "biases": "biases of {}",
    "sums": "sums of {}",
    "activations": "activations of {}",
    "output": "output",
    "output error": "error of {}",
    "hidden error": "error of {}",
    "delta": "delta of {}",
    "product": "product for the weights into {}",
    "bias product": "product for the biases of {}",
    "after": "after the step",
}


def batch_page(
    trace: BatchTrace,
    precision: int | None,
    *,
    source: str,
    data: str,
    explain: bool = False,
) -> Group:
    """Show every matrix with the formula that makes it, and the loss before and after.

    precision None means the document's ten digits, or as many as a table has room for. source is
    the model's file, data that of the rows.
    """
    rate = f"learning rate {number(trace.learning_rate)}"
    parts: list[RenderableType] = [heading(f"Model {source}")]
    parts += [Text(f"One step of gradient descent on {_rows(trace)} of {data}, {rate}"), Text()]
    for matrix in trace.matrices:
        title = _TITLES[matrix.kind].format(f"the {layer_title(matrix.layer)}")
        parts.append(heading(f"{matrix.name}: {title}"))
        parts += [Text(matrix.formula, style="dim")] if matrix.formula else []
        parts += why(matrix.kind, explain=explain)
        parts += [_matrix(matrix, precision), *_omitted_rows(matrix), Text()]
    parts.append(heading("Result of the step"))
    parts.append(Text("loss = ((y - o) ** 2).mean()", style="dim"))
    parts += why("result", explain=explain)
    losses = [("loss", trace.loss, Result(trace.loss_after))]
    parts.append(fitted_table(precision, ["", "before", "after"], losses))
    return Group(*parts, *check_part(trace.check, precision, explain=explain))


def _rows(trace: BatchTrace) -> str:
    return f"{trace.rows:,} row{'' if trace.rows == 1 else 's'}"


def _omitted_rows(matrix: Matrix) -> list[Text]:
    """Say how many rows are not shown; the products add up all of them."""
    where = ", in the sums too: --json has all"
    return omitted_note(len(matrix.values) - MAX_ROWS, "row", "" if matrix.rows else where)


def _matrix(matrix: Matrix, precision: int | None) -> FirstThatFits:
    """Make a table with as many digits as there is room for, then with fewer columns."""
    tried = range(DOCUMENT_DIGITS, MIN_DIGITS - 1, -1) if precision is None else [precision]
    count = min(len(matrix.columns), MAX_COLUMNS)
    ways = [(digits, count) for digits in tried]
    ways += [(ways[-1][0], columns) for columns in range(count - 1, 0, -1)]
    return FirstThatFits([partial(_table, matrix, *way) for way in ways])


def _table(matrix: Matrix, digits: int, columns: int) -> Table | Group:
    """Make a table of the first rows and columns, with a note of the columns that are left out."""
    values = matrix.values[:MAX_ROWS, :columns].tolist()
    names = matrix.rows or [f"row {number}" for number in range(1, len(values) + 1)]
    rows: Iterator[Row] = ((name, *row) for name, row in zip(names, values, strict=False))
    table = number_table([matrix.name, *matrix.columns[:columns]], rows, digits)
    notes = omitted_note(len(matrix.columns) - columns, "column")
    return Group(table, *notes) if notes else table
