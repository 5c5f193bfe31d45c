from __future__ import annotations

import io

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from scorenet_cli import worked_example as example
from scorenet_cli.model import Model
from scorenet_cli.network import random_network
from scorenet_cli.show import tables
from scorenet_cli.trace import forward_trace

EXAMPLE = forward_trace(example.worked_example(), example.VALUES)


def shown(renderable: RenderableType, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> int:
    """A terminal of 50 columns, as the tables see it."""
    monkeypatch.setattr(
        tables,
        "make_console",
        lambda _: Console(file=io.StringIO(), width=50, force_terminal=True, color_system=None),
    )
    return 50


def named(features: tuple[str, ...], shape: tuple[int, ...]) -> Model:
    return Model(
        network=random_network(shape, seed=3, bias=True),
        features=features,
        targets=tuple(f"score{n}" for n in range(shape[-1])),
        feature_scale=np.ones(shape[0]),
        target_scale=np.full(shape[-1], 100.0),
    )


def test_the_worked_example_shows_every_figure_beside_the_documents() -> None:
    text = shown(tables.traced(EXAMPLE, example.document_figures(EXAMPLE), None))
    for figure in (
        *("7.6", "3.9", "6.5", "0.9994997989", "0.9801596943", "0.9984988177"),
        *("1.7885287027", "0.8567467964", ".9994", "1.000", ".9984", "1.79832", ".8579443067"),
        *("S(3.9) is .9802", "round to .9995", "round to .9985", "0.92"),
    ):
        assert figure in text


def test_a_narrow_terminal_gets_fewer_digits_and_no_folded_number(narrow: int) -> None:
    text = shown(tables.traced(EXAMPLE, example.document_figures(EXAMPLE), None), narrow)
    assert max(map(cell_len, text.splitlines())) <= narrow
    assert "0.980160 " in text  # six digits in the table
    assert "0.8567467964" in text  # all ten in the closing lines


def test_a_precision_that_was_asked_for_is_kept(narrow: int) -> None:
    text = shown(tables.traced(EXAMPLE, None, 3), narrow)
    assert "0.980" in text
    assert "0.9802" not in text


def test_weights_stand_in_a_matrix_where_it_fits_and_in_a_list_elsewhere(narrow: int) -> None:
    model = named(("hours",), (1, 9, 1))
    text = shown(tables.inspection(model, "m.json"), narrow)
    assert max(map(cell_len, text.splitlines())) <= narrow
    lines = [line.split() for line in text.splitlines()]
    for neuron in range(9):
        weight = f"{model.network.layers[0].weights[0, neuron]:.6f}"
        assert ["hours", f"h{neuron + 1}", weight] in lines
        assert ["bias", f"h{neuron + 1}", "0"] in lines


def test_a_huge_layer_is_cut_and_says_so() -> None:
    text = shown(tables.inspection(named(("a", "b"), (2, 300, 1)), "m.json"))
    assert "... and 500 more: --json or --weights-to has all" in text


@pytest.mark.parametrize("hostile", ["score[/]", "\x1b[31mred\x07", "a\u202eb", "[bold]x"])
def test_names_from_outside_are_shown_as_they_are_and_steer_nothing(hostile: str) -> None:
    model = named((hostile, "plain"), (2, 3, 1))
    text = shown(tables.inspection(model, "m.json")) + shown(
        tables.traced(forward_trace(model, (1.0, 2.0)), None, None)
    )
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "".join(sign for sign in hostile if sign.isprintable()) in text


def test_wide_characters_keep_the_columns_straight() -> None:
    text = shown(tables.traced(forward_trace(named(("学習時間", "b"), (2, 1, 1)), (1, 2)), None, 4))
    rows = [line for line in text.splitlines() if line.startswith(("  学習時間", "  b "))]
    assert len({cell_len(line.rstrip()) for line in rows}) == 1
