"""Connections on which a transaction is begun before anybody asks: whoever gets one sees what is committed by then,
finds nothing of who was there before, and while it waits it holds nothing."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from integration.store.begun import Begun
from integration.store.database import Database, act_as

SETTINGS = "select current_setting('role') as role, current_setting('toldonce.person', true) as person"
LABELS = "select count(*) from toldonce.label where organisation = 'begun'"


@pytest.fixture
async def begun(database: Database) -> AsyncIterator[Begun]:
    async with database.reading(1) as pool:
        yield pool


async def test_whoever_gets_one_sees_what_was_committed_while_it_waited(
    begun: Begun, owner: asyncpg.Connection
) -> None:
    async with begun.acquire() as connection:
        before = await connection.fetchval(LABELS)
    await owner.execute("insert into toldonce.label (organisation, category) values ('begun', 'alerts')")
    try:
        async with begun.acquire() as connection:
            assert await connection.fetchval(LABELS) == before + 1
            await owner.execute("delete from toldonce.label where organisation = 'begun'")
            assert await connection.fetchval(LABELS) == before + 1  # REPEATABLE READ, from its first question on
    finally:
        await owner.execute("delete from toldonce.label where organisation = 'begun'")


async def test_nothing_is_left_of_who_was_there_before(begun: Begun) -> None:
    async with begun.acquire() as connection:
        fresh = await connection.fetchrow(SETTINGS)
        await act_as(connection, "toldonce_reader")
        await connection.execute("select set_config('toldonce.person', $1, true)", str(UUID(int=7)))
    async with begun.acquire() as connection:
        found = await connection.fetchrow(SETTINGS)
        assert found["role"] == fresh["role"] == "toldonce_facts"
        assert not found["person"]


async def test_a_transaction_that_failed_is_followed_by_a_sound_one(begun: Begun) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with begun.acquire() as connection:
            await connection.fetchval("select 1 / 0")
    async with begun.acquire() as connection:
        assert await connection.fetchval("select 1") == 1
        assert await connection.fetchval("show transaction_isolation") == "repeatable read"
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("create temporary table written ()")


async def test_one_that_waits_holds_no_snapshot_and_no_lock(begun: Begun, owner: asyncpg.Connection) -> None:
    """So that neither VACUUM nor a migration waits for it."""
    async with begun.acquire() as connection:
        await connection.fetchval(LABELS)
        process = await connection.fetchval("select pg_backend_pid()")
        held = await owner.fetchval("select backend_xmin is not null from pg_stat_activity where pid = $1", process)
        assert held  # as long as somebody reads
    state, snapshot = await owner.fetchrow("select state, backend_xmin from pg_stat_activity where pid = $1", process)
    assert (state, snapshot) == ("idle in transaction", None)
    locks = "select count(*) from pg_locks where pid = $1 and locktype <> 'virtualxid'"
    assert await owner.fetchval(locks, process) == 0
