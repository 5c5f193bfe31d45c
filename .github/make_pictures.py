"""Makes the pictures in README.md from what the commands really print on a terminal.

    python .github/make_pictures.py

Needs a POSIX system, and scorenet installed for the Python that runs this.
"""

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 76
SCORENET = [sys.executable, "-m", "scorenet_cli"]
HERE = Path(__file__).parent


def terminal_output(words: list[str], folder: str) -> str:
    """Run a command in a folder, on a terminal of its own, and return what it wrote there."""
    ours, its = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(words, stdout=its, stderr=its, env=environment, cwd=folder)  # noqa: S603
    os.close(its)
    chunks = []
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # the terminal's other end is closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    process.wait()
    return b"".join(chunks).decode().replace("\r\n", "\n")


def screen(words: list[str], name: str, folder: str) -> None:
    """Write what a command shows on a terminal as a picture beside this file."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi(terminal_output([*SCORENET, *words], folder)))
    # The picture brings no font from elsewhere: the reader's own monospace will do.
    template = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    template = re.sub(r"<!--.*?-->", "", template).replace("Fira Code", "ui-monospace")
    title = " ".join(["scorenet", *words])
    console.save_svg(
        str(HERE / name), title=title, theme=MONOKAI, code_format=template, unique_id="scorenet"
    )


def main() -> None:
    """Write each picture beside this file."""
    for command in ("forward-trace", "backward-trace"):
        picture = str(HERE / f"{command}-picture.svg")
        run([command, "--save", picture])
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HERE.parent / "sample_data", Path(folder) / "sample_data")
        screen(["forward-trace"], "forward-trace.svg", folder)
        words = "train sample_data/students.csv --hidden 4 --bias --optimizer lm --validation 0.25"
        run([*words.split(), "--epochs", "200"], folder)
        screen(["inspect", "--data", "sample_data/students.csv"], "inspect.svg", folder)


def run(words: list[str], folder: str | None = None) -> None:
    """Run a command of which only what it saves matters."""
    subprocess.run([*SCORENET, *words], check=True, stdout=subprocess.DEVNULL, cwd=folder)  # noqa: S603


if __name__ == "__main__":
    main()
