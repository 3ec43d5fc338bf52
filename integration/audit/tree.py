"""The Merkle tree of RFC 6962, 2.1: hashing, appending, roots and proofs. Pure.

Every leaf is stored, and of the hashes above them those of levels 8, 16, 24 ...: one for 256 events, one for 65,536.
What lies between is folded from at most 255 stored hashes when a root or a proof needs it, so that appending writes one
row for an event and a proof reads a few hundred short rows however large the tree is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from integration.errors import NotPossible

STRIDE = 8
SPAN = 1 << STRIDE
EMPTY = sha256(b"").digest()
"""Root of the tree without leaves."""


def leaf_hash(salt: bytes, content: bytes) -> bytes:
    """The hash of a leaf whose entry is `salt` and `content` together. The salt is random, so that the hash tells
    nothing of a content that is gone."""
    return sha256(b"\x00" + salt + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes of one level."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
    return hashes[0]


@dataclass(frozen=True)
class Span:
    """Stored hashes of one level (0 = leaves), side by side."""

    level: int
    first: int
    count: int


@dataclass(frozen=True)
class Node:
    """A hash to be stored: it stands for the 2 ** level leaves from index * 2 ** level."""

    level: int
    index: int
    hash: bytes


@dataclass
class Edge:
    """The right edge of a tree of `size` leaves: of each stored level, the hashes under no hash of the level above."""

    size: int = 0
    levels: list[list[bytes]] = field(default_factory=lambda: [[]])

    @staticmethod
    def spans(size: int) -> list[Span]:
        """What must be read to go on appending to a tree of this size, from the leaves upwards."""
        spans = [Span(0, size >> STRIDE << STRIDE, size % SPAN)]
        while count := size >> STRIDE * len(spans):
            spans.append(Span(STRIDE * len(spans), count >> STRIDE << STRIDE, count % SPAN))
        return spans

    def append(self, leaf: bytes) -> list[Node]:
        """Add a leaf; the hashes that it completed, which are to be stored."""
        completed: list[Node] = []
        self.size += 1
        self.levels[0].append(leaf)
        while len(self.levels[len(completed)]) == SPAN:
            depth = len(completed) + 1
            node = Node(STRIDE * depth, (self.size >> STRIDE * depth) - 1, fold(self.levels[depth - 1]))
            self.levels[depth - 1] = []
            if depth == len(self.levels):
                self.levels.append([])
            self.levels[depth].append(node.hash)
            completed.append(node)
        return completed

    def root(self) -> bytes:
        """The root hash (RFC 6962, 2.1)."""
        return _joined(part for level in reversed(self.levels) for part in _parts(level))


def _parts(hashes: Sequence[bytes]) -> Iterable[bytes]:
    """Roots of the largest complete subtrees over these, from the left."""
    at = 0
    while at < len(hashes):
        size = 1 << (len(hashes) - at).bit_length() - 1
        yield fold(hashes[at : at + size])
        at += size


def _joined(parts: Iterable[bytes]) -> bytes:
    """The root over complete subtrees of falling size."""
    *left, root = (*parts,) or (EMPTY,)
    for part in reversed(left):
        root = node_hash(part, root)
    return root


Range = tuple[int, int]
"""Leaves from the first number until before the second."""


def inclusion(index: int, size: int) -> list[Range]:
    """Whose hashes make the audit path of a leaf, from its sibling upwards (RFC 6962, 2.1.1). Raises NotPossible."""
    if not 0 <= index < size:
        raise NotPossible(f"a tree of {size} events has no event {index}")
    path, start, end = list[Range](), 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        path.append((middle, end) if index < middle else (start, middle))
        start, end = (start, middle) if index < middle else (middle, end)
    return path[::-1]


def consistency(first: int, second: int) -> list[Range]:
    """Whose hashes prove that the tree of `first` leaves is the beginning of that of `second` (RFC 6962, 2.1.2). Raises
    NotPossible."""
    if not 0 < first <= second:
        raise NotPossible(f"there is no proof from {first} to {second} events: give two sizes, the smaller first")
    proof, start, end = list[Range](), 0, second
    while first != end:
        middle = start + _split(end - start)
        proof.append((middle, end) if first <= middle else (start, middle))
        start, end = (start, middle) if first <= middle else (middle, end)
    return [*([(start, end)] if start else []), *proof[::-1]]


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def stored(leaves: Range) -> list[Span]:
    """The stored hashes from which the hash of a range is made, one span for each complete subtree in it. The range is
    one of those that proofs are made of: its start is a multiple of its largest subtree."""
    spans: list[Span] = []
    start, end = leaves
    while start < end:
        level = (end - start).bit_length() - 1
        below = level // STRIDE * STRIDE
        spans.append(Span(below, start >> below, 1 << level - below))
        start += 1 << level
    return spans


def hash_of(spans: Sequence[Sequence[bytes]]) -> bytes:
    """The hash of a range from what its spans hold."""
    return _joined(fold(hashes) for hashes in spans)
