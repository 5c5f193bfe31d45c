from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Array

from scorenet_cli.core.network import BLOCK_ROWS, Layer, Network, random_network
from scorenet_cli.errors import DataError
from scorenet_cli.model.model import Model, layer_names, neuron_names, predict
from scorenet_cli.model.trace import forward_trace


def model(network: Network | None = None, feature_range: Array | None = None) -> Model:
    made = network or random_network((2, 3, 1), seed=23)
    return Model(
        network=made,
        features=tuple(f"f{n}" for n in range(made.shape[0])),
        targets=tuple(f"t{n}" for n in range(made.shape[-1])),
        feature_scale=np.array([3.0, 9.0, 2.0, 7.0, 5.0])[: made.shape[0]],
        target_scale=np.full(made.shape[-1], 100.0),
        feature_range=feature_range,
    )


def test_scores_are_outputs_in_score_units() -> None:
    answer = predict(model(), np.array([[2.0, 9.0]]))
    assert answer.scaled_inputs.tolist() == [[2 / 3, 1]]
    assert answer.scores == pytest.approx(answer.outputs * 100)


def test_values_outside_the_training_range_are_marked() -> None:
    ranged = model(feature_range=np.array([[1.0, 3.0], [5.0, 9.0]]))
    rows = np.array([[1.0, 5.0], [3.0, 9.0], [4.0, 8.0], [2.0, 4.9]])
    assert predict(ranged, rows).out_of_range.tolist() == [
        [False, False],
        [False, False],
        [True, False],
        [False, True],
    ]
    assert predict(ranged, np.array([[1.1, 0.9]]), "none").out_of_range.tolist() == [[True, False]]
    assert not predict(model(), rows).out_of_range.any()


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4), st.booleans(), st.integers(0, 99))
def test_a_prediction_is_the_last_line_of_the_trace_and_the_same_in_a_batch(
    shape: list[int], bias: bool, seed: int
) -> None:
    network = random_network(shape, seed=seed, bias=bias, activation="tanh")
    rows = np.random.default_rng(seed).uniform(-5, 5, (7, shape[0]))
    batch = predict(model(network), rows).scores
    for row, scores in zip(rows, batch, strict=True):
        assert forward_trace(model(network), row.tolist()).scores == tuple(scores.tolist())


def test_one_block_or_several_give_the_same_bits() -> None:
    rows = np.random.default_rng(0).uniform(0, 9, (BLOCK_ROWS + 3, 2))
    whole = predict(model(), rows).scores
    parts = [predict(model(), rows[:100]).scores, predict(model(), rows[100:]).scores]
    assert whole.tobytes() == np.concatenate(parts).tobytes()


def test_huge_values_saturate_and_contradicting_ones_are_refused() -> None:
    plus = model(Network((Layer(np.array([[1e200], [0.0]])),)))
    assert predict(plus, np.array([[1e300, 1.0]]), "none").scores.tolist() == [[100.0]]
    both = model(Network((Layer(np.array([[1e200], [-1e200]])),)))
    with pytest.raises(DataError, match="too large"):
        predict(both, np.array([[1e300, 1e300]]), "none")


def test_neurons_are_named_by_layer() -> None:
    assert neuron_names(model()) == [("f0", "f1"), ("h1", "h2", "h3"), ("t0",)]
    deep = model(random_network((1, 2, 1, 2), seed=0))
    assert neuron_names(deep) == [("f0",), ("h1.1", "h1.2"), ("h2.1",), ("t0", "t1")]
    assert layer_names(model()) == ["hidden", "output"]
    assert layer_names(deep) == ["hidden 1", "hidden 2", "output"]


def test_the_row_that_is_too_large_is_the_one_named() -> None:
    steep = model(Network((Layer(np.array([[1e300], [0.0]]), None, "relu"),)))
    rows = np.array([[1.0, 0.0], [2.5, 7.0], [1e10, 8.0]])
    with pytest.raises(DataError) as error:
        predict(steep, rows)
    assert str(error.value) == (
        "the numbers computed from the values 10000000000, 8 become too large to compute with. "
        "Check the values' units, and the model's weights and scales."
    )
    tiny = dataclasses.replace(model(), feature_scale=np.array([1e-300, 1.0]))
    with pytest.raises(
        DataError, match="the numbers computed from the values 10000000000, 8 become"
    ):
        predict(tiny, rows)


def test_scores_beyond_numbers_are_refused_without_a_warning() -> None:
    steep = model(Network((Layer(np.array([[1e200], [0.0]]), None, "relu"),)))
    vast = dataclasses.replace(steep, target_scale=np.array([1e200]))
    with pytest.raises(DataError, match="too large"):
        predict(vast, np.array([[1.0, 1.0]]))


def test_a_range_beyond_numbers_has_no_outside() -> None:
    ranged = model(feature_range=np.array([[0.0, 1e300], [0.0, 9.0]]))
    tiny = dataclasses.replace(ranged, feature_scale=np.array([1e-300, 1.0]))
    outside = predict(tiny, np.array([[5.0, 10.0]]), "none").out_of_range
    assert outside.tolist() == [[False, True]]


def test_without_a_range_nothing_is_outside() -> None:
    assert predict(model(), np.array([[1.0, 2.0]])).out_of_range.tolist() == [[False, False]]
    assert predict(model(), np.array([[1.0, 2.0]])).out_of_range.dtype == bool
