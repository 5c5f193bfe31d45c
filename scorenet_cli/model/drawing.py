"""SVG text, labels and shapes on an opaque background, with light and dark variants.

A picture uses system fonts. Lengths are in pixels.
"""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from unicodedata import east_asian_width
from xml.etree import ElementTree as ET

from scorenet_cli.model.colours import COLOURS

FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
CELL = 0.61  # width of a monospaced character, as a fraction of the font size
TITLE, HEADING, NAME, NOTE = 18, 16, 14, 12
MARGIN = 24.0

Point = tuple[float, float]


def draw_label(parent: ET.Element, text: str, centre: Point, value: float) -> None:
    """Write a number, in the colour of its sign, on a background that covers the lines below it."""
    width, height = text_width(text, NOTE) + 6, 1.4 * NOTE
    x, y = centre[0] - width / 2, centre[1] - height / 2
    add(parent, "rect", x=x, y=y, rx=4.0, width=width, height=height, fill="ground")
    write(parent, text, centre, NOTE, colour=sign(value))


def write(  # noqa: PLR0913 - position and style
    parent: ET.Element,
    text: str,
    centre: Point,
    size: int,
    *,
    anchor: str = "middle",
    colour: str = "ink",
    bold: bool = False,
) -> None:
    """Write a line of text, vertically centred."""
    if not text:
        return
    look = {"font_size": str(size), "text_anchor": anchor, "fill": colour}
    element = add(parent, "text", x=centre[0], y=centre[1] + 0.35 * size, **look)
    element.text = text
    if bold:
        element.set("font-weight", "bold")


def text_width(text: str, size: int) -> float:
    """Estimate the width of a text without the font; wide characters count as two."""
    cells = len(text) + sum(east_asian_width(sign) in "WF" for sign in text)
    return cells * CELL * size


def sign(value: float) -> str:
    """Return the colour's name for a number: by its sign."""
    return "plus" if value > 0 else "minus" if value < 0 else "soft"


def add(parent: ET.Element, tag: str, **attributes: float | str) -> ET.Element:
    """Add an element; lengths have one decimal, a class gives COLOURS their dark variant."""
    element = ET.SubElement(parent, tag)
    colours = {key: str(of) for key, of in attributes.items() if of in COLOURS}
    if colours:
        element.set("class", " ".join(f"{kind}-{colour}" for kind, colour in colours.items()))
    attributes |= {kind: COLOURS[colour][0] for kind, colour in colours.items()}
    for key, value in attributes.items():
        element.set(key.replace("_", "-"), value if isinstance(value, str) else f"{value:.1f}")
    return element


def document(
    title: str, legend: Iterable[str], size: tuple[float, float], parts: Iterable[ET.Element]
) -> str:
    """Assemble a picture: background, title, parts, legend and dark-theme colours."""
    words, y = ET.Element("g"), size[1] + MARGIN
    width = max(size[0], MARGIN + text_width(title, TITLE)) + MARGIN
    write(words, title, (MARGIN, MARGIN + TITLE / 2), TITLE, anchor="start", bold=True)
    for text in wrap(" ".join(legend), int((width - 2 * MARGIN) / CELL / NOTE)):
        write(words, text, (MARGIN, y), NOTE, anchor="start", colour="soft")
        y += NOTE * 1.5
    height = y + MARGIN / 2
    lengths = {"width": f"{width:.0f}", "height": f"{height:.0f}"}
    look = {"viewBox": f"0 0 {width:.0f} {height:.0f}", "role": "img", "font-family": FONT}
    root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **lengths, **look})
    ET.SubElement(root, "title").text = title
    rules = " ".join(
        f".{kind}-{name} {{ {kind}: {night}; }}"
        for name, (_, night) in COLOURS.items()
        for kind in ("fill", "stroke")
    )
    ET.SubElement(root, "style").text = f"@media (prefers-color-scheme: dark) {{ {rules} }}"
    card = {"width": round(width) - 1.0, "height": round(height) - 1.0}
    add(root, "rect", x=0.5, y=0.5, rx=10.0, **card, fill="ground", stroke="edge")
    root.extend([*parts, words])
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"
