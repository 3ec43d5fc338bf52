"""Where R4 defines a search parameter: many are shared by types and have a URL of the group.

https://hl7.org/fhir/R4/searchparameter-registry.html
"""

from collections.abc import Mapping

_BASE = "http://hl7.org/fhir/SearchParameter/"
_CLINICAL = frozenset(
    {
        "AllergyIntolerance", "CarePlan", "CareTeam", "Condition", "Consent", "DiagnosticReport", "DocumentReference",
        "Encounter", "EpisodeOfCare", "Flag", "Goal", "Immunization", "MedicationRequest", "MedicationStatement",
        "Observation", "Procedure", "ServiceRequest",
    }
)  # fmt: skip
_MEDICATIONS = frozenset({"MedicationRequest", "MedicationStatement"})
_PEOPLE = frozenset({"Patient", "Practitioner", "RelatedPerson"})
_SHARED: Mapping[tuple[str, str], frozenset[str]] = {
    ("clinical", "code"): frozenset(
        {"AllergyIntolerance", "Condition", "DiagnosticReport", "Observation", "Procedure", "ServiceRequest"}
    )
    | _MEDICATIONS,
    ("clinical", "date"): frozenset(
        {
            "AllergyIntolerance", "CarePlan", "CareTeam", "Consent", "DiagnosticReport", "Encounter", "EpisodeOfCare",
            "Flag", "Immunization", "Observation", "Procedure",
        }
    ),
    ("clinical", "encounter"): frozenset(
        {"DiagnosticReport", "DocumentReference", "Flag", "Observation", "Procedure", "ServiceRequest"}
    ),
    ("clinical", "identifier"): _CLINICAL - {"Flag"},
    ("clinical", "patient"): _CLINICAL,
    ("clinical", "type"): frozenset({"AllergyIntolerance", "DocumentReference", "Encounter", "EpisodeOfCare"}),
    ("medications", "encounter"): frozenset({"MedicationRequest"}),
    ("medications", "medication"): _MEDICATIONS,
    ("medications", "status"): _MEDICATIONS,
    **{
        ("individual", name): _PEOPLE
        for name in (
            "address", "address-city", "address-country", "address-postalcode", "address-use", "email", "gender",
            "phone", "telecom",
        )
    },
    ("individual", "birthdate"): frozenset({"Patient", "RelatedPerson"}),
    ("individual", "family"): frozenset({"Patient", "Practitioner"}),
    ("individual", "given"): frozenset({"Patient", "Practitioner"}),
}  # fmt: skip


def definition(resource_type: str, name: str) -> str:
    """Canonical URL of the SearchParameter that R4 defines for this type."""
    if name.startswith("_"):
        return f"{_BASE}Resource-{name.lstrip('_')}"
    group = next((group for (group, shared), types in _SHARED.items() if shared == name and resource_type in types), "")
    return f"{_BASE}{group or resource_type}-{name}"
