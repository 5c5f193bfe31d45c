from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import Array

from scorenet_cli.core.intervals import LEVEL, Uncertainty
from scorenet_cli.core.network import BLOCK_ROWS, Layer, Network, random_network
from scorenet_cli.errors import DataError, OptionError
from scorenet_cli.model.model import (
    Model,
    encode_actual,
    interval_text,
    intervals,
    intervals_if_known,
    layer_names,
    neuron_names,
    predict,
    scaling_warning,
)
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
    rows = np.array([[0.5, 0.25]])
    assert model().predict(rows, scaling="own") == predict(model(), rows * 2, "none").scores


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
    shifted = dataclasses.replace(ranged, feature_offset=np.array([2.0, 7.0]))
    rows = np.array([[-0.3, 0.2], [-0.4, 0.3]])  # of -1/3 to 1/3, -2/9 to 2/9
    assert predict(shifted, rows, "none").out_of_range.tolist() == [[False, False], [True, True]]


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


# Values as Python has them

TOWNS = tuple(f"t{n}" for n in range(13))
MIXED = Model(
    network=random_network((15, 1), seed=1),
    features=("hours", "town", "room"),
    targets=("score",),
    feature_scale=np.ones(15),
    target_scale=np.array([100.0]),
    categories={"town": TOWNS, "room": ("1", "2")},
)


EVERY_TOWN = ", ".join(map(repr, TOWNS))
NAMES = "'hours', 'town', 'room'"


def inputs(hours: float, town: int, room: int) -> list[float]:
    return [hours, *np.eye(13)[town].tolist(), room - 1]


@pytest.mark.parametrize("hours", [2.5, np.float32(2.5), "2.5", " 2.5 "])
@pytest.mark.parametrize("room", [2, 2.0, "2", " 2 "])
def test_a_number_and_its_text_are_the_same_value(hours: object, room: object) -> None:
    rows = [[hours, "t3", room], [1, " t0", 1.0]]
    expected = [inputs(2.5, 3, 2), inputs(1, 0, 1)]
    assert predict(MIXED, rows).inputs.tolist() == expected
    names = {"room": [room, 1.0], "hours": [hours, 1], "town": ["t3", "t0"], "more": [0, 0]}
    assert predict(MIXED, names).inputs.tolist() == expected


def test_columns_that_are_no_mapping_are_read_by_name() -> None:
    class Frame:
        """Has columns, iterates over their names and gives each, as a pandas DataFrame does."""

        columns = ("room", "town", "hours")

        def __iter__(self) -> Iterator[str]:
            return iter(self.columns)

        def __getitem__(self, name: str) -> list[object]:
            cells: dict[str, list[object]] = {"room": [2, 1.0], "town": ["t3", "t0"]}
            return cells.get(name, [2.5, 1])

    expected = [inputs(2.5, 3, 2), inputs(1, 0, 1)]
    assert predict(MIXED, Frame()).inputs.tolist() == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1, "t13", 1]], f"'t13' is not a category of 'town'. The categories are {EVERY_TOWN}."),
        ([["much", "t1", 1]], "'hours': 'much' is not a number."),
        ([[1, "t1"]], f"expected values of shape (rows, 3): {NAMES}; got (1, 2)."),
        ([[1, "t1", 1], [None, "t1", 1]], "row 2: 'hours' has no value."),
        ([[1, "t1", 1], [1, "t1", None]], "row 2: 'room' has no value."),
        ([np.ones((1, 2)), np.ones((1, 3))], f"expected rows with a value for each of {NAMES}."),
        (
            {"hours": [1], "town": ["t1"], "rooms": [1]},
            "there is no column 'room', which the model needs. Did you mean 'rooms'?",
        ),
        (
            {"hours": [1, 2], "town": ["t1", "t1"], "room": [1]},
            "the given columns differ in length.",
        ),
    ],
)
def test_values_that_do_not_fit_are_named(values: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(DataError) as error:
        MIXED.predict(values)
    assert str(error.value) == message


PAIR = dataclasses.replace(
    model(random_network((2, 2), seed=1)), targets=("s", "t"), target_scale=np.array([100.0, 5.0])
)


@pytest.mark.parametrize(
    ("of", "actual", "message"),
    [
        (PAIR, [1.0], "`actual=SCORE` is required once for each of 's', 't'; got 1."),
        (model(), [1, 2], "`actual=SCORE` is required once for 't0'; got 2."),
        (
            PAIR,
            [1, 5.5],
            "`actual` 5.5 for 't' is outside the range 0 to 5 that this model can predict.",
        ),
        (PAIR, ["1", "much"], "`actual` 'much' is not a number. Give a score."),
        (
            dataclasses.replace(PAIR, classes={"t": ("pass", "fail")}),
            ["1", "pas"],
            (
                "`actual` 'pas' is not a class of 't'. Did you mean 'pass'? The classes are "
                "'pass', 'fail'."
            ),
        ),
    ],
)
def test_actual_scores_that_do_not_fit_are_named(
    of: Model, actual: list[object], message: str
) -> None:
    with pytest.raises(OptionError) as error:
        encode_actual(of, actual)
    assert str(error.value) == message


def test_actual_scores_are_numbers_or_their_text() -> None:
    assert encode_actual(PAIR, [100, "5"]) == encode_actual(PAIR, ["100", 5.0]) == [100, 5]


# Intervals


def uncertain(factor: list[list[float]], network: Network | None = None) -> Model:
    """A line through two inputs, or another network, whose two weights are uncertain."""
    line = model(network or Network((Layer(np.ones((2, 1)), None, "linear"),)))
    known = Uncertainty(np.array(factor), np.array([0.01]), 9.0)
    return dataclasses.replace(line, uncertainty=known)


def test_intervals_are_known_unless_they_are_beyond_numbers() -> None:
    rows = np.array([[10.0, 10.0]])
    known = uncertain([[0.1, 0.0], [0.0, 0.1]])
    answer = predict(known, rows)
    found = intervals_if_known(known, answer.scaled_inputs)
    assert found is not None
    assert found.tolist() == intervals(known, answer, LEVEL).tolist()
    assert forward_trace(known, (10, 10)).intervals == tuple(map(tuple, found[0].tolist()))
    assert intervals_if_known(uncertain([[1e308, -1e308], [0.0, 1.0]]), rows) is None
    # The output is 1e200, its derivative by the first weight 1e400.
    weights = (Layer(np.array([[each]]), None, "linear") for each in (1e-200, 1e200))
    steep = uncertain([[1.0, 0.0], [0.0, 1.0]], Network(tuple(weights)))
    assert intervals_if_known(steep, np.array([[1e200]])) is None


@pytest.mark.parametrize(
    ("of", "level", "message"),
    [
        (uncertain([[1.0, 0], [0, 1]]), 1.5, "expects a fraction between 0 and 1, e.g. 0.9."),
        (
            model(),
            0.9,
            (
                "needs a model that stores its uncertainty, which this model does not. Train one "
                "with `optimizer=lm` and `weight_decay=auto`."
            ),
        ),
        (
            dataclasses.replace(model(), classes={"t0": ("no", "yes")}),
            0.9,
            "is only for numeric targets, but this model predicts classes. Leave it out.",
        ),
    ],
)
def test_intervals_that_cannot_be_are_refused(of: Model, level: float, message: str) -> None:
    with pytest.raises(OptionError) as error:
        intervals(of, predict(of, np.ones((1, 2))), level)
    assert (str(error.value), error.value.option) == (f"`interval` {message}", "interval")


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((62.345, 99.123), "75.4, 90 % interval 62.3 to 99.1"),
        ((-0.02, 1234.5), "75, 90 % interval 0 to 1234"),
        ((75.41, 75.44), "75.4250, 90 % interval 75.4100 to 75.4400"),
        ((75.425, 75.425), "75.425000, 90 % interval 75.425000 to 75.425000"),
        ((75.0, 85.0), "75.4, 90 % interval 75.0 to 85.0"),
    ],
)
def test_an_interval_is_rounded_to_three_digits_of_its_width(
    ends: tuple[float, float], text: str
) -> None:
    assert interval_text(*ends, 75.425) == text
    assert interval_text(*ends) == text.split(", ")[1]


def test_values_that_do_not_get_the_scaling_they_need_are_named() -> None:
    bare, values = dataclasses.replace(model(), is_weights_only=True), np.array([[0.5, -1.25, 3.0]])
    assert scaling_warning(bare, values, "training") == (
        "these weights hold no scaling, so values are expected to be scaled already, but -1.25 is "
        "outside -1 to 1. In predict and the traces, `scaling=own` divides values by their own "
        "largest value, as the document does."
    )
    assert scaling_warning(bare, values, "own") is None
    assert scaling_warning(bare, np.array([[1.0, -1.0]]), "training") is None
    assert scaling_warning(model(), values, "training") is None
    shifted = dataclasses.replace(model(), feature_offset=np.ones(2))
    assert scaling_warning(shifted, values, "training") is None
    assert scaling_warning(shifted, values, "own") == (
        "the model was trained with `standardize`: inputs scaled with `scaling=own` do not match "
        "those of training. Leave `scaling` out."
    )
