"""Messages on standard error."""

from __future__ import annotations

import contextlib

import typer

from scorenet_cli.text import printable


def echo_error(text: str) -> None:
    """Print a message, each line without anything that could steer the terminal."""
    with contextlib.suppress(OSError):  # nobody listens: no reason to stop
        for line in text.split("\n"):
            typer.echo(printable(line), err=True)


def warn(text: str) -> None:
    """Print a warning."""
    echo_error(f"Warning: {text}")
