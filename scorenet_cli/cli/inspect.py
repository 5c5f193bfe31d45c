"""scorenet inspect: what a model is, and where it came from."""

from typing import TYPE_CHECKING, Annotated

import typer

from scorenet_cli.cli.messages import echo_error, warn
from scorenet_cli.cli.options import DEFAULT_MODEL, JsonOption, ModelOption

if TYPE_CHECKING:
    from scorenet_cli.core.metrics import Evaluation
    from scorenet_cli.model.model import Model


def inspect(
    model: ModelOption = DEFAULT_MODEL,
    data: Annotated[
        str | None,
        typer.Option(metavar="CSV", help="Score the model on these rows ('-': standard input)."),
    ] = None,
    weights_to: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Also write w1.txt, w2.txt, ... into this folder."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show a model: its layers, every weight, its scaling, how it was trained and learned."""
    from scorenet_cli import files
    from scorenet_cli.model import json_file, weights_folder

    loaded = json_file.load(model)
    if weights_to is not None:
        paths = weights_folder.save(loaded, weights_to)
        echo_error(f"Wrote {', '.join(paths)}.")
        if any(scale != 1 for scale in (*loaded.feature_scale, *loaded.target_scale)):
            warn("these files hold weights alone: not the names, not the scaling.")
        others = {layer.activation for layer in loaded.network.layers} - {"sigmoid"}
        if others:
            warn(f"read back, every layer is sigmoid: {', '.join(sorted(others))} is not kept.")
    scored = None if data is None else _score(loaded, data)
    if json:
        from scorenet_cli.show.json_output import as_json, to_line

        answer = json_file.to_json(loaded) | {"parameters": loaded.network.parameters}
        typer.echo(to_line(answer if scored is None else answer | {"fit": as_json(scored.fit)}))
        return
    from scorenet_cli.show.console import show
    from scorenet_cli.show.pages.inspect import inspection

    show(inspection(loaded, files.shown(model), scored))


def _score(model: "Model", path: str) -> "Evaluation":
    """Score a model on a CSV, beside baselines fitted to the same rows; warn where they win."""
    from scorenet_cli.core import metrics
    from scorenet_cli.data import dataset
    from scorenet_cli.model.model import predict

    table = dataset.name_columns(dataset.read_table(path), model.features, model.targets)
    dataset.model_columns(table, [*model.features, *model.targets])
    rows = dataset.read_dataset(table, features=model.features, targets=model.targets)
    predicted = predict(model, rows.inputs).scores
    known = (rows.inputs, rows.scores)
    fit = metrics.compare(predicted, *known, metrics.fit_baselines(*known))
    size = {"rows": len(rows.inputs), "features": len(rows.features)}
    words = metrics.baseline_warning(fit, rows.scores, **size)
    if words:
        warn(f"on these rows, {words}")
    return metrics.Evaluation(rows.scores, predicted, fit)
