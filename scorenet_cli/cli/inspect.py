"""scorenet inspect: show a model, its training and its fit."""

from typing import TYPE_CHECKING, Annotated

from scorenet_cli.cli.messages import Messages, echo_error
from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    HeaderOption,
    JsonOption,
    ModelOption,
    QuietOption,
    check_header,
    check_save,
    setting,
)

if TYPE_CHECKING:
    from scorenet_cli.core.metrics import Evaluation
    from scorenet_cli.model.model import Model


def inspect(
    model: ModelOption = DEFAULT_MODEL,
    data: Annotated[
        str | None,
        setting(
            "FILE",
            "Evaluate the model on the rows of a CSV ('-': standard input).",
            names=["--data", "--csv"],
        ),
    ] = None,
    weights_to: Annotated[
        str | None,
        setting("DIR", "Also write the weights as w1.txt, w2.txt, ... into this folder."),
    ] = None,
    save: Annotated[
        str | None,
        setting(
            "FILE", "Also save a picture of the network (.svg), or an interactive page (.html)."
        ),
    ] = None,
    save_response: Annotated[
        str | None,
        setting("FILE", "Also save a plot of the predicted scores against the columns (.svg)."),
    ] = None,
    header: HeaderOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Show a model: its network, weights, scaling and training."""
    check_save(save, model, [".svg", ".html"])
    check_save(save_response, model, [".svg"], "save_response")
    from scorenet_cli import api, files
    from scorenet_cli.model import json_file, weights_folder
    from scorenet_cli.model.model import scaling_warning

    check_header(data, "`data`", header=header)
    said = Messages(quiet=quiet)
    loaded = api.load(model)
    said.note_weights(loaded)
    if weights_to is not None:
        paths = weights_folder.save(loaded, weights_to)
        if not quiet:
            echo_error(f"Wrote {', '.join(paths)}.")
        if any(scale != 1 for scale in (*loaded.feature_scale, *loaded.target_scale)):
            said.warn("the weight files hold neither the names nor the scaling.")
        others = {layer.activation for layer in loaded.network.layers} - {"sigmoid"}
        if others:
            said.warn(
                f"when read back, every layer becomes sigmoid; {', '.join(sorted(others))} is lost."
            )
    scored = None if data is None else api.evaluate(loaded, data, header=header)
    if scored is not None:
        for text in scored.notes:
            said.note(text)
        if words := scaling_warning(loaded, scored.inputs, "training"):
            said.warn(words)
        for warning in scored.warnings:
            said.warn(f"on these rows, {warning}")
    _save_pictures(loaded, model, scored, save, save_response, quiet=quiet)
    if json:
        from scorenet_cli.show.json_output import evaluation_answer

        answer = json_file.to_json(loaded) | {"parameters": loaded.network.parameters}
        if scored is not None:
            answer["fit"] = evaluation_answer(scored, loaded.output_names)
        said.print_json(answer)
        return
    from scorenet_cli.show.console import show
    from scorenet_cli.show.pages.inspect import inspection

    show(inspection(loaded, files.display_path(model), scored))


def _save_pictures(
    model: "Model",
    source: str,
    scored: "Evaluation | None",
    network: str | None,
    response: str | None,
    *,
    quiet: bool,
) -> None:
    """Save the pictures that are asked for."""
    from scorenet_cli import files

    if network is not None and network.lower().endswith(".html"):
        from scorenet_cli.export import javascript
        from scorenet_cli.show.living_page import living_page

        module = javascript.write(model, takes_weights=bool(model.snapshots))
        page = living_page(model, files.display_path(source), module, scored)
        files.write_atomic(network, page)
    elif network is not None:
        from scorenet_cli.model.svg import network_picture

        files.write_atomic(network, network_picture(model))
    if response is not None:
        from scorenet_cli.show.response_picture import response_picture

        files.write_atomic(response, response_picture(model, scored))
    for path in filter(None, () if quiet else (network, response)):
        echo_error(f"Saved {files.display_path(path)}.")
