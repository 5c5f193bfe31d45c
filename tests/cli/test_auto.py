"""train without options of the steps, and train --folds, as on the command line."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from support import Invoke, one_message


@pytest.fixture(autouse=True)
def _rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    hours = rng.uniform(0, 10, 40).round(1)
    heights = (4 * hours - 0.5 * hours**2 + rng.standard_normal(40)).round(2)
    lines = [f"{hour},{height}" for hour, height in zip(hours, heights, strict=True)]
    (tmp_path / "a b.csv").write_text("\n".join(["hours,height", *lines]), encoding="utf-8")


def test_the_command_it_names_trains_the_same(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke(
        "train", "a b.csv", "--target", "height", "--activation", "tanh", "--restarts", 2, "--json"
    )
    answer = json.loads(result.stdout)
    chosen = answer["chosen"]
    assert [each["hidden"] for each in chosen["compared"]] == [[], [3], [8]]
    assert chosen["hidden"] in ([3], [8])
    assert answer["metrics"]["cross_validation"]["r2"] > 0.8
    words = shlex.split(chosen["command"])
    assert words[:3] == ["scorenet", "train", "a b.csv"]
    again = invoke(*words[1:], "--output", "again.json", "--json")
    assert "chosen" not in json.loads(again.stdout)
    models = [json.loads((tmp_path / name).read_text(encoding="utf-8"))
              for name in ("scorenet.json", "again.json")]  # fmt: skip
    assert models[0]["layers"] == models[1]["layers"]


def test_the_page_shows_what_was_compared(invoke: Invoke) -> None:
    page = invoke("train", "a b.csv", "--restarts", 1).stdout
    assert "compared" in page
    assert "no hidden layer: R2" in page
    assert page.count(", chosen") == 1
    assert "out of fold" in page
    assert "--hidden" in page


def test_folds_are_reported_beside_the_fit(invoke: Invoke) -> None:
    common = ("train", "a b.csv", "--epochs", 5, "--output-activation", "linear", "--folds", 4)
    assert "out of fold" in invoke(*common).stdout
    found = json.loads(invoke(*common, "--json").stdout)["metrics"]["cross_validation"]
    assert {"r2", "rmse", "mae", "baselines"} <= found.keys()


def test_folds_are_at_least_two(invoke: Invoke) -> None:
    result = invoke("train", "a b.csv", "--folds", 1)
    assert result.exit_code == 2
    assert "--folds" in one_message(result)


def test_the_command_it_names_has_every_setting(invoke: Invoke, tmp_path: Path) -> None:
    lines = [f"{n % 7},{n % 5},{2 * (n % 7) + n % 5},{3 * (n % 5) + n % 3}" for n in range(20)]
    (tmp_path / "two.csv").write_text("\n".join(["a a,b,s,t", *lines]), encoding="utf-8")
    words: list[object] = [
        "--target",
        "s",
        "--target",
        "t",
        "--features",
        "a a,b",
        "--missing",
        "fill",
    ]
    words += ["--max-score", 20, "--max-score", 18.5, "--hidden", "none"]
    result = invoke("train", "two.csv", *words, "--epochs", 1, "--optimizer", "auto", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["chosen"]["command"] == (
        "scorenet train two.csv --target s --target t --features 'a a,b' --missing fill "
        "--max-score 20.0 --max-score 18.5 --hidden none --bias --standardize --init scaled "
        "--optimizer lm --weight-decay auto --epochs 1"
    )
