"""Every person id ever issued means the right person: linkage may err, and be corrected, but an id that somebody kept
never leads to the record of somebody else (DESIGN promise 6). And a decision replays with the people of its time."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from integration import demo
from integration.commands import explain as explain_command
from integration.config import Settings
from integration.identity.compare import Outcome
from integration.identity.decisions import decide
from integration.ingest.inbox import Delivery
from integration.sharing import current
from integration.sharing.facts import ids_of, person_facts, persons_with_number
from integration.store.database import Database, act_as
from integration.store.labels import Labels
from tests.database import bad_input
from tests.database.ingesting import SECRET, about, emptied, ingest, worker

JANE, TOM = "9990000018", "9990000026"
MRS_T = "9990000018"


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)


def told(local_id: str, name: str, born: str, number: str = "", *, minute: int = 0) -> Delivery:
    """What the hospital says of somebody, a number verified."""
    identifiers = f"{number}^^^NHS~{local_id}^^^X9A^MR" if number else f"{local_id}^^^X9A^MR"
    fields = {3: identifiers, 5: f"{name}^^^^^L", 7: born, 11: "1 High St^^^^CV1 1AA", 32: "NSTS01" if number else ""}
    pid = "PID|" + "|".join(fields.get(place, "") for place in range(1, 33))
    content = bad_input.hl7(pid).replace(b"20260901090000", f"202609010900{minute:02}".encode())
    return Delivery("acute", "X9A", f"{local_id}-{minute}.hl7", content, bad_input.AS_OF)


async def decided(database: Database, pair: tuple[UUID, UUID], outcome: Outcome) -> None:
    async with worker(database) as pipeline, pipeline.pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_ingest")
        await decide(connection, SECRET, pair, outcome, "Dr Review", "seen the two of them")


async def source_patient(owner: asyncpg.Connection, local_id: str) -> UUID:
    id_: UUID = await owner.fetchval("select id from toldonce.source_patient where local_id = $1", local_id)
    return id_


async def present(owner: asyncpg.Connection, local_id: str) -> UUID:
    person: UUID = await owner.fetchval("select person from toldonce.source_patient where local_id = $1", local_id)
    return person


async def means(owner: asyncpg.Connection, id_: UUID) -> UUID:
    facts = await person_facts(owner, Labels(), id_)
    assert facts.known
    return facts.person


async def test_an_id_issued_for_tom_never_means_jane(database: Database, owner: asyncpg.Connection) -> None:
    """Tom, without a number, is taken for Jane by mistake. Before that is corrected, his number arrives."""
    await ingest(database, [told("J1", "PEEL^JANE", "19500101", JANE), told("T1", "MOSS^TOM", "19600202")])
    jane, tom = await present(owner, "J1"), await present(owner, "T1")
    pair = (await source_patient(owner, "J1"), await source_patient(owner, "T1"))
    await decided(database, pair, "SAME")
    assert {await means(owner, jane), await means(owner, tom)} == {await present(owner, "J1")}
    await ingest(database, [told("T1", "MOSS^TOM", "19600202", TOM, minute=1)])
    await decided(database, pair, "NOT THE SAME")

    assert await present(owner, "J1") == jane != await present(owner, "T1") != tom
    assert await means(owner, tom) == await present(owner, "T1")
    assert await means(owner, jane) == jane
    assert set(await ids_of(owner, [tom])) == {tom, await present(owner, "T1")}
    assert set(await ids_of(owner, [jane])) == {jane}


async def test_an_id_follows_whoever_had_it_last(database: Database, owner: asyncpg.Connection) -> None:
    """Two records under one number; one leaves for another number, then the other: its id goes with the second."""
    first, second = told("A1", "PEEL^JANE", "19500101", JANE), told("A2", "PEEL^JANE", "19500101", JANE)
    await ingest(database, [first, second])
    id_ = await present(owner, "A1")
    assert await present(owner, "A2") == id_
    for minute, (local_id, number) in enumerate((("A1", TOM), ("A2", "9990000034")), start=1):
        await ingest(database, [told(local_id, "PEEL^JANE", "19500101", number, minute=minute)])
        assert await means(owner, id_) == await present(owner, "A2")
    for minute, (local_id, number) in enumerate((("A2", "9990000042"), ("A1", "9990000050")), start=3):
        await ingest(database, [told(local_id, "PEEL^JANE", "19500101", number, minute=minute)])
        assert await means(owner, id_) == await present(owner, "A2")


async def test_an_id_nobody_ever_had_means_nobody(owner: asyncpg.Connection) -> None:
    assert not (await person_facts(owner, Labels(), UUID(int=7))).known
    assert await ids_of(owner, [UUID(int=7)]) == []


async def test_facts_are_those_of_the_people_of_their_time(database: Database, owner: asyncpg.Connection) -> None:
    await ingest(database, [told("J1", "PEEL^JANE", "19500101", JANE), told("T1", "MOSS^TOM", "19600202")])
    jane, tom = await present(owner, "J1"), await present(owner, "T1")
    pair = (await source_patient(owner, "J1"), await source_patient(owner, "T1"))
    moments = [await now(owner)]
    for outcome in ("SAME", "NOT THE SAME"):
        await decided(database, pair, outcome)
        moments.append(await now(owner))

    for moment, together in zip(moments, (False, True, False), strict=True):
        assert await persons_with_number(owner, JANE, moment) == [jane]
        assert (await person_facts(owner, Labels(), jane, moment)).person == jane
        assert (await person_facts(owner, Labels(), tom, moment)).person == (jane if together else tom)
    before = datetime(2020, 1, 1, tzinfo=UTC)
    assert await persons_with_number(owner, JANE, before) == []
    assert not (await person_facts(owner, Labels(), jane, before)).known


async def now(owner: asyncpg.Connection) -> datetime:
    moment: datetime = await owner.fetchval("select clock_timestamp()")
    return moment


async def test_an_explanation_replays_the_linkage_of_its_time(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    """Mrs T's practice and her hospital are unlinked after the decision: it is explained as it was made."""
    settings = Settings(database_url=database.owner_url, data_dir=tmp_path)
    await current.apply(owner, demo.AGREEMENTS.read_text())
    await demo.register_clients(owner, tmp_path)
    await ingest(database, about(18, "mrs-t"))
    linked = await now(owner)
    made = await explained(settings, linked)

    rows = await owner.fetch("select id, feed from toldonce.source_patient order by feed = 'gp' desc")
    for row in rows[1:]:
        await decided(database, (rows[0]["id"], row["id"]), "NOT THE SAME")
    unlinked = await now(owner)

    assert len(made) == 1
    assert await explained(settings, linked) == made
    apart = await explained(settings, unlinked)
    assert len(apart) == 2
    assert all(len(one["labels"]) < len(made[0]["labels"]) for one in apart if one["decision"] == "permit")


async def explained(settings: Settings, at: datetime) -> list[dict[str, object]]:
    text = await explain_command.explain(settings, "gp-system", MRS_T, "GP", None, at, None, as_json=True)
    return [json.loads(line) for line in text.splitlines()]
