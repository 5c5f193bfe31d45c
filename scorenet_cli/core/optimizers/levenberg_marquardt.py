"""Levenberg-Marquardt: least squares by damped Gauss-Newton steps on all rows.

Each step solves (JᵀJ + λ D) step = Jᵀ (actual - output); J holds the derivatives of every output by
every parameter. D is the diagonal of JᵀJ, so that the damping scales with the parameters (Marquardt
1963), plus a small constant for parameters with almost no influence (Levenberg 1944). Without it,
30 of the first 200 seeds on the document's rows never converge; with it, all converge. λ is divided
by 10 after a step that lowers the loss, and multiplied by 10 until a step lowers the loss. Weight
decay adds Σ decay · weight² to the squared errors, and decay to the diagonal of JᵀJ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.inplace import Rows
from scorenet_cli.core.network import Network
from scorenet_cli.core.optimizers.evidence import DecayGroups, Evidence, Minimum, evidence
from scorenet_cli.core.optimizers.least_squares import LeastSquares, equations_shape, pack, unpack
from scorenet_cli.core.optimizers.state import state_error
from scorenet_cli.errors import OptionError

MAX_BYTES = 2**30
# Multiplications per second of one core; measured: 8e9 to 13e9 with 900 to 3,000 parameters.
PRODUCTS_PER_SECOND = 1e10
# The evidence inverts a matrix of parameters x parameters after each step.
MAX_EVIDENCE_PARAMETERS = 2000
AUTO = "auto"

START_DAMPING = 0.1
MIN_DAMPING = 1e-15
# A step smaller than this fraction of the largest parameter is rounding.
MIN_STEP = 4e-16
# Training ends after MAX_IDLE_STEPS steps in a row that lower the loss by a fraction < MIN_GAIN.
MIN_GAIN = 1e-8
MAX_IDLE_STEPS = 5
# While decays are re-estimated, a step is idle if the log evidence stays below its highest value
# + MIN_GAIN_AUTO. The evidence has a maximum, after which the decays of layers that compensate each
# other (small weights, then large ones) can drift for hundreds of steps.
MIN_GAIN_AUTO = 1e-5
MAX_IDLE_STEPS_AUTO = 10
# Mean squared error at which all errors are below floating-point precision.
ROUNDING = float(np.finfo(np.float64).eps) ** 2


def check_size(network: Network, rows: int, *, weight_decay: float | str) -> None:
    """Raise OptionError if the equations for these rows would not fit in 1 GiB.

    With weight_decay "auto", more than MAX_EVIDENCE_PARAMETERS parameters are rejected, too.
    """
    if weight_decay == AUTO and network.parameters > MAX_EVIDENCE_PARAMETERS:
        raise OptionError(
            f"`weight_decay=auto` is for networks of at most {MAX_EVIDENCE_PARAMETERS:,} "
            f"parameters, but this one has {network.parameters:,}. Use a smaller `hidden`, or a "
            "number for `weight_decay`."
        )
    height, width = equations_shape(network, rows)
    size = height * width * 8
    if size > MAX_BYTES:
        raise OptionError(
            f"`optimizer=lm` needs a matrix of {height:,} x {width:,} numbers "
            f"({size / 2**30:,.1f} GiB); the limit is 1 GiB. Use a smaller `hidden`, or "
            "`optimizer=adam`."
        )


def seconds_per_step(network: Network, rows: int) -> float:
    """Estimate the duration of a step; setting up the matrix takes most of it."""
    height, width = equations_shape(network, rows)
    return rows * network.shape[-1] * height * width / PRODUCTS_PER_SECOND


@dataclass
class LevenbergMarquardt:
    """State of the optimizer: parameters (flat), loss and damping λ; shape is the initial network.

    decays (groups,) are the coefficients that the parameters were fitted with; log_evidence is the
    highest so far if they are re-estimated.
    """

    shape: Network
    problem: LeastSquares
    parameters: Array
    groups: DecayGroups
    decays: Array
    is_auto: bool
    mean_square: float = np.inf
    damping: float = START_DAMPING
    idle_steps: int = 0
    log_evidence: float = -np.inf

    def losses(self) -> Array:
        """Mean squared error, (1,)."""
        return np.array([self.mean_square])

    def networks(self) -> list[Network]:
        """Return the current network, in a list of one."""
        return [unpack(self.shape, self.parameters)]

    def losses_on(self, inputs: Array, actual: Array) -> Callable[[], Array]:
        """Return a function for the mean squared error on other rows, (1,)."""
        other = LeastSquares(self.shape, inputs, actual)
        return lambda: np.array([other.evaluate(self.parameters).square / actual.size])

    def evidence(self) -> Evidence | None:
        """Return estimates of noise and parameter covariance; None without weight decay."""
        too_large = len(self.parameters) > MAX_EVIDENCE_PARAMETERS
        if too_large or not (self.is_auto or self.decays.any()):
            return None
        decays = self.groups.with_hidden_biases(self.decays)
        equations = self.problem.equations(self.parameters)
        equations = equations.penalized(decays[self.groups.members], self.parameters)
        squares, actual = self.problem.squares(self.parameters), self.problem.actual
        matrix = equations.matrix()
        minimum = Minimum.of(
            self.groups, decays, matrix, self.parameters, float(squares.sum()), actual
        )
        return evidence(self.groups, decays, minimum, squares, actual)

    def snapshot(self) -> LevenbergMarquardt:
        """Return a copy; steps replace the parameter array and never modify it."""
        return replace(self)

    def state_dict(self) -> dict[str, Any]:
        """Return damping, idle steps, and the decays if they are re-estimated."""
        state: dict[str, Any] = {"damping": self.damping, "idle_steps": self.idle_steps}
        if self.is_auto:
            state["decays"] = self.decays.tolist()
        if np.isfinite(self.log_evidence):
            state["log_evidence"] = self.log_evidence
        return state

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore what state_dict returned; raises ModelError if state is anything else."""
        try:
            self.damping = float(state["damping"])
            self.idle_steps = int(state["idle_steps"])
            self.log_evidence = float(state.get("log_evidence", -np.inf))
            decays = np.array(state.get("decays", self.decays), dtype=np.float64)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise state_error("is not a state of lm") from error
        if not (self.damping > 0 and np.isfinite(self.damping)):
            raise state_error("must have a finite damping above 0")
        if decays.shape != self.decays.shape or not (np.isfinite(decays) & (decays >= 0)).all():
            raise state_error("has weight decays that do not match the model's layers")
        if self.is_auto:
            self.decays = decays


def levenberg_marquardt(  # noqa: PLR0913 - the signature of every optimizer, and its options
    networks: Sequence[Network],
    inputs: Rows,
    actual: Rows,
    *,
    weight_decay: float | Literal["auto"] = 0.0,
    seed: int = 0,  # noqa: ARG001 - nothing is random
    state: dict[str, Any] | None = None,
) -> Iterator[LevenbergMarquardt]:
    """Yield the initial state and that after every step that lowers the loss, while one does.

    inputs (rows, inputs) and actual (rows, outputs) are scaled. networks holds one network; state
    is the state_dict of the resumed run. With weight_decay, the sum of squared errors +
    weight_decay · the sum of squared weights is minimized; "auto" re-estimates a coefficient for
    each layer's weights from the evidence after each step.
    """
    (network,) = networks
    actual = actual[:]
    problem, groups = LeastSquares(network, inputs, actual), DecayGroups.of(network)
    is_auto = weight_decay == AUTO
    decays = groups.start(actual) if is_auto else groups.fixed(float(weight_decay))
    current = LevenbergMarquardt(network, problem, pack(network), groups, decays, is_auto)
    if state is not None:
        current.load_state(state)
    trial = problem.evaluate(current.parameters)
    current.mean_square = trial.square / actual.size
    yield current
    is_penalized, equations = is_auto or bool(current.decays.any()), None
    max_idle_steps = MAX_IDLE_STEPS_AUTO if is_auto else MAX_IDLE_STEPS
    while current.idle_steps < max_idle_steps and (is_penalized or current.mean_square > ROUNDING):
        equations = equations or problem.equations(current.parameters, trial.outputs)
        penalty = current.decays[groups.members]
        cost = trial.square
        if is_penalized:
            equations = equations.penalized(penalty, current.parameters)
            cost += float(penalty @ current.parameters**2)
        damping = current.damping
        while True:
            step = equations.step(damping)
            if np.abs(step).max() <= MIN_STEP * np.abs(current.parameters).max():
                return  # no step lowers the loss
            parameters = current.parameters + step
            trial = problem.evaluate(parameters)
            new_cost = trial.square
            if is_penalized:
                new_cost += float(penalty @ parameters**2)
            if new_cost < cost:
                break
            damping *= 10.0
            if not np.isfinite(damping):  # the equations have overflowed
                return
        decays, equations = current.decays, None
        if is_auto:
            equations = problem.equations(parameters, trial.outputs)
            matrix = equations.penalized(penalty, parameters).matrix()
            minimum = Minimum.of(groups, decays, matrix, parameters, trial.square, actual)
            decays = groups.update(minimum, parameters)
            is_idle = minimum.log_evidence < current.log_evidence + MIN_GAIN_AUTO
            current.log_evidence = max(current.log_evidence, minimum.log_evidence)
        else:
            is_idle = cost - new_cost < MIN_GAIN * cost
        current.idle_steps = current.idle_steps + 1 if is_idle else 0
        current.parameters, current.decays = parameters, decays
        current.damping = max(damping / 10.0, MIN_DAMPING)
        current.mean_square = trial.square / actual.size
        yield current
