"""What neighbourhood teams do on their pages, over HTTP: what they agree on is recorded as their word, once, and never
of anybody whom they may not know of."""

import json
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import httpx

from integration.console.sessions import Officer
from integration.demo import MRS_T
from tests.spec.neighbourhood import NOW, Neighbourhood, resources
from tests.spec.team import (
    CASELOAD,
    FORMS,
    MR_P,
    OBJECTOR,
    RESIDENT,
    SENSITIVE,
    STRANGER,
    events,
    looked_after,
    page_of,
    sent,
    signed_in,
    team,
)

__all__ = ["looked_after", "team"]
DOCTOR = Officer("Dr Adam Newbold", "X9A", role="emergency doctor", purpose="ETREAT")


async def test_a_form_of_another_site_does_nothing(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    for path in FORMS:
        answer = await team.post(
            f"/console/team/{path.format(person=await coventry.person())}", data={"check": "1" * 64}
        )
        assert answer.status_code == 403, path


async def test_who_does_what_next_is_agreed_and_done(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    path = f"people/{await coventry.person()}/steps"
    form = {"who": "Priya Nair", "what": "Take her to the memory clinic", "due": "2026-10-05", "once": "a"}
    for _ in range(2):  # clicked twice
        assert (await sent(team, path, **form)).status_code == 303
    page = (await page_of(coventry, team, MRS_T)).text
    assert page.count("</strong>: Take her to the memory clinic") == 1
    assert "by 5 October 2026" in page
    assert "Take her to the memory clinic" in (await team.get(f"/console/team/caseloads/{CASELOAD}?show=steps")).text
    client = await coventry.as_caller("gp-system", "GP")
    (task,) = resources((await client.get("Task", {"patient": str(await coventry.person())})).json())
    (provenance,) = task["contained"]
    assert "Amara Singh" in json.dumps(provenance)
    assert (await sent(team, f"{path}/{task['id']}/done")).status_code == 303
    assert '<strong class="nhsuk-tag nhsuk-tag--grey">done</strong>' in (await page_of(coventry, team, MRS_T)).text
    assert (await sent(team, f"{path}/{uuid4()}/done")).status_code == 404
    kinds = [tag["code"] for event in await events(coventry) for tag in event["meta"]["tag"]]
    assert {"create", "update"} <= set(kinds)


async def test_an_adjustment_is_recorded_as_the_team_s_word(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    path = f"people/{await coventry.person(MR_P)}/adjustments"
    form = {"category": "communication-support", "what": "Speak slowly and wait", "review": "2026-12-01"}
    assert (await sent(team, path, **form)).status_code == 303
    page = unescape((await page_of(coventry, team, MR_P)).text)
    assert "Speak slowly and wait" in page
    assert "South Coventry Integrated Neighbourhood Team" in page
    assert (await sent(team, path, category="x", what="y")).status_code == 400
    assert (await sent(team, path, category="communication-support", what=" ")).status_code == 400


async def test_one_care_coordinator_follows_another(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    person = await coventry.person(RESIDENT)
    for name in ("Ben Barnett", "Priya Nair", "Priya Nair"):  # the last of them clicked twice
        answer = await sent(team, f"people/{person}/coordinator", name=name, organisation="X9V01", once=name)
        assert answer.status_code == 303, answer.text
    client = await coventry.as_caller("int-south", "care coordinator", "COC")
    found = resources((await client.get("CareTeam", {"patient": str(person)})).json(), "match")
    recorded = {
        one["participant"][0]["member"]["display"]: one["status"] for one in found if one["name"] == "Care coordination"
    }
    assert recorded == {"Ben Barnett": "inactive", "Priya Nair": "active"}
    assert (await sent(team, f"people/{person}/coordinator", name="A", organisation="X99")).status_code == 400


async def test_nothing_is_recorded_of_somebody_unknown(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    for person in (await coventry.person(STRANGER), await coventry.person(OBJECTOR), uuid4()):
        answer = await sent(team, f"people/{person}/steps", who="A", what="B")
        assert answer.status_code == 404
        answer = await sent(team, f"people/{person}/caseloads", place=f"{CASELOAD} meeting")
        assert answer.status_code == 404


async def test_whoever_is_taken_off_a_caseload_is_gone_at_once(
    coventry: Neighbourhood, team: httpx.AsyncClient
) -> None:
    person = await coventry.person(SENSITIVE)
    assert (await page_of(coventry, team, SENSITIVE)).status_code == 200
    async with signed_in(coventry, Officer("Dr Shah", "X9A", role="hospital doctor", purpose="TREAT")) as doctor:
        added = await sent(doctor, f"people/{person}/caseloads", place=f"{CASELOAD} discharge")
        assert added.status_code == 303, added.text
    ended = await sent(team, f"people/{person}/caseloads/{CASELOAD}/end", why="declined")
    assert ended.status_code == 303, ended.text
    assert (await page_of(coventry, team, SENSITIVE)).status_code == 404
    assert str(person) not in (await team.get(f"/console/team/caseloads/{CASELOAD}")).text


async def test_a_huddle_that_was_held_is_what_new_is_counted_from(
    coventry: Neighbourhood, team: httpx.AsyncClient
) -> None:
    sheet = await team.get(f"/console/team/caseloads/{CASELOAD}/huddle")
    assert "We held this huddle today" in sheet.text
    await coventry.owner.execute(
        "insert into toldonce.huddle values ($1, $2, $3, 'A. Singh', 'X9N04')",
        CASELOAD,
        NOW.date() - timedelta(days=21),
        NOW,
    )
    assert "Since 9 September 2026" in (await team.get(f"/console/team/caseloads/{CASELOAD}")).text
    for _ in range(2):
        held = await sent(team, f"caseloads/{CASELOAD}/huddle")
        assert held.headers["location"] == f"/console/team/caseloads/{CASELOAD}?since=2026-09-09"
    assert "The huddle of today is held" in (await team.get(f"/console/team/caseloads/{CASELOAD}/huddle")).text
    assert await coventry.owner.fetchval("select count(*) from toldonce.huddle") == 2


async def test_a_record_is_opened_in_an_emergency_for_an_hour(coventry: Neighbourhood) -> None:
    form = {"number": STRANGER, "reason": "emergency", "note": "Collapsed in the street"}
    async with signed_in(coventry, DOCTOR) as doctor:
        person = await coventry.person(STRANGER)
        await coventry.owner.execute(
            "update toldonce.facts set evidence = '[]' where person = $1 and evidence::text like '%X9A%'", person
        )
        found = await sent(doctor, "find", **form)
        assert found.headers["location"] == f"/console/team/people/{person}"
        page = (await doctor.get(f"/console/team/people/{person}")).text
        assert "You opened this record in an emergency" in page
        assert "for 60 minutes more" in page
        assert (await events(coventry))[-1]["meta"]["tag"][0]["code"] == "break-glass"
        assert (await sent(doctor, "find", number=STRANGER, reason="curiosity", note="x")).status_code == 400
        assert (await sent(doctor, f"people/{person}/steps", who="A", what="B")).status_code in (403, 404)
        await coventry.owner.execute(
            "update toldonce.officer_emergency set declared = declared - interval '61 minutes'"
        )
        assert (await doctor.get(f"/console/team/people/{person}")).status_code == 404
        assert "break-glass" not in json.dumps((await events(coventry))[-1]["meta"])  # nor is it asked as in one
        objector = await sent(doctor, "find", **{**form, "number": OBJECTOR})
        assert objector.status_code == 200
    assert await coventry.owner.fetchval("select count(*) from toldonce.alert where kind = 'break-glass'") >= 2


async def test_no_emergency_without_an_agreement_that_lets_one_be_declared(
    coventry: Neighbourhood, team: httpx.AsyncClient
) -> None:
    assert "In an emergency" not in (await team.get("/console/team/find")).text
    form = {"reason": "emergency", "note": "It is urgent"}
    assert (await sent(team, "find", number=STRANGER, **form)).status_code == 403
    person: UUID = await coventry.person(STRANGER)
    assert (await sent(team, f"people/{person}/emergency", **form)).status_code == 403
