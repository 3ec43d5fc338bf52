"""The pages of neighbourhood teams, over HTTP: who gets in, that a page tells what the API tells and nothing more, and
that each look is in the access log before it is answered. What they look like in a browser: tests/browser."""

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import pytest

from integration import demo
from integration.commands.console import code_for, signing_in
from integration.console.sessions import Officer
from integration.console.teams import caseloads
from integration.demo import MRS_T, OFFICER
from integration.errors import NotPossible
from tests.spec.neighbourhood import Neighbourhood, resources
from tests.spec.team import (
    CASELOAD,
    FORMS,
    MR_P,
    OBJECTOR,
    RESIDENT,
    RESTRICTED,
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
from tests.spec.test_console import PAGES

__all__ = ["looked_after", "team"]
TEAM_PAGES = ("", "/find", f"/caseloads/{CASELOAD}", f"/caseloads/{CASELOAD}/huddle", "/people/{person}")


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
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/console/sign-in"), page


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
        following = re.search(r'href="(\?[^"]*after=[^"]+)" rel="next"', unescape(page))
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
    answer = await sent(team, "find", number="9990000019")
    assert answer.status_code == 400
    assert 'aria-describedby="number-hint number-error"' in answer.text
    page = await page_of(coventry, team, MRS_T)
    assert MRS_T not in page.text  # it is written with spaces, and in no link
