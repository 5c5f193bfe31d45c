from __future__ import annotations

import dataclasses
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from models import bits, models

from scorenet_cli import files
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.errors import FileError, ModelError
from scorenet_cli.model.document import worked_example
from scorenet_cli.model.json_file import check_output, largest_size, load, save, to_json
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord


def minimal(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {
        "format": "scorenet-model",
        "version": 1,
        "features": ["a", "b"],
        "targets": ["s"],
        "layers": [{"weights": [[1, 2, 3], [4, 5, 6]]}, {"weights": [[0.5], [-1], [2e3]]}],
    } | changes


def one_layer(**keys: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return minimal(layers=[{"weights": [[1], [2]]} | keys])


def load_text(folder: Path, text: str | bytes) -> Model:
    path = folder / "m.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load(str(path))


def refusal(folder: Path, data: str | bytes | dict[str, Any]) -> str:
    """The reason for which a file is refused, without the file's name."""
    with pytest.raises(ModelError) as error:
        load_text(folder, json.dumps(data) if isinstance(data, dict) else data)
    return str(error.value).removeprefix(f"{folder / 'm.json'}")


def everything(model: Model) -> list[object]:
    return [
        model.features,
        model.targets,
        bits(model.feature_scale),
        bits(model.feature_range),
        bits(model.target_scale),
        *((bits(x.weights), bits(x.bias), x.activation) for x in model.network.layers),
        model.training,
    ]


# Save and load


@given(models())
def test_a_saved_model_comes_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, model: Model
) -> None:
    path = str(tmp_path_factory.getbasetemp() / "bits.json")
    save(model, path)
    assert everything(load(path)) == everything(model)


def test_the_file_has_the_promised_keys_and_no_others(tmp_path: Path) -> None:
    model = dataclasses.replace(
        worked_example(),
        feature_range=np.array([[1.0, 3.0], [5.0, 9.0]]),
        training=TrainingRecord(
            data="a.csv",
            sha256="00",
            rows=3,
            seed=23,
            init="normal",
            optimizer="gd",
            learning_rate=3.0,
            epochs=7,
            stopped="epochs",
            loss=0.25,
            history=((0, 0.5), (7, 0.25)),
            versions={"numpy": "2"},
            date="today",
        ),
    )
    save(model, str(tmp_path / "m.json"))
    data = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    training = data.pop("training")
    assert data == {
        "format": "scorenet-model",
        "version": 1,
        "features": ["hours_studied", "hours_slept"],
        "targets": ["score"],
        "feature_scale": [1.0, 1.0],
        "feature_range": [[1.0, 3.0], [5.0, 9.0]],
        "target_scale": [100.0],
        "layers": [
            {
                "weights": [[0.2, 0.6, 0.1], [0.8, 0.3, 0.7]],
                "bias": None,
                "activation": "sigmoid",
            },
            {"weights": [[0.4], [0.5], [0.9]], "bias": None, "activation": "sigmoid"},
        ],
    }
    assert training["history"] == [[0, 0.5], [7, 0.25]]
    assert (training["data"], training["rows"], training["loss"]) == ("a.csv", 3, 0.25)
    assert load(str(tmp_path / "m.json")).training == model.training


def test_the_file_can_be_read_by_people(tmp_path: Path) -> None:
    model = dataclasses.replace(worked_example(), features=("学习", "sommeil été"))
    save(model, str(tmp_path / "m.json"))
    lines = (tmp_path / "m.json").read_text(encoding="utf-8").splitlines()
    assert ' "features": ["学习", "sommeil été"],' in lines
    assert "    [0.2, 0.6, 0.1]," in lines
    assert (tmp_path / "m.json").read_bytes().endswith(b"\n}\n")


def test_what_is_saved_is_what_to_json_says(tmp_path: Path) -> None:
    save(worked_example(), str(tmp_path / "m.json"))
    assert json.loads((tmp_path / "m.json").read_text()) == to_json(worked_example())


def test_a_model_written_by_hand_needs_five_keys(tmp_path: Path) -> None:
    model = load_text(tmp_path, json.dumps(minimal()))
    assert (model.features, model.targets) == (("a", "b"), ("s",))
    assert model.network.shape == (2, 3, 1)
    assert model.network.layers[0].weights.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert model.network.layers[1].weights.tolist() == [[0.5], [-1], [2000]]
    assert all((x.bias, x.activation) == (None, "sigmoid") for x in model.network.layers)
    assert model.feature_scale.tolist() == [1, 1]
    assert model.target_scale.tolist() == [1]
    assert model.feature_range is None
    assert model.training is None


@pytest.mark.parametrize("key", ["feature_scale", "feature_range", "target_scale", "training"])
def test_null_is_as_good_as_left_out(tmp_path: Path, key: str) -> None:
    omitted = load_text(tmp_path, json.dumps(minimal()))
    assert everything(load_text(tmp_path, json.dumps(minimal(**{key: None})))) == (
        everything(omitted)
    )


def test_a_byte_order_mark_and_any_layout_are_accepted(tmp_path: Path) -> None:
    text = json.dumps(minimal(), indent="\t").replace("\n", "\r\n")
    assert load_text(tmp_path, b"\xef\xbb\xbf" + text.encode()).features == ("a", "b")


def test_a_layer_s_bias_and_activation_are_read(tmp_path: Path) -> None:
    (layer,) = load_text(
        tmp_path, json.dumps(one_layer(bias=[-3], activation="relu"))
    ).network.layers
    assert layer.bias is not None
    assert layer.bias.tolist() == [-3]
    assert layer.activation == "relu"


def test_training_facts_that_are_not_known_are_passed_over(tmp_path: Path) -> None:
    model = load_text(tmp_path, json.dumps(minimal(training={"mood": "good", "loss": None})))
    assert model.training == TrainingRecord()


def test_what_the_training_rows_were_comes_back(tmp_path: Path) -> None:
    record = TrainingRecord(
        epochs=100,
        best_epoch=40,
        target_range=((86.0, 92.0),),
        baselines={"mean": (89.0,), "linear": ((1.5, -2.0, 80.0),)},
    )
    save(dataclasses.replace(worked_example(), training=record), str(tmp_path / "m.json"))
    assert load(str(tmp_path / "m.json")).training == record


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(1, 2000, 1), (40, 50), (3, 20, 20, 2)])
def test_no_file_is_larger_than_what_its_numbers_may_take(
    tmp_path: Path, shape: tuple[int, ...], *, bias: bool
) -> None:
    # -2.2250738585072014e-308 is as long as a number gets.
    layers = [
        Layer(np.full(size, -2.2250738585072014e-308), np.full(size[1], -1e-9) if bias else None)
        for size in pairwise(shape)
    ]
    network = Network(tuple(layers))
    state = {"mean": [-2.2250738585072014e-308] * network.parameters}
    model = dataclasses.replace(
        worked_example(), network=network, training=TrainingRecord(state=state)
    )
    save(model, str(tmp_path / "m.json"))
    size = (tmp_path / "m.json").stat().st_size
    limit = largest_size(network.parameters, network.parameters)
    assert size - 1_000 <= limit - 1_000_000 <= 1.6 * size


def test_a_file_s_weights_are_not_weights_alone(tmp_path: Path) -> None:
    assert not load_text(tmp_path, json.dumps(minimal())).is_weights_only


# Refused

WRITTEN = " Give a model file written by scorenet train."
PAIRS = '"feature_range" must be a list of pairs [smallest, largest], one for each input (2).'
COEFFICIENTS = (
    "'baselines' must have 3 linear coefficients for each target; the number of targets is 1"
)
NOT_A_MODEL = ': not a model; expected a JSON object with "format": "scorenet-model".'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", f", line 1, column 1: invalid JSON: Expecting value.{WRITTEN}"),
        ("hello", f", line 1, column 1: invalid JSON: Expecting value.{WRITTEN}"),
        (
            '{"format":\n "x" "y"}',
            f", line 2, column 6: invalid JSON: Expecting ',' delimiter.{WRITTEN}",
        ),
        (
            "{'format': 1}",
            (
                ", line 1, column 2: invalid JSON: Expecting property name enclosed in double "
                f"quotes.{WRITTEN}"
            ),
        ),
        ("{} {}", f", line 1, column 4: invalid JSON: Extra data.{WRITTEN}"),
        (b"\xff\xfe{\0}\0", " is not a model: it is not UTF-8 text."),
        (b"\x89PNG\r\n", " is not a model: it is not UTF-8 text."),
        ("[" * 100_000, " is not a model: its JSON is nested too deeply."),
        ('{"format":' * 100_000, " is not a model: its JSON is nested too deeply."),
        (f'{{"format": {"1" * 5000}}}', ": a number has too many digits."),
        ("[]", NOT_A_MODEL),
        ("null", NOT_A_MODEL),
        ("NaN", NOT_A_MODEL),
        ("{}", ': not a model; its "format" must be "scorenet-model" but is missing.'),
        (
            '{"format": "other"}',
            ': not a model; its "format" must be "scorenet-model" but is "other".',
        ),
        (
            '{"format": ["scorenet-model"]}',
            ': not a model; its "format" must be "scorenet-model" but is ["scorenet-model"].',
        ),
        (
            '{"format": "scorenet-model", "version": 3, "news": []}',
            ": the file has version 3; this scorenet reads versions 1 and 2. Upgrade scorenet.",
        ),
        ('{"version": 1, "version": 1}', ": the key 'version' appears twice."),
    ],
)
def test_what_is_not_a_model_is_refused(tmp_path: Path, text: str | bytes, reason: str) -> None:
    assert refusal(tmp_path, text) == reason


@pytest.mark.parametrize("key", ["version", "features", "targets", "layers"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    data = {name: value for name, value in minimal().items() if name != key}
    assert refusal(tmp_path, data) == f": the model is incomplete: the key '{key}' is missing."


def test_a_key_that_appears_twice_is_named_wherever_it_is(tmp_path: Path) -> None:
    text = json.dumps(minimal()).replace('{"weights"', '{"weights": [[1]], "weights"')
    assert refusal(tmp_path, text) == ": the key 'weights' appears twice."


@pytest.mark.parametrize("version", [0, -1, 1.5, 2.5, "1", True, None, [1]])
def test_a_version_that_is_none_is_refused(tmp_path: Path, version: object) -> None:
    assert refusal(tmp_path, minimal(version=version)) == (
        f': its "version" must be 1 or 2 but is {json.dumps(version)}.'
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"weights": []},
            (
                "the key 'weights' is unknown. The known keys are: format, version, features, "
                "targets, layers, feature_scale, feature_range, target_scale, training."
            ),
        ),
        ({"features": "ab"}, '"features" must be a list of at least one name.'),
        ({"features": []}, '"features" must be a list of at least one name.'),
        ({"features": ["a", 2]}, '"features" must hold names, but holds 2.'),
        (
            {"features": [{"weights": [[1, 2], [3, 4]]}]},
            '"features" must hold names, but holds {"weights": [[1.0, 2.0], [3.0, 4.0]]}.',
        ),
        ({"features": ["a", " "]}, '"features" must hold names, but holds " ".'),
        ({"features": ["a", "a"]}, "\"features\" contains 'a' twice."),
        ({"targets": {"s": 1}}, '"targets" must be a list of at least one name.'),
        ({"targets": [None]}, '"targets" must hold names, but holds null.'),
        (
            {"features": ["a"]},
            (
                "the number of features is 1, but the number of rows in the first layer's weights "
                "is 2."
            ),
        ),
        (
            {"targets": ["s", "t"]},
            "the number of targets is 2, but the number of neurons in the last layer is 1.",
        ),
        ({"layers": []}, '"layers" must be a list of at least one layer.'),
        ({"layers": {}}, '"layers" must be a list of at least one layer.'),
        ({"layers": None}, '"layers" must be a list of at least one layer.'),
        (
            {"layers": [[[1], [2]]]},
            "layer 1 must be an object with the keys weights, bias and activation.",
        ),
        ({"layers": [{"bias": [1]}]}, "layer 1: the key 'weights' is missing."),
        (
            {"layers": [{"weights": [[1], [2]], "biases": None}]},
            "layer 1: the key 'biases' is unknown.",
        ),
        (
            {"layers": [{"weights": [[1, 2], [3, 4]]}, {"weights": [[1], [2], [3]]}]},
            (
                "layer 2: the number of inputs, 3, must equal the number of neurons in the layer "
                "before, 2."
            ),
        ),
        (
            {"feature_scale": [1]},
            '"feature_scale" must be a list of positive numbers, 2 in total.',
        ),
        (
            {"feature_scale": [[1, 2]]},
            '"feature_scale" must be a list of positive numbers, 2 in total.',
        ),
        (
            {"feature_scale": [1, 0]},
            '"feature_scale" must be a list of positive numbers, 2 in total.',
        ),
        ({"feature_scale": [1, "2"]}, 'feature_scale: "2" is not a number.'),
        (
            {"target_scale": [-100]},
            '"target_scale" must be a list of positive numbers, 1 in total.',
        ),
        ({"target_scale": [False]}, "target_scale: false is not a number."),
        ({"feature_range": [[1, 2]]}, PAIRS),
        ({"feature_range": [[1, 2], [4, 3]]}, PAIRS),
        ({"feature_range": [[1, 2], [3]]}, "feature_range: the rows differ in length."),
    ],
)
def test_a_key_of_the_wrong_kind_is_named(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    assert refusal(tmp_path, minimal(**changes)) == f": {reason}"


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('"2"', '"2" is not a number'),
        ("null", "null is not a number"),
        ("true", "true is not a number"),
        ("{}", "{} is not a number"),
        ("NaN", "nan is not a finite number"),
        ("-Infinity", "-inf is not a finite number"),
        ("1e999", "inf is not a finite number"),
        ("1" + "0" * 400, f"1{'0' * 36}... is not a finite number"),
    ],
)
@pytest.mark.parametrize(("key", "values"), [("weights", [[1], ["?"]]), ("bias", ["?"])])
def test_only_finite_numbers_are_weights(
    tmp_path: Path, cell: str, reason: str, key: str, values: object
) -> None:
    text = json.dumps(one_layer(**{key: values})).replace('"?"', cell)
    assert refusal(tmp_path, text) == f": layer 1, {key}: {reason}."


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        ([], ": weights must be a list of rows, one for each input."),
        ([[]], ": weights must have shape (inputs, neurons); got (1, 0)."),
        ([1, 2], ": weights must be a list of rows, one for each input."),
        (3, ": weights must be a list of rows, one for each input."),
        ([[[1]], [[2]]], ": weights must be a list of rows, one for each input."),
        ([[1], [2, 3]], ", weights: the rows differ in length."),
        ([[1], 2], ", weights: the rows differ in length."),
        (None, ", weights: null is not a number."),
    ],
)
def test_weights_of_a_wrong_shape_are_refused(tmp_path: Path, weights: object, reason: str) -> None:
    assert refusal(tmp_path, one_layer(weights=weights)) == f": layer 1{reason}"


def test_weights_nested_too_deeply_are_refused(tmp_path: Path) -> None:
    weights: object = 1
    for _ in range(100):
        weights = [weights]
    assert refusal(tmp_path, one_layer(weights=weights)).startswith(": layer 1")


@pytest.mark.parametrize(
    ("bias", "shape"), [([1, 2], "(2,)"), ([], "(0,)"), (1, "()"), ([[1]], "(1, 1)")]
)
def test_a_bias_of_a_wrong_shape_is_refused(tmp_path: Path, bias: object, shape: str) -> None:
    message = refusal(tmp_path, one_layer(bias=bias))
    assert message == f": layer 1: bias must have shape (1,); got {shape}."


@pytest.mark.parametrize("activation", ["softmax", "Sigmoid", "", None, 1, []])
def test_an_unknown_activation_is_refused(tmp_path: Path, activation: object) -> None:
    assert refusal(tmp_path, one_layer(activation=activation)) == (
        f": layer 1: the activation {json.dumps(activation)} is unknown. "
        "The known activations are: sigmoid, tanh, relu, linear."
    )


@pytest.mark.parametrize("training", [1, "gd", [], True])
def test_training_is_an_object(tmp_path: Path, training: object) -> None:
    assert refusal(tmp_path, minimal(training=training)) == ': "training" must be an object.'


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"data": 1}, "'data' must be text"),
        ({"sha256": []}, "'sha256' must be text"),
        ({"rows": "3"}, "'rows' must be a whole number of at least 0"),
        ({"rows": True}, "'rows' must be a whole number of at least 0"),
        ({"rows": -1}, "'rows' must be a whole number of at least 0"),
        ({"epochs": 1.0}, "'epochs' must be a whole number of at least 0"),
        ({"seed": -5}, "'seed' must be a whole number of at least 0"),
        ({"init": 0}, "'init' must be text"),
        ({"optimizer": {}}, "'optimizer' must be text"),
        ({"learning_rate": "3"}, "'learning_rate' must be a number above 0"),
        ({"learning_rate": False}, "'learning_rate' must be a number above 0"),
        ({"learning_rate": -3}, "'learning_rate' must be a number above 0"),
        ({"learning_rate": 0}, "'learning_rate' must be a number above 0"),
        ({"loss": float("nan")}, "'loss' must be a number of at least 0"),
        ({"loss": 10**400}, "'loss' must be a number of at least 0"),
        ({"loss": -1e-9}, "'loss' must be a number of at least 0"),
        ({"rows": 2**63}, "'rows' must be a whole number of at least 0"),
        ({"epochs": 10**400}, "'epochs' must be a whole number of at least 0"),
        ({"history": [[10**400, 0.5]]}, "'history' must be a list of pairs [epoch, loss]"),
        ({"history": [[1, -0.5]]}, "'history' must be a list of pairs [epoch, loss]"),
        ({"validation": 1e308}, "'validation' must be a number between 0 and 1"),
        ({"validation": 0}, "'validation' must be a number between 0 and 1"),
        ({"validation": 1.0}, "'validation' must be a number between 0 and 1"),
        ({"validation_loss": True}, "'validation_loss' must be a number of at least 0"),
        ({"best_epoch": -1}, "'best_epoch' must be a whole number of at least 0"),
        (
            {"target_range": [0, 1]},
            "'target_range' must be a list of equally long lists of numbers",
        ),
        ({"target_range": []}, "'target_range' must be a list of equally long lists of numbers"),
        (
            {"target_range": [[1, 2], [1, 2]]},
            "'target_range' must be a list of pairs [lowest, highest], one for each output (1)",
        ),
        (
            {"target_range": [[1]]},
            "'target_range' must be a list of pairs [lowest, highest], one for each output (1)",
        ),
        (
            {"baselines": {"mean": [1]}},
            '\'baselines\' must be an object with the keys "mean" and "linear"',
        ),
        (
            {"baselines": {"mean": [1], "linear": [[1, 2, "3"]]}},
            '\'baselines\' must be an object with the keys "mean" and "linear"',
        ),
        (
            {"baselines": {"mean": [1], "linear": [[1, 2]]}},
            COEFFICIENTS,
        ),
        (
            {"baselines": {"mean": [1, 2], "linear": [[1, 2, 3], [1, 2, 3]]}},
            COEFFICIENTS,
        ),
        ({"stopped": 1}, "'stopped' must be text"),
        ({"history": {}}, "'history' must be a list of pairs [epoch, loss]"),
        ({"history": [1, 0.5]}, "'history' must be a list of pairs [epoch, loss]"),
        ({"history": [[1]]}, "'history' must be a list of pairs [epoch, loss]"),
        ({"history": [[1.5, 0.5]]}, "'history' must be a list of pairs [epoch, loss]"),
        ({"history": [[1, float("inf")]]}, "'history' must be a list of pairs [epoch, loss]"),
        ({"versions": ["2"]}, "'versions' must be an object whose values are text"),
        ({"versions": {"numpy": 2}}, "'versions' must be an object whose values are text"),
        ({"date": 2024}, "'date' must be text"),
        ({"state": {"step": float("inf")}}, "'state' must be an object of numbers and text"),
        ({"state": {"m": [[1, "\ud800"]]}}, "'state' must be an object of numbers and text"),
    ],
)
def test_a_training_fact_of_the_wrong_kind_is_named(
    tmp_path: Path, facts: dict[str, Any], reason: str
) -> None:
    assert refusal(tmp_path, minimal(training=facts)) == f': "training": {reason}.'


@pytest.mark.parametrize(
    "changes",
    [
        {"features": ["a", "\ud800"]},
        {"targets": ["\udfff"]},
        {"training": {"data": "\ud800"}},
        {"training": {"versions": {"\ud800": "1"}}},
    ],
)
def test_a_model_that_loads_can_be_saved(tmp_path: Path, changes: dict[str, Any]) -> None:
    # Half a character: JSON can spell it, UTF-8 cannot. Refusing it is as right as keeping it.
    try:
        model = load_text(tmp_path, json.dumps(minimal(**changes)))
    except ModelError:
        return
    save(model, str(tmp_path / "again.json"))
    assert everything(load(str(tmp_path / "again.json"))) == everything(model)


def test_a_file_over_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.MAX_MODEL_BYTES == 256_000_000
    text = json.dumps(minimal())
    monkeypatch.setattr(files, "MAX_MODEL_BYTES", 1_000_000)
    assert load_text(tmp_path, text.ljust(1_000_000)).features == ("a", "b")
    with pytest.raises(FileError, match=r"m\.json is larger than the limit of 1 MB\.$"):
        load_text(tmp_path, text.ljust(1_000_001))


@pytest.mark.parametrize(
    ("name", "hint"), [("scorenet.json", "scorenet train"), ("b.json", "scorenet train -o b.json")]
)
def test_a_model_that_is_not_there_comes_with_the_command_that_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError) as error:
        load(name)
    assert str(error.value) == f"there is no model {name}. Make one with: {hint}"


# Where a model may be saved


@pytest.mark.parametrize("content", ["h,s\n1,2\n", "{}", " ", "\x00"])
def test_a_file_that_is_not_a_model_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.raises(FileError) as error:
        check_output(str(path))
    assert str(error.value) == (
        f"{path} exists and is not a scorenet model, so it was not overwritten. "
        "Choose another name, or move it away."
    )
    assert path.read_text() == content


def test_a_model_an_empty_file_or_none_may_be_replaced(tmp_path: Path) -> None:
    save(worked_example(), str(tmp_path / "m.json"))
    (tmp_path / "empty").touch()
    for name in ("m.json", "empty", "new"):
        check_output(str(tmp_path / name))
    check_output(os.devnull)
    with pytest.raises(FileError) as caught:
        check_output("-")
    assert str(caught.value) == "a model is saved to a file, not to standard output."
    assert sorted(os.listdir(tmp_path)) == ["empty", "m.json"]


def test_a_model_is_not_saved_where_no_file_can_be(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a folder"):
        check_output(str(tmp_path))
    with pytest.raises(FileError, match="there is no folder"):
        check_output(str(tmp_path / "none" / "m.json"))
    (tmp_path / "notes.json").write_text("[1]")
    for name, reason in (
        ("none/m.json", "there is no folder"),
        ("notes.json", "is not a scorenet model"),
        (".json", "only a file extension"),
        ("", "is a folder"),
    ):
        with pytest.raises(FileError, match=reason):
            save(worked_example(), str(tmp_path / name))
    with pytest.raises(FileError, match="not to standard output"):
        save(worked_example(), "-")
    assert (tmp_path / "notes.json").read_text() == "[1]"


def test_a_model_does_not_come_from_standard_input() -> None:
    with pytest.raises(FileError) as error:
        load("-")
    assert str(error.value) == "a model comes from a file or a folder, not from standard input."


def test_a_huge_file_that_would_be_replaced_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_MODEL_BYTES", 1_000_000)
    path = tmp_path / "m.json"
    path.write_text("1".ljust(1_000_001))
    with pytest.raises(FileError, match=r"m\.json is larger than the limit of 1 MB\.$"):
        check_output(str(path))


def test_the_name_or_key_that_appears_twice_is_the_one_named(tmp_path: Path) -> None:
    text = json.dumps(minimal()).replace('"version": 1', '"version": 1, "version": 1')
    assert refusal(tmp_path, text) == ": the key 'version' appears twice."
    assert (
        refusal(tmp_path, minimal(features=["b", "a", "a"])) == ": \"features\" contains 'a' twice."
    )


SPACELESS = "must be a list of texts without leading or trailing spaces."
TWO = "must be a list of at least two texts, all different."


def version_2(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a file with five inputs and two outputs, and every key that is new."""
    return {
        "format": "scorenet-model",
        "version": 2,
        "features": ["age", "smoker", "town"],
        "targets": ["cost", "grade"],
        "categories": {"smoker": ["no", "yes"], "town": ["Bern", "Rom", "Wien"]},
        "classes": {"grade": ["fail", "pass"]},
        "fill": {"age": 39.5, "town": 0},
        "feature_offset": [40, 0, 0, 0, 0],
        "target_offset": [13000, 0],
        "layers": [{"weights": [[1, 2], [3, 4], [5, 6], [7, 8], [9, 0]]}],
    } | changes


def test_version_2_names_inputs_and_outputs(tmp_path: Path) -> None:
    model = load_text(tmp_path, json.dumps(version_2()))
    assert model.features == ("age", "smoker", "town")
    assert model.input_names == ("age", "smoker=yes", "town=Bern", "town=Rom", "town=Wien")
    assert model.output_names == ("cost", "grade=pass")
    assert model.fill == {"age": 39.5, "town": 0.0}


def test_version_2_is_saved_as_it_was_read(tmp_path: Path) -> None:
    model = load_text(tmp_path, json.dumps(version_2()))
    save(model, str(tmp_path / "again.json"))
    assert to_json(load(str(tmp_path / "again.json"))) == to_json(model)
    assert {key: to_json(model)[key] for key in version_2()}["version"] == 2


def test_what_version_1_can_hold_is_saved_as_version_1(tmp_path: Path) -> None:
    model = load_text(tmp_path, json.dumps(minimal(version=2)))
    assert to_json(model)["version"] == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 1}, "the key 'categories' needs \"version\": 2."),
        (
            {"categories": ["no"]},
            '"categories" must be an object whose keys are names of "features".',
        ),
        (
            {"categories": {"size": ["a", "b"]}},
            '"categories": \'size\' is not one of the "features".',
        ),
        ({"classes": {"age": ["a", "b"]}}, '"classes": \'age\' is not one of the "targets".'),
        ({"categories": {"age": "ab"}}, f"\"categories\": 'age' {SPACELESS}"),
        ({"categories": {"age": ["a", 1]}}, f"\"categories\": 'age' {SPACELESS}"),
        ({"categories": {"age": ["a", "b "]}}, f"\"categories\": 'age' {SPACELESS}"),
        ({"categories": {"age": ["a"]}}, f"\"categories\": 'age' {TWO}"),
        ({"classes": {"grade": ["a", "a"]}}, f"\"classes\": 'grade' {TWO}"),
        (
            {"categories": {}},
            (
                "the number of features is 3, but the number of rows in the first layer's weights "
                "is 5."
            ),
        ),
        (
            {"categories": {"town": ["a", "b", "c", "d"]}},
            (
                "the number of features is 3 (6 inputs: 'age', 'smoker', 'town=a', 'town=b', "
                "'town=c', 'town=d'), but the number of rows in the first layer's weights is 5."
            ),
        ),
        (
            {"classes": {"grade": ["a", "b", "c"]}},
            (
                "the number of targets is 2 (4 outputs: 'cost', 'grade=a', 'grade=b', 'grade=c'), "
                "but the number of neurons in the last layer is 2."
            ),
        ),
        ({"fill": {"age": "x"}}, "\"fill\": 'age' must be a finite number."),
        ({"fill": {"size": 1}}, '"fill": \'size\' is not one of the "features".'),
        ({"feature_offset": [1]}, '"feature_offset" must be a list of numbers, 5 in total.'),
        ({"target_offset": [1]}, '"target_offset" must be a list of numbers, 2 in total.'),
        ({"target_offset": ["a", 1]}, 'target_offset: "a" is not a number.'),
        (
            {"mood": 1},
            (
                "the key 'mood' is unknown. The known keys are: format, version, features, "
                "targets, layers, feature_scale, feature_range, target_scale, training, "
                "categories, classes, feature_offset, target_offset, fill, intervals, snapshots."
            ),
        ),
    ],
)
def test_a_wrong_key_of_version_2_is_refused(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    assert refusal(tmp_path, version_2(**changes)) == f": {reason}"


def test_the_documented_files_are_models(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / ".github" / "MODEL_FILE.md").read_text(encoding="utf-8")
    examples = [part.split("```")[0] for part in page.split("```json\n")[1:]]
    first, second = (load_text(tmp_path, example) for example in examples)
    assert first.input_names == ("hours_studied", "hours_slept")
    assert len(second.input_names) == 5
    assert second.output_names == ("cost", "risk=high", "risk=low", "risk=medium")
    assert second.predict([[39.2, "yes", "Rom"]])[0, 0] == pytest.approx(60000 / (1 + np.exp(-1.7)))


UNCERTAIN = {
    "noise": [0.01],
    "degrees_of_freedom": 12.5,
    "factor": [[0.1, 0.0], [0.2, 0.3]],
}


NOISE = '"intervals": noise must be a list of numbers of at least 0, one for each output (1).'
DEGREES = '"intervals": degrees_of_freedom must be a number above 0.'


def uncertain(**changes: object) -> dict[str, Any]:
    layers = [{"weights": [[1.0], [2.0]], "activation": "linear"}]
    return minimal(
        version=2, features=["a", "b"], targets=["y"], layers=layers, intervals=UNCERTAIN | changes
    )


def test_what_intervals_are_made_from_is_read_and_written_again(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(uncertain()), encoding="utf-8")
    model = load(str(path))
    assert model.uncertainty is not None
    assert model.uncertainty.factor.tolist() == UNCERTAIN["factor"]
    written = to_json(model)
    assert (written["version"], written["intervals"]) == (2, UNCERTAIN)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"noise": [1, 2]}, NOISE),
        ({"noise": [-1]}, NOISE),
        ({"noise": "x"}, 'intervals, noise: "x" is not a number.'),
        (
            {"factor": [[1.0]]},
            '"intervals": factor must be 2 rows of 2 numbers, one for each weight and bias.',
        ),
        ({"factor": [[1.0, 0.0], [1.0, None]]}, "intervals, factor: null is not a number."),
        ({"degrees_of_freedom": 0}, DEGREES),
        ({"degrees_of_freedom": True}, DEGREES),
        (
            {"more": 1},
            '"intervals" must be an object with the keys noise, degrees_of_freedom and factor.',
        ),
    ],
)
def test_wrong_intervals_are_refused(tmp_path: Path, changes: dict[str, object], why: str) -> None:
    assert refusal(tmp_path, uncertain(**changes)) == f": {why}"


def test_the_least_numbers_are_accepted(tmp_path: Path) -> None:
    data = uncertain(noise=[0], degrees_of_freedom=1e-300)
    model = load_text(tmp_path, json.dumps(data | {"feature_range": [[3, 3], [-1, -1]]}))
    assert model.uncertainty is not None
    assert model.uncertainty.noise.tolist() == [0]
    assert model.uncertainty.degrees_of_freedom == 1e-300
    assert bits(model.feature_range) == bits(np.array([[3.0, 3.0], [-1.0, -1.0]]))


def test_intervals_need_version_2(tmp_path: Path) -> None:
    assert refusal(tmp_path, uncertain() | {"version": 1}) == (
        ": the key 'intervals' needs \"version\": 2."
    )


def snapshot(epoch: object, *parameters: float) -> dict[str, object]:
    return {"epoch": epoch, "parameters": [1, 2, 3] if not parameters else [*parameters]}


LIST = '"snapshots" must be a list of objects with the keys epoch and parameters.'
EACH = '"snapshots": parameters must be a list of numbers, one for each weight and bias (3).'
ABOVE = '"snapshots": each epoch must be a whole number above the one before.'


@pytest.mark.parametrize(
    ("snapshots", "why"),
    [
        ({"epoch": 1}, LIST),
        ([3], LIST),
        ([{"epoch": 1}], LIST),
        ([snapshot(1) | {"more": 1}], LIST),
        ([snapshot(1, 2.0)], EACH),
        ([snapshot(1, 1, 2, 3, 4)], EACH),
        ([{"epoch": 1, "parameters": [1, 2, "3"]}], 'snapshots, parameters: "3" is not a number.'),
        ([snapshot(1.5)], ABOVE),
        ([snapshot(-1)], ABOVE),
        ([snapshot(0), snapshot(4), snapshot(4)], ABOVE),
    ],
)
def test_wrong_snapshots_are_refused(tmp_path: Path, snapshots: object, why: str) -> None:
    data = one_layer(bias=[3]) | {"version": 2, "snapshots": snapshots}
    assert refusal(tmp_path, data) == f": {why}"


def test_snapshots_are_networks_of_the_models_shape(tmp_path: Path) -> None:
    data = one_layer(bias=[3], activation="tanh")
    data |= {"version": 2, "snapshots": [snapshot(0), snapshot(5, 4, 5, 6)]}
    model = load_text(tmp_path, json.dumps(data))
    assert [epoch for epoch, _ in model.snapshots] == [0, 5]
    first, last = (network.layers[0] for _, network in model.snapshots)
    assert bits(first.weights) == bits(np.array([[1.0], [2.0]]))
    assert bits(last.weights) == bits(np.array([[4.0], [5.0]]))
    assert (bits(last.bias), last.activation) == (bits(np.array([6.0])), "tanh")
    assert to_json(model)["snapshots"] == data["snapshots"]
