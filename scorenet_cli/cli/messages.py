"""Messages on standard error, and what is collected for them."""

from __future__ import annotations

import contextlib
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

import typer

from scorenet_cli.text import number, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scorenet_cli.data.columns import ScalingName
    from scorenet_cli.model.model import Model, Predictions

_SETTING = re.compile(r"`([a-z_]+)(?:=([^`]*))?`")


def as_flags(text: str) -> str:
    """Spell settings as the command line does: `max_score=92` becomes --max-score 92."""

    def flag(match: re.Match[str]) -> str:
        name, value = match.groups()
        no = "no-" if value == "False" else ""
        value = "" if value in {None, "True", "False"} else f" {value}"
        return f"--{no}{name.replace('_', '-')}{value}"

    return _SETTING.sub(flag, text)


def echo_error(text: str) -> None:
    """Print a message, each line without anything that could steer the terminal."""
    with contextlib.suppress(OSError):  # standard error is closed
        for line in as_flags(text).split("\n"):
            typer.echo(printable(line), err=True)


def shell_command(words: Sequence[str]) -> str:
    """Quote a command for the user's shell; on Windows single quotes are no quotes."""
    if sys.platform == "win32":
        from subprocess import list2cmdline

        return list2cmdline(words)
    return shlex.join(words)


def warn(text: str) -> None:
    """Print a warning."""
    echo_error(f"Warning: {text}")


def note(text: str) -> None:
    """Print something that was decided for the user."""
    echo_error(f"Note: {text}")


class Messages:
    """The notes and warnings of a command, for standard error and --json.

    quiet leaves out the notes on standard error, as in train; warnings stay.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.quiet = quiet
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        """Say something that was decided for the user."""
        self.texts.append(as_flags(text))
        if not self.quiet:
            note(text)

    def warn(self, text: str) -> None:
        """Say something that is wrong."""
        self.texts.append(as_flags(text))
        warn(text)

    def print_json(self, answer: dict[str, Any]) -> None:
        """Print one JSON object with the notes and warnings on standard output."""
        from scorenet_cli.show.json_output import to_line

        typer.echo(to_line(answer | {"warnings": self.texts}))

    def note_weights(self, model: Model) -> None:
        """Print what was read if a weights folder gives a network without a hidden layer."""
        from scorenet_cli.model import weights_folder

        if model.is_weights_only and len(model.network.layers) == 1:
            self.note(weights_folder.description(model))


class RangeWarnings:
    """Collects warnings about values outside the training range."""

    def __init__(self, model: Model, scaling: ScalingName) -> None:
        from scorenet_cli.model.model import training_range

        self.model, self.scaling = model, scaling
        self.features = model.input_names
        self.unscaled: str | None = None
        self.ranges = training_range(model, scaling)
        self.rows = 0
        self.intervals = ""  # of the row, if there is only one
        self.counts: dict[int, int] = {}  # keyed by feature position
        self.first: dict[int, float] = {}

    def add(self, answer: Predictions) -> None:
        """Count the values of more rows."""
        import numpy as np

        from scorenet_cli.model.model import interval_text, intervals_if_known, scaling_warning

        self.rows += len(answer.inputs)
        self.unscaled = self.unscaled or scaling_warning(self.model, answer.inputs, self.scaling)
        if not answer.out_of_range.any():
            return
        if self.rows == 1:
            ends = intervals_if_known(self.model, answer.scaled_inputs)
            texts = [] if ends is None else [*map(interval_text, *ends[0].T, answer.scores[0])]
            if len(texts) > 1:
                named = zip(self.model.targets, texts, strict=True)
                texts = [f"{name}: {text}" for name, text in named]
            self.intervals = "".join(f" ({text})" for text in texts)
        for position in np.flatnonzero(answer.out_of_range.any(axis=0)).tolist():
            outside = answer.out_of_range[:, position]
            self.counts[position] = self.counts.get(position, 0) + int(outside.sum())
            self.first.setdefault(position, float(answer.inputs[outside, position][0]))

    def warnings(self) -> Iterator[str]:
        """Return a warning per feature: how many rows were outside, and the first such value."""
        if self.unscaled is not None:
            yield self.unscaled
        if self.ranges is None:
            return
        for position, count in sorted(self.counts.items()):
            name, value = quoted(self.features[position]), number(self.first[position])
            low, high = map(number, self.ranges[position].tolist())
            outside = f"is outside the training range {low} to {high}"
            yield (
                f"{name} = {value} {outside}: the prediction is an extrapolation{self.intervals}."
                if self.rows == 1
                else f"{name} {outside} in {count:,} of {self.rows:,} rows (first value: {value}): "
                "predictions for such rows are extrapolations."
            )
