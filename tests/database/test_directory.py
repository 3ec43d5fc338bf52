"""Of several descriptions of a practitioner the fullest is served, however they arrive."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import orjson
import pytest

from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.store import directory
from integration.store.connection import Connection
from integration.store.database import Database
from tests.database.ingesting import differences, emptied, ingest, record_of, worker
from tests.unit.adapters.acute_messages import adt, pv1

SHORT, FULL = "C3333333^JONES", "C3333333^JONES^MARGARET^^^DR"


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)


def seen(patient: str, event: str, hour: int, consultant: str) -> Delivery:
    content = adt(
        event, f"20260901{hour:02d}", pid=f"1||{patient}^^^X9A^MR||Doe^Jo", more=[pv1(f"7{patient}", f9=consultant)]
    )
    return Delivery("acute", "X9A", f"{patient}{hour}.hl7", content, datetime(2026, 9, 1, hour, tzinfo=UTC))


async def served(owner: asyncpg.Connection) -> list[tuple[int, list[str]]]:
    rows = await owner.fetch("select version, body from toldonce.directory_resource where type = 'Practitioner'")
    return [(row["version"], orjson.loads(row["body"])["name"][0].get("given")) for row in rows]


async def test_two_workers_that_store_two_descriptions_at_once_serve_the_fuller(
    database: Database, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shorter is looked at before the fuller is committed, and written after it."""
    known: Sequence[Delivery] = [seen("1", "A01", 1, ""), seen("2", "A01", 2, "")]
    said: Sequence[Delivery] = [seen("1", "A08", 3, SHORT), seen("2", "A08", 4, FULL)]
    await ingest(database, known)
    await ingest(database, said)
    expected, fullest = await record_of(owner), await served(owner)
    assert [given for _, given in fullest] == [["MARGARET"]]
    await emptied(owner)
    await ingest(database, known)

    turn, really = iter(range(2)), directory._serve_fullest

    async def serve(connection: Connection, ids: set[UUID], recorded: datetime) -> None:
        number = next(turn)
        await asyncio.sleep(0.3 if number == 0 else 0)
        await really(connection, ids, recorded)
        await asyncio.sleep(0.5 if number == 1 else 0)

    async with worker(database) as one, worker(database) as other:
        async with one.pool.acquire() as connection:
            await inbox.receive(connection, said)
        await one.read()
        monkeypatch.setattr(directory, "_serve_fullest", serve)
        first = asyncio.create_task(one.assemble(1))
        await asyncio.sleep(0.1)
        assert (await other.assemble(1), await first) == (1, 1)
        monkeypatch.undo()
        await one.run()
    assert [given for _, given in await served(owner)] == [["MARGARET"]]
    assert differences(expected, await record_of(owner)) == {}
