"""The Typer application; turns each error into one message and an exit status."""

import contextlib
import errno
import importlib
import os
import sys
from collections.abc import Iterable
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from scorenet_cli import __version__
from scorenet_cli.cli.messages import echo_error
from scorenet_cli.cli.usage import CONTEXT, Command, UsageError, usage_message
from scorenet_cli.errors import OptionError, ScorenetError
from scorenet_cli.files import display_path, reason_of


class Commands(TyperGroup):
    """Runs a command and turns the errors meant for users into messages."""

    def main(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - Typer's own signature
        """Run the program; exit with the status that fits what went wrong."""
        try:
            try:
                status = super().main(*args, **options | {"standalone_mode": False})
            finally:
                sys.stdout.flush()
            sys.exit(status if isinstance(status, int) else 0)
        except UsageError as error:
            if type(error).__name__ == "NoArgsIsHelpError":  # its text is the help
                typer.echo(str(error), err=True)
                sys.exit(2)
            _end(f"Error: {usage_message(error)}", 2)
        except typer.Abort:
            _end("Interrupted.", 130)
        except ScorenetError as error:
            _end(f"Error: {error}", 2 if isinstance(error, OptionError) else 1)
        except MemoryError:
            _end("Error: there is not enough memory. Use less data or a smaller network.", 1)
        except OSError as error:
            if error.filename is not None:  # not standard output
                _end(f"Error: {display_path(str(error.filename))}: {reason_of(error)}.", 1)
            _give_up_output(error)


def _end(message: str, status: int) -> NoReturn:
    """Print the one message and end."""
    echo_error(message)
    sys.exit(status)


def _give_up_output(error: OSError) -> NoReturn:
    """End after a failed write to standard output, silently if the reader has closed the pipe.

    On Windows the error is then EINVAL.
    """
    with contextlib.suppress(OSError):  # discard what is still buffered
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE or (sys.platform == "win32" and error.errno == errno.EINVAL):
        sys.exit(1)
    _end(f"Error: standard output cannot be written: {reason_of(error)}.", 1)


def _print_version(value: bool) -> None:  # noqa: FBT001 - Typer calls it so
    """Print the version and end."""
    if value:
        typer.echo(f"scorenet {__version__}")
        raise typer.Exit


def _scorenet(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Train a small neural network on a CSV and show every number in it.

    \b
    scorenet train data.csv --epochs 100000
    scorenet predict 4 8
    scorenet inspect
    scorenet forward-trace
    scorenet backward-trace
    scorenet export sql

    The document that some pages mention is the tutorial "Build a Neural Network" by Samay
    Shamdasani; its three rows are the default data.

    Exit status: 0 success; 1 problem with data, model or disk; 2 usage error; 130 interrupted
    (143 terminated).
    """  # noqa: D301 - \b is Typer's sign to leave lines as they are


# Each command's module, and the commands whose values may be negative numbers.
COMMANDS = {
    "train": "train",
    "predict": "predict",
    "inspect": "inspect",
    "export": "export",
    "forward-trace": "trace",
    "backward-trace": "trace",
}
WITH_VALUES = {"predict", "forward-trace", "backward-trace"}


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Build the Typer application with these commands; their modules are imported only here."""
    app = typer.Typer(
        name="scorenet",
        cls=Commands,
        rich_markup_mode=None,  # Plain help and errors: start faster, and are not cut in a pipe.
        no_args_is_help=True,
        context_settings=CONTEXT,
        pretty_exceptions_enable=False,
    )
    app.callback()(_scorenet)
    for name in names:
        module = importlib.import_module(f"scorenet_cli.cli.{COMMANDS[name]}")
        # Negative numbers look like options: values are checked by the commands.
        settings = {"ignore_unknown_options": True} if name in WITH_VALUES else {}
        app.command(name, cls=Command, context_settings=settings)(
            getattr(module, name.replace("-", "_"))
        )
    return app


def main() -> None:
    """Run the `scorenet` command."""
    # scorenet uses its own threads; BLAS threads would compete with them.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    for name, mode in (("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        stream = getattr(sys, name)
        if stream is None:  # closed by the parent process: writing results fails, messages are lost
            closed = os.open(os.devnull, mode)
            setattr(sys, name, os.fdopen(closed, "w", encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # characters that the terminal cannot encode
    # Building all commands takes time: one is enough where it is named.
    application([name for name in sys.argv[1:2] if name in COMMANDS] or COMMANDS)(
        prog_name="scorenet"
    )
