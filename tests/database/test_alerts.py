"""What waits for an officer: an alert with every broken glass and with a sample of accesses on the caller's own word,
by reference only; and that a declared emergency really ends."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from integration import demo
from integration.audit.access import Access
from integration.audit.alerts import SELF_CLAIMED
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.commands import alerts
from integration.errors import NotPossible
from integration.sharing import current
from integration.sharing.request import Caller
from integration.store.database import Database
from tests.database.ingesting import about, ingest
from tests.database.serving import Site, serving
from tests.spec.neighbourhood import MRS_T, NOW, NUMBER, PEOPLE

BTG = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "BTG", "display": "break the glass"}


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    owner = await asyncpg.connect(database.owner_url)
    async with serving(database, owner, tmp_path_factory.mktemp("alerts")) as site:
        await ingest(database, about(PEOPLE, "mrs-t"))
        yield site
    await owner.close()


@pytest.fixture(autouse=True)
async def _quiet(site: Site) -> None:
    """Nothing waits, nobody has a token."""
    site.at(NOW)
    site.tokens.clear()
    await site.owner.execute("truncate toldonce.alert_step, toldonce.alert")


async def broken(site: Site) -> tuple[httpx.Response, UUID]:
    """Mrs T's record, got by breaking the glass."""
    person = await site.person(MRS_T)
    caller = await site.as_caller("ambulance", break_glass="emergency")
    answer = await caller.everything(person)
    assert answer.status_code == 200
    return answer, person


async def waiting(site: Site, kind: str | None = None) -> list[dict[str, Any]]:
    return await alerts.listed(site.settings, kind, everything=False, limit=50)


async def test_a_broken_glass_waits_for_an_officer_by_reference_only(site: Site) -> None:
    answer, person = await broken(site)

    (alert,) = await waiting(site)
    assert (alert["kind"], alert["organisation"], alert["client"]) == ("break-glass", "X9B", "ambulance")
    (event,) = await site.event(answer)
    assert str(alert["event"]) == event["id"]
    whole = json.dumps([alert, *map(dict, await site.owner.fetch("select * from toldonce.alert"))], default=str)
    for told in (MRS_T, "Tanner", "Edith", str(person)):
        assert told not in whole


async def test_one_token_s_accesses_to_one_person_are_one_alert(site: Site) -> None:
    await broken(site)
    await broken(site)
    assert len(await waiting(site)) == 1
    site.tokens.clear()  # declared anew
    await broken(site)
    assert len(await waiting(site)) == 2


async def test_an_officer_escalates_and_signs_off_and_both_is_audited(site: Site) -> None:
    await broken(site)
    (alert,) = await waiting(site)
    number = alert["number"]

    escalated = await alerts.step(site.settings, number, "Officer A", "escalated", "who was the crew?")
    assert (escalated.state, len(await waiting(site))) == ("escalated", 1)
    signed = await alerts.step(site.settings, number, "Officer B", "signed off", "crew 12, call 999-4711")
    assert (signed.state, await waiting(site)) == ("signed off", [])

    shown = await alerts.shown(site.settings, number, "Officer C")
    assert [(one["outcome"], one["made_by"]) for one in shown["steps"]] == [
        ("escalated", "Officer A"),
        ("signed off", "Officer B"),
    ]
    assert shown["event"]["resourceType"] == "AuditEvent"
    noted = await site.owner.fetch(
        "select convert_from(content, 'UTF8') as text from toldonce.audit_event where kind = 'audit' order by recorded"
    )
    for words in ("who was the crew?", "crew 12, call 999-4711", "Officer C"):
        assert any(words in row["text"] for row in noted), words


async def test_what_is_signed_off_stays_so(site: Site) -> None:
    await broken(site)
    (alert,) = await waiting(site)
    await alerts.step(site.settings, alert["number"], "Officer A", "signed off", "right")

    for outcome in ("signed off", "escalated"):
        with pytest.raises(NotPossible, match="already"):
            await alerts.step(site.settings, alert["number"], "Officer B", outcome, "again")
    with pytest.raises(NotPossible):
        await alerts.step(site.settings, 10**9, "Officer B", "signed off", "there is none")
    with pytest.raises(NotPossible, match="who you are"):
        await alerts.step(site.settings, alert["number"], "Officer B", "signed off", " ")


async def test_no_role_of_the_api_takes_an_alert_back(site: Site) -> None:
    for role, statement in (
        ("toldonce_audit_writer", "delete from toldonce.alert"),
        ("toldonce_officer", "delete from toldonce.alert"),
        ("toldonce_officer", "update toldonce.alert_step set outcome = 'signed off'"),
        ("toldonce_officer", "insert into toldonce.alert (key) values ('')"),
        ("toldonce_audit_writer", "select * from toldonce.alert"),
    ):
        async with site.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
            async with connection.transaction():
                await connection.execute(f"set local role {role}")
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    async with connection.transaction():
                        await connection.execute(statement)


async def test_what_shows_nothing_raises_no_alert(site: Site) -> None:
    caller = await site.as_caller("ambulance", break_glass="emergency")
    assert (await caller.everything("4f0c2c9e-6f2b-5d0a-9a51-0d8f4a3f2b11")).status_code == 404
    plain = await site.as_caller("gp-system")
    assert (await plain.everything(await site.person(MRS_T))).status_code == 200
    assert await waiting(site, "break-glass") == []


async def test_every_kind_of_answer_is_marked(site: Site) -> None:
    person = await site.person(MRS_T)
    caller = await site.as_caller("ambulance", break_glass="emergency")
    found = (await caller.everything(person)).json()
    read = next(one["resource"] for one in found["entry"] if one["resource"]["resourceType"] == "Encounter")
    for path in (
        f"Patient/{person}",
        f"Encounter/{read['id']}",
        f"Encounter?patient=Patient/{person}",
        f"Patient?identifier={NUMBER}|{MRS_T}",
        f"Patient/{person}/$everything",
        f"Patient/{person}/$summary",
    ):
        answer = await caller.get(path)
        assert answer.status_code == 200, path
        assert BTG in answer.json()["meta"]["security"], path
    plain = await (await site.as_caller("gp-system")).get(f"Patient/{person}")
    assert BTG not in plain.json()["meta"].get("security", [])


async def test_a_reason_is_mandatory(site: Site) -> None:
    with pytest.raises(AssertionError, match="invalid_request"):
        await site.as_caller("ambulance", break_glass="curiosity")


async def test_the_time_really_ends(site: Site) -> None:
    """The minutes that the agreement gives, counted from the declaration by our clock; and a token's own end."""
    person = await site.person(MRS_T)
    text = demo.AGREEMENTS.read_text()
    short = text.replace("minutes: 60", "minutes: 2")
    assert short != text
    await current.apply(site.owner, short)
    try:
        await site.app.state.services.records.policy.refresh(site.app.state.services.records.pool)
        caller = await site.as_caller("ambulance", break_glass="emergency")
        page = (await caller.everything(person, {"_count": "2"})).json()
        (following,) = [link["url"] for link in page["link"] if link["relation"] == "next"]
        for after, status in ((timedelta(minutes=2), 200), (timedelta(minutes=2, microseconds=1), 404)):
            site.at(NOW + after)
            assert (await caller.everything(person)).status_code == status
            assert (await caller.get(following)).status_code == status
        site.at(NOW + timedelta(minutes=5))
        assert (await caller.everything(person)).status_code == 401
    finally:
        await current.apply(site.owner, text)
        await site.app.state.services.records.policy.refresh(site.app.state.services.records.pool)


async def test_an_access_on_the_caller_s_own_word_is_marked(site: Site) -> None:
    """The hospital's own word is all that relates it to Mrs T."""
    person = await site.person(MRS_T)
    await site.owner.execute(
        "update toldonce.facts set evidence = (select coalesce(jsonb_agg(e), '[]') "
        "from jsonb_array_elements(evidence) e where e->>'organisation' <> 'X9A' or e->>'source' = 'X9A')"
    )
    answer = await (await site.as_caller("hospital-epr", "hospital doctor")).get(f"Patient/{person}")
    assert answer.status_code == 200
    assert "self-claimed" in json.dumps(await site.event(answer))
    other = await (await site.as_caller("gp-system")).get(f"Patient/{person}")
    assert "self-claimed" not in json.dumps(await site.event(other))


async def test_such_accesses_are_sampled(site: Site) -> None:
    """About one in sixteen, by chance that nobody knows beforehand."""
    accesses = [
        Access(
            when=NOW,
            kind=Kind.READ,
            interaction="read",
            route="GET /fhir/Patient/{id_}",
            outcome=outcome,
            caller=Caller("hospital-epr", "X9A", "hospital doctor", "TREAT"),
            token=f"token {number}",
            details=details,
        )
        for number in range(300)
        for details in ([SELF_CLAIMED], [])
        for outcome in (Outcome.SUCCESS, Outcome.SERIOUS_FAILURE)
    ]
    async with site.database.pool("toldonce_api", size=2) as pool, AuditLog(pool) as log:
        ids = await log.append_all(accesses)
    drawn = await site.owner.fetch(
        "select id from toldonce.audit_event where id = any($1) and get_byte(salt, 0) < 16", ids
    )
    meant = {id_ for id_, one in zip(ids, accesses, strict=True) if one.details and one.outcome is Outcome.SUCCESS}
    found = {one["event"] for one in await waiting(site, "self-claimed")}
    assert found == {row["id"] for row in drawn} & meant
    assert 0 < len(found) < 50


async def test_self_claims_are_listed_with_their_last_day(site: Site) -> None:
    found = await alerts.claimed(site.settings, None, 1000)
    assert all(MRS_T not in json.dumps(one, default=str) for one in found)
    stated = await site.owner.fetch(
        "select distinct e->>'organisation' as organisation, e->>'kind' as kind, e->>'start' as start "
        "from toldonce.facts, jsonb_array_elements(evidence) e "
        "where until = 'infinity' and e->>'organisation' = e->>'source'"
    )
    claims = {(row["organisation"], row["kind"], row["start"]) for row in stated}
    assert {(one["organisation"], one["kind"], one["start"] and str(one["start"])) for one in found} <= claims
    for one in await alerts.claimed(site.settings, "X9A", 1000):
        assert one["organisation"] == "X9A"
