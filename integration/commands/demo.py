"""`toldonce demo`: the main job, from nothing to a record that can be asked for."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from adapters.synthetic import feeds as synthetic
from adapters.synthetic.neighbourhood import build
from adapters.synthetic.pds import register_of
from adapters.synthetic.pds_provider import Provider
from adapters.synthetic.world import FeedFile, World
from integration import demo as demonstration
from integration import main
from integration.audit.search import IG_OFFICER
from integration.commands import caseloads
from integration.commands.console import code_for, signing_in
from integration.commands.demo_accounts import signing_in_with_accounts
from integration.commands.opened import as_owner, opened, progress_bar
from integration.commands.pds import trace_on_stand_in
from integration.commands.receiving import process, receive
from integration.config import Settings
from integration.errors import NotPossible
from integration.identity.review import counts
from integration.ingest.inbox import Delivery
from integration.record.consult import Question
from integration.sharing import current
from integration.sharing.request import Caller
from integration.store.connection import Connection
from integration.store.database import Database


async def demo(settings: Settings, *, people: int, seed: int, once: bool, console: Console) -> None:
    """The main job, from nothing to a record that can be asked for."""
    async with opened(settings) as database:
        async with as_owner(database) as owner:
            await current.apply(owner, demonstration.AGREEMENTS.read_text())
            await demonstration.register_clients(owner, settings.data_dir)
        today = demonstration.today(settings.data_dir)
        world = build(people, seed, today)
        deliveries = list(_deliveries(world, console))
        async with database.pool("toldonce_worker", size=4) as pool:
            await receive(pool, deliveries, console)
            await process(settings, pool, console)
            await trace_on_stand_in(settings, Provider(register_of(world)), pool, console)
        await _caseloads(settings, database, console)
        async with as_owner(database) as owner:
            console.print(await _summary(owner))
        if not once:
            _free(settings.host, settings.port)
            officer, coordinator = [
                await code_for(settings, database, signing_in(*who))
                for who in ((*demonstration.OFFICER, IG_OFFICER), demonstration.COORDINATOR)
            ]
            async with signing_in_with_accounts(settings, database) as served:
                accounts = served is not settings
                said = demonstration.try_these(settings, officer, coordinator, accounts=accounts)
                console.print(said, highlight=False, soft_wrap=True, markup=False)
                await main.serve(served, database)


async def _caseloads(settings: Settings, database: Database, console: Console) -> None:
    """The teams' caseloads by their rules, and the forum's by hand."""
    async with caseloads.desk(settings, database, console) as desk:
        for file in sorted(demonstration.CASELOADS.glob("*.yaml")):
            await caseloads.put_in_force(desk, *caseloads.read(file), "the demo", "the demo begins")
        for one in await desk.all():
            if one.rule:
                await desk.refresh(one, datetime.now(UTC))
        for practice, number, reason in demonstration.FORUM:
            gp = Question(Caller("demo", practice, "GP", "TREAT", "the demo's GP"), datetime.now(UTC))
            await caseloads.added(desk, gp, "care-and-support-forum", await desk.person(number), reason)


def _deliveries(world: World, console: Console) -> Iterator[Delivery]:
    with progress_bar(console) as progress:
        task = progress.add_task(f"generating the feeds of {len(world.people)} people", total=None)
        for file in (*synthetic.feed_files(world), *demonstration.faulty_files()):
            progress.advance(task)
            yield _delivery(file)
        progress.update(task, total=progress.tasks[task].completed)


def _delivery(file: FeedFile) -> Delivery:
    return Delivery(file.feed, file.sender, file.name, file.content, file.as_of)


_FEEDS = """
select e.feed, count(*) as messages,
    (select count(*) from toldonce.resource r join toldonce.source_patient s on s.key = r.source_patient
     where s.feed = e.feed) as resources,
    (select count(*) from toldonce.source_patient s where s.feed = e.feed) as source_patients,
    (select count(*) from toldonce.source_patient s where s.feed = e.feed and exists (select from
     toldonce.source_patient o where o.person = s.person and o.feed <> s.feed and o.about is null)) as linked,
    (select count(*) from toldonce.quarantine q join toldonce.envelope x on x.id = q.envelope
     where x.feed = e.feed and q.resolved is null) as quarantined,
    (select string_agg(code || ' ' || n, ', ' order by code) from (select code, count(*) as n
     from toldonce.quarantine q join toldonce.envelope x on x.id = q.envelope
     where x.feed = e.feed and q.resolved is null group by code) c) as reasons
from toldonce.envelope e group by e.feed order by e.feed
"""


_PEOPLE = """
with known as (select person from toldonce.source_patient where about is null)
select count(distinct person) as people, count(*) as source_patients, count(distinct person) filter (where person in
    (select person from known group by person having count(*) > 1)) as linked
from known
"""
"""What is stated here about somebody, such as a place on a caseload, makes them known to nobody more."""


async def _summary(owner: Connection) -> Table:
    """Per feed what came of it; below, how many people it is about."""
    table = Table(title="What arrived, and what came of it")
    for heading in ("feed", "messages", "resources", "people", "linked", "quarantined", "reasons"):
        table.add_column(heading, justify="left" if heading in ("feed", "reasons") else "right", overflow="fold")
    for row in await owner.fetch(_FEEDS):
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    (people,) = await owner.fetch(_PEOPLE)
    doubtful = sum(one.items for one in await counts(owner))
    table.caption = (
        f"{people['source_patients']} source patients are {people['people']} people; {people['linked']} are known to "
        f"more than one source; {doubtful} possible matches wait for a person's decision."
    )
    return table


def _free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise NotPossible(f"{host}:{port} is in use; stop what uses it, or set TOLDONCE_PORT") from None
