"""Counting what new agreements would do: by calling organisation, source organisation and kind of information, with
examples by role; never by name nor id. Pure."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec import Struct

from integration.sharing.effect import Asker, Differences
from integration.sharing.request import Label

SEE, LOSE = "would newly see", "would lose"
KNOWN = "that the person is known"
"""Rows about whether people are shown to exist at all: nobody's statement, so without a source."""
LOCATED = "where people are who must not be found"
Unit = TypeVar("Unit", bound=Hashable)
"""What is shown or withheld as a whole: a label's rows, or a single row."""
Changed = Mapping[Asker, tuple[frozenset[Unit], frozenset[Unit]]]
"""What each asker would newly see, and lose."""


class ByRole(Struct, frozen=True):
    role: str
    purpose: str
    people: int
    resources: int


class Row(Struct, frozen=True):
    """What people of one organisation would newly see or lose of one kind of information of one source, in one role at
    least. `source` is empty where it is nobody's statement. `emergency`: only when they declare one."""

    organisation: str
    change: str
    source: str
    what: str
    emergency: bool
    people: int
    resources: int
    by: tuple[ByRole, ...]
    """Each role and purpose; those with most people first."""


@dataclass
class _Cell:
    people: int = 0
    resources: int = 0

    def add(self, people: int, resources: int) -> None:
        self.people += people
        self.resources += resources


_Place = tuple[str, str, str, str, bool]
_Everybody = ("", "")


@dataclass
class Tally:
    """The counts so far. Each person is counted once for each organisation: they belong to one of its groups."""

    _cells: dict[_Place, dict[tuple[str, str], _Cell]] = field(default_factory=dict)

    def count(
        self,
        people: Mapping[frozenset[Unit], int],
        resources: Mapping[Unit, int],
        changed: Changed[Unit],
        label_of: Callable[[Unit], Label],
    ) -> None:
        """Add people of one group: how many have exactly which units, and how many resources each unit is."""
        for place, role, units in _by_place(changed, label_of):
            concerned = sum(number for held, number in people.items() if not units.isdisjoint(held))
            if concerned:
                self._add(place, role, concerned, sum(resources.get(unit, 0) for unit in units))

    def count_known(self, organisation: str, found: Differences, number: int) -> None:
        """Add who would newly be known to exist, or no longer: all `number` people of a group."""
        held = frozenset({0})
        moves = {one: (_if(now.known, held), _if(then.known, held)) for one, (now, then) in found.items()}
        self._count_moves(organisation, KNOWN, moves, {held: number})

    def count_located(self, organisation: str, found: Differences, people: Mapping[frozenset[int], int]) -> None:
        """Add who would newly be found, or no longer, by the rows of at least one label of theirs; `people`: how many
        have exactly which labels."""
        moves = {one: (now.located, then.located) for one, (now, then) in found.items()}
        self._count_moves(organisation, LOCATED, moves, people)

    def _count_moves(
        self,
        organisation: str,
        what: str,
        moves: Mapping[Asker, tuple[frozenset[int], frozenset[int]]],
        people: Mapping[frozenset[int], int],
    ) -> None:
        changed = {asker: (then - now, now - then) for asker, (now, then) in moves.items()}
        for (_, change, _, _, emergency), role, units in _places(without_repetition(changed)):
            concerned = sum(number for held, number in people.items() if not units.isdisjoint(held))
            if concerned:
                self._add((organisation, change, "", what, emergency), role, concerned, 0)

    def _add(self, place: _Place, role: tuple[str, str], people: int, resources: int) -> None:
        self._cells.setdefault(place, {}).setdefault(role, _Cell()).add(people, resources)

    def rows(self) -> list[Row]:
        """What was counted; what most people are concerned by first."""
        rows = [
            Row(organisation, change, source, what, emergency, whole.people, whole.resources, _by_role(cells))
            for (organisation, change, source, what, emergency), cells in self._cells.items()
            if (whole := cells.get(_Everybody))
        ]
        return sorted(rows, key=lambda row: (row.emergency, -row.people, -row.resources, _name(row)))


def _if(holds: bool, units: frozenset[int]) -> frozenset[int]:
    return units if holds else frozenset()


def _name(row: Row) -> tuple[str, str, str, str]:
    return row.organisation, row.change, row.source, row.what


def _by_role(cells: Mapping[tuple[str, str], _Cell]) -> tuple[ByRole, ...]:
    found = [ByRole(*role, cell.people, cell.resources) for role, cell in cells.items() if role != _Everybody]
    return tuple(sorted(found, key=lambda one: (-one.people, -one.resources, one.role, one.purpose)))


def without_repetition(changed: Changed[Unit]) -> dict[Asker, tuple[frozenset[Unit], frozenset[Unit]]]:
    """Of an emergency, only what it adds to what the same people would see or lose without declaring one."""
    none: tuple[frozenset[Unit], frozenset[Unit]] = (frozenset(), frozenset())
    found = {}
    for asker, (gained, lost) in changed.items():
        plain = changed.get(Asker(asker.organisation, asker.role, asker.purpose), none) if asker.emergency else none
        found[asker] = (gained - plain[0], lost - plain[1])
    return found


def _by_place(
    changed: Changed[Unit], label_of: Callable[[Unit], Label]
) -> Iterable[tuple[_Place, tuple[str, str], frozenset[Unit]]]:
    for place, role, units in _places(without_repetition(changed)):
        sources: dict[tuple[str, str], set[Unit]] = {}
        for unit in units:
            label = label_of(unit)
            sources.setdefault((label.organisation, str(label.category)), set()).add(unit)
        for (source, what), held in sources.items():
            yield (place[0], place[1], source, what, place[4]), role, frozenset(held)


def _places(changed: Changed[Unit]) -> Iterable[tuple[_Place, tuple[str, str], frozenset[Unit]]]:
    """The units of every asker, and of all askers of an organisation together, by what becomes of them."""
    together: dict[_Place, set[Unit]] = {}
    for asker, both in changed.items():
        for change, units in zip((SEE, LOSE), both, strict=True):
            if units:
                place = (asker.organisation, change, "", "", asker.emergency)
                yield place, (asker.role, asker.purpose), units
                together.setdefault(place, set()).update(units)
    for place, held in together.items():
        yield place, _Everybody, frozenset(held)
