"""The bytes of a CSV file to UTF-8 text whose lines end with a line feed."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

from scorenet_cli.errors import DataError

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# First bytes of file types that are often given instead of a CSV.
_OTHER_FILES = {
    b"PK\x03\x04": "a spreadsheet or a zip file, not CSV. Save the table as CSV first.",
    b"\xd0\xcf\x11\xe0": "a spreadsheet, not CSV. Save the table as CSV first.",
    b"\x1f\x8b": "compressed (gzip). Unpack it first: gunzip FILE",
}
_LONGEST = max(map(len, _OTHER_FILES))


def decode_chunks(chunks: Iterable[bytes], source: str) -> tuple[Iterator[bytes], tuple[str, ...]]:
    """Remove the byte order mark, and convert UTF-16 to UTF-8; also return notes.

    Raises DataError for a file of another kind.
    """
    rest = iter(chunks)
    start = b""
    while len(start) < _LONGEST and (chunk := next(rest, None)) is not None:
        start += chunk
    for mark, kind in _OTHER_FILES.items():
        if start.startswith(mark):
            raise DataError(f"{source} is {kind}")
    if start.startswith(_UTF_16_MARKS):
        return _from_utf_16(chain([start], rest), source), ("the file is read as UTF-16.",)
    return chain([start.removeprefix(codecs.BOM_UTF8)], rest), ()


def clean_lines(data: bytes, source: str, lines_before: int) -> tuple[bytes, tuple[str, ...]]:
    """Return whole lines as UTF-8, each ending with a line feed, and notes.

    Lines that are not UTF-8 are read as Windows-1252. Raises DataError if the data are not text.
    """
    if b"\0" in data:
        raise DataError(f"{source} is not a text file. Save the table as CSV first.")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        data.isascii() or data.decode()
    except UnicodeDecodeError:
        lines = enumerate(data.split(b"\n"), start=lines_before + 1)
        decoded = "\n".join(_decode_line(line, source, number) for number, line in lines)
        return decoded.encode(), ("the file is not UTF-8: it is read as Windows-1252.",)
    return data, ()


def _from_utf_16(chunks: Iterable[bytes], source: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-16")()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode()
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise DataError(f"{source} is damaged UTF-16 text. Save the file as UTF-8.") from error


def _decode_line(line: bytes, source: str, number: int) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            pass
    raise DataError(
        f"{source}, line {number} is neither UTF-8 nor Windows-1252 text. Save the file as UTF-8."
    )
