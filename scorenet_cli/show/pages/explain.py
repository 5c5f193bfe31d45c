"""How a trace is shown, and why each of its steps is taken: one sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from rich.text import Text

from scorenet_cli.show.tables import (
    DOCUMENT_DIGITS,
    MIN_DIGITS,
    FirstThatFits,
    Row,
    number_table,
)

_WHY = {
    "inputs": "Scaling gives all inputs a similar size, so that no column counts more merely "
    "because of its unit.",
    "unscaled": "The values enter the network as they are: nothing is scaled here.",
    "targets": "The actual scores are scaled like the outputs, so that the two can be compared.",
    "weights": "Each column holds the weights of one neuron; training changes only weights and "
    "biases.",
    "biases": "A bias shifts its neuron's sum whatever the inputs are.",
    "hidden layer": "A neuron sums its inputs, each times its weight; without a nonlinear "
    "activation, two layers could do no more than one.",
    "output layer": "The output layer sums the values of the layer before it, each times its "
    "weight; its activation is the network's prediction, as a scaled score.",
    "scores": "Scaling is undone, so that the output can be read in score units.",
    "sums": "A neuron sums its inputs, each times its weight: a larger weight makes its input "
    "count more.",
    "activations": "Without a nonlinear activation, two layers could do no more than one.",
    "output": "The last activation is the network's prediction, as a scaled score.",
    "output error": "The sign of the error shows whether the output is too low or too high; its "
    "size shows by how much.",
    "hidden error": "A hidden neuron has no target; its error is the sum of the next layer's "
    "deltas, each times the weight that connects the two neurons.",
    "delta": "The slope is the change of the output per change of the sum: where the activation is "
    "flat, a change of the sum has little effect.",
    "change": "Value x delta is the rate at which half the squared error falls as the weight "
    "grows; the learning rate sets the step size.",
    "product": "The product is the sum of value x delta over all rows: the rate at which half the "
    "sum of squared errors falls as the weight grows.",
    "bias product": "The input of a bias is 1 in every row, so its product is the sum of the "
    "deltas.",
    "after": "The learning rate sets the step size; it is divided by the number of rows because "
    "the product is a sum over the rows, not a mean.",
    "result": "The loss after the step shows whether the step helped; training repeats such steps.",
    "check": "Changing a weight slightly in both directions and comparing the outputs measures the "
    "gradient without backpropagation; the two gradients must agree.",
}


class Look(NamedTuple):
    """How a trace is shown.

    precision None: ten digits, as in the document, or as many as fit. explain adds why each step is
    taken. source is the model's file, None for the document's weights; scaling is a key of
    SCALINGS.
    """

    precision: int | None = None
    explain: bool = False
    source: str | None = None
    scaling: str = "training"

    def why(self, step: str) -> list[Text]:
        """Return the sentence for a step, where explanations are asked for."""
        return [Text(_WHY[step], style="italic")] if self.explain else []

    def digits(self) -> Sequence[int]:
        """Return the digits to try, in their order."""
        if self.precision is not None:
            return [self.precision]
        return range(DOCUMENT_DIGITS, MIN_DIGITS - 1, -1)

    def table(
        self, columns: Sequence[str], rows: Iterable[Row], *, numbers_from: int = 1
    ) -> FirstThatFits:
        """Make a number table of as many digits as are asked for, or fit."""
        table = partial(number_table, columns, list(rows), numbers_from=numbers_from)
        return FirstThatFits([partial(table, digits=digits) for digits in self.digits()])
