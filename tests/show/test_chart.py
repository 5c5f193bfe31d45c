from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from support import shown

from scorenet_cli.show.chart import WIDEST, Axis, Chart, Series, linear_axis


def plain(chart: Chart, width: int) -> list[str]:
    return [line.plain for line in chart.lines(width, ascii_only=False)]


def series(x: list[float], y: list[float], *, joined: bool = False, name: str = "") -> Series:
    return Series(name, np.array(x), np.array(y), "•", joined=joined)


def test_points_stand_where_their_axes_say() -> None:
    """Three rows for 0, 1 and 2; columns 2 cells after the labels, 0 to 10 over 11 of them."""
    chart = Chart(
        Axis("hours", 0, 10),
        Axis("score", 0, 2),
        (series([0, 5, 10, 10], [0, 1, 2, 0]),),
        rows=3,
    )
    assert [line.plain for line in chart.lines(14, ascii_only=False)] == [
        "score",
        "2 ┤          •",
        "  │     •",
        "0 ┤•         •",
        "  └┬─┬─┬─┬─┬──",
        "   0 2 4 6 8",  # 10 would touch the 8
        "   hours",
    ]


def test_a_curve_has_a_mark_in_every_column_and_no_gap_between_rows() -> None:
    chart = Chart(
        Axis("x", 0, 4), Axis("y", 0, 4), (series([0, 2, 4], [4, 4, 0], joined=True),), rows=5
    )
    drawn = [line.plain[3:] for line in chart.lines(8, ascii_only=True)][1:6]
    assert drawn == ["***", "   *", "   *", "    *", "    *"]


def test_ticks_of_a_logarithmic_axis_are_powers_of_ten() -> None:
    ticks = Axis("loss", -18.0, -1.0, "log").ticks()
    assert [label for _, label in ticks] == ["1e-16", "1e-12", "1e-8", "1e-4"]
    assert [at for at, _ in ticks] == pytest.approx([(n + 18) / 17 for n in (-16, -12, -8, -4)])
    near = Axis("loss", np.log10(0.0015), np.log10(0.04), "log").ticks()
    assert [label for _, label in near] == ["0.002", "0.005", "0.01", "0.02"]
    assert [label for _, label in Axis("loss", -2.45, -2.1, "log").ticks()] == [
        *("0.004", "0.005", "0.006", "0.007"),
    ]


def test_ticks_of_epochs_begin_at_0() -> None:
    ticks = Axis("epoch", 0, float(np.log1p(250_000)), "log1p").ticks()
    assert [label for _, label in ticks] == ["0", "1", "10", "100", "1k", "10k", "100k"]
    assert ticks[1][0] == pytest.approx(np.log(2) / np.log(250_001))
    few = Axis("epoch", 0, float(np.log1p(3)), "log1p").ticks()
    assert [label for _, label in few] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 100, ["0", "20", "40", "60", "80", "100"]),
        (37, 103, ["40", "60", "80", "100"]),
        (0.5, 0.52, ["0.5", "0.505", "0.51", "0.515", "0.52"]),
        (0, 2_500_000, ["0", "500k", "1M", "1.5M", "2M", "2.5M"]),
        (-2e-8, 2e-8, ["-2e-8", "-1e-8", "0", "1e-8", "2e-8"]),
    ],
)
def test_ticks_of_an_even_axis_are_round(low: float, high: float, labels: list[str]) -> None:
    assert [label for _, label in Axis("", low, high).ticks()] == labels


@pytest.mark.parametrize(
    ("axis", "labels"),
    [
        (Axis("", 0, float(np.log1p(10)), "log1p"), ["0", "1", "10"]),
        (Axis("", float(np.log1p(5)), float(np.log1p(150)), "log1p"), ["10", "100"]),
        (Axis("", -2.2, -0.8, "log"), ["0.01", "0.1"]),
        (Axis("", 0, 4e9), ["0", "1e9", "2e9", "3e9", "4e9"]),
    ],
)
def test_ticks_are_few_and_short(axis: Axis, labels: list[str]) -> None:
    assert [label for _, label in axis.ticks()] == labels


def test_an_axis_has_room_around_equal_values_and_only_there() -> None:
    def ends(*values: float) -> tuple[float, float]:
        axis = linear_axis("", np.array(values))
        assert axis is not None
        return axis.low, axis.high

    assert ends(0.25) == (-0.25, 0.75)
    assert ends(-6, -6) == (-9, -3)
    assert ends(1e12, 1e12 + 1) == (0.5e12, 1.5e12 + 1)  # rounding beside their size
    assert ends(-1e12, -1e12 - 1) == (-1.5e12 - 1.5, -0.5e12 + 0.5)
    assert ends(0, 1e-10) == (0, 1e-10)
    assert ends(-1e-10, 0) == (-1e-10, 0)


def test_what_lies_beyond_an_axis_is_at_its_end() -> None:
    assert Axis("", 2, 4).place(np.array([-9, 2, 3, 4, 99])).tolist() == [0, 0, 0.5, 1, 1]


def test_a_low_or_narrow_chart_has_fewer_labels_and_a_long_name_is_cut() -> None:
    low, two = Axis("hours of sleep", 0, 5), (series([0], [0]),)
    assert [line[:3] for line in plain(Chart(low, low, two, rows=5), 12)[1:6]] == [
        *("5 ┤", "  │", "  │", "  │", "0 ┤"),
    ]
    none = Chart(low, Axis("score", 1.1, 1.9), two, rows=2)
    assert plain(none, 3) == ["score", " │", " │•", " └┬─", "  0", "  hours of sleep"]
    assert shown(none, 12).splitlines()[-1] == "  hours of …"
    assert shown(Chart(low, low, two, rows=2), 10).splitlines()[0] == "hours of …"


def test_several_kinds_are_named_with_their_marks() -> None:
    second = Series("validation", np.array([1.0]), np.array([0.0]), "○")
    chart = Chart(Axis("x", 0, 1), Axis("y", 0, 1), (series([0], [1], name="training"), second))
    assert shown(chart, 40).splitlines()[0] == "y   • training   ○ validation"
    assert next(chart.lines(40, ascii_only=True)).plain == "y   * training   o validation"


NUMBERS = st.floats(-1e300, 1e300)


@given(st.data(), st.integers(8, 200), st.integers(2, 20), st.booleans(), st.booleans())
def test_nothing_is_wider_than_asked_for_and_all_in_the_output_s_signs(
    data: st.DataObject, width: int, rows: int, joined: bool, ascii_only: bool
) -> None:
    points = data.draw(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20))
    x, y = [at for at, _ in points], [at for _, at in points]
    chart = Chart(
        Axis("across", min(x), max(x) if max(x) > min(x) else min(x) + abs(min(x)) + 1),
        Axis("up", min(y), max(y) if max(y) > min(y) else min(y) + abs(min(y)) + 1),
        (series(x, y, joined=joined),),
        rows,
    )
    lines = [line.plain for line in chart.lines(width, ascii_only=ascii_only)]
    assert len(lines) == rows + 4
    if width >= 20:
        assert max(map(cell_len, lines[1:-1])) <= width
    if ascii_only:
        assert all(map(str.isascii, lines))
    marks = "*" if ascii_only else "•"
    body = lines[1 : rows + 1]
    if max(y) > min(y):
        assert marks in body[0]
        assert marks in body[-1]


def test_no_chart_is_wider_than_a_page() -> None:
    chart = Chart(Axis("x", 0, 1), Axis("y", 0, 1), (series([0, 1], [0, 1]),))
    assert max(map(len, shown(chart, 1000).splitlines())) == WIDEST
