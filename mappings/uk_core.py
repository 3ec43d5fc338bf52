"""UK Core and NHS vocabulary: profile URLs, identifier systems, code systems. Each constant names its source page.

UKC = UK Core R4 STU3 Sequence, https://simplifier.net/hl7fhirukcorer4
PF  = NHS England Patient Flags implementation guide, https://simplifier.net/guide/patient-flag-implementation-guide
R4  = http://hl7.org/fhir/R4
"""

from typing import Any

from mappings.narrative import narrated

Resource = dict[str, Any]
"""A FHIR R4 resource as plain JSON."""

SUBJECT = "Patient/@person"
"""Stands where a resource refers to the person it is about. The store replaces it at read with the person's
present id, so that linking and unlinking people never rewrites a resource."""

_UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
PROFILED = frozenset(
    {  # UKC, structuredefinitions/
        "AllergyIntolerance", "CarePlan", "CareTeam", "Condition", "Consent", "DiagnosticReport", "DocumentReference",
        "Encounter", "EpisodeOfCare", "Flag", "HealthcareService", "Immunization", "Location", "Medication",
        "MedicationRequest", "MedicationStatement", "Observation", "Organization", "Patient", "Practitioner",
        "PractitionerRole", "Procedure", "Provenance", "RelatedPerson", "ServiceRequest", "Specimen", "Task",
    }
)  # fmt: skip
"""Resource types that UK Core profiles; Goal, Group and Person have none (base R4)."""

EXTENSION = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-"  # UKC

# Identifier systems (UKC fixedUri unless noted)
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"
ODS_SITE = "https://fhir.nhs.uk/Id/ods-site-code"
GMC = "https://fhir.hl7.org.uk/Id/gmc-number"
GMP = "https://fhir.hl7.org.uk/Id/gmp-number"
SDS_USER = "https://fhir.nhs.uk/Id/sds-user-id"
LOCAL_ID = "https://toldonce.example/Id/"
"""Base of our own identifier systems, one per organisation and kind: no national system exists for local ids of
social care and voluntary organisations (checked November 2026). `local_system` builds them."""

# Code systems
SNOMED = "http://snomed.info/sct"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"  # R4 v3/ActCode
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SENSITIVITY = "https://toldonce.example/CodeSystem/sensitivity"
"""Ours: why something is sensitive where no standard label says it; see `integration/sharing/sensitive_codes.json`."""
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
VERIFICATION_STATUS = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland"  # UKC
FLAG_CATEGORY = "http://terminology.hl7.org/CodeSystem/flag-category"
RA_PATIENT_FLAG = "https://fhir.nhs.uk/England/CodeSystem/England-FlagCategoryPatient"  # PF
RA_CATEGORY = "https://fhir.nhs.uk/England/CodeSystem/England-FlagCategoryRA"  # PF
RA_IMPAIRMENT = "https://fhir.nhs.uk/England/CodeSystem/England-ConditionCodeRA"  # PF
RA_PATIENT_FLAG_PROFILE = "https://fhir.nhs.uk/England/StructureDefinition/England-Flag-PatientFlag"  # PF
RA_ADJUSTMENT_PROFILE = "https://fhir.nhs.uk/England/StructureDefinition/England-Flag-PatientFlag-Adjustment"  # PF
RA_CONDITION_PROFILE = "https://fhir.nhs.uk/England/StructureDefinition/England-Condition-Flag"  # PF
FLAG_DETAIL = "http://hl7.org/fhir/StructureDefinition/flag-detail"  # R4 extension
TASK_CODE = "https://toldonce.example/CodeSystem/task"
"""Ours: what kind of thing a Task tracks. R4 gives it no category."""
NEXT_STEP: Resource = {"system": TASK_CODE, "code": "next-step", "display": "What somebody does next for the person"}
"""Coding of a Task that was agreed on for the person's care."""

HEALTH_TEST_DATA: Resource = {"system": ACT_REASON, "code": "HTEST", "display": "test health data"}
"""meta.tag of every synthetic resource."""


def local_system(organisation: str, kind: str) -> str:
    """Identifier system of an organisation's own ids, for example `https://toldonce.example/Id/X9A/mrn`."""
    return f"{LOCAL_ID}{organisation}/{kind}"


def resource(resource_type: str, resource_id: str, *, profile: str | None = None, **elements: Any) -> Resource:
    """A resource with its UK Core profile (or `profile`) and, where safety asks for it, a narrative; without elements
    whose value is None or empty: FHIR allows no empty values (http://hl7.org/fhir/R4/json.html#null). Python names with
    a trailing underscore lose it (`class_` becomes `class`)."""
    claimed = profile or (f"{_UK_CORE}{resource_type}" if resource_type in PROFILED else None)
    meta = {"profile": [claimed]} if claimed else None
    built: Resource = {"resourceType": resource_type, "id": resource_id, **({"meta": meta} if meta else {})}
    for name, value in elements.items():
        if value or (value is not None and value not in ("", [], {})):
            built[name.rstrip("_")] = value
    return narrated(built)
