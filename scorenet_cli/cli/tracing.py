"""What both traces ask of the command line: which model, which values, where to save."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from scorenet_cli import files
from scorenet_cli.cli.messages import echo_error
from scorenet_cli.cli.values import check_count, parse_values
from scorenet_cli.data.columns import ScalingName
from scorenet_cli.errors import OptionError
from scorenet_cli.model import document as the_documents
from scorenet_cli.model import json_file
from scorenet_cli.model.model import Model
from scorenet_cli.model.trace import ForwardTrace
from scorenet_cli.text import quoted

if TYPE_CHECKING:
    from rich.console import RenderableType

SAVED_AS = (".svg", ".html", ".txt")


@dataclass(frozen=True, eq=False)
class Example:
    """What is traced; of_the_document tells its worked example from a saved model."""

    model: Model
    values: tuple[float, ...]
    of_the_document: bool

    def document(self, trace: ForwardTrace, scaling: ScalingName) -> the_documents.Document | None:
        """Return the document's own figures where they belong to this very trace."""
        if self.of_the_document and self.values == the_documents.VALUES and scaling != "own":
            return the_documents.document_figures(trace)
        return None


def choose_example(
    context: typer.Context, values: list[str] | None, model: str, *, worked_example: bool
) -> Example:
    """Take the document's worked example, its weights with other values, or a saved model."""
    of_the_document = worked_example or not values
    if of_the_document and _is_typed(context, "model"):
        raise OptionError(
            "--model is not for the worked example. Give VALUES to trace the model with."
        )
    given = tuple(parse_values(values, context)) if values else the_documents.VALUES
    chosen = the_documents.worked_example() if of_the_document else json_file.load(model)
    check_count(given, chosen.features)
    return Example(chosen, given, of_the_document)


def _is_typed(context: typer.Context, parameter: str) -> bool:
    """Tell whether an option stands on the command line, and not in the environment."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def forward_answer(trace: ForwardTrace, document: the_documents.Document | None) -> dict[str, Any]:
    """Lay out a forward pass as JSON, with the document's figures where there are any."""
    from scorenet_cli.show.json_output import as_json

    answer: dict[str, Any] = as_json(trace)
    return answer if document is None else answer | {"document": as_json(document)}


def check_save(path: str | None, model: str) -> None:
    """Refuse, before any work, what could not be saved."""
    if path is None:
        return
    if not path.lower().endswith(SAVED_AS):
        raise OptionError(
            f"--save takes a file that ends in {', '.join(SAVED_AS)}, and not {quoted(path)}."
        )
    if files.same(path, model):
        raise OptionError(f"--save would overwrite the model: {quoted(path)}.")
    files.check_writable(path)


def emit(
    *,
    title: str,
    answer: Callable[[], object],
    page: Callable[[], RenderableType],
    picture: Callable[[], str],
    json: bool,
    save: str | None,
) -> None:
    """Print a trace as one JSON object or as a page; save it as a picture or a page, too."""
    content = "" if save is None else _content(save, title, page, picture)
    if json:
        from scorenet_cli.show.json_output import to_line

        typer.echo(to_line(answer()))
    else:
        from scorenet_cli.show.console import show

        show(page())
    if save is not None:
        files.write_atomic(save, content)
        echo_error(f"Saved {files.display_path(save)}.")


def _content(
    path: str, title: str, page: Callable[[], RenderableType], picture: Callable[[], str]
) -> str:
    """Make what is saved: the picture, or the page as wide as standard output."""
    ending = path.lower().rpartition(".")[2]
    if ending == "svg":
        return picture()
    from scorenet_cli.show.console import as_html, as_text

    return as_html(page(), title) if ending == "html" else as_text(page())
