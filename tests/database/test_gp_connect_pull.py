"""Pulling by GP Connect: what is asked and when, and that its answers become the record as files do."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from adapters.synthetic.gp_connect_provider import Provider
from adapters.synthetic.http_server import Fault
from adapters.transport.asking import Failure
from adapters.transport.gp_connect import GpConnect
from integration.ingest import gp_connect
from integration.ingest.gp_connect import Puller
from integration.store.database import Database
from tests.database.gp_connect import PEOPLE, consumer, document, practices
from tests.database.ingesting import emptied, ingest, neighbourhood, process, set_aside

MRS_T, HER_PRACTICE = "9990000018", "X90401"
HER = [(HER_PRACTICE, MRS_T)]


@pytest.fixture
async def provider(database: Database, owner: asyncpg.Connection) -> AsyncIterator[Provider]:
    await emptied(owner)
    async with practices() as running:
        yield running


async def pull(
    database: Database, provider: Provider, only: Sequence[tuple[str, str]] | None = None, **settings: Any
) -> Counter[str]:
    """Name people, ask, and process what came."""
    outcomes = await ask(database, provider, only, **settings)
    await process(database)
    return outcomes


async def ask(
    database: Database, provider: Provider, only: Sequence[tuple[str, str]] | None = None, **settings: Any
) -> Counter[str]:
    async with database.pool("toldonce_worker", size=8) as pool, consumer() as asking:
        if only:
            await gp_connect.name_people(pool, only)
        return await Puller(pool, asking, document(provider, **settings)).run(only)


async def by_events(database: Database, provider: Provider, **settings: Any) -> int:
    async with database.pool("toldonce_worker", size=2) as pool, pool.acquire() as connection:
        return await gp_connect.due_by_events(connection, document(provider, **settings))


async def types(owner: asyncpg.Connection) -> Counter[str]:
    """Types of the resources that the GP feed presently says, Provenance left out."""
    rows = await owner.fetch("select type from toldonce.resource where feed = 'gp' and type <> 'Provenance'")
    return Counter(row["type"] for row in rows)


async def the_pull(owner: asyncpg.Connection) -> asyncpg.Record:
    return await owner.fetchrow("select *, due - now() as wait from toldonce.gp_pull")


async def test_an_answer_becomes_the_record_and_is_fresh_for_a_day(database, owner, provider):
    assert await pull(database, provider, HER) == {"answered": 1}
    held = await types(owner)
    assert held["Patient"] == 1
    assert held["Encounter"] > 30
    row = await the_pull(owner)
    assert (row["practice"], row["nhs_number"], row["outcome"], row["attempts"]) == (*HER[0], "answered", 0)
    assert row["last_answered"]
    assert timedelta(hours=23) < row["wait"] <= timedelta(hours=24)
    assert await pull(database, provider) == {}
    assert provider.asked == HER


async def test_a_refusal_withholds_what_was_shared_at_once(database, owner, provider):
    await pull(database, provider, HER)
    before = await types(owner)
    provider.refuse(*HER[0])
    assert await pull(database, provider, HER) == {"NO_PATIENT_CONSENT": 1}
    assert await types(owner) == {"Patient": 1, "Consent": 1}
    kept = await owner.fetchval("select count(*) from toldonce.resource_history where type = 'Encounter'")
    assert kept >= before["Encounter"]
    refused = await owner.fetchrow("select body from toldonce.resource where type = 'Consent'")
    assert json.loads(refused["body"])["status"] == "active"


async def test_not_found_after_a_record_withholds_until_there_is_one_again(database, owner, provider):
    record = provider.answers[HER[0]]
    await pull(database, provider, HER)
    before = await types(owner)
    provider.lose(*HER[0])
    assert await pull(database, provider, HER) == {"PATIENT_NOT_FOUND": 1}
    assert await types(owner) == {"Patient": 1}
    left = json.loads(await owner.fetchval("select body from toldonce.resource where type = 'Patient'"))
    assert not {"address", "telecom", "generalPractitioner"} & left.keys()
    assert "deceasedDateTime" not in left
    lists = datetime.now(UTC).isoformat(timespec="seconds").encode()
    provider.answers[HER[0]] = _made_at(record, lists)
    assert await pull(database, provider, HER) == {"answered": 1}
    assert await types(owner) == before


async def test_not_found_from_the_start_says_nothing(database, owner, provider):
    provider.lose(*HER[0])
    assert await pull(database, provider, HER) == {"PATIENT_NOT_FOUND": 1}
    assert await types(owner) == {}
    assert await set_aside(owner) == []


async def test_an_answer_that_leaves_something_out_withdraws_it_and_history_keeps_it(database, owner, provider):
    await pull(database, provider, HER)
    bundle = json.loads(provider.answers[HER[0]])
    gone = next(one["resource"]["id"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Encounter")
    bundle["entry"] = [one for one in bundle["entry"] if gone not in json.dumps(one["resource"])]
    provider.answers[HER[0]] = _made_at(json.dumps(bundle).encode(), datetime.now(UTC).isoformat().encode())
    before = await types(owner)
    assert await pull(database, provider, HER) == {"answered": 1}
    assert (await types(owner))["Encounter"] == before["Encounter"] - 1
    history = await owner.fetch(
        "select h.body from toldonce.resource_history h where h.type = 'Encounter' and not exists "
        "(select from toldonce.resource r where r.id = h.id) order by version"
    )
    assert [row["body"] is None for row in history] == [False, True]


async def test_the_same_answer_again_changes_nothing_but_is_kept(database, owner, provider):
    await pull(database, provider, HER)
    before = await owner.fetch("select id, version, body from toldonce.resource order by id")
    await pull(database, provider, HER)
    assert await owner.fetch("select id, version, body from toldonce.resource order by id") == before
    assert await owner.fetchval("select count(*) from toldonce.envelope") == 2


async def test_a_failure_leaves_no_envelope_and_what_is_held_stays(database, owner, provider):
    await pull(database, provider, HER)
    before = await types(owner)
    provider.faults[MRS_T] = [Fault(503)] * 3
    assert await pull(database, provider, HER) == {"HTTP_503": 1}
    assert await types(owner) == before
    assert await owner.fetchval("select count(*) from toldonce.envelope") == 1
    row = await the_pull(owner)
    assert (row["outcome"], row["attempts"]) == ("HTTP_503", 1)
    assert row["last_attempted"] > row["last_answered"]
    assert timedelta(minutes=4) < row["wait"] <= timedelta(minutes=5)


async def test_each_failure_doubles_the_wait_and_an_answer_ends_it(database, owner, provider):
    waits = []
    for _ in range(3):
        provider.faults[MRS_T] = [Fault(404)]
        await ask(database, provider, HER)
        waits.append(round((await the_pull(owner))["wait"].total_seconds() / 60))
    assert waits == [5, 10, 20]
    await ask(database, provider, HER)
    assert (await the_pull(owner))["attempts"] == 0


async def test_garbage_waits_in_quarantine(database, owner, provider):
    provider.faults[MRS_T] = [Fault(content=b"<html>")]
    assert await pull(database, provider, HER) == {"unusable": 1}
    (entry,) = await set_aside(owner)
    assert (entry["code"], entry["content"]) == ("not-json", b"<html>")
    assert (await the_pull(owner))["last_answered"] is None


async def test_nobody_is_asked_about_twice_at_once(database, owner, provider):
    for number in {number for _, number in provider.answers}:
        provider.faults[number] = [Fault(404, delay=0.05)]
    everybody = list(provider.answers)
    async with database.pool("toldonce_worker", size=12) as pool, consumer() as asking:
        await gp_connect.name_people(pool, everybody)
        several = [Puller(pool, asking, document(provider)) for _ in range(3)]
        outcomes = await asyncio.gather(*(puller.run() for puller in several))
    assert sum(outcomes, Counter()) == {"HTTP_404": len(everybody)}
    assert sorted(provider.asked) == sorted(everybody)


@dataclass
class AtOnce:
    """How many practices' answers `asking` waits for, and the most that it ever waited for."""

    asking: GpConnect
    running: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self._original = self.asking.pull
        self.asking.pull = self._counted  # type: ignore[method-assign]

    async def _counted(self, *asked: Any) -> Any:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            return await self._original(*asked)
        finally:
            self.running -= 1


async def test_one_practice_is_not_asked_more_at_once_than_agreed(database, owner, provider):
    number = max(
        {code for code, _ in provider.answers}, key=lambda code: sum(held == code for held, _ in provider.answers)
    )
    there = [(code, person) for code, person in provider.answers if code == number]
    for _, person in there:
        provider.faults[person] = [Fault(404, delay=0.3)]
    async with database.pool("toldonce_worker", size=4) as pool, consumer() as asking:
        at_once = AtOnce(asking)
        await gp_connect.name_people(pool, there)
        await Puller(pool, asking, document(provider, at_once=2)).run()
    assert at_once.most == min(2, len(there))


async def test_no_connection_is_held_while_practices_are_asked(database, owner, provider):
    everybody = list(provider.answers)
    for _, number in everybody:
        provider.faults[number] = [Fault(404, delay=0.2)]
    async with database.pool("toldonce_worker", size=1) as pool, consumer() as asking:
        at_once = AtOnce(asking)
        await gp_connect.name_people(pool, everybody)
        assert await Puller(pool, asking, document(provider)).run() == {"HTTP_404": len(everybody)}
    assert at_once.most > 4


async def test_who_stops_in_the_middle_leaves_the_person_due(database, owner, provider):
    provider.faults[MRS_T] = [Fault(delay=0.3)]
    asking = asyncio.create_task(ask(database, provider, HER))
    while not provider.asked:
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    row = await the_pull(owner)
    assert (row["outcome"], row["leased_until"]) == (None, None)
    assert row["wait"] < timedelta()
    assert await owner.fetchval("select count(*) from toldonce.envelope") == 0
    provider.faults.clear()
    assert await pull(database, provider) == {"answered": 1}


async def test_who_is_killed_leaves_the_person_due_when_the_lease_ends(database, owner, provider):
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await gp_connect.name_people(connection, HER)
        await gp_connect.claim(connection, HER_PRACTICE, None, timedelta(minutes=6))
    assert await ask(database, provider, HER) == {}
    assert provider.asked == []
    await owner.execute("update toldonce.gp_pull set leased_until = now(), due = now()")
    assert await ask(database, provider) == {"answered": 1}


async def test_an_answer_that_comes_after_the_lease_has_ended_is_kept_and_the_row_is_the_next_ones(
    database, owner, provider
):
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection, consumer() as asking:
        await gp_connect.name_people(connection, HER)
        late = await gp_connect.claim(connection, HER_PRACTICE, None, timedelta())
        answer = await asking.pull(document(provider).by_code[HER_PRACTICE], MRS_T)
        next_one = await gp_connect.claim(connection, HER_PRACTICE, None, timedelta(minutes=6))
        await gp_connect.keep(connection, late, answer, timedelta(hours=24))
    row = await the_pull(owner)
    assert (row["outcome"], row["leased_until"]) == (None, next_one.leased_until)
    assert await owner.fetchval("select count(*) from toldonce.envelope") == 1


async def test_who_is_named_while_being_asked_about_is_asked_about_once_more_and_not_at_once(database, owner, provider):
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await gp_connect.name_people(connection, HER)
        claimed = await gp_connect.claim(connection, HER_PRACTICE, None, timedelta(minutes=6))
        assert await ask(database, provider, HER) == {}
        await gp_connect.keep(connection, claimed, Failure(code="HTTP_404"), timedelta(hours=24))
    assert await ask(database, provider) == {"answered": 1}
    assert await ask(database, provider) == {}


async def test_coming_to_hospital_makes_the_practice_be_asked(database, owner, provider):
    await ingest(database, [delivery for delivery in neighbourhood(PEOPLE) if delivery.feed == "acute"])
    assert await by_events(database, provider) > 0
    due = await owner.fetch("select practice, nhs_number from toldonce.gp_pull order by 1, 2")
    came = await owner.fetch(
        "select distinct s.nhs_number from toldonce.resource r join toldonce.source_patient s using (person) "
        "where r.type = 'Encounter' and r.body like '%\"code\":\"EMER\"%' and s.nhs_number is not null"
    )
    assert {row["nhs_number"] for row in came} & {row["nhs_number"] for row in due}
    assert {(row["practice"], row["nhs_number"]) for row in due} <= provider.answers.keys()
    asked = await pull(database, provider)
    assert asked["answered"] > 0
    assert sum(asked.values()) == len(due)
    assert await by_events(database, provider) == 0
    assert await pull(database, provider) == {}


async def test_a_number_that_nobody_verified_is_not_asked_about(database, owner, provider):
    await ingest(database, [delivery for delivery in neighbourhood(PEOPLE) if delivery.feed == "acute"])
    await owner.execute("update toldonce.source_patient set demographics = demographics || '{\"verified\": false}'")
    assert await by_events(database, provider) == 0


async def test_where_somebody_is_registered_is_known_from_any_source(database, owner, provider):
    await ingest(database, [delivery for delivery in neighbourhood(PEOPLE) if delivery.feed == "acute"])
    assert (HER_PRACTICE, MRS_T) in await gp_connect.practices_of(owner, [MRS_T])
    assert await gp_connect.practices_of(owner, ["9990000001"]) == set()


def _made_at(record: bytes, moment: bytes) -> bytes:
    """The same record as if the practice had made it at another moment: its lists say when."""
    bundle = json.loads(record)
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "List" and "date" in entry["resource"]:
            entry["resource"]["date"] = moment.decode()
    return json.dumps(bundle).encode()
