"""From a dataset to a model: the model before training, its scaled rows, the record after."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import platform

import numpy as np

from scorenet_cli import __version__
from scorenet_cli.dataset import Dataset
from scorenet_cli.model import Model, TrainingRecord, too_large
from scorenet_cli.network import Array, Network
from scorenet_cli.scaling import largest_absolute, scale_inputs
from scorenet_cli.training import Run


def untrained_model(network: Network, dataset: Dataset, max_score: float) -> Model:
    """Put a network between a dataset's names and scales."""
    return Model(
        network=network,
        features=dataset.features,
        targets=dataset.targets,
        feature_scale=largest_absolute(dataset.inputs),
        target_scale=np.full(len(dataset.targets), max_score),
    )


def scaled_rows(model: Model, dataset: Dataset) -> tuple[Array, Array]:
    """Return inputs (rows, features) and actual outputs (rows, targets) as the network has them.

    DataError where a value is too large for its scale.
    """
    inputs = scale_inputs(dataset.inputs, model.feature_scale, "training")
    if not np.isfinite(inputs).all():
        raise too_large(dataset.inputs[~np.isfinite(inputs).all(axis=1)][0].tolist())
    return inputs, dataset.scores / model.target_scale


def trained_model(before: Model, run: Run, dataset: Dataset, facts: TrainingRecord) -> Model:
    """Put a run's network into the model it started from, with the record of how it came about.

    facts holds what the run does not know: start, optimizer and learning rate.
    """
    ranges = np.stack([dataset.inputs.min(axis=0), dataset.inputs.max(axis=0)], axis=1)
    if before.feature_range is not None:  # resumed, perhaps on other rows
        ranges[:, 0] = np.minimum(ranges[:, 0], before.feature_range[:, 0])
        ranges[:, 1] = np.maximum(ranges[:, 1], before.feature_range[:, 1])
    return dataclasses.replace(
        before,
        network=run.network,
        feature_range=ranges,
        training=dataclasses.replace(
            facts,
            data=os.path.basename(dataset.source),
            sha256=dataset.sha256,
            rows=len(dataset.inputs),
            epochs=run.epochs,
            stopped=run.stopped,
            loss=run.loss,
            history=run.history,
            versions={
                "scorenet": __version__,
                "numpy": np.__version__,
                "python": platform.python_version(),
            },
            date=dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
        ),
    )
