"""The record is a function of the set of messages: neither their order, nor their repetition, nor how many are taken at
once makes a difference."""

import asyncpg
import pytest

from integration.store.database import Database
from tests.database.ingesting import (
    Stored,
    again,
    differences,
    emptied,
    ingest,
    neighbourhood,
    record_of,
    shuffled,
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


def test_the_record_holds_all_five_feeds_and_what_was_set_aside(as_given: Stored) -> None:
    feeds = {"gp", "acute", "community", "social_care", "vcfse"}
    assert {row["feed"] for row in as_given["people"]} == feeds
    assert {row["feed"] for row in as_given["statements"]} == feeds
    assert len({row["person"] for row in as_given["people"]}) < len(as_given["people"])
    assert {row["state"] for row in as_given["envelopes"]} == {"done", "quarantined"}
    assert as_given["quarantine"]
    assert as_given["directory"]


@pytest.mark.parametrize(
    ("seed", "batch"), [(None, 200), (1, 1), (2, 7), (3, 200), (None, 7), (4, 50)], ids=lambda value: str(value)
)
async def test_any_order_and_any_batch_give_the_same_bytes(
    database: Database, owner: asyncpg.Connection, as_given: Stored, seed: int | None, batch: int
) -> None:
    arrived = neighbourhood(PEOPLE)
    await emptied(owner)
    await ingest(database, reversed(arrived) if seed is None else shuffled(arrived, seed), batch=batch)
    assert differences(as_given, await record_of(owner)) == {}
