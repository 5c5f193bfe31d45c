"""The text of model files: JSON, parsed with weights as arrays and written in short lines."""

from __future__ import annotations

import json
import json.decoder
import json.scanner
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from scorenet_cli.core import Array
from scorenet_cli.errors import ModelError
from scorenet_cli.text import quoted

# Characters of weights parsed per step, because Python lists of numbers need far more memory.
_PIECE = 10_000
_WEIGHTS = re.compile(r'"weights"\s*:\s*\[$')
_ROWS = re.compile(r"[-+.eE\d\s,\[\]]*", re.ASCII)
_NOT_MARKS = b"+-.eE0123456789 \t\r\n"
# An empty place after an opening bracket, or anything but a comma after a closing one.
_MISPLACED = re.compile(r"\[\s*[,\]]|\]\s*[^\s,]")
_NEXT_ROW = re.compile(r"\s*,\s*(?=\[)")
_OBJECT = re.compile(r"\s*\{")

_Parsed = tuple[Any, int]
_Scan = Callable[[str, int], _Parsed]
# Parts of json's decoder that typeshed does not list.
_MakeScanner = Callable[[json.JSONDecoder], _Scan]
_scanner_in_python: _MakeScanner = vars(json.scanner)["py_make_scanner"]
_scanner_in_c: _MakeScanner = vars(json.scanner)["make_scanner"]
_objects: Callable[[tuple[str, int], _Scan], _Parsed] = vars(json.decoder)["JSONArray"]


def parse(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON text; a value "weights" of equally long rows of finite numbers is an array.

    Raises ModelError if an object has a key twice; else the errors of json.loads.
    """
    return json.loads(text, cls=_Decoder)


def dump(value: object, indent: str = "") -> str:
    """Write JSON with one key, or one row of numbers, per line."""
    inner = indent + " "
    if isinstance(value, dict) and value:
        lines = (f"{inner}{json.dumps(key)}: {dump(item, inner)}" for key, item in value.items())
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list | tuple) and any(isinstance(x, list | tuple | dict) for x in value):
        return "[\n" + ",\n".join(inner + dump(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


class _Decoder(json.JSONDecoder):
    """json's Python decoder for the objects of a model, its C decoder for all else but weights."""

    def __init__(self) -> None:
        super().__init__(object_pairs_hook=_unique_keys)
        self._scan_in_c: _Scan = _scanner_in_c(self)
        self.parse_array = self._parse_array
        self.scan_once = _scanner_in_python(self)

    def _parse_array(self, start: tuple[str, int], scan_once: _Scan) -> _Parsed:
        """Parse an array; start is the position after its opening bracket."""
        text, begin = start
        if _OBJECT.match(text, begin):
            return _objects(start, scan_once)
        if _WEIGHTS.search(text, max(begin - 100, 0), begin):
            rows = _ROWS.match(text, begin)
            end = text.rfind("]", begin, rows.end() if rows else begin)
            matrix = _matrix(text, begin, end) if end >= 0 else None
            if matrix is not None:
                return matrix, end + 1
        return self._scan_in_c(text, begin - 1)


def _matrix(text: str, begin: int, end: int) -> Array | None:
    """Parse rows of numbers; None if they are not equally long or not finite numbers."""
    try:
        matrix = np.concatenate([_rows(piece) for piece in _pieces(text, begin, end)])
    except (ValueError, OverflowError):
        return None
    return matrix if np.isfinite(matrix).all() else None


def _rows(text: str) -> Array:
    """Parse `[1, 2], [3, 4]`: the brackets by themselves, then all numbers as one JSON list.

    Raises ValueError if that is not JSON, or if the rows differ in length.
    """
    marks = text.encode().translate(None, _NOT_MARKS)
    row, rows = marks[: marks.index(b"]") + 1], marks.count(b"]")
    if row[:1] != b"[" or marks != b",".join([row] * rows) or _MISPLACED.search(text):
        raise ValueError("not rows of numbers")
    numbers = json.loads(text.replace("[", " ").replace("]", " ").join("[]"))
    return np.array(numbers, dtype=np.float64).reshape(rows, len(row) - 1)


def _pieces(text: str, begin: int, end: int) -> Iterator[str]:
    """Cut the text of rows into pieces; raises ValueError if no comma is between two of them."""
    while True:
        cut = text.find("]", begin + _PIECE, end) + 1 or end
        yield text[begin:cut]
        comma = _NEXT_ROW.match(text, cut)
        if comma is None and not text[cut:end].strip():
            return
        if comma is None:
            raise ValueError("no comma between rows")
        begin = comma.end()


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object; raises ModelError for a duplicate key, of which json keeps only the last."""
    answer = dict(pairs)
    if len(answer) < len(pairs):
        ((duplicate, _),) = Counter(name for name, _ in pairs).most_common(1)
        raise ModelError(f"the key {quoted(duplicate)} appears twice.")
    return answer
