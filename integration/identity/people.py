"""People are the connected components of SAME decisions between source patients.

Pure and independent of order: the same statements and decisions give the same people, however they arrived. A
human's NOT THE SAME cuts every path between its two sides, and nobody has two verified NHS numbers unless a human, or
the authority that issues the numbers, says that both are one person's.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias
from uuid import UUID

from integration.identity.compare import DOUBT, Outcome
from integration.identity.demographics import Demographics
from mappings.ids import keyed_id

AUTOMATIC = ("feed", "rule")
"""What `made_by` says where no person decided."""
OF_AUTHORITY, OF_SOURCE = 0, 1
"""Strength of a feed's merge: by the authority that issues NHS numbers, or by a source of its own two records."""
LARGEST = 50
"""Records that are taken for one person without a human's word. More of them are no person but a placeholder that many
records share, and would make everybody's linkage slow."""


@dataclass(frozen=True)
class Decision:
    """One pairwise decision, `a` < `b`. `made_by`: `rule`, `feed`, or the person who decided. `strength` of a rule's:
    see `compare`; of a feed's: whether it is the authority's or a source's own merge."""

    a: UUID
    b: UUID
    outcome: Outcome
    made_by: str
    reason: str
    strength: int = 0
    stated_by: UUID | None = None
    """Of a feed's merge: the record that its source replaced by the other one."""

    @property
    def by_person(self) -> bool:
        return self.made_by not in AUTOMATIC

    def weight(self) -> tuple[int, int]:
        """Persons' decisions first, then merges by the authority, sources' own, then rules from the strongest."""
        return (AUTOMATIC.index(self.made_by) + 1, self.strength) if not self.by_person else (0, 0)

    def order(self) -> tuple[tuple[int, int], UUID, UUID]:
        return (self.weight(), self.a, self.b)


@dataclass(frozen=True)
class People:
    """`members` maps each source patient to its group's smallest member; `refused` are the SAME decisions that were
    not followed because they contradict something stronger or each other: they go to the review queue. `superseded`
    are verified NHS numbers that their authority has replaced by another one of the same person."""

    members: Mapping[UUID, UUID]
    refused: tuple[Decision, ...]
    superseded: frozenset[str] = frozenset()


def people(nodes: Mapping[UUID, Demographics], decisions: Iterable[Decision]) -> People:
    """Group source patients into people, from the strongest decisions to the weakest. Those of one weight count
    together: where they contradict each other none of them is followed, for no id of ours makes one of them better.
    Decisions about source patients outside `nodes` are left alone."""
    known = [one for one in decisions if one.a in nodes and one.b in nodes]
    groups = _Groups(nodes, known)
    same = sorted((one for one in known if one.outcome == "SAME"), key=Decision.order)
    for weight, equal in groupby(same, Decision.weight):
        groups.follow(weight, list(equal))
    members = groups.smallest_members()
    refused = tuple(one for one in same if members[one.a] != members[one.b])
    superseded = (_replaced(nodes, one) for one in same if members[one.a] == members[one.b])
    return People(members, refused, frozenset[str]().union(*superseded))


def _replaced(nodes: Mapping[UUID, Demographics], merge: Decision) -> set[str]:
    """The number that the authority replaced by this merge of two of its records."""
    if merge.weight() != _BY_AUTHORITY or merge.stated_by not in (merge.a, merge.b):
        return set()
    old, new = nodes[merge.stated_by], nodes[merge.b if merge.stated_by == merge.a else merge.a]
    return _verified(old) - _verified(new) if _verified(new) else set()


def person_ids(secret: bytes, grouped: People, nodes: Mapping[UUID, Demographics]) -> dict[UUID, UUID]:
    """Id of the person whom each source patient is: keyed hash of the verified NHS number where there is one, else of
    the smallest source patient. A number in force goes before one that was superseded. A number that stands for two
    people, because somebody decided that they are not the same, is the id of neither: it must not bring them together
    again, nor pass from one to the other."""
    numbers: dict[UUID, set[str]] = defaultdict(set)
    for node, group in grouped.members.items():
        numbers[group] |= _verified(nodes[node])
    holders = Counter(number for held in numbers.values() for number in held)
    ids = {
        group: _person_id(secret, group, own - grouped.superseded or own)
        for group, held in numbers.items()
        for own in [{one for one in held if holders[one] == 1}]
    }
    return {node: ids[group] for node, group in grouped.members.items()}


def issued_to(secret: bytes, ids: Mapping[UUID, UUID], nodes: Mapping[UUID, Demographics]) -> dict[UUID, UUID]:
    """For which source patient each person's id is issued: the smallest that states the number which the id is the
    hash of, else the smallest. An id of a number must not go with a record that was only thought to be that person's.
    """
    found: dict[UUID, tuple[bool, UUID]] = {}
    for node, id_ in ids.items():
        of_number = any(_person_id(secret, node, [number]) == id_ for number in _verified(nodes[node]))
        found[id_] = min(found.get(id_, (True, node)), (not of_number, node))
    return {id_: node for id_, (_, node) in found.items()}


def _person_id(secret: bytes, smallest: UUID, numbers: Collection[str]) -> UUID:
    if numbers:
        return UUID(keyed_id(secret, "person", "nhs-number", min(numbers)))
    return UUID(keyed_id(secret, "person", "source-patient", str(smallest)))


def _verified(who: Demographics) -> set[str]:
    return {who.nhs_number} if who.nhs_number and who.verified else set()


_Group: TypeAlias = frozenset[UUID]


class _Groups:
    """Source patients in groups, which are united unless that would contradict a number, a doubt or a person."""

    def __init__(self, nodes: Mapping[UUID, Demographics], decisions: Iterable[Decision]) -> None:
        self._nodes = nodes
        self._group = {node: frozenset({node}) for node in nodes}
        self._apart: dict[UUID, set[UUID]] = defaultdict(set)
        self._doubted: dict[UUID, set[UUID]] = defaultdict(set)
        for one in decisions:
            if one.outcome == "NOT THE SAME":
                _add(self._apart, one)
            elif one.outcome == "POSSIBLE" and one.strength <= DOUBT:
                _add(self._doubted, one)

    def follow(self, weight: tuple[int, int], decisions: Sequence[Decision]) -> None:
        """Unite the groups that these decisions of one weight connect. Refused are one between two groups that cannot
        be one person, then whatever connects such groups through others. Names alone choose nothing: there a
        contradiction, or a second number, refuses all that is connected with it."""
        edges = {ends for one in decisions if len(set(ends := (self._group[one.a], self._group[one.b]))) > 1}
        possible = [ends for ends in edges if weight >= _BY_NAME or not self._contradict(weight, ends)]
        for component in _components(possible):
            if not self._contradict(weight, component):
                united = frozenset[UUID]().union(*component)
                self._group.update(dict.fromkeys(united, united))

    def smallest_members(self) -> dict[UUID, UUID]:
        smallest = {group: min(group) for group in set(self._group.values())}
        return {node: smallest[group] for node, group in self._group.items()}

    def _contradict(self, weight: tuple[int, int], groups: Collection[_Group]) -> bool:
        """Whether these cannot be one person. Decisions of this weight would make them one."""
        everybody = frozenset[UUID]().union(*groups)
        if _any_between(self._apart, groups, everybody) or (weight > _BY_PERSON and len(everybody) > LARGEST):
            return True
        if weight >= _BY_DOUBTFUL_NUMBER and _any_between(self._doubted, groups, everybody):
            return True
        if weight >= _BY_NAME:
            return len({number for node in everybody if (number := self._nodes[node].nhs_number)}) > 1
        return weight > _BY_AUTHORITY and self._new_mixture(groups, everybody)

    def _new_mixture(self, groups: Iterable[_Group], everybody: _Group) -> bool:
        """Whether verified numbers would come together that neither a person nor their authority has put together."""
        numbers = self._verified(everybody)
        return len(numbers) > 1 and all(self._verified(group) != numbers for group in groups)

    def _verified(self, group: _Group) -> set[str]:
        return {number for node in group for number in _verified(self._nodes[node])}


_BY_PERSON = (0, 0)
_BY_AUTHORITY = (1, OF_AUTHORITY)
_BY_DOUBTFUL_NUMBER = (2, 1)
_BY_NAME = (2, 2)
"""Weight from which a link rests on names alone, without a number."""


def _add(pairs: dict[UUID, set[UUID]], decision: Decision) -> None:
    pairs[decision.a].add(decision.b)
    pairs[decision.b].add(decision.a)


def _any_between(pairs: Mapping[UUID, set[UUID]], groups: Iterable[_Group], everybody: _Group) -> bool:
    """Whether one of the pairs is of two different groups."""
    return any(not group.issuperset(pairs[node] & everybody) for group in groups for node in group if node in pairs)


def _components(edges: Iterable[tuple[_Group, _Group]]) -> Iterable[Collection[_Group]]:
    """What hangs together."""
    found: dict[_Group, set[_Group]] = {}
    for a, b in edges:
        small, large = sorted((found.setdefault(a, {a}), found.setdefault(b, {b})), key=len)
        if small is not large:
            large |= small
            found.update(dict.fromkeys(small, large))
    return {id(component): component for component in found.values()}.values()
