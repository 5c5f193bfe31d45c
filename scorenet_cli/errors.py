"""What can go wrong, as few named errors; the command line turns them into messages.

A message says what is wrong, where, and what to do about it.
"""


class ScorenetError(Exception):
    """Base of all errors meant for the user; its text is the whole message."""

    exit_status = 1


class DataError(ScorenetError):
    """A CSV, or the numbers in it, cannot be used."""


class ModelError(ScorenetError):
    """A model cannot be read, written or used."""


class TrainingError(ScorenetError):
    """Training left the range of floating-point numbers."""


class FileError(ScorenetError):
    """The disk refused: missing, unreadable, full, not a file."""


class UsageError(ScorenetError):
    """The command line asks for something that does not exist or does not fit."""

    exit_status = 2
