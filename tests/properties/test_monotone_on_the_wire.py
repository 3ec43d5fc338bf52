"""To take away an agreement, a relationship, a role's right or an explicit consent, or to add an objection, a
restriction or a mark of sensitivity, never shows a statement more: on the people, agreements and callers of the demo.

`test_sharing_monotone` tests the same on invented worlds. Here facts and rows are those that ingest wrote, and for some
of the Grants the database is asked which rows they show.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.records import LONDON
from integration.demo import CLIENTS
from integration.sharing.agreements import Agreements
from integration.sharing.decide import Policy, decide
from integration.sharing.facts import person_facts
from integration.sharing.request import BreakGlass, Caller, Category, Choice, Decision, Facts, Grant, Label, Request
from integration.sharing.sensitivity import SENSITIVITIES
from integration.store.database import act_as
from integration.store.labels import Labels
from tests.spec.granted import Stored, shown, stored, through_the_row_policy
from tests.spec.neighbourhood import NOW, Neighbourhood

pytestmark = pytest.mark.slow
CALLERS = [
    Caller(client.id, client.organisation, role, purpose)
    for client in CLIENTS
    for role in client.roles
    for purpose in client.purposes
]
TODAY = NOW.date()
MARKED = 1_000_000
"""Ids of labels that a mark makes: those of the table are far below."""


@dataclass(frozen=True)
class World:
    """One question and all that it is decided from."""

    request: Request
    facts: Facts
    agreements: Agreements
    rows: tuple[Stored, ...]

    def decide(self) -> Decision:
        return decide(self.request, self.facts, Policy.of(self.agreements))

    def shown(self) -> set[UUID]:
        decision = self.decide()
        return shown(decision, self.rows) if isinstance(decision, Grant) else set()


@pytest.fixture(scope="module")
async def people(coventry: Neighbourhood) -> list[tuple[Facts, tuple[Stored, ...]]]:
    """The recorded facts and rows of everybody who was ingested."""
    found = []
    async with coventry.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        for person in await coventry.persons():
            async with connection.transaction(readonly=True):
                await act_as(connection, "toldonce_facts")
                facts = await person_facts(connection, Labels(), person)
            found.append((facts, tuple(await stored(coventry.owner, person))))
    return found


@pytest.fixture(scope="module")
def agreements(coventry: Neighbourhood) -> Agreements:
    policy: Policy = coventry.app.state.services.records.policy()
    return policy.agreements


# ---- what is taken away or added


def some_of(values: Iterable[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Any of these, in their order: mostly nearly all. Drawn is what is left out, which is less to draw."""
    listed = list(values)
    if not listed:
        return st.just(())
    return st.sets(st.sampled_from(range(len(listed)))).map(
        lambda gone: tuple(one for place, one in enumerate(listed) if place not in gone)
    )


@st.composite
def fewer_agreements(draw: st.DrawFn, world: World) -> World:
    return replace(
        world,
        agreements=msgspec.structs.replace(world.agreements, agreements=draw(some_of(world.agreements.agreements))),
    )


@st.composite
def narrower_agreements(draw: st.DrawFn, world: World) -> World:
    """Each agreement with fewer sources, recipients, roles, purposes, kinds of information or named sensitivities."""
    narrowed = []
    for one in world.agreements.agreements:
        names = ("sources", "recipients", "roles", "purposes", "categories")
        parts: dict[str, Any] = {name: draw(some_of(getattr(one, name))) for name in names if draw(st.booleans())}
        parts["sensitive"] = {name: draw(some_of(roles)) for name, roles in one.sensitive.items()}
        narrowed.append(msgspec.structs.replace(one, **parts))
    return replace(world, agreements=msgspec.structs.replace(world.agreements, agreements=tuple(narrowed)))


@st.composite
def weaker_roles(draw: st.DrawFn, world: World) -> World:
    """Roles that may see fewer kinds of information."""
    roles = {
        name: msgspec.structs.replace(role, sees=draw(some_of(role.sees)), own=draw(some_of(role.own)))
        for name, role in world.agreements.roles.items()
    }
    return replace(world, agreements=msgspec.structs.replace(world.agreements, roles=roles))


@st.composite
def fewer_relationships(draw: st.DrawFn, world: World) -> World:
    known = sorted({one.organisation for one in world.facts.evidence})
    gone = draw(st.lists(st.sampled_from([world.request.caller.organisation, *known]), max_size=3))
    kept = draw(some_of(one for one in world.facts.evidence if one.organisation not in gone))
    return replace(world, facts=replace(world.facts, evidence=kept))


@st.composite
def fewer_consents(draw: st.DrawFn, world: World) -> World:
    """Without some of the permissions that are in force; what they except stays denied. A permission that was withdrawn
    is no consent: the record of its end stays."""
    in_force = [one for one in world.facts.choices if one.permits and one.active and not (one.end and one.end < TODAY)]
    gone = set(draw(st.lists(st.sampled_from(range(len(in_force))), unique=True))) if in_force else set()
    removed = [id(one) for n, one in enumerate(in_force) if n in gone]
    kept = tuple(each for one in world.facts.choices for each in (one.exceptions if id(one) in removed else (one,)))
    return replace(world, facts=replace(world.facts, choices=kept))


@st.composite
def more_objections(draw: st.DrawFn, world: World) -> World:
    """A deny of any scope, in force today. Somebody else's: of the same person, it may replace a stricter one."""
    labels = world.facts.labels
    sources = sorted({label.organisation for label in labels}) or ["X9A"]
    days = st.none() | st.dates(date(2024, 10, 1), TODAY)
    deny = Choice(
        consent="00000000-0000-0000-0000-00000000000d",
        kind=draw(st.sampled_from(["objection-to-sharing", "restrict-organisation", "break-glass-only", "other"])),
        permits=False,
        source=draw(st.sampled_from(sources)),
        recorded=datetime(2026, 9, 1, 12, tzinfo=LONDON),
        organisations=frozenset(draw(some_of([world.request.caller.organisation, "X9K01"]))),
        about=frozenset(draw(some_of(sources[:1]))),
        categories=frozenset(draw(st.lists(st.sampled_from(Category), max_size=3))),
        data_start=draw(days),
        data_end=draw(days),
        instances=frozenset(
            draw(st.lists(st.sampled_from([row.id for row in world.rows] or [UUID(int=1)]), max_size=3))
        ),
        break_glass_relaxes=draw(st.booleans()),
        decided_by="somebody else",
    )
    return replace(world, facts=replace(world.facts, choices=(*world.facts.choices, deny)))


@st.composite
def more_marks(draw: st.DrawFn, world: World) -> World:
    """Some labels' rows become sensitive in a further way."""
    marks = {
        label.id: Label(MARKED + label.id, label.organisation, label.category, label.sensitivities | {mark})
        for label in draw(some_of(world.facts.labels))
        for mark in [draw(st.sampled_from(sorted(SENSITIVITIES)))]
    }
    rows = tuple(replace(row, label=marks[row.label].id) if row.label in marks else row for row in world.rows)
    labels = tuple(marks.get(label.id, label) for label in world.facts.labels)
    return replace(world, rows=rows, facts=replace(world.facts, labels=labels))


@st.composite
def restrictions(draw: st.DrawFn, world: World) -> World:
    """The person is restricted, opts out nationally, or objects to uses beyond care."""
    facts = world.facts
    return replace(
        world,
        facts=replace(
            facts,
            restricted=facts.restricted or draw(st.booleans()),
            national_opt_out=facts.national_opt_out or draw(st.booleans()),
            type_1_objection=facts.type_1_objection or draw(st.booleans()),
        ),
    )


CHANGES = {
    "fewer agreements": fewer_agreements,
    "narrower agreements": narrower_agreements,
    "weaker roles": weaker_roles,
    "fewer relationships": fewer_relationships,
    "fewer consents": fewer_consents,
    "more objections": more_objections,
    "more marks": more_marks,
    "restrictions": restrictions,
}


@pytest.fixture(scope="module")
def questions(people: Sequence[tuple[Facts, tuple[Stored, ...]]], agreements: Agreements) -> st.SearchStrategy[World]:
    """Every caller about everybody; half of the time about somebody of whom something is shown."""
    asked = [
        World(Request(caller, facts.person, NOW, broken), facts, agreements, rows)
        for facts, rows in people
        for caller in CALLERS
        for broken in ([None, BreakGlass("emergency", declared=NOW)] if caller.purpose == "ETREAT" else [None])
    ]
    return st.sampled_from(asked) | st.sampled_from([world for world in asked if world.shown()])


@st.composite
def pairs(draw: st.DrawFn, questions: st.SearchStrategy[World], changes: Sequence[str]) -> tuple[World, World]:
    """A question, and the same after changes of these kinds."""
    before = draw(questions)
    after = before
    for change in changes:
        after = draw(CHANGES[change](after))
    return before, after


QUICK = settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("change", CHANGES)
def test_one_change_never_shows_more(questions: st.SearchStrategy[World], change: str):
    narrowed = []

    @QUICK
    @given(pairs(questions, [change]))
    def holds(worlds: tuple[World, World]) -> None:
        before, after = worlds
        seen, left = before.shown(), after.shown()
        assert left <= seen
        narrowed.append(len(left) < len(seen))

    holds()
    assert any(narrowed) or change == "restrictions"


def test_nor_do_any_changes_together(questions: st.SearchStrategy[World]):
    @QUICK
    @given(
        st.lists(st.sampled_from(sorted(CHANGES)), min_size=2, max_size=4, unique=True).flatmap(
            lambda some: pairs(questions, some)
        )
    )
    def holds(worlds: tuple[World, World]) -> None:
        before, after = worlds
        assert after.shown() <= before.shown()

    holds()


async def test_the_database_shows_what_was_worked_out(coventry: Neighbourhood, questions: st.SearchStrategy[World]):
    """A mark changes labels in the rows themselves, so it is left out here."""
    drawn: list[tuple[World, World]] = []
    changes = sorted(CHANGES.keys() - {"more marks"})

    @settings(QUICK, max_examples=25)
    @given(st.sampled_from(changes).flatmap(lambda change: pairs(questions, [change])))
    def collect(worlds: tuple[World, World]) -> None:
        drawn.append(worlds)

    collect()  # hypothesis draws; the database is asked in this loop
    async with coventry.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        for before, after in drawn:
            seen = await through_the_row_policy(connection, before.decide())
            left = await through_the_row_policy(connection, after.decide())
            assert (seen, left) == (before.shown(), after.shown())
            assert left <= seen
    assert any(before.shown() for before, _ in drawn)
