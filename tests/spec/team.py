"""A neighbourhood team at work on the console: its caseload in synthetic Coventry, and somebody signed in."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from integration import demo, deployment
from integration.audit.entry import rendered
from integration.console import sessions
from integration.console.sessions import Officer
from integration.demo import MRS_T
from integration.store.database import act_as
from integration.teams.caseloads import membership
from integration.teams.caseloads.document import kept
from integration.teams.caseloads.membership import Place
from tests.database.recording import cleared
from tests.spec.neighbourhood import NOW, Neighbourhood

CASELOAD = "int-south"
COORDINATOR = Officer("Amara Singh", "X9N04", role="care coordinator", purpose="COC")
"""Of the team whose caseload it is."""
PRACTICE = "X90401"
"""Who added everybody."""
MR_P, RESIDENT, OBJECTOR, RESTRICTED, SENSITIVE = "9990000042", "9990000034", "9990000077", "9990000085", "9990000093"
STRANGER = "9990000050"
"""Somebody whom another team looks after."""
FORMS = (
    "find", "people/{person}/emergency", "people/{person}/coordinator", "people/{person}/adjustments",
    "people/{person}/steps", "people/{person}/steps/{person}/done", "people/{person}/caseloads",
    f"people/{{person}}/caseloads/{CASELOAD}/end", "people/{person}/copy", f"caseloads/{CASELOAD}/huddle",
)  # fmt: skip


@asynccontextmanager
async def caseload(coventry: Neighbourhood, *numbers: str) -> AsyncIterator[str]:
    """The caseload of the South team with these people (NHS numbers) on it; afterwards all is as it was."""
    owner = coventry.owner
    text = (demo.CASELOADS / f"{CASELOAD}.yaml").read_text()
    places = [
        Place(await coventry.person(number), PRACTICE, "professional", by_rule=False, added_by="Dr Shah")
        for number in numbers
    ]
    async with owner.transaction():
        await membership.apply(owner, text, "the tests", "a team at work")
    async with coventry.database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            secret = deployment.assembler(coventry.settings).secret
            await membership.add(connection, secret, kept(text), places, NOW - timedelta(days=30))
    yield CASELOAD
    for table in ("caseload_member", "caseload_document", "huddle"):
        await owner.execute(f"delete from toldonce.{table} where caseload = $1", CASELOAD)
    await cleared(owner, membership.FEED)


@pytest.fixture(scope="module", autouse=True)
async def looked_after(coventry: Neighbourhood) -> AsyncIterator[str]:
    """For whoever imports it: the team looks after these people while the module's tests run."""
    async with caseload(coventry, MRS_T, MR_P, RESIDENT, OBJECTOR, RESTRICTED, SENSITIVE) as found:
        yield found


@pytest.fixture
async def team(coventry: Neighbourhood) -> AsyncIterator[httpx.AsyncClient]:
    """The browser of the team's coordinator, signed in."""
    async with signed_in(coventry, COORDINATOR) as browser:
        yield browser


async def code(coventry: Neighbourhood, who: Officer) -> str:
    """What they sign in with."""
    async with coventry.database.pool("toldonce_api", size=1) as pool:
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_registry")
            return await sessions.offer(connection, who, NOW)


@asynccontextmanager
async def signed_in(coventry: Neighbourhood, who: Officer) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody's browser, signed in."""
    transport = httpx.ASGITransport(coventry.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as browser:
        answer = await browser.post("/console/sign-in", data={"code": await code(coventry, who)})
        assert answer.status_code == 303, answer.text
        yield browser


async def check(browser: httpx.AsyncClient) -> str:
    """What a form of this session carries."""
    found = re.search(r'name="check" value="([0-9a-f]{64})"', (await browser.get("/console/team/find")).text)
    assert found
    return found[1]


async def sent(browser: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    """A form of a page, sent."""
    return await browser.post(f"/console/team/{path}", data={"check": await check(browser), **form})


def plain(page: httpx.Response) -> str:
    """A page without what differs from one session, and one form, to the next."""
    return re.sub(r'value="[0-9a-f]{32,64}"', "", page.text)


async def page_of(coventry: Neighbourhood, browser: httpx.AsyncClient, number: str) -> httpx.Response:
    return await browser.get(f"/console/team/people/{await coventry.person(number)}")


async def events(coventry: Neighbourhood, after: int = 0) -> list[dict[str, Any]]:
    """What the console wrote into the access log."""
    rows = await coventry.owner.fetch(
        "select content from toldonce.audit_event where client = 'console' order by id offset $1", after
    )
    return [json.loads(rendered(row["content"])) for row in rows]
