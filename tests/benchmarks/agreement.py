"""Compares scorenet's numbers with those of PyTorch, SciPy and scikit-learn.

    python tests/benchmarks/agreement.py

Prints the largest difference of each pair relative to the largest number, and ends with status 1
where one is above its bound. What is not installed is left out, and said.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import islice

import numpy as np
from rich.console import Console

from scorenet_cli.core import Array
from scorenet_cli.core.metrics import fit_baselines, measure
from scorenet_cli.core.network import Network, backward, forward, random_network
from scorenet_cli.core.optimizers.adam import adam
from scorenet_cli.core.optimizers.gradient_descent import gradient_descent
from scorenet_cli.core.optimizers.least_squares import pack, unpack
from scorenet_cli.core.optimizers.levenberg_marquardt import levenberg_marquardt

RNG = np.random.default_rng(5)
INPUTS = RNG.random((60, 4))
ACTUAL = np.column_stack([INPUTS[:, 0] * INPUTS[:, 1], INPUTS[:, 2] ** 2])
START = random_network((4, 5, 2), seed=23, bias=True, activation="tanh")
EPOCHS = 200
# What is compared, scorenet's numbers, the other's, and how far apart they may be.
Comparison = tuple[str, Array, Array, float]


def parameters(network: Network) -> list[Array]:
    """Return each layer's weights and bias."""
    return [
        part for layer in network.layers for part in (layer.weights, layer.bias) if part is not None
    ]


def with_torch() -> Iterator[Comparison]:
    """Gradients of half the sum of squared errors, SGD on all rows and row by row, and Adam."""
    import torch  # noqa: PLC0415 - optional

    inputs, actual = torch.tensor(INPUTS), torch.tensor(ACTUAL)

    def fresh() -> list[torch.Tensor]:
        return [torch.tensor(part, requires_grad=True) for part in parameters(START)]

    def half_squares(parts: list[torch.Tensor], rows: slice = slice(None)) -> torch.Tensor:
        hidden = torch.tanh(inputs[rows] @ parts[0] + parts[1])
        outputs = torch.sigmoid(hidden @ parts[2] + parts[3])
        return ((actual[rows] - outputs) ** 2).sum() / 2

    def flat(arrays: list[Array]) -> Array:
        return np.concatenate([np.ravel(each) for each in arrays])

    def trained(
        optimizer: Callable[[list[torch.Tensor]], torch.optim.Optimizer], size: int
    ) -> Array:
        parts = fresh()
        steps = optimizer(parts)
        for _ in range(EPOCHS):
            for start in range(0, len(INPUTS), size):
                steps.zero_grad()
                (half_squares(parts, slice(start, start + size)) / size).backward()
                steps.step()
        return flat([part.detach().numpy() for part in parts])

    parts = fresh()
    half_squares(parts).backward()
    ours = [
        part
        for gradient in backward(START, INPUTS, forward(START, INPUTS), ACTUAL)
        for part in (gradient.weights, gradient.bias)
        if part is not None
    ]
    theirs = [part.grad.numpy() for part in parts if part.grad is not None]
    yield "gradients, PyTorch", flat(ours), flat(theirs), 1e-12
    rows = len(INPUTS)
    for size in (rows, 1):
        states = gradient_descent([START], INPUTS, ACTUAL, learning_rate=0.5, batch_size=size)
        (network,) = next(islice(states, EPOCHS, None)).networks()
        theirs_flat = trained(lambda parts: torch.optim.SGD(parts, lr=0.5), size)
        yield f"gd, {size} rows a step, PyTorch SGD", flat(parameters(network)), theirs_flat, 1e-9
    (network,) = next(
        islice(
            adam([START], INPUTS, ACTUAL, learning_rate=0.01, batch_size=rows, seed=0), EPOCHS, None
        )
    ).networks()
    theirs_flat = trained(lambda parts: torch.optim.Adam(parts, lr=0.01), rows)
    yield "adam, PyTorch Adam", flat(parameters(network)), theirs_flat, 1e-6


def with_scipy() -> Iterator[Comparison]:
    """The minimum of lm from one start, with and without weight decay."""
    from scipy.optimize import least_squares  # noqa: PLC0415 - optional

    start = random_network((4, 2, 2), seed=23, bias=True, activation="tanh")
    weights = np.concatenate(
        [np.repeat([1.0, 0.0], [layer.weights.size, layer.neurons]) for layer in start.layers]
    )
    for decay in (0.01, 0.5):

        def errors(flat: Array, decay: float = decay) -> Array:
            outputs = forward(unpack(start, flat), INPUTS)[-1].outputs
            return np.append((ACTUAL - outputs).ravel(), np.sqrt(decay) * weights * flat)

        theirs = least_squares(errors, pack(start), xtol=1e-12, ftol=1e-12, gtol=1e-12).cost * 2
        *_, last = levenberg_marquardt([start], INPUTS, ACTUAL, weight_decay=decay)
        ours = (errors(last.parameters) ** 2).sum()
        yield f"lm, decay {decay}, scipy least_squares", np.array(ours), np.array(theirs), 1e-5


def with_sklearn() -> Iterator[Comparison]:
    """Metrics and linear regression, on few rows, many rows and many columns."""
    from sklearn import linear_model, metrics  # noqa: PLC0415 - optional

    for rows, columns in ((60, 4), (20_000, 4), (900, 400)):
        inputs = RNG.random((rows, columns))
        scores = inputs[:, :2] * 50 + RNG.normal(0, 5, (rows, 2))
        theirs = linear_model.LinearRegression().fit(inputs, scores).predict(inputs)
        ours = fit_baselines(inputs, scores).predict_linear(inputs)
        yield f"linear regression, {rows} x {columns}, scikit-learn", ours, theirs, 1e-8
        found = measure(theirs, scores)
        expected = [
            metrics.r2_score(scores, theirs),
            metrics.mean_squared_error(scores, theirs) ** 0.5,
            metrics.mean_absolute_error(scores, theirs),
        ]
        ours = np.array([found.r2, found.rmse, found.mae])
        yield "  R², RMSE, MAE", ours, np.array(expected), 1e-12


def main() -> int:
    """Print all comparisons; returns how many are above their bounds."""
    console, failed = Console(), 0
    for name, compare in (("torch", with_torch), ("scipy", with_scipy), ("sklearn", with_sklearn)):
        if find_spec(name) is None:
            console.print(f"{name} is not installed: left out")
            continue
        for what, ours, theirs, bound in compare():
            difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
            failed += not difference <= bound
            console.print(
                f"{what:45} {difference:8.1e}  {'ok' if difference <= bound else 'TOO FAR'}"
            )
    return failed


if __name__ == "__main__":
    sys.exit(min(main(), 1))
