"""Connections on which a transaction is begun before anybody asks: whoever gets one sees what is committed by then,
finds nothing of who was there before, and while it waits it holds nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

import asyncpg
import pytest

from integration.store.database import Database, act_as
from integration.store.lending import Lender

SETTINGS = "select current_setting('role') as role, current_setting('toldonce.person', true) as person"
LABELS = "select count(*) from toldonce.label where organisation = 'begun'"


@pytest.fixture
async def begun(database: Database) -> AsyncIterator[Lender]:
    async with database.reading(1) as pool:
        yield pool


async def test_whoever_gets_one_sees_what_was_committed_while_it_waited(
    begun: Lender, owner: asyncpg.Connection
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


async def test_nothing_is_left_of_who_was_there_before(begun: Lender) -> None:
    async with begun.acquire() as connection:
        fresh = await connection.fetchrow(SETTINGS)
        await act_as(connection, "toldonce_reader")
        await connection.execute("select set_config('toldonce.person', $1, true)", str(UUID(int=7)))
    async with begun.acquire() as connection:
        found = await connection.fetchrow(SETTINGS)
        assert found["role"] == fresh["role"] == "toldonce_facts"
        assert not found["person"]


async def test_a_transaction_that_failed_is_followed_by_a_sound_one(begun: Lender) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with begun.acquire() as connection:
            await connection.fetchval("select 1 / 0")
    async with begun.acquire() as connection:
        assert await connection.fetchval("select 1") == 1
        assert await connection.fetchval("show transaction_isolation") == "repeatable read"
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("create temporary table written ()")


async def test_one_that_waits_holds_no_snapshot_and_no_lock(begun: Lender, owner: asyncpg.Connection) -> None:
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


async def test_one_for_single_questions_waits_outside_of_any_transaction(database: Database) -> None:
    """And nothing of a question is left when it is answered, nor of a transaction when it is given back."""
    async with database.reading(1, "toldonce_reader", begun=False) as pool:
        for message in ("", "begin"):
            async with pool.acquire() as connection:
                assert not connection.is_in_transaction()
                if message:
                    await connection.execute(message)
                await connection.execute("select set_config('toldonce.person', $1, true)", str(UUID(int=7)))
        async with pool.acquire() as connection:
            found = await connection.fetchrow(SETTINGS)
            assert found["role"] == "toldonce_reader"
            assert not found["person"]
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await connection.execute("create temporary table written ()")


@pytest.mark.parametrize("begun", [True, False])
async def test_whatever_was_interrupted_is_ended_before_the_next(database: Database, begun: bool) -> None:
    """A task that is cancelled while its BEGIN is on the way does not know of a transaction; the server does."""
    async with database.reading(1, begun=begun) as pool:

        async def interrupted(sent: asyncio.Event) -> None:
            async with pool.acquire() as connection:
                sent.set()
                await connection.execute("select pg_sleep(0.01)" if begun else "begin")

        for _ in range(10):
            sent = asyncio.Event()
            task = asyncio.create_task(interrupted(sent))
            await sent.wait()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            async with pool.acquire() as connection:
                assert await connection.fetchval("select 1") == 1
                assert connection.is_in_transaction() is begun
