"""Recording: a request's statements into the inbox and, in the same transaction, into the record.

    hold        the organisation's statements about this person: one writer at a time
    require     what must be known of the person besides, with everybody's statements about them held
    check       they are still about whom the author saw, in the versions that the author saw
    receive     the envelope: durable, never changed, read anew whenever everything is
    at once     the pipeline's own steps, for this envelope alone
    told        whoever must know before it counts (the audit)
    commit      the next read sees it

What does not fit is taken back whole. An organisation makes statements of its own and changes no others: what another
said stays as it was said. One organisation's statements about one person are in the order of these transactions,
whatever the clocks of several servers say.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import asyncpg
import orjson

from adapters.recorded.parse import written
from adapters.recorded.records import Json
from integration.errors import Conflict, Forbidden, PreconditionFailed, Unprocessable
from integration.feeds import RECORDED
from integration.identity import linking
from integration.ingest import due, inbox, statements
from integration.ingest.assemble import Assembler
from integration.ingest.inbox import Delivery
from integration.ingest.pipeline import Pipeline
from integration.recording import books
from integration.recording.books import Book
from integration.recording.intent import Intended, Kept, Recording
from integration.store.connection import Connection
from mappings.uk_core import SUBJECT

CHANGED = "The resource has changed since that version; read it again and repeat."
MASKED = "Something in it is withheld from the caller, who cannot change what they cannot see."
REFUSED = "The resource breaks a rule that was not foreseen; nothing was recorded."
Told = Callable[[Sequence[Kept]], Awaitable[None]]
Require = Callable[[Connection], Awaitable[None]]
"""Raises where nothing may be recorded; it reads in the transaction that records, in the role `toldonce_ingest`."""


class _Row(NamedTuple):
    """A resource as it is stored."""

    type: str
    id: UUID
    version: int
    body: bytes


@dataclass
class Recorder:
    """Records. `pool`: connections of the worker's login, which no read uses."""

    pool: asyncpg.Pool
    assembler: Assembler

    async def record(self, recording: Recording, told: Told, require: Require | None = None) -> list[Kept]:
        """Record everything that is intended, or nothing. `told` hears what is about to be committed: where the process
        dies at that moment, somebody was told of what did not happen, and never the other way round. `require`: while
        it is asked, and until all is committed, nobody's word about the person changes. Raises Conflict, Forbidden,
        PreconditionFailed, Unprocessable, and what `require` raises."""
        async with self.pool.acquire() as connection, connection.transaction():
            kept = await self._record(connection, recording, require)
            await told(kept)
        return kept

    async def own(self, person: UUID, organisation: str, types: Sequence[str]) -> list[tuple[str, UUID]]:
        """Type and id of everything of these types that an organisation recorded here of a person, present id."""
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(_OWN, person, RECORDED.name, organisation, list(types))
        return [(row["type"], row["id"]) for row in rows]

    async def _record(self, connection: Connection, recording: Recording, require: Require | None) -> list[Kept]:
        secret = self.assembler.secret
        patients = await books.patients(connection, secret, recording)
        named = [(RECORDED.name, one) for one in sorted(set(patients))]
        keys = await statements.source_patients(connection, secret, named)
        others = await connection.fetch(_EVERYBODY_S, recording.person) if require else ()
        for key in sorted({*keys.values(), *(row["key"] for row in others)}):
            await due.hold(connection, key)
        await linking.unmoved(connection)
        if not await connection.fetchval(_STILL, recording.person, list(keys.values())):
            raise Conflict(books.MOVED)
        if require:
            await require(connection)
        opened = {patient: await books.opened(connection, secret, key, patient) for (_, patient), key in keys.items()}
        before = await self._stored(connection, [book.key for book in opened.values()])
        for one, patient in zip(recording.intended, patients, strict=True):
            _check(one, before, recording.person)
            opened[patient].enter(one, before)
        for book in opened.values():
            await self._receive(connection, recording, book)
        after = await self._stored(connection, [book.key for book in opened.values()])
        return [
            _kept(one, opened[patient], before, after)
            for one, patient in zip(recording.intended, patients, strict=True)
        ]

    async def _receive(self, connection: Connection, recording: Recording, book: Book) -> None:
        """The envelope of what is new in a book, into the inbox and into the record."""
        if not book.entered:
            return
        request = book.request(recording)
        name = f"recorded by {recording.by.client}"
        delivery = Delivery(RECORDED.name, recording.by.organisation, name, written(request))
        (envelope,) = await inbox.insert(connection, [delivery])
        await Pipeline(self.pool, self.assembler).at_once(connection, envelope, book.key)

    async def _stored(self, connection: Connection, keys: Sequence[int]) -> dict[UUID, _Row]:
        rows = await connection.fetch(_STORED, list(keys))
        return {row["id"]: _Row(*row) for row in rows}


def _check(one: Intended, before: dict[UUID, _Row], person: UUID) -> None:
    """Raise unless what is to be changed is there as its author saw it, whole."""
    if one.id is None:
        return
    row = before.get(one.id)
    if row is None or one.version not in (None, row.version):
        raise PreconditionFailed(CHANGED, parameter="If-Match")
    whole = row.body.replace(SUBJECT.encode(), f"Patient/{person}".encode())
    if one.seen is not None and _content(one.seen) != _content(whole):
        raise Forbidden(MASKED)


def _content(body: bytes) -> Json:
    """A resource without what is made here, of which nothing is lost where it was masked."""
    return {name: value for name, value in orjson.loads(body).items() if name not in ("meta", "text", "contained")}


def _kept(one: Intended, book: Book, before: dict[UUID, _Row], after: dict[UUID, _Row]) -> Kept:
    id_ = one.id or book.id_of(one.type, one.key)
    row = after.get(id_)
    if (row is None) != (one.interaction == "delete"):
        raise Unprocessable(REFUSED)
    version = row.version if row else before[id_].version + 1
    return Kept(one.interaction, one.type, id_, version, new=id_ not in before, changed=before.get(id_) != row)


_EVERYBODY_S = "select key from toldonce.source_patient where person = $1"
_STILL = """
select exists (select from toldonce.source_patient where person = $1 and about is null)
    and not exists (select from toldonce.source_patient where key = any($2) and person <> $1)
"""
_STORED = "select type, id, version, body from toldonce.resource where source_patient = any($1)"
_OWN = """
select r.type, r.id from toldonce.source_patient s join toldonce.resource r on r.source_patient = s.key
where s.person = $1 and s.feed = $2 and s.organisation = $3 and r.type = any($4) order by r.type desc, r.id
"""
