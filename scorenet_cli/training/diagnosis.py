"""What went wrong in training, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.training.loop import ScaledData, TrainingResult


def diagnose(run: TrainingResult, rows: ScaledData) -> str | None:  # noqa: PLR0911 - one for each diagnose
    """Say in words where training did not get anywhere, and what to try; else None.

    rows are the training rows.
    """
    inputs, actual = rows
    outputs = predict_outputs(run.network, inputs)
    variance = float(np.mean((actual - actual.mean(axis=0)) ** 2))
    is_sigmoid = run.network.layers[-1].activation == "sigmoid"
    if is_sigmoid and run.loss > variance and _saturated(outputs) and not _saturated(actual):
        return (
            "all outputs are stuck at the end of the sigmoid, where it is flat and hardly learns. "
            "Try another `seed`, or with gd a smaller `learning_rate`."
        )
    if len(actual) > 1 and run.loss >= variance > 0:
        return (
            "the network is no better than predicting the mean score for everyone. "
            "Try more `epochs`, or another start: `seed`."
        )
    can_fit = variance > 0 and run.network.parameters >= actual.size
    if run.stopped in {"tolerance", "patience"} or not can_fit:
        return None
    if run.stopped == "converged":
        if run.loss > variance / 100:
            return "no step lowers the loss, and the scores are not met. Try another `seed`."
        return None
    if run.loss > variance / 100 and _barely_moved(run.history):
        return (
            "the loss hardly fell any more in the second half of training, and the scores are not "
            "met yet. Try more `epochs`, or another start: `seed`."
        )
    if run.loss > variance / 100:
        return "the scores are not met yet, but the loss is still falling. Try more `epochs`."
    return None


def _saturated(outputs: Array, edge: float = 1e-3) -> bool:
    """Tell whether every output is within `edge` of 0 or 1."""
    return bool(((outputs < edge) | (outputs > 1 - edge)).all())


def _barely_moved(history: Sequence[tuple[int, float]]) -> bool:
    """Tell whether the loss fell by less than a tenth in the second half of the epochs."""
    last_epoch, last_loss = history[-1]
    half = [loss for epoch, loss in history if epoch <= last_epoch / 2]
    return bool(half) and last_epoch > 0 and last_loss > 0.9 * half[-1]
