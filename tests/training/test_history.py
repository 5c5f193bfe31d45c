"""The losses of every epoch, as they are kept and read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from support import Invoke, one_message

from scorenet_cli.training.history import HistoryLine, LossLog

TRAIN = ["train", "--history", "h.csv", "--quiet"]
RESUME = [*TRAIN, "--resume", "scorenet.json"]


def history() -> tuple[str, list[int], list[str]]:
    """The header of h.csv, its epochs, and what follows each."""
    header, *lines = Path("h.csv").read_text(encoding="utf-8").splitlines()
    epochs, cells = zip(*(line.split(",", 1) for line in lines), strict=True)
    return header, list(map(int, epochs)), list(cells)


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


@pytest.mark.parametrize(
    ("validation", "header"),
    [([], "epoch,loss"), (["--validation", 0.4], "epoch,loss,validation_loss")],
)
def test_the_history_of_a_resumed_run_goes_on_where_its_model_ends(
    invoke: Invoke, validation: list[object], header: str
) -> None:
    invoke(*TRAIN, *validation, "--epochs", 4)
    first = history()
    assert first[:2] == (header, [0, 1, 2, 3, 4])
    for epochs in (0, 3, 2):  # each replaces what the one before added
        invoke(*RESUME, "--epochs", epochs, "-o", "other.json")
        assert history()[:2] == (header, list(range(5 + epochs)))
        assert history()[2][:5] == first[2]
        assert {cells.count(",") for cells in history()[2]} == {header.count(",") - 1}


def test_a_history_of_no_epochs_goes_on_with_a_validation(invoke: Invoke) -> None:
    invoke(*TRAIN, "--epochs", 0)
    header, _, (start,) = history()
    assert header == "epoch,loss"
    invoke(*RESUME, "--epochs", 2, "--validation", 0.4)
    header, epochs, cells = history()
    assert (header, epochs) == ("epoch,loss,validation_loss", [0, 1, 2])
    assert cells[0] == f"{start},"


@pytest.mark.parametrize(
    ("change", "goes_on"),
    [
        (
            lambda lines: [f"{n},{float(line.split(',')[1]):.8g}" for n, line in enumerate(lines)],
            True,
        ),
        (
            lambda lines: [f"{n},{float(line.split(',')[1]):.4g}" for n, line in enumerate(lines)],
            False,
        ),
        (lambda lines: lines[:-1], False),
        (lambda _: [], False),
    ],
    ids=["8 digits", "4 digits", "no last epoch", "no epochs"],
)
def test_a_history_of_other_losses_or_epochs_is_of_another_run(
    invoke: Invoke, change: Callable[[list[str]], list[str]], goes_on: bool
) -> None:
    invoke(*TRAIN, "--epochs", 4)
    header, *lines = Path("h.csv").read_text(encoding="utf-8").splitlines()
    Path("h.csv").write_text("\n".join([header, *change(lines)]), encoding="utf-8")
    stderr = invoke(*RESUME, "--epochs", 2).stderr
    words = "Warning: 'h.csv' held the loss history of another run and was replaced."
    assert (words in stderr) is not goes_on
    assert history()[1] == [*range(5 if goes_on else 0), 5, 6]


@pytest.mark.parametrize(
    "content",
    [b"", b"loss\n", b"epoch,loss\n0,0.5\n\n", b"epoch,loss\nx,1\n1,1\n", b"epoch,loss\n\xff\n"],
)
def test_a_file_that_is_no_history_is_not_overwritten(invoke: Invoke, content: bytes) -> None:
    Path("h.csv").write_bytes(content)
    assert one_message(invoke(*TRAIN)) == (
        "Error: h.csv exists and is not a loss history, so it was not overwritten. "
        "Choose another name, or move it away."
    )
    assert Path("h.csv").read_bytes() == content
