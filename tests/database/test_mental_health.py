"""The sixth feed through the whole house: its files go in, and a permitted caller reads the record over HTTP.

About the woman with sensitive codes. Who sees that she was detained: tests/spec/test_mental_health_act.py.
"""

from uuid import UUID

import pytest

from tests.spec.neighbourhood import Neighbourhood, resources

HER_NUMBER = "9990000093"
FROM_THE_FEED = "urn:toldonce:source:X9C:mental_health"


@pytest.fixture(scope="module")
async def her(coventry: Neighbourhood) -> UUID:
    return await coventry.person(HER_NUMBER)


async def told(coventry: Neighbourhood, her: UUID, client: str, role: str | None = None) -> list[dict]:
    """What a caller gets of her that the feed said."""
    answer = await (await coventry.as_caller(client, role)).everything(her)
    assert answer.status_code == 200, answer.text
    return [one for one in resources(answer.json(), "match") if one["meta"].get("source") == FROM_THE_FEED]


async def test_nothing_of_the_feed_was_set_aside(coventry: Neighbourhood):
    counted = await coventry.owner.fetchrow(
        "select count(*) filter (where e.feed = 'mental_health') as envelopes, "
        "count(q.id) filter (where e.feed = 'mental_health') as set_aside "
        "from toldonce.envelope e left join toldonce.quarantine q on q.envelope = e.id"
    )
    assert (counted["envelopes"], counted["set_aside"]) == (8, 0)


async def test_it_is_linked_to_what_others_say_of_her(coventry: Neighbourhood, her: UUID):
    rows = await coventry.owner.fetch("select feed from toldonce.source_patient where person = $1", her)
    assert {row["feed"] for row in rows} >= {"gp", "acute", "mental_health", "social_care"}


async def test_the_trust_itself_reads_what_it_said(coventry: Neighbourhood, her: UUID):
    there = await told(coventry, her, "community-system")
    kinds = {one["resourceType"] for one in there}

    assert kinds >= {"CareTeam", "CarePlan", "Encounter", "EpisodeOfCare", "ServiceRequest"}
    team = next(one for one in there if one.get("name") == "Mental health care coordination")
    assert team["participant"][0]["role"][0]["coding"][0]["code"] == "768820003"


async def test_who_has_nothing_to_do_with_her_does_not_find_her(coventry: Neighbourhood, her: UUID):
    answer = await (await coventry.as_caller("distant-hospital")).everything(her)
    assert answer.status_code == 404
