from __future__ import annotations

from dataclasses import replace

import numpy as np
from support import fit_result, named, shown

from scorenet_cli.core.metrics import compare, fit_baselines
from scorenet_cli.core.optimizers.evidence import Evidence
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.show.pages.train import training_summary
from scorenet_cli.training.loop import TrainingResult


def summary(evidence: Evidence | None = None) -> list[list[str]]:
    """The words of each line for predictions that are 0.001 too low."""
    scores = np.array([[0.0], [50.0], [90.0]])
    predicted = scores - 0.001
    data = Dataset("", "", ("hours",), ("score",), np.array([[1.0], [2.0], [3.0]]), scores)
    run = TrainingResult(named(("hours",), (1, 1)).network, 5, 5, 1e-10, "epochs", 0.1, ())
    fit = compare(predicted, data.inputs, scores, fit_baselines(data.inputs, scores))
    run = replace(run, evidence=evidence)
    page = shown(training_summary(fit_result(data, predicted, run, fit=fit)))
    return [line.split() for line in page.splitlines()]


def test_a_weight_decay_that_all_layers_share_is_a_number() -> None:
    evidence = Evidence((1e-7,), np.ones(1), 1.25, 1.0, 1.0, np.eye(2))
    lines = summary(evidence)
    assert ["weight", "decay", "1e-07"] in lines
    assert ["parameters", "1.2", "of", "2", "effective"] in lines


def test_a_prediction_just_below_0_has_no_sign() -> None:
    lines = summary()
    assert lines[2] == ["1", "0.00", "0.00"]
    assert lines[3] == ["2", "50.00", "50.00"]
