"""Progress of a training run on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from scorenet_cli.show.console import make_console

ROOM_FOR_A_BAR = 80


@contextmanager
def training_progress(done: int, epochs: int) -> Iterator[Callable[[int, float], None]]:
    """Show a bar with loss, rate and time left on standard error; yields (epoch, loss) -> None."""
    console = make_console(sys.stderr)
    bar = [BarColumn(bar_width=20)] if console.width >= ROOM_FOR_A_BAR else []
    columns = (
        *bar,
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TextColumn("loss {task.fields[loss]:.3g}"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as progress:
        task = progress.add_task("", total=done + epochs, completed=done, loss=0.0, rate="")

        def update(epoch: int, loss: float) -> None:
            speed = progress.tasks[0].speed
            progress.update(
                task,
                completed=epoch,
                loss=loss,
                rate=f"{speed:,.0f}/s" if speed else "",
                refresh=True,
            )

        yield update
