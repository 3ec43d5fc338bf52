"""Exports that were asked for: kept, found by who asked, taken up by one worker at a time, removed.

The connection is in a transaction as `toldonce_exporter`, which sees no content (migration `0022`).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

import asyncpg
from msgspec import Struct

from integration.sharing.request import Caller
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.store.moments import moment_and_number

PEOPLE_IN_FILE = 1000
"""A file holds the lines of one type of so many people who follow each other."""
MOST_AT_ONCE = 3
"""Exports of one client that are not complete."""
TRIES = 5
"""How often an export that does not get on is taken up."""
_LEASE = 0x8D5A
"""First key of the advisory lock that whoever writes an export holds."""


@dataclass(frozen=True)
class Order:
    """What is asked for: whose caseload, as whom, which types, and since when."""

    caseload: str
    caller: Caller
    types: tuple[str, ...]
    since: datetime | None
    request: str
    """URL of the request, for the manifest: no patient data."""
    asked: datetime


class File(Struct, frozen=True, array_like=True):
    """A file of an export: lines of one type, of the people of one part."""

    type: str
    part: int
    lines: int

    @property
    def name(self) -> str:
        return f"{self.type}.{self.part + 1}.ndjson"


@dataclass(frozen=True)
class Job:
    """An export as it stands."""

    id: UUID
    order: Order
    state: Literal["accepted", "running", "complete", "failed"]
    tries: int
    as_of: datetime | None
    """Everything that was recorded by then is in it; what was recorded later may be."""
    horizon: int | None
    people: int | None
    done: int
    announced: tuple[str, ...]
    output: tuple[File, ...]
    expires: datetime | None

    @property
    def percent(self) -> int:
        """How far it is: how many people there are would tell how many of them may not be seen."""
        return 0 if not self.people else 100 * self.done // self.people


class Cancelled(Exception):  # noqa: N818  what happened is no error
    """The export was removed while it was written."""


@dataclass(frozen=True)
class Planned:
    """One of the people of an export; `fingerprint` None: nothing of them was written."""

    ordinal: int
    person: UUID
    fingerprint: bytes | None


@dataclass(frozen=True)
class Part:
    """Lines of one person and type, in pieces that are held at once."""

    ordinal: int
    type: str
    piece: int
    person: UUID
    lines: int
    body: bytes
    """NDJSON; of a type of the directory the ids of entries, 16 bytes each."""


@asynccontextmanager
async def exporter(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """A connection in a transaction of the exporter's role."""
    async with pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_exporter")
        yield connection


async def add(connection: Connection, order: Order) -> UUID | None:
    """Keep an order; its id, or None where the client has as many under way as it may."""
    id_, who = uuid4(), order.caller
    added: UUID | None = await connection.fetchval(
        _ADD, id_, order.caseload, who.client, who.organisation, who.role, who.purpose, who.user,
        who.user_authenticated, list(order.types), order.since, order.request, order.asked, MOST_AT_ONCE,
    )  # fmt: skip
    return added


async def find(connection: Connection, id_: UUID, caller: Caller, now: datetime) -> Job | None:
    """The export of this id, as long as it has not expired; for others than who asked for it there is none."""
    row = await connection.fetchrow(
        f"{_JOB} where id = $1 and client = $2 and organisation = $3 and role = $4 and purpose = $5 "
        "and (expires is null or expires > $6)",
        id_, caller.client, caller.organisation, caller.role, caller.purpose, now,
    )  # fmt: skip
    return _job(row) if row else None


async def remove(connection: Connection, id_: UUID) -> None:
    """Remove an export and all that was written of it; whoever is writing it finds out at the next person."""
    await connection.execute("delete from toldonce.export_job where id = $1", id_)
    for table in ("export_part", "export_person"):
        await connection.execute(f"delete from toldonce.{table} where job = $1", id_)


async def remove_expired(connection: Connection, now: datetime) -> int:
    """Remove what has expired; how many exports."""
    expired = await connection.fetch("select id from toldonce.export_job where expires <= $1", now)
    for row in expired:
        await remove(connection, row["id"])
    return len(expired)


@asynccontextmanager
async def taken(pool: asyncpg.Pool) -> AsyncIterator[Job | None]:
    """The oldest export that waits and that nobody else is writing; nobody else takes it as long as this lasts. The
    lock ends with the connection: what a killed process was writing is taken up by the next that looks."""
    async with pool.acquire() as connection:
        job = None
        async with connection.transaction():
            await act_as(connection, "toldonce_exporter")
            for row in await connection.fetch(f"{_JOB} where state in ('accepted', 'running') order by asked, id"):
                if await connection.fetchval("select pg_try_advisory_lock($1, $2)", _LEASE, _key(row["id"])):
                    job = await _taken_up(connection, row["id"])
                    break
        try:
            yield job
        finally:
            await connection.execute("select pg_advisory_unlock_all()")


async def _taken_up(connection: Connection, id_: UUID) -> Job | None:
    """As it is now that nobody else writes it; None where it was just completed or removed."""
    row = await connection.fetchrow(
        "update toldonce.export_job set tries = tries + 1, state = 'running' "
        f"where id = $1 and state in ('accepted', 'running') returning {_COLUMNS}",
        id_,
    )
    return _job(row) if row else None


async def settle(connection: Connection, job: Job) -> Job:
    """Fix the moment that the export is of; nothing is to be read before all that had begun to record by then have
    ended (`store.moments`)."""
    as_of, horizon = await moment_and_number(connection)
    return await _changed(connection, job, "as_of = $2, horizon = $3", as_of, horizon)


async def plan(connection: Connection, job: Job, persons: Sequence[UUID]) -> Job:
    """Fix whom the export is of."""
    await connection.copy_records_to_table(
        "export_person",
        schema_name="toldonce",
        columns=("job", "ordinal", "person"),
        records=[(job.id, ordinal, person) for ordinal, person in enumerate(persons)],
    )
    return await _changed(connection, job, "people = $2", len(persons))


async def waiting(connection: Connection, job: Job, limit: int) -> list[Planned]:
    """Who is to be written next, after what a process that was killed had begun is removed."""
    await connection.execute("delete from toldonce.export_part where job = $1 and ordinal >= $2", job.id, job.done)
    rows = await connection.fetch(_PEOPLE, job.id, job.done, job.done + limit)
    return [Planned(*row) for row in rows]


async def still_there(connection: Connection, job: Job) -> None:
    """Raise Cancelled when the export was removed; it is not until this transaction has ended."""
    if not await connection.fetchval("select id from toldonce.export_job where id = $1 for no key update", job.id):
        raise Cancelled


async def keep(connection: Connection, job: Job, parts: Sequence[Part]) -> None:
    """Keep what was written. Nobody can fetch it before the export is complete. Raises Cancelled."""
    await still_there(connection, job)
    columns = zip(*((one.ordinal, one.type, one.piece, one.person, one.lines, one.body) for one in parts), strict=True)
    if parts:
        await connection.execute(_KEEP, job.id, *map(list, columns))


async def done(connection: Connection, job: Job, written: Sequence[Planned], announced: Sequence[str]) -> Job:
    """Note that these people, who were next, are written. Raises Cancelled."""
    await connection.executemany(
        "update toldonce.export_person set fingerprint = $3 where job = $1 and ordinal = $2",
        [(job.id, one.ordinal, one.fingerprint) for one in written],
    )
    return await _changed(
        connection,
        job,
        "done = greatest(done, $2), announced = $3, tries = 0",
        written[-1].ordinal + 1,
        list(announced),
    )


async def complete(connection: Connection, job: Job, expires: datetime) -> Job:
    """List the files: from now on they can be fetched. Raises Cancelled."""
    output = [list(row) for row in await connection.fetch(_FILES, job.id, PEOPLE_IN_FILE)]
    return await _changed(connection, job, "state = 'complete', output = $2, expires = $3", output, expires)


async def fail(connection: Connection, job: Job, expires: datetime) -> None:
    """Give an export up; what was written of it is removed."""
    await connection.execute("delete from toldonce.export_part where job = $1", job.id)
    await _changed(connection, job, "state = 'failed', expires = $2", expires)


async def people_of(connection: Connection, job: Job, file: File) -> list[Planned]:
    """Of whom a file has lines, in their order."""
    first = file.part * PEOPLE_IN_FILE
    rows = await connection.fetch(_OF_FILE, job.id, first, first + PEOPLE_IN_FILE, file.type)
    return [Planned(*row) for row in rows]


async def is_planned(connection: Connection, job: Job, person: UUID) -> bool:
    """Whether the export is of this person."""
    found: bool = await connection.fetchval(
        "select exists (select from toldonce.export_person where job = $1 and person = $2)", job.id, person
    )
    return found


async def _changed(connection: Connection, job: Job, changes: str, *values: object) -> Job:
    row = await connection.fetchrow(
        f"update toldonce.export_job set {changes} where id = $1 returning {_COLUMNS}", job.id, *values
    )
    if row is None:
        raise Cancelled
    return _job(row)


def _job(row: asyncpg.Record) -> Job:
    caller = Caller(*(row[name] for name in ("client", "organisation", "role", "purpose", "user")))
    caller = replace(caller, user_authenticated=row["user_authenticated"])
    return Job(
        id=row["id"],
        order=Order(row["caseload"], caller, tuple(row["types"]), row["since"], row["request"], row["asked"]),
        state=row["state"],
        tries=row["tries"],
        as_of=row["as_of"],
        horizon=row["horizon"],
        people=row["people"],
        done=row["done"],
        announced=tuple(row["announced"]),
        output=tuple(File(*one) for one in row["output"] or ()),
        expires=row["expires"],
    )


def _key(id_: UUID) -> int:
    """Second key of the lock: 32 bits of the id, with a sign."""
    return int.from_bytes(id_.bytes[:4], "big", signed=True)


_COLUMNS = """id, caseload, client, organisation, role, purpose, "user", user_authenticated, types, since, request,
    asked, state, tries, as_of, horizon, people, done, announced, output, expires"""
_JOB = f"select {_COLUMNS} from toldonce.export_job"
_ADD = """
insert into toldonce.export_job (id, caseload, client, organisation, role, purpose, "user", user_authenticated, types,
    since, request, asked)
select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12
where (select count(*) from toldonce.export_job where client = $3 and state in ('accepted', 'running')) < $13
returning id
"""
_KEEP = """
insert into toldonce.export_part (job, ordinal, type, piece, person, lines, body)
select $1, * from unnest($2::int[], $3::text[], $4::int[], $5::uuid[], $6::int[], $7::bytea[])
"""
"""Not by COPY, which the row policy rules out."""
_PEOPLE = """
select ordinal, person, fingerprint from toldonce.export_person
where job = $1 and ordinal >= $2 and ordinal < $3 order by ordinal
"""
_FILES = """
select type, ordinal / $2::int as part, sum(lines)::int from toldonce.export_part where job = $1
group by 1, 2 order by 1, 2
"""
_OF_FILE = """
select ordinal, person, fingerprint from toldonce.export_person p
where job = $1 and ordinal >= $2 and ordinal < $3 and exists (
    select from toldonce.export_part t where t.job = p.job and t.ordinal = p.ordinal and t.type = $4)
order by ordinal
"""
