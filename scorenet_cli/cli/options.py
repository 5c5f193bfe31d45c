"""Options that mean the same in every command."""

from typing import Annotated, Literal

import typer

DEFAULT_MODEL = "scorenet.json"

# What train takes where its options and the resumed model say nothing.
DEFAULT_HIDDEN = "3"
DEFAULT_SEED = 23
DEFAULT_MAX_SCORE = 100.0
DEFAULT_OPTIMIZER = "gd"
DEFAULT_BATCH_SIZE = 32
# gd: the document's own step on its three rows, stable on ten thousand; adam: its authors'.
DEFAULT_LEARNING_RATES = {"gd": 3.0, "adam": 0.001}

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
WorkedExampleOption = Annotated[
    bool, typer.Option("--worked-example", help="Use the document's example weights.")
]
PrecisionOption = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        max=17,
        show_default="10, fewer on a narrow terminal",
        help="Digits after the point.",
    ),
]
SaveOption = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Also save a picture (.svg), or this page (.html, .txt)."),
]
