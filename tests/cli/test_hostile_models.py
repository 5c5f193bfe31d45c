"""A model file from a stranger can do nothing but be read, or be refused."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from support import Invoke, one_message

# Ring, colour, clear the screen, set the title, go up a line, reorder, hide, end the line.
STEERING = "\x07\x1b[31m\x1b[2J\x1b]0;owned\x07\x1b[A\u202e\u2066\u200b\x00\x9b31m\r\n\x85\u2028"
HOSTILE = {
    "format": "scorenet-model",
    "version": 1,
    "features": [f"a{STEERING}b", "__import__('os').system('id')"],
    "targets": [f"{STEERING}[bold]y[/]</script>{{0}}%s"],
    "feature_range": [[0, 1], [0, 1]],
    "layers": [{"weights": [[0.5], [-0.5]], "activation": "sigmoid"}],
    "training": {
        "data": f"../../../etc/passwd{STEERING}",
        "sha256": STEERING,
        "optimizer": STEERING,
        "init": STEERING,
        "stopped": STEERING,
        "seed": 10**30,
        "epochs": 10**18,
        "history": [[n, 1e300] for n in range(5000)],
        "state": {"anything": [["x"]]},
        "versions": {STEERING: STEERING},
        "date": STEERING,
    },
}
ALLOWED = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]*")


@pytest.mark.parametrize(
    "words",
    [
        ["inspect"],
        ["inspect", "--data", "rows.csv"],
        ["predict", "3", "4"],
        ["predict", "--csv", "rows.csv"],
        ["forward-trace", "3", "4", "--save", "net.svg"],
        ["backward-trace", "3", "4", "--actual", "0.5", "--save", "net.html"],
        ["backward-trace", "3", "4", "--actual", "0.5", "--save", "net.txt"],
        ["predict", "3"],
        ["train", "rows.csv", "--resume", "m.json", "--max-score", "100", "--epochs", "1"],
    ],
)
def test_nothing_in_it_steers_the_terminal_or_a_saved_page(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    (tmp_path / "m.json").write_text(json.dumps(HOSTILE), encoding="utf-8")
    (tmp_path / "rows.csv").write_text("1,2,0.5\n3,4,0.25\n", encoding="utf-8")
    monkeypatch.setenv("SCORENET_MODEL", "m.json")
    result = invoke(*words)
    assert isinstance(result.exception, SystemExit | None)
    assert result.stdout + result.stderr
    for text in [result.stdout, result.stderr] + [
        path.read_text("utf-8") for path in tmp_path.glob("net.*")
    ]:
        assert ALLOWED.fullmatch(text), text
    for path in tmp_path.glob("net.svg"):
        ET.fromstring(path.read_text("utf-8"))  # noqa: S314 - our own picture
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".json") == sorted(
        ["rows.csv", *(word for word in words if word.startswith("net."))]
    )


def model(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON is any of six types
    sound = {key: HOSTILE[key] for key in ("format", "version", "layers")}
    return sound | {"features": ["a", "b"], "targets": ["y"]} | changes


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"a":' * 100_000, "nested too deeply"),
        ("[" * 1_000_000, "nested too deeply"),
        (json.dumps(model()).replace("-0.5", "1e400"), "is not a finite number"),
        (json.dumps(model()).replace("-0.5", "9" * 10_000), "too many digits"),
        (json.dumps(model(training={"state": {"m": float("inf")}})), "'state' must be"),
        (json.dumps(model(layers=[{"weights": {"__class__": "x"}}])), "is not a number"),
        (json.dumps(model(layers="../w1.txt")), '"layers" must be a list'),
        ("\x80\x02cos\nsystem\n(S'id'\ntR.", "invalid JSON"),  # a pickle
    ],
)
def test_what_is_no_model_is_refused_in_one_message(
    invoke: Invoke, tmp_path: Path, content: str, reason: str
) -> None:
    (tmp_path / "m.json").write_text(content, encoding="utf-8")
    result = invoke("predict", 1, 2, "--model", "m.json")
    assert result.exit_code == 1
    assert reason in one_message(result)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="a POSIX device")
def test_a_file_without_end_is_refused(invoke: Invoke, tmp_path: Path) -> None:
    assert "is larger than the limit of 256 MB" in one_message(
        invoke("inspect", "--model", "/dev/zero")
    )
    (tmp_path / "loop.json").symlink_to("loop.json")
    assert "cannot be read" in one_message(invoke("inspect", "--model", "loop.json"))


def test_a_page_of_a_huge_layer_takes_no_time_of_its_own(invoke: Invoke, tmp_path: Path) -> None:
    """A table of all neurons, only to be measured, took a minute for 30,000 of them."""
    many = 1_000
    layers = [{"weights": [[0.5] * many]}, {"weights": [[0.5]] * many}]
    content = json.dumps(model(features=["a"], layers=layers))
    (tmp_path / "m.json").write_text(content, encoding="utf-8")
    result = invoke("inspect", "--model", "m.json")
    assert result.exit_code == 0
    assert "... and 600 more" in result.stdout
    assert len(result.stdout) < 100_000


def test_paths_that_it_names_are_not_opened(invoke: Invoke, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("1,2\n", encoding="utf-8")
    os.chmod(secret, 0o200)
    content = json.dumps(model(training={"data": str(secret)}))
    (tmp_path / "m.json").write_text(content, encoding="utf-8")
    before = secret.stat().st_atime_ns
    assert invoke("inspect", "--model", "m.json").exit_code == 0
    assert secret.stat().st_atime_ns == before
