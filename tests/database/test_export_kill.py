"""kill -9 of the process that writes an export: it is taken up where it was, and nobody is in it twice."""

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from integration.store.database import Database
from tests.database.exporting import agreed, join, lines, ordered, working, written
from tests.database.ingesting import ingest, neighbourhood
from tests.database.processes import killed, started

pytestmark = pytest.mark.slow
PEOPLE, KILLS = 18, 3
TYPES = ("Patient", "Encounter", "Condition", "Flag", "CarePlan", "Organization")
WORK = """
import asyncio
from integration.config import Settings
from integration.store.database import Database
from integration.teams.export import worker
from tests.database.exporting import working

async def work():
    worker._TOGETHER = 1
    async with working(Database(Settings())) as exports:
        await worker.run_forever(exports, 0.05)

asyncio.run(work())
"""
"""A worker that commits after each person, so that a kill meets it between and within many."""


async def test_an_export_is_taken_up_where_it_was_killed(database: Database, tmp_path: Path) -> None:
    owner = await asyncpg.connect(database.owner_url)
    await agreed(owner, tmp_path)
    await ingest(database, neighbourhood(PEOPLE))
    persons = [
        row["person"]
        for row in await owner.fetch("select distinct person from toldonce.source_patient where person is not null")
    ]
    await join(database, *persons)
    async with working(database) as exports:
        unharmed = await lines(exports, await written(exports, await ordered(exports, TYPES)))
        id_ = await ordered(exports, TYPES)
        points = []
        for kill in range(1, KILLS + 1):
            process = started(database.owner_url, tmp_path, sys.executable, "-c", WORK)
            points.append(await until(owner, id_, len(persons) * kill // (KILLS + 1)))
            killed(process)
        assert points == sorted(set(points)), "each went on, and was killed on the way"
        assert points[-1] < len(persons)
        job = await written(exports, id_)
        assert await lines(exports, job) == unharmed
        tries = await owner.fetchval("select tries from toldonce.export_job where id = $1", id_)
        assert tries <= 1
    assert (tmp_path / "errors").read_text() == ""
    await owner.close()


async def until(owner: asyncpg.Connection, id_: UUID, least: int) -> int:
    """Waits until so many people are written; how many are."""
    async with asyncio.timeout(60):
        while (done := await owner.fetchval("select done from toldonce.export_job where id = $1", id_)) < least:
            await asyncio.sleep(0.002)
    return int(done)
