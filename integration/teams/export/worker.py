"""Writing exports: one at a time, person by person, each consulted at the moment they are written.

A kill anywhere leaves an export to be taken up where it was (`jobs.taken`): people who were written stay written, and
of whoever was being written nothing counts. Nothing can be fetched before every person's audit event is durable.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from integration.audit.access import Access
from integration.audit.codes import Kind, Outcome
from integration.errors import where_it_failed
from integration.record.since import Then, told_already
from integration.sharing.request import Grant
from integration.store.database import act_as
from integration.store.moments import all_ended
from integration.teams.caseloads import members
from integration.teams.export import jobs
from integration.teams.export.exports import Consulted, Exports, consulted, event, moment_of
from integration.teams.export.jobs import Cancelled, Job, Part, Planned, exporter
from integration.teams.export.lines import Piece, fingerprint, pieces

ROUTE = "toldonce export-worker"
"""What the audit names where an access has no route."""
_TOGETHER = 25
"""People who are consulted in one transaction, and whose audit events and progress are committed together."""
_HELD = 4 << 20
"""Bytes of lines that are held before they are put into the database."""
_LATER = 5.0
"""Seconds before an export that failed is taken up again."""
_LOOK = 0.1
"""Seconds between looks whether those who were recording have ended."""

log = structlog.get_logger(__name__)


async def run_forever(exports: Exports, pause: float) -> None:
    """Write whatever is ordered; with nothing to do look again after so many seconds."""
    while True:
        try:
            if not await step(exports):
                await asyncio.sleep(pause)
        except Exception as error:  # noqa: BLE001  whatever it is, the order stays and is taken up again, a few times
            log.error("an export failed", **where_it_failed(error))
            await asyncio.sleep(_LATER)


async def step(exports: Exports) -> bool:
    """Write the oldest order that nobody is writing, to its end; False where there is none."""
    async with exporter(exports.pool) as connection:
        await jobs.remove_expired(connection, exports.clock())
    async with jobs.taken(exports.pool) as job:
        if job is None:
            return False
        try:
            await _write(exports, job)
        except Cancelled:
            async with exporter(exports.pool) as connection:
                await jobs.remove(connection, job.id)
        return True


async def _write(exports: Exports, job: Job) -> None:
    expires = exports.clock() + exports.kept_for
    if job.tries > jobs.TRIES or not exports.may_still_ask(job.order.caller):
        await _tell(exports, job, "failed")
        async with exporter(exports.pool) as connection:
            await jobs.fail(connection, job, expires)
        return
    job = await _planned(exports, await _settled(exports, job))
    if not job.done:
        await _tell(exports, job, "begun")
    then = await moment_of(exports, job)
    while people := await _next(exports, job):
        job = await _write_people(exports, job, people, then)
    await _tell(exports, job, "whole")
    async with exporter(exports.pool) as connection:
        await jobs.complete(connection, job, exports.clock() + exports.kept_for)


async def _settled(exports: Exports, job: Job) -> Job:
    """Nothing is read before everybody who had begun to record by the moment of the export has ended."""
    if job.horizon is None:
        async with exporter(exports.pool) as connection:
            job = await jobs.settle(connection, job)
    assert job.horizon is not None
    async with exports.pool.acquire() as connection:
        while not await all_ended(connection, job.horizon):
            await asyncio.sleep(_LOOK)
    return job


async def _planned(exports: Exports, job: Job) -> Job:
    if job.people is not None:
        return job
    async with exports.pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_facts")
        persons = [one.person for one in await members(connection, job.order.caseload)]
        await act_as(connection, "toldonce_exporter")
        return await jobs.plan(connection, job, persons)


async def _next(exports: Exports, job: Job) -> list[Planned]:
    async with exporter(exports.pool) as connection:
        return await jobs.waiting(connection, job, _TOGETHER)


@dataclass
class _Batch:
    """What was written of the people of one transaction, and is not in the database yet."""

    exports: Exports
    job: Job
    parts: list[Part] = field(default_factory=list)
    written: list[Planned] = field(default_factory=list)
    events: list[Access] = field(default_factory=list)
    announced: set[str] = field(default_factory=set)
    held: int = 0

    async def write(self, one: Consulted, then: Then | None) -> None:
        """Write one person, where there is anything to write."""
        if not isinstance(one.consultation.decision, Grant):
            self.events.append(event(self.job, ROUTE, one, {}))
        if one.grant is None:
            self.written.append(one.planned)
            return
        reader, counts = one.consultation.reader, Counter[str]()
        changes = then is not None and await told_already(one.consultation, one.grant, then)
        since = then.at if then and changes else None
        number = 0
        async for piece in pieces(reader, one.grant, self.exports.asked(self.job), since):
            counts.update({type_: len(lines) for type_, lines in piece.lines.items()})
            await self._add(one.planned.ordinal, number, one.grant, piece)
            number += 1
        self.announced.update(one.grant.announced)
        self.written.append(replace(one.planned, fingerprint=await fingerprint(reader, one.grant)))
        self.events.append(event(self.job, ROUTE, one, counts))

    async def _add(self, ordinal: int, number: int, grant: Grant, piece: Piece) -> None:
        for type_, lines in piece.lines.items():
            body = b"".join(line + b"\n" for line in lines)
            self.parts.append(Part(ordinal, type_, number, grant.person, len(lines), body))
            self.held += len(body)
        for type_, entries in piece.entries.items():
            body = b"".join(one.bytes for one in entries)
            self.parts.append(Part(ordinal, type_, number, grant.person, len(entries), body))
        if self.held > _HELD:
            async with exporter(self.exports.pool) as connection:
                await jobs.keep(connection, self.job, self.parts)
            self.parts, self.held = [], 0


async def _write_people(exports: Exports, job: Job, people: Sequence[Planned], then: Then | None) -> Job:
    batch = _Batch(exports, job, announced=set(job.announced))
    async with consulted(exports, job, people) as each:
        async for one in each:
            await batch.write(one, then)
    await exports.audit.append_all(batch.events)
    async with exporter(exports.pool) as connection:
        await jobs.keep(connection, job, batch.parts)
        return await jobs.done(connection, job, batch.written, sorted(batch.announced))


async def _tell(exports: Exports, job: Job, how: str) -> None:
    """Have it audited that an export begins, is whole or has failed."""
    await exports.audit.append(
        Access(
            when=exports.clock(),
            kind=Kind.EXPORT,
            interaction="operation",
            route=ROUTE,
            outcome=Outcome.MAJOR_FAILURE if how == "failed" else Outcome.SUCCESS,
            caller=job.order.caller,
            target=f"Group/{job.order.caseload}",
            details=[("export", str(job.id)), ("export/answer", how)],
        )
    )
