"""Promise 1's second lock: a query of the reader's role that forgets every condition returns what the Grant shows.

The settings of a Grant are those that a `Reader` makes: by themselves (`Reader.open`), or with the first question that
it asks; the query is `select * from toldonce.resource`.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.record.consult import Records
from integration.record.reader import Query, Reader
from integration.sharing.decide import decide
from integration.sharing.facts import person_facts
from integration.sharing.request import BreakGlass, DataWindow, Denial, Grant, Request
from integration.store.database import act_as
from integration.store.labels import Labels
from tests.spec.granted import Stored, opened, shown, stored, through_its_first_question, through_the_row_policy
from tests.spec.neighbourhood import NOW, SEVEN, Neighbourhood, caller_of

EVERYTHING = "select * from toldonce.resource"


@pytest.fixture
async def connection(coventry: Neighbourhood) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the API's login."""
    async with coventry.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        yield connection


async def decision(coventry: Neighbourhood, connection: asyncpg.Connection, asker: Any, person: UUID) -> Any:
    """What is decided for this caller, from the facts in the database and the agreements in force."""
    records: Records = coventry.app.state.services.records
    async with connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        facts = await person_facts(connection, Labels(), person)
    broken = BreakGlass(asker.emergency, declared=NOW) if asker.emergency else None
    return decide(Request(caller_of(asker), person, NOW, broken), facts, records.policy())


@pytest.mark.parametrize("asker", SEVEN, ids=[one.name for one in SEVEN])
async def test_a_query_that_forgets_every_condition_returns_what_is_granted(
    coventry: Neighbourhood, connection: asyncpg.Connection, asker
):
    for person in await coventry.persons():
        decided = await decision(coventry, connection, asker, person)
        rows = await stored(coventry.owner, person)
        expected = shown(decided, rows) if isinstance(decided, Grant) else set()
        assert await through_the_row_policy(connection, decided) == expected
        assert await through_its_first_question(connection, decided) == expected


async def test_it_returns_whole_people_to_nobody(coventry: Neighbourhood, connection: asyncpg.Connection):
    """So that the test before is not about nothing: Mrs T's GP sees much of her, the link worker less."""
    person = await coventry.person()
    rows = await stored(coventry.owner, person)
    seen = {
        asker.name: len(await through_the_row_policy(connection, await decision(coventry, connection, asker, person)))
        for asker in SEVEN
    }

    assert len(rows) > seen["GP"] > seen["link worker"] > seen["IG officer"] > seen["unrelated hospital"] == 0


async def test_without_settings_there_is_nothing(connection: asyncpg.Connection):
    async with connection.transaction(readonly=True):
        await act_as(connection, "toldonce_reader")
        assert await connection.fetch(EVERYTHING) == []
        assert await connection.fetch("select * from toldonce.resource_history") == []


async def test_settings_do_not_survive_the_transaction(coventry: Neighbourhood, connection: asyncpg.Connection):
    person = await coventry.person()
    granted = await decision(coventry, connection, SEVEN[0], person)
    assert await through_the_row_policy(connection, granted)

    async with connection.transaction(readonly=True):
        await act_as(connection, "toldonce_reader")
        assert await connection.fetch(EVERYTHING) == []
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch(EVERYTHING)


async def test_a_denial_after_a_grant_in_one_transaction_shows_nothing(
    coventry: Neighbourhood, connection: asyncpg.Connection
):
    """As when a search by number consults one person after the other."""
    person = await coventry.person()
    granted = await decision(coventry, connection, SEVEN[0], person)
    async with connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        await opened(connection, granted)
        assert await connection.fetch(EVERYTHING)
        await opened(connection, Denial(granted.request, True, "", ()))
        assert await connection.fetch(EVERYTHING) == []


async def test_a_first_question_is_asked_under_its_own_grant_and_no_earlier_one(
    coventry: Neighbourhood, connection: asyncpg.Connection
):
    """One person's record after another's, after a Denial, and after a Grant of less, in one transaction."""
    one, other = [
        granted
        for person in await coventry.persons()
        if isinstance(granted := await decision(coventry, connection, SEVEN[0], person), Grant)
    ][:2]
    whole = {grant.person: await through_the_row_policy(connection, grant) for grant in (one, other)}
    less = replace(one, labels=one.labels[:1])
    nothing = Denial(one.request, True, "", ())
    async with connection.transaction(readonly=True):
        for grant in (one, other, less, one, nothing, other):
            found = await through_its_first_question(connection, grant)
            if grant is less:
                assert found < whole[one.person]
            else:
                assert found == (set() if isinstance(grant, Denial) else whole[grant.person])


@pytest.mark.parametrize(
    "planner",
    [
        "plan_cache_mode = force_custom_plan",
        "plan_cache_mode = force_generic_plan",
        "enable_nestloop = off",
        "enable_indexscan = off; set local enable_bitmapscan = off",
        "enable_seqscan = off",
        "enable_material = off; set local enable_memoize = off",
        "debug_parallel_query = on; set local parallel_setup_cost = 0; set local parallel_tuple_cost = 0",
        "from_collapse_limit = 1; set local join_collapse_limit = 1",
    ],
)
async def test_it_is_told_in_time_however_the_question_is_planned(
    coventry: Neighbourhood, connection: asyncpg.Connection, planner: str
):
    granted = await decision(coventry, connection, SEVEN[0], await coventry.person())
    expected = shown(granted, await stored(coventry.owner, granted.person))
    async with connection.transaction(readonly=True):
        await connection.execute(f"set local {planner}")
        assert await through_its_first_question(connection, granted) == expected
        await act_as(connection, "toldonce_reader")
        rows = await Reader(connection, granted).rows(Query(), directory=True)
        assert {row.id for row in rows} == expected


@pytest.mark.parametrize("statement", ["update toldonce.resource set label = 1", "delete from toldonce.resource"])
async def test_the_reader_only_reads(connection: asyncpg.Connection, statement: str):
    async with connection.transaction():
        await act_as(connection, "toldonce_reader")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(statement)


# ---- random Grants


def grants(person: UUID, granted: Grant, rows: list[Stored]) -> st.SearchStrategy[Grant]:
    """Grants for this person with any of its labels, any windows over them and any rows withheld."""
    labels = sorted({row.label for row in rows}) or [1]
    days = st.none() | st.dates(date(2024, 9, 1), date(2026, 10, 1))
    some = st.lists(st.sampled_from(labels), unique=True).map(tuple)
    windows = st.lists(st.builds(DataWindow, labels=some, start=days, end=days), max_size=3).map(tuple)
    withheld = st.lists(st.sampled_from([row.id for row in rows] or [person]), max_size=4, unique=True).map(tuple)
    parts = st.fixed_dictionaries({"labels": some, "windows": windows, "withheld": withheld})
    return parts.map(lambda drawn: replace(granted, person=person, **drawn))


async def test_both_locks_and_plain_reading_agree_on_any_grant(coventry: Neighbourhood, connection: asyncpg.Connection):
    granted = await decision(coventry, connection, SEVEN[0], await coventry.person())
    people = [(person, await stored(coventry.owner, person)) for person in await coventry.persons()]
    made: list[tuple[Grant, list[Stored]]] = []

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        person, rows = data.draw(st.sampled_from(people))
        made.append((data.draw(grants(person, granted, rows)), rows))

    collect()  # hypothesis draws; the database is asked in this loop
    for grant, rows in made:
        expected = shown(grant, rows)
        assert await through_the_row_policy(connection, grant) == expected, grant
        assert await through_its_first_question(connection, grant) == expected, grant
        async with connection.transaction(readonly=True):
            reader = await opened(connection, grant)
            assert {row.id for row in await reader.rows(Query())} == expected, grant
    assert sum(bool(shown(grant, rows)) for grant, rows in made) > 10
    assert sum(len(shown(grant, rows)) < sum(row.label in grant.labels for row in rows) for grant, rows in made) > 5


# ---- earlier versions


async def test_the_history_is_under_the_same_lock(coventry: Neighbourhood, connection: asyncpg.Connection):
    history = await coventry.owner.fetch("select id, person, label, starts, ends, type from toldonce.resource_history")
    assert history
    for asker in SEVEN:
        seen = 0
        for person in {row["person"] for row in history}:
            decided = await decision(coventry, connection, asker, person)
            rows = [
                Stored(*(row[name] for name in ("id", "label", "starts", "ends", "type")))
                for row in history
                if row["person"] == person
            ]
            expected = shown(decided, rows) if isinstance(decided, Grant) else set()
            assert await through_the_row_policy(connection, decided, "resource_history") == expected
            assert await through_its_first_question(connection, decided, "resource_history") == expected
            seen += len(expected)
        assert seen or asker.name in ("unrelated hospital", "IG officer", "link worker")
