"""What new agreements would do to the people there are: who would newly see or lose what. Pure.

Every answer is `decide`'s: asked once under the agreements in force and once under the new ones, for each caller whose
terms differ, and for each group of people whom it cannot tell apart (`alike.py`).
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import structs

from integration.sharing.agreements import LawfulBasis
from integration.sharing.alike import Likeness, speaks_of_rows
from integration.sharing.decide import decide
from integration.sharing.policy import Policy, Terms
from integration.sharing.request import BreakGlass, Caller, DataWindow, Facts, Grant, Label, Request

EMERGENCY = BreakGlass("emergency")
_NO_BASIS = LawfulBasis("", "", "")


@dataclass(frozen=True, order=True)
class Asker:
    """Who might ask: people of an organisation, in one role, for one purpose; `emergency`: having declared one."""

    organisation: str
    role: str
    purpose: str
    emergency: bool = False


def concerned(before: Policy, after: Policy) -> list[Asker]:
    """Everybody whose terms differ under the two. To all others `decide` answers the same under both: it is handed
    the same."""
    found = []
    for key in sorted(before.terms.keys() | after.terms.keys()):
        if _handed(before, key) != _handed(after, key):
            terms = (*before.terms.get(key, ()), *after.terms.get(key, ()))
            found.append(Asker(*key))
            if any(one.glass_minutes for one in terms):
                found.append(Asker(*key, emergency=True))
    return found


def _handed(policy: Policy, key: tuple[str, str, str]) -> tuple[Any, ...]:
    """All of a policy that a decision for one caller can turn on."""
    organisation, role, purpose = key
    known = policy.purposes.get(purpose)
    return (
        organisation in policy.names,
        policy.roles.get(role),
        known.kind if known else None,
        policy.practices,
        [_terms(one) for one in policy.terms.get(key, ())],
    )


def _terms(terms: Terms) -> list[Any]:
    """Without what only explanations show: title, version, bases, review."""
    plain = structs.replace(terms.agreement, id="", version=0, title="", in_short="", basis=_NO_BASIS, review=date.min)
    shown = replace(terms, agreement=plain, citation="")
    return [getattr(shown, one.name) for one in fields(shown)]


@dataclass(frozen=True)
class Seen:
    """What an asker sees of some people: `known`, whether they are shown to exist; the labels; those whose rows tell
    where they are though they must not be found; and single rows that are withheld all the same."""

    known: bool = False
    labels: frozenset[int] = frozenset()
    located: frozenset[int] = frozenset()
    rows: tuple[tuple[DataWindow, ...], tuple[UUID, ...]] = ((), ())
    grant: Grant | None = field(default=None, compare=False)


NOTHING = Seen()


@dataclass(eq=False)
class People:
    """People whom no decision for one organisation tells apart, except by their labels."""

    organisation: str
    example: Facts
    """One of them: the decision about that one, with everybody's labels, is the decision about each."""
    labels: dict[int, Label] = field(default_factory=dict)
    persons: list[UUID] = field(default_factory=list)

    @property
    def rows_matter(self) -> bool:
        """A choice withholds single rows: then this is one person."""
        return speaks_of_rows(self.example)


class Population:
    """The people there are, put together as they are read."""

    def __init__(self, policies: Sequence[Policy], askers: Iterable[Asker], on: date) -> None:
        self._askers: dict[str, list[Asker]] = {}
        for asker in askers:
            self._askers.setdefault(asker.organisation, []).append(asker)
        self._open = {one for one, asking in self._askers.items() if _needs_nobody(policies, asking)}
        self._likeness = Likeness(policies, self._askers, on)
        self._groups: dict[tuple[str, int, Hashable], People] = {}
        self.size = 0

    def add(self, facts: Facts) -> None:
        """One more person. Who has no relationship with an organisation that needs one is none of its people."""
        self.size += 1
        related = self._likeness.related(facts)
        organisations = self._open | related.keys()
        alike = self._likeness.of(facts) if organisations else None
        for organisation in organisations:
            key = (organisation, related.get(organisation, 0), alike)
            group = self._groups.get(key)
            if group is None:
                group = self._groups[key] = People(organisation, facts)
            group.persons.append(facts.person)
            for label in facts.labels:
                group.labels.setdefault(label.id, label)

    def groups(self) -> list[tuple[People, list[Asker]]]:
        """Every group, and who might ask about it."""
        return [(group, self._askers[group.organisation]) for group in self._groups.values()]


def _needs_nobody(policies: Iterable[Policy], askers: Iterable[Asker]) -> bool:
    """Whether one of the askers might see people whom its organisation has no relationship with."""
    return any(
        asker.emergency or not terms.needs_relationship
        for asker in askers
        for policy in policies
        for terms in policy.terms.get((asker.organisation, asker.role, asker.purpose), ())
    )


def seen(people: People, asker: Asker, policy: Policy, at: datetime) -> Seen:
    """What the asker sees of these people, as `decide` says."""
    caller = Caller("", asker.organisation, asker.role, asker.purpose)
    held = replace(people.example, labels=tuple(people.labels[id_] for id_ in sorted(people.labels)))
    decision = decide(Request(caller, held.person, at, EMERGENCY if asker.emergency else None), held, policy)
    if not isinstance(decision, Grant):
        return NOTHING
    located = frozenset(label for label in decision.labels if held.restricted and not decision.hides_location(label))
    rows = (decision.windows, decision.withheld)
    return Seen(True, frozenset(decision.labels), located, rows, decision)


Differences = Mapping[Asker, tuple[Seen, Seen]]
"""What an asker sees and would see, of those for whom that is not the same."""


def differences(
    people: People, askers: Iterable[Asker], before: Policy, after: Policy, at: datetime
) -> dict[Asker, tuple[Seen, Seen]]:
    """Who would see something else of these people than they do."""
    found = {}
    for asker in askers:
        now, then = seen(people, asker, before, at), seen(people, asker, after, at)
        if now != then:
            found[asker] = (now, then)
    return found
