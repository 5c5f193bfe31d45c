from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from support import ACTUAL, INPUTS

from scorenet_cli import training
from scorenet_cli.errors import TrainingError
from scorenet_cli.network import Layer, Network, forward, mean_squared_error, random_network
from scorenet_cli.optimizers import State, gradient_descent
from scorenet_cli.training import (
    HISTORY_EPOCHS,
    Goal,
    Rows,
    Run,
    Watcher,
    train,
    trouble,
)

ROWS = Rows(INPUTS, ACTUAL)
START = random_network((2, 3, 1), seed=23)


def descent(network: Network = START, rate: float = 3.0) -> Iterator[State]:
    return gradient_descent([network], INPUTS, ACTUAL, rate)


def same_bits(one: Network, other: Network) -> bool:
    return all(
        a.weights.tobytes() == b.weights.tobytes()
        for a, b in zip(one.layers, other.layers, strict=True)
    )


def test_a_run_takes_its_epochs_and_reports_the_plain_loss() -> None:
    run = train(descent(), ROWS, Goal(50))
    assert (run.epochs, run.stopped) == (50, "epochs")
    assert run.loss == mean_squared_error(forward(run.network, INPUTS)[-1].outputs, ACTUAL)
    start_loss = train(descent(), ROWS, Goal(0)).loss
    assert [run.history[0][0], run.history[-1][0]] == [0, 50]
    assert [run.history[0][1], run.history[-1][1]] == pytest.approx([start_loss, run.loss])


def test_no_epochs_leave_the_start() -> None:
    assert same_bits(train(descent(), ROWS, Goal(0)).network, START)


def test_a_resumed_run_has_the_same_bits_and_the_same_history() -> None:
    whole = train(descent(), ROWS, Goal(1000))
    half = train(descent(), ROWS, Goal(617))
    rest = train(descent(half.network), ROWS, Goal(383), done=617, history=half.history)
    assert same_bits(whole.network, rest.network)
    assert rest.epochs == 1000
    assert rest.history == whole.history


def test_history_has_at_most_200_points_however_long_the_run() -> None:
    assert len(HISTORY_EPOCHS) + 1 <= 200
    assert max(HISTORY_EPOCHS) == 10**9
    assert set(range(9)) <= HISTORY_EPOCHS


def test_tolerance_stops_at_the_first_loss_that_meets_it() -> None:
    seen: list[tuple[int, float]] = []
    watcher = Watcher(each_epoch=lambda epoch, loss, _: seen.append((epoch, loss)))
    run = train(descent(), ROWS, Goal(5000, tolerance=4e-4), watcher=watcher)
    assert run.stopped == "tolerance"
    assert run.loss <= 4e-4
    assert [epoch for epoch, _ in seen] == list(range(run.epochs + 1))
    assert all(loss > 4e-4 for _, loss in seen[:-1])


def test_each_epoch_can_be_every_tenth_and_a_resume_does_not_repeat_its_first() -> None:
    seen: list[int] = []
    watcher = Watcher(each_epoch=lambda epoch, *_: seen.append(epoch), every=10)
    train(descent(), ROWS, Goal(25), done=20, watcher=watcher)
    assert seen == [30, 40]


def test_a_wish_to_stop_is_heard_and_a_tick_can_save_what_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "TICK", 0.0)
    saved: list[Run] = []

    def tick(_epoch: int, _loss: float, so_far: Callable[[], Run]) -> None:
        saved.append(so_far())

    watcher = Watcher(tick=tick, wants_stop=lambda: len(saved) == 3)
    run = train(descent(), ROWS, Goal(1000), watcher=watcher)
    assert run.stopped == "interrupted"
    assert [kept.epochs for kept in saved] == [0, 1, 2]
    assert run.epochs == 3
    assert same_bits(saved[2].network, train(descent(), ROWS, Goal(2)).network)


def test_a_loss_that_is_no_number_ends_the_run() -> None:
    exploding = Network((Layer(np.array([[1e200], [1e200]]), activation="relu"),))
    with pytest.raises(TrainingError, match=r"diverged.*epoch 0.*--learning-rate"):
        train(descent(exploding), ROWS, Goal(10))


def _run(network: Network, epochs: int = 1000) -> Run:
    return train(descent(network), ROWS, Goal(epochs))


def test_trouble_names_saturation() -> None:
    saturated = Network((Layer(np.full((2, 1), 40.0)),))
    assert "end of the sigmoid" in str(trouble(_run(saturated), ROWS))


def test_trouble_names_a_network_no_better_than_the_mean() -> None:
    assert "predicting the mean" in str(trouble(_run(START, epochs=20), ROWS))


def test_trouble_names_a_loss_that_is_still_falling() -> None:
    assert "still falling" in str(trouble(_run(START, epochs=1500), ROWS))


def test_trouble_names_a_start_that_never_arrives() -> None:
    stuck = random_network((2, 3, 1), seed=6)  # one of the one in nine that never arrive
    assert "hardly fell" in str(trouble(_run(stuck, epochs=40_000), ROWS))


def test_no_trouble_where_the_scores_are_met_or_the_rows_are_many() -> None:
    assert trouble(_run(START, epochs=60_000), ROWS) is None
    rng = np.random.default_rng(0)
    inputs = rng.random((200, 2))
    actual = np.clip(0.3 + 0.4 * inputs[:, :1] + rng.normal(0, 0.05, (200, 1)), 0, 1)
    rows = Rows(inputs, actual)
    noisy = train(gradient_descent([START], inputs, actual, 3.0), rows, Goal(3000))
    assert trouble(noisy, rows) is None
