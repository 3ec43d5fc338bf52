"""Every checkpoint, stored and kept elsewhere: its signature, the one before it, and the root that it signed."""

import sys
from collections.abc import AsyncIterator, Sequence

from integration.audit.verify.leaves import Leaves
from integration.audit.verify.nodes import Ahead
from integration.audit.verify.notes import Key, Malformed, Note
from integration.audit.verify.report import Finding, Report
from integration.audit.verify.source import StoredCheckpoint


class Signed:
    """What was signed, smallest first. `kept` are the checkpoints that were kept elsewhere."""

    def __init__(
        self, stored: AsyncIterator[StoredCheckpoint], keys: Sequence[Key], kept: Sequence[Note], report: Report
    ) -> None:
        self._stored = Ahead(stored)
        self._keys = keys
        self._kept = list(kept)
        self._report = report
        self._before: bytes | None = None
        """Digest of the stored checkpoint before."""
        self._held = {"stored": 0, "kept elsewhere": 0}
        """The largest size at which a root was found to hold. Where one that was kept elsewhere does not, the stored
        ones were forged, and prove nothing."""
        self._rewritten = False
        self.due = 0
        """How many leaves the next checkpoint is about."""
        for note in kept:
            if not note.signed_by(keys):
                self._add(
                    f"the checkpoint of {note.size} events that was kept elsewhere is not signed by this log", None
                )

    async def hold(self, leaves: Leaves) -> None:
        """Hold the tree as it is now against each checkpoint of its size."""
        stored: str | None = None
        while (checkpoint := await self._stored.peek()) is not None and checkpoint.size <= leaves.place:
            await self._stored.take()
            stored = self._check(checkpoint, leaves)
        while self._kept and self._kept[0].size <= leaves.place:
            note = self._kept.pop(0)
            self._report.proven = max(self._report.proven, note.size)
            if stored != note.text:
                what = "is not stored" if stored is None else "is stored with another text"
                self._add(f"the checkpoint of {note.size} events that was kept elsewhere {what}", note.size)
            self._root(note, leaves, "kept elsewhere")
        following = await self._stored.peek()
        sizes = [note.size for note in self._kept[:1]] + ([following.size] if following else [])
        self.due = min(sizes, default=sys.maxsize)

    async def end(self, leaves: Leaves) -> None:
        """After the last leaf: checkpoints of more events than there are."""
        for note in self._kept:
            text = f"event {leaves.place} is missing: {note.size} were sealed by the checkpoint kept elsewhere"
            self._report.add(Finding("cut off", text, leaves.place))
        while (checkpoint := await self._stored.peek()) is not None:
            await self._stored.take()
            self._add(f"a checkpoint of {checkpoint.size} events is stored, {leaves.place} are there", leaves.place)

    def _check(self, checkpoint: StoredCheckpoint, leaves: Leaves) -> str | None:
        """A stored checkpoint; its text, None where it has none."""
        size = checkpoint.size
        try:
            note = Note.parse(checkpoint.note)
        except Malformed:
            self._add(f"the stored checkpoint of {size} events was changed: it cannot be read", size)
            return None
        before, self._before = self._before, note.digest
        if note.size != size or not note.signed_by(self._keys):
            self._add(f"the stored checkpoint of {size} events was changed: it is not signed by this log", size)
            return note.text
        if note.previous != before:
            self._add(f"a stored checkpoint before that of {size} events was changed or is missing", size)
        self._report.checkpoint = checkpoint.note
        self._root(note, leaves, "stored")
        return note.text

    def _root(self, note: Note, leaves: Leaves, where: str) -> None:
        """The tree is what was signed. Else something since the last root that held is not what it was; then every
        later root differs too, so it is said once."""
        if leaves.broken or self._rewritten or leaves.place != note.size:
            return
        if leaves.tree.root() == note.root:
            self._held[where] = note.size
            return
        self._rewritten = True
        first, last = max(self._held["kept elsewhere"], self._held[where]), note.size - 1
        span = f"event {last}" if last == first else f"one of the events {first} to {last}"
        text = f"{span} is not what was signed: the checkpoint of {note.size} events ({where}) does not hold"
        self._report.add(Finding("rewritten", text, first))

    def _add(self, text: str, size: int | None) -> None:
        self._report.add(Finding("checkpoint", text, size))
