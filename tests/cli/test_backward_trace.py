from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from support import Invoke, one_message

from scorenet_cli.core.activations import ACTIVATIONS
from scorenet_cli.model import json_file

TEXTBOOK = {
    "format": "scorenet-model",
    "version": 1,
    "features": ["i1", "i2"],
    "targets": ["o1", "o2"],
    "layers": [
        {"weights": [[0.15, 0.25], [0.2, 0.3]], "bias": [0.35, 0.35], "activation": "sigmoid"},
        {"weights": [[0.4, 0.5], [0.45, 0.55]], "bias": [0.6, 0.6], "activation": "sigmoid"},
    ],
}


@pytest.fixture
def textbook(invoke: Invoke) -> Invoke:
    """A folder whose scorenet.json is a published example."""
    Path("scorenet.json").write_text(json.dumps(TEXTBOOK), encoding="utf-8")
    return invoke


def test_without_values_it_is_the_worked_example_and_its_target(invoke: Invoke) -> None:
    text = invoke("backward-trace").stdout
    for figure in ("target is 92", "0.8567467964", "0.0632532036", "0.1227317232", "0.0077631747"):
        assert figure in text
    steps = [line for line in text.splitlines() if line[:1].isdigit()]
    assert steps == [
        "1. Output error",
        "2. Output delta",
        "3. Hidden error",
        "4. Hidden delta",
        "5. Weights into hidden layer",
        "6. Weights into output layer",
        "7. Result of the step",
    ]


def test_the_json_answer(invoke: Invoke) -> None:
    answer = json.loads(invoke("backward-trace", "--json").stdout)
    assert answer["warnings"] == []
    forward = json.loads(invoke("forward-trace", "--json").stdout)
    assert answer["forward"] | {"warnings": []} == forward
    assert answer["actual"] == [0.92]
    assert [layer["name"] for layer in answer["layers"]] == ["hidden", "output"]
    (score,) = answer["layers"][1]["neurons"]
    assert score["error"] == 0.92 - answer["forward"]["outputs"][0]
    assert score["bias"] is None
    assert set(score["weights"][0]) == {"from", "before", "change", "after"}
    assert answer["loss"] == pytest.approx(score["error"] ** 2)
    assert answer["loss_after"] == pytest.approx((0.92 - answer["outputs_after"][0]) ** 2)


def test_a_published_example_comes_out_to_its_printed_digits(textbook: Invoke) -> None:
    words = ["--actual", 0.01, "--actual", 0.99, "--learning-rate", 0.5]
    answer = json.loads(textbook("backward-trace", 0.05, 0.1, *words, "--json").stdout)
    assert f"{answer['loss']:.9f}" == "0.298371109"
    hidden, output = (
        [f"{weight['after']:.9f}" for neuron in layer["neurons"] for weight in neuron["weights"]]
        for layer in answer["layers"]
    )
    assert output == ["0.358916480", "0.408666186", "0.511301270", "0.561370121"]
    assert hidden == ["0.149780716", "0.199561432", "0.249751144", "0.299502287"]
    assert set(answer["layers"][0]["neurons"][0]["bias"]) == {"before", "change", "after"}
    page = textbook("backward-trace", 0.05, 0.1, *words, "--precision", 9).stdout
    for figure in (*hidden, *output, "0.298371109", "0.5"):
        assert figure.rstrip("0") in page
    assert "in points" not in page  # its scores are not scaled


@pytest.mark.parametrize("rate", [0.5, 3])
def test_one_epoch_of_train_on_that_row_makes_the_same_weights(invoke: Invoke, rate: float) -> None:
    invoke("train", "--hidden", "4,3", "--bias", "--epochs", 50, "--quiet")
    Path("row.csv").write_text("hours_studied,hours_slept,score\n2,8,95\n", encoding="utf-8")
    words = ["--learning-rate", rate]
    trace = json.loads(invoke("backward-trace", 2, 8, "--actual", 95, *words, "--json").stdout)
    trained = invoke(
        *("train", "row.csv", "--resume", "scorenet.json", "--epochs", 1),
        *("--output", "stepped.json", "--quiet", *words),
    )
    assert trained.exit_code == 0, trained.stderr
    network = json_file.load("stepped.json").network
    for layer, traced in zip(network.layers, trace["layers"], strict=True):
        after = [[weight["after"] for weight in n["weights"]] for n in traced["neurons"]]
        assert layer.weights.T.tolist() == [pytest.approx(row, rel=1e-12) for row in after]
        assert layer.bias is not None
        biases = [neuron["bias"]["after"] for neuron in traced["neurons"]]
        assert layer.bias.tolist() == pytest.approx(biases, rel=1e-12, abs=1e-15)


def test_negative_and_exponent_numbers_are_values_and_scores(textbook: Invoke) -> None:
    words = ["--actual", "5e-1", "--actual", ".25", "--json"]
    answer = json.loads(textbook("backward-trace", "-1", "8e-1", *words).stdout)
    assert [value["value"] for value in answer["forward"]["inputs"]] == [-1, 0.8]
    assert answer["actual"] == [0.5, 0.25]


def test_relu_and_tanh_outputs_take_any_score(invoke: Invoke) -> None:
    layer = {"weights": [[1.0]], "activation": "tanh"}
    model = TEXTBOOK | {"features": ["x"], "targets": ["y"], "layers": [layer]}
    Path("scorenet.json").write_text(json.dumps(model), encoding="utf-8")
    answer = json.loads(invoke("backward-trace", 0, "--actual", -2, "--json").stdout)
    # tanh 0 = 0, so error -2, slope 1, delta -2; nothing came in, so no weight changes.
    (neuron,) = answer["layers"][0]["neurons"]
    assert (neuron["error"], neuron["slope"], neuron["delta"]) == (-2, 1, -2)
    assert neuron["weights"] == [{"from": "x", "before": 1, "change": 0, "after": 1}]


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        (["2", "8"], 2, "--actual SCORE is required, once for each target"),
        (["2", "8", "--model", "no.json"], 2, "--actual SCORE is required"),
        (["2", "8", "--actual", "1"], 2, "got 1"),
        (["2", "8", "--actual", "x", "--actual", "1"], 2, "--actual 'x' is not a number"),
        (["2", "8", "--actual", "nan", "--actual", "1"], 2, "is not a finite number"),
        (
            ["2", "8", "--actual", "0.5", "--actual", "92"],
            2,
            "92 for 'o2' is outside the range 0 to 1",
        ),
        (["--actual", "101"], 2, "101 for 'score' is outside the range 0 to 100"),
        (
            ["--actual", "1", "--actual", "2"],
            2,
            "--actual SCORE is required once for 'score'",
        ),
        (["--learning-rate", "0"], 2, "must be a finite number above 0"),
        (["--learning-rate", "nan"], 2, "'nan' is not a finite number"),
        (["2", "--actual", "1", "--actual", "1"], 2, "expected 2 values"),
        (["--model", "scorenet.json"], 2, "--model has no effect with the worked example"),
        (["--save", "net.png"], 2, "name ending in .svg, .html or .txt; got 'net.png'"),
        (["--save", "no/net.svg"], 1, "there is no folder"),
        (["--rate", "1"], 2, "no option '--rate'"),
    ],
)
def test_what_is_at_fault_is_named_once(
    textbook: Invoke, words: list[str], status: int, expected: str
) -> None:
    result = textbook("backward-trace", *words)
    assert expected in one_message(result)
    assert result.exit_code == status


def test_a_page_is_saved_as_it_is_printed(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("backward-trace", "--save", "page.txt")
    assert (tmp_path / "page.txt").read_text(encoding="utf-8") == result.stdout
    assert result.stderr == "Saved page.txt.\n"


def test_the_picture_holds_the_changes(textbook: Invoke) -> None:
    words = ["--actual", 0.01, "--actual", 0.99, "--learning-rate", 0.5]
    result = textbook("backward-trace", 0.05, 0.1, *words, "--save", "step.svg", "--json")
    assert json.loads(result.stdout)["loss"] == pytest.approx(0.298371109)
    picture = Path("step.svg").read_text(encoding="utf-8")
    for figure in ("-0.7414", "-0.1385", "-0.0411", "0.0113", "bias -0.0692"):
        assert f">{figure}<" in picture
    assert "Loss 0.2984 before, 0.2805 after" in picture
    for option, shown, more in (([], "-0.74", "-0.7414"), (["--blank"], "0.6", "0.45")):
        assert f">{more}<" in saved_picture(textbook, *words, *option)
        short = saved_picture(textbook, *words, *option, "--precision", 2 if not option else 1)
        assert f">{shown}<" in short
        assert f">{more}<" not in short


def saved_picture(invoke: Invoke, *words: object) -> str:
    """The picture of a step on the published example's values."""
    assert invoke("backward-trace", 0.05, 0.1, *words, "--save", "p.x.svg").exit_code == 0
    picture = Path("p.x.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg ")
    return picture


def test_a_step_of_rate_1_on_values_divided_by_their_own_largest(textbook: Invoke) -> None:
    words = ["backward-trace", 4, 8, "--actual", 0.5, "--actual", 0.5, "--scaling", "own"]
    answer = json.loads(textbook(*words, "--json").stdout)
    assert [each["scaled"] for each in answer["forward"]["inputs"]] == [0.5, 1]
    for neuron in answer["layers"][0]["neurons"]:
        changes = [weight["change"] for weight in neuron["weights"]]
        assert changes == pytest.approx([neuron["delta"] * 0.5, neuron["delta"]])
        assert neuron["bias"]["change"] == pytest.approx(neuron["delta"])
    page = textbook(*words).stdout
    assert page.startswith("Model scorenet.json\n")
    assert "Inputs, divided by their own largest value\n" in page


def test_a_step_on_a_csv_names_its_files(textbook: Invoke) -> None:
    Path("d.csv").write_text("i1,i2,o1,o2\n0.05,0.1,0.01,0.99\n", encoding="utf-8")
    words = ("backward-trace", "--csv", "d.csv")
    answer = json.loads(textbook(*words, "--json").stdout)
    assert (answer["model"], answer["data"]) == ("scorenet.json", "d.csv")
    assert textbook(*words).stdout.splitlines()[:2] == [
        "Model scorenet.json",
        "One step of gradient descent on 1 row of d.csv, learning rate 3",
    ]


def test_the_worked_examples_values_have_its_target(invoke: Invoke) -> None:
    assert (
        invoke("backward-trace", 2, 9, "--worked-example").stdout == invoke("backward-trace").stdout
    )
    page = invoke("backward-trace", "--actual", 50).stdout
    assert "the target is 50 (the document's is 92)" in page


def test_a_step_that_raises_the_loss_is_named(invoke: Invoke) -> None:
    words = ["backward-trace", 2, 9, "--worked-example", "--actual", 86, "--learning-rate", 1000]
    assert "the step raises the loss from" in invoke(*words).stderr


STUDENTS = Path(__file__).parents[2] / "sample_data" / "students.csv"
STUDY_HOURS = STUDENTS.with_name("study_hours.csv")


def weights_after(answer: dict[str, Any]) -> list[Any]:
    """The weights and biases after the step, layer by layer."""
    return [answer[name] for name in answer if name.endswith("_after") and name != "loss_after"]


@pytest.mark.parametrize(
    "words",
    [
        (STUDY_HOURS,),
        (STUDENTS, "--hidden", "4,3", "--bias", "--standardize"),
        (STUDENTS, "--hidden", "3", "--output-activation", "linear", "--activation", "tanh"),
        (STUDENTS, "--hidden", "none", "--bias"),
    ],
)
@pytest.mark.parametrize("rate", [None, 0.7])
def test_a_batch_step_is_one_epoch_of_train_to_the_bit(
    invoke: Invoke, words: tuple[object, ...], rate: float | None
) -> None:
    invoke("train", *words, "--epochs", 0, "--quiet")
    said = () if rate is None else ("--learning-rate", rate)
    result = invoke("backward-trace", "--csv", words[0], "--json", *said)
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    resumed = ("--resume", "scorenet.json", "--optimizer", "gd", "--epochs", 1, *said)
    invoke("train", words[0], *resumed, "--output", "after.json", "--quiet")
    expected = []
    for layer in json.loads(Path("after.json").read_text(encoding="utf-8"))["layers"]:
        expected.append(layer["weights"])
        if layer["bias"] is not None:
            expected.append([layer["bias"]])
    assert weights_after(answer) == expected
    assert answer["learning_rate"] == (rate or (0.2 if "linear" in words else 3))
    assert answer["rows"] == len(answer["X"]) == len(answer["o_delta"])


def test_a_batch_step_of_a_learners_own_weights(invoke: Invoke) -> None:
    """Weights alone are scaled as train --resume scales them."""
    invoke("train", "--epochs", 5, "--quiet")
    invoke("inspect", "--weights-to", "w")
    result = invoke("backward-trace", "--csv", STUDY_HOURS, "--model", "w", "--json")
    assert "the rows are scaled as scorenet train would" in result.stderr
    answer = json.loads(result.stdout)
    assert answer["X"][0] == [2 / 3, 1]
    assert answer["y"] == [[0.92], [0.86], [0.89]]
    invoke("train", STUDY_HOURS, "--resume", "w", "--epochs", 1, "--output", "after.json")
    layers = json_file.load("after.json").network.layers
    assert weights_after(answer) == [layer.weights.tolist() for layer in layers]


def test_a_batch_page_shows_twenty_rows_and_adds_all(invoke: Invoke) -> None:
    invoke("train", STUDENTS, "--epochs", 0, "--quiet")
    page = invoke("backward-trace", "--csv", STUDENTS).stdout
    assert "One step of gradient descent on 400 rows of" in page
    assert page.count("... and 380 more rows (included in the sums): --json prints all") == 10
    assert "row 20 " in page
    assert "row 21 " not in page
    assert "W1_after = W1 + 3 / 400 * W1_product" in page


def test_a_batch_step_leaves_rows_out_as_train_does_and_says_so(invoke: Invoke) -> None:
    invoke("train", "--epochs", 0, "--quiet")
    Path("rows.csv").write_text(
        "hours_slept,hours_studied,score\n9,2,92\n?,1,86\n6,3,89\n", encoding="utf-8"
    )
    result = invoke("backward-trace", "--csv", "rows.csv", "--json")
    answer = json.loads(result.stdout)
    assert answer["X"] == [[2 / 3, 1], [1, 6 / 9]]
    assert answer["warnings"]
    for warning in answer["warnings"]:
        assert warning in result.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["2", "8"], "--csv cannot be combined with VALUES"),
        (["--actual", "90"], "--actual cannot be combined with --csv"),
        (["--worked-example"], "--worked-example cannot be combined with --csv"),
        (["--scaling", "none"], "--scaling cannot be combined with --csv"),
        (["--learning-rate", "0"], "must be a finite number above 0"),
        (["--blank", "--json"], "--blank has no effect with --json"),
        (["--explain", "--json"], "--explain has no effect with --json"),
        (["--blank", "--check"], "--check cannot be combined with --blank"),
    ],
)
def test_what_a_batch_step_cannot_be_combined_with(
    invoke: Invoke, words: list[str], expected: str
) -> None:
    invoke("train", "--epochs", 0, "--quiet")
    result = invoke("backward-trace", "--csv", STUDY_HOURS, *words)
    assert expected in one_message(result)
    assert result.exit_code == 2


def test_header_is_for_the_rows_of_a_batch(invoke: Invoke) -> None:
    assert "--header has no effect without --csv" in one_message(
        invoke("backward-trace", "--header")
    )
    invoke("train", "--epochs", 0, "--quiet")
    Path("rows.csv").write_text("2,9,92\n1,5,86\n3,6,89\n", encoding="utf-8")
    words = ("backward-trace", "--csv", "rows.csv", "--no-header", "--json", "--quiet")
    result = invoke(*words)
    assert result.stderr == ""
    assert json.loads(result.stdout)["y"] == [[0.92], [0.86], [0.89]]


def test_a_batch_step_that_raises_the_loss_is_named(invoke: Invoke) -> None:
    invoke("train", "--epochs", 0, "--quiet")
    words = ("backward-trace", "--csv", STUDENTS, "--learning-rate", 1000)
    assert "the step raises the loss from" in invoke(*words).stderr
    assert invoke(*words, "--blank").stderr == ""


def test_check_says_that_backpropagation_is_right(textbook: Invoke) -> None:
    words = ("backward-trace", 0.05, 0.1, "--actual", 0.01, "--actual", 0.99, "--check")
    page = textbook(*words).stdout
    assert "Backpropagation is correct: no relative difference is above 1e-05" in page
    check = json.loads(textbook(*words, "--json").stdout)["check"]
    assert check["right"]
    first = check["weights"][0]
    assert list(first) == [*("layer", "to", "from", "gradient", "numerical", "relative_difference")]
    # Published: the weight .15 becomes .149780716 by a step of .5.
    assert first["numerical"] == pytest.approx((0.15 - 0.149780716) / 0.5, rel=1e-5)
    assert len(check["weights"]) == 12
    assert "check" not in json.loads(textbook(*words[:-1], "--json").stdout)
    textbook("train", "--epochs", 10, "--quiet")
    assert (
        "Backpropagation is correct"
        in textbook("backward-trace", "--csv", STUDY_HOURS, "--check").stdout
    )


def test_a_wrong_backpropagation_is_called_wrong(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten = dataclasses.replace(ACTIVATIONS["sigmoid"], slope_at_output=lambda o: o)
    monkeypatch.setitem(ACTIVATIONS, "sigmoid", forgotten)
    page = invoke("backward-trace", "--check").stdout
    assert (
        "Backpropagation is wrong for 9 of 9 weights (largest relative difference: 1.0e+00)."
        in page
    )


@pytest.mark.parametrize("words", [(), ("--csv", STUDY_HOURS, "--check")])
def test_explain_adds_a_sentence_to_every_step(invoke: Invoke, words: tuple[object, ...]) -> None:
    invoke("train", "--epochs", 0, "--quiet")
    plain = invoke("backward-trace", *words).stdout.splitlines()
    explained = invoke("backward-trace", *words, "--explain").stdout.splitlines()
    added = [line for line in explained if line not in plain]
    assert [line for line in explained if line in plain] == plain
    headings = [line for line in plain if re.match(r"\d+\. |\w+: |Result|Check of", line)]
    assert len(added) == len(headings) + (0 if words else 3)  # and inputs, and two layers
    assert all(line.endswith(".") and ". " not in line for line in added)


@pytest.mark.parametrize("words", [("2", "8", "--actual", "77"), ("--csv", STUDY_HOURS)])
def test_a_blank_page_is_the_key_without_its_results(
    invoke: Invoke, words: tuple[object, ...]
) -> None:
    invoke("train", "--epochs", 7, "--quiet")
    key = invoke("backward-trace", *words, "--precision", 6).stdout
    sheet = invoke("backward-trace", *words, "--precision", 6, "--blank").stdout
    assert len(sheet.splitlines()) == len(key.splitlines())
    for line, full in zip(sheet.splitlines(), key.splitlines(), strict=True):
        if not set(line) <= {"─"}:
            cells = [r"\S+" if cell == "____" else re.escape(cell) for cell in line.split()]
            assert re.fullmatch(r"\s+".join(cells), full.strip())
    model = json_file.load("scorenet.json").network
    given = {f"{abs(w):.6f}" for layer in model.layers for w in layer.weights.ravel()}
    found = set(re.findall(r"\d\.\d{6}", sheet))
    assert found <= given | {"0.666667", "0.333333", "0.555556", "0.888889"}


def test_a_blank_page_is_saved_with_the_networks_picture(invoke: Invoke) -> None:
    invoke("backward-trace", "--blank", "--save", "sheet.html")
    page = Path("sheet.html").read_text(encoding="utf-8")
    assert "predicts ____" in page
    assert "A forward pass through the network" in page
    assert "0.8567" not in page


def test_saved_pages_hold_the_picture(invoke: Invoke) -> None:
    invoke("train", "--epochs", 0, "--quiet")
    for words, title in (
        (("--csv", STUDY_HOURS), "Model scorenet.json"),
        ((), "The document&#x27;s worked example"),
    ):
        invoke("backward-trace", *words, "--save", "step.html")
        page = Path("step.html").read_text(encoding="utf-8")
        assert f"<title>{title} - " in page
        assert "<figure><svg" in page
    invoke("backward-trace", "--csv", STUDY_HOURS, "--save", "net.svg")
    assert "The network" in Path("net.svg").read_text(encoding="utf-8")
