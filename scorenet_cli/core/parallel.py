"""Rows shared out over the machine's cores, with the same bits however many there are.

Work is dealt to a fixed number of lanes and their results are added in the lanes' order; how many
threads run them changes the time and nothing else. NumPy lets go of the interpreter while it
computes, so threads are enough.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import numpy as np

# More lanes would serve more cores, and cost more memory.
SHARDS = 8
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

Part = TypeVar("Part")
Result = TypeVar("Result")


def round_robin(parts: Sequence[Part], lanes: int = SHARDS) -> list[Sequence[Part]]:
    """Deal parts to at most so many lanes, like cards."""
    count = min(lanes, len(parts))
    return [parts[lane::count] for lane in range(count)]


def map_shards(run: Callable[[Part], Result], lanes: Sequence[Part]) -> list[Result]:
    """Run every lane, on as many threads as there are cores; results in the lanes' order.

    Whether overflow warns is up to the caller in its own thread; other threads never warn.
    """
    if CORES == 1 or len(lanes) == 1:
        return [run(lane) for lane in lanes]

    def quietly(lane: Part) -> Result:
        with np.errstate(over="ignore", invalid="ignore"):
            return run(lane)

    return list(_pool().map(quietly, lanes))


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that lanes run on."""
    return ThreadPoolExecutor(max_workers=min(CORES, SHARDS))
