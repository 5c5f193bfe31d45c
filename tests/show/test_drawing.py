from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import SVG, assert_nothing_overlaps

from scorenet_cli.show.drawing import COLOURS, Circle, Column, draw
from scorenet_cli.text import number


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=2, max_size=5),
    st.integers(0, 12),
    st.lists(st.text(max_size=40), min_size=9, max_size=9),
)
def test_nothing_overlaps_whatever_is_drawn(
    sizes: list[int], digits: int, names: list[str]
) -> None:
    rng = np.random.default_rng(sum(sizes) + digits)

    def figure() -> str:
        return number(float(rng.standard_normal() * 10.0 ** rng.integers(-9, 9)), digits)

    columns = [
        Column(
            f"layer {at}",
            [Circle(name, figure(), figure(), float(rng.normal())) for name in names[:size]],
            rng.standard_normal((sizes[at - 1], size)) if at else None,
        )
        for at, size in enumerate(sizes)
    ]
    beside = [figure() for _ in columns[-1].circles]
    svg = draw(columns, title="t", beside=beside, legend="Said of it.", digits=digits)
    assert_nothing_overlaps(svg)


def test_lines_differ_by_sign_in_colour_and_dashes_and_by_size_in_thickness() -> None:
    circle = Circle("n", "1", "2")
    weights = np.array([[2.0, -1.0, 0.0]])
    svg = draw(
        [Column("input", [circle]), Column("output", [circle] * 3, weights)],
        title="t",
        beside=["", "", ""],
        legend="",
        digits=4,
    )
    thick, thin, none = ET.fromstring(svg).iter(f"{SVG}line")  # noqa: S314 - our own picture
    assert (thick.attrib["stroke"], thin.attrib["stroke"]) == (
        COLOURS["plus"][0],
        COLOURS["minus"][0],
    )
    assert "stroke-dasharray" in thin.attrib
    assert "stroke-dasharray" not in thick.attrib
    widths = [float(line.attrib["stroke-width"]) for line in (thick, thin, none)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == 5.0


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("night", [0, 1])
@pytest.mark.parametrize("colour", ["ink", "soft", "plus", "minus"])
def test_text_stands_out_by_day_and_by_night(colour: str, night: int) -> None:
    lighter, darker = sorted(
        (luminance(COLOURS[which][night]) for which in (colour, "ground")), reverse=True
    )
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG's minimum for text


def test_weights_of_nothing_but_zero_can_be_drawn() -> None:
    svg = draw(
        [
            Column("a", [Circle("x", "", "0")]),
            Column("b", [Circle("y", "", "0")], np.zeros((1, 1))),
        ],
        title="t",
        beside=["0"],
        legend="",
        digits=4,
    )
    assert_nothing_overlaps(svg)
