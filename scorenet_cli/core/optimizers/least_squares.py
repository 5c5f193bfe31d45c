"""The damped least-squares equations of a network, in the smaller of two equivalent forms.

J (rows · targets, parameters) holds the derivatives of every output by every parameter. A step
solves (JᵀJ + λ D) step = Jᵀ (actual - output), D = diagonal of JᵀJ + a constant.

- NormalEquations solve this system directly. An output weight affects one target only, so most of
  J is zero: JᵀJ consists of a matrix for the hidden parameters, a small one for each target, and
  the couplings. The targets' own parameters are eliminated first (Schur complement).
- DualEquations, for few rows, have one equation per row and target instead of one per parameter:
  step = D⁻¹ Jᵀ (J D⁻¹ Jᵀ + λ)⁻¹ (actual - output).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import NamedTuple

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.core.inplace import Rows
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.core.parallel import SHARDS, interruptible, map_shards, round_robin

# Cells per block of the Jacobian; minimum rows per block.
BLOCK_CELLS = 131_072
MIN_BLOCK_ROWS = 64
# Maximum cells of the inputs (32 MB) that are kept; larger ones are computed again in each pass.
MAX_KEPT_CELLS = 2**22
# Rows of the dual matrix between two interrupt checks.
DUAL_BLOCK_ROWS = 512
# Maximum cells of the equations (8 MB) for which every shard stores its own.
MAX_CELLS_FOR_SHARDS = 1_000_000
# Constant added to D, per row and target.
MIN_SCALE = 0.03


def pack(network: Network) -> Array:
    """Return all parameters as a flat array: layer by layer, weights by input, then the bias."""
    parts = []
    for layer in network.layers:
        parts.append(layer.weights.ravel())
        if layer.bias is not None:
            parts.append(layer.bias)
    return np.concatenate(parts)


def unpack(shape: Network, parameters: Array) -> Network:
    """Return the network with the layers of shape and these flat parameters."""
    return Network(
        tuple(
            Layer(view[: layer.inputs], None if layer.bias is None else view[-1], layer.activation)
            for layer, view in zip(shape.layers, _by_layer(shape, parameters), strict=True)
        )
    )


def _by_layer(shape: Network, parameters: Array) -> list[Array]:
    """Cut flat parameters into views, one per layer: (inputs and perhaps the bias, neurons)."""
    views, start = [], 0
    for layer in shape.layers:
        end = start + layer.parameters
        views.append(parameters[start:end].reshape(-1, layer.neurons))
        start = end
    return views


def equations_shape(network: Network, rows: int) -> tuple[int, int]:
    """Return the size of the largest matrix that a step needs: parameters x the smaller form."""
    hidden = network.parameters - network.layers[-1].parameters
    return network.parameters, min(hidden, rows * network.shape[-1])


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """JᵀJ and Jᵀ error, for h hidden parameters and k weights (and bias) of each output neuron.

    hidden is (h, h), coupling (targets, k, h), output (targets, k, k); the errors are (h,) and
    (targets, k). min_scale is the constant in D.
    """

    hidden: Array
    coupling: Array
    output: Array
    hidden_error: Array
    output_error: Array
    min_scale: float

    def __add__(self, other: NormalEquations) -> NormalEquations:
        """Add another part of the rows, in place."""
        for name in ("hidden", "coupling", "output", "hidden_error", "output_error"):
            total = getattr(self, name)
            total += getattr(other, name)
        return self

    def penalized(self, penalty: Array, parameters: Array) -> NormalEquations:
        """Add Σ penalty · parameter² (both flat) to the squared errors."""
        targets, size, hidden = self.coupling.shape
        pull = penalty * parameters
        own_matrix, output = self.hidden.copy(), self.output.copy()
        np.einsum("ii->i", own_matrix)[:] += penalty[:hidden]
        np.einsum("tii->ti", output)[:] += penalty[hidden:].reshape(size, targets).T
        return replace(
            self,
            hidden=own_matrix,
            output=output,
            hidden_error=self.hidden_error - pull[:hidden],
            output_error=self.output_error - pull[hidden:].reshape(size, targets).T,
        )

    def matrix(self) -> Array:
        """Return the whole JᵀJ (parameters, parameters), with the penalty if there is one."""
        targets, size, hidden = self.coupling.shape
        whole = np.zeros((hidden + targets * size,) * 2)
        whole[:hidden, :hidden] = self.hidden
        for target in range(targets):
            own = slice(hidden + target, None, targets)
            whole[own, own] = self.output[target]
            whole[own, :hidden] = self.coupling[target]
            whole[:hidden, own] = self.coupling[target].T
        return whole

    def step(self, damping: float) -> Array:
        """Solve for the flat step; NaN if the equations are singular."""
        targets, size, hidden = self.coupling.shape
        right = np.concatenate([self.coupling, self.output_error[..., np.newaxis]], axis=2)
        solved = _solve(_damped(self.output, damping, self.min_scale), right)
        eliminated = self.coupling.reshape(targets * size, hidden).T @ solved.reshape(
            -1, hidden + 1
        )
        matrix = _damped(self.hidden, damping, self.min_scale)
        matrix -= eliminated[:, :hidden]
        hidden_step = _solve(matrix, self.hidden_error - eliminated[:, hidden])
        output_step = solved[..., hidden] - solved[..., :hidden] @ hidden_step
        return np.concatenate([hidden_step, output_step.T.ravel()])


@dataclass(frozen=True, eq=False)
class DualEquations:
    """J D^-½ (n, parameters), its product with its own transpose (n, n), and the errors (n,).

    root is D^½ (parameters,); n is rows · targets. penalty and parameters are flat: Σ penalty ·
    parameter² is added to the squared errors.
    """

    jacobian: Array
    product: Array
    error: Array
    root: Array
    penalty: Array | None = None
    parameters: Array | None = None

    def penalized(self, penalty: Array, parameters: Array) -> DualEquations:
        """Add Σ penalty · parameter² (both flat) to the squared errors."""
        return replace(self, penalty=penalty, parameters=parameters)

    def matrix(self) -> Array:
        """Return JᵀJ (parameters, parameters), with the penalty if there is one."""
        jacobian = self.jacobian * self.root
        matrix: Array = jacobian.T @ jacobian
        if self.penalty is not None:
            matrix.flat[:: len(matrix) + 1] += self.penalty
        return matrix

    def step(self, damping: float) -> Array:
        """Solve for the flat step; NaN if the equations are singular."""
        if self.penalty is not None and self.parameters is not None:
            return self._penalized_step(damping, self.penalty, self.parameters)
        matrix = self.product.copy()
        matrix.flat[:: len(matrix) + 1] += damping
        return self.jacobian.T @ _solve(matrix, self.error) / self.root

    def _penalized_step(self, damping: float, penalty: Array, parameters: Array) -> Array:
        """With B = penalty + λ D: B⁻¹ Jᵀ (J B⁻¹ Jᵀ + 1)⁻¹ (error + J pull) - pull.

        pull = B⁻¹ penalty · parameters.
        """
        root = np.sqrt(penalty + damping * self.root**2)
        jacobian = self.jacobian * (self.root / root)
        pull = penalty * parameters / root
        matrix = jacobian @ jacobian.T
        matrix.flat[:: len(matrix) + 1] += 1.0
        return (jacobian.T @ _solve(matrix, self.error + jacobian @ pull) - pull) / root


def _damped(matrix: Array, damping: float, min_scale: float) -> Array:
    """Add λ D to the diagonal of matrices (..., n, n), D their own diagonal + min_scale."""
    damped = matrix.copy()
    diagonal = np.einsum("...ii->...i", damped)
    diagonal += damping * (diagonal + min_scale)
    return damped


def _solve(matrix: Array, right: Array) -> Array:
    """Solve linear equations; NaN if they are singular, so that the caller raises λ."""
    try:
        return np.asarray(np.linalg.solve(matrix, right))
    except np.linalg.LinAlgError:
        return np.full_like(right, np.nan)


class Evaluation(NamedTuple):
    """Sum of squared errors (infinite if it is not a number), and each layer's outputs.

    The outputs are None if the rows do not fit in one block.
    """

    square: float
    outputs: list[Array] | None


class LeastSquares:
    """The rows, cut into blocks; computes squared errors and equations for flat parameters."""

    def __init__(self, network: Network, inputs: Rows, actual: Array) -> None:
        self._network = network
        self._min_scale = MIN_SCALE * actual.size
        self._targets = targets = actual.shape[1]
        self._hidden = network.parameters - network.layers[-1].parameters
        self._is_dual = actual.size < self._hidden
        width = targets * (self._hidden + network.layers[-1].parameters // targets)
        size = max(BLOCK_CELLS // width, MIN_BLOCK_ROWS // targets, 1)
        self._blocks = [slice(start, start + size) for start in range(0, len(inputs), size)]
        # Every shard stores its own equations; large ones allow only one shard.
        is_small = network.parameters * self._hidden <= MAX_CELLS_FOR_SHARDS
        self._shards = round_robin(self._blocks, SHARDS if is_small else 1)
        is_kept = len(inputs) * network.shape[0] <= MAX_KEPT_CELLS
        self._inputs = inputs[:] if is_kept else inputs
        self.actual = actual

    def evaluate(self, parameters: Array) -> Evaluation:
        """Run a forward pass on the rows, and compare with the actual outputs."""
        views = _by_layer(self._network, parameters)

        def evaluate_block(block: slice) -> Evaluation:
            outputs = _forward(self._network, views, self._inputs[block])
            error = (self.actual[block] - outputs[-1]).ravel()
            return Evaluation(float(error.dot(error)), outputs)

        def shard_square(blocks: Sequence[slice]) -> float:
            return sum(evaluate_block(block).square for block in interruptible(blocks))

        if len(self._blocks) == 1:
            square, outputs = evaluate_block(self._blocks[0])
        else:
            square, outputs = sum(map_shards(shard_square, self._shards)), None
        return Evaluation(np.inf if np.isnan(square) else square, outputs)

    def squares(self, parameters: Array) -> Array:
        """Return each target's sum of squared errors, (targets,)."""
        views = _by_layer(self._network, parameters)
        squares = np.zeros(self._targets)
        for block in interruptible(self._blocks):
            outputs = _forward(self._network, views, self._inputs[block])[-1]
            squares += ((self.actual[block] - outputs) ** 2).sum(axis=0)
        return squares

    def equations(
        self, parameters: Array, outputs: list[Array] | None = None
    ) -> NormalEquations | DualEquations:
        """Set up the equations block by block; outputs as evaluate returns them, if known."""
        views = _by_layer(self._network, parameters)
        if self._is_dual:
            return self._dual_equations(views, outputs)

        def shard_equations(blocks: Sequence[slice]) -> NormalEquations:
            return reduce(
                NormalEquations.__add__,
                (self._normal_equations(views, each, outputs) for each in interruptible(blocks)),
            )

        return reduce(NormalEquations.__add__, map_shards(shard_equations, self._shards))

    def _normal_equations(
        self, views: list[Array], block: slice, outputs: list[Array] | None
    ) -> NormalEquations:
        """Set up the normal equations of one block."""
        inputs = self._inputs[block]
        outputs = outputs or _forward(self._network, views, inputs)
        hidden, output = _jacobian(self._network, views, inputs, outputs)
        error = self.actual[block] - outputs[-1]
        flat, by_target = hidden.reshape(error.size, -1), output.transpose(1, 2, 0)
        return NormalEquations(
            hidden=flat.T @ flat,
            coupling=by_target @ hidden.transpose(1, 0, 2),
            output=by_target @ output.transpose(1, 0, 2),
            hidden_error=flat.T @ error.ravel(),
            output_error=np.einsum("tkr,rt->tk", by_target, error),
            min_scale=self._min_scale,
        )

    def _dual_equations(self, views: list[Array], outputs: list[Array] | None) -> DualEquations:
        """Fill the whole Jacobian, scale it, and multiply it with itself."""
        shape = (*self.actual.shape, self._network.parameters)
        whole = np.empty(shape)
        error = np.empty(shape[:2])

        def fill(blocks: Sequence[slice]) -> None:
            for block in interruptible(blocks):
                inputs = self._inputs[block]
                layers = outputs or _forward(self._network, views, inputs)
                error[block] = self.actual[block] - layers[-1]
                hidden, output = _jacobian(self._network, views, inputs, layers)
                whole[block] = _whole_jacobian(self._network, hidden, output)

        map_shards(fill, self._shards)
        jacobian = whole.reshape(error.size, -1)
        root = np.sqrt(np.einsum("np,np->p", jacobian, jacobian) + self._min_scale)
        jacobian /= root
        matrix = np.empty((error.size, error.size))
        for start in interruptible(range(0, error.size, DUAL_BLOCK_ROWS)):
            end = start + DUAL_BLOCK_ROWS
            matrix[start:end, :end] = jacobian[start:end] @ jacobian[:end].T
            matrix[:end, start:end] = matrix[start:end, :end].T
        return DualEquations(jacobian, matrix, error.ravel(), root)


def jacobian(network: Network, inputs: Array) -> tuple[Array, Array]:
    """Return outputs (rows, outputs) and their derivatives (rows, outputs, parameters).

    The derivatives are with respect to every flat parameter.
    """
    views = _by_layer(network, pack(network))
    outputs = _forward(network, views, inputs)
    hidden, own = _jacobian(network, views, inputs, outputs)
    return outputs[-1], _whole_jacobian(network, hidden, own)


def _whole_jacobian(network: Network, hidden: Array, own: Array) -> Array:
    """Assemble a Jacobian; derivatives by other output neurons' weights are zero."""
    rows, targets, size = hidden.shape
    whole = np.zeros((rows, targets, network.parameters))
    whole[..., :size] = hidden
    for target in range(targets):
        whole[:, target, size + target :: targets] = own[:, target]
    return whole


def _forward(network: Network, views: list[Array], inputs: Array) -> list[Array]:
    """Compute each layer's outputs (rows, neurons) with BLAS."""
    outputs = [inputs]
    for layer, view in zip(network.layers, views, strict=True):
        pre_activations = outputs[-1] @ view[: layer.inputs]
        if layer.bias is not None:
            pre_activations += view[-1]
        outputs.append(ACTIVATIONS[layer.activation].function(pre_activations))
    return outputs[1:]


def _jacobian(
    network: Network, views: list[Array], inputs: Array, outputs: list[Array]
) -> tuple[Array, Array]:
    """Return the derivatives of every output by the hidden parameters, and by its own weights.

    They are (rows, targets, hidden parameters) and (rows, targets, weights and bias of an output
    neuron); by other output neurons' weights the derivatives are zero.
    """
    layers = network.layers
    ones = np.ones((len(inputs), 1))
    before = [
        values if layer.bias is None else np.hstack([values, ones])
        for layer, values in zip(layers, [inputs, *outputs[:-1]], strict=True)
    ]
    slopes = [
        ACTIVATIONS[layer.activation].slope_at_output(output)
        for layer, output in zip(layers, outputs, strict=True)
    ]
    own = slopes[-1][:, :, np.newaxis] * before[-1][:, np.newaxis, :]
    # Backpropagation of 1 from each target: delta is d target / d pre-activation, and times
    # a layer's input d target / d weight.
    end = network.parameters - layers[-1].parameters
    hidden = np.empty((*outputs[-1].shape, end))
    delta = slopes[-1][:, np.newaxis, :] * np.eye(layers[-1].neurons)
    for number in reversed(range(len(layers) - 1)):
        above, layer = layers[number + 1], layers[number]
        error = delta @ views[number + 1][: above.inputs].T
        delta = error * slopes[number][:, np.newaxis, :]
        part = hidden[..., end - layer.parameters : end]
        by_weight = part.reshape(*outputs[-1].shape, -1, layer.neurons)
        np.einsum("ri,rtn->rtin", before[number], delta, out=by_weight)
        end -= layer.parameters
    return hidden, own
