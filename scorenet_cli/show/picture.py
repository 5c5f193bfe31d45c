"""A forward or backward pass as a picture (SVG)."""

from __future__ import annotations

import numpy as np

from scorenet_cli.model.trace import BackwardTrace, ForwardTrace
from scorenet_cli.show.drawing import Circle, Column, draw
from scorenet_cli.text import number

# As in the document's own figure; --precision asks for more.
DIGITS = 4


def forward_picture(trace: ForwardTrace, precision: int | None = None) -> str:
    """Draw a forward pass: sums above activations, weights on the lines."""
    digits = DIGITS if precision is None else precision
    layers = [
        Column(
            layer.name,
            [
                Circle(n.name, number(n.sum, digits), number(n.output, digits), n.bias)
                for n in layer.neurons
            ],
            np.array([[term.weight for term in n.terms] for n in layer.neurons]).T,
        )
        for layer in trace.layers
    ]
    results = [f"predicts {number(score, digits)}" for score in trace.scores]
    legend = "In the circles: the sum, small, above the activation. On the lines: weights."
    return draw(
        [_inputs(trace, digits), *layers],
        title="A forward pass through the network",
        beside=results,
        legend=legend,
        digits=digits,
    )


def backward_picture(trace: BackwardTrace, precision: int | None = None) -> str:
    """Draw a step of backpropagation: errors above deltas, the weights' changes on the lines."""
    digits = DIGITS if precision is None else precision
    layers = [
        Column(
            layer.name,
            [
                Circle(
                    n.name,
                    number(n.error, digits),
                    number(n.delta, digits),
                    None if n.bias is None else n.bias.change,
                )
                for n in layer.neurons
            ],
            np.array([[weight.change for weight in n.weights] for n in layer.neurons]).T,
        )
        for layer in trace.layers
    ]
    results = [
        f"output {number(before, digits)}, then {number(after, digits)}"
        for before, after in zip(trace.forward.outputs, trace.outputs_after, strict=True)
    ]
    legend = (
        "In the circles: the error, small, above the delta. On the lines: changes of weights. "
        f"Loss {number(trace.loss, digits)} before, {number(trace.loss_after, digits)} after."
    )
    return draw(
        [_inputs(trace.forward, digits), *layers],
        title="A step of backpropagation through the network",
        beside=results,
        legend=legend,
        digits=digits,
    )


def _inputs(trace: ForwardTrace, digits: int) -> Column:
    """Make the first column: the value as given above the value as scaled."""
    return Column(
        "input",
        [
            Circle(
                value.name,
                "" if value.value == value.scaled else number(value.value, digits),
                number(value.scaled, digits),
            )
            for value in trace.inputs
        ],
    )
