"""Resources as a practice sends them."""

from typing import Any

SNOMED = "http://snomed.info/sct"
STRUCTURE = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-"
SUBJECT = {"reference": "Patient/P1"}
CODE = {"coding": [{"system": SNOMED, "code": "38341003", "display": "Hypertensive disorder"}]}
GP = {
    "resourceType": "Practitioner",
    "id": "GP1",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "555079033108"}],
    "name": [{"family": "Shah", "given": ["Nisha"], "prefix": ["Dr"]}],
}
PRACTICE = {
    "resourceType": "Organization",
    "id": "ORG1",
    "name": "Allesley Green Surgery",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "X90101"}],
}


def element(resource_type: str, **parts: Any) -> dict[str, Any]:
    subject = "patient" if resource_type in ("AllergyIntolerance", "Immunization") else "subject"
    return {"resourceType": resource_type, "id": f"{resource_type}-1", subject: SUBJECT, **parts}


LABELLED = (
    element("Encounter", status="finished"),
    element("Condition", code=CODE),
    element("AllergyIntolerance", code=CODE),
    element("Observation", status="final", code=CODE),
    element("Immunization", status="completed", notGiven=False, vaccineCode=CODE),
    element("MedicationStatement", status="active", medicationReference={"display": "Aspirin"}),
    element("MedicationRequest", status="active", intent="plan", medicationReference={"display": "Aspirin"}),
    element("ReferralRequest", status="unknown", intent="order"),
    element("ProcedureRequest", status="active", intent="plan", code=CODE),
)
