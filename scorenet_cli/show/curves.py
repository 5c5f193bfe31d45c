"""What a training run looks like: its loss by epoch, and its scores against the actual ones."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np

from scorenet_cli.network import Array
from scorenet_cli.show.chart import Axis, Chart, Scale, Series
from scorenet_cli.text import printable

Points = Sequence[tuple[int, float]]


def loss_chart(
    training: Points, validation: Points = (), *, epochs: int | None = None, rows: int = 12
) -> Chart | None:
    """Draw losses by epoch, both on logarithmic scales; None where there is no curve to draw.

    With epochs, the chart is that of a run still going: its axis is even, and ends there.
    A loss of 0 stands at the lowest other one.
    """
    losses = [loss for _, loss in (*training, *validation) if loss > 0]
    if len(training) < 2 or not losses:  # noqa: PLR2004 - a curve joins two points
        return None
    scale: Scale = "log1p" if epochs is None else "linear"
    if epochs is None:
        x = Axis("epoch (log scale)", 0.0, math.log1p(max(epoch for epoch, _ in training)), scale)
    else:
        x = Axis("epoch", float(training[0][0]), float(epochs), scale)
    low, high = math.log10(min(losses)), math.log10(max(losses))
    if high - low < 1e-6:  # noqa: PLR2004 - a flat curve runs through the middle
        low, high = low - 0.5, high + 0.5
    kinds = [("training", training, "•", "*", "cyan")]
    if validation:
        kinds.append(("validation", validation, "○", "o", "yellow"))
    series = tuple(
        Series(
            name,
            np.array([epoch for epoch, _ in points], dtype=np.float64),
            np.array([max(loss, min(losses)) for _, loss in points]),
            mark,
            ascii_mark,
            style,
            joined=True,
        )
        for name, points, mark, ascii_mark, style in kinds
    )
    return Chart(x, Axis("loss (log scale)", low, high, "log"), series, rows)


def scores_chart(target: str, actual: Array, predicted: Array) -> Chart | None:
    """Draw predicted scores (rows,) against actual ones; the dotted line is where both agree.

    None where they lie further apart than a number can say.
    """
    low = float(min(actual.min(), predicted.min()))
    high = float(max(actual.max(), predicted.max()))
    if not math.isfinite(high - low):
        return None
    if high - low < 1e-9 * max(abs(low), abs(high), 1e-300):
        spare = max(abs(low), 1.0) / 2
        low, high = low - spare, min(high + spare, sys.float_info.max)
    ends = np.array([low, high])
    name = printable(target)
    return Chart(
        Axis(f"actual {name}", low, high),
        Axis(f"predicted {name}", low, high),
        (
            Series("", ends, ends, "·", ".", "dim", joined=True),
            Series("", actual, predicted, "•", "*", "cyan"),
        ),
    )
