"""Reports, specimens and documents of a practice's record."""

from typing import Any

from tests.unit.adapters.gp_answers import observation
from tests.unit.mappings.gp_views import only, view

ABOUT = {"reference": "Patient/P1"}
REPORT: dict[str, Any] = {
    "resourceType": "DiagnosticReport",
    "id": "R1",
    "identifier": [{"system": "https://EMISWeb/X90101", "value": "R1"}],
    "status": "final",
    "category": {"coding": [{"system": "http://hl7.org/fhir/v2/0074", "code": "PAT"}]},
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "721981007"}]},
    "subject": ABOUT,
    "performer": [{"actor": {"reference": "Practitioner/D1"}}],
    "issued": "2010-02-25T15:41:00+00:00",
    "specimen": [{"reference": "Specimen/S1"}],
    "result": [{"reference": "Observation/O1"}, {"reference": "Observation/gone"}],
}
SPECIMEN: dict[str, Any] = {
    "resourceType": "Specimen",
    "id": "S1",
    "subject": ABOUT,
    "accessionIdentifier": {"value": "LAB-7"},
    "type": {"text": "EDTA blood"},
    "receivedTime": "2010-02-24T10:00:00+00:00",
    "collection": {"collectedDateTime": "2010-02-23"},
}
DOCUMENT: dict[str, Any] = {
    "resourceType": "DocumentReference",
    "id": "L1",
    "status": "current",
    "type": {"coding": [{"system": "http://snomed.info/sct", "code": "25821000000100"}], "text": "Clinical document"},
    "subject": ABOUT,
    "created": "2010-01-19",
    "indexed": "2010-01-19T11:44:06.000+00:00",
    "description": "from Consultant Dermatologist",
    "content": [{"attachment": {"contentType": "application/pdf", "size": 7, "url": "https://practice.example/1"}}],
    "context": {"encounter": {"reference": "Encounter/E1"}},
}
DOCTOR = {"resourceType": "Practitioner", "id": "D1", "name": [{"family": "Jones"}]}
MET = {"resourceType": "Encounter", "id": "E1", "status": "finished", "subject": ABOUT}


def test_a_report_leads_to_its_results_and_specimens():
    made = view(REPORT, SPECIMEN, DOCTOR, observation(specimen={"reference": "Specimen/S1"}))
    report, specimen, result = (only(made, kind) for kind in ("DiagnosticReport", "Specimen", "Observation"))
    assert report["result"] == [{"reference": f"Observation/{result['id']}"}]
    assert report["specimen"] == [result["specimen"]] == [{"reference": f"Specimen/{specimen['id']}"}]
    assert report["category"][0]["coding"][0]["system"] == "http://terminology.hl7.org/CodeSystem/v2-0074"
    assert report["performer"][0]["display"] == "Jones"
    assert specimen["accessionIdentifier"] == {"value": "LAB-7"}
    assert specimen["collection"] == {"collectedDateTime": "2010-02-23"}


def test_a_document_is_known_to_exist_but_its_address_is_not_passed_on():
    made = only(view(DOCUMENT, MET), "DocumentReference")
    assert made["content"] == [{"attachment": {"contentType": "application/pdf", "size": 7, "creation": "2010-01-19"}}]
    assert "practice.example" not in str(made)
    assert made["date"] == "2010-01-19T11:44:06.000+00:00"
    assert made["context"]["encounter"][0]["reference"].startswith("Encounter/")


def test_a_sentence_is_no_media_type_but_is_not_lost():
    said = "Placeholder. Original document not available"
    content = [{"attachment": {"contentType": said}}]
    made = only(view(DOCUMENT | {"content": content, "context": {}}), "DocumentReference")
    assert made["content"][0]["attachment"]["title"] == said


def test_a_referral_may_go_to_a_healthcare_service():
    service = {"resourceType": "HealthcareService", "id": "H1", "name": "Memory clinic"}
    referral = {
        "resourceType": "ReferralRequest",
        "id": "F1",
        "status": "active",
        "intent": "order",
        "subject": ABOUT,
        "recipient": [{"reference": "HealthcareService/H1"}],
    }
    made = view(referral, service)
    (performer,) = only(made, "ServiceRequest")["performer"]
    clinic = only(made, "HealthcareService")["id"]
    assert performer == {"reference": f"HealthcareService/{clinic}", "display": "Memory clinic"}
