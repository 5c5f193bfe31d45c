"""Colours of pictures and charts: orange is low or below 0, blue high or above 0.

Colour-blind readers can tell the two apart. Along the scale every colour is darker than the one
before, so that it can be read in black and white.
"""

from __future__ import annotations

# Name: (light theme, dark theme).
COLOURS = {
    "ground": ("#ffffff", "#16181d"),
    "edge": ("#c8ccd4", "#3a3f4b"),
    "ink": ("#1b1e24", "#f1f3f6"),
    "soft": ("#5f6672", "#a9b1be"),
    "plus": ("#1259a8", "#7db8ff"),
    "minus": ("#a8430a", "#ffab70"),
}
SCALE = (COLOURS["minus"][1], "#a3a3a8", COLOURS["plus"][0])
# The same scale for 256-colour terminals, which have only these five in this order.
SCALE_256 = ("#ffaf5f", "#d7af87", "#a8a8a8", "#5f87af", "#005faf")


def scale_colour(part: float) -> str:
    """Return the colour of a fraction: 0 is the lowest value, 1 the highest."""
    stop = min(int(part * 2), 1)
    ends = [[int(each[at : at + 2], 16) for at in (1, 3, 5)] for each in SCALE[stop : stop + 2]]
    return "#" + "".join(
        f"{round(a + (b - a) * (2 * part - stop)):02x}" for a, b in zip(*ends, strict=True)
    )
