"""Many people read together are read as each would be alone, by both locks (`record.cohort`)."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from integration.record import cohort
from integration.record.consult import Question, Records
from integration.record.reader import Query
from integration.sharing.request import BreakGlass, Grant
from integration.store.database import act_as
from integration.teams.caseloads.overview import LOOKED_AT
from integration.teams.caseloads.refresh import READ
from tests.spec.neighbourhood import NOW, SEVEN, Asker, Neighbourhood, caller_of

QUERIES = (*LOOKED_AT, READ)
FORMER, NOBODY = uuid4(), UUID(int=0)


def question(asker: Asker) -> Question:
    return Question(caller_of(asker), NOW, BreakGlass(asker.emergency, declared=NOW) if asker.emergency else None)


@pytest.mark.parametrize("asker", SEVEN, ids=[one.name for one in SEVEN])
async def test_what_is_read_of_many_is_what_is_read_of_each(coventry: Neighbourhood, asker: Asker) -> None:
    records: Records = coventry.app.state.services.records
    persons = [*await coventry.persons(), FORMER, NOBODY]
    together = []
    async with records.consult_many(question(asker), persons, QUERIES) as each:
        async for one in each:
            together.append((one.decision, [await one.reader.rows(query) for query in QUERIES]))
    assert len(together) == len(persons)
    for person, (decision, rows) in zip(persons, together, strict=True):
        async with records.consult(question(asker), person) as alone:
            assert decision == alone.decision
            assert rows == [await alone.reader.rows(query) for query in QUERIES]


async def test_what_was_not_announced_is_asked_of_each_under_their_own_grant(coventry: Neighbourhood) -> None:
    records: Records = coventry.app.state.services.records
    persons, other = await coventry.persons(), Query(types=("CarePlan",))
    async with records.consult_many(question(SEVEN[0]), persons, LOOKED_AT) as each:
        found = [await one.reader.rows(other) async for one in each]
    for person, rows in zip(persons, found, strict=True):
        async with records.consult(question(SEVEN[0]), person) as alone:
            assert rows == await alone.reader.rows(other)
    assert any(found)


async def test_the_second_lock_shows_the_granted_pairs_and_nothing_else(coventry: Neighbourhood) -> None:
    """A query of the cohort's role that forgets every condition."""
    records: Records = coventry.app.state.services.records
    async with coventry.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await act_as(connection, "toldonce_cohort")
            assert await connection.fetch(EVERYTHING) == []
            decisions = await records._decisions(connection, question(SEVEN[0]), await coventry.persons())
            grants = [one for one in decisions if isinstance(one, Grant) and cohort.plain(one)]
            pairs = {(one.person, label) for one in grants for label in one.labels}
            await cohort._step(connection, sorted(pairs))
            shown = {(row["person"], row["label"]) for row in await connection.fetch(EVERYTHING)}
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("select * from toldonce.facts")
    assert shown == pairs != set()
    assert shown < {(row["person"], row["label"]) for row in await coventry.owner.fetch(EVERYTHING)}


EVERYTHING = "select distinct person, label from toldonce.resource"


async def test_only_types_and_tokens_are_asked_of_many(coventry: Neighbourhood) -> None:
    records: Records = coventry.app.state.services.records
    for query in (Query(), Query(types=("Patient",), limit=1), Query(types=("Patient",), ids=(NOBODY,))):
        with pytest.raises(ValueError, match="types and tokens"):
            async with records.consult_many(question(SEVEN[0]), await coventry.persons(), (query,)) as each:
                _ = [one async for one in each]
