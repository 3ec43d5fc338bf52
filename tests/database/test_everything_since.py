"""`Patient/$everything?_since=`: what was recorded after it; and the whole record where what is told has changed."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from integration import demo
from integration.sharing import current
from integration.store.database import Database
from tests.database.ingesting import about, ingest, national
from tests.database.serving import Site, serving
from tests.database.test_everything_pages import MRS_T, following
from tests.spec.neighbourhood import NOW, Connected, resources

pytestmark = pytest.mark.slow
PEOPLE = 18
HOUR = timedelta(hours=1)


FILES = about(PEOPLE, "mrs-t")
LATER = [one for one in FILES if one.feed == "acute"][-4:]


@pytest.fixture
async def site(database: Database, owner: asyncpg.Connection, tmp_path: Path) -> AsyncIterator[Site]:
    """Everything of Mrs T but the hospital's last messages, as if recorded an hour before requests are made."""
    async with serving(database, owner, tmp_path) as found:
        await ingest(database, [one for one in FILES if one not in LATER])
        earlier = datetime.now(UTC) - NOW + HOUR
        for table in ("resource", "resource_history", "facts"):
            await owner.execute(f"update toldonce.{table} set recorded = recorded - $1::interval", earlier)
        await owner.execute("update toldonce.facts set until = until - $1::interval", earlier)
        yield found


async def told(caller: Connected, person: Any, **parameters: str) -> list[str]:
    """What comes, page for page."""
    answer = await caller.everything(person, parameters)
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    found = [f"{one['resourceType']}/{one['id']}" for one in resources(bundle, "match")]
    while url := following(bundle):
        bundle = (await caller.get(url)).json()
        found += [f"{one['resourceType']}/{one['id']}" for one in resources(bundle, "match")]
    return found


def before(time: timedelta) -> str:
    return (NOW - time).isoformat()


async def test_only_what_was_recorded_after_it_comes(site: Site, database: Database) -> None:
    gp, her = await site.as_caller("gp-system", "GP"), await site.person(MRS_T)
    whole = await told(gp, her)
    assert await told(gp, her, _since=before(HOUR / 2)) == []
    assert await told(gp, her, _since=before(2 * HOUR)) == whole
    await ingest(database, LATER)
    changed = await told(gp, her, _since=before(HOUR / 2))
    assert changed
    assert len(changed) < len(whole) / 4
    assert set(await told(gp, her)) - set(whole) <= set(changed)
    assert sorted(await told(gp, her, _since=before(HOUR / 2), _count="1")) == sorted(changed)
    assert await told(gp, her, _since=before(HOUR / 2), _type="Condition") == []


async def test_what_became_visible_late_is_not_missed(site: Site, database: Database) -> None:
    """It says an earlier moment than what was seen before it."""
    gp, her = await site.as_caller("gp-system", "GP"), await site.person(MRS_T)
    await ingest(database, LATER)
    assert await told(gp, her, _since=datetime.now(UTC).isoformat()) == await told(gp, her, _since=before(HOUR / 2))


async def test_who_is_linked_to_another_record_since_is_told_of_whole(site: Site, database: Database) -> None:
    gp, her = await site.as_caller("gp-system", "GP"), await site.person(MRS_T)
    await ingest(database, national(PEOPLE, "mrs-t"))
    assert await told(gp, her, _since=before(HOUR / 2)) == await told(gp, her)


@pytest.fixture
async def narrower(site: Site) -> AsyncIterator[Any]:
    """Agreements by which a practice may not see care plans; put in force when it is called."""
    policy, agreements = site.app.state.services.records.policy, demo.AGREEMENTS.read_text()
    changed = re.sub(r"(  GP:\n(?:.*\n)*?.*)care plans, ", r"\1", agreements, count=1)
    assert changed != agreements

    async def change(text: str = changed) -> None:
        await current.apply(site.owner, text)
        await policy.refresh(site.app.state.services.records.pool)

    yield change
    await change(agreements)


async def test_who_may_be_seen_otherwise_since_is_told_of_whole(site: Site, narrower: Any) -> None:
    gp, her = await site.as_caller("gp-system", "GP"), await site.person(MRS_T)
    whole = await told(gp, her)
    await narrower()
    left = await told(gp, her, _since=before(HOUR / 2))
    assert left == await told(gp, her)
    assert set(whole) - set(left) >= {one for one in whole if one.startswith("CarePlan/")} != set()


async def test_what_is_told_does_not_change_between_pages(site: Site, database: Database, narrower: Any) -> None:
    """A page of changes and a page of the whole would together be neither."""
    gp, her = await site.as_caller("gp-system", "GP"), await site.person(MRS_T)
    await ingest(database, LATER)
    first = (await gp.everything(her, {"_since": before(HOUR / 2), "_count": "1"})).json()
    await narrower()
    assert (await gp.get(following(first))).status_code == 410
