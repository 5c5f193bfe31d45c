"""What several test files share: how runs are judged, and a transcription of the formulas."""

from __future__ import annotations

import io
import os
import re
import subprocess
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, RenderableType
from rich.segment import Segment
from typer.testing import Result

from scorenet_cli.core.metrics import Evaluation, Fit
from scorenet_cli.core.network import Layer, Network, forward, random_network
from scorenet_cli.core.optimizers.least_squares import pack, unpack
from scorenet_cli.data.dataset import Dataset
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.training.fit import FitResult, RestartStats
from scorenet_cli.training.loop import TrainingResult
from scorenet_cli.training.plan import TrainingPlan
from scorenet_cli.training.settings import Settings

Array = NDArray[np.float64]
Invoke = Callable[..., Result]
Program = Callable[..., object]  # the exit status
Columns = dict[str, Any]

# A model file as one may write it by hand: score = 100 · sigmoid(studied / 8 - slept / 40 + 0.1).
MODEL: dict[str, Any] = {
    "format": "scorenet-model",
    "version": 1,
    "features": ["studied", "slept"],
    "targets": ["score"],
    "feature_scale": [4, 10],
    "feature_range": [[1, 4], [5, 10]],
    "target_scale": [100],
    "layers": [{"weights": [[0.5], [-0.25]], "bias": [0.1], "activation": "sigmoid"}],
}

INPUTS = np.array([[2, 9], [1, 5], [3, 6]]) / [3.0, 9.0]
ACTUAL = np.array([[0.92], [0.86], [0.89]])


def plain_environment(**changes: str) -> dict[str, str]:
    """The environment without anything that changes output or start-up, and with the changes."""
    dropped = {"SCORENET_MODEL", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONIOENCODING"}
    dropped |= {"PYTHONDONTWRITEBYTECODE"}  # or each process compiles the package anew
    kept = {key: value for key, value in os.environ.items() if key not in dropped}
    return kept | {"TERM": "dumb"} | changes


def one_message(result: Result | subprocess.CompletedProcess[str]) -> str:
    """The error that a run ended with: one line, no traceback, nothing on stdout."""
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("Error: ")
    return lines[0]


class PlainFormulas:
    """The two-layer sigmoid network by its formulas, one line each, as a textbook writes them.

    z = X W1, h = S(z), o = S(h W2); delta = (y - o) o (1 - o); W += Xᵀ delta.
    """

    def __init__(self, first: Array, second: Array) -> None:
        self.first, self.second = first.copy(), second.copy()

    def outputs(self, inputs: Array) -> Array:
        self.hidden = 1 / (1 + np.exp(-np.dot(inputs, self.first)))
        return np.asarray(1 / (1 + np.exp(-np.dot(self.hidden, self.second))))

    def epoch(self, inputs: Array, actual: Array, rate: float = 1.0) -> None:
        output = self.outputs(inputs)
        delta = (actual - output) * output * (1 - output)
        hidden_delta = delta.dot(self.second.T) * self.hidden * (1 - self.hidden)
        self.first += rate * inputs.T.dot(hidden_delta)
        self.second += rate * self.hidden.T.dot(delta)


def random_case(seed: int, activations: list[str], rows: int) -> tuple[Network, Array, Array]:
    """A network of random sizes, some layers with a bias, and rows for it."""
    rng = np.random.default_rng(seed)
    sizes = [int(size) for size in rng.integers(1, 6, len(activations) + 1)]
    layers = tuple(
        Layer(
            rng.standard_normal((before, after)),
            rng.standard_normal(after) if rng.random() < 0.5 else None,
            activation,
        )
        for before, after, activation in zip(sizes[:-1], sizes[1:], activations, strict=True)
    )
    return (
        Network(layers),
        rng.standard_normal((rows, sizes[0])),
        rng.random((rows, sizes[-1])),
    )


def shown(renderable: RenderableType, width: int = 80) -> str:
    """What a terminal of this width, without colours, shows of it."""
    console = Console(file=io.StringIO(), width=width, color_system=None, legacy_windows=False)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def styled(renderable: RenderableType, width: int = 80) -> str:
    """What a terminal of this width and 16 colours shows of it: <bold>styled text</>."""
    console = Console(
        width=width, force_terminal=True, color_system="standard", legacy_windows=False, _environ={}
    )
    text = ""
    for line in Segment.split_lines(console.render(renderable)):
        for words, style, _ in Segment.simplify(line):
            shows = re.sub(r"not \w+ ?| (?=not)", "", str(style))  # only what a style has
            text += f"<{shows}>{words}</>" if words.strip() and style else words
        text = text.rstrip(" ") + "\n"
    return text


def named(features: tuple[str, ...], shape: tuple[int, ...]) -> Model:
    """A random model of this shape, with biases and scores out of 100."""
    return Model(
        network=random_network(shape, seed=3, bias=True),
        features=features,
        targets=tuple(f"score{n}" for n in range(shape[-1])),
        feature_scale=np.ones(shape[0]),
        target_scale=np.full(shape[-1], 100.0),
    )


def fit_result(  # noqa: PLR0913 - a result is these facts
    data: Dataset,
    predicted: Array,
    run: TrainingResult,
    *,
    fit: Fit,
    validation: Fit | None = None,
    spread: RestartStats | None = None,
    seed: int = 23,
) -> FitResult:
    """What fit returns, of given parts."""
    model = Model(
        run.network,
        data.features,
        data.targets,
        np.ones(len(data.features)),
        np.full(len(data.targets), 100.0),
        training=TrainingRecord(seed=seed),
    )
    plan = TrainingPlan(
        Settings(), data, None, None, model, (run.network,), "gd", {}, TrainingRecord()
    )
    held_out = (
        None if validation is None else Evaluation(data.inputs, predicted, predicted, validation)
    )
    return FitResult(model, plan, run, predicted, fit, (fit,), held_out, spread, ())


def numeric_jacobian(network: Network, inputs: Array) -> Array:
    """Central differences of every output by every parameter: (rows · targets, parameters)."""
    flat, step = pack(network), 1e-6
    columns = []
    for position in range(len(flat)):
        ends = []
        for sign in (1, -1):
            moved = flat.copy()
            moved[position] += sign * step
            ends.append(forward(unpack(network, moved), inputs)[-1].outputs.ravel())
        columns.append((ends[0] - ends[1]) / (2 * step))
    return np.stack(columns, axis=1)


def students(rows: int = 60, seed: int = 0) -> Columns:
    """Hours, sleep and scores of made-up students, nearly on a plane."""
    rng = np.random.default_rng(seed)
    hours, sleep = rng.uniform(1, 10, rows), rng.uniform(4, 9, rows)
    score = np.clip(5 * hours + 4 * sleep + rng.normal(0, 4, rows), 0, 100)
    return {"hours": hours, "sleep": sleep, "score": score}
