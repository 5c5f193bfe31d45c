from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import SVG, assert_nothing_overlaps, numbers_in, text_boxes
from support import named, shown

from scorenet_cli.core.activations import ActivationName
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.errors import OptionError
from scorenet_cli.model import document
from scorenet_cli.model.colours import COLOURS
from scorenet_cli.model.model import Model, neuron_names
from scorenet_cli.model.svg import (
    MAX_CIRCLES,
    MAX_COLUMNS,
    Circle,
    Column,
    backward_picture,
    draw,
    forward_picture,
    network_picture,
)
from scorenet_cli.model.trace import backward_trace, forward_trace
from scorenet_cli.show.pages.backward import backward_page
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.pages.forward import forward_page
from scorenet_cli.text import number


def model_of(shape: tuple[int, ...]) -> Model:
    return named(tuple(f"feature {n}" for n in range(shape[0])), shape)


def figure(value: float) -> str:
    """A number as a picture has it where the largest of its layer is no very small one."""
    return f"{value:z.4f}" if "e" in number(value, 4) else number(value, 4)


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (2, 3, 1), (2, 2, 2), (4, 6, 3, 1), (3, 8, 2)])
def test_nothing_overlaps_and_every_number_is_there(shape: tuple[int, ...]) -> None:
    model, values = model_of(shape), [0.5 + n for n in range(shape[0])]
    trace = forward_trace(model, values)
    svg = forward_picture(trace)
    assert_nothing_overlaps(svg)
    written = numbers_in(svg).split()
    for each in trace.inputs:
        assert figure(each.scaled) in written
    for layer in trace.layers:
        for neuron in layer.neurons:
            for value in (neuron.sum, neuron.output, neuron.bias or 0.0):
                assert figure(value) in written
            for term in neuron.terms:
                assert figure(term.weight) in written
    for score in trace.scores:
        assert figure(score) in written


def test_a_step_back_shows_its_errors_deltas_and_changes() -> None:
    trace = backward_trace(model_of((2, 3, 2)), [1, 2], [30, 70])
    svg = backward_picture(trace)
    assert_nothing_overlaps(svg)
    written = re.split("[ ,]+", numbers_in(svg))
    for layer in trace.layers:
        for neuron in layer.neurons:
            for value in (neuron.error, neuron.delta, *(w.change for w in neuron.weights)):
                assert figure(value) in written
    for value in (*trace.outputs_after, trace.loss, trace.loss_after):
        assert figure(value) in written
    trace = backward_trace(document.worked_example(), document.VALUES, (document.TARGET,))
    assert "bias" not in numbers_in(backward_picture(trace))


def test_a_large_network_is_legible_and_says_what_it_leaves_out() -> None:
    trace = forward_trace(model_of((5, 16, 8, 2)), [1, 2, 3, 4, 5])
    svg = forward_picture(trace)
    assert_nothing_overlaps(svg)
    written = numbers_in(svg)
    assert "the numbers on the lines into hidden 1, hidden 2." in written
    assert "lack of room: the biases." in written
    for neuron in trace.layers[0].neurons:
        assert figure(neuron.output) in written
    for neuron in trace.layers[2].neurons:
        for term in neuron.terms:
            assert figure(term.weight) in written.split()
    # On a slide of 1080 lines the numbers in the circles are no smaller than 10.
    assert 16 * 1080 / float(ET.fromstring(svg).attrib["height"]) > 10  # noqa: S314


@pytest.mark.parametrize("hostile", ["<script>x</script>", "a & b", "\x1b[31mred\x00", "\ud800]]>"])
def test_names_are_escaped_and_steer_nothing(hostile: str) -> None:
    svg = forward_picture(forward_trace(named((hostile, "b"), (2, 1, 1)), [1, 2]))
    words = numbers_in(svg)
    assert "".join(sign for sign in hostile if sign.isprintable())[:20] in words
    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(svg).iter()}  # noqa: S314
    assert tags == {"svg", "title", "style", "g", "rect", "line", "circle", "text"}
    assert set(re.findall(r"\w+://[^\"]*", svg)) == {"http://www.w3.org/2000/svg"}


def test_a_long_name_is_cut_and_whole_in_the_title() -> None:
    long = "hours of study " * 9
    svg = forward_picture(forward_trace(named((long, "学習時間"), (2, 1, 1)), [1, 2]))
    written = [words for words, _ in text_boxes(svg)]
    assert "hours of study hours ..." in written
    assert "学習時間" in written
    assert f"<title>{long}</title>" in svg


@pytest.mark.parametrize("shape", [(2, MAX_CIRCLES + 1, 1), (1,) * (MAX_COLUMNS + 1)])
def test_what_would_not_be_legible_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match="a picture has room for 8 columns of 32 neurons"):
        forward_picture(forward_trace(model_of(shape), [1.0] * shape[0]))


def test_up_to_the_limits_nothing_is_left_out() -> None:
    assert_nothing_overlaps(network_picture(model_of((1,) * MAX_COLUMNS)))
    for shape in [(5, 8, 1), (2, 10, 1)]:  # 40 lines between two columns; 10 biases in one
        model = model_of(shape)
        svg = network_picture(model)
        assert "Omitted" not in svg
        first = model.network.layers[0]
        assert first.bias is not None
        assert numbers_in(svg).count("bias ") == shape[1] + 1
        for weight in first.weights.ravel().tolist():
            assert figure(weight) in numbers_in(svg).split()


def test_changes_are_written_with_the_given_digits() -> None:
    trace = backward_trace(model_of((2, 1)), [1, 2], [50.0], learning_rate=1.0)
    change = trace.layers[0].neurons[0].weights[1].change  # twice the delta
    for digits in (2, 7):
        assert f"{change:.{digits}f}" in numbers_in(backward_picture(trace, digits)).split()


def test_the_largest_picture_overlaps_nowhere() -> None:
    shape = (MAX_CIRCLES, 2, MAX_CIRCLES)
    assert_nothing_overlaps(forward_picture(forward_trace(model_of(shape), [1.0] * shape[0])))


@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=5),
    st.integers(0, 12),
    st.lists(st.text(max_size=40), min_size=9, max_size=9),
)
def test_nothing_overlaps_whatever_is_drawn(
    sizes: list[int], digits: int, names: list[str]
) -> None:
    rng = np.random.default_rng(sum(sizes) + digits)

    def figure() -> str:
        return number(float(rng.standard_normal() * 10.0 ** rng.integers(-9, 9)), digits)

    columns = [
        Column(
            f"layer {at}",
            [Circle(name, figure(), figure(), float(rng.normal())) for name in names[:size]],
            rng.standard_normal((sizes[at - 1], size)) if at else None,
        )
        for at, size in enumerate(sizes)
    ]
    beside = [figure() for _ in columns[-1].circles]
    svg = draw(columns, title="t", beside=beside, legend=["Said of it."], digits=digits)
    assert_nothing_overlaps(svg)


def test_lines_differ_by_sign_in_colour_and_dashes_and_by_size_in_thickness() -> None:
    circle = Circle("n", "1", "2")
    weights = np.array([[2.0, -1.0, 0.0]])
    svg = draw(
        [Column("input", [circle]), Column("output", [circle] * 3, weights)],
        title="t",
        beside=["", "", ""],
        legend=[],
        digits=4,
    )
    thick, thin, none = ET.fromstring(svg).iter(f"{SVG}line")  # noqa: S314 - our own picture
    assert (thick.attrib["stroke"], thin.attrib["stroke"]) == (
        COLOURS["plus"][0],
        COLOURS["minus"][0],
    )
    assert "stroke-dasharray" in thin.attrib
    assert "stroke-dasharray" not in thick.attrib | none.attrib
    widths = [float(line.attrib["stroke-width"]) for line in (thick, thin, none)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == 5.0


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("night", [0, 1])
@pytest.mark.parametrize("colour", ["ink", "soft", "plus", "minus"])
def test_text_stands_out_by_day_and_by_night(colour: str, night: int) -> None:
    lighter, darker = sorted(
        (luminance(COLOURS[which][night]) for which in (colour, "ground")), reverse=True
    )
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG's minimum for text


def test_weights_of_nothing_but_zero_can_be_drawn_below_a_long_title() -> None:
    svg = draw(
        [
            Column("a", [Circle("x", "", "0")]),
            Column("b", [Circle("y", "", "0")], np.zeros((1, 1))),
        ],
        title="A title that is wider than the picture " * 2,
        beside=["0"],
        legend=[],
        digits=4,
    )
    assert_nothing_overlaps(svg)


def lines_of(svg: str) -> list[dict[str, str]]:
    return [line.attrib for line in ET.fromstring(svg).iter(f"{SVG}line")]  # noqa: S314


def test_a_picture_says_what_it_is_and_explains_only_what_is_in_it() -> None:
    example = forward_trace(document.worked_example(), document.VALUES)
    words = numbers_in(forward_picture(example))
    assert "A forward pass through the network" in words
    assert "Solid blue: positive." in words
    assert "Thicker: larger magnitude." in words
    assert "Dashed orange" not in words
    assert "Inputs:" not in words  # their values are not scaled
    scaled = replace(document.worked_example(), feature_scale=np.array([3.0, 9.0]))
    words = numbers_in(forward_picture(forward_trace(scaled, document.VALUES)))
    assert "Inputs: given value (small) above scaled value (bold)." in words
    network = named(("a", "b"), (2, 3, 1))
    assert "Dashed orange: negative." in numbers_in(network_picture(network))
    one = Column("b", [Circle("y")], np.array([[-2.0]]))
    words = numbers_in(draw([Column("a", [Circle("x")]), one], title="One line", legend=[]))
    assert "One line" in words
    assert "Solid blue" not in words
    assert "Thicker" not in words


def test_numbers_of_a_layer_have_one_notation() -> None:
    def labels(*weights: float, digits: int = 4) -> list[str]:
        columns = [
            Column("a", [Circle("x")]),
            Column("b", [Circle("y")] * len(weights), np.array([weights])),
        ]
        texts = [
            words for words, _ in text_boxes(draw(columns, title="t", legend=[], digits=digits))
        ]
        return [words for words in texts if words[:1] in "-0123456789"]

    assert labels(0.25, -0.00003, 12.5) == ["0.25", "0.0000", "12.5"]
    assert labels(0.0004, -0.00003, 0.0) == ["4.000e-04", "-3.000e-05", "0"]
    assert labels(4e20, -3e19, digits=1) == ["4e+20", "-3e+19"]
    assert labels(4e20, -3e19, digits=0) == ["4e+20", "-3e+19"]


@pytest.mark.parametrize("least", [1.0, 2.0])
@pytest.mark.parametrize(("factor", "is_even"), [(10.0, True), (10.5, False)])
def test_lines_have_a_scale_of_their_own_where_layers_differ_by_far(
    factor: float, least: float, *, is_even: bool
) -> None:
    columns = [
        Column("a", [Circle("x")]),
        Column("b", [Circle("h")], np.array([[least]])),
        Column("c", [Circle("y")], np.array([[least * factor]])),
    ]
    svg = draw(columns, title="t", legend=[])
    first, second = (float(line["stroke-width"]) for line in lines_of(svg))
    assert second == 5.0
    assert (first == 5.0) == (not is_even)


def test_noise_of_a_sum_is_shown_as_0() -> None:
    """0.1 + 0.2 - 0.3 is 5.6e-17 in floating point."""
    model = replace(
        named(("a", "b", "c"), (3, 1)),
        network=Network((Layer(np.array([[0.1], [0.2], [-0.3]])),)),
    )
    trace = forward_trace(model, (1.0, 1.0, 1.0))
    assert trace.layers[0].neurons[0].sum != 0
    assert "e-" not in numbers_in(forward_picture(trace))
    assert "e-" not in shown(forward_page(trace, None, Look()))


@pytest.mark.parametrize("activation", ["tanh", "linear", "relu"])
def test_noise_is_not_passed_on(activation: ActivationName) -> None:
    layers = (
        Layer(np.array([[0.1, 1.0], [0.2, 1.0], [-0.3, 1.0]]), None, activation),
        Layer(np.array([[1.0, 1.0], [0.0, 0.5]]), np.array([0.0, 0.1]), "linear"),
    )
    model = replace(named(("a", "b", "c"), (3, 2, 2)), network=Network(layers))
    trace = backward_trace(model, (1.0, 1.0, 1.0), (1.0, 2.0))
    assert trace.forward.layers[0].neurons[0].output != 0 != trace.forward.scores[0]
    assert "e-" not in numbers_in(forward_picture(trace.forward))
    assert "e-" not in shown(forward_page(trace.forward, None, Look()))
    assert "e-" not in shown(backward_page(trace, Look()))


@pytest.mark.parametrize("shape", [(2, 3, 1), (3, 2, 2, 2), (1, 1)])
def test_a_network_without_values_has_names_and_weights(shape: tuple[int, ...]) -> None:
    model = model_of(shape)
    svg = network_picture(model)
    assert_nothing_overlaps(svg)
    words = numbers_in(svg)
    for names in neuron_names(model):
        assert all(name in words for name in names)
    for layer in model.network.layers:
        assert all(figure(weight) in words for weight in layer.weights.ravel().tolist())
    assert len(lines_of(svg)) == sum(layer.weights.size for layer in model.network.layers)


def test_pictures_need_neither_rich_nor_typer() -> None:
    code = "import sys, scorenet_cli.model.svg; print({'rich', 'typer'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
