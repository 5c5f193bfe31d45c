from __future__ import annotations

import numpy as np
import pytest

from scorenet_cli.metrics import measure


def test_by_hand() -> None:
    # Errors 1, -1, 3: RMSE sqrt(11/3), MAE 5/3; mean 20, spread 100 + 0 + 100: R2 = 1 - 11/200.
    metrics = measure(np.array([[9.0], [21.0], [27.0]]), np.array([[10.0], [20.0], [30.0]]))
    assert metrics.r2 == pytest.approx(1 - 11 / 200)
    assert metrics.rmse == pytest.approx(np.sqrt(11 / 3))
    assert metrics.mae == pytest.approx(5 / 3)


def test_several_targets_share_one_r2() -> None:
    actual = np.array([[0.0, 0.0], [2.0, 4.0]])
    # First target exact: 1; second predicted by its mean: 0.
    assert measure(np.array([[0.0, 2.0], [2.0, 2.0]]), actual).r2 == pytest.approx(0.5)


def test_equal_scores_have_no_r2() -> None:
    assert measure(np.array([[5.0], [6.0]]), np.array([[5.0], [5.0]])).r2 is None
