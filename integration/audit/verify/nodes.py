"""The stored hashes of subtrees against those the leaves make."""

from collections.abc import AsyncIterator
from typing import Generic, TypeVar

from integration.audit.verify.report import Finding, Report
from integration.audit.verify.source import StoredNode

T = TypeVar("T")


class Ahead(Generic[T]):
    """A stream whose next item may be looked at before it is taken."""

    def __init__(self, items: AsyncIterator[T]) -> None:
        self._items = items
        self._held: T | None = None

    async def peek(self) -> T | None:
        """The next item; None at the end."""
        if self._held is None:
            self._held = await anext(self._items, None)
        return self._held

    async def take(self) -> None:
        """Go on to the next."""
        await self.peek()
        self._held = None


class Nodes:
    """Both sides in the order in which a growing tree completes its subtrees."""

    def __init__(self, stored: AsyncIterator[StoredNode], report: Report) -> None:
        self._stored = Ahead(stored)
        self._report = report

    async def compare(self, completed: tuple[int, int, bytes]) -> None:
        """A subtree was completed: level, index, hash."""
        right = StoredNode(*completed)
        while (node := await self._stored.peek()) is not None and _place(node) < _place(right):
            await self._stored.take()
            self._report.add(_node(node, "is stored, and belongs to no subtree"))
        if node is None or _place(node) != _place(right):
            self._report.add(_node(right, "is missing"))
            return
        await self._stored.take()
        if node.hash != right.hash:
            self._report.add(_node(right, "is not what its events make"))

    async def end(self) -> None:
        """Nothing may be left."""
        while (node := await self._stored.peek()) is not None:
            await self._stored.take()
            self._report.add(_node(node, "is stored, and belongs to no subtree"))


def _place(node: StoredNode) -> tuple[int, int]:
    return node.index + 1 << node.level, node.level


def _node(node: StoredNode, what: str) -> Finding:
    first = node.index << node.level
    events = f"events {first} to {first + (1 << node.level) - 1}"
    return Finding("node", f"the tree's hash of {events} (level {node.level}, index {node.index}) {what}", first)
