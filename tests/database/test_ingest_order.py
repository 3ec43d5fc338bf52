"""The record is a function of the set of messages: neither their order, nor their repetition, nor how many are taken at
once makes a difference (DESIGN promise 5)."""

from uuid import UUID

import asyncpg
import orjson
import pytest

from adapters.synthetic.feeds import feed_files
from adapters.synthetic.neighbourhood import build
from integration.sharing.facts import ids_of, person_facts
from integration.store.database import Database
from integration.store.labels import Labels
from tests.database.ingesting import (
    Stored,
    again,
    deliveries,
    differences,
    emptied,
    ingest,
    memory_of,
    neighbourhood,
    record_of,
    replayed,
    shuffled,
    versions_of,
)

PEOPLE = 22


@pytest.fixture(scope="module")
async def as_given(database: Database) -> Stored:
    """The record after processing everything in the order of arrival."""
    owner = await asyncpg.connect(database.owner_url)
    await ingest(database, neighbourhood(PEOPLE))
    record = await record_of(owner)
    await owner.close()
    return record


def test_the_record_holds_every_feed_and_what_was_set_aside(as_given: Stored) -> None:
    feeds = {"gp", "acute", "community", "mental_health", "social_care", "vcfse"}
    assert {row["feed"] for row in as_given["people"]} == feeds
    assert {row["feed"] for row in as_given["statements"]} == feeds
    assert {row["feed"] for row in as_given["resources"]} == feeds
    assert len({row["person"] for row in as_given["people"]}) < len(as_given["people"])
    assert {row["state"] for row in as_given["envelopes"]} == {"done", "quarantined"}
    assert {row["code"] for row in as_given["quarantine"]} >= {
        "unsupported-message-type",
        "bad-check-digit",
        "no-patient",
    }


def test_every_reference_of_the_record_leads_somewhere(as_given: Stored) -> None:
    ids = {row["id"] for row in as_given["resources"]}
    described = {row["id"] for row in as_given["directory"]}
    for row in as_given["resources"]:
        assert set(row["refs"]) <= ids, orjson.loads(row["body"])
        assert set(row["entries"]) <= described, orjson.loads(row["body"])
    for row in as_given["directory"]:
        assert set(row["entries"]) <= described, orjson.loads(row["body"])


@pytest.mark.parametrize(
    ("seed", "batch"),
    [
        (None, 200),
        (2, 200),
        pytest.param(3, 7, marks=pytest.mark.slow),
        pytest.param(1, 1, marks=pytest.mark.slow),
        pytest.param(5, 30, marks=pytest.mark.slow),
    ],
)
async def test_any_order_and_any_batch_give_the_same_bytes(
    database: Database, owner: asyncpg.Connection, as_given: Stored, seed: int | None, batch: int
) -> None:
    """`seed` None: in reversed order."""
    arrived = neighbourhood(PEOPLE)
    await emptied(owner)
    await ingest(database, reversed(arrived) if seed is None else shuffled(arrived, seed), batch=batch)
    assert differences(as_given, await record_of(owner)) == {}


async def test_twice_delivered_and_twice_processed_is_once(
    database: Database, owner: asyncpg.Connection, as_given: Stored
) -> None:
    """Acceptance: the same envelopes twice leave the record byte-identical. They leave no trace either: not one new
    version, fact, decision or quarantine entry, and nobody's ETag changes."""
    arrived = neighbourhood(PEOPLE)
    await emptied(owner)
    await ingest(database, [*shuffled(arrived, 6), *shuffled(arrived, 7)])
    assert differences(as_given, await record_of(owner)) == {}
    memory, versions = await memory_of(owner), await versions_of(owner)
    assert await ingest(database, arrived) == 0
    await again(owner, database)
    await again(owner, database, batch=40)
    assert differences(as_given, await record_of(owner)) == {}
    assert await memory_of(owner) == memory
    assert await versions_of(owner) == versions


async def test_a_replay_after_nothing_changed_changes_nothing(
    database: Database, owner: asyncpg.Connection, as_given: Stored
) -> None:
    await emptied(owner)
    await ingest(database, neighbourhood(PEOPLE))
    memory, versions = await memory_of(owner), await versions_of(owner)
    assert await replayed(database) >= 4
    assert differences(as_given, await record_of(owner)) == {}
    assert await memory_of(owner) == memory
    assert await versions_of(owner) == versions


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11])
async def test_other_neighbourhoods_in_other_orders(database: Database, owner: asyncpg.Connection, seed: int) -> None:
    arrived = deliveries(feed_files(build(60, seed)))
    await emptied(owner)
    await ingest(database, arrived)
    first = await record_of(owner)
    for order in (1, 2):
        await emptied(owner)
        await ingest(database, shuffled(arrived, order), batch=30)
        assert differences(first, await record_of(owner)) == {}


async def test_every_person_id_ever_issued_resolves(
    database: Database, owner: asyncpg.Connection, as_given: Stored
) -> None:
    """Whatever the order, and with it the ids that people had on the way."""
    await emptied(owner)
    await ingest(database, shuffled(neighbourhood(PEOPLE), 8), batch=20)
    issued = [row["id"] for row in await owner.fetch("select id from toldonce.person")]
    people: set[UUID] = {row["person"] for row in as_given["people"]}
    assert len(issued) > len(people)
    meant = {id_: await person_facts(owner, Labels(), id_) for id_ in issued}
    assert all(facts.known for facts in meant.values())
    assert {facts.person for facts in meant.values()} == people
    for person in people:
        assert sorted(await ids_of(owner, [person])) == sorted(id_ for id_ in issued if meant[id_].person == person)
