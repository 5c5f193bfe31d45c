"""An epoch's forward and backward pass over all rows, laid out for speed.

The plain formulas are network.forward and network.backward; this is the same mathematics
(tests hold the two together), arranged so that an epoch is a list of NumPy calls into buffers
made once:

- ScaledData run across: arrays are (neurons, rows), and a bias is one more input that is constant.
- With few cells the number of calls counts. The logistic is taken as (1 + tanh(z / 2)) / 2: a
  sigmoid layer hands on u = 1 + tanh(z / 2), twice its output, and all slopes are 1 - tanh², one
  call for all layers.
- With many cells the work counts, and exp costs half of tanh where a processor has no vector
  instructions for either. The logistic is 1 / (1 + e^a), with a = -z.
- The halves, doubles and signs are folded into the weights once. They are powers of two, so
  weights come back from here to the bit.
- Many rows are taken in blocks that stay in a core's cache. Blocks are dealt to a fixed number
  of lanes, whose sums are added in order: however many cores share the lanes, the result is the
  same bits.
- Several networks of one shape can pass side by side: arrays then are (networks, neurons, rows).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.core.parallel import map_shards, round_robin

Call = Callable[[], object]

# Cells (rows times neurons times networks) of a block: its buffers stay in a core's cache.
BLOCK_CELLS = 32_768
MIN_ROWS = 256
# From so many cells on, exp is worth its two calls more than tanh takes.
MANY_CELLS = 256


@dataclass(frozen=True, eq=False)
class Units:
    """The inner units of a stack of networks of one shape: flat arrays, layer after layer.

    A layer's inner weights are (neurons, inputs and perhaps a constant), `scale` times the
    plain ones; its inner output is `gain` times the plain one. Both are plus or minus powers of
    two. by_exp chooses the form of the logistic.
    """

    networks: tuple[Network, ...]
    by_exp: bool

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of the first network: the others are shaped like them."""
        return self.networks[0].layers

    @property
    def stack(self) -> tuple[int, ...]:
        """Leading axes of every array: none for one network."""
        return () if len(self.networks) == 1 else (len(self.networks),)

    @cached_property
    def gains(self) -> tuple[float, ...]:
        """What each layer hands on, in units of its output."""
        doubled = "none" if self.by_exp else "sigmoid"
        return tuple(2.0 if layer.activation == doubled else 1.0 for layer in self.layers)

    @cached_property
    def scales(self) -> tuple[float, ...]:
        """What each layer's plain weights are multiplied with."""
        signs = [-1.0 if self.is_by_exp(layer) else 1.0 for layer in self.layers]
        before = (1.0, *self.gains[:-1])
        return tuple(
            sign / (gain * last) for sign, gain, last in zip(signs, self.gains, before, strict=True)
        )

    def is_by_exp(self, layer: Layer) -> bool:
        """Tell whether the layer's activation is the logistic of the negative sum."""
        return self.by_exp and layer.activation == "sigmoid"

    def empty(self) -> Array:
        """Return a flat array for all parameters."""
        return np.empty(len(self.networks) * self.networks[0].parameters)

    def by_layer(self, flat: Array) -> list[Array]:
        """Cut a flat array into views, one a layer: (..., neurons, inputs and constant)."""
        sizes = [len(self.networks) * layer.parameters for layer in self.layers]
        parts = np.split(flat, np.cumsum(sizes)[:-1])
        return [
            part.reshape(*self.stack, layer.neurons, -1)
            for part, layer in zip(parts, self.layers, strict=True)
        ]

    def start(self) -> Array:
        """Return the networks' own parameters in inner units."""
        flat = self.empty()
        for position, view in enumerate(self.by_layer(flat)):
            for network, weights in zip(self.networks, self._each(view), strict=True):
                layer = network.layers[position]
                weights[:, : layer.inputs] = layer.weights.T * self.scales[position]
                if layer.bias is not None:
                    weights[:, -1] = layer.bias * self.scales[position]
        return flat

    def to_networks(self, flat: Array) -> list[Network]:
        """Hand out inner parameters as immutable networks in plain units."""
        views = [
            self._each(view / scale)
            for view, scale in zip(self.by_layer(flat), self.scales, strict=True)
        ]
        return [
            Network(
                tuple(
                    Layer(
                        weights=view[number][:, : layer.inputs].T,
                        bias=None if layer.bias is None else view[number][:, -1],
                        activation=layer.activation,
                    )
                    for layer, view in zip(self.layers, views, strict=True)
                )
            )
            for number in range(len(self.networks))
        ]

    def spread(self, per_layer: Sequence[float]) -> Array:
        """Return a flat array that holds a number for each layer."""
        flat = self.empty()
        for view, value in zip(self.by_layer(flat), per_layer, strict=True):
            view[:] = value
        return flat

    def _each(self, view: Array) -> Array:
        """Give a view its leading axis where there is one network."""
        return view if self.stack else view[np.newaxis]


class InPlaceGradient:
    """Gradients of networks of one shape on one set of rows, again and again in place.

    inputs (rows, inputs) and actual (rows, outputs) are copied. `parameters` and `descent`
    are flat and in inner units; `descent` points downhill, and times `descent_scale` it is the
    inner form of -dE/dW for E = ½ Σ (actual - output)². Change `parameters` in place, and run
    `calls` for the next pass.
    """

    units: Units
    parameters: Array

    def __init__(
        self,
        networks: Sequence[Network],
        inputs: Array,
        actual: Array,
        *,
        like: InPlaceGradient | None = None,
    ) -> None:
        """Start from the networks, or share units and parameters with another pass."""
        neurons = max(layer.neurons for layer in networks[0].layers) * len(networks)
        by_exp = len(inputs) * neurons >= MANY_CELLS
        self.units = units = like.units if like else Units(tuple(networks), by_exp=by_exp)
        self.parameters = like.parameters if like else units.start()
        # dE/dW is dE/dV · scale and W = V / scale; the error itself is held times its gain.
        last_gain = units.gains[-1]
        self.descent_scale = units.spread([(scale / last_gain) ** 2 for scale in units.scales])
        self._cells = actual.size * last_gain**2
        rows = max(BLOCK_CELLS // neurons, MIN_ROWS)
        parts = [slice(start, start + rows) for start in range(0, len(inputs), rows)]
        self._lanes = [
            _Lane(units, self.parameters, [(part, inputs[part], actual[part]) for part in lane])
            for lane in round_robin(parts)
        ]
        self.calls: list[Call] = [self._run]
        self.descent, self._squares = units.empty(), self._sum_squares
        if len(parts) == 1:  # nothing to add up
            (block,) = self._lanes[0].blocks
            self.descent, self.calls, self._squares = block.descent, block.calls, block.squares

    def load(self, inputs: Array, actual: Array) -> None:
        """Take in other rows, as many as before."""
        for lane in self._lanes:
            for block in lane.blocks:
                block.load(inputs[block.part], actual[block.part])

    def losses(self) -> Array:
        """Mean squared error of each network, with the parameters that the last pass took."""
        return self._squares() / self._cells

    def networks(self) -> list[Network]:
        """Return the networks as they are now."""
        return self.units.to_networks(self.parameters)

    def _run(self) -> None:
        """Run the lanes, and add them up in their own order."""
        map_shards(_Lane.run, self._lanes)
        self.descent[:] = 0.0
        for lane in self._lanes:
            self.descent += lane.descent

    def _sum_squares(self) -> Array:
        """Sum of squared errors of each network over all lanes."""
        total: Array = np.sum([lane.squares for lane in self._lanes], axis=0)
        return total


class _Lane:
    """Blocks of rows that are taken one after the other, through the same buffers."""

    def __init__(
        self, units: Units, parameters: Array, parts: list[tuple[slice, Array, Array]]
    ) -> None:
        weights = units.by_layer(parameters)
        buffers: dict[int, _Buffers] = {}  # all blocks but perhaps the last have equally many rows
        self.blocks = []
        for part, inputs, actual in parts:
            rows = len(inputs)
            if rows not in buffers:
                buffers[rows] = _Buffers(units, rows)
            self.blocks.append(_Block(units, weights, buffers[rows], part, rows))
            self.blocks[-1].load(inputs, actual)
        self.descent = units.empty()
        self.squares = np.zeros(len(units.networks))

    def run(self) -> None:
        """Add up the descent and the squared errors of the blocks."""
        self.descent[:] = 0.0
        self.squares[:] = 0.0
        for block in self.blocks:
            for call in block.calls:
                call()
            self.descent += block.descent
            self.squares += block.squares()


class _Buffers:
    """What a block of so many rows is worked in."""

    def __init__(self, units: Units, rows: int) -> None:
        layers, stack = units.layers, units.stack
        shapes = [(*stack, layer.neurons, rows) for layer in layers]
        ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])

        def by_layer(flat: Array) -> list[Array]:
            parts = zip(np.split(flat, ends[:-1]), shapes, strict=True)
            return [part.reshape(shape) for part, shape in parts]

        self.bends, self.slopes = np.empty(ends[-1]), np.empty(ends[-1])
        self.bend, self.slope = by_layer(self.bends), by_layer(self.slopes)
        self.error = np.empty(shapes[-1])
        self.delta, self.share = by_layer(np.empty(ends[-1])), by_layer(np.empty(ends[-1]))
        self.descent = units.empty()
        # What the next layer takes: gain · output, and the constant that its bias multiplies.
        self.handed_on = [
            np.full((*stack, layer.neurons + (after.bias is not None), rows), gain)
            for layer, after, gain in zip(layers[:-1], layers[1:], units.gains[:-1], strict=True)
        ]


class _Block:
    """The calls that take some rows forward and backward, ending in `descent`."""

    def __init__(
        self,
        units: Units,
        weights: list[Array],
        buffers: _Buffers,
        part: slice,
        rows: int,
    ) -> None:
        self.part = part
        self.descent = buffers.descent
        self._error = buffers.error
        self._networks = len(units.networks)
        first = units.layers[0]
        taken = np.ones((first.inputs + (first.bias is not None), rows))
        self._inputs = taken[: first.inputs]
        self._goal = np.empty((units.layers[-1].neurons, rows))
        self._gain = units.gains[-1]
        takes = [taken, *buffers.handed_on]
        self.calls: list[Call] = [
            *_forward(units, weights, buffers, takes),
            partial(np.subtract, self._goal, buffers.bend[-1], buffers.error),
            *_slopes(units, buffers),
            *_backward(units, weights, buffers, takes),
        ]

    def load(self, inputs: Array, actual: Array) -> None:
        """Take in rows: inputs (rows, inputs) and actual (rows, outputs)."""
        self._inputs[:] = inputs.T
        # Twice the output is 1 + tanh, so the goal is held as twice the actual value less 1.
        self._goal[:] = actual.T * self._gain - (self._gain - 1.0)

    def squares(self) -> Array:
        """Sum of squared errors of each network, (networks,)."""
        error = self._error.reshape(self._networks, -1)
        squares: Array = np.einsum("nc,nc->n", error, error)
        return squares


def _forward(
    units: Units, weights: list[Array], buffers: _Buffers, takes: list[Array]
) -> list[Call]:
    """List the calls for sums and activations, layer by layer."""
    calls: list[Call] = []
    for number, layer in enumerate(units.layers):
        bend = buffers.bend[number]
        calls.append(_product(weights[number], takes[number], bend))
        if layer.activation == "relu":
            calls.append(partial(np.maximum, bend, _ZERO, out=bend))
        elif units.is_by_exp(layer):
            calls.append(partial(np.exp, bend, bend))
            calls.append(partial(np.add, bend, _ONE, bend))
            calls.append(partial(np.divide, _ONE, bend, bend))
        else:
            calls.append(partial(np.tanh, bend, bend))
        if number < len(units.layers) - 1:
            handed_on = takes[number + 1][..., : layer.neurons, :]
            offset = _ONE if units.gains[number] == 2.0 else _ZERO  # noqa: PLR2004 - 1 + tanh
            calls.append(partial(np.add, bend, offset, handed_on))
    return calls


def _slopes(units: Units, buffers: _Buffers) -> list[Call]:
    """List the calls for all slopes at once, 1 - tanh², and over them those of other kinds.

    By a = -z the logistic h has the slope h² - h.
    """
    calls: list[Call] = [partial(np.multiply, buffers.bends, buffers.bends, buffers.slopes)]
    if not all(units.is_by_exp(layer) for layer in units.layers):
        calls.append(partial(np.subtract, _ONE, buffers.slopes, buffers.slopes))
    for number, layer in enumerate(units.layers):
        bend, slope = buffers.bend[number], buffers.slope[number]
        if layer.activation == "relu":
            calls.append(partial(np.sign, bend, slope))
        elif units.is_by_exp(layer):
            calls.append(partial(np.multiply, bend, bend, slope))
            calls.append(partial(np.subtract, slope, bend, slope))
    return calls


def _backward(
    units: Units, weights: list[Array], buffers: _Buffers, takes: list[Array]
) -> list[Call]:
    """List the calls for deltas from the last layer to the first, and each layer's descent."""
    calls: list[Call] = []
    error = buffers.error
    descents = units.by_layer(buffers.descent)
    for number in reversed(range(len(units.layers))):
        delta = buffers.delta[number]
        calls.append(partial(np.multiply, error, buffers.slope[number], delta))
        calls.append(_product(delta, takes[number].swapaxes(-1, -2), descents[number]))
        if number:
            error = buffers.share[number - 1]
            inner = weights[number][..., : units.layers[number].inputs]
            calls.append(_product(inner.swapaxes(-1, -2), delta, error))
    return calls


_ZERO, _ONE = np.array(0.0), np.array(1.0)  # quicker in a call than Python's own numbers


def _product(left: Array, right: Array, out: Array) -> Call:
    """Return the call for out = left @ right, matrices or stacks of them."""
    if right.ndim == 2 and out.flags.c_contiguous and left.flags.c_contiguous:  # noqa: PLR2004
        # A stack times one matrix is one tall matrix times it; dot has less to ask than matmul.
        tall = left.reshape(-1, left.shape[-1])
        return partial(tall.dot, right, out.reshape(-1, out.shape[-1]))
    if left.ndim == right.ndim == 2:  # noqa: PLR2004 - matrices
        return partial(left.dot, right, out)
    return partial(np.matmul, left, right, out)
