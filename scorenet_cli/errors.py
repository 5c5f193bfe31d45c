"""The errors meant for the user.

A message states what is wrong, where, and what to do about it. It names settings by their Python
names in backticks, `max_score` or `optimizer=lm`; the command line shows them as flags.
"""

from __future__ import annotations


class ScorenetError(Exception):
    """Base of all errors meant for the user; its text is the whole message."""


class DataError(ScorenetError):
    """A CSV, or the numbers in it, cannot be used."""


class ModelError(ScorenetError):
    """A model cannot be read, written or used."""


class TrainingError(ScorenetError):
    """Training produced a number that is not finite."""


class FileError(ScorenetError):
    """A file is missing, unreadable, not a file, or cannot be written."""


class OptionError(ScorenetError):
    """A setting does not exist, or its value is invalid.

    option is the setting's name, if the error is about one; the message then begins with it.
    """

    def __init__(self, reason: str, *, option: str | None = None) -> None:
        self.option = option
        super().__init__(reason if option is None else f"`{option}` {reason}")
