"""Random agreements, facts and requests for the properties of sharing: a small world in which everything occurs.

Worlds grow from a seed (hypothesis chooses it): drawing every field apart made examples slow and nearly always empty.
What shrinking would do is done by `smallest`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

import msgspec
from hypothesis import strategies as st

from integration.sharing.agreements import (
    Agreement,
    Agreements,
    BreakingTheGlass,
    EvidenceTerms,
    ExplicitConsent,
    Group,
    LawfulBasis,
    Purpose,
    Relationship,
    Role,
)
from integration.sharing.decide import BREAK_GLASS_REASONS, Policy
from integration.sharing.request import (
    BreakGlass,
    Caller,
    Category,
    Choice,
    Decision,
    Evidence,
    Facts,
    Grant,
    Label,
    Request,
)

PRACTICES, TRUSTS, CHARITIES = ("P1", "P2"), ("T1",), ("C1", "C2")
ORGANISATIONS = (*PRACTICES, *TRUSTS, *CHARITIES)
ROLES = ("doctor", "worker", "clerk")
PURPOSES = ("TREAT", "ETREAT", "HCOMPL", "HRESCH", "NATIONAL")
CATEGORIES = (
    Category.DEMOGRAPHICS,
    Category.CLINICAL,
    Category.ADJUSTMENTS,
    Category.IMPAIRMENTS,
    Category.CHOICES,
)
SENSITIVE = ("sexual health", "safeguarding", "assisted conception (HFE Act)")
KINDS = ("registration", "referral", "encounter")
CHOICE_KINDS = (
    "objection-to-sharing",
    "restrict-organisation",
    "restrict-category",
    "restrict-period",
    "restrict-instance",
    "break-glass-only",
    "share-charity-data",
    "view-by-charity",
    "express-permission",
    "share-adjustments-nationally",
    "other",
)
PERSON = UUID(int=1)
ROWS = tuple(UUID(int=n) for n in range(10, 14))
TODAY = date(2026, 6, 15)
RECORDED = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


@dataclass(frozen=True)
class World:
    agreements: Agreements
    facts: Facts
    request: Request

    @property
    def policy(self) -> Policy:
        return Policy.of(self.agreements)


@dataclass(frozen=True)
class Row:
    """One stored row of the person, as the database sees it."""

    label: Label
    day: date
    id: UUID


def rows_of(facts: Facts) -> list[Row]:
    """Every kind of row that the person could have: each label, at telling dates, with each id."""
    days = (TODAY - timedelta(days=400), TODAY - timedelta(days=20), TODAY)
    return [Row(label, day, id_) for label in facts.labels for day in days for id_ in ROWS]


def shown(decision: Decision, facts: Facts) -> set[Row]:
    """The rows that a decision lets be read: what the SQL conditions made of a Grant let through."""
    if not isinstance(decision, Grant):
        return set()
    return {
        row
        for row in rows_of(facts)
        if row.label.id in decision.labels
        and row.id not in decision.withheld
        and not any(
            row.label.id in window.labels
            and (window.start is None or window.start <= row.day)
            and (window.end is None or row.day <= window.end)
            for window in decision.windows
        )
    }


T = TypeVar("T")


class Chance:
    """Choices of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def one(self, *values: T) -> T:
        return self.random.choice(values)

    def mostly(self, value: T, *others: T) -> T:
        return value if self.random.random() < 0.75 or not others else self.random.choice(others)

    def some(self, values: tuple[T, ...], least: int = 0) -> tuple[T, ...]:
        return tuple(self.random.sample(values, self.random.randint(least, len(values))))

    def times(self, most: int) -> range:
        return range(self.random.randint(0, most))

    def day(self) -> date | None:
        ago = self.one(None, 500, 100, 31, 30, 1, 0, -1, -40)
        return None if ago is None else TODAY - timedelta(days=ago)


def agreements(chance: Chance) -> Agreements:
    return Agreements(
        neighbourhood="Testing",
        groups={
            "practices": Group("general practice", {code: f"Practice {code}" for code in PRACTICES}),
            "trusts": Group("statutory", {code: f"Trust {code}" for code in TRUSTS}),
            "charities": Group("voluntary sector", {code: f"Charity {code}" for code in CHARITIES}),
        },
        purposes={
            "care": Purpose("TREAT", "care"),
            "emergency": Purpose("ETREAT", "care"),
            "audit": Purpose("HCOMPL", "audit"),
            "research": Purpose("HRESCH", "beyond care"),
            "national": Purpose("NATIONAL", "national flag"),
        },
        roles={
            name: Role(
                clinical_or_care=chance.one(True, False),
                sees=chance.some((Category.DEMOGRAPHICS, Category.CLINICAL, Category.CHOICES), least=1),
                own=chance.some((Category.DEMOGRAPHICS, Category.CLINICAL)),
            )
            for name in ROLES
        },
        agreements=tuple(agreement(chance, f"AA-{number:02}") for number in range(chance.random.randint(1, 4))),
    )


def agreement(chance: Chance, name: str) -> Agreement:
    everybody = ("practices", "trusts", "charities")
    return Agreement(
        id=name,
        version=1,
        title=f"Agreement {name}",
        sources=chance.mostly(everybody, ("practices",), ("P1", "charities"), ("C1",)),
        recipients=chance.mostly(everybody, ("trusts",), ("charities",), ("P1",)),
        roles=chance.mostly(ROLES, ("doctor",), ("doctor", "worker")),
        purposes=chance.mostly(
            ("care", "emergency", "research", "national"), ("audit",), ("care",), ("care", "audit", "research")
        ),
        categories=chance.mostly(
            CATEGORIES, (Category.CLINICAL,), (Category.CHOICES,), (Category.DEMOGRAPHICS, Category.CLINICAL)
        ),
        sensitive={sensitivity: chance.some(ROLES) for sensitivity in chance.some(SENSITIVE[:2])},
        relationship=relationship(chance),
        consent=ExplicitConsent(
            to_publish=chance.mostly(True, False),
            to_view=chance.mostly(True, False),
            own_record_days=chance.one(None, 30),
            must_say_how=chance.one(True, False),
        ),
        breaking_the_glass=chance.one(None, BreakingTheGlass(chance.some(ROLES, least=1), chance.one(30, 60))),
        need_of_location=chance.some(ROLES),
        announce=chance.one(True, False),
        basis=LawfulBasis("6(1)(e)", "9(2)(h)", "implied consent"),
        starts=chance.mostly(date(2024, 1, 1), TODAY, TODAY + timedelta(days=1)),
        ends=chance.mostly(None, TODAY, TODAY - timedelta(days=1)),
        review=date(2027, 1, 1),
    )


def relationship(chance: Chance) -> Relationship:
    return Relationship(
        needed=chance.mostly(True, False),
        because="of a reason",
        evidence={
            kind: EvidenceTerms(chance.one(0, 30), chance.one(None, 30, "as long as it lasts"))
            for kind in chance.some(KINDS, least=1)
        },
    )


def facts(chance: Chance) -> Facts:
    found = {
        (
            chance.one(*ORGANISATIONS),
            chance.one(*CATEGORIES),
            chance.mostly((), *[(one,) for one in SENSITIVE], SENSITIVE),
        )
        for _ in range(chance.random.randint(1, 8))
    }
    return Facts(
        person=PERSON,
        known=chance.mostly(True, True, False),
        labels=tuple(Label(n, one[0], one[1], frozenset(one[2])) for n, one in enumerate(sorted(found), 1)),
        evidence=tuple(evidence(chance) for _ in chance.times(5)),
        choices=tuple(choice(chance, number) for number in chance.times(5)),
        restricted=chance.one(True, False),
        national_opt_out=chance.mostly(False, True),
        type_1_objection=chance.mostly(False, True),
    )


def evidence(chance: Chance) -> Evidence:
    return Evidence(
        chance.one("registration", "referral", "encounter"),
        chance.one("T1", "P1", "C1", "C2"),
        chance.one(*ORGANISATIONS),
        chance.day(),
        chance.one(None, chance.day()),
    )


def subset(chance: Chance, values: tuple[T, ...]) -> frozenset[T]:
    return chance.mostly(frozenset(), frozenset(chance.some(values, least=1)))


def choice(chance: Chance, number: int) -> Choice:
    """Half of them simple, as people's choices are; half with every narrowing that a Consent can have."""
    full = narrowed_choice(chance, number)
    if chance.one(True, False):
        return full
    return msgspec.structs.replace(
        full,
        active=True,
        start=None,
        end=None,
        categories=frozenset(),
        data_start=None,
        data_end=full.data_end if full.kind == "restrict-period" else None,
        instances=full.instances if full.kind == "restrict-instance" else frozenset(),
        related=frozenset(),
        purposes=frozenset(),
        about=full.about if full.kind == "share-charity-data" else frozenset(),
    )


def narrowed_choice(chance: Chance, number: int) -> Choice:
    kind = chance.one(*CHOICE_KINDS)
    opening = kind in ("share-charity-data", "view-by-charity", "express-permission", "share-adjustments-nationally")
    permits = chance.mostly(opening, not opening)
    organisations = subset(chance, ORGANISATIONS)
    if kind in ("view-by-charity", "express-permission"):
        organisations = frozenset(chance.some(ORGANISATIONS, least=3))
    return Choice(
        consent=f"consent-{number}",
        kind=kind,
        permits=permits,
        source=chance.one(*ORGANISATIONS),
        recorded=chance.one(None, *RECORDED),
        start=chance.mostly(None, TODAY - timedelta(days=10), TODAY + timedelta(days=10)),
        end=chance.mostly(None, TODAY + timedelta(days=10), TODAY - timedelta(days=2)),
        active=chance.mostly(True, False),
        organisations=organisations,
        about=frozenset(CHARITIES) if kind == "share-charity-data" else subset(chance, ORGANISATIONS),
        categories=subset(chance, CATEGORIES),
        sensitivities=frozenset(SENSITIVE) if kind == "express-permission" else subset(chance, SENSITIVE),
        data_start=chance.mostly(None, TODAY - timedelta(days=30)),
        data_end=chance.mostly(None, TODAY - timedelta(days=1)),
        instances=chance.mostly(frozenset(), frozenset(ROWS[:2])),
        related=chance.mostly(frozenset(), frozenset(), frozenset(ROWS[:1])),
        break_glass_relaxes=chance.one(True, False),
        purposes=chance.mostly(frozenset(), frozenset({"TREAT"}), frozenset({"HRESCH"}), frozenset({"BTG"})),
        exceptions=tuple(exception(chance, permits=not permits) for _ in chance.times(1)),
        decided_by=chance.mostly("the person", "a deputy"),
        how=chance.one("", "signed form"),
    )


def exception(chance: Chance, *, permits: bool) -> Choice:
    return Choice(
        consent="exception",
        kind="exception",
        permits=permits,
        source="P1",
        start=chance.mostly(None, TODAY - timedelta(days=10), TODAY + timedelta(days=10)),
        end=chance.mostly(None, TODAY + timedelta(days=10), TODAY - timedelta(days=2)),
        organisations=subset(chance, ORGANISATIONS),
        about=subset(chance, ORGANISATIONS),
        categories=subset(chance, CATEGORIES),
        purposes=chance.mostly(frozenset(), frozenset({"TREAT"}), frozenset({"BTG"})),
        sensitivities=chance.mostly(frozenset(), frozenset({"sexual health"})),
        data_end=chance.mostly(None, None, TODAY - timedelta(days=1)),
        instances=chance.mostly(frozenset(), frozenset(), frozenset(ROWS[:1])),
    )


def answered(chance: Chance, held: Facts, asked: Request) -> Facts:
    """Sometimes a permission that nearly fits this very request, and sometimes a later answer to a choice: of the same
    scope, or nearly."""
    choices = held.choices
    for number in chance.times(2):
        choices = (*choices, fitting(chance, asked.caller.organisation, number))
    if choices and chance.one(True, False):
        choices = (*choices, again(chance, chance.one(*choices), asked.caller.organisation))
    return replace(held, choices=choices)


def fitting(chance: Chance, caller: str, number: int) -> Choice:
    kind = chance.one("share-charity-data", "view-by-charity", "express-permission", "break-glass-only")
    return Choice(
        consent=f"fitting-{number}",
        kind=kind,
        permits=kind != "break-glass-only",
        source=chance.one(caller, "C1", "P2"),
        recorded=chance.one(None, *RECORDED),
        organisations=chance.one(frozenset(), frozenset({caller}), frozenset({caller}), frozenset({"P2"})),
        about=chance.one(frozenset(), frozenset(CHARITIES), frozenset({"C2"})),
        sensitivities=chance.mostly(frozenset(SENSITIVE), frozenset(SENSITIVE[:1]))
        if kind == "express-permission"
        else frozenset(),
        how=chance.one("", "signed form"),
        break_glass_relaxes=chance.one(True, False),
        exceptions=tuple(exception(chance, permits=kind == "break-glass-only") for _ in chance.times(1)),
    )


def again(chance: Chance, first: Choice, caller: str) -> Choice:
    return msgspec.structs.replace(
        first,
        consent="later",
        kind=chance.mostly(first.kind, "other"),
        permits=chance.one(True, False),
        active=chance.mostly(True, False),
        source=chance.one(caller, first.source, "P2"),
        recorded=chance.one(first.recorded, datetime(2026, 6, 2, tzinfo=UTC), datetime(2025, 6, 2, tzinfo=UTC)),
        end=chance.one(first.end, TODAY - timedelta(days=3)),
        decided_by=chance.mostly(first.decided_by, "a deputy"),
        purposes=chance.mostly(first.purposes, frozenset({"TREAT"})),
    )


def request(chance: Chance) -> Request:
    declared = chance.one(None, NOW - timedelta(minutes=45), NOW + timedelta(minutes=1))
    return Request(
        Caller(
            client="client",
            organisation=chance.one("T1", "T1", "P1", "C1", chance.mostly("C2", "elsewhere")),
            role=chance.mostly(chance.one(*ROLES), "unheard of") if chance.one(*range(5)) == 0 else chance.one(*ROLES),
            purpose=chance.mostly("TREAT", *PURPOSES, "UNKNOWN"),
        ),
        PERSON,
        NOW,
        chance.one(None, BreakGlass(chance.mostly(next(iter(BREAK_GLASS_REASONS)), "curiosity"), declared=declared)),
    )


def world(seed: int) -> World:
    chance = Chance(seed)
    asked = request(chance)
    return World(agreements(chance), answered(chance, facts(chance), asked), asked)


worlds = st.integers(0, 2**48).map(world)


def smallest(found: World, fails: Callable[[World], bool]) -> World:
    """The world without everything that it fails without."""
    for smaller in _smaller(found):
        if fails(smaller):
            return smallest(smaller, fails)
    return found


def _smaller(found: World) -> Iterator[World]:
    held = found.facts
    for name in ("labels", "evidence", "choices"):
        for index in range(len(getattr(held, name))):
            kept = getattr(held, name)[:index] + getattr(held, name)[index + 1 :]
            yield replace(found, facts=replace(held, **{name: kept}))
    for index in range(len(found.agreements.agreements)):
        yield replace(found, agreements=without_agreement(found.agreements, index))


def without_agreement(file: Agreements, index: int) -> Agreements:
    kept = file.agreements[:index] + file.agreements[index + 1 :]
    return msgspec.structs.replace(file, agreements=kept)
