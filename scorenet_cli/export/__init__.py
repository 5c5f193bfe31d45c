"""A model as a program in another language, whose answers equal those of predict.

Each language is a module here with a function write(model) that returns the program's text. A new
one is a module and its name in FormatName.
"""

from __future__ import annotations

from typing import Literal

FormatName = Literal["sql", "spreadsheet", "python", "javascript", "c"]
