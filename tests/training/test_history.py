"""The losses of every epoch, as they are kept and read back."""

from __future__ import annotations

import numpy as np
import pytest

from scorenet_cli.training.history import HistoryLine, LossLog


@pytest.mark.parametrize("epochs", [1, 3, 5000])
@pytest.mark.parametrize("has_validation", [False, True])
def test_each_start_has_its_own_losses(epochs: int, has_validation: bool) -> None:
    starts = [
        [
            HistoryLine(n, start + 1 / (1 + n), -n / 8 if has_validation else None)
            for n in range(epochs)
        ]
        for start in range(3)
    ]
    with LossLog() as log:
        for lines in starts:
            for epoch, loss, validation_loss in lines:
                log.append(epoch, np.array([loss]), validation_loss)
        assert [list(log.lines(start)) for start in range(3)] == starts


def test_starts_side_by_side_have_one_loss_each_epoch() -> None:
    with LossLog() as log:
        assert list(log.lines(0)) == []
        for epoch in range(3):
            log.append(epoch, np.array([epoch, 10.0 * epoch]), None)
        for start, factor in enumerate((1, 10)):
            assert list(log.lines(start)) == [(n, factor * n, None) for n in range(3)]
