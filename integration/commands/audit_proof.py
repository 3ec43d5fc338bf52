"""`toldonce audit verify`, `export`, `retain`, and what belongs to checkpoints: whether the log is whole, and how to
prove it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from adapters.records import LONDON
from integration.audit import cosignatures, proofs
from integration.audit.access import Access
from integration.audit.archive import write_archive
from integration.audit.codes import Kind
from integration.audit.keys import LogKeys
from integration.audit.log import AuditLog
from integration.audit.proofs import Consistency, Inclusion
from integration.audit.retention import Removal, refuse_young, remove
from integration.audit.seal import alone, seal_all
from integration.audit.verify.archive import ArchiveSource
from integration.audit.verify.database import snapshot
from integration.audit.verify.kept import Copy, Kept
from integration.audit.verify.notes import Key, Malformed, Note, read_note
from integration.audit.verify.report import Report
from integration.audit.verify.walk import verify
from integration.commands.administrator import By
from integration.commands.audit import by_command
from integration.commands.opened import as_owner, opened
from integration.config import Settings
from integration.errors import LogDamaged, NotPossible
from integration.store.connection import Connection
from integration.store.database import act_as


@dataclass(frozen=True)
class Against:
    """What the log is held against: files with checkpoints, the folder of a copy, and verifier keys; none of the last:
    the deployment's own."""

    checkpoints: Sequence[Path] = ()
    copy: Path | None = None
    keys: Sequence[str] = ()

    def kept(self) -> Kept:
        """Raises NotPossible."""
        try:
            notes = [_note(path) for path in self.checkpoints]
            return Kept(notes, Copy.read(self.copy) if self.copy else None)
        except (Malformed, OSError) as error:
            raise NotPossible(str(error)) from None

    def verifier_keys(self) -> list[Key]:
        """Those that were given. Raises NotPossible."""
        try:
            return [Key.parse(line) for key in self.keys for line in key.splitlines()]
        except Malformed as error:
            raise NotPossible(str(error)) from None


def _note(path: Path) -> Note:
    try:
        return read_note(path.read_text("utf-8"))
    except Malformed as error:
        raise NotPossible(f"{path.name}: {error}") from None


async def audit_verify(settings: Settings, against: Against) -> Report:
    """Recompute the log of the database, after what is committed has its place in it."""
    keys = against.verifier_keys()
    async with _reading(settings) as at:
        with suppress(LogDamaged):  # then the report says it, and names what is wrong
            await seal_all(at.connection, at.keys)
        own = [Key.parse(key.line) for key in at.keys.all()]
        async with snapshot(at.connection) as source:
            return await verify(source, keys or own, against.kept())


async def audit_verify_archive(path: Path, against: Against) -> Report:
    """Recompute the log of an archive; no database is needed."""
    try:
        source = ArchiveSource.open(path)
    except (Malformed, OSError) as error:
        raise NotPossible(str(error)) from None
    with source.file:
        keys = against.verifier_keys()
        report = await verify(source, keys or source.keys, against.kept())
    if not keys:
        report.warnings.append(
            "The verifier keys are those that the archive itself names: give --key to be sure of them."
        )
    return report


async def audit_export(settings: Settings, path: Path) -> tuple[int, str]:
    """Write the log to an archive: how many events, and the SHA-256 of the file. That it begins is an event before the
    first byte is written, how it ended is another."""
    if path.exists():
        raise NotPossible(f"{path.name} is there already")
    async with _reading(settings) as at, at.log() as log:
        await log.append(_export(("stream", "begin")))
        try:
            async with at.connection.transaction(isolation="repeatable_read", readonly=True):
                await act_as(at.connection, "toldonce_audit_reader")
                size, digest = await write_archive(at.connection, path, at.keys, datetime.now(UTC))
        except BaseException:
            path.unlink(missing_ok=True)
            await log.append(_export(("stream", "aborted")))
            raise
        await log.append(_export(("stream", "end"), ("stream/sha256", digest), count=size))
    return size, digest


def _export(*details: tuple[str, str], count: int | None = None) -> Access:
    counts = {} if count is None else {"AuditEvent": count}
    return by_command("toldonce audit export", Kind.EXPORT, None, counts, details)


async def audit_checkpoint(settings: Settings) -> str:
    """The newest checkpoint, with the witnesses' signatures, after what is committed was sealed."""
    async with _reading(settings) as at:
        await seal_all(at.connection, at.keys)
        async with _as_reader(at.connection):
            return await proofs.newest(at.connection)


async def audit_keys(settings: Settings) -> list[str]:
    """The verifier keys, oldest first, each with the sizes of the checkpoints it is for."""
    return [key.line for key in LogKeys(settings).all()]


async def audit_rotate(settings: Settings) -> str:
    """A new key for whatever is signed from now on; its verifier key. Nobody signs meanwhile."""
    async with _reading(settings) as at, at.log() as log:
        await log.append(by_command("toldonce audit rotate-key", Kind.OPERATION, None))
        await seal_all(at.connection, at.keys)
        async with alone(at.connection, wait=True):
            size = await at.connection.fetchval("select coalesce(max(size), 0) from toldonce.audit_checkpoint")
            return at.keys.rotate(size).line


async def audit_inclusion(settings: Settings, event: UUID | int) -> Inclusion:
    """The proof that an event is in the log. That it was looked at is itself audited."""
    async with _reading(settings) as at, at.log() as log:
        await seal_all(at.connection, at.keys)
        async with _as_reader(at.connection):
            proof = await proofs.inclusion(at.connection, event)
        await log.append(by_command("toldonce audit proof", Kind.AUDIT, None, {"AuditEvent": 1}))
    return proof


async def audit_consistency(settings: Settings, first: int, second: int | None) -> Consistency:
    """The proof that the log only grew between two sizes."""
    async with _reading(settings) as at, _as_reader(at.connection):
        return await proofs.consistency(at.connection, first, second)


async def audit_cosign(settings: Settings, file: Path) -> int:
    """Take the signatures of witnesses under a checkpoint of ours; how many were new."""
    async with _reading(settings) as at:
        return await cosignatures.take(at.connection, file.read_text("utf-8"), tuple(settings.audit_witnesses.split()))


async def audit_retain(settings: Settings, before: date, by: By) -> int:
    """Remove the content of events before a day; how many. Raises NotPossible when the policy keeps them."""
    by.require_said()
    moment = datetime(before.year, before.month, before.day, tzinfo=LONDON)
    refuse_young(moment, datetime.now(UTC), settings.audit_years)
    async with opened(settings) as database, as_owner(database) as owner:
        removal = Removal(moment, by.user, by.reason)
        return await remove(
            owner, removal, LogKeys(settings), server_url=settings.fhir_base, test_data=settings.test_data
        )


@dataclass(frozen=True)
class _Opened:
    """What a command works with."""

    settings: Settings
    pool: asyncpg.Pool
    connection: Connection
    keys: LogKeys

    def log(self) -> AuditLog:
        return AuditLog(self.pool, server_url=self.settings.fhir_base, test_data=self.settings.test_data)


@asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[_Opened]:
    async with (
        opened(settings) as database,
        database.pool("toldonce_api", size=2) as pool,
        pool.acquire() as connection,
    ):
        yield _Opened(settings, pool, connection, LogKeys(settings))


@asynccontextmanager
async def _as_reader(connection: Connection) -> AsyncIterator[None]:
    async with connection.transaction(readonly=True):
        await act_as(connection, "toldonce_audit_reader")
        yield
