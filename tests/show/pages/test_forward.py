from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from support import named, shown

from scorenet_cli.model import document as example
from scorenet_cli.model.document import TrainedAnswer
from scorenet_cli.model.model import interval_text
from scorenet_cli.model.trace import ForwardTrace, forward_trace
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


def lines_of(trace: ForwardTrace, look: Look, story: TrainedAnswer | None = None) -> list[str]:
    return shown(forward_page(trace, None, look, story), 100).splitlines()


@pytest.mark.parametrize(
    ("scaling", "scaled", "why"),
    [
        ("training", "unscaled", "The values enter the network as they are"),
        ("own", "divided by their own largest value", "Scaling gives all inputs a similar size"),
    ],
)
def test_the_documents_weights_and_how_values_are_scaled_are_said(
    scaling: str, scaled: str, why: str
) -> None:
    look = Look(explain=True, scaling=scaling)
    title, _, inputs, reason, *_ = lines_of(EXAMPLE, look)
    assert title == "The document's example weights"
    assert inputs == f"Inputs, {scaled}"
    assert reason.startswith(why)
    page = forward_page(EXAMPLE, example.document_figures(EXAMPLE), look)
    title, about, reason, *_ = shown(page, 100).splitlines()
    assert title == "The document's worked example"
    assert about == f"hours_studied 2, hours_slept 9, {scaled}; the target is 92."
    assert reason.startswith(why)


def test_values_that_are_not_scaled_have_no_formula() -> None:
    lines = lines_of(forward_trace(named(("a", "b"), (2, 1)), (1, 2.5)), Look(source="m.json"))
    assert lines[:8] == [
        *("Model m.json", "", "Inputs, divided by the training maxima"),
        *("   value", "────────", "a      1", "b    2.5", ""),
    ]


def test_a_score_has_its_interval_and_the_documents_answer_beside_it() -> None:
    trace = forward_trace(named(("a", "b"), (2, 1)), (1, 2.5))
    interval, story = (20.0, 30.0), TrainedAnswer(why="it starts elsewhere. So it ends elsewhere")
    lines = lines_of(replace(trace, intervals=(interval,)), Look(3, source="m.json"), story)
    *_, score, blank, title, why = lines
    assert score == f"score0  {trace.scores[0]:.3f}, {interval_text(*interval)}"
    assert (blank, title) == ("", "The document printed .91882413")
    assert why == "It starts elsewhere. So it ends elsewhere."


def test_of_a_large_layer_some_neurons_and_products_are_shown() -> None:
    model = named(tuple(f"x{n}" for n in range(401)), (401, 2, 1))
    lines = lines_of(forward_trace(model, (1.0,) * 401), Look(4, source="m.json"))
    assert "... and 1 more neuron: --json prints all" in lines
    assert "... and 1 more product in each neuron: --json prints all" in lines


def test_as_many_digits_are_tried_as_the_document_has() -> None:
    assert list(Look().digits()) == [10, 9, 8, 7, 6, 5, 4]
    assert list(Look(2).digits()) == [2]


def test_wide_characters_keep_the_columns_straight() -> None:
    text = shown(
        forward_page(forward_trace(named(("学習時間", "b"), (2, 1, 1)), (1, 2)), None, Look(4))
    )
    rows = [line for line in text.splitlines() if line.startswith(("  学習時間", "  b "))]
    assert len({cell_len(line.rstrip()) for line in rows}) == 1
