"""File feeds through the whole pipeline, beside COPY of the rows that came of them."""

import os
from asyncio import sleep
from collections.abc import Sequence
from time import perf_counter

import asyncpg

from adapters.synthetic import community, gp, mental_health, social_care, vcfse
from adapters.synthetic.world import FeedFile, World
from integration import deployment
from integration.config import Settings
from integration.feeds import FEEDS
from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.store.connection import Connection
from integration.store.database import Database
from tests.bench.plan import Figure
from tests.bench.servers import Child, children

SECTORS = {
    "gp": gp,
    "community": community,
    "mental_health": mental_health,
    "social_care": social_care,
    "vcfse": vcfse,
}
LEFT = "select exists (select from toldonce.envelope where state = 'received') or exists (select from toldonce.due)"
_OF_FEED = """
select r.* from toldonce.resource r join toldonce.source_patient s on s.key = r.source_patient
where s.feed = any($1) limit $2
"""
_WARM_UP = 160
"""Files: enough for every worker process to have loaded what it needs."""


async def measure(settings: Settings, world: World) -> list[Figure]:
    """Every batch feed, one after the other, into the database of `settings`, by a worker process for each processor;
    each beside COPY of its own rows. The first practice answers are processed before, so that models are loaded."""
    figures = []
    owner = await asyncpg.connect(settings.database_url)
    total, spent, copied = 0, 0.0, 0.0
    with children(*(Child("work", settings) for _ in range(os.cpu_count() or 1))) as workers:
        for worker in workers:
            await worker.ready()
        for feed, sector in SECTORS.items():
            files = list(sector.feed_files(world))
            if feed == "gp":
                await process(owner, settings, files[:_WARM_UP])
                files = files[_WARM_UP:]
            before = await owner.fetchval("select count(*) from toldonce.resource")
            seconds = await process(owner, settings, files)
            count = await owner.fetchval("select count(*) from toldonce.resource") - before
            rows = await owner.fetch(_OF_FEED, [feed], count)
            bare = await _copy(owner, rows)
            title = f"{FEEDS[feed].title.partition(':')[0]}: resources"
            figures.append(Figure("file feeds", title, count / seconds, "/s", count / bare))
            total, spent, copied = total + count, spent + seconds, copied + bare
    await owner.close()
    everything = Figure("file feeds", "all together: resources", total / spent, "/s", total / copied, target=5000)
    return [*figures, everything]


async def process(owner: Connection, settings: Settings, files: Sequence[FeedFile]) -> float:
    """Receive files, each committed by itself as every transport does, while the workers process them; how many seconds
    it took."""
    deliveries = [Delivery(one.feed, one.sender, one.name, one.content, one.as_of) for one in files]
    async with Database(settings).pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        start = perf_counter()
        for delivery in deliveries:
            await inbox.receive(connection, [delivery])
    while await owner.fetchval(LEFT):
        await sleep(0.02)
    return perf_counter() - start


async def alone(settings: Settings, files: Sequence[FeedFile]) -> None:
    """Receive files and process them here; nothing is measured."""
    deliveries = [Delivery(one.feed, one.sender, one.name, one.content, one.as_of) for one in files]
    async with Database(settings).pool("toldonce_worker", size=2) as pool:
        async with pool.acquire() as connection:
            await inbox.receive(connection, deliveries)
        await deployment.pipeline(settings, pool).run()


async def _copy(owner: Connection, rows: Sequence[asyncpg.Record]) -> float:
    """Seconds that COPY takes for these rows into a table without indexes, committed."""
    await owner.execute("drop table if exists bench_resource; create table bench_resource (like toldonce.resource)")
    start = perf_counter()
    await owner.copy_records_to_table("bench_resource", columns=list(rows[0].keys()), records=rows)
    seconds = perf_counter() - start
    await owner.execute("drop table bench_resource")
    return seconds
