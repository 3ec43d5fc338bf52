"""The second place: what whoever rules the database cannot rewrite.

A folder gets `checkpoint`, the newest note, and `leaves`: for each event 16 bytes of its id and 32 of its leaf hash, in
order. With these `verify` names every event that was changed; with checkpoints alone it knows between which two. What
is in the folder is never changed: if the log is not its continuation, nothing is written and an alarm is logged.

A Maildir gets a message with the newest checkpoint every hour, for a mailbox that others keep.
"""

import asyncio
import fcntl
import mailbox
import os
from email.message import EmailMessage
from pathlib import Path
from time import monotonic
from typing import BinaryIO

import asyncpg
import structlog

from integration.audit import nodes
from integration.audit.note import Checkpoint
from integration.audit.proofs import newest
from integration.config import Settings
from integration.errors import LogDamaged, NotPossible
from integration.store.connection import Connection
from integration.store.database import act_as

CHECKPOINT, LEAVES = "checkpoint", "leaves"
LEAF = 48
"""Bytes of an event in `leaves`: its id (16), its leaf hash (32)."""
_EVERY = 1.0
_WITHOUT_COPY = 30.0
_MAIL_EVERY = 3600.0
_EACH = 20_000
_NEXT = "select event, hash from toldonce.audit_leaf where index >= $1 and index < $2 order by index"

log = structlog.get_logger(__name__)


async def keep_copied(pool: asyncpg.Pool, settings: Settings) -> None:
    """Copy for ever what was sealed to the second places that are set, and log the newest checkpoint as often as it is
    sent; run it as a task and cancel it at shutdown. What cannot be written is tried again."""
    mail_due = monotonic()
    while True:
        try:
            async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
                await act_as(connection, "toldonce_audit_reader")
                note = await newest(connection)
                if settings.audit_copy:
                    await copy(connection, settings.audit_copy, note)
            if monotonic() >= mail_due:
                log.info("audit checkpoint", note=note)
                if settings.audit_maildir:
                    await asyncio.to_thread(_mail, settings.audit_maildir, note)
                mail_due = monotonic() + _MAIL_EVERY
        except NotPossible:
            pass  # nothing is sealed yet
        except LogDamaged as damage:
            log.critical("the audit log is not what its copy says; run `toldonce audit verify`", found=str(damage))
        except Exception as error:  # noqa: BLE001  whatever it is, the next round tries again
            log.error("audit checkpoint not copied", error=type(error).__name__)
        await asyncio.sleep(_EVERY if settings.audit_copy else _WITHOUT_COPY)


async def copy(connection: Connection, folder: Path, note: str) -> None:
    """Bring the folder up to this checkpoint; nothing is done while another process does it. Raises LogDamaged when the
    log does not continue what the folder holds. The folder may be far away and slow: threads wait for it."""
    leaves = await asyncio.to_thread(_open_alone, folder)
    if leaves is None:
        return
    try:
        kept, checkpoint = await asyncio.to_thread(_kept, folder), Checkpoint.of(note)
        await _require_continuation(connection, kept, checkpoint)
        if checkpoint.size > kept.size:
            for start in range(kept.size, checkpoint.size, _EACH):
                rows = await connection.fetch(_NEXT, start, min(start + _EACH, checkpoint.size))
                data = b"".join(row["event"].bytes + row["hash"] for row in rows)
                await asyncio.to_thread(_write_at, leaves, start * LEAF, data)
            await asyncio.to_thread(_finish, leaves, folder / CHECKPOINT, note)
    finally:
        leaves.close()


async def _require_continuation(connection: Connection, kept: Checkpoint, checkpoint: Checkpoint) -> None:
    if checkpoint.size < kept.size:
        raise LogDamaged(f"the copy has {kept.size} events, the log {checkpoint.size}")
    if kept.size and (await nodes.edge(connection, kept.size)).root() != kept.root:
        raise LogDamaged(f"the first {kept.size} events are not those of the copy")


def _open_alone(folder: Path) -> BinaryIO | None:
    """The file of leaf hashes, for this process alone until it is closed; None while another has it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / LEAVES).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _write_at(leaves: BinaryIO, place: int, data: bytes) -> None:
    """What was written beyond the checkpoint of the folder, before a crash, is written anew."""
    leaves.truncate(place)
    leaves.write(data)
    leaves.flush()


def _finish(leaves: BinaryIO, path: Path, note: str) -> None:
    """The leaf hashes are on the disk before the checkpoint that speaks of them."""
    os.fsync(leaves.fileno())
    draft = path.with_name(f".{path.name}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _kept(folder: Path) -> Checkpoint:
    path = folder / CHECKPOINT
    try:
        return Checkpoint.of(path.read_text("utf-8")) if path.exists() else Checkpoint("", 0, b"")
    except NotPossible:
        raise LogDamaged("the checkpoint of the copy cannot be read") from None


def _mail(folder: Path, note: str) -> None:
    checkpoint = Checkpoint.of(note)
    message = EmailMessage()
    message["Subject"] = f"Checkpoint of {checkpoint.origin}: {checkpoint.size} events"
    message.set_content(note, cte="base64")
    mailbox.Maildir(folder, create=True).add(message)
