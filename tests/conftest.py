"""Two ways to run a command in this process."""

from __future__ import annotations

import gc
import io
import os
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from support import Invoke, Program
from typer.main import get_command
from typer.testing import CliRunner, Result

from scorenet_cli.cli import application, main
from scorenet_cli.core import parallel

if hasattr(os, "register_at_fork"):  # mutmut forks; threads do not come along
    os.register_at_fork(after_in_child=lambda: parallel._pool.cache_clear())  # noqa: PLW0108, SLF001

APP = application()
COMMAND = get_command(APP)


def pytest_collection_finish() -> None:
    """What importing and collecting made stays: no need to look it through again and again."""
    gc.freeze()


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run a command in this process, in an empty folder; stdout and stderr apart."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SCORENET_MODEL", raising=False)
    monkeypatch.setenv("TERM", "dumb")
    # Typer builds all commands anew for each run, which takes longer than most of them.
    monkeypatch.setattr("typer.testing._get_command", lambda _: COMMAND)

    def run(*words: object, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(APP, [str(word) for word in words], input=stdin)

    return run


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Run the program in this process, in an empty folder, on streams of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")  # or main sets it

    def run(*words: object, **streams: io.TextIOBase | None) -> object:
        monkeypatch.setattr(sys, "argv", ["scorenet", *(str(word) for word in words)])
        for name, stream in streams.items():
            monkeypatch.setattr(sys, name, stream)
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code

    return run


# A slow machine is no reason to fail; a hang is caught by .ci/run's own limit.
# pytest --hypothesis-profile=thorough draws as many examples as a search deserves;
# mutants draws the same ones every time, and does not look for the smallest that fails.
settings.register_profile("default", deadline=None, max_examples=15)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.register_profile(
    "mutants",
    derandomize=True,
    deadline=None,
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile("default")
