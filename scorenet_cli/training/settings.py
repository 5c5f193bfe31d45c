"""Settings of a training run, checked before any data are read."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from scorenet_cli.errors import OptionError
from scorenet_cli.text import did_you_mean, quoted

if TYPE_CHECKING:
    from scorenet_cli.core.network import InitName
    from scorenet_cli.data.dataset import MissingName

DEFAULT_HIDDEN = (3,)
DEFAULT_SEED = 23
DEFAULT_MAX_SCORE = 100.0
DEFAULT_OPTIMIZER = "gd"
DEFAULT_EPOCHS = 1000
MAX_RESTARTS = 1000
# The value "auto": the optimizer is chosen by cross-validation, the weight decay by the evidence.
AUTO = "auto"
OUTPUT_ACTIVATIONS = ("sigmoid", "linear")


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of a training run; None means the resumed model's value, or the default.

    make_settings checks them; they mean the same as the options of `scorenet train`.
    """

    target: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    missing: MissingName | None = None
    max_score: tuple[float, ...] | None = None
    hidden: tuple[int, ...] | None = None
    bias: bool | None = None
    activation: str | None = None
    output_activation: str | None = None
    standardize: bool | None = None
    init: InitName | None = None
    seed: int | None = None
    optimizer: str | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    weight_decay: float | str | None = None
    epochs: int | None = None
    tolerance: float | None = None
    restarts: int = 1
    validation: float | None = None
    patience: int | None = None
    folds: int | None = None
    snapshots: int | None = None


def make_settings(**values: Any) -> Settings:  # noqa: ANN401 - checked here, one by one
    """Make settings from plain values: names as a list or "A,B", hidden as 3, [16, 8] or "16,8".

    NumPy's numbers and arrays are accepted, too. Raises OptionError for an unknown setting or an
    invalid value.
    """
    known = [field.name for field in dataclasses.fields(Settings)]
    for name in values:
        if name not in known:
            raise OptionError(f"there is no setting {quoted(name)}.{did_you_mean(name, known)}")
    values = {
        n: value.tolist() if hasattr(value, "tolist") else value for n, value in values.items()
    }
    for name, parse in (
        ("target", _names),
        ("features", _names),
        ("ignore", _names),
        ("hidden", _sizes),
        ("max_score", _scores),
        ("weight_decay", _decay),
    ):
        if values.get(name) is not None:
            values[name] = parse(name, values[name])
    settings = Settings(**values)
    _check_numbers(settings)
    return settings


def _sizes(option: str, value: str | int | Iterable[int]) -> tuple[int, ...]:
    """Read 3, [16, 8], or the text "16,8"; "none" means no hidden layer."""
    text = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    if text == "none" or value in ((), []):
        return ()
    if not re.fullmatch(r" *0*[1-9]\d{0,8} *(, *0*[1-9]\d{0,8} *)*", text, re.ASCII):
        raise OptionError(
            f"expects positive sizes separated by commas, e.g. 16,8; got {quoted(text)}.",
            option=option,
        )
    return tuple(int(size) for size in text.split(","))


def _scores(option: str, value: float | Iterable[float]) -> tuple[float, ...]:
    """Read one number, or one number per target."""
    scores = (value,) if isinstance(value, int | float | str) else tuple(value)
    if not scores or not all(_is_finite(score) and score > 0 for score in scores):
        raise OptionError("must be a finite number above 0.", option=option)
    return tuple(map(float, scores))


def _decay(option: str, value: float | str) -> float | str:
    """Read a number, also as text, or "auto"."""
    if value == AUTO:
        return AUTO
    try:
        decay = float(value)
    except ValueError:
        decay = math.nan
    if not (math.isfinite(decay) and decay >= 0):
        raise OptionError(
            f"expects a number of at least 0, or auto; got {quoted(str(value))}.", option=option
        )
    return decay


def _names(option: str, value: object) -> tuple[str, ...]:
    """Read names, or one line of CSV, in which a name with a comma is quoted."""
    if not isinstance(value, str):
        return tuple(map(str, value)) if isinstance(value, Iterable) else (str(value),)
    if option == "target":
        return (value,)
    import csv  # noqa: PLC0415 - the command line imports this module at every start

    try:
        names = tuple(name.strip() for name in next(csv.reader([value], skipinitialspace=True)))
    except csv.Error:
        names = ()
    if not names or not all(names):
        raise OptionError(f"expects names separated by commas; got {quoted(value)}.", option=option)
    return names


def _is_finite(value: object) -> bool:
    """Return whether value is a finite number."""
    return isinstance(value, int | float) and math.isfinite(value)


def _check_numbers(settings: Settings) -> None:
    """Raise OptionError for nan, infinity, and numbers out of range."""
    for option, minimum in (("learning_rate", "above 0"),
                            ("tolerance", "of at least 0")):  # fmt: skip
        value = getattr(settings, option)
        if value is not None and not (
            _is_finite(value) and (value > 0 or (value == 0 and option == "tolerance"))
        ):
            raise OptionError(f"must be a finite number {minimum}.", option=option)
    for option, smallest in (("epochs", 0), ("restarts", 1), ("batch_size", 1), ("patience", 1),
                             ("seed", 0), ("folds", 2), ("snapshots", 2)):  # fmt: skip
        value = getattr(settings, option)
        if value is not None and (type(value) is not int or value < smallest):
            raise OptionError(f"must be a whole number of at least {smallest}.", option=option)
    if settings.restarts > MAX_RESTARTS:
        raise OptionError(f"must be at most {MAX_RESTARTS}.", option="restarts")
    for option in ("bias", "standardize"):
        if getattr(settings, option) not in {None, True, False}:
            raise OptionError("must be True or False.", option=option)
    fraction = settings.validation
    if fraction is not None and not (_is_finite(fraction) and 0 < fraction < 1):
        raise OptionError(
            "expects a fraction between 0 and 1, e.g. 0.2 for a fifth of the rows.",
            option="validation",
        )
