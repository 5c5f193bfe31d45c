from __future__ import annotations

import io
import time

import pytest
from rich.console import Console
from support import shown

from scorenet_cli.show import progress
from scorenet_cli.show.chart import WIDEST


def test_a_curve_keeps_no_more_points_than_a_chart_has_columns() -> None:
    curve = progress.Curve(0, 100_000)
    for epoch in range(0, 100_000, 7):
        curve.add(epoch, 1.0 / (1 + epoch))
    chart = curve.draw()
    assert 50 < len(chart.series[0].x) <= WIDEST + 1  # type: ignore[union-attr]
    assert "100k" in shown(chart)
    assert len(shown(chart).splitlines()) == progress.CURVE_ROWS + 4
    resumed = progress.Curve(1000, 1000)
    for epoch in range(1000, 2000):
        resumed.add(epoch, 1.0 / epoch)
    assert 70 < len(resumed.draw().series[0].x) <= WIDEST + 1  # type: ignore[union-attr]


def test_another_start_begins_another_curve() -> None:
    curve = progress.Curve(50, 100)
    for epoch in (50, 90, 130, 60):
        curve.add(epoch, 0.5)
    assert curve.draw() == ""  # one point is no curve
    curve.add(70, 0.4)
    assert shown(curve.draw()).startswith("loss (log scale)")


def test_a_curve_begins_at_its_first_point_and_an_epoch_may_come_twice() -> None:
    curve = progress.Curve(50, 100)
    for epoch in (50, 51, 51):
        curve.add(epoch, 0.5)
    assert curve.draw().series[0].x.tolist() == [50, 51]  # type: ignore[union-attr]


def test_the_axes_stay_while_a_curve_grows() -> None:
    curve = progress.Curve(0, 1000)

    def axes(points: list[tuple[int, float]]) -> list[str]:
        """The ticks: of the loss, then of the epochs."""
        for point in points:
            curve.add(*point)
        *body, epochs, _ = shown(curve.draw()).splitlines()
        return [line.split()[0] for line in body if "┤" in line] + epochs.split()

    first = axes([(0, 0.5), (1, 0.4)])
    assert first == ["1", "0.1", "0.01", "0.001", "0", "1", "10", "100", "1k"]
    assert axes([(10, 0.1), (500, 0.002)]) == first
    # A loss below the axis makes room for as many decades again.
    assert axes([(900, 0.0002)])[-6:] == ["1e-6", *first[-5:]]


@pytest.mark.parametrize("losses", [(0.0, 0.0), (0.5, 0.0), (5e-324, 1e-320), (1e308, 1.7e308)])
def test_any_losses_can_be_drawn(losses: tuple[float, float]) -> None:
    curve = progress.Curve(0, 1)
    for epoch, loss in enumerate(losses):
        curve.add(epoch, loss)
    text = shown(curve.draw())
    assert ("loss" in text) == any(losses)
    assert not any(losses) or text.splitlines()[-2].split() == ["0", "1"]


def terminal(lines: int = 40) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(
        file=file, width=60, height=lines, force_terminal=True, color_system=None, _environ={}
    ), file


@pytest.mark.parametrize(("lines", "has_curve"), [(40, True), (10, False)])
def test_a_terminal_shows_the_curve_above_the_bar_where_it_is_tall_enough(
    monkeypatch: pytest.MonkeyPatch, lines: int, *, has_curve: bool
) -> None:
    console, file = terminal(lines)
    monkeypatch.setattr(progress, "make_console", lambda _: console)
    monkeypatch.setattr(progress, "FIRST_DRAWING", 0.0)
    monkeypatch.setattr(progress, "MAX_TIME", 1.0)
    with progress.training_progress(0, 1000) as update:
        for epoch in range(0, 1000, 100):
            update(epoch, 1.0 / (1 + epoch))
    assert "900/1,000 loss 0.00111" in file.getvalue()
    assert ("loss (log scale)" in file.getvalue()) == has_curve
    # What is printed last stays: the curve without the bar, or nothing.
    last = file.getvalue().rpartition("900/1,000")[2]
    assert ("epoch (log scale)" in last) == has_curve


def test_a_run_that_is_over_at_once_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    console, file = terminal()
    monkeypatch.setattr(progress, "make_console", lambda _: console)
    with progress.training_progress(0, 1000) as update:
        update(1, 0.5)
    assert "loss" not in file.getvalue()


def test_the_first_drawing_comes_within_three_tenths_of_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Updates come ten times a second."""
    now = [0.0]
    console, file = terminal()
    monkeypatch.setattr(progress, "make_console", lambda _: console)
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    with progress.training_progress(0, 100_000) as update:
        for tick in (1, 2, 3):
            now[0] = 0.09 * tick
            update(10_000 + 100 * tick, 0.5 / tick)
        assert "loss (log scale)" in file.getvalue()


def test_drawing_waits_while_it_has_taken_its_part_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a clock that only drawing moves, by 2 s each: the second one waits for 200 s."""
    now, drawn = [0.0], [0]

    class SlowTerminal(io.StringIO):
        def flush(self) -> None:
            if "loss" in self.getvalue():
                drawn[0] += 1
                now[0] += 2.0
                self.truncate(0)
                self.seek(0)

    console = Console(
        file=SlowTerminal(), width=60, height=40, force_terminal=True, color_system=None
    )
    monkeypatch.setattr(progress, "make_console", lambda _: console)
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    with progress.training_progress(0, 1000) as update:
        update(1, 0.5)
        assert drawn == [0]  # the first 0.2 s are too short to look at
        now[0] = 1.0
        update(2, 0.4)
        assert drawn == [1]
        now[0] += 100
        update(3, 0.3)
        assert drawn == [1]
        now[0] += 100
        update(4, 0.2)
        assert drawn == [2]
