"""The training record: each field is declared once, with its check, label and format."""

# ruff: noqa: RUF009 - _fact is dataclasses.field

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict, TypeGuard

from scorenet_cli.errors import ModelError
from scorenet_cli.text import number, quoted


def is_text(value: object) -> bool:
    """Return whether value is text without unpaired surrogates."""
    return isinstance(value, str) and value == value.encode(errors="replace").decode()


def is_number(value: object) -> bool:
    """Return whether value is a finite number that fits in float64; booleans are not numbers."""
    return are_numbers([value])


def are_numbers(values: list[Any]) -> bool:
    """Return whether all are finite numbers that fit in float64; fast for a million values."""
    try:
        return set(map(type, values)) <= {int, float} and all(map(math.isfinite, values))
    except OverflowError:
        return False


def is_whole(value: object) -> TypeGuard[int]:
    """Return whether value is a whole number of at least 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_count(value: object) -> bool:
    """Return whether value is a whole number that fits in int64."""
    return is_whole(value) and value < 2**63


def _is_loss(value: object) -> bool:
    return isinstance(value, int | float) and is_number(value) and value >= 0


def _is_history(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(point, list)
        and len(point) == 2  # noqa: PLR2004 - an epoch and its loss
        and _is_count(point[0])
        and _is_loss(point[1])
        for point in value
    )


def _is_matrix(value: object) -> bool:
    """Return whether value is a list of equally long lists of numbers."""
    return (
        isinstance(value, list)
        and all(isinstance(row, list) and are_numbers(row) for row in value)
        and len(set(map(len, value))) == 1
    )


def _as_tuples(rows: list[list[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row)) for row in rows)


def _is_baselines(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"mean", "linear"}
        and isinstance(value["mean"], list)
        and are_numbers(value["mean"])
        and _is_matrix(value["linear"])
        and len(value["linear"]) == len(value["mean"])
    )


def _is_object(value: object) -> bool:
    """Return whether value is an object whose whole content can be saved again."""
    pending: list[object] = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending.extend([*item, *item.values()])
        elif isinstance(item, list):
            pending.extend([] if are_numbers(item) else item)
        elif not (item is None or isinstance(item, bool) or is_text(item) or is_number(item)):
            return False
    return isinstance(value, dict)


class Baselines(TypedDict):
    """Baselines (mean and linear regression) fitted to the training rows.

    mean holds one score for each target; linear its coefficients of linear regression, one for
    each input and the intercept last. Both are for values and scores in their own units.
    """

    mean: tuple[float, ...]
    linear: tuple[tuple[float, ...], ...]


class Kind(NamedTuple):
    """A kind of field: its description, its check, and `read`, which converts the JSON value."""

    words: str
    is_valid: Callable[[object], bool]
    read: Callable[[Any], Any] = lambda value: value


TEXT = Kind("text", is_text)
COUNT = Kind("a whole number of at least 0", _is_count)
SEED = Kind("a whole number of at least 0", is_whole)
LOSS = Kind("a number of at least 0", _is_loss)
FRACTION = Kind("a number between 0 and 1", lambda of: isinstance(of, float) and 0 < of < 1)
RATE = Kind("a number above 0", lambda of: _is_loss(of) and of != 0)
DECAY = Kind('a number of at least 0, or "auto"', lambda of: of == "auto" or _is_loss(of))
DECAYS = Kind(
    "a list of numbers of at least 0",
    lambda of: isinstance(of, list) and all(map(_is_loss, of)),
    lambda of: tuple(map(float, of)),
)
MATRIX = Kind("a list of equally long lists of numbers", _is_matrix, _as_tuples)
OBJECT = Kind("an object of numbers and text", _is_object)
BASELINES = Kind(
    'an object with the keys "mean" and "linear"',
    _is_baselines,
    lambda of: Baselines(mean=tuple(map(float, of["mean"])), linear=_as_tuples(of["linear"])),
)
VERSIONS = Kind(
    "an object whose values are text",
    lambda of: isinstance(of, dict) and all(map(is_text, [*of, *of.values()])),
)
HISTORY = Kind(
    "a list of pairs [epoch, loss]",
    _is_history,
    lambda points: tuple((epoch, float(loss)) for epoch, loss in points),
)


def _fact(
    kind: Kind, label: str = "", show: Callable[[Any], str] = str, default: object = None
) -> Any:  # noqa: ANN401 - as dataclasses.field
    """Declare a field; it is shown after its label, unless it has none or is None or empty."""
    metadata = {"kind": kind, "label": label, "show": show}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict, metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class TrainingRecord:
    """How a model was trained; all fields are optional.

    state: the optimizer's state, for `resume`. epochs: the number of epochs run; best_epoch: the
    one kept, with validation rows. loss: the training loss of the saved network. validation: the
    fraction of validation rows; split_seed: the seed that selected them. seed: that of the best
    restart. weight_decay: as given; decays: the final coefficient of each layer's weights;
    effective_parameters: the number of parameters that the rows determine. target_range: [lowest,
    highest] of each target's training scores.
    """

    data: str | None = _fact(TEXT, "data")
    sha256: str | None = _fact(TEXT, "sha256")
    rows: int | None = _fact(COUNT, "rows", "{:,}".format)
    seed: int | None = _fact(SEED, "starting weights", "seed {}".format)
    init: str | None = _fact(TEXT, "starting weights")
    optimizer: str | None = _fact(TEXT, "optimizer")
    state: dict[str, Any] | None = _fact(OBJECT)
    learning_rate: float | None = _fact(RATE, "learning rate", number)
    batch_size: int | None = _fact(COUNT, "batch size", "{:,}".format)
    weight_decay: float | str | None = _fact(
        DECAY, "weight decay", lambda of: of if isinstance(of, str) else f"{of:.3g}"
    )
    decays: tuple[float, ...] | None = _fact(
        DECAYS, "weight decay by layer", lambda of: ", ".join(map("{:.3g}".format, of))
    )
    effective_parameters: float | None = _fact(LOSS, "effective parameters", "{:.1f}".format)
    epochs: int = _fact(COUNT, "epochs", "{:,}".format, default=0)
    best_epoch: int | None = _fact(COUNT, "best epoch", "{:,}".format)
    stopped: str | None = _fact(TEXT, "stop reason")
    loss: float | None = _fact(LOSS, "loss", "{:.6g}".format)
    history: tuple[tuple[int, float], ...] = _fact(HISTORY, default=())
    validation: float | None = _fact(FRACTION, "validation rows", "{:g} of the rows".format)
    split_seed: int | None = _fact(SEED)
    validation_loss: float | None = _fact(LOSS, "validation loss", "{:.6g}".format)
    validation_history: tuple[tuple[int, float], ...] = _fact(HISTORY, default=())
    target_range: tuple[tuple[float, ...], ...] | None = _fact(MATRIX)
    baselines: Baselines | None = _fact(BASELINES)
    restarts: int | None = _fact(COUNT, "starts", "best of {:,}".format)
    versions: dict[str, str] = _fact(
        VERSIONS, "made with", lambda of: ", ".join(map(" ".join, of.items())), default={}
    )
    date: str | None = _fact(TEXT, "date")


def read_record(training: object) -> TrainingRecord:
    """Read the JSON object; unknown keys are ignored.

    Raises ModelError for a field of the wrong kind.
    """
    if not isinstance(training, dict):
        raise ModelError('"training" must be an object.')
    facts: dict[str, Any] = {}
    for field in dataclasses.fields(TrainingRecord):
        kind: Kind = field.metadata["kind"]
        value = training.get(field.name)
        if value is None:
            continue
        if not kind.is_valid(value):
            raise ModelError(f'"training": {quoted(field.name)} must be {kind.words}.')
        facts[field.name] = kind.read(value)
    return TrainingRecord(**facts)


def labelled_facts(record: TrainingRecord) -> list[tuple[str, str]]:
    """Return label and text of each known field; fields with the same label share a line."""
    lines: dict[str, str] = {}
    for field in dataclasses.fields(record):
        label, value = field.metadata["label"], getattr(record, field.name)
        text = "" if value is None else field.metadata["show"](value)
        if label and text:
            lines[label] = f"{lines[label]}, {text}" if label in lines else text
    return list(lines.items())
