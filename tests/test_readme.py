"""Runs every command in both READMEs and compares what it prints; "..." stands for anything."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import typer.testing
from support import Invoke, plain_environment

ROOT = Path(__file__).parents[1]
DOCUMENTS = ROOT / ".github"
README, CHINESE = ROOT / "README.md", DOCUMENTS / "README.zh-TW.md"


def blocks(kind: str, page: Path = README) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def examples(page: Path) -> list[tuple[str, str]]:
    """Each command with the output that the page shows."""
    text = "".join(blocks("console", page))
    return [
        (command.partition("\n")[0], command.partition("\n")[2])
        for command in re.split(r"^\$ ", text, flags=re.MULTILINE)
        if command
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a new user has it: the sample data, and scorenet as a command."""
    path = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "sample_data", path / "sample_data")
    shutil.copytree(ROOT / "tests" / "benchmarks", path / "tests" / "benchmarks")
    shutil.copy(ROOT / "tests" / "support.py", path / "tests")
    programs = path / "programs"
    programs.mkdir()
    for program, words in (("scorenet", " -m scorenet_cli"), ("python", "")):
        (programs / program).write_text(
            f'#!/bin/sh\nexec "{sys.executable}"{words} "$@"\n', encoding="utf-8"
        )
        (programs / program).chmod(0o755)
    return path


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{folder / 'programs'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/sh", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        cwd=folder,
        env=plain_environment(PATH=path, PYTHONUTF8="1"),
        check=False,
    )


def plain(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.mark.skipif(os.name == "nt", reason="README's commands are for a POSIX shell")
@pytest.mark.parametrize("page", [README, CHINESE], ids=["English", "Chinese"])
def test_every_example_prints_what_the_page_shows(
    folder: Path, page: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    # Unbuffered, so that both streams come in the order of a terminal.
    stream = partial(typer.testing._NamedTextIOWrapper, write_through=True)  # noqa: SLF001
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper", stream)
    checker = doctest.OutputChecker()
    assert len(examples(page)) > 6
    known = [] if page == README else examples(README)  # what both show is run once
    for command, expected in examples(page):
        if (command, expected) in known:
            continue
        program, *words = shlex.split(command)
        if program == "scorenet":
            answer = invoke(*words)
            status, output = answer.exit_code, answer.output
        else:
            result = run(command, folder)
            status, output = result.returncode, result.stdout
        assert status == 0, command
        shown = plain(output)
        assert checker.check_output(plain(expected), shown, doctest.ELLIPSIS), (
            f"$ {command}\n{shown}\n-- {page.name} shows:\n{expected}"
        )


def test_the_python_session_prints_what_readme_shows(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (session,) = blocks("python")
    test = doctest.DocTestParser().get_doctest(session, {}, "README", "README.md", 0)
    output: list[str] = []
    assert doctest.DocTestRunner().run(test, out=output.append).failed == 0, "".join(output)


def test_set_up_is_two_commands() -> None:
    """.ci/run runs them word by word; here the main job's part is among the examples."""
    first, second = blocks("sh")[0].strip().splitlines()
    assert blocks("sh", CHINESE)[0].strip().splitlines() == [first, second]
    assert first.startswith("python3 -m venv .venv && ")
    assert second.endswith("&& .venv/bin/python -m pytest -n auto")
    train, predict = first.replace(".venv/bin/scorenet", "scorenet").split(" && ")[2:]
    commands = [command for command, _ in examples(README)]
    assert commands[commands.index(train) + 1] == f"{predict} --precision 2"


@pytest.mark.benchmark
@pytest.mark.skipif(os.name == "nt", reason="README's commands are for a POSIX shell")
def test_the_benchmark_runs(folder: Path) -> None:
    (command,) = blocks("sh", DOCUMENTS / "BENCHMARKS.md")[0].strip().splitlines()
    result = run(f"{command} --quick", folder)
    assert result.returncode == 0, result.stdout
    assert "scorenet predict 4 8" in result.stdout


@pytest.mark.parametrize("command", ["forward-trace", "backward-trace"])
def test_the_pictures_are_what_the_commands_draw(
    invoke: Invoke, tmp_path: Path, command: str
) -> None:
    invoke(command, "--save", "drawn.svg")
    kept = DOCUMENTS / f"{command}-picture.svg"
    assert (tmp_path / "drawn.svg").read_text("utf-8") == kept.read_text("utf-8")


@pytest.mark.parametrize(
    "page", [README, *sorted(DOCUMENTS.glob("*.md"))], ids=lambda page: page.name
)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).is_file(), target


def test_every_file_of_the_package_is_in_the_layout() -> None:
    layout = (DOCUMENTS / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for path in (ROOT / "scorenet_cli").iterdir():
        if not path.name.startswith("__") and path.suffix != ".typed":
            assert f"`{path.name}{'/' if path.is_dir() else ''}`" in layout
