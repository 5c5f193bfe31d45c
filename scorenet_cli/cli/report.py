"""Messages on standard error."""

from __future__ import annotations

from typing import NoReturn

import typer

from scorenet_cli.text import printable


def say(text: str) -> None:
    """Print a message, each line without anything that could steer the terminal."""
    for line in text.split("\n"):
        typer.echo(printable(line), err=True)


def warn(text: str) -> None:
    """Print a warning."""
    say(f"Warning: {text}")


def fail(text: str, status: int, *, kind: str = "Error: ") -> NoReturn:
    """Print the one message and end."""
    say(f"{kind}{text}")
    raise typer.Exit(status)
