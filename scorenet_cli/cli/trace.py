"""scorenet forward-trace and backward-trace: one example, neuron by neuron."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scorenet_cli.cli.messages import Messages, RangeWarnings, echo_error
from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    BlankOption,
    ExplainOption,
    HeaderOption,
    JsonOption,
    ModelOption,
    PrecisionOption,
    QuietOption,
    SaveOption,
    ScalingOption,
    ValuesArgument,
    WorkedExampleOption,
    check_header,
    check_save,
    check_values,
    decimal,
    parse_values,
    setting,
)
from scorenet_cli.errors import OptionError
from scorenet_cli.files import display_path
from scorenet_cli.text import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from scorenet_cli.data.columns import ScalingName
    from scorenet_cli.model.document import Document
    from scorenet_cli.model.model import Model
    from scorenet_cli.model.trace import ForwardTrace
    from scorenet_cli.show.console import Page

# Losses up to this size are rounding errors.
ROUNDING = 1e-20
SAVED_AS = (".svg", ".html", ".txt")


def forward_trace(
    context: typer.Context,
    values: ValuesArgument = None,
    model: ModelOption = DEFAULT_MODEL,
    worked_example: WorkedExampleOption = False,
    scaling: ScalingOption = "training",
    precision: PrecisionOption = None,
    explain: ExplainOption = False,
    blank: BlankOption = False,
    save: SaveOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Show each neuron's products, sum and activation.

    Without VALUES: trace the document's worked example and compare its printed figures with the
    exact ones. With VALUES: trace the saved model or, with --worked-example, the document's example
    weights.

    \b
    scorenet forward-trace
    scorenet forward-trace 4 8 --save net.svg
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are
    from scorenet_cli import api
    from scorenet_cli.model.document import trained_answer

    _check_page(json=json, explain=explain, blank=blank)
    check_save(save, model, SAVED_AS)
    example = _choose_example(context, values, model, scaling, worked_example=worked_example)
    result = api.forward_trace(example.model, example.values, scaling=scaling)
    document = example.document(result)
    story = trained_answer(example.model, example.values, scaling)
    said = example.messages(quiet=quiet)
    if json:
        said.print_json(_forward_answer(result, document))
    if blank:
        from scorenet_cli.model.blank import blank as without_results

        result, document, story = without_results(result), None, None

    def page() -> "Page":
        from scorenet_cli.show.pages.explain import Look
        from scorenet_cli.show.pages.forward import forward_page

        look = Look(precision, explain, example.source, example.scaling_words)
        return forward_page(result, document, look, story)

    def picture() -> str:
        from scorenet_cli.model.svg import forward_picture

        return forward_picture(result, precision)

    _emit(context, page, picture, said, json=json, save=save)


def backward_trace(
    context: typer.Context,
    values: ValuesArgument = None,
    actual: Annotated[
        list[str] | None, setting("SCORE", "The actual score, once for each target.")
    ] = None,
    csv: Annotated[
        str | None,
        setting(
            "FILE",
            "Trace one full-batch step on these rows, the step of train --optimizer gd.",
            names=["--csv", "--data"],
        ),
    ] = None,
    header: HeaderOption = None,
    learning_rate: Annotated[
        float | None,
        setting("RATE", "Step size.", "1; with --csv: as in train", parser=decimal),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare each gradient with a central difference.")
    ] = False,
    model: ModelOption = DEFAULT_MODEL,
    worked_example: WorkedExampleOption = False,
    scaling: ScalingOption = "training",
    precision: PrecisionOption = None,
    explain: ExplainOption = False,
    blank: BlankOption = False,
    save: SaveOption = None,
    quiet: QuietOption = False,
    json: JsonOption = False,
) -> None:
    """Show one step of backpropagation.

    Errors, deltas, and each weight before and after.

    Without VALUES: trace the document's worked example and its target, 92. With VALUES: trace the
    saved model or, with --worked-example, the document's example weights. With --csv: trace one
    step of the saved model on all rows, as matrices with the document's names.

    \b
    scorenet backward-trace
    scorenet backward-trace 4 8 --actual 95 --learning-rate 0.5
    scorenet backward-trace --csv study_hours.csv --check
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are
    from scorenet_cli import api
    from scorenet_cli.model.document import TARGET, VALUES
    from scorenet_cli.show.json_output import as_json

    if learning_rate is not None and learning_rate <= 0:
        raise OptionError("must be a finite number above 0.", option="learning_rate")
    _check_page(json=json, explain=explain, blank=blank, check=check)
    check_save(save, model, SAVED_AS)
    if csv is not None:
        _trace_batch(context, csv, learning_rate, check=check, explain=explain, blank=blank)
        return
    check_header(csv, header=header)
    if values and not (actual or worked_example):
        check_values(values, context)
        raise OptionError("`actual=SCORE` is required, once for each target.")
    example = _choose_example(context, values, model, scaling, worked_example=worked_example)
    if example.values == VALUES and example.is_document:
        actual = actual or [f"{TARGET:g}"]
    result = api.backward_trace(
        example.model,
        example.values,
        actual or [],
        learning_rate=1.0 if learning_rate is None else learning_rate,
        scaling=scaling,
        check=check,
    )
    said = example.messages(quiet=quiet)
    if blank:
        from scorenet_cli.model.blank import blank as without_results

        result = without_results(result)
    _warn_of_loss(result.loss, result.loss_after, said)
    if json:
        document = example.document(result.forward)
        forward = _forward_answer(result.forward, document)
        said.print_json(as_json(result) | {"forward": forward})

    def page() -> "Page":
        from scorenet_cli.show.pages.backward import backward_page
        from scorenet_cli.show.pages.explain import Look

        look = Look(precision, explain, example.source, example.scaling_words)
        return backward_page(result, look)

    def picture() -> str:
        from scorenet_cli.model.svg import backward_picture, forward_picture

        if blank:  # line widths in the picture depend on the changes, which --blank hides
            return forward_picture(result.forward, precision)
        return backward_picture(result, precision)

    _emit(context, page, picture, said, json=json, save=save)


def _trace_batch(
    context: typer.Context,
    csv: str,
    learning_rate: float | None,
    *,
    check: bool,
    explain: bool,
    blank: bool,
) -> None:
    """Trace one full-batch step on the rows of a CSV; other options come from the Typer context."""
    from scorenet_cli import api
    from scorenet_cli.model.blank import blank_batch

    params = context.params
    for option in ("worked_example", "actual", "scaling"):
        if _is_typed(context, option):
            raise OptionError("cannot be combined with `csv`. Leave it out.", option=option)
    check_values(params["values"] or [], context)
    if params["values"]:
        raise OptionError("cannot be combined with VALUES. Give only one of them.", option="csv")
    model, json, header = params["model"], params["json"], params["header"]
    loaded, data = api.load(model), display_path(csv)
    result = api.batch_trace(loaded, csv, learning_rate=learning_rate, check=check, header=header)
    said = Messages(quiet=params["quiet"])
    for text in result.notes:
        said.note(text)
    if loaded.is_weights_only:
        said.note(
            "a folder of weights holds no scaling: "
            "the rows are scaled as scorenet train would scale them."
        )
    if blank:
        result = blank_batch(result)
    _warn_of_loss(result.loss, result.loss_after, said)
    if json:
        from scorenet_cli.show.json_output import batch_answer

        said.print_json(batch_answer(result, display_path(model), data))

    def page() -> "Page":
        from scorenet_cli.show.pages.batch import batch_page
        from scorenet_cli.show.pages.explain import Look

        return batch_page(result, Look(params["precision"], explain, display_path(model)), data)

    def picture() -> str:
        from scorenet_cli.model.svg import network_picture

        return network_picture(result.model)

    _emit(context, page, picture, said, json=json, save=params["save"])


def _warn_of_loss(loss: float, loss_after: float, said: Messages) -> None:
    """Warn of a step that raises the loss."""
    if loss_after > loss > ROUNDING:
        said.warn(
            f"the step raises the loss from {number(loss)} to {number(loss_after)}: "
            "the learning rate is too large. Try a smaller `learning_rate`."
        )


def _check_page(*, json: bool, explain: bool, blank: bool, check: bool = False) -> None:
    """Reject --explain and --blank with --json, and --check with --blank."""
    for option, given in (("explain", explain), ("blank", blank)):
        if json and given:
            raise OptionError("has no effect with `json`. Leave it out.", option=option)
    if blank and check:
        raise OptionError("cannot be combined with `blank`: `check` shows results.", option="check")


@dataclass(frozen=True, eq=False)
class _Example:
    """What is traced; source names the model's file, None for the document's weights."""

    model: "Model"
    values: tuple[float | str, ...]
    source: str | None
    scaling: "ScalingName"

    @property
    def is_document(self) -> bool:
        """Whether the weights are those of the document's worked example."""
        return self.source is None

    @property
    def scaling_words(self) -> str:
        """Return the scaling to show; a weights folder has no training maxima."""
        if self.scaling != "training":
            return self.scaling
        if self.model.is_weights_only:
            return "none"
        return "training" if self.model.feature_offset is None else "standardized"

    def messages(self, *, quiet: bool) -> Messages:
        """Warn of values that the model was not trained on."""
        from scorenet_cli import api

        said = Messages(quiet=quiet)
        said.note_weights(self.model)
        ranges = RangeWarnings(self.model, self.scaling)
        ranges.add(api.predict(self.model, [self.values], scaling=self.scaling))
        for warning in ranges.warnings():
            said.warn(warning)
        return said

    def document(self, trace: "ForwardTrace") -> "Document | None":
        """Return the document's figures if this is its worked example."""
        from scorenet_cli.model import document

        if self.is_document and self.values == document.VALUES and self.scaling != "own":
            return document.document_figures(trace)
        return None


def _choose_example(
    context: typer.Context,
    values: list[str] | None,
    model: str,
    scaling: "ScalingName",
    *,
    worked_example: bool,
) -> _Example:
    """Take the document's worked example, its weights with other values, or a saved model."""
    from scorenet_cli import api
    from scorenet_cli.model import document

    is_document = worked_example or not values
    if is_document and _is_typed(context, "model"):
        raise OptionError(
            "has no effect with the worked example. Give VALUES, without `worked_example`, "
            "to trace the model.",
            option="model",
        )
    if is_document and _is_typed(context, "scaling") and scaling == "training":
        raise OptionError(
            "cannot be training: the worked example has no training rows. Use own or none.",
            option="scaling",
        )
    check_values(values or [], context)
    chosen = document.worked_example() if is_document else api.load(model)
    given = tuple(parse_values(values, context, chosen)) if values else document.VALUES
    return _Example(chosen, given, None if is_document else display_path(model), scaling)


def _is_typed(context: typer.Context, option: str) -> bool:
    """Return whether an option was given on the command line, not by the environment."""
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"


def _forward_answer(trace: "ForwardTrace", document: "Document | None") -> dict[str, Any]:
    """Lay out a forward pass as JSON, with the document's figures where there are any."""
    from scorenet_cli.show.json_output import as_json

    answer: dict[str, Any] = as_json(trace)
    if not trace.intervals:
        del answer["intervals"]
    return answer if document is None else answer | {"document": as_json(document)}


def _emit(
    context: typer.Context,
    page: "Callable[[], Page]",
    picture: "Callable[[], str]",
    said: Messages,
    *,
    json: bool,
    save: str | None,
) -> None:
    """Save the picture or the page, then print the page, unless JSON was printed."""
    from scorenet_cli import files

    if save is not None:
        ending = save.lower().rpartition(".")[2]
        if ending == "svg":
            content = picture()
        elif ending == "txt":
            from scorenet_cli.show.console import as_text

            content = as_text(page())
        else:
            from scorenet_cli.show.html_page import html_page

            drawing = ""
            try:
                drawing = picture()
            except OptionError:
                said.note("the network is too large for a picture: the page holds only the tables.")
            content = html_page(page(), drawing, context.command_path)
        files.write_atomic(save, content)
    if not json:
        from scorenet_cli.show.console import show

        show(page())
    if save is not None and not said.quiet:
        echo_error(f"Saved {files.display_path(save)}.")
