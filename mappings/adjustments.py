"""The national model of Patient Flags, as far as every sector says it alike: one flag that says that reasonable
adjustments or impairments exist, and the impairments that it leads to.

https://simplifier.net/guide/patient-flag-implementation-guide
"""

from collections.abc import Iterable
from typing import Any

from mappings import uk_core
from mappings.datatypes import Json, concept, subject

EXISTENCE = concept(
    uk_core.RA_PATIENT_FLAG, "national-reasonable-adjustment-flag", "National Reasonable Adjustment Flag"
)
"""Code of the flag, and the category of all that it leads to."""
ISSUE = concept("https://fhir.nhs.uk/England/CodeSystem/England-ConditionCategoryRA", "issue", "Issue")
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def existence(id_: str, details: Iterable[Json], **more: Any) -> uk_core.Resource:
    """England-Flag-PatientFlag, which may stand alone. `details`: references to the adjustments and impairments that it
    leads to; `more`: other elements, such as its author."""
    return uk_core.resource(
        "Flag",
        id_,
        profile=uk_core.RA_PATIENT_FLAG_PROFILE,
        extension=[{"url": uk_core.FLAG_DETAIL, "valueReference": detail} for detail in details],
        status="active",
        code=EXISTENCE,
        subject=subject(),
        **more,
    )


def impairment(id_: str, code: Json | None) -> uk_core.Resource:
    """England-Condition-Flag: an impairment that the person has."""
    return uk_core.resource(
        "Condition",
        id_,
        profile=uk_core.RA_CONDITION_PROFILE,
        clinicalStatus=concept(_CLINICAL, "active"),
        category=[EXISTENCE, ISSUE],
        code=code,
        subject=subject(),
    )
