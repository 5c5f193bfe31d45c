"""Training with weight decay: checks, what is recorded, how starts are chosen, resuming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import Array, students

import scorenet_cli as scorenet
from scorenet_cli.errors import OptionError
from scorenet_cli.training.fit import FitResult
from scorenet_cli.training.plan import check_settings
from scorenet_cli.training.selection import MIN_ROWS
from scorenet_cli.training.settings import Settings, make_settings


def a_class(seed: int) -> dict[str, Array]:
    """8 to 20 rows of hours and scores, 40 + 4 hours ± 8."""
    rng = np.random.default_rng(seed)
    hours = rng.uniform(0, 12, int(rng.integers(8, 21))).round(1)
    scores = np.clip(40 + 4 * hours + 8 * rng.standard_normal(len(hours)), 0, 100)
    return {"hours": hours, "score": scores.round()}


def fit_class(of: int = 1, **settings: Any) -> FitResult:  # noqa: ANN401
    chosen: dict[str, Any] = {"optimizer": "lm", "bias": True, "weight_decay": "auto", **settings}
    return scorenet.train(a_class(of), **chosen)


@pytest.mark.parametrize("value", ["much", -1, float("nan"), "inf", "-0.1"])
def test_a_decay_that_is_none_is_refused(value: object) -> None:
    with pytest.raises(OptionError, match="expects a number of at least 0, or auto"):
        make_settings(weight_decay=value)


def test_a_decay_may_be_text() -> None:
    assert make_settings(weight_decay="0.5") == Settings(weight_decay=0.5)


@pytest.mark.parametrize("optimizer", ["gd", "adam", None])
def test_auto_needs_lm(optimizer: str | None) -> None:
    settings = make_settings(weight_decay="auto", optimizer=optimizer)
    with pytest.raises(OptionError, match="auto needs `optimizer=lm`"):
        check_settings(settings)


def test_the_record_holds_decays_and_the_parameters_used() -> None:
    fit = fit_class()
    record = fit.model.training
    assert record is not None
    assert record.weight_decay == "auto"
    assert record.decays is not None
    assert len(record.decays) == 2
    assert record.effective_parameters is not None
    assert 1 < record.effective_parameters < 6 < fit.model.network.parameters


def test_without_decay_the_record_says_nothing_of_it() -> None:
    record = fit_class(weight_decay=0, epochs=5).model.training
    assert record is not None
    assert (record.weight_decay, record.decays, record.effective_parameters) == (None, None, None)


def test_auto_keeps_the_start_of_the_largest_evidence() -> None:
    best = fit_class(restarts=4, seed=3, epochs=40)
    evidences = [fit_class(seed=seed, epochs=40).result.evidence for seed in range(3, 6)]
    logs = [found.log_evidence for found in evidences if found is not None]
    assert best.result.evidence is not None
    # The last of several starts is the least-squares line, and may be the best.
    assert best.result.evidence.log_evidence >= max(logs) or best.result.start < 3


@pytest.mark.parametrize("decay", ["auto", 0.3])
@pytest.mark.parametrize("optimizer", ["gd", "adam", "lm"])
def test_a_resumed_run_has_the_same_bits(
    optimizer: str, decay: str | float, tmp_path: Path
) -> None:
    if decay == "auto" and optimizer != "lm":
        return
    settings: dict[str, Any] = {"optimizer": optimizer, "weight_decay": decay}
    whole = fit_class(epochs=14, **settings).model
    path = str(tmp_path / "model.json")
    fit_class(epochs=6, **settings).model.save(path)
    resumed = scorenet.train(a_class(1), resume=path, epochs=8).model
    for layer, same in zip(whole.network.layers, resumed.network.layers, strict=True):
        assert layer.weights.tolist() == same.weights.tolist()
    assert whole.training is not None
    assert resumed.training is not None
    assert resumed.training.decays == whole.training.decays
    assert resumed.training.weight_decay == decay
    assert resumed.training.state == whole.training.state


def test_another_optimizer_keeps_a_number_and_drops_auto() -> None:
    for decay, kept in ((0.3, 0.3), ("auto", None)):
        old = fit_class(epochs=5, weight_decay=decay).model
        record = scorenet.train(a_class(1), resume=old, optimizer="gd", epochs=5).model.training
        assert record is not None
        assert record.weight_decay == kept


def test_zero_ends_the_decay_of_a_resumed_model() -> None:
    old = fit_class(epochs=5, weight_decay=0.3).model
    record = scorenet.train(a_class(1), resume=old, weight_decay=0, epochs=5).model.training
    assert record is not None
    assert record.weight_decay is None


def test_with_validation_the_decays_are_those_of_the_epoch_kept() -> None:
    fit = fit_class(validation=0.3)
    record = fit.model.training
    assert record is not None
    assert record.state is not None
    assert record.decays == tuple(record.state["decays"][:2])


def test_small_classes_get_no_prediction_far_from_their_line() -> None:
    for seed in range(12):
        data = a_class(seed)
        # Of some all sizes are compared; 3 neurons bend more than what is chosen else.
        is_auto = seed == 0 and len(data["hours"]) >= MIN_ROWS
        model = scorenet.train(data).model if is_auto else fit_class(seed, epochs=30).model
        hours = np.linspace(data["hours"].min(), data["hours"].max(), 100)
        away = np.abs(model.predict(hours[:, np.newaxis])[:, 0] - (40 + 4 * hours))
        assert away.max() < 40, seed


def test_a_decay_keeps_the_remark_that_scores_are_not_matched_away() -> None:
    fit = fit_class(8)
    assert not [warning for warning in fit.warnings if "do not match" in warning]


@pytest.mark.parametrize("output", ["sigmoid", "linear"])
def test_gd_adam_and_lm_end_at_the_same_cost(output: str) -> None:
    costs = {}
    for optimizer, epochs in (("lm", 100), ("gd", 4000), ("adam", 4000)):
        fit = scorenet.train(
            students(30),
            optimizer=optimizer,
            epochs=epochs,
            output_activation=output,
            bias=True,
            standardize=True,
            init="scaled",
            seed=1,
            weight_decay=0.5,
        )
        weights = sum((layer.weights**2).sum() for layer in fit.model.network.layers)
        costs[optimizer] = fit.result.loss * 30 + 0.5 * weights
    assert costs["gd"] == pytest.approx(costs["lm"], rel=0.01)
    assert costs["adam"] == pytest.approx(costs["lm"], rel=0.01)
