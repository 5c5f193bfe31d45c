"""What every optimizer yields."""

from __future__ import annotations

from typing import Any, Protocol

from scorenet_cli.core import Array
from scorenet_cli.core.network import Network


class State(Protocol):
    """Where an optimizer stands, with one network or several side by side."""

    def losses(self) -> Array:
        """Mean squared error on the training rows, (networks,)."""

    def networks(self) -> list[Network]:
        """Return the networks as they are now."""

    def memory(self) -> dict[str, Any] | None:
        """Return what a resumed run must know beside the network, as JSON."""
