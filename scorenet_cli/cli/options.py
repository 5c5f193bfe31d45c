"""Options that mean the same in every command."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

DEFAULT_MODEL = "scorenet.json"

ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="PATH",
        envvar="SCORENET_MODEL",
        help="Model file, or a folder with w1.txt, w2.txt.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object, numbers at full precision.")
]
ScalingOption = Annotated[
    Literal["training", "own", "none"],
    typer.Option(
        help="Divide values by the training maxima, by their own largest (the document's way), "
        "or not at all."
    ),
]
ValuesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[VALUES]...", help="One number for each feature, in their order."),
]
