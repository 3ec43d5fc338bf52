"""What a practice's answer becomes: one event, and a Defect for each thing that cannot be used."""

import json
from typing import Any

import msgspec
import pytest

from adapters.errors import Unreadable
from adapters.gp.records import ListWarning, Refusal, Withheld
from adapters.records import Parsed, SourcePatient
from tests.unit.adapters.gp_answers import NUMBER, bundle, observation, outcome, patient, read, record

LIST_WARNING = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-ListWarningCode-1"


def found(parsed: Parsed) -> list[tuple[str, str]]:
    return [(defect.code, defect.where) for defect in parsed.defects]


def refused(content: bytes, **where: str) -> str:
    with pytest.raises(Unreadable) as caught:
        read(content, **where)
    return caught.value.defect.code


def test_a_record_is_one_event_of_the_nhs_number_at_the_practice():
    parsed = read(bundle(patient(), observation()))
    (event,) = parsed.events
    assert event.patient == SourcePatient("X90101", NUMBER)
    assert event.at == event.sent == "2026-09-30T08:00:00.000000Z"
    assert [type(resource).__name__ for resource in record(parsed).resources] == ["Observation"]
    assert parsed.defects == []


@pytest.mark.parametrize("number", ["1234567890", "9333333333", "1111111111", "not a number"])
def test_without_a_valid_nhs_number_the_person_is_the_practices_own_id(number):
    bad = patient(identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}])
    parsed = read(bundle(bad))
    assert parsed.events[0].patient == SourcePatient("X90101", "P1")
    assert found(parsed) == [("bad-check-digit", "Patient.identifier")]
    assert record(parsed).nhs_number is None


def test_the_moment_of_an_answer_is_the_latest_date_of_an_area_list():
    def area(date: str) -> dict[str, Any]:
        code = {"coding": [{"system": "http://snomed.info/sct", "code": "717711000000103"}]}
        return {"resourceType": "List", "code": code, "date": date}

    consultation = {
        "resourceType": "List",
        "code": {"coding": [{"code": "325851000000107"}]},
        "date": "2026-09-29T12:00:00Z",
    }
    older, newer = area("2026-09-01T10:00:00+01:00"), area("2026-09-02T10:00:00+01:00")
    assert read(bundle(patient(), newer, older, consultation)).events[0].at == "2026-09-02T09:00:00.000000Z"


def test_a_wrong_clock_cannot_put_an_answer_into_the_future():
    parsed = read(bundle(patient(), meta={"lastUpdated": "2099-01-01T00:00:00Z"}))
    assert parsed.events[0].at == "2026-09-30T08:00:00.000000Z"


def test_list_warnings_are_kept_by_area_and_never_name_a_consultation():
    def warned(code: str, warning: str) -> dict[str, Any]:
        return {
            "resourceType": "List",
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": code}]},
            "extension": [{"url": LIST_WARNING, "valueCode": warning}],
        }

    parsed = read(
        bundle(patient(), warned("933361000000108", "data-in-transit"), warned("25851000000105", "confidential-items"))
    )
    assert record(parsed).warnings == (
        ListWarning(area="1149501000000101", code="confidential-items"),
        ListWarning(area="933361000000108", code="data-in-transit"),
    )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{% highlight json %}", "not-json"),
        (b"\xff\xfe", "not-json"),
        (b"[" * 100_000, "not-json"),
        (b"[]", "not-a-structured-record"),
        (json.dumps(patient()).encode(), "not-a-structured-record"),
        (bundle(patient(), type="searchset"), "not-a-structured-record"),
        (bundle(observation()), "no-patient"),
        (bundle(), "no-patient"),
        (bundle(patient(), patient(id="P2")), "several-patients"),
        (outcome("INVALID_NHS_NUMBER"), "provider-error"),
        (b'{"resourceType": "OperationOutcome"}', "provider-error"),
    ],
)
def test_what_is_no_record_of_one_person_cannot_be_read(content, code):
    assert refused(content) == code


@pytest.mark.parametrize(
    ("resource", "defect"),
    [
        (observation(status=None), ("unsound-resource", "Bundle.entry[1] Observation.status")),
        (observation(status="done"), ("unsound-resource", "Bundle.entry[1] Observation.status")),
        (observation(code="text"), ("unsound-resource", "Bundle.entry[1] Observation.code")),
        (observation(meta="R"), ("unsound-resource", "Bundle.entry[1] Observation.meta")),
        (observation(modifierExtension=[{"url": "x"}]), ("modifier-extension", "Bundle.entry[1] Observation")),
        (observation(subject={"reference": "Patient/P2"}), ("other-patient", "Bundle.entry[1] Observation")),
        (observation(subject=None), ("unsound-resource", "Bundle.entry[1] Observation.subject")),
        ({"resourceType": "Appointment"}, ("unknown-type", "Bundle.entry[1] Appointment")),
        ("text", ("no-resource", "Bundle.entry[1]")),
    ],
)
def test_an_unsound_resource_is_named_and_the_rest_is_kept(resource, defect):
    parsed = read(bundle(patient(), resource, observation(id="O2")))
    assert defect in found(parsed)
    assert [kept.id for kept in record(parsed).resources] == ["O2"]


@pytest.mark.parametrize(
    ("element", "code", "path"),
    [
        ({"effectiveDateTime": "2021-02-30"}, "bad-date", "effectiveDateTime"),
        ({"effectiveDateTime": "30/02/2021"}, "bad-element", "effectiveDateTime"),
        ({"comment": "{{request.body}}"}, "placeholder", "comment"),
        ({"identifier": [{"system": "a", "value": "{{guid}}"}]}, "placeholder", "identifier.value"),
        ({"valueQuantity": {"value": "six"}}, "bad-element", "valueQuantity"),
        ({"bodyHeight": 3}, "unread-element", "bodyHeight"),
        ({"category": [{"colour": "red"}]}, "unread-element", "category.colour"),
    ],
)
def test_an_element_that_cannot_be_used_is_named_and_the_resource_is_kept(element, code, path):
    parsed = read(bundle(patient(), observation(**element)))
    assert found(parsed) == [(code, f"Bundle.entry[1] Observation.{path}")]
    assert len(record(parsed).resources) == 1


def test_an_ended_allergy_is_read_out_of_its_list():
    ended = {
        "resourceType": "AllergyIntolerance",
        "id": "A1",
        "clinicalStatus": "resolved",
        "code": {"text": "Penicillin"},
        "patient": {"reference": "Patient/P1"},
    }
    listed = {"resourceType": "List", "code": {"text": "Ended allergies"}, "contained": [ended]}
    assert [kept.id for kept in record(read(bundle(patient(), listed))).resources] == ["A1"]


def test_the_same_resource_twice_is_one_and_another_with_its_id_is_a_defect():
    parsed = read(bundle(patient(), observation(), observation(), observation(comment="other")))
    assert found(parsed) == [("duplicate-id", "Bundle.entry[3] Observation")]
    assert len(record(parsed).resources) == 1


def test_full_urls_are_never_used():
    content = json.loads(bundle(patient(), observation()))
    for entry in content["entry"]:
        entry["fullUrl"] = "urn:uuid:0"
    assert read(json.dumps(content).encode()).events == read(bundle(patient(), observation())).events


def test_references_that_lead_nowhere_are_counted_once():
    parsed = read(bundle(patient(), observation(performer=[{"reference": "Practitioner/7"}, {"reference": "nobody"}])))
    assert found(parsed) == [("dangling-reference", "Bundle")]
    assert parsed.defects[0].reason.startswith("2 references")


def test_a_record_of_another_practice_stays_the_senders_statement():
    ods = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "X90102"}
    practice = {"resourceType": "Organization", "id": "7", "identifier": [ods]}
    parsed = read(bundle(patient(managingOrganization={"reference": "Organization/7"}), practice))
    assert found(parsed) == [("other-practice", "Patient.managingOrganization")]
    assert parsed.events[0].patient.organisation == "X90101"


@pytest.mark.parametrize("name", [f"{NUMBER}.json", f"{NUMBER}_Tanner_full.json", f"in/{NUMBER}.json"])
def test_a_refusal_is_about_the_number_that_starts_the_file_name(name):
    parsed = read(outcome("NO_PATIENT_CONSENT"), name=name)
    assert parsed.events[0].patient == SourcePatient("X90101", NUMBER)
    assert msgspec.json.decode(parsed.events[0].record, type=Refusal) == Refusal(nhs_number=NUMBER)


@pytest.mark.parametrize("code", ["PATIENT_NOT_FOUND", "NO_ORGANISATION_CONSENT"])
def test_not_found_is_an_answer_that_says_nothing_about_why(code):
    answer = msgspec.json.decode(read(outcome(code)).events[0].record, type=Withheld)
    assert answer == Withheld(nhs_number=NUMBER, code=code)


@pytest.mark.parametrize("name", ["answer.json", "1234567890.json", "99900000188.json"])
def test_a_refusal_about_nobody_cannot_be_read(name):
    assert refused(outcome("NO_PATIENT_CONSENT"), name=name) == "refusal-without-person"


def test_what_a_practice_leaves_out_of_its_answer_is_a_defect():
    parsed = read(bundle(patient(), json.loads(outcome("INVALID_PARAMETER"))))
    assert found(parsed) == [("incomplete-answer", "Bundle.entry[1] OperationOutcome")]
    assert "INVALID_PARAMETER" in parsed.defects[0].reason


def test_no_defect_tells_who_the_patient_is():
    broken = [
        observation(status="Edith Tanner"),
        observation(subject={"reference": "Patient/Edith"}),
        {"resourceType": "Edith Tanner", "id": NUMBER},
        observation(**{"Edith Tanner": 1}),
        observation(category=[{f"born {NUMBER}": "x"}]),
    ]
    parsed = read(bundle(patient(birthDate="1942-02-31"), *broken))
    said = " ".join(f"{defect.code} {defect.where} {defect.reason} {defect.remedy}" for defect in parsed.defects)
    assert len(parsed.defects) >= len(broken)
    assert not any(secret in said for secret in ("Edith", "Tanner", NUMBER, "1942"))
