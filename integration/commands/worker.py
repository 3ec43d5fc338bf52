"""Processes that one of ours keeps beside itself, and that end with it: the worker of a receiving process, for
processing takes processor time that acknowledging must not wait for; and those that serve one address together."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from threading import Thread
from time import monotonic

import structlog

log = structlog.get_logger()
_OURS = (sys.executable, "-m", "integration")
_WORK = (*_OURS, "work", "--while-input-open")
_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
"""Seconds before a process that ended by itself is started again: the first time, and at most."""
_SETTLED = 10.0
"""Seconds after which a process that ends was running well until then."""
_PATIENCE = 10.0
"""Seconds for a process to end when it is told to."""


def worker_process() -> AbstractAsyncContextManager[None]:
    """`toldonce work --forever` beside this process."""
    return kept_running("work", "--while-input-open", "--forever")


@asynccontextmanager
async def kept_running(*command: str, sockets: Sequence[int] = ()) -> AsyncIterator[None]:
    """A command of `toldonce` that ends with its standard input, with the settings of this process's environment,
    started again whenever it ends. `sockets` are handed on, by file descriptor."""
    task = asyncio.create_task(_keep_running(command, sockets))
    try:
        yield
    finally:
        if not task.cancelling():  # a loop that ends has told every task: twice would end its waiting for the process
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def helping(count: int) -> AsyncIterator[None]:
    """So many `toldonce work` processes beside this one; left when they have nothing to do any more."""
    processes = [
        await asyncio.create_subprocess_exec(*_WORK, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        yield
        await asyncio.gather(*(process.wait() for process in processes))
    finally:
        await asyncio.gather(*map(_end, processes))


async def _keep_running(command: Sequence[str], sockets: Sequence[int]) -> None:
    pause = 0.0
    while True:
        started = monotonic()
        process = await asyncio.create_subprocess_exec(
            *_OURS, *command, stdin=asyncio.subprocess.PIPE, pass_fds=sockets
        )
        try:
            code = await process.wait()
        finally:
            await _end(process)
        pause = pause_before_next(pause, monotonic() - started)
        log.error("a process ended; another is started", command=command[0], code=code, seconds=pause)
        await asyncio.sleep(pause)


def pause_before_next(previous: float, lived: float) -> float:
    """Seconds to wait before a process is started again that lived so long: twice the last pause where it ended at
    once, as it does while its database is gone, so that starting it does not take a whole processor."""
    return _PAUSE if lived >= _SETTLED or not previous else min(2 * previous, _LONGEST_PAUSE)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def end_with_input() -> None:
    """End this process when its standard input ends: the pipe's other end is the process that started this one, and it
    closes however that process ends."""
    Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    while os.read(0, 1 << 10):  # not sys.stdin: a lock of it would be held while the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
