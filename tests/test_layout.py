"""Imports point down: cli, api, show, training, model, data, core; the rest below all."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "scorenet_cli"
# What each part may import of the package, beside itself and what stands below all.
BELOW_ALL = {"errors", "text", "files", "__init__"}
MAY_IMPORT = {
    "cli": {"api", "export", "show", "training", "model", "data", "core"},
    "api": {"training", "model", "data", "core"},
    "show": {"training", "model", "data", "core"},
    "export": {"model", "data", "core"},
    "training": {"model", "data", "core"},
    "model": {"data", "core"},
    "data": {"core"},
    "core": set(),
    "errors": set(),
    "text": set(),
    "files": set(),
    "__init__": {"api", "training", "model"},
    "__main__": {"cli"},
    "scorenet": {"__main__"},
}
ONLY_IN = {"typer": "cli", "rich": "show"}
FILES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Full names of what a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("part", sorted({part_of(path) for path in FILES}))
def test_imports_point_down(part: str) -> None:
    allowed = MAY_IMPORT[part] | {part}
    if part == "core":
        allowed |= {"errors"}
    elif part not in BELOW_ALL:
        allowed |= BELOW_ALL
    else:
        allowed |= {"errors", "text"}
    files = [file for file in FILES if part_of(file) == part]
    for path, name in [(file, name) for file in files for name in imported(file)]:
        top, _, rest = name.partition(".")
        if top == "scorenet_cli":
            target = rest.partition(".")[0]
            target = target if (PACKAGE / target).is_dir() or target in MAY_IMPORT else "__init__"
            assert target in allowed, f"{path} imports {name}"
        assert ONLY_IN.get(top, part) == part, f"{path} imports {name}"


def test_the_package_itself_loads_nothing_large() -> None:
    script = "import scorenet_cli, sys; print({'numpy', 'typer', 'rich'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"
