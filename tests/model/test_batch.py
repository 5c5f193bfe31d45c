from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support import ACTUAL, INPUTS, Array, PlainFormulas, named, random_case

from scorenet_cli.core.activations import sigmoid
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.errors import DataError
from scorenet_cli.model.batch import BatchTrace, batch_trace
from scorenet_cli.model.model import Model

ARITHMETIC = {"sigmoid": sigmoid, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}


def traced(seed: int, activations: list[str], rows: int, rate: float = 3.0) -> BatchTrace:
    network, inputs, actual = random_case(seed, activations, rows)
    shape = network.shape
    names = (tuple(f"x{n}" for n in range(shape[0])), tuple(f"y{n}" for n in range(shape[-1])))
    model = Model(network, *names, np.ones(shape[0]), np.ones(shape[-1]))
    return batch_trace(model, inputs, actual, learning_rate=rate)


@pytest.mark.parametrize(
    "activations",
    [["sigmoid"], ["sigmoid", "sigmoid"], ["tanh", "relu", "linear"], ["relu"] * 3 + ["tanh"]],
)
@pytest.mark.parametrize("seed", range(4))
def test_every_formula_is_numpy_that_gives_its_matrix(seed: int, activations: list[str]) -> None:
    known: dict[str, object] = {}
    for matrix in traced(seed, activations, rows=6, rate=0.5).matrices:
        if matrix.formula and matrix.name not in {"X", "y"}:
            name, _, formula = matrix.formula.partition(" = ")
            assert name == matrix.name
            result = np.atleast_2d(eval(formula, dict(ARITHMETIC), known))  # noqa: S307 - it is ours
            np.testing.assert_allclose(matrix.values, result, rtol=1e-12, atol=1e-14)
        known[matrix.name] = matrix.values
        shape = (len(matrix.rows) or 6, len(matrix.columns))
        assert matrix.values.shape == shape


def test_the_names_are_the_documents() -> None:
    rng = np.random.default_rng(1)
    network = Network((Layer(rng.standard_normal((2, 3))), Layer(rng.standard_normal((3, 1)))))
    model = Model(network, ("studied", "slept"), ("score",), np.ones(2), np.ones(1))
    trace = batch_trace(model, INPUTS, ACTUAL, learning_rate=3.0)
    matrices = {matrix.name: matrix.values for matrix in trace.matrices}
    assert [(matrix.name, matrix.kind, matrix.layer) for matrix in trace.matrices] == [
        ("X", "inputs", "input"),
        ("y", "targets", "output"),
        ("W1", "weights", "hidden"),
        ("z", "sums", "hidden"),
        ("z2", "activations", "hidden"),
        ("W2", "weights", "output"),
        ("z3", "sums", "output"),
        ("o", "output", "output"),
        ("o_error", "output error", "output"),
        ("o_delta", "delta", "output"),
        ("z2_error", "hidden error", "hidden"),
        ("z2_delta", "delta", "hidden"),
        ("W1_product", "product", "hidden"),
        ("W1_after", "after", "hidden"),
        ("W2_product", "product", "output"),
        ("W2_after", "after", "output"),
    ]
    assert (trace.check, trace.notes) == (None, ())
    plain = PlainFormulas(*(layer.weights for layer in network.layers))
    plain.epoch(INPUTS, ACTUAL)
    np.testing.assert_allclose(matrices["z2"], plain.hidden, rtol=1e-14)
    np.testing.assert_allclose(matrices["W1_after"], plain.first, rtol=1e-14)
    np.testing.assert_allclose(matrices["W2_after"], plain.second, rtol=1e-14)
    assert trace.loss == pytest.approx(np.mean(matrices["o_error"] ** 2))
    assert trace.loss_after == pytest.approx(np.mean((ACTUAL - plain.outputs(INPUTS)) ** 2))


def test_more_layers_go_on_counting() -> None:
    names = [matrix.name for matrix in traced(2, ["sigmoid"] * 3, rows=2).matrices]
    forwards = [name for name in names if name[0] in "zo"]
    assert forwards == [
        *("z", "z2", "z3", "z4", "z5", "o", "o_error", "o_delta"),
        *("z4_error", "z4_delta", "z2_error", "z2_delta"),
    ]


def test_the_scaling_is_written_out_where_its_numbers_are_few() -> None:
    def formulas(inputs: int, **offsets: Array) -> list[str]:
        model = replace(
            named(tuple("abcde"[:inputs]), (inputs, 1)),
            feature_scale=np.arange(2.0, inputs + 2),
            **offsets,  # type: ignore[arg-type]
        )
        trace = batch_trace(model, np.zeros((1, inputs)), np.zeros((1, 1)), learning_rate=1.0)
        return [matrix.formula for matrix in trace.matrices[:2]]

    assert formulas(4) == ["X = features / [2, 3, 4, 5]", "y = targets / [100]"]
    offsets = {"feature_offset": np.array([0.5, -7.0]), "target_offset": np.array([40.0])}
    assert formulas(2, **offsets) == [
        "X = (features - [0.5, -7]) / [2, 3]",
        "y = (targets - [40]) / [100]",
    ]
    assert formulas(5)[0] == "X = features / scale"
    assert formulas(5, feature_offset=np.zeros(5))[0] == "X = (features - offset) / scale"


def test_numbers_that_become_too_large_are_refused() -> None:
    model = named(("a", "b"), (2, 2, 1))
    cases = [([[1e308, 1e308]], 1.0), ([[1.0, 1.0]], 1e308), ([[1e160, 0.0]], 1e-300)]
    for inputs, rate in cases:
        layers = tuple(Layer(layer.weights * 10, None, "linear") for layer in model.network.layers)
        huge = Model(Network(layers), model.features, model.targets, np.ones(2), np.ones(1))
        with pytest.raises(DataError) as error:
            batch_trace(huge, np.array(inputs), np.array([[1.0]]), learning_rate=rate)
        assert str(error.value) == (
            "the changes become too large to compute with. Check the learning rate, the rows, "
            "and the model's weights."
        )
