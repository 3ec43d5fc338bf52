"""Proofs for whoever holds a checkpoint: that an event is in the log, and that the log only grew since.

An inclusion proof is answered with what it proves: salt and content, whose hash is the leaf. https://c2sp.org/tlog-proof
"""

import base64
from uuid import UUID

import msgspec

from integration.audit import nodes, tree
from integration.audit.entry import rendered
from integration.audit.note import Checkpoint
from integration.errors import NotPossible
from integration.store.connection import Connection

_PLACE = """
select leaf.index, leaf.event, event.salt, event.content from toldonce.audit_leaf leaf
left join toldonce.audit_event event on event.id = leaf.event and event.recorded = leaf.recorded where
"""
_NOTE = """
select size, note, array(select line from toldonce.audit_cosignature where size = signed.size order by line)
from toldonce.audit_checkpoint signed where size between $1 and $2 order by size desc limit 1
"""
_ANY = 2**63 - 1
"""A size that no log reaches."""


class Inclusion(msgspec.Struct, frozen=True, kw_only=True):
    """An event and the proof that it is in the log; bytes are base64. `salt` and `content` are None once retention has
    removed them: the leaf stays."""

    index: int
    event: UUID
    salt: str | None
    content: str | None
    audit_event: msgspec.Raw | None
    """The content as a FHIR AuditEvent: for reading; what is hashed is `content`."""
    leaf: str
    proof: str
    """A C2SP tlog-proof, with the checkpoint that it leads to."""


class Consistency(msgspec.Struct, frozen=True):
    """RFC 6962, 2.1.2, base64: the tree of `first` events is the beginning of that of `second`."""

    first: int
    second: int
    proof: tuple[str, ...]


async def newest(connection: Connection, at_least: int = 0, exactly: int | None = None) -> str:
    """The newest checkpoint, with the witnesses' signatures under it; or that of `exactly` so many events. The role may
    read the log, as in all of this file. Raises NotPossible."""
    row = await connection.fetchrow(_NOTE, at_least, _ANY if exactly is None else exactly)
    if exactly is not None and (row is None or row[0] != exactly):
        raise NotPossible("no checkpoint of that many events is kept, or it is older than the event")
    if row is None:
        raise NotPossible("nothing is sealed yet" if not at_least else "no checkpoint is that large yet")
    return str(row[1]) + "".join(f"{line}\n" for line in row[2])


async def inclusion(connection: Connection, event: UUID | int, size: int | None = None) -> Inclusion:
    """The proof for an event, by its id or its index, up to the newest checkpoint or that of `size` events. Raises
    NotPossible."""
    by = "leaf.index = $1" if isinstance(event, int) else "leaf.event = $1"
    row = await connection.fetchrow(f"{_PLACE} {by}", event)
    if row is None:
        raise NotPossible("the log has no such event yet: it may not be sealed")
    note = await newest(connection, row["index"] + 1, size)
    path = await nodes.hashes_of(connection, tree.inclusion(row["index"], Checkpoint.of(note).size))
    ((leaf,),) = await nodes.read(connection, [tree.Span(0, row["index"], 1)])
    lines = ["c2sp.org/tlog-proof@v1", f"index {row['index']}", *map(_b64, path), "", note]
    return Inclusion(
        index=row["index"],
        event=row["event"],
        salt=_b64(row["salt"]) if row["salt"] else None,
        content=_b64(row["content"]) if row["content"] else None,
        audit_event=msgspec.Raw(rendered(row["content"])) if row["content"] else None,
        leaf=_b64(leaf),
        proof="\n".join(lines),
    )


async def consistency(connection: Connection, first: int, second: int | None = None) -> Consistency:
    """The proof between two sizes; the second is that of the newest checkpoint unless given. Raises NotPossible."""
    size = Checkpoint.of(await newest(connection)).size
    second = size if second is None else second
    if second > size:
        raise NotPossible(f"the log has {size} sealed events")
    hashes = await nodes.hashes_of(connection, tree.consistency(first, second))
    return Consistency(first, second, tuple(map(_b64, hashes)))


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
