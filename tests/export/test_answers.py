"""Exported programs answer as predict does, for any model and any names."""

from __future__ import annotations

import importlib.util
import shutil
import sqlite3

import pytest
from export.cases import any_models, assert_equal_to_predict, everything, random_rows
from export.runners import RUNNERS
from hypothesis import HealthCheck, example, given, settings

from scorenet_cli.model.model import Model


def missing(engine: str) -> str:
    """Why an engine cannot run here; nothing where it can."""
    if engine in {"node", "gcc"} and not shutil.which(engine):
        return f"{engine} is not installed"
    if engine == "duckdb" and not importlib.util.find_spec("duckdb"):
        return "duckdb is not installed"
    try:
        sqlite3.connect(":memory:").execute("SELECT exp(1), tanh(1)")
    except sqlite3.OperationalError:
        return "SQLite was built without exp" if engine == "sqlite" else ""
    return ""


@pytest.mark.parametrize("engine", RUNNERS)
def test_answers_equal_predict(engine: str) -> None:
    if reason := missing(engine):
        pytest.skip(reason)

    # Processes take longer.
    @settings(
        max_examples=2 if engine in {"node", "gcc"} else 6,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @example(everything())
    @given(any_models())
    def check(model: Model) -> None:
        rows = random_rows(model)
        assert_equal_to_predict(model, rows, RUNNERS[engine](model, rows))

    check()
