"""The command line: the only place that knows Typer. Options in, calls, messages out.

Modules here import numpy, rich and what needs them inside their commands, for a quick start.
"""

from scorenet_cli.cli.app import app, main

__all__ = ["app", "main"]
