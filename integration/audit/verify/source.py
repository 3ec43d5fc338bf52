"""What the checker reads, from wherever it is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf as stored, and the event that belongs to it: `row` has the columns of `said.COLUMNS`, as `said.said` has
    them, `salt` and `content` its bytes; all three None where there is no such event."""

    index: int
    event: UUID
    hash: bytes
    row: tuple[Any, ...] | None
    salt: bytes | None
    content: bytes | None


@dataclass(frozen=True, slots=True)
class StoredNode:
    level: int
    index: int
    hash: bytes


class StoredCheckpoint(NamedTuple):
    size: int
    note: str


class Stray(NamedTuple):
    """An event without a place. `hash` is what waits to be sealed for it; None: nothing does."""

    event: UUID
    recorded: datetime | None
    hash: bytes | None
    salt: bytes | None
    content: bytes | None


class Source(Protocol):
    """A log, in one unchanging view of it."""

    def leaves(self) -> AsyncIterator[Leaf]:
        """By index."""

    def nodes(self) -> AsyncIterator[StoredNode]:
        """In the order in which a growing tree completes them."""

    def checkpoints(self) -> AsyncIterator[StoredCheckpoint]:
        """By size."""

    def strays(self) -> AsyncIterator[Stray]:
        """Events that wait to be sealed, and events that nothing knows of."""
