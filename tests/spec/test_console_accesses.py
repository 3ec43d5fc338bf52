"""The console's reports by user, organisation and agreement, one event in full with its proof, and the charts."""

import base64
import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from adapters.records import LONDON
from integration.audit.activity import unsealed_since
from integration.audit.log import AuditLog
from integration.audit.look import look_through
from integration.audit.usage import Question, usage
from integration.audit.verify import hashing
from integration.audit.verify.notes import Note
from integration.console import accesses, sessions
from integration.errors import NotPossible
from integration.store.database import act_as
from tests.spec.neighbourhood import MRS_T, NOW, NUMBER, Neighbourhood
from tests.spec.test_audit_proofs import root_by
from tests.spec.test_console import browser, check, code, newest, officer

__all__ = ["officer"]
TODAY = NOW.date()
NOBODY = UUID(int=0)


async def rows(officer: httpx.AsyncClient, **asked: str) -> list[dict[str, str]]:
    answer = await officer.get("/console/accesses", params={"as": "callers-csv", **asked})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_a_user_an_organisation_and_an_agreement_can_be_asked_for(
    coventry: Neighbourhood, officer: httpx.AsyncClient
) -> None:
    gp = await coventry.as_caller("gp-system", user='Dr "Æ" Patel')
    for _ in range(3):
        await gp.get("Flag", {"patient:identifier": f"{NUMBER}|{MRS_T}"})
    stranger = await coventry.asker("unrelated hospital")
    await stranger.everything(await coventry.person())

    (mine,) = await rows(officer, user='Dr "Æ" Patel')
    assert (mine["organisation"], mine["client"], mine["accesses"], mine["people"]) == ("X90401", "gp-system", "3", "1")
    assert await rows(officer, user="Dr") == []
    assert {one["organisation"] for one in await rows(officer, organisation="X90401")} == {"X90401"}
    agreed = await rows(officer, agreement="CW-01")
    assert any(one["user"] == mine["user"] for one in agreed)
    assert {one["client"] for one in await rows(officer, agreement="CW-0")} == set()
    refused = await rows(officer, outcome="8", organisation="X9Z")
    assert refused
    assert all(one["accesses"] == "0" and int(one["refused"]) for one in refused)
    assert await rows(officer, user='Dr "Æ" Patel', end=str(TODAY - timedelta(days=1))) == []


async def test_the_page_names_nobody_whose_record_it_was_and_can_be_bookmarked(
    coventry: Neighbourhood, officer: httpx.AsyncClient
) -> None:
    gp = await coventry.as_caller("gp-system", user="Dr Bookmark")
    await gp.get("Flag", {"patient:identifier": f"{NUMBER}|{MRS_T}"})
    page = await officer.get("/console/accesses?user=Dr+Bookmark&organisation=X90401")
    assert "Dr Bookmark, GP, gp-system" in page.text
    assert 'value="Dr Bookmark"' in page.text
    for told in (MRS_T, "Tanner", str(await coventry.person())):
        assert told not in page.text
    assert (await newest(coventry))[0] == "audit"


async def test_pages_follow_one_another_without_gap(
    coventry: Neighbourhood, officer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gp = await coventry.as_caller("gp-system", user="Dr Often")
    for _ in range(5):
        await gp.get("Flag", {"patient:identifier": f"{NUMBER}|{MRS_T}"})
    monkeypatch.setattr(accesses, "SHOWN", 2)
    found, address = [], "/console/accesses?user=Dr+Often&kind=query"
    while address:
        page = (await officer.get(address)).text
        found += re.findall(r'href="/console/events/([0-9a-f-]{36})"', page)
        after = re.search(r'href="(/console/accesses\?[^"]*before=[^"]*)"', page)
        address = after[1].replace("&amp;", "&") if after else ""
    assert len(found) == len(set(found)) == 5


@pytest.mark.parametrize(
    "asked",
    [
        "start=tomorrow",
        "kind=x",
        "outcome=x",
        "before=x",
        "before=2026-01-01,x",
        "before=2026-01-01,00000000-0000-0000-0000-000000000000",
        "end=2026-02-30",
        "end=9999-12-31",
        "start=0001-01-01",
        "user=%00",
        "agreement=%00",
        "organisation=%00",
    ],
)
async def test_what_cannot_be_understood_is_refused(officer: httpx.AsyncClient, asked: str) -> None:
    assert (await officer.get(f"/console/accesses?{asked}")).status_code == 400


async def test_files_of_entries_carry_no_formula(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    user = "@SUM(1+1)*cmd"
    gp = await coventry.as_caller("gp-system", user=user)
    await gp.get("Flag", {"patient:identifier": f"{NUMBER}|{MRS_T}"})
    asked = {"user": user, "kind": "query", "as": "entries-csv"}
    text = (await officer.get("/console/accesses", params=asked)).content.decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["user"] == f"'{user}"
    answer = await officer.get("/console/accesses", params=asked | {"as": "entries-ndjson"})
    (line,) = answer.text.splitlines()
    assert json.loads(line)["user"] == user
    assert answer.headers["content-disposition"] == 'attachment; filename="accesses.ndjson"'


async def is_proven_by_a_seal_that_was_kept(coventry: Neighbourhood, officer: httpx.AsyncClient, path: str) -> None:
    """The file that leads to it, however much was sealed since; and to no seal that there is not."""
    kept = (await officer.get("/console/log/checkpoint")).text
    size = Note.parse(kept).size
    await coventry.sealed()
    saved = (await officer.get(path, params={"seal": f"{size:,}"})).json()
    head, _, seal = saved["proof"].partition("\n\n")
    assert seal == kept != (await officer.get("/console/log/checkpoint")).text
    steps = [base64.b64decode(line) for line in head.splitlines()[2:]]
    assert root_by(steps, base64.b64decode(saved["leaf"]), saved["index"], size) == Note.parse(kept).root
    for none in ("1", "x", "-1", "9" * 19, str(10**17)):
        assert (await officer.get(path, params={"seal": none})).status_code == 400, none


async def test_one_event_in_full_with_its_proof(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    gp = await coventry.as_caller("gp-system", user="Dr Proof")
    (event,) = await coventry.event(await gp.everything(await coventry.person()))
    page = await officer.get(f"/console/events/{event['id']}")
    while "not sealed yet" in page.text:
        await coventry.sealed()
        page = await officer.get(f"/console/events/{event['id']}")
    assert page.status_code == 200
    for told in ("Dr Proof, GP, gp-system", "read the whole record", "CW-01 version ", "c2sp.org/tlog-proof@v1"):
        assert told in page.text, told
    assert "Tanner" not in page.text
    assert await newest(coventry) == ("audit", "0", await coventry.person())
    saved = (await officer.get(f"/console/events/{event['id']}/proof")).json()
    assert hashing.leaf(base64.b64decode(saved["salt"]), base64.b64decode(saved["content"])) == base64.b64decode(
        saved["leaf"]
    )
    await is_proven_by_a_seal_that_was_kept(coventry, officer, f"/console/events/{event['id']}/proof")
    for nothing in (uuid4(), "x"):
        for path in (f"/console/events/{nothing}", f"/console/events/{nothing}/proof"):
            assert (await officer.get(path)).status_code == 404


async def test_the_first_page_draws_what_was_done(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    await (await coventry.asker("GP")).everything(await coventry.person())
    await coventry.sealed()
    page = (await officer.get("/console")).text
    assert page.count('<svg class="chart') >= 2
    assert re.findall("<script[^>]*>", page) == ['<script type="module" src="/console/console.js">']
    assert " style=" not in page
    assert "Nothing was sealed since" not in page


async def test_what_waits_to_be_sealed_is_known(coventry: Neighbourhood) -> None:
    transaction = coventry.owner.transaction()
    await transaction.start()
    try:
        await coventry.owner.execute("delete from toldonce.audit_unsealed")
        assert await unsealed_since(coventry.owner) is None
        for minutes in (1, 3, 2):
            values = uuid4(), NOW - timedelta(minutes=minutes)
            statement = "insert into toldonce.audit_unsealed (event, recorded, hash) values ($1, $2, '')"
            await coventry.owner.execute(statement, *values)
        assert await unsealed_since(coventry.owner) == NOW - timedelta(minutes=3)
    finally:
        await transaction.rollback()


async def test_too_much_to_look_at_is_said_so(coventry: Neighbourhood) -> None:
    question = Question(start=datetime(2020, 1, 1, tzinfo=UTC), end=datetime(2030, 1, 1, tzinfo=UTC))
    async with coventry.database.pool("toldonce_api", size=1) as pool:
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_audit_reader")
            with pytest.raises(NotPossible, match="fewer days"):
                await usage(connection, question, most=3)


async def test_a_report_that_takes_too_long_is_ended(
    coventry: Neighbourhood, officer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accesses, "PATIENCE", "1ms")
    await coventry.owner.execute("select count(*) from toldonce.audit_event")
    answer = await officer.get("/console/accesses", params={"user": "x" * 5000, "start": "2000-01-01"})
    assert answer.status_code in (200, 400)
    assert "Something went wrong" not in answer.text


async def test_what_a_client_calls_its_user_is_never_markup(
    coventry: Neighbourhood, officer: httpx.AsyncClient
) -> None:
    user = """<script>alert(1)</script>"><img src=x onerror=alert(1)>"""
    gp = await coventry.as_caller("gp-system", user=user)
    (event,) = await coventry.event(await gp.get("Flag", {"patient:identifier": f"{NUMBER}|{MRS_T}"}))
    for address in (f"/console/events/{event['id']}", "/console/accesses"):
        page = (await officer.get(address, params={"user": user} if address.endswith("accesses") else None)).text
        assert "&lt;script&gt;" in page
        assert "<script>" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize("page", ["", "/accesses", "/who-saw", "/alerts", f"/events/{NOBODY}"])
async def test_whoever_is_of_a_team_sees_nothing_of_the_audit(coventry: Neighbourhood, page: str) -> None:
    given = await code(coventry, who=sessions.Officer("S. Nurse", "X9C", "", "community nurse", "TREAT"))
    async with browser(coventry) as nurse:
        assert (await nurse.post("/console/sign-in", data={"code": given})).status_code == 303
        answer = await nurse.get(f"/console{page}")
        assert answer.status_code == 403 or (page == "" and answer.status_code == 303), answer.status_code


async def test_what_looks_unusual_waits_with_its_reason(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    gp = await coventry.as_caller("gp-system", user="Dr Tanner")
    (event,) = await coventry.event(await gp.get("Flag", {"patient:identifier": f"{NUMBER}|{MRS_T}"}))
    day = datetime.fromisoformat(event["recorded"]).astimezone(LONDON).date()
    async with coventry.database.pool("toldonce_api", size=2) as pool, AuditLog(pool) as audit:
        assert await look_through(pool, audit, day, "test", "")
    reason = "the person and the user have the same surname"
    queue = (await officer.get("/console/alerts")).text
    assert reason in queue
    number = await coventry.owner.fetchval(
        "select id from toldonce.alert where kind = 'unusual' and event = $1", UUID(event["id"])
    )
    page = (await officer.get(f"/console/alerts/{number}")).text
    assert f"Something is unusual: {reason}" in page
    assert MRS_T not in page
    form = {"check": await check(officer), "outcome": "sign off", "note": "No relation."}
    assert (await officer.post(f"/console/alerts/{number}", data=form)).status_code == 303
    assert f'href="/console/alerts/{number}"' not in (await officer.get("/console/alerts")).text
