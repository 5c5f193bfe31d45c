from __future__ import annotations

import re

import pytest
from rich.cells import cell_len
from support import named, shown

from scorenet_cli.model import document as example
from scorenet_cli.model.trace import BackwardTrace, backward_trace
from scorenet_cli.show.html_page import html_page
from scorenet_cli.show.pages.backward import backward_page
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.tables import layer_title

EXAMPLE = backward_trace(example.worked_example(), example.VALUES, (example.TARGET,))
DEEP = backward_trace(
    named(("hours", "sleep"), (2, 3, 2, 2)), (0.5, 0.8), (40, 60), learning_rate=0.5
)


def page(trace: BackwardTrace, width: int = 80, precision: int | None = None) -> str:
    return shown(
        backward_page(trace, Look(precision, source=None if trace is EXAMPLE else "m.json")), width
    )


def rows(text: str, title: str) -> list[list[str]]:
    """The cells of the lines of the table under a title."""
    after = text.partition(f"{title}\n")[2].partition("\n\n")[0]
    return [re.split(r" {2,}", line.strip()) for line in after.splitlines()[3:]]


def test_each_number_follows_from_those_above_it() -> None:
    """Recomputed from the printed numbers alone, to their ten digits."""
    text = page(EXAMPLE)

    def close(value: float) -> object:
        return pytest.approx(value, abs=1e-9)

    ((_, actual, output, error),) = rows(text, "1. Output error")
    assert float(error) == close(float(actual) - float(output))
    ((_, error_again, slope, delta),) = rows(text, "2. Output delta")
    assert error_again == error
    assert float(slope) == close(float(output) * (1 - float(output)))
    assert float(delta) == close(float(error) * float(slope))
    shares = rows(text, "3. Hidden error")
    for line, known in zip(shares, (".4", ".5", ".9"), strict=True):
        _, _, delta_again, weight, share = line
        assert delta_again == delta
        assert float(weight) == float(known)
        assert float(share) == close(float(delta) * float(weight))
    for row, taken in zip(rows(text, "4. Hidden delta"), shares, strict=True):
        _, error, slope, delta = row
        assert error == taken[-1]
        assert float(delta) == close(float(error) * float(slope))


def test_changes_follow_from_values_and_deltas() -> None:
    text = page(DEEP, precision=8)
    for layer, ran in zip(DEEP.layers, DEEP.forward.layers, strict=True):
        printed = text.partition(f"Weights into {layer_title(layer.name)}\n")[2].partition(". ")[0]
        lines = [line.split() for line in printed.splitlines()]
        for neuron, traced in zip(layer.neurons, ran.neurons, strict=True):
            start = lines.index([neuron.name])
            known = [*[term.value for term in traced.terms], 1.0]
            for line, value in zip(lines[start + 1 : start + 1 + len(known)], known, strict=True):
                took, before, change, after = map(float, line[1:])
                assert took == pytest.approx(value, abs=1e-8)
                assert change == pytest.approx(0.5 * took * neuron.delta, abs=2e-8)
                assert after == pytest.approx(before + change, abs=2e-8)


def test_several_targets_share_out_the_error_layer_by_layer_backwards() -> None:
    titles = [line for line in page(DEEP).splitlines() if re.match(r"\d+\. ", line)]
    assert titles == [
        "1. Output error",
        "2. Output delta",
        "3. Hidden 2 error",
        "4. Hidden 2 delta",
        "5. Hidden 1 error",
        "6. Hidden 1 delta",
        "7. Weights into hidden layer 1",
        "8. Weights into hidden layer 2",
        "9. Weights into output layer",
        "10. Result of the step",
    ]
    shares = rows(page(DEEP), "3. Hidden 2 error")
    assert [row[:2] for row in shares[:3]] == [
        ["h2.1", "score0"],
        ["h2.1", "score1"],
        ["h2.1", "error"],
    ]
    assert len(shares[2]) == 3
    assert float(shares[2][-1]) == pytest.approx(float(shares[0][-1]) + float(shares[1][-1]))


@pytest.mark.parametrize("trace", [EXAMPLE, DEEP])
def test_a_narrow_terminal_gets_fewer_digits_and_no_folded_number(trace: BackwardTrace) -> None:
    text = page(trace, 50)
    assert max(map(cell_len, text.splitlines())) <= 50
    change = trace.layers[0].neurons[0].weights[0].before
    assert f" {change:.2f}"[:4] in text


def test_actual_scores_stand_beside_the_inputs_in_both_units() -> None:
    inputs = (
        page(DEEP)
        .partition("Inputs, divided by the training maxima\n")[2]
        .partition("\n\n")[0]
        .splitlines()[2:]
    )
    assert [line.split() for line in inputs] == [
        ["hours", "0.5", "0.5"],
        ["sleep", "0.8", "0.8"],
        ["score0", "(actual)", "40", "40", "/", "100", "0.4"],
        ["score1", "(actual)", "60", "60", "/", "100", "0.6"],
    ]


def test_a_model_is_named_even_where_the_values_are_the_documents() -> None:
    trace = backward_trace(named(("a", "b"), (2, 1)), example.VALUES, (92,))
    assert page(trace).startswith("Model m.json\n\nInputs, divided by the training maxima\n")


def test_the_weight_of_a_value_of_0_does_not_change() -> None:
    trace = backward_trace(named(("a", "b"), (2, 1)), (0, 1), (50,))
    row = next(row for row in rows(page(trace), "Weights into output layer") if row[0] == "a")
    assert (row[1], row[3]) == ("0", "0")


def test_four_hundred_outputs_are_shown() -> None:
    trace = backward_trace(named(("a",), (1, 401)), (1,), (50.0,) * 401)
    text = html_page(backward_page(trace, Look(6, source="m.json")), "", "title")
    steps = [step.split("<h2>")[0] for step in re.split(r"<h2>\d. ", text)]
    for number, times in ((1, 1), (2, 1), (4, 2)):  # a result in both units
        assert steps[number].count("<tr><th") == 400 * times + 1 + (number == 4)
        assert steps[number].count(">score399") == times


def test_a_huge_layer_is_cut_and_says_so() -> None:
    trace = backward_trace(named(("a", "b"), (2, 500, 1)), (1, 2), (50,))
    text = html_page(backward_page(trace, Look(6, source="m.json")), "", "title")
    assert text.count("... and 100 more neurons: --json prints all") == 2
    assert "... and 300 more neurons: --json prints all" in text
    assert "... and 100 more weights in each neuron: --json prints all" in text
    assert "h401" not in text
