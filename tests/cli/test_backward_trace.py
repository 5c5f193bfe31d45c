from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import Invoke, Process, one_message

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
        (["2", "8"], 2, "--actual SCORE is required 2 times, once for each"),
        (["2", "8", "--actual", "1"], 2, "got 1"),
        (["2", "8", "--actual", "x", "--actual", "1"], 2, "--actual 'x' is not a number"),
        (["2", "8", "--actual", "nan", "--actual", "1"], 2, "is not a finite number"),
        (["2", "8", "--actual", "0.5", "--actual", "92"], 2, "92 for 'o2' is outside 0 to 1"),
        (["--actual", "101"], 2, "101 for 'score' is outside 0 to 100"),
        (["--actual", "1", "--actual", "2"], 2, "--actual SCORE is required for 'score'; got 2"),
        (["--learning-rate", "0"], 2, "must be a finite number above 0"),
        (["--learning-rate", "nan"], 2, "must be a finite number above 0"),
        (["2", "--actual", "1", "--actual", "1"], 2, "expected 2 values"),
        (["--model", "scorenet.json"], 2, "--model is not for the worked example"),
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


def test_a_page_is_saved_as_it_is_printed(process: Process, tmp_path: Path) -> None:
    result = process("backward-trace", "--save", "page.txt")
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


def test_the_worked_examples_values_have_its_target(invoke: Invoke) -> None:
    assert (
        invoke("backward-trace", 2, 9, "--worked-example").stdout == invoke("backward-trace").stdout
    )
    page = invoke("backward-trace", "--actual", 50).stdout
    assert "the target is 50 (the document's is 92)" in page


def test_a_step_that_raises_the_loss_is_named(invoke: Invoke) -> None:
    words = ["backward-trace", 2, 9, "--worked-example", "--actual", 86, "--learning-rate", 1000]
    assert "the step raises the loss from" in invoke(*words).stderr
