from __future__ import annotations

import dataclasses
import io
import json
import os
import warnings
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support import Array

from scorenet_cli import files
from scorenet_cli.core.network import Layer, Network
from scorenet_cli.errors import FileError, ModelError
from scorenet_cli.model.document import worked_example
from scorenet_cli.model.json_file import check_output, load, save, to_json
from scorenet_cli.model.model import Model
from scorenet_cli.model.record import TrainingRecord
from scorenet_cli.model.weights_folder import save as save_weights

FINITE = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
COUNTS = st.integers(0, 2**70)
RECORDS = st.builds(
    TrainingRecord,
    data=st.none() | NAMES,
    rows=st.none() | COUNTS,
    seed=st.none() | COUNTS,
    optimizer=st.none() | NAMES,
    learning_rate=st.none() | FINITE.filter(lambda rate: rate > 0),
    epochs=COUNTS,
    stopped=st.none() | NAMES,
    loss=st.none() | FINITE,
    history=st.lists(st.tuples(COUNTS, FINITE), max_size=3).map(tuple),
    versions=st.dictionaries(NAMES, NAMES, max_size=2),
    date=st.none() | NAMES,
)


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


def bits(values: Array | None) -> bytes | None:
    return None if values is None else str(values.shape).encode() + values.tobytes()


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


@st.composite
def models(draw: st.DrawFn) -> Model:
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    layers = tuple(
        Layer(
            draw(arrays(np.float64, (before, after), elements=FINITE)),
            draw(st.none() | arrays(np.float64, after, elements=FINITE)),
            draw(st.sampled_from(["sigmoid", "tanh", "relu"])),
        )
        for before, after in pairwise(sizes)
    )
    inputs, outputs = sizes[0], sizes[-1]

    def names(count: int) -> tuple[str, ...]:
        return tuple(draw(st.lists(NAMES, min_size=count, max_size=count, unique_by=str.strip)))

    ranges = draw(st.none() | arrays(np.float64, (inputs, 2), elements=FINITE))
    return Model(
        network=Network(layers),
        features=names(inputs),
        targets=names(outputs),
        feature_scale=draw(arrays(np.float64, inputs, elements=POSITIVE)),
        target_scale=draw(arrays(np.float64, outputs, elements=POSITIVE)),
        feature_range=None if ranges is None else np.sort(ranges, axis=1),
        training=draw(st.none() | RECORDS),
    )


# Save and load


@settings(max_examples=100, deadline=None)
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
    omitted_note = load_text(tmp_path, json.dumps(minimal()))
    assert everything(load_text(tmp_path, json.dumps(minimal(**{key: None})))) == (
        everything(omitted_note)
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


# Refused


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", ", line 1, column 1: not JSON: Expecting value. "),
        ("hello", ", line 1, column 1: not JSON: Expecting value. "),
        ('{"format":\n "x" "y"}', ", line 2, column 6: not JSON: "),
        ("{'format': 1}", ", line 1, column 2: not JSON: "),
        ("{} {}", ", line 1, column 4: not JSON: Extra data. "),
        (b"\xff\xfe{\0}\0", ": not a model: not UTF-8 text."),
        (b"\x89PNG\r\n", ": not a model: not UTF-8 text."),
        ("[" * 100_000, ": not a model: "),
        ('{"format":' * 100_000, ": not a model: "),
        (f'{{"format": {"1" * 5000}}}', ": a number has too many digits."),
        ("[]", ': not a model: expected a JSON object with "format": "scorenet-model".'),
        ("null", ": not a model: expected a JSON object"),
        ("NaN", ": not a model: expected a JSON object"),
        ("{}", ': not a model: its "format" must be "scorenet-model", and is none.'),
        (
            '{"format": "other"}',
            ': not a model: its "format" must be "scorenet-model", and is "other".',
        ),
        ('{"format": ["scorenet-model"]}', ": not a model: its "),
        (
            '{"format": "scorenet-model", "version": 2, "news": []}',
            ": of version 2; this scorenet reads version 1. Upgrade scorenet.",
        ),
        ('{"version": 1, "version": 1}', ": the key 'version' stands there twice."),
    ],
)
def test_what_is_not_a_model_is_refused(tmp_path: Path, text: str | bytes, reason: str) -> None:
    assert refusal(tmp_path, text).startswith(reason)


@pytest.mark.parametrize("key", ["version", "features", "targets", "layers"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    data = {name: value for name, value in minimal().items() if name != key}
    assert refusal(tmp_path, data) == f": not a whole model: the key '{key}' is missing."


def test_a_key_that_stands_twice_is_named_wherever_it_is(tmp_path: Path) -> None:
    text = json.dumps(minimal()).replace('{"weights"', '{"weights": [[1]], "weights"')
    assert refusal(tmp_path, text) == ": the key 'weights' stands there twice."


@pytest.mark.parametrize("version", [0, -1, 1.5, 2.5, "1", True, None, [1]])
def test_a_version_that_is_none_is_refused(tmp_path: Path, version: object) -> None:
    assert refusal(tmp_path, minimal(version=version)) == (
        f': its "version" must be 1, and is {json.dumps(version)}.'
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"weights": []}, "the key 'weights' is unknown. Known are: format, version, features, "),
        ({"features": "ab"}, '"features" must be a list of names.'),
        ({"features": []}, '"features" must be a list of names.'),
        ({"features": ["a", 2]}, '"features" must hold names, and holds 2.'),
        ({"features": ["a", " "]}, '"features" must hold names, and holds " ".'),
        ({"features": ["a", "a"]}, "\"features\" names 'a' twice."),
        ({"targets": {"s": 1}}, '"targets" must be a list of names.'),
        ({"targets": [None]}, '"targets" must hold names, and holds null.'),
        ({"features": ["a"]}, "1 features, but the first layer's weights have 2 rows."),
        ({"targets": ["s", "t"]}, "2 targets, but the last layer has 1 neurons."),
        ({"layers": []}, '"layers" must be a list of at least one layer.'),
        ({"layers": {}}, '"layers" must be a list of at least one layer.'),
        ({"layers": None}, '"layers" must be a list of at least one layer.'),
        ({"layers": [[[1], [2]]]}, "layer 1: must be an object with weights, bias and activation."),
        ({"layers": [{"bias": [1]}]}, "layer 1: the key 'weights' is missing."),
        (
            {"layers": [{"weights": [[1], [2]], "biases": None}]},
            "layer 1: the key 'biases' is unknown.",
        ),
        (
            {"layers": [{"weights": [[1, 2], [3, 4]]}, {"weights": [[1], [2], [3]]}]},
            "layer 2: a layer of 2 neurons feeds one of 3 inputs.",
        ),
        ({"feature_scale": [1]}, '"feature_scale" must be a list of 2 positive numbers.'),
        ({"feature_scale": [[1, 2]]}, '"feature_scale" must be a list of 2 positive numbers.'),
        ({"feature_scale": [1, 0]}, '"feature_scale" must be a list of 2 positive numbers.'),
        ({"feature_scale": [1, "2"]}, 'feature_scale: "2" is not a number.'),
        ({"target_scale": [-100]}, '"target_scale" must be a list of 1 positive numbers.'),
        ({"target_scale": [False]}, "target_scale: false is not a number."),
        ({"feature_range": [[1, 2]]}, '"feature_range" must be a list of 2 pairs '),
        ({"feature_range": [[1, 2], [4, 3]]}, '"feature_range" must be a list of 2 pairs '),
        ({"feature_range": [[1, 2], [3]]}, "feature_range: the rows are not equally long."),
    ],
)
def test_a_key_of_the_wrong_kind_is_named(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    assert refusal(tmp_path, minimal(**changes)).startswith(f": {reason}")


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
        ([[]], ": weights must be (inputs, neurons), not (1, 0)."),
        ([1, 2], ": weights must be a list of rows, one for each input."),
        (3, ": weights must be a list of rows, one for each input."),
        ([[[1]], [[2]]], ": weights must be a list of rows, one for each input."),
        ([[1], [2, 3]], ", weights: the rows are not equally long."),
        ([[1], 2], ", weights: the rows are not equally long."),
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
    assert refusal(tmp_path, one_layer(bias=bias)) == f": layer 1: bias must be (1,), not {shape}."


@pytest.mark.parametrize("activation", ["softmax", "Sigmoid", "", None, 1, []])
def test_an_unknown_activation_is_refused(tmp_path: Path, activation: object) -> None:
    assert refusal(tmp_path, one_layer(activation=activation)) == (
        f": layer 1: the activation {json.dumps(activation)} is unknown. "
        "Known are: sigmoid, tanh, relu, linear."
    )


@pytest.mark.parametrize("training", [1, "gd", [], True])
def test_training_is_an_object(tmp_path: Path, training: object) -> None:
    assert refusal(tmp_path, minimal(training=training)) == ': "training" must be an object.'


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"data": 1}, "'data' must be text"),
        ({"sha256": []}, "'sha256' must be text"),
        ({"rows": "3"}, "'rows' must be a count"),
        ({"rows": True}, "'rows' must be a count"),
        ({"rows": -1}, "'rows' must be a count"),
        ({"epochs": 1.0}, "'epochs' must be a count"),
        ({"seed": -5}, "'seed' must be a count"),
        ({"init": 0}, "'init' must be text"),
        ({"optimizer": {}}, "'optimizer' must be text"),
        ({"learning_rate": "3"}, "'learning_rate' must be a number above 0"),
        ({"learning_rate": False}, "'learning_rate' must be a number above 0"),
        ({"learning_rate": -3}, "'learning_rate' must be a number above 0"),
        ({"learning_rate": 0}, "'learning_rate' must be a number above 0"),
        ({"loss": float("nan")}, "'loss' must be a number"),
        ({"loss": 10**400}, "'loss' must be a number"),
        ({"stopped": 1}, "'stopped' must be text"),
        ({"history": {}}, "'history' must be a list of [epoch, loss]"),
        ({"history": [1, 0.5]}, "'history' must be a list of [epoch, loss]"),
        ({"history": [[1]]}, "'history' must be a list of [epoch, loss]"),
        ({"history": [[1.5, 0.5]]}, "'history' must be a list of [epoch, loss]"),
        ({"history": [[1, float("inf")]]}, "'history' must be a list of [epoch, loss]"),
        ({"versions": ["2"]}, "'versions' must be an object of texts"),
        ({"versions": {"numpy": 2}}, "'versions' must be an object of texts"),
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
    with pytest.raises(FileError, match=r"m\.json: is larger than 1 MB\.$"):
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
    assert str(error.value) == f"{name}: there is no such model. Make one with: {hint}"


# Where a model may be saved


@pytest.mark.parametrize("content", ["h,s\n1,2\n", "{}", " ", "\x00"])
def test_a_file_that_is_not_a_model_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.raises(FileError) as error:
        check_output(str(path))
    assert str(error.value) == (
        f"{path}: exists and is not a scorenet model, so it is left alone. "
        "Choose another name, or move it away."
    )
    assert path.read_text() == content


def test_a_model_an_empty_file_or_none_may_be_replaced(tmp_path: Path) -> None:
    save(worked_example(), str(tmp_path / "m.json"))
    (tmp_path / "empty").touch()
    for name in ("m.json", "empty", "new"):
        check_output(str(tmp_path / name))
    check_output(os.devnull)
    assert sorted(os.listdir(tmp_path)) == ["empty", "m.json"]


def test_a_model_is_not_saved_where_no_file_can_be(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="is a folder"):
        check_output(str(tmp_path))
    with pytest.raises(FileError, match="there is no folder"):
        check_output(str(tmp_path / "none" / "m.json"))
    with pytest.raises(FileError, match="Nothing was changed"):
        save(worked_example(), str(tmp_path / "none" / "m.json"))


# Folders of weights, as the document saves them


def folder_of(folder: Path, **texts: str) -> str:
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return str(folder)


def savetxt(values: Array) -> str:
    text = io.StringIO()
    np.savetxt(text, values, fmt="%s")
    return text.getvalue()


def test_a_folder_of_the_document_s_weights_is_a_model(tmp_path: Path) -> None:
    rng = np.random.default_rng(23)
    first, second = rng.standard_normal((2, 3)), rng.standard_normal((3, 1))
    model = load(folder_of(tmp_path, w1=savetxt(first), w2=savetxt(second)))
    assert [bits(x.weights) for x in model.network.layers] == [bits(first), bits(second)]
    assert all((x.bias, x.activation) == (None, "sigmoid") for x in model.network.layers)
    assert (model.features, model.targets) == (("hours_studied", "hours_slept"), ("score",))
    assert (model.feature_scale.tolist(), model.target_scale.tolist()) == ([1, 1], [1])
    assert (model.feature_range, model.training) == (None, None)


@pytest.mark.parametrize(
    ("texts", "shape"),
    [
        ({"w1": "1\n2\n3\n"}, (3, 1)),
        ({"w1": "1 2 3\n"}, (1, 3)),
        ({"w1": "7"}, (1, 1)),
        ({"w1": "1 2\n3 4\n", "w2": "5 6\n7 8\n", "w3": "9\n10\n"}, (2, 2, 2, 1)),
        ({"w1": "\ufeff 1.5e0\t2 \r\n\r\n3 4"}, (2, 2)),
    ],
)
def test_rows_of_a_weights_file_are_inputs(
    tmp_path: Path, texts: dict[str, str], shape: tuple[int, ...]
) -> None:
    model = load(folder_of(tmp_path, **texts))
    assert model.network.shape == shape
    assert len(model.features) == len(model.feature_scale) == shape[0]
    assert len(model.targets) == len(model.target_scale) == shape[-1]


def test_inputs_and_outputs_without_a_known_name_are_numbered(tmp_path: Path) -> None:
    model = load(folder_of(tmp_path, w1="1 2\n3 4\n5 6\n"))
    assert model.features == ("input_1", "input_2", "input_3")
    assert model.targets == ("output_1", "output_2")


@pytest.mark.parametrize("bias", ["7\n8\n", "7 8\n"])
def test_a_bias_file_belongs_to_its_layer(tmp_path: Path, bias: str) -> None:
    first, second = load(folder_of(tmp_path, w1="1 2\n3 4\n", w2="5\n6\n", b1=bias)).network.layers
    assert first.bias is not None
    assert first.bias.tolist() == [7, 8]
    assert second.bias is None


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, ": is a folder without w1.txt. Give a model file, or a folder with "),
        ({"w2": "1\n"}, ": is a folder without w1.txt. Give a model file, or a folder with "),
        ({"w1": ""}, "/w1.txt: holds no numbers; one row of weights a line is expected."),
        (
            {"w1": "1 2\n", "w2": " \n"},
            "/w2.txt: holds no numbers; one row of weights a line is expected.",
        ),
        ({"w1": "one\n"}, "/w1.txt, line 1: 'one' is not a finite number."),
        ({"w1": "1,2\n"}, "/w1.txt, line 1: '1,2' is not a finite number."),
        ({"w1": "1 2\n3\n"}, "/w1.txt, line 2: has 1 numbers where 2 are expected."),
        ({"w1": "1 nan\n"}, "/w1.txt, line 1: 'nan' is not a finite number."),
        ({"w1": "1 2\n", "b1": "1 -inf\n"}, "/b1.txt, line 1: '-inf' is not a finite number."),
        ({"w1": "1 2\n", "w2": "1\n"}, "/w2.txt: a layer of 2 neurons feeds one of 1 inputs."),
        ({"w1": "1 2\n", "b1": "1\n"}, "/b1.txt: must hold 2 numbers, one a line."),
        ({"w1": "1\n", "w3": "1\n"}, ": holds 'w3.txt', but no w2.txt."),
        ({"w1": "1\n", "b2": "1\n"}, ": holds 'b2.txt', but no w2.txt."),
        ({"w1": "1\n", "w0": "1\n"}, ": holds 'w0.txt', but no w2.txt."),
    ],
)
def test_a_folder_that_is_no_model_is_refused(
    tmp_path: Path, texts: dict[str, str], message: str
) -> None:
    with pytest.raises(ModelError) as error:
        load(folder_of(tmp_path, **texts))
    assert str(error.value).startswith(f"{tmp_path}{message}")


def test_a_weights_file_of_comments_alone_is_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ModelError, match=r"w1\.txt: "):
            load(folder_of(tmp_path, w1="# weights\n"))


def test_a_weights_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w1.txt").write_bytes(b"\xff\xfe1\0")
    with pytest.raises(ModelError, match=r"w1\.txt: is not UTF-8 text\."):
        load(str(tmp_path))


def test_a_weights_file_over_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_MODEL_BYTES", 1_000_000)
    with pytest.raises(FileError, match=r"w1\.txt: is larger than 1 MB"):
        load(folder_of(tmp_path, w1="1".ljust(1_000_001)))


def test_weights_are_written_as_the_document_writes_them(tmp_path: Path) -> None:
    model = worked_example()
    paths = save_weights(model, str(tmp_path / "new" / "folder"))
    assert [os.path.basename(path) for path in paths] == ["w1.txt", "w2.txt"]
    assert Path(paths[0]).read_text() == "0.2 0.6 0.1\n0.8 0.3 0.7\n"
    assert Path(paths[1]).read_text() == "0.4\n0.5\n0.9\n"


@settings(max_examples=50, deadline=None)
@given(models())
def test_weights_files_are_what_savetxt_writes_and_come_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, model: Model
) -> None:
    folder = tmp_path_factory.mktemp("weights")
    save_weights(model, str(folder))
    expected: dict[str, Array] = {}
    for number, layer in enumerate(model.network.layers, start=1):
        expected[f"w{number}.txt"] = layer.weights
        if layer.bias is not None:
            expected[f"b{number}.txt"] = layer.bias
    assert {name: (folder / name).read_text() for name in os.listdir(folder)} == {
        name: savetxt(values) for name, values in expected.items()
    }
    for loaded, layer in zip(load(str(folder)).network.layers, model.network.layers, strict=True):
        assert bits(loaded.weights) == bits(layer.weights)
        assert bits(loaded.bias) == bits(layer.bias)


@pytest.mark.parametrize("other", ["w3.txt", "b1.txt", "w10.txt"])
def test_a_folder_with_another_model_s_weights_is_left_alone(tmp_path: Path, other: str) -> None:
    (tmp_path / other).write_text("1\n")
    with pytest.raises(FileError) as error:
        save_weights(worked_example(), str(tmp_path))
    assert str(error.value) == (
        f"{tmp_path}: already holds '{other}', which this model has not. Choose an empty folder."
    )
    assert os.listdir(tmp_path) == [other]


def test_a_folder_with_this_model_s_weights_and_other_files_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "w1.txt").write_text("old\n")
    (tmp_path / "notes.txt").write_text("mine\n")
    save_weights(worked_example(), str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == ["notes.txt", "w1.txt", "w2.txt"]
    assert load(str(tmp_path)).network.shape == (2, 3, 1)
    assert (tmp_path / "notes.txt").read_text() == "mine\n"


def test_weights_are_not_written_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("here")
    for folder in (tmp_path / "a", tmp_path / "a" / "b"):
        with pytest.raises(FileError) as error:
            save_weights(worked_example(), str(folder))
        reason = "file exists" if folder.name == "a" else "not a directory"
        assert str(error.value) == f"{folder}: cannot be made a folder: {reason}."
    assert (tmp_path / "a").read_text() == "here"


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
    with pytest.raises(FileError, match=r"m\.json: is larger than 1 MB\.$"):
        check_output(str(path))


def test_the_name_or_key_that_stands_there_twice_is_the_one_named(tmp_path: Path) -> None:
    text = json.dumps(minimal()).replace('"version": 1', '"version": 1, "version": 1')
    assert refusal(tmp_path, text) == ": the key 'version' stands there twice."
    assert refusal(tmp_path, minimal(features=["b", "a", "a"])) == ": \"features\" names 'a' twice."


def test_a_folder_that_cannot_be_listed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: str) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", denied)
    with pytest.raises(FileError) as error:
        load(folder_of(tmp_path, w1="1\n"))
    assert str(error.value) == f"{tmp_path}: cannot be read: Permission denied."
