"""scorenet forward-trace: a forward pass, neuron by neuron."""

from typing import Annotated

import typer

from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    JsonOption,
    ModelOption,
    ScalingOption,
    ValuesArgument,
)
from scorenet_cli.errors import UsageError


def forward_trace(
    context: typer.Context,
    values: ValuesArgument = None,
    model: ModelOption = DEFAULT_MODEL,
    worked_example: Annotated[
        bool, typer.Option("--worked-example", help="Use the document's example weights.")
    ] = False,
    scaling: ScalingOption = "training",
    precision: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            max=17,
            show_default="10, fewer on a narrow terminal",
            help="Digits after the point.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show each neuron's products, sum and activation.

    Without VALUES: the document's worked example, its printed figures beside the exact ones.
    With VALUES: the saved model, or with --worked-example the document's example weights.

    \b
    scorenet forward-trace
    scorenet forward-trace 4 8
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are
    from scorenet_cli import model_file, trace
    from scorenet_cli import worked_example as example
    from scorenet_cli.cli.values import check_count, parse_values

    of_the_document = worked_example or not values
    if of_the_document and _is_typed(context, "model"):
        raise UsageError(
            "--model is not for the worked example. Give VALUES to trace the model with."
        )
    given = tuple(parse_values(values, context)) if values else example.VALUES
    traced_model = example.worked_example() if of_the_document else model_file.load(model)
    check_count(given, traced_model.features)
    result = trace.forward_trace(traced_model, given, scaling)
    document = None
    if of_the_document and given == example.VALUES and scaling != "own":
        document = example.document_figures(result)

    if json:
        from scorenet_cli.show.answers import as_json, to_line

        answer = as_json(result)
        if document is not None:
            answer["document"] = as_json(document)
        typer.echo(to_line(answer))
        return
    from scorenet_cli.show.console import show
    from scorenet_cli.show.traces import traced

    show(traced(result, document, precision))


def _is_typed(context: typer.Context, parameter: str) -> bool:
    """Tell whether an option stands on the command line, and not in the environment."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"
