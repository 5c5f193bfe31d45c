"""The interactive HTML page of a model: sliders, the arithmetic of every neuron, the response.

It combines page/page.html, .css and .js with the module of `export javascript`, which has the only
forward pass, and the facts of the model as JSON. Nothing in it is loaded, and its policy lets no
other script run than the one written here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import numpy as np

from scorenet_cli.core.intervals import LEVEL, student_quantile
from scorenet_cli.core.metrics import Evaluation
from scorenet_cli.core.optimizers.least_squares import pack
from scorenet_cli.data.columns import decode_row, positions
from scorenet_cli.model.colours import SCALE
from scorenet_cli.model.document import ROWS_SOURCE
from scorenet_cli.model.model import Model, layer_names, neuron_names
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.model.response import base_inputs, ends
from scorenet_cli.model.svg import MAX_CIRCLES, MAX_COLUMNS
from scorenet_cli.show.html_page import web_page
from scorenet_cli.show.tables import layer_title
from scorenet_cli.text import count, printable, shorten

MAX_ROWS = 300  # maximum rows drawn
MAX_CURVES = 12  # columns whose response is drawn, the most important where that is known
MAX_UNCERTAIN = 100  # maximum parameters for intervals on the page
STEPS = 100  # steps of a slider (at least half as many)
# Significant digits of the interval's numbers: more than are shown, half the full length.
DIGITS = 9


def living_page(model: Model, source: str, module: str, scored: Evaluation | None = None) -> str:
    """Return the page of a model from `source`, with the given rows where there are some.

    module is the text of export.javascript.write, which takes the weights where the model has
    snapshots. DataError if a training range is too large to be drawn.
    """
    names = ", ".join(model.targets), ", ".join(model.features)
    heading = " from ".join(shorten(name, 100) for name in names)
    data = json.dumps(_facts(model, scored), allow_nan=False).replace("<", r"\u003c")
    body = f'{_part("page.html")}<script type="application/json" id="data">{data}</script>'
    return web_page(
        heading,
        shorten(_origin(source, model.training), 200),
        body,
        style=_part("page.css"),
        script=f"{module}\n{_part('page.js')}",
    )


def _part(name: str) -> str:
    return files("scorenet_cli.show").joinpath("page", name).read_text(encoding="utf-8")


def _origin(source: str, record: TrainingRecord | None) -> str:
    """Say where the model comes from."""
    facts = [source]
    if record is not None:
        facts += [f"trained on {record.data}"] if record.data else []
        if record.rows and record.data != ROWS_SOURCE:  # whose name holds the number
            facts.append(count(record.rows, "row"))
        facts += [count(record.epochs, "epoch")] if record.epochs else []
    return ", ".join(facts)


def _facts(model: Model, scored: Evaluation | None) -> dict[str, Any]:
    """Collect what the page shows and the module does not hold."""
    record, network = model.training or TrainingRecord(), model.network
    names, widths = neuron_names(model), network.shape
    offsets = np.zeros(widths[-1]) if model.target_offset is None else model.target_offset
    shifts = [None] * widths[0] if model.feature_offset is None else model.feature_offset.tolist()
    importance = {} if scored is None else scored.importance
    interval = _interval(model)
    weights = [*(snapshot for _, snapshot in model.snapshots[:-1]), network]
    return {
        "features": list(_features(model, scored)),
        "curves": sorted(
            range(len(model.features)),
            key=lambda n: -importance.get(model.features[n], (0.0, 0.0))[0],
        )[:MAX_CURVES],
        "inputs": [
            {"name": name, "offset": offset, "scale": scale}
            for name, offset, scale in zip(
                map(printable, names[0]), shifts, model.feature_scale.tolist(), strict=True
            )
        ],
        "outputs": [
            {"name": printable(name), "scale": scale, "offset": offset}
            for name, scale, offset in zip(
                names[-1], model.target_scale.tolist(), offsets.tolist(), strict=True
            )
        ],
        "targets": [
            {
                "name": name,
                "label": printable(name),
                "first": where.start,
                "end": where.stop,
                "classes": model.classes.get(name, ()),
            }
            for name, where in positions(model.targets, model.classes).items()
        ],
        "layers": [
            {
                "title": layer_title(title),
                "names": [*map(printable, neurons)],
                "activation": layer.activation,
                "hasBias": layer.bias is not None,
            }
            for title, neurons, layer in zip(
                layer_names(model), names[1:], network.layers, strict=True
            )
        ],
        "isDrawn": max(widths) <= MAX_CIRCLES and len(widths) <= MAX_COLUMNS,
        "weights": [pack(each).tolist() for each in weights],
        "epochs": [epoch for epoch, _ in model.snapshots] or [record.epochs],
        "history": list(record.history),
        "validation": list(record.validation_history),
        "scoreRange": record.target_range,
        "interval": interval,
        "omitsInterval": interval is None and not (model.uncertainty is None or model.classes),
        "rows": _rows(model, scored),
        "colours": SCALE,
    }


def _features(model: Model, scored: Evaluation | None) -> Iterator[dict[str, Any]]:
    """Describe each column: its texts, or its slider with the training range; where it starts."""
    base = base_inputs(model, None if scored is None else scored.inputs)
    where = positions(model.features, model.categories)
    for name in model.features:
        texts, place = model.categories.get(name), where[name].start
        field: dict[str, Any] = {"name": name, "label": printable(name)}
        if texts is not None:
            yield field | {"texts": texts, "start": texts[0]}
            continue
        low, high = ends(model, name)
        step = _round_up((high - low) / STEPS)
        low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        trained = None if model.feature_range is None else model.feature_range[place].tolist()
        field["fills"] = name in model.fill
        start = round(float(base[place]) / step) * step
        low, high, start = (float(f"{value:.15g}") for value in (low, high, start))
        yield field | {"low": low, "high": high, "step": step, "trained": trained, "start": start}


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, ... times a power of ten."""
    power = math.floor(math.log10(value))
    return min(each for n in (1, 2, 5, 10) if (each := float(f"{n}e{power}")) >= value)


def _interval(model: Model) -> dict[str, Any] | None:
    """Return what intervals are computed from; None for none, or where that is many numbers.

    The factor is R, by rows from its diagonal, with RᵀR the covariance of the parameters.
    """
    known = model.uncertainty
    if known is None or model.classes or model.network.parameters > MAX_UNCERTAIN:
        return None
    triangle = np.asarray(np.linalg.qr(known.factor, mode="r"))
    factor = triangle[np.triu_indices(len(triangle))].tolist()
    times = student_quantile((1 + LEVEL) / 2, known.degrees_of_freedom)
    if not np.isfinite([*factor, times]).all():
        return None
    return {
        "level": f"{100 * LEVEL:g} %",
        "times": times,
        "noise": known.noise.tolist(),
        "factor": [float(f"{value:.{DIGITS}g}") for value in factor],
    }


def _rows(model: Model, scored: Evaluation | None) -> list[dict[str, Any]]:
    """Return the first given rows: each column's value by its name, and the actual scores."""
    if scored is None:
        return []
    rows = zip(scored.inputs[:MAX_ROWS].tolist(), scored.actual[:MAX_ROWS].tolist(), strict=True)
    return [
        {
            "values": dict(
                zip(model.features, decode_row(row, model.features, model.categories), strict=True)
            ),
            "actual": actual,
        }
        for row, actual in rows
    ]
