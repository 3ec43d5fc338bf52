"""The care-home resident, 79: six weeks of leg pain treated as cellulitis, a DVT never excluded, two 999 calls; he
refuses hospital."""

import pytest

from integration.record.consult import Question
from integration.record.reader import Query
from integration.sharing.request import Caller, Grant
from tests.database.recording import organisation, task
from tests.spec.neighbourhood import NOW, Neighbourhood
from tests.stories.telling import Somebody, at_work

NUMBER = "9990000034"


@pytest.fixture
async def hub(neighbourhood: Neighbourhood) -> Somebody:
    """The hub, which put him on the frailty pathway."""
    return await at_work(neighbourhood, await neighbourhood.person(NUMBER), "hub", "care coordinator", "COC")


async def test_the_hub_sees_the_pattern_that_nobody_saw(hub: Somebody) -> None:
    fewest, most = await hub.contacts("X90401", 51)
    assert 20 < fewest <= 24 <= most < 30
    record = await hub.opens()
    calls = [one for one in record.of("ServiceRequest") if "999 call" in str(one)]
    assert len(calls) == 2
    assert all("declined conveyance to hospital" in str(one) for one in calls)
    assert record.tells("ServiceRequest", "Frailty pathway")
    assert record.tells("CarePlan", "Anticipatory care plan: treatment at The Limes")
    assert record.tells("Flag", "Severe frailty")
    assert (await hub.who_coordinates()).participant["member"]["display"] == "Mr Ben Barnett"


async def test_the_nurse_at_the_bed_reads_what_the_surgery_thought(hub: Somebody, neighbourhood: Neighbourhood) -> None:
    """That a clot was not excluded, and that he decided himself not to go: for those who treat him."""
    nurse = await at_work(neighbourhood, hub.person, "community-system", "community nurse")
    record = await nurse.opens()
    assert record.tells("Observation", "DVT not excluded")
    assert record.tells("Observation", "Declines scan at the hospital. Has capacity for this decision.")
    assert record.tells("AllergyIntolerance", "erythromycin")
    assert not (await hub.opens()).tells("Observation", "DVT")


async def test_a_hospital_that_never_saw_him_does_not_know_him(hub: Somebody, neighbourhood: Neighbourhood) -> None:
    """Until an ambulance brings him: in an emergency the crew reads his plan, and the officer is told."""
    ward = await at_work(neighbourhood, hub.person, "hospital-epr", "hospital doctor")
    assert await ward.knows_nobody_of_that_id()
    crew = await at_work(neighbourhood, hub.person, "ambulance", "paramedic", "ETREAT", break_glass="emergency")
    assert (await crew.opens()).tells("CarePlan", "treatment at The Limes")


async def test_who_scans_his_leg_is_agreed_and_the_home_sees_it(hub: Somebody, neighbourhood: Neighbourhood) -> None:
    """The home contributes nothing yet: it sees what it needs because the council says that he lives there."""
    scan = task(hub.person, "Scan the left leg at The Limes, this week", owner=organisation("X9C"), priority="asap")
    asked = await hub.records(scan)
    home = Caller("care-home", "X9K01", "care home nurse", "TREAT", "Sister Sample")
    async with neighbourhood.app.state.services.records.consult(Question(home, NOW), hub.person) as consultation:
        assert isinstance(consultation.decision, Grant)
        rows = await consultation.reader.rows(Query(types=("Task",)))
    assert [str(row.id) for row in rows] == [asked["id"]]
    assert rows[0].resource()["restriction"]["period"]["end"] == "2026-10-07"
