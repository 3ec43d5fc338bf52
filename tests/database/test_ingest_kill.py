"""kill -9 of any of our processes, and of the postmaster, changes nothing (DESIGN promise 4)."""

import asyncio
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from integration.config import Settings
from integration.ingest import inbox, reading
from integration.ingest.inbox import Delivery
from integration.store.database import Database, embedded_server
from tests.database import bad_input
from tests.database.ingesting import (
    Stored,
    differences,
    emptied,
    ingest,
    neighbourhood,
    process,
    record_of,
    set_aside,
    worker,
)
from tests.database.processes import COMMAND, RECEIVE, WORK, counts, gone, killed, started, until_processed

PEOPLE = 18


@pytest.fixture(scope="module")
async def unharmed(database: Database) -> Stored:
    """The record of a run that nothing happened to."""
    owner = await asyncpg.connect(database.owner_url)
    await ingest(database, neighbourhood(PEOPLE))
    record = await record_of(owner)
    await owner.close()
    return record


async def received(database: Database, owner: asyncpg.Connection, deliveries: Sequence[Delivery]) -> None:
    await emptied(owner)
    async with worker(database) as pipeline, pipeline.pool.acquire() as connection:
        await inbox.receive(connection, deliveries)


async def killed_along_the_way(
    database: Database, owner: asyncpg.Connection, folder: Path, command: Sequence[str], points: Sequence[int]
) -> list[tuple[int, int]]:
    """Starts the command again and again, kills it when so many more envelopes are processed; the counts afterwards."""
    found = []
    for more in points:
        done, _ = await counts(owner)
        process = started(database.owner_url, folder, *command)
        await until_processed(owner, done + more, process)
        async with gone(owner):
            killed(process)
        found.append(await counts(owner))
    return found


async def test_a_worker_killed_in_the_middle_of_ingest(
    database: Database, owner: asyncpg.Connection, unharmed: Stored, tmp_path: Path
) -> None:
    await received(database, owner, neighbourhood(PEOPLE))
    command = (sys.executable, "-c", WORK, "6")
    seen = await killed_along_the_way(database, owner, tmp_path, command, (1, 20, 50))
    assert all(done > 0 and waiting > 0 for done, waiting in seen)
    await process(database)
    assert (await counts(owner))[1] == 0
    assert differences(unharmed, await record_of(owner)) == {}


@pytest.mark.slow
async def test_the_work_command_killed_at_many_points(
    database: Database, owner: asyncpg.Connection, unharmed: Stored, tmp_path: Path
) -> None:
    """Where it takes 200 envelopes at once, most kills meet it inside of a transaction."""
    await received(database, owner, neighbourhood(PEOPLE))
    for point in range(8):
        process_ = started(database.owner_url, tmp_path, str(COMMAND), "work")
        while not await owner.fetchval(
            "select count(*) from pg_stat_activity where usename = 'toldonce_worker' and state <> 'idle' "
            "and datname = current_database()"
        ):
            if process_.poll() is not None:
                break
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.15 * point)
        async with gone(owner):
            killed(process_)
    finished = started(database.owner_url, tmp_path, str(COMMAND), "work")
    await asyncio.to_thread(finished.communicate)
    assert finished.returncode == 0
    assert differences(unharmed, await record_of(owner)) == {}


@pytest.mark.slow
async def test_workers_side_by_side_and_one_of_them_killed(
    database: Database, owner: asyncpg.Connection, unharmed: Stored, tmp_path: Path
) -> None:
    await received(database, owner, neighbourhood(PEOPLE))
    workers = [started(database.owner_url, tmp_path, sys.executable, "-c", WORK, "5") for _ in range(2)]
    await until_processed(owner, 40, workers[0])
    killed(workers[0])
    await asyncio.to_thread(workers[1].communicate)
    assert workers[1].returncode == 0
    assert differences(unharmed, await record_of(owner)) == {}


async def test_a_receiver_killed_keeps_every_batch_that_it_acknowledged(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """And no batch is there in part."""
    await emptied(owner)
    acknowledged = 0
    for least in (10, 60):
        process_ = started(database.owner_url, tmp_path, sys.executable, "-c", RECEIVE)
        assert process_.stdout is not None
        lines = [await asyncio.to_thread(process_.stdout.readline) for _ in range(least)]
        async with gone(owner):
            lines += killed(process_).splitlines(keepends=True)
        acknowledged = max([acknowledged, *(int(line) + 1 for line in lines if line.endswith(b"\n"))])
    rows = await owner.fetch(
        "select split_part(name, '-', 1)::int as batch, count(*) from toldonce.envelope group by 1"
    )
    kept = {row["batch"]: row["count"] for row in rows}
    assert kept.keys() >= set(range(acknowledged))
    assert acknowledged >= 60
    assert set(kept.values()) == {7}
    assert await owner.fetchval("select bool_and(length(content) > 0 and state = 'received') from toldonce.envelope")


async def test_a_connection_that_breaks_is_no_envelopes_fault(database: Database, owner: asyncpg.Connection) -> None:
    """The worker's connection is cut off while its transaction waits: the error is raised, nothing is quarantined, and
    the next step does the work."""
    message = Delivery("acute", "X9A", "M.hl7", bad_input.hl7(bad_input.pid()), bad_input.AS_OF)
    await received(database, owner, [message])
    async with worker(database) as pipeline:
        async with owner.transaction():
            await owner.execute("lock table toldonce.source_patient")
            step = asyncio.create_task(pipeline.step(1))
            while not await owner.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'toldonce_worker' "
                "and wait_event_type = 'Lock' and datname = current_database()"
            ):
                await asyncio.sleep(0.01)
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
                await step
        assert await counts(owner) == (0, 1)
        assert await set_aside(owner) == []
        assert await pipeline.step(1) == 2  # an envelope is read, a source patient assembled
    assert await counts(owner) == (1, 0)


async def kill_postmaster(folder: Path) -> None:
    """kill -9 of the server of this folder alone."""
    pid = int((folder / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_the_postmaster_killed_in_the_middle_of_ingest(tmp_path: Path, unharmed: Stored) -> None:
    """A server of its own: everything acknowledged is there after the restart, and the record is the same."""
    folder = tmp_path / "postgres"
    server = embedded_server(folder)
    try:
        database = Database(Settings(database_url=server.get_uri()))
        await database.migrate()
        await ingest(database, [])
        owner = await asyncpg.connect(database.owner_url)
        await received(database, owner, neighbourhood(PEOPLE))
        for least in (1, 60):
            working = started(database.owner_url, tmp_path, sys.executable, "-c", WORK, "6")
            done, waiting = await until_processed(owner, least, working)
            assert waiting > 0
            await kill_postmaster(folder)
            await asyncio.to_thread(working.communicate)
            assert working.returncode != 0
            await owner.close()
            server = embedded_server(folder)
            database = Database(Settings(database_url=server.get_uri()))
            owner = await asyncpg.connect(database.owner_url)
            now = await counts(owner)
            assert now[0] >= done
            assert sum(now) == done + waiting
            assert {entry["code"] for entry in await set_aside(owner)} <= {
                row["code"] for row in unharmed["quarantine"]
            }
        await process(database)
        assert differences(unharmed, await record_of(owner)) == {}
        await owner.close()
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()


ABORTS = """
import asyncio, os
from dataclasses import replace
from integration import deployment
from integration.config import Settings
from integration.feeds import FEEDS
from integration.store.database import Database

def parse(content, **stated):
    if b"ABORTS" in content:
        os.abort()
    return FEEDS["acute"].parse(content, **stated)

async def work():
    settings = Settings()
    async with Database(settings).pool("toldonce_worker", size=2) as pool:
        pipeline = deployment.pipeline(settings, pool)
        feeds = {**FEEDS, "acute": replace(FEEDS["acute"], parse=parse)}
        pipeline.assembler = replace(pipeline.assembler, feeds=feeds)
        await pipeline.run()

asyncio.run(work())
"""
"""A worker with a library that ends the process on some bytes, as real ones do."""


@pytest.mark.slow
async def test_what_ends_the_process_that_reads_it_is_set_aside_and_nothing_else_waits_for_it(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    sound = [Delivery("acute", "X9A", f"{n}.hl7", bad_input.hl7(bad_input.pid()), bad_input.AS_OF) for n in range(3)]
    deadly = Delivery("acute", "X9A", "deadly.hl7", b"ABORTS", bad_input.AS_OF)
    await received(database, owner, [sound[0], deadly, *sound[1:]])
    ended = []
    for _ in range(reading.TOO_OFTEN):
        worker_ = started(database.owner_url, tmp_path, sys.executable, "-c", ABORTS)
        await asyncio.to_thread(worker_.communicate)
        ended.append(worker_.returncode == 0)
        waiting = await owner.fetch("select name from toldonce.envelope where state = 'received'")
        if len(ended) > 2:  # once it was read alone, nothing waits behind it
            assert {row["name"] for row in waiting} <= {"deadly.hl7"}
    assert ended == [False] * (reading.TOO_OFTEN - 1) + [True]
    (entry,) = await set_aside(owner)
    assert (entry["name"], entry["code"]) == ("deadly.hl7", "ends-the-process")
    assert await counts(owner) == (4, 0)
