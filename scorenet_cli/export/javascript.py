r"""The model as a JavaScript module (ES2020) that exports one function, predict(inputs).

inputs is an object of the columns' values, {"hours": 4, "smoker": "yes"}. A value that is
undefined, null, NaN or "" is missing, and is filled if the model fills the column. The result is

    {predicted: {score: 91.5, risk: "low"},   each target's score or class, by its name
     scores: [91.5, ...],                     each output of the network in score units
     inputs: [0.5, ...],                      the network's inputs, scaled
     layers: [{sums: [...], outputs: [...]}, ...]}   each layer's neurons, the outputs' layer last

If a value is missing or a text is unknown, predicted holds null and the numbers are NaN.
Literals and comments hold no `<`, so that the text can be put inside <script type="module">.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from scorenet_cli.core.optimizers.least_squares import unpack
from scorenet_cli.export.program import (
    Input,
    Syntax,
    Target,
    class_tests,
    describe,
    score_of,
    wrapped,
)
from scorenet_cli.model.model import Model

_HELPERS = """\
const isMissing = (value) => value == null || Number.isNaN(value) || value === "";

const number = (value, fill) => (isMissing(value) ? fill : Number(value));

// Return 1 if value equals text, 0 if another of texts, fill if missing, else NaN.
const category = (value, text, texts, fill) => {
  const given = isMissing(value) ? "" : String(value);
  if (texts.includes(given)) return given === text ? 1 : 0;
  return given === "" ? fill : NaN;
};
"""


def write(model: Model, *, takes_weights: bool = False) -> str:
    """Return the module's text.

    With takes_weights the function is predict(inputs, weights); weights lists the numbers that are
    otherwise literals, layer by layer: weights by input, then biases. The page replays training so.
    """
    syntax = SYNTAX
    if takes_weights:
        places = unpack(model.network, np.arange(float(model.network.parameters)))
        model = replace(model, network=places)
        syntax = replace(SYNTAX, weight="weights[{:.0f}]".format)
    program = describe(model)
    lines = [f"// {line}" for line in program.about]
    parameters = "inputs, weights" if takes_weights else "inputs"
    lines += ["", _HELPERS, f"export function predict({parameters}) {{"]
    lines += syntax.statements(program)
    lines += ["", "  return {", "    predicted: Object.fromEntries(["]
    lines += [f"      [{_text(target.name)}, {_predicted(target)}]," for target in program.targets]
    lines += ["    ]),", _array("    scores", [score_of(score) for score in program.scores])]
    lines += [_array("    inputs", [source.name for source in program.inputs]), "    layers: ["]
    for layer in program.layers:
        names = [neuron.name for neuron in layer]
        lines += ["      {", _array("        sums", [f"{name}_sum" for name in names])]
        lines += [_array("        outputs", names), "      },"]
    return "\n".join([*lines, "    ],", "  };", "}", ""])


def _array(key: str, items: list[str]) -> str:
    return wrapped(f"{key}: [{', '.join(items)}],")


def _value(source: Input) -> str:
    value = f"inputs[{_text(source.column)}]"
    fill = "NaN" if source.fill is None else repr(source.fill)
    if source.text is None:
        return f"number({value}, {fill})"
    texts = ", ".join(map(_text, source.texts))
    return f"category({value}, {_text(source.text)}, [{texts}], {fill})"


def _predicted(target: Target) -> str:
    """Write a target's score or class."""
    if not target.classes:
        score = target.scores[0]
        return f"Number.isNaN({score.output}) ? null : {score_of(score)}"
    tests = class_tests(target, " && ")
    return "".join(f"{test} ? {_text(text)} : " for test, text in tests) + "null"


def _text(text: str) -> str:
    """Write a string literal that an HTML parser cannot take for markup."""
    return json.dumps(text).replace("<", "\\u003c")


SYNTAX = Syntax(
    "  const {} = {};",
    "  // {}",
    _value,
    {
        "sigmoid": "{0} < 0 ? Math.exp({0}) / (1 + Math.exp({0})) : 1 / (1 + Math.exp(-{0}))",
        "tanh": "Math.tanh({0})",
        "relu": "{0} < 0 ? 0 : {0}",  # NaN if the sum is NaN
        "linear": "{0}",
    },
)
