from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest
from support import Invoke, one_message


def test_without_values_it_is_the_worked_example(invoke: Invoke) -> None:
    text = invoke("forward-trace").stdout
    for figure in (
        "7.6",
        "3.9",
        "6.5",
        "0.8567467964",
        "1.79832",
        ".8579443067",
        "A sigmoid never reaches 1",
    ):
        assert figure in text


def test_the_worked_examples_json(invoke: Invoke) -> None:
    answer = json.loads(invoke("forward-trace", "--json").stdout)
    assert list(answer) == [
        *("inputs", "layers", "outputs", "scores", "outside_training_range", "document"),
        "warnings",
    ]
    assert answer["inputs"][1] == {"name": "hours_slept", "value": 9, "scaled": 9}
    hidden, output = answer["layers"]
    assert hidden["name"] == "hidden"
    first = hidden["neurons"][0]
    assert list(first) == ["name", "terms", "bias", "sum", "activation", "output"]
    assert first["terms"][1] == {
        "from": "hours_slept",
        "value": 9,
        "weight": 0.8,
        "product": 9 * 0.8,
    }
    assert output["neurons"][0]["output"] == answer["outputs"][0] == 0.8567467964249273
    assert answer["scores"] == [pytest.approx(85.67467964249273)]
    figures = {(f["neuron"], f["what"]): f for f in answer["document"]["figures"]}
    assert figures["h2", "output"]["printed"] == "1.000"
    assert figures["score", "output"]["printed"] == ".8579443067"


def test_values_trace_the_saved_model_in_its_units(invoke: Invoke) -> None:
    invoke("train", "--epochs", 20_000, "--quiet")
    result = invoke("forward-trace", 2, 8, "--json")
    answer = json.loads(result.stdout)
    assert "document" not in answer
    assert [entry["scaled"] for entry in answer["inputs"]] == [2 / 3, 8 / 9]
    predicted = invoke("predict", 2, 8, "--precision", 17).stdout
    assert answer["scores"] == [float(predicted)]
    text = invoke("forward-trace", 2, 8, "--precision", 4).stdout
    assert f"{answer['scores'][0]:.4f}" in text
    assert "hours_studied" in text


def test_values_with_the_worked_example_use_the_documents_weights_unscaled(invoke: Invoke) -> None:
    answer = json.loads(invoke("forward-trace", 1, -1, "--worked-example", "--json").stdout)
    sums = [neuron["sum"] for neuron in answer["layers"][0]["neurons"]]
    assert sums == pytest.approx([0.2 - 0.8, 0.6 - 0.3, 0.1 - 0.7])
    assert "document" not in answer


def test_a_hand_written_model_with_biases_and_two_outputs(invoke: Invoke) -> None:
    model = {
        "format": "scorenet-model",
        "version": 1,
        "features": ["i1", "i2"],
        "targets": ["o1", "o2"],
        "layers": [
            {"weights": [[0.15, 0.25], [0.2, 0.3]], "bias": [0.35, 0.35], "activation": "sigmoid"},
            {"weights": [[0.4, 0.5], [0.45, 0.55]], "bias": [0.6, 0.6], "activation": "sigmoid"},
        ],
    }
    Path("m.json").write_text(json.dumps(model), encoding="utf-8")
    text = invoke("forward-trace", 0.05, 0.1, "--model", "m.json").stdout
    for figure in ("0.3775", "0.5932699921", "1.1059059671", "0.7513650696", "0.7729284653"):
        assert figure in text


def test_a_table_in_a_pipe_is_never_cut(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    long_name = "hours " + "x" * 150
    layer = {"weights": [[0.123456789012]]}
    (tmp_path / "m.json").write_text(
        json.dumps(
            {
                "format": "scorenet-model",
                "version": 1,
                "features": [long_name],
                "targets": ["y"],
                "layers": [layer],
            }
        ),
        encoding="utf-8",
    )
    result = invoke("forward-trace", 1, "--model", "m.json")
    (row,) = [line for line in result.stdout.splitlines() if "0.1234567890  " in line]
    assert row.split()[-4:] == ["x" * 150, "1", "0.1234567890", "0.1234567890"]


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["1"], 1, "there is no model"),
        (["1", "--worked-example"], 2, "expected 2 values"),
        (["--model", "m.json"], 2, "--model has no effect with the worked example"),
        (["1", "x", "--worked-example"], 2, "'x' is not a number"),
        (["--sav", "x.svg"], 2, "no option '--sav'. Did you mean '--save'?"),
        (["--save", "net.png"], 2, "name ending in .svg, .html or .txt; got 'net.png'"),
        (["--save", "no/net.svg"], 1, "there is no folder"),
        (["1", "2", "--model", "m.svg", "--save", "m.svg"], 2, "would overwrite the model"),
        (["1", "2", "--model", "wide.json", "--save", "n.svg"], 2, "Save a page (.html) instead"),
    ],
)
def test_what_is_at_fault_is_named_once(
    invoke: Invoke, words: list[str], status: int, expected: str
) -> None:
    wide = {"weights": [[0.5] * 33] * 2}, {"weights": [[0.5]] * 33}
    model = {"format": "scorenet-model", "version": 1, "features": ["a", "b"], "targets": ["y"]}
    Path("wide.json").write_text(json.dumps(model | {"layers": wide}), encoding="utf-8")
    result = invoke("forward-trace", *words)
    assert expected in one_message(result)
    assert result.exit_code == status


def test_the_picture_is_saved_beside_the_tables(invoke: Invoke) -> None:
    result = invoke("forward-trace", "--save", "net.svg")
    assert result.stdout == invoke("forward-trace").stdout
    assert result.stderr == "Saved net.svg.\n"
    picture = Path("net.svg").read_text(encoding="utf-8")
    for figure in ("hours_studied", "7.6", "0.9995", "0.8567", "85.6747"):
        assert f">{figure}<" in picture or f">predicts {figure}<" in picture
    invoke("forward-trace", "--precision", 7, "--save", "NET.SVG", "--json")
    assert ">0.8567468<" in Path("NET.SVG").read_text(encoding="utf-8")


def test_pages_are_saved_as_they_look_and_need_nothing_else(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("forward-trace", "--precision", 10, "--save", "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<title>The document&#x27;s worked example - scorenet forward-trace</title>" in page
    assert "://" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "src=" not in page
    assert "<figure><svg" in page
    words = html.unescape(re.sub(r"<[^>]+>", " ", page.partition("</figure>")[2])).split()
    below = result.stdout.removeprefix("The document's worked example\n")
    assert words == [word for word in below.split() if "─" not in word]
    answer = invoke("forward-trace", "--precision", 10, "--save", "page.txt", "--json")
    assert json.loads(answer.stdout)
    saved = (tmp_path / "page.txt").read_text(encoding="utf-8")
    assert saved == result.stdout


def test_a_network_too_large_for_a_picture_is_saved_without_one(invoke: Invoke) -> None:
    invoke("train", "--hidden", 33, "--epochs", 0, "--quiet")
    result = invoke("forward-trace", 4, 8, "--save", "page.html")
    assert "Note: the network is too large for a picture" in result.stderr
    assert "<figure>" not in Path("page.html").read_text(encoding="utf-8")


def test_a_sheet_to_fill_in_and_sentences_of_why(invoke: Invoke) -> None:
    sheet = invoke("forward-trace", "--blank").stdout
    assert "hours_studied      2     0.2     ____" in sheet
    assert "h1        ____     0.4     ____" in sheet
    assert not re.search(r"7\.6|0\.99|\.8567|1\.000", sheet)
    explained = invoke("forward-trace", "--explain").stdout
    plain = invoke("forward-trace").stdout
    added = set(explained.splitlines()) - set(plain.splitlines())
    assert len(added) == 3  # values, hidden layer, output layer
    invoke("train", "--epochs", 3)
    page = invoke("forward-trace", 2, 8, "--explain", "--blank").stdout
    assert "Scaling gives all inputs a similar size" in page
    assert "Scaling is undone" in page
    assert "score  ____" in page
    invoke("forward-trace", 2, 8, "--blank", "--save", "sheet.svg")
    assert "predicts ____" in Path("sheet.svg").read_text(encoding="utf-8")
    for option in ("--blank", "--explain"):
        result = invoke("forward-trace", option, "--json")
        assert f"{option} has no effect with --json" in one_message(result)


def test_what_cannot_be_saved_leaves_what_was_there(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "net.svg").mkdir()
    assert "is a folder" in one_message(invoke("forward-trace", "--save", "net.svg"))


def test_values_outside_the_training_range_are_named(invoke: Invoke) -> None:
    invoke("train", "--epochs", 3)
    result = invoke("forward-trace", 4, 8, "--json")
    assert json.loads(result.stdout)["outside_training_range"] == ["hours_studied"]
    assert "'hours_studied' = 4 is outside the training range 1 to 3" in result.stderr
    assert "Model scorenet.json" in invoke("forward-trace", 2, 8).stdout


def test_the_documents_own_scaling_tells_the_story_of_its_answer(invoke: Invoke) -> None:
    invoke("train", "--epochs", 3)
    page = " ".join(invoke("forward-trace", 4, 8, "--scaling", "own").stdout.split())
    assert "The document printed .91882413" in page
    assert "[40, 80] gives the same output" in page
    assert ".91882413" not in invoke("forward-trace", 4, 8).stdout
    assert ".91882413" in invoke("predict", 4, 8, "--scaling", "own").stderr


def test_weights_alone_warn_of_values_that_cannot_be_scaled(invoke: Invoke) -> None:
    invoke("train", "--epochs", 3)
    invoke("inspect", "--weights-to", "w")
    for command in ("predict", "forward-trace"):
        result = invoke(command, 4, 8, "--model", "w")
        assert "expected to be scaled already, but 4 is outside -1 to 1" in result.stderr
        assert "--scaling own divides values by their own largest" in result.stderr
        assert "already scaled" not in invoke(command, 0.5, 1, "--model", "w").stderr
        own = invoke(command, 4, 8, "--model", "w", "--scaling", "own")
        assert "already scaled" not in own.stderr


def test_the_worked_example_has_no_training_maxima(invoke: Invoke) -> None:
    message = one_message(invoke("forward-trace", "--scaling", "training"))
    assert "--scaling cannot be training" in message
    assert "divided by their own largest" in invoke("forward-trace", "--scaling", "own").stdout
    own = json.loads(invoke("forward-trace", "--scaling", "own", "--json").stdout)
    assert "document" not in own  # its figures are of unscaled inputs
