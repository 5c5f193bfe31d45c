"""What every optimizer yields."""

from __future__ import annotations

from typing import Any, Protocol

from scorenet_cli.core import Array
from scorenet_cli.core.network import Network


class State(Protocol):
    """An optimizer between two steps, with one network or several side by side."""

    def losses(self) -> Array:
        """Mean squared error on the training rows, (networks,)."""

    def networks(self) -> list[Network]:
        """Return the networks as they are now."""

    def state_dict(self) -> dict[str, Any] | None:
        """Return what a resumed run needs beside the network, as JSON; None where nothing is."""
