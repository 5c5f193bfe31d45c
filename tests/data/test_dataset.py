from __future__ import annotations

import hashlib
import io
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorenet_cli.data.csv_table import Table, header, make_table, numbers, tables
from scorenet_cli.data.dataset import (
    Dataset,
    MissingName,
    check_scores,
    encode_rows,
    find_columns,
    name_columns,
    read_dataset,
    read_model_rows,
    read_table,
    read_tables,
)
from scorenet_cli.errors import DataError, FileError, OptionError


def table(text: str | bytes) -> Table:
    return make_table(text.encode() if isinstance(text, str) else text, "s.csv")


def read(
    text: str, features: Sequence[str] | None = None, targets: Sequence[str] | None = None
) -> Dataset:
    return read_dataset(table(text), features=features, targets=targets)


def refusal(text: str | bytes) -> str:
    with pytest.raises(DataError) as error:
        read_dataset(table(text))
    return str(error.value)


def test_columns_are_chosen_by_name_in_the_order_named() -> None:
    text = "a,b,c,d\n1,2,3,4\n5,6,7,8\n"
    answer = read(text, features=["d", "a"], targets=["c", "b"])
    assert (answer.features, answer.targets) == (("d", "a"), ("c", "b"))
    assert answer.inputs.tolist() == [[4, 1], [8, 5]]
    assert answer.scores.tolist() == [[3, 2], [7, 6]]
    assert read(text, targets=["a", " b "]).features == ("c", "d")


def test_without_a_header_columns_are_numbered_and_every_line_is_data() -> None:
    answer = read("1,2,3\n4,5,6\n", features=["column_3", "column_1"], targets=["column_2"])
    assert answer.inputs.tolist() == [[3, 1], [6, 4]]
    assert answer.scores.tolist() == [[2], [5]]


def test_a_file_without_a_header_may_have_a_column_of_text() -> None:
    found = table("ann,1,2\nbob,3,4\n")
    assert not found.has_header
    answer = read_dataset(found, features=["column_2"])
    assert answer.inputs.tolist() == [[1], [3]]


def test_a_file_is_read_with_its_fingerprint(tmp_path: Path) -> None:
    data = b"h,s\n1,2\n"
    (tmp_path / "a.csv").write_bytes(data)
    answer = read_dataset(read_table(str(tmp_path / "a.csv")))
    assert answer.source == str(tmp_path / "a.csv")
    assert answer.sha256 == hashlib.sha256(data).hexdigest()
    assert answer.inputs.tolist() == [[1]]


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"h,s\n1,2\n")))
    assert read_dataset(read_table("-")).source == "standard input"


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        read_table(str(tmp_path / "none.csv"))


# An unnamed first column


@pytest.mark.parametrize("start", [0, 1])
def test_an_unnamed_first_column_that_counts_the_rows_is_left_out(start: int) -> None:
    answer = read(f",h,s\n{start},7,8\n{start + 1},9,10\n")
    assert answer.features == ("h",)
    assert answer.inputs.tolist() == [[7], [9]]
    assert answer.notes == (
        "the first column has no name and is left out because it holds row numbers.",
    )


def test_notes_about_the_file_come_first() -> None:
    assert read(",h,h,s\n0,7,7,8\n1,9,9,10\n").notes == (
        "columns with the same name are renamed: 'h_2'.",
        "the first column has no name and is left out because it holds row numbers.",
    )


@pytest.mark.parametrize("column", [(2, 3), (0, 2), (1, 1), (0.5, 1.5), (1, 0)])
def test_an_unnamed_first_column_that_does_not_count_is_a_feature(
    column: tuple[float, float],
) -> None:
    answer = read(f",h,s\n{column[0]},7,8\n{column[1]},9,10\n")
    assert answer.features == ("column_1", "h")
    assert answer.inputs[:, 0].tolist() == list(column)
    assert answer.notes == ("the first column has no name; it is called column_1.",)


def test_an_unnamed_first_column_stays_where_it_is_the_only_feature() -> None:
    assert read(",s\n0,7\n1,8\n").features == ("column_1",)


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("i,h,s\n0,7,8\n1,9,10\n", ("i", "h")),
        ("h,,s\n7,0,8\n9,1,10\n", ("h", "column_2")),
        ("0,7,8\n1,9,10\n", ("column_1", "column_2")),
    ],
)
def test_other_columns_that_count_are_features_without_a_note(
    text: str, features: tuple[str, ...]
) -> None:
    answer = read(text)
    assert answer.features == features
    assert answer.notes == ()


def test_an_unnamed_column_can_be_asked_for() -> None:
    answer = read(",h,s\n0,7,8\n1,9,10\n", features=["column_1"])
    assert answer.inputs.tolist() == [[0], [1]]
    assert answer.notes == ()


# Cells that are refused


def test_a_bad_cell_where_no_other_column_would_do_is_to_be_fixed() -> None:
    assert refusal("h,s\n1,2\nann,3\n") == (
        "s.csv, line 3, column 'h': 'ann' is not a number. Fix the cell, or remove the line."
    )


def test_a_text_beside_a_blank_cell_is_no_header() -> None:
    assert refusal("h,s\n1,2\nx,\n2,3\n") == (
        "s.csv, line 3, column 'h': 'x' is not a number. Fix the cell, or remove the line."
    )


def test_a_decimal_comma_is_to_be_fixed_and_the_column_kept() -> None:
    assert refusal('h,g,s\n"1,5",2,3\n') == (
        "s.csv, line 2, column 'h': '1,5' is not a number (write decimals with a point). "
        "Fix the cell."
    )


def test_all_columns_with_a_bad_cell_are_named_at_once() -> None:
    assert refusal("a,b,c,s\n1,2,3,4\n1,x,3,4\ny,2,3,z\n1,2,3,4\n") == (
        "s.csv, line 3, column 'b': 'x' is not a number. Fix the cell, or remove the line.\n"
        "s.csv, line 4, column 'a': 'y' is not a number. Fix the cell, or remove the line.\n"
        "s.csv, line 4, column 's': 'z' is not a number. Fix the cell, or remove the line."
    )


def test_what_is_wrong_with_whole_columns_comes_before_cells() -> None:
    found = make_table(b"x,a,b,1\n2,a,b,3\n4,a,b,5\n", "s.csv", has_header=False)
    features = ["column_1", "column_2", "column_4"]
    with pytest.raises(DataError) as error:
        read_dataset(found, features=features, targets=["column_3"])
    assert str(error.value) == (
        "s.csv: 'column_2' cannot be a feature: it has the same text in every row ('a'). "
        "Leave it out of `features`.\n"
        "s.csv: 'column_3' cannot be the target: it has the same text in every row ('b'). "
        "Choose another `target` (numeric columns: 'column_4').\n"
        "s.csv, line 1, column 'column_1': 'x' is not a number. Fix the cell, or remove the line."
    )
    with pytest.raises(DataError) as error:
        read("a,b\nx,y\nz,y\n", targets=["b"])
    assert str(error.value) == (
        "s.csv: 'b' cannot be the target: it has the same text in every row ('y'). "
        "Choose another `target`."
    )


def test_why_no_column_is_a_feature_is_said() -> None:
    assert refusal("a,b,c\nx,y,z\nx,y,z\n") == (
        "s.csv: there is no feature column besides the target, 'c'. "
        "Column 'a': left out because it has the same text in every row ('x'). "
        "Column 'b': left out because it has the same text in every row ('y'). "
        "Add a feature column, or choose one with `features`."
    )


def test_one_column_is_not_enough() -> None:
    assert refusal("h\n1\n2\n") == (
        "s.csv: there is no feature column besides the target, 'h'. Give at least one feature "
        "column, e.g. hours, and a score column, separated by commas, semicolons or tabs."
    )


def test_columns_of_the_same_name_are_told_apart() -> None:
    answer = read("h,s,h,h_2,s,h\n1,2,3,4,5,6\n", features=["h", "h_2", "h_3", "s"])
    assert answer.inputs.tolist() == [[1, 4, 3, 2]]
    assert answer.targets == ("h_4",)
    assert answer.notes == ("columns with the same name are renamed: 'h_3', 's_2', 'h_4'.",)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("h,s,\n1,2,\n3,4, \n", "3"),
        ("1,2,\n3,4,\n", "3"),
        (",h,,s,\n,1,,2,\n,3,,4,\n", "1, 3, 5"),
        ("|h|s|\n|1|2|\n|3|4|\n", "1, 4"),
    ],
)
def test_empty_columns_without_a_name_are_passed_over(text: str, columns: str) -> None:
    answer = read(text)
    assert answer.inputs.tolist() == [[1], [3]]
    assert answer.scores.tolist() == [[2], [4]]
    assert answer.notes == (
        f"empty columns without a name are skipped (column numbers: {columns}).",
    )


def test_a_column_without_a_name_that_holds_a_value_is_not_passed_over() -> None:
    answer = read("h,s,\n1,2,\n3,4,5\n")
    assert (answer.targets, answer.scores.tolist()) == (("column_3",), [[5]])
    assert answer.notes == ("1 row left out: no value for 'column_3'.",)


def test_a_line_that_ends_before_a_column_without_a_name_is_refused() -> None:
    assert refusal("h,s,\n1,2\n3,4,\n") == (
        "s.csv, line 2 has 2 cells; expected 3 ('h', 's', 'column_3'). Fix the line."
    )


def test_commas_do_not_mark_decimals_where_they_separate_cells() -> None:
    answer = read('n,h,s\n"37,5",1.110,1\n"2",NA,2\n"3",690,3\n', features=["h"])
    assert answer.inputs.tolist() == [[1.11], [690]]


# Columns by name


def test_a_column_that_is_not_there_is_a_mistake_on_the_command_line() -> None:
    with pytest.raises(OptionError) as error:
        read("hours,score\n1,2\n", targets=["scroe"])
    assert str(error.value) == (
        "`target`: there is no column 'scroe' in s.csv. Did you mean 'score'? "
        "The columns of s.csv are: 'hours', 'score'."
    )
    message = "there is no column 'x' in s.csv. The columns of s.csv are: 'hours', 'score'."
    for option in ("features", "ignore"):
        with pytest.raises(OptionError) as error:
            read_dataset(table("hours,score\n1,2\n"), **{option: ["x"]})  # type: ignore[arg-type]
        assert str(error.value) == f"`{option}`: {message}"


@pytest.mark.parametrize(
    ("features", "targets", "message"),
    [
        (["a", "a"], None, "`features` names column 'a' twice."),
        (None, ["b", "b "], "`target` names column 'b' twice."),
        (
            ["a", "b"],
            ["b"],
            "column 'b' is both a target and a feature. Leave it out of `features`.",
        ),
    ],
)
def test_a_column_has_one_part_to_play(
    features: list[str] | None, targets: list[str] | None, message: str
) -> None:
    with pytest.raises(OptionError) as error:
        read("a,b,s\n1,2,3\n", features, targets)
    assert str(error.value) == message


def test_an_empty_column_without_a_name_cannot_be_the_target() -> None:
    with pytest.raises(DataError, match="'column_3' cannot be the target: it has no values"):
        read("a,b,\n1,2,\n", targets=["column_3"])


def test_find_columns_gives_positions_in_the_order_asked() -> None:
    assert find_columns(table("a,b,c\n1,2,3\n"), ["c", " a "], "target") == [2, 0]


def test_a_model_finds_its_columns_by_name() -> None:
    found = table("s,b,a,n\n1,2,3,x\n4,5,6,y\n")
    columns = find_columns(found, ["a", "b"])
    assert numbers(found, columns).tolist() == [[3, 2], [6, 5]]
    with pytest.raises(DataError) as error:
        find_columns(found, ["a", "c"])
    assert str(error.value) == (
        "s.csv: there is no column 'c', which the model needs. "
        "The columns of s.csv are: 's', 'b', 'a', 'n'."
    )
    with pytest.raises(DataError) as error:
        find_columns(found, ["a", "a "])
    assert str(error.value) == (
        "the model names column 'a' twice. Rename one of them in the model file."
    )


@pytest.mark.parametrize("name", ["Jose\u0301", "Jos\u00e9", " Jos\u00e9 "])
def test_names_match_in_any_unicode_normalization(name: str) -> None:
    for found in (table("h,Jose\u0301\n1,2\n"), table("h,Jos\u00e9\n1,2\n")):
        assert find_columns(found, [name]) == [1]
        assert read_dataset(found, targets=[name]).scores.tolist() == [[2]]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Hours ", "Hours"), ("HOURS", "HOURS"), ("ho\u200burs", "hours"), ("hours \u200b", "hours ")],
)
def test_names_that_differ_in_case_or_spaces_match_with_a_note(name: str, shown: str) -> None:
    first, second = (
        name_columns(block, ["hours", "g"], ["s"])
        for block in tables([f"{name},g\n1,2\n".encode(), b"3,4\n"], "s.csv")
    )
    for found in (first, second):
        assert find_columns(found, ["hours", "g"]) == [0, 1]
    (note,) = first.notes
    assert note == (
        f"column '{shown}' is used as 'hours': the names differ only in case, spaces or invisible "
        "characters."
    )
    assert second.notes == ()
    assert header(first, ["p"]) == f"{name.strip()},g,p\n"


def test_a_name_that_several_columns_resemble_is_none_of_them() -> None:
    found = name_columns(table("Hours,HOURS\n1,2\n"), ["hours"], ["s"])
    with pytest.raises(DataError, match="no column 'hours', which the model needs"):
        find_columns(found, ["hours"])
    assert found.notes == ()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1,2\n3,4\n", ("h", "g")),
        ("1,2,3\n4,5,6\n", ("h", "g", "s")),
        (",1,2,\n,4,5,\n", ("column_1", "h", "g", "column_4")),
        ("g,h\n1,2\n", ("g", "h")),
        ("x,y,z,h\n1,2,3,4\n", ("x", "y", "z", "h")),
    ],
)
def test_columns_without_a_header_take_the_model_s_names(text: str, names: tuple[str, ...]) -> None:
    assert name_columns(table(text), ["h", "g"], ["s"]).names == names


def test_a_model_of_numbered_columns_takes_any_file_that_has_them() -> None:
    found = table("1,2,3,4\n")
    assert name_columns(found, ["column_4"], ["column_1"]).names == found.names


@pytest.mark.parametrize("text", ["1\n2\n", "1,2,3,4\n"])
def test_other_widths_without_a_header_are_refused(text: str) -> None:
    width = text.count(",") + 1
    with pytest.raises(DataError) as error:
        name_columns(table(text), ["h", "g"], ["s"])
    assert str(error.value) == (
        f"s.csv has no header, and its number of columns is {width}; the model needs 2: 'h', 'g'. "
        "Give these columns in this order, or add a header."
    )


def test_no_columns_are_cut_off_a_wider_file_than_a_model_of_all_columns_had() -> None:
    for text in ("1,2\n", "1,2,3\n"):
        found = name_columns(table(text), ["column_1", "column_2"], ["column_3"])
        assert len(found.names) == text.count(",") + 1
    with pytest.raises(DataError) as error:
        name_columns(table("1,2,3,4\n"), ["column_1", "column_2"], ["column_3"])
    assert str(error.value).startswith("s.csv has no header, and its number of columns is 4; ")


def test_numbered_columns_of_a_model_are_found_by_number() -> None:
    found = table("1,2\n")
    assert name_columns(found, ["column_2", "column_1"], ["s"]).names == found.names


def test_a_model_whose_target_is_called_like_a_feature_reads_the_feature() -> None:
    assert find_columns(name_columns(table("1,2\n"), ["s"], ["s"]), ["s"]) == [0]


def test_a_table_without_a_header_gets_the_model_s_names() -> None:
    found = name_columns(table("1,2\n3,4\n"), ["h", "g"], ["s"])
    assert header(found, ["p, s", "p_t"]) == 'h,g,"p, s",p_t\n'


# Scores


def checked(text: str, most: Sequence[float] = (100,), hint: str | None = None) -> str:
    found = table(text)
    targets = found.names[-len(most) :]
    answer = read_dataset(found, targets=targets)
    with pytest.raises(DataError) as error:
        check_scores(found, answer, np.array(most, dtype=np.float64), hint=hint)
    return str(error.value)


def test_scores_from_nothing_to_the_best_are_right() -> None:
    found = table("h,s\n1,0\n2,100\n3,-0.0\n")
    check_scores(found, read_dataset(found), np.array([100.0]))


def test_a_score_that_is_too_high_is_named_with_the_option_that_helps() -> None:
    assert checked("h,s\n1,50\n\n2,120\n3,150.5\n") == (
        "s.csv, line 4, column 's': the score 120 is not between 0 and 100. "
        "Set the highest possible score with `max_score=150.5`, or allow scores of any size with "
        "`output_activation=linear`."
    )


def test_another_hint_may_stand_in_its_place() -> None:
    assert checked("h,s\n1,11\n", most=[10], hint="Ask the model.") == (
        "s.csv, line 2, column 's': the score 11 is not between 0 and 10. Ask the model."
    )


def test_a_negative_score_is_named_and_needs_a_linear_output() -> None:
    assert checked("h,s\n1,2\n2,-0.5\n", hint="Ask the model.") == (
        "s.csv, line 3, column 's': the score -0.5 is not between 0 and 100. "
        "A score below 0 needs a model trained with `output_activation=linear`."
    )


def test_every_target_has_a_best_score_of_its_own() -> None:
    text = "h,s,t\n1,90,5\n2,50,20\n"
    assert checked(text, most=[100, 10]) == (
        "s.csv, line 3, column 't': the score 20 is not between 0 and 10. "
        "Set the highest possible score with `max_score=100` `max_score=20`, or allow scores of "
        "any size with `output_activation=linear`."
    )
    assert "`max_score=90` `max_score=20`" in checked(text, most=[80, 10])


def test_rows_left_out_count_in_the_line_of_a_score() -> None:
    assert checked("h,s\n,50\n1,50\n2,120\n").startswith("s.csv, line 4, column 's': ")


def test_the_hint_is_about_the_score_that_is_named() -> None:
    message = checked("h,s\n1,500\n2,-1\n")
    assert ("the score -1 " in message) == ("below 0" in message)


@settings(max_examples=40)
@given(st.floats(min_value=math.nextafter(100, 101), max_value=1e300))
def test_the_best_score_that_the_hint_names_is_enough(score: float) -> None:
    text = f"h,s\n1,50\n2,{score!r}\n"
    found = table(text)
    most = float(checked(text).split("`max_score=")[1].partition("`")[0])
    check_scores(found, read_dataset(found), np.array([most]))


def test_a_score_too_high_below_one_is_not_taken_for_a_negative_one() -> None:
    assert "`max_score=0.7`" in checked("h,s\n1,0.7\n", most=[0.5])


# Parts of it


def test_rows_are_taken_by_position() -> None:
    answer = read("h,s\n1,10\n2,20\n3,30\n").take(np.array([2, 0]))
    assert (answer.inputs.tolist(), answer.scores.tolist()) == ([[3], [1]], [[30], [10]])
    assert (answer.source, answer.features) == ("s.csv", ("h",))
    found = read_dataset(table("h,s\n1,1\n,2\n3,\n4,4\n"), missing="fill")
    assert found.take(np.array([2, 0])).positions == pytest.approx([3, 0])
    assert found.take(np.array([1, 2])).fill_from(np.array([1])).inputs.tolist() == [[4], [4]]


def test_columns_that_were_read_side_by_side_are_not_copied() -> None:
    answer = read("a,b,c,s\n1,2,3,4\n5,6,7,8\n", features=["b", "c"])
    assert answer.inputs.tolist() == [[2, 3], [6, 7]]
    assert answer.inputs.base is answer.scores.base is not None


def test_a_file_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scorenet_cli.data.dataset.CHUNK", 8)
    path = tmp_path / "r.csv"
    path.write_text("h,s\n1,2\n3,4\n5,6\n7,x\n")
    *good, bad = read_tables(str(path))
    assert [numbers(block, [0, 1]).tolist() for block in good] == [[[1, 2]], [[3, 4], [5, 6]]]
    with pytest.raises(DataError, match=rf"^{re.escape(str(path))}, line 5, column 's': 'x'"):
        numbers(bad, [0, 1])


def test_a_header_stays_as_it_is_and_a_model_s_names_are_made_printable() -> None:
    found = table("a\x1b,b\n1,2\n")
    assert header(found, ["p\x1b"]) == "a\x1b,b,p\n"
    named = name_columns(table("1,2\n"), ["h\x1b", "g"], ["s"])
    assert header(named, []) == "h,g\n"


def test_missing_cells_are_filled_from_chosen_rows_alone() -> None:
    found = read_dataset(table("h,g,s\n1,,1\n3,,2\n,5,3\n8,6,4\n"), missing="fill")
    assert found.inputs.tolist() == [[1, 5.5], [3, 5.5], [4, 5], [8, 6]]
    again = found.fill_from(np.array([0, 1]))
    assert again.inputs.tolist() == [[1, 5.5], [3, 5.5], [2, 5], [8, 6]]
    assert again.fill == {"h": 2, "g": 5.5}  # no chosen row has a g
    whole = read("h,s\n1,2\n3,4\n")
    assert whole.fill_from(np.array([0])) is whole


def test_a_column_without_a_value_where_there_is_a_score_is_named() -> None:
    with pytest.raises(DataError) as error:
        read_dataset(table("h,g,s\n1,2,\n3,,2\n4,,3\n"), missing="fill")
    assert str(error.value) == (
        "s.csv: no value for 'g' in the rows that have a value for 's'. "
        "Leave such columns out with `ignore`."
    )
    with pytest.raises(DataError) as error:
        read("h,s,t\n1,2,\n3,,4\n", targets=["s", "t"])
    assert str(error.value) == ("s.csv: no row has a value for 's', 't'. Choose another `target`.")


# Towns, numbers and scores with gaps.
GAPS = "town,h,s\nRom,1,1\nBern,2,2\nWien,,3\n,4,4\nRom,5,\nRom,6,6\n"


def test_what_is_done_about_missing_cells_is_said() -> None:
    found = {missing: read_dataset(table(GAPS), missing=missing) for missing in ("skip", "fill")}
    about = "column 'town': 3 categories, one input each: 'Bern', 'Rom', 'Wien'."
    left_out = "1 row left out: no value for 's'."
    cells = "2 rows left out: cells are missing ('town': 1, 'h': 1)."
    assert found["skip"].notes == (about, left_out, cells)
    *notes, cells = found["fill"].notes
    assert notes == [about, left_out]
    assert cells == (
        "missing cells are filled with the column's mean or, in a column of three or more "
        "categories, with 0 in each of the column's inputs ('town': 1, 'h': 1)."
    )
    with pytest.raises(DataError) as error:
        read_dataset(table(GAPS), missing="refuse")
    assert str(error.value) == (
        "s.csv, line 4, column 'h': the cell has no value. Fill it in, or choose `missing=skip` or "
        "`missing=fill`."
    )


# Rows for a model

TOWNS = ("Bern", "Rom", "Wien")


def model_rows(text: str, missing: MissingName, fill: Mapping[str, float]) -> Dataset:
    return read_model_rows(
        table(text),
        ["town", "h"],
        ["s"],
        categories={"town": TOWNS},
        classes={},
        fill=fill,
        missing=missing,
    )


def test_a_model_s_rows_are_filled_by_its_own_values_or_left_out() -> None:
    fill = {"town": 0.0, "h": 9.0}
    found = model_rows(f"# Towns\n{GAPS}", "skip", fill)
    assert found.inputs.tolist() == [
        [0, 1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 9], [0, 0, 0, 4], [0, 1, 0, 6],
    ]  # fmt: skip
    comments = "lines that start with # are skipped."
    assert found.notes == (comments, "1 row left out: no value for 's'.")
    assert (found.categories, found.classes, found.fill) == ({"town": TOWNS}, {}, fill)
    for missing in ("skip", "fill"):
        found = model_rows(GAPS, missing, {})
        assert found.inputs[:, -1].tolist() == [1, 2, 6]
        assert found.notes[-1] == "2 rows left out: cells are missing ('town': 1, 'h': 1)."
    with pytest.raises(DataError, match=r"^s\.csv, line 4, column 'h': the cell has no value"):
        model_rows(GAPS, "refuse", fill)


def test_a_model_s_classes_are_its_outputs() -> None:
    found = read_model_rows(
        table(GAPS),
        ["h"],
        ["town"],
        categories={},
        classes={"town": TOWNS},
        fill={},
        missing="skip",
    )
    assert found.output_names == ("town=Bern", "town=Rom", "town=Wien")
    assert found.scores.tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]]


def test_the_first_unknown_text_is_named_with_all_that_are_known() -> None:
    towns = tuple(f"t{n:02}" for n in range(20))
    found = table("a,town,s\nx,t01,1\ny,Oslo,2\nz,Riga,3\n")
    names, of = ["town", "a"], {"town": towns, "a": ("x", "y")}
    with pytest.raises(DataError) as error:
        read_model_rows(found, names, ["s"], categories=of, classes={}, fill={}, missing="skip")
    assert str(error.value) == (
        "s.csv, line 3, column 'town': 'Oslo' does not occur in the training data; expected one of "
        f"{', '.join(map(repr, towns))}. Fix the cell."
    )
    found = table("a,town,s\nx,Oslo,1\nw,t01,2\nz,Riga,3\n")
    _, unknown = encode_rows(found, names, of)
    assert [(each.row, each.column, each.text) for each in unknown] == [
        (0, "town", "Oslo"), (1, "a", "w"), (2, "town", "Riga"), (2, "a", "z"),
    ]  # fmt: skip


def test_a_mean_whose_sum_is_no_float_fills() -> None:
    found = read_dataset(table("h,s\n1.2e308,1\n1.6e308,2\n,3\n"), missing="fill")
    assert found.fill == {"h": pytest.approx(1.4e308)}
    tiny = read_dataset(table("h,s\n1e-320,1\n3e-320,2\n,3\n"), missing="fill")
    assert tiny.fill == {"h": pytest.approx(2e-320)}


def test_a_target_that_is_not_the_last_column_is_said() -> None:
    rows = "".join(f"{n % 7},{n % 5},about {n}\n" for n in range(30))
    answer = read(f"x,z,price\n{rows}")
    assert answer.targets == ("z",)
    assert answer.notes[0] == (
        "the target is 'z', the last column that can be a target. Choose another with `target`."
    )
    assert not any("the target is" in note for note in read("x,z\n1,2\n3,4\n").notes)


@pytest.mark.parametrize(
    ("text", "has_header", "line", "advice"),
    [
        ("My,title\nBy me,\nvisits,sales\n1,2\n", True, 3, "remove the lines before it"),
        ("My,title\nvisits,sales\n1,2\n", True, 2, "remove the lines before it"),
        ("1,2\nvisits,sales\n3,4\n", False, 2, "remove the lines before it"),
        ("visits,sales\n1,2\n3,4\n", False, 1, "leave out `header=False`"),
    ],
)
def test_a_header_among_the_rows_is_told_from_a_bad_cell(
    text: str, has_header: bool, line: int, advice: str
) -> None:
    found = make_table(text.encode(), "s.csv", has_header=has_header)
    with pytest.raises(DataError) as error:
        read_dataset(found)
    assert str(error.value).endswith(
        f"s.csv, line {line}, column '{found.names[1]}': 'sales' is not a number. "
        f"If this line is the header, {advice}."
    )
