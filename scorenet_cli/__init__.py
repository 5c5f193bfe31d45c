"""scorenet: a small feed-forward network for the terminal, with every number in sight.

The public API is that of scorenet_cli.api; a name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scorenet_cli.errors import (
    DataError,
    FileError,
    ModelError,
    OptionError,
    ScorenetError,
    TrainingError,
)

if TYPE_CHECKING:
    from scorenet_cli.api import (
        Callbacks,
        Data,
        FitResult,
        Model,
        Settings,
        backward_trace,
        evaluate,
        forward_trace,
        load,
        predict,
        save,
        train,
    )

__version__ = "0.1.0"

__all__ = [
    "Callbacks",
    "Data",
    "DataError",
    "FileError",
    "FitResult",
    "Model",
    "ModelError",
    "OptionError",
    "ScorenetError",
    "Settings",
    "TrainingError",
    "__version__",
    "backward_trace",
    "evaluate",
    "forward_trace",
    "load",
    "predict",
    "save",
    "train",
]


def __getattr__(name: str) -> object:
    """Load a name of the public API on first use, so that importing the package stays quick."""
    if name in __all__:
        from scorenet_cli import api  # noqa: PLC0415 - it imports numpy

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
