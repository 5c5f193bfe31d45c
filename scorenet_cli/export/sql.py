"""The model as one SELECT: a table's columns, each neuron's sum and output, and predicted_NAME.

The standard text runs in SQLite (3.35 or newer, with its mathematical functions), DuckDB and
PostgreSQL (12 or newer); Spark (3.3 or newer) quotes names and texts in its own way. Each layer is
a table expression over the one before, so that a sum is written once. MATERIALIZED computes it
once; SQLite and PostgreSQL would otherwise inline the expression wherever its name is used.

The columns of inputs and neurons count towards an engine's limit: SQLite allows 2,000 columns in
all, PostgreSQL 1,664.

A missing value is NULL, NaN or an empty text. Without a fill it makes the prediction NULL, as does
an unknown text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from scorenet_cli.errors import ModelError
from scorenet_cli.export import DialectName
from scorenet_cli.export.program import (
    Input,
    Neuron,
    Target,
    class_tests,
    comment,
    describe,
    scaled,
    score_of,
    sum_of,
    wrapped,
)
from scorenet_cli.model.model import Model
from scorenet_cli.text import quoted

# Beyond 500 a sigmoid is 0 or 1 to 200 digits, and PostgreSQL raises an error if EXP underflows.
# relu has both cases, because NULL is neither.
ACTIVATIONS = {
    "sigmoid": "CASE WHEN {0} < -500 THEN 0e0 WHEN {0} < 0 THEN EXP({0}) / (1e0 + EXP({0}))"
    " WHEN {0} < 500 THEN 1e0 / (1e0 + EXP(-{0})) WHEN {0} >= 500 THEN 1e0 END",
    "tanh": "TANH({0})",
    "relu": "CASE WHEN {0} > 0 THEN {0} WHEN {0} <= 0 THEN 0e0 END",
    "linear": "{0}",
}
LARGEST = "1.7976931348623157e308"  # excludes NaN and infinity, which are larger


@dataclass(frozen=True)
class Dialect:
    """A dialect's quotes of names, escapes in texts, type of a float64, and start of a step.

    refused maps what a text of this dialect cannot hold to the reason.
    """

    quote: str
    escapes: Mapping[str, str]
    double: str
    step: str
    refused: Mapping[str, str]

    def name(self, name: str) -> str:
        """Quote a name."""
        return f"{self.quote}{name.replace(self.quote, 2 * self.quote)}{self.quote}"

    def text(self, text: str) -> str:
        """Write a text literal."""
        return f"'{''.join(self.escapes.get(sign, sign) for sign in text)}'"


_NULL = {"\0": "SQL text cannot hold a null character"}
DIALECTS: dict[DialectName, Dialect] = {
    "standard": Dialect('"', {"'": "''"}, "DOUBLE PRECISION", "AS MATERIALIZED", _NULL),
    "spark": Dialect(
        "`",
        {"'": r"\'", "\\": r"\\", "$": r"\u0024"},
        "DOUBLE",
        "AS",
        {**_NULL, "${": "Spark reads ${ as a variable"},
    ),
}


def write(model: Model, table: str = "data", dialect: DialectName = "standard") -> str:
    """Return the SELECT over a table, which may be schema.table, without a semicolon.

    Raises ModelError for a name that the dialect cannot hold.
    """
    sql = DIALECTS[dialect]
    prefix = "nn_"  # of the new names; no known name of the table starts with it
    while any(name.lower().startswith(prefix) for name in (table, *model.features)):
        prefix += "_"
    program = describe(model, prefix)
    steps = [(f"{prefix}inputs", [_input(source, sql) for source in program.inputs])]
    for number, layer in enumerate(program.layers, start=1):
        steps.append((f"{prefix}sums{number}", [_sum(neuron) for neuron in layer]))
        steps.append((f"{prefix}layer{number}", [_output(neuron) for neuron in layer]))
    source, expressions = ".".join(map(sql.name, table.split("."))), []
    for name, columns in steps:
        expressions.append(f"{name} {sql.step} (\n{_select(columns, source)}\n)")
        source = name
    text = "\n".join(
        [
            *(f"-- {line}" for line in program.about),
            f"-- {prefix}... are the scaled inputs and each neuron's sum and output.",
            f"WITH {', '.join(expressions)}",
            _select([_predicted(target, sql) for target in program.targets], source),
            "",
        ]
    )
    for sign, reason in sql.refused.items():
        if sign in text:
            texts = chain(*model.categories.values(), *model.classes.values())
            names = (table, *model.features, *model.targets, *texts)
            name = next(name for name in names if sign in name)
            words = "Rename the column, category or table."
            raise ModelError(f"{quoted(name)} cannot be written in SQL: {reason}. {words}")
    return text


def _select(columns: list[str], source: str) -> str:
    listed = ",\n".join(columns)
    return f"SELECT t.*,\n{listed}\nFROM {source} AS t"


def _input(source: Input, sql: Dialect) -> str:
    """Write an input of the network; if its value is missing, it is filled or NULL."""
    column = f"t.{sql.name(source.column)}"
    if source.text is None:
        number = f"CAST({column} AS {sql.double})"
        value = f"CASE WHEN ABS({number}) <= {LARGEST} THEN {number} END"
        if source.fill is not None:
            value = f"COALESCE({value}, {_number(source.fill)})"
    else:
        texts = source.texts
        if sorted(text.lower() for text in texts) == ["false", "true"]:  # a BOOLEAN, perhaps
            column, texts = f"LOWER({column} || '')", tuple(text.lower() for text in texts)
        cases = [
            f"WHEN {sql.text(text)} THEN {int(same == source.text)}e0"
            for text, same in zip(texts, source.texts, strict=True)
        ]
        cases += [] if source.fill is None else [f"WHEN '' THEN {_number(source.fill)}"]
        value = f"CAST(CASE COALESCE({column}, '') {' '.join(cases)} END AS {sql.double})"
    return f"  -- {comment(source.label)}\n  {scaled(value, source, _number)} AS {source.name}"


def _sum(neuron: Neuron) -> str:
    total = wrapped(f"  {sum_of(neuron, _number)} AS {neuron.name}_sum")
    return f"  -- {comment(neuron.label)}\n{total}"


def _output(neuron: Neuron) -> str:
    return wrapped(
        f"  {ACTIVATIONS[neuron.activation].format(f'{neuron.name}_sum')} AS {neuron.name}"
    )


def _predicted(target: Target, sql: Dialect) -> str:
    """Write a target's score or class."""
    if target.classes:
        tests = class_tests(target, " AND ")
        cases = " ".join(f"WHEN {test} THEN {sql.text(text)}" for test, text in tests)
        value = f"CASE {cases} END"
    else:
        value = score_of(target.scores[0], _number)
    return f"  {value} AS {sql.name(f'predicted_{target.name}')}"


def _number(number: float) -> str:
    """Write a float64 with an exponent, so that SQL does not read it as a decimal number."""
    text = repr(number).removesuffix(".0")
    return text if "e" in text else f"{text}e0"
