"""What the command line of scorenet train says, checked before any work is done."""

from __future__ import annotations

import csv
import dataclasses
import math
import os
import re
from typing import Literal

from scorenet_cli import files
from scorenet_cli.core.activations import ActivationName
from scorenet_cli.core.network import InitName
from scorenet_cli.errors import FileError, OptionError
from scorenet_cli.model import json_file
from scorenet_cli.text import quoted

OptimizerName = Literal["gd", "adam", "lm"]
HISTORY_HEADER = "epoch,loss"


@dataclasses.dataclass(frozen=True)
class Options:
    """What the command line says; None where it says nothing."""

    csv: str | None
    features: tuple[str, ...] | None
    targets: tuple[str, ...] | None
    max_score: float | None
    hidden: tuple[int, ...] | None
    bias: Literal[True] | None
    activation: ActivationName | None
    init: InitName | None
    seed: int | None
    optimizer: OptimizerName | None
    learning_rate: float | None
    batch_size: int | None
    restarts: int
    validation: float | None
    patience: int | None
    epochs: int
    tolerance: float | None
    resume: str | None
    output: str
    history: str | None
    log_every: int | None
    quiet: bool
    json: bool

    @property
    def is_verbose(self) -> bool:
        """Whether there is somebody to talk to: notes, progress, what to type next."""
        return not (self.quiet or self.json)


def parse_hidden(text: str) -> tuple[int, ...]:
    """Read 3 or 16,8."""
    if not re.fullmatch(r" *0*[1-9]\d{0,8} *(, *0*[1-9]\d{0,8} *)*", text, re.ASCII):
        raise OptionError(
            f"`hidden` takes a size, or sizes between commas, and not {quoted(text)}."
        )
    return tuple(int(size) for size in text.split(","))


def parse_names(text: str) -> tuple[str, ...]:
    """Read A,B as a line of CSV: a name with a comma in it stands between double quotes."""
    try:
        names = tuple(name.strip() for name in next(csv.reader([text], skipinitialspace=True), []))
    except csv.Error:
        names = ()
    if not names or not all(names):
        raise OptionError(f"`features` takes names between commas, and not {quoted(text)}.")
    return names


def check(options: Options) -> None:
    """Refuse what makes no sense, and find out what could not be written in the end."""
    _check_numbers(options)
    _check_places(options)


def _check_numbers(options: Options) -> None:
    """Refuse nan, infinity, and zero where it makes no sense."""
    for option, value, least in (
        ("`max_score`", options.max_score, "above 0"),
        ("`learning_rate`", options.learning_rate, "above 0"),
        ("`tolerance`", options.tolerance, "of at least 0"),
    ):
        if value is not None and not (math.isfinite(value) and (value > 0 or "at" in least)):
            raise OptionError(f"{option} must be a finite number {least}.")
    if options.validation is not None and not 0 < options.validation < 1:
        raise OptionError("`validation` takes a part between 0 and 1, 0.2 for a fifth of the rows.")
    if options.patience is not None and options.validation is None:
        raise OptionError("`patience` watches the rows held back: it needs `validation`.")
    if options.restarts > 1 and options.resume is not None:
        raise OptionError("`restarts` makes new starts, and `resume` goes on from one: take one.")


def _check_places(options: Options) -> None:
    """Find out before the work what could not be written after it."""
    for option, place in (("`output`", options.output), ("`history`", options.history)):
        if place == "-":
            raise OptionError(f"{option} takes a file's name: standard output has the results.")
    json_file.check_output(options.output)
    if options.history is None:
        return
    for what, other in (
        ("the CSV", options.csv),
        ("`output`", options.output),
        ("`resume`", options.resume),
    ):
        if other is not None and files.same(other, options.history):
            raise OptionError(f"`history` would overwrite {what}: {quoted(options.history)}.")
    files.check_writable(options.history)
    if os.path.isfile(options.history) and not read_history(options.history):
        raise FileError(
            f"{files.display_path(options.history)} exists and is not a history, so it is left "
            "alone. Choose another name, or move it away."
        )


def read_history(path: str) -> list[str]:
    """Read the lines of a history that was saved before; none where it is something else."""
    lines = files.read_bytes(path).decode(errors="replace").splitlines()
    if not lines or not lines[0].startswith(HISTORY_HEADER):
        return []
    return lines if all(re.match(r"\d{1,18},", line) for line in lines[1:]) else []
