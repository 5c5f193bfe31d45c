"""Compares what gd and adam reach with what auto reaches, on tables of one's own.

    python tests/benchmarks/descents.py TABLES.tsv FOLDER [NAME]...

TABLES.tsv has a line for each table: name, file in FOLDER, target, options of `train` (only
`--missing fill` is known) and the most rows to take, separated by tabs; # begins a comment. A
target column_1, column_2, ... says that the file has no header. With names only those are taken.

Each of three folds is predicted by models of the other two: auto's; and by lm, gd and adam with
the settings that auto names (size, output, --bias --standardize --init scaled), one start, and
--weight-decay D, the D of DECAYS that is best for lm by --folds 5 on the training rows. gd and
adam have their default learning rates. Printed are R² of all predictions together, and how far
above lm's Σ error² + D · Σ weight² the other two end, the mean over the folds. Size and D are
those of the last fold.
"""

from __future__ import annotations

import dataclasses
import io
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command itself sets it

import numpy as np
from rich.console import Console

import scorenet_cli as scorenet
from scorenet_cli.core.metrics import Evaluation
from scorenet_cli.training.fit import FitResult
from scorenet_cli.training.selection import folds

FOLDS, SEED = 3, 1
DECAYS = (0.001, 0.01, 0.1, 1.0, 10.0)
GD_EPOCHS, LM_EPOCHS = 10_000, 300
# adam's steps, of 32 rows each: more epochs where there are few rows.
ADAM_STEPS = 20_000


def cost(fit: FitResult, decay: float) -> float:
    """Return what is minimized: Σ error² + decay · Σ weight²."""
    weights = sum(float((layer.weights**2).sum()) for layer in fit.model.network.layers)
    return fit.result.loss * fit.plan.data.scores.size + decay * weights


def r2(parts: list[Evaluation]) -> float:
    """Return R² of several parts' predictions together."""
    actual = np.concatenate([part.actual for part in parts])
    predicted = np.concatenate([part.predicted for part in parts])
    return 1 - float(
        ((actual - predicted) ** 2).sum() / ((actual - actual.mean(axis=0)) ** 2).sum()
    )


def train_all(text: str, **columns: Any) -> tuple[float, dict[str, FitResult]]:  # noqa: ANN401
    """Train by auto, and as it does by the others; returns the decay, and each one's fit."""

    def train(**changes: Any) -> FitResult:  # noqa: ANN401
        return scorenet.train(io.StringIO(text), **columns, **changes)

    def out_of_fold(decay: float) -> float:
        fit = train(settings=settings, optimizer="lm", weight_decay=decay, epochs=30, folds=5)
        assert fit.cross_validation is not None
        return fit.cross_validation.fit.rmse

    auto = train()
    assert auto.choice is not None
    settings = dataclasses.replace(auto.choice.settings, restarts=1)
    decay = min(DECAYS, key=out_of_fold)
    adam_epochs = ADAM_STEPS * 32 // max(len(auto.plan.data.inputs), 32)
    fits = {"auto": auto}
    for name, epochs in (("lm", LM_EPOCHS), ("gd", GD_EPOCHS), ("adam", adam_epochs)):
        fits[name] = train(settings=settings, optimizer=name, weight_decay=decay, epochs=epochs)
    return decay, fits


def compare(path: Path, target: str, most: int, missing: str | None) -> str:
    """Return a table's line: what was chosen for the last fold, R² of each, costs above lm's."""
    lines = [line for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    header = not target.startswith("column_")
    names, rows = lines[:header], lines[header:]
    rows = [rows[n] for n in np.random.default_rng(0).permutation(len(rows))[:most]]
    seen: dict[str, list[Evaluation]] = {}
    above: dict[str, list[float]] = {"gd": [], "adam": []}
    for kept, held_out in folds(len(rows), FOLDS, SEED):
        text, unseen = ("\n".join([*names, *(rows[n] for n in part)]) for part in (kept, held_out))
        decay, fits = train_all(text, target=[target], missing=missing, header=header)
        for name, fit in fits.items():
            scored = scorenet.evaluate(fit.model, io.StringIO(unseen), header=header)
            seen.setdefault(name, []).append(scored)
        for name, costs in above.items():
            costs.append(cost(fits[name], decay) / cost(fits["lm"], decay) - 1)
    size = "-".join(map(str, fits["auto"].model.network.shape))
    figures = "".join(f"{r2(parts):8.3f}" for parts in seen.values())
    costs_above = "".join(f"{np.mean(costs):+8.1%}" for costs in above.values())
    return f"{len(rows):5} {size:8} {decay:6g}{figures}{costs_above}"


def main() -> None:
    """Print a line for each table."""
    console = Console(highlight=False, width=100)
    tables, folder, *only = sys.argv[1:]
    columns = "".join(f"{name:>8}" for name in ("auto", "lm", "gd", "adam", "gd", "adam"))
    console.print(f"{'table':20} {'rows':>5} {'size':8} {'decay':>6}{columns}")
    for line in Path(tables).read_text("utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, file, target, options, most = line.split("\t")
        if only and name not in only:
            continue
        missing = "fill" if options == "--missing fill" else None
        console.print(f"{name:20} {compare(Path(folder, file), target, int(most), missing)}")


if __name__ == "__main__":
    main()
