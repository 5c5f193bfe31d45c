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
    assert len(chart.series[0].x) <= WIDEST + 1  # type: ignore[union-attr]
    assert "100k" in shown(chart)


def test_another_start_begins_another_curve() -> None:
    curve = progress.Curve(50, 100)
    for epoch in (50, 90, 130, 60):
        curve.add(epoch, 0.5)
    assert curve.draw() == ""  # one point is no curve
    curve.add(70, 0.4)
    assert shown(curve.draw()).startswith("loss (log scale)")


@pytest.mark.parametrize(("lines", "has_curve"), [(40, True), (10, False)])
def test_a_terminal_shows_the_curve_above_the_bar_where_it_is_tall_enough(
    monkeypatch: pytest.MonkeyPatch, lines: int, has_curve: bool
) -> None:
    file = io.StringIO()
    console = Console(
        file=file, width=60, height=lines, force_terminal=True, color_system=None, _environ={}
    )
    monkeypatch.setattr(progress, "make_console", lambda _: console)
    monkeypatch.setattr(progress, "FIRST_DRAWING", 0.0)
    monkeypatch.setattr(progress, "MAX_TIME", 1.0)
    with progress.training_progress(0, 1000) as update:
        for epoch in range(0, 1000, 100):
            update(epoch, 1.0 / (1 + epoch))
    assert "900/1,000 loss 0.00111" in file.getvalue()
    assert ("loss (log scale)" in file.getvalue()) == has_curve


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
        assert drawn == [0]  # the first 0.3 s are too short to look at
        now[0] = 1.0
        update(2, 0.4)
        assert drawn == [1]
        now[0] += 100
        update(3, 0.3)
        assert drawn == [1]
        now[0] += 100
        update(4, 0.2)
        assert drawn == [2]
