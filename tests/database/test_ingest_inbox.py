"""What is acknowledged is kept, once; what says something by its name or date alone is not taken for a repeat."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from adapters.gp.records import Refusal, StructuredRecord, Withheld
from adapters.gp.write import write
from integration.ingest import due, inbox
from integration.ingest.inbox import Delivery
from integration.ingest.packing import LONGEST_PLAIN, unpacked
from integration.store.database import Database
from tests.database.ingesting import emptied, ingest, neighbourhood, record_of, worker
from tests.unit.adapters.gp_answers import bundle, observation, patient, read, record

PRACTICE = "X90101"
NUMBER, OTHER_NUMBER = "9990000018", "9990000026"
FIRST = datetime(2026, 9, 1, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)


def answer(number: str, content: bytes, day: int) -> Delivery:
    return Delivery("gp", PRACTICE, f"{number}.json", content, FIRST + timedelta(days=day))


def structured(number: str) -> bytes:
    identifier = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}
    return bundle(patient(identifier=[identifier]), observation())


def refusal(number: str) -> bytes:
    return write(Refusal(nhs_number=number), made="")


async def observations(owner: asyncpg.Connection) -> int:
    count: int = await owner.fetchval("select count(*) from toldonce.resource where type <> 'Patient' and type in "
        "('Observation', 'Condition', 'Flag')")  # fmt: skip
    return count


async def objections(owner: asyncpg.Connection) -> list[bool]:
    """Every objection to sharing that is recorded: whether it is in force."""
    rows = await owner.fetch(
        "select c->>'kind' as kind, (c->>'active')::boolean and c->>'end' is null as in_force "
        "from toldonce.facts cross join jsonb_array_elements(choices) as c where until = 'infinity'"
    )
    assert {row["kind"] for row in rows} <= {"objection-to-sharing"}
    return sorted(row["in_force"] for row in rows)


def test_the_answers_are_what_they_are_taken_for() -> None:
    assert isinstance(record(read(structured(NUMBER))), StructuredRecord)
    assert refusal(NUMBER) == refusal(OTHER_NUMBER)
    assert write(Withheld(nhs_number=NUMBER, code="PATIENT_NOT_FOUND"), made="") != refusal(NUMBER)


async def test_the_same_delivery_is_one_envelope(database: Database, owner: asyncpg.Connection) -> None:
    (message,) = [one for one in neighbourhood(18) if one.name == "TRUNCATED.hl7"]
    unstated = Delivery(message.feed, message.sender, message.name, message.content)
    assert await ingest(database, [message, message]) == 1
    assert await ingest(database, [message]) == 0
    assert await ingest(database, [unstated, unstated]) == 1
    assert await ingest(database, [unstated]) == 0


async def test_two_people_refused_in_the_same_bytes_are_both_refused(
    database: Database, owner: asyncpg.Connection
) -> None:
    await ingest(database, [answer(number, structured(number), 0) for number in (NUMBER, OTHER_NUMBER)])
    assert await observations(owner) > 0
    await ingest(database, [answer(number, refusal(number), 1) for number in (NUMBER, OTHER_NUMBER)])
    assert await observations(owner) == 0
    assert await objections(owner) == [True, True]


async def test_a_second_refusal_in_the_same_bytes_counts_again(database: Database, owner: asyncpg.Connection) -> None:
    """Refused, shared after all, refused again: the last word is no."""
    await ingest(database, [answer(NUMBER, refusal(NUMBER), 0)])
    await ingest(database, [answer(NUMBER, structured(NUMBER), 1)])
    shared = await observations(owner)
    await ingest(database, [answer(NUMBER, refusal(NUMBER), 2)])
    assert (shared > 0, await observations(owner)) == (True, 0)
    assert await objections(owner) == [False, True]
    assert await ingest(database, [answer(NUMBER, refusal(NUMBER), 2)]) == 0


async def test_what_is_received_is_kept_whole(database: Database, owner: asyncpg.Connection) -> None:
    arrived = neighbourhood(18)
    async with worker(database) as pipeline, pipeline.pool.acquire() as connection:
        await inbox.receive(connection, arrived)
    kept = await owner.fetch("select feed, sender, name, content, as_of from toldonce.envelope")
    assert {(feed, sender, name, unpacked(stored), as_of) for feed, sender, name, stored, as_of in kept} == {
        (one.feed, one.sender, one.name, one.content, one.as_of) for one in arrived
    }
    longest = max(arrived, key=lambda one: len(one.content))
    assert len(longest.content) > 10 * LONGEST_PLAIN
    stored = await owner.fetchval("select content from toldonce.envelope where name = $1", longest.name)
    assert len(stored) < len(longest.content) / 4
    assert (await record_of(owner))["people"] == []


async def test_of_files_that_wait_a_worker_leaves_half_to_the_others(database: Database) -> None:
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        files = [Delivery("community", "RYG", f"{one}.zip", bytes(10_000), FIRST) for one in range(8)]
        await inbox.receive(connection, files)
        begun = [await inbox.begin(connection, 100, again=False) for _ in range(5)]
    taken = [one.ids for one in begun]
    assert [one.files for one in begun] == [True, True, True, True, False]
    assert [len(one) for one in taken] == [4, 2, 1, 1, 0]
    assert taken == [*sorted(taken)[1:], []], "the oldest first"


async def test_messages_that_wait_are_read_together(database: Database) -> None:
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        messages = [Delivery("acute", "RKB", f"{one}.hl7", bytes(1_000), FIRST) for one in range(20)]
        await inbox.receive(connection, messages)
        begun = [await inbox.begin(connection, limit, again=False) for limit in (15, 15)]
    assert [(len(one.ids), one.files) for one in begun] == [(15, False), (5, False)]


async def test_what_is_read_at_once_is_bounded_in_bytes(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "_TOGETHER", 3_500)
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        messages = [Delivery("acute", "RKB", f"{one}.hl7", bytes(1_000), FIRST) for one in range(5)]
        await inbox.receive(connection, messages)
        begun = [await inbox.begin(connection, 10, again=False) for _ in range(2)]
    assert [len(one.ids) for one in begun] == [3, 2]


async def test_who_is_in_several_files_that_wait_is_assembled_once(
    database: Database, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assembled: list[int] = []
    take = due.take

    async def taking(*arguments: Any) -> dict[int, bool]:
        taken = await take(*arguments)
        assembled.extend(taken)
        return taken

    monkeypatch.setattr(due, "take", taking)
    files = [one for one in neighbourhood(100) if one.feed == "social_care"]
    assert len(files) > 2
    async with worker(database) as pipeline:
        async with pipeline.pool.acquire() as connection:
            await inbox.receive(connection, files)
        while await pipeline.step():
            pass
    patients = await owner.fetch("select source_patient from toldonce.statement group by 1 having count(*) > 1")
    assert len(patients) > 5
    assert max(Counter(assembled).values()) == 1


async def test_stored_bytes_that_were_damaged_are_quarantined_and_hold_nobody_up(
    database: Database, owner: asyncpg.Connection
) -> None:
    files = [one for one in neighbourhood(30) if one.feed == "gp" and len(one.content) > 10 * LONGEST_PLAIN][:3]
    async with worker(database) as pipeline:
        async with pipeline.pool.acquire() as connection:
            await inbox.receive(connection, files)
        await owner.execute(
            "update toldonce.envelope set content = substring(content for 500) where id = "
            "(select min(id) from toldonce.envelope)"
        )
        for _ in range(20):
            if not await pipeline.step():
                break
    states = await owner.fetch("select state, count(*) from toldonce.envelope group by 1 order by 1")
    assert [tuple(row) for row in states] == [("done", 2), ("quarantined", 1)]
    assert await observations(owner) > 0
