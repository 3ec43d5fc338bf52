"""Mr P, 91: very frail, a palsy that took his swallowing, fed through a tube, five times in hospital. He lives in a
nursing home now and wishes to die there."""

import pytest

from integration.console.sessions import Officer
from tests.database.recording import organisation, task
from tests.spec.neighbourhood import Neighbourhood, resources
from tests.spec.team import signed_in
from tests.stories.telling import Somebody, at_work, day

NUMBER = "9990000042"
WISH = "wishes to die at Spon End Nursing Home, not for readmission"


@pytest.fixture
async def hub(neighbourhood: Neighbourhood) -> Somebody:
    return await at_work(neighbourhood, await neighbourhood.person(NUMBER), "hub", "care coordinator", "COC")


async def test_his_wish_is_what_a_crew_reads_first_at_three_in_the_morning(
    hub: Somebody, neighbourhood: Neighbourhood
) -> None:
    """Never met before, the glass broken: the wish, the decision about resuscitation, who may decide for him."""
    crew = await at_work(neighbourhood, hub.person, "ambulance", "paramedic", "ETREAT", break_glass="emergency")
    answer = await crew.caller.get(f"Patient/{hub.person}/$summary")
    assert answer.status_code == 200, answer.text
    sections = {one["title"]: one for one in resources(answer.json())[0]["section"]}
    assert WISH in sections["Plans of care"]["text"]["div"]
    alerts = sections["Alerts and adjustments"]["text"]["div"]
    for told in (
        "Not for attempted cardiopulmonary resuscitation",
        "On end of life care register",
        "power of attorney",
    ):
        assert told in alerts
    (event,) = await neighbourhood.event(answer)
    assert "break-glass" in str(event["meta"]["tag"])


async def test_five_admissions_and_the_last_discharge_went_to_the_home(hub: Somebody) -> None:
    stays = await hub.finds("Encounter", class_="IMP", _sort="-date")
    assert len(stays) == 5
    record = await hub.opens()
    moved_in = [one for one in record.of("Flag") if "Nursing care" in str(one)]
    assert day(stays[0]["period"]["end"]) >= day(moved_in[0]["period"]["start"])
    assert record.tells("CareTeam", "Spon End Nursing Home")
    assert record.tells("CarePlan", WISH)
    assert record.tells("ServiceRequest", "End of life care in the nursing home")
    assert (await hub.who_coordinates()).participant["member"]["display"] == "Mr Dhruv Mistry"


async def test_what_keeps_him_there_is_somebodys_task(hub: Somebody, neighbourhood: Neighbourhood) -> None:
    """The nurse who is asked answers with her own task; the ward that may see him next finds both."""
    asked = await hub.records(task(hub.person, "Just-in-case medicines at Spon End", owner=organisation("X9C")))
    council = await at_work(neighbourhood, hub.person, "council-system", "social worker")
    done = task(
        hub.person, "Night sitter arranged", status="completed", partOf=[{"reference": f"Task/{asked['id']}"}],
        owner=organisation("X9L"),
    )  # fmt: skip
    await council.records(done)
    ward = await at_work(neighbourhood, hub.person, "hospital-epr", "emergency doctor")
    shown = {one["description"]: one["status"] for one in await ward.finds("Task", code="next-step")}
    assert shown == {"Just-in-case medicines at Spon End": "requested", "Night sitter arranged": "completed"}


async def test_the_hub_reads_his_wish_at_the_top_of_his_page(hub: Somebody, neighbourhood: Neighbourhood) -> None:
    """Before anything that happened to him."""
    coordinator = Officer("Dhruv Mistry", "X9H", role="care coordinator", purpose="COC")
    async with signed_in(neighbourhood, coordinator) as browser:
        answer = await browser.get(f"/console/team/people/{hub.person}")
    assert answer.status_code == 200, answer.text
    wish, resuscitation = answer.text.index(WISH), answer.text.index("Not for attempted cardiopulmonary resuscitation")
    assert max(wish, resuscitation) < answer.text.index("Aspiration pneumonia")
