"""`toldonce feeds report`: what it counts, and that it says nothing about a patient."""

import re
from datetime import timedelta
from io import StringIO

import asyncpg
import orjson
import pytest
from rich.console import Console

from adapters.records import Defect
from integration.commands.report import show
from integration.demo import faulty_files
from integration.ingest.inbox import Delivery, receive
from integration.ingest.refused import Refusal, note
from integration.ingest.report import SenderReport, Trend, report
from integration.store.database import Database, act_as
from tests.database import bad_input
from tests.database.ingesting import about, deliveries, ingest, process, world

ARRIVED = (
    *about(18, "mrs-t", "rough-sleeper", "merged-number", "learning-disability"),
    *deliveries(faulty_files()),
)
WAITS = Delivery("acute", "X9A", "WAITS.hl7", bad_input.hl7(bad_input.pid()), bad_input.AS_OF)


@pytest.fixture(scope="module")
async def ingested(database: Database) -> Database:
    await ingest(database, ARRIVED)
    return database


async def reports(database: Database, feed: str | None = None, sender: str | None = None) -> list[SenderReport]:
    """As the command asks: on the worker's login, in the role of ingest."""
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            await act_as(connection, "toldonce_ingest")
            return await report(connection, feed, sender)


async def test_every_sender_is_reported_and_the_numbers_are_those_of_the_tables(
    ingested: Database, owner: asyncpg.Connection
) -> None:
    found = await reports(ingested)
    arrived = {(one.feed, one.sender) for one in ARRIVED}
    assert [(one.feed, one.sender) for one in found] == sorted(arrived)
    for table, count in (
        ("envelope", sum(one.envelopes.received for one in found)),
        ("quarantine where resolved is null", sum(one.entries for each in found for one in each.problems)),
        ("source_patient where demographics is not null", sum(one.people.known for one in found)),
    ):
        assert await owner.fetchval(f"select count(*) from toldonce.{table}") == count > 0
    for one in found:
        assert one.envelopes.received == one.envelopes.read + one.envelopes.set_aside + one.envelopes.waiting
        assert one.envelopes.trend == Trend(one.envelopes.received, 0)
        assert one.trend == Trend(sum(problem.entries for problem in one.problems), 0)
        known = one.people
        assert known.known >= known.nhs_number >= known.verified >= 0
        assert max(known.birth_date, known.postcode, known.linked) <= known.known


async def test_people_are_counted_by_what_linking_them_needs(ingested: Database, owner: asyncpg.Connection) -> None:
    (acute,) = await reports(ingested, "acute", "X9A")
    rows = await owner.fetch(
        "select nhs_number, birth_date, person, demographics::text as said from toldonce.source_patient "
        "where feed = 'acute' and demographics is not null"
    )
    said = [orjson.loads(row["said"]) for row in rows]
    persons = [row[0] for row in await owner.fetch("select person from toldonce.source_patient")]
    assert acute.people.nhs_number == sum(row["nhs_number"] is not None for row in rows) < len(rows)
    assert acute.people.verified == sum(bool(one["verified"]) for one in said)
    assert acute.people.postcode == sum(bool(one["postcodes"]) for one in said) < len(rows)
    assert acute.people.linked == sum(persons.count(row["person"]) > 1 for row in rows) > 0


async def test_feed_and_sender_narrow_the_report(ingested: Database) -> None:
    assert {one.feed for one in await reports(ingested, feed="gp")} == {"gp"}
    assert {one.sender for one in await reports(ingested, sender="X9A")} == {"X9A"}
    assert await reports(ingested, sender="X9ZZZ") == []


async def test_a_problem_says_how_many_since_when_where_and_what_to_do(
    ingested: Database, owner: asyncpg.Connection
) -> None:
    (acute,) = await reports(ingested, "acute", "X9A")
    problem = next(one for one in acute.problems if one.code == "bad-check-digit")
    entries = await owner.fetch(
        "select q.* from toldonce.quarantine q join toldonce.envelope e on e.id = q.envelope "
        "where q.code = 'bad-check-digit' and e.feed = 'acute' and q.resolved is null"
    )
    assert (problem.entries, problem.envelopes) == (len(entries), len({row["envelope"] for row in entries}))
    assert problem.first_seen == min(row["at"] for row in entries)
    assert problem.last_seen == max(row["last_seen"] for row in entries)
    newest = max(entries, key=lambda row: row["id"])
    assert (problem.entry, problem.example) == (newest["id"], newest["location"])
    assert problem.remedy in {row["remedy"] for row in entries}


async def test_nothing_printed_is_about_a_patient(ingested: Database) -> None:
    found = await reports(ingested)
    printed = Console(width=300, record=True)
    with printed.capture() as capture:
        show(found, printed)
    said = capture.get() + orjson.dumps(found).decode()
    names = {one.name for one in ARRIVED}
    assert not [name for name in names if name in said]
    assert not re.findall(r"\b\d{10}\b|\b\d{3} \d{3} \d{4}\b", said)
    families = {person.family for person in world(18).people}
    assert not [family for family in families if re.search(rf"\b{family}\b", said, re.IGNORECASE)]


async def test_the_trend_compares_thirty_days_with_the_thirty_before(
    ingested: Database, owner: asyncpg.Connection
) -> None:
    """Half of what arrived is made older, and what was resolved since counts where it was first seen."""
    (now,) = await reports(ingested, "acute", "X9A")
    for table, moment in (("envelope", "received"), ("quarantine", "at")):
        await owner.execute(
            f"update toldonce.{table} set {moment} = {moment} - $1::interval where id % 2 = 0", timedelta(40)
        )
    (then,) = await reports(ingested, "acute", "X9A")
    older = await owner.fetchval(
        "select count(*) from toldonce.envelope where feed = 'acute' and sender = 'X9A' and id % 2 = 0"
    )
    assert then.envelopes.trend == Trend(now.envelopes.received - older, older)
    assert then.trend.last_30_days + then.trend.before == now.trend.last_30_days
    assert then.trend.before > 0
    await owner.execute("update toldonce.quarantine set resolved = now()")
    (mended,) = await reports(ingested, "acute", "X9A")
    assert (mended.problems, mended.trend) == ([], then.trend)
    for table, moment in (("envelope", "received"), ("quarantine", "at")):
        await owner.execute(
            f"update toldonce.{table} set {moment} = {moment} + $1::interval where id % 2 = 0", timedelta(40)
        )
    await owner.execute("update toldonce.quarantine set resolved = null")


async def test_what_waits_has_a_lag_until_it_is_read(ingested: Database, owner: asyncpg.Connection) -> None:
    await receive(owner, [WAITS])
    await owner.execute(
        "update toldonce.envelope set received = received - interval '2 hours' where name = $1", WAITS.name
    )
    (acute,) = await reports(ingested, "acute", "X9A")
    assert acute.envelopes.waiting == 1
    assert 7200 <= acute.envelopes.lag_seconds < 7300
    await process(ingested)
    (acute,) = await reports(ingested, "acute", "X9A")
    assert (acute.envelopes.waiting, acute.envelopes.lag_seconds) == (0, 0)


async def test_what_was_refused_is_told_with_its_remedy(ingested: Database, owner: asyncpg.Connection) -> None:
    defect = Defect(code="too-large", where="the whole message", reason="it was not stored", remedy="send it in parts")
    async with ingested.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await note(connection, [*[Refusal("acute", "X9A", defect)] * 1200, Refusal("acute", "X9NEW", defect)])
    found = {(one.feed, one.sender): one for one in await reports(ingested)}
    (refused,) = found.pop(("acute", "X9A")).refused
    assert (refused.count, refused.remedy) == (1200, "send it in parts")
    new = found.pop(("acute", "X9NEW"))  # of whom nothing else is known
    assert (new.refused[0].count, new.envelopes.received, new.envelopes.last_received) == (1, 0, None)
    assert not any(one.refused for one in found.values())
    console = Console(width=200, record=True, file=StringIO())
    show(await reports(ingested, "acute"), console)
    told = console.export_text()
    for words in ("Refused, and stored nowhere: X9A (acute) alone has it", "1,200", "send it in parts", "X9NEW"):
        assert words in told
