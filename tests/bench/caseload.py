"""How long a caseload of up to a thousand people takes to open: the page as a care coordinator's browser gets it, which
shows those added last; and the whole of it, as sorting or filtering needs it: a decision about each, what a team looks
at first, and an audit event for each.

In process; every person of the neighbourhood is on the caseload by somebody else's word. First once, as a team opens it
in the morning, then again.
"""

from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from uuid import UUID

import asyncpg
import httpx

from integration import demo, main
from integration.audit.access import Access, Account
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.config import Settings
from integration.console import sessions
from integration.console.sessions import Officer
from integration.deployment import secret_of
from integration.record.consult import Question, Records
from integration.sharing import current
from integration.sharing.current import CurrentPolicy
from integration.sharing.request import Caller
from integration.store.database import Database, act_as
from integration.teams.caseloads import membership
from integration.teams.caseloads.document import load
from integration.teams.caseloads.membership import Place
from integration.teams.caseloads.overview import Line, overview
from tests.bench.plan import Figure

PART = "a caseload"
MEMBERS, TIMES, TOGETHER = 1000, 7, 200
SHOWN = 50
"""Of a caseload of more than 200, on the page that opens."""
DESCRIPTION = """
caseload: everybody
title: Everybody
kind: INT
organisation: X9N04
reasons by hand: {meeting: Agreed at a team meeting}
"""
_PERSONS = """
select distinct s.person from toldonce.source_patient s join toldonce.resource r on r.person = s.person
where r.type = 'Patient' order by s.person limit $1
"""


async def measure(settings: Settings) -> list[Figure]:
    """The figures, on what is in the database of these settings."""
    await _filled(settings)
    question = Question(Caller("int", "X9N04", "care coordinator", "COC", "a coordinator"), datetime.now(UTC))
    database, policy = Database(settings), CurrentPolicy()
    async with database.pool("toldonce_api", size=4) as pool, database.reading(2) as begun, AuditLog(pool) as log:
        await policy.refresh(pool)
        records = Records(pool, policy, begun=begun)
        whole, read = [], []
        for _ in range(TIMES):
            began = perf_counter()
            lines = await overview(records, question, "everybody")
            read.append(perf_counter() - began)
            await log.append_all([_seen(question, one) for one in lines])
            whole.append(perf_counter() - began)
    members = f"{len(lines)} members"
    pages = await _pages(settings, database)
    return [
        Figure(PART, f"its page, the first time, {members}", pages[0], "s", target=1, at_most=True),
        Figure(PART, f"its page, median, {members}", median(pages), "s", target=1, at_most=True),
        Figure(PART, "the whole of it, the first time", whole[0], "s"),
        Figure(PART, "the whole of it, median", median(whole), "s"),
        Figure(PART, "decided and read, median", median(read), "s"),
    ]


async def _pages(settings: Settings, database: Database) -> list[float]:
    """Seconds until a signed-in browser has the caseload's page, each time."""
    who = Officer("a coordinator", "X9N04", role="care coordinator", purpose="COC")
    async with database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_registry")
        code = await sessions.offer(connection, who, datetime.now(UTC))
    seconds = []
    async with main.application(settings, database) as app:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as browser:
            assert (await browser.post("/console/sign-in", data={"code": code})).status_code == 303
            for _ in range(TIMES):
                began = perf_counter()
                page = (await browser.get("/console/team/caseloads/everybody")).raise_for_status()
                seconds.append(perf_counter() - began)
                assert page.text.count("/console/team/people/") >= SHOWN
    return seconds


def _seen(question: Question, line: Line) -> Access:
    return Access(
        when=question.at,
        kind=Kind.QUERY,
        interaction="search-type",
        route="GET /caseload",
        outcome=Outcome.SUCCESS,
        caller=question.caller,
        person=line.grant.person,
        decision=Account.of(line.grant),
        counts={"Patient": 1},
    )


async def _filled(settings: Settings) -> None:
    """Everybody, up to a thousand, on one caseload, by a practice's word."""
    database, caseload = Database(settings), load(DESCRIPTION)
    owner = await asyncpg.connect(database.owner_url)
    await current.apply(owner, demo.AGREEMENTS.read_text())
    persons: list[UUID] = [row["person"] for row in await owner.fetch(_PERSONS, MEMBERS)]
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            await membership.apply(connection, DESCRIPTION, "the benchmark", "to measure")
        for start in range(0, len(persons), TOGETHER):
            places = [Place(one, "X90401", "meeting", False, "a GP") for one in persons[start : start + TOGETHER]]
            async with connection.transaction():
                secret = secret_of(settings, "ids", 32)
                await membership.add(connection, secret, caseload, places, datetime.now(UTC))
    await owner.execute("vacuum analyze")
    await owner.close()
