"""The audit log against a real PostgreSQL: durable append with group commit."""

import asyncio
import json

import asyncpg
import pytest

from integration.audit import log
from integration.audit.entry import rendered
from integration.audit.log import AuditLog
from integration.errors import AuditUnavailable
from tests.database.audit_world import MRS_T, NOW, access, emptied


@pytest.fixture
async def pool(database, owner):
    await emptied(owner)
    async with database.pool("toldonce_api", size=4) as pool:
        yield pool


@pytest.fixture
async def audit(pool):
    async with AuditLog(pool) as audit:
        yield audit


async def count(connection: asyncpg.Connection) -> int:
    return await connection.fetchval("select count(*) from toldonce.audit_event")


async def test_an_appended_event_is_committed(audit, owner):
    event = await audit.append(access())
    row = await owner.fetchrow("select * from toldonce.audit_event where id = $1", event)
    assert json.loads(rendered(row["content"]))["id"] == str(event)
    assert (row["person"], row["organisation"], row["client"]) == (MRS_T, "X9A", "epr")
    assert (row["kind"], row["outcome"], row["recorded"]) == ("read", "0", NOW)
    assert await owner.fetchval("select event from toldonce.audit_unsealed") == event


async def test_append_waits_for_the_commit(audit, owner):
    """While the table is locked nothing can be committed, so append must not return."""
    async with owner.transaction():
        await owner.execute("lock table toldonce.audit_event in access exclusive mode")
        appending = asyncio.create_task(audit.append(access()))
        done, _ = await asyncio.wait([appending], timeout=0.3)
        assert not done
    await appending
    assert await count(owner) == 1


async def test_many_at_once_share_few_transactions(audit, owner):
    ids = await asyncio.gather(*(audit.append(access(minute)) for minute in range(200)))
    assert len(set(ids)) == 200
    assert await count(owner) == 200
    assert audit.batches < 20


async def test_after_several_at_once_the_next_go_together(audit, monkeypatch):
    """In a busy process the events of a moment share a transaction, though each could have had its own."""
    monkeypatch.setattr(log, "_APART", 1.0)
    await asyncio.gather(audit.append(access()), audit.append(access(1)))
    one = asyncio.create_task(audit.append(access(2)))
    await asyncio.sleep(0.05)
    assert not one.done()
    await asyncio.gather(one, audit.append(access(3)))
    assert audit.batches == 2


async def test_an_event_that_comes_alone_waits_for_no_other(audit, monkeypatch):
    monkeypatch.setattr(log, "_APART", 60.0)
    async with asyncio.timeout(30):
        for minute in range(5):
            await audit.append(access(minute))
    assert audit.batches == 5


async def test_the_event_of_a_client_that_goes_away_is_kept(audit, owner):
    async with owner.transaction():
        await owner.execute("lock table toldonce.audit_event in access exclusive mode")
        appending = asyncio.create_task(audit.append(access()))
        await asyncio.sleep(0.05)
        appending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await appending
    await audit.append(access(1))
    assert await count(owner) == 2


async def test_stopping_writes_what_waits(pool, owner):
    audit = AuditLog(pool)
    await audit.start()
    appending = [asyncio.create_task(audit.append(access(minute))) for minute in range(50)]
    await asyncio.sleep(0)
    await audit.stop()
    await asyncio.gather(*appending)
    assert await count(owner) == 50


async def test_a_stopped_or_unstarted_log_refuses(pool):
    audit = AuditLog(pool)
    with pytest.raises(AuditUnavailable):
        await audit.append(access())
    async with audit:
        pass
    with pytest.raises(AuditUnavailable):
        await audit.append(access())


async def test_when_the_writer_fails_every_waiter_is_refused(audit, owner):
    await owner.execute("revoke insert on toldonce.audit_event from toldonce_audit_writer")
    try:
        results = await asyncio.gather(*(audit.append(access(m)) for m in range(20)), return_exceptions=True)
    finally:
        await owner.execute("grant insert on toldonce.audit_event to toldonce_audit_writer")
    assert [type(result) for result in results] == [AuditUnavailable] * 20
    assert await count(owner) == 0
    await audit.append(access())
    assert await count(owner) == 1


async def test_a_lost_connection_refuses_once_and_then_heals(audit, owner):
    await audit.append(access())
    await owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where usename = 'toldonce_api' and datname = current_database()"
    )
    with pytest.raises(AuditUnavailable):
        await audit.append(access(1))
    await audit.append(access(2))
    assert await count(owner) == 2


async def test_a_full_queue_refuses_instead_of_growing(pool, owner):
    async with AuditLog(pool, capacity=2) as audit:
        results = await asyncio.gather(*(audit.append(access(m)) for m in range(10)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, AuditUnavailable)]
    assert len(refused) == 8
    assert await count(owner) == 2


async def test_it_writes_while_requests_hold_every_other_connection(audit, pool, owner):
    held = [await pool.acquire() for _ in range(3)]
    await asyncio.wait_for(audit.append(access()), 30)
    for connection in held:
        await pool.release(connection)
    assert await count(owner) == 1


@pytest.mark.parametrize("table", ["audit_event", "audit_unsealed", "audit_leaf", "audit_node", "audit_checkpoint"])
@pytest.mark.parametrize("attempt", ["select * from {}", "delete from {}", "truncate {}", "update {} set {} = null"])
async def test_the_role_of_the_api_can_only_insert_events(pool, audit, owner, table, attempt):
    await audit.append(access())
    column = await owner.fetchval(
        "select attname from pg_attribute where attrelid = $1::regclass and attnum = 2", f"toldonce.{table}"
    )
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select set_config('role', 'toldonce_audit_writer', true)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(attempt.format(f"toldonce.{table}", column))


async def test_an_event_is_kept_whatever_its_month(audit, owner):
    """There is a partition for this month and the next ones; what belongs in none of them is kept too."""
    months = [NOW.replace(year=year) for year in (1999, 2026, 2090)]
    await audit.append_all([access(when=moment) for moment in months])
    assert await count(owner) == 3
    assert await owner.fetchval("select count(*) from toldonce.audit_event_other") >= 2


async def test_partitions_of_the_coming_months_are_made(pool, owner):
    names = await owner.fetch("select relname from pg_class where relname ~ '^audit_event_\\d{4}_\\d\\d$'")
    assert len(names) >= 4
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local role toldonce_audit_sequencer")
        await connection.execute("select toldonce.audit_partitions(now() - interval '3 months')")
    assert (
        len(await owner.fetch("select from pg_class where relname ~ '^audit_event_\\d{4}_\\d\\d$'")) == len(names) + 3
    )


async def test_a_month_whose_events_are_in_the_default_partition_loses_none(audit, owner):
    await audit.append(access(when=NOW.replace(year=2025, month=1)))
    await owner.execute("select toldonce.audit_partitions('2025-01-01')")
    assert await count(owner) == 1
