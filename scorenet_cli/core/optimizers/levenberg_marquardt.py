"""Levenberg-Marquardt: least squares by damped Gauss-Newton steps on all rows.

Each step solves (JᵀJ + λ D) step = Jᵀ (actual - output), J the derivatives of every output by
every parameter. D is the diagonal of JᵀJ, so that the damping scales with the parameters
(Marquardt 1963), plus a small constant for those that hardly matter yet (Levenberg
1944): without it 30 of the document's first 200 starts never converge, with it all do. λ falls
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
from scorenet_cli.core.parallel import SHARDS, interruptible, map_shards, round_robin
from scorenet_cli.errors import ModelError, OptionError

MAX_BYTES = 2**30
# Cells of a block of the Jacobian: rows and targets times parameters.
BLOCK_CELLS = 131_072
# Parameters up to which every shard has its own matrix: 8 MB each.
MAX_FOR_SHARDS = 1000

START_DAMPING = 0.1
MIN_DAMPING = 1e-15
# Added to D for each row and target.
MIN_SCALE = 0.03
# A step smaller than this fraction of the largest parameter is rounding.
MIN_STEP = 4e-16
# A step that lowers the loss by less than this fraction is idle; so many in a row end training.
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
            f"numbers, {size / 2**30:,.1f} GiB; the limit is 1 GiB. Use a smaller `hidden`, "
            "or `optimizer=adam`."
        )


@dataclass
class LevenbergMarquardt:
    """State of the search: parameters (flat), loss and damping λ; shape is the network's."""

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
        return [unpack(self.shape, self.parameters)]

    def state_dict(self) -> dict[str, Any]:
        """Return damping and idle steps."""
        return {"damping": self.damping, "idle_steps": self.idle_steps}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore what state_dict returned; ModelError where it is something else."""
        try:
            self.damping = float(state["damping"])
            self.idle_steps = int(state["idle_steps"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelError("the model's training state is not one of lm. Remove it.") from error
        if not (self.damping > 0 and np.isfinite(self.damping)):
            raise ModelError("the model's training state has no damping above 0. Remove it.")


def levenberg_marquardt(
    networks: Sequence[Network],
    inputs: Array,
    actual: Array,
    *,
    seed: int = 0,  # noqa: ARG001 - nothing is random
    state: dict[str, Any] | None = None,
) -> Iterator[LevenbergMarquardt]:
    """Yield the start, and then every step that lowers the loss; end when none does.

    inputs (rows, inputs) and actual (rows, outputs), scaled. networks holds one network; state
    is the state_dict of the run that is resumed.
    """
    (network,) = networks
    check_size(network)
    problem = LeastSquares(network, inputs, actual)
    current = LevenbergMarquardt(network, pack(network), mean_square=np.inf)
    if state is not None:
        current.load_state(state)
    trial = problem.evaluate(current.parameters)
    square = trial.square
    current.mean_square = square / actual.size
    yield current
    while current.idle_steps < MAX_IDLE_STEPS and current.mean_square > ROUNDING:
        equations = problem.equations(current.parameters, trial.outputs)
        scale = equations.matrix.diagonal() + MIN_SCALE * actual.size
        damping = current.damping
        while True:
            step = _step(equations, damping * scale)
            if np.abs(step).max() <= MIN_STEP * np.abs(current.parameters).max():
                return  # no step lowers the loss
            parameters = current.parameters + step
            trial = problem.evaluate(parameters)
            if trial.square < square:
                break
            damping *= 10.0
            if not np.isfinite(damping):  # the equations themselves have overflowed
                return
        is_idle = square - trial.square < MIN_GAIN * square
        current.idle_steps = current.idle_steps + 1 if is_idle else 0
        current.parameters, square = parameters, trial.square
        current.damping = max(damping / 10.0, MIN_DAMPING)
        current.mean_square = square / actual.size
        yield current


def pack(network: Network) -> Array:
    """Return all parameters, flat: layer by layer, weights by input, then the bias."""
    parts = []
    for layer in network.layers:
        parts.append(layer.weights.ravel())
        if layer.bias is not None:
            parts.append(layer.bias)
    return np.concatenate(parts)


def unpack(shape: Network, parameters: Array) -> Network:
    """Build the network of that shape from its flat parameters."""
    return Network(
        tuple(
            Layer(view[: layer.inputs], None if layer.bias is None else view[-1], layer.activation)
            for layer, view in zip(shape.layers, _by_layer(shape, parameters), strict=True)
        )
    )


def _by_layer(shape: Network, parameters: Array) -> list[Array]:
    """Cut flat parameters into views, one a layer: (inputs and perhaps the bias, neurons)."""
    views, start = [], 0
    for layer in shape.layers:
        end = start + layer.parameters
        views.append(parameters[start:end].reshape(-1, layer.neurons))
        start = end
    return views


def _step(equations: Equations, damping: Array) -> Array:
    """Solve the equations with damping (parameters,) on the diagonal.

    NaN where they are singular, so that the caller raises the damping.
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


class Evaluation(NamedTuple):
    """Sum of squared errors, infinite where it is not a number, and each layer's outputs.

    The outputs are None where the rows do not fit in one block.
    """

    square: float
    outputs: list[Array] | None


class LeastSquares:
    """The rows, cut into blocks, and what is computed from them at some flat parameters."""

    def __init__(self, network: Network, inputs: Array, actual: Array) -> None:
        self._network = network
        rows = max(BLOCK_CELLS // (network.parameters * actual.shape[1]), 1)
        self._blocks = [
            (inputs[start : start + rows], actual[start : start + rows])
            for start in range(0, len(inputs), rows)
        ]
        # Every shard holds a matrix: where matrices are large, one shard must do.
        count = SHARDS if network.parameters <= MAX_FOR_SHARDS else 1
        self._shards = round_robin(self._blocks, count)

    def evaluate(self, parameters: Array) -> Evaluation:
        """Run the rows forward, and compare with the actual outputs."""
        views = _by_layer(self._network, parameters)

        def block_evaluation(inputs: Array, actual: Array) -> Evaluation:
            outputs = self._forward(views, inputs)
            error = (actual - outputs[-1]).ravel()
            return Evaluation(float(error.dot(error)), outputs)

        def shard_square(blocks: Sequence[tuple[Array, Array]]) -> float:
            return sum((block_evaluation(*block).square for block in interruptible(blocks)), 0.0)

        if len(self._blocks) == 1:
            square, outputs = block_evaluation(*self._blocks[0])
        else:
            square, outputs = sum(map_shards(shard_square, self._shards)), None
        return Evaluation(np.inf if np.isnan(square) else square, outputs)

    def equations(self, parameters: Array, outputs: list[Array] | None = None) -> Equations:
        """Gather JᵀJ and Jᵀ error block by block; outputs as evaluate returns them, if known."""
        views = _by_layer(self._network, parameters)

        def shard_equations(blocks: Sequence[tuple[Array, Array]]) -> Equations:
            matrix: Array | float = 0.0
            vector: Array | float = 0.0
            for inputs, actual in interruptible(blocks):
                layers = outputs or self._forward(views, inputs)
                jacobian = self._jacobian(views, inputs, layers)
                matrix = matrix + jacobian.T @ jacobian
                vector = vector + jacobian.T @ (actual - layers[-1]).ravel()
            return Equations(np.asarray(matrix), np.asarray(vector))

        first, *others = map_shards(shard_equations, self._shards)
        for other in others:
            first = Equations(first.matrix + other.matrix, first.vector + other.vector)
        return first

    def _forward(self, views: list[Array], inputs: Array) -> list[Array]:
        """Each layer's outputs (rows, neurons), by BLAS."""
        outputs = [inputs]
        for layer, view in zip(self._network.layers, views, strict=True):
            pre_activations = outputs[-1] @ view[: layer.inputs]
            if layer.bias is not None:
                pre_activations += view[-1]
            outputs.append(ACTIVATIONS[layer.activation].function(pre_activations))
        return outputs[1:]

    def _jacobian(self, views: list[Array], inputs: Array, outputs: list[Array]) -> Array:
        """Take the derivatives of every output by every parameter: (rows · targets, parameters).

        Backpropagation of 1 from each target: delta (rows, targets, neurons) holds
        d target / d pre-activation, and times a layer's input it is d target / d weight.
        """
        layers = self._network.layers
        rows, targets = outputs[-1].shape
        parts: list[Array] = []
        error: Array = np.broadcast_to(np.eye(targets), (rows, targets, targets))
        for number in reversed(range(len(layers))):
            layer = layers[number]
            slope = ACTIVATIONS[layer.activation].slope_at_output(outputs[number])
            delta = error * slope[:, np.newaxis, :]
            if layer.bias is not None:
                parts.append(delta)
            layer_inputs = outputs[number - 1] if number else inputs
            by_weight = layer_inputs[:, np.newaxis, :, np.newaxis] * delta[:, :, np.newaxis, :]
            parts.append(by_weight.reshape(rows, targets, -1))
            if number:
                error = delta @ views[number][: layer.inputs].T
        return np.concatenate(parts[::-1], axis=2).reshape(rows * targets, -1)
