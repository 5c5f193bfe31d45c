"""An epoch's forward and backward pass over all rows, optimized for speed.

The plain formulas are network.forward and network.backward; this is the same mathematics (tests
compare the two), arranged so that an epoch is a list of NumPy calls into buffers allocated once:

- Data is transposed: arrays are (neurons, rows), and a bias is the weight of one more input that
  is constant.
- Scale factors and signs that save calls (activations.InPlace) are multiplied into the weights
  once. They are powers of two, so that unpacking the weights is exact.
- For small arrays the number of calls dominates the time: slopes of neighbouring layers with the
  same formula share one call. For large arrays the arithmetic dominates: an activation may have
  another form for them.
- Many rows are processed in blocks that fit in a core's cache. Blocks are distributed over a fixed
  number of shards, whose sums are added in order; the result is independent of the number of cores.
- Several networks of one shape can be processed at once: arrays then are (networks, neurons, rows).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise
from typing import Protocol

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.activations import ACTIVATIONS, Call, InPlace
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.core.parallel import interruptible, map_shards, round_robin
from scorenet_cli.errors import OptionError

# Cells (rows x neurons x networks) per block, so that its buffers fit in a core's cache.
BLOCK_CELLS = 32_768
MIN_ROWS = 256
# From this number of cells, activations use in_place_large.
MANY_CELLS = 256


class Rows(Protocol):
    """Rows that are copied in parts: an array, or an object that computes them on demand."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def __getitem__(self, part: slice, /) -> Array:
        """Return some of the rows."""


def in_place_forms(network: Network, *, many_cells: bool = False) -> tuple[InPlace, ...]:
    """Return each layer's activation as calls on buffers; raises OptionError if it has none."""
    forms = []
    for layer in network.layers:
        activation = ACTIVATIONS[layer.activation]
        form = (many_cells and activation.in_place_large) or activation.in_place
        if form is None:
            raise OptionError(
                f"`activation={layer.activation}` has no in-place implementation, "
                "which gd and adam need. Use `optimizer=lm`."
            )
        forms.append(form)
    return tuple(forms)


def check_in_place(network: Network, *_: object, **__: object) -> None:
    """Raise OptionError if an activation has no in-place form."""
    in_place_forms(network)


@dataclass(frozen=True, eq=False)
class ScaledParameters:
    """The parameters of one or several networks of one shape, as one mutable flat array.

    values holds layer after layer (networks, neurons, inputs and perhaps a constant), each layer
    multiplied by its weight_scale. networks are those that were packed.
    """

    networks: tuple[Network, ...]
    forms: tuple[InPlace, ...]
    values: Array

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers of the first network; the others have the same shapes."""
        return self.networks[0].layers

    @property
    def stack(self) -> tuple[int, ...]:
        """Leading axes of every array: none for one network."""
        return () if len(self.networks) == 1 else (len(self.networks),)

    @property
    def width(self) -> int:
        """Cells of a row in the widest layer."""
        return max(layer.neurons for layer in self.layers) * len(self.networks)

    @property
    def row_width(self) -> int:
        """Number of cells per row of data: inputs, perhaps a constant, and targets."""
        first = self.layers[0]
        return first.inputs + (first.bias is not None) + self.layers[-1].neurons

    @property
    def output_scale(self) -> float:
        """The factor of the last layer's output, and so of the error."""
        return self.forms[-1].output_scale

    @property
    def weight_scale(self) -> tuple[float, ...]:
        """The factor of each layer's weights."""
        scales = [form.output_scale for form in self.forms]
        return tuple(
            form.weight_sign / (scale * before)
            for form, scale, before in zip(self.forms, scales, (1.0, *scales[:-1]), strict=True)
        )

    def by_layer(self, flat: Array) -> list[Array]:
        """Cut a flat array into views, one per layer: (..., neurons, inputs and constant)."""
        sizes = [len(self.networks) * layer.parameters for layer in self.layers]
        parts = np.split(flat, np.cumsum(sizes)[:-1])
        return [
            part.reshape(*self.stack, layer.neurons, -1)
            for part, layer in zip(parts, self.layers, strict=True)
        ]

    def per_layer(self, numbers: Sequence[float]) -> Array:
        """Return a flat array with one number per layer."""
        flat = np.empty_like(self.values)
        for view, value in zip(self.by_layer(flat), numbers, strict=True):
            view[:] = value
        return flat

    def weights_only(self, number: float) -> Array:
        """Return a flat array with the number at each weight, and 0 at each bias."""
        flat = np.zeros_like(self.values)
        for view, layer in zip(self.by_layer(flat), self.layers, strict=True):
            view[..., : layer.inputs] = number
        return flat

    def unpack(self, values: Array | None = None) -> list[Network]:
        """Return networks with unscaled weights, from values or from an earlier copy of them."""
        flat = self.values if values is None else values
        views = [
            (view / scale).reshape(len(self.networks), *view.shape[-2:])
            for view, scale in zip(self.by_layer(flat), self.weight_scale, strict=True)
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


def pack(networks: Sequence[Network], rows: int) -> ScaledParameters:
    """Copy the parameters of networks of one shape, scaled for passes over this number of rows."""
    cells = rows * max(layer.neurons for layer in networks[0].layers) * len(networks)
    parameters = ScaledParameters(
        tuple(networks),
        in_place_forms(networks[0], many_cells=cells >= MANY_CELLS),
        np.empty(len(networks) * networks[0].parameters),
    )
    views, scales = parameters.by_layer(parameters.values), parameters.weight_scale
    for position, (view, scale) in enumerate(zip(views, scales, strict=True)):
        stacked = view.reshape(len(networks), *view.shape[-2:])
        for network, weights in zip(networks, stacked, strict=True):
            layer = network.layers[position]
            weights[:, : layer.inputs] = layer.weights.T * scale
            if layer.bias is not None:
                weights[:, -1] = layer.bias * scale
    return parameters


class InPlaceLoss:
    """Repeated forward passes on one set of rows, each with the current parameters.

    inputs (rows, inputs) and actual (rows, outputs) are copied. A pass runs the functions in
    `calls`; time-critical loops call them directly.
    """

    def __init__(
        self,
        parameters: ScaledParameters,
        inputs: Rows,
        actual: Rows,
        *,
        backward: bool = False,
    ) -> None:
        self.parameters = parameters
        neurons = parameters.layers[-1].neurons
        self._cells = len(actual) * neurons * parameters.output_scale**2
        rows = max(BLOCK_CELLS // parameters.width, MIN_ROWS)
        ends = [*range(0, len(inputs), rows), len(inputs)]
        parts = [slice(*pair) for pair in pairwise(ends)]
        # One array: when it is freed, its memory goes back to the system.
        cells = np.empty((len(inputs), parameters.row_width))
        self._shards = [
            _Shard(parameters, shard, cells, backward=backward) for shard in round_robin(parts)
        ]
        self.load(inputs, actual)
        self._only_block = self._shards[0].blocks[0] if len(parts) == 1 else None

    @property
    def calls(self) -> list[Call]:
        """The calls of a pass; with one block no sum over shards is needed."""
        return [self._run_shards] if self._only_block is None else self._only_block.calls

    def load(self, inputs: Rows, actual: Rows) -> None:
        """Replace the rows by the same number of other rows."""
        for shard in self._shards:
            shard.load(inputs, actual)

    def run(self) -> None:
        """Run a pass."""
        for call in self.calls:
            call()

    def losses(self) -> Array:
        """Mean squared error of each network, with the parameters of the last pass."""
        squares = self._squares if self._only_block is None else self._only_block.squares()
        return squares / self._cells

    def next_losses(self) -> Array:
        """Run a pass, and return its losses."""
        self.run()
        return self.losses()

    def losses_on(self, inputs: Array, actual: Array) -> Callable[[], Array]:
        """Return a function for the mean squared error of each network on other rows.

        It uses the parameters at the time of the call.
        """
        return InPlaceLoss(self.parameters, inputs, actual).next_losses

    def _run_shards(self) -> None:
        """Run the shards, and add up their squared errors in the shards' order."""
        map_shards(_Shard.run, self._shards)
        self._squares = np.sum([shard.squares for shard in self._shards], axis=0)


class InPlaceGradient(InPlaceLoss):
    """Forward and backward passes on one set of rows.

    `negative_gradient` is flat and scaled like the parameters' values: times `step_scale` it is
    the scaled form of -dE/dW for E = ½ Σ (actual - output)². If a pass is interrupted between
    blocks, the parameters are reset to those of the last finished pass.
    """

    def __init__(self, parameters: ScaledParameters, inputs: Rows, actual: Rows) -> None:
        super().__init__(parameters, inputs, actual, backward=True)
        # V = scale · W and dE/dW = scale · dE/dV; the stored error is multiplied by output_scale.
        self.step_scale = parameters.per_layer(
            [(scale / parameters.output_scale) ** 2 for scale in parameters.weight_scale]
        )
        if self._only_block is not None:
            self.negative_gradient = self._only_block.negative_gradient
        else:
            self.negative_gradient = np.empty_like(parameters.values)
            self._finished = parameters.values.copy()

    def _run_shards(self) -> None:
        """Run the shards, and add up their gradients in the shards' order."""
        try:
            super()._run_shards()
        except BaseException:
            self.parameters.values[:] = self._finished
            raise
        self._finished[:] = self.parameters.values
        self.negative_gradient[:] = 0.0
        for shard in self._shards:
            self.negative_gradient += shard.negative_gradient


class MiniBatches:
    """Backward passes on `size` rows at a time; the last may have fewer.

    inputs (rows, inputs) and actual (rows, outputs) are not copied.
    """

    def __init__(
        self, parameters: ScaledParameters, inputs: Array, actual: Array, size: int
    ) -> None:
        self._inputs, self._actual, self._size = inputs, actual, size
        self._passes = {
            rows: InPlaceGradient(parameters, inputs[:rows], actual[:rows])
            for rows in {min(size, len(inputs)), len(inputs) % size} - {0}
        }
        self.step_scale = next(iter(self._passes.values())).step_scale

    def passes(self, order: np.typing.NDArray[np.intp]) -> Iterator[tuple[Array, int]]:
        """Yield each batch's negative gradient (see InPlaceGradient) and its number of rows.

        order holds row numbers; the parameters may change between two batches.
        """
        for start in interruptible(range(0, len(order), self._size)):
            rows = order[start : start + self._size]
            batch = self._passes[len(rows)]
            batch.load(self._inputs[rows], self._actual[rows])
            batch.run()
            yield batch.negative_gradient, len(rows)


class _Shard:
    """Blocks of rows that are processed in turn with the same buffers."""

    def __init__(
        self,
        parameters: ScaledParameters,
        parts: Sequence[slice],
        cells: Array,
        *,
        backward: bool,
    ) -> None:
        buffers: dict[int, _Buffers] = {}  # by rows; only the last block may have fewer
        self.blocks = []
        for part in parts:
            rows = part.stop - part.start
            if rows not in buffers:
                buffers[rows] = _Buffers(parameters, rows)
            own = cells[part].reshape(-1, rows)
            self.blocks.append(_Block(parameters, buffers[rows], part, own, backward=backward))
        self._backward = backward
        self.negative_gradient = np.empty_like(parameters.values)
        self.squares = np.zeros(len(parameters.networks))

    def load(self, inputs: Rows, actual: Rows) -> None:
        """Replace each block's rows."""
        for block in self.blocks:
            block.load(inputs[block.part], actual[block.part])

    def run(self) -> None:
        """Add up the gradients and the squared errors of the blocks."""
        self.negative_gradient[:] = 0.0
        self.squares[:] = 0.0
        for block in interruptible(self.blocks):
            for call in block.calls:
                call()
            if self._backward:
                self.negative_gradient += block.negative_gradient
            self.squares += block.squares()


class _Buffers:
    """Buffers for the computation of one block."""

    def __init__(self, parameters: ScaledParameters, rows: int) -> None:
        layers, stack = parameters.layers, parameters.stack
        shapes = [(*stack, layer.neurons, rows) for layer in layers]
        sizes = [int(np.prod(shape)) for shape in shapes]
        self.ends = [0, *np.cumsum(sizes).tolist()]

        def by_layer(flat: Array) -> list[Array]:
            ends = zip(pairwise(self.ends), shapes, strict=True)
            return [flat[start:end].reshape(shape) for (start, end), shape in ends]

        # Flat arrays and their views, so that neighbouring layers can share a call.
        self.all_results, self.all_slopes = np.empty(self.ends[-1]), np.empty(self.ends[-1])
        self.results, self.slopes = by_layer(self.all_results), by_layer(self.all_slopes)
        self.error = np.empty(shapes[-1])
        self.delta = by_layer(np.empty(self.ends[-1]))
        self.backpropagated_error = by_layer(np.empty(self.ends[-1]))
        self.negative_gradient = np.empty_like(parameters.values)
        # Outputs times output_scale, and the constant that the next layer's bias multiplies.
        self.layer_inputs = [
            np.full((*stack, after.inputs + (after.bias is not None), rows), form.output_scale)
            for after, form in zip(layers[1:], parameters.forms[:-1], strict=True)
        ]


class _Block:
    """The calls of a forward pass on some rows, and of a backward pass to `negative_gradient`."""

    def __init__(
        self,
        parameters: ScaledParameters,
        buffers: _Buffers,
        part: slice,
        cells: Array,
        *,
        backward: bool,
    ) -> None:
        self.part = part
        self.negative_gradient = buffers.negative_gradient
        error = buffers.error.reshape(len(parameters.networks), -1)
        self._squares = np.empty((len(error), 1, 1))
        self._add_squares = partial(
            np.matmul, error[:, np.newaxis], error[:, :, np.newaxis], self._squares
        )
        self._output = parameters.forms[-1]
        rows_and_constant, self._target = np.split(cells, [-parameters.layers[-1].neurons])
        self._inputs, constant = np.split(rows_and_constant, [parameters.layers[0].inputs])
        constant[:] = 1.0
        weights = parameters.by_layer(parameters.values)
        layer_inputs = [rows_and_constant, *buffers.layer_inputs]
        self.calls: list[Call] = [
            *_forward(parameters, weights, buffers, layer_inputs),
            partial(np.subtract, self._target, buffers.results[-1], buffers.error),
        ]
        if backward:
            self.calls += _slopes(parameters, buffers)
            self.calls += _backward(parameters, weights, buffers, layer_inputs)

    def load(self, inputs: Array, actual: Array) -> None:
        """Replace the rows by inputs (rows, inputs) and actual (rows, outputs)."""
        self._inputs[:] = inputs.T
        self._target[:] = actual.T * self._output.output_scale - self._output.offset

    def squares(self) -> Array:
        """Sum of squared errors of each network, (networks,)."""
        self._add_squares()
        return self._squares[:, 0, 0]


def _forward(
    parameters: ScaledParameters, weights: list[Array], buffers: _Buffers, layer_inputs: list[Array]
) -> list[Call]:
    """List the calls for pre-activations and activations, layer by layer."""
    calls: list[Call] = []
    for number, form in enumerate(parameters.forms):
        result = buffers.results[number]
        calls.append(_product(weights[number], layer_inputs[number], result))
        calls += form.forward(result)
        if number < len(parameters.forms) - 1:
            outputs = layer_inputs[number + 1][..., : parameters.layers[number].neurons, :]
            calls.append(partial(np.add, result, np.array(form.offset), outputs))
    return calls


def _slopes(parameters: ScaledParameters, buffers: _Buffers) -> list[Call]:
    """List the calls for all slopes, together for neighbouring layers with the same formula."""
    calls: list[Call] = []
    first = 0
    for slope, forms in groupby(parameters.forms, key=lambda form: form.slope):
        last = first + len(list(forms))
        part = slice(buffers.ends[first], buffers.ends[last])
        calls += slope(buffers.all_results[part], buffers.all_slopes[part])
        first = last
    return calls


def _backward(
    parameters: ScaledParameters, weights: list[Array], buffers: _Buffers, layer_inputs: list[Array]
) -> list[Call]:
    """List the calls for deltas from the last layer to the first, and each layer's gradient."""
    calls: list[Call] = []
    error = buffers.error
    gradients = parameters.by_layer(buffers.negative_gradient)
    for number in reversed(range(len(parameters.layers))):
        delta = buffers.delta[number]
        calls.append(partial(np.multiply, error, buffers.slopes[number], delta))
        calls.append(_product(delta, layer_inputs[number].swapaxes(-1, -2), gradients[number]))
        if number:
            error = buffers.backpropagated_error[number - 1]
            without_bias = weights[number][..., : parameters.layers[number].inputs]
            calls.append(_product(without_bias.swapaxes(-1, -2), delta, error))
    return calls


def _product(left: Array, right: Array, out: Array) -> Call:
    """Return the call for out = left @ right, matrices or stacks of them."""
    if right.ndim == 2 and out.flags.c_contiguous and left.flags.c_contiguous:  # noqa: PLR2004
        # A stack times a matrix is one tall matrix times it; dot has less overhead than matmul.
        tall = left.reshape(-1, left.shape[-1])
        return partial(tall.dot, right, out.reshape(-1, out.shape[-1]))
    if left.ndim == right.ndim == 2:  # noqa: PLR2004 - matrices
        return partial(left.dot, right, out)
    return partial(np.matmul, left, right, out)
