"""The registry of optimizers; a new one needs only an entry in OPTIMIZERS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from scorenet_cli.core.inplace import check_in_place
from scorenet_cli.core.optimizers import adam, gradient_descent, levenberg_marquardt
from scorenet_cli.core.optimizers.state import State


@dataclass(frozen=True)
class Optimizer:
    """An optimizer's training function and its options.

    start(networks, inputs, actual, *, seed, state, **options) yields a State before the first
    epoch and after each; inputs (rows, inputs) and actual (rows, outputs) are scaled, state is
    the state_dict of the resumed run or None. options holds the names of its options with their
    defaults, linear_options the defaults that differ with a linear output. side_by_side: it trains
    several networks of one shape at once. takes_parts: inputs and actual may be Rows other than
    arrays. check(network, rows, **options) raises OptionError if it cannot train the network.
    """

    start: Callable[..., Iterator[State]]
    options: Mapping[str, float | int] = field(default_factory=dict)
    linear_options: Mapping[str, float | int] = field(default_factory=dict)
    side_by_side: bool = False
    takes_parts: bool = False
    state_numbers: int = 0
    check: Callable[..., object] | None = None


OPTIMIZERS: dict[str, Optimizer] = {
    "gd": Optimizer(
        gradient_descent.gradient_descent,
        {"learning_rate": 3.0, "batch_size": 0, "weight_decay": 0.0},
        # A sigmoid's slope is at most 1/4 and enters twice, so 3 / 16 gives a step of similar size.
        linear_options={"learning_rate": 0.2},
        side_by_side=True,
        takes_parts=True,
        check=check_in_place,
    ),
    "adam": Optimizer(
        adam.adam,
        {"learning_rate": 0.001, "batch_size": 32, "weight_decay": 0.0},
        state_numbers=2,
        check=check_in_place,
    ),
    "lm": Optimizer(
        levenberg_marquardt.levenberg_marquardt,
        {"weight_decay": 0.0},
        takes_parts=True,
        check=levenberg_marquardt.check_size,
    ),
}
