"""GP Connect: `toldonce gp pull`, and `toldonce gp provider`, the synthetic practices as a server."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import asyncpg
import yaml
from rich.console import Console

from adapters.gp.refusal import valid_nhs_number
from adapters.synthetic.gp_connect_provider import Provider, application, asid_of, provider_of
from adapters.synthetic.http_server import serving
from adapters.synthetic.neighbourhood import build
from adapters.synthetic.organisations import HUB
from adapters.transport.gp_connect import GpConnect
from integration.commands.opened import opened
from integration.commands.receiving import process
from integration.config import Settings
from integration.errors import NotPossible
from integration.ingest import gp_connect
from integration.ingest.gp_connect import Puller
from integration.ingest.gp_connect_settings import GpConnectSettings, load


async def pull(settings: Settings, people: Sequence[str], *, every: float | None, console: Console) -> Counter[str]:
    """Ask about these people (`<NHS number>` or `<NHS number>,<practice>`), or with none about everybody who is due;
    then process what came. `every`: seconds until the next round, for ever; None: one round."""
    document = load(settings.gp_connect)
    asked = [_person(line) for line in people]
    async with opened(settings) as database, database.pool("toldonce_worker", size=4) as pool:
        consumer = GpConnect(
            document.requester(version("toldonce")),
            limits=document.limits,
            proxy=document.asking.proxy,
            certificates=document.certificates,
        )
        async with consumer:
            while True:
                outcomes = await _round(Puller(pool, consumer, document), asked)
                console.print(", ".join(f"{code}: {count}" for code, count in sorted(outcomes.items())) or "nobody due")
                await process(settings, pool, console)
                if every is None:
                    return outcomes
                await asyncio.sleep(every)


async def _round(puller: Puller, asked: Sequence[tuple[str, str | None]]) -> Counter[str]:
    async with puller.pool.acquire() as connection, connection.transaction():
        only = await _where(connection, asked, puller.settings) if asked else None
        if only is None:
            await gp_connect.due_by_events(connection, puller.settings)
        else:
            await gp_connect.name_people(connection, only)
    return await puller.run(only)


async def _where(
    connection: asyncpg.pool.PoolConnectionProxy, asked: Sequence[tuple[str, str | None]], document: GpConnectSettings
) -> list[tuple[str, str]]:
    """(practice, NHS number): the practice that was named, else those that our sources name as the person's."""
    unplaced = [number for number, practice in asked if practice is None]
    found = await gp_connect.practices_of(connection, unplaced)
    pairs = {(practice, number) for number, practice in asked if practice} | found
    only = sorted((practice, number) for practice, number in pairs if practice in document.by_code)
    missing = {number for number, _ in asked} - {number for _, number in only}
    if missing:
        raise NotPossible(
            f"of {len(missing)} of {len(asked)} people no practice with an endpoint is known: name it after a comma"
        )
    return only


def _person(line: str) -> tuple[str, str | None]:
    number, _, practice = line.partition(",")
    valid = valid_nhs_number(number.strip())
    if valid is None:
        raise NotPossible("one of the NHS numbers is not valid: ten digits, the last one a check digit")
    return valid, practice.strip() or None


def people_in(file: Path) -> list[str]:
    """The lines of a list of people, without empty ones and comments (#)."""
    try:
        lines = [line.strip() for line in file.read_text("utf-8-sig").splitlines()]
    except UnicodeDecodeError:
        raise NotPossible(f"{file.name} is no text in UTF-8") from None
    return [line for line in lines if line and not line.startswith("#")]


async def provide(people: int, port: int, replay: Path | None, console: Console) -> None:
    """Serve the synthetic practices until told to end, and print the document that points at them."""
    with console.status("making the neighbourhood"):
        provider = provider_of(build(people), replay=replay)
    async with serving(provider, application, port):
        console.print(
            f"# {len(provider.answers)} people at {len(provider.practices)} practices; save this document and"
        )
        console.print("# name it in TOLDONCE_GP_CONNECT")
        console.print(_document(provider), soft_wrap=True, highlight=False)
        await asyncio.Event().wait()


def _document(provider: Provider) -> str:
    """The settings document that points at the synthetic practices."""
    asking = {
        "asid": "200000000359",
        "issuer": "https://toldonce.example/",
        "identifier_system": "https://toldonce.example/Id/consumer",
        "device": "toldonce-demo",
        "organisation": {"ods": HUB.code, "name": HUB.name},
        "user": {"id": "demo", "family": "Demo", "given": "Only"},
    }
    practices = [
        {"ods": practice, "base": provider.base(practice), "asid": asid_of(practice)}
        for practice in sorted(provider.practices)
    ]
    return str(yaml.safe_dump({"asking": asking, "practices": practices}, sort_keys=False, width=200))
