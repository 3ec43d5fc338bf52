"""What arrives is audited by the database itself, with the envelope: no envelope without its event, by whichever way it
came, and none that the log cannot prove."""

import hashlib
from pathlib import Path
from uuid import UUID

import asyncpg
import orjson
import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from integration.audit.entry import rendered
from integration.audit.log import AuditLog
from integration.ingest import inbox, relabel
from integration.ingest.inbox import PART, Delivery
from integration.store.database import Database
from tests.database.audit_world import SealedLog, emptied

_EVENTS = "select * from toldonce.audit_event where kind = $1 order by id"


def message(number: int, content: bytes = b"MSH|") -> Delivery:
    return Delivery("acute", "X9A", f"message {number}", content + str(number).encode())


@pytest.fixture
async def worker(database: Database, owner: asyncpg.Connection):
    await emptied(owner)
    await owner.execute("truncate toldonce.envelope cascade")
    async with database.pool("toldonce_worker", size=2) as pool, pool.acquire() as connection:
        yield connection


async def test_every_envelope_has_one_event_and_what_comes_again_none(worker, owner) -> None:
    again = [message(1), message(2), message(3, b"x" * (PART + 1)), message(1)]
    assert await inbox.receive(worker, again) == 3
    assert await inbox.receive(worker, again) == 0
    events = [orjson.loads(rendered(row["content"])) for row in await owner.fetch(_EVENTS, "ingest")]
    kept = await owner.fetch("select id, digest, size from toldonce.envelope order by id")
    assert len(events) == len(kept) == 3
    said = [
        {one["type"].rpartition("ingest/")[2]: one["valueString"] for one in event["entity"][-1]["detail"]}
        for event in events
    ]
    assert sorted((one["envelope"], one["sha-256"], one["bytes"]) for one in said) == sorted(
        (str(row["id"]), row["digest"], str(row["size"])) for row in kept
    )
    for event in events:
        AuditEvent.model_validate(event)
        assert event["type"]["code"] == "110107"
        assert "X9A" in {agent["who"].get("identifier", {}).get("value") for agent in event["agent"]}
        assert "message" not in str(event["entity"])  # a file's name may be a patient's number


async def test_nothing_is_kept_whose_event_cannot_be_written(worker, owner) -> None:
    await owner.execute("alter table toldonce.audit_unsealed add constraint full_disk check (false) not valid")
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await inbox.receive(worker, [message(1)])
    finally:
        await owner.execute("alter table toldonce.audit_unsealed drop constraint full_disk")
    assert await owner.fetchval("select count(*) from toldonce.envelope") == 0
    await inbox.receive(worker, [message(1)])
    assert await owner.fetchval("select count(*) from toldonce.audit_event") == 1


async def test_the_database_writes_what_the_writer_would(database: Database, worker, owner, tmp_path: Path) -> None:
    await inbox.receive(worker, [message(number) for number in range(300)])
    rows = await owner.fetch(
        "select e.*, u.hash from toldonce.audit_event e join toldonce.audit_unsealed u on u.event = e.id"
    )
    for row in rows:
        assert row["hash"] == hashlib.sha256(b"\0" + row["salt"] + row["content"]).digest()
        assert (len(row["salt"]), row["id"].version) == (16, 7)
        assert row["id"].variant == UUID(int=0x8 << 60).variant
    assert len({row["salt"] for row in rows}) == len({row["id"] for row in rows}) == 300
    async with database.pool("toldonce_api", size=2) as pool, AuditLog(pool) as audit:
        log = SealedLog(pool, audit, owner, tmp_path)
        await log.append(3)
        assert await log.seal() == 303
        await log.keep()
        report = await log.verify(copy=True)
    assert report.intact, report
    assert report.size == 303


async def test_code_lists_that_change_are_an_event(worker, owner) -> None:
    await relabel.begin(worker, "a new list")
    await relabel.begin(worker, "a new list")
    (row,) = await owner.fetch(_EVENTS, "labelling")
    assert "a new list" in rendered(row["content"]).decode()


FORGED = ("audit_of_our_own('ingest', '{x}', '{y}', array[now()], array['[]'::json])", "audit_own('{}')")


@pytest.mark.parametrize("forged", FORGED, ids=["as what arrives", "as anything"])
@pytest.mark.parametrize("role", ["toldonce_ingest", "toldonce_receiver", "toldonce_audit_writer"])
async def test_nobody_else_makes_such_an_event(database: Database, owner, role: str, forged: str) -> None:
    login = "toldonce_worker" if role == "toldonce_ingest" else "toldonce_api"
    async with database.pool(login, size=1) as pool, pool.acquire() as connection, connection.transaction():
        await connection.execute(f"set local role {role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"select toldonce.{forged}")
