"""scorenet export: the model as a program in another language."""

from typing import Annotated, get_args

import typer

from scorenet_cli.cli.messages import Messages
from scorenet_cli.cli.options import (
    DEFAULT_MODEL,
    ModelOption,
    OutputOption,
    QuietOption,
    check_output,
    setting,
)
from scorenet_cli.errors import OptionError
from scorenet_cli.export import DialectName, FormatName
from scorenet_cli.text import quoted


def export(
    format_name: Annotated[
        FormatName,
        typer.Argument(metavar="FORMAT", help=f"One of {', '.join(get_args(FormatName))}."),
    ],
    model: ModelOption = DEFAULT_MODEL,
    table: Annotated[
        str | None, setting("NAME", "Table with the features as columns (sql).", "data")
    ] = None,
    dialect: Annotated[
        DialectName | None,
        typer.Option(
            help="SQL dialect: standard for SQLite, DuckDB and PostgreSQL, or spark (sql).",
            show_default="standard",
        ),
    ] = None,
    output: OutputOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write the model as a program that gives the same predictions as predict.

    \b
    scorenet export sql --table students
    scorenet export spreadsheet --output model.csv
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are
    options = {"table": table, "dialect": dialect}
    options = {name: value for name, value in options.items() if value is not None}
    if options and format_name != "sql":
        raise OptionError(
            f"has no effect with the format {format_name}. Leave it out.",
            option=next(iter(options)),
        )
    if table is not None and not all(table.split(".")):
        raise OptionError(
            f"expects the name of a table, or schema.table; got {quoted(table)}.", option="table"
        )
    from importlib import import_module

    from scorenet_cli import api, export, files

    output = None if output == "-" else output
    if output is not None:
        check_output(output, "output", {"the model": model})
    loaded = api.load(model)
    Messages(quiet=quiet).note_weights(loaded)
    writer = import_module(f"{export.__name__}.{format_name}")
    text: str = writer.write(loaded, **options)
    if output is None:
        typer.echo(text.encode(), nl=False)
    else:
        files.write_atomic(output, text)
