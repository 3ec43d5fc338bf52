"""Blocks in the database: who is found, and that crowded blocks do not make order matter."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from integration.identity import linking
from integration.identity.blocks import CROWDED
from integration.identity.demographics import Demographics
from integration.identity.linking import Stated
from integration.store.database import Database, act_as
from tests.database.ingesting import SECRET, emptied, worker

EDITHS = [
    Stated(
        UUID(int=n),
        Demographics(families=frozenset({"tanner"}), given=frozenset({"edith"}), ids=frozenset({"urn:case|9999"})),
    )
    for n in (1, 2)
]
"""Nothing but an identifier brings these two together."""
OTHERS = [
    Stated(UUID(int=n), Demographics(given=frozenset({f"name{n}"}), ids=frozenset({"urn:case|9999"})))
    for n in range(3, CROWDED + 2)
]
"""So many that with the two the block is crowded by one."""


@pytest.fixture(autouse=True)
async def known(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """Source patients of whom nothing is said yet."""
    await emptied(owner)
    await owner.executemany(
        "insert into toldonce.source_patient (id, feed, organisation, local_id) values ($1, 'acute', 'X9A', $2)",
        [(one.id, str(one.id)) for one in (*EDITHS, *OTHERS)],
    )
    yield
    await emptied(owner)


async def said(database: Database, *batches: Sequence[Stated]) -> None:
    async with worker(database) as pipeline, pipeline.pool.acquire() as connection:
        for batch in batches:
            async with connection.transaction():
                await act_as(connection, "toldonce_ingest")
                await linking.alone(connection)
                await linking.relink(connection, SECRET, batch)


async def standing(owner: asyncpg.Connection) -> list[tuple[int, int, str]]:
    rows = await owner.fetch("select a, b, outcome from toldonce.linkage where until is null")
    return [(row["a"].int, row["b"].int, row["outcome"]) for row in rows]


async def test_who_shares_a_block_is_compared(database: Database, owner: asyncpg.Connection) -> None:
    await said(database, EDITHS[:1], EDITHS[1:], OTHERS[:5])
    assert await standing(owner) == [(1, 2, "POSSIBLE")]


@pytest.mark.parametrize(
    "batches",
    [
        [EDITHS, OTHERS],
        [OTHERS, EDITHS[:1], EDITHS[1:]],
        pytest.param([OTHERS, EDITHS], marks=pytest.mark.slow),
        pytest.param([EDITHS, OTHERS[:-1], OTHERS[-1:]], marks=pytest.mark.slow),
        pytest.param([[*OTHERS, *EDITHS]], marks=pytest.mark.slow),
    ],
    ids=["they first", "one by one", "they last", "one too many", "at once"],
)
async def test_a_crowded_block_finds_nobody_whoever_came_first(
    database: Database, owner: asyncpg.Connection, batches: Sequence[Sequence[Stated]]
) -> None:
    await said(database, *batches)
    assert await standing(owner) == []


async def test_a_block_that_is_crowded_no_longer_finds_them_again(
    database: Database, owner: asyncpg.Connection
) -> None:
    await said(database, [*OTHERS, *EDITHS], [Stated(OTHERS[0].id, None)])
    assert await standing(owner) == [(1, 2, "POSSIBLE")]
    await said(database, OTHERS[:1])
    assert await standing(owner) == []


async def test_a_number_finds_however_many_have_it(database: Database, owner: asyncpg.Connection) -> None:
    """A number that two state verified is certain: no block of it is too crowded."""
    number = Demographics(nhs_number="9990000018")
    doubtful = [Stated(one.id, number) for one in OTHERS]
    verified = [Stated(one.id, replace(number, verified=True)) for one in EDITHS]
    await said(database, doubtful, verified)
    assert (1, 2, "SAME") in await standing(owner)


async def test_what_a_source_no_longer_says_is_in_no_block(database: Database, owner: asyncpg.Connection) -> None:
    await said(database, EDITHS, [Stated(one.id, None) for one in EDITHS])
    assert await owner.fetchval("select count(*) from toldonce.block") == 0
    assert await standing(owner) == []
