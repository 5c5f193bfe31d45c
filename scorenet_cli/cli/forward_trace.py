"""scorenet forward-trace: a forward pass, neuron by neuron."""

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from rich.console import RenderableType


def forward_trace(
    context: typer.Context,
    values: ValuesArgument = None,
    model: ModelOption = DEFAULT_MODEL,
    worked_example: WorkedExampleOption = False,
    scaling: ScalingOption = "training",
    precision: PrecisionOption = None,
    save: SaveOption = None,
    json: JsonOption = False,
) -> None:
    """Show each neuron's products, sum and activation.

    Without VALUES: the document's worked example, its printed figures beside the exact ones.
    With VALUES: the saved model, or with --worked-example the document's example weights.

    \b
    scorenet forward-trace
    scorenet forward-trace 4 8 --save net.svg
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are
    from scorenet_cli.cli import tracing
    from scorenet_cli.model import trace

    tracing.check_save(save, model)
    example = tracing.choose_example(context, values, model, worked_example=worked_example)
    result = trace.forward_trace(example.model, example.values, scaling)
    document = example.document(result, scaling)

    def answer() -> object:
        return tracing.forward_answer(result, document)

    def page() -> "RenderableType":
        from scorenet_cli.show.pages.forward import forward_page

        return forward_page(result, document, precision)

    def picture() -> str:
        from scorenet_cli.show.svg import forward_picture

        return forward_picture(result, precision)

    tracing.emit(
        title="scorenet forward-trace",
        answer=answer,
        page=page,
        picture=picture,
        json=json,
        save=save,
    )
