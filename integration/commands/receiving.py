"""Receive files into the inbox and process what waits, each with a progress bar."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress

import asyncpg
from rich.console import Console

from integration import deployment
from integration.commands.opened import progress_bar
from integration.commands.worker import helping
from integration.config import Settings
from integration.ingest import inbox, relabel
from integration.ingest.due import Backlog, backlog
from integration.ingest.inbox import Delivery

_MUCH = 1 << 22
"""Bytes that wait and are worth the start of more processes, each about two seconds of a processor."""
_PROCESSES = 4
"""At most: with more, the database would be the slower part."""
_REFRESH = 0.25
"""Seconds between two looks at what is left."""


async def receive(pool: asyncpg.Pool, deliveries: Sequence[Delivery], console: Console) -> int:
    new = 0
    async with pool.acquire() as connection:
        with progress_bar(console) as progress:
            task = progress.add_task("receiving into the inbox", total=len(deliveries))
            for start in range(0, len(deliveries), 500):
                part = deliveries[start : start + 500]
                new += await inbox.receive(connection, part)
                progress.advance(task, len(part))
    return new


async def process(settings: Settings, pool: asyncpg.Pool, console: Console) -> int:
    """Process until nothing waits and nobody is due, with bars; how many envelopes this process read. Where there is
    much to do, a process for each further processor helps."""
    async with pool.acquire() as connection:
        await relabel.begin(connection, relabel.labelled_by())
        waiting = await backlog(connection)
    others = min(os.cpu_count() or 1, _PROCESSES) - 1 if waiting.bytes > _MUCH else 0
    async with helping(others):
        watching = asyncio.create_task(_watch(pool, waiting, console))
        try:
            read = await deployment.pipeline(settings, pool).run()
            await relabel.go_on(pool, relabel.labelled_by())
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    return read


async def _watch(pool: asyncpg.Pool, before: Backlog, console: Console) -> None:
    """Show what is left, whoever does it."""
    with progress_bar(console) as bars:
        reading = bars.add_task("reading, in kB", total=before.bytes // 1000)
        assembling = bars.add_task("assembling records", total=None)
        most = 0
        with suppress(asyncio.CancelledError):
            while True:
                async with pool.acquire() as connection:
                    left = await backlog(connection)
                most = max(most, left.due)
                bars.update(reading, completed=(before.bytes - left.bytes) // 1000)
                bars.update(assembling, completed=most - left.due, total=most or None)
                await asyncio.sleep(_REFRESH)
        bars.update(reading, completed=before.bytes // 1000)
        bars.update(assembling, completed=most, total=most)
