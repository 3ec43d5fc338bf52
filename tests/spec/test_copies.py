"""A person's copy of what is held on them, made on the console: the officer's part holds no care, that of whoever looks
after the person no access log; neither says what nobody may be told, and each is in the log before it is handed out."""

import csv
import io
import json
from collections.abc import AsyncIterator
from zipfile import ZipFile

import httpx
import pytest

from integration.console.sessions import Officer
from integration.demo import MRS_T, OFFICER
from tests.spec.neighbourhood import Neighbourhood, resources
from tests.spec.team import (
    COORDINATOR,
    OBJECTOR,
    SENSITIVE,
    STRANGER,
    events,
    looked_after,
    page_of,
    plain,
    sent,
    signed_in,
    team,
)
from tests.spec.test_console import check

__all__ = ["looked_after", "team"]
REFERENCE = "SAR 2026-014"
SEEN = "for-the-person/who-has-seen-it"


@pytest.fixture
async def officer(coventry: Neighbourhood) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(coventry, Officer(*OFFICER)) as browser:
        yield browser


async def asked(officer: httpx.AsyncClient, **form: str) -> httpx.Response:
    sent = {"check": await check(officer), "number": MRS_T, "reference": REFERENCE, **form}
    return await officer.post("/console/copy", data=sent)


def opened(answer: httpx.Response) -> ZipFile:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == 'attachment; filename="copy.zip"'
    assert answer.headers["cache-control"] == "no-store"
    return ZipFile(io.BytesIO(answer.content))


def entries(copy: ZipFile) -> list[dict]:
    names = ("for-the-person/record.json", "for-review/others-and-sensitive.json")
    return [one["resource"] for name in names for one in json.loads(copy.read(name)).get("entry", ())]


async def test_the_officer_s_part_has_who_has_seen_it_and_no_care(
    coventry: Neighbourhood, officer: httpx.AsyncClient
) -> None:
    doctor = await coventry.as_caller("hospital-epr", user="Dr Secret")
    await doctor.everything(await coventry.person())
    before = len(await events(coventry))
    copy = opened(await asked(officer, number="999 000 0018"))
    assert {one["resourceType"] for one in entries(copy)} <= {"Consent", "Organization", "Provenance"}
    assert b"Coventry Synthetic Hospitals NHS Trust looked" in copy.read(f"{SEEN}.html")
    assert "Coventry Synthetic Hospitals NHS Trust" in copy.read(f"{SEEN}.csv").decode("utf-8-sig")
    for name in copy.namelist():
        assert b"Dr Secret" not in copy.read(name), name
        assert b"Tanner" not in copy.read(name), name
    *_, event = (await events(coventry))[before:]
    text = json.dumps(event)
    assert [tag["code"] for tag in event["meta"]["tag"]].count("export") == 1
    assert all(said in text for said in (REFERENCE, str(await coventry.person()), OFFICER[0], "count/AuditEvent"))


async def test_the_part_of_whoever_looks_after_the_person_is_what_they_may_see(
    coventry: Neighbourhood, team: httpx.AsyncClient
) -> None:
    person = await coventry.person()
    copy = opened(await sent(team, f"people/{person}/copy", reference=REFERENCE))
    assert not [name for name in copy.namelist() if "seen" in name]
    assert "seen_by" not in copy.read("for-review/corrected.csv").decode()
    api = await coventry.as_caller("int-south", COORDINATOR.role, COORDINATOR.purpose, user="Amara Singh")
    whole = resources((await api.everything(person)).json(), "match", "include")
    stored = {one["id"] for one in whole if one["resourceType"] != "Provenance"}
    assert stored <= {one["id"] for one in entries(copy)} != set()
    assert "Edith" in copy.read("for-the-person/record.html").decode()
    event = (await events(coventry))[-1]
    assert all(said in json.dumps(event) for said in (REFERENCE, str(person), COORDINATOR.name))


async def test_what_is_withheld_is_said_by_kind_alone_and_only_where_it_may_be_said(
    coventry: Neighbourhood, team: httpx.AsyncClient
) -> None:
    person = await coventry.person(SENSITIVE)
    copy = opened(await sent(team, f"people/{person}/copy", reference=REFERENCE))
    withheld = list(csv.DictReader(io.StringIO(copy.read("for-review/withheld.csv").decode("utf-8-sig"))))
    api = await coventry.as_caller("int-south", COORDINATOR.role, COORDINATOR.purpose, user="Amara Singh")
    answer = (await api.everything(person)).json()
    told = [one["diagnostics"] for entry in resources(answer, "outcome") for one in entry["issue"]]
    assert told
    assert [set(one) for one in withheld] == [{"kind"}] * len(told)
    assert all(any(one["kind"] in text for text in told) for one in withheld)


async def test_a_copy_of_whoever_one_may_not_know_of_is_of_nobody(
    coventry: Neighbourhood, team: httpx.AsyncClient
) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    none = await sent(team, f"people/{nobody}/copy", reference=REFERENCE)
    assert none.status_code == 404
    for number in (STRANGER, OBJECTOR):
        answer = await sent(team, f"people/{await coventry.person(number)}/copy", reference=REFERENCE)
        assert (answer.status_code, plain(answer)) == (404, plain(none))
    assert (await sent(team, "people/nobody/copy", reference=REFERENCE)).status_code == 404


async def test_an_emergency_opens_no_copy(coventry: Neighbourhood) -> None:
    doctor = Officer("Dr Adam Newbold", "X9A", role="emergency doctor", purpose="ETREAT")
    async with signed_in(coventry, doctor) as browser:
        path = f"people/{await coventry.person(STRANGER)}"
        glass = {"reason": "emergency", "note": "Collapsed in the street."}
        assert (await sent(browser, f"{path}/emergency", **glass)).status_code == 303
        page = await page_of(coventry, browser, STRANGER)
        assert page.status_code == 200
        assert f"{path}/copy" not in page.text
        assert (await sent(browser, f"{path}/copy", reference=REFERENCE)).status_code == 404


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"number": "9990000019"}, 400),
        ({"number": "9434765919"}, 404),
        ({"reference": " "}, 400),
        ({"reference": "x" * 101}, 400),
        ({"check": "1" * 64}, 403),
    ],
    ids=str,
)
async def test_what_gets_no_copy(officer: httpx.AsyncClient, form: dict[str, str], status: int) -> None:
    answer = await asked(officer, **form)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    if "number" in form and status == 400:
        assert 'aria-describedby="number-hint number-error"' in answer.text
        assert f'value="{REFERENCE}"' in answer.text


async def test_no_copy_is_handed_out_that_cannot_be_audited(
    coventry: Neighbourhood, officer: httpx.AsyncClient, team: httpx.AsyncClient
) -> None:
    path = f"people/{await coventry.person()}/copy"
    form = {"check": await check(officer), "number": MRS_T, "reference": REFERENCE}
    checked = {"check": await check(team, "/console/team/find"), "reference": REFERENCE}
    await coventry.owner.execute("revoke insert on toldonce.audit_event from toldonce_audit_writer")
    try:
        for browser, url, sent_ in ((officer, "copy", form), (team, f"team/{path}", checked)):
            answer = await browser.post(f"/console/{url}", data=sent_)
            assert answer.status_code == 503
            assert "cannot be written into the access log" in answer.text
    finally:
        await coventry.owner.execute("grant insert on toldonce.audit_event to toldonce_audit_writer")
