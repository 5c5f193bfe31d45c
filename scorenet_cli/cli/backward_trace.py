"""scorenet backward-trace: backpropagation, neuron by neuron."""

import math
from typing import TYPE_CHECKING, Annotated

import typer

from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    JsonOption,
    ModelOption,
    PrecisionOption,
    SaveOption,
    ScalingOption,
    ValuesArgument,
    WorkedExampleOption,
)
from scorenet_cli.errors import OptionError

if TYPE_CHECKING:
    from rich.console import RenderableType


def backward_trace(
    context: typer.Context,
    values: ValuesArgument = None,
    actual: Annotated[
        list[str] | None,
        typer.Option(metavar="SCORE", help="The actual score, once for each target."),
    ] = None,
    learning_rate: Annotated[
        float, typer.Option(metavar="RATE", help="How far the step goes.")
    ] = 1.0,
    model: ModelOption = DEFAULT_MODEL,
    worked_example: WorkedExampleOption = False,
    scaling: ScalingOption = "training",
    precision: PrecisionOption = None,
    save: SaveOption = None,
    json: JsonOption = False,
) -> None:
    """Show one step of backpropagation: errors, deltas, each weight before and after.

    Without VALUES: the document's worked example and its goal, 92.
    With VALUES: the saved model, or with --worked-example the document's example weights.

    \b
    scorenet backward-trace
    scorenet backward-trace 4 8 --actual 95 --learning-rate 0.5
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are
    from scorenet_cli.cli import tracing
    from scorenet_cli.cli.values import check_scores, parse_scores
    from scorenet_cli.model import trace
    from scorenet_cli.model.document import TARGET

    if not (math.isfinite(learning_rate) and learning_rate > 0):
        raise OptionError("--learning-rate must be a finite number above 0.")
    scores = parse_scores(actual or [])
    tracing.check_save(save, model)
    example = tracing.choose_example(context, values, model, worked_example=worked_example)
    if not values:
        scores = scores or [TARGET]
    check_scores(scores, example.model)
    result = trace.backward_trace(
        example.model, example.values, scores, learning_rate=learning_rate, scaling=scaling
    )
    document = example.document(result.forward, scaling)

    def answer() -> object:
        from scorenet_cli.show.json_output import as_json

        return as_json(result) | {"forward": tracing.forward_answer(result.forward, document)}

    def page() -> "RenderableType":
        from scorenet_cli.show.pages.backward import backward_page

        return backward_page(result, precision, of_the_document=not values)

    def picture() -> str:
        from scorenet_cli.show.svg import backward_picture

        return backward_picture(result, precision)

    tracing.emit(
        title="scorenet backward-trace",
        answer=answer,
        page=page,
        picture=picture,
        json=json,
        save=save,
    )
