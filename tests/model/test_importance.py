from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorenet_cli.core.network import Layer, Network, random_network
from scorenet_cli.model import importance
from scorenet_cli.model.importance import permutation_importance
from scorenet_cli.model.model import Model, predict


def model_of(network: Network, categories: dict[str, tuple[str, ...]] | None = None) -> Model:
    inputs = network.shape[0]
    features = tuple(categories or ()) + tuple(
        f"x{n}" for n in range(inputs - sum(map(len, (categories or {}).values())))
    )
    return Model(
        network, features, ("y",), np.ones(inputs), np.ones(1), categories=categories or {}
    )


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(0, 2), st.booleans())
def test_a_column_that_the_model_ignores_has_none(seed: int, ignored: int, is_deep: bool) -> None:
    first, *rest = random_network((3, 4, 1) if is_deep else (3, 1), seed=seed, bias=True).layers
    weights = first.weights.copy()
    weights[ignored] = 0
    model = model_of(Network((Layer(weights, first.bias), *rest)))
    rng = np.random.default_rng(seed)
    found = permutation_importance(model, rng.standard_normal((40, 3)), rng.random((40, 1)))
    assert found.columns[f"x{ignored}"] == (0, 0)
    assert found.notes == ()


def test_it_is_what_shuffling_and_predicting_anew_gives() -> None:
    """Of a linear model of independent columns shuffling costs 2 weight² variance / variance."""
    weights = np.array([[3.0], [-1.0], [0.0]])
    inputs = np.random.default_rng(1).standard_normal((20_000, 3))
    model = model_of(Network((Layer(weights, activation="linear"),)))
    found = permutation_importance(model, inputs, predict(model, inputs).scores).columns
    expected = 2 * weights[:, 0] ** 2 / (weights**2).sum()
    assert [each.loss for each in found.values()] == pytest.approx(expected, abs=0.05)
    assert all(each.spread < 0.05 for each in found.values())


def test_it_is_measured_in_the_models_scaling() -> None:
    rng = np.random.default_rng(1)
    inputs, actual = rng.standard_normal((40, 2)), rng.random((40, 1))
    plain = model_of(random_network((2, 3, 1), seed=1, bias=True))
    mean, deviation = np.array([50.0, -3.0]), np.array([8.0, 0.5])
    scaled = replace(plain, feature_offset=mean, feature_scale=deviation)
    found = permutation_importance(scaled, inputs * deviation + mean, actual).columns
    expected = permutation_importance(plain, inputs, actual).columns
    for name, (loss, spread) in expected.items():
        assert found[name] == pytest.approx((loss, spread), rel=1e-9, abs=1e-12)


def test_inputs_of_one_text_column_are_shuffled_together() -> None:
    """Where they were shuffled apart, a row would have two towns, or none."""
    network = Network((Layer(np.array([[1e6], [1e6], [1e6]]), activation="linear"),))
    model = model_of(network, {"town": ("Bern", "Rom", "Wien")})
    inputs = np.eye(3)[np.random.default_rng(1).integers(0, 3, 50)]
    found = permutation_importance(model, inputs, np.linspace(0, 1, 50)[:, np.newaxis]).columns
    assert found == {"town": (0, 0)}


def test_of_many_rows_a_sample_is_drawn_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "MAX_WORK", 0)
    monkeypatch.setattr(importance, "MAX_COLUMNS", 3)
    model, rng = model_of(random_network((3, 1), seed=1)), np.random.default_rng(1)
    found = permutation_importance(model, rng.random((1234, 3)), rng.random((1234, 1)))
    assert found.notes == ("importance is measured on 100 of 1,234 rows, drawn at random.",)
    wide = model_of(random_network((4, 1), seed=1))
    found = permutation_importance(wide, rng.random((5, 4)), rng.random((5, 1)))
    note = "importance is not measured: there are more than 3 columns."
    assert found == ({}, (note,))


def test_as_many_rows_are_drawn_as_the_work_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row costs 40, 20 for each neuron, and the parameters after the first layer: 199 here."""
    model = model_of(random_network((3, 4, 2, 1), seed=1, bias=True))
    assert sum(layer.parameters for layer in model.network.layers[1:]) == 10 + 3
    monkeypatch.setattr(importance, "MAX_WORK", 150 * 5 * 3 * (40 + 20 * 7 + 13))
    inputs = np.random.default_rng(1).random((151, 3))
    found = permutation_importance(model, inputs, inputs[:, :1])
    assert found.notes == ("importance is measured on 150 of 151 rows, drawn at random.",)
    assert permutation_importance(model, inputs[1:], inputs[1:, :1]).notes == ()


def test_no_row_is_drawn_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores that are equal but for one row have an R² where that row is drawn: 20 of 21 are."""
    monkeypatch.setattr(importance, "MAX_WORK", 0)
    monkeypatch.setattr(importance, "MIN_ROWS", 20)
    model, inputs = model_of(random_network((1, 1), seed=1)), np.ones((21, 1))
    scores = np.eye(21)[:, :, np.newaxis]
    drawn = [bool(permutation_importance(model, inputs, each).columns) for each in scores]
    assert sum(drawn) == 20


def test_a_model_of_the_mean_has_none() -> None:
    """Its R² is exactly 0, which is a number."""
    model = model_of(Network((Layer(np.zeros((2, 1)), np.array([0.5]), "linear"),)))
    found = permutation_importance(model, np.eye(2), np.eye(2)[:, :1])
    assert found.columns == {"x0": (0, 0), "x1": (0, 0)}


def test_what_is_too_large_when_shuffled_is_not_measured() -> None:
    model = model_of(Network((Layer(np.array([[0.0], [1.0]])),)))
    inputs = np.array([[1e308, 0.0], [-1e308, 1.0], [0.0, 2.0], [1e308, 3.0]])
    assert permutation_importance(model, inputs, inputs[:, 1:]) == ({}, ())


def test_equal_scores_have_no_r2_to_lose() -> None:
    model = model_of(random_network((2, 1), seed=1))
    assert permutation_importance(model, np.eye(2), np.ones((2, 1))).columns == {}
