"""A source takes back what it had said of Mrs T: an officer's page tells who had been shown it through the API."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from adapters.records import LONDON
from integration.audit.look import look
from tests.database.ingesting import about, ingest
from tests.database.recording import adjustment, ended, everybody, recorder, send, site
from tests.database.serving import Site
from tests.spec.neighbourhood import MRS_T, NOW, NUMBER
from tests.spec.test_console import code

__all__ = ["everybody", "site"]
pytestmark = pytest.mark.slow
BEFORE, AFTER, LATE = NOW - timedelta(days=3), NOW + timedelta(minutes=2), NOW + timedelta(minutes=4)
"""A token lasts five minutes."""
_STOOD = """
update toldonce.{table} set recorded = case when recorded < $1 then $2::timestamptz else $3::timestamptz end
"""


@pytest.fixture(autouse=True)
async def _quiet(site: Site) -> None:
    site.at(NOW)
    site.tokens.clear()
    await site.owner.execute("truncate toldonce.alert_step, toldonce.alert, toldonce.looked, toldonce.user_day")


async def moment(owner: asyncpg.Connection) -> datetime:
    now: datetime = await owner.fetchval("select clock_timestamp()")
    return now


async def stood(site: Site, until: datetime) -> None:
    """What was stored before that moment was recorded days ago, and what has been since, a little after the reads."""
    for table in ("resource", "resource_history"):
        await site.owner.execute(_STOOD.format(table=table), until, BEFORE, AFTER)
    await site.owner.execute("update toldonce.facts set recorded = $1 where recorded < $2", BEFORE, until)


async def read(
    site: Site, at: datetime, user: str, path: str = "Patient/{person}/$everything", client: str = ""
) -> str:
    """An emergency doctor's answer, or that of somebody of another client."""
    caller = await site.as_caller(client or "hospital-epr", None if client else "emergency doctor", user=user)
    site.at(at)
    answer = await caller.get(path.format(person=await site.person(MRS_T)))
    site.at(NOW)
    assert answer.status_code == 200
    return answer.text


@asynccontextmanager
async def alerted(site: Site) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """An officer's browser, and the page of the one correction that waits once the day is over."""
    async with site.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            await look(connection, AFTER.astimezone(LONDON).date())
    (row,) = await site.owner.fetch("select id from toldonce.alert where kind = 'correction'")
    transport = httpx.ASGITransport(site.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as officer:
        await officer.post("/console/sign-in", data={"code": await code(site)})
        assert f'href="/console/alerts/{row["id"]}"' in (await officer.get("/console/alerts")).text
        page = (await officer.get(f"/console/alerts/{row['id']}")).text
        assert MRS_T not in page
        yield officer, page


def practice_says(wrong: Any) -> tuple[Any, dict[str, Any]]:
    """The practice's newest answer with one of her conditions taken back; and the condition."""
    bundle = json.loads(wrong.content)
    condition = next(one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Condition")
    condition["verificationStatus"] = "entered-in-error"
    later = wrong.as_of + timedelta(minutes=1)
    return replace(wrong, content=json.dumps(bundle).encode(), as_of=later), condition


async def test_a_practice_corrects_itself(site: Site) -> None:
    answer, condition = practice_says(max((one for one in about(18, "mrs-t") if one.feed == "gp"), key=_as_of))
    between = await moment(site.owner)
    assert await ingest(site.database, [answer]) == 1
    await stood(site, between)
    for _ in range(2):
        assert '"resourceType":"Condition"' in await read(site, NOW, "Dr Patel", client="gp-system")
    assert '"resourceType":"Condition"' in await read(site, NOW, "Dr Jones")
    visits = await read(site, NOW, "Dr Visits", f"Encounter?patient:identifier={NUMBER}|{MRS_T}")
    assert '"resourceType":"Condition"' not in visits
    assert '"resourceType":"Condition"' in await read(site, LATE, "Dr Late")
    async with alerted(site) as (officer, page):
        assert "Earlsdon Avenue Practice stated these conditions (gp feed)" in page
        assert "Earlsdon Avenue Practice looked 2 times" in page
        assert "Coventry Synthetic Hospitals NHS Trust looked once" in page
        for name, named in (("Dr Patel", True), ("Dr Jones", True), ("Dr Visits", False), ("Dr Late", False)):
            assert (f"{name}, " in page) is named, name
        assert condition["code"]["coding"][0]["display"] not in page
        link = page.partition('<a href="/console/accesses?')[2].partition('"')[0].replace("&amp;", "&")
        assert "Dr Patel" in (await officer.get(f"/console/accesses?{link}")).text


def _as_of(delivery: Any) -> datetime:
    at: datetime = delivery.as_of
    return at


async def test_adjustments_that_were_created_in_error(site: Site) -> None:
    gp, her = await recorder(site), await site.person(MRS_T)
    flags = [(await send(gp, "POST", "Flag", adjustment(her))).json() for _ in range(3)]
    removed, corrected, over = (f"Flag/{flag['id']}" for flag in flags)
    between = await moment(site.owner)
    site.at(AFTER)
    assert (await gp.ask("DELETE", f"{removed}?reason=created-in-error")).status_code == 200
    for path, flag, reason in ((corrected, flags[1], "created-in-error"), (over, flags[2], "no-longer-applies")):
        ending = {**flag, "status": "inactive", "extension": ended(reason)}
        assert (await send(gp, "PUT", path, ending, If_Match='W/"1"')).status_code == 200
    await stood(site, between)
    await read(site, NOW, "Dr Jones")
    async with alerted(site) as (_, page):
        assert "2 entries were taken back" in page
        assert (removed in page, corrected in page, over in page) == (True, True, False)
        assert "Dr Jones, emergency doctor" in page
        assert "someone, GP" not in page, "whoever records an entry is not shown it by that"
