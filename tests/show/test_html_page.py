from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
from rich.console import Group
from rich.text import Text
from support import named, shown

from scorenet_cli.model import document
from scorenet_cli.model.batch import batch_trace
from scorenet_cli.model.trace import backward_trace, forward_trace
from scorenet_cli.show.html_page import html_page
from scorenet_cli.show.pages.backward import backward_page
from scorenet_cli.show.pages.batch import batch_page
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.pages.forward import forward_page
from scorenet_cli.show.tables import heading, number_table

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """The words of a page's body; raises where an element is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, _: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "body" in self.open:
            self.words += data.split()


def words_of(text: str) -> list[str]:
    return [word for word in text.split() if not set(word) <= set("─")]


def test_it_says_what_the_terminal_says() -> None:
    example = forward_trace(document.worked_example(), document.VALUES)
    forward = forward_page(example, document.document_figures(example), Look(10))
    step = backward_trace(named(("a", "b"), (2, 3, 2)), (1, 2), (50, 60), check=True)
    for page in (forward, backward_page(step, Look(6, source="m.json", explain=True))):
        read = Reader(html_page(page, "", "title")).words
        assert read == ["title", *words_of(shown(page, 200))]


def test_headings_notes_and_tables_are_what_they_are_called() -> None:
    table = number_table(["", "value"], [("h1",), ("  <a>", 0.5), ()], 4)
    page = html_page(
        Group(heading("A & B"), heading("Next"), Text("why", style="dim"), table), "<svg/>", "x"
    )
    assert "<h1>A &amp; B</h1>" in page
    assert "<title>A &amp; B - x</title>" in page
    assert "<figure><svg/></figure>" in page
    assert "<h2>Next</h2>" in page
    assert '<p class="dim">why</p>' in page
    assert '<th class="left">  &lt;a&gt;</th><td class="right">0.5</td>' in page


def test_nothing_is_loaded_and_nothing_is_run() -> None:
    page = html_page(Group(heading("x")), "", "x")
    assert "default-src 'none'" in page
    assert not re.search(r"http:|https:|src=|url\(|<script|<link", page)
    assert "figure>" not in page


def test_a_table_has_the_digits_that_a_phone_has_room_for() -> None:
    step = backward_trace(named(("hours_studied", "b"), (2, 3, 1)), (1, 2), (50,))
    page = html_page(backward_page(step, Look(source="m.json")), "", "title")
    weight = step.layers[0].neurons[0].weights[0].after
    assert f"{step.forward.outputs[0]:.10f}" in page  # of which two or three stand in a row
    last = page.partition("Weights into hidden layer")[2].partition("</table>")[0]
    assert f"{weight:.6f}" in last
    assert f"{weight:.10f}" not in last
    model = named(("a", "b"), (2, 6, 1))
    batch = batch_trace(model, np.ones((2, 2)), np.ones((2, 1)), learning_rate=1.0)
    first, other = (f"{model.network.layers[layer].weights[0, 0]:.10f}" for layer in (0, 1))
    page = html_page(batch_page(batch, Look(source="m.json"), "rows.csv"), "", "title")
    assert first not in page
    assert f">{first[:6]}" in page
    assert f">{other}<" in page
