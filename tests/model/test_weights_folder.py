from __future__ import annotations

import io
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from models import bits, models
from support import Array

from scorenet_cli import files
from scorenet_cli.errors import FileError, ModelError
from scorenet_cli.model.document import worked_example
from scorenet_cli.model.json_file import load
from scorenet_cli.model.model import Model
from scorenet_cli.model.weights_folder import description
from scorenet_cli.model.weights_folder import save as save_weights


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
    assert model.is_weights_only


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


NO_W1 = " is a folder without w1.txt. Give a model file, or a folder with w1.txt, w2.txt, ..."


@pytest.mark.parametrize("bias", ["7\n8\n", "7 8\n"])
def test_a_bias_file_belongs_to_its_layer(tmp_path: Path, bias: str) -> None:
    first, second = load(folder_of(tmp_path, w1="1 2\n3 4\n", w2="5\n6\n", b1=bias)).network.layers
    assert first.bias is not None
    assert first.bias.tolist() == [7, 8]
    assert second.bias is None


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, NO_W1),
        ({"w2": "1\n"}, NO_W1),
        ({"w1": ""}, "/w1.txt holds no numbers; one row of weights per line is expected."),
        (
            {"w1": "1 2\n", "w2": " \n"},
            "/w2.txt holds no numbers; one row of weights per line is expected.",
        ),
        ({"w1": "one\n"}, "/w1.txt, line 1: 'one' is not a finite number."),
        (
            {"w1": "1,2\n"},
            "/w1.txt, line 1: '1,2' is not a finite number. Separate numbers by spaces.",
        ),
        (
            {"w1": "1 2\n3\n"},
            "/w1.txt, line 2: expected as many numbers as in the first row, 2; got 1.",
        ),
        ({"w1": "1 nan\n"}, "/w1.txt, line 1: 'nan' is not a finite number."),
        ({"w1": "1 2\n", "b1": "1 -inf\n"}, "/b1.txt, line 1: '-inf' is not a finite number."),
        (
            {"w1": "1 2\n", "w2": "1\n"},
            (
                "/w2.txt: the number of inputs, 1, must equal the number of neurons in the layer "
                "before, 2."
            ),
        ),
        (
            {"w1": "1 2\n", "b1": "1\n"},
            "/b1.txt must hold one number per neuron (2), one per line.",
        ),
        (
            {"w1": "1 2 3\n4 5 6\n"},
            (
                " holds only w1.txt, which has the shape of the document's hidden layer (2 rows, "
                "3 columns). w2.txt, the output layer, is missing."
            ),
        ),
        ({"w1": "1\n", "w3": "1\n"}, " holds 'w3.txt', but no w2.txt."),
        ({"w1": "1\n", "b2": "1\n"}, " holds 'b2.txt', but no w2.txt."),
        ({"w1": "1\n", "w0": "1\n"}, " holds 'w0.txt', but no w2.txt."),
    ],
)
def test_a_folder_that_is_no_model_is_refused(
    tmp_path: Path, texts: dict[str, str], message: str
) -> None:
    with pytest.raises(ModelError) as error:
        load(folder_of(tmp_path, **texts))
    assert str(error.value) == f"{tmp_path}{message}"


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (
            {"w1": "1\n2\n"},
            "w1.txt (2 x 1): values are expected to be scaled already. There is no hidden layer.",
        ),
        (
            {"w1": "1 2\n", "w2": "3\n4\n"},
            "w1.txt (1 x 2), w2.txt (2 x 1): values are expected to be scaled already.",
        ),
    ],
)
def test_what_was_read_is_said(tmp_path: Path, texts: dict[str, str], words: str) -> None:
    assert description(load(folder_of(tmp_path, **texts))) == f"the model is read from {words}"


def test_weights_that_are_read_only_are_left_alone_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "w2.txt").write_text("mine\n")
    (tmp_path / "w2.txt").chmod(0o444)
    with pytest.raises(FileError, match=r"w2\.txt is read-only, so it was not overwritten\."):
        save_weights(worked_example(), str(tmp_path))
    assert os.listdir(tmp_path) == ["w2.txt"]
    assert (tmp_path / "w2.txt").read_text() == "mine\n"


def test_a_weights_file_of_comments_alone_is_refused(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ModelError, match=r"w1\.txt "):
            load(folder_of(tmp_path, w1="# weights\n"))


def test_a_weights_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w1.txt").write_bytes(b"\xff\xfe1\0")
    with pytest.raises(ModelError, match=r"w1\.txt is not UTF-8 text\."):
        load(str(tmp_path))


def test_a_weights_file_over_the_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_MODEL_BYTES", 1_000_000)
    with pytest.raises(FileError, match=r"w1\.txt is larger than the limit of 1 MB"):
        load(folder_of(tmp_path, w1="1".ljust(1_000_001)))


def test_weights_are_written_as_the_document_writes_them(tmp_path: Path) -> None:
    model = worked_example()
    paths = save_weights(model, str(tmp_path / "new" / "folder"))
    assert [os.path.basename(path) for path in paths] == ["w1.txt", "w2.txt"]
    assert Path(paths[0]).read_text() == "0.2 0.6 0.1\n0.8 0.3 0.7\n"
    assert Path(paths[1]).read_text() == "0.4\n0.5\n0.9\n"


@given(models())
def test_weights_files_are_what_savetxt_writes_and_come_back_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, model: Model
) -> None:
    first = model.network.layers[0]
    assume(model.network.shape != (2, 3) or first.bias is not None)  # taken for w2.txt is missing
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
        f"{tmp_path} already holds files that do not belong to this model: '{other}'. "
        "Choose an empty folder."
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
        reason = "a file of that name exists" if folder.name == "a" else "not a directory"
        assert str(error.value) == f"cannot create folder {folder}: {reason}."
    assert (tmp_path / "a").read_text() == "here"


def test_a_folder_that_cannot_be_listed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_: str) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", denied)
    with pytest.raises(FileError) as error:
        load(folder_of(tmp_path, w1="1\n"))
    assert str(error.value) == f"{tmp_path} cannot be read: permission denied."
