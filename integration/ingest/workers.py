"""Pure work, here or spread over processes.

Parsing and assembling take most of ingest's time and need neither database nor clock, so they may run anywhere. The
database's side of the pipeline stays in one process and in one transaction; what a lost worker leaves undone is done
here.
"""

import atexit
import gc
import multiprocessing
import os
import signal
from asyncio import gather, get_running_loop
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from threading import Thread
from typing import Any, Protocol, TypeVar

import structlog

log = structlog.get_logger()
Result = TypeVar("Result")
_FEW = 32
"""Fewer items are not worth sending away."""
_MOST = 4
"""Processes at most: with more, the database's side would be the slower one."""
_PARTS = 3
"""Parts of the work for each process, so that they end at about the same time."""


class Each(Protocol):
    """Applies a pure function to every item (its arguments); the results in the order of the items. Raises what the
    function raises."""

    async def __call__(self, function: Callable[..., Result], items: Sequence[tuple[Any, ...]]) -> list[Result]: ...


async def here(function: Callable[..., Result], items: Sequence[tuple[Any, ...]]) -> list[Result]:
    """In this process."""
    return _run(function, items)


@dataclass
class Workers:
    """In `count` processes, which are started when there is enough to do. Function and items must be picklable."""

    count: int
    _executor: ProcessPoolExecutor | None = field(default=None, repr=False)

    async def __call__(self, function: Callable[..., Result], items: Sequence[tuple[Any, ...]]) -> list[Result]:
        if self.count < 2 or len(items) < _FEW:
            return _run(function, items)
        loop, executor = get_running_loop(), self._started()
        size = -(-len(items) // (self.count * _PARTS))
        parts = [items[first : first + size] for first in range(0, len(items), size)]
        try:
            done = await gather(*(loop.run_in_executor(executor, _run, function, part) for part in parts))
        except BrokenExecutor:
            log.warning("a worker process was lost; its work is done here")
            self.stop()
            return _run(function, items)
        return [result for part in done for result in part]

    def stop(self) -> None:
        """Let the processes end; the next work starts new ones."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
        self._executor = None

    def _started(self) -> ProcessPoolExecutor:
        if self._executor is None:
            context = multiprocessing.get_context("forkserver")  # a plain fork would copy our connections
            context.set_forkserver_preload(["integration.ingest.pipeline"])
            self._executor = ProcessPoolExecutor(self.count, context, _begin)
        return self._executor


@cache
def workers() -> Workers:
    """This process's own, one for each processor up to four; they end with it."""
    made = Workers(min(os.cpu_count() or 1, _MOST))
    atexit.register(made.stop)
    return made


@contextmanager
def collecting_later() -> Iterator[None]:
    """What a batch makes is kept until its end and holds no cycles: looking for garbage meanwhile finds nothing, and
    takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _run(function: Callable[..., Result], items: Sequence[tuple[Any, ...]]) -> list[Result]:
    with collecting_later():
        return [function(*item) for item in items]


def _begin() -> None:
    """In a new worker: an interrupt is the parent's affair, and however the parent ends, the worker ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
