"""Times scorenet against plain baselines, pair by pair in one run, and prints the ratios.

    python tests/benchmarks/run.py            the figures that README quotes
    python tests/benchmarks/run.py --quick    small sizes, to see that it runs

Machines are noisy, so each round times the baseline and scorenet one after the other; what is
printed is the median of the rounds' ratios, with the median times.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))
from support import ACTUAL, INPUTS, PlainFormulas

from scorenet_cli import dataset
from scorenet_cli.network import random_network
from scorenet_cli.optimizers import gradient_descent


@dataclass(frozen=True)
class Pair:
    """A baseline and scorenet's way of doing the same."""

    what: str
    baseline: str
    run_baseline: Callable[[], object]
    run_scorenet: Callable[[], object]


def epoch_loop(epochs: int) -> Pair:
    """The document's three rows: plain NumPy formulas against the recorded calls."""
    start = random_network((2, 3, 1), seed=23)

    def plain() -> None:
        formulas = PlainFormulas(start.layers[0].weights, start.layers[1].weights)
        for _ in range(epochs):
            formulas.epoch(INPUTS, ACTUAL)

    def ours() -> None:
        next(islice(gradient_descent([start], INPUTS, ACTUAL, 3.0), epochs, None))

    return Pair(f"{epochs:,} epochs of gd", "plain NumPy formulas", plain, ours)


def load(rows: int, folder: Path) -> Pair:
    """A CSV of three columns: numpy.loadtxt against the reader that checks every cell."""
    path = folder / "rows.csv"
    rng = np.random.default_rng(0)
    values = rng.uniform(0, [10, 10, 100], (rows, 3)).round(2)
    np.savetxt(path, values, fmt="%g", delimiter=",", header="a,b,score", comments="")
    return Pair(
        f"reading {rows:,} rows",
        "numpy.loadtxt",
        lambda: np.loadtxt(path, delimiter=",", skiprows=1),
        lambda: dataset.read_dataset(dataset.read_table(str(path))),
    )


def start_up(folder: Path) -> Pair:
    """`scorenet predict 4 8` in a pipe against a Python that imports numpy and ends."""
    command = [sys.executable, "-m", "scorenet_cli"]
    environment = os.environ | {"SCORENET_MODEL": str(folder / "model.json")}
    model = environment["SCORENET_MODEL"]
    subprocess.run(
        [*command, "train", "--epochs", "1", "-o", model], check=True, capture_output=True
    )

    def run(words: list[str]) -> None:
        subprocess.run(words, env=environment, capture_output=True, check=True)

    return Pair(
        "scorenet predict 4 8",
        'python -c "import numpy"',
        lambda: run([sys.executable, "-c", "import numpy"]),
        lambda: run([*command, "predict", "4", "8"]),
    )


def seconds(run: Callable[[], object]) -> float:
    """Time one run."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> None:
    """Time every pair and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    quick = parser.parse_args().quick
    table = Table("what", "baseline", "baseline s", "scorenet s", "ratio", "rounds")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for pair, rounds in (
            (epoch_loop(1_000 if quick else 100_000), 7),
            (load(1_000 if quick else 1_000_000, folder), 7),
            (start_up(folder), 21),
        ):
            times = [
                (seconds(pair.run_baseline), seconds(pair.run_scorenet))
                for _ in range(1 if quick else rounds)
            ]
            table.add_row(
                pair.what,
                pair.baseline,
                f"{median(baseline for baseline, _ in times):.3g}",
                f"{median(ours for _, ours in times):.3g}",
                f"{median(ours / baseline for baseline, ours in times):.2f}",
                f"{len(times)}",
            )
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print(table)
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, {dt.datetime.now(tz=dt.UTC).date()}"
    )


if __name__ == "__main__":
    main()
