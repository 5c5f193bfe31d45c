"""What must hold for all inputs, across the modules: against exact arithmetic, and in any order."""

from __future__ import annotations

import json
import math
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from export.cases import any_models, assert_equal_to_predict, can_be_predicted, random_rows
from export.runners import in_python
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support import Invoke, random_case
from typer.testing import CliRunner

import scorenet_cli as scorenet
from scorenet_cli.cli import application
from scorenet_cli.core import parallel
from scorenet_cli.core.activations import ActivationName
from scorenet_cli.core.network import Layer, Network, random_network
from scorenet_cli.core.optimizers.gradient_descent import gradient_descent
from scorenet_cli.core.optimizers.levenberg_marquardt import levenberg_marquardt
from scorenet_cli.errors import DataError
from scorenet_cli.model.model import Model, predict
from scorenet_cli.model.trace import backward_trace, forward_trace
from scorenet_cli.training.loop import ScaledData, StoppingCriteria, train

EXTREMES = [0.0, 5e-324, 2.3e-308, 1e-300, 1e-9, 1.0, 3.5, 700.0, 1e9, 1e300, 1.7e308]
NUMBERS = st.sampled_from(EXTREMES + [-value for value in EXTREMES]) | st.floats(
    allow_nan=False, allow_infinity=False
)


def one_layer(weights: list[float], bias: float | None, activation: ActivationName) -> Model:
    layer = Layer(
        np.array(weights)[:, np.newaxis], None if bias is None else np.array([bias]), activation
    )
    return Model(
        network=Network((layer,)),
        features=tuple(f"x{n}" for n in range(len(weights))),
        targets=("y",),
        feature_scale=np.ones(len(weights)),
        target_scale=np.ones(1),
    )


def activated(z: Fraction, activation: ActivationName) -> float:
    """The activation of an exact sum, by its definition."""
    if activation == "relu":
        return float(max(z, Fraction(0)))
    at = float(max(min(z, Fraction(800)), Fraction(-800)))  # both are flat there, to the bit
    if activation == "tanh":
        return math.tanh(at)
    return 1 / (1 + math.exp(-at)) if at > -700 else math.exp(at)


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5),
    st.none() | NUMBERS,
    st.sampled_from(["sigmoid", "tanh", "relu"]),
)
def test_extreme_weights_and_values_give_the_exact_answer_or_are_refused(
    pairs: list[tuple[float, float]], bias: float | None, activation: ActivationName
) -> None:
    """Against sums of exact fractions; rounding may cost an eps of the largest partial sum each."""
    values, weights = [value for value, _ in pairs], [weight for _, weight in pairs]
    model = one_layer(weights, bias, activation)
    terms = [Fraction(value) * Fraction(weight) for value, weight in pairs]
    terms += [] if bias is None else [Fraction(bias)]
    size = sum(map(abs, terms), start=Fraction(0))
    try:
        output = predict(model, np.array([values])).outputs[0, 0]
    except DataError:
        assert size > Fraction(10) ** 308  # beyond what a float can hold on the way
        return
    assert math.isfinite(output)
    assume(size < Fraction(10) ** 308)
    rounding = float(size) * 2.3e-16 * (len(terms) + 1) + 5e-324 * len(terms)
    exact = sum(terms, start=Fraction(0))
    low, high = (activated(exact + Fraction(sign * rounding), activation) for sign in (-1, 1))
    margin = 1e-15 * max(abs(low), abs(high)) + 1e-323
    assert low - margin <= output <= high + margin


@given(
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=4),
    st.sampled_from(["sigmoid", "tanh", "relu"]),
    st.floats(0, 1),
)
def test_traces_of_extremes_are_finite_or_refused(
    pairs: list[tuple[float, float]], activation: ActivationName, actual: float
) -> None:
    model = one_layer([weight for _, weight in pairs], 0.5, activation)
    values = [value for value, _ in pairs]
    try:
        forward = forward_trace(model, values)
        backward = backward_trace(model, values, [actual])
    except DataError:
        return
    assert backward.forward == forward
    json.dumps([forward.outputs, backward.loss, backward.loss_after], allow_nan=False)
    for neuron in backward.layers[0].neurons:
        figures = [neuron.error, neuron.slope, neuron.delta]
        figures += [figure for w in neuron.weights for figure in (w.before, w.change, w.after)]
        assert all(map(math.isfinite, figures))


@given(st.integers(0, 10**6), st.sampled_from(["gd", "lm"]), st.integers(2, 80))
def test_rows_in_another_order_train_the_same_network_within_rounding(
    seed: int, optimizer: str, rows: int
) -> None:
    network, inputs, actual = random_case(seed, ["tanh", "sigmoid"], rows)
    order = np.random.default_rng(seed).permutation(rows)

    def losses(rows: ScaledData) -> list[float]:
        states = (
            gradient_descent((network,), *rows, learning_rate=0.5)
            if optimizer == "gd"
            else levenberg_marquardt([network], *rows)
        )
        return [loss for _, loss in train(states, lambda: [rows], StoppingCriteria(8)).history]

    in_order, shuffled = (
        losses(ScaledData(inputs, actual)),
        losses(ScaledData(inputs[order], actual[order])),
    )
    assert shuffled[: len(in_order)] == pytest.approx(
        in_order[: len(shuffled)], rel=1e-6, abs=1e-12
    )


@pytest.mark.parametrize("unit", [1e300, 1e-300, 1e-320])
@pytest.mark.parametrize("optimizer", ["gd", "adam", "lm"])
def test_units_of_any_size_train_the_same_network(
    invoke: Invoke, unit: float, optimizer: str
) -> None:
    """Columns are divided by their largest value, so their units must not matter."""
    for name, scale in (("plain.csv", 1.0), ("scaled.csv", unit)):
        lines = [
            f"{a * scale!r},{b * scale!r},{c}" for a, b, c in ((2, 8, 92), (1, 4, 86), (4, 6, 89))
        ]
        Path(name).write_text("a,b,score\n" + "\n".join(lines) + "\n", encoding="utf-8")
    losses = []
    for name in ("plain.csv", "scaled.csv"):
        words = ("--optimizer", optimizer, "--epochs", 20, "--json", "--output", f"{name}.json")
        result = invoke("train", name, *words)
        assert result.exit_code == 0, result.stderr
        losses.append(json.loads(result.stdout)["loss"])
    # Subnormal numbers have few digits of their own: 1e-320 has three.
    assert losses[1] == pytest.approx(losses[0], rel=1e-9 if unit != 1e-320 else 1e-2)
    scores = [
        float(invoke("predict", 3 * scale, 7 * scale, "--model", model).stdout)
        for model, scale in (("plain.csv.json", 1.0), ("scaled.csv.json", unit))
    ]
    assert scores[1] == pytest.approx(scores[0], abs=1e-5 if unit != 1e-320 else 1)


@pytest.mark.parametrize("unit", [1e308, 1e300, 1e-300, 1e-320])
def test_scores_of_any_size_are_measured_and_shown(invoke: Invoke, unit: float) -> None:
    for name, scale in (("plain.csv", 1.0), ("scaled.csv", unit)):
        rows = [(2, 0.9), (1, 0.35), (4, 0.7), (3, 1.1), (5, 0.2), (6, 0.85)]
        lines = [f"{hours},{score * scale!r}" for hours, score in rows]
        Path(name).write_text("h,score\n" + "\n".join(lines) + "\n", encoding="utf-8")
    answers = []
    for name, scale in (("plain.csv", 1.0), ("scaled.csv", unit)):
        best = ("--max-score", 1.2 * scale, "--epochs", 50, "--output", f"{name}.json")
        for words in (("--restarts", 3), ("--validation", 0.4)):
            result = invoke("train", name, *best, *words, "--json")
            assert result.exit_code == 0, result.stderr
            answers.append(json.loads(result.stdout))
    for words in (("--restarts", 3), ("--validation", 0.4)):
        page = invoke("train", name, *best, *words)
        assert "nan" not in page.stdout
        assert max(map(len, page.stdout.splitlines())) < 100
    page = invoke("inspect", "--model", f"{name}.json", "--data", name)
    assert page.exit_code == 0
    assert "nan" not in page.stdout
    near = 1e-9 if unit != 1e-320 else 1e-2  # which has three digits
    for plain, scaled in zip(answers[:2], answers[2:], strict=True):
        for one, other in (
            (plain["metrics"], scaled["metrics"]),
            (plain["metrics"]["baselines"]["mean"], scaled["metrics"]["baselines"]["mean"]),
            (plain["metrics"]["baselines"]["linear"], scaled["metrics"]["baselines"]["linear"]),
        ):
            assert other["rmse"] / unit == pytest.approx(one["rmse"], rel=near)
            assert other["mae"] / unit == pytest.approx(one["mae"], rel=near)
            assert other["r2"] == pytest.approx(one["r2"], rel=near, abs=near)
    for key in ("prediction_deviation", "prediction_range"):
        spread = answers[2]["restarts"][key] / unit
        assert spread == pytest.approx(answers[0]["restarts"][key], rel=near)


def test_a_deep_network_of_extreme_weights_answers_without_warnings() -> None:
    network = random_network((3, 4, 4, 2), seed=1, bias=True)
    for factor in (1e-300, 1e-160, 1e160, 1e300):
        scaled = Network(
            tuple(Layer(layer.weights * factor, layer.bias) for layer in network.layers)
        )
        model = Model(scaled, ("a", "b", "c"), ("y", "z"), np.ones(3), np.ones(2))
        outputs = predict(model, np.array([[1.0, -2.0, 0.5]])).outputs
        assert ((outputs >= 0) & (outputs <= 1)).all()
        if factor < 1:
            assert outputs == pytest.approx(0.5)  # S(0)
        else:
            assert set(outputs.ravel().tolist()) <= {0.0, 1.0}  # S of nothing but huge sums


@settings(max_examples=15)
@given(any_models())
def test_predict_trace_api_file_and_exported_program_give_the_same_scores(model: Model) -> None:
    """Whatever is asked, and one row or all at once: to the bit, the exported program to 1e-12."""
    rows = [row for row in random_rows(model, 20) if can_be_predicted(model, row)]
    assume(rows)
    expected = predict(model, rows)
    columns = dict(zip(model.features, zip(*rows, strict=True), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        model.save(path := Path(folder, "m.json"))
        loaded = scorenet.load(path)
    for scores in (
        scorenet.predict(loaded, rows).scores,
        model.predict(columns),
        np.vstack([model.predict([row]) for row in rows]),
    ):
        assert scores.tobytes() == expected.scores.tobytes()
    for row, scores, outputs in zip(rows, expected.scores, expected.outputs, strict=True):
        traced = scorenet.forward_trace(model, row)  # type: ignore[arg-type] # None is filled
        assert traced.scores == tuple(scores.tolist())
        assert traced.outputs == tuple(outputs.tolist())
    assert_equal_to_predict(model, rows, in_python(model, rows))


class RandomTable(NamedTuple):
    """A CSV of numbers and text with missing cells, and the settings of a short training."""

    text: str
    settings: dict[str, Any]


@st.composite
def random_tables(draw: st.DrawFn) -> RandomTable:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = draw(st.integers(20, 60))
    towns = rng.choice(["Bern", "Rom", "Wien, Ost", '"x"', "Zürich"], rows).astype(object)
    columns = {
        "hours": rng.normal(0, 10.0 ** rng.integers(-5, 6), rows).astype(object),
        "town": towns,
        "passed": rng.choice(["yes", "no"], rows).astype(object),
        "count": rng.integers(0, 50, rows).astype(object),
    }
    for column in columns.values():
        column[rng.random(rows) < 0.08] = draw(st.sampled_from(["", "NA", "?"]))
    scores = rng.choice(["a", "b", "c"], rows) if draw(st.booleans()) else rng.uniform(0, 100, rows)
    cells = zip(*columns.values(), scores.tolist(), strict=True)
    lines = [",".join(quoted(str(cell)) for cell in row) for row in cells]
    optimizer = draw(st.sampled_from(["gd", "adam", "lm"]))
    return RandomTable(
        "\n".join([",".join([*columns, "score"]), *lines]) + "\n",
        {
            "optimizer": optimizer,
            "missing": draw(st.sampled_from(["skip", "fill"])),
            "hidden": draw(st.sampled_from(["none", "3", "4,2"])),
            "standardize": draw(st.booleans()),
            "bias": draw(st.booleans()),
            "restarts": draw(st.integers(1, 2)),
            "weight_decay": "auto" if optimizer == "lm" and draw(st.booleans()) else 0.1,
            "epochs": 3,
        },
    )


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"') else cell


# Sizes that share sums out, small enough for several blocks; a bit may hang on them.
FIXED = {
    "core.metrics.BLOCK_ROWS": 16,
    "core.inplace.BLOCK_CELLS": 1,
    "core.inplace.MIN_ROWS": 5,
    "core.optimizers.least_squares.BLOCK_CELLS": 5,
    "core.optimizers.least_squares.MIN_BLOCK_ROWS": 5,
}
# Those on which none may.
WAYS: list[dict[str, int]] = [
    {"core.parallel.CORES": 1},
    {"core.parallel.CORES": 3, "core.network.BLOCK_ROWS": 7, "data.dataset.CHUNK": 11},
    {"core.parallel.CORES": 2, "core.network.BLOCK_CELLS": 1, "data.plain_numbers.BLOCK": 20},
]


@settings(max_examples=4)
@given(random_tables())
def test_cores_blocks_and_chunks_change_no_bit(table: RandomTable) -> None:
    """Of a training on text and missing cells, its metrics, and what predict writes."""
    answers: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as folder:
        csv, model = Path(folder, "rows.csv"), Path(folder, "m.json")
        csv.write_text(table.text, encoding="utf-8")
        for way in WAYS:
            with pytest.MonkeyPatch.context() as patch:
                for name, size in {**FIXED, **way}.items():
                    patch.setattr(f"scorenet_cli.{name}", size)
                parallel._pool.cache_clear()  # noqa: SLF001 - made for so many cores
                fit = scorenet.train(str(csv), **table.settings)
                if not answers:
                    fit.model.save(model)
                words = ["predict", "--csv", csv, "--model", model, "--precision", 15, "--quiet"]
                result = CliRunner().invoke(application(), [str(word) for word in words])
                assert result.exit_code == 0, result.stderr
                bits = [layer.weights.tobytes() for layer in fit.model.network.layers]
                answers.append((bits, fit.metrics, fit.predicted.tobytes(), result.stdout))
    for answer in answers[1:]:
        assert answer == answers[0]
