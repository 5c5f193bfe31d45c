"""One epoch's forward and backward pass, laid out for speed.

The plain formulas are network.forward and network.backward; this is the same mathematics
(tests hold the two together), arranged so that an epoch is a short list of NumPy calls into
buffers made once:

- Rows run across: arrays are (neurons, rows), and a bias is one more input that is constant.
- The logistic is taken as (1 + tanh(z / 2)) / 2. A sigmoid layer hands on u = 1 + tanh(z / 2),
  twice its output, and the halves and doubles are folded into the weights once. They are
  powers of two, so weights come back from here to the bit.
- The slope of tanh and of the logistic then both are 1 - tanh², so one call serves all layers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from scorenet_cli.network import Array, Layer, Network

Call = Callable[[], object]


class FastPass:
    """Gradients of one network on one set of rows, again and again in place.

    inputs (rows, inputs) and actual (rows, outputs) are copied. `parameters` and `descent`
    are flat and in inner units; `descent` points downhill. Change `parameters` in place.
    """

    def __init__(self, network: Network, inputs: Array, actual: Array) -> None:
        self._layers = network.layers
        self._gains = [2.0 if layer.activation == "sigmoid" else 1.0 for layer in network.layers]
        self._cells = actual.size
        self.parameters = np.empty(network.parameters)
        self.descent = np.empty(network.parameters)
        self.descent_scale = np.empty(network.parameters)
        self._weights = self._by_layer(self.parameters)
        self._scales = [
            1.0 / (gain * before)
            for gain, before in zip(self._gains, [1.0, *self._gains[:-1]], strict=True)
        ]
        for layer, weights, descent_scale, scale in zip(
            network.layers,
            self._weights,
            self._by_layer(self.descent_scale),
            self._scales,
            strict=True,
        ):
            weights[:, : layer.inputs] = layer.weights.T * scale
            if layer.bias is not None:
                weights[:, -1] = layer.bias * scale
            # dE/dW is dE/dV · scale and W = V / scale; the error itself is held times its gain.
            descent_scale[:] = (scale / self._gains[-1]) ** 2
        self.calls = self._record(inputs, actual)

    def loss(self) -> float:
        """Mean squared error of the parameters that the last pass ran with."""
        error = self._error.ravel()
        return float(error.dot(error)) / (self._cells * self._gains[-1] ** 2)

    def network(self) -> Network:
        """Hand out the parameters as an immutable network, in plain units."""
        return Network(
            tuple(
                Layer(
                    weights=weights[:, : layer.inputs].T / scale,
                    bias=None if layer.bias is None else weights[:, -1] / scale,
                    activation=layer.activation,
                )
                for layer, weights, scale in zip(
                    self._layers, self._weights, self._scales, strict=True
                )
            )
        )

    def _by_layer(self, flat: Array) -> list[Array]:
        """Cut a flat array into views, one a layer: (neurons, inputs and perhaps a bias)."""
        sizes = [layer.parameters for layer in self._layers]
        parts = np.split(flat, np.cumsum(sizes)[:-1])
        return [
            part.reshape(layer.neurons, -1) for part, layer in zip(parts, self._layers, strict=True)
        ]

    def _record(self, inputs: Array, actual: Array) -> list[Call]:
        """List the calls of a pass, every one into buffers that are made here."""
        rows = len(inputs)
        layers, gains = self._layers, self._gains
        with_one = [layer.bias is not None for layer in layers]
        heights = [
            layer.neurons + one for layer, one in zip(layers, [*with_one[1:], False], strict=True)
        ]
        activations = np.ones((sum(heights), rows))
        slopes = np.empty_like(activations)
        one = np.array(1.0)

        # What each layer takes, and its tanh (or other activation) and slope.
        taken = np.ones((layers[0].inputs + with_one[0], rows))
        taken[: layers[0].inputs] = inputs.T
        forward: list[Call] = []
        takes, bends, slopes_of = [], [], []
        top = 0
        for number, layer in enumerate(layers):
            height, gain = heights[number], gains[number]
            bend = activations[top : top + layer.neurons]
            slope = slopes[top : top + layer.neurons]
            forward.append(partial(self._weights[number].dot, taken, bend))
            forward.append(
                partial(np.maximum, bend, np.array(0.0), out=bend)
                if layer.activation == "relu"
                else partial(np.tanh, bend, bend)
            )
            takes.append(taken)
            bends.append(bend)
            slopes_of.append(slope)
            taken = activations[top : top + height]
            if gain != 1.0 and number < len(layers) - 1:
                taken = np.full((height, rows), gain)
                forward.append(partial(np.add, bend, one, taken[: layer.neurons]))
            top += height

        # Twice the output is 1 + tanh, so the goal is held as twice the actual value less 1.
        goal = np.ascontiguousarray(actual.T * gains[-1] - (gains[-1] - 1.0))
        self._error = np.empty_like(goal)
        backward: list[Call] = [
            partial(np.subtract, goal, bends[-1], self._error),
            partial(np.multiply, activations, activations, slopes),
            partial(np.subtract, one, slopes, slopes),
        ]
        backward += [
            partial(np.sign, bend, slope)
            for layer, bend, slope in zip(layers, bends, slopes_of, strict=True)
            if layer.activation == "relu"
        ]
        error = self._error
        descents = self._by_layer(self.descent)
        for number in reversed(range(len(layers))):
            delta = np.empty_like(error)
            backward.append(partial(np.multiply, error, slopes_of[number], delta))
            backward.append(partial(delta.dot, takes[number].T, descents[number]))
            if number:
                error = np.empty_like(bends[number - 1])
                inner = self._weights[number][:, : layers[number].inputs]
                backward.append(partial(inner.T.dot, delta, error))
        return forward + backward
