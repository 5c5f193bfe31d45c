"""Levenberg-Marquardt: least squares by damped Gauss-Newton steps on all rows.

Each step solves (JᵀJ + λ D) step = Jᵀ (actual - output), J the derivatives of every output by
every parameter. D is the diagonal of JᵀJ, so that the damping scales with the parameters
(Marquardt 1963), plus a small constant for those that hardly matter yet (Levenberg
1944): without it 30 of the document's first 200 starts never converge, with it all do. λ falls
tenfold after a step that lowers the loss, and rises tenfold until one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.network import Network
from scorenet_cli.core.optimizers.least_squares import (
    LeastSquares,
    equations_shape,
    pack,
    unpack,
)
from scorenet_cli.errors import ModelError, OptionError

MAX_BYTES = 2**30

START_DAMPING = 0.1
MIN_DAMPING = 1e-15
# A step smaller than this fraction of the largest parameter is rounding.
MIN_STEP = 4e-16
# A step that lowers the loss by less than this fraction is idle; so many in a row end training.
MIN_GAIN = 1e-8
MAX_IDLE_STEPS = 5
# A mean square at which every error is less than an output's last bit.
ROUNDING = float(np.finfo(np.float64).eps) ** 2


def check_size(network: Network, rows: int) -> None:
    """Raise OptionError where the equations for so many rows would not fit in 1 GiB."""
    height, width = equations_shape(network, rows)
    size = height * width * 8
    if size > MAX_BYTES:
        raise OptionError(
            f"`optimizer=lm` needs a matrix of {height:,} x {width:,} numbers, "
            f"{size / 2**30:,.1f} GiB; the limit is 1 GiB. Use a smaller `hidden`, or "
            "`optimizer=adam`."
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

    def losses_on(self, inputs: Array, actual: Array) -> Callable[[], Array]:
        """Return a function for the mean squared error on other rows, (1,)."""
        other = LeastSquares(self.shape, inputs, actual)
        return lambda: np.array([other.evaluate(self.parameters).square / actual.size])

    def snapshot(self) -> LevenbergMarquardt:
        """Return a copy; steps replace the parameters and never change them."""
        return replace(self)

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
    check_size(network, len(inputs))
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
        damping = current.damping
        while True:
            step = equations.step(damping)
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
