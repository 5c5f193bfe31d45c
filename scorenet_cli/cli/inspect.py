"""scorenet inspect: what a model is, and where it came from."""

from typing import Annotated

import typer

from scorenet_cli.cli.options import DEFAULT_MODEL, JsonOption, ModelOption
from scorenet_cli.cli.report import say, warn


def inspect(
    model: ModelOption = DEFAULT_MODEL,
    weights_to: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="Also write w1.txt, w2.txt, ... into this folder."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show a model: its layers, every weight, its scaling, and how it was trained."""
    from scorenet_cli import files, model_file

    loaded = model_file.load(model)
    if weights_to is not None:
        paths = model_file.save_weights(loaded, weights_to)
        say(f"Wrote {', '.join(paths)}.")
        if any(scale != 1 for scale in (*loaded.feature_scale, *loaded.target_scale)):
            warn("these files hold weights alone: not the names, not the scaling.")
        others = {layer.activation for layer in loaded.network.layers} - {"sigmoid"}
        if others:
            warn(f"read back, every layer is sigmoid: {', '.join(sorted(others))} is not kept.")
    if json:
        from scorenet_cli.show.answers import to_line

        answer = model_file.to_json(loaded) | {"parameters": loaded.network.parameters}
        typer.echo(to_line(answer))
        return
    from scorenet_cli.show.console import show
    from scorenet_cli.show.tables import inspection

    show(inspection(loaded, files.shown(model)))
