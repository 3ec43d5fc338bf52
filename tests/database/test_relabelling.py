"""A new sensitive code: everything that is stored is labelled by it, interrupted anywhere; and what was decided before
is explained as it was decided."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from uuid import UUID

import asyncpg
import pytest

from adapters.records import LONDON
from adapters.synthetic.neighbourhood import LAST_DAY
from integration import demo
from integration.ingest import relabel
from integration.sharing import sensitivity
from integration.sharing.agreements import load
from integration.sharing.decide import decide
from integration.sharing.facts import person_facts
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Decision, Grant, Request
from integration.sharing.sensitivity import sensitivities_of
from integration.store.database import Database, act_as
from integration.store.labels import Labels
from tests.database.ingesting import about, ingest, worker

PEOPLE = 25
NOW = datetime.combine(LAST_DAY, time(23, 45), LONDON)
NEW, CODE = "sexual health", "197480006"
"""Anxiety disorder: of Mrs B, in several sources."""
AGREEMENTS = Policy.of(load(demo.AGREEMENTS.read_text()))
NURSE = Caller("community-system", "X9C", "community nurse", "TREAT")
UNDER_LABELLED = """
select count(*) from toldonce.{table} r join toldonce.label l on l.id = r.label
where position(convert_to('"code":"{code}"', 'UTF8') in r.body) > 0 and not '{mark}' = any(l.sensitivities)
"""


@contextmanager
def longer_list() -> Iterator[None]:
    """The list has one code more."""
    kept = sensitivity._LISTS["sensitivities"][NEW]
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(kept, "snomed", {**kept["snomed"], CODE: "Anxiety disorder"})
            _read_again()
            yield
    finally:
        _read_again()


def _read_again() -> None:
    for cached in (sensitivity._by_code, sensitivity._by_icd10, sensitivity._bytes_of_lists):
        cached.cache_clear()


@pytest.fixture
async def reader(database: Database) -> AsyncIterator[asyncpg.Pool]:
    async with database.pool("toldonce_api", size=1) as pool:
        yield pool


async def decided(pool: asyncpg.Pool, person: UUID, at: datetime | None = None) -> Decision:
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        facts = await person_facts(connection, Labels(), person, at)
    return decide(Request(NURSE, person, NOW), facts, AGREEMENTS)


async def with_the_code(owner: asyncpg.Connection, grant: Grant) -> int:
    """How many rows with the new code a Grant shows, earlier versions among them."""
    count: int = await owner.fetchval(
        "select count(*) from (select person, label, body from toldonce.resource union all "
        "select person, label, body from toldonce.resource_history) r "
        "where person = $1 and label = any($2) and position(convert_to($3, 'UTF8') in body) > 0",
        grant.person,
        list(grant.labels),
        CODE,
    )
    return count


async def under_labelled(owner: asyncpg.Connection) -> tuple[int, int]:
    """Rows with the new code and without its mark: in force, and earlier ones."""
    found = [
        await owner.fetchval(UNDER_LABELLED.format(table=table, code=CODE, mark=NEW))
        for table in ("resource", "resource_history")
    ]
    return found[0], found[1]


async def test_all_that_is_stored_is_labelled_anew(
    database: Database, owner: asyncpg.Connection, reader: asyncpg.Pool
) -> None:
    deliveries = about(PEOPLE, "mrs-t", "mrs-b")
    await ingest(database, deliveries[::2])
    await ingest(database, deliveries[1::2])
    person: UUID = await owner.fetchval(
        "select person from toldonce.resource where position(convert_to($1, 'UTF8') in body) > 0 limit 1", CODE
    )
    assert (await under_labelled(owner))[0] > 0
    then = datetime.now(UTC)
    before = await decided(reader, person)
    assert isinstance(before, Grant)
    assert await with_the_code(owner, before) > 0

    with longer_list():
        async with worker(database) as pipeline, pipeline.pool.acquire() as connection:
            everybody = await owner.fetchval("select count(*) from toldonce.source_patient")
            assert await relabel.begin(connection, "lists 2") == everybody
            assert await relabel.begin(connection, "lists 2") == 0  # another worker, or the same one again
            await pipeline.assemble(1)  # and interrupted
            assert await relabel.go_on(pipeline.pool, "lists 2") == 0
            assert await owner.fetchval("select finished is null and passed = 0 from toldonce.labelling")
        async with worker(database) as pipeline, pipeline.pool.acquire() as connection:
            assert await relabel.begin(connection, "lists 2") == 0
            await pipeline.run()
            present, earlier = await under_labelled(owner)
            assert (present, earlier > 0) == (0, True)  # what was replaced is still labelled as it was
            await interrupted(pipeline.pool)
            assert await relabel.go_on(pipeline.pool, "lists 2") > 0
            assert await relabel.go_on(pipeline.pool, "lists 2") == 0
        assert await under_labelled(owner) == (0, 0)
        assert await owner.fetchval("select finished is not null from toldonce.labelling")
        await all_have_their_marks(owner)

    after = await decided(reader, person)
    assert isinstance(after, Grant)
    assert await with_the_code(owner, after) == 0
    assert await decided(reader, person, then) == before  # labels, too, as they were recorded then


async def interrupted(pool: asyncpg.Pool) -> None:
    """Earlier versions of the first source patient are labelled; then it is killed."""
    done = 0
    label = relabel._label

    async def once(*arguments: object) -> int:
        nonlocal done
        done += 1
        if done == 2:
            raise RuntimeError("killed")
        return await label(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relabel, "_TOGETHER", 1)
        patch.setattr(relabel, "_label", once)
        with pytest.raises(RuntimeError, match="killed"):
            await relabel.go_on(pool, "lists 2")


async def all_have_their_marks(owner: asyncpg.Connection) -> None:
    """Row by row, whatever became of it: no label lacks a mark that its content asks for."""
    rows = await owner.fetch(
        "select r.type, r.body, l.sensitivities from (select type, body, label from toldonce.resource union all "
        "select type, body, label from toldonce.resource_history where body is not null) r "
        "join toldonce.label l on l.id = r.label"
    )
    for row in rows:
        resource = json.loads(row["body"])
        assert sensitivities_of(resource) <= set(row["sensitivities"]), row["type"]


def test_the_version_tells_lists_and_code_apart(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    now = relabel.labelled_by()
    assert now.startswith(sensitivity.VERSION)
    other = tmp_path / "lists.json"
    other.write_bytes(relabel._LISTS.read_bytes().replace(b"Syphilis", b"syphilis"))
    monkeypatch.setattr(relabel, "_LISTS", other)
    relabel.labelled_by.cache_clear()
    assert relabel.labelled_by() != now
    relabel.labelled_by.cache_clear()
