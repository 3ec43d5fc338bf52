"""Processes that audit are killed at random: no answer without its event, no gap in the log, no fork of it."""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from uuid import UUID

import pytest

from integration.audit.log import AuditLog
from tests.database.audit_world import SealedLog, emptied


class Workers:
    """So many processes at work; `answered` is what all of them ever answered."""

    def __init__(self, url: str, folder: Path) -> None:
        self._command = (sys.executable, "-m", "tests.database.audit_worker", url, str(folder))
        self._running: list[tuple[Process, asyncio.Task[None]]] = []
        self.answered: list[UUID] = []

    async def start(self) -> None:
        process = await asyncio.create_subprocess_exec(*self._command, stdout=PIPE)
        self._running.append((process, asyncio.create_task(self._listen(process))))

    async def _listen(self, process: Process) -> None:
        assert process.stdout
        while (line := await process.stdout.readline()).endswith(b"\n"):
            self.answered.append(UUID(line.decode().strip()))

    async def kill(self, which: int) -> None:
        process, listening = self._running.pop(which % len(self._running))
        process.kill()
        await process.wait()
        await listening

    async def busy(self, answers: int) -> None:
        """Until so many more answers were given."""
        until = len(self.answered) + answers
        async with asyncio.timeout(120):
            while len(self.answered) < until:
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        while self._running:
            await self.kill(0)


@pytest.mark.parametrize(
    ("workers", "kills"), [(2, 2), pytest.param(8, 40, marks=pytest.mark.slow)], ids=["short", "long"]
)
async def test_whoever_is_killed_the_log_has_every_answer_once(database, owner, tmp_path, workers, kills):
    await emptied(owner)
    chance = random.Random(7)
    at_work = Workers(database.owner_url, tmp_path)
    async with database.pool("toldonce_api", size=2) as pool, AuditLog(pool) as audit:
        log = SealedLog(pool, audit, owner, tmp_path)
        try:
            for _ in range(workers):
                await at_work.start()
            for _ in range(kills):
                await at_work.busy(chance.randrange(50, 300))
                if await owner.fetchval("select exists (select from toldonce.audit_checkpoint)"):
                    await log.keep()
                await at_work.kill(chance.randrange(workers))
                await at_work.start()
        finally:
            await at_work.end()
        while await log.seal():
            pass
        await log.keep()
        report = await log.verify(copy=True)
    assert report.intact, report
    assert report.unsealed == 0
    placed = [row[0] for row in await owner.fetch("select event from toldonce.audit_leaf order by index")]
    assert len(placed) == report.size == await owner.fetchval("select count(*) from toldonce.audit_event")
    assert len(at_work.answered) > kills * 50
    assert set(at_work.answered) <= set(placed)
    assert len(set(placed)) == len(placed)
