"""Mutated inputs through the whole pipeline: each ends done or set aside, and what is set aside says why."""

import asyncpg
import pytest

from integration.feeds import FEEDS
from integration.store.database import Database
from tests.database.ingesting import again, differences, ingest, record_of
from tests.fuzz.mutants import mutant

EACH = 25
SEED = 7


@pytest.mark.slow
async def test_every_mutated_input_ends_done_or_set_aside_with_its_reason(
    database: Database, owner: asyncpg.Connection
) -> None:
    arrived = [mutant(feed, SEED, number, samples=False).delivery for feed in FEEDS for number in range(EACH)]
    new = await ingest(database, arrived)
    states = dict(await owner.fetch("select state, count(*) from toldonce.envelope group by state"))
    assert states.keys() == {"done", "quarantined"}
    assert sum(states.values()) == new > len(arrived) * 0.9
    assert await owner.fetchval(_WITHOUT_REASON) == 0
    assert await owner.fetchval(_SILENT) == 0
    assert [row["code"] for row in await owner.fetch(_OUR_FAULTS)] == []
    assert await owner.fetchval("select count(*) from toldonce.due") == 0
    before = await record_of(owner)
    await again(owner, database, batch=40)
    assert differences(before, await record_of(owner)) == {}


_WITHOUT_REASON = """
select count(*) from toldonce.envelope e where state = 'quarantined'
and not exists (select from toldonce.quarantine q where q.envelope = e.id and q.resolved is null)
"""
_SILENT = """
select count(*) from toldonce.envelope e where not exists (select from toldonce.quarantine q where q.envelope = e.id)
and not exists (select from toldonce.statement s where s.reading = e.reading)
and not exists (select from toldonce.submission s where s.envelope = e.id)
"""
_OUR_FAULTS = "select code, location, reason from toldonce.quarantine where code = 'unexpected-failure'"
