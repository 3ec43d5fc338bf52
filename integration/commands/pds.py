"""PDS: `toldonce pds trace`, `pds outcomes`, and `pds provider`, the synthetic register as a server."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import structlog
import yaml
from rich.console import Console

from adapters.synthetic.http_server import serving
from adapters.synthetic.neighbourhood import build
from adapters.synthetic.pds import SENDER, register_of
from adapters.synthetic.pds_provider import Provider, application
from adapters.transport.pds import CIRCUIT_OPEN
from integration.commands.opened import as_worker, opened, progress_bar
from integration.commands.receiving import process
from integration.config import Settings
from integration.ingest.pds import Tracer
from integration.ingest.pds_settings import Application, PdsSettings, load

log = structlog.get_logger()
_CONNECTIONS = 4
_PASSING = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""A database that is away for a while."""


async def trace(settings: Settings, *, every: float | None, console: Console) -> Counter[str]:
    """Ask what is due, then process what came; `every`: seconds until the next time, for ever; None: once."""
    document = load(settings.pds)
    async with opened(settings) as database, database.pool("toldonce_worker", size=_CONNECTIONS) as pool:
        async with document.client() as pds:
            tracer = Tracer(pool, pds, document)
            if every is None:
                return await traced(settings, tracer, console)
            while True:
                try:
                    await traced(settings, tracer, console)
                except* _PASSING as errors:
                    log.warning(
                        "this round failed; the next one tries again", error=type(errors.exceptions[0]).__name__
                    )
                await asyncio.sleep(every)


async def traced(settings: Settings, tracer: Tracer, console: Console) -> Counter[str]:
    """Ask about the numbers that are due, then for whom they leave without one, then about the numbers found; not on,
    while PDS is unwell. What a round of questions brought is processed before the next one. How often each outcome
    came."""
    outcomes: Counter[str] = Counter()
    for ask in (tracer.numbers, tracer.searches, tracer.numbers):
        while CIRCUIT_OPEN not in outcomes and (asked := await _round(ask, console)):
            outcomes += asked
            await process(settings, tracer.pool, console)
    console.print(", ".join(f"{code}: {count}" for code, count in sorted(outcomes.items())) or "nothing due")
    return outcomes


async def _round(ask: Callable[[], Awaitable[Counter[str]]], console: Console) -> Counter[str]:
    with progress_bar(console) as progress:
        task = progress.add_task("tracing on PDS", total=None)
        asked = await ask()
        progress.update(task, completed=asked.total(), total=asked.total())
    return asked


_OUTCOMES = """
select case when nhs_number is null then 'people without a number' else 'NHS numbers' end as asked_about,
    coalesce(outcome, 'not asked yet') as outcome, count(*) as how_many,
    count(*) filter (where due <= now()) as due, count(*) filter (where attempts > 0) as failing,
    max(last_answered) as last_answered
from toldonce.pds_trace group by 1, 2 order by 1, 2
"""


async def outcomes_so_far(settings: Settings) -> list[dict[str, object]]:
    """How many questions last came to what; nobody is named."""
    async with as_worker(settings) as connection:
        return [dict(row) for row in await connection.fetch(_OUTCOMES)]


async def stand_in(people: int, port: int, folder: Path, console: Console) -> None:
    """Serve the synthetic register until told to end, its document and key written into `folder`."""
    with console.status("making the neighbourhood"):
        provider = Provider(register_of(build(people)))
    async with serving(provider, application, port):
        document = document_of(provider, folder)
        path = folder / "pds.yaml"
        path.write_text(yaml.safe_dump(document.model_dump(mode="json", exclude_defaults=True), sort_keys=False))
        console.print(f"{len(provider.register.patients)} people at {provider.base}")
        console.print(f"TOLDONCE_PDS={path} toldonce pds trace --once", soft_wrap=True, highlight=False)
        await asyncio.Event().wait()


async def trace_on_stand_in(settings: Settings, provider: Provider, pool: asyncpg.Pool, console: Console) -> None:
    """Trace once on the stand-in, in this process: the demo's, which does not ask for related people, for that would
    take as long again."""
    async with serving(provider, application):
        document = document_of(provider, settings.data_dir / "keys", related=False)
        async with document.client() as pds:
            await traced(settings, Tracer(pool, pds, document), console)


def document_of(provider: Provider, folder: Path, *, related: bool = True) -> PdsSettings:
    """The settings document that points at the stand-in, whose key is written beside it."""
    key = folder / "pds.pem"
    key.touch(mode=0o600)
    key.write_text(provider.credentials.key)
    mine = provider.credentials
    return PdsSettings(
        base=provider.base,
        token_url=mine.token_url,
        sender=SENDER,
        application=Application(api_key=mine.api_key, key_id=mine.key_id, key=Path(key.name)),
        per_second=1000,
        related=related,
        folder=folder,
    )
