"""What a later submission leaves out is withdrawn where both speak of it, kept elsewhere, and never forgotten."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import permutations

import asyncpg
import orjson
import pytest

from adapters.community import records as csds
from adapters.community.write import write as write_csds
from adapters.social_care import records as cld
from adapters.social_care.write import Cover
from adapters.social_care.write import write as write_cld
from integration.ingest import inbox, quarantine
from integration.ingest.inbox import Delivery
from integration.ingest.statements import Finished
from integration.store.connection import Connection
from integration.store.database import Database
from tests.database.ingesting import differences, emptied, ingest, record_of, replayed, worker

JUNE, JULY, AUGUST = "2026-06-15", "2026-07-15", "2026-08-15"


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)


def community(
    number: int, start: str, end: str, contacts: Sequence[str], *, sender: str = "X9C", patient: str = "C1"
) -> Delivery:
    """Submission `number` (a month) with one referral and contacts on these days."""
    created = f"2026-{number:02d}-20T09:00:00"
    header = csds.Header(provider=sender, submitter=sender, start=start, end=end, created=created)
    rows: list[csds.Row] = [
        csds.MasterPatientIndex(organisation=sender, local_patient=patient, birth_date="1950-01-01", gender="2"),
        csds.Registration(local_patient=patient, practice="X90401", start="2010-01-01"),
        csds.Referral(local_patient=patient, referral=f"R{patient}", received="2026-01-05"),
        *(csds.CareContact(contact=f"K{patient}{day}", referral=f"R{patient}", on=day) for day in contacts),
    ]
    return Delivery(
        "community", sender, f"csds_{number}.zip", write_csds(header, rows), datetime(2026, number, 21, tzinfo=UTC)
    )


def council(number: int, start: str, end: str, assessed: Sequence[str]) -> Delivery:
    """Submission `number` (a month) with a service that runs since January and assessments on these days."""
    person = cld.Person(local_id="101", birth_date="1950-01-01", gender="Female", postcode="CV1 2AB")
    care = cld.Service(type="Long Term Support: Community", component="Home Support")
    rows = [cld.Row(person=person, client_type="Service User", detail=care, start="2026-01-05")]
    seen = cld.Assessment(type="Long Term Assessment")
    rows += [cld.Row(person=person, client_type="Service User", detail=seen, start=day, end=day) for day in assessed]
    content = write_cld(rows, Cover("999", start, end))
    return Delivery("social_care", "X9L", f"cld_{number}.csv", content, datetime(2026, number, 21, tzinfo=UTC))


async def encounters(owner: asyncpg.Connection) -> list[str]:
    """Days of the encounters that stand."""
    rows = await owner.fetch("select body from toldonce.resource where type = 'Encounter'")
    return sorted(orjson.loads(row["body"])["period"]["start"][:10] for row in rows)


async def deletions(owner: asyncpg.Connection) -> list[tuple[str, str]]:
    """(day, type) of what the history knows as deleted, with a version that was seen before."""
    rows = await owner.fetch(
        "select d.type, s.body from toldonce.resource_history d join toldonce.resource_history s "
        "on s.id = d.id and s.version = d.version - 1 where d.body is null and d.type = 'Encounter'"
    )
    return sorted((orjson.loads(row["body"])["period"]["start"][:10], row["type"]) for row in rows)


CASES = {
    "community": [
        community(8, "2026-06-01", "2026-08-31", [JUNE, JULY, AUGUST]),
        community(9, "2026-07-01", "2026-09-30", [AUGUST]),
    ],
    "social_care": [
        council(8, "2026-06-01", "2026-08-20", [JUNE, JULY, AUGUST]),
        council(9, "2026-07-01", "2026-09-20", [AUGUST]),
    ],
}


@pytest.mark.parametrize("feed", CASES)
async def test_absence_withdraws_inside_both_windows_only(
    database: Database, owner: asyncpg.Connection, feed: str
) -> None:
    first, second = CASES[feed]
    await ingest(database, [first])
    assert await encounters(owner) == [JUNE, JULY, AUGUST]
    await ingest(database, [second])
    assert await encounters(owner) == [JUNE, AUGUST]  # June is before the second window: history, not withdrawn
    assert await deletions(owner) == [(JULY, "Encounter")]
    assert await owner.fetchval("select count(*) from toldonce.quarantine") == 0


@pytest.mark.parametrize("feed", CASES)
async def test_submissions_in_any_order_are_the_same(database: Database, owner: asyncpg.Connection, feed: str) -> None:
    """Also with a third one that brings back what the second left out."""
    back = {
        "community": community(10, "2026-07-01", "2026-10-31", [JULY, AUGUST]),
        "social_care": council(10, "2026-07-01", "2026-10-20", [JULY]),
    }[feed]
    records = []
    for order in permutations([*CASES[feed], back]):
        await emptied(owner)
        for one in order:
            await ingest(database, [one])
        records.append(await record_of(owner))
        assert await encounters(owner) == ([JUNE, JULY, AUGUST] if feed == "community" else [JUNE, JULY])
    for other in records[1:]:
        assert differences(records[0], other) == {}


async def test_what_comes_back_after_a_deletion_goes_on_with_its_versions(
    database: Database, owner: asyncpg.Connection
) -> None:
    first, second = CASES["community"]
    await ingest(database, [first])
    (id_,) = [
        row["id"]
        for row in await owner.fetch("select id, body from toldonce.resource where type = 'Encounter'")
        if JULY in row["body"].decode()
    ]
    await ingest(database, [second])
    await ingest(database, [community(10, "2026-07-01", "2026-10-31", [JULY, AUGUST])])
    seen = await owner.fetch(
        "select version, body is null from toldonce.resource_history where id = $1 order by 1", id_
    )
    assert [tuple(row) for row in seen] == [(1, False), (2, True)]
    assert await owner.fetchval("select version from toldonce.resource where id = $1", id_) == 3


async def test_another_senders_submission_withdraws_nothing(database: Database, owner: asyncpg.Connection) -> None:
    await ingest(database, [CASES["community"][0]])
    await ingest(database, [community(9, "2026-06-01", "2026-09-30", [AUGUST], sender="X9D")])
    assert await encounters(owner) == sorted([JUNE, JULY, AUGUST, AUGUST])


async def test_a_person_whom_a_submission_no_longer_names_loses_what_it_withdraws(
    database: Database, owner: asyncpg.Connection
) -> None:
    """The batch touches everybody of whom its sender ever said anything, not only those it names."""
    first = CASES["community"][0]
    await ingest(database, [first])
    header = csds.Header(
        provider="X9C", submitter="X9C", start="2026-06-01", end="2026-09-30", created="2026-09-20T09:00:00"
    )
    others = [csds.MasterPatientIndex(organisation="X9C", local_patient="C2", birth_date="1960-01-01")]
    later = Delivery("community", "X9C", "later.zip", write_csds(header, others), datetime(2026, 9, 21, tzinfo=UTC))
    await ingest(database, [later])
    assert await encounters(owner) == []
    assert len(await deletions(owner)) == 3
    types = {row["type"] for row in await owner.fetch("select type from toldonce.resource")}
    assert {"Patient", "ServiceRequest"} <= types  # the referral of January is outside both windows
    assert await replayed(database) == 0


async def test_a_submission_beside_the_one_that_names_new_people_withdraws_what_it_leaves_out(
    database: Database, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is read while the first, which makes C1, is not committed, and is committed after C1's record was
    made: without a queue for the sender it would find nobody to look at anew."""
    first = community(8, "2026-06-01", "2026-08-31", [JUNE, JULY])
    second = community(9, "2026-07-01", "2026-09-30", [AUGUST], patient="C2")
    await ingest(database, [first, second])
    expected = await record_of(owner)
    await emptied(owner)

    looked, may_commit, really = asyncio.Event(), asyncio.Event(), quarantine.finish

    async def finish(connection: Connection, finished: Sequence[Finished]) -> None:
        await really(connection, finished)
        if finished[0].envelope.name == second.name:
            looked.set()
            await may_commit.wait()
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await looked.wait()

    monkeypatch.setattr(quarantine, "finish", finish)
    async with worker(database) as one, worker(database) as other:
        readers = []
        for pipeline, delivery in ((one, first), (other, second)):
            async with pipeline.pool.acquire() as connection:
                await inbox.receive(connection, [delivery])
            readers.append(asyncio.create_task(pipeline.read()))
            await asyncio.sleep(0.1)
        await readers[0]
        assert await one.assemble() == 1
        may_commit.set()
        await readers[1]
        await one.run()
    assert differences(expected, await record_of(owner)) == {}
