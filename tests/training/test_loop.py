from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import pytest
from support import ACTUAL, INPUTS

from scorenet_cli.core import Array
from scorenet_cli.core.network import Layer, Network, forward, mean_squared_error, random_network
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.core.optimizers.adam import adam
from scorenet_cli.core.optimizers.gradient_descent import gradient_descent
from scorenet_cli.core.optimizers.levenberg_marquardt import levenberg_marquardt
from scorenet_cli.core.optimizers.state import State
from scorenet_cli.errors import TrainingError
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.training import loop
from scorenet_cli.training.loop import (
    HISTORY_EPOCHS,
    Callbacks,
    ScaledData,
    StoppingCriteria,
    TrainingResult,
    split,
    train,
)

ROWS = ScaledData(INPUTS, ACTUAL)
START = random_network((2, 3, 1), seed=23)


def training_rows() -> list[ScaledData]:
    return [ROWS]


def descent(network: Network = START, rate: float = 3.0) -> Iterator[State]:
    return gradient_descent([network], INPUTS, ACTUAL, learning_rate=rate)


def same_bits(one: Network, other: Network) -> bool:
    return all(
        a.weights.tobytes() == b.weights.tobytes()
        for a, b in zip(one.layers, other.layers, strict=True)
    )


def test_a_run_takes_its_epochs_and_reports_the_plain_loss() -> None:
    run = train(descent(), training_rows, StoppingCriteria(50))
    assert (run.epochs, run.stopped) == (50, "epochs")
    assert run.loss == mean_squared_error(forward(run.network, INPUTS)[-1].outputs, ACTUAL)
    start_loss = train(descent(), training_rows, StoppingCriteria(0)).loss
    assert [run.history[0][0], run.history[-1][0]] == [0, 50]
    assert [run.history[0][1], run.history[-1][1]] == pytest.approx([start_loss, run.loss])


def test_no_epochs_leave_the_start() -> None:
    assert same_bits(train(descent(), training_rows, StoppingCriteria(0)).network, START)


def test_a_resumed_run_has_the_same_bits_and_the_same_history() -> None:
    whole = train(descent(), training_rows, StoppingCriteria(1000))
    half = train(descent(), training_rows, StoppingCriteria(617))
    before = TrainingRecord(epochs=617, history=half.history)
    rest = train(descent(half.network), training_rows, StoppingCriteria(383), resumed=before)
    assert same_bits(whole.network, rest.network)
    assert rest.epochs == 1000
    assert rest.history == whole.history


def test_history_has_at_most_200_points_however_long_the_run() -> None:
    assert len(HISTORY_EPOCHS) + 1 <= 200
    assert max(HISTORY_EPOCHS) == 10**9
    assert set(range(9)) <= HISTORY_EPOCHS


def test_tolerance_stops_at_the_first_loss_that_meets_it() -> None:
    seen: list[tuple[int, float]] = []
    watcher: Callbacks[TrainingResult] = Callbacks(
        each_epoch=lambda epoch, losses, _: seen.append((epoch, float(losses[0])))
    )
    run = train(descent(), training_rows, StoppingCriteria(5000, tolerance=4e-4), callbacks=watcher)
    assert run.stopped == "tolerance"
    assert run.loss <= 4e-4
    assert [epoch for epoch, _ in seen] == list(range(run.epochs + 1))
    assert all(loss > 4e-4 for _, loss in seen[:-1])


@pytest.mark.parametrize("epoch", [23, 24, 27, 30])
def test_tolerance_is_watched_at_every_epoch_and_met_by_the_loss_itself(epoch: int) -> None:
    loss = next(islice(descent(), epoch, None)).losses()[0]
    assert (
        train(descent(), training_rows, StoppingCriteria(100, tolerance=float(loss))).epochs
        == epoch
    )


def test_each_epoch_can_be_every_tenth_and_a_resume_does_not_repeat_its_first() -> None:
    seen: list[int] = []
    watcher: Callbacks[TrainingResult] = Callbacks(
        each_epoch=lambda epoch, *_: seen.append(epoch), every=10
    )
    before = TrainingRecord(epochs=20, history=((20, 0.5),))
    train(descent(), training_rows, StoppingCriteria(25), resumed=before, callbacks=watcher)
    assert seen == [30, 40]


def test_a_wish_to_stop_is_heard_and_a_tick_can_save_what_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "TICK", 0.0)
    saved: list[TrainingResult] = []

    def tick(_epoch: int, _loss: float, snapshot: Callable[[], TrainingResult]) -> None:
        saved.append(snapshot())

    watcher: Callbacks[TrainingResult] = Callbacks(tick=tick, should_stop=lambda: len(saved) == 3)
    run = train(descent(), training_rows, StoppingCriteria(1000), callbacks=watcher)
    assert run.stopped == "interrupted"
    assert [kept.epochs for kept in saved] == [0, 1, 2]
    assert run.epochs == 3
    assert same_bits(saved[2].network, train(descent(), training_rows, StoppingCriteria(2)).network)


@pytest.mark.parametrize(
    "layers",
    [
        (Layer(np.array([[1e200], [1e200]]), activation="relu"),),
        (
            Layer(np.full((2, 2), 1e200), activation="relu"),
            Layer(np.array([[1e200], [-1e200]]), activation="linear"),
        ),
    ],
)
def test_a_loss_that_is_no_number_ends_the_run(layers: tuple[Layer, ...]) -> None:
    exploding = Network(layers)
    with pytest.raises(TrainingError) as error:
        train(descent(exploding), training_rows, StoppingCriteria(10))
    assert str(error.value) == (
        "training diverged: the loss or the weights are no longer finite at epoch 0. "
        "Try a smaller `learning_rate`."
    )


def test_weights_beyond_numbers_end_a_run_of_finite_losses() -> None:
    infinite = Network((Layer(np.full((2, 1), np.inf), activation="sigmoid"),))
    with pytest.raises(TrainingError, match="no longer finite at epoch 0"):
        train(descent(infinite), training_rows, StoppingCriteria(0))


def test_a_validation_loss_that_is_no_number_is_seen_at_once() -> None:
    line = Network((Layer(np.ones((2, 1)), activation="linear"),))
    with np.errstate(all="ignore"):
        steps = enumerate(descent(line, rate=100.0))
        first = next(epoch for epoch, state in steps if not np.isfinite(state.losses()[0]))
    assert first not in HISTORY_EPOCHS
    with pytest.raises(TrainingError, match=f"no longer finite at epoch {first}"):
        train(descent(line, rate=100.0), training_rows, StoppingCriteria(1000, validation=ROWS))


def test_of_epochs_with_the_same_validation_loss_the_first_is_kept() -> None:
    criteria = StoppingCriteria(50, validation=ROWS, patience=4)
    run = train(descent(rate=1e-300), training_rows, criteria)
    assert (run.best_epoch, run.epochs, run.stopped) == (0, 4, "patience")


def test_a_tick_is_due_again_after_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 50.0
    monkeypatch.setattr("time.perf_counter", lambda: now)
    ticker = loop.Ticker()
    for _ in range(2):
        due = []
        for _ in range(3):
            due.append(ticker.is_due())
            now += 0.6 * loop.TICK
        assert due == [False, False, True]
        ticker.restart()


def test_an_optimizer_that_ends_has_converged() -> None:
    run = train(levenberg_marquardt([START], INPUTS, ACTUAL), training_rows, StoppingCriteria(1000))
    assert run.stopped == "converged"
    assert run.epochs < 100
    assert run.history[-1] == (run.epochs, run.loss)


def test_validation_keeps_the_best_epoch_and_patience_ends_the_wait() -> None:
    rng = np.random.default_rng(5)
    inputs, actual = rng.random((12, 2)), rng.random((12, 1))
    rows, validation_rows = ScaledData(inputs[:8], actual[:8]), ScaledData(inputs[8:], actual[8:])
    seen: list[float] = []
    run = train(
        gradient_descent([START], *rows, learning_rate=3.0),
        lambda: [rows],
        StoppingCriteria(20_000, validation=validation_rows, patience=200),
        callbacks=Callbacks(each_epoch=lambda *line: seen.append(float(line[2] or 0))),
    )
    assert run.stopped == "patience"
    assert run.best_epoch == int(np.argmin(seen)) == run.epochs - 200
    assert run.validation_loss == min(seen)
    again = train(
        gradient_descent([START], *rows, learning_rate=3.0),
        lambda: [rows],
        StoppingCriteria(run.best_epoch),
    )
    assert same_bits(run.network, again.network)
    assert run.loss == again.loss
    unseen = train(
        gradient_descent([START], *rows, learning_rate=3.0),
        lambda: [rows],
        StoppingCriteria(20_000, validation=validation_rows, patience=200),
    )
    assert (unseen.epochs, unseen.best_epoch) == (run.epochs, run.best_epoch)


def test_validation_takes_no_plain_forward_pass_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []

    def counted(network: Network, inputs: Array) -> Array:
        passes.append(len(inputs))
        return predict_outputs(network, inputs)

    monkeypatch.setattr(loop, "predict_outputs", counted)
    train(descent(), training_rows, StoppingCriteria(200, validation=ROWS))
    assert len(passes) <= 2  # of the last network and of the kept one


def test_side_by_side_the_best_start_is_kept_with_its_own_history() -> None:
    starts = [random_network((2, 3, 1), seed=seed) for seed in (3, 7, 23)]
    run = train(
        gradient_descent(starts, INPUTS, ACTUAL, learning_rate=3.0),
        training_rows,
        StoppingCriteria(500),
    )
    alone = [train(descent(start), training_rows, StoppingCriteria(500)) for start in starts]
    losses = [single.loss for single in alone]
    assert [start.loss for start in run.starts] == pytest.approx(losses)
    assert run.start == int(np.argmin(losses))
    assert run.loss == min(start.loss for start in run.starts)
    assert dict(run.history) == pytest.approx(dict(alone[run.start].history))


@pytest.mark.parametrize(("rows", "fraction", "held"), [(10, 0.2, 2), (2, 0.01, 1), (3, 0.99, 2)])
def test_a_split_is_seeded_and_takes_every_row_once(rows: int, fraction: float, held: int) -> None:
    kept, validation_rows = split(rows, fraction, seed=1)
    assert sorted([*kept, *validation_rows]) == list(range(rows))
    assert len(validation_rows) == held
    assert [part.tolist() for part in split(rows, fraction, seed=1)] == [
        kept.tolist(),
        validation_rows.tolist(),
    ]


def test_a_run_keeps_what_a_resume_needs_and_the_curve_of_validation() -> None:
    states = adam([START], INPUTS, ACTUAL, learning_rate=0.1, batch_size=2, seed=1)
    run = train(states, training_rows, StoppingCriteria(20, validation=ROWS))
    assert run.state_dict is not None
    assert run.state_dict["steps"] == 2 * run.best_epoch
    assert [epoch for epoch, _ in run.validation_history] == [
        epoch for epoch in range(21) if epoch in HISTORY_EPOCHS
    ]
    assert 0 <= run.seconds < 60
    assert train(descent(), training_rows, StoppingCriteria(3)).state_dict is None


def test_a_resumed_history_goes_on_where_the_old_one_ends() -> None:
    before = ((0, 1.0), (1, 0.9), (7, 0.8), (999_999_000, 0.7))
    record = TrainingRecord(epochs=10, history=(*before, (10, 0.5), (13, 0.4)))
    run = train(descent(), training_rows, StoppingCriteria(3), resumed=record)
    assert [epoch for epoch, _ in run.history] == [0, 1, 7, 10, 11, 13]
    assert dict(run.history)[10] != 0.5


def test_a_tick_is_told_where_the_run_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TICK", 0.0)
    told: list[tuple[int, float, TrainingResult]] = []
    watcher: Callbacks[TrainingResult] = Callbacks(
        tick=lambda epoch, loss, run: told.append((epoch, loss, run()))
    )
    train(descent(), training_rows, StoppingCriteria(3), callbacks=watcher)
    assert [epoch for epoch, _, _ in told] == [0, 1, 2]
    for epoch, loss, run in told:
        assert (run.epochs, run.stopped) == (epoch, "interrupted")
        assert loss == pytest.approx(run.loss)


def test_a_split_is_the_same_for_ever() -> None:
    assert split(10, 0.3, seed=23)[1].tolist() == [0, 4, 7]
    assert len(split(10, 0.01, seed=1)[1]) == 1
