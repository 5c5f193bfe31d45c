"""Levenberg-Marquardt: least squares by damped Gauss-Newton steps on all rows.

Each step solves (JᵀJ + λ D) step = Jᵀ (actual - output), J the derivatives of every output by
every parameter. D is the diagonal of JᵀJ, so that the damping scales with the parameters
(Marquardt 1963), and a little more, which holds back those that hardly matter yet (Levenberg
1944): without it 30 of the document's first 200 starts never arrive, with it all do. λ falls
tenfold after a step that lowers the loss, and rises tenfold until one does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.core.parallel import SHARDS, map_shards, round_robin
from scorenet_cli.errors import ModelError, OptionError

MAX_BYTES = 2**30
# Cells of a block of the Jacobian: rows and targets times parameters.
BLOCK_CELLS = 131_072
MAX_FOR_LANES = 1000  # parameters; 8 MB a matrix

START_DAMPING = 0.1
MIN_DAMPING = 1e-15
# What is added to D, for each row and target.
MIN_SCALE = 0.03
# A step smaller than this part of the largest parameter is rounding.
MIN_STEP = 4e-16
# Steps that gain less than this part of the loss are not worth taking; so many in a row end it.
MIN_GAIN = 1e-8
MAX_IDLE_STEPS = 5
# A mean square at which every error is less than an output's last bit.
ROUNDING = float(np.finfo(np.float64).eps) ** 2


def check_size(network: Network) -> None:
    """Raise OptionError where the parameters² matrix would not fit in 1 GiB."""
    size = network.parameters**2 * 8
    if size > MAX_BYTES:
        raise OptionError(
            f"`optimizer=lm` needs a matrix of {network.parameters:,} x {network.parameters:,} "
            f"numbers, {size / 2**30:,.1f} GiB, and takes 1 GiB at most. Use a smaller `hidden`, "
            "or `optimizer=adam`."
        )


@dataclass
class LevenbergMarquardt:
    """Where the search stands: parameters (flat), loss and damping λ."""

    shape: Network
    parameters: Array
    mean_square: float
    damping: float = START_DAMPING
    idle_steps: int = 0

    def losses(self) -> Array:
        """Mean squared error, (1,)."""
        return np.array([self.mean_square])

    def networks(self) -> list[Network]:
        """Return the network as it is now, in a list of one."""
        return [to_network(self.shape, self.parameters)]

    def memory(self) -> dict[str, Any]:
        """Return what a resumed run must know."""
        return {"damping": self.damping, "idle_steps": self.idle_steps}


def levenberg_marquardt(
    network: Network, inputs: Array, actual: Array, memory: dict[str, Any] | None = None
) -> Iterator[LevenbergMarquardt]:
    """Yield the start, and then every step that lowers the loss; end when none does.

    inputs (rows, inputs) and actual (rows, outputs), scaled. memory is that of the run that is
    resumed.
    """
    check_size(network)
    problem = LeastSquares(network, inputs, actual)
    at = LevenbergMarquardt(network, to_flat(network), mean_square=np.inf)
    if memory is not None:
        _recall(at, memory)
    square = problem.square(at.parameters)
    at.mean_square = square / actual.size
    yield at
    while at.idle_steps < MAX_IDLE_STEPS and at.mean_square > ROUNDING:
        equations = problem.equations(at.parameters)
        scale = equations.matrix.diagonal() + MIN_SCALE * actual.size
        damping = at.damping
        while True:
            step = _step(equations, damping * scale)
            if np.abs(step).max() <= MIN_STEP * np.abs(at.parameters).max():
                return  # no step lowers the loss
            trial = at.parameters + step
            trial_square = problem.square(trial)
            if trial_square < square:
                break
            damping *= 10.0
            if not np.isfinite(damping):  # the equations themselves are beyond numbers
                return
        at.idle_steps = at.idle_steps + 1 if square - trial_square < MIN_GAIN * square else 0
        at.parameters, square = trial, trial_square
        at.damping = max(damping / 10.0, MIN_DAMPING)
        at.mean_square = square / actual.size
        yield at


def to_flat(network: Network) -> Array:
    """Put all parameters in a row: layer by layer, weights by input, then the bias."""
    parts = []
    for layer in network.layers:
        parts.append(layer.weights.ravel())
        if layer.bias is not None:
            parts.append(layer.bias)
    return np.concatenate(parts)


def to_network(shape: Network, parameters: Array) -> Network:
    """Build the network of that shape from its flat parameters."""
    return Network(
        tuple(
            Layer(view[: layer.inputs], None if layer.bias is None else view[-1], layer.activation)
            for layer, view in zip(shape.layers, _views(shape, parameters), strict=True)
        )
    )


def _views(shape: Network, parameters: Array) -> list[Array]:
    """Cut flat parameters into views, one a layer: (inputs and perhaps the bias, neurons)."""
    views, start = [], 0
    for layer in shape.layers:
        end = start + layer.parameters
        views.append(parameters[start:end].reshape(-1, layer.neurons))
        start = end
    return views


def _recall(at: LevenbergMarquardt, memory: dict[str, Any]) -> None:
    """Take up a resumed run's state; ModelError where it does not fit the network."""
    try:
        at.damping = float(memory["damping"])
        at.idle_steps = int(memory["idle_steps"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelError("the model's training state is not one of lm. Remove it.") from error
    if not (at.damping > 0 and np.isfinite(at.damping)):
        raise ModelError("the model's training state has no damping above 0. Remove it.")


def _step(equations: Equations, damping: Array) -> Array:
    """Solve the equations with damping (parameters,) on the diagonal.

    A step of nan, which no loss bears, where that takes more damping.
    """
    matrix = equations.matrix.copy()
    matrix.flat[:: len(matrix) + 1] += damping
    try:
        return np.asarray(np.linalg.solve(matrix, equations.vector), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full_like(equations.vector, np.nan)


class Equations(NamedTuple):
    """JᵀJ (parameters, parameters) and Jᵀ (actual - output) (parameters,)."""

    matrix: Array
    vector: Array


class LeastSquares:
    """The rows, cut into blocks, and what is asked of them at some flat parameters."""

    def __init__(self, network: Network, inputs: Array, actual: Array) -> None:
        self._network = network
        rows = max(BLOCK_CELLS // (network.parameters * actual.shape[1]), 1)
        blocks = [
            (inputs[start : start + rows], actual[start : start + rows])
            for start in range(0, len(inputs), rows)
        ]
        # Every lane holds a matrix: where matrices are large, one lane must do.
        self._lanes = round_robin(blocks, SHARDS if network.parameters <= MAX_FOR_LANES else 1)
        # A block's outputs are kept from the trial of a step to the next step's equations.
        self._keeps = len(blocks) == 1
        self._kept: list[Array] = []

    def square(self, parameters: Array) -> float:
        """Sum of squared errors; infinite where it is not a number."""
        views = _views(self._network, parameters)

        def lane_square(blocks: Sequence[tuple[Array, Array]]) -> float:
            total = 0.0
            for inputs, actual in blocks:
                outputs = self._forward(views, inputs)
                error = (actual - outputs[-1]).ravel()
                total += float(error.dot(error))
                if self._keeps:
                    self._kept = outputs
            return total

        total = sum(map_shards(lane_square, self._lanes))
        return np.inf if np.isnan(total) else total

    def equations(self, parameters: Array) -> Equations:
        """Gather JᵀJ and Jᵀ error block by block, at the parameters last given to square."""
        views = _views(self._network, parameters)

        def lane_equations(blocks: Sequence[tuple[Array, Array]]) -> Equations:
            matrix: Array | float = 0.0
            vector: Array | float = 0.0
            for inputs, actual in blocks:
                outputs = self._kept if self._keeps else self._forward(views, inputs)
                jacobian = self._jacobian(views, inputs, outputs)
                matrix = matrix + jacobian.T @ jacobian
                vector = vector + jacobian.T @ (actual - outputs[-1]).ravel()
            return Equations(np.asarray(matrix), np.asarray(vector))

        first, *rest = map_shards(lane_equations, self._lanes)
        for other in rest:
            first = Equations(first.matrix + other.matrix, first.vector + other.vector)
        return first

    def _forward(self, views: list[Array], inputs: Array) -> list[Array]:
        """Each layer's outputs (rows, neurons), by BLAS."""
        outputs = [inputs]
        for layer, view in zip(self._network.layers, views, strict=True):
            sums = outputs[-1] @ view[: layer.inputs]
            if layer.bias is not None:
                sums += view[-1]
            outputs.append(ACTIVATIONS[layer.activation].function(sums))
        return outputs[1:]

    def _jacobian(self, views: list[Array], inputs: Array, outputs: list[Array]) -> Array:
        """Take the derivatives of every output by every parameter: (rows · targets, parameters).

        Backpropagation of 1 from each target: delta (rows, targets, neurons) holds
        d target / d sum, and times a layer's input it is d target / d weight.
        """
        layers = self._network.layers
        rows, targets = outputs[-1].shape
        blocks: list[Array] = []
        share: Array = np.broadcast_to(np.eye(targets), (rows, targets, targets))
        for number in reversed(range(len(layers))):
            layer = layers[number]
            slope = ACTIVATIONS[layer.activation].slope_at_output(outputs[number])
            delta = share * slope[:, np.newaxis, :]
            if layer.bias is not None:
                blocks.append(delta)
            taken = outputs[number - 1] if number else inputs
            by_weight = taken[:, np.newaxis, :, np.newaxis] * delta[:, :, np.newaxis, :]
            blocks.append(by_weight.reshape(rows, targets, -1))
            if number:
                share = delta @ views[number][: layer.inputs].T
        return np.concatenate(blocks[::-1], axis=2).reshape(rows * targets, -1)
