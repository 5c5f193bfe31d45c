"""scorenet: a small feed-forward network for the terminal that shows every number.

The public API is that of scorenet_cli.api; a name is loaded when it is first used.
"""

from __future__ import annotations

import importlib
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
        Data,
        backward_trace,
        batch_trace,
        evaluate,
        forward_trace,
        intervals,
        load,
        predict,
        save,
        train,
    )
    from scorenet_cli.model.model import Model
    from scorenet_cli.training.fit import FitResult
    from scorenet_cli.training.loop import Callbacks
    from scorenet_cli.training.settings import Settings

__version__ = "0.2.0"

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
    "batch_trace",
    "evaluate",
    "forward_trace",
    "intervals",
    "load",
    "predict",
    "save",
    "train",
]


# Modules of the public names that api does not define.
_MODULES = {
    "Callbacks": "training.loop",
    "FitResult": "training.fit",
    "Model": "model.model",
    "Settings": "training.settings",
}


def __getattr__(name: str) -> object:
    """Load a name of the public API on first use, so that importing the package is fast."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"scorenet_cli.{_MODULES.get(name, 'api')}")
    return getattr(module, name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted(__all__)
