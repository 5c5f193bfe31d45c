"""The command line, the only package that uses Typer.

To start quickly, modules here import numpy, rich and the modules that need them inside the
commands, and leave annotations unquoted: Typer reads them all at every start.
"""

from scorenet_cli.cli.application import application, main

__all__ = ["application", "main"]
