"""The audit log against a real PostgreSQL: durable append, group commit, the hash chain and its checker."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from integration.audit.access import Access
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog, sequence
from integration.audit.verify import Checkpoint, verify
from integration.errors import AuditUnavailable
from integration.sharing.request import Caller
from integration.store.database import Database

NOW = datetime(2026, 11, 2, 9, 30, 15, 123456, tzinfo=UTC)
MRS_T = UUID("00000000-0000-4000-8000-000000000001")
CALLER = Caller(client="epr", organisation="X9A", role="clinician", purpose="TREAT", user="dr.jones")


def access(minute: int = 0, **changes: object) -> Access:
    base = Access(
        when=NOW + timedelta(minutes=minute),
        kind=Kind.READ,
        interaction="read",
        route="GET /fhir/Patient/{id}",
        outcome=Outcome.SUCCESS,
        caller=CALLER,
        person=MRS_T,
        target=f"Patient/{MRS_T}",
    )
    return replace(base, **changes)


@pytest.fixture
async def pool(database: Database, owner: asyncpg.Connection) -> AsyncIterator[asyncpg.Pool]:
    await owner.execute("truncate toldonce.audit_event")
    async with database.pool("toldonce_api", size=4) as pool:
        yield pool


@pytest.fixture
async def audit(pool: asyncpg.Pool) -> AsyncIterator[AuditLog]:
    async with AuditLog(pool) as audit:
        yield audit


async def count(connection: asyncpg.Connection) -> int:
    return await connection.fetchval("select count(*) from toldonce.audit_event")


async def recorded_log(audit: AuditLog, pool: asyncpg.Pool, events: int = 8) -> None:
    for minute in range(events):
        await audit.append(access(minute))
    async with pool.acquire() as connection:
        assert await sequence(connection) == events


class TestAppend:
    async def test_an_appended_event_is_committed(self, audit, owner):
        event = await audit.append(access())
        row = await owner.fetchrow("select * from toldonce.audit_event where id = $1", event)
        assert json.loads(row["content"])["id"] == str(event)
        assert (row["person"], row["organisation"], row["client"]) == (MRS_T, "X9A", "epr")
        assert (row["kind"], row["outcome"], row["recorded"]) == ("read", "0", NOW)
        assert row["index"] is None

    async def test_append_waits_for_the_commit(self, audit, owner):
        """While the table is locked nothing can be committed, so append must not return."""
        async with owner.transaction():
            await owner.execute("lock table toldonce.audit_event in access exclusive mode")
            appending = asyncio.create_task(audit.append(access()))
            done, _ = await asyncio.wait([appending], timeout=0.3)
            assert not done
        await appending
        assert await count(owner) == 1

    async def test_many_at_once_share_few_transactions(self, audit, owner):
        ids = await asyncio.gather(*(audit.append(access(minute)) for minute in range(200)))
        assert len(set(ids)) == 200
        assert await count(owner) == 200
        assert audit.batches < 20

    async def test_the_event_of_a_client_that_goes_away_is_kept(self, audit, owner):
        async with owner.transaction():
            await owner.execute("lock table toldonce.audit_event in access exclusive mode")
            appending = asyncio.create_task(audit.append(access()))
            await asyncio.sleep(0.05)
            appending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await appending
        await audit.append(access(1))
        assert await count(owner) == 2

    async def test_stopping_writes_what_waits(self, pool, owner):
        audit = AuditLog(pool)
        await audit.start()
        appending = [asyncio.create_task(audit.append(access(minute))) for minute in range(50)]
        await asyncio.sleep(0)
        await audit.stop()
        await asyncio.gather(*appending)
        assert await count(owner) == 50

    async def test_a_stopped_or_unstarted_log_refuses(self, pool):
        audit = AuditLog(pool)
        with pytest.raises(AuditUnavailable):
            await audit.append(access())
        async with audit:
            pass
        with pytest.raises(AuditUnavailable):
            await audit.append(access())

    async def test_when_the_writer_fails_every_waiter_is_refused(self, audit, owner):
        await owner.execute("revoke insert on toldonce.audit_event from toldonce_audit_writer")
        try:
            results = await asyncio.gather(*(audit.append(access(m)) for m in range(20)), return_exceptions=True)
        finally:
            await owner.execute("grant insert on toldonce.audit_event to toldonce_audit_writer")
        assert [type(result) for result in results] == [AuditUnavailable] * 20
        assert await count(owner) == 0
        await audit.append(access())
        assert await count(owner) == 1

    async def test_a_lost_connection_refuses_once_and_then_heals(self, audit, owner):
        await audit.append(access())
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where usename = 'toldonce_api' and datname = current_database()"
        )
        with pytest.raises(AuditUnavailable):
            await audit.append(access(1))
        await audit.append(access(2))
        assert await count(owner) == 2

    async def test_a_full_queue_refuses_instead_of_growing(self, pool, owner):
        async with AuditLog(pool, capacity=2) as audit:
            results = await asyncio.gather(*(audit.append(access(m)) for m in range(10)), return_exceptions=True)
        refused = [result for result in results if isinstance(result, AuditUnavailable)]
        assert len(refused) == 8
        assert await count(owner) == 2

    async def test_it_writes_while_requests_hold_every_other_connection(self, audit, pool, owner):
        held = [await pool.acquire() for _ in range(3)]
        await asyncio.wait_for(audit.append(access()), 5)
        for connection in held:
            await pool.release(connection)
        assert await count(owner) == 1

    async def test_the_writers_role_can_neither_read_nor_change(self, pool, audit):
        await audit.append(access())
        for attempt in ("select content from", "delete from", "update"):
            text = f"{attempt} toldonce.audit_event" + (" set kind = 'x'" if attempt == "update" else "")
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("select set_config('role', 'toldonce_audit_writer', true)")
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(text)


class TestSequence:
    async def test_events_get_their_place_in_order_of_time(self, audit, pool, owner):
        late = await audit.append(access(5))
        early = await audit.append(access(1))
        async with pool.acquire() as connection:
            assert await sequence(connection) == 2
            assert await sequence(connection) == 0
        placed = await owner.fetch("select id from toldonce.audit_event order by index")
        assert [row["id"] for row in placed] == [early, late]

    async def test_two_sequencers_at_once_place_each_event_once(self, audit, pool, owner):
        for minute in range(30):
            await audit.append(access(minute))

        async def run() -> int:
            async with pool.acquire() as connection:
                return await sequence(connection)

        placed = await asyncio.gather(run(), run(), run())
        assert sum(placed) == 30
        indexes = await owner.fetch("select index from toldonce.audit_event order by index")
        assert [row["index"] for row in indexes] == list(range(30))

    async def test_a_later_round_continues_the_chain(self, audit, pool, owner):
        await recorded_log(audit, pool, 3)
        await audit.append(access(9))
        async with pool.acquire() as connection:
            assert await sequence(connection) == 1
        report = await verify(owner)
        assert report.intact
        assert report.checkpoint.size == 4


TAMPER = "update toldonce.audit_event set"


class TestVerify:
    async def test_an_untouched_log_is_intact(self, audit, pool, owner):
        await recorded_log(audit, pool)
        await audit.append(access(60))
        report = await verify(owner)
        assert report.intact
        assert (report.checkpoint.size, report.unsequenced) == (8, 1)
        assert "intact" in str(report)
        assert str(report.checkpoint) in str(report)

    async def test_an_empty_log_is_intact(self, pool, owner):
        assert (await verify(owner)).intact

    async def test_the_api_can_verify_too(self, audit, pool):
        await recorded_log(audit, pool, 2)
        async with pool.acquire() as connection:
            assert (await verify(connection)).intact

    async def found(self, owner, kept=None) -> set[tuple[str, int | None]]:
        report = await verify(owner, kept)
        assert not report.intact
        assert "NOT INTACT" in str(report)
        return {(finding.fault, finding.index) for finding in report.findings}

    async def test_an_altered_byte_of_content(self, audit, pool, owner):
        await recorded_log(audit, pool)
        await owner.execute(f"{TAMPER} content = set_byte(content, 30, get_byte(content, 30) # 1) where index = 3")
        assert ("altered", 3) in await self.found(owner)

    async def test_an_altered_event_with_a_leaf_made_to_fit(self, audit, pool, owner):
        await recorded_log(audit, pool)
        await owner.execute(
            f"{TAMPER} content = replace(convert_from(content, 'UTF8'), 'dr.jones', 'dr.smith')::bytea where index = 3"
        )
        await owner.execute(f"{TAMPER} leaf_hash = sha256('\\x00'::bytea || salt || content) where index = 3")
        assert await self.found(owner) == {("altered", 3)}

    async def test_an_altered_unsequenced_event(self, audit, owner):
        await audit.append(access())
        await owner.execute(f"{TAMPER} content = set_byte(content, 30, get_byte(content, 30) # 1)")
        assert ("altered", None) in await self.found(owner)

    async def test_a_deleted_row(self, audit, pool, owner):
        await recorded_log(audit, pool)
        await owner.execute("delete from toldonce.audit_event where index = 4")
        assert await self.found(owner) == {("missing", 4)}

    async def test_a_deleted_row_with_the_gap_closed(self, audit, pool, owner):
        await recorded_log(audit, pool)
        await owner.execute("delete from toldonce.audit_event where index = 4")
        for index in (5, 6, 7):
            await owner.execute(f"{TAMPER} index = $1 where index = $2", index - 1, index)
        assert await self.found(owner) == {("altered", 4)}

    @pytest.mark.parametrize(("one", "other"), [(2, 3), (2, 6)])
    async def test_swapped_places(self, audit, pool, owner, one, other):
        await recorded_log(audit, pool)
        for place, index in ((-1, one), (one, other), (other, -1)):
            await owner.execute(f"{TAMPER} index = $1 where index = $2", place, index)
        found = await self.found(owner)
        assert {("reordered", one), ("reordered", other)} <= found

    async def test_swapped_events_under_an_unchanged_chain(self, audit, pool, owner):
        await recorded_log(audit, pool)
        rows = await owner.fetch("select index, chain_hash from toldonce.audit_event where index in (2, 5) order by 1")
        (a, chain_a), (b, chain_b) = rows
        await owner.execute(f"{TAMPER} index = -1 where index = $1", a)
        await owner.execute(f"{TAMPER} index = $1, chain_hash = $2 where index = $3", a, chain_a, b)
        await owner.execute(f"{TAMPER} index = $1, chain_hash = $2 where index = -1", b, chain_b)
        assert await self.found(owner) == {("reordered", 2), ("reordered", 5)}

    async def test_an_edited_chain(self, audit, pool, owner):
        await recorded_log(audit, pool)
        await owner.execute(f"{TAMPER} chain_hash = sha256('x'::bytea) where index = 5")
        assert ("altered", 5) in await self.found(owner)

    async def test_a_column_that_hides_an_event_from_a_search(self, audit, pool, owner):
        await recorded_log(audit, pool)
        await owner.execute(f"{TAMPER} person = $1 where index = 6", uuid4())
        assert await self.found(owner) == {("column", 6)}

    async def test_a_cut_end_shows_against_a_kept_checkpoint(self, audit, pool, owner):
        await recorded_log(audit, pool)
        kept = (await verify(owner)).checkpoint
        await owner.execute("delete from toldonce.audit_event where index >= 6")
        assert (await verify(owner)).intact
        assert await self.found(owner, kept) == {("checkpoint", None)}

    async def test_a_rewritten_log_shows_against_a_kept_checkpoint(self, audit, pool, owner):
        await recorded_log(audit, pool)
        kept = Checkpoint.parse(str((await verify(owner)).checkpoint))
        assert (await verify(owner, kept)).intact
        await owner.execute("delete from toldonce.audit_event where index = 2")
        await owner.execute(f"{TAMPER} index = null, chain_hash = null")
        async with pool.acquire() as connection:
            assert await sequence(connection) == 7
        await audit.append(access(90))
        async with pool.acquire() as connection:
            await sequence(connection)
        assert (await verify(owner)).intact
        assert await self.found(owner, kept) == {("checkpoint", None)}
