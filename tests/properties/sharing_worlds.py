"""Random agreements, facts and requests for the properties of sharing: a small world in which everything occurs.

Worlds grow from a seed (hypothesis chooses it): drawing every field apart made examples slow and nearly always empty.
What shrinking would do is done by `smallest`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
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
    Decision,
    Evidence,
    Facts,
    Grant,
    Label,
    Request,
)
from tests.properties.sharing_chance import (
    CATEGORIES,
    CHARITIES,
    KINDS,
    NOW,
    ORGANISATIONS,
    PERSON,
    PRACTICES,
    PURPOSES,
    ROLES,
    ROWS,
    SENSITIVE,
    TODAY,
    TRUSTS,
    Chance,
)
from tests.properties.sharing_choices import answered, choice


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
