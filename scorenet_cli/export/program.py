"""An exported program as plain data, and the arithmetic that all languages share.

Inputs are x1, x2, ...; hidden neurons h1, h2, ... (h2_1 with several hidden layers); outputs y1,
y2, ... These names are safe in every language. Names from outside appear only in literals, which
each language quotes, and in comments.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from scorenet_cli.data.columns import positions
from scorenet_cli.model.model import Model, neuron_names
from scorenet_cli.text import printable, shorten

WIDTH = 96  # characters per line
MAX_TERMS = 500  # of one sum; parsers nest them, SQL's at most 1,000 deep


class Input(NamedTuple):
    """One input of the network: a column's number, or 1 for a text of the column, 0 for others.

    texts are all known texts of the column, () for numbers. fill replaces a missing value.
    The input is (value - offset) / scale.
    """

    name: str
    label: str
    column: str
    text: str | None
    texts: tuple[str, ...]
    fill: float | None
    offset: float
    scale: float


class Neuron(NamedTuple):
    """A neuron: its output is activation(sum of source * weight, plus the bias).

    Sums are added in predict's order, and a sigmoid is exp(z) / (1 + exp(z)) if z is below 0,
    because a trained network can multiply a difference in the last bit by a million.
    """

    name: str
    label: str
    terms: tuple[tuple[str, float], ...]
    bias: float | None
    activation: str


class Score(NamedTuple):
    """The score of an output: output * scale + offset."""

    output: str
    label: str
    scale: float
    offset: float


class Target(NamedTuple):
    """A target and the scores of its outputs: one, or one for each of more than two classes."""

    name: str
    scores: tuple[Score, ...]
    classes: tuple[str, ...]


class Program(NamedTuple):
    """The whole forward pass; about: comment lines on the origin of the model."""

    about: tuple[str, ...]
    inputs: tuple[Input, ...]
    layers: tuple[tuple[Neuron, ...], ...]
    targets: tuple[Target, ...]

    @property
    def scores(self) -> tuple[Score, ...]:
        """The scores of all outputs."""
        return tuple(score for target in self.targets for score in target.scores)


def describe(model: Model, prefix: str = "") -> Program:
    """Describe the model's forward pass with training scaling; all names begin with prefix."""
    labels = neuron_names(model)
    network = model.network.layers
    hidden = [[label.replace(".", "_") for label in layer] for layer in labels[1:-1]]
    names = [
        [prefix + name for name in layer]
        for layer in (_numbered("x", labels[0]), *hidden, _numbered("y", labels[-1]))
    ]
    layers = tuple(
        tuple(
            Neuron(
                name,
                labels[n + 1][k],
                tuple(zip(names[n], layer.weights[:, k].tolist(), strict=True)),
                None if layer.bias is None else float(layer.bias[k]),
                layer.activation,
            )
            for k, name in enumerate(names[n + 1])
        )
        for n, layer in enumerate(network)
    )
    offsets = [0.0] * len(names[-1]) if model.target_offset is None else model.target_offset
    scores = [
        Score(name, label, float(scale), float(offset))
        for name, label, scale, offset in zip(
            names[-1], labels[-1], model.target_scale, offsets, strict=True
        )
    ]
    targets = tuple(
        Target(target, tuple(scores[where]), model.classes.get(target, ()))
        for target, where in positions(model.targets, model.classes).items()
    )
    return Program(_about(model), _inputs(model, names[0]), layers, targets)


def _numbered(letter: str, of: Sequence[str]) -> list[str]:
    """Return x1, x2, ..., one for each element."""
    return [f"{letter}{number}" for number, _ in enumerate(of, start=1)]


def _inputs(model: Model, names: Sequence[str]) -> tuple[Input, ...]:
    """Describe the inputs in the network's order."""
    offsets = [0.0] * len(names) if model.feature_offset is None else model.feature_offset.tolist()
    found = []
    for column, where in positions(model.features, model.categories).items():
        texts = model.categories.get(column, ())
        count = where.stop - where.start
        for n, text in zip(range(where.start, where.stop), texts[-count:] or (None,), strict=True):
            found.append(
                Input(
                    names[n],
                    model.input_names[n],
                    column,
                    text,
                    texts,
                    model.fill.get(column),
                    offsets[n],
                    float(model.feature_scale[n]),
                )
            )
    return tuple(found)


def _about(model: Model) -> tuple[str, ...]:
    """Return comment lines: what the model predicts, and how it was trained."""
    record = model.training
    trained = []
    if record is not None:
        trained += [f" from a model trained on {comment(record.data)}"] if record.data else []
        trained += [f", {comment(record.date)}"] if record.date else []
    predicts = ", ".join(map(comment, model.targets))
    return (
        f"Predicts {predicts} from {', '.join(map(comment, model.features))}.",
        f"Written by scorenet export{''.join(trained)}.",
    )


def comment(text: str) -> str:
    """Make outside text safe inside a comment of any language; nothing in it can end one."""
    return re.sub(r"[^\w .,:;=%()'+-]", "_", shorten(printable(text)))


def sum_of(neuron: Neuron, number: Callable[[float], str] = repr) -> str:
    """Write a neuron's weighted sum, in predict's order; a very long one in groups."""
    parts = [f"{source}*{number(weight)}" for source, weight in neuron.terms]
    parts += [] if neuron.bias is None else [number(neuron.bias)]
    groups = [" + ".join(parts[n : n + MAX_TERMS]) for n in range(0, len(parts), MAX_TERMS)]
    return groups[0] if len(groups) == 1 else f"({') + ('.join(groups)})"


def scaled(value: str, of: Input, number: Callable[[float], str] = repr) -> str:
    """Write the scaling of an input's value."""
    shifted = f"({value} - {number(of.offset)})" if of.offset else value
    return shifted if of.scale == 1 else f"{shifted} / {number(of.scale)}"


def score_of(score: Score, number: Callable[[float], str] = repr) -> str:
    """Write the score of an output."""
    product = score.output if score.scale == 1 else f"{score.output}*{number(score.scale)}"
    return f"{product} + {number(score.offset)}" if score.offset else product


def class_tests(target: Target, both: str) -> list[tuple[str, str]]:
    """Write, for each class, a test whether it is the first class with the highest probability.

    No test is true for a missing value. Run them in this order; `both` joins two comparisons.
    """
    outputs = [score.output for score in target.scores]
    if len(outputs) == 1:
        return [
            (f"{outputs[0]} {sign} 0.5", target.classes[n]) for n, sign in ((1, ">="), (0, "<"))
        ]
    return [
        (both.join(f"{one} >= {other}" for other in outputs[n + 1 :] or outputs[-2:-1]), text)
        for n, (one, text) in enumerate(zip(outputs, target.classes, strict=True))
    ]


@dataclass(frozen=True)
class Syntax:
    """Templates of a language for statements, comments, input values, activations and weights."""

    statement: str
    comment: str
    value: Callable[[Input], str]
    activations: Mapping[str, str]
    weight: Callable[[float], str] = repr

    def statements(self, program: Program) -> list[str]:
        """Write the forward pass: each input, and each neuron's sum and output."""
        lines = []
        for source in program.inputs:
            lines += [self.comment.format(comment(source.label))]
            lines += [self.statement.format(source.name, scaled(self.value(source), source))]
        for neuron in chain.from_iterable(program.layers):
            output = self.activations[neuron.activation].format(f"{neuron.name}_sum")
            lines += ["", self.comment.format(comment(neuron.label))]
            total = f"({sum_of(neuron, self.weight)})"
            lines += [wrapped(self.statement.format(f"{neuron.name}_sum", total))]
            lines += [self.statement.format(neuron.name, output)]
        return lines


def wrapped(statement: str) -> str:
    """Break a statement without text literals at spaces; indent further lines by two more."""
    indent = statement[: -len(statement.lstrip())]
    return textwrap.fill(statement, WIDTH, subsequent_indent=f"{indent}  ", break_long_words=False)
