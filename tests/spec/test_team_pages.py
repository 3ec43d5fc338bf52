"""The pages of neighbourhood teams, over HTTP: who gets in, that a page tells what the API tells and nothing more, and
that each look is in the access log before it is answered. What they look like in a browser: tests/browser."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from integration import demo
from integration.audit.entry import rendered
from integration.commands.console import code_for, signing_in
from integration.console.sessions import Officer
from integration.console.teams import caseloads
from integration.demo import MRS_T, OFFICER
from integration.errors import NotPossible
from tests.spec.neighbourhood import NOW, Neighbourhood, resources
from tests.spec.team import CASELOAD, COORDINATOR, caseload, plain, sent, signed_in
from tests.spec.test_console import PAGES

MR_P, RESIDENT, OBJECTOR, RESTRICTED, SENSITIVE = "9990000042", "9990000034", "9990000077", "9990000085", "9990000093"
STRANGER = "9990000050"
"""Somebody whom another team looks after."""
DOCTOR = Officer("Dr Adam Newbold", "X9A", role="emergency doctor", purpose="ETREAT")
TEAM_PAGES = ("", "/find", f"/caseloads/{CASELOAD}", f"/caseloads/{CASELOAD}/huddle", "/people/{person}")
FORMS = (
    "find", "people/{person}/emergency", "people/{person}/coordinator", "people/{person}/adjustments",
    "people/{person}/steps", "people/{person}/steps/{person}/done", "people/{person}/caseloads",
    f"people/{{person}}/caseloads/{CASELOAD}/end", f"caseloads/{CASELOAD}/huddle",
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
async def looked_after(coventry: Neighbourhood) -> AsyncIterator[str]:
    async with caseload(coventry, MRS_T, MR_P, RESIDENT, OBJECTOR, RESTRICTED, SENSITIVE) as found:
        yield found


@pytest.fixture
async def team(coventry: Neighbourhood) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_in(coventry, COORDINATOR) as browser:
        yield browser


async def page_of(coventry: Neighbourhood, browser: httpx.AsyncClient, number: str) -> httpx.Response:
    return await browser.get(f"/console/team/people/{await coventry.person(number)}")


async def events(coventry: Neighbourhood, after: int = 0) -> list[dict[str, Any]]:
    """What the console wrote into the access log."""
    rows = await coventry.owner.fetch(
        "select content from toldonce.audit_event where client = 'console' order by id offset $1", after
    )
    return [json.loads(rendered(row["content"])) for row in rows]


async def test_each_gets_in_where_they_belong(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    person = await coventry.person()
    for page in PAGES:
        answer = await team.get(f"/console{page}")
        assert answer.status_code == 403, page
        assert "for information governance officers" in answer.text
    async with signed_in(coventry, Officer(*OFFICER)) as officer:
        for page in TEAM_PAGES:
            answer = await officer.get(f"/console/team{page.format(person=person)}")
            assert answer.status_code == 403, page
            assert "Tanner" not in answer.text
        for path in FORMS:
            answer = await officer.post(f"/console/team/{path.format(person=person)}", data={"number": MRS_T})
            assert answer.status_code == 403, path
    for page in TEAM_PAGES:
        assert (await team.get(f"/console/team{page.format(person=person)}")).status_code == 200, page
    async with httpx.AsyncClient(transport=httpx.ASGITransport(coventry.app), base_url="http://test") as nobody:
        for page in TEAM_PAGES:
            answer = await nobody.get(f"/console/team{page.format(person=person)}")
            assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in"), page


@pytest.mark.parametrize(
    "who",
    [
        Officer("A receptionist", "X90401", role="receptionist", purpose="TREAT"),
        Officer("A coordinator", "X9N04", role="care coordinator", purpose="HOPERAT"),
        Officer("A coordinator", "X9Z", role="care coordinator", purpose="COC"),
        Officer("An officer", "X9H", role="information governance officer", purpose="TREAT"),
        Officer("Nobody", "X9N04", role="of no agreement", purpose="COC"),
    ],
    ids=lambda who: f"{who.role} of {who.organisation} for {who.purpose}",
)
async def test_who_has_no_role_in_care_sees_no_page(coventry: Neighbourhood, who: Officer) -> None:
    with pytest.raises(NotPossible):
        await code_for(coventry.settings, coventry.database, who)
    async with signed_in(coventry, who) as browser:  # though somebody gave them a code all the same
        person = await coventry.person()
        for page in (*(f"/team{one.format(person=person)}" for one in TEAM_PAGES), *PAGES):
            assert (await browser.get(f"/console{page}")).status_code == 403, page


async def test_a_code_is_given_to_whom_the_agreements_know(coventry: Neighbourhood) -> None:
    for who in (signing_in(*demo.COORDINATOR), signing_in(*OFFICER, "information governance officer")):
        assert len(await code_for(coventry.settings, coventry.database, who)) == len("ABCD-EFGH-IJKL-MNOP")
    with pytest.raises(NotPossible):
        await code_for(coventry.settings, coventry.database, signing_in("R. Okafor", "X9X", "care coordinator"))


async def test_a_caseload_names_whom_the_team_may_know_of(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    page = await team.get(f"/console/team/caseloads/{CASELOAD}")
    assert "Tanner" in page.text
    assert "A professional is worried" in page.text
    assert str(await coventry.person(OBJECTOR)) not in page.text
    assert "5 people" in page.text  # of six: nobody is told of whoever objects
    for number in (MRS_T, MR_P):
        assert number not in page.text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("show=new&since=2026-01-01", "A&amp;E"),
        ("show=hospital&since=2026-01-01", "Admitted"),
        ("show=coordinator&sort=name", "nobody yet"),
        ("show=adjusted&sort=age", "adjustments"),
        ("sort=due", "Review due"),
    ],
)
async def test_a_caseload_is_sorted_and_filtered_by_its_address(team: httpx.AsyncClient, query: str, told: str) -> None:
    assert told in (await team.get(f"/console/team/caseloads/{CASELOAD}?{query}")).text


@pytest.mark.parametrize("query", ["show=x", "sort=x", "page=0", "page=-1", "since=yesterday"])
async def test_an_address_that_asks_for_nonsense(team: httpx.AsyncClient, query: str) -> None:
    assert (await team.get(f"/console/team/caseloads/{CASELOAD}?{query}")).status_code == 400


async def test_of_a_large_caseload_only_who_is_on_the_page_is_looked_at(
    coventry: Neighbourhood, team: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PAGE", "WHOLE"):
        monkeypatch.setattr(caseloads, name, 2)
    path, shown, sizes = f"/console/team/caseloads/{CASELOAD}", [], []
    while path:
        before = len(await events(coventry))
        page = (await team.get(path)).text
        people = re.findall(r'<a href="/console/team/people/([0-9a-f-]{36})', page)
        shown += people
        sizes.append(len(people))
        assert len(await events(coventry, before)) == len(people) + 1
        assert "5 people" not in page
        following = re.search(r'<a href="(\?[^"]*after=[^"]+)" rel="next"', unescape(page))
        path = f"/console/team/caseloads/{CASELOAD}{following[1]}" if following else ""
    assert sizes == [2, 2, 1]
    assert set(shown) == {str(await coventry.person(one)) for one in (MRS_T, MR_P, RESIDENT, RESTRICTED, SENSITIVE)}
    assert "page 1 of 3" in (await team.get(f"/console/team/caseloads/{CASELOAD}?sort=name")).text


async def test_another_team_s_caseload_does_not_exist(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    none = await team.get("/console/team/caseloads/there-is-none")
    async with signed_in(coventry, Officer("Someone", "X9N03", role="care coordinator", purpose="COC")) as other:
        others = await other.get(f"/console/team/caseloads/{CASELOAD}")
        assert (others.status_code, none.status_code) == (404, 404)
        assert CASELOAD not in others.text
        assert CASELOAD not in (await other.get("/console/team")).text
        assert (await sent(other, f"caseloads/{CASELOAD}/huddle")).status_code == 404


async def test_everybody_who_is_shown_has_an_event_of_their_own(
    coventry: Neighbourhood, team: httpx.AsyncClient
) -> None:
    before = len(await events(coventry))
    await team.get(f"/console/team/caseloads/{CASELOAD}")
    about = {
        entity["what"]["reference"].removeprefix("Patient/")
        for event in (await events(coventry, before))
        for entity in event["entity"]
        if "Patient/" in entity.get("what", {}).get("reference", "")
    }
    shown = {str(await coventry.person(one)) for one in (MRS_T, MR_P, RESIDENT, RESTRICTED, SENSITIVE)}
    assert about == shown
    assert len(await events(coventry, before)) == len(shown) + 1


async def test_a_person_s_page_is_audited_as_the_read_that_it_is(
    coventry: Neighbourhood, team: httpx.AsyncClient
) -> None:
    await page_of(coventry, team, MRS_T)
    event = (await events(coventry))[-1]
    assert any(tag["code"] == "everything" for tag in event["meta"]["tag"])
    text = json.dumps(event)
    assert "Amara Singh" in text
    assert "care coordinator" in text
    details = {d["type"].rpartition("/")[2]: d["valueString"] for e in event["entity"] for d in e.get("detail", ())}
    assert int(details["Encounter"]) > 50
    assert "CW-01" in text
    assert "referrals and services" in text  # what was withheld


async def test_nothing_is_shown_that_cannot_be_audited(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    person = await coventry.person()
    await coventry.owner.execute("revoke insert on toldonce.audit_event from toldonce_audit_writer")
    try:
        for page in TEAM_PAGES:
            answer = await team.get(f"/console/team{page.format(person=person)}")
            assert answer.status_code == 503, page
            assert "Tanner" not in answer.text
    finally:
        await coventry.owner.execute("grant insert on toldonce.audit_event to toldonce_audit_writer")


def texts(node: Any, name: str = "") -> Iterator[str]:
    """Everything that a resource says in words."""
    if isinstance(node, dict):
        for inner, value in node.items():
            yield from texts(value, inner)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value, name)
    elif isinstance(node, str) and name in ("display", "text", "description", "title", "value", "family", "line"):
        yield node.casefold()


@pytest.mark.parametrize(
    "number", [MRS_T, RESTRICTED, *(pytest.param(one, marks=pytest.mark.slow) for one in (MR_P, RESIDENT, SENSITIVE))]
)
async def test_a_page_tells_nothing_that_the_api_withholds(
    coventry: Neighbourhood, team: httpx.AsyncClient, number: str
) -> None:
    person = await coventry.person(number)
    client = await coventry.as_caller("int-south", "care coordinator", "COC")
    shown = set(texts(resources((await client.everything(person, {"_count": "2000"})).json())))
    rows = await coventry.owner.fetch("select body from toldonce.resource where person = $1", person)
    withheld = {one for row in rows for one in texts(json.loads(row["body"]))} - shown
    pages = await page_of(coventry, team, number), await team.get(f"/console/team/caseloads/{CASELOAD}/huddle")
    for page in pages:
        assert page.status_code == 200
        words = unescape(re.sub("<select.*?</select>", "", page.text, flags=re.DOTALL)).casefold()
        furniture = unescape((await team.get("/console/team/find")).text).casefold()
        said = {one for one in withheld if len(one) > 7 and one in words and one not in furniture}
        assert {one for one in said if not any(one in other for other in shown | OWN_WORDS)} == set()
    assert len(withheld) > 3


OWN_WORDS = {"home visit", "general practice", "care coordinator", "care home", "medicines", "alerts", "hospital"}
"""Of the page itself."""


async def test_where_somebody_must_not_be_found_is_not_on_a_page(
    coventry: Neighbourhood, team: httpx.AsyncClient
) -> None:
    page = (await page_of(coventry, team, RESTRICTED)).text
    assert "may not be known" in page
    assert "Lives at" not in page
    rows = await coventry.owner.fetch(
        "select body from toldonce.resource where type = 'Patient' and person = $1", await coventry.person(RESTRICTED)
    )
    for row in rows:
        patient = json.loads(row["body"])
        for one in (*patient.get("address", ()), *patient.get("telecom", ())):
            for told in (one.get("postalCode"), one.get("value"), *one.get("line", ())):
                assert told in (None, "Coventry") or told not in page


async def test_whoever_one_may_not_know_of_does_not_exist(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    nobody = await team.get(f"/console/team/people/{uuid4()}")
    assert nobody.status_code == 404
    for other in (await coventry.person(STRANGER), await coventry.person(OBJECTOR), "no-id"):
        answer = await team.get(f"/console/team/people/{other}")
        assert (answer.status_code, plain(answer)) == (404, plain(nobody)), other
    unknown = await sent(team, "find", number="9434765919")
    for number in (STRANGER, OBJECTOR):
        found = await sent(team, "find", number=number)
        assert (found.status_code, plain(found)) == (200, plain(unknown))
    before = len(await events(coventry))
    await team.get(f"/console/team/people/{await coventry.person(STRANGER)}")
    (event,) = await events(coventry, before)
    assert event["outcome"] == "8"


async def test_a_person_is_found_by_a_form_and_by_no_address(coventry: Neighbourhood, team: httpx.AsyncClient) -> None:
    found = await sent(team, "find", number="999 000 0018")
    assert found.status_code == 303
    assert found.headers["location"] == f"/console/team/people/{await coventry.person()}"
    assert (await team.get(f"/console/team/find?number={MRS_T}")).text.count("Tanner") == 0
    assert (await sent(team, "find", number="9990000019")).status_code == 400
    page = await page_of(coventry, team, MRS_T)
    assert MRS_T not in page.text  # it is written with spaces, and in no link


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
    assert '<span class="tag">done</span>' in (await page_of(coventry, team, MRS_T)).text
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
