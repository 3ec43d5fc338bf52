"""Mrs B, 69: COPD, a recent heart attack, very little weight, and fear. She rings her practice every other day."""

import pytest

from tests.database.recording import adjustment, coordinator, organisation, task
from tests.spec.neighbourhood import Neighbourhood
from tests.stories.telling import Somebody, ago, at_work

NUMBER = "9990000026"
SIX_MONTHS = 182


@pytest.fixture
async def hub(neighbourhood: Neighbourhood) -> Somebody:
    """The coordinator at the city's hub, whom her practice named."""
    return await at_work(neighbourhood, await neighbourhood.person(NUMBER), "hub", "care coordinator", "COC")


async def test_the_hub_sees_in_one_page_what_half_a_year_cost_her(hub: Somebody) -> None:
    """117 contacts and three admissions: nobody who met her once knew of the others."""
    since = ("date", f"ge{ago(SIX_MONTHS)}")
    fewest, most = await hub.contacts("X90502", SIX_MONTHS)
    assert 110 <= fewest <= 117 <= most < 125
    assert await hub.counts("Encounter", ("class", "IMP"), since) == 3

    record = await hub.opens()
    assert record.tells("RelatedPerson", "Craig")  # her son, who cares for her
    assert record.tells("Flag", "Requires contact via carer")
    assert record.tells("ServiceRequest", "Key worker, assigned by the care and support forum")
    assert record.tells("CarePlan", "Long-term conditions care plan")
    assert (await hub.who_coordinates()).participant["member"]["display"] == "Ms Sinead Regan"


async def test_what_she_weighs_is_for_those_who_treat_her(hub: Somebody, neighbourhood: Neighbourhood) -> None:
    """A coordinator sees plans and contacts; the ward sees the heart attack, the weight and the fear."""
    ward = await at_work(neighbourhood, hub.person, "hospital-epr", "hospital doctor")
    assert (await ward.opens()).tells("Condition", "Underweight")
    assert (await ward.opens()).tells("Condition", "Myocardial infarction")
    assert not (await hub.opens()).tells("Condition", "Underweight")


async def test_the_forum_gives_her_one_person_to_ring(hub: Somebody, neighbourhood: Neighbourhood) -> None:
    """The matron who visits her becomes her coordinator. Her practice's older word stays as it said it."""
    matron = coordinator(hub.person, "Matron Ruth Adeyemi", "X9C")
    await hub.records(matron)
    agreed = task(
        hub.person, "Ring her every Monday and Thursday, before she rings", owner=organisation("X9C"), priority="urgent"
    )
    await hub.records(agreed)
    await hub.records(adjustment(hub.person, extension=[]) | {"code": {"text": "Speak to her son Craig at night"}})

    for client, role in (("community-system", "community nurse"), ("hospital-epr", "hospital doctor")):
        colleague = await at_work(neighbourhood, hub.person, client, role)
        assert (await colleague.who_coordinates()).participant["member"]["display"] == "Matron Ruth Adeyemi"
        assert [one["description"] for one in await colleague.finds("Task", status="requested")] == [
            "Ring her every Monday and Thursday, before she rings"
        ]
        seen = await colleague.opens()
        assert seen.tells("Flag", "Speak to her son Craig at night")
        assert seen.tells("CareTeam", "Sinead Regan")
