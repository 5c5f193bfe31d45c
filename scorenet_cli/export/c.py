r"""The model as a C99 file with one function, scorenet_predict, that allocates nothing.

Its parameters are those that the model needs, in this order: numbers, the values of the number
columns (NAN is missing); texts, those of the text columns in UTF-8 (NULL or "" is missing);
scores, which receives the score of each output of the network; classes, which receives the class
of each target that has classes. If a value is missing without a fill, or a text is unknown, scores
become NAN and classes NULL. The program links with -lm.
"""

from __future__ import annotations

import re

from scorenet_cli.errors import ModelError
from scorenet_cli.export.program import (
    Input,
    Syntax,
    class_tests,
    comment,
    describe,
    score_of,
    wrapped,
)
from scorenet_cli.model.model import Model
from scorenet_cli.text import quoted

_CATEGORY = """
/* Return 1 if value equals text, 0 if another of texts, fill if missing, else NAN. */
static double category(const char *value, const char *text, const char *const *texts, double fill) {
  const char *given = value ? value : "";
  for (; *texts; texts++)
    if (strcmp(given, *texts) == 0) return strcmp(given, text) == 0 ? 1.0 : 0.0;
  return *given ? NAN : fill;
}
"""


def write(model: Model) -> str:
    """Return the file's text; raises ModelError for a text with a null character."""
    program = describe(model)
    numbers = [name for name in model.features if name not in model.categories]
    texts = [name for name in model.features if name in model.categories]
    classed = [target for target in program.targets if target.classes]
    parameters = {
        "const double *numbers": numbers,
        "const char *const *texts": texts,
        "double *scores": [score.label for score in program.scores],
        "const char **classes": [target.name for target in classed],
    }
    lines = [f"/* {line} */" for line in program.about]
    lines += ["", "#include <math.h>", "#include <string.h>", *([_CATEGORY] if texts else [""])]
    for declaration, names in parameters.items():
        name = re.split(r"\W+", declaration)[-1]
        lines += [f"/* {name}[{n}]: {comment(of)} */" for n, of in enumerate(names)]
    used = ", ".join(declaration for declaration, names in parameters.items() if names)
    places = {name: f"numbers[{n}]" for n, name in enumerate(numbers)}
    places |= {name: f"texts[{n}]" for n, name in enumerate(texts)}
    syntax = Syntax(
        "  const double {} = {};",
        "  /* {} */",
        lambda source: _value(source, places[source.column]),
        ACTIVATIONS,
    )
    lines += [wrapped(f"void scorenet_predict({used}) {{"), *syntax.statements(program), ""]
    lines += [f"  scores[{n}] = {score_of(score)};" for n, score in enumerate(program.scores)]
    for n, target in enumerate(classed):
        tests = "".join(f"{test} ? {_text(text)} : " for test, text in class_tests(target, " && "))
        lines += [f"  classes[{n}] = {tests}NULL;"]
    return "\n".join([*lines, "}", ""])


ACTIVATIONS = {
    "sigmoid": "{0} < 0 ? exp({0}) / (1 + exp({0})) : 1 / (1 + exp(-{0}))",
    "tanh": "tanh({0})",
    "relu": "{0} < 0 ? 0 : {0}",  # NAN if the sum is NAN
    "linear": "{0}",
}


def _value(source: Input, place: str) -> str:
    fill = "NAN" if source.fill is None else repr(source.fill)
    if source.text is None:
        return place if source.fill is None else f"(isnan({place}) ? {fill} : {place})"
    texts = ", ".join(map(_text, source.texts))
    return (
        f"category({place}, {_text(source.text)}, (const char *const[]){{{texts}, NULL}}, {fill})"
    )


def _text(text: str) -> str:
    """Write a string literal in UTF-8; all but letters, digits and spaces as octal bytes."""
    if "\0" in text:
        raise ModelError(
            f"{quoted(text)} cannot be written: a C string cannot hold a null character. "
            "Rename the category."
        )
    return '"{}"'.format(
        re.sub(rb"[^A-Za-z0-9 ]", lambda sign: rb"\%03o" % sign[0][0], text.encode()).decode()
    )
