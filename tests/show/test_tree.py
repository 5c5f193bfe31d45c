from __future__ import annotations

import io
import re
from collections.abc import Sequence

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console
from support import shown, styled

from scorenet_cli.core.network import Layer, Network
from scorenet_cli.model.model import Model
from scorenet_cli.show.pages.inspect import inspection
from scorenet_cli.show.tree import MAX_LINES, network_tree

STUDY = ("hours_studied", "hours_slept")


def made(features: Sequence[str], targets: Sequence[str], *layers: Layer) -> Model:
    return Model(
        network=Network(layers),
        features=tuple(features),
        targets=tuple(targets),
        feature_scale=np.ones(len(features)),
        target_scale=np.ones(len(targets)),
    )


def into(weights: list[list[float]], bias: list[float] | None = None) -> Layer:
    return Layer(np.array(weights), None if bias is None else np.array(bias))


def score_network(features: Sequence[str] = STUDY, target: str = "score") -> Model:
    return made(
        features,
        [target],
        into([[0.596764, 0.25, -0.0312345], [-1.974246, 1.5, 12]]),
        into([[-0.860415], [3.122013], [-1]]),
    )


def tree(model: Model, width: int = 80) -> list[str]:
    """The lines under the heading for the weights."""
    page = shown(inspection(model, "m.json"), width)
    assert "Weights, grouped by the neuron that receives them\n" in page
    return page.partition("that receives them\n")[2].partition("\n\n")[0].splitlines()


@pytest.mark.parametrize("width", [80, 50])
def test_the_documents_network_is_a_tree(width: int) -> None:
    assert tree(score_network(), width) == [
        "score (sigmoid)",
        "├── -0.860415  h1 (sigmoid)",
        "│   ├──  0.596764  hours_studied",
        "│   └── -1.974246  hours_slept",
        "├──  3.122013  h2 (sigmoid)",
        "│   ├──      0.25  hours_studied",
        "│   └──       1.5  hours_slept",
        "└──        -1  h3 (sigmoid)",
        "    ├── -0.031234  hours_studied",
        "    └──        12  hours_slept",
    ]


def test_a_neuron_that_feeds_two_targets_is_expanded_at_the_first() -> None:
    first = into([[1, -2], [0.125, 4]], [0.5, -0.5])
    second = into([[1.5, -3], [2, 0.0625]], [0, 7])
    assert tree(made("ab", ["maths", "art"], first, second)) == [
        "maths (sigmoid)",
        "├──    1.5  h1 (sigmoid)",
        "│   ├──      1  a",
        "│   ├──  0.125  b",
        "│   └──    0.5  bias",
        "├──      2  h2 (sigmoid)",
        "│   ├──     -2  a",
        "│   ├──      4  b",
        "│   └──   -0.5  bias",
        "└──      0  bias",
        "art (sigmoid)",
        "├──     -3  h1",
        "├── 0.0625  h2",
        "└──      7  bias",
    ]


def test_layers_are_nested_each_with_its_activation() -> None:
    tanh = Layer(np.array([[1.0]]), None, "tanh")
    assert tree(made(["x"], ["y"], tanh, into([[2]]), into([[3]]))) == [
        "y (sigmoid)",
        "└── 3  h2.1 (sigmoid)",
        "    └── 2  h1.1 (tanh)",
        "        └── 1  x",
    ]


@pytest.mark.parametrize(("inputs", "drawn"), [(MAX_LINES - 1, True), (MAX_LINES, False)])
def test_a_tree_has_no_more_lines_than_a_screen(inputs: int, *, drawn: bool) -> None:
    names = [f"x{n}" for n in range(inputs)]
    found = network_tree(made(names, ["score"], into([[1.0]] * inputs)))
    assert (found is not None) == drawn
    assert found is None or len(shown(found).splitlines()) == MAX_LINES


def test_a_network_of_a_thousand_layers_is_no_tree() -> None:
    assert network_tree(made("x", "y", *[into([[1.0]])] * 1000)) is None


def test_long_names_fold_and_lose_nothing() -> None:
    lines = tree(score_network(("hours" * 20, "学习" * 30)), 50)
    assert max(map(cell_len, lines)) <= 50
    text = re.sub(r"[\s│├└─]", "", "".join(lines))
    assert text.count("hours" * 20) == text.count("学习" * 30) == 3


def test_the_tree_is_drawn_in_ascii_too_even_where_names_are_lost() -> None:
    stream = io.BytesIO()
    file = io.TextIOWrapper(stream, encoding="ascii", errors="replace")
    Console(file=file, width=80).print(network_tree(made(["学习"], ["分数"], into([[2.5]]))))
    file.flush()
    assert stream.getvalue().decode().splitlines() == ["?? (sigmoid)", "`-- 2.5  ??"]


@pytest.mark.parametrize("hostile", ["score[/]", "\x1b[31mred\x07", "a\u202eb", "[bold]x", "a\nb"])
def test_names_from_outside_move_no_line(hostile: str) -> None:
    printed = "".join(c if c.isprintable() else " " if c == "\n" else "" for c in hostile)
    as_if_harmless = tree(score_network([printed, "plain"], printed))
    assert tree(score_network([hostile, "plain"], hostile)) == as_if_harmless
    assert as_if_harmless[0].startswith(f"{printed} (")


def test_colours_say_nothing_that_signs_do_not() -> None:
    file = io.StringIO()
    console = Console(file=file, width=80, force_terminal=True, color_system="standard")
    drawn = network_tree(score_network())
    assert drawn is not None
    console.print(drawn)
    zero = styled(inspection(made("a", "y", into([[0.0]], [0.5])), "m.json"))
    assert "└── </><cyan>0.5</>  bias" in zero
    assert "├── </>  0  a" in zero
    assert "\x1b[31m-1.974246\x1b[0m" in file.getvalue()
    assert "\x1b[36m 3.122013\x1b[0m" in file.getvalue()
    assert re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue()) == shown(drawn)


def test_a_bias_that_is_only_rounding_is_shown_as_0() -> None:
    layer = Layer(np.array([[0.8]]), np.array([1.6e-16]), "linear")
    model = Model(Network((layer,)), ("speed",), ("distance",), np.ones(1), np.ones(1))
    tree = network_tree(model)
    assert tree is not None
    assert [line.split()[1:] for line in shown(tree).splitlines()[1:]] == [
        ["0.8", "speed"],
        ["0", "bias"],
    ]
