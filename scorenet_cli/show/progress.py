"""Progress of a training run on a terminal: a bar, and the curve of the loss above it."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from scorenet_cli.show.chart import WIDEST, loss_chart
from scorenet_cli.show.console import make_console

ROOM_FOR_A_BAR = 80
ROOM_FOR_A_CURVE = 16  # lines of a terminal
CURVE_ROWS = 8
DECADES = 3  # powers of ten on the y axis; it grows by the same number
MAX_DECADE = 300  # largest exponent of an axis, so that its ticks are finite

# Seconds until the first drawing; maximum fraction of the time spent on drawing.
FIRST_DRAWING = 0.2
MAX_TIME = 0.01


class Curve:
    """The losses of a run so far, no more than a chart has columns, between fixed axes."""

    def __init__(self, done: int, epochs: int) -> None:
        self._epochs = (done, done + max(epochs, 1))
        self._decades: tuple[float, float] | None = None
        self._points: dict[int, tuple[int, float]] = {}
        self._last = done

    def add(self, epoch: int, loss: float) -> None:
        """Remember a loss; a lower epoch than before begins another start's curve."""
        if epoch < self._last or not self._points:
            self._points = {-1: (epoch, loss)}
        self._last = epoch
        first, last = map(math.log1p, self._epochs)
        column = int((math.log1p(epoch) - first) / (last - first) * WIDEST)
        self._points[column] = (epoch, loss)
        if loss > 0:
            decade = min(max(math.log10(loss), -MAX_DECADE), MAX_DECADE)
            low, high = self._decades or (math.inf, math.ceil(decade))
            grown = high - DECADES * max(math.ceil((high - decade) / DECADES), 1)
            self._decades = (min(low, grown), max(high, math.ceil(decade)))

    def draw(self) -> RenderableType:
        """Return the chart, or nothing while there is no curve."""
        points = list(dict.fromkeys(self._points.values()))
        return loss_chart(points, epochs=self._epochs, decades=self._decades, rows=CURVE_ROWS) or ""


@contextmanager
def choosing_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show on standard error how far cross-validation is; yields (words, done, total) -> None."""
    columns = TextColumn("{task.description}"), BarColumn(bar_width=20), TimeRemainingColumn()
    with Progress(*columns, console=make_console(sys.stderr), transient=True) as progress:
        task = progress.add_task("", visible=False)

        def update(words: str, done: int, total: int) -> None:
            progress.update(task, description=words, completed=done, total=total, visible=True)

        yield update


@contextmanager
def training_progress(done: int, epochs: int) -> Iterator[Callable[[int, float], None]]:
    """Show bar, loss, rate, time left and curve on standard error; yields (epoch, loss) -> None.

    The curve stays on the screen at the end, unless the run was too short to draw it.
    """
    console = make_console(sys.stderr)
    bar = [BarColumn(bar_width=20)] if console.width >= ROOM_FOR_A_BAR else []
    progress = Progress(
        *bar,
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TextColumn("loss {task.fields[loss]:.3g}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
        console=console,
    )
    task = progress.add_task("", total=done + epochs, completed=done, loss=0.0, rate="")
    curve = Curve(done, epochs) if console.height >= ROOM_FOR_A_CURVE else None
    began, spent = time.perf_counter(), 0.0
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def update(epoch: int, loss: float) -> None:
            nonlocal spent
            now = time.perf_counter()
            if curve is not None:
                curve.add(epoch, loss)
            speed = progress.tasks[0].speed
            rate = f"{speed:,.0f}/s" if speed else ""
            progress.update(task, completed=epoch, loss=loss, rate=rate)
            if now - began >= FIRST_DRAWING and spent <= MAX_TIME * (now - began):
                above = [] if curve is None else [curve.draw()]
                live.update(Group(*above, progress.get_renderable()), refresh=True)
                live.transient = curve is None
            spent += time.perf_counter() - now

        yield update
        if curve is not None and not live.transient:
            live.update(curve.draw())
