"""Settings as plain values: what each is read as, and which are refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from support import named

import scorenet_cli as scorenet
from scorenet_cli.training.plan import check_settings
from scorenet_cli.training.settings import make_settings

FRACTION = "expects a fraction between 0 and 1, e.g. 0.2 for a fifth of the rows."


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
        ("restarts", 1000, 1000),
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
        ("ignore", ",", "expects names separated by commas; got ','."),
        ("hidden", "3,0", "expects positive sizes separated by commas, e.g. 16,8; got '3,0'."),
        (
            "hidden",
            "1234567890",
            "expects positive sizes separated by commas, e.g. 16,8; got '1234567890'.",
        ),
        ("hidden", "-3", "expects positive sizes separated by commas, e.g. 16,8; got '-3'."),
        (
            "hidden",
            "\u0663",
            "expects positive sizes separated by commas, e.g. 16,8; got '\u0663'.",
        ),
        (
            "hidden",
            "1\u0663",
            "expects positive sizes separated by commas, e.g. 16,8; got '1\u0663'.",
        ),
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
        ("validation", 0, FRACTION),
        ("restarts", 1001, "must be at most 1000."),
        ("bias", 2, "must be True or False."),
        ("standardize", "no", "must be True or False."),
        ("validation", 1, FRACTION),
        ("validation", "0.2", FRACTION),
    ],
)
def test_values_are_refused(name: str, value: object, expected: str) -> None:
    with pytest.raises(scorenet.OptionError) as caught:
        make_settings(**{name: value})
    assert caught.value.option == name
    assert str(caught.value) == f"`{name}` {expected}"


def test_an_unknown_setting_gets_a_suggestion() -> None:
    with pytest.raises(scorenet.OptionError, match=r"no setting 'epoch'.*epochs"):
        make_settings(epoch=3)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"features": "a,b,c,b,c"}, "`features` names column 'b' twice."),
        ({"target": ["a", "a"]}, "`target` names column 'a' twice."),
        (
            {"features": "a,b", "ignore": "b"},
            "column 'b' is both in `features` and in `ignore`.",
        ),
        ({"target": "b", "ignore": "a,b"}, "column 'b' is both in `target` and in `ignore`."),
        (
            {"features": "a,b", "target": "b"},
            "column 'b' is both a target and a feature. Leave it out of `features`.",
        ),
        ({"optimizer": "sgd"}, "`optimizer` expects one of auto, gd, adam, lm; got 'sgd'."),
        (
            {"max_score": 90, "output_activation": "linear"},
            "`max_score` has no effect with `output_activation=linear`. Leave it out.",
        ),
        (
            {"activation": "softmax"},
            "`activation` expects one of sigmoid, tanh, relu, linear; got 'softmax'.",
        ),
        (
            {"output_activation": "tanh"},
            "`output_activation` expects one of sigmoid, linear; got 'tanh'.",
        ),
        ({"missing": "drop"}, "`missing` expects one of skip, fill, refuse; got 'drop'."),
        ({"init": "zeros"}, "`init` expects one of normal, uniform, scaled; got 'zeros'."),
        (
            {"learning_rate": 1, "optimizer": "lm"},
            "`learning_rate` has no effect with `optimizer=lm`. Leave it out.",
        ),
        (
            {"batch_size": 4, "optimizer": "auto"},
            "`batch_size` has no effect with `optimizer=auto`. Leave it out.",
        ),
        (
            {"weight_decay": "auto", "optimizer": "adam"},
            "`weight_decay` auto needs `optimizer=lm`; `optimizer=adam` takes a number.",
        ),
        (
            {"patience": 3},
            "`patience` needs `validation`, whose rows show whether an epoch is an improvement.",
        ),
    ],
)
def test_settings_that_exclude_each_other_are_refused(
    values: dict[str, Any], expected: str
) -> None:
    with pytest.raises(scorenet.OptionError) as caught:
        check_settings(make_settings(**values))
    assert str(caught.value) == expected
    assert caught.value.option == (expected.split("`")[1] if expected[0] == "`" else None)


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
    with pytest.raises(scorenet.OptionError) as caught:
        check_settings(make_settings(**{option: value}), model)
    assert str(caught.value) == f"`{option}` cannot be changed with `resume`. Leave it out."
    assert caught.value.option == option


def test_without_hidden_layers_there_is_no_activation_of_theirs() -> None:
    with pytest.raises(scorenet.OptionError, match="`activation` cannot be changed"):
        check_settings(make_settings(activation="sigmoid"), named(("a", "b"), (2, 1)))


def test_weights_alone_leave_the_columns_open() -> None:
    weights = dataclasses.replace(named(("a", "b"), (2, 3, 1)), is_weights_only=True)
    check_settings(make_settings(features="c,d", target="e", max_score=7, ignore="f"), weights)


def test_a_resumed_model_may_be_described_again() -> None:
    model = named(("a", "b"), (2, 3, 2))
    said = {"features": "a,b", "target": ["score0", "score1"], "max_score": 100, "hidden": 3}
    said |= {"bias": True, "activation": "sigmoid", "output_activation": "sigmoid", "seed": 5}
    check_settings(make_settings(**said, standardize=False, validation=0.2), model)
