"""A log in memory, and somebody who may change all of it: events, leaves, subtrees and checkpoints; with the key, if
they stole it, too. What was kept elsewhere is out of their reach."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from integration.audit.entry import to_row
from integration.audit.note import Checkpoint, Signer, digest
from integration.audit.tree import Edge
from integration.audit.verify.kept import Copy, Kept
from integration.audit.verify.notes import Key, Note
from integration.audit.verify.report import Report
from integration.audit.verify.source import Leaf, StoredCheckpoint, StoredNode, Stray
from integration.audit.verify.walk import verify
from tests.database.audit_world import access

LOG = Signer("example.org/log", bytes(range(32)))


@dataclass
class Placed:
    """An event and its leaf, as stored."""

    event: UUID
    hash: bytes
    row: tuple[object, ...] | None
    salt: bytes | None
    content: bytes | None

    def rehash(self) -> None:
        """Make the leaf fit what stands there now."""
        if self.salt is not None and self.content is not None:
            self.hash = sha256(b"\x00" + self.salt + self.content).digest()


def event(number: int, minute: int = 0) -> Placed:
    row = to_row(access(minute), UUID(int=number + 1), sha256(b"%d" % number).digest()[:16], server_url="x")
    columns = (str(row.id), row.recorded, str(row.person), row.organisation, row.client, row.kind, str(row.outcome))
    return Placed(row.id, row.leaf_hash, columns, row.salt, row.content)


@dataclass
class Log:
    """`placed` by index; `kept` and `copy` are elsewhere."""

    placed: dict[int, Placed] = field(default_factory=dict)
    nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)
    checkpoints: dict[int, str] = field(default_factory=dict)
    strays: list[Stray] = field(default_factory=list)
    kept: list[Note] = field(default_factory=list)
    copied: list[tuple[UUID, bytes]] = field(default_factory=list)

    @classmethod
    def grown(cls, *batches: int, later: int = 0) -> "Log":
        """Sealed batch by batch, kept elsewhere, then grown by so many more."""
        log, edge, before = cls(), Edge(), None
        for batch in (*batches, *([later] if later else [])):
            for index in range(edge.size, edge.size + batch):
                log.placed[index] = event(index, index)
                log.nodes |= {(n.level, n.index): n.hash for n in edge.append(log.placed[index].hash)}
            note = LOG.sign(Checkpoint(LOG.name, edge.size, edge.root(), before).text)
            log.checkpoints[edge.size], before = note, digest(note)
            if edge.size == sum(batches):
                log.kept = [Note.parse(note)]
                log.copied = [(one.event, one.hash) for _, one in sorted(log.placed.items())]
        return log

    @property
    def size(self) -> int:
        return len(self.copied)

    def tampered(self) -> "Log":
        """A copy for the forger; what is kept elsewhere stays what it is."""
        return replace(
            self,
            placed={index: replace(one) for index, one in self.placed.items()},
            nodes=dict(self.nodes),
            checkpoints=dict(self.checkpoints),
            strays=[],
        )

    def close_gaps(self) -> None:
        self.placed = dict(enumerate(one for _, one in sorted(self.placed.items())))

    def rebuild(self, *, with_key: bool) -> None:
        """Make leaves and subtrees fit; and the checkpoints, where the key was stolen."""
        edge, self.nodes, before = Edge(), {}, None
        sizes = [size for size in sorted(self.checkpoints) if size <= len(self.placed)]
        signed = {}
        for _, one in sorted(self.placed.items()):
            one.rehash()
            self.nodes |= {(n.level, n.index): n.hash for n in edge.append(one.hash)}
            if edge.size in sizes:
                note = LOG.sign(Checkpoint(LOG.name, edge.size, edge.root(), before).text)
                signed[edge.size], before = note, digest(note)
        if with_key:
            self.checkpoints = signed

    # ---- as the checker reads it

    async def leaves(self) -> AsyncIterator[Leaf]:
        for index, one in sorted(self.placed.items()):
            yield Leaf(index, one.event, one.hash, one.row, one.salt, one.content)

    async def _nodes(self) -> AsyncIterator[StoredNode]:
        for (level, index), hash_ in sorted(
            self.nodes.items(), key=lambda one: (one[0][1] + 1 << one[0][0], one[0][0])
        ):
            yield StoredNode(level, index, hash_)

    async def _checkpoints(self) -> AsyncIterator[StoredCheckpoint]:
        for size, note in sorted(self.checkpoints.items()):
            yield StoredCheckpoint(size, note)

    async def _strays(self) -> AsyncIterator[Stray]:
        for stray in self.strays:
            yield stray

    async def verify(self, folder: Path | None = None) -> Report:
        """Against the kept checkpoint; with a folder, against the copy of the leaf hashes too."""
        copy = None
        if folder is not None:
            (folder / "leaves").write_bytes(b"".join(id_.bytes + hash_ for id_, hash_ in self.copied))
            (folder / "checkpoint").write_text(_note(self.kept[-1]))
            copy = Copy.read(folder)
        return await verify(_Read(self), [Key.parse(LOG.vkey)], Kept(self.kept, copy))


def _note(note: Note) -> str:
    lines = "".join(f"\u2014 {name} {base64.b64encode(blob).decode()}\n" for name, blob in note.signatures)
    return f"{note.text}\n{lines}"


class _Read:
    def __init__(self, log: Log) -> None:
        self.leaves = log.leaves
        self.nodes = log._nodes
        self.checkpoints = log._checkpoints
        self.strays = log._strays
