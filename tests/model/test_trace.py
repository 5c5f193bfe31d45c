from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import random_case

from scorenet_cli.core.network import Layer, Network, mean_squared_error
from scorenet_cli.core.network import predict as predict_outputs
from scorenet_cli.errors import DataError, OptionError
from scorenet_cli.model import document as example
from scorenet_cli.model.model import Model
from scorenet_cli.model.trace import Input, backward_trace, forward_trace, without_rounding

# A published textbook example (Mazur, "A Step by Step Backpropagation Example", 2015):
# two inputs, two hidden neurons, two outputs, biases .35 and .60.
TEXTBOOK = Model(
    network=Network(
        (
            Layer(np.array([[0.15, 0.25], [0.20, 0.30]]), np.array([0.35, 0.35])),
            Layer(np.array([[0.40, 0.50], [0.45, 0.55]]), np.array([0.60, 0.60])),
        )
    ),
    features=("i1", "i2"),
    targets=("o1", "o2"),
    feature_scale=np.ones(2),
    target_scale=np.ones(2),
)


def test_a_published_example_with_biases_and_two_outputs() -> None:
    trace = forward_trace(TEXTBOOK, (0.05, 0.10))
    hidden, output = trace.layers
    assert hidden.neurons[0].sum == pytest.approx(0.3775, abs=1e-12)
    assert hidden.neurons[0].output == pytest.approx(0.593269992, abs=5e-10)
    assert hidden.neurons[1].output == pytest.approx(0.596884378, abs=5e-10)
    assert output.neurons[0].sum == pytest.approx(1.105905967, abs=5e-10)
    assert trace.outputs == pytest.approx((0.75136507, 0.772928465), abs=5e-9)


def test_every_sum_is_its_products_and_bias_added_in_order() -> None:
    for layer in forward_trace(TEXTBOOK, (0.05, 0.10)).layers:
        for neuron in layer.neurons:
            total = 0.0
            for term in neuron.terms:
                assert term.product == term.value * term.weight
                total += term.product
            assert neuron.bias is not None
            assert neuron.sum == total + neuron.bias


def test_a_layer_takes_what_the_one_before_gave() -> None:
    hidden, output = forward_trace(TEXTBOOK, (0.05, 0.10)).layers
    for neuron in output.neurons:
        assert [term.from_ for term in neuron.terms] == ["h1", "h2"]
        assert [term.value for term in neuron.terms] == [n.output for n in hidden.neurons]


def test_a_sum_too_large_to_show_is_refused() -> None:
    steep = Model(
        network=Network((Layer(np.array([[1e200]])),)),
        features=("x",),
        targets=("y",),
        feature_scale=np.ones(1),
        target_scale=np.ones(1),
    )
    with pytest.raises(DataError, match="too large"):
        forward_trace(steep, (1e200,))


# What the textbook prints after its step with learning rate .5 (it leaves the biases alone).
TEXTBOOK_LOSS = 0.298371109
TEXTBOOK_OUTPUT = [[0.35891648, 0.408666186], [0.511301270, 0.561370121]]
TEXTBOOK_HIDDEN = [[0.149780716, 0.19956143], [0.24975114, 0.29950229]]


def test_a_published_step_of_backpropagation() -> None:
    trace = backward_trace(TEXTBOOK, (0.05, 0.10), (0.01, 0.99), learning_rate=0.5)
    assert trace.loss == pytest.approx(TEXTBOOK_LOSS, abs=5e-10)
    for layer, printed in zip(trace.layers, (TEXTBOOK_HIDDEN, TEXTBOOK_OUTPUT), strict=True):
        after = [[weight.after for weight in neuron.weights] for neuron in layer.neurons]
        assert after == [pytest.approx(row, abs=5e-9) for row in printed]
    # Its deltas: .1384985616 and .0380982366 with the other sign, for it takes output - actual.
    hidden, output = trace.layers
    assert [n.delta for n in output.neurons] == pytest.approx([-0.1384985616, 0.0380982365])
    assert [share.to for share in hidden.neurons[0].shares] == ["o1", "o2"]
    assert hidden.neurons[0].error == pytest.approx(-0.055399425 + 0.019049119, abs=2e-9)


def test_the_worked_example_with_its_goal_by_hand() -> None:
    """Output .8567467964: error .92 - o, slope o (1 - o); each weight as in the comments."""
    trace = backward_trace(example.worked_example(), example.VALUES, (example.TARGET,))
    hidden, output = trace.layers
    (score,) = output.neurons
    assert score.error == pytest.approx(0.92 - 0.8567467964, abs=1e-10)
    assert score.slope == pytest.approx(0.8567467964 * 0.1432532036, abs=1e-10)
    assert score.delta == pytest.approx(0.0632532036 * 0.1227317232, abs=1e-10)
    # h2 shares .5 of the delta, its slope is .9801596943 x .0198403057, and 9 hours came in.
    h2 = hidden.neurons[1]
    assert h2.error == pytest.approx(0.5 * 0.0077631747, abs=1e-10)
    assert h2.delta == pytest.approx(0.0038815873 * 0.0194466680, abs=1e-12)
    assert h2.weights[1].change == pytest.approx(9 * 0.0000754839, abs=1e-9)
    assert h2.weights[1].after == pytest.approx(0.3006793555, abs=1e-10)
    assert score.weights[2].after == pytest.approx(0.9 + 0.0077631747 * 0.9984988177, abs=1e-10)
    assert trace.loss == pytest.approx(0.0632532036**2, abs=1e-10)
    assert trace.loss_after < trace.loss


ACTIVATIONS = st.sampled_from(["sigmoid", "tanh", "relu"])


@given(st.integers(0, 10**6), st.lists(ACTIVATIONS, min_size=1, max_size=4), st.floats(1e-3, 10))
def test_a_step_is_what_its_own_numbers_say(seed: int, activations: list[str], rate: float) -> None:
    network, inputs, actual = random_case(seed, activations, rows=1)
    model = Model(
        network=network,
        features=tuple(f"x{n}" for n in range(network.shape[0])),
        targets=tuple(f"y{n}" for n in range(network.shape[-1])),
        feature_scale=np.full(network.shape[0], 4.0),
        target_scale=np.full(network.shape[-1], 50.0),
    )
    values, scores = (inputs[0] * 4.0).tolist(), (actual[0] * 50.0).tolist()
    trace = backward_trace(model, values, scores, learning_rate=rate)
    assert trace.forward == forward_trace(model, values)
    took = [value.scaled for value in trace.forward.inputs]
    stepped = []
    for layer, ran, corrected in zip(
        network.layers, trace.forward.layers, trace.layers, strict=True
    ):
        for traced, neuron in zip(ran.neurons, corrected.neurons, strict=True):
            if corrected is trace.layers[-1]:
                at = corrected.neurons.index(neuron)
                assert neuron.error == trace.actual[at] - traced.output
            else:
                shares = sum(share.delta * share.weight for share in neuron.shares)
                assert neuron.error == pytest.approx(shares, rel=1e-12, abs=1e-14)
            assert neuron.delta == neuron.error * neuron.slope
            for value, weight in zip(took, neuron.weights, strict=True):
                assert weight.change == pytest.approx(rate * value * neuron.delta, rel=1e-12)
                assert weight.after == weight.before + weight.change
            assert (neuron.bias is None) == (layer.bias is None)
            if neuron.bias is not None:
                assert neuron.bias.change == pytest.approx(rate * neuron.delta, rel=1e-12)
                assert neuron.bias.after == neuron.bias.before + neuron.bias.change
        weights = np.array([[w.after for w in n.weights] for n in corrected.neurons]).T
        biases = [n.bias.after for n in corrected.neurons if n.bias is not None]
        bias = np.array(biases) if biases else None
        stepped.append(Layer(weights, bias, layer.activation))
        took = [neuron.output for neuron in ran.neurons]
    outputs = predict_outputs(Network(tuple(stepped)), inputs)
    assert trace.outputs_after == pytest.approx(outputs[0].tolist(), rel=1e-12)
    assert trace.loss_after == pytest.approx(mean_squared_error(outputs, actual), rel=1e-9)


def test_a_trace_says_who_is_who() -> None:
    model = Model(
        network=Network(
            (
                Layer(np.array([[1.0, -1.0], [0.5, 2.0]]), None, "tanh"),
                Layer(np.array([[2.0], [3.0]]), np.array([-1.0]), "relu"),
                Layer(np.array([[0.25, -0.5]])),
            )
        ),
        features=("a", "b"),
        targets=("s", "t"),
        feature_scale=np.array([2.0, 4.0]),
        target_scale=np.array([10.0, 100.0]),
    )
    trace = backward_trace(model, (4, 4), (5, 60), learning_rate=2)
    assert [(i.name, i.value, i.scaled) for i in trace.forward.inputs] == [
        ("a", 4.0, 2.0),
        ("b", 4.0, 1.0),
    ]
    layers = ["hidden 1", "hidden 2", "output"]
    neurons = [["h1.1", "h1.2"], ["h2.1"], ["s", "t"]]
    senders = [["a", "b"], ["h1.1", "h1.2"], ["h2.1"]]
    assert [layer.name for layer in trace.layers] == layers
    assert [layer.name for layer in trace.forward.layers] == layers
    assert [[n.name for n in layer.neurons] for layer in trace.layers] == neurons
    assert [[n.name for n in layer.neurons] for layer in trace.forward.layers] == neurons
    kinds = [layer.neurons[0].activation for layer in trace.forward.layers]
    assert kinds == ["tanh", "relu", "sigmoid"]
    for layer, froms in zip(trace.layers, senders, strict=True):
        for neuron in layer.neurons:
            assert [weight.from_ for weight in neuron.weights] == froms
    assert [n.bias is None for layer in trace.layers for n in layer.neurons] == [
        *(True, True),
        False,
        *(True, True),
    ]
    # h2.1 is 2 tanh 2.5 + 3 tanh 0 - 1, and hears from both targets.
    (share_s, share_t) = trace.layers[1].neurons[0].shares
    assert (share_s.to, share_s.weight) == ("s", 0.25)
    assert (share_t.to, share_t.weight) == ("t", -0.5)
    for share, neuron in zip((share_s, share_t), trace.layers[2].neurons, strict=True):
        assert (share.delta, share.product) == (neuron.delta, neuron.delta * share.weight)
        assert neuron.shares == ()
    assert (trace.actual_scores, trace.actual) == ((5.0, 60.0), (0.5, 0.6))
    assert trace.targets == (Input("s", 5.0, 0.5, None, 10.0), Input("t", 60.0, 0.6, None, 100.0))
    assert trace.learning_rate == 2.0
    after = [out * scale for out, scale in zip(trace.outputs_after, (10, 100), strict=True)]
    assert list(trace.scores_after) == after


def test_contradicting_shares_beyond_numbers_are_refused_without_a_warning() -> None:
    # Two deltas of 1e200, times 1e200 and -1e200: inf - inf.
    torn = dataclasses.replace(
        TEXTBOOK,
        network=Network(
            (
                Layer(np.array([[1e-300], [0.0]]), None, "tanh"),
                Layer(np.array([[1e200, -1e200]]), None, "tanh"),
            )
        ),
    )
    with pytest.raises(DataError):
        backward_trace(torn, (1.0, 1.0), (1e200, 1e200))


@pytest.mark.parametrize(("size", "rate"), [(1e100, 1e10), (1e80, 1e-300)])
def test_a_step_too_large_to_show_is_refused(size: float, rate: float) -> None:
    """Its weights become too large, or only its loss is."""
    steep = dataclasses.replace(
        TEXTBOOK, network=Network((Layer(np.full((2, 2), size), None, "relu"),))
    )
    with pytest.raises(DataError) as error:
        backward_trace(steep, (size, size), (0.0, 0.0), learning_rate=rate)
    assert str(error.value) == (
        "the changes become too large to compute with. Check the learning rate, the actual "
        "scores, and the model's weights."
    )


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_a_learning_rate_is_above_0(rate: float) -> None:
    with pytest.raises(OptionError) as error:
        backward_trace(TEXTBOOK, (0.05, 0.10), (0.01, 0.99), learning_rate=rate)
    assert str(error.value) == "`learning_rate` must be a finite number above 0."


def test_scores_are_shifted_as_the_model_was_trained() -> None:
    shifted = dataclasses.replace(
        TEXTBOOK, target_offset=np.array([50.0, 0.0]), target_scale=np.array([10.0, 1.0])
    )
    trace = backward_trace(shifted, (0.05, 0.10), (60, 0.5))
    assert trace.targets == (Input("o1", 60.0, 1.0, 50.0, 10.0), Input("o2", 0.5, 0.5))
    assert trace.loss == backward_trace(TEXTBOOK, (0.05, 0.10), (1, 0.5)).loss
    assert trace.scores_after[0] == 50 + 10 * trace.outputs_after[0]


def test_a_value_has_the_scaling_that_was_asked_for() -> None:
    model = dataclasses.replace(
        TEXTBOOK,
        feature_scale=np.array([2.0, 4.0]),
        feature_offset=np.array([0.0, 3.0]),
        feature_range=np.array([[0.0, 5.0], [0.0, 5.0]]),
    )
    trace = forward_trace(model, (4, 8))
    assert trace.inputs == (Input("i1", 4, 2, None, 2), Input("i2", 8, 1.25, 3, 4))
    assert (trace.outside_training_range, trace.intervals) == (("i2",), ())
    # As scaled values, the range of the first is 0 to 2.5.
    assert forward_trace(model, (4, 0.1), "none").outside_training_range == ("i1",)
    own = forward_trace(model, (4, 8), "own").inputs
    assert own == (Input("i1", 4, 0.5, None, 8), Input("i2", 8, 1, None, 8))
    assert forward_trace(model, (4, 8), "none").inputs == (Input("i1", 4, 4), Input("i2", 8, 8))


@pytest.mark.parametrize(
    ("offset", "scale", "formula"),
    [
        (39.125, 14.0, "(19.12 - 39.12) / 14"),
        (-39.125, 14.0, "(19.12 + 39.12) / 14"),
        (0.5, None, "(19.12 - 0.5)"),
        (0.0, None, "(19.12 - 0)"),
        (None, 14.125, "19.12 / 14.12"),
        (None, None, ""),
    ],
)
def test_how_a_value_was_scaled(offset: float | None, scale: float | None, formula: str) -> None:
    assert Input("x", 19.125, 0.5, offset, scale).formula(2) == formula


def test_rounding_is_shown_as_0_and_so_is_what_follows_from_it() -> None:
    """0.1 + 0.2 - 0.3 is 5.6e-17, and small numbers that were not rounded are kept."""
    model = Model(
        network=Network(
            (
                Layer(np.array([[0.1, 1.0], [0.2, 0.0], [-0.3, 0.0]]), None, "linear"),
                Layer(np.array([[7.0, 0.0], [0.0, 1e-20]]), None, "tanh"),
                Layer(np.array([[2.0, 0.0], [0.0, 4.0]]), None, "linear"),
            )
        ),
        features=("a", "b", "c"),
        targets=("s", "t"),
        feature_scale=np.ones(3),
        target_scale=np.array([1000.0, 1.0]),
    )
    trace = forward_trace(model, (1, 1, 1))
    noise = trace.layers[0].neurons[0].sum
    assert 0 < noise < 1e-16
    assert trace.scores[0] == pytest.approx(14_000 * noise)
    shown = without_rounding(trace)
    sums = [[neuron.sum for neuron in layer.neurons] for layer in shown.layers]
    assert sums == [[0.0, 1.0], [0.0, 1e-20], [0.0, 4e-20]]
    outputs = [[neuron.output for neuron in layer.neurons] for layer in shown.layers]
    assert outputs == sums
    terms = [[(t.value, t.product) for t in neuron.terms] for neuron in shown.layers[1].neurons]
    assert terms == [[(0.0, 0.0), (1.0, 0.0)], [(0.0, 0.0), (1.0, 1e-20)]]
    assert (shown.outputs, shown.scores) == ((0.0, 4e-20), (0.0, 4e-20))
    far = dataclasses.replace(model, target_offset=np.array([0.5, 0.0]))
    assert without_rounding(forward_trace(far, (1, 1, 1))).scores[0] == pytest.approx(0.5)
