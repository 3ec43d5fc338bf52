"""`_since`: what was recorded after it; and the whole record of whoever's Grant or linkage has changed since."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from integration import demo
from integration.ingest.inbox import Delivery
from integration.sharing import current
from integration.sharing.current import CurrentPolicy
from integration.store.database import Database
from integration.teams.export.exports import Exports
from tests.database.exporting import agreed, join, leave, lines, ordered, whose, working, written
from tests.database.ingesting import about, ingest, national

pytestmark = pytest.mark.slow
TYPES = ("Patient", "Encounter", "Condition", "Flag", "CarePlan")
PEOPLE = 18
MRS_T, MRS_B = "9990000018", "9990000026"


@dataclass
class Team:
    """A team that exports its caseload again and again, each time since the time before."""

    database: Database
    owner: asyncpg.Connection
    exports: Exports
    later: list[Delivery]
    """What arrives in the tests."""
    since: datetime | None = None

    async def export(self) -> list[dict[str, Any]]:
        """What was recorded since the time before, as far as the team may know."""
        job = await written(self.exports, await ordered(self.exports, TYPES, self.since))
        self.since = job.as_of
        return await lines(self.exports, job)

    async def person(self, number: str) -> UUID:
        found: UUID = await self.owner.fetchval(
            "select distinct person from toldonce.source_patient where nhs_number = $1", number
        )
        return found


@pytest.fixture(scope="module")
async def team(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Team]:
    owner = await asyncpg.connect(database.owner_url)
    await agreed(owner, tmp_path_factory.mktemp("since"))
    deliveries = about(PEOPLE, "mrs-t", "mrs-b")
    last = max((one for one in deliveries if one.feed == "acute"), key=lambda one: one.name)
    await ingest(database, [one for one in deliveries if one is not last])
    async with working(database) as exports:
        team = Team(database, owner, exports, [last])
        await join(database, await team.person(MRS_T), await team.person(MRS_B))
        yield team
    await owner.close()


@pytest.fixture
async def whole(team: Team) -> list[dict[str, Any]]:
    """All that there is, and nothing that has changed since."""
    team.since = None
    found = await team.export()
    assert {one["resourceType"] for one in found} == set(TYPES)
    assert await team.export() == []
    return found


async def test_what_arrived_since_is_in_it_and_nothing_else(team: Team, whole: list[dict[str, Any]]) -> None:
    await ingest(team.database, team.later)
    changed = await team.export()
    assert changed
    before = {(one["id"], one["meta"]["versionId"]) for one in whole}
    assert not {(one["id"], one["meta"]["versionId"]) for one in changed} & before
    assert len(changed) < len(whole) / 4
    assert await team.export() == []


async def test_who_came_on_the_caseload_since_is_told_of_whole(team: Team, whole: list[dict[str, Any]]) -> None:
    her = await team.person(MRS_B)
    hers = [one for one in whole if whose(one) == str(her)]
    await leave(team.database, her)
    assert await team.export() == []
    await join(team.database, her)
    assert await team.export() == hers
    assert await team.export() == []


async def test_who_is_linked_to_another_record_since_is_told_of_whole(team: Team, whole: list[dict[str, Any]]) -> None:
    her = await team.person(MRS_B)
    await ingest(team.database, national(PEOPLE, "mrs-b"))
    found = await team.export()
    assert {whose(one) for one in found} == {str(her)}
    assert {one["id"] for one in found} >= {one["id"] for one in whole if whose(one) == str(her)}


async def test_who_may_be_seen_otherwise_since_is_told_of_whole(team: Team, whole: list[dict[str, Any]]) -> None:
    agreements, policy = demo.AGREEMENTS.read_text(), team.exports.records.policy
    assert isinstance(policy, CurrentPolicy)
    changed = re.sub(r"(  GP:\n(?:.*\n)*?.*)care plans, ", r"\1", agreements, count=1)
    assert changed != agreements
    try:
        await current.apply(team.owner, changed)
        await policy.refresh(team.exports.pool)
        assert await team.export() == [one for one in whole if one["resourceType"] != "CarePlan"]
    finally:
        await current.apply(team.owner, agreements)
        await policy.refresh(team.exports.pool)
    assert await team.export() == whole
