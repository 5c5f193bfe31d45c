"""What divides a feature before the network sees it."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.metrics import largest_absolute
from scorenet_cli.errors import OptionError

ScalingName = Literal["training", "own", "none"]


def scale_inputs(values: Array, feature_scale: Array, scaling: ScalingName) -> Array:
    """Scale values (rows, features): by the training maxima, a row's own maximum, or not.

    Infinite where a value is too large for its scale.
    """
    if scaling not in get_args(ScalingName):
        raise OptionError(
            f"expects one of {', '.join(get_args(ScalingName))}; got {scaling!r}.", option="scaling"
        )
    with np.errstate(over="ignore"):
        if scaling == "training":
            return values / feature_scale
        if scaling == "own":
            return values / largest_absolute(values.T)[:, np.newaxis]
    return values
