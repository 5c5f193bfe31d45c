"""Makes the pictures in README.md from what the commands really print on a terminal.

    python .github/make_pictures.py

Needs a POSIX system, and scorenet installed for the Python that runs this.
"""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

WIDTH = 76
HERE = Path(__file__).parent


def terminal_output(words: list[str]) -> str:
    """Run a command on a terminal of its own and return what it wrote there."""
    ours, its = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(words, stdout=its, stderr=its, env=environment)  # noqa: S603
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


def main() -> None:
    """Write each picture beside this file."""
    command = [sys.executable, "-m", "scorenet_cli", "forward-trace"]
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi(terminal_output(command)))
    # The picture brings no font from elsewhere: the reader's own monospace will do.
    template = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    template = re.sub(r"<!--.*?-->", "", template).replace("Fira Code", "ui-monospace")
    console.save_svg(
        str(HERE / "forward-trace.svg"),
        title="scorenet forward-trace",
        theme=MONOKAI,
        code_format=template,
    )


if __name__ == "__main__":
    main()
