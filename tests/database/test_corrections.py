"""Whoever was shown what its source then took back as entered in error is told of, exactly they, and once."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.commands import alerts, unusual
from integration.config import Settings
from integration.sharing.request import Caller
from integration.store.database import Database
from mappings.recorded.vocabulary import REMOVAL_REASON
from tests.database.audit_world import access
from tests.database.audit_world import emptied as audit_emptied
from tests.database.ingesting import Delivery, emptied, ingest
from tests.unit.adapters.gp_answers import bundle, observation, patient
from tests.unit.mappings.gp_resources import CODE, element

PRACTICE, OTHER = "X90101", UUID(int=7)
MONDAY = datetime(2024, 11, 4, 9, 0, tzinfo=UTC)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
HOUR = timedelta(hours=1)
ALLERGY = element("AllergyIntolerance", code=CODE, clinicalStatus="active", verificationStatus="confirmed")
CONDITION = element("Condition", code=CODE, verificationStatus="confirmed")
OBSERVATION = observation()
STATED = [ALLERGY, CONDITION, OBSERVATION]
FORGOTTEN = "update toldonce.{table} set {column} = $1 where {column} > $2 and {column} < 'infinity'"
MOMENTS = [("resource", "recorded"), ("resource_history", "recorded"), ("facts", "recorded"), ("facts", "until")]


def in_error(entry: dict[str, Any]) -> dict[str, Any]:
    """As a practice says that it was a mistake; an allergy then has no other status (invariant ait-2)."""
    said = "verificationStatus" if "verificationStatus" in entry else "status"
    return {name: value for name, value in entry.items() if name != "clinicalStatus"} | {said: "entered-in-error"}


@dataclass
class Practice:
    """A practice that states one person's record, and colleagues elsewhere who read it, in the past."""

    database: Database
    owner: asyncpg.Connection
    settings: Settings
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=5))

    async def states(self, at: datetime, *entries: dict[str, Any]) -> None:
        """The practice's whole view of the person from then on, recorded at that moment."""
        await ingest(self.database, [Delivery("gp", PRACTICE, "9990000018.json", bundle(patient(), *entries), at)])
        for table, column in MOMENTS:
            await self.owner.execute(FORGOTTEN.format(table=table, column=column), at, self.began)

    async def read(self, user: str, at: datetime, *types: str, **changes: Any) -> None:
        """Somebody elsewhere is shown entries of these types."""
        caller = Caller("epr", "X9A", "clinician", "TREAT", user)
        person = changes.pop("person", None) or await self.owner.fetchval("select person from toldonce.source_patient")
        seen = {"person": person, "target": "", "counts": dict.fromkeys(types, 1), **changes}
        async with self.database.pool("toldonce_api", size=1) as pool, AuditLog(pool) as audit:
            await audit.append(access(when=at, caller=caller, **seen))

    async def looked(self, day: datetime) -> int | None:
        return (await unusual.look(self.settings, day.date(), day.date(), "R. Okafor")).found[day.date()]

    async def waiting(self) -> list[dict[str, Any]]:
        return await alerts.listed(self.settings, "correction", everything=False, limit=50)

    async def shown(self) -> dict[str, Any]:
        """The one alert that waits, with what belongs to it."""
        (alert,) = await self.waiting()
        return await alerts.shown(self.settings, alert["number"], "R. Okafor")


@pytest.fixture
async def practice(database: Database, owner: asyncpg.Connection, tmp_path: Path) -> Practice:
    await emptied(owner)
    await audit_emptied(owner)
    return Practice(database, owner, Settings(database_url=database.owner_url, data_dir=tmp_path))


def users(shown: dict[str, Any]) -> dict[str, int]:
    return {one["user"]: one["accesses"] for one in shown["seen"]}


@pytest.mark.parametrize("entry", STATED, ids=lambda entry: entry["resourceType"])
async def test_whoever_was_shown_what_was_taken_back_is_named(practice: Practice, entry: dict[str, Any]) -> None:
    kind = entry["resourceType"]
    await practice.states(MONDAY, entry)
    await practice.read("Dr Early", MONDAY - HOUR, kind)
    await practice.read("Dr First", MONDAY + HOUR, kind)
    await practice.read("Dr Second", TUESDAY, "Encounter", kind)
    await practice.read("Dr Second", TUESDAY + HOUR, kind)
    await practice.read("Dr Elsewhere", TUESDAY, "Encounter")
    await practice.read("Dr Nothing", TUESDAY)
    await practice.read("Dr Refused", TUESDAY, kind, outcome=Outcome.SERIOUS_FAILURE)
    await practice.read("Dr Stranger", TUESDAY, kind, person=OTHER)
    await practice.read("Dr Single", TUESDAY, kind, target=f"{kind}/{OTHER}")
    await practice.states(WEDNESDAY, in_error(entry))
    await practice.read("Dr Late", WEDNESDAY + HOUR, kind)
    assert [await practice.looked(day) for day in (MONDAY, TUESDAY, WEDNESDAY)] == [0, 0, 1]
    shown = await practice.shown()
    assert users(shown) == {"Dr First": 1, "Dr Second": 2}
    assert all(one["certain"] and one["organisation"] == "X9A" for one in shown["seen"])
    (taken,) = shown["taken_back"]
    assert (taken["type"], taken["feed"], taken["organisation"]) == (kind, "gp", PRACTICE)
    assert (taken["since"], taken["until"]) == (MONDAY, WEDNESDAY)
    assert shown["records"] == [taken["id"]]
    assert shown["reason"].startswith("1 entry was taken back by the source as entered in error (")
    assert shown["reason"].endswith("), and 2 callers were shown such before")
    assert "Dr First" in json.dumps(shown["event"])


async def test_it_is_told_once_and_signed_off(practice: Practice) -> None:
    await practice.states(MONDAY, ALLERGY)
    await practice.read("Dr First", TUESDAY, "AllergyIntolerance")
    await practice.states(WEDNESDAY, in_error(ALLERGY))
    assert await practice.looked(WEDNESDAY) == 1
    assert await practice.looked(WEDNESDAY) is None
    await practice.owner.execute("truncate toldonce.looked, toldonce.user_day")
    assert await practice.looked(WEDNESDAY) == 1, "the same is found again, and raised no more"
    assert await practice.looked(WEDNESDAY + timedelta(days=1)) == 0
    (alert,) = await practice.waiting()
    assert "38341003" not in json.dumps(alert, default=str), "an alert says nothing of content"
    await alerts.step(practice.settings, alert["number"], "R. Okafor", "signed off", "they were rung")
    assert await practice.waiting() == []


async def test_an_ordinary_update_and_what_is_gone_is_nobody_s_mistake(practice: Practice) -> None:
    final, amended = OBSERVATION, OBSERVATION | {"status": "amended", "comment": "was entered-in-error once"}
    await practice.states(MONDAY, final, CONDITION, ALLERGY)
    await practice.read("Dr First", TUESDAY, "Observation", "Condition", "AllergyIntolerance")
    await practice.states(WEDNESDAY, amended, CONDITION | {"verificationStatus": "refuted"})
    assert await practice.looked(WEDNESDAY) == 0


async def test_what_nobody_was_shown_raises_nothing(practice: Practice) -> None:
    await practice.states(MONDAY, *STATED)
    await practice.read("Dr Elsewhere", TUESDAY, "Encounter")
    await practice.states(WEDNESDAY, *map(in_error, STATED))
    await practice.read("Dr Late", WEDNESDAY + HOUR, *(one["resourceType"] for one in STATED))
    assert await practice.looked(WEDNESDAY) == 0


@pytest.mark.slow
async def test_what_never_stood_was_shown_to_nobody(practice: Practice) -> None:
    await practice.states(MONDAY, in_error(ALLERGY))
    await practice.read("Dr First", TUESDAY, "AllergyIntolerance")
    await practice.states(WEDNESDAY, in_error(ALLERGY | {"note": [{"text": "by mistake"}]}))
    assert [await practice.looked(day) for day in (MONDAY, WEDNESDAY)] == [0, 0]
    assert not await practice.owner.fetch(
        "select toldonce.taken_back(array(select id from toldonce.resource), '{}', '{}')"
    ), "it was corrected twice, and never stood"


async def test_no_reason_keeps_the_day_from_being_looked_through(practice: Practice) -> None:
    await practice.states(MONDAY, ALLERGY)
    await practice.read("Dr First", TUESDAY, "AllergyIntolerance")
    for target in ("", "Group/team", f"Flag/{OTHER}"):
        removal = {"kind": Kind.DELETE, "target": target, "details": [("reason", "created-in-error")]}
        await practice.read("Dr Second", WEDNESDAY, **removal)
    await practice.states(WEDNESDAY, in_error(ALLERGY))
    assert await practice.looked(WEDNESDAY) == 1


@pytest.mark.slow
async def test_it_may_be_gone_by_then(practice: Practice) -> None:
    await practice.states(MONDAY, ALLERGY)
    await practice.read("Dr First", TUESDAY, "AllergyIntolerance")
    await practice.states(WEDNESDAY, in_error(ALLERGY))
    await practice.states(WEDNESDAY + 30 * HOUR, CONDITION)
    assert await practice.looked(WEDNESDAY) == 1
    assert await practice.looked(WEDNESDAY + 30 * HOUR) == 0


@pytest.mark.slow
async def test_what_was_stated_anew_stands(practice: Practice) -> None:
    await practice.states(MONDAY, ALLERGY)
    await practice.read("Dr First", TUESDAY, "AllergyIntolerance")
    await practice.states(WEDNESDAY, in_error(ALLERGY))
    await practice.states(WEDNESDAY + HOUR, ALLERGY)
    assert await practice.looked(WEDNESDAY) == 0
    await practice.read("Dr Second", WEDNESDAY + 2 * HOUR, "AllergyIntolerance")
    await practice.states(WEDNESDAY + 24 * HOUR, in_error(ALLERGY))
    assert await practice.looked(WEDNESDAY + 24 * HOUR) == 1
    assert "1 caller was" in (await practice.waiting())[0]["reason"]


async def test_what_stood_anew_and_is_gone_since_was_no_mistake(practice: Practice) -> None:
    await practice.states(MONDAY, ALLERGY, CONDITION)
    await practice.read("Dr First", MONDAY + HOUR, "AllergyIntolerance")
    await practice.states(TUESDAY, in_error(ALLERGY), CONDITION)
    assert await practice.looked(TUESDAY) == 1
    await practice.states(TUESDAY + HOUR, ALLERGY, CONDITION)
    await practice.read("Dr Sound", TUESDAY + 2 * HOUR, "AllergyIntolerance")
    await practice.states(WEDNESDAY, CONDITION)
    shown = await practice.shown()
    assert [(one["since"], one["until"]) for one in shown["taken_back"]] == [(MONDAY, TUESDAY)]
    assert users(shown) == {"Dr First": 1}


async def test_what_was_removed_in_error_and_later_for_another_reason(practice: Practice) -> None:
    await practice.states(MONDAY, CONDITION, ALLERGY)
    id_ = await practice.owner.fetchval("select id from toldonce.resource where type = 'Condition'")
    await practice.read("Dr First", MONDAY + HOUR, "Condition")
    await practice.states(TUESDAY, ALLERGY)
    for at, reason in ((TUESDAY, "created-in-error"), (WEDNESDAY, "no-longer-applies")):
        removal = {"kind": Kind.DELETE, "target": f"Condition/{id_}", "details": [("reason", reason)]}
        await practice.read("Dr Remover", at, **removal)
    await practice.states(TUESDAY + HOUR, CONDITION, ALLERGY)
    await practice.read("Dr Sound", TUESDAY + 2 * HOUR, "Condition")
    await practice.states(WEDNESDAY, ALLERGY)
    assert [await practice.looked(day) for day in (TUESDAY, WEDNESDAY)] == [1, 0]
    shown = await practice.shown()
    assert [(one["since"], one["until"]) for one in shown["taken_back"]] == [(MONDAY, TUESDAY)]
    assert users(shown) == {"Dr First": 1}


async def test_a_batch_is_one_alert_for_each_type(practice: Practice) -> None:
    several = [OBSERVATION | {"id": f"O{number}"} for number in range(3)]
    await practice.states(MONDAY, CONDITION, several[0])
    await practice.states(TUESDAY, CONDITION, *several)
    await practice.read("Dr First", MONDAY + HOUR, "Observation")
    await practice.read("Dr Second", TUESDAY + HOUR, "Observation", "Condition")
    await practice.states(WEDNESDAY, *map(in_error, [CONDITION, *several]))
    assert await practice.looked(WEDNESDAY) == 2
    reasons = sorted(one["reason"] for one in await practice.waiting())
    assert reasons[0].startswith("1 entry was taken back by the source as entered in error (conditions), and 1 caller")
    assert reasons[1].startswith("3 entries were taken back by the source as entered in error (measurements and fin")
    assert reasons[1].endswith("and 2 callers were shown such before")


async def test_it_is_found_under_whom_the_record_was_taken_for_then(practice: Practice) -> None:
    await practice.states(MONDAY, ALLERGY)
    owner, key = practice.owner, await practice.owner.fetchval("select key from toldonce.source_patient")
    await owner.execute("update toldonce.facts set recorded = $1", TUESDAY)
    await owner.execute(
        "insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted, recorded, until) "
        "values ($1, $2, '{}', '[]', '[]', false, $3, $4)",
        key, OTHER, MONDAY, TUESDAY,
    )  # fmt: skip
    for name, person in (("other", OTHER), ("own", None)):
        await practice.read(f"Dr {name} Monday", MONDAY + HOUR, "AllergyIntolerance", person=person)
        await practice.read(f"Dr {name} Tuesday", TUESDAY + HOUR, "AllergyIntolerance", person=person)
    await practice.states(WEDNESDAY, in_error(ALLERGY))
    assert await practice.looked(WEDNESDAY) == 1
    assert users(await practice.shown()).keys() == {"Dr other Monday", "Dr own Tuesday"}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ('{"status":"entered-in-error"}', True),
        ('{"verificationStatus":{"coding":[{"code":"confirmed"},{"code":"entered-in-error"}]}}', True),
        ('{"status":"final"}', False),
        ('{"status":"final","note":[{"text":"\\"entered-in-error\\""}]}', False),
        ('{"status":"active","activity":[{"detail":{"status":"entered-in-error"}}]}', False),
        ('{"contained":[{"status":"entered-in-error"}]}', False),
        (f'{{"extension":[{{"url":"{REMOVAL_REASON}","valueCoding":{{"code":"created-in-error"}}}}]}}', True),
        (f'{{"extension":[{{"url":"{REMOVAL_REASON}","valueCoding":{{"code":"no-longer-applies"}}}}]}}', False),
        ('{"extension":[{"url":"https://another","valueCoding":{"code":"created-in-error"}}]}', False),
        ('{"status":"entered-in-error","text":"a\\u0000b"}', True),
        ('{"status":"entered-in-error","text":"a\\\\u0000b"}', True),
        ("{}", False),
        ('{"status":"entered-in-error","note":' + "[" * 1000 + "1e308,-0.0" + "]" * 1000 + "}", True),
        (orjson.dumps({"status": "entered-in-error", "text": "".join(map(chr, range(0xD800)))}).decode(), True),
    ],
    ids=range(14),
)
async def test_the_status_alone_says_so(owner: asyncpg.Connection, body: str, wrong: bool) -> None:
    assert await owner.fetchval("select toldonce.entered_in_error($1)", body.encode()) is wrong


@pytest.mark.parametrize("role", ["toldonce_reader", "toldonce_facts", "toldonce_officer", "toldonce_audit_reader"])
async def test_only_who_looks_learns_of_it(database: Database, role: str) -> None:
    async with database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        for statement in (
            "select * from toldonce.corrected('2024-01-01', '2025-01-01', '{}', '{}')",
            "select * from toldonce.taken_back('{}', '{}', '{}')",
            "select toldonce.entered_in_error('')",
        ):
            async with connection.transaction():
                await connection.execute(f"set local role {role}")
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with connection.transaction():
                        await connection.execute(statement)
