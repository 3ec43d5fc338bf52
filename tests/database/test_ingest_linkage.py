"""Who is who, in the database: the demo's hard cases, people's decisions, and taking them back (DESIGN promise 6)."""

import asyncio
from collections.abc import Sequence
from itertools import permutations
from uuid import UUID, uuid4

import asyncpg
import pytest

from integration.errors import UnknownSourcePatient
from integration.identity.compare import Outcome
from integration.identity.decisions import decide
from integration.identity.review import Item, queue
from integration.ingest.inbox import Delivery
from integration.sharing.facts import person_facts
from integration.store.database import Database, act_as
from integration.store.labels import Labels
from tests.database import bad_input
from tests.database.ingesting import (
    SECRET,
    Stored,
    about,
    again,
    differences,
    emptied,
    ingest,
    neighbourhood,
    record_of,
    shuffled,
    versions_of,
    worker,
)

TWINS = ("9990000115", "9990000123")
KELLYS = ("9990000158", "9990000166")
CORRECTED = "9990000174"
MRS_T = "9990000018"


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)


async def people(owner: asyncpg.Connection) -> list[set[tuple[str, str]]]:
    """Each person as (feed, local id) of the source patients."""
    rows = await owner.fetch("select feed, local_id, person from toldonce.source_patient")
    grouped: dict[UUID, set[tuple[str, str]]] = {}
    for row in rows:
        grouped.setdefault(row["person"], set()).add((row["feed"], row["local_id"]))
    return sorted(grouped.values(), key=sorted)


async def source_patients(owner: asyncpg.Connection, *feeds: str) -> list[UUID]:
    rows = await owner.fetch("select id, feed from toldonce.source_patient where feed = any($1)", list(feeds))
    return [row["id"] for row in sorted(rows, key=lambda row: feeds.index(row["feed"]))]


async def decided(database: Database, pair: Sequence[UUID], outcome: Outcome) -> None:
    a, b = pair
    async with worker(database) as pipeline, pipeline.pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_ingest")
        await decide(connection, SECRET, (a, b), outcome, "Dr Review", "seen the two of them")


async def waiting_for_review(database: Database) -> list[Item]:
    async with worker(database) as pipeline, pipeline.pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_ingest")
        return list((await queue(connection)).items)


def without(record: Stored, *tables: str) -> Stored:
    return {name: rows for name, rows in record.items() if name not in tables}


async def assert_every_row_follows(owner: asyncpg.Connection) -> None:
    """Resources, history and facts are the person's whose source patient said them; every id resolves to somebody."""
    for table, current in (("resource", ""), ("resource_history", ""), ("facts", "and t.until = 'infinity'")):
        strayed = await owner.fetchval(
            f"select count(*) from toldonce.{table} t join toldonce.source_patient s on s.key = t.source_patient "
            f"where t.person <> s.person {current}"
        )
        assert strayed == 0, table
    lost = await owner.fetchval(
        "select count(*) from toldonce.person p where not exists "
        "(select from toldonce.source_patient s where s.id = p.issued_to and s.person is not null)"
    )
    assert lost == 0


async def resolves_to(owner: asyncpg.Connection, person: UUID) -> UUID:
    facts = await person_facts(owner, Labels(), person)
    assert facts.known
    return facts.person


@pytest.mark.parametrize(
    ("keys", "numbers"), [(("twin-a", "twin-b"), TWINS), (("mother-same-name", "daughter-same-name"), KELLYS)]
)
async def test_people_who_look_alike_stay_apart(
    database: Database, owner: asyncpg.Connection, keys: tuple[str, str], numbers: tuple[str, str]
) -> None:
    await ingest(database, about(18, *keys))
    everybody = await people(owner)
    assert len(everybody) == 2
    for number in numbers:
        (one,) = [group for group in everybody if ("gp", number) in group]
        assert {feed for feed, _ in one} >= {"gp", "acute"}
    rows = await owner.fetch("select person, array_agg(distinct nhs_number) from toldonce.source_patient "
        "where nhs_number is not null group by person")  # fmt: skip
    assert sorted(number for row in rows for number in row[1]) == sorted(numbers)
    await assert_every_row_follows(owner)


async def test_a_corrected_number_joins_whatever_the_order(database: Database, owner: asyncpg.Connection) -> None:
    """The hospital's two records, one under another unverified number, and the practice's: one man after the A40."""
    arrived = about(18, "merged-number")
    (merge,) = [one for one in arrived if b"ADT^A40" in one.content]
    others = [one for one in arrived if one is not merge]
    await ingest(database, arrived)
    (one,) = await people(owner)
    assert {local_id for feed, local_id in one if feed == "acute"} == {"1000166", "1000173"}
    assert ("gp", CORRECTED) in one
    record = await record_of(owner)
    for order in ([merge, *others], [*others, merge], [*reversed(others), merge], shuffled(arrived, 5)):
        for batch in (1, 200):
            await emptied(owner)
            await ingest(database, order, batch=batch)
            assert differences(record, await record_of(owner)) == {}
    await assert_every_row_follows(owner)


async def test_without_the_merge_the_two_records_are_two_people(database: Database, owner: asyncpg.Connection) -> None:
    """So it is the hospital's own statement that joins them."""
    await ingest(database, [one for one in about(18, "merged-number") if b"ADT^A40" not in one.content])
    assert len(await people(owner)) == 2


async def test_a_merge_of_records_of_which_nothing_else_is_known(database: Database, owner: asyncpg.Connection) -> None:
    """An A40 that comes before everything else, alone, is no more than what it says."""
    (merge,) = [one for one in about(18, "merged-number") if b"ADT^A40" in one.content]
    await ingest(database, [merge])
    (one,) = await people(owner)
    assert len(one) == 2


async def test_who_has_no_number_is_a_possible_match_and_a_person_decides(
    database: Database, owner: asyncpg.Connection
) -> None:
    """The rough sleeper: alike by name and birth date, and nothing else to go by."""
    arrived = about(18, "rough-sleeper")
    await ingest(database, arrived)
    assert len(await people(owner)) == 2
    (possible,) = await waiting_for_review(database)
    assert {possible.source_a, possible.source_b} == {"acute X9A", "vcfse X9V02"}
    pair = await source_patients(owner, "acute", "vcfse")
    apart = await record_of(owner)
    versions = await versions_of(owner)
    ids = {row["person"] for row in apart["people"]}

    await decided(database, pair, "SAME")
    assert len(await people(owner)) == 1
    assert await waiting_for_review(database) == []
    await assert_every_row_follows(owner)
    (together,) = {row["person"] for row in (await record_of(owner))["people"]}
    assert {await resolves_to(owner, one) for one in ids} == {together}
    await again(owner, database)
    assert len(await people(owner)) == 1

    await decided(database, pair, "NOT THE SAME")
    assert differences(without(apart, "linkage"), without(await record_of(owner), "linkage")) == {}
    assert await versions_of(owner) == versions  # not even a version is lost or won
    await assert_every_row_follows(owner)
    assert {await resolves_to(owner, one) for one in ids} == ids
    assert await waiting_for_review(database) == []


async def test_an_automatic_link_that_a_person_undoes_stays_undone(
    database: Database, owner: asyncpg.Connection
) -> None:
    """Against two verified numbers that are the same, against everything sent again, and against new messages."""
    arrived = about(18, "mrs-t")
    later, earlier = arrived[-1:], arrived[:-1]
    await ingest(database, earlier)
    everything = await record_of(owner)
    (one,) = await people(owner)
    assert {feed for feed, _ in one} == {"gp", "acute", "community", "social_care", "vcfse"}
    gp, *others = await source_patients(owner, "gp", "acute", "community", "social_care", "vcfse")
    (whole,) = {row["person"] for row in everything["people"]}

    for other in others:
        await decided(database, (gp, other), "NOT THE SAME")
    apart = await people(owner)
    assert [group for group in apart if any(feed == "gp" for feed, _ in group)] == [{("gp", MRS_T)}]
    assert await resolves_to(owner, whole) in {row["person"] for row in (await record_of(owner))["people"]}
    await assert_every_row_follows(owner)
    await again(owner, database, batch=25)
    await ingest(database, later)
    assert await people(owner) == apart

    for other in others:
        await decided(database, (gp, other), "SAME")
    assert len(await people(owner)) == 1
    await emptied(owner)
    await ingest(database, arrived)
    assert await people(owner) == [one]


async def test_a_decision_undone_gives_back_every_byte(database: Database, owner: asyncpg.Connection) -> None:
    """A wrong merge of two people of whom all five sectors know something, and its undoing."""
    await ingest(database, about(18, "mrs-t", "care-home-resident"))
    before, versions = await record_of(owner), await versions_of(owner)
    persons = {row["person"] for row in before["people"]}
    assert len(persons) == 2
    pair = [next(row["id"] for row in before["people"] if row["person"] == one) for one in persons]
    await decided(database, pair, "SAME")
    together, *by_name = sorted(await people(owner), key=len, reverse=True)
    assert {feed for feed, _ in together} >= {"gp", "acute", "community", "social_care"}
    assert by_name in ([], [{("vcfse", "CC-0001")}])  # what has no number: see tests/properties/test_people.py
    await assert_every_row_follows(owner)
    await decided(database, pair, "NOT THE SAME")
    assert differences(without(before, "linkage"), without(await record_of(owner), "linkage")) == {}
    assert await versions_of(owner) == versions
    assert {await resolves_to(owner, one) for one in persons} == persons
    logged = await owner.fetchval("select count(*) from toldonce.linkage where made_by = 'Dr Review'")
    assert logged == 2  # the log tells both decisions


async def test_what_records_said_before_follows_them(database: Database, owner: asyncpg.Connection) -> None:
    """Versions that were replaced are the person's whose record they were of, merged and undone."""
    files = about(18, "mrs-t", "care-home-resident")
    for part in (files[::2], files[1::2]):
        await ingest(database, part)
    persons = await owner.fetch("select distinct person from toldonce.resource_history")
    assert len(persons) == 2
    pair = [
        await owner.fetchval("select id from toldonce.source_patient where person = $1 order by id limit 1", person)
        for (person,) in persons
    ]
    await decided(database, pair, "SAME")
    await assert_every_row_follows(owner)
    await decided(database, pair, "NOT THE SAME")
    await assert_every_row_follows(owner)
    assert {*await owner.fetch("select distinct person from toldonce.resource_history")} == {*persons}


def ann_peel(local_id: str) -> Delivery:
    """Three records of one name, birth date and address: rules take them for one person."""
    pid = f"PID|1||{local_id}^^^X9A^MR||PEEL^ANN^^^MS^^L||19500101|2|||1 High St^^^^CV1 1AA"
    return Delivery("acute", "X9A", f"{local_id}.hl7", bad_input.hl7(pid), bad_input.AS_OF)


@pytest.mark.parametrize("order", [*permutations(("A1", "A2", "A3"))], ids="-".join)
async def test_people_depend_on_what_was_decided_and_not_on_when(
    database: Database, owner: asyncpg.Connection, order: tuple[str, str, str]
) -> None:
    """A1 and A2 are two people, A3 is A2: decided between the messages, after another decision, which it replaces."""
    verdicts: dict[tuple[str, str], Outcome] = {("A1", "A2"): "NOT THE SAME", ("A2", "A3"): "SAME"}
    for place, message in enumerate(map(ann_peel, order), start=1):
        await ingest(database, [message])
        ids = {row["local_id"]: row["id"] for row in await owner.fetch("select * from toldonce.source_patient")}
        for (a, b), verdict in verdicts.items():
            if ids.keys() >= {a, b} and (place < 3 or order[-1] in (a, b)):
                await decided(database, (ids[a], ids[b]), "NOT THE SAME" if verdict == "SAME" else "SAME")
                await decided(database, (ids[a], ids[b]), verdict)
    assert await people(owner) == [{("acute", "A1")}, {("acute", "A2"), ("acute", "A3")}]
    await assert_every_row_follows(owner)


async def test_a_decision_about_nobody_is_refused(database: Database, owner: asyncpg.Connection) -> None:
    with pytest.raises(UnknownSourcePatient):
        await decided(database, (uuid4(), uuid4()), "SAME")


@pytest.mark.slow
async def test_decisions_wait_for_ingest_and_ingest_for_decisions(
    database: Database, owner: asyncpg.Connection
) -> None:
    """Ingest of one batch after the other while a person merges and unmerges: the end is as if one after the other."""
    arrived = neighbourhood(18)
    first = [one for one in arrived if b"1000111" in one.content or one.sender == "X9V02"]
    await ingest(database, first)
    pair = await source_patients(owner, "acute", "vcfse")

    async def change_mind() -> None:
        for _ in range(4):
            await decided(database, pair, "SAME")
            await decided(database, pair, "NOT THE SAME")

    await asyncio.gather(ingest(database, arrived, batch=15), change_mind())
    await assert_every_row_follows(owner)
    parallel = await record_of(owner)
    await emptied(owner)
    await ingest(database, arrived)
    await decided(database, pair, "NOT THE SAME")
    assert differences(parallel, await record_of(owner)) == {}
