"""Text to rows of cells, as the csv module defines them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from scorenet_cli.errors import DataError

Row = tuple[int, list[str]]  # the line on which a row ends, and its cells

csv.field_size_limit(2**31 - 1)  # the default limit, 128 KiB, is too small for a wide header

# Characters that str.strip removes, except line ends.
_SPACES = [
    c.encode()
    for c in "\t\v\f\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
]


class MoreNeededError(Exception):
    """The data end before the element that is searched for is complete."""


@dataclass(frozen=True, eq=False)
class Text:
    """Lines of a CSV, with their delimiter and quote character.

    data is UTF-8, its lines end with a line feed; lines_before lines precede them in the file.
    delimiter None means white space.
    """

    source: str
    data: bytes
    lines_before: int = 0
    delimiter: str | None = ","
    quote: str = '"'

    @cached_property
    def has_quotes(self) -> bool:
        """Whether quotes may make a line differ from a row."""
        return self.quote.encode() in self.data


def is_comment(line: str, delimiter: str | None) -> bool:
    """Return whether a line that begins a row is a comment."""
    return line.startswith("#") and not (delimiter and line.startswith(f"#{delimiter}"))


def rows(text: Text, *, is_strict: bool = True, is_whole: bool = True) -> Iterator[Row]:
    """Yield line numbers and stripped cells of all rows; blank lines are skipped.

    Raises DataError if the text is not CSV, and MoreNeededError if the data end within a row.
    """
    begun = 1  # the line at which the current row begins
    lines = _without_padding(text)
    if text.delimiter is None or b"#" in text.data:
        lines = _in_csv_form(text, lines, lambda number: number == begun)
    reader = csv.reader(
        lines if is_whole else chain(lines, _more_needed()),
        delimiter=text.delimiter or " ",
        quotechar=text.quote,
        skipinitialspace=True,
        strict=is_strict,
    )
    try:
        for cells in reader:
            begun = reader.line_num + 1
            stripped = [cell.strip() for cell in cells]
            if stripped not in ([], [""]):
                yield text.lines_before + reader.line_num, stripped
    except csv.Error as error:
        line = text.lines_before + reader.line_num
        raise DataError(
            f"{text.source}, line {line} cannot be read as CSV: {error}. Check the quotation marks "
            "in this line and the lines before it."
        ) from error


def end_of_rows(text: Text, *, is_whole: bool) -> int:
    """Return the end of the last complete non-blank row that later data cannot change.

    Rows of blank cells count only if other rows follow, and a quoted cell may continue on the next
    line.
    """
    data = text.data
    end = len(data)
    while end:
        start = data.rfind(b"\n", 0, end - 1) + 1
        is_blank = _is_blank(data[start:end].decode(), text)
        if text.has_quotes and (is_blank or not is_whole):
            return _end_of_quoted_rows(text, is_whole=is_whole)
        if not is_blank:
            break
        end = start
    return end


def _is_blank(line: str, text: Text) -> bool:
    """Return whether a line is a comment, or all its cells are blank."""
    bare = line.replace(text.delimiter or " ", " ").replace(text.quote, " ")
    return not bare.strip() or is_comment(line, text.delimiter)


def _end_of_quoted_rows(text: Text, *, is_whole: bool) -> int:
    """Find the row ends from the first row on, because a quoted cell may contain a line break."""
    last_line = text.lines_before
    try:
        for line, cells in rows(text, is_strict=False, is_whole=is_whole):
            if any(cells):
                last_line = line
    except MoreNeededError:
        pass
    return start_of_line(text.data, last_line - text.lines_before)


def start_of_line(data: bytes, line: int) -> int:
    """Return where a line begins, from 0, or the end of the data."""
    start = 0
    for _ in range(line):
        start = data.find(b"\n", start) + 1 or len(data)
    return start


def is_bare(text: Text) -> bool:
    """Return whether lines are only cells and delimiters, without quotes, comments and padding."""
    data, mark = text.data, (text.delimiter or " ").encode()
    if text.delimiter is None or b'"' in data or text.has_quotes or b"#" in data:
        return False
    possible = [s for s in _SPACES if s.isascii()] if data.isascii() else _SPACES
    spaces = tuple(space for space in possible if space != mark and space in data)
    pairs = (
        pair for space in spaces for end in (mark, b"\n") for pair in (end + space, space + end)
    )
    return not (data.startswith(spaces) or data.endswith(spaces) or any(p in data for p in pairs))


def _in_csv_form(
    text: Text, lines: Iterable[str], begins_row: Callable[[int], bool]
) -> Iterator[str]:
    """Replace comments by empty lines, and white space between cells by spaces."""
    for number, line in enumerate(lines, start=1):
        if begins_row(number) and is_comment(line, text.delimiter):
            yield "\n"
        elif text.delimiter is None:
            yield line.strip().replace("\t", " ") + "\n"
        else:
            yield line


def _more_needed() -> Iterator[str]:
    """Raise MoreNeededError when a line is requested."""
    yield from ()
    raise MoreNeededError


def _without_padding(text: Text) -> Iterable[str]:
    """Return lines without the spaces after closing quotes, which the csv module rejects."""
    end, quote = re.escape(text.delimiter or " "), text.quote
    padded = rf"{quote} +({end}|\n|\Z)".encode()
    if text.delimiter and text.has_quotes and re.search(padded, text.data):
        cell = rf"(?<![^{end}\n])( *{quote}[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+{quote})"
        found = re.sub(rf"{cell}(?: +(?={end}|\n|\Z))?", r"\1", text.data.decode())
        return io.StringIO(found)
    return io.TextIOWrapper(io.BytesIO(text.data), encoding="utf-8", newline="\n")
