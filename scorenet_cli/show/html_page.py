"""Pages as HTML that need no other file, in light and dark themes, on phones and in print.

html_page writes a page of the terminal: headings, notes and tables as such, and the picture.
Nothing in it is loaded or run.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from scorenet_cli.model.colours import COLOURS
from scorenet_cli.show.tables import FirstThatFits

# Maximum table width, in characters, on a screen of 390 pixels.
PHONE_COLUMNS = 52

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
style-src 'unsafe-inline'{policy}">
<title>{heading} - {title}</title>
<style>
:root {{ color-scheme: light dark; {day} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {night} }} }}
body {{ margin: 0 auto; max-width: 48rem; padding: 1.5rem 1rem 3rem; color: var(--ink);
  background: var(--ground); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }}
header p, .dim {{ color: var(--soft); }}
h1, h2, p {{ margin: 0; }}
h1 {{ font-size: 1.5rem; line-height: 1.25; }}
h2 {{ font-size: 1.05rem; margin-top: 2rem; }}
h2, .dim, .italic {{ break-after: avoid; }}
div.indented {{ padding-left: 1.5rem; }}
figure, .table {{ margin: 0.5rem 0; overflow-x: auto; }}
figure svg {{ width: 100%; min-width: 36rem; height: auto; }}
table {{ border-collapse: collapse; font-size: clamp(0.69rem, 2.9vw, 0.94rem);
  font-variant-numeric: tabular-nums; }}
th, td {{ padding: 0.15em 0 0.15em 1.2em; text-align: right; font-weight: normal; }}
.left {{ text-align: left; }}
th.left {{ white-space: pre; }}
tr > :first-child {{ padding-left: 0; }}
thead th {{ color: var(--soft); border-bottom: 1px solid var(--edge); }}
tbody {{ break-inside: avoid; }}
tbody + tbody > tr:first-child > * {{ padding-top: 0.8em; }}
@media (max-width: 30rem) {{ th, td {{ padding-left: 0.7em; }} }}
@media print {{ body {{ max-width: none; padding: 0; font-size: 10pt; }}
  table {{ font-size: 9.5pt; }}
  figure svg {{ min-width: 0; }} figure {{ break-inside: avoid; }} }}
{style}</style>
</head>
<body>
<header><p>{title}</p><h1>{heading}</h1></header>
{body}
</body>
</html>
"""


def html_page(page: Group, picture: str, title: str) -> str:
    """Return a page, whose first part is its heading, with a picture (SVG) below that."""
    first, *rest = page.renderables
    parts = [f"<figure>{picture}</figure>"] if picture else []
    parts += [part for each in rest for part in _parts(each)]
    return web_page(str(first), title, "\n".join(parts))


def web_page(heading: str, title: str, body: str, *, style: str = "", script: str = "") -> str:
    """Return a page in the typography of all pages; its policy lets the script run, a module."""
    day, night = (
        " ".join(f"--{name}: {colours[at]};" for name, colours in COLOURS.items()) for at in (0, 1)
    )
    policy = ""
    if script:
        digest = b64encode(sha256(script.encode()).digest()).decode()
        policy = f"; script-src 'sha256-{digest}'"
        body += f'\n<script type="module">{script}</script>'
    return _PAGE.format(
        heading=escape(heading),
        title=escape(title),
        body=body,
        style=style,
        policy=policy,
        day=day,
        night=night,
    )


def _parts(part: RenderableType) -> Iterator[str]:
    """Write a part of a page: text, tables, or a group of both."""
    if isinstance(part, Group):
        for each in part.renderables:
            yield from _parts(each)
    elif isinstance(part, FirstThatFits):
        yield from _parts(_for_a_phone(part))
    elif isinstance(part, Padding):
        yield f'<div class="indented">{"".join(_parts(part.renderable))}</div>'
    elif isinstance(part, Table):
        yield "".join(_table(part))
    elif isinstance(part, Text) and part.plain:
        is_heading = part.style == "bold"
        lines = "<br>".join(map(escape, part.plain.splitlines()))
        yield f"<h2>{lines}</h2>" if is_heading else f'<p class="{part.style}">{lines}</p>'


def _for_a_phone(part: FirstThatFits) -> RenderableType:
    """Return the first way that fits a phone with all columns, else the first, which scrolls."""
    first = part.ways[0]()
    for shown in (way() for way in part.ways):
        if isinstance(shown, Table):
            cells = [[str(cell) for cell in (c.header, *c.cells)] for c in shown.columns]
            if sum(max(map(len, column)) + 1 for column in cells) <= PHONE_COLUMNS:
                return shown
    return first


def _table(table: Table) -> Iterator[str]:
    """Write a table; each of its sections is a body of its own."""
    yield '<div class="table"><table>'
    sides = ["left" if column.justify == "left" else "right" for column in table.columns]
    if table.show_header:
        heads = zip([column.header for column in table.columns], sides, strict=True)
        yield f"<thead><tr>{''.join(_cell('th', *head) for head in heads)}</tr></thead>"
    yield "<tbody>"
    rows = zip(*(column.cells for column in table.columns), strict=True)
    for (first, *others), row in zip(rows, table.rows, strict=True):
        cells = "".join(_cell("td", *each) for each in zip(others, sides[1:], strict=True))
        yield f"<tr>{_cell('th', first, sides[0])}{cells}</tr>"
        yield "</tbody><tbody>" if row.end_section else ""
    yield "</tbody></table></div>"


def _cell(tag: str, content: RenderableType, side: str) -> str:
    """Write a cell; what is bold in a terminal is strong."""
    text = escape(str(content))
    if isinstance(content, Text) and "bold" in str(content.style):
        text = f"<strong>{text}</strong>"
    return f'<{tag} class="{side}">{text}</{tag}>'
