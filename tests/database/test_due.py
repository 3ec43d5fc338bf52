"""Who is due is taken by one worker, with every reason there was for it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from integration.ingest import due
from integration.store.connection import Connection
from integration.store.database import Database
from tests.database.ingesting import emptied

REASONS = 5
PATIENTS = range(1, 7)


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)
    for _ in range(REASONS):
        await owner.executemany(
            "insert into toldonce.due (source_patient) values ($1)", [(patient,) for patient in PATIENTS]
        )


@pytest.fixture
async def workers(database: Database) -> AsyncIterator[tuple[Connection, Connection]]:
    async with database.pool("toldonce_worker", size=2) as pool, pool.acquire() as one, pool.acquire() as other:
        yield one, other


async def reasons(owner: asyncpg.Connection) -> dict[int, int]:
    rows = await owner.fetch("select source_patient, count(*) from toldonce.due group by 1 order by 1")
    return {row[0]: row[1] for row in rows}


async def test_two_workers_take_different_people_and_leave_nothing_of_them(
    workers: tuple[Connection, Connection], owner: asyncpg.Connection
) -> None:
    one, other = workers
    async with one.transaction(), other.transaction():
        first, second = await due.take(one, 2), await due.take(other, 2)
    assert (sorted(first), sorted(second)) == ([1, 2], [3, 4])
    assert await reasons(owner) == {5: REASONS, 6: REASONS}


async def test_whoever_comes_to_be_due_meanwhile_stays_so(
    workers: tuple[Connection, Connection], owner: asyncpg.Connection
) -> None:
    one, other = workers
    async with one.transaction():
        assert sorted(await due.take(one, 1)) == [1]
        await owner.execute("insert into toldonce.due (source_patient) values (1)")
        async with other.transaction():
            assert 1 not in await due.take(other, 100)
    assert await reasons(owner) == {1: 1}


async def test_who_holds_a_person_takes_them_though_another_worker_tried_to(
    workers: tuple[Connection, Connection], owner: asyncpg.Connection
) -> None:
    one, other = workers
    async with one.transaction():
        await due.hold(one, 1)
        async with other.transaction():
            assert sorted(await due.take(other, 2)) == [2]
            await owner.execute("insert into toldonce.due (source_patient) values (1)")
            assert sorted(await due.take(one, 1, [1])) == [1]
    assert set(await reasons(owner)) - {1} == {3, 4, 5, 6}
