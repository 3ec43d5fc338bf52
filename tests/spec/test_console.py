"""The console for information governance officers, over HTTP: who gets in, what they are told, and that each look is
audited. What it looks like in a browser: tests/browser."""

import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from pypdf import PdfReader

from adapters.records import LONDON
from integration.audit.saved import plain
from integration.console import sessions
from integration.console.desk import COOKIE
from integration.demo import MRS_T, OFFICER
from integration.store.database import act_as
from tests.spec.neighbourhood import NOW, Neighbourhood, resources

PAGES = (
    *("", "/who-saw", "/copy", "/alerts", "/identity", "/agreements", "/agreements/change"),
    *("/feeds", "/feeds/quarantine", "/log", "/log/checkpoint"),
)
OTHERS_SITE = "1" * 64


async def code(coventry: Neighbourhood, at: object = NOW, who: sessions.Officer | None = None) -> str:
    async with coventry.database.pool("toldonce_api", size=1) as pool:
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_registry")
            return await sessions.offer(connection, who or sessions.Officer(*OFFICER), at)


@asynccontextmanager
async def browser(coventry: Neighbourhood) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody's browser: its own cookies."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(coventry.app), base_url="http://127.0.0.1:8000") as one:
        yield one


@pytest.fixture
async def officer(coventry: Neighbourhood) -> AsyncIterator[httpx.AsyncClient]:
    """Signed in."""
    async with browser(coventry) as one:
        answer = await one.post("/console/sign-in", data={"code": (await code(coventry)).lower()})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console")
        yield one


async def check(officer: httpx.AsyncClient, path: str = "/console/who-saw") -> str:
    """What a form of this session carries."""
    found = re.search(r'name="check" value="([0-9a-f]{64})"', (await officer.get(path)).text)
    assert found
    return found[1]


async def asked(officer: httpx.AsyncClient, **form: str) -> httpx.Response:
    return await officer.post("/console/who-saw", data={"check": await check(officer), "number": MRS_T, **form})


async def newest(coventry: Neighbourhood) -> tuple[str, str, object]:
    row = await coventry.owner.fetchrow(
        "select kind, outcome, person from toldonce.audit_event where client in ('console', 'unknown') "
        "order by id desc limit 1"
    )
    return tuple(row)


async def test_nobody_gets_in_without_a_session(coventry: Neighbourhood) -> None:
    async with browser(coventry) as one:
        for page in PAGES:
            answer = await one.get(f"/console{page}")
            wanted = f"?{urlencode({'page': f'/console{page}'})}" if page else ""
            assert (answer.status_code, answer.headers["location"]) == (303, f"/console/sign-in{wanted}"), page
        for path in ("/who-saw", "/copy", "/alerts/1", "/sign-out"):
            answer = await one.post(f"/console{path}", data={"number": MRS_T})
            assert (answer.status_code, answer.text) == (303, ""), path


async def test_every_page_is_there_for_an_officer_and_audited(
    coventry: Neighbourhood, officer: httpx.AsyncClient
) -> None:
    await coventry.sealed()
    for page in PAGES:
        before = await coventry.owner.fetchval("select count(*) from toldonce.audit_event where client = 'console'")
        answer = await officer.get(f"/console{page}")
        assert answer.status_code == 200, (page, answer.text)
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        after = await coventry.owner.fetchval("select count(*) from toldonce.audit_event where client = 'console'")
        assert after == before + 1, page


async def test_a_code_is_used_once(coventry: Neighbourhood) -> None:
    given = await code(coventry)
    async with browser(coventry) as one, browser(coventry) as other:
        assert (await one.post("/console/sign-in", data={"code": given})).status_code == 303
        assert (await other.post("/console/sign-in", data={"code": given})).status_code == 403
        assert (await other.get("/console")).status_code == 303
    assert (await newest(coventry))[:2] == ("token", "8")


async def test_an_old_code_is_refused_and_used_up(coventry: Neighbourhood) -> None:
    given = await code(coventry, NOW - sessions.CODE_LASTS)
    async with browser(coventry) as one:
        assert (await one.post("/console/sign-in", data={"code": given})).status_code == 403
        assert "older than 10 minutes" in (await one.post("/console/sign-in", data={"code": given})).text


async def test_a_session_ends_without_use_and_at_the_latest_after_a_day_s_work(coventry: Neighbourhood) -> None:
    async with coventry.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await act_as(connection, "toldonce_registry")
        token, _ = await sessions.begin(
            connection, await sessions.offer(connection, sessions.Officer(*OFFICER), NOW), NOW
        )
        at = NOW
        while at < NOW + sessions.LONGEST:
            assert await sessions.officer_of(connection, token, at)
            at += sessions.IDLE - timedelta(seconds=1)
        assert await sessions.officer_of(connection, token, at) is None
        token, _ = await sessions.begin(
            connection, await sessions.offer(connection, sessions.Officer(*OFFICER), NOW), NOW
        )
        assert await sessions.officer_of(connection, token, NOW + sessions.IDLE) is None
        await transaction.rollback()


async def test_whoever_reads_long_is_told_when_they_are_signed_out_and_may_stay(
    coventry: Neighbourhood, officer: httpx.AsyncClient
) -> None:
    """What a browser does with it: tests/browser/test_ending.py."""
    page = (await officer.get("/console/who-saw")).text
    ends = f"{(NOW + sessions.IDLE).astimezone(LONDON):%H:%M}"
    assert f"you will be signed out at {ends}" in page
    assert 'data-seconds="1800"' in page
    last = "update toldonce.officer_session set expires = $1 where kind = 'session' and name = $2"
    await coventry.owner.execute(last, NOW + timedelta(minutes=1), OFFICER[0])
    assert (await officer.get("/console/stay")).json() == {"at": ends, "seconds": 1800}
    assert (await newest(coventry))[:2] == ("token", "0")
    await coventry.owner.execute(last, NOW, OFFICER[0])
    assert (await officer.get("/console/stay")).status_code == 303


async def test_after_signing_out_the_cookie_opens_nothing(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    kept = officer.cookies[COOKIE]
    await officer.post("/console/sign-out", data={"check": await check(officer)})
    async with browser(coventry) as one:
        one.cookies.set(COOKIE, kept)
        assert (await one.get("/console")).status_code == 303


async def test_the_database_keeps_neither_codes_nor_cookies(
    coventry: Neighbourhood, officer: httpx.AsyncClient
) -> None:
    given = await code(coventry)
    rows = str([tuple(row) for row in await coventry.owner.fetch("select * from toldonce.officer_session")])
    assert given not in rows
    assert given.replace("-", "") not in rows
    assert officer.cookies[COOKIE] not in rows


@pytest.mark.parametrize("form", [{}, {"check": ""}, {"check": OTHERS_SITE}])
async def test_a_form_of_another_site_does_nothing(officer: httpx.AsyncClient, form: dict[str, str]) -> None:
    for path in ("/who-saw", "/alerts/1", "/sign-out", f"/identity/{OFFICER[0]}/x"):
        answer = await officer.post(f"/console{path}", data={"number": MRS_T, "outcome": "sign off", **form})
        assert answer.status_code == 403, path
    assert (await officer.get("/console")).status_code == 200


async def test_a_resident_s_question_is_answered(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    gp, stranger = await coventry.as_caller("gp-system", user="Dr Patel"), await coventry.asker("unrelated hospital")
    found = await gp.get("Encounter", {"patient:identifier": f"https://fhir.nhs.uk/Id/nhs-number|{MRS_T}"})
    assert resources(found.json())
    await stranger.everything(await coventry.person())
    page = await asked(officer)
    assert page.status_code == 200
    assert "Earlsdon Avenue Practice looked" in page.text
    assert "Dr Patel, GP, gp-system" in page.text
    assert "were shown" in page.text
    assert "Distant Synthetic Hospital" not in page.text.split("<table")[0]  # it was shown nothing
    assert await newest(coventry) == ("audit", "0", await coventry.person())
    assert MRS_T not in str(page.request.url)


async def test_the_letter_names_organisations_and_no_users(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    gp = await coventry.as_caller("gp-system", user="Dr Patel")
    await gp.get("Flag", {"patient:identifier": f"https://fhir.nhs.uk/Id/nhs-number|{MRS_T}"})
    letter = (await asked(officer, **{"as": "letter"})).text
    assert "Earlsdon Avenue Practice looked" in letter
    assert "Dr Patel" not in letter
    assert "gp-system" not in letter


async def test_the_letter_as_pdf_says_what_the_letter_says(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    gp = await coventry.as_caller("gp-system", user="Dr #Patel")
    await gp.get("Flag", {"patient:identifier": f"https://fhir.nhs.uk/Id/nhs-number|{MRS_T}"})
    page = (await asked(officer, **{"as": "letter"})).text
    answer = await asked(officer, **{"as": "pdf"})
    assert answer.headers["content-disposition"] == 'attachment; filename="who-saw.pdf"'
    assert await newest(coventry) == ("audit", "0", await coventry.person())
    whole = "\n".join(one.extract_text() for one in PdfReader(io.BytesIO(answer.content)).pages)
    text = " ".join(re.sub(r"Who has seen your record\s+\d+ of \d+", "", whole).split())  # a sentence may turn the page
    for sentence in re.findall(r"<li>([^<]*looked[^<]*)</li>", page):
        assert sentence in text
    assert "Earlsdon Avenue Practice looked" in text
    assert "Patel" not in text


async def test_days_bound_the_report(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    gp = await coventry.as_caller("gp-system")
    await gp.get("Flag", {"patient:identifier": f"https://fhir.nhs.uk/Id/nhs-number|{MRS_T}"})
    today = NOW.date()
    assert "looked" in (await asked(officer, start=str(today), end=str(today))).text
    assert "Nobody has been shown anything" in (await asked(officer, end=str(today - timedelta(days=1)))).text
    assert (await asked(officer, start="yesterday")).status_code == 400


async def test_a_number_that_is_none_and_one_of_nobody(officer: httpx.AsyncClient) -> None:
    answer = await asked(officer, number="999 000 0019", start="2026-01-31")
    assert answer.status_code == 400
    assert 'aria-describedby="number-hint number-error"' in answer.text
    assert all(f'value="{typed}"' in answer.text for typed in ("9990000019", "2026-01-31"))
    answer = await asked(officer, number="9434765919")
    assert answer.status_code == 200
    assert "No source has said anything" in answer.text


async def test_the_spreadsheet_has_every_access_and_no_formula(
    coventry: Neighbourhood, officer: httpx.AsyncClient
) -> None:
    gp = await coventry.as_caller("gp-system", user="=HYPERLINK(1)")
    await gp.get("Flag", {"patient:identifier": f"https://fhir.nhs.uk/Id/nhs-number|{MRS_T}"})
    answer = await asked(officer, **{"as": "spreadsheet"})
    assert answer.headers["content-disposition"] == 'attachment; filename="who-saw.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert any(row["user"] == "'=HYPERLINK(1)" for row in rows)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\n=x"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert plain(cell) == f"'{cell}"


async def test_a_style_sheet_is_asked_for_again_and_sent_once(officer: httpx.AsyncClient) -> None:
    first = await officer.get("/console/nhsuk.css", headers={"accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["cache-control"] == "no-cache"
    plain = await officer.get("/console/nhsuk.css", headers={"accept-encoding": "identity"})
    assert plain.content == first.content
    again = await officer.get("/console/nhsuk.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await officer.get("/console/nhsuk.js", headers={"if-none-match": first.headers["etag"]})
    assert (other.status_code, other.headers["content-type"]) == (200, "text/javascript; charset=utf-8")


async def test_last_night_s_emergency_is_signed_off(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    await (await coventry.asker("paramedic, glass broken")).everything(await coventry.person())
    number = await coventry.owner.fetchval("select max(id) from toldonce.alert where kind = 'break-glass'")
    link = f'href="/console/alerts/{number}"'
    assert link in (await officer.get("/console/alerts")).text
    page = (await officer.get(f"/console/alerts/{number}")).text
    assert "A record was opened in an emergency" in page
    assert "The reason they gave" in page
    assert MRS_T not in page
    form = {"check": await check(officer, f"/console/alerts/{number}"), "outcome": "sign off"}
    assert (await officer.post(f"/console/alerts/{number}", data={**form, "note": " "})).status_code == 400
    done = await officer.post(f"/console/alerts/{number}", data={**form, "note": "Rang the crew: a fall at home."})
    assert done.status_code == 303
    assert link not in (await officer.get("/console/alerts")).text
    assert link in (await officer.get("/console/alerts?all=yes")).text
    assert "R. Okafor: signed off. Rang the crew" in (await officer.get(f"/console/alerts/{number}")).text
    again = await officer.post(f"/console/alerts/{number}", data={**form, "note": "Once more."})
    assert again.status_code == 400


async def test_two_records_are_compared_and_kept_apart(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    queue = (await officer.get("/console/identity")).text
    first = re.search(r'href="(/console/identity/[0-9a-f-]{36}/[0-9a-f-]{36})"', queue)
    assert first
    page = (await officer.get(first[1])).text
    assert "taken for <strong>two people</strong>" in page
    assert "never one person" in (await officer.get(f"{first[1]}/seen")).text
    assert (await officer.get("/console/identity/x/y")).status_code == 404
    nobody = "00000000-0000-0000-0000-000000000000"
    assert (await officer.get(f"/console/identity/{nobody}/{nobody}")).status_code == 404


async def test_nothing_is_shown_that_cannot_be_audited(coventry: Neighbourhood, officer: httpx.AsyncClient) -> None:
    await coventry.owner.execute("revoke insert on toldonce.audit_event from toldonce_audit_writer")
    try:
        for page in PAGES:
            answer = await officer.get(f"/console{page}")
            assert answer.status_code == 503, page
            assert "cannot be written into the access log" in answer.text
    finally:
        await coventry.owner.execute("grant insert on toldonce.audit_event to toldonce_audit_writer")
