"""What tests of the audit log share: accesses, and a log that is sealed and kept elsewhere as it grows."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from integration.audit import second_place
from integration.audit.access import Access
from integration.audit.codes import Kind, Outcome
from integration.audit.keys import LogKeys
from integration.audit.log import AuditLog
from integration.audit.proofs import newest
from integration.audit.seal import seal
from integration.audit.verify.database import snapshot
from integration.audit.verify.kept import Copy, Kept
from integration.audit.verify.notes import Key, Note
from integration.audit.verify.report import Report
from integration.audit.verify.walk import verify
from integration.config import Settings
from integration.sharing.request import Caller

NOW = datetime(2026, 11, 2, 9, 30, 15, 123456, tzinfo=UTC)
MRS_T = UUID("00000000-0000-4000-8000-000000000001")
CALLER = Caller(client="epr", organisation="X9A", role="clinician", purpose="TREAT", user="dr.jones")
TABLES = ("audit_event", "audit_unsealed", "audit_leaf", "audit_node", "audit_checkpoint", "audit_cosignature")


def access(minute: int = 0, **changes: object) -> Access:
    base = Access(
        when=NOW + timedelta(minutes=minute),
        kind=Kind.READ,
        interaction="read",
        route="GET /fhir/Patient/{id}",
        outcome=Outcome.SUCCESS,
        caller=CALLER,
        person=MRS_T,
        target=f"Patient/{MRS_T}",
    )
    return replace(base, **changes)


async def emptied(owner: asyncpg.Connection) -> None:
    await owner.execute(f"truncate {', '.join(f'toldonce.{table}' for table in TABLES)} restart identity")


@dataclass
class SealedLog:
    """A log, and what of it was kept elsewhere."""

    pool: asyncpg.Pool
    audit: AuditLog
    owner: asyncpg.Connection
    folder: Path
    kept: list[Note] = field(default_factory=list)

    @property
    def keys(self) -> LogKeys:
        return LogKeys(Settings(data_dir=self.folder))

    @property
    def verifier_keys(self) -> list[Key]:
        return [Key.parse(key.line) for key in self.keys.all()]

    @property
    def copy(self) -> Path:
        return self.folder / "copy"

    async def append(self, events: int) -> None:
        await self.audit.append_all([access(minute) for minute in range(events)])

    async def seal(self) -> int:
        async with self.pool.acquire() as connection:
            return await seal(connection, self.keys)

    async def keep(self, *, copied: bool = True) -> None:
        """Keep the newest checkpoint elsewhere, and bring the copy up to it."""
        note = await newest(self.owner)
        self.kept.append(Note.parse(note))
        if copied:
            await second_place.copy(self.owner, self.copy, note)

    async def grow(self, *batches: int, copied: bool = True) -> None:
        """Append and seal so many, each a checkpoint; keep the last one elsewhere."""
        for events in batches:
            await self.append(events)
            assert await self.seal() == events
        await self.keep(copied=copied)

    async def verify(self, *, notes: bool = True, copy: bool = False) -> Report:
        """What the checker says, knowing the checkpoints that were kept, and the copy."""
        kept = Kept(self.kept if notes else (), Copy.read(self.copy) if copy else None)
        async with self.pool.acquire() as connection, snapshot(connection) as source:
            return await verify(source, self.verifier_keys, kept)
