"""STU3 GP Connect to R4 UK Core, resource by resource."""

import json
from typing import Any

import pytest

from adapters.gp import stu3
from mappings import uk_core
from mappings.concept_maps import translate
from tests.unit.adapters.gp_answers import NUMBER, bundle, observation, outcome, patient, state_of
from tests.unit.mappings.gp_resources import CODE, GP, LABELLED, PRACTICE, SNOMED, STRUCTURE, element
from tests.unit.mappings.gp_views import IDS, NOW, of, only, view, view_of

CONFIDENTIALITY = "http://hl7.org/fhir/v3/Confidentiality"
TRUST = {
    "resourceType": "Organization",
    "id": "ORG2",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "X9C"}],
}


def with_status(code: str) -> dict[str, Any]:
    status = {"system": "https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-NHSNumberVerificationStatus-1", "code": code}
    extension = {"url": f"{STRUCTURE}NHSNumberVerificationStatus-1", "valueCodeableConcept": {"coding": [status]}}
    return {"extension": [extension], "system": "https://fhir.nhs.uk/Id/nhs-number", "value": NUMBER}


def verification(person: dict[str, Any]) -> str:
    return person["identifier"][0]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"]


def test_the_nhs_number_carries_its_verification_status():
    assert verification(view(person=patient(identifier=[with_status("01")]))[0]) == "01"
    assert verification(view(person=patient(identifier=[with_status("04")]))[0]) == "04"


def test_a_number_of_no_or_an_unknown_status_is_not_verified():
    assert verification(view()[0]) == "02"
    assert verification(view(person=patient(identifier=[with_status("99")]))[0]) == "02"


def test_a_number_with_a_wrong_check_digit_is_not_sent_on():
    wrong = patient(identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "1234567890"}])
    person = view(person=wrong)[0]
    assert [identifier["system"] for identifier in person["identifier"]] == [
        "https://toldonce.example/Id/X90101/gp-patient"
    ]


def test_the_practice_is_the_general_practitioner_with_its_ods_code():
    usual = patient(
        generalPractitioner=[{"reference": "Practitioner/GP1"}],
        managingOrganization={"reference": "Organization/ORG1"},
    )
    person = view(GP, PRACTICE, person=usual)[0]
    practice, usual_gp = person["generalPractitioner"]
    assert practice["identifier"] == {"system": uk_core.ODS_ORGANISATION, "value": "X90101"}
    assert practice["reference"] == f"Organization/{IDS.directory('Organization', 'X90101')}"
    assert usual_gp["display"] == "Dr Nisha Shah"
    assert person["managingOrganization"] == practice


def test_a_practice_that_its_record_does_not_describe_is_still_in_the_directory():
    assert only(view(), "Organization")["id"] == IDS.directory("Organization", "X90101")


def test_language_and_need_of_an_interpreter_leave_the_retired_extension():
    def communication(code: str) -> dict[str, Any]:
        parts = [
            {"url": "language", "valueCodeableConcept": {"coding": [{"code": code}]}},
            {"url": "preferred", "valueBoolean": True},
            {"url": "interpreterRequired", "valueBoolean": True},
        ]
        return patient(extension=[{"url": f"{STRUCTURE}NHSCommunication-1", "extension": parts}])

    person = view(person=communication("pl"))[0]
    assert person["communication"] == [
        {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "pl"}]}, "preferred": True}
    ]
    assert person["extension"] == [
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "valueBoolean": True}
    ]
    signing = view(person=communication("q4"))[0]["communication"][0]["language"]["coding"][0]
    assert (signing["system"], signing["code"]) == ("urn:ietf:bcp:47", "bfi")


def test_a_restricted_patient_is_labelled_with_the_location_sensitivity_too():
    person = view(person=patient(meta={"security": [{"system": CONFIDENTIALITY, "code": "R"}]}))[0]
    assert person["meta"]["security"] == [
        {"system": uk_core.CONFIDENTIALITY, "code": "R"},
        {"system": uk_core.ACT_CODE, "code": "LOCIS"},
    ]


def test_an_incomplete_record_says_so_on_the_patient():
    listed = {
        "resourceType": "List",
        "code": CODE,
        "extension": [{"url": f"{STRUCTURE}ListWarningCode-1", "valueCode": "confidential-items"}],
    }
    assert view(listed, listed)[0]["meta"]["tag"] == [
        {
            "system": "https://fhir.hl7.org.uk/CodeSystem/UKCore-ListWarningCode",
            "code": "confidential-items",
            "display": "Confidential Items",
        }
    ]


@pytest.mark.parametrize("resource", LABELLED, ids=lambda resource: resource["resourceType"])
def test_the_sources_labels_travel_with_every_type(resource):
    labels = [{"system": "http://hl7.org/fhir/v3/ActCode", "code": "NOPAT"}, {"system": CONFIDENTIALITY, "code": "R"}]
    made = view({**resource, "meta": {"security": labels}})
    mapped = next(entry for entry in made if "security" in entry["meta"])
    assert mapped["resourceType"] == resource["resourceType"].replace("Referral", "Service").replace(
        "Procedure", "Service"
    )
    assert mapped["meta"]["security"] == [
        {"system": uk_core.ACT_CODE, "code": "NOPAT"},
        {"system": uk_core.CONFIDENTIALITY, "code": "R"},
    ]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ({"text": "GP Surgery"}, "AMB"),
        ({"text": " Telephone Consultation "}, "VR"),
        ({"text": "Residential home visit note"}, "HH"),
        ({"coding": [{"system": SNOMED, "code": "386472008"}], "text": "Ring-back"}, "VR"),
        ({"text": "Something else"}, "AMB"),
    ],
)
def test_the_class_of_an_encounter_is_read_off_its_type(kind, code):
    made = only(view(element("Encounter", status="finished", type=[kind])), "Encounter")
    assert made["class"]["code"] == code
    assert made["serviceProvider"]["identifier"]["value"] == "X90101"
    assert "period" not in made


def test_participants_get_the_r4_code_system_and_the_recorder_keeps_its_own():
    def takes_part(system: str, code: str) -> dict[str, Any]:
        return {
            "type": [{"coding": [{"system": system, "code": code}]}],
            "individual": {"reference": "Practitioner/GP1"},
        }

    recorder = "https://fhir.nhs.uk/STU3/CodeSystem/GPConnect-ParticipantType-1"
    taking = [takes_part("http://hl7.org/fhir/v3/ParticipationType", "PPRF"), takes_part(recorder, "REC")]
    made = only(view(GP, element("Encounter", status="unknown", participant=taking)), "Encounter")
    codings = [entry["type"][0]["coding"][0] for entry in made["participant"]]
    assert [(coding["system"], coding["code"]) for coding in codings] == [
        (uk_core.PARTICIPATION, "PPRF"),
        (recorder, "REC"),
    ]


def test_an_end_date_of_a_problem_that_is_active_becomes_a_note():
    ended = {"abatementDateTime": "2030-01-01", "onsetDateTime": "2019", "code": CODE}
    active = only(view(element("Condition", clinicalStatus="active", **ended)), "Condition")
    assert "abatementDateTime" not in active
    assert active["note"] == [{"text": "End date: 2030-01-01"}]
    assert active["onsetDateTime"] == "2019"
    over = only(view(element("Condition", clinicalStatus="resolved", **ended)), "Condition")
    assert over["abatementDateTime"] == "2030-01-01"


def test_the_wording_that_was_picked_becomes_the_text():
    picked = {
        "url": "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-coding-sctdescid",
        "extension": [
            {"url": "descriptionId", "valueId": "485784019"},
            {"url": "descriptionDisplay", "valueString": "CT of brain"},
        ],
    }
    code = {"coding": [{"extension": [picked], "system": SNOMED, "code": "34227000", "userSelected": True}]}
    made = only(view(observation(code=code)), "Observation")["code"]
    assert made["text"] == "CT of brain"
    assert made["coding"][0]["extension"] == [
        {"url": "http://hl7.org/fhir/StructureDefinition/coding-sctdescid", "valueId": "485784019"}
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2021", "2021"),
        ("2021-03", "2021-03"),
        ("2021-07-01T09:30:00", "2021-07-01T09:30:00+01:00"),
        ("2021-07-01T09:30+01:00", "2021-07-01T09:30:00+01:00"),
        ("2021-03-26T11:15:05.483+00:00", "2021-03-26T11:15:05.483+00:00"),
        ("2021-03-26T11:15:05Z", "2021-03-26T11:15:05Z"),
    ],
)
def test_dates_keep_their_precision_and_times_have_an_offset(written, read):
    assert only(view(observation(effectiveDateTime=written)), "Observation")["effectiveDateTime"] == read


def test_a_comment_is_a_note_and_panels_keep_their_members():
    member = observation(id="O2")
    panel = observation(comment="fasting", related=[{"type": "has-member", "target": {"reference": "Observation/O2"}}])
    made = {entry["id"]: entry for entry in of(view(panel, member), "Observation")}
    assert made[IDS.own("Observation", "id", "O1")]["note"] == [{"text": "fasting"}]
    assert made[IDS.own("Observation", "id", "O1")]["hasMember"] == [
        {"reference": f"Observation/{IDS.own('Observation', 'id', 'O2')}"}
    ]


def test_an_allergy_without_a_status_counts_as_active_and_an_ended_one_does_not():
    def status(**parts: Any) -> str:
        made = only(view(element("AllergyIntolerance", code=CODE, **parts)), "AllergyIntolerance")
        return made["clinicalStatus"]["coding"][0]["code"]

    end = {"url": f"{STRUCTURE}AllergyIntoleranceEnd-1", "extension": [{"url": "endDate", "valueDateTime": "2020"}]}
    assert status() == "active"
    assert status(extension=[end]) == "resolved"
    made = only(view(element("AllergyIntolerance", code=CODE, extension=[end])), "AllergyIntolerance")
    (ended,) = made["clinicalStatus"]["extension"]  # UK Core allows it nowhere else
    assert ended["extension"] == [{"url": "endDate", "valueDateTime": "2020"}]


def test_a_medicines_code_stands_where_its_label_will():
    drug = {"resourceType": "Medication", "id": "M1", "code": CODE}
    taken = element(
        "MedicationStatement", status="active", taken="n", medicationReference={"reference": "Medication/M1"}
    )
    made = view(drug, taken)
    statement = only(made, "MedicationStatement")
    assert statement["medicationCodeableConcept"] == CODE
    assert statement["status"] == "not-taken"
    assert of(made, "Medication") == []


def test_an_identifier_without_a_system_is_left_out_of_a_medication_statement():
    taken = element(
        "MedicationStatement", status="active", medicationReference={"display": "Aspirin"}, identifier=[{"value": "7"}]
    )
    assert "identifier" not in only(view(taken), "MedicationStatement")


def test_a_referral_is_a_service_request_whose_performer_carries_the_ods_code():
    recipients = [{"reference": "Organization/ORG2"}, {"display": "Dr Dave"}]
    asked = element("ReferralRequest", status="suspended", intent="order", priority="urgent", recipient=recipients,
                    description="Swollen legs")  # fmt: skip
    made = only(view(TRUST, asked), "ServiceRequest")
    assert (made["status"], made["priority"]) == ("on-hold", "urgent")
    assert [entry["identifier"]["value"] for entry in made["performer"] if "identifier" in entry] == ["X9C"]
    assert {"text": "Swollen legs"} in made["note"]
    assert "Dr Dave" in json.dumps(made)


def test_a_vaccination_that_was_not_given_and_has_no_date():
    made = only(view(element("Immunization", status="completed", notGiven=True, vaccineCode=CODE)), "Immunization")
    assert (made["status"], made["occurrenceString"]) == ("not-done", "unknown")


def test_ids_follow_identifiers_that_persist_and_ids_where_an_identifier_is_shared():
    def named(local: str, value: str) -> dict[str, Any]:
        return observation(id=local, identifier=[{"system": "https://EMISWeb/A", "value": value}])

    (before,) = of(view(named("O1", "x")), "Observation")
    (after,) = of(view(named("O9", "x")), "Observation")
    assert before["id"] == after["id"]
    assert len({entry["id"] for entry in of(view(named("O1", "x"), named("O2", "x")), "Observation")}) == 2


def test_a_practitioner_known_to_the_spine_is_the_same_in_every_practices_record():
    known = IDS.directory("Practitioner", "https://fhir.nhs.uk/Id/sds-user-id", "555079033108")
    assert only(view(GP), "Practitioner")["id"] == known


def test_a_refusal_leaves_the_patient_and_an_objection():
    made = view_of(
        state_of((NOW, bundle(patient(), observation())), ("2026-10-01T00:00:00+00:00", outcome("NO_PATIENT_CONSENT")))
    )
    consent = only(made, "Consent")
    assert {entry["resourceType"] for entry in made} == {"Patient", "Consent", "Organization"}
    assert consent["status"] == "active"
    assert consent["policy"] == [{"uri": "https://toldonce.example/policy/objection-to-sharing"}]
    assert consent["provision"] == {"type": "deny", "period": {"start": "2026-10-01T00:00:00.000000Z"}}
    assert consent["organization"][0]["identifier"]["value"] == "X90101"
    assert consent["patient"] == {"reference": uk_core.SUBJECT}


def test_an_objection_that_ended_is_kept_as_inactive():
    made = view_of(state_of(("2026-01-01T00:00:00+00:00", outcome("NO_PATIENT_CONSENT")), (NOW, bundle(patient()))))
    consent = only(made, "Consent")
    assert consent["status"] == "inactive"
    assert consent["provision"]["period"]["end"] == "2026-09-30T08:00:00.000000Z"


def test_a_refusal_at_the_first_request_is_about_the_traced_number():
    person = view_of(state_of((NOW, outcome("NO_PATIENT_CONSENT"))))[0]
    assert person["identifier"][0]["value"] == NUMBER
    assert verification(person) == "01"


def test_not_found_hides_where_the_person_is():
    located = patient(
        address=[{"line": ["1 High Street"], "postalCode": "CV1 1AA"}],
        telecom=[{"system": "phone", "value": "02476"}],
        contact=[{"name": {"family": "Tanner"}}],
    )
    made = view_of(
        state_of((NOW, bundle(located, observation())), ("2026-10-01T00:00:00+00:00", outcome("PATIENT_NOT_FOUND")))
    )
    person = made[0]
    assert {entry["resourceType"] for entry in made} == {"Patient", "Organization"}
    assert person["birthDate"] == "1942-03-04"
    assert not {"address", "telecom", "contact", "generalPractitioner", "managingOrganization"} & set(person)


@pytest.mark.parametrize(
    ("map_name", "codes"),
    [
        ("GpRequestStatus", stu3.RequestStatus.__args__),
        ("GpConditionClinicalStatus", ("active", "recurrence", "inactive", "remission", "resolved")),
        ("GpConditionVerificationStatus", ("provisional", "differential", "confirmed", "refuted", "entered-in-error")),
        ("GpAllergyClinicalStatus", ("active", "inactive", "resolved")),
        ("GpAllergyVerificationStatus", ("unconfirmed", "confirmed", "refuted", "entered-in-error")),
    ],
)
def test_maps_of_closed_code_lists_are_total(map_name, codes):
    assert all(translate(map_name, code) for code in codes)
