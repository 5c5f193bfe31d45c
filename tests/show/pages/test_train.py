from __future__ import annotations

import numpy as np
from support import fit_result, named, shown

from scorenet_cli.core.metrics import compare, fit_baselines
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.show.pages.train import training_summary
from scorenet_cli.training.loop import TrainingResult


def test_a_prediction_just_below_0_has_no_sign() -> None:
    scores = np.array([[0.0], [50.0], [90.0]])
    predicted = scores - 0.001
    data = Dataset("", "", ("hours",), ("score",), np.array([[1.0], [2.0], [3.0]]), scores)
    run = TrainingResult(named(("hours",), (1, 1)).network, 5, 5, 1e-10, "epochs", 0.1, ())
    fit = compare(predicted, data.inputs, scores, fit_baselines(data.inputs, scores))
    page = shown(training_summary(fit_result(data, predicted, run, fit=fit)))
    lines = [line.split() for line in page.splitlines()]
    assert lines[2] == ["1", "0.00", "0.00"]
    assert lines[3] == ["2", "50.00", "50.00"]
