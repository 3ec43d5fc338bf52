"""Reading envelopes: bytes -> what the sector said. A large one is kept piece by piece, and can be interrupted."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any, BinaryIO

import asyncpg
import msgspec
import structlog

from adapters.errors import Unreadable
from adapters.records import Defect, Parsed
from integration.feeds import Feed, in_one
from integration.ingest import inbox, quarantine, statements
from integration.ingest.assemble import Assembler
from integration.ingest.inbox import Envelope
from integration.ingest.statements import Finished, Kept
from integration.store.connection import Connection

log = structlog.get_logger()

VALUES_DO_NOT_FIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
"""What PostgreSQL says of values that it cannot store: another envelope's may well fit."""
TOO_OFTEN = 5
"""Tries: one among others, and some alone. A `kill -9` costs one too, and so does a database that goes away."""


def parsed(feed: Feed, envelope: Envelope) -> Parsed:
    """What an envelope says that is not large."""
    if envelope.tries >= TOO_OFTEN:
        return Parsed(defects=[ends_the_process(envelope)])
    if envelope.found is not None:
        return _decoded(envelope.found)
    return read(feed, envelope.content, name=envelope.name, sender=envelope.sender, as_of=envelope.as_of)


encoded = msgspec.msgpack.Encoder().encode
"""What was read on receipt, as `Delivery.found` holds it."""
_decoded = msgspec.msgpack.Decoder(Parsed).decode


def read(feed: Feed, content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """What `content` says; what nothing can be made of is its only defect."""
    try:
        said = feed.parse(content, name=name, sender=sender, as_of=as_of)
    except Unreadable as error:
        return Parsed(defects=[error.defect])
    except OSError as error:  # a library's word for broken bytes: it must not be taken for a database that fails
        raise ValueError("the bytes cannot be read") from error
    return _own(feed.name, sender, content, said)


async def read_large(pool: asyncpg.Pool, assembler: Assembler) -> int:
    """Read the next large envelope, from where an interrupted reading stopped; 0 when none waits."""
    async with pool.acquire() as connection:
        envelope = await inbox.large(connection)
        if envelope is None:
            return 0
        try:
            with closing(await inbox.opened(connection, envelope)) as content:
                await _Reading(connection, assembler, envelope).all(content)
        finally:
            if not connection.is_closed():
                await inbox.let_go(connection, envelope)
    return 1


class _Reading:
    """One reading of a large envelope."""

    def __init__(self, connection: Connection, assembler: Assembler, envelope: Envelope) -> None:
        self._connection = connection
        self._assembler = assembler
        self._envelope = envelope
        self._number = envelope.begun or 0
        self._kept = envelope.pieces if envelope.begun else 0
        self._position = 0

    async def all(self, content: BinaryIO) -> None:
        """Keep all pieces, and put the reading in force; what cannot be read is quarantined as a whole."""
        await self._begin()
        if self._envelope.tries >= TOO_OFTEN:
            return await self._refuse(ends_the_process(self._envelope))
        try:
            last = await self._pieces(content) or await self._from_the_start(content)
        except Unreadable as error:
            await self._refuse(error.defect)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if not isinstance(error, VALUES_DO_NOT_FIT):
                raise
            await self._refuse(unexpected(self._envelope, error))
        except Exception as error:  # noqa: BLE001  whatever a feed's code raises concerns this envelope alone
            log.error("envelope set aside", envelope=self._envelope.id, error=type(error).__name__)
            await self._refuse(unexpected(self._envelope, error))
        else:
            await self._finish(last)

    async def _pieces(self, content: BinaryIO) -> Parsed | None:
        """Keep the pieces that are not kept yet; the last of all. None when those that are kept are not the same: then
        another version of ours had begun."""
        feed = self._assembler.feeds[self._envelope.feed]
        last, position, number = Parsed(), 0, 0
        for piece in _checked(self._envelope, (feed.pieces or in_one(feed.parse))(content, **_stated(self._envelope))):
            if number == self._kept and position != self._position:
                return None
            number += 1
            position += len(piece.events)
            if number > self._kept:
                await self._keep(number, piece, min(content.tell(), self._envelope.size))
            last = piece
        return last if number >= self._kept and position == self._position else None

    async def _from_the_start(self, content: BinaryIO) -> Parsed:
        async with self._connection.transaction():
            await statements.drop(self._connection, self._number)
            self._number = self._kept = 0
            await self._begin()
        content.seek(0)
        last = await self._pieces(content)
        assert last is not None  # nothing was kept
        return last

    async def _begin(self) -> None:
        if not self._number:
            (self._number,) = await statements.begin(self._connection, 1)
            await self._connection.execute(
                "update toldonce.envelope set begun = $2, pieces = 0, passed = 0 where id = $1",
                self._envelope.id,
                self._number,
            )
        self._position = await self._connection.fetchval(
            "select coalesce(max(position) + 1, 0) from toldonce.statement where reading = $1", self._number
        )

    async def _keep(self, number: int, piece: Parsed, passed: int) -> None:
        kept = Kept(self._number, self._position, self._envelope.feed, piece.events)
        async with self._connection.transaction():
            await statements.keep(self._connection, self._assembler.secret, [kept])
            await quarantine.add(self._connection, self._envelope.id, self._number, piece.defects)
            await self._connection.execute(
                "update toldonce.envelope set pieces = $2, passed = $3, tries = 0 where id = $1",
                self._envelope.id,
                number,
                passed,
            )
        self._position += len(piece.events)

    async def _finish(self, last: Parsed) -> None:
        async with self._connection.transaction():
            nothing = not self._position and bool(
                await self._connection.fetchval(
                    "select exists (select from toldonce.quarantine where envelope = $1 and reading = $2)",
                    self._envelope.id,
                    self._number,
                )
            )
            finished = [Finished(self._envelope, self._number, last.submission, nothing)]
            await statements.finish(self._connection, finished)
            await quarantine.finish(self._connection, finished)

    async def _refuse(self, defect: Defect) -> None:
        async with self._connection.transaction():
            await statements.drop(self._connection, self._number)
            await quarantine.add(self._connection, self._envelope.id, self._number, [defect])
            finished = [Finished(self._envelope, self._number, None, unreadable=True)]
            await statements.finish(self._connection, finished)
            await quarantine.finish(self._connection, finished)


def _checked(envelope: Envelope, pieces: Iterator[Parsed]) -> Iterator[Parsed]:
    """The pieces without what is not the sender's to say. A library's OSError is about the bytes: it must not be taken
    for a database that fails."""
    foreign = False
    shown = envelope.content if envelope.size <= inbox.PART else b""
    try:
        for piece in pieces:
            own = _own(envelope.feed, envelope.sender, shown, piece, foreign_before=foreign)
            foreign = foreign or len(own.events) < len(piece.events)
            yield own
    except OSError as error:
        raise ValueError("the bytes cannot be read") from error


def _stated(envelope: Envelope) -> dict[str, Any]:
    return {"name": envelope.name, "sender": envelope.sender, "as_of": envelope.as_of}


def _own(feed: str, sender: str, shown: bytes, said: Parsed, *, foreign_before: bool = False) -> Parsed:
    """An organisation speaks for its own patients only, whatever a message says of itself. What a batch then leaves
    out says nothing, for it may be among what was left out here."""
    own = [event for event in said.events if event.patient.organisation == sender]
    submission = said.submission
    foreign = len(own) < len(said.events) or (submission is not None and submission.sender != sender)
    if not foreign and not foreign_before:
        return said
    if submission is not None:
        submission = msgspec.structs.replace(submission, sender=sender, tables=())
    if not foreign:
        return msgspec.structs.replace(said, submission=submission)
    defect = _wrong_sender(feed, sender, shown)
    return msgspec.structs.replace(said, events=own, submission=submission, defects=[*said.defects, defect])


def _wrong_sender(feed: str, sender: str, shown: bytes) -> Defect:
    return Defect(
        code="wrong-sender",
        where=f"the {feed} envelope",
        reason=f"it names patients of another organisation than its sender {sender}; they were left out",
        remedy="send it as the organisation it comes from, or correct the organisation in it",
        fragment=shown,
    )


def ends_the_process(envelope: Envelope) -> Defect:
    """Whoever read an envelope ended in the middle: a library that aborts, or memory that runs out."""
    return Defect(
        code="ends-the-process",
        where=f"the whole {envelope.feed} envelope",
        reason=f"every process that read it ended in the middle, {TOO_OFTEN - 1} times",
        remedy="this is a fault of ours, or memory ran out: see the workers' log, and report it with the envelope's "
        "number; replay once it is mended",
        fragment=envelope.content,
    )


def unexpected(envelope: Envelope, error: Exception) -> Defect:
    """Our own code failed on an envelope."""
    return Defect(
        code="unexpected-failure",
        where=f"the whole {envelope.feed} envelope",
        reason=f"processing it failed with {type(error).__name__}",
        remedy="this is a fault of ours: report it with the envelope's number; replay once it is mended",
        fragment=envelope.content,
    )
