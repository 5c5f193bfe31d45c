from __future__ import annotations

import math

import numpy as np
from support import named

from scorenet_cli.model.batch import batch_trace
from scorenet_cli.model.blank import blank, blank_batch
from scorenet_cli.model.trace import backward_trace

MODEL = named(("a", "b"), (2, 3, 2, 1))


def test_what_is_given_stays_and_what_is_computed_goes() -> None:
    trace = backward_trace(MODEL, (0.5, 0.8), (40,), learning_rate=0.5)
    empty = blank(trace)
    assert empty.forward.inputs == trace.forward.inputs
    assert (empty.actual, empty.actual_scores, empty.learning_rate) == ((0.4,), (40,), 0.5)
    assert math.isnan(empty.loss)
    assert math.isnan(empty.scores_after[0])
    for number, (layer, full) in enumerate(
        zip(empty.forward.layers, trace.forward.layers, strict=True)
    ):
        for neuron, known in zip(layer.neurons, full.neurons, strict=True):
            assert (neuron.name, neuron.bias) == (known.name, known.bias)
            assert [t.weight for t in neuron.terms] == [t.weight for t in known.terms]
            assert math.isnan(neuron.sum)
            assert math.isnan(neuron.output)
            assert all(math.isnan(term.product) for term in neuron.terms)
            assert [math.isnan(term.value) for term in neuron.terms] == [number > 0] * len(
                neuron.terms
            )
    for updates, full_updates in zip(empty.layers, trace.layers, strict=True):
        for update, exact in zip(updates.neurons, full_updates.neurons, strict=True):
            assert all(map(math.isnan, (update.error, update.slope, update.delta)))
            for change, known_change in zip(update.weights, exact.weights, strict=True):
                assert change.before == known_change.before
                assert math.isnan(change.change)
                assert math.isnan(change.after)


def test_of_a_batch_the_rows_and_the_weights_stay() -> None:
    trace = batch_trace(MODEL, np.eye(2), np.ones((2, 1)), learning_rate=1.0)
    empty = blank_batch(trace)
    known = {"X", "y", "W1", "b1", "W2", "b2", "W3", "b3"}
    for matrix in empty.matrices:
        assert np.isnan(matrix.values).all() == (matrix.name not in known)
    assert math.isnan(empty.loss)
    assert math.isnan(empty.loss_after)
