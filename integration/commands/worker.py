"""The worker that a receiving process keeps beside itself: processing takes processor time that acknowledging must not
wait for, so it has a process of its own, which ends with the one that started it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

import structlog

log = structlog.get_logger()
_WORK = (sys.executable, "-m", "integration", "work", "--while-input-open")
_PAUSE = 1.0
"""Seconds before a worker that ended by itself is started again."""
_PATIENCE = 10.0
"""Seconds for a worker to end when it is told to."""


@asynccontextmanager
async def worker_process() -> AsyncIterator[None]:
    """`toldonce work --forever`, with the settings of this process's environment, started again whenever it ends."""
    task = asyncio.create_task(_keep_running())
    try:
        yield
    finally:
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


async def _keep_running() -> None:
    while True:
        process = await asyncio.create_subprocess_exec(*_WORK, "--forever", stdin=asyncio.subprocess.PIPE)
        try:
            code = await process.wait()
        finally:
            await _end(process)
        log.error("the worker ended; another is started", code=code)
        await asyncio.sleep(_PAUSE)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()


def end_with_input() -> None:
    """End this process when its standard input ends: the pipe's other end is the process that started this one, and it
    closes however that process ends."""
    Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    while os.read(0, 1 << 10):  # not sys.stdin: a lock of it would be held while the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
