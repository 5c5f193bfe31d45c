"""The model as a CSV of formulas for Excel, LibreOffice and Google Sheets with English settings.

Column A names the content of column B: first the columns' values, to be typed over, then each input
of the network, each neuron's sum and output, and last each target's score or class. Column B may be
copied to the right for further examples. A blank value is missing: it is filled if the model fills
the column, else all results that depend on it are #N/A, as for an unknown text.
"""

from __future__ import annotations

import csv
import io
import re

from scorenet_cli.errors import ModelError
from scorenet_cli.export.program import (
    Input,
    Program,
    class_tests,
    describe,
    scaled,
    score_of,
    sum_of,
)
from scorenet_cli.model.model import Model
from scorenet_cli.text import printable, quoted

ACTIVATIONS = {
    "sigmoid": "IF({0}<0,EXP({0})/(1+EXP({0})),1/(1+EXP(-{0})))",
    "tanh": "TANH({0})",
    "relu": "MAX(0,{0})",
    "linear": "{0}",
}
MAX_FORMULA, MAX_TEXT = 8192, 255  # Excel's own limits


def write(model: Model) -> str:
    """Return the CSV; raises ModelError for a sum or a text that exceeds Excel's limits."""
    program = describe(model)
    rows = [[line] for line in program.about]
    cells: dict[str, str] = {}

    def add(label: str, formula: str) -> str:
        """Add a row, and return the cell of the formula."""
        if len(formula) > MAX_FORMULA:
            raise ModelError(
                "the model is too wide for a spreadsheet: "
                f"a formula would be longer than {MAX_FORMULA:,} characters."
            )
        rows.append([_label(label), formula])
        return f"B{len(rows)}"

    rows.append(["Values (enter yours in column B)"])
    examples = _examples(program, model)
    columns = {column: add(column, examples.get(column, "")) for column in model.features}
    rows.append(["Inputs of the network"])
    for source in program.inputs:
        value = scaled(_value(source, columns[source.column]), source)
        cells[source.name] = add(source.label, f"={value}")
    for number, layer in enumerate(program.layers, start=1):
        rows.append([f"Layer {number}"])
        for neuron in layer:
            terms = tuple((cells[source], weight) for source, weight in neuron.terms)
            total = add(f"{neuron.label} sum", f"={sum_of(neuron._replace(terms=terms))}")
            output = ACTIVATIONS[neuron.activation].format(total)
            cells[neuron.name] = add(f"{neuron.label} {neuron.activation}", f"={output}")
    rows.append(["Predictions"])
    for target in program.targets:
        scores = tuple(score._replace(output=cells[score.output]) for score in target.scores)
        formula = score_of(scores[0])
        if target.classes:
            tests = class_tests(target._replace(scores=scores), ",")
            formula = "".join(f"IF(AND({test}),{text_literal(text)}," for test, text in tests)
            formula += "NA()" + ")" * len(tests)
        add(f"predicted_{target.name}", f"={formula}")
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _examples(program: Program, model: Model) -> dict[str, str]:
    """Return a first value for each column: its first text, or the middle of its numbers."""
    examples = {column: f"={text_literal(texts[0])}" for column, texts in model.categories.items()}
    if model.feature_range is not None:
        middles = model.feature_range.mean(axis=1).tolist()
        for source, middle in zip(program.inputs, middles, strict=True):
            examples.setdefault(source.column, f"{middle:.6g}")
    return examples


def _value(source: Input, cell: str) -> str:
    """Write an input's value; #N/A if it is missing."""
    fill = "NA()" if source.fill is None else repr(source.fill)
    if source.text is None:
        return f"IF(ISNUMBER({cell}),{cell},{fill})"
    tests = [
        f"IF(EXACT({cell},{text_literal(text)}),{int(text == source.text)},"
        for text in source.texts
    ]
    return f'{"".join(tests)}IF({cell}="",{fill},NA()){")" * len(tests)}'


def _label(text: str) -> str:
    """Return a label as a cell that no program reads as a formula."""
    shown = printable(text)
    return shown if shown[:1].isalnum() else f"'{shown}"


def text_literal(text: str) -> str:
    """Write a text in a formula; LibreOffice treats a formula with a line break as text."""
    if len(text) > MAX_TEXT:
        raise ModelError(
            f"{quoted(text)} is longer than {MAX_TEXT} characters, "
            "the limit for text in a spreadsheet formula."
        )
    literal = '"{}"'.format(text.replace('"', '""'))
    return re.sub(r"[\0-\x1f]", lambda sign: f'"&CHAR({ord(sign[0])})&"', literal)
