"""Text from outside: numbers are read strictly, names are made safe to print."""

from __future__ import annotations

import math
import re
import unicodedata

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)

# Shown for a number that the reader of an exercise computes.
BLANK = "____"


class DecimalCommaError(ValueError):
    """The text would be a number if its comma were a point."""


def is_number(text: str) -> bool:
    """Return whether text is a number; true for nan and inf, which parse_number rejects."""
    stripped = _ascii_minus(text.strip())
    return bool(_NUMBER.fullmatch(stripped) or _NOT_FINITE.fullmatch(stripped))


def parse_number(text: str) -> float:
    """Read a finite decimal number; raises ValueError with a reason that completes "TEXT ..."."""
    stripped = _ascii_minus(text.strip())
    if not stripped:
        raise ValueError("is blank")
    if not is_number(stripped):
        if _NUMBER.fullmatch(stripped.replace(",", ".")):
            raise DecimalCommaError("is not a number (write decimals with a point)")
        for character in stripped:
            if unicodedata.category(character) == "Cf":
                name = unicodedata.name(character, "no name").lower()
                code = f"U+{ord(character):04X}"
                raise ValueError(f"holds an invisible character ({code}, {name})")
        raise ValueError("is not a number")
    value = float(stripped)
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


def _ascii_minus(text: str) -> str:
    return text.replace("\N{MINUS SIGN}", "-")


def is_finite_number(text: str) -> bool:
    """Return whether parse_number accepts the text."""
    try:
        parse_number(text)
    except ValueError:
        return False
    return True


def printable(text: str) -> str:
    """Remove characters that control a terminal or reorder text; white space becomes a space."""
    return "".join(
        character if character.isprintable() else " " if character.isspace() else ""
        for character in text
    )


def shorten(text: str, most: int = 40) -> str:
    """Make outside text fit a message: printable, and cut with an ellipsis if it is long."""
    shown = printable(text)
    return shown if len(shown) <= most else f"{shown[: most - 3]}..."


def quoted(text: str) -> str:
    """Quote a name or a cell for a message."""
    return f"'{shorten(text)}'"


def listed(names: list[str] | tuple[str, ...], most: int = 12) -> str:
    """Join names for a message: at most `most`, then the number of the others."""
    shown = ", ".join(quoted(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def did_you_mean(name: str, known: list[str] | tuple[str, ...]) -> str:
    """Return " Did you mean ...?" if a known name is similar, else "".

    An option's dashes do not count: they would make --csv similar to --save.
    """
    import difflib  # noqa: PLC0415 - only errors need it

    by_letters = {each.lower().lstrip("-"): each for each in known}
    near = difflib.get_close_matches(name.lower().lstrip("-"), by_letters)
    return f" Did you mean {quoted(by_letters[near[0]])}?" if near else ""


def without_noise(value: float, *beside: float, limit: float = 1e-14) -> float:
    """Return 0 if value is only rounding noise relative to the numbers it was computed from."""
    return 0.0 if abs(value) <= limit * max(map(abs, beside), default=0.0) else value


def number(value: float, decimals: int = 6) -> str:
    """Format a number with up to `decimals` decimals, dropping zeros only if that is exact.

    Very large and very small numbers get an exponent and as many digits; -0 is 0; nan is BLANK.
    """
    if math.isnan(value):
        return BLANK
    smallest = 10.0 ** (1 - decimals) if decimals > 3 else 0.0  # noqa: PLR2004 - enough digits
    if value != 0 and not smallest <= abs(value) < 1e15:  # noqa: PLR2004 - a float's digits
        return f"{value:.{max(decimals - 1, 0)}e}"
    text = f"{value:.{decimals}f}"
    short = text.rstrip("0").rstrip(".") if "." in text else text
    if math.isclose(float(short), value, rel_tol=1e-14, abs_tol=1e-14):
        text = short
    return text.removeprefix("-") if float(text) == 0 else text


def count(number_of: int, thing: str) -> str:
    """Write a count and what is counted, in the plural unless there is one."""
    ending = "" if number_of == 1 else "es" if thing.endswith("s") else "s"
    return f"{number_of:,} {thing}{ending}"
