"""RFC 6962, 2.1, for somebody who walks along the leaves once."""

from collections.abc import Iterator
from hashlib import sha256

EVERY = 8
"""Of the tree's levels every eighth is stored."""


def leaf(salt: bytes, content: bytes) -> bytes:
    return sha256(b"\x00" + salt + content).digest()


class Mountains:
    """A growing tree, held as its complete subtrees, largest first: at most one for each power of two."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def add(self, hash_: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf; level, index and hash of each stored subtree that it completes, from below."""
        stored = []
        level, rest = 0, self.size
        while rest & 1:
            hash_ = sha256(b"\x01" + self._peaks.pop() + hash_).digest()
            level, rest = level + 1, rest >> 1
            if level % EVERY == 0:
                stored.append((level, rest, hash_))
        self._peaks.append(hash_)
        self.size += 1
        return stored

    def root(self) -> bytes:
        peaks = self._from_the_right()
        root = next(peaks, sha256(b"").digest())
        for peak in peaks:
            root = sha256(b"\x01" + peak + root).digest()
        return root

    def _from_the_right(self) -> Iterator[bytes]:
        return reversed(self._peaks)
