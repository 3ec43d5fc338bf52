"""Community Services Data Set -> UK Core: referrals, contacts, plans, findings, and who gives the care."""

import msgspec
import pytest

from adapters.community import records
from mappings import uk_core
from mappings.community import to_resources
from tests.unit.mappings.community.record import IDS, PERSON, STATE, P, codes_of, of_type, own


def test_an_open_referral(resources: list[uk_core.Resource]) -> None:
    request = own(resources, "ServiceRequest", "X9C", "CYP101", "R1")
    assert (request["status"], request["priority"], request["authoredOn"]) == (
        "active",
        "urgent",
        "2026-04-10T11:30:00+01:00",
    )
    assert request["requester"]["identifier"]["value"] == "X90102"
    assert request["performer"][0]["identifier"]["value"] == "X9C"
    assert [codes_of(reason) for reason in request["reasonCode"]] == [["048"], ["012"]]
    episode = own(resources, "EpisodeOfCare", "X9C", "CYP101", "R1")
    assert (episode["status"], episode["period"]) == ("active", {"start": "2026-04-10"})
    assert episode["managingOrganization"]["identifier"]["value"] == "X9C"
    assert len(episode["diagnosis"]) == 1


def test_a_discharged_and_a_rejected_referral(resources: list[uk_core.Resource]) -> None:
    statuses = {
        key: (
            own(resources, "ServiceRequest", "X9C", "CYP101", key)["status"],
            own(resources, "EpisodeOfCare", "X9C", "CYP101", key)["status"],
        )
        for key in ("R2", "R3")
    }
    assert statuses == {"R2": ("completed", "finished"), "R3": ("revoked", "cancelled")}


def test_care_teams_stand_until_closure_and_a_rejecting_team_is_none(resources: list[uk_core.Resource]) -> None:
    active = own(resources, "CareTeam", "X9C", "CYP102", "R1", "T12")
    closed = own(resources, "CareTeam", "X9C", "CYP102", "R2", "T26")
    assert (active["status"], active["period"]) == ("active", {"start": "2026-04-10"})
    assert (closed["status"], closed["period"]["end"]) == ("inactive", "2026-02-01")
    assert len(of_type(resources, "CareTeam")) == 2
    assert codes_of(active["category"][0]) == ["931801000000101", "12"]
    organisation, nurse = active["participant"]
    assert organisation["member"]["identifier"]["value"] == "X9C"
    assert nurse["member"]["reference"] == f"Practitioner/{IDS.directory('Practitioner', 'X9C', 'S1')}"
    assert codes_of(nurse["role"][0]) == ["R0700"]


def test_a_home_visit(resources: list[uk_core.Resource]) -> None:
    visit = own(resources, "Encounter", "X9C", "CYP201", "R1", "K1")
    assert (visit["status"], visit["class"]["code"]) == ("finished", "HH")
    assert visit["period"] == {"start": "2026-04-15T09:30:00+01:00", "end": "2026-04-15T10:15:00+01:00"}
    assert visit["serviceProvider"]["identifier"]["value"] == "X9C"
    assert codes_of(visit["serviceType"]) == ["931801000000101", "12"]
    assert codes_of(visit["location"][0]["physicalType"]) == ["A01"]
    assert visit["basedOn"] == [{"reference": f"ServiceRequest/{IDS.own('ServiceRequest', 'X9C', 'CYP101', 'R1')}"}]
    known, unknown = visit["participant"]
    assert known["individual"]["reference"].startswith("Practitioner/")
    assert unknown["individual"]["identifier"]["value"] == "S9"  # not in CYP901: identified, nothing to refer to
    words = [kind.get("text") for kind in visit["type"]]
    assert words == ["Initial consultation", "Face to face", "Patient proxy", "Group therapy", "Private patient",
                     "Assessment", "Clinical intervention"]  # fmt: skip


def test_a_call_that_was_not_answered(resources: list[uk_core.Resource]) -> None:
    call = own(resources, "Encounter", "X9C", "CYP201", "R1", "K2")
    assert (call["status"], call["class"]["code"], call["period"]) == ("cancelled", "VR", {"start": "2026-04-20"})
    outcome = call["extension"][0]["valueCodeableConcept"]
    assert outcome["text"] == "Did not attend - no advance warning"
    assert codes_of(outcome) == ["3"]
    assert "length" not in call


def test_a_contact_whose_referral_is_not_held(resources: list[uk_core.Resource]) -> None:
    contact = own(resources, "Encounter", "X9C", "CYP201", "R9", "K3")
    assert (contact["status"], contact["class"]["code"]) == ("cancelled", "AMB")
    assert "basedOn" not in contact
    assert "episodeOfCare" not in contact
    assert (
        contact["location"][0]["location"]["reference"]
        == f"Location/{IDS.directory('Location', 'X9C', 'site', 'X9C01')}"
    )


@pytest.mark.parametrize(
    ("mechanism", "location", "expected"),
    [
        ("01", "A01", "HH"),
        ("01", "G02", "HH"),
        ("01", "B01", "AMB"),
        ("01", "N01", "FLD"),
        ("01", None, "AMB"),
        ("02", "A01", "VR"),
        ("11", None, "VR"),
        ("98", "A01", "HH"),
        (None, "A02", "HH"),
        (None, None, "AMB"),
        ("77", "Z99", "AMB"),
    ],
)
def test_encounter_class(mechanism: str | None, location: str | None, expected: str) -> None:
    contact = records.CareContact(
        **P, contact="K", referral="R", on="2026-01-01", mechanism=mechanism, location=location
    )
    state = records.State(as_of="2026-01-02", person=PERSON, contacts=(contact,))
    (encounter,) = of_type(to_resources(state, IDS), "Encounter")
    assert encounter["class"]["code"] == expected


@pytest.mark.parametrize(
    ("attendance", "expected"),
    [("0", "planned"), ("2", "cancelled"), ("3", "cancelled"), ("4", "cancelled"), ("5", "finished"), ("6", "finished"),
     ("7", "cancelled"), ("9", "unknown"), (None, "unknown")],
)  # fmt: skip
def test_attendance_to_status(attendance: str | None, expected: str) -> None:
    contact = records.CareContact(**P, contact="K", referral="R", on="2026-01-01", attendance=attendance)
    state = records.State(as_of="2026-01-02", person=PERSON, contacts=(contact,))
    (encounter,) = of_type(to_resources(state, IDS), "Encounter")
    assert encounter["status"] == expected


def test_the_autumn_hour_that_comes_twice_keeps_its_length() -> None:
    contact = records.CareContact(
        **P, contact="K", referral="R", on="2026-10-25", time="01:45:00", minutes=30, attendance="5"
    )
    state = records.State(as_of="2026-10-26", person=PERSON, contacts=(contact,))
    (encounter,) = of_type(to_resources(state, IDS), "Encounter")
    assert encounter["period"] == {"start": "2026-10-25T01:45:00+01:00", "end": "2026-10-25T01:15:00+00:00"}


def test_kinds_of_places_say_nothing_of_where(resources: list[uk_core.Resource]) -> None:
    home = next(one for one in of_type(resources, "Location") if one["mode"] == "kind")
    assert home["name"] == "Patient's Home"
    assert "address" not in home
    assert IDS.patient.local_id not in str(home)


def test_a_care_plan_and_its_agreement(resources: list[uk_core.Resource]) -> None:
    (plan,) = of_type(resources, "CarePlan")
    assert (plan["status"], plan["intent"], plan["created"]) == ("completed", "plan", "2026-04-11T10:00:00+01:00")
    assert plan["period"] == {"start": "2026-04-12", "end": "2026-08-01"}
    assert [codes_of(category) for category in plan["category"]] == [["734163000"], ["10"]]
    assert [note["time"] for note in plan["note"]] == ["2026-04-12", "2026-05-01"]
    assert plan["contributor"][0]["identifier"]["value"] == "X9C"


def test_a_care_plan_of_someone_who_lives_is_active() -> None:
    person = msgspec.structs.replace(PERSON, death_date=None)
    (plan,) = of_type(to_resources(msgspec.structs.replace(STATE, person=person), IDS), "CarePlan")
    assert plan["status"] == "active"


def test_diagnoses_by_scheme(resources: list[uk_core.Resource]) -> None:
    provisional = own(resources, "Condition", "X9C", "CYP606", "R1", "06", "13645005")
    assert codes_of(provisional["verificationStatus"]) == ["provisional"]
    assert provisional["code"]["coding"] == [{"system": uk_core.SNOMED, "code": "13645005"}]
    unknown = own(resources, "Condition", "X9C", "CYP607", "R2", "77", "ABC")
    assert unknown["code"] == {"text": "ABC"}
    assert codes_of(unknown["verificationStatus"]) == ["confirmed"]
    past = own(resources, "Condition", "X9C", "CYP601", "02", "J449")
    assert past["code"]["coding"][0]["system"] == "http://hl7.org/fhir/sid/icd-10"


def test_what_an_activity_recorded(resources: list[uk_core.Resource]) -> None:
    key = ("X9C", "CYP202", "R1", "K1", "A1")
    weight = own(resources, "Observation", *key, "observation")
    assert weight["valueQuantity"] == {
        "value": 61.5,
        "unit": "kg",
        "system": "http://unitsofmeasure.org",
        "code": "kg",
    }
    procedure = own(resources, "Procedure", *key)
    assert (procedure["status"], codes_of(procedure["code"])) == ("completed", ["225358003"])
    finding = own(resources, "Condition", *key, "finding")
    encounter = {"reference": f"Encounter/{IDS.own('Encounter', 'X9C', 'CYP201', 'R1', 'K1')}"}
    assert weight["encounter"] == procedure["encounter"] == finding["encounter"] == encounter


def test_scored_assessments(resources: list[uk_core.Resource]) -> None:
    of_referral = own(resources, "Observation", "X9C", "CYP609", "R1", "1109000", "2026-04-12")
    of_contact = own(resources, "Observation", "X9C", "CYP612", "R1", "K1", "A1", "1109001")
    assert of_referral["valueQuantity"] == {"value": 7}
    assert of_contact["valueString"] == "3/10"
    assert of_contact["encounter"]["reference"].startswith("Encounter/")


def test_a_waiting_time_is_a_task_that_ends(resources: list[uk_core.Resource]) -> None:
    over = own(resources, "Task", "X9C", "CYP104", "R1", "02", "2026-04-10")
    assert (over["status"], over["executionPeriod"]) == (
        "completed",
        {"start": "2026-04-10T11:30:00+01:00", "end": "2026-04-15"},
    )
    assert (over["code"]["text"], codes_of(over["businessStatus"])) == ("Waiting time", ["30"])
    request = {"reference": f"ServiceRequest/{IDS.own('ServiceRequest', 'X9C', 'CYP101', 'R1')}"}
    assert over["focus"] == request
    assert over["basedOn"] == [request]
    running = own(resources, "Task", "X9C", "CYP104", "R9", "", "2026-04-10")
    assert running["status"] == "in-progress"
    assert "focus" not in running  # its referral is not held


def test_an_onward_referral_names_both_sides_and_claims_no_outcome(resources: list[uk_core.Resource]) -> None:
    onward = own(resources, "ServiceRequest", "X9C", "CYP105", "R1", "2026-05-02", "03", "X9A")
    assert (onward["status"], onward["authoredOn"]) == ("unknown", "2026-05-02")
    assert onward["requester"]["identifier"]["value"] == "X9C"
    assert onward["performer"][0]["identifier"]["value"] == "X9A"
    assert codes_of(onward["reasonCode"][0]) == ["03"]
    assert len(onward["basedOn"]) == 1


def test_a_refusal_says_why(resources: list[uk_core.Resource]) -> None:
    refused = own(resources, "ServiceRequest", "X9C", "CYP101", "R3")
    (why,) = refused["extension"]
    assert why["url"].endswith("request-statusReason")
    assert codes_of(why["valueCodeableConcept"]) == ["02"]


def test_a_cancellation_says_why_and_what_was_booked_instead(resources: list[uk_core.Resource]) -> None:
    contact = own(resources, "Encounter", "X9C", "CYP201", "R9", "K3")
    assert contact["extension"][0]["valueCodeableConcept"]["text"].endswith(
        "(cancellation reason code 04, replacement booked on 2026-05-01)"
    )


def test_a_professional_has_ids_and_roles_but_no_name(resources: list[uk_core.Resource]) -> None:
    (nurse,) = of_type(resources, "Practitioner")
    (role,) = of_type(resources, "PractitionerRole")
    assert "name" not in nurse
    assert [one["value"] for one in nurse["identifier"]] == ["S1", "12A3456E"]
    assert role["organization"]["identifier"]["value"] == "X9C"
    assert [codes_of(code)[0] for code in role["code"]] == ["R0700", "01"]


def test_words_in_place_of_a_code_stay_words() -> None:
    referral = records.Referral(
        **P, referral="R1", local_patient="C1", received="2026-04-10", source="GP", reason="Wound care"
    )
    state = records.State(as_of="2026-07-01", person=PERSON, referrals=(referral,))
    (request,) = of_type(to_resources(state, IDS), "ServiceRequest")
    assert request["reasonCode"] == [{"text": "Wound care"}]
    assert request["extension"][0]["valueCodeableConcept"] == {"text": "GP"}
