from __future__ import annotations

import threading

import numpy as np
import pytest

from scorenet_cli.core import parallel


def test_parts_are_dealt_like_cards() -> None:
    assert parallel.round_robin([1, 2, 3, 4, 5], 2) == [[1, 3, 5], [2, 4]]
    assert parallel.round_robin([1, 2], 8) == [[1], [2]]


@pytest.mark.parametrize(("cores", "count"), [(1, 50), (3, 50), (3, 2), (3, 1), (3, 0)])
def test_results_come_in_the_shards_order(
    monkeypatch: pytest.MonkeyPatch, cores: int, count: int
) -> None:
    monkeypatch.setattr(parallel, "CORES", cores)
    seen: set[int] = set()

    def square(value: int) -> int:
        seen.add(threading.get_ident())
        return value * value

    assert parallel.map_shards(square, list(range(count))) == [n * n for n in range(count)]
    assert (threading.get_ident() in seen) == (cores == 1 or count == 1)


def test_threads_work_in_the_callers_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "CORES", 2)
    with np.errstate(over="ignore"):
        results = parallel.map_shards(lambda x: np.exp(np.array([x]))[0], [1000.0, 2000.0])
    assert results == [np.inf, np.inf]


class Stop(Exception):  # noqa: N818 - what a caller raises is its own affair
    pass


@pytest.mark.parametrize("cores", [1, 2])
def test_what_the_interrupt_check_raises_ends_the_work(
    monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    monkeypatch.setattr(parallel, "CORES", cores)
    done: list[int] = []

    def run(shard: list[int]) -> None:
        done.extend(parallel.interruptible(shard))

    def check() -> None:
        if len(done) >= 5:
            raise Stop

    with pytest.raises(Stop), parallel.interrupt_check(check):
        parallel.map_shards(run, [list(range(100)), list(range(100))])
    assert 5 <= len(done) < 50
    parallel.map_shards(run, [[1], [2]])  # the check ends with its context
