"""People are the connected components of SAME decisions between source patients.

Pure and independent of order: the same statements and decisions give the same people, however they arrived. A
human's NOT THE SAME cuts every automatic path between its two sides, and nobody has two verified NHS numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from integration.identity.compare import Outcome
from integration.identity.demographics import Demographics
from mappings.ids import keyed_id


@dataclass(frozen=True)
class Decision:
    """One pairwise decision, `a` < `b`. `made_by`: `rule`, `feed`, or the person who decided."""

    a: UUID
    b: UUID
    outcome: Outcome
    made_by: str
    reason: str
    strength: int = 0

    @property
    def by_person(self) -> bool:
        return self.made_by not in ("rule", "feed")

    def order(self) -> tuple[int, int, UUID, UUID]:
        """Persons' decisions first, then feeds' own merges, then rules from the strongest."""
        rank = 0 if self.by_person else 1 if self.made_by == "feed" else 2
        return (rank, self.strength, self.a, self.b)


@dataclass(frozen=True)
class People:
    """`members` maps each source patient to its group's smallest member; `refused` are the automatic SAME decisions
    that were not followed because they contradict something stronger: they go to the review queue."""

    members: Mapping[UUID, UUID]
    refused: tuple[Decision, ...]


def people(nodes: Mapping[UUID, Demographics], decisions: Iterable[Decision]) -> People:
    """Group source patients into people. Decisions about source patients outside `nodes` are left alone."""
    groups = _Groups(nodes)
    known = [one for one in decisions if one.a in nodes and one.b in nodes]
    groups.forbid(one for one in known if one.outcome == "NOT THE SAME")
    same = sorted((one for one in known if one.outcome == "SAME"), key=Decision.order)
    refused: list[Decision] = []
    for decision in (one for one in same if one.strength < _BY_NAME):
        if not groups.join(decision):
            refused.append(decision)
    by_name = [one for one in same if one.strength >= _BY_NAME]
    ambiguous = groups.ambiguous(by_name)
    for decision in by_name:
        if decision in ambiguous or not groups.join(decision):
            refused.append(decision)
    return People(groups.smallest_members(), tuple(refused))


_BY_NAME = 2
"""Strength from which a link rests on names alone, without a number."""


def person_id(secret: bytes, members: Mapping[UUID, Demographics]) -> UUID:
    """Id of the person these source patients are: keyed hash of the verified NHS number where there is one, else of
    the smallest source patient."""
    numbers = sorted(one.nhs_number for one in members.values() if one.nhs_number and one.verified)
    if numbers:
        return UUID(keyed_id(secret, "person", "nhs-number", numbers[0]))
    return UUID(keyed_id(secret, "person", "source-patient", str(min(members))))


class _Groups:
    """Disjoint sets that refuse a union that would contradict a verified number or a person's decision."""

    def __init__(self, nodes: Mapping[UUID, Demographics]) -> None:
        self._parent = {node: node for node in nodes}
        self._members = {node: {node} for node in nodes}
        self._numbers = {node: {who.nhs_number} if who.verified else set() for node, who in nodes.items()}
        self._forbidden: dict[UUID, set[UUID]] = defaultdict(set)

    def forbid(self, decisions: Iterable[Decision]) -> None:
        for decision in decisions:
            self._forbidden[decision.a].add(decision.b)
            self._forbidden[decision.b].add(decision.a)

    def root(self, node: UUID) -> UUID:
        while self._parent[node] != node:
            self._parent[node] = node = self._parent[self._parent[node]]
        return node

    def join(self, decision: Decision) -> bool:
        """Unite both sides; False when that is refused. A person's decision is followed whatever the numbers say."""
        a, b = self.root(decision.a), self.root(decision.b)
        if a == b:
            return True
        if self._contradicts(a, b) or (self._numbers_differ(a, b) and not decision.by_person):
            return False
        self._parent[b] = a
        self._members[a] |= self._members.pop(b)
        self._numbers[a] = self._numbers[a] | self._numbers.pop(b)
        return True

    def ambiguous(self, decisions: Iterable[Decision]) -> set[Decision]:
        """Decisions that touch a group which could, by name, be either of two people with different numbers."""
        partners: dict[UUID, set[UUID]] = defaultdict(set)
        listed = list(decisions)
        for one in listed:
            a, b = self.root(one.a), self.root(one.b)
            partners[a].add(b)
            partners[b].add(a)
        doubtful = {
            group
            for group, others in partners.items()
            if any(self._numbers_differ(x, y) for x in others for y in others if x < y)
        }
        return {one for one in listed if self.root(one.a) in doubtful or self.root(one.b) in doubtful}

    def smallest_members(self) -> dict[UUID, UUID]:
        smallest = {root: min(members) for root, members in self._members.items()}
        return {node: smallest[self.root(node)] for node in self._parent}

    def _contradicts(self, a: UUID, b: UUID) -> bool:
        small, large = sorted((self._members[a], self._members[b]), key=len)
        return any(self._forbidden[member] & large for member in small if member in self._forbidden)

    def _numbers_differ(self, a: UUID, b: UUID) -> bool:
        return len(self._numbers[a] | self._numbers[b]) > 1
