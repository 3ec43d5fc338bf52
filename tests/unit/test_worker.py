"""Processes that one of ours keeps: how long one that ended is waited with, and that all end with their keeper."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import psutil
import pytest

from integration.commands import worker
from integration.commands.worker import kept_running, pause_before_next

SLOW_TO_END = """
import pathlib, os, signal, sys, time
def end(*_):
    time.sleep(0.5)
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1], str(os.getpid())).touch()
time.sleep(30)
"""


def test_what_ended_at_once_is_started_ever_more_rarely():
    pauses = [0.0]
    for _ in range(7):
        pauses.append(pause_before_next(pauses[-1], lived=0.5))
    assert pauses == [0, 1, 2, 4, 8, 15, 15, 15]


def test_what_ran_well_is_started_again_soon():
    assert pause_before_next(15, lived=60) == 1


def test_a_keeper_that_is_told_to_end_waits_for_those_it_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker, "_OURS", (sys.executable, "-c", SLOW_TO_END))

    async def keep() -> None:
        async with AsyncExitStack() as stack:
            for _ in range(2):
                await stack.enter_async_context(kept_running(str(tmp_path)))
            while len(list(tmp_path.iterdir())) < 2:
                await asyncio.sleep(0.02)
            asyncio.get_running_loop().call_soon(sys.exit, 0)  # as a signal's handler does: every task is cancelled
            await asyncio.Event().wait()

    with pytest.raises(SystemExit):
        asyncio.run(keep())
    assert not any(psutil.pid_exists(int(process.name)) for process in tmp_path.iterdir())
