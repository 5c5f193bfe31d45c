from __future__ import annotations

import json

import pytest

from scorenet_cli.model.trace import Term
from scorenet_cli.show.json_output import as_json, to_line


def test_data_classes_become_objects_and_from_loses_its_underscore() -> None:
    answer = as_json((Term("h1", 0.1, 0.2, 0.1 * 0.2),))
    assert answer == [{"from": "h1", "value": 0.1, "weight": 0.2, "product": 0.1 * 0.2}]


def test_a_line_keeps_every_bit_and_is_ascii() -> None:
    answer = {"時間": 0.1 + 0.2}
    line = to_line(answer)
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line) == answer


def test_nan_is_no_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_line({"loss": float("nan")})
