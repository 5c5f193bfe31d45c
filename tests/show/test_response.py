from __future__ import annotations

import io
import json
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from models import models
from pictures import text_boxes
from rich.cells import cell_len
from rich.console import Console, Group
from rich.style import Style
from support import Invoke, named, one_message, shown

from scorenet_cli.core.metrics import Evaluation
from scorenet_cli.core.network import Layer, Network, random_network
from scorenet_cli.errors import DataError
from scorenet_cli.model.colours import SCALE_256, scale_colour
from scorenet_cli.model.model import Model, predict
from scorenet_cli.show.response import response_part
from scorenet_cli.show.response_picture import response_picture

BOTH = replace(
    named(("hours", "slept"), (2, 3, 1)), feature_range=np.array([[2.0, 10.0], [4.0, 9.0]])
)


def text_of(model: Model, width: int = 80) -> str:
    return shown(Group(*response_part(model)), width)


def test_a_surface_is_a_table_of_scores_where_colours_are_off() -> None:
    text = text_of(BOTH)
    assert "columns: hours; rows: slept; in brackets: outside the training range" in text
    header, *rows = (line.split() for line in text.splitlines()[3:] if "─" not in line)
    assert header == ["0", "2", "4", "6", "8", "10", "12"]
    (row,) = (row for row in rows if row[0] == "6")
    scores = predict(BOTH, [[float(x), 6] for x in header]).scores[:, 0]
    for cell, hours, score in zip(row[1:], header, scores, strict=True):
        assert float(cell.strip("()")) == pytest.approx(score, abs=0.5)
        assert cell.startswith("(") == (not 2 <= float(hours) <= 10)


def test_a_surface_is_a_table_where_there_are_colours_but_only_ascii() -> None:
    written = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict", write_through=True)
    Console(file=written, width=80, force_terminal=True, color_system="truecolor").print(
        Group(*response_part(BOTH))
    )
    written.seek(0)
    assert "columns: hours; rows: slept; in brackets: outside the training range" in written.read()


def colours(system: Literal["256", "truecolor"], model: Model) -> list[list[tuple[str, Style]]]:
    """The signs of each line of a model's response in a terminal of 50 columns."""
    console = Console(width=50, force_terminal=True, color_system=system, _environ={})
    lines = console.render_lines(Group(*response_part(model)), pad=False)
    return [
        [(sign, style or Style()) for text, style, _ in line for sign in text] for line in lines
    ]


@pytest.mark.parametrize("system", ["256", "truecolor"])
def test_each_half_of_a_cell_has_the_colour_of_its_score(
    system: Literal["256", "truecolor"],
) -> None:
    """The axes go from 0 to 12 and, from above, from 10.25 to 2.75."""
    shades = SCALE_256 if system == "256" else [scale_colour(n / 63) for n in range(64)]

    def shade(part: float) -> str:
        return shades[min(int(part * len(shades)), len(shades) - 1)]

    _, _, bar, _, *rows = colours(system, BOTH)
    low, high, *words = "".join(sign for sign, _ in bar).split()
    assert words == ["box:", "training", "range"]
    assert all(bar[-n][1].dim for n in range(1, 20))
    shown = [style.bgcolor.name for _, style in bar if style.bgcolor]
    assert shown == [shade(n / 14) for n in range(15)]
    start = next(n for n, (sign, _) in enumerate(rows[0]) if sign in "│┤") + 1
    across, down = np.linspace(0, 12, 50 - start), np.linspace(10.25, 2.75, 24)
    inputs = np.stack(np.meshgrid(across, down), axis=2).reshape(-1, 2)
    scores = predict(BOTH, inputs.tolist()).scores.reshape(24, -1)
    parts = np.clip((scores - float(low)) / (float(high) - float(low)), 0, 1)
    left, right = (round(hours / 12 * (len(across) - 1)) for hours in (2, 10))
    top, bottom = 2, 9  # of 0 to 11: 9 and 4 hours of sleep
    for row, column in np.ndindex(12, len(across)):
        sign, style = rows[row][start + column]
        on_side, on_end = column in {left, right}, row in {top, bottom}
        halves = parts[2 * row : 2 * row + 2, column]
        assert style.color is not None
        assert style.bgcolor is not None
        if (on_side and top <= row <= bottom) or (on_end and left <= column <= right):
            corner = ("┌┐" if row == top else "└┘")[column == right]
            assert sign == (corner if on_side and on_end else "│" if on_side else "─")
            inks = {"#ffffff" if halves[0] > half else "#000000" for half in (0.49, 0.51)}
            assert style.color.name in inks
            pairs = [(style.bgcolor.name, halves[0])]
        else:
            assert sign == "▀"
            pairs = list(zip((style.color.name, style.bgcolor.name), halves, strict=True))
        for colour, part in pairs:  # the ends have four digits
            assert colour in {shade(near) for near in (part - 0.002, part, part + 0.002)}


def test_a_surface_without_a_training_range_has_no_box() -> None:
    _, _, bar, *rows = colours("256", replace(BOTH, feature_range=None))
    low, high = map(float, "".join(sign for sign, _ in bar).split())
    assert low < high
    assert not {sign for row in rows for sign, _ in row} & set("┌┐└┘") - {"└"}


@pytest.mark.parametrize("height", [1.0, -1.0])
def test_a_ridge_between_the_samples_has_a_colour(height: float) -> None:
    """It goes from x = 0.5075 to 0.5175; sampled are 0.5 and 0.53125, drawn is 0.515625, too."""
    first = Layer(np.array([[4000.0, 4000.0], [0, 0]]), np.array([-2030.0, -2070.0]))
    second = Layer(np.array([[height], [-height]]), None, "linear")
    model = replace(named(("x", "y"), (2, 2, 1)), network=Network((first, second)))
    model = replace(model, feature_range=np.array([[0.0, 1.0], [0, 1]]))
    fills = re.findall(r'<rect[^>]* fill="(#[^"]*)"', response_picture(model))
    assert len(fills) > 1000
    assert all(re.fullmatch("#[0-9a-f]{6}", fill) for fill in fills)


@pytest.mark.parametrize("width", [120, 80, 50])
def test_a_surface_is_half_blocks_where_there_are_colours(width: int) -> None:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=True, color_system="truecolor"
    )
    with console.capture() as capture:
        console.print(Group(*response_part(BOTH)))
    text = capture.get()
    assert "▀" in text
    assert all(corner in text for corner in "┌┐└┘")
    low, high = (scale_colour(part) for part in (0.0, 1.0))
    for colour in (low, high):
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        assert f"{red};{green};{blue}" in text


def test_the_colours_can_be_read_in_black_and_white() -> None:
    def luminance(colour: str) -> float:
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        return math.fsum(w * c**2.2 for w, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    grey = [luminance(scale_colour(part)) for part in np.linspace(0, 1, 21).tolist()]
    assert grey == sorted(grey, reverse=True)
    assert grey[0] - grey[-1] > 0.3


def test_of_more_columns_each_has_a_small_curve_and_the_rest_is_counted() -> None:
    model = named(tuple(f"x{n}" for n in range(10)), (10, 2, 1))
    rows = np.eye(10)
    importance = {f"x{n}": (float(n), 0.0) for n in range(10)}
    scored = Evaluation(rows, rows[:, :1], rows[:, :1], None, importance=importance)  # type: ignore[arg-type]
    text = shown(Group(*response_part(model, scored)), 80)
    names = [line.split()[0] for line in text.splitlines() if line.startswith("x")]
    assert names == [f"x{n}" for n in range(9, 1, -1)]
    assert "... and 2 more columns\n" in text
    assert "Response of score0 to each column, the other columns at their mean\n" in text
    assert "the other columns at the middle of their training range\n" in text_of(model, 100)


def test_the_title_says_where_another_column_is_kept() -> None:
    def title(features: tuple[str, ...], scored: Evaluation | None = None) -> str:
        network = random_network((len(features) + 1, 2, 1), seed=1)
        ranges = np.array([[0.0, 10.0]] * len(features) + [[0.0, 1.0]])
        model = replace(
            named(features, network.shape),
            categories={features[0]: ("a", "b")},
            feature_scale=np.ones(network.shape[0]),
            feature_range=ranges,
        )
        return shown(Group(*response_part(model, scored)), 120).splitlines()[1]

    assert title(("kind",)) == "Response of score0"
    said = "Response of score0 to each column, the other column at"
    assert title(("kind", "b")) == f"{said} the middle of its training range"
    rows = np.ones((2, 3))
    scored = Evaluation(rows, rows[:, :1], rows[:, :1], None)  # type: ignore[arg-type]
    assert title(("kind", "b"), scored) == f"{said} its mean"


def test_each_score_has_a_curve_unless_its_numbers_are_too_large() -> None:
    model = named(("hours",), (1, 3, 2))
    titles = [line for line in text_of(model).splitlines() if line.startswith("Response")]
    assert titles == ["Response of score0", "Response of score1"]
    for features in (("hours",), ("hours", "slept")):
        layer = Layer(np.array([[1.6]] + [[0.0]] * (len(features) - 1)), np.array([-1.0]), "linear")
        model = replace(named(features, (len(features), 1)), network=Network((layer,)))
        model = replace(model, target_scale=np.array([1e308]))  # from -1e308 to 1e308
        assert text_of(model) == ""
        with pytest.raises(DataError, match=r"^the scores or values lie too far apart to be drawn"):
            response_picture(model)


@pytest.mark.parametrize(
    ("width", "titles", "blocks"),
    [
        (80, ["column", "from", "to", "lowest", "highest"], 24),
        (50, ["column", "from", "to", "lowest", "highest"], 12),
        (32, ["column", "from", "to"], 12),
    ],
)
def test_a_narrow_terminal_has_shorter_curves_and_no_scores(
    width: int, titles: list[str], blocks: int
) -> None:
    lines = text_of(named(("a", "b", "c"), (3, 1)), width).partition("column ")
    table = "".join(lines[1:]).splitlines()
    assert table[0].split() == titles
    assert len(re.findall("[▁▂▃▄▅▆▇█]", table[2])) == blocks


def test_small_curves_are_digits_where_there_are_no_blocks() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    layer = Layer(np.array([[1.0], [0], [0]]), None, "linear")
    model = replace(named(("a", "b", "c"), (3, 1)), network=Network((layer,)))
    Console(file=file, width=80).print(*response_part(model))
    file.seek(0)
    (line,) = (line for line in file if line.startswith("a "))
    assert line.split("|")[2].strip() == "111122333344555666777888"


def words_of(svg: str) -> list[str]:
    return [text for text, _ in text_boxes(svg)]


def size_of(svg: str) -> tuple[str, str]:
    root = ET.fromstring(svg)  # noqa: S314 - our own picture
    return root.attrib["width"], root.attrib["height"]


def test_what_a_picture_has_no_room_for_is_counted() -> None:
    words = words_of(response_picture(named(tuple(f"x{n}" for n in range(9)), (9, 2))))
    middle = "The other columns at the middle of their training range."
    assert " ".join(words).endswith(f" {middle} 1 more column not shown. 1 more target not shown.")
    legend = words_of(response_picture(named(("a",), (1, 10))))[-1]
    assert legend == "2 more targets not shown."


def test_two_panels_stand_side_by_side_in_as_many_rows_as_they_need() -> None:
    one, two, three, four = (
        size_of(response_picture(named(("a",), (1, panels)))) for panels in (1, 2, 3, 4)
    )
    assert one[0] == "632"
    assert two[0] == three[0] == four[0] != one[0]
    assert three[1] == four[1] != two[1]
    towns = {"town": tuple(f"Llanfairpwll{n}" for n in range(7))}
    text = replace(named(("a", "town"), (8, 2)), categories=towns)
    svg = response_picture(text)
    assert size_of(svg)[0] == four[0]
    assert words_of(svg).count("Llanfai...") == 4 * 2  # every second of 7, for both targets
    assert words_of(svg)[-1] == "The other column at the middle of its training range."


def test_the_axes_have_room_for_the_rows_where_rows_are_drawn() -> None:
    model = named(("a",), (1, 1))
    rows = np.array([[900.0]])
    scored = Evaluation(rows, rows, rows, None)  # type: ignore[arg-type]
    assert words_of(response_picture(model, scored)).count("800") == 2
    model = named(("a", "b", "c"), (3, 1))
    table = np.array([[-900.0, 0, 0], [900, 0, 0]])
    near, far = (
        Evaluation(of * table, 0 * table[:, :1] + of, table[:, :1], None)  # type: ignore[arg-type]
        for of in (0.0, 1.0)
    )
    assert response_picture(model, near) == response_picture(model, far)


def test_a_column_that_never_varied_is_dashed() -> None:
    ranges = np.array([[1.0, 1.0], [0, 2], [0, 3]])
    svg = response_picture(replace(named(("a", "b", "c"), (3, 1)), feature_range=ranges))
    assert words_of(svg)[-1].startswith("Dashed: outside the training range. The other columns")
    assert svg.count("stroke-dasharray") == 2


@pytest.mark.parametrize("draw", [text_of, response_picture])
@settings(max_examples=15)
@given(model=models())
def test_any_model_is_drawn_or_left_out(draw: Callable[[Model], str], model: Model) -> None:
    with suppress(DataError):
        text = draw(model)
        if text.startswith("<svg"):
            ET.fromstring(text)  # noqa: S314 - our own picture
        else:
            assert max(map(cell_len, text.splitlines()), default=0) <= 80


def test_pictures_are_saved_from_the_command_line(invoke: Invoke) -> None:
    lines = "\n".join(f"{n},{8 * n + 20 + n % 3}" for n in range(1, 10))
    Path("d.csv").write_text(f"hours,score\n{lines}\n", encoding="utf-8")
    options = ["--optimizer", "lm", "--bias", "--weight-decay", "auto", "--quiet"]
    invoke("train", "d.csv", *options)
    result = invoke(
        "inspect", "--data", "d.csv", "--save", "net.svg", "--save-response", "r.svg", "--json"
    )
    assert result.stderr.endswith("Saved net.svg.\nSaved r.svg.\n")
    model = json.loads(result.stdout)
    net = ET.fromstring(Path("net.svg").read_text(encoding="utf-8"))  # noqa: S314
    texts = [element.text for element in net.iter() if element.tag.endswith("text")]
    assert "The network" in texts
    assert f"{model['layers'][0]['weights'][0][0]:.4f}" in texts
    response = ET.fromstring(Path("r.svg").read_text(encoding="utf-8"))  # noqa: S314
    marks = [element.tag.rpartition("}")[2] for element in response.iter()]
    assert marks.count("circle") == 9
    assert marks.count("polygon") == 1
    page = invoke("inspect", "--data", "d.csv").stdout
    for mark in ("• prediction", "○ rows", "90 % interval", "- outside training range"):
        assert mark in page


@pytest.mark.parametrize(
    ("option", "endings"), [("--save", ".svg or .html"), ("--save-response", ".svg")]
)
def test_another_ending_is_refused_before_the_model_is_read(
    invoke: Invoke, option: str, endings: str
) -> None:
    result = invoke("inspect", option, "net.png")
    assert result.exit_code == 2
    assert f"{option} needs a name ending in {endings}; got 'net.png'" in one_message(result)


def test_a_training_range_of_one_value_is_drawn() -> None:
    layer = Layer(np.zeros((1, 1)), None, "sigmoid")
    model = Model(
        Network((layer,)),
        ("a",),
        ("y",),
        np.ones(1),
        np.ones(1),
        feature_range=np.array([[7.9e-247, 7.9e-247]]),
    )
    assert "│-" in text_of(model) or "┤-" in text_of(model)
    assert "polyline" in response_picture(model)
