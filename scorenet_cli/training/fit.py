"""From a dataset to a model: the model before training, its scaled rows, the record after."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import platform

import numpy as np

from scorenet_cli import __version__
from scorenet_cli.core.metrics import largest_absolute
from scorenet_cli.core.network import BLOCK_ROWS, Network
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.data.columns import scale_inputs
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.model.model import Model, overflow_error, to_scores
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.training.loop import ScaledData, TrainingResult


def initial_model(network: Network, dataset: Dataset, max_score: float) -> Model:
    """Put a network between a dataset's names and scales."""
    return Model(
        network=network,
        features=dataset.features,
        targets=dataset.targets,
        feature_scale=largest_absolute(dataset.inputs),
        target_scale=np.full(len(dataset.targets), max_score),
    )


def scaled_rows(model: Model, dataset: Dataset) -> ScaledData:
    """Return inputs (rows, features) and actual outputs (rows, targets) as the network has them.

    DataError where a value is too large for its scale.
    """
    inputs = scale_inputs(dataset.inputs, model.feature_scale, "training")
    if not np.isfinite(inputs).all():
        raise overflow_error(dataset.inputs[~np.isfinite(inputs).all(axis=1)][0].tolist())
    return ScaledData(inputs, dataset.scores / model.target_scale)


def trained_model(
    before: Model, result: TrainingResult, dataset: Dataset, facts: TrainingRecord
) -> Model:
    """Put a run's network into the model it started from, with the record of how it came about.

    facts holds what the run does not know: start, optimizer and learning rate.
    """
    ranges = np.stack([dataset.inputs.min(axis=0), dataset.inputs.max(axis=0)], axis=1)
    if before.feature_range is not None:  # resumed, perhaps on other rows
        ranges[:, 0] = np.minimum(ranges[:, 0], before.feature_range[:, 0])
        ranges[:, 1] = np.maximum(ranges[:, 1], before.feature_range[:, 1])
    return dataclasses.replace(
        before,
        network=result.network,
        feature_range=ranges,
        training=dataclasses.replace(
            facts,
            data=os.path.basename(dataset.source),
            sha256=dataset.sha256,
            rows=len(dataset.inputs),
            state=result.memory,
            epochs=result.best_epoch,
            stopped=result.stopped,
            loss=result.loss,
            history=result.history,
            validation_loss=result.validation_loss,
            validation_history=result.validation_history,
            versions={
                "scorenet": __version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
            date=dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        ),
    )


@dataclasses.dataclass(frozen=True)
class RestartStats:
    """How several starts came out: their losses, and how far their predictions lie apart.

    prediction_deviation is the starts' standard deviation in score units, the mean of it over
    the training rows and targets; prediction_range the largest distance of two starts.
    """

    count: int
    best: float
    median: float
    worst: float
    prediction_deviation: float
    prediction_range: float


def restart_stats(model: Model, dataset: Dataset, result: TrainingResult) -> RestartStats | None:
    """Compare the starts of a run on its training rows; None where there was one."""
    starts = [start for start in result.starts if np.isfinite(start.loss)]
    if len(starts) < 2:  # noqa: PLR2004 - nothing to compare
        return None
    losses = [start.loss for start in starts]
    inputs, _ = scaled_rows(model, dataset)
    deviations, widest = (np.zeros(len(model.targets)) for _ in range(2))
    for first in range(0, len(inputs), BLOCK_ROWS):  # all scores of all starts would fill memory
        block = inputs[first : first + BLOCK_ROWS]
        outputs = np.stack([predict_outputs(start.network, block) for start in starts])
        deviations += outputs.std(axis=0).sum(axis=0)
        widest = np.maximum(widest, np.ptp(outputs, axis=0).max(axis=0))
    return RestartStats(
        count=len(result.starts),
        best=min(losses),
        median=float(np.median(losses)),
        worst=max(losses),
        prediction_deviation=float(to_scores(model, deviations / len(inputs)).mean()),
        prediction_range=float(to_scores(model, widest).max()),
    )
