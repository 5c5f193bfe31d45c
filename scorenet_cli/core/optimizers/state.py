"""The interface of the states that optimizers yield."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from scorenet_cli.core import Array
from scorenet_cli.core.network import Network
from scorenet_cli.core.optimizers.evidence import Evidence
from scorenet_cli.errors import ModelError


def state_error(reason: str) -> ModelError:
    """Make the error for a state that is not the optimizer's."""
    return ModelError(
        f"the optimizer state in the model {reason}. "
        'Remove "state" from "training" in the model file.'
    )


class Snapshot(Protocol):
    """The part of an optimizer's state that is saved with a model, at one epoch."""

    def networks(self) -> list[Network]:
        """Return the networks, one or several side by side."""

    def state_dict(self) -> dict[str, Any] | None:
        """Return what a resumed run needs beside the network, as JSON; None if that is nothing."""
        return None

    def evidence(self) -> Evidence | None:
        """Return estimates of noise and parameter covariance; None except for lm with decay."""
        return None


class State(Snapshot, Protocol):
    """An optimizer between two epochs; the same object changes with every epoch.

    If an epoch is interrupted (core.parallel.interrupt_check), the state is that before the epoch.
    """

    def losses(self) -> Array:
        """Mean squared error on the training rows, (networks,)."""

    def losses_on(self, inputs: Array, actual: Array) -> Callable[[], Array]:
        """Return a fast function for the mean squared error on other rows, (networks,).

        It uses the parameters at the time of the call; its last bits may differ from those of the
        plain formulas.
        """

    def snapshot(self) -> Snapshot:
        """Return an immutable copy; cheap, unlike networks() and state_dict()."""
