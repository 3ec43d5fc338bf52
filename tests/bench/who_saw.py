"""A person's access report over a log of very many events, of which very many are theirs, scattered over all months."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from uuid import UUID

import asyncpg
from rich.console import Console

from integration.audit.access import Access, Account
from integration.audit.codes import Kind, Outcome
from integration.audit.entry import to_row
from integration.audit.glance import newest
from integration.audit.search import AuditQuery
from integration.audit.who_saw import about, report
from integration.config import Settings
from integration.sharing.request import Caller, Category, Reason
from integration.store.database import Database, act_as
from tests.bench.plan import Figure

EVENTS = 10_000_000
EACH = 200
"""Of so many events one is the person's: 50,000 of ten million."""
YEARS = 8
_CHUNK = 500_000
CALLERS = 400
_PERSON = UUID(int=7)
_EVENT, _RECORDED = UUID(int=1), datetime(2020, 1, 1, tzinfo=UTC)
_INDEXES = ("audit_event_recorded", "audit_event_person", "audit_event_organisation")
_FILL = f"""
insert into toldonce.audit_event (id, recorded, person, organisation, client, kind, outcome, salt, content)
select md5(n::text)::uuid, at, case when n % {EACH} = 0 then $3 else md5('p' || n % 200000)::uuid end,
    'X' || n % 40, 'client', 'everything', '0', '\\x00112233445566778899aabbccddeeff',
    case when n % {EACH} = 0
    then convert_to(replace(replace(texts.content, $4, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')), $5,
        md5(n::text)::uuid::text), 'UTF8')
    else convert_to('{{' || repeat('x', 250) || '}}', 'UTF8') end
from generate_series($1::bigint, $2::bigint) n
cross join lateral (select $6::timestamptz + n * $7::interval as at) moment
left join texts on n % {EACH} = 0 and texts.number = n / {EACH} % {CALLERS}
"""


async def measure(settings: Settings, events: int, console: Console) -> list[Figure]:
    """The report's times in a database that is empty; `events` in all."""
    owner = await asyncpg.connect(settings.database_url)
    start = perf_counter()
    await _fill(owner, events)
    size = await owner.fetchval(
        "select sum(pg_total_relation_size(inhrelid))::float8 from pg_inherits "
        "where inhparent = 'toldonce.audit_event'::regclass"
    )
    await owner.close()
    console.print(f"{events:,} events, {size / 1e9:.1f} GB, made in {perf_counter() - start:.0f} s", highlight=False)
    async with Database(settings).pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        return [figure for name in ("first", "second") for figure in await _measured(connection, name)]


async def _measured(connection: asyncpg.Connection, name: str) -> list[Figure]:
    figures = []
    query = about([_PERSON])

    async def timed(what: str, asked: AuditQuery) -> None:
        start = perf_counter()
        async with connection.transaction(readonly=True):
            await act_as(connection, "toldonce_audit_reader")
            found = await report(connection, asked)
            listed = await newest(connection, replace(asked, count=200))
        milliseconds = (perf_counter() - start) * 1000
        assert len(listed) == min(200, found.events)
        figures.append(
            Figure(
                "who has seen a record",
                f"{what}, {found.events:,} events, {name} time",
                milliseconds,
                "ms",
                target=1000,
                at_most=True,
            )
        )

    await timed("a person's report and its first page", query)
    if name == "second":
        year = replace(query, dates=about([], datetime.now(UTC) - timedelta(days=365)).dates)
        await timed("the same of the last year", year)
    return figures


async def _fill(owner: asyncpg.Connection, events: int) -> None:
    """Without indexes and without a log of what is written: these are made afterwards, as for any big load."""
    first = datetime.now(UTC) - timedelta(days=365 * YEARS)
    await owner.execute("select toldonce.audit_partitions($1)", first)
    for (table,) in await owner.fetch(
        "select inhrelid::regclass::text from pg_inherits where inhparent = 'toldonce.audit_event'::regclass"
    ):
        await owner.execute(f"alter table {table} set unlogged")
    definitions = [
        await owner.fetchval("select pg_get_indexdef($1::regclass)", f"toldonce.{name}") for name in _INDEXES
    ]
    for name in _INDEXES:
        await owner.execute(f"drop index toldonce.{name}")
    await owner.execute("alter table toldonce.audit_event disable trigger raise_alert")
    await owner.execute("create temporary table texts (number int primary key, content text)")
    await owner.copy_records_to_table("texts", records=_texts())
    step = timedelta(days=365 * YEARS) / events
    for begin in range(1, events + 1, _CHUNK):
        end = min(begin + _CHUNK - 1, events)
        await owner.execute(_FILL, begin, end, _PERSON, _stamp(), str(_EVENT), first, step)
    for definition in definitions:
        await owner.execute(definition.replace(" ON ONLY ", " ON "))
    await owner.execute("analyze toldonce.audit_event")


def _stamp() -> str:
    return _RECORDED.isoformat().replace("+00:00", "Z")


def _texts() -> Sequence[tuple[int, str]]:
    """Events as the writer makes them, of so many different callers."""
    return [
        (number, to_row(access(number), _EVENT, bytes(16), server_url="https://a").content.decode())
        for number in range(CALLERS)
    ]


def access(number: int) -> Access:
    """One of `CALLERS` different ones, of the same person."""
    reasons = tuple(
        Reason(
            "agreement",
            True,
            f"Agreement CW-01 covers {category} for this role and purpose.",
            category,
            "X90401",
            "CW-01 version 5",
        )
        for category in list(Category)[:8]
    )
    return Access(
        when=_RECORDED,
        kind=Kind.EVERYTHING,
        interaction="operation",
        route="GET /fhir/Patient/{id}/$everything",
        outcome=Outcome.SUCCESS,
        caller=Caller("client", f"X{number % 40}", "GP", "TREAT", f"user {number}"),
        person=_PERSON,
        query=f"/fhir/Patient/{_PERSON}/$everything?_count=100",
        request_id="60e0b220-8136-4ca5-ae46-1d97ef59d068",
        correlation_id="60e0b220-8136-4ca5-ae46-1d97ef59d069",
        address="192.0.2.7",
        token="60e0b220-8136-4ca5-ae46-1d97ef59d06a",
        decision=Account(True, reasons),
        counts={"Patient": 1, "Encounter": 40, "Condition": 12, "CarePlan": 2, "Flag": 1, "Organization": 9},
    )
