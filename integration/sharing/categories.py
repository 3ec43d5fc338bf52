"""Which kind of information a resource is: what agreements and roles speak of (DESIGN section 4)."""

from collections.abc import Iterator, Mapping
from typing import Any

from integration.sharing.request import Category
from mappings import uk_core
from mappings.uk_core import Resource

_BY_TYPE: Mapping[str, Category] = {
    "Patient": Category.DEMOGRAPHICS,
    "RelatedPerson": Category.RELATED_PEOPLE,
    "CareTeam": Category.CARE_TEAM,
    "CarePlan": Category.CARE_PLAN,
    "Goal": Category.CARE_PLAN,
    "Encounter": Category.ENCOUNTERS,
    "Appointment": Category.ENCOUNTERS,
    "ServiceRequest": Category.REFERRALS,
    "EpisodeOfCare": Category.REFERRALS,
    "Task": Category.REFERRALS,
    "Consent": Category.CHOICES,
    "AuditEvent": Category.AUDIT,
}
"""Every type that is not listed here, and is not a Flag or a Condition of a reasonable adjustment, is CLINICAL: the
narrowest category, so that a new type is never shown more widely than meant."""

_SAFEGUARDING_FLAGS = frozenset({"child-protection-information-system-flag", "female-genital-mutilation-flag"})
"""England-FlagCategoryPatient codes that are about safeguarding (Patient Flags implementation guide)."""
_SAFEGUARDING_SNOMED = frozenset(
    {"514331000000104", "836881000000105", "342191000000101", "764841000000100", "818901000000100", "417430008"}
)
"""Adult and child safeguarding concern, child protection plan, looked after child, unborn child's plan, vulnerable
adult (Patient Flags implementation guide; NHS primary care code sets)."""
_SAFEGUARDING_BARS = ("https://fhir.nhs.uk/CodeSystem/flag-categories-bars", "SG")
_ADJUSTMENT_BARS = ("https://fhir.nhs.uk/CodeSystem/flag-categories-bars", "RA")
_ADJUSTMENT_PROFILES = frozenset({uk_core.RA_ADJUSTMENT_PROFILE})


def category_of(resource: Resource) -> Category:
    """The one category of an R4 resource. A Provenance has none of its own: it takes its targets' labels."""
    resource_type = resource["resourceType"]
    if resource_type == "Flag":
        return _flag_category(resource)
    if resource_type == "Condition" and uk_core.RA_CONDITION_PROFILE in _profiles(resource):
        return Category.IMPAIRMENTS
    if resource_type == "Provenance":
        raise ValueError("a Provenance takes the label of its targets")
    if resource_type == "Task" and _is_next_step(resource):
        return Category.CARE_PLAN
    return _BY_TYPE.get(resource_type, Category.CLINICAL)


def _is_next_step(task: Resource) -> bool:
    """What somebody does next for the person is part of the plan; what else a Task tracks (a waiting time) belongs to
    its referral."""
    wanted = (uk_core.NEXT_STEP["system"], uk_core.NEXT_STEP["code"])
    return any((one.get("system"), one.get("code")) == wanted for one in task.get("code", {}).get("coding", ()))


def is_safeguarding_flag(resource: Resource) -> bool:
    """A Flag that says somebody is, or may be, in need of protection."""
    return resource["resourceType"] == "Flag" and _flag_category(resource) is Category.SAFEGUARDING


def _flag_category(flag: Resource) -> Category:
    codings = set(_codings(flag))
    if any(_is_safeguarding(system, code) for system, code in codings):
        return Category.SAFEGUARDING
    if (
        _ADJUSTMENT_PROFILES & _profiles(flag)
        or _ADJUSTMENT_BARS in codings
        or any(
            system == uk_core.RA_CATEGORY
            or (system == uk_core.RA_PATIENT_FLAG and code == "national-reasonable-adjustment-flag")
            for system, code in codings
        )
    ):
        return Category.ADJUSTMENTS
    return Category.ALERTS


def _is_safeguarding(system: str, code: str) -> bool:
    return (
        (system == uk_core.RA_PATIENT_FLAG and code in _SAFEGUARDING_FLAGS)
        or (system == uk_core.SNOMED and code in _SAFEGUARDING_SNOMED)
        or (system, code) == _SAFEGUARDING_BARS
        or (system.startswith("https://toldonce.example/") and "safeguarding" in system)
    )


def _codings(flag: Resource) -> Iterator[tuple[str, str]]:
    concepts: list[Any] = [flag.get("code", {}), *flag.get("category", ())]
    for concept in concepts:
        for coding in concept.get("coding", ()):
            yield coding.get("system", ""), coding.get("code", "")


def _profiles(resource: Resource) -> frozenset[str]:
    return frozenset(resource.get("meta", {}).get("profile", ()))
