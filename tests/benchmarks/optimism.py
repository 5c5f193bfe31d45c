"""Measures how far auto's figures of its own predictions are from those on fresh rows.

    python tests/benchmarks/optimism.py [TABLES]

Makes TABLES (default 25) small tables of each count of rows, of one to three inputs and a target
that is a line, a wave, a product or noise alone, with noise of .2 to 1 of the signal. A figure is
1 - mean squared error / the target's true variance: an R² without the chance in the rows' variance.
Four predict the rows out of fold or fresh ones:

- all folds: each fold's rows by the size that is best on all folds;
- other folds: by the size that is best on the other folds, which is what auto reports;
- nested: by the size that auto chooses on the other folds' rows alone, as with `folds=5`;
- fresh: 5,000 fresh rows by the same models as nested, the truth that the others estimate;
- whole: 5,000 fresh rows by auto's model of all rows.

Printed are means of differences with their standard errors; the first two are paired, so that the
chance in the rows drops out.
"""

from __future__ import annotations

import os
import sys
from statistics import mean

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command itself sets it

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

import scorenet_cli as scorenet
from scorenet_cli.core import Array
from scorenet_cli.training.selection import FOLDS, folds
from scorenet_cli.training.settings import DEFAULT_SEED

Rows = NDArray[np.intp]
ROWS = (15, 30, 60, 120)
FRESH = 5_000


def draw(rng: np.random.Generator, rows: int) -> tuple[Array, Array, float]:
    """Return inputs of `rows` and FRESH rows, their target, and its variance."""
    inputs = rng.uniform(-2, 2, (rows + FRESH, int(rng.integers(1, 4))))
    first, last = inputs[:, 0], inputs[:, -1]
    signals = (first + last / 2, np.sin(2 * first), first * last, np.zeros(len(first)))
    signal = signals[rng.integers(len(signals))]
    noise = rng.uniform(0.2, 1) * (signal.std() or 1.0)
    target = signal + noise * rng.standard_normal(len(signal))
    return inputs, target, float(target.var())


def measure(inputs: Array, target: Array, rows: int) -> list[float]:
    """Return the mean squared errors: all folds, other folds, nested, fresh, whole."""

    def trained(part: Rows) -> scorenet.FitResult:
        names = [f"x{number}" for number in range(inputs.shape[1])]
        columns = dict(zip(names, inputs[part].T, strict=True)) | {"y": target[part]}
        return scorenet.train(columns, target=["y"], output_activation="linear")

    def errors(model: scorenet.Model, part: Rows | slice) -> Array:
        return (model.predict(inputs[part])[:, 0] - target[part]) ** 2

    fresh = slice(rows, None)
    whole = trained(np.arange(rows))
    assert whole.choice is not None
    assert whole.cross_validation is not None
    chosen = whole.choice.settings.hidden
    (all_folds,) = (fit.rmse**2 for size, fit in whole.choice.compared if size == chosen)
    nested: list[float] = []
    expected: list[float] = []
    for kept, held_out in folds(rows, FOLDS, DEFAULT_SEED):
        model = trained(kept).model
        nested.extend(errors(model, held_out))
        expected.append(errors(model, fresh).mean())
    other_folds = whole.cross_validation.fit.rmse**2
    return [all_folds, other_folds, mean(nested), mean(expected), errors(whole.model, fresh).mean()]


def main() -> None:
    """Print the mean differences for each count of rows, and for all tables."""
    console = Console(highlight=False)
    count = int(sys.argv[1]) if sys.argv[1:] else 25
    every: list[Array] = []
    for rows in ROWS:
        found = []
        for number in range(count):
            inputs, target, variance = draw(np.random.default_rng((rows, number)), rows)
            found.append(-np.array(measure(inputs, target, rows)) / variance)
        every += found
        console.print(f"{rows} rows{differences(found)}")
    console.print(f"all{differences(every)}")


def differences(found: list[Array]) -> str:
    """Return a line for each mean difference between the figures of so many tables."""
    all_folds, other_folds, nested, fresh, whole = np.transpose(found)
    pairs = {
        "all folds - nested": all_folds - nested,
        "other folds - nested": other_folds - nested,
        "nested - fresh": nested - fresh,
        "other folds - fresh": other_folds - fresh,
        "whole - fresh": whole - fresh,
    }
    return "".join(
        f"\n  {words:22} {each.mean():+.3f} ± {each.std(ddof=1) / len(found) ** 0.5:.3f}"
        for words, each in pairs.items()
    )


if __name__ == "__main__":
    main()
