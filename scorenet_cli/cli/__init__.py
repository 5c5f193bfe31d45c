"""The command line: the only place that knows Typer. Options in, calls, messages out.

For a quick start, modules here import numpy, rich and what needs them inside their commands,
and leave annotations unquoted: Typer reads them all at every start.
"""

from scorenet_cli.cli.application import app, main

__all__ = ["app", "main"]
