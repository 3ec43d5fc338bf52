"""CYP003, CYP006, CYP404, CYP601, CYP606-609 -> Condition and Observation."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.community.records import ProvisionalDiagnosis, State
from mappings import uk_core
from mappings.community import codes
from mappings.concept_maps import translate
from mappings.datatypes import Json, concept, snomed, subject, text_concept
from mappings.ids import Ids

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_UCUM = "http://unitsofmeasure.org"


def findings(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """Diagnoses as Conditions; circumstances, housing, technology and scored assessments as Observations."""
    yield from _diagnoses(state, ids)
    yield from _social(state, ids)
    for assessment in state.referral_assessments:
        yield observation(
            assessment.key(),
            ids,
            code=snomed(assessment.tool),
            category="survey",
            effective=assessment.completed,
            **measured(assessment.score),
        )


def observation(
    key: tuple[str, ...],
    ids: Ids,
    *,
    code: Json,
    category: str,
    effective: str | None,
    encounter: Json | None = None,
    **value: Any,
) -> uk_core.Resource:
    """UKCore-Observation; `category` from observation-category; `value` is one of value[x], or none for a finding."""
    return uk_core.resource(
        "Observation",
        ids.own("Observation", *key),
        status="final",
        category=[concept(_CATEGORY, category)],
        code=code,
        subject=subject(),
        encounter=encounter,
        effectiveDateTime=effective,
        **value,
    )


def measured(value: str | None, unit: str | None = None) -> dict[str, Any]:
    """value[x] of a value as sent: a Quantity where it is a number (`unit` UCUM), else a string; {} without one."""
    if not value:
        return {}
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        return {"valueString": value}
    plain = int(number) if number == number.to_integral_value() else float(number)
    coded = {"unit": unit, "system": _UCUM, "code": unit} if unit else {}
    return {"valueQuantity": {"value": plain, **coded}}


def condition(
    key: tuple[str, ...],
    ids: Ids,
    *,
    code: Json,
    recorded: str | None,
    verification: str | None = None,
    encounter: Json | None = None,
    category: Json | None = None,
) -> uk_core.Resource:
    """UKCore-Condition. CSDS never says that a diagnosis ended, so clinicalStatus is left out rather than claimed."""
    return uk_core.resource(
        "Condition",
        ids.own("Condition", *key),
        verificationStatus=concept(_VERIFICATION, verification) if verification else None,
        category=[category or concept(_CONDITION_CATEGORY, "encounter-diagnosis", "Encounter Diagnosis")],
        code=code,
        subject=subject(),
        encounter=encounter,
        recordedDate=recorded,
    )


def _diagnoses(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    for row in state.diagnoses:
        yield condition(
            row.key(),
            ids,
            code=codes.clinical("CsdsDiagnosisScheme", row.scheme, row.code),
            recorded=row.diagnosed,
            verification="provisional" if isinstance(row, ProvisionalDiagnosis) else "confirmed",
        )
    for previous in state.previous_diagnoses:
        yield condition(
            previous.key(),
            ids,
            code=codes.clinical("CsdsDiagnosisScheme", previous.scheme, previous.code),
            recorded=previous.diagnosed,
            category=text_concept("Previous diagnosis"),
        )


def _social(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    for circumstance in state.circumstances:
        if not translate("CsdsCircumstanceFlag", circumstance.code):
            yield observation(
                circumstance.key(),
                ids,
                code=snomed(circumstance.code),
                category="social-history",
                effective=circumstance.recorded,
            )
    for technology in state.technologies:
        yield observation(
            technology.key(),
            ids,
            code=snomed(technology.code),
            category="social-history",
            effective=technology.recorded,
        )
    for home in state.accommodations:
        yield observation(
            home.key(),
            ids,
            code={"text": "Accommodation status"},
            category="social-history",
            effective=home.recorded,
            valueCodeableConcept=codes.unlisted("accommodation-status", home.status),
        )
    if place := codes.mapped("CsdsDeathLocation", state.person.preferred_death_location):
        yield observation(
            (*state.person.key(), "preferred-death-location"),
            ids,
            code={"text": "Preferred place of death"},
            category="social-history",
            effective=None,
            valueCodeableConcept=place,
        )
