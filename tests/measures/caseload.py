"""A caseload in a running neighbourhood, whose members came and went in the past."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from adapters.records import LONDON
from integration import deployment
from integration.teams.caseloads import caseload
from integration.teams.caseloads.membership import FEED, Place, add, apply, end
from integration.teams.measures.person_time import Span
from tests.database.recording import cleared
from tests.spec.neighbourhood import Neighbourhood

TEAM, HUB, PRACTICE = "X9N03", "X9H", "X90301"
PLANNING = ("hub", "analyst", "HOPERAT")
CARE = ("int-south-west", "care coordinator", "COC")


@dataclass(frozen=True)
class Stay:
    """Somebody's membership, to the day; for good where no end is given."""

    person: UUID
    span: Span


@asynccontextmanager
async def with_caseload(site: Neighbourhood, id_: str, stays: Sequence[Stay]) -> AsyncIterator[str]:
    """The caseload, looked after by an INT and the hub, for as long as the context lasts: then it never was."""
    description = {
        "caseload": id_,
        "title": "People counted in a test",
        "kind": "INT",
        "organisation": TEAM,
        "seen also by": [HUB],
        "reasons by hand": {"test": "Counted in a test"},
    }
    secret = deployment.secret_of(site.settings, "ids", 32)
    async with site.database.pool("toldonce_worker", size=1) as pool, pool.acquire() as worker:
        async with site.owner.transaction():
            await apply(site.owner, json.dumps(description), "tests", "to be counted")
            made = await caseload(site.owner, id_)
            assert made is not None
        async with worker.transaction():
            for stay in sorted(stays, key=lambda one: one.span):
                place = Place(stay.person, PRACTICE, "test", by_rule=False, added_by="tests")
                await add(worker, secret, made, [place], _moment(stay.span.start))
                if stay.span.end < date.max:
                    await end(worker, made, [stay.person], ("tests", "no longer"), _moment(stay.span.end))
        yield id_
        async with worker.transaction():
            await end(worker, made, [one.person for one in stays], ("tests", "over"), datetime.now(LONDON))
    await site.owner.execute("delete from toldonce.caseload_member where caseload = $1", id_)
    await site.owner.execute("delete from toldonce.caseload_document where caseload = $1", id_)
    if not await site.owner.fetchval("select exists (select from toldonce.caseload_member)"):  # of another one
        await cleared(site.owner, FEED)


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(9, 30), LONDON)
