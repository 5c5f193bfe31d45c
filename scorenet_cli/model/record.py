"""How a model was trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class TrainingRecord:
    """How a model was trained; a hand-written model may know none of it.

    state is the optimizer's own, for a resume; validation the part of the rows held back;
    split_seed what drew them; seed that of the best of the restarts.
    """

    data: str | None = None
    sha256: str | None = None
    rows: int | None = None
    seed: int | None = None
    init: str | None = None
    optimizer: str | None = None
    state: dict[str, Any] | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    epochs: int = 0
    stopped: str | None = None
    loss: float | None = None
    history: tuple[tuple[int, float], ...] = ()
    validation: float | None = None
    split_seed: int | None = None
    validation_loss: float | None = None
    validation_history: tuple[tuple[int, float], ...] = ()
    restarts: int | None = None
    versions: dict[str, str] = field(default_factory=dict)
    date: str | None = None
