"""The pipeline: how what arrived becomes the record. This one screen shows the whole flow.

Reading, envelope by envelope:

    (1) take        envelopes that wait in the durable inbox
    (2) parse       bytes -> what the sector said, and what could not be understood
    (3) keep        statements, for good; quarantine what was set aside; whoever is concerned is due

Assembling, source patient by source patient:

    (4) take        who is due
    (5) assemble    all their statements, in one total order -> fold -> map -> validate -> label
    (6) link        who each source patient is
    (7) store       new versions of what changed, with Provenance; facts that sharing decisions will be made from;
                    what happened, for those who are told of it

Each is one transaction (a large file is read in several): a `kill -9` anywhere leaves envelopes waiting or somebody
due, and doing it again, twice or in any order ends in the same record, because the record is a function of the set of
statements. Any number of processes do it side by side.
"""

import gc
from asyncio import TaskGroup, sleep
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import asyncpg
import structlog

from adapters.records import Defect, FoldedEvent, Submission
from integration.identity import following, linking
from integration.identity.linking import Stated
from integration.ingest import due, inbox, quarantine, statements
from integration.ingest.assemble import Assembled, Assembler
from integration.ingest.reading import VALUES_DO_NOT_FIT, parsed, read_large, unexpected
from integration.ingest.statements import Finished, Kept, Source
from integration.store import directory, events, facts, versions
from integration.store.connection import Connection
from integration.store.facts import SourceFacts
from integration.store.labels import LabelKey, Labels
from integration.store.moments import moment_to_record
from integration.store.versions import Draft

log = structlog.get_logger()
BATCH = 500
"""Envelopes that are read in one transaction."""
_ASSEMBLED_TOGETHER = 50
"""Source patients who are assembled in one transaction."""
_NO_INPUTS_FAULT = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""The database is gone, full, stopped or not reachable (asyncpg says InterfaceError where it finds its connection
closed)."""

_FILES_FIRST = 4
"""Times that files are read before anybody is assembled, where more of them wait: the next file of a sender is about
the same people, who would be assembled once more for it. No more often, for others wait to be assembled."""
_AGAIN = 20
"""Envelopes that were begun before and are read after each batch of others."""


@dataclass
class Pipeline:
    """Processes the inbox. One instance per process."""

    pool: asyncpg.Pool
    assembler: Assembler
    labels: Labels = field(default_factory=Labels)

    async def run(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """Process until nothing waits and nobody is due, as far as no other process is at it; how many envelopes were
        read. `progress` is told of each step how much it did."""
        read = 0
        while done := await self.read() or await self.read_large():
            progress(done)
            read += done
        while done := await self.assemble():
            progress(done)
        return read

    async def run_forever(self, pause: float) -> None:
        """Process what comes, until cancelled; `pause` is how many seconds to wait when there is nothing to do. A large
        file is read beside, so that nothing else waits for its end."""
        async with TaskGroup() as group:
            group.create_task(_forever(self.step, pause))
            group.create_task(_forever(self.read_large, pause))

    async def step(self, limit: int = BATCH) -> int:
        """Read the next envelopes that are not large, then assemble those who are due, as many; 0 when there was
        nothing to do."""
        return await self.read(limit) + await self.assemble(limit)

    async def read(self, limit: int = BATCH) -> int:
        """Read the next envelopes that are not large; 0 when none waits. If together they fail, each is tried alone,
        and the one that cannot be read is quarantined: nothing it holds is lost, and nobody else waits for it. A
        database that fails is no envelope's fault: that is raised, and everything goes on waiting."""
        done = 0
        for _ in range(_FILES_FIRST):
            begun = await self._begin(limit, again=False)
            done += await self._read_begun(begun, limit)
            if not begun.files:
                break
        for _ in range(_AGAIN):
            if not await self._read_begun(await self._begin(1, again=True), 1):
                break
            done += 1
        return done

    async def _begin(self, limit: int, *, again: bool) -> inbox.Begun:
        """`again`: one that was begun before and not read to its end, because the process ended or the database went
        away. It is read alone, after the others: it may be what ended the process."""
        async with self.pool.acquire() as connection:
            return await inbox.begin(connection, limit, again=again)

    async def _read_begun(self, begun: inbox.Begun, limit: int) -> int:
        read = partial(self._read, begun.ids)
        return await self._all_or_each(limit, read, self._set_envelope_aside) if begun.ids else 0

    async def read_large(self) -> int:
        """Read the next large envelope; 0 when none waits."""
        return await read_large(self.pool, self.assembler)

    async def assemble(self, limit: int = BATCH) -> int:
        """Bring the records of those up to date who are due; 0 when nobody is. Whose record cannot be made or stored
        is quarantined, as with `read`."""
        return await self._all_or_each(limit, self._assemble, self._set_source_patient_aside)

    async def _all_or_each(
        self,
        limit: int,
        do: Callable[[Connection, int, list[int]], Awaitable[None]],
        set_aside: Callable[[Connection, list[int], Exception], Awaitable[None]],
    ) -> int:
        """How many were taken by `do` (it says in its list which), or set aside one by one."""
        taken: list[int] = []
        try:
            with collecting_later():
                async with self.pool.acquire() as connection, connection.transaction():
                    await do(connection, limit, taken)
            return len(taken)
        except Exception as error:
            self.labels = Labels()
            if isinstance(error, _NO_INPUTS_FAULT) and not isinstance(error, VALUES_DO_NOT_FIT):
                raise
            if limit > 1:
                return await self._each_alone(limit, do, set_aside)
            async with self.pool.acquire() as connection, connection.transaction():
                await set_aside(connection, taken, error)
            return 1

    async def _each_alone(
        self,
        limit: int,
        do: Callable[[Connection, int, list[int]], Awaitable[None]],
        set_aside: Callable[[Connection, list[int], Exception], Awaitable[None]],
    ) -> int:
        done = 0
        while done < limit and await self._all_or_each(1, do, set_aside):
            done += 1
        return done

    async def _read(self, begun: Sequence[int], connection: Connection, limit: int, taken: list[int]) -> None:
        # (1) take
        envelopes = await inbox.waiting(connection, limit, begun)
        taken += [envelope.id for envelope in envelopes]
        if not envelopes:
            return
        # (2) parse
        feeds = self.assembler.feeds
        said = [parsed(feeds[envelope.feed], envelope) for envelope in envelopes]
        # (3) keep
        readings = await statements.begin(connection, len(envelopes))
        read = list(zip(envelopes, readings, said, strict=True))
        await statements.keep(
            connection,
            self.assembler.secret,
            [Kept(reading, 0, envelope.feed, one.events) for envelope, reading, one in read],
        )
        for envelope, reading, one in read:
            if one.defects:
                await quarantine.add(connection, envelope.id, reading, one.defects)
        await _finish(
            connection,
            [
                Finished(envelope, reading, one.submission, bool(one.defects) and not one.events)
                for envelope, reading, one in read
            ],
        )

    async def at_once(self, connection: Connection, envelope: int, concerned: int) -> None:
        """Read this envelope that was just received, and assemble the source patient whom it concerns (its key), in the
        caller's transaction, who waits for it: what the envelope says is in the record when that is committed. Of a
        pipeline that is used for this transaction alone, for it remembers what the transaction has made."""
        await self._read([envelope], connection, 1, [])
        await self._assemble(connection, 1, [], [concerned])

    async def _assemble(
        self, connection: Connection, limit: int, taken: list[int], among: Sequence[int] | None = None
    ) -> None:
        # (4) take
        anew = await due.take(connection, min(limit, _ASSEMBLED_TOGETHER), among)
        taken += anew
        if not taken:
            return
        sources = await statements.sources(connection, taken)
        # (5) assemble
        said = await statements.events(connection, taken)
        submitted = await statements.submissions(connection, taken)
        before = await versions.stored(connection, taken)
        labels = await self.labels.keys(connection, {one.label for one in before.values()})
        stored = versions.digests(before, labels)
        every = [
            _assembled(
                self.assembler, one, said[key], submitted(one.feed, said[key]), {} if anew[key] else stored.get(key, {})
            )
            for key, one in sources.items()
        ]
        assembled = [one for one in every if not one.failed]
        renewed = {one.source.key for one in assembled}
        before = {id_: old for id_, old in before.items() if old.source_patient in renewed}
        # (6) link
        persons = await self._link(connection, assembled)
        # (7) store
        ids = await self.labels.intern(connection, {one.label for each in assembled for one in each.resources})
        drafts = [draft for one in assembled for draft in _drafts(one, persons[one.source.id], ids)]
        recorded = await moment_to_record(connection)
        await versions.replace(connection, drafts, before, recorded)
        await directory.replace(connection, {one.source.key: one.directory for one in assembled}, recorded)
        await facts.replace(connection, [_facts(one, persons[one.source.id], ids) for one in assembled])
        known = {old.source_patient for old in before.values()} - {key for key, is_anew in anew.items() if is_anew}
        told = [events.Told(one.source.key, one.happenings, one.source.key in known) for one in assembled]
        await events.replace(connection, told, recorded)
        await quarantine.replace_mapped(connection, {one.source.key: one.defects for one in every})

    async def _link(self, connection: Connection, assembled: Sequence[Assembled]) -> Mapping[UUID, UUID]:
        """Whom these source patients are. Most say nothing new of who they are; only where one does, everybody else
        who links waits."""
        about = {one.source.id: one.about for one in assembled if one.about}
        stated = [Stated(one.source.id, one.demographics, one.merged_into) for one in assembled if one.about is None]
        if changed := await linking.changed(connection, stated):
            await linking.alone(connection)
            await linking.relink(connection, self.assembler.secret, changed)
        else:
            await linking.unmoved(connection)
        await following.state(connection, about)
        return await linking.persons(connection, [one.source.id for one in assembled])

    async def _set_envelope_aside(self, connection: Connection, taken: list[int], error: Exception) -> None:
        """Quarantine the envelope that was being read, unless another worker has dealt with it since."""
        for envelope in await inbox.waiting(connection, 1, taken):
            log.error("envelope set aside", envelope=envelope.id, feed=envelope.feed, error=type(error).__name__)
            (reading,) = await statements.begin(connection, 1)
            await quarantine.add(connection, envelope.id, reading, [unexpected(envelope, error)])
            await _finish(connection, [Finished(envelope, reading, None, unreadable=True)])

    async def _set_source_patient_aside(self, connection: Connection, taken: list[int], error: Exception) -> None:
        """Quarantine the source patient who was being assembled; what was held of the person stays as it is."""
        for key, source in (await statements.sources(connection, [*await due.take(connection, 1, taken)])).items():
            log.error("source patient set aside", source_patient=source.id, error=type(error).__name__)
            await quarantine.replace_mapped(connection, {key: [_unmapped(source, error)]})


async def _forever(step: Callable[[], Awaitable[int]], pause: float) -> None:
    while True:
        if not await step():
            await sleep(pause)


async def _finish(connection: Connection, finished: Sequence[Finished]) -> None:
    await statements.finish(connection, finished)
    await quarantine.finish(connection, finished)


@contextmanager
def collecting_later() -> Iterator[None]:
    """What a batch makes is kept until its end and holds no cycles: looking for garbage meanwhile finds nothing, and
    takes a fifth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _assembled(
    assembler: Assembler,
    source: Source,
    said: Sequence[FoldedEvent],
    submitted: Sequence[Submission],
    stored: Mapping[bytes, LabelKey],
) -> Assembled:
    """One source patient; a failure of our own code there is one quarantine entry, and nobody else's."""
    try:
        return assembler(source, said, submitted, stored)
    except Exception as error:  # noqa: BLE001  whatever a feed's code raises concerns this source patient alone
        return Assembled(source, defects=[_unmapped(source, error)], failed=True)


def _drafts(assembled: Assembled, person: UUID, ids: Mapping[LabelKey, int]) -> list[Draft]:
    source = assembled.source
    return [
        Draft(person, source.feed, source.key, ids[one.label], one.id, one.type, one.content)
        for one in assembled.resources
    ]


def _facts(assembled: Assembled, person: UUID, ids: Mapping[LabelKey, int]) -> SourceFacts:
    labels = sorted({ids[one.label] for one in assembled.resources})
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
