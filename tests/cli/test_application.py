from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import MODEL, Invoke, Program, plain_environment

from scorenet_cli import __version__

COMMANDS = ("train", "predict", "inspect", "forward-trace", "backward-trace", "export")


def test_version(invoke: Invoke) -> None:
    assert invoke("--version").stdout == f"scorenet {__version__}\n"


@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS)])
def test_help_is_whole_and_plain(invoke: Invoke, words: list[str]) -> None:
    result = invoke(*words, "--help")
    assert result.exit_code == 0
    assert result.stdout.isascii()
    for expected in ("Usage: scorenet", *([] if words else COMMANDS)):
        assert expected in result.stdout


def _imported(folder: Path, *words: str) -> set[str]:
    """Top-level packages that a run of the command imports."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "scorenet_cli", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env=plain_environment(),
        check=True,
    )
    lines = [line for line in result.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["train", "--help"]])
def test_version_and_help_import_neither_numpy_nor_rich(tmp_path: Path, words: list[str]) -> None:
    assert not {"numpy", "rich"} & _imported(tmp_path, *words)


def test_predict_in_a_pipe_imports_numpy_and_no_rich(tmp_path: Path, invoke: Invoke) -> None:
    invoke("train", "--epochs", 1)
    imported = _imported(tmp_path, "predict", "2", "8")
    assert "numpy" in imported
    assert not {"rich", "pydantic", "hashlib", "tempfile", "csv"} & imported


@pytest.mark.parametrize(
    "words", [["trian"], ["train", "--epoch", "3"], ["predict", "--precision"]]
)
def test_a_wrong_command_line_exits_with_2(invoke: Invoke, words: list[str]) -> None:
    result = invoke(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Error: " in result.stderr


def test_no_command_shows_help(invoke: Invoke) -> None:
    result = invoke()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == invoke("--help").stdout


def test_too_little_memory_is_one_message(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(_path: str) -> None:
        raise MemoryError

    monkeypatch.setattr("scorenet_cli.model.json_file.load", no_memory)
    result = invoke("inspect")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: there is not enough memory")


OUTPUT = "standard output cannot be written"


def _system_error(number: int, *place: str) -> OSError:
    return OSError(number, os.strerror(number), *place)


@pytest.mark.parametrize(
    ("error", "platform", "message"),
    [
        (_system_error(errno.EINVAL), "win32", ""),  # the reader has seen enough
        (_system_error(errno.EINVAL), "linux", f"{OUTPUT}: invalid argument"),
        (_system_error(errno.EIO), "win32", f"{OUTPUT}: input/output error"),
        (OSError("Not again"), "linux", f"{OUTPUT}: not again"),
        (_system_error(errno.EIO, "m.json"), "linux", "m.json: input/output error"),
    ],
)
def test_an_error_of_the_system_is_one_message_or_the_end_of_a_pipe(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, error: OSError, platform: str, message: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("scorenet_cli.show.console.show", fail)
    monkeypatch.setattr(sys, "platform", platform)
    result = invoke("forward-trace")
    assert result.exit_code == 1
    assert (result.stdout, result.stderr) == ("", f"Error: {message}.\n" if message else "")


@pytest.mark.parametrize(
    ("stream", "name"), [(io.TextIOWrapper(io.BytesIO(), "ascii"), "??"), (io.StringIO(), "分數")]
)
def test_output_goes_to_a_stream_of_any_kind(
    program: Program, stream: io.TextIOBase, name: str
) -> None:
    Path("m.json").write_text(json.dumps(MODEL | {"targets": ["分數"]}), encoding="utf-8")
    assert program("forward-trace", 2, 8, "--model", "m.json", stdout=stream) == 0
    stream.seek(0)
    assert f"\n{name}  " in stream.read()


def test_a_reader_that_has_left_before_the_end_is_no_error(
    program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, its = os.pipe()
    os.close(ours)
    with os.fdopen(its, "w", encoding="utf-8") as stream:  # closing it writes what it still holds
        assert program("forward-trace", stdout=stream) == 1
    assert capsys.readouterr().err == ""


def test_the_installed_module_has_the_name_of_the_command(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "scorenet", "--version"],
        capture_output=True,
        cwd=tmp_path,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, f"scorenet {__version__}\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "words",
    [["train", "--help"], ["forward-trace"], ["train", "--json"]],
)
def test_a_full_disk_behind_stdout_is_one_message(tmp_path: Path, words: list[str]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        result = subprocess.run(
            [sys.executable, "-m", "scorenet_cli", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=plain_environment(),
            text=True,
            check=False,
        )
    assert result.returncode == 1
    message = result.stderr.splitlines()[-1]
    assert message == "Error: standard output cannot be written: no space left on device."


@pytest.mark.skipif(os.name == "nt", reason="closed streams as POSIX has them")
def test_a_closed_stdout_is_an_error_and_not_silence(tmp_path: Path) -> None:
    result = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m scorenet_cli forward-trace >&-"],
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=plain_environment(),
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Error: standard output cannot be written")


@pytest.mark.skipif(os.name == "nt", reason="closed streams as POSIX has them")
def test_a_closed_stderr_loses_the_messages_and_not_the_result(tmp_path: Path) -> None:
    train = f"{sys.executable} -m scorenet_cli train --epochs 1 --quiet 2>&-"  # says: no CSV given
    assert subprocess.run(["/bin/sh", "-c", train], cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "scorenet.json").exists()
