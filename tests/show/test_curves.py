from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import shown

from scorenet_cli.show.chart import loss_chart, scores_chart

LOSSES = st.floats(0, 1e300, allow_subnormal=True)


def test_a_falling_loss_goes_from_the_upper_left_to_the_lower_right() -> None:
    chart = loss_chart([(0, 1e-1), (10, 1e-4), (100, 1e-9)])
    assert chart is not None
    lines = shown(chart, 50).splitlines()
    assert lines[0] == "loss (log scale)"
    assert lines[-1].strip() == "epoch (log scale)"
    assert lines[1].index("•") < 8
    assert lines[12].rindex("•") == max(line.rfind("•") for line in lines)
    assert "1e-6 ┤" in "\n".join(lines)
    assert lines[-2].split() == ["0", "1", "10", "100"]


def test_validation_has_a_mark_of_its_own_in_any_terminal() -> None:
    training, validation = [(0, 1.0), (9, 0.01)], [(0, 1.0), (9, 0.5)]
    chart = loss_chart(training, validation)
    assert chart is not None
    text = shown(chart, 50)
    assert "• training   ○ validation" in text
    ascii_lines = [line.plain for line in chart.lines(50, ascii_only=True)]
    assert "* training   o validation" in ascii_lines[0]
    assert "*" in ascii_lines[12]  # the lower of the two
    assert "o" not in ascii_lines[12]


def test_the_axes_of_a_run_still_going_are_given() -> None:
    chart = loss_chart([(0, 0.1), (500, 0.01)], epochs=(0, 100_000), decades=(-4, 0), rows=9)
    assert chart is not None
    lines = [line.plain for line in chart.lines(72, ascii_only=False)]
    assert lines[-2].split() == ["0", "1", "10", "100", "1k", "10k", "100k"]
    assert [line.split()[0] for line in lines[1:10:2]] == ["1", "0.1", "0.01", "0.001", "1e-4"]
    assert "•" not in lines[1]
    assert lines[3].index("•") < lines[5].index("•") < 50


def test_epochs_of_a_resumed_run_have_ticks_between_their_ends() -> None:
    chart = loss_chart([(60_000, 0.1), (90_000, 0.01)], epochs=(60_000, 100_000))
    assert chart is not None
    assert shown(chart).splitlines()[-2].split() == ["60k", "70k", "80k", "90k", "100k"]


@pytest.mark.parametrize("history", [[], [(0, 0.5)], [(0, 0.0), (1, 0.0)]])
def test_where_there_is_no_curve_there_is_no_chart(history: list[tuple[int, float]]) -> None:
    assert loss_chart(history) is None


@example(losses=[0.0, 5e-324], validation=[], width=20, ascii_only=False)
@given(
    st.lists(LOSSES, min_size=2, max_size=60),
    st.lists(LOSSES, max_size=20),
    st.integers(20, 120),
    st.booleans(),
)
def test_any_losses_can_be_drawn(
    losses: list[float], validation: list[float], width: int, ascii_only: bool
) -> None:
    chart = loss_chart(list(enumerate(losses)), list(enumerate(validation)))
    if chart is None:
        assert not any(losses + validation)
        return
    lines = [line.plain for line in chart.lines(width, ascii_only=ascii_only)]
    assert max(map(len, lines[1:-1])) <= width
    assert not ascii_only or all(map(str.isascii, lines))


def test_a_constant_loss_is_in_the_middle_and_a_slow_one_fills_the_height() -> None:
    constant, slow = loss_chart([(0, 0.5), (9, 0.5)]), loss_chart([(0, 0.05), (9, 0.02)])
    assert constant is not None
    assert slow is not None
    assert (constant.y.low, constant.y.high) == pytest.approx(
        (np.log10(0.5) - 0.5, np.log10(0.5) + 0.5)
    )
    assert (slow.y.low, slow.y.high) == (np.log10(0.02), np.log10(0.05))


def test_scores_that_are_met_lie_on_the_dotted_line_and_others_beside_it() -> None:
    actual = np.array([0.0, 50.0, 100.0])
    chart = scores_chart("score", actual, actual)
    assert chart is not None
    lines = [line.plain for line in chart.lines(60, ascii_only=True)]
    assert sum(line.count("*") for line in lines) == 3
    assert lines[0] == "predicted score"
    assert lines[-1].strip() == "actual score"
    assert (chart.x.low, chart.x.high) == (0, 100)
    above = scores_chart("score", actual, actual + 20)
    assert above is not None
    assert (above.x.low, above.x.high) == (above.y.low, above.y.high) == (0, 120)
    # Everything predicted as 0: one row of marks at the bottom, the line of dots whole.
    flat = scores_chart("score", actual, np.zeros(3))
    assert flat is not None
    lines = [line.plain for line in flat.lines(60, ascii_only=True)]
    assert lines[12].count("*") == 3
    assert all("." in line.partition(" ")[2] for line in lines[1:12])


@given(st.lists(st.tuples(st.floats(0, 1.7e308), st.floats(0, 1.7e308)), min_size=1, max_size=30))
def test_any_scores_can_be_drawn(pairs: list[tuple[float, float]]) -> None:
    actual, predicted = np.array(pairs).T
    chart = scores_chart("\x1b[31mred", actual, predicted)
    assert chart is not None
    assert "\x1b" not in shown(chart, 50)


def test_a_hundred_thousand_rows_fill_their_cells_once() -> None:
    actual = np.random.default_rng(1).random(100_000)
    chart = scores_chart("y", actual, np.sqrt(actual))
    assert chart is not None
    assert len(shown(chart, 50).splitlines()) == 16
