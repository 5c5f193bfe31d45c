from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from support import shown

from scorenet_cli.core.network import Layer, Network
from scorenet_cli.model.model import Model, neuron_names
from scorenet_cli.show.pages.inspect import inspection
from scorenet_cli.show.tree import MAX_LINES, STYLES, Style, diagram, draw
from scorenet_cli.text import number

STUDY = ("hours_studied", "hours_slept")


def made(features: Sequence[str], targets: Sequence[str], *layers: Layer) -> Model:
    return Model(
        network=Network(layers),
        features=tuple(features),
        targets=tuple(targets),
        feature_scale=np.ones(len(features)),
        target_scale=np.ones(len(targets)),
    )


def feeding(weights: list[list[float]], bias: list[float] | None = None) -> Layer:
    return Layer(np.array(weights), None if bias is None else np.array(bias))


def score_network(features: Sequence[str] = STUDY, target: str = "score") -> Model:
    return made(
        features,
        [target],
        feeding([[0.596764, 0.25, -0.0312345], [-1.974246, 1.5, 12]]),
        feeding([[-0.860415], [3.122013], [-1]]),
    )


def picture(model: Model, width: int = 80) -> list[str]:
    """The lines under the heading for the weights, and the heading's own rest first."""
    page = shown(inspection(model, "m.json"), width)
    return page.partition("Weights")[2].partition("\n\n")[0].splitlines()


def test_the_documents_network_is_a_tree() -> None:
    assert picture(score_network()) == [
        "",
        "input                       hidden (sigmoid)    output (sigmoid)",
        "hours_studied ─── 0.596764 ─┐",
        "hours_slept ──── -1.974246 ─┴─ h1 ── -0.860415 ─┐",
        "hours_studied ─────── 0.25 ─┐                   │",
        "hours_slept ────────── 1.5 ─┴─ h2 ─── 3.122013 ─┼─ score",
        "hours_studied ── -0.031234 ─┐                   │",
        "hours_slept ─────────── 12 ─┴─ h3 ───────── -1 ─┘",
    ]


def test_a_neuron_that_feeds_two_targets_has_its_own_weights_at_the_first() -> None:
    first = feeding([[1, -2], [0.125, 4]], [0.5, -0.5])
    second = feeding([[1.5, -3], [2, 0.0625]], [0, 7])
    assert picture(made("ab", ["maths", "art"], first, second)) == [
        ", each drawn once",
        "input          hidden (sigmoid)   output (sigmoid)",
        "a ───────── 1 ─┐",
        "b ───── 0.125 ─┼─ h1 ─────── 1.5 ─┐",
        "bias ──── 0.5 ─┘                  │",
        "a ──────── -2 ─┐                  │",
        "b ───────── 4 ─┼─ h2 ───────── 2 ─┼─ maths",
        "bias ─── -0.5 ─┘                  │",
        "                  bias ─────── 0 ─┘",
        "                  h1 ──────── -3 ─┐",
        "                  h2 ──── 0.0625 ─┼─ art",
        "                  bias ─────── 7 ─┘",
    ]


def test_one_input_and_one_output_are_a_line() -> None:
    lines = picture(made(["hours"], ["score"], feeding([[2]])))
    assert lines[1:] == [
        "input       output (sigmoid)",
        "hours ── 2 ─── score",
    ]


def test_titles_stay_apart_over_short_weights() -> None:
    lines = picture(made(["x"], ["y"], *[feeding([[1]])] * 3))
    assert lines[1:] == [
        "input   hidden 1 (sigmoid)  hidden 2 (sigmoid)  output (sigmoid)",
        "x ── 1 ─── h1.1 ──────── 1 ─── h2.1 ──────── 1 ─── y",
    ]


def test_at_50_columns_the_documents_network_is_a_picture_still(narrow: int) -> None:
    assert picture(score_network(), narrow) == [
        "",
        "input                     hidden           output",
        "hours_studied ── 0.596764 ┐",
        "hours_slept ─── -1.974246 ┴ h1 ─ -0.860415 ┐",
        "hours_studied ────── 0.25 ┐                │",
        "hours_slept ───────── 1.5 ┴ h2 ── 3.122013 ┼ score",
        "hours_studied ─ -0.031234 ┐                │",
        "hours_slept ────────── 12 ┴ h3 ──────── -1 ┘",
    ]


@pytest.mark.parametrize(
    ("longer", "heading"),
    # 50 cells are full at 6 decimals; a decimal fewer in both columns saves two.
    [(0, ""), (1, ", to 5 decimals"), (2, ", to 5 decimals"), (4, ", to 4 decimals")],
)
def test_decimals_give_way_to_long_names(longer: int, heading: str, narrow: int) -> None:
    lines = picture(score_network((STUDY[0] + "s" * longer, STUDY[1])), narrow)
    assert lines[0] == heading
    assert max(map(cell_len, lines)) in {narrow - 1, narrow}


def test_tables_stand_where_four_decimals_have_no_room(narrow: int) -> None:
    lines = picture(score_network((STUDY[0] + "s" * 5, STUDY[1])), narrow)
    assert lines[0] == " to the hidden layer"


@pytest.mark.parametrize(("letters", "drawn"), [(63, True), (64, False)])
def test_a_pipe_gets_six_decimals_in_a_picture_of_100_cells_or_in_tables(
    letters: int, *, drawn: bool
) -> None:
    # 37 cells without the name, as tight as it gets: 50 with the 13 of hours_studied.
    found = diagram(score_network(("x" * letters, "y")))
    assert (found is not None) == drawn
    assert found is None or "-1.974246" in shown(found, 100)


@pytest.mark.parametrize(("inputs", "drawn"), [(MAX_LINES - 1, True), (MAX_LINES, False)])
def test_a_picture_has_as_many_lines_as_a_screen(inputs: int, *, drawn: bool) -> None:
    names = [f"x{n}" for n in range(inputs)]
    found = diagram(made(names, ["score"], feeding([[1.0]] * inputs)))
    assert (found is not None) == drawn
    assert found is None or len(shown(found).splitlines()) == MAX_LINES


def test_a_network_of_a_thousand_layers_is_no_picture() -> None:
    assert diagram(made("x", "y", *[feeding([[1.0]])] * 1000)) is None


def test_wide_characters_take_two_cells() -> None:
    assert picture(score_network(["学习", "sleep"], "分数")) == [
        "",
        "input               hidden (sigmoid)    output (sigmoid)",
        "学习 ──── 0.596764 ─┐",
        "sleep ── -1.974246 ─┴─ h1 ── -0.860415 ─┐",
        "学习 ──────── 0.25 ─┐                   │",
        "sleep ──────── 1.5 ─┴─ h2 ─── 3.122013 ─┼─ 分数",
        "学习 ─── -0.031234 ─┐                   │",
        "sleep ───────── 12 ─┴─ h3 ───────── -1 ─┘",
    ]


def test_lines_meet_in_ascii_too_even_where_names_are_lost() -> None:
    stream = io.BytesIO()
    file = io.TextIOWrapper(stream, encoding="ascii", errors="replace")
    Console(file=file, width=80).print(draw(score_network(["学习", "sleep─"], "分数"), STYLES[0]))
    file.flush()
    assert stream.getvalue().decode().splitlines() == [
        "input                hidden (sigmoid)    output (sigmoid)",
        "?? ------- 0.596764 -+",
        "sleep? -- -1.974246 -+- h1 -- -0.860415 -+",
        "?? ----------- 0.25 -+                   |",
        "sleep? -------- 1.5 -+- h2 --- 3.122013 -+- ??",
        "?? ------ -0.031234 -+                   |",
        "sleep? --------- 12 -+- h3 --------- -1 -+",
    ]


@pytest.mark.parametrize("hostile", ["score[/]", "\x1b[31mred\x07", "a\u202eb", "[bold]x", "a\nb"])
def test_names_from_outside_move_no_line(hostile: str) -> None:
    printed = "".join(c if c.isprintable() else " " if c == "\n" else "" for c in hostile)
    as_if_harmless = picture(score_network([printed, "plain"], printed))
    assert picture(score_network([hostile, "plain"], hostile)) == as_if_harmless
    assert as_if_harmless[2].startswith(f"{printed} ─")


def test_colours_say_nothing_that_signs_do_not() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system="standard")
    drawn = draw(score_network(), STYLES[0])
    console.print(drawn)
    assert "\x1b[31m-1.974246\x1b[0m" in file.getvalue()
    assert "\x1b[36m3.122013\x1b[0m" in file.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()) == shown(drawn)


def traced_by_eye(lines: list[str]) -> Counter[tuple[str, str, str]]:
    """From, to and weight of each line in a picture, found by following it as a reader does."""
    width = max(map(len, lines))
    page = [line.ljust(width) for line in lines]

    def name_right_of(row: int, cell: int) -> str:
        return page[row][cell:].lstrip("─├┬┴┼ ").split()[0]

    def followed(row: int, cell: int) -> str:
        while page[row][cell] == "─":
            cell += 1
        if page[row][cell] == " ":
            return name_right_of(row, cell)
        for step, onward in ((-1, "┘┤├┴┼│"), (1, "┐┤├┬┼│")):
            at = row
            while page[at][cell] not in "├┬┴┼" and page[at][cell] in onward:
                at += step
            if page[at][cell] in "├┬┴┼":
                return name_right_of(at, cell)
        raise AssertionError(f"the line from row {row}, cell {cell} ends nowhere")

    return Counter(
        (found[1], followed(row, found.end()), found[2])
        for row, line in enumerate(page[1:], start=1)
        for found in re.finditer(r"(\S+) ─+ (-?[\d.]+(?:e-?\d+)?) ", line)
    )


@st.composite
def networks(draw_from: st.DrawFn) -> Model:
    sizes = draw_from(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    rng = np.random.default_rng(draw_from(st.integers(0, 1000)))
    layers = [
        Layer(
            rng.standard_normal((before, after)) * 10.0 ** rng.integers(-8, 8),
            rng.standard_normal(after) if draw_from(st.booleans()) else None,
            draw_from(st.sampled_from(["sigmoid", "tanh", "relu"])),
        )
        for before, after in pairwise(sizes)
    ]
    name = st.text("xyz", min_size=1)
    features = draw_from(st.lists(name, min_size=sizes[0], max_size=sizes[0], unique=True))
    return made(features, [f"target{n}" for n in range(sizes[-1])], *layers)


styles = st.sampled_from(STYLES)


@settings(max_examples=60)
@given(networks(), styles)
def test_every_weight_is_on_one_line_between_what_it_joins(model: Model, style: Style) -> None:
    joined: Counter[tuple[str, str, str]] = Counter()
    for layer, before, after in zip(
        model.network.layers, neuron_names(model), neuron_names(model)[1:], strict=False
    ):
        for column, to in enumerate(after):
            pairs = list(zip(before, layer.weights[:, column].tolist(), strict=True))
            if layer.bias is not None:
                pairs.append(("bias", float(layer.bias[column])))
            joined.update((from_, to, number(weight, style.decimals)) for from_, weight in pairs)
    assert traced_by_eye(shown(draw(model, style), 400).splitlines()) == joined


@settings(max_examples=60)
@given(networks(), styles)
def test_a_picture_keeps_its_measure(model: Model, style: Style) -> None:
    drawn = draw(model, style)
    lines = shown(drawn, 400).splitlines()
    console = Console(width=400)
    measured = Measurement.get(console, console.options, drawn)
    assert measured.minimum == measured.maximum == max(map(cell_len, lines))
    leaves = [node for node in drawn.nodes if not node.children]
    assert len(lines) == 1 + len(leaves)
    # Each weight and bias starts at a leaf, but one of each hidden neuron starts at its tree.
    hidden = sum(layer.neurons for layer in model.network.layers[:-1])
    assert len(leaves) == model.network.parameters - hidden
    for node in drawn.nodes:
        assert not node.children or node.children[0] <= node.row <= node.children[-1]


@settings(max_examples=60)
@given(networks(), styles)
def test_ascii_differs_in_its_lines_alone(model: Model, style: Style) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    drawn = draw(model, style)
    Console(file=file, width=400).print(drawn)
    file.seek(0)
    as_ascii = str.maketrans("─│┐┘┤├┬┴┼", "-|+++++++")
    assert file.read() == shown(drawn, 400).translate(as_ascii)
