"""Starting weights for lm that nearly reproduce linear regression."""

from __future__ import annotations

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.core.metrics import fit_baselines
from scorenet_cli.core.network import Layer, Network

# Standard deviation of the sum of a line's neuron; small, so that the activation is nearly linear.
SPREAD = 0.5
# Factor on the random weights of the other neurons, which keeps them different.
OTHERS = 0.1
# A sigmoid output is linearized around the mean, at least this far from 0 and 1.
MIN_MEAN = 0.05
# Minimum standard deviation of a regression line.
MIN_SPREAD = 1e-9


def line_start(network: Network, inputs: Array, actual: Array) -> Network:
    """Return the network with weights that make its outputs nearly those of linear regression.

    inputs (rows, inputs) and actual (rows, outputs) are scaled. The first hidden neuron computes
    the first output's regression line, the next the second's; the other weights become a tenth.
    Networks that do not allow this (not exactly one hidden layer with biases, fewer neurons than
    outputs, an activation with slope 0 at 0) are returned unchanged.
    """
    first, last = network.layers[0], network.layers[-1]
    outputs = len(last.weights.T)
    function = ACTIVATIONS[first.activation]
    middle = function.function(np.zeros(1))
    slope = function.slope_at_output(middle)
    has_place = len(network.layers) == 2 and first.neurons >= outputs  # noqa: PLR2004 - hidden, output
    if not has_place or first.bias is None or last.bias is None or slope == 0:
        return network
    lines = fit_baselines(inputs, actual)
    sums, intercept = lines.predict_linear(inputs), lines.predict_linear(0 * inputs[:1])
    coefficients = lines.predict_linear(np.eye(inputs.shape[1])) - intercept
    centre = actual.mean(axis=0)
    if last.activation == "sigmoid":
        mean = np.clip(centre, MIN_MEAN, 1 - MIN_MEAN)
        centre = np.log(mean / (1 - mean))
        sums, intercept, coefficients = (
            values / (mean * (1 - mean)) for values in (sums, intercept, coefficients)
        )
    unit = SPREAD / np.maximum(sums.std(axis=0), MIN_SPREAD)
    hidden, bias, output = first.weights * OTHERS, first.bias.copy(), last.weights * OTHERS
    hidden[:, :outputs] = coefficients * unit
    bias[:outputs] = (intercept - sums.mean(axis=0)) * unit
    output[:outputs] = np.diag(1 / (unit * slope))
    return Network(
        (
            Layer(hidden, bias, first.activation),
            Layer(output, centre - middle * output.sum(axis=0), last.activation),
        )
    )
