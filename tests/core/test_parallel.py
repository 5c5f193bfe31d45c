from __future__ import annotations

import threading

import numpy as np
import pytest

from scorenet_cli.core import parallel


def test_parts_are_dealt_like_cards() -> None:
    assert parallel.round_robin([1, 2, 3, 4, 5], 2) == [[1, 3, 5], [2, 4]]
    assert parallel.round_robin([1, 2], 8) == [[1], [2]]


@pytest.mark.parametrize("cores", [1, 3])
def test_results_come_in_the_lanes_order(monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    monkeypatch.setattr(parallel, "CORES", cores)
    seen: set[int] = set()

    def square(value: int) -> int:
        seen.add(threading.get_ident())
        return value * value

    assert parallel.map_shards(square, list(range(50))) == [n * n for n in range(50)]
    assert (threading.get_ident() in seen) == (cores == 1)


def test_overflow_in_a_thread_does_not_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "CORES", 2)
    results = parallel.map_shards(lambda x: np.exp(np.array([x]))[0], [1000.0, 2000.0])
    assert results == [np.inf, np.inf]
