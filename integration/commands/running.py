"""`toldonce work`, and `migrate`, which comes before everything."""

from rich.console import Console

from integration import deployment
from integration.commands.opened import opened
from integration.config import Settings
from integration.ingest import due, relabel

_PAUSE = 0.05
"""Seconds before a worker that found nothing to do looks again."""


async def migrate(settings: Settings) -> None:
    async with opened(settings):
        pass


async def work(
    settings: Settings, console: Console, *, forever: bool, anew: bool = False, beside: bool = False
) -> None:
    """`beside` another process of ours, which started this one."""
    async with opened(settings, migrate=not beside) as database, database.pool("toldonce_worker", size=2) as pool:
        if anew:
            async with pool.acquire() as connection:
                console.print(f"{await due.anew(connection)} records are made anew")
        async with pool.acquire() as connection:
            if relabelled := await relabel.begin(connection, relabel.labelled_by()):
                console.print(
                    f"{relabelled} records are labelled anew: the lists of sensitive codes, or their code, changed"
                )
        pipeline = deployment.pipeline(settings, pool)
        console.print(f"{await pipeline.run()} envelopes processed")
        await relabel.go_on(pool, relabel.labelled_by())
        if forever:
            await pipeline.run_forever(_PAUSE)
