from __future__ import annotations

import pytest
from rich.console import Group
from support import shown

from scorenet_cli.model.gradient_check import TOLERANCE, CheckedWeight, GradientCheck
from scorenet_cli.show.pages.check import check_part
from scorenet_cli.show.pages.explain import Look

CORNER = "; where a sum is 0, relu has no derivative and the gradients may differ"


@pytest.mark.parametrize("has_corner", [False, True])
def test_a_wrong_gradient_is_counted_and_a_corner_is_named(*, has_corner: bool) -> None:
    right = CheckedWeight("output", "y", "h1", 1.0, 1.0, TOLERANCE)
    wrong = CheckedWeight("output", "y", "h2", 2.0, 1.0, 0.5)
    check = GradientCheck(False, has_corner, 0.5, (wrong, *[right] * 400))  # noqa: FBT003
    lines = shown(Group(*check_part(check, Look(4))), 200).splitlines()
    assert lines[-1] == (
        f"Backpropagation is wrong for 1 of 401 weights{CORNER if has_corner else ''} "
        "(largest relative difference: 5.0e-01)."
    )
    assert "... and 1 more weight: --json prints all" in lines
    assert ["h2", "2", "1", "5.0e-01"] in [line.split() for line in lines]
