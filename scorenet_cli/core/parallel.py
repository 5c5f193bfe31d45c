"""Rows distributed over the machine's cores; the result does not depend on their number.

Work is distributed over a fixed number of shards, whose results are added in the shards' order; the
number of threads that run them changes only the time. NumPy releases the interpreter lock while
it computes, so threads suffice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

# More shards would use more cores and more memory.
SHARDS = 8
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

Part = TypeVar("Part")
Result = TypeVar("Result")

_check: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)


@contextmanager
def interrupt_check(check: Callable[[], None]) -> Iterator[None]:
    """Within the context, call check between blocks; an exception from it stops the computation.

    An optimizer's state is then that of its last finished epoch. check may be called from
    several threads at once.
    """
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def interruptible(blocks: Iterable[Part]) -> Iterator[Part]:
    """Yield the blocks, with the interrupt check before each."""
    check = _check.get()
    for block in blocks:
        if check is not None:
            check()
        yield block


def round_robin(parts: Sequence[Part], shards: int = SHARDS) -> list[Sequence[Part]]:
    """Distribute parts over at most `shards` shards in turn (round robin)."""
    count = min(shards, len(parts))
    return [parts[shard::count] for shard in range(count)]


def map_shards(run: Callable[[Part], Result], shards: Sequence[Part]) -> list[Result]:
    """Run every shard, on as many threads as there are cores; results in the shards' order.

    Threads use the caller's np.errstate and interrupt check. An exception in a shard is raised
    here after all shards have ended.
    """
    if CORES == 1 or len(shards) <= 1:
        return [run(shard) for shard in shards]
    from concurrent.futures import wait  # noqa: PLC0415 - not needed for a few rows

    futures = [_pool().submit(copy_context().run, run, shard) for shard in shards]
    wait(futures)
    return [future.result() for future in futures]


@cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that shards run on."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - not needed for a few rows

    return ThreadPoolExecutor(max_workers=min(CORES, SHARDS))
