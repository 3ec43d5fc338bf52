"""What the command line does. Each function is one command: it opens what it needs, does it, and closes it."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from adapters.synthetic import feeds as synthetic
from adapters.synthetic.neighbourhood import build
from adapters.synthetic.world import FeedFile, World
from adapters.transport.mllp import serve_mllp
from integration import demo as demonstration
from integration import main
from integration.api.assertion import sign_assertion
from integration.api.clients import load_clients, register
from integration.api.token import ASSERTION_TYPE, token_url
from integration.audit.access import Access
from integration.audit.codes import Kind
from integration.audit.codes import Outcome as Result
from integration.audit.log import AuditLog, sequence
from integration.audit.verify import Checkpoint, verify
from integration.config import Settings
from integration.errors import NotPossible
from integration.feeds import FEEDS
from integration.identity.compare import Outcome
from integration.identity.demographics import is_nhs_number
from integration.identity.linking import decide as decide_linkage
from integration.identity.linking import possible_matches
from integration.ingest import inbox, quarantine
from integration.ingest.inbox import Delivery
from integration.ingest.listen import mllp_handler
from integration.record.consult import served
from integration.sharing import current
from integration.sharing.agreements import AgreementError, load
from integration.sharing.decide import decide
from integration.sharing.explain import as_json as decision_json
from integration.sharing.explain import explain as in_plain_english
from integration.sharing.facts import ids_of, person_facts, persons_with_number
from integration.sharing.request import BreakGlass, Caller, Client, Request
from integration.store.connection import Connection
from integration.store.database import Database, act_as
from integration.store.labels import Labels


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The database, migrated; the embedded one runs as long as somebody uses it."""
    database = Database(settings)
    try:
        await _reachable(database)
        await database.migrate()
        yield database
    finally:
        database.stop()


async def _reachable(database: Database) -> None:
    try:
        await (await asyncpg.connect(database.owner_url)).close()
    except (OSError, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.PostgresConnectionError) as error:
        raise NotPossible(
            f"the database cannot be reached ({type(error).__name__}); see TOLDONCE_DATABASE_URL"
        ) from None
    except asyncpg.InvalidCatalogNameError:
        raise NotPossible("there is no such database; create it, or mend TOLDONCE_DATABASE_URL") from None


@asynccontextmanager
async def as_owner(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.owner_url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def as_worker(settings: Settings) -> AsyncIterator[Connection]:
    """A connection in a transaction of the ingest role."""
    async with opened(settings) as database, database.pool("toldonce_worker", size=2) as pool:
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_ingest")
            yield connection


def progress_bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


async def demo(settings: Settings, *, people: int, seed: int, once: bool, console: Console) -> None:
    """The main job, from nothing to a record that can be asked for."""
    async with opened(settings) as database:
        async with as_owner(database) as owner:
            await current.apply(owner, demonstration.AGREEMENTS.read_text())
            await demonstration.register_clients(owner, settings.data_dir)
        today = demonstration.today(settings.data_dir)
        deliveries = list(_deliveries(build(people, seed, today), console))
        async with database.pool("toldonce_worker", size=2) as pool:
            await _receive(pool, deliveries, console)
            await _process(settings, pool, console)
        async with as_owner(database) as owner:
            console.print(await _summary(owner))
        if not once:
            _free(settings.host, settings.port)
            console.print(demonstration.try_these(settings), highlight=False, soft_wrap=True, markup=False)
            await main.serve(settings, database)


def _deliveries(world: World, console: Console) -> Iterator[Delivery]:
    with progress_bar(console) as progress:
        task = progress.add_task(f"generating the feeds of {len(world.people)} people", total=None)
        for file in (*synthetic.feed_files(world), *demonstration.faulty_files()):
            progress.advance(task)
            yield _delivery(file)
        progress.update(task, total=progress.tasks[task].completed)


def _delivery(file: FeedFile) -> Delivery:
    return Delivery(file.feed, file.sender, file.name, file.content, file.as_of)


async def _receive(pool: asyncpg.Pool, deliveries: Sequence[Delivery], console: Console) -> int:
    new = 0
    async with pool.acquire() as connection:
        with progress_bar(console) as progress:
            task = progress.add_task("receiving into the inbox", total=len(deliveries))
            for start in range(0, len(deliveries), 500):
                part = deliveries[start : start + 500]
                new += await inbox.receive(connection, part)
                progress.advance(task, len(part))
    return new


async def _process(settings: Settings, pool: asyncpg.Pool, console: Console) -> int:
    async with pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_ingest")
        waiting = await inbox.count_waiting(connection)
    with progress_bar(console) as progress:
        task = progress.add_task("processing", total=waiting)
        return await main.pipeline(settings, pool).run(lambda done: progress.advance(task, done))


_FEEDS = """
select e.feed, count(*) as messages,
    (select count(*) from toldonce.resource r join toldonce.source_patient s on s.key = r.source_patient
     where s.feed = e.feed) as resources,
    (select count(*) from toldonce.source_patient s where s.feed = e.feed) as source_patients,
    (select count(*) from toldonce.source_patient s where s.feed = e.feed and exists (select from
     toldonce.source_patient o where o.person = s.person and o.feed <> s.feed)) as linked,
    (select count(*) from toldonce.quarantine q join toldonce.envelope x on x.id = q.envelope
     where x.feed = e.feed and q.resolved is null) as quarantined,
    (select string_agg(code || ' ' || n, ', ' order by code) from (select code, count(*) as n
     from toldonce.quarantine q join toldonce.envelope x on x.id = q.envelope
     where x.feed = e.feed and q.resolved is null group by code) c) as reasons
from toldonce.envelope e group by e.feed order by e.feed
"""
_PEOPLE = """
select count(distinct person) as people, count(*) as source_patients, count(distinct person) filter (where person in
    (select person from toldonce.source_patient group by person having count(*) > 1)) as linked
from toldonce.source_patient
"""


async def _summary(owner: Connection) -> Table:
    """Per feed what came of it; below, how many people it is about."""
    table = Table(title="What arrived, and what came of it")
    for heading in ("feed", "messages", "resources", "people", "linked", "quarantined", "reasons"):
        table.add_column(heading, justify="left" if heading in ("feed", "reasons") else "right", overflow="fold")
    for row in await owner.fetch(_FEEDS):
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    (people,) = await owner.fetch(_PEOPLE)
    doubtful = len(await possible_matches(owner))
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


async def serve(settings: Settings) -> None:
    async with opened(settings) as database:
        await main.serve(settings, database)


async def migrate(settings: Settings) -> None:
    async with opened(settings):
        pass


def generate(people: int, seed: int, folder: Path, console: Console) -> None:
    with progress_bar(console) as progress:
        task = progress.add_task("writing", total=None)
        counts = synthetic.write_folder(build(people, seed), folder, progress=lambda _: progress.advance(task))
    for feed, count in sorted(counts.items()):
        console.print(f"{feed}: {count} files")


async def ingest(
    settings: Settings, feed: str, paths: Sequence[Path], sender: str, as_of: datetime | None, console: Console
) -> None:
    if feed not in FEEDS:
        raise NotPossible(f"there is no feed {feed}; the feeds are {', '.join(FEEDS)}")
    files = [
        file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path]) if file.is_file()
    ]
    async with opened(settings) as database, database.pool("toldonce_worker", size=2) as pool:
        new = await _receive(
            pool, [Delivery(feed, sender, file.name, file.read_bytes(), as_of) for file in files], console
        )
        console.print(f"{len(files)} received, {new} of them new")
        await _process(settings, pool, console)


async def work(settings: Settings, console: Console, *, forever: bool) -> None:
    async with opened(settings) as database, database.pool("toldonce_worker", size=2) as pool:
        pipeline = main.pipeline(settings, pool)
        console.print(f"{await pipeline.run()} envelopes processed")
        while forever:
            if not await pipeline.step():
                await asyncio.sleep(0.2)


async def listen_mllp(settings: Settings, host: str, sender: str, console: Console) -> None:
    async with opened(settings) as database, database.pool("toldonce_worker", size=4) as pool:
        pipeline = main.pipeline(settings, pool)
        server = await serve_mllp(host, settings.mllp_port, mllp_handler(pool, sender))
        console.print(f"listening for MLLP on {host}:{settings.mllp_port}")
        async with server:
            while True:
                if not await pipeline.step():
                    await asyncio.sleep(0.2)


async def quarantine_list(settings: Settings) -> list[dict[str, Any]]:
    async with as_worker(settings) as connection:
        return await quarantine.open_entries(connection)


async def quarantine_show(settings: Settings, entry: int) -> dict[str, Any]:
    async with as_worker(settings) as connection:
        found = await quarantine.entry(connection, entry)
    if found is None:
        raise NotPossible(f"there is no quarantine entry {entry}")
    async with opened(settings) as database, database.pool("toldonce_api", size=2) as pool:
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            await log.append(_by_command(f"toldonce quarantine show {entry}", Kind.OPERATION, None))
    return found | {"fragment": _readable(found["fragment"]), "content": f"{len(found['content'])} bytes"}


def _readable(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")


async def quarantine_replay(settings: Settings, feed: str | None, console: Console) -> None:
    async with opened(settings) as database, database.pool("toldonce_worker", size=2) as pool:
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_ingest")
            again = await quarantine.replay(connection, feed)
        await _process(settings, pool, console)
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_ingest")
            left = await quarantine.open_entries(connection)
    console.print(f"{again} envelopes processed again; {len(left)} entries are still open")


async def identity_review(settings: Settings) -> list[dict[str, Any]]:
    async with as_worker(settings) as connection:
        return await possible_matches(connection)


async def decide_identity(
    settings: Settings, a: str, b: str, outcome: Outcome, user: str, reason: str, console: Console
) -> None:
    try:
        pair = (UUID(a), UUID(b))
    except ValueError:
        raise NotPossible("name source patients by their ids, as `identity review` prints them") from None
    async with as_worker(settings) as connection:
        await decide_linkage(connection, main.secret_of(settings, "ids", 32), pair, outcome, user, reason)
    console.print(f"recorded: {outcome}")


async def agreements_check(file: Path, console: Console) -> None:
    try:
        agreements = load(file.read_text())
    except AgreementError as error:
        raise NotPossible(str(error)) from None
    console.print(f"{file.name}: {len(agreements.agreements)} agreements, nothing wrong")


async def agreements_apply(settings: Settings, file: Path, console: Console) -> None:
    async with opened(settings) as database, as_owner(database) as owner:
        try:
            applied = await current.apply(owner, file.read_text())
        except AgreementError as error:
            raise NotPossible(str(error)) from None
    console.print("in force" if applied else "already in force; nothing changed")


async def register_client(settings: Settings, client: Client, console: Console) -> None:
    """Register a client system, or replace its registration."""
    async with opened(settings) as database, as_owner(database) as owner:
        try:
            await register(owner, client)
        except ValueError as error:
            raise NotPossible(str(error)) from None
    console.print(f"{client.id} is registered for {client.organisation}")


async def token(
    settings: Settings, client_id: str, role: str | None, purpose: str | None, user: str, reason: str | None
) -> str:
    """Ask the running server for a token, with the demo client's own key."""
    client = _demo_client(client_id)
    endpoint = token_url(settings.fhir_base)
    assertion = sign_assertion(
        demonstration.client_key(settings.data_dir, client.id).as_dict(private=True),
        client.id,
        endpoint,
        role or client.roles[0],
        purpose or (client.purposes[-1] if reason else client.purposes[0]),
        user,
        BreakGlass(reason) if reason else None,
        datetime.now(UTC),
        organisation=client.organisation,
    )
    form = {
        "grant_type": "client_credentials",
        "scope": "system/*.rs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    try:
        async with httpx.AsyncClient() as http:
            answer = await http.post(endpoint, data=form)
    except httpx.ConnectError:
        raise NotPossible(f"no server answers at {settings.fhir_base}; start one with `make demo`") from None
    if answer.status_code != httpx.codes.OK:
        raise NotPossible(f"the server refused: {answer.json().get('error_description', answer.text)}")
    return str(answer.json()["access_token"])


def _demo_client(client_id: str) -> demonstration.DemoClient:
    if client_id not in demonstration.BY_ID:
        raise NotPossible(f"there is no demo client {client_id}; there are {', '.join(demonstration.BY_ID)}")
    return demonstration.BY_ID[client_id]


async def explain(
    settings: Settings,
    client_id: str,
    nhs_number: str,
    role: str | None,
    purpose: str | None,
    at: datetime | None,
    reason: str | None,
    *,
    as_json: bool,
) -> str:
    """What a client would see of somebody and why, now or as recorded by `at`. Asking is itself audited."""
    if not is_nhs_number(nhs_number):
        raise NotPossible("that is not a valid NHS number")
    now = at or datetime.now(UTC)
    async with opened(settings) as database, database.pool("toldonce_api", size=4) as pool:
        async with pool.acquire() as connection:
            client = (await load_clients(connection)).get(client_id)
            async with connection.transaction(readonly=True):
                await act_as(connection, "toldonce_registry")
                policy = await current.policy_at(connection, now)
                await act_as(connection, "toldonce_facts")
                persons = await persons_with_number(connection, nhs_number, at) or [UUID(int=0)]
                facts = [await person_facts(connection, Labels(), person, at) for person in persons]
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            await log.append_all([_by_command("toldonce explain", Kind.OPERATION, person) for person in persons])
    if client is None:
        raise NotPossible(f"no client {client_id} is registered")
    caller = _caller(client, role, purpose, reason)
    requests = [Request(caller, one.person, now, BreakGlass(reason) if reason else None) for one in facts]
    decisions = [served(decide(request, one, policy)) for request, one in zip(requests, facts, strict=True)]
    if as_json:
        return "\n".join(json.dumps(decision_json(one)) for one in decisions)
    names = {**policy.names, client.id: client.name}
    return "\n\n".join(in_plain_english(one, policy, names) for one in decisions)


def _caller(client: Client, role: str | None, purpose: str | None, reason: str | None) -> Caller:
    """The client in one of its roles and purposes; a demo client's first ones where nothing is said."""
    preferred = demonstration.BY_ID.get(client.id)
    roles = list(preferred.roles) if preferred else sorted(client.roles)
    purposes = list(preferred.purposes) if preferred else sorted(client.purposes)
    return Caller(
        client.id, client.organisation, role or roles[0], purpose or (purposes[-1] if reason else purposes[0])
    )


_EVENTS = """
select recorded, organisation, client, kind, outcome, person from toldonce.audit_event
where ($1::uuid[] is null or person = any($1)) and ($2::text is null or organisation = $2)
order by recorded desc, id desc limit $3
"""


async def audit_search(
    settings: Settings, nhs_number: str | None, organisation: str | None, limit: int
) -> list[dict[str, Any]]:
    """Events, newest first. Asking is itself an event, written before anything is printed."""
    async with opened(settings) as database, database.pool("toldonce_api", size=4) as pool:
        persons = await _same_persons(pool, nhs_number) if nhs_number else None
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_audit_reader")
            rows = await connection.fetch(_EVENTS, persons, organisation, limit)
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            person = persons[0] if persons else None
            await log.append(_by_command("toldonce audit search", Kind.AUDIT, person, {"AuditEvent": len(rows)}))
    return [_event(row) for row in rows]


def _event(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "when": row["recorded"].isoformat(timespec="seconds"),
        "organisation": row["organisation"],
        "client": row["client"],
        "what": row["kind"],
        "outcome": _OUTCOMES[row["outcome"]],
        "person": row["person"],
    }


_OUTCOMES = {"0": "shown", "4": "failed", "8": "refused", "12": "failed"}


async def _same_persons(pool: asyncpg.Pool, nhs_number: str) -> list[UUID]:
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        return await ids_of(connection, await persons_with_number(connection, nhs_number))


def _by_command(route: str, kind: Kind, person: UUID | None, counts: Mapping[str, int] | None = None) -> Access:
    """An access of whoever administers this deployment."""
    return Access(
        when=datetime.now(UTC),
        kind=kind,
        interaction="operation" if kind is Kind.OPERATION else "search-type",
        route=route,
        outcome=Result.SUCCESS,
        caller=Caller("command line", "this deployment", "administrator", ""),
        person=person if person and person.int else None,
        counts=counts or {},
    )


async def audit_verify(settings: Settings, checkpoint: str | None) -> tuple[str, bool]:
    """Recompute the log, after what is committed has its place in it; against a checkpoint kept elsewhere if given."""
    try:
        kept = Checkpoint.parse(checkpoint) if checkpoint else None
    except ValueError as error:
        raise NotPossible(str(error)) from None
    async with opened(settings) as database, database.pool("toldonce_api", size=2) as pool:
        async with pool.acquire() as connection:
            while await sequence(connection):
                pass
            report = await verify(connection, kept)
    return str(report), report.intact
