"""Codes that a reasonable adjustment is recorded with, and two things that the national model has no element for.

PF = NHS England Patient Flags implementation guide, https://simplifier.net/guide/patient-flag-implementation-guide
"""

from collections.abc import Mapping
from typing import Any

from mappings import datatypes, uk_core

Json = dict[str, Any]

EXISTENCE_CODE = "national-reasonable-adjustment-flag"
EXISTENCE = datatypes.concept(uk_core.RA_PATIENT_FLAG, EXISTENCE_CODE, "National Reasonable Adjustment Flag")
CATEGORIES: Mapping[str, str] = {
    "communication-support": "Communication support",
    "requires-communication-professional": "Requires communication professional",
    "requires-specific-contact-method": "Requires specific contact method",
    "requires-specific-information-format": "Requires specific information format",
    "additional-communication-needs-and-support": "Additional communication needs and support",
    "community-language-support": "Community Language Support",
    "adjustments-for-providing-additional-support-to-patients": (
        "Adjustments for providing additional support to patients"
    ),
    "adjustments-for-individual-care-requirements": "Adjustments for Individual Care Requirements",
    "adjustments-in-relation-to-the-environment-of-care": "Adjustments in relation to the environment of care",
    "adjustments-to-support-additional-needs": "Adjustments to support Additional needs",
    "bespoke-reasonable-adjustments": "Bespoke Reasonable adjustments",
}
"""PF, CodeSystem England-FlagCategoryRA."""
IMPAIRMENTS = frozenset(
    {
        "vision", "hearing", "mobility", "dexterity", "learning", "memory", "mental-health", "stamina", "social",
        "other", "patient-would-prefer-not-to-say",
    }
)  # fmt: skip
"""PF, CodeSystem England-ConditionCodeRA."""
CONDITION_CATEGORY = "https://fhir.nhs.uk/England/CodeSystem/England-ConditionCategoryRA"
CONDITION_CATEGORIES: Mapping[str, str] = {
    "issue": "Issue",
    "problem-list-item": "Problem List Item",
    "encounter-diagnosis": "Encounter Diagnosis",
    "presenting-complaint": "Presenting Complaint",
    "co-morbidity": "Co-morbidity",
}
"""PF, CodeSystem England-ConditionCategoryRA."""
NOTES = "https://fhir.nhs.uk/England/StructureDefinition/Extension-England-FlagNotes"
REVIEW_DATE = "https://toldonce.example/StructureDefinition/review-date"
"""Ours, valueDate: when the adjustment is to be looked at again. The national R4 model has no element for it."""
REMOVAL_REASON = "https://toldonce.example/StructureDefinition/removal-reason"
"""Ours, valueCoding of REMOVAL_REASONS: why an adjustment ended."""
REMOVAL_SYSTEM = "https://toldonce.example/CodeSystem/removal-reason"
REMOVAL_REASONS: Mapping[str, str] = {
    "no-longer-applies": "No longer applies to the patient",
    "created-in-error": "Created in error",
    "consent-withdrawn": "The person no longer wishes it to be recorded",
}
EARLIER_REMOVAL_REASONS: Mapping[str, str] = {"DoesntApply": "no-longer-applies", "Error": "created-in-error"}
"""RARecord-RemovalReason-1 of the retired STU3 service: taken for the same."""

_AS_PUBLISHED: Mapping[str, str] = {
    "https://snomed.info/sct": uk_core.SNOMED,
    "https://fhir.nhs.uk/England/StructureDefinition/Extension-FlagNotes": NOTES,
    "communitiy-language-support": "community-language-support",
}
"""Words of the published examples that break the published definitions -> what the definition says."""


def mended(sent: Any) -> Any:
    """What was sent, with the known mistakes of the national examples put right."""
    if isinstance(sent, dict):
        return {name: mended(value) for name, value in sent.items()}
    if isinstance(sent, list):
        return [mended(value) for value in sent]
    return _AS_PUBLISHED.get(sent, sent) if isinstance(sent, str) else sent


def codes(concepts: Any, system: str) -> list[str]:
    """Codes of one system in a CodeableConcept, or in a list of them."""
    listed = concepts if isinstance(concepts, list) else [concepts] if concepts else []
    return [one["code"] for each in listed for one in each.get("coding", ()) if one.get("system") == system]


def is_existence(flag: Json) -> bool:
    """Whether a Flag says that adjustments exist, and is none itself."""
    return EXISTENCE_CODE in codes(flag.get("code"), uk_core.RA_PATIENT_FLAG)
