"""Mrs T, 84: she lives alone and neglects herself. Five organisations each know a part, and she told it five times."""

import pytest

from tests.database.recording import adjustment, organisation, task
from tests.spec.neighbourhood import MRS_T, Neighbourhood
from tests.spec.team import COORDINATOR, sent, signed_in
from tests.stories.telling import Somebody, ago, at_work, day

FIVE = {"gp", "acute", "community", "social_care", "vcfse"}


@pytest.fixture
async def practice(neighbourhood: Neighbourhood) -> Somebody:
    """Her GP at Earlsdon Avenue."""
    return await at_work(neighbourhood, await neighbourhood.person(MRS_T), "gp-system", "GP")


@pytest.fixture
async def team(practice: Somebody, caseload: str, neighbourhood: Neighbourhood) -> Somebody:
    """The coordinator of the South neighbourhood team, on whose caseload her GP puts her."""
    team = await at_work(neighbourhood, practice.person, "int-south", "care coordinator", "COC")
    assert await team.knows_nobody_of_that_id()  # nobody had told them of her
    await practice.changes_caseload(caseload, "add", "professional")
    return team


async def test_she_is_on_the_caseload_that_the_huddle_opens(team: Somebody, caseload: str) -> None:
    """With the reason, since when; and the team knows her for as long as she is on it."""
    answer = await team.caller.get(f"Group/{caseload}")
    assert answer.status_code == 200, answer.text
    (member,) = answer.json()["member"]
    assert member["entity"]["reference"] == f"Patient/{team.person}"
    assert member["extension"][0]["valueCoding"]["display"] == "A professional is worried"
    await team.changes_caseload(caseload, "remove", "no-longer-needed")
    assert await team.knows_nobody_of_that_id()
    assert "member" not in (await team.caller.get(f"Group/{caseload}")).json()


async def test_the_team_reads_in_one_call_what_five_organisations_know(team: Somebody) -> None:
    record = await team.opens()
    assert record.sectors() >= FIVE
    assert record.tells("CarePlan", "Pendant alarm")
    assert record.tells("ServiceRequest", "Memory clinic assessment")
    assert record.tells("Encounter", "Hearing aids ordered")
    assert record.tells("Flag", "Lives alone")
    assert record.tells("Flag", "Does lip read")
    assert record.tells("CarePlan", "weekly visits and lunch club")
    fewest, most = await team.contacts("X90401", 360)
    assert fewest <= 35 + 6 <= most  # in half a year, and since she has somebody


async def test_twice_she_fell_and_nobody_told_the_others(team: Somebody) -> None:
    """What the huddle asks each week: who was in A&E since the last one?"""
    falls = await team.finds("Encounter", class_="EMER", _sort="date")
    assert len(falls) == 2
    assert all("Fall" in str(one["reasonCode"]) for one in falls)
    since = day(falls[1]["period"]["start"])
    assert await team.counts("Encounter", ("class", "EMER"), ("date", f"ge{since}")) == 1
    assert await team.counts("Encounter", ("class", "EMER"), ("date", f"ge{ago(7)}")) == 0


async def test_that_safeguarding_was_reopened_is_for_those_who_must_know(
    team: Somebody, neighbourhood: Neighbourhood
) -> None:
    social_worker = await at_work(neighbourhood, team.person, "council-system", "social worker")
    assert (await social_worker.opens()).tells("ServiceRequest", "Safeguarding concern reopened: Self-neglect")
    record = await team.opens()
    assert not any(record.tells(kind, "safeguarding") for kind in ("ServiceRequest", "Flag", "CarePlan", "Encounter"))
    assert any("withheld" in one for one in record.withheld)


async def test_who_coordinates_is_one_call_and_the_link_worker_is_found(
    practice: Somebody, neighbourhood: Neighbourhood
) -> None:
    """Before anybody recorded it here, her charity and her practice say the same name, each in its own words."""
    for client, role in (("hospital-epr", "hospital doctor"), ("council-system", "social worker")):
        colleague = await at_work(neighbourhood, practice.person, client, role)
        assert "Priya Nair" in (await colleague.who_coordinates()).participant["member"]["display"]


async def test_what_the_huddle_agreed_is_with_everybody_at_their_next_read(
    team: Somebody, neighbourhood: Neighbourhood
) -> None:
    """One adjustment and two tasks; told once."""
    wanted = adjustment(team.person) | {
        "code": {"text": "Write to her in large print; she does not hear the telephone"}
    }
    flag = await team.records(wanted)
    await team.records(task(team.person, "Check that the pendant alarm is worn", owner=organisation("X9L")))
    await team.records(task(team.person, "Take her to the memory clinic on Thursday", owner={"display": "Priya Nair"}))

    ward = await at_work(neighbourhood, team.person, "hospital-epr", "emergency doctor")
    seen = {one["id"]: one for one in (await ward.opens()).entries}
    assert seen[flag["id"]]["code"]["text"].startswith("Write to her in large print")
    by = seen[flag["id"]]["contained"][0]["agent"][0]
    assert by["onBehalfOf"]["identifier"]["value"] == "X9N04"
    assert by["role"] == [{"text": "care coordinator"}]
    link_worker = await at_work(neighbourhood, team.person, "companions", "social prescriber")
    for colleague in (ward, link_worker):
        assert {one["description"] for one in await colleague.finds("Task", status="requested")} == {
            "Check that the pendant alarm is worn",
            "Take her to the memory clinic on Thursday",
        }


async def test_the_huddle_reads_her_page_and_records_on_it(
    team: Somebody, caseload: str, neighbourhood: Neighbourhood
) -> None:
    """The same on one page: the caseload, her story, and what was agreed, which the council's system then reads."""
    async with signed_in(neighbourhood, COORDINATOR) as browser:
        assert "Tanner" in (await browser.get(f"/console/team/caseloads/{caseload}")).text
        page = (await browser.get(f"/console/team/people/{team.person}")).text
        for told in ("Pendant alarm", "Lives alone", "Does lip read", "Priya Nair"):
            assert told.lower() in page.lower(), told
        assert "safeguarding concern" not in page.lower()
        agreed = {"what": "Ask the nephew for a key", "who": "Priya Nair", "due": "2026-10-07"}
        answer = await sent(browser, f"people/{team.person}/steps", **agreed)
        assert answer.status_code == 303, answer.text
        assert "Ask the nephew for a key" in (await browser.get(f"/console/team/people/{team.person}")).text
    council = await at_work(neighbourhood, team.person, "council-system", "social worker")
    (step,) = await council.finds("Task", status="requested")
    assert step["description"] == "Ask the nephew for a key"
    assert step["requester"]["identifier"]["value"] == "X9N04"
