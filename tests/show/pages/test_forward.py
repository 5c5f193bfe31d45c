from __future__ import annotations

from rich.cells import cell_len
from support import named, shown

from scorenet_cli.model import document as example
from scorenet_cli.model.trace import forward_trace
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.pages.forward import forward_page

EXAMPLE = forward_trace(example.worked_example(), example.VALUES)


def test_the_worked_example_shows_every_figure_beside_the_documents() -> None:
    text = shown(forward_page(EXAMPLE, example.document_figures(EXAMPLE), Look()))
    text = " ".join(text.split())  # a long reason is wrapped
    for figure in (
        *("7.6", "3.9", "6.5", "0.9994997989", "0.9801596943", "0.9984988177"),
        *("1.7885287027", "0.8567467964", ".9994", "1.000", ".9984", "1.79832", ".8579443067"),
        *("sigmoid(3.9) is .9801596943", "rounded it is .9995", "rounded it is .9985", "0.92"),
    ):
        assert figure in text


def test_a_narrow_terminal_gets_fewer_digits_and_no_folded_number() -> None:
    text = shown(forward_page(EXAMPLE, example.document_figures(EXAMPLE), Look()), 50)
    assert max(map(cell_len, text.splitlines())) <= 50
    assert "0.980160 " in text  # six digits in the table
    assert "0.8567467964" in text  # all ten in the closing lines


def test_a_precision_that_was_asked_for_is_kept() -> None:
    text = shown(forward_page(EXAMPLE, None, Look(3)), 50)
    assert "0.980" in text
    assert "0.9802" not in text
    assert text.split()[-1] == f"{EXAMPLE.scores[0]:.3f}"


def test_wide_characters_keep_the_columns_straight() -> None:
    text = shown(
        forward_page(forward_trace(named(("学習時間", "b"), (2, 1, 1)), (1, 2)), None, Look(4))
    )
    rows = [line for line in text.splitlines() if line.startswith(("  学習時間", "  b "))]
    assert len({cell_len(line.rstrip()) for line in rows}) == 1
