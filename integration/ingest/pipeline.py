"""The pipeline: how what arrived becomes the record. This one screen shows the whole flow.

    (0) take        envelopes that wait in the durable inbox
    (1) parse       bytes -> what the sector said, and what could not be understood
    (2) keep        statements, for good
    (3) assemble    each touched person's statements, in one total order -> fold -> map -> validate -> label
    (4) link        who each source patient is
    (5) store       new versions of what changed, with Provenance
    (6) facts       what sharing decisions will be made from
    (7) finish      quarantine what was set aside, let the envelopes go

All of it is one transaction: a `kill -9` anywhere leaves the envelopes waiting, and processing them again, twice or in
any order ends in the same record, because the record is a function of the set of statements.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import msgspec
import structlog

from adapters.errors import Unreadable
from adapters.records import Defect, FoldedEvent, Parsed, Submission
from integration.feeds import Feed
from integration.identity.linking import Stated, alone, relink
from integration.ingest import inbox, quarantine, statements
from integration.ingest.assemble import Assembled, Assembler
from integration.ingest.inbox import Envelope
from integration.ingest.statements import Source
from integration.ingest.workers import Each, collecting_later, here
from integration.store import directory, facts, versions
from integration.store.connection import Connection
from integration.store.facts import SourceFacts
from integration.store.labels import LabelKey, Labels
from integration.store.versions import Draft

log = structlog.get_logger()
BATCH = 200
"""Envelopes per transaction: a person whom many of them touch is assembled once."""
_NO_ENVELOPES_FAULT = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, BrokenExecutor)
"""The database is gone, full, stopped or not reachable (asyncpg says InterfaceError where it finds its connection
closed), or a worker process was killed."""
_VALUES_DO_NOT_FIT = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
"""What PostgreSQL says of values that it cannot store: another envelope's may well fit."""


@dataclass
class Pipeline:
    """Processes the inbox. One instance per process."""

    pool: asyncpg.Pool
    assembler: Assembler
    labels: Labels = field(default_factory=Labels)
    _taken: list[int] = field(default_factory=list)
    """Envelopes of the transaction that runs, or ran last."""
    each: Each = here
    """Where the pure steps (1) and (3) are done."""

    async def run(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """Process until nothing waits; how many envelopes were processed."""
        total = 0
        while done := await self.step():
            total += done
            progress(done)
        return total

    async def step(self, limit: int = BATCH) -> int:
        """Process the next envelopes; 0 when none waits. If together they fail, each is tried alone, and the one
        that cannot be processed is quarantined: nothing it holds is lost, and nobody else waits for it. A database that
        fails is no envelope's fault: that is raised, and everything goes on waiting."""
        try:
            return await self._transaction(limit)
        except Exception as error:
            self.labels = Labels()
            if isinstance(error, _NO_ENVELOPES_FAULT) and not isinstance(error, _VALUES_DO_NOT_FIT):
                raise
            if limit > 1:
                return await self._each_alone(limit)
            await self._set_aside(error)
            return 1

    async def _each_alone(self, limit: int) -> int:
        done = 0
        while done < limit and await self.step(1):
            done += 1
        return done

    async def _transaction(self, limit: int) -> int:
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("select set_config('role', 'toldonce_ingest', true)")
            await alone(connection)
            envelopes = await inbox.waiting(connection, limit)
            self._taken = [envelope.id for envelope in envelopes]
            if envelopes:
                with collecting_later():
                    await process(connection, envelopes, self.assembler, self.labels, self.each)
            return len(envelopes)

    async def _set_aside(self, error: Exception) -> None:
        """Quarantine the envelope that was being processed, unless another worker has dealt with it since."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("select set_config('role', 'toldonce_ingest', true)")
            await alone(connection)
            for envelope in await inbox.waiting(connection, 1, self._taken):
                log.error("envelope set aside", envelope=envelope.id, feed=envelope.feed, error=type(error).__name__)
                await quarantine.replace(connection, {envelope.id: [_unexpected(envelope, error)]})
                await inbox.finish(connection, [], [envelope.id])


async def process(
    connection: Connection, envelopes: Sequence[Envelope], assembler: Assembler, labels: Labels, each: Each = here
) -> None:
    """Steps (1) to (7) for envelopes that were taken (0) in this transaction."""
    recorded = datetime.now(UTC)
    # (1) parse
    read = await each(_parse, [(assembler.feeds[envelope.feed], envelope) for envelope in envelopes])
    parsed = [(envelope, one, found) for envelope, (one, found) in zip(envelopes, read, strict=True)]
    # (2) keep
    secret = assembler.secret
    sources = await statements.keep(connection, secret, [(envelope, one) for envelope, one, _ in parsed])
    # (3) assemble
    said = await statements.events(connection, list(sources))
    submitted = await statements.submissions(connection, list(sources))
    before = await versions.stored(connection, list(sources))
    valid = versions.digests(before)
    every = await each(
        _assemble,
        [
            (assembler, one, said[key], submitted(one.feed, said[key]), valid.get(key, set()))
            for key, one in sources.items()
        ],
    )
    assembled = [one for one in every if not one.failed]
    renewed = {one.source.key for one in assembled}
    before = {id_: old for id_, old in before.items() if old.source_patient in renewed}
    # (4) link
    persons = await relink(
        connection, secret, [Stated(one.source.id, one.demographics, one.merged_into) for one in assembled]
    )
    # (5) store
    ids = await labels.intern(connection, {label for one in assembled for label in _labels(one)})
    drafts = [draft for one in assembled for draft in _drafts(one, persons[one.source.id], ids)]
    await versions.replace(connection, drafts, before, recorded)
    await directory.replace(connection, {one.source.key: one.directory for one in assembled}, recorded)
    # (6) facts
    await facts.replace(connection, [_facts(one, persons[one.source.id], ids) for one in assembled])
    # (7) finish
    await quarantine.replace(connection, {envelope.id: found for envelope, _, found in parsed})
    await quarantine.replace_mapped(connection, {one.source.key: one.defects for one in every})
    unreadable = [envelope.id for envelope, one, found in parsed if found and not one.events]
    await inbox.finish(connection, [one.id for one in envelopes if one.id not in unreadable], unreadable)


def _parse(feed: Feed, envelope: Envelope) -> tuple[Parsed, Sequence[Defect]]:
    try:
        parsed = feed.parse(envelope.content, name=envelope.name, sender=envelope.sender, as_of=envelope.as_of)
    except Unreadable as error:
        return Parsed(), [error.defect]
    except OSError as error:  # a library's word for broken bytes: it must not be taken for a database that fails
        raise ValueError("the bytes cannot be read") from error
    own = [event for event in parsed.events if event.patient.organisation == envelope.sender]
    if len(own) == len(parsed.events):
        return parsed, parsed.defects
    submission = msgspec.structs.replace(parsed.submission, tables=()) if parsed.submission else None
    return msgspec.structs.replace(parsed, events=own, submission=submission), [
        *parsed.defects,
        wrong_sender(envelope.feed, envelope.sender, envelope.content),
    ]


def _assemble(
    assembler: Assembler,
    source: Source,
    said: Sequence[FoldedEvent],
    submitted: Sequence[Submission],
    valid: Collection[bytes],
) -> Assembled:
    """One source patient; a failure of our own code there is one quarantine entry, and nobody else's."""
    try:
        return assembler(source, said, submitted, valid)
    except Exception as error:  # noqa: BLE001  whatever a feed's code raises concerns this source patient alone
        return Assembled(source, defects=[_unmapped(source, error)], failed=True)


def wrong_sender(feed: str, sender: str, content: bytes) -> Defect:
    """An organisation speaks for its own patients only, whatever a message says of itself. What a batch then leaves
    out says nothing, for it may be among what was left out here."""
    return Defect(
        code="wrong-sender",
        where=f"the {feed} envelope",
        reason=f"it names patients of another organisation than its sender {sender}; they were left out",
        remedy="send it as the organisation it comes from, or correct the organisation in it",
        fragment=content,
    )


def _labels(assembled: Assembled) -> set[LabelKey]:
    return {one.label for one in assembled.resources}


def _drafts(assembled: Assembled, person: UUID, ids: Mapping[LabelKey, int]) -> list[Draft]:
    return [
        Draft(
            person,
            assembled.source.feed,
            assembled.source.key,
            ids[one.label],
            one.resource,
            one.columns,
        )
        for one in assembled.resources
    ]


def _facts(assembled: Assembled, person: UUID, ids: Mapping[LabelKey, int]) -> SourceFacts:
    labels = sorted(ids[label] for label in _labels(assembled))
    return SourceFacts(
        assembled.source.key, person, labels, assembled.evidence, assembled.choices, assembled.restricted
    )


def _unmapped(source: Source, error: Exception) -> Defect:
    return Defect(
        code="unexpected-failure",
        where=f"source patient {source.id} of the {source.feed} feed",
        reason=f"making a record of its statements failed with {type(error).__name__}; what was held of it stays",
        remedy="this is a fault of ours: report it with the source patient's id; replay once it is mended",
    )


def _unexpected(envelope: Envelope, error: Exception) -> Defect:
    return Defect(
        code="unexpected-failure",
        where=f"the whole {envelope.feed} envelope",
        reason=f"processing it failed with {type(error).__name__}",
        remedy="this is a fault of ours: report it with the envelope's number; replay once it is mended",
        fragment=envelope.content,
    )
