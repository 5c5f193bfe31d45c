from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorenet_cli.errors import ModelError
from scorenet_cli.model.json_text import dump, parse

FINITE = st.integers(-(2**80), 2**80) | st.floats(allow_nan=False, allow_infinity=False)
SPACE = st.sampled_from(["", " ", "\n\t", "\r\n  "])
JSON = st.recursive(
    st.none() | st.booleans() | FINITE | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def both(text: str) -> tuple[object, object]:
    """What comes of the text as weights, and under another key, as plain JSON."""
    found = []
    for key in ("weights", "Weights"):
        try:
            value = parse(f'{{"{key}": {text}, "more": [1]}}')[key]
        except json.JSONDecodeError as error:
            found.append((error.msg, error.pos))
        else:
            found.append(value.tolist() if isinstance(value, np.ndarray) else value)
    return found[0], found[1]


@given(st.data(), st.integers(1, 4), st.integers(1, 4), SPACE)
def test_weights_are_an_array_of_what_json_reads(
    data: st.DataObject, rows: int, columns: int, space: str
) -> None:
    matrix = data.draw(
        st.lists(st.lists(FINITE, min_size=columns, max_size=columns), min_size=rows, max_size=rows)
    )
    text = f"{space},{space}".join(json.dumps(row) for row in matrix)
    weights = parse(f'{{"weights"{space}:{space}[{space}{text}{space}]{space}, "bias": [1]}}')[
        "weights"
    ]
    assert isinstance(weights, np.ndarray)
    assert weights.dtype == np.float64
    assert np.array_equal(weights, np.array(matrix, dtype=np.float64))


def test_a_large_matrix_is_read_in_order() -> None:
    matrix = np.random.default_rng(1).standard_normal((5000, 7))
    text = json.dumps({"weights": matrix.tolist(), "more": [0] * 10_000})
    weights = parse(text)["weights"]
    assert isinstance(weights, np.ndarray)
    assert np.array_equal(weights, matrix)


def test_rows_longer_than_a_piece_are_read_as_an_array_with_a_line_s_end_behind_them() -> None:
    matrix = np.random.default_rng(1).standard_normal((3, 900))
    weights = parse(dump({"weights": matrix.tolist()}))["weights"]
    assert isinstance(weights, np.ndarray)
    assert np.array_equal(weights, matrix)


@given(st.text('[],1-0.eE+ NaN"{}:tru', max_size=12).map("[[1],{}]".format))
def test_what_is_no_matrix_is_read_or_refused_as_json_does(text: str) -> None:
    weights, others = both(text)
    assert weights == others or weights == np.array(others, dtype=np.float64).tolist()


@pytest.mark.parametrize(
    "body",
    ["]", "[]", "[1],", ",[1]", "1[2]", "1[]", "[]1", "[1,]2", "1[,2]", "[1][2]", "[[1]]", "[1]]"],
)
def test_what_is_almost_a_matrix_is_read_or_refused_as_json_does(body: str) -> None:
    weights, others = both(f"[{body}]")
    assert weights == others


@pytest.mark.parametrize(
    "rest",
    ["[1]", ",, [1]", ", [1, 2]", ", []", ", 1", ", [true]", ", [NaN]", ", [01]", ", [1.]", "]"],
)
def test_a_fault_far_down_a_large_matrix_is_found(rest: str) -> None:
    weights, others = both("[" + ", ".join(["[0.123456789]"] * 5000) + rest + "]")
    assert weights == others


@pytest.mark.parametrize("rest", ["[1]", " 1", "1"])
def test_a_comma_missing_after_a_long_row_is_found(rest: str) -> None:
    weights, others = both(f"[[{'0, ' * 5000}0]{rest}]")
    assert weights == others


@given(JSON)
def test_what_is_laid_out_reads_as_it_was(value: object) -> None:
    assert parse(dump([value])) == [value]


def test_a_matrix_has_a_row_a_line() -> None:
    assert dump({"a": [[1, 2], [3, 4]], "b": []}) == (
        '{\n "a": [\n  [1, 2],\n  [3, 4]\n ],\n "b": []\n}'
    )


def test_a_key_that_appears_twice_is_refused() -> None:
    with pytest.raises(ModelError, match=r"^the key 'b' appears twice\.$"):
        parse('{"a": [{"b": 1, "c": 2, "b": 1}]}')


@pytest.mark.parametrize("shape", [(30_000, 1), (1, 30_000), (170, 170)])
def test_reading_weights_takes_no_more_than_their_text(shape: tuple[int, int]) -> None:
    text = json.dumps({"weights": np.random.default_rng(1).random(shape).tolist()})
    tracemalloc.start()
    try:
        parse(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < (6 if shape[0] == 1 else 2) * len(text)
