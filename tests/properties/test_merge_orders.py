"""Whatever sources say, merge and correct, and people decide and take back, in whatever order: the people, their ids
and what waits for review depend on what holds in the end, and every id ever issued keeps its meaning. In a database.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.identity.demographics import Demographics
from integration.store.database import Database
from tests.database.linking_world import ANN, BOB, LinkingWorld, doubtful, named, person_of, verified
from tests.lengths import length

RECORDS = range(1, 7)
FEEDS = {1: "pds", 2: "pds", 3: "acute", 4: "acute", 5: "gp", 6: "vcfse"}
WHO = [
    verified(ANN),
    verified(BOB),
    named(nhs_number=ANN, verified=True, phones=frozenset({"02476000001"})),
    named(nhs_number=BOB, verified=True, phones=frozenset({"02476000001"})),
    named(phones=frozenset({"02476000001"}), postcodes=frozenset({"cv11aa"})),
    named(nhs_number=ANN),
    doubtful(3),
    named("tom", "moss", "1971-11-30"),
    Demographics(),
    None,
]


@dataclass(frozen=True)
class Says:
    """What one record says of who it is, and which record of its feed took its place."""

    n: int
    who: int
    into: int | None


@dataclass(frozen=True)
class Decides:
    """What a person decides about two records; None: takes back what they decided."""

    a: int
    b: int
    outcome: str | None


SAYS = st.builds(
    lambda n, who, into: Says(n, who, into if into and FEEDS[into] == FEEDS[n] and into != n else None),
    st.sampled_from(RECORDS),
    st.integers(0, len(WHO) - 1),
    st.sampled_from([None, None, *RECORDS]),
)
DECIDES = st.builds(
    lambda pair, outcome: Decides(min(pair), max(pair), outcome),
    st.lists(st.sampled_from(RECORDS), min_size=2, max_size=2, unique=True),
    st.sampled_from(["SAME", "SAME", "NOT THE SAME", None]),
)
STORY = st.lists(SAYS | SAYS | DECIDES, min_size=4, max_size=14)


@pytest.fixture
async def world(database: Database, owner: asyncpg.Connection) -> AsyncIterator[LinkingWorld]:
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        yield LinkingWorld(connection, owner)


def stories(number: int) -> list[tuple[list[Says | Decides], Random]]:
    """Hypothesis draws them; the database is asked in the test's own loop."""
    drawn: list[tuple[list[Says | Decides], Random]] = []

    @settings(max_examples=number, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(STORY, st.integers(0, 2**32))
    def collect(story: list[Says | Decides], seed: int) -> None:
        drawn.append((story, Random(seed)))

    collect()
    return drawn


async def told(world: LinkingWorld, story: list[Says | Decides]) -> set[UUID]:
    """Play a story; every id that anybody had on the way. A decision about a record that has said nothing yet is
    passed over, and so is taking back what nobody decided."""
    await world.empty()
    seen: set[UUID] = set()
    said: set[int] = set()
    decided: set[tuple[int, int]] = set()
    for one in story:
        if isinstance(one, Says):
            await world.say(one.n, WHO[one.who], [one.into] if one.into in said else [], FEEDS[one.n])
            said.add(one.n)
        elif {one.a, one.b} <= said and one.outcome:
            await world.decide(one.a, one.b, one.outcome)
            decided.add((one.a, one.b))
        elif (one.a, one.b) in decided:
            await world.withdraw(one.a, one.b)
            decided.discard((one.a, one.b))
        seen |= set((await world.people()).values())
    return seen


def in_the_end(story: list[Says | Decides], random: Random) -> list[Says | Decides]:
    """Only what holds at last, in another order: statements first, in any, then decisions, in any; statements are
    repeated among the decisions, as feeds send again."""
    said: dict[int, Says] = {}
    decided: dict[tuple[int, int], Decides] = {}
    for one in story:
        if isinstance(one, Says):
            said[one.n] = Says(one.n, one.who, one.into if one.into in said else None)
        elif {one.a, one.b} <= said.keys():
            decided[one.a, one.b] = one
    bare = [Says(one.n, one.who, None) for one in said.values()]
    whole = [*said.values(), *(one for one in decided.values() if one.outcome), *said.values()]
    random.shuffle(bare)
    random.shuffle(whole)
    return [*bare, *whole, *said.values()]


async def outcome(world: LinkingWorld) -> dict[str, Any]:
    return {"people": await world.people(), "standing": await world.standing()}


async def assert_numbers_lead_to_those_who_state_them(world: LinkingWorld, seen: set[UUID], story: Any) -> None:
    """The id of a verified number that one person alone has means that person, whoever else once was thought to be."""
    rows = await world.connection.fetch(
        "select nhs_number, array_agg(distinct person) as persons from toldonce.source_patient "
        "where (demographics ->> 'verified')::bool group by nhs_number"
    )
    for number, persons in rows:
        if person_of(number) in seen and len(persons) == 1:
            assert await world.means(person_of(number)) == persons[0], story


async def assert_converges(world: LinkingWorld, number: int) -> None:
    for story, random in stories(number):
        seen = await told(world, story)
        found = await outcome(world)
        assert {id_ for id_ in seen if await world.means(id_) is None} == set(), story
        await assert_numbers_lead_to_those_who_state_them(world, seen, story)
        await told(world, in_the_end(story, random))
        assert await outcome(world) == found, story


async def test_any_order_of_statements_merges_and_unmerges_converges(world: LinkingWorld) -> None:
    await assert_converges(world, 12)


@pytest.mark.slow
async def test_any_order_of_statements_merges_and_unmerges_converges_long(world: LinkingWorld) -> None:
    await assert_converges(world, length(120, 400))
