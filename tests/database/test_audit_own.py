"""What this deployment does by itself is audited by the database: questions to practices and PDS, however they end, and
what rules decide about who is who; with what it is about, or not at all."""

from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson
import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from adapters.synthetic.http_server import Fault
from integration.audit.entry import rendered
from integration.audit.glance import glance
from integration.identity.decisions import decide
from integration.ingest import gp_connect, pds
from integration.sharing.facts import persons_of
from integration.store.database import act_as
from tests.database.gp_connect import document, practices
from tests.database.ingesting import SECRET, emptied, ingest
from tests.database.pds import ask as trace
from tests.database.pds import document as tracing
from tests.database.pds import national
from tests.database.test_gp_connect_pull import HER, HER_PRACTICE, ask, pull
from tests.database.tracing import MRS_T, message, people

LEASE = timedelta(minutes=6)
_PROVABLE = """
select count(*) from toldonce.audit_unsealed u join toldonce.audit_event e on e.id = u.event
where u.hash = sha256('\\x00'::bytea || e.salt || e.content)
"""


class Event(NamedTuple):
    outcome: str
    person: UUID | None
    said: dict[str, str]
    fhir: dict[str, Any]


async def events(owner: asyncpg.Connection, kind: str) -> list[Event]:
    rows = await owner.fetch("select * from toldonce.audit_event where kind = $1 order by recorded, id", kind)
    found = []
    for row in rows:
        said, fhir = glance(row["content"]), orjson.loads(rendered(row["content"]))
        AuditEvent.model_validate(fhir)
        assert (said.kind, said.outcome, said.person) == (kind, row["outcome"], row["person"])
        assert (said.client, said.organisation) == (row["client"], row["organisation"])
        assert not said.reads
        found.append(Event(row["outcome"], row["person"], dict(said.details), fhir))
    assert await owner.fetchval(_PROVABLE) == await owner.fetchval("select count(*) from toldonce.audit_event")
    return found


@pytest.fixture(autouse=True)
async def nothing(owner: asyncpg.Connection) -> None:
    await emptied(owner)


async def test_a_question_that_a_practice_does_not_answer_is_an_event(database, owner) -> None:
    async with practices() as provider:
        provider.faults[MRS_T] = [Fault(503)] * 9
        outcomes = await ask(database, provider, HER)
        (event,) = await events(owner, "question")
        assert (event.outcome, event.person) == ("12", None)
        assert event.said == {"question/of": HER_PRACTICE, "question/outcome": next(iter(outcomes))}
        assert MRS_T not in str(event.fhir["entity"])  # in base64, as in every query
        provider.faults.clear()
        await pull(database, provider, HER)
        await pull(database, provider, HER)
    person = await owner.fetchval("select person from toldonce.source_patient where nhs_number = $1", MRS_T)
    assert [(one.outcome, one.person) for one in await events(owner, "question")] == [
        ("12", None), ("0", None), ("0", person)
    ]  # fmt: skip


async def test_a_question_whose_end_nobody_saw_is_one_too(database, owner) -> None:
    async with practices() as provider, database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await gp_connect.name_people(connection, HER)
        claimed = await gp_connect.claim(connection, HER_PRACTICE, None, LEASE)
        assert await events(owner, "question") == []
        await owner.execute("update toldonce.gp_pull set leased_until = now(), due = now()")
        assert (await events(owner, "question"))[0].said["question/outcome"] == "not known"
        claimed = await gp_connect.claim(connection, HER_PRACTICE, None, LEASE)
        await gp_connect.give_back(connection, claimed)
        assert {one.outcome for one in await events(owner, "question")} == {"12"}
        assert document(provider)


@pytest.mark.slow
async def test_a_question_to_pds_is_an_event_whether_a_record_comes_or_none(database, owner) -> None:
    async with national() as provider:
        await ingest(database, [message("M1", number=MRS_T), message("M2", name="NOBODY^ATALL", birth="19010101")])
        await trace(database, provider, related=False)
        async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
            await pds.enrol_searches(connection, tracing(provider))
    who = await people(owner)
    found = await events(owner, "question")
    assert {one.said["question/of"] for one in found} == {"PDS"}
    meant = await persons_of(owner, [one.person for one in found if one.person])
    assert set(meant.values()) == {who["acute", "M1"], who["acute", "M2"]}
    assert {one.said["question/outcome"] for one in found} >= {"answered", "unmatched"}


async def test_what_rules_decide_is_an_event_and_what_people_decide_is_not_twice(database, owner) -> None:
    await ingest(database, [message("M1", number=MRS_T, status="01")])
    assert await events(owner, "linkage") == []
    await ingest(database, [message("M2", number=MRS_T, status="01")])
    (event,) = await events(owner, "linkage")
    person = (await people(owner))["acute", "M1"]
    assert event.person == person
    assert event.said["linkage/decision"] == "SAME"
    assert event.said["linkage/reason"]
    pair = await owner.fetchrow("select a, b from toldonce.linkage")
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            await act_as(connection, "toldonce_ingest")
            await decide(connection, SECRET, (pair["a"], pair["b"]), "NOT THE SAME", "an officer", "two people")
    assert len(await events(owner, "linkage")) == 1
    await ingest(database, [message("M2", name="QUITE^OTHER", birth="19990101", sent="20260903090000")])
    assert [one.said["linkage/decision"] for one in await events(owner, "linkage")][:1] == ["SAME"]
    assert "withdrawn" in {one.said["linkage/decision"] for one in await events(owner, "linkage")}


async def test_nothing_is_decided_whose_event_cannot_be_written(database, owner) -> None:
    await ingest(database, [message("M1", number=MRS_T, status="01")])
    async with owner.transaction():
        await owner.execute("alter table toldonce.audit_unsealed add constraint full_disk check (false) not valid")
        with pytest.raises(asyncpg.CheckViolationError):
            async with owner.transaction():
                await owner.execute(
                    "insert into toldonce.linkage (a, b, outcome, made_by, reason, strength, followed) "
                    "values (gen_random_uuid(), 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'SAME', 'rule', '', 0, true)"
                )
        await owner.execute("alter table toldonce.audit_unsealed drop constraint full_disk")
    assert await owner.fetchval("select count(*) from toldonce.linkage") == 0
