"""How tests read a picture: its texts, where they stand, and that nothing overlaps."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

import numpy as np
from rich.cells import cell_len

SVG = "{http://www.w3.org/2000/svg}"
Rectangle = tuple[float, float, float, float]


def text_boxes(svg: str) -> list[tuple[str, Rectangle]]:
    """Each text of a picture and its box, worked out from the SVG alone.

    A monospaced sign is .6 of the font's size wide; the letters reach from .8 above the
    baseline to .25 below it.
    """
    boxes = []
    for text in ET.fromstring(svg).iter(f"{SVG}text"):  # noqa: S314 - our own picture
        words, size = text.text or "", float(text.attrib["font-size"])
        width = 0.6 * size * cell_len(words)
        left = (
            float(text.attrib["x"])
            - width * {"start": 0, "middle": 0.5, "end": 1}[text.attrib["text-anchor"]]
        )
        base = float(text.attrib["y"])
        boxes.append((words, (left, base - 0.8 * size, left + width, base + 0.25 * size)))
    return boxes


def assert_nothing_overlaps(svg: str) -> None:
    """State that all texts are inside, and apart from each other, and all circles, too."""
    root = ET.fromstring(svg)  # noqa: S314 - our own picture
    boxes = text_boxes(svg)
    for (one, (left, top, right, bottom)), (other, box) in itertools.combinations(boxes, 2):
        apart = right <= box[0] or box[2] <= left or bottom <= box[1] or box[3] <= top
        assert apart, (one, other)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for words, (left, top, right, bottom) in boxes:
        assert left >= 0 and top >= 0 and right <= width and bottom <= height, words  # noqa: PT018
    circles = [
        tuple(float(circle.attrib[key]) for key in ("cx", "cy", "r"))
        for circle in root.iter(f"{SVG}circle")
    ]
    for (x1, y1, r1), (x2, y2, r2) in itertools.combinations(circles, 2):
        assert np.hypot(x1 - x2, y1 - y2) > r1 + r2


def numbers_in(svg: str) -> str:
    """All that is written in a picture."""
    return " ".join(words for words, _ in text_boxes(svg))
