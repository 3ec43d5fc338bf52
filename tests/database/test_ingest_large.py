"""A large file is read in pieces: interrupted and resumed, read anew, or set aside, as one submission."""

import asyncio
import random
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import asyncpg
import pytest

from adapters.synthetic.social_care import large_file
from integration.ingest import inbox
from integration.ingest.inbox import PART, Delivery
from integration.ingest.packing import unpacked
from integration.store.database import Database
from tests.database.ingesting import again, differences, emptied, ingest, memory_of, process, record_of, versions_of
from tests.database.processes import COMMAND, WORK, gone, killed, started

AS_OF = datetime(2026, 9, 30, 20, tzinfo=UTC)
ROWS, TIMES = 400, 20
"""Every row many times, as councils do send them: many pieces, and few people."""


def council(content: bytes | BinaryIO, name: str = "cld.csv", as_of: datetime = AS_OF) -> Delivery:
    return Delivery("social_care", "X9L", name, content, as_of)


@pytest.fixture(scope="module")
def content() -> bytes:
    header, *rows = b"".join(large_file(ROWS)).splitlines(keepends=True)
    made = b"".join([header, *rows * TIMES])
    assert len(made) > 2 * PART
    return made


@pytest.fixture
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)


async def test_it_is_kept_in_parts_and_received_once(
    empty: None, database: Database, owner: asyncpg.Connection, content: bytes
) -> None:
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        assert await inbox.receive(connection, [council(BytesIO(content))]) == 1
        assert await inbox.receive(connection, [council(content), council(BytesIO(content))]) == 0
        waiting = await inbox.large(connection)
        assert waiting is not None
        assert (await inbox.begin(connection, 10, again=False)).ids == []
        with await inbox.opened(connection, waiting) as file:
            assert file.read() == content
    parts = await owner.fetch("select content from toldonce.envelope_part")
    assert max(len(unpacked(part["content"])) for part in parts) <= PART


async def test_only_one_worker_reads_it(empty: None, database: Database, content: bytes) -> None:
    async with database.pool("toldonce_worker", size=2) as pool:
        async with pool.acquire() as one, pool.acquire() as other:
            await inbox.receive(one, [council(content)])
            mine = await inbox.large(one)
            assert mine is not None
            assert await inbox.large(other) is None
            await inbox.let_go(one, mine)
            assert await inbox.large(other) is not None


async def test_killed_while_reading_it_goes_on_where_it_was(
    empty: None, database: Database, owner: asyncpg.Connection, content: bytes, tmp_path: Path
) -> None:
    await ingest(database, [council(content)])
    whole = await record_of(owner)
    versions = {id_: version for id_, (version, _, _) in (await versions_of(owner)).items()}
    memory = await memory_of(owner)
    await emptied(owner)
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await inbox.receive(connection, [council(content)])
    kept = []
    for pieces in (1, 3):
        worker = started(database.owner_url, tmp_path, sys.executable, "-c", WORK, "6")
        while (now := await owner.fetchrow("select pieces, begun, passed from toldonce.envelope"))["pieces"] < pieces:
            assert worker.poll() is None, "the file was read before it could be interrupted"
            await asyncio.sleep(0.002)
        async with gone(owner):
            killed(worker)
        kept.append(await owner.fetchrow("select pieces, begun, passed from toldonce.envelope"))
        assert await owner.fetchval("select count(*) from toldonce.due") == 0
        assert now["passed"] > 0
    assert kept[0]["begun"] == kept[1]["begun"] is not None
    assert kept[0]["pieces"] < kept[1]["pieces"]
    await process(database)
    assert differences(whole, await record_of(owner)) == {}
    assert versions == {id_: version for id_, (version, _, _) in (await versions_of(owner)).items()}
    assert memory == await memory_of(owner)


@pytest.mark.slow
async def test_begun_by_another_version_it_is_read_from_the_start(
    empty: None, database: Database, owner: asyncpg.Connection, content: bytes
) -> None:
    """A version that cut it into other pieces had kept two of them."""
    await ingest(database, [council(content)])
    whole = await record_of(owner)
    await emptied(owner)
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await inbox.receive(connection, [council(content)])
    for pieces in (2, 1000):
        await owner.execute(
            "with p as (insert into toldonce.source_patient (id, feed, organisation, local_id) values "
            "('00000000-0000-4000-8000-000000000001', 'social_care', 'X9L', 'of another reading') "
            "on conflict (id) do update set local_id = excluded.local_id returning key) "
            "insert into toldonce.statement "
            "select 900000 + $1::int, n, p.key, '', '', '' from p, generate_series(1, 7) n",
            pieces,
        )
        await owner.execute(
            "update toldonce.envelope set state = 'received', begun = 900000 + $1::int, pieces = $1", pieces
        )
        await process(database)
        await owner.execute("delete from toldonce.source_patient where local_id = 'of another reading'")
        assert differences(whole, await record_of(owner)) == {}


async def test_read_anew_it_changes_nothing(
    empty: None, database: Database, owner: asyncpg.Connection, content: bytes
) -> None:
    await ingest(database, [council(content)])
    before, versions = await record_of(owner), await versions_of(owner)
    await again(owner, database)
    assert differences(before, await record_of(owner)) == {}
    assert await versions_of(owner) == versions


@pytest.mark.slow
async def test_a_later_one_withdraws_what_it_leaves_out(
    empty: None, database: Database, owner: asyncpg.Connection, content: bytes
) -> None:
    lines = content.splitlines(keepends=True)
    half = b"".join([lines[0], *lines[1 : ROWS // 2] * TIMES * 2])
    assert len(half) > PART
    await ingest(database, [council(content)])
    full = await owner.fetchval("select count(*) from toldonce.resource")
    await ingest(database, [council(half, "later.csv", datetime(2026, 12, 31, tzinfo=UTC))])
    both = await record_of(owner)
    assert len(both["resources"]) < full
    await emptied(owner)
    await ingest(database, [council(half, "later.csv", datetime(2026, 12, 31, tzinfo=UTC)), council(content)])
    assert differences(both, await record_of(owner)) == {}


async def test_what_cannot_be_read_to_its_end_is_set_aside_as_a_whole(
    empty: None, database: Database, owner: asyncpg.Connection, content: bytes
) -> None:
    wide = bytes(1) * (2 * PART)
    await ingest(database, [council(wide, "broken.xlsx"), council(content)])
    rows = await owner.fetch(
        "select e.name, e.state, q.code from toldonce.envelope e left join toldonce.quarantine q on q.envelope = e.id "
        "and q.resolved is null where e.name = 'broken.xlsx'"
    )
    assert [(row["state"], row["code"] is not None) for row in rows] == [("quarantined", True)]
    assert await owner.fetchval("select count(*) from toldonce.envelope where state = 'done'") == 1


async def test_a_value_that_the_database_cannot_index_sets_the_file_aside_at_the_first_try(
    empty: None, database: Database, owner: asyncpg.Connection, content: bytes
) -> None:
    header, *rows = content.splitlines(keepends=True)
    number = header.decode().split(",").index("LA Person Unique Identifier")
    cells = rows[len(rows) // 2].decode().split(",")
    cells[number] = random.Random(7).randbytes(9000).hex()
    rows[len(rows) // 2] = ",".join(cells).encode()
    await ingest(database, [council(b"".join([header, *rows]))])
    rows_ = await owner.fetch("select state, tries from toldonce.envelope")
    assert [tuple(row) for row in rows_] == [("quarantined", 0)]


@pytest.mark.slow
async def test_the_work_command_reads_it(
    empty: None, database: Database, owner: asyncpg.Connection, content: bytes, tmp_path: Path
) -> None:
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await inbox.receive(connection, [council(content)])
    workers = [started(database.owner_url, tmp_path, str(COMMAND), "work") for _ in range(2)]
    for worker in workers:
        await asyncio.to_thread(worker.communicate)
        assert worker.returncode == 0
    together = await record_of(owner)
    await emptied(owner)
    await ingest(database, [council(content)])
    assert differences(together, await record_of(owner)) == {}
