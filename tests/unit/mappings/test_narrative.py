"""The narrative says what the resource says, as XHTML, and nothing of what it refers to."""

from xml.etree import ElementTree

from integration.ingest.validity import invalidity
from mappings.uk_core import resource

PERIOD = {"start": "2026-01-02", "end": "2026-02-03T10:00:00Z"}
SUBJECT = {"reference": "Patient/1", "display": "Edith Tanner"}


def words(made: dict) -> str:
    return "|".join(node.text or "" for node in ElementTree.fromstring(made["text"]["div"]))


def test_a_flag_is_told_in_words_with_its_state_and_dates():
    code = {"coding": [{"code": "x", "display": "Lip reading <needed> & signs"}]}
    made = resource("Flag", "1", status="active", code=code, period=PERIOD, subject=SUBJECT, category=[{"text": "RA"}])
    assert words(made) == "Flag (active): Lip reading <needed> & signs, from 2026-01-02, until 2026-02-03|Kind: RA"
    assert invalidity(made) is None
    assert "Tanner" not in made["text"]["div"]


def test_a_care_plan_is_told_with_its_activities():
    activity = {"detail": {"status": "scheduled", "code": {"text": "Visit"}, "description": "on Mondays"}}
    made = resource(
        "CarePlan", "1", status="active", intent="plan", title="Frailty", subject=SUBJECT, activity=[activity]
    )
    assert words(made) == "Care plan (active): Frailty|Visit: on Mondays (scheduled)"
    assert invalidity(made) is None


def test_other_resources_have_no_narrative():
    assert "text" not in resource("Observation", "1", status="final", code={"text": "x"})
