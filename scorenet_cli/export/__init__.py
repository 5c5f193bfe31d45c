"""A model as a program in another language that gives the same predictions as predict.

program.py describes the forward pass as plain data. Each language is a module with a function
write(model) that returns the program's text; a new one needs a module and its name in FormatName.
"""

from __future__ import annotations

from typing import Literal

FormatName = Literal["sql", "spreadsheet", "python", "javascript", "c"]
DialectName = Literal["standard", "spark"]
