"""What new agreements would do to the people there are, against asking for every person and every caller."""

from collections import Counter
from collections.abc import AsyncIterator, Container
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from msgspec import structs

from integration import demo
from integration.record.conditions import permitted
from integration.record.population import Effect, effect
from integration.sharing.agreements import (
    Agreements,
    BreakingTheGlass,
    EvidenceTerms,
    ExplicitConsent,
    Relationship,
    Role,
    load,
)
from integration.sharing.decide import Policy, decide
from integration.sharing.facts import person_facts
from integration.sharing.request import BreakGlass, Caller, Category, Decision, Facts, Grant, Request
from integration.sharing.tally import KNOWN, LOCATED, LOSE, SEE
from integration.store.database import act_as
from integration.store.labels import Labels
from tests.spec.neighbourhood import NOW, Neighbourhood

COVENTRY = load(demo.AGREEMENTS.read_text())


def changed(**agreements: dict[str, Any]) -> Agreements:
    """Coventry's agreements with some fields of some of them changed, by id with an underscore."""
    return structs.replace(
        COVENTRY,
        agreements=tuple(
            structs.replace(one, **agreements.get(one.id.replace("-", "_"), {})) for one in COVENTRY.agreements
        ),
    )


def with_evidence(id_: str, **terms: EvidenceTerms) -> Relationship:
    (agreement,) = (one for one in COVENTRY.agreements if one.id == id_)
    return structs.replace(agreement.relationship, evidence={**agreement.relationship.evidence, **terms})


CHARITIES_SEE_MORE = changed(
    CW_03={"categories": (Category.DEMOGRAPHICS, Category.CARE_PLAN, Category.ENCOUNTERS, Category.ADJUSTMENTS)}
)
MANY = structs.replace(
    changed(
        CW_01={
            "sensitive": {"safeguarding": ("GP", "community nurse")},
            "relationship": with_evidence("CW-01", service=EvidenceTerms(0)),
        },
        CW_02={"consent": ExplicitConsent(to_publish=False, other_basis="a test", own_record_days=1)},
        CW_03={"categories": (Category.DEMOGRAPHICS, Category.CARE_PLAN, Category.CLINICAL)},
        CW_04={
            "recipients": ("hospital", "X9B", "council"),
            "relationship": with_evidence("CW-04", encounter=EvidenceTerms(400, 400)),
            "need_of_location": ("emergency doctor",),
            "breaking_the_glass": BreakingTheGlass(("hospital nurse", "paramedic"), 30),
        },
    ),
    roles={
        **COVENTRY.roles,
        "social prescriber": Role(True, (Category.DEMOGRAPHICS, Category.CLINICAL), (Category.CARE_PLAN,)),
    },
)


@pytest.fixture
async def reading(coventry: Neighbourhood) -> AsyncIterator[asyncpg.Connection]:
    async with coventry.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await act_as(connection, "toldonce_facts")
            yield connection


def no_progress(_doing: str, _done: int, _total: int) -> None:
    pass


async def measured(connection: asyncpg.Connection, before: Agreements, after: Agreements) -> Effect:
    return await effect(connection, Policy.of(before), Policy.of(after), NOW, no_progress)


Cell = tuple[str, str, str, str, bool]


async def brute(
    connection: asyncpg.Connection, before: Policy, after: Policy, organisations: Container[str]
) -> tuple[dict[Cell, tuple[int, int]], dict[tuple[Cell, str, str], tuple[int, int]], int]:
    """Ask `decide` for each person, for each caller that either policy knows, and look at each row that it shows."""
    whole: Counter[Cell] = Counter()
    rows: Counter[Cell] = Counter()
    by: Counter[tuple[Cell, str, str]] = Counter()
    by_rows: Counter[tuple[Cell, str, str]] = Counter()
    concerned = 0
    labels = Labels()
    keys = sorted(key for key in before.terms.keys() | after.terms.keys() if key[0] in organisations)
    ids = [
        row["person"]
        for row in await connection.fetch("select distinct person from toldonce.facts where until = 'infinity'")
    ]
    for id_ in ids:
        # as if nobody had opted out: the effect is of an agreement, whomever the opt-out service clears next month
        facts = replace(await person_facts(connection, labels, id_), national_opt_out=False)
        mine: dict[Cell, set[object]] = {}
        for organisation, role, purpose in keys:
            asked = (connection, facts, (organisation, role, purpose), before, after)
            plain, broken = await moves(*asked, False), await moves(*asked, True)
            more = {change: units - plain[change] for change, units in broken.items()}
            for emergency, moved in ((False, plain), (True, more)):
                for change, units in moved.items():
                    places: dict[Cell, set[object]] = {}
                    for source, what, unit in units:
                        places.setdefault((organisation, change, source, what, emergency), set()).add(unit)
                    for cell, found in places.items():
                        mine.setdefault(cell, set()).update(found)
                        by[cell, role, purpose] += 1
                        by_rows[cell, role, purpose] += resources(found)
        whole.update(mine.keys())
        rows.update({cell: resources(found) for cell, found in mine.items()})
        concerned += bool(mine)
    return (
        {cell: (whole[cell], rows[cell]) for cell in whole},
        {key: (by[key], by_rows[key]) for key in by},
        concerned,
    )


async def moves(
    connection: asyncpg.Connection,
    facts: Facts,
    key: tuple[str, str, str],
    before: Policy,
    after: Policy,
    emergency: bool,
) -> dict[str, set[tuple[str, str, UUID | int | None]]]:
    request = Request(Caller("x", *key), facts.person, NOW, BreakGlass("emergency") if emergency else None)
    now, then = [await units(connection, facts, decide(request, facts, policy)) for policy in (before, after)]
    return {SEE: then - now, LOSE: now - then}


def resources(found: set[object]) -> int:
    return sum(isinstance(unit, UUID) for unit in found)


_ROWS: dict[object, list[tuple[int, UUID]]] = {}


async def units(
    connection: asyncpg.Connection, facts: Facts, decision: Decision
) -> set[tuple[str, str, UUID | int | None]]:
    if not isinstance(decision, Grant):
        return set()
    key = (facts.person, decision.labels, decision.windows, decision.withheld)
    if key not in _ROWS:
        # what the labels open: that a pseudonymised answer leaves types out is not the agreement's doing
        conditions, values = permitted(replace(decision, pseudonymise=False))
        _ROWS[key] = await connection.fetch(
            f"select label, id from toldonce.resource where {' and '.join(conditions)}", *values
        )
    labels = {label.id: label for label in facts.labels}
    found = {(labels[label].organisation, str(labels[label].category), id_) for label, id_ in _ROWS[key]}
    located = {("", LOCATED, label) for label, _ in _ROWS[key] if not decision.hides_location(label)}
    return {*found, ("", KNOWN, None), *(located if facts.restricted else ())}


def cells(found: Effect) -> dict[Cell, tuple[int, int]]:
    return {
        (row.organisation, row.change, row.source, row.what, row.emergency): (row.people, row.resources)
        for row in found.rows
    }


def roles(found: Effect) -> dict[tuple[Cell, str, str], tuple[int, int]]:
    return {
        ((row.organisation, row.change, row.source, row.what, row.emergency), one.role, one.purpose): (
            one.people,
            one.resources,
        )
        for row in found.rows
        for one in row.by
    }


FROM_NOTHING = (Agreements(), CHARITIES_SEE_MORE)
SOME = ("X9L", "X9V01")
EVERYBODY = tuple(COVENTRY.names)


@pytest.mark.parametrize(
    ("before", "after", "organisations"),
    [
        (COVENTRY, MANY, SOME),
        pytest.param(COVENTRY, MANY, EVERYBODY, marks=pytest.mark.slow),
        pytest.param(MANY, COVENTRY, EVERYBODY, marks=pytest.mark.slow),
        pytest.param(*FROM_NOTHING, EVERYBODY, marks=pytest.mark.slow),
    ],
)
async def test_the_effect_is_what_asking_for_everybody_finds(
    reading: asyncpg.Connection, before: Agreements, after: Agreements, organisations: tuple[str, ...]
) -> None:
    found = await measured(reading, before, after)
    whole, by_role, concerned = await brute(reading, Policy.of(before), Policy.of(after), organisations)

    assert {cell: counts for cell, counts in cells(found).items() if cell[0] in organisations} == whole
    assert {key: counts for key, counts in roles(found).items() if key[0][0] in organisations} == by_role
    assert len(organisations) < len(EVERYBODY) or found.concerned == concerned
    assert {what for _, _, _, what, _ in whole} >= {"care plans", KNOWN}


async def test_who_may_be_found_is_counted(reading: asyncpg.Connection) -> None:
    found = await measured(reading, COVENTRY, changed(CW_01={"need_of_location": ("GP",)}))

    assert {(row.change, row.what, row.source, row.resources) for row in found.rows} == {(SEE, LOCATED, "", 0)}
    assert {one.role for row in found.rows for one in row.by} == {"GP"}
    assert found.concerned >= max(row.people for row in found.rows) > 0


@pytest.mark.slow
async def test_what_changes_nothing_has_no_effect(reading: asyncpg.Connection) -> None:
    renamed = changed(CW_01={"version": 99, "title": "Another title", "announce": False})

    assert (await measured(reading, COVENTRY, COVENTRY)).rows == ()
    assert (await measured(reading, COVENTRY, renamed)).rows == ()


async def test_nobody_is_named(coventry: Neighbourhood, reading: asyncpg.Connection) -> None:
    persons = await coventry.persons()
    text = str(await measured(reading, *FROM_NOTHING))

    assert not [person for person in persons if str(person) in text]
