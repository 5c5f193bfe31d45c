"""The model as a Python module that imports only math and has a function predict(inputs).

inputs is a dict of the columns' values, the result a dict of each target's score or class. A value
that is omitted, None, nan or "" is missing, and is filled if the model fills the column.
If a value is missing or a text is unknown, the result holds None.
"""

from __future__ import annotations

from scorenet_cli.export.program import Input, Syntax, Target, class_tests, describe, score_of
from scorenet_cli.model.model import Model

_HELPERS = '''\
import math


def _number(value, fill):
    """Return the value as a float, or fill if it is missing."""
    is_missing = value is None or value == "" or math.isnan(float(value))
    return fill if is_missing else float(value)


def _category(value, text, texts, fill):
    """Return 1 if value equals text, 0 if another of texts, fill if missing, else nan."""
    given = "" if value is None or value != value else str(value)
    if given in texts:
        return 1.0 if given == text else 0.0
    return math.nan if given else fill


def predict(inputs):
    """Return a dict with each target's score or class.

    A score or class is None if an input it needs is missing or unknown. inputs: a dict of values
    by column name.
    """'''


def write(model: Model) -> str:
    """Return the module's text."""
    program = describe(model)
    lines = [f"# {line}" for line in program.about]
    lines += ["", _HELPERS, *SYNTAX.statements(program), "", "    return {"]
    lines += [f"        {target.name!a}: {_predicted(target)}," for target in program.targets]
    return "\n".join([*lines, "    }", ""])


def _value(source: Input) -> str:
    value = f"inputs.get({source.column!a})"
    fill = "math.nan" if source.fill is None else repr(source.fill)
    if source.text is None:
        return f"_number({value}, {fill})"
    texts = ", ".join(map(ascii, source.texts))
    return f"_category({value}, {source.text!a}, [{texts}], {fill})"


def _predicted(target: Target) -> str:
    """Write a target's score or class."""
    if not target.classes:
        score = target.scores[0]
        return f"None if math.isnan({score.output}) else {score_of(score)}"
    tests = class_tests(target, " and ")
    return "".join(f"{text!a} if {test} else " for test, text in tests) + "None"


SYNTAX = Syntax(
    "    {} = {}",
    "    # {}",
    _value,
    {
        "sigmoid": "math.exp({0}) / (1 + math.exp({0})) if {0} < 0 else 1 / (1 + math.exp(-{0}))",
        "tanh": "math.tanh({0})",
        "relu": "0.0 if {0} < 0 else {0}",  # nan if the sum is nan
        "linear": "{0}",
    },
)
