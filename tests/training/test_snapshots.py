"""train --snapshots: the networks on the way to the one that is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import Invoke, one_message

import scorenet_cli as scorenet
from scorenet_cli.core.network import random_network
from scorenet_cli.core.optimizers.least_squares import pack
from scorenet_cli.errors import OptionError
from scorenet_cli.model import json_file
from scorenet_cli.training.loop import thin

SAMPLE = Path(__file__).parents[2] / "sample_data" / "students.csv"
NETWORK = random_network((2, 3, 1), seed=1)


@example({0, 28_000, 10**9 - 2, 10**9 - 1, 10**9}, 4)  # the second and third are nearest to one
@given(st.sets(st.integers(0, 10**9), min_size=1, max_size=60), st.integers(2, 70))
def test_so_many_are_chosen_with_both_ends(epochs: set[int], count: int) -> None:
    points = tuple((epoch, NETWORK) for epoch in sorted(epochs))
    chosen = thin(points, count)
    assert len(chosen) == min(count, len(points))
    assert [epoch for epoch, _ in chosen] == sorted({epoch for epoch, _ in chosen})
    assert (chosen[0], chosen[-1]) == (points[0], points[-1])


def test_they_are_the_networks_that_shorter_runs_end_with() -> None:
    model = scorenet.train(epochs=1000, snapshots=8).model
    assert [epoch for epoch, _ in model.snapshots] == [0, 2, 6, 18, 50, 141, 355, 1000]
    for epoch, network in model.snapshots:
        alone = scorenet.train(epochs=epoch).model.network
        assert pack(alone).tobytes() == pack(network).tobytes()
    assert scorenet.train(epochs=20).model.snapshots == ()


def test_resume_keeps_them_and_goes_on() -> None:
    first = scorenet.train(epochs=100, snapshots=6).model
    second = scorenet.train(resume=first, epochs=9_900).model
    assert len(second.snapshots) == 6
    assert second.snapshots[-1][0] == 10_000
    known = dict(first.snapshots)
    assert [epoch for epoch, network in second.snapshots if known.get(epoch) is network][:2]
    assert pack(second.snapshots[-1][1]).tobytes() == pack(second.network).tobytes()
    assert len(scorenet.train(resume=first, epochs=100, snapshots=9).model.snapshots) == 9


@pytest.mark.parametrize(
    "options",
    [
        {"restarts": 5},
        {"optimizer": "lm", "bias": True, "restarts": 3},
        {"optimizer": "adam", "validation": 0.25, "patience": 5},
    ],
)
def test_the_last_is_the_network_that_is_kept(options: dict[str, Any]) -> None:
    model = scorenet.train(SAMPLE, epochs=40, snapshots=5, **options).model
    epoch, network = model.snapshots[-1]
    assert pack(network).tobytes() == pack(model.network).tobytes()
    record = model.training
    assert record is not None
    assert epoch == (record.epochs if record.best_epoch is None else record.best_epoch)
    start = random_network((2, 3, 1), seed=record.seed or 0, bias=options.get("bias", False))
    np.testing.assert_array_equal(pack(model.snapshots[0][1]), pack(start))


def test_a_model_file_keeps_them_to_the_bit(invoke: Invoke) -> None:
    invoke("train", "--epochs", 50, "--snapshots", 4, "--quiet")
    written = json.loads(Path("scorenet.json").read_text(encoding="utf-8"))
    assert written["version"] == 2
    model = json_file.load("scorenet.json")
    again = [{"epoch": at, "parameters": pack(each).tolist()} for at, each in model.snapshots]
    assert written["snapshots"] == again
    assert len(again) == 4
    assert "4, from epoch 0 to 50" in invoke("inspect").stdout
    for change, message in (
        ({"epoch": 1}, "must be a list of objects"),
        ([3], "must be a list of objects"),
        ([{"epoch": 1, "parameters": [1.0]}], "one for each weight and bias (9)"),
        ([again[1], again[0]], "above the one before"),
        ([{**again[0], "epoch": 1.5}], "above the one before"),
        ([{**again[0], "extra": 1}], "must be a list of objects"),
    ):
        Path("bad.json").write_text(json.dumps(written | {"snapshots": change}), encoding="utf-8")
        assert message in one_message(invoke("inspect", "--model", "bad.json"))


def test_large_networks_and_one_snapshot_are_refused(invoke: Invoke) -> None:
    result = invoke("train", "--hidden", 70, "--snapshots", 5)
    assert result.exit_code == 2
    assert (
        "--snapshots is for networks of up to 200 parameters; this one has 210"
        in (result.stderr.splitlines()[-1])
    )
    with pytest.raises(OptionError, match="at least 2"):
        scorenet.train(snapshots=1)
