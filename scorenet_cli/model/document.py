"""The document's three rows, its worked example and its printed figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scorenet_cli.core.network import Layer, Network
from scorenet_cli.data.columns import ScalingName
from scorenet_cli.model.model import Model
from scorenet_cli.model.trace import ForwardTrace

ROWS_SOURCE = "the document's three rows"
ROWS_CSV = b"hours_studied,hours_slept,score\n2,9,92\n1,5,86\n3,6,89\n"

FEATURES = ("hours_studied", "hours_slept")
TARGETS = ("score",)
QUESTION = (4.0, 8.0)  # the document's input for its trained network

VALUES = (2.0, 9.0)
TARGET = 92.0


def worked_example() -> Model:
    """Return the model of the document's worked example: unscaled hours, scores out of 100."""
    return Model(
        network=Network(
            (
                Layer(np.array([[0.2, 0.6, 0.1], [0.8, 0.3, 0.7]])),
                Layer(np.array([[0.4], [0.5], [0.9]])),
            )
        ),
        features=FEATURES,
        targets=TARGETS,
        feature_scale=np.ones(2),
        target_scale=np.array([100.0]),
    )


@dataclass(frozen=True)
class Figure:
    """A figure of the document, as printed, and the exact number.

    `difference` is printed - exact; `why` is its reason, "" if it is only floating-point rounding.
    """

    layer: str
    neuron: str
    what: str
    printed: str
    exact: float
    difference: float
    why: str


@dataclass(frozen=True)
class Document:
    """The document's figures for the worked example; goal is its target (a key of the JSON)."""

    goal: float
    figures: tuple[Figure, ...]


def document_figures(trace: ForwardTrace) -> Document:
    """Compare the document's printed figures with the exact ones of the worked example's trace."""
    cut = "the document truncates; rounded it is {}"
    stale = (
        "1.000 is 1 + e^-7.5 = 1.000553084, truncated: 7.5 is h2's sum in an earlier "
        "version of the document, which also omits the division 1 / (1 + e^-7.5). A sigmoid never "
        "reaches 1; sigmoid(3.9) is .9801596943"
    )
    follows = "follows from the three figures above it, mainly from 1.000 for sigmoid(3.9)"
    hidden, output = trace.layers
    printed = [
        (hidden, 0, "sum", "7.6", ""),
        (hidden, 1, "sum", "3.9", ""),
        (hidden, 2, "sum", "6.5", ""),
        (hidden, 0, "output", ".9994", cut.format(".9995")),
        (hidden, 1, "output", "1.000", stale),
        (hidden, 2, "output", ".9984", cut.format(".9985")),
        (output, 0, "sum", "1.79832", follows),
        (
            output,
            0,
            "output",
            ".8579443067",
            "is the sigmoid of 1.79832, so it is correct for that sum",
        ),
    ]
    figures = []
    for layer, position, what, text, why in printed:
        neuron = layer.neurons[position]
        exact = neuron.sum if what == "sum" else neuron.output
        figures.append(Figure(layer.name, neuron.name, what, text, exact, float(text) - exact, why))
    return Document(TARGET, tuple(figures))


@dataclass(frozen=True)
class TrainedAnswer:
    """The document's printed prediction for QUESTION, and the results of other starts."""

    printed: str = ".91882413"
    why: str = (
        "the document divides [4, 8] by its largest value, 8, so [40, 80] gives the same output. "
        ".91882413 is the result of one random start. Over 300 converged starts, this scaling "
        "gives .914 to .919 (median .918), and division by the training maxima gives .896 to .918"
    )


def trained_answer(
    model: Model, values: Sequence[float | str], scaling: ScalingName
) -> TrainedAnswer | None:
    """Return the document's printed prediction if values, scaling and model are its own, else None.

    They are 4 and 8, scaled by their own maximum, and a model trained on the document's rows.
    """
    if tuple(values) != QUESTION or scaling != "own":
        return None
    import hashlib  # noqa: PLC0415 - rarely needed

    sha256 = None if model.training is None else model.training.sha256
    is_trained = sha256 == hashlib.sha256(ROWS_CSV).hexdigest()
    return TrainedAnswer() if is_trained else None
