"""Settings as plain values: what each is read as, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest
from support import named

import scorenet_cli as scorenet
from scorenet_cli.training.plan import check_settings
from scorenet_cli.training.settings import make_settings


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("features", "a,b", ("a", "b")),
        ("features", ' a , "b,c"', ("a", "b,c")),
        ("features", ["a ", "b,c"], ("a ", "b,c")),
        ("target", "a,b", ("a,b",)),
        ("target", ["a", "b"], ("a", "b")),
        ("ignore", "a", ("a",)),
        ("hidden", 3, (3,)),
        ("hidden", "16, 8", (16, 8)),
        ("hidden", [16, 8], (16, 8)),
        ("hidden", "none", ()),
        ("hidden", [], ()),
        ("hidden", (), ()),
        ("hidden", "007", (7,)),
        ("max_score", 90, (90.0,)),
        ("max_score", [90, 0.5], (90.0, 0.5)),
        ("weight_decay", "auto", "auto"),
        ("weight_decay", "1e-3", 0.001),
        ("weight_decay", 0, 0.0),
        ("tolerance", 0, 0),
        ("learning_rate", 1e-300, 1e-300),
        ("epochs", 0, 0),
        ("restarts", 1, 1),
        ("batch_size", 1, 1),
        ("patience", 1, 1),
        ("seed", 0, 0),
        ("folds", 2, 2),
        ("snapshots", 2, 2),
        ("validation", 0.99, 0.99),
    ],
)
def test_values_are_read(name: str, value: object, expected: object) -> None:
    assert getattr(make_settings(**{name: value}), name) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("features", "a,,b", "expects names separated by commas; got 'a,,b'."),
        ("features", "", "expects names separated by commas; got ''."),
        ("ignore", 'a\0,"', "expects names separated by commas"),
        ("hidden", "3,0", "expects positive sizes separated by commas, e.g. 16,8; got '3,0'."),
        ("hidden", "1234567890", "expects positive sizes"),
        ("hidden", "-3", "expects positive sizes"),
        ("hidden", "\u0663", "expects positive sizes"),
        ("max_score", 0, "must be a finite number above 0."),
        ("max_score", [100, float("nan")], "must be a finite number above 0."),
        ("max_score", [], "must be a finite number above 0."),
        ("max_score", "x", "must be a finite number above 0."),
        ("weight_decay", "x", "expects a number of at least 0, or auto; got 'x'."),
        ("weight_decay", -1, "expects a number of at least 0, or auto; got '-1'."),
        ("weight_decay", float("inf"), "expects a number of at least 0, or auto; got 'inf'."),
        ("tolerance", -1, "must be a finite number of at least 0."),
        ("learning_rate", 0, "must be a finite number above 0."),
        ("learning_rate", "3", "must be a finite number above 0."),
        ("epochs", -1, "must be a whole number of at least 0."),
        ("epochs", 1.5, "must be a whole number of at least 0."),
        ("restarts", 0, "must be a whole number of at least 1."),
        ("batch_size", 0, "must be a whole number of at least 1."),
        ("patience", 0, "must be a whole number of at least 1."),
        ("seed", -1, "must be a whole number of at least 0."),
        ("folds", 1, "must be a whole number of at least 2."),
        ("snapshots", 1, "must be a whole number of at least 2."),
        ("validation", 0, "expects a fraction between 0 and 1"),
        ("validation", 1, "expects a fraction between 0 and 1"),
        ("validation", "0.2", "expects a fraction between 0 and 1"),
    ],
)
def test_values_are_refused(name: str, value: object, expected: str) -> None:
    with pytest.raises(scorenet.OptionError) as caught:
        make_settings(**{name: value})
    assert caught.value.option == name
    assert str(caught.value).startswith(f"`{name}` {expected}")


def test_an_unknown_setting_gets_a_suggestion() -> None:
    with pytest.raises(scorenet.OptionError, match=r"no setting 'epoch'.*epochs"):
        make_settings(epoch=3)


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("features", {"features": "a,b,a"}),
        ("target", {"target": ["a", "a"]}),
        (None, {"features": "a,b", "target": "b"}),
        ("optimizer", {"optimizer": "sgd"}),
        ("max_score", {"max_score": 90, "output_activation": "linear"}),
        ("activation", {"activation": "softmax"}),
        ("output_activation", {"output_activation": "tanh"}),
        ("missing", {"missing": "drop"}),
        ("init", {"init": "zeros"}),
        ("learning_rate", {"learning_rate": 1, "optimizer": "lm"}),
        ("batch_size", {"batch_size": 4, "optimizer": "auto"}),
        ("weight_decay", {"weight_decay": "auto", "optimizer": "adam"}),
        ("patience", {"patience": 3}),
    ],
)
def test_settings_that_exclude_each_other_are_refused(
    option: str | None, values: dict[str, Any]
) -> None:
    with pytest.raises(scorenet.OptionError) as caught:
        check_settings(make_settings(**values))
    assert caught.value.option == option


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("features", "a,c"),
        ("target", "c"),
        ("max_score", 90),
        ("standardize", True),
        ("ignore", "c"),
        ("hidden", 4),
        ("bias", False),
        ("activation", "tanh"),
        ("output_activation", "linear"),
    ],
)
def test_a_resumed_model_is_not_changed(option: str, value: object) -> None:
    model = named(("a", "b"), (2, 3, 1))
    with pytest.raises(scorenet.OptionError, match="cannot be changed with `resume`") as caught:
        check_settings(make_settings(**{option: value}), model)
    assert caught.value.option == option


def test_a_resumed_model_may_be_described_again() -> None:
    model = named(("a", "b"), (2, 3, 2))
    said = {"features": "a,b", "target": ["score0", "score1"], "max_score": 100, "hidden": 3}
    said |= {"bias": True, "activation": "sigmoid", "output_activation": "sigmoid", "seed": 5}
    check_settings(make_settings(**said, standardize=False, validation=0.2), model)
