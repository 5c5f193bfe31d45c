"""Options that mean the same in every command, and how VALUES and scores are read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from scorenet_cli.errors import OptionError
from scorenet_cli.text import did_you_mean, is_number, listed, number, parse_number, quoted

if TYPE_CHECKING:
    from scorenet_cli.model.model import Model

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


def parse_values(texts: Sequence[str], context: typer.Context) -> list[float]:
    """Read finite numbers; OptionError for anything else.

    The command lets unknown options through, because -1 looks like one: they end here.
    """
    values = []
    for text in texts:
        if text.startswith("-") and text != "-" and not is_number(text):
            options = [option for param in context.command.params for option in param.opts]
            if text.partition("=")[0] in options:
                raise OptionError(
                    f"{text} is behind --, where only values may be. Move it before --."
                )
            raise OptionError(
                f"there is no option {quoted(text)}.{did_you_mean(text, options)} "
                f"See: {context.command_path} --help"
            )
        try:
            values.append(parse_number(text))
        except ValueError as reason:
            raise OptionError(
                f"the value {quoted(text)} {reason}. Give one number for each feature."
            ) from reason
    return values


def check_count(values: Sequence[float], features: tuple[str, ...]) -> None:
    """Refuse more or fewer values than the model has features."""
    if len(values) != len(features):
        raise OptionError(
            f"expected {len(features)} {'value' if len(features) == 1 else 'values'} "
            f"({listed(features)}), got {len(values)}."
        )


def parse_scores(texts: Sequence[str]) -> list[float]:
    """Read finite numbers; OptionError for anything else."""
    scores = []
    for text in texts:
        try:
            scores.append(parse_number(text))
        except ValueError as reason:
            raise OptionError(f"--actual {quoted(text)} {reason}. Give a score.") from reason
    return scores


def check_scores(scores: Sequence[float], model: "Model") -> None:
    """Refuse too many or too few scores, and those that a sigmoid can never give."""
    if len(scores) != len(model.targets):
        count = len(model.targets)
        each = "" if count == 1 else f" {count} times, once for each"
        raise OptionError(
            f"--actual SCORE is required{each} for {listed(model.targets)}; got {len(scores)}."
        )
    if model.network.layers[-1].activation != "sigmoid":
        return
    for target, score, largest in zip(
        model.targets, scores, model.target_scale.tolist(), strict=True
    ):
        if not 0 <= score <= largest:
            raise OptionError(
                f"--actual {number(score)} for {quoted(target)} is outside 0 to "
                f"{number(largest)}, the scores that this model can give."
            )
