"""Times scorenet against plain baselines, pair by pair in one run, and prints the ratios.

    python tests/benchmarks/run.py            the figures that README quotes
    python tests/benchmarks/run.py --quick    small sizes, to see that it runs
    python tests/benchmarks/run.py --growth   time and memory by rows, columns and hidden neurons
    python tests/benchmarks/run.py --growth --large    the same with 10,000,000 rows, too

Machines are noisy, so each round times the baseline and scorenet one after the other; what is
printed is the median of the rounds' ratios, with the median times. PyTorch and scikit-learn are
compared with where they are installed (the extra [bench]).
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice, product
from pathlib import Path
from statistics import median

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command itself sets it
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))
from support import ACTUAL, INPUTS, Array, PlainFormulas

from scorenet_cli.core.network import Network, random_network
from scorenet_cli.core.optimizers.adam import adam
from scorenet_cli.core.optimizers.gradient_descent import gradient_descent
from scorenet_cli.core.optimizers.levenberg_marquardt import levenberg_marquardt
from scorenet_cli.core.optimizers.state import State
from scorenet_cli.data import dataset

DOCUMENT_LOSS = 1.94136958194e-18
STUDENTS = Path(__file__).parents[2] / "sample_data" / "students.csv"


@dataclass(frozen=True)
class Pair:
    """A baseline and scorenet's way of doing the same, and how often to compare them."""

    what: str
    baseline: str
    run_baseline: Callable[[], object]
    run_scorenet: Callable[[], object]
    rounds: int = 5


def after(states: Iterator[State], epochs: int) -> State:
    """Return the state after so many epochs."""
    return next(islice(states, epochs, None))


def plain_epochs(start: Network, inputs: Array, actual: Array, epochs: int) -> None:
    """Run the formulas as a textbook writes them, in plain NumPy."""
    formulas = PlainFormulas(start.layers[0].weights, start.layers[1].weights)
    rate = 3.0 / len(inputs)
    for _ in range(epochs):
        formulas.epoch(inputs, actual, rate)


def document_pairs(epochs: int) -> Iterator[Pair]:
    """The document's three rows: gd, lm and restarts."""
    start = random_network((2, 3, 1), seed=23)
    starts = [random_network((2, 3, 1), seed=seed) for seed in range(32)]

    def to_document_loss() -> None:
        states = levenberg_marquardt([start], INPUTS, ACTUAL)
        next(state for state in states if state.mean_square <= DOCUMENT_LOSS)

    def one_run() -> None:
        after(gradient_descent([start], INPUTS, ACTUAL, learning_rate=3.0), epochs)

    yield Pair(
        f"{epochs:,} epochs of gd",
        "plain NumPy formulas",
        lambda: plain_epochs(start, INPUTS, ACTUAL, epochs),
        one_run,
        rounds=7,
    )
    yield Pair(
        "to the document's loss by lm",
        f"{epochs:,} plain epochs",
        lambda: plain_epochs(start, INPUTS, ACTUAL, epochs),
        to_document_loss,
    )
    yield Pair(
        f"{epochs:,} epochs of gd from 32 starts",
        "the same from one start",
        one_run,
        lambda: after(gradient_descent(starts, INPUTS, ACTUAL, learning_rate=3.0), epochs),
    )


def lm_from_many_starts(seeds: int) -> str:
    """Measure lm on the document's rows from every seed, until it stops by itself."""
    times, epochs, losses = [], [], []
    for seed in range(seeds):
        start = random_network((2, 3, 1), seed=seed)
        began = time.perf_counter()
        with np.errstate(over="ignore"):
            states = [state.mean_square for state in levenberg_marquardt([start], INPUTS, ACTUAL)]
        times.append(time.perf_counter() - began)
        epochs.append(len(states) - 1)
        losses.append(states[-1])
    return (
        f"lm from seeds 0 to {seeds - 1}: {median(times) * 1000:.2g} ms and {median(epochs):g} "
        f"epochs in the median, {max(epochs)} epochs at most, worst loss {max(losses):.1g}"
    )


def many_rows(rows: int, hidden: int) -> Iterator[Pair]:
    """An epoch of full-batch gd on many rows, against plain NumPy and PyTorch in float64."""
    rng = np.random.default_rng(0)
    inputs, actual = rng.random((rows, 2)), rng.random((rows, 1))
    start = random_network((2, hidden, 1), seed=23)
    states = gradient_descent([start], inputs, actual, learning_rate=3.0)
    what = f"an epoch on {rows:,} rows, {hidden} hidden"

    def ours() -> None:
        next(states)

    yield Pair(what, "plain NumPy formulas", lambda: plain_epochs(start, inputs, actual, 1), ours)
    if find_spec("torch"):
        yield Pair(what, "PyTorch, float64", _torch_epoch(start, inputs, actual), ours)


def _torch_epoch(start: Network, inputs: Array, actual: Array) -> Callable[[], None]:
    """Make an epoch of PyTorch: its own layers, autograd and SGD, on all cores."""
    import torch  # noqa: PLC0415 - only where it is installed

    first, second = (torch.tensor(layer.weights.copy()) for layer in start.layers)
    weights = [first.requires_grad_(), second.requires_grad_()]
    x, y = torch.tensor(inputs), torch.tensor(actual)
    optimizer = torch.optim.SGD(weights, lr=3.0)

    def epoch() -> None:
        optimizer.zero_grad()
        output = torch.sigmoid(torch.sigmoid(x @ weights[0]) @ weights[1])
        loss = 0.5 * ((y - output) ** 2).mean()
        loss.backward()
        optimizer.step()

    return epoch


def against_scikit_learn() -> Iterator[Pair]:
    """Fits of sample_data/students.csv: lm against lbfgs, adam against adam."""
    if not find_spec("sklearn"):
        return
    from sklearn.neural_network import MLPRegressor  # noqa: PLC0415 - only where installed

    data = dataset.read_dataset(dataset.read_table(str(STUDENTS)))
    inputs, actual = data.inputs / data.inputs.max(axis=0), data.scores / 100
    start = random_network((2, 6, 1), seed=23, bias=True)

    def theirs(solver: str, epochs: int) -> None:
        warnings.simplefilter("ignore")  # that it has not converged: it was not asked to
        MLPRegressor(
            hidden_layer_sizes=(6,),
            activation="logistic",
            solver=solver,
            alpha=0,
            batch_size=32,
            max_iter=epochs,
            tol=1e-12,
            n_iter_no_change=epochs,
            random_state=0,
        ).fit(inputs, actual[:, 0])

    yield Pair(
        "400 students: 100 epochs of lm",
        "scikit-learn, 1,000 of lbfgs",
        lambda: theirs("lbfgs", 1000),
        lambda: list(islice(levenberg_marquardt([start], inputs, actual), 101)),
    )
    yield Pair(
        "400 students: 100 epochs of adam",
        "scikit-learn, 100 of adam",
        lambda: theirs("adam", 100),
        lambda: after(
            adam([start], inputs, actual, learning_rate=0.001, batch_size=32, seed=0), 100
        ),
    )


def from_a_file(rows: int, folder: Path) -> Iterator[Pair]:
    """A CSV of three columns: reading it, and predicting every row of it as a command."""
    path = folder / "rows.csv"
    rng = np.random.default_rng(0)
    values = rng.uniform(0, [10, 10, 100], (rows, 3)).round(2)
    np.savetxt(path, values, fmt="%g", delimiter=",", header="a,b,score", comments="")
    model = str(folder / "rows.json")
    run([*COMMAND, "train", str(path), "--epochs", "1", "-o", model])

    def loadtxt() -> None:
        np.loadtxt(path, delimiter=",", skiprows=1)

    def read() -> None:
        dataset.read_dataset(dataset.read_table(str(path)))

    yield Pair(f"reading {rows:,} rows", "numpy.loadtxt", loadtxt, read, rounds=15)
    if find_spec("pandas"):
        from pandas import read_csv  # noqa: PLC0415 - only where it is installed

        yield Pair(
            f"reading {rows:,} rows", "pandas.read_csv", lambda: read_csv(path), read, rounds=15
        )
    script = f"import numpy; numpy.loadtxt({str(path)!r}, delimiter=',', skiprows=1)"
    yield Pair(
        f"scorenet predict --csv, {rows:,} rows",
        "a process of numpy.loadtxt",
        lambda: run([sys.executable, "-c", script]),
        lambda: run([*COMMAND, "predict", "--csv", str(path), "--model", model]),
    )


COMMAND = [sys.executable, "-m", "scorenet_cli"]


def run(words: list[str]) -> None:
    """Run a command, its output thrown away."""
    subprocess.run(words, capture_output=True, check=True)


def start_up(folder: Path) -> Iterator[Pair]:
    """`scorenet predict 4 8` in a pipe against a Python that imports numpy and ends."""
    model = str(folder / "model.json")
    run([*COMMAND, "train", "--epochs", "1", "-o", model])
    yield Pair(
        "scorenet predict 4 8",
        'python -c "import numpy"',
        lambda: run([sys.executable, "-c", "import numpy"]),
        lambda: run([*COMMAND, "predict", "4", "8", "--model", model]),
        rounds=21,
    )


def on_a_terminal(words: list[str]) -> None:
    """Run a command whose messages go to a terminal of 40 lines, which is read all the time."""
    import fcntl  # noqa: PLC0415 - POSIX systems only
    import pty  # noqa: PLC0415
    import struct  # noqa: PLC0415
    import termios  # noqa: PLC0415

    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def read() -> None:
        with contextlib.suppress(OSError):  # the other end is closed
            while os.read(ours, 65536):
                pass

    reader = threading.Thread(target=read)
    reader.start()
    environment = os.environ | {"TERM": "xterm-256color"}
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=its, env=environment, check=True)
    os.close(its)
    reader.join()
    os.close(ours)


def live_curve(folder: Path, epochs: int) -> Iterator[Pair]:
    """Training that draws its curve on a terminal against training that nobody watches."""
    if not find_spec("pty") or os.name == "nt":
        return
    words = [*COMMAND, "train", "--epochs", str(epochs), "-o", str(folder / "live.json")]
    yield Pair(
        f"scorenet train with its live curve, {epochs:,} epochs",
        "without a terminal",
        lambda: run(words),
        lambda: on_a_terminal(words),
        rounds=9,
    )


def peak_memory(words: list[str]) -> float:
    """Measure a command's peak memory in MiB, where the system tells."""
    script = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
        "capture_output=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, *COMMAND, *words],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(result.stdout) / 1024


MAX_GROWTH_CELLS = 40_000_000
# Work of an epoch, about in products, up to which a size is measured.
MAX_GROWTH = {"gd": 3e10, "adam": 3e8, "lm": 2e10}
EPOCH = """
import resource, sys, time
from itertools import islice
import numpy as np
from scorenet_cli.core.network import random_network
from scorenet_cli.core.optimizers import OPTIMIZERS
name, (rows, columns, hidden) = sys.argv[1], map(int, sys.argv[2:])
rng = np.random.default_rng(0)
inputs, actual = rng.random((rows, columns)), rng.random((rows, 1))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
optimizer, before = OPTIMIZERS[name], peak()
start = random_network((columns, hidden, 1), seed=23)
states = optimizer.start([start], inputs, actual, seed=0, state=None, **optimizer.options)
next(states)
began = time.perf_counter()
next(states)
print(time.perf_counter() - began, inputs.nbytes / 2**20, peak() - before)
"""


def growth(rows: list[int]) -> None:
    """Print the time of an epoch and its memory beside the rows' own, for feasible sizes."""
    names = "rows", "columns", "hidden", "optimizer", "s per epoch", "inputs MiB", "more MiB"
    sys.stdout.write(f"| {' | '.join(names)} |\n|{' --- |' * len(names)}\n")
    for size in product(rows, (2, 20, 200), (3, 32, 256)):
        count, columns, hidden = size
        parameters = (columns + 1) * hidden
        works = {
            "gd": count * parameters,
            "adam": count * (parameters / 10 + 30),
            "lm": count * parameters**2,
        }
        for name, work in works.items():
            if work <= MAX_GROWTH[name] and count * columns <= MAX_GROWTH_CELLS:
                words = [sys.executable, "-c", EPOCH, name, *map(str, size)]
                found = subprocess.run(words, capture_output=True, text=True, check=True).stdout
                figures = [f"{float(figure):.2g}" for figure in found.split()]
                cells = f"{count:,}", str(columns), str(hidden), name, *figures
                sys.stdout.write(f"| {' | '.join(cells)} |\n")
                sys.stdout.flush()


def train_memory(rows: list[int]) -> None:
    """Print the peak memory of `train` beside the size of the numbers that it reads."""
    names = "rows", "options", "numbers MiB", "peak MiB", "ratio"
    sys.stdout.write(f"\n| {' | '.join(names)} |\n|{' --- |' * len(names)}\n")
    with tempfile.TemporaryDirectory() as name:
        path, output = (str(Path(name, file)) for file in ("rows.csv", "rows.json"))
        for count in rows:
            values = np.random.default_rng(0).uniform(0, [10, 10, 100], (count, 3))
            np.savetxt(path, values, fmt="%.2f", delimiter=",", header="a,b,score", comments="")
            size = values.nbytes / 2**20
            del values
            for options in ("", "--optimizer gd --epochs 2", "--optimizer lm --epochs 2"):
                peak = peak_memory(["train", path, *options.split(), "-o", output])
                cells = f"{count:,}", options or "none", f"{size:.0f}", f"{peak:.0f}"
                sys.stdout.write(f"| {' | '.join(cells)} | {peak / size:.2f} |\n")
                sys.stdout.flush()


def seconds(run: Callable[[], object]) -> float:
    """Time one run."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> None:
    """Time every pair and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round")
    parser.add_argument("--growth", action="store_true", help="how time and memory grow, only")
    parser.add_argument("--large", action="store_true", help="with 10,000,000 rows, too")
    options = parser.parse_args()
    if options.growth:
        counts = [10_000, 1_000_000, *([10_000_000] if options.large else [])]
        growth(counts)
        if find_spec("resource"):
            train_memory(counts[1:])
        return
    quick = options.quick
    many = 10_000 if quick else 1_000_000
    table = Table("what", "baseline", "baseline s", "scorenet s", "ratio", "rounds")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for pairs in (
            document_pairs(1_000 if quick else 100_000),
            many_rows(many, hidden=3),
            many_rows(many, hidden=32),
            against_scikit_learn(),
            from_a_file(many, folder),
            start_up(folder),
            live_curve(folder, 1_000 if quick else 1_200_000),
        ):
            for pair in pairs:
                times = [
                    (seconds(pair.run_baseline), seconds(pair.run_scorenet))
                    for _ in range(1 if quick else pair.rounds)
                ]
                table.add_row(
                    pair.what,
                    pair.baseline,
                    f"{median(baseline for baseline, _ in times):.3g}",
                    f"{median(ours for _, ours in times):.3g}",
                    f"{median(ours / baseline for baseline, ours in times):.3g}",
                    f"{len(times)}",
                )
        rows, model, other = (str(folder / f"rows.{ending}") for ending in ("csv", "json", "peak"))
        memory = [
            f"peak memory of {words[0]} on that file: {peak_memory(words):.0f} MiB"
            for words in (
                ["train", rows, "--epochs", "3", "-o", other],
                ["predict", "--csv", rows, "--model", model],
            )
            if find_spec("resource")
        ]
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table)
    console.print(lm_from_many_starts(20 if quick else 200))
    console.print("\n".join(memory))
    console.print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, {dt.datetime.now(tz=dt.UTC).date()}"
    )


if __name__ == "__main__":
    main()
