"""Each leaf against its event, and against what is the strongest to hold it to be right: the copy of leaf hashes kept
elsewhere; without one, the hash stored with it, which the signed roots then hold to be right or not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from integration.audit.verify import hashing
from integration.audit.verify.hashing import Mountains
from integration.audit.verify.kept import Copy
from integration.audit.verify.notes import Key
from integration.audit.verify.report import Finding, Report
from integration.audit.verify.said import COLUMNS, removed, said
from integration.audit.verify.source import Leaf

_SUSPECTS = 512
"""Wrong leaves that are searched for one another, to tell a reordering from an alteration."""


@dataclass(frozen=True)
class _Suspect:
    """A leaf that is not what was recorded, and what each of the two hashes to."""

    index: int
    event: UUID
    found: bytes
    right: bytes


class Leaves:
    """The leaves so far. `place` is the next index; `tree` has as many leaves, unless it is `broken`: a leaf is gone
    whose hash nobody knows, so that no later root can be told."""

    def __init__(self, keys: Sequence[Key], copy: Copy | None, report: Report) -> None:
        self.place = 0
        self.tree = Mountains()
        self.broken = False
        self._keys = keys
        self._report = report
        self._copied: Iterator[tuple[UUID, bytes]] = copy.leaves() if copy else iter(())
        self._suspects: list[_Suspect] = []
        self._gone: list[list[int]] = []
        """Runs of leaves without an event, first and last: to be accounted for by retention."""
        self._names: dict[int, UUID] = {}
        """The first of them by id."""
        self._removed: list[tuple[int, int]] = []

    def take(self, leaf: Leaf) -> list[tuple[int, int, bytes]]:
        """The next leaf; level, index and hash of the stored subtrees it completes."""
        if leaf.index < self.place:
            text = f"event {leaf.event} stands at place {leaf.index}, which is not its own"
            self._report.add(Finding("inserted", text, max(leaf.index, 0), leaf.event))
            return []
        completed = self._fill(leaf.index)
        found = self._check_event(leaf)
        event, right = next(self._copied, (leaf.event, leaf.hash))
        if found != right:
            self._suspect(_Suspect(leaf.index, event, found, right))
        elif leaf.hash != right:
            self._report.add(_altered(leaf, "the stored leaf hash of"))
        elif event != leaf.event:
            self._report.add(_altered(leaf, f"the id (it was {event}) of"))
        self.place += 1
        return completed + ([] if self.broken else self.tree.add(right))

    def end(self) -> None:
        """After the last leaf: what the copy has beyond it, and what only the whole tells."""
        self._report.size = self.place
        if (beyond := next(self._copied, None)) is not None:
            text = f"event {self.place} ({beyond[0]}) and what followed it are missing: the log's end was cut off"
            self._report.add(Finding("cut off", text, self.place, beyond[0]))
        self._name_suspects()
        self._account()

    def _fill(self, until: int) -> list[tuple[int, int, bytes]]:
        """Places without a leaf. What stood there is known as far as it was copied."""
        completed = []
        while self.place < until and (copied := next(self._copied, None)) is not None:
            text = f"event {self.place} ({copied[0]}) is missing"
            self._report.add(Finding("missing", text, self.place, copied[0]))
            completed += self.tree.add(copied[1])
            self.place += 1
        if self.place < until:
            span = f"event {self.place} is" if until == self.place + 1 else f"events {self.place} to {until - 1} are"
            self._report.add(Finding("missing", f"{span} missing, leaf and all", self.place))
            self.place, self.broken = until, True
        return completed

    def _check_event(self, leaf: Leaf) -> bytes:
        """The leaf hash of the event as it is; of one that is gone, the hash that stands for it."""
        if leaf.row is None or leaf.salt is None or leaf.content is None:
            if self._gone and self._gone[-1][1] == leaf.index - 1:
                self._gone[-1][1] = leaf.index
            else:
                self._gone.append([leaf.index, leaf.index])
            if len(self._names) < _SUSPECTS:
                self._names[leaf.index] = leaf.event
            return leaf.hash
        hash_ = hashing.leaf(leaf.salt, leaf.content)
        if hash_ == leaf.hash:
            self._check_columns(leaf, leaf.row, leaf.content)
        return hash_

    def _check_columns(self, leaf: Leaf, row: tuple[Any, ...], content: bytes) -> None:
        try:
            recorded, runs = said(content), removed(content, self._keys)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            self._report.add(_altered(leaf, "no event can be read from"))
            return
        self._removed += runs
        if recorded == row:
            return
        for name, true, value in zip(COLUMNS, recorded, row, strict=True):
            if true != value:
                text = f"column {name} of event {leaf.index} ({leaf.event}) contradicts its content: searches miss it"
                self._report.add(Finding("column", text, leaf.index, leaf.event))

    def _suspect(self, suspect: _Suspect) -> None:
        if len(self._suspects) < _SUSPECTS:
            self._suspects.append(suspect)
        else:
            self._report.add(_changed(suspect))

    def _name_suspects(self) -> None:
        """Whether what stands at a place was recorded at another, or is new."""
        recorded = {suspect.right: suspect for suspect in self._suspects}
        for suspect in self._suspects:
            place = recorded.get(suspect.found)
            if place is None:
                self._report.add(_changed(suspect))
            else:
                text = (
                    f"event {suspect.index} ({suspect.event}) is not at its place: "
                    f"what stands there was recorded at place {place.index}"
                )
                self._report.add(Finding("reordered", text, suspect.index, suspect.event))

    def _account(self) -> None:
        """What is gone was removed by retention, whose event is in the log, is signed, and says so; else it is
        missing."""
        for first, last in self._gone:
            for start, end in _without((first, last), sorted(self._removed)):
                event = self._names.get(start)
                span = "is" if start == end else f"and what follows it up to {end} are"
                text = f"event {start} ({event}) {span} missing: the leaf is there, and no retention says that it went"
                self._report.add(Finding("missing", text, start, event))
            self._report.removed += last - first + 1


def _altered(leaf: Leaf, what: str) -> Finding:
    verb = "" if what.startswith("no ") else " was changed"
    return Finding("altered", f"{what} event {leaf.index} ({leaf.event}){verb}", leaf.index, leaf.event)


def _changed(suspect: _Suspect) -> Finding:
    text = f"event {suspect.index} ({suspect.event}) is not what was recorded"
    return Finding("altered", text, suspect.index, suspect.event)


def _without(run: tuple[int, int], accounted: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What of a run no accounted run covers. `accounted` is sorted."""
    start, end = run
    for first, last in accounted:
        if first > end:
            break
        if first > start:
            yield start, first - 1
        start = max(start, last + 1)
    if start <= end:
        yield start, end
