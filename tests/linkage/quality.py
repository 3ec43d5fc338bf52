"""Who is linked rightly: every pair of records that share a block is compared, people are derived, and both are held
against the truth."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import TypeAlias
from uuid import UUID

from integration.identity.blocks import CROWDED, blocks, number_blocks
from integration.identity.compare import Comparison
from integration.identity.demographics import Demographics
from integration.identity.people import Decision, people
from tests.linkage.records import Record

Pair: TypeAlias = tuple[int, int]
Compare: TypeAlias = Callable[[Demographics, Demographics], Comparison | None]


@dataclass(frozen=True)
class Share:
    """`part` of `whole`, with its 95% interval (Wilson)."""

    part: int
    whole: int

    @property
    def value(self) -> float:
        return self.part / self.whole if self.whole else 1.0

    def interval(self) -> tuple[float, float]:
        """https://doi.org/10.1080/01621459.1927.10502953"""
        if not self.whole:
            return 0.0, 1.0
        z, n = 1.959964, self.whole
        middle = (self.value + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * sqrt(self.value * (1 - self.value) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Quality:
    """Of pairs of records. `precision`: of those linked, how many are of one person; `recall`: of those of one person,
    how many are linked, and with the review queue how many are once somebody has decided rightly what waits there."""

    precision: Share
    recall: Share
    with_review: Share


@dataclass(frozen=True)
class Measured:
    """Pairs of places of records: of one person in truth, linked, and linked once somebody has decided rightly what
    waits. `queue`: pairs of records that wait, of so many records; `questions`: the pairs of people they come to, each
    an item of the review queue."""

    same: frozenset[Pair]
    linked: frozenset[Pair]
    found: frozenset[Pair]
    queue: Share
    questions: int

    def quality(self, places: Collection[int] | None = None) -> Quality:
        """Of the pairs that one of these records is in; of all pairs where no records are given."""
        same, linked, found = (
            pairs if places is None else {pair for pair in pairs if pair[0] in places or pair[1] in places}
            for pairs in (self.same, self.linked, self.found)
        )
        right = len(linked & same)
        return Quality(Share(right, len(linked)), Share(right, len(same)), Share(len(found & same), len(same)))


def crowded(records: Sequence[Record]) -> frozenset[int]:
    """Blocks that find nobody."""
    counted = Counter(block for one in records for block in blocks(one.says))
    return frozenset(block for block, count in counted.items() if count > CROWDED)


def candidates(records: Sequence[Record]) -> set[Pair]:
    """Pairs of places of records that share a block, as `integration.identity.candidates` finds them."""
    inside, empty = defaultdict[int, list[int]](list), crowded(records)
    for place, one in enumerate(records):
        for block in (blocks(one.says) | number_blocks(one.says)) - empty:
            inside[block].append(place)
    return {pair for places in inside.values() for pair in combinations(places, 2)}


def decided(records: Sequence[Record], pairs: Iterable[Pair], by: Compare) -> list[Decision]:
    """What the rules say of each pair."""
    return [
        Decision(UUID(int=a), UUID(int=b), found.outcome, "rule", found.reason, found.strength)
        for a, b in pairs
        if (found := by(records[a].says, records[b].says))
    ]


def measured(records: Sequence[Record], decisions: Sequence[Decision]) -> Measured:
    """How good the people are who come of these decisions."""
    grouped = people({UUID(int=place): one.says for place, one in enumerate(records)}, decisions)
    group = {node.int: smallest.int for node, smallest in grouped.members.items()}
    waiting = {
        (one.a.int, one.b.int)
        for one in (*(one for one in decisions if one.outcome == "POSSIBLE"), *grouped.refused)
        if group[one.a.int] != group[one.b.int]
    }
    return weighed_up(records, group, waiting)


def weighed_up(records: Sequence[Record], group: Mapping[int, int], waiting: set[Pair]) -> Measured:
    """How good a grouping of the records is. `group`: place of a record -> its group."""
    asked = {tuple(sorted((group[a], group[b]))) for a, b in waiting}
    reviewed = _reviewed(records, group, waiting)
    truth = {place: one.truth for place, one in enumerate(records)}
    same, linked, found = (frozenset(_pairs(one)) for one in (truth, group, reviewed))
    return Measured(same, linked, found, Share(len(waiting), len(records)), len(asked))


def _reviewed(records: Sequence[Record], group: Mapping[int, int], waiting: Iterable[Pair]) -> dict[int, int]:
    """The groups once somebody has united those waiting pairs that are of one person."""
    right = ((group[a], group[b]) for a, b in waiting if records[a].truth == records[b].truth)
    united = components(set(group.values()), right)
    return {place: united[one] for place, one in group.items()}


def components(nodes: Iterable[int], edges: Iterable[Pair]) -> dict[int, int]:
    """Each node's representative: the same for what hangs together."""
    above = {node: node for node in nodes}

    def top(node: int) -> int:
        while above[node] != node:
            above[node] = node = above[above[node]]
        return node

    for a, b in edges:
        above[top(a)] = top(b)
    return {node: top(node) for node in above}


def _pairs(group: Mapping[int, int]) -> Iterator[Pair]:
    members = defaultdict[int, list[int]](list)
    for place, one in group.items():
        members[one].append(place)
    for places in members.values():
        yield from combinations(sorted(places), 2)
