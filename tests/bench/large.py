"""One very large file of Client Level Data: received, read in pieces by a process that is killed on the way, and made
into records, in memory that does not grow with it."""

import os
from asyncio import sleep
from collections.abc import Callable
from tempfile import TemporaryFile
from time import perf_counter
from typing import BinaryIO, cast

import asyncpg
from rich.console import Console

from adapters.synthetic.organisations import COUNCIL
from adapters.synthetic.social_care import large_file
from integration.commands.opened import progress_bar
from integration.config import Settings
from integration.ingest import inbox
from integration.ingest.due import Backlog, backlog
from integration.ingest.inbox import Delivery
from integration.store.connection import Connection
from integration.store.database import Database
from tests.bench.plan import Figure
from tests.bench.servers import Child, children

_KILL_AT = 0.4
"""Share of the file that is read when the process that reads it is killed."""


async def measure(settings: Settings, rows: int, console: Console) -> list[Figure]:
    """Rows per second of each step, and the most memory that any worker process held."""
    owner = await asyncpg.connect(settings.database_url)
    with cast(BinaryIO, TemporaryFile()) as file:
        for part in large_file(rows):
            file.write(part)
        size = file.tell()
        console.print(f"{rows} rows, {size / 1e6:.0f} MB", highlight=False)
        received = await _received(settings, file)
    start = perf_counter()
    with children(Child("work", settings)) as (killed,):
        await killed.ready()
        left = await _until(owner, console, "reading", lambda left: left.bytes < size * (1 - _KILL_AT))
        killed.kill()
    console.print(f"the worker is killed with {left.bytes / 1e6:.0f} MB left to read; others go on", highlight=False)
    with children(*(Child("work", settings) for _ in range(os.cpu_count() or 1))) as workers:
        for worker in workers:
            await worker.ready()
        await _until(owner, console, "reading", lambda left: left.envelopes == 0)
        read = perf_counter() - start
        after_reading = max(worker.most_memory() for worker in workers)
        start = perf_counter()
        await _until(owner, console, "assembling", lambda left: left == Backlog(0, 0, 0))
        assembled = perf_counter() - start
        most = max(worker.most_memory() for worker in workers)
    resources = await owner.fetchval("select count(*) from toldonce.resource")
    await owner.close()
    return [
        Figure("large file", "rows received", rows / received, "/s"),
        Figure("large file", "rows read, one process, killed once", rows / read, "/s"),
        Figure("large file", "resources made of them", resources / assembled, "/s", target=5000),
        Figure("large file", "most memory of a worker that reads", after_reading / 1e6, "MB"),
        Figure("large file", "most memory of a worker in all", most / 1e6, "MB"),
    ]


async def _received(settings: Settings, file: BinaryIO) -> float:
    async with Database(settings).pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        start = perf_counter()
        await inbox.receive(connection, [Delivery("social_care", COUNCIL.code, "large.csv", file)])
        return perf_counter() - start


async def _until(owner: Connection, console: Console, work: str, done: Callable[[Backlog], bool]) -> Backlog:
    """Watch what is left, with a bar, until it is as it should be."""
    most = 0
    with progress_bar(console) as bars:
        task = bars.add_task(work, total=None)
        while not done(left := await backlog(owner)):
            now = left.bytes or left.due
            most = max(most, now)
            bars.update(task, completed=most - now, total=most)
            await sleep(0.2)
    return left
