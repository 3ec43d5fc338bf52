"""A file of an export while it is fetched: every person in it is consulted anew, and everything that has changed obeys.

Where a person's fingerprint is what it was when they were written, what was written is handed out. Where anything has
changed since (what is granted, who they are, a resource or its label), they are read again, as they may be seen now;
and where they may not be seen any more, or are no longer on the caseload, nothing of them is handed out.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from integration.record.since import Then, told_already
from integration.sharing.request import Grant
from integration.store.extract import DIRECTORY
from integration.teams.export import jobs
from integration.teams.export.exports import Consulted, Exports, consulted, event, moment_of
from integration.teams.export.jobs import File, Job, Planned, exporter
from integration.teams.export.lines import Written, entry_of, kept, pieces

_TOGETHER = 25
"""People who are consulted in one transaction; what is handed out of them is sent when it has ended."""
_HELD = 8 << 20
"""Bytes from which on it is sent while the transaction lasts."""


@dataclass
class Fetching:
    """One file that is being fetched. `route`: what the audit names for whoever is read again."""

    exports: Exports
    job: Job
    file: File
    route: str
    lines: int = 0
    """How many it had so far."""
    _entries: set[UUID] = field(default_factory=set)
    """Of a file of the directory: what it had so far."""

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The file, NDJSON. Of whoever is read again an audit event is durable before anything is sent."""
        then = await moment_of(self.exports, self.job)
        async with exporter(self.exports.pool) as connection:
            people = await jobs.people_of(connection, self.job, self.file)
        for start in range(0, len(people), _TOGETHER):
            async for piece in self._of(people[start : start + _TOGETHER], then):
                yield piece

    async def _of(self, people: Sequence[Planned], then: Then | None) -> AsyncIterator[bytes]:
        held, size = list[bytes](), 0
        async with consulted(self.exports, self.job, people) as each:
            async for one in each:
                if one.grant is None:
                    continue
                async for body in self._of_one(one, one.grant, then):
                    held.append(body)
                    size += len(body)
                    if size > _HELD:
                        yield b"".join(held)
                        held, size = [], 0
        if held:
            yield b"".join(held)

    async def _of_one(self, one: Consulted, grant: Grant, then: Then | None) -> AsyncIterator[bytes]:
        reader, unchanged = one.consultation.reader, False
        if one.planned.fingerprint is not None:
            written = Written(self.job.id, one.planned.ordinal, self.file.type, one.planned.fingerprint)
            async for lines, body in kept(reader, grant, written):
                unchanged = True
                yield await self._entries_of(one, _ids(body)) if self._directory else self._counted(lines, body)
        if unchanged:
            return
        await self.exports.audit.append(event(self.job, self.route, one, {}))
        changes = then is not None and await told_already(one.consultation, grant, then)
        since = then.at if then and changes else None
        async for piece in pieces(reader, grant, self.exports.asked(self.job), since):
            if self._directory:
                yield await self._entries_of(one, piece.entries.get(self.file.type, ()))
            else:
                found = piece.lines.get(self.file.type, ())
                yield self._counted(len(found), b"".join(line + b"\n" for line in found))

    @property
    def _directory(self) -> bool:
        return self.file.type in DIRECTORY

    def _counted(self, lines: int, body: bytes) -> bytes:
        self.lines += lines
        return body

    async def _entries_of(self, one: Consulted, ids: Sequence[UUID]) -> bytes:
        """Those entries of the directory that the file has not had yet, as they are now."""
        new = set(ids) - self._entries
        self._entries |= new
        found = await one.consultation.reader.directory(sorted(new)) if new else ()
        bodies = [body for body in found if entry_of(body)[1] in new]
        return self._counted(len(bodies), b"".join(body + b"\n" for body in bodies))


def _ids(body: bytes) -> list[UUID]:
    return [UUID(bytes=body[start : start + 16]) for start in range(0, len(body), 16)]
