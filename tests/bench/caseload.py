"""How long a caseload of up to a thousand people takes to open: a decision about each, what a team looks at first, and
an audit event for each.

In process, for a care coordinator of the team; every person of the neighbourhood is on the caseload by somebody else's
word. First once, as a team opens it in the morning, then again.
"""

from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from uuid import UUID

import asyncpg

from integration import demo
from integration.audit.access import Access, Account
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.config import Settings
from integration.deployment import secret_of
from integration.record.consult import Question, Records
from integration.sharing import current
from integration.sharing.current import CurrentPolicy
from integration.sharing.request import Caller
from integration.store.database import Database
from integration.teams.caseloads import membership
from integration.teams.caseloads.document import load
from integration.teams.caseloads.membership import Place
from integration.teams.caseloads.overview import Line, overview
from tests.bench.plan import Figure

PART = "a caseload"
MEMBERS, TIMES, TOGETHER = 1000, 7, 200
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
    return [
        Figure(PART, f"opened the first time, {members}", whole[0], "s", target=1, at_most=True),
        Figure(PART, f"opened, median, {members}", median(whole), "s", target=1, at_most=True),
        Figure(PART, "decided and read, median", median(read), "s"),
    ]


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
