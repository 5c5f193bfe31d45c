"""Data classes as JSON answers."""

from __future__ import annotations

import dataclasses
import json
from typing import Any


def as_json(value: object) -> Any:  # noqa: ANN401 - JSON is any of six types
    """Turn data classes into what json.dumps takes: a field from_ becomes the key "from"."""
    if dataclasses.is_dataclass(value):
        return {
            field.name.rstrip("_"): as_json(getattr(value, field.name))
            for field in dataclasses.fields(value)
        }
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value


def to_line(answer: object) -> str:
    """One JSON object on one line, floats to the bit, in ASCII so that any terminal takes it."""
    return json.dumps(answer, allow_nan=False)
