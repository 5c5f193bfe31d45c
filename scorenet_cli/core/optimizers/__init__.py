"""The optimizers by name: for each its start function, the options it takes and their defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scorenet_cli.core import Array
from scorenet_cli.core.network import Network
from scorenet_cli.core.optimizers import adam, gradient_descent, levenberg_marquardt
from scorenet_cli.core.optimizers.state import State


@dataclass(frozen=True)
class Optimizer:
    """x."""

    start: Callable[..., Iterator[State]]
    options: Mapping[str, float | int]
    side_by_side: bool = False
    check: Callable[[Network], None] | None = None


def _gd(
    n: Sequence[Network], x: Array, y: Array, *, seed: int, state: Any, **o: Any
) -> Iterator[State]:
    return gradient_descent.gradient_descent(n, x, y, **o)


def _adam(
    n: Sequence[Network], x: Array, y: Array, *, seed: int, state: Any, **o: Any
) -> Iterator[State]:
    return adam.adam(n[0], x, y, seed=seed, memory=state, **o)


def _lm(
    n: Sequence[Network], x: Array, y: Array, *, seed: int, state: Any, **o: Any
) -> Iterator[State]:
    return levenberg_marquardt.levenberg_marquardt(n[0], x, y, memory=state)


OPTIMIZERS = {
    "gd": Optimizer(_gd, {"learning_rate": 3.0}, side_by_side=True),
    "adam": Optimizer(_adam, {"learning_rate": 0.001, "batch_size": 32}),
    "lm": Optimizer(_lm, {}, check=levenberg_marquardt.check_size),
}
