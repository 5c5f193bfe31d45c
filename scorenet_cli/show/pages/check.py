"""Gradients by backpropagation beside those by central differences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text

from scorenet_cli.model.gradient_check import STEP, TOLERANCE, CheckedWeight, GradientCheck
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.tables import MAX_WEIGHTS, Row, heading, omitted_note


def check_part(check: GradientCheck | None, look: Look) -> Iterator[RenderableType]:
    """Show both gradients of each weight, and say whether backpropagation is right."""
    if check is None:
        return
    yield Text()
    yield heading("Check of the gradient")
    yield Text(
        "gradient = -value x delta; numerical = -error x (output(weight + h) - output(weight - h))"
        f" / 2h, h = {STEP:g}; both are summed over rows and outputs; off by = "
        "relative difference = |gradient - numerical| / sum of the absolute values of "
        "numerical's terms",
        style="dim",
    )
    yield from look.why("check")
    columns = ["", "gradient", "numerical", "off by"]
    yield look.table(columns, _rows(check.weights[:MAX_WEIGHTS]))
    yield from omitted_note(len(check.weights) - MAX_WEIGHTS, "weight")
    largest = check.largest_relative_difference
    if check.right:
        verdict = f"Backpropagation is correct: no relative difference is above {TOLERANCE:g}"
    else:
        wrong = sum(weight.relative_difference > TOLERANCE for weight in check.weights)
        total = len(check.weights)
        verdict = f"Backpropagation is wrong for {wrong:,} of {total:,} weights"
        if check.has_corner:
            verdict += "; where a sum is 0, relu has no derivative and the gradients may differ"
    yield Text()
    yield heading(f"{verdict} (largest relative difference: {largest:.1e}).")


def _rows(weights: tuple[CheckedWeight, ...]) -> Iterator[Row]:
    """List the weights below the neuron that they lead to."""
    for (_, neuron), into in groupby(weights, key=lambda weight: (weight.layer, weight.to)):
        yield (neuron,)
        for weight in into:
            difference = f"{weight.relative_difference:.1e}"
            yield f"  {weight.from_}", weight.gradient, weight.numerical, difference
        yield ()
