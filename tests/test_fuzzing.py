from __future__ import annotations

from pathlib import Path

import pytest
from fuzzing.targets import TARGETS
from hypothesis import given
from hypothesis import strategies as st

FUZZING = Path(__file__).parent / "fuzzing"


def seeds() -> list[tuple[str, Path]]:
    return [
        (name, path) for name in TARGETS for path in sorted((FUZZING / "seeds" / name).iterdir())
    ]


@pytest.mark.parametrize(
    ("target", "path"), seeds(), ids=lambda value: getattr(value, "name", value)
)
def test_seeds_and_findings_lead_to_an_answer_or_to_an_error_of_the_tool_s_own(
    target: str, path: Path
) -> None:
    TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
@given(
    data=st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
)
def test_so_do_any_bytes(target: str, data: bytes) -> None:
    TARGETS[target](data)
