"""One step of full-batch gradient descent, matrix by matrix."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scorenet_cli.model.batch import BatchTrace, Kind, Matrix
from scorenet_cli.show.pages.check import check_part
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.tables import (
    FirstThatFits,
    Result,
    Row,
    heading,
    layer_title,
    number_table,
    omitted_note,
)
from scorenet_cli.text import count, number

MAX_ROWS = 20
MAX_COLUMNS = 20

_TITLES: dict[Kind, str] = {
    "inputs": "scaled inputs",
    "targets": "scaled actual scores",
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
    "after": "values after the step",
}


def batch_page(trace: BatchTrace, look: Look, data: str) -> Group:
    """Show every matrix with the formula that makes it, and the loss; data names the rows' file."""
    rate = f"learning rate {number(trace.learning_rate)}"
    parts: list[RenderableType] = [heading(f"Model {look.source}")]
    rows = f"{count(trace.rows, 'row')} of {data}"
    parts += [Text(f"One step of gradient descent on {rows}, {rate}"), Text()]
    for matrix in trace.matrices:
        title = _TITLES[matrix.kind].format(f"the {layer_title(matrix.layer)}")
        parts.append(heading(f"{matrix.name}: {title}"))
        parts += [Text(matrix.formula, style="dim")] if matrix.formula else []
        parts += look.why(matrix.kind)
        where = "" if matrix.rows else " (included in the sums): --json prints all"
        omitted = omitted_note(len(matrix.values) - MAX_ROWS, "row", where)
        parts += [_matrix(matrix, look), *omitted, Text()]
    parts.append(heading("Result of the step"))
    parts.append(Text("loss = ((y - o) ** 2).mean()", style="dim"))
    parts += look.why("result")
    losses = [("loss", trace.loss, Result(trace.loss_after))]
    parts.append(look.table(["", "before", "after"], losses))
    return Group(*parts, *check_part(trace.check, look))


def _matrix(matrix: Matrix, look: Look) -> FirstThatFits:
    """Make a table with as many digits as there is room for, then with fewer columns."""
    most = min(len(matrix.columns), MAX_COLUMNS)
    ways = [(digits, most) for digits in look.digits()]
    ways += [(ways[-1][0], columns) for columns in range(most - 1, 0, -1)]
    return FirstThatFits([partial(_table, matrix, *way) for way in ways])


def _table(matrix: Matrix, digits: int, columns: int) -> Table | Group:
    """Make a table of the first rows and columns, with a note of the columns that are left out."""
    values = matrix.values[:MAX_ROWS, :columns].tolist()
    names = matrix.rows or [f"row {number}" for number in range(1, len(values) + 1)]
    rows: Iterator[Row] = ((name, *row) for name, row in zip(names, values, strict=False))
    table = number_table([matrix.name, *matrix.columns[:columns]], rows, digits)
    notes = omitted_note(len(matrix.columns) - columns, "column")
    return Group(table, *notes) if notes else table
