from __future__ import annotations

import io

import pytest
from rich.console import Group
from rich.text import Text

from scorenet_cli.model import document
from scorenet_cli.model.trace import forward_trace
from scorenet_cli.show.console import as_text, make_console, show
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.pages.forward import forward_page
from scorenet_cli.show.tables import heading


class NarrowTerminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_saved_page_is_whole_whatever_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = forward_trace(document.worked_example(), document.VALUES)
    page = forward_page(trace, document.document_figures(trace), Look())
    in_a_pipe = as_text(page)
    monkeypatch.setattr("sys.stdout", NarrowTerminal())
    monkeypatch.setenv("COLUMNS", "50")
    assert as_text(page) == in_a_pipe
    for figure in ("0.9994997989", "0.9801596943", "0.4900798471", "1.7885287027"):
        assert f"  {figure}" in in_a_pipe


def test_a_terminal_gets_each_part_on_a_line_of_its_own_and_nothing_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = Text("a command that is longer than a line", no_wrap=True, overflow="ignore")
    for stream, ending in ((NarrowTerminal(), "  \n"), (io.StringIO(), "\n")):
        monkeypatch.setattr("sys.stdout", stream)
        monkeypatch.setenv("COLUMNS", "20")
        show(Text("first"), Text("second  "))
        show(Group(command))
        assert stream.getvalue() == f"first\nsecond{ending}{command.plain}\n"


def test_a_saved_page_has_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert as_text(heading("score")) == "score\n"


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_a_pipe_has_colours_only_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], *, coloured: bool
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    pipe = io.StringIO()
    make_console(pipe).print("2", style="cyan")
    assert ("\x1b[36m" in pipe.getvalue()) == coloured
