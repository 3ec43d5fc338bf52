"""Witnesses' signatures under our checkpoints: taken when a known witness made them, and kept. https://c2sp.org/tlog-cosignature"""

from integration.audit.note import Checkpoint, cosigned, text_of
from integration.errors import NotPossible
from integration.store.connection import Connection
from integration.store.database import act_as

_OURS = "select note from toldonce.audit_checkpoint where size = $1"
_KEEP = """
insert into toldonce.audit_cosignature (size, line) values ($1, $2) on conflict do nothing returning true
"""
_MOST = 16
"""Signatures that are looked at under one checkpoint (signed-note: at least so many are to be accepted)."""


async def take(connection: Connection, note: str, witnesses: tuple[str, ...]) -> int:
    """Keep the cosignatures under a checkpoint; how many were new. `witnesses` are verifier keys. Raises NotPossible
    when the checkpoint is none of ours, or no known witness has signed it."""
    try:
        text, lines = text_of(note), note[note.rindex("\n\n") + 2 :].splitlines()
    except ValueError:
        raise NotPossible("this is no checkpoint") from None
    size = Checkpoint.of(note).size
    async with connection.transaction():
        await act_as(connection, "toldonce_audit_sequencer")
        ours = await connection.fetchval(_OURS, size)
        if ours is None or text_of(ours) != text:
            raise NotPossible("this is no checkpoint of this log")
        good = [line for line in lines[:_MOST] if cosigned(text, line, witnesses)]
        if not good:
            raise NotPossible("no witness that is known here has signed it: see TOLDONCE_AUDIT_WITNESSES")
        kept = [await connection.fetchval(_KEEP, size, line) for line in good]
    return sum(map(bool, kept))
