"""Community Services Data Set -> UK Core: what each table becomes, and that all of it is valid and refers to itself."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.community import records
from adapters.records import SourcePatient
from mappings import uk_core
from mappings.community import to_resources
from mappings.concept_maps import concept_map, names
from mappings.ids import Ids

IDS = Ids(b"secret" * 6, SourcePatient("X9C", "C1"), "community")
P: dict[str, Any] = {"provider": "X9C"}
PERSON = records.MasterPatientIndex(
    **P,
    local_patient="C1",
    organisation="X9C",
    nhs_number="9990000018",
    nhs_number_status="01",
    birth_date="1942-03-05",
    postcode="CV1 2AB",
    gender="2",
    ethnic_category="J",
    language="q4",
    safeguarding="Y",
    looked_after="N",
    preferred_death_location="21",
    death_date="2026-08-01",
    death_location="10",
    main_carer="03",
)
STATE = records.State(
    as_of="2026-07-01T05:00:00.000000Z",
    person=PERSON,
    registrations=(
        records.Registration(**P, local_patient="C1", practice="X90101", start="2001-04-01", end="2015-01-01"),
        records.Registration(**P, local_patient="C1", practice="X90102", start="2015-01-01"),
        records.Registration(**P, local_patient="C1", practice="V81997", start="2020-01-01"),
    ),
    accommodations=(records.Accommodation(**P, local_patient="C1", status="MA01", recorded="2026-01-01"),),
    care_plans=(
        records.CarePlan(
            **P, plan="P1", local_patient="C1", type="10", created="2026-04-11", created_time="10:00:00",
            updated="2026-05-01", implemented="2026-04-12",
        ),
    ),
    agreements=(records.CarePlanAgreement(**P, plan="P1", agreed_by="10", agreed="2026-04-12"),),
    circumstances=(
        records.Circumstance(**P, local_patient="C1", code="105529008", recorded="2026-04-10"),
        records.Circumstance(**P, local_patient="C1", code="160770002", recorded="2026-04-10"),
    ),
    technologies=(records.AssistiveTechnology(**P, local_patient="C1", code="285055002", recorded="2026-04-10"),),
    referrals=(
        records.Referral(
            **P, referral="R1", local_patient="C1", received="2026-04-10", received_time="11:30:00", source="01",
            referring_organisation="X90102", priority="2", reason="048",
        ),
        records.Referral(**P, referral="R2", local_patient="C1", received="2026-01-10", discharged="2026-02-10"),
        records.Referral(**P, referral="R3", local_patient="C1", received="2026-03-10"),
    ),
    service_types=(
        records.ServiceType(**P, referral="R1", team="T12", type="12"),
        records.ServiceType(**P, referral="R2", team="T26", type="26", closed="2026-02-01"),
        records.ServiceType(**P, referral="R3", team="T27", type="27", rejected="2026-03-12", rejection_reason="02"),
    ),
    other_reasons=(records.OtherReason(**P, referral="R1", reason="012"),),
    waiting_times=(
        records.WaitingTime(
            **P, referral="R1", type="02", start="2026-04-10", start_time="11:30:00", end="2026-04-15", status="30"
        ),
        records.WaitingTime(**P, referral="R9", start="2026-04-10"),
    ),
    onward_referrals=(
        records.OnwardReferral(**P, referral="R1", on="2026-05-02", reason="03", receiver="X9A"),
        records.OnwardReferral(**P, referral="R9", on="2026-05-03"),
    ),
    contacts=(
        records.CareContact(
            **P, contact="K1", referral="R1", team="T12", on="2026-04-15", time="09:30:00", minutes=45,
            consultation_type="01", mechanism="01", location="A01", attendance="5", subject="02", group="Y",
            administrative_category="02",
        ),
        records.CareContact(
            **P, contact="K2", referral="R1", team="T12", on="2026-04-20", mechanism="02", location="A01",
            attendance="3", medium="03",
        ),
        records.CareContact(
            **P, contact="K3", referral="R9", on="2026-04-21", location="B01", site="X9C01", cancelled="2026-04-20",
            cancellation_reason="04", replacement_booked="2026-05-01",
        ),
    ),
    activities=(
        records.CareActivity(
            **P, activity="A1", contact="K1", referral="R1", type="02", professional="S1", procedure_scheme="06",
            procedure="225358003", finding_scheme="04", finding="13645005", observation_scheme="03",
            observation="27113001", value="61.5", unit="kg",
        ),
        records.CareActivity(**P, activity="A2", contact="K1", referral="R1", type="03", professional="S9"),
    ),
    safeguarding_factors=(records.SafeguardingFactor(**P, local_patient="C1", type="07"),),
    child_protection_plans=(
        records.ChildProtectionPlan(**P, local_patient="C1", reason="N", start="1950-01-01", end="1951-01-01"),
    ),
    disabilities=(
        records.Disability(**P, local_patient="C1", code="02"),
        records.Disability(**P, local_patient="C1", code="NN"),
    ),
    previous_diagnoses=(
        records.PreviousDiagnosis(**P, local_patient="C1", scheme="02", code="J449", diagnosed="2010-01-01"),
    ),
    diagnoses=(
        records.ProvisionalDiagnosis(**P, referral="R1", scheme="06", code="13645005", diagnosed="2026-04-15"),
        records.PrimaryDiagnosis(**P, referral="R2", scheme="77", code="ABC", diagnosed="2026-01-11"),
    ),
    referral_assessments=(
        records.ReferralAssessment(**P, referral="R1", tool="1109000", score="7", completed="2026-04-12"),
    ),
    contact_assessments=(
        records.ContactAssessment(**P, activity="A1", contact="K1", referral="R1", tool="1109001", score="3/10"),
    ),
    staff=(records.StaffMember(**P, professional="S1", registration_body="09", registration="12A3456E",
                               job_role="R0700", staff_group="01"),),
)  # fmt: skip


@pytest.fixture(scope="module")
def resources() -> list[uk_core.Resource]:
    return to_resources(STATE, IDS)


def of_type(resources: list[uk_core.Resource], resource_type: str) -> list[uk_core.Resource]:
    return [resource for resource in resources if resource["resourceType"] == resource_type]


def own(resources: list[uk_core.Resource], resource_type: str, *key: str) -> uk_core.Resource:
    """The resource of `resource_type` with this natural key."""
    wanted = IDS.own(resource_type, *key)
    (found,) = [one for one in resources if (one["resourceType"], one["id"]) == (resource_type, wanted)]
    return found


def references(value: Any) -> Iterator[str]:
    """Every Reference.reference inside a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def codes_of(concept: dict[str, Any]) -> list[str]:
    return [coding["code"] for coding in concept["coding"]]


def test_every_resource_is_valid(resources: list[uk_core.Resource]) -> None:
    for resource in resources:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert len({resource["resourceType"] for resource in resources}) == 16


def test_every_resource_claims_its_profile(resources: list[uk_core.Resource]) -> None:
    for resource in resources:
        assert resource["resourceType"] in uk_core.PROFILED
        assert len(resource["meta"]["profile"]) == 1


def test_every_reference_resolves(resources: list[uk_core.Resource]) -> None:
    held = {f"{resource['resourceType']}/{resource['id']}" for resource in resources}
    assert {reference for resource in resources for reference in references(resource)} <= held | {uk_core.SUBJECT}
    assert len(held) == len(resources)


def test_the_patient_comes_first_and_once(resources: list[uk_core.Resource]) -> None:
    assert resources[0]["resourceType"] == "Patient"
    assert resources[0]["id"] == IDS.own("Patient")
    assert len(of_type(resources, "Patient")) == 1


def test_a_patient_without_names(resources: list[uk_core.Resource]) -> None:
    patient = resources[0]
    assert "name" not in patient
    number, local = patient["identifier"]
    assert (number["system"], number["value"]) == (uk_core.NHS_NUMBER, "9990000018")
    assert codes_of(number["extension"][0]["valueCodeableConcept"]) == ["01"]
    assert local["value"] == "C1"
    assert (patient["gender"], patient["birthDate"], patient["deceasedDateTime"]) == (
        "female",
        "1942-03-05",
        "2026-08-01",
    )
    assert patient["address"] == [{"use": "home", "postalCode": "CV1 2AB"}]
    assert patient["generalPractitioner"][0]["identifier"]["value"] == "X90102"
    assert patient["communication"][0]["language"]["coding"][0]["code"] == "bfi"


@pytest.mark.parametrize(("status", "expected"), [("02", "02"), (None, "02"), ("99", "02"), ("08", "08")])
def test_only_a_number_sent_as_verified_is_verified(status: str | None, expected: str) -> None:
    person = msgspec.structs.replace(PERSON, nhs_number_status=status)
    patient = to_resources(msgspec.structs.replace(STATE, person=person), IDS)[0]
    assert codes_of(patient["identifier"][0]["extension"][0]["valueCodeableConcept"]) == [expected]


def test_a_patient_without_a_number_says_that_it_is_not_known() -> None:
    person = msgspec.structs.replace(PERSON, nhs_number=None, nhs_number_status="04", ethnic_category=None)
    patient = to_resources(msgspec.structs.replace(STATE, person=person), IDS)[0]
    assert [one["system"] for one in patient["identifier"]] == ["https://toldonce.example/Id/X9C/local-patient"]
    (extension,) = patient["extension"]
    assert extension["url"].endswith("NHSNumberUnavailableReason")


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


def test_safeguarding_is_restricted_and_nothing_else_is(resources: list[uk_core.Resource]) -> None:
    restricted = [one for one in resources if one["meta"].get("security")]
    assert [codes_of(one["code"])[0] for one in restricted] == ["514331000000104", "342191000000101"]
    assert all(one["meta"]["security"] == [{"system": uk_core.CONFIDENTIALITY, "code": "R"}] for one in restricted)
    assert restricted[1]["status"] == "inactive"


def test_the_indicator_alone_makes_a_safeguarding_flag() -> None:
    state = records.State(as_of="2026-07-01", person=PERSON)
    (flag,) = of_type(to_resources(state, IDS), "Flag")
    assert codes_of(flag["code"]) == ["514331000000104"]
    assert flag["meta"]["security"][0]["code"] == "R"


@pytest.mark.parametrize(
    ("born", "expected"), [("2010-07-02", "836881000000105"), ("2008-07-01", "514331000000104"), (None, None)]
)
def test_a_childs_concern_has_a_code_of_its_own(born: str | None, expected: str | None) -> None:
    person = msgspec.structs.replace(PERSON, birth_date=born)
    (flag,) = of_type(to_resources(records.State(as_of="2026-07-01", person=person), IDS), "Flag")
    assert [coding["code"] for coding in flag["code"].get("coding", [])] == ([expected] if expected else [])
    assert flag["code"]["text"] == "Safeguarding vulnerability factors"


def test_a_looked_after_child_is_flagged_and_restricted() -> None:
    person = msgspec.structs.replace(PERSON, looked_after="Y", safeguarding="N")
    (flag,) = of_type(to_resources(records.State(as_of="2026-07-01", person=person), IDS), "Flag")
    assert codes_of(flag["code"]) == ["764841000000100"]
    assert flag["meta"]["security"][0]["code"] == "R"


def test_living_alone_is_a_flag_and_other_circumstances_observations(resources: list[uk_core.Resource]) -> None:
    alone = own(resources, "Flag", "X9C", "CYP006", "105529008", "2026-04-10")
    assert codes_of(alone["code"]) == ["105529008"]
    assert codes_of(alone["category"][0]) == ["safety"]
    other = own(resources, "Observation", "X9C", "CYP006", "160770002", "2026-04-10")
    assert codes_of(other["category"][0]) == ["social-history"]


def test_impairments_and_the_one_flag_that_says_they_exist(resources: list[uk_core.Resource]) -> None:
    impairments = [one for one in resources if one["meta"]["profile"] == [uk_core.RA_CONDITION_PROFILE]]
    (existence,) = [one for one in resources if one["meta"]["profile"] == [uk_core.RA_PATIENT_FLAG_PROFILE]]
    assert [codes_of(one["code"])[0] for one in impairments] == ["hearing"]  # NN states no impairment
    assert codes_of(existence["code"]) == ["national-reasonable-adjustment-flag"]
    assert [one["valueReference"]["reference"] for one in existence["extension"]] == [
        f"Condition/{impairments[0]['id']}"
    ]


def test_an_unknown_disability_code_is_kept_as_sent() -> None:
    state = records.State(
        as_of="2026-07-01", person=PERSON, disabilities=(records.Disability(**P, local_patient="C1", code="55"),)
    )
    (condition,) = of_type(to_resources(state, IDS), "Condition")
    assert codes_of(condition["code"]) == ["55"]
    assert condition["code"]["text"] == "55"


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


def test_the_main_carer_is_somebody_of_whom_the_relationship_is_known(resources: list[uk_core.Resource]) -> None:
    (carer,) = of_type(resources, "RelatedPerson")
    assert carer["relationship"][0]["text"] == "Main carer"
    assert codes_of(carer["relationship"][0]) == ["03"]
    assert "name" not in carer


def test_every_statement_of_a_confidential_record_is_marked_and_the_directory_is_not() -> None:
    state = msgspec.structs.replace(STATE, person=msgspec.structs.replace(PERSON, confidential=True))
    directory = {"Organization", "Practitioner", "PractitionerRole", "Location"}
    for resource in to_resources(state, IDS):
        security = resource.get("meta", {}).get("security", [])
        marked = [{"system": uk_core.CONFIDENTIALITY, "code": "R"}]
        assert security == ([] if resource["resourceType"] in directory else marked)


def test_where_somebody_died(resources: list[uk_core.Resource]) -> None:
    place = own(resources, "Observation", *PERSON.key(), "actual-death-location")
    assert place["effectiveDateTime"] == "2026-08-01"
    assert codes_of(place["valueCodeableConcept"]) == ["10"]


def test_where_somebody_wishes_to_die(resources: list[uk_core.Resource]) -> None:
    wish = own(resources, "Observation", *PERSON.key(), "preferred-death-location")
    assert wish["valueCodeableConcept"]["text"] == "Patient's own home"


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


def test_ids_differ_between_people_and_between_referrals(resources: list[uk_core.Resource]) -> None:
    other = Ids(IDS.secret, SourcePatient("X9C", "C2"), "community")
    directory = {"Organization", "Practitioner", "PractitionerRole", "Location"}
    here = {one["id"] for one in resources if one["resourceType"] not in directory}
    there = {one["id"] for one in to_resources(STATE, other) if one["resourceType"] not in directory}
    assert not here & there


def test_every_concept_map_of_this_feed_is_valid() -> None:
    ours = [name for name in names() if name.startswith("Csds")]
    assert len(ours) == 22
    for name in ours:
        resource = concept_map(name)
        get_fhir_model_class("ConceptMap").model_validate(resource)
        codes = [element["code"] for element in resource["group"][0]["element"]]
        assert len(codes) == len(set(codes))
        assert all(element["display"] for element in resource["group"][0]["element"])


_CODE = st.none() | st.sampled_from(["01", "02", "05", "12", "98", "A01", "G01", "X", "ZZ", "5", "words of the source"])


@settings(max_examples=60)
@given(st.data())
def test_no_code_of_a_contact_breaks_the_mapping(data: st.DataObject) -> None:
    fields = ("consultation_type", "subject", "medium", "mechanism", "location", "group", "attendance",
              "administrative_category", "cancellation_reason", "site", "team")  # fmt: skip
    contact = records.CareContact(
        **P, contact="K", referral="R", on="2026-01-01", **{field: data.draw(_CODE) for field in fields}
    )
    state = records.State(as_of="2026-01-02", person=PERSON, contacts=(contact,))
    for resource in to_resources(state, IDS):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
