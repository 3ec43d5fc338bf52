"""What was kept elsewhere: checkpoints, and the copy of leaf hashes that belongs to one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from integration.audit.verify.hashing import Mountains
from integration.audit.verify.notes import Malformed, Note, read_note

_ID, _LEAF = 16, 48
"""Bytes of an event's id, and of id and leaf hash together, in the file `leaves`."""
_EACH = 8192


@dataclass(frozen=True)
class Copy:
    """The folder that the log is copied to: `leaves` up to `note`."""

    path: Path
    note: Note

    @classmethod
    def read(cls, folder: Path) -> "Copy":
        """Raises Malformed when the folder's leaf hashes are not those of its checkpoint, OSError when it is not
        there."""
        copy = cls(folder / "leaves", read_note((folder / "checkpoint").read_text("utf-8")))
        tree = Mountains()
        for _, hash_ in copy.leaves():
            tree.add(hash_)
        if tree.size != copy.note.size or tree.root() != copy.note.root:
            raise Malformed(f"the leaf hashes of {folder} are not those of its checkpoint: the copy itself was changed")
        return copy

    def leaves(self) -> Iterator[tuple[UUID, bytes]]:
        """Id and leaf hash of each event, in order."""
        with self.path.open("rb") as file:
            for place in range(0, self.note.size * _LEAF, _EACH * _LEAF):
                block = file.read(min(_EACH * _LEAF, self.note.size * _LEAF - place))
                for at in range(0, len(block) - _LEAF + 1, _LEAF):
                    yield UUID(bytes=block[at : at + _ID]), block[at + _ID : at + _LEAF]


@dataclass(frozen=True)
class Kept:
    """Everything kept elsewhere that was given."""

    notes: Sequence[Note] = ()
    copy: Copy | None = None

    @property
    def by_size(self) -> list[Note]:
        """The checkpoints, that of the copy too, smallest first."""
        return sorted([*self.notes, *([self.copy.note] if self.copy else [])], key=lambda note: note.size)
