from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorenet_cli.data.decoding import clean_lines, decode_chunks
from scorenet_cli.errors import DataError


def decoded(data: bytes, size: int) -> tuple[bytes, tuple[str, ...]]:
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    found, notes = decode_chunks(chunks, "s.csv")
    return b"".join(found), notes


@settings(max_examples=40)
@given(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["utf-8-sig", "utf-16"]),
    st.integers(1, 20),
)
def test_text_with_a_byte_order_mark_is_read_whatever_the_chunks(
    text: str, encoding: str, size: int
) -> None:
    data, notes = decoded(text.encode(encoding), size)
    assert data == text.encode()
    assert notes == (("the file is read as UTF-16.",) if encoding == "utf-16" else ())


def test_big_endian_utf_16_is_read() -> None:
    assert decoded(b"\xfe\xff" + "h,s\n".encode("utf-16-be"), 3)[0] == b"h,s\n"


def test_lines_that_are_not_utf_8_are_read_as_windows_1252() -> None:
    data, notes = clean_lines("Jos\u00e9;\u20ac\r\n5\r6\n".encode("cp1252"), "s.csv", 0)
    assert data == "Jos\u00e9;\u20ac\n5\n6\n".encode()
    assert notes == ("the file is not UTF-8: it is read as Windows-1252.",)


def test_what_no_encoding_reads_is_named_by_its_line() -> None:
    with pytest.raises(DataError, match=r"^s\.csv, line 12 is neither UTF-8 nor Windows-1252"):
        clean_lines(b"a\nb\x81\n", "s.csv", 10)
