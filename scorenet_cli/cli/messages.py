"""Messages on standard error."""

from __future__ import annotations

import contextlib
import re

import typer

from scorenet_cli.text import printable

_SETTING = re.compile(r"`([a-z_]+)(?:=([^`]*))?`")


def as_flags(text: str) -> str:
    """Spell settings as the command line does: `max_score=92` becomes --max-score 92."""

    def flag(match: re.Match[str]) -> str:
        name, value = match.groups()
        return f"--{name.replace('_', '-')}" + ("" if value is None else f" {value}")

    return _SETTING.sub(flag, text)


def echo_error(text: str) -> None:
    """Print a message, each line without anything that could steer the terminal."""
    with contextlib.suppress(OSError):  # standard error is closed
        for line in as_flags(text).split("\n"):
            typer.echo(printable(line), err=True)


def warn(text: str) -> None:
    """Print a warning."""
    echo_error(f"Warning: {text}")


def note(text: str) -> None:
    """Print something that was decided for the user."""
    echo_error(f"Note: {text}")
