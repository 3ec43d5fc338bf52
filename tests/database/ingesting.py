"""What ingest tests share: files through the whole pipeline, and all that is stored, to compare byte by byte."""

import random
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from adapters.synthetic import pds
from adapters.synthetic.feeds import feed_files
from adapters.synthetic.neighbourhood import build
from adapters.synthetic.world import FeedFile, World
from integration.demo import faulty_files
from integration.feeds import FEEDS, Feed
from integration.ingest import inbox, quarantine
from integration.ingest.assemble import Assembler
from integration.ingest.inbox import Delivery
from integration.ingest.packing import unpacked
from integration.ingest.pipeline import BATCH, Pipeline
from integration.store.connection import Connection
from integration.store.database import Database
from mappings.uk_core import HEALTH_TEST_DATA

SECRET = b"the tests' secret of resource ids"
RECEIPT = datetime(2026, 9, 30, 20, 0, tzinfo=UTC)
"""Moment of receipt of the first file whose transport does not tell it: fixed, so that what arrived is the same in
whatever order it is processed."""


@lru_cache
def world(people: int) -> World:
    return build(people)


@lru_cache
def neighbourhood(people: int) -> tuple[Delivery, ...]:
    """All that five sectors say of the named people and some others, as it arrives; what is sent twice comes twice.
    The faulty files of the demo are among it."""
    return deliveries([*feed_files(world(people)), *faulty_files()])


def deliveries(files: Iterable[FeedFile]) -> tuple[Delivery, ...]:
    """The files as received. What is sent again was received when it first came, as the inbox has it."""
    first: dict[FeedFile, datetime] = {}
    return tuple(
        Delivery(
            file.feed,
            file.sender,
            file.name,
            file.content,
            first.setdefault(file, file.as_of or RECEIPT + timedelta(seconds=place)),
        )
        for place, file in enumerate(files)
    )


def about(people: int, *keys: str) -> tuple[Delivery, ...]:
    """The part of the world that is about these people alone: their files, in the real formats."""
    whole = world(people)
    narrowed = replace(
        whole,
        people=[person for person in whole.people if person.key in keys],
        events=[event for event in whole.events if event.person in keys],
    )
    return deliveries(feed_files(narrowed))


@lru_cache
def national(people: int, *keys: str) -> tuple[Delivery, ...]:
    """What PDS answers of these people of the world (all, where none is named), and of numbers that are nobody's: it is
    asked, not sent, so it is not part of the neighbourhood's files."""
    whole = world(people)
    named = replace(whole, people=[person for person in whole.people if person.key in keys]) if keys else whole
    return deliveries(pds.feed_files(named))


def shuffled(listed: Sequence[Delivery], seed: int) -> list[Delivery]:
    return random.Random(seed).sample(list(listed), len(listed))


@asynccontextmanager
async def worker(database: Database, *, feeds: Mapping[str, Feed] = FEEDS) -> AsyncIterator[Pipeline]:
    """A pipeline on the worker's own login."""
    async with database.pool("toldonce_worker", size=2) as pool:
        yield Pipeline(pool, Assembler(feeds, SECRET, (HEALTH_TEST_DATA,)))


async def ingest(
    database: Database, listed: Iterable[Delivery], *, batch: int = BATCH, feeds: Mapping[str, Feed] = FEEDS
) -> int:
    """Receive and process until nothing waits; how many envelopes were new."""
    async with worker(database, feeds=feeds) as pipeline:
        async with pipeline.pool.acquire() as connection:
            new = await inbox.receive(connection, list(listed))
        while await pipeline.step(batch) or await pipeline.read_large():
            pass
    return new


async def process(database: Database, *, feeds: Mapping[str, Feed] = FEEDS) -> None:
    """Process what waits."""
    await ingest(database, [], feeds=feeds)


async def again(owner: Connection, database: Database, *, batch: int = BATCH) -> None:
    """Let every envelope be processed once more."""
    await owner.execute("update toldonce.envelope set state = 'received'")
    await ingest(database, [], batch=batch)


async def replayed(database: Database, *, feeds: Mapping[str, Feed] = FEEDS) -> int:
    """Replay the quarantine as the command does; how many envelopes were tried."""
    async with worker(database, feeds=feeds) as pipeline:
        async with pipeline.pool.acquire() as connection:
            tried = await quarantine.replay(connection)
        await pipeline.run()
    return tried


async def emptied(owner: Connection) -> None:
    """Take everything out. Serial numbers go on, so that nothing can depend on them."""
    rows = await owner.fetch("select tablename from pg_tables where schemaname = 'toldonce'")
    names = ", ".join(f"toldonce.{row[0]}" for row in rows if row[0] != "alembic_version")
    await owner.execute(f"truncate {names} cascade")


async def set_aside(owner: Connection) -> list[dict[str, Any]]:
    """Open quarantine entries, each with its envelope's feed, name, state and bytes."""
    rows = await owner.fetch(
        "select q.*, e.feed, e.name, e.state, e.content from toldonce.quarantine q join toldonce.envelope e "
        "on e.id = q.envelope where q.resolved is null order by e.feed, e.digest, q.code, q.location"
    )
    return [{**row, "content": unpacked(row["content"])} for row in rows]


Stored = dict[str, list[Any]]
"""By table, its rows as plain values in an order of their own."""


async def record_of(owner: Connection) -> Stored:
    """Everything stored that is record rather than memory of how it came about. Serial numbers are resolved to what
    they stand for; versions and times of storing are left out. So is what is kept to be told, for that depends on how
    long ago it happened: `tests.crash.checks.outbox_of` compares it, over messages of which none is too old."""
    return {
        "people": await _rows(owner, _PEOPLE),
        "resources": [_timeless(row) for row in await _rows(owner, _RESOURCES)],
        "directory": [_timeless(row) for row in await _rows(owner, _DIRECTORY)],
        "linkage": await _rows(owner, _LINKAGE),
        "facts": await _rows(owner, _FACTS),
        "statements": await _rows(owner, _STATEMENTS),
        "submissions": await _rows(owner, _SUBMISSIONS),
        "quarantine": await _rows(owner, _QUARANTINE),
        "due": await _rows(owner, "select source_patient from toldonce.due"),
        "envelopes": await _rows(owner, "select feed, sender, name, delivery, state from toldonce.envelope order by 4"),
    }


_PEOPLE = """
select id, feed, organisation, local_id, person, nhs_number, birth_date, demographics::text,
    exists (select from toldonce.person p where p.id = s.person) as issued
from toldonce.source_patient s order by id
"""
_RESOURCES = """
select r.id, r.person, r.feed, r.type, s.id as source_patient, l.organisation, l.category, l.sensitivities,
    r.starts, r.ends, r.status, r.tokens, r.refs, r.entries, r.digest, r.body
from toldonce.resource r join toldonce.source_patient s on s.key = r.source_patient
join toldonce.label l on l.id = r.label order by r.id
"""
_DIRECTORY = """
select id, type, rank, entries, body from toldonce.directory_resource d
where exists (select from toldonce.directory_statement s where s.id = d.id) order by id
"""
"""What somebody describes now. Entries that nobody does any more are kept for the references in the history, and are
memory as the history is."""
_LINKAGE = """
select a, b, outcome, made_by, stated_by, reason, strength, followed from toldonce.linkage where until is null
order by a, b, outcome, made_by, stated_by, reason
"""
_FACTS = """
select s.id, f.person, f.evidence::text, f.choices::text, f.restricted,
    (select array_agg(row(l.organisation, l.category, l.sensitivities)::text order by l.organisation, l.category,
     l.sensitivities) from toldonce.label l where l.id = any(f.labels)) as labels
from toldonce.facts f join toldonce.source_patient s on s.key = f.source_patient where f.until = 'infinity'
order by s.id
"""
_STATEMENTS = """
select e.feed, e.sender, e.delivery, t.position, s.id, t.at, t.sent, t.record from toldonce.statement t
join toldonce.envelope e on e.reading = t.reading join toldonce.source_patient s on s.key = t.source_patient
order by e.feed, e.sender, e.delivery, t.position
"""
_SUBMISSIONS = """
select t.feed, t.sender, e.delivery, t.content::text from toldonce.submission t
join toldonce.envelope e on e.id = t.envelope order by 1, 2, 3
"""
_QUARANTINE = """
select e.feed, e.sender, e.delivery, q.code, q.location, q.reason, q.remedy, q.fragment, s.id
from toldonce.quarantine q join toldonce.envelope e on e.id = q.envelope
left join toldonce.source_patient s on s.key = q.source_patient where q.resolved is null order by 1, 2, 3, 4, 5
"""


async def _rows(owner: Connection, sql: str) -> list[Any]:
    return [dict(row) for row in await owner.fetch(sql)]


def _timeless(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"body": without_version(row["body"])}


def without_version(body: bytes) -> bytes:
    """The served bytes without the two values that say when they were stored."""
    resource = orjson.loads(body)
    version = resource["meta"].pop("versionId")
    recorded = resource["meta"].pop("lastUpdated")
    stamp = orjson.dumps({"versionId": version, "lastUpdated": recorded})[1:-1]
    assert body.count(stamp) == 1
    return body.replace(stamp, b"")


def differences(one: Stored, other: Stored) -> dict[str, list[Any]]:
    """What is in only one of two records: empty when they are the same."""
    found: dict[str, list[Any]] = {}
    for table in one.keys() | other.keys():
        mine, theirs = ([repr(row) for row in stored.get(table, [])] for stored in (one, other))
        if mine != theirs:
            found[table] = [*sorted(set(mine) - set(theirs))[:3], "<>", *sorted(set(theirs) - set(mine))[:3]]
    return found


async def memory_of(owner: Connection) -> dict[str, int]:
    """How many rows each table has that remembers what was before: what processing again must not add to."""
    tables = ("resource_history", "facts", "linkage", "quarantine", "person", "label", "source_patient", "statement")
    return {table: await owner.fetchval(f"select count(*) from toldonce.{table}") for table in tables}


async def versions_of(owner: Connection) -> dict[UUID, tuple[int, datetime, bytes]]:
    """Version, time and served bytes of each resource and directory entry."""
    rows = await owner.fetch(
        "select id, version, recorded, body from toldonce.resource "
        "union all select id, version, recorded, body from toldonce.directory_resource"
    )
    return {row["id"]: (row["version"], row["recorded"], row["body"]) for row in rows}
