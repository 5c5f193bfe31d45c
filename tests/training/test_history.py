"""The losses of every epoch, as they are kept and read back."""

from __future__ import annotations

import numpy as np

from scorenet_cli.training.history import HistoryLine, LossLog


def test_each_start_has_its_own_losses_and_validation_losses() -> None:
    lines = [HistoryLine(epoch, 1 / (1 + epoch), 2 / (1 + epoch)) for epoch in range(3)]
    with LossLog() as log:
        for _ in range(2):
            for epoch, loss, validation_loss in lines:
                log.append(epoch, np.array([loss]), validation_loss)
        assert [list(log.lines(start)) for start in range(2)] == [lines, lines]
