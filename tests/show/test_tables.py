from __future__ import annotations

import pytest
from support import named, shown

from scorenet_cli.model.trace import forward_trace
from scorenet_cli.show.pages.explain import Look
from scorenet_cli.show.pages.forward import forward_page
from scorenet_cli.show.pages.inspect import inspection


@pytest.mark.parametrize("hostile", ["score[/]", "\x1b[31mred\x07", "a\u202eb", "[bold]x"])
def test_names_from_outside_are_shown_as_they_are_and_steer_nothing(hostile: str) -> None:
    model = named((hostile, "plain"), (2, 3, 1))
    text = shown(inspection(model, "m.json")) + shown(
        forward_page(forward_trace(model, (1.0, 2.0)), None, Look())
    )
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "".join(sign for sign in hostile if sign.isprintable()) in text
