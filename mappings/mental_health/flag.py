"""MHS005, MHS007 -> the reasonable adjustment flag and a child protection flag; MHS401, MHS404 -> Mental Health Act.

Detention and treatment orders are told as Flags of their own and nowhere else (Encounter has a legal status extension):
a Flag carries its own security labels, so that sharing can withhold it and still show the stay.
"""

from collections.abc import Iterator

from adapters.mental_health.records import LegalStatus, State, TreatmentOrder
from mappings import uk_core
from mappings.datatypes import Json, concept, organisation_reference, own_reference, period, security_label, subject
from mappings.ids import Ids
from mappings.mental_health import codes

_RA = concept(uk_core.RA_PATIENT_FLAG, "national-reasonable-adjustment-flag", "National Reasonable Adjustment Flag")
_ISSUE = concept("https://fhir.nhs.uk/England/CodeSystem/England-ConditionCategoryRA", "issue", "Issue")  # PF
_ADMINISTRATIVE = concept(uk_core.FLAG_CATEGORY, "admin", "Administrative")
_SAFETY = concept(uk_core.FLAG_CATEGORY, "safety", "Safety")
_RESTRICTED = security_label(uk_core.CONFIDENTIALITY, "R")
_MENTAL_HEALTH_ACT = security_label(uk_core.SENSITIVITY, "mental-health-act")
_NOT_DETAINED = frozenset({"01", "98", "99"})
"""Informal, not applicable, not known (UKCore-LegalStatusClassificationEngland)."""


def flags(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """What those who care must see at once, as far as they may."""
    yield from _reasonable_adjustments(state, ids)
    yield from _child_protection(state, ids)
    yield from _mental_health_act(state, ids)


def _reasonable_adjustments(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """England-Flag-PatientFlag, which may stand alone: MHSDS says that adjustments are needed, not which."""
    impairments = _impairments(state)
    for code, said in impairments.items():
        yield uk_core.resource(
            "Condition",
            ids.own("Condition", "impairment", code),
            profile=uk_core.RA_CONDITION_PROFILE,
            clinicalStatus=concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
            category=[_RA, _ISSUE],
            code=said,
            subject=subject(),
        )
    if impairments or any(one.reasonable_adjustment == "Y" for one in state.indicators):
        details = [own_reference(ids, "Condition", "impairment", code) for code in impairments]
        yield uk_core.resource(
            "Flag",
            ids.own("Flag", "reasonable-adjustment"),
            profile=uk_core.RA_PATIENT_FLAG_PROFILE,
            extension=[{"url": uk_core.FLAG_DETAIL, "valueReference": detail} for detail in details],
            status="active",
            code=_RA,
            subject=subject(),
            author=organisation_reference(ids, state.person.organisation),
        )


def _impairments(state: State) -> dict[str, Json]:
    """Concepts by the code of the impairment, each impairment once; a disability code that no map knows by itself."""
    said = [
        *(("CsdsDisability", one.code) for one in state.disabilities),
        *(("MhsdsLearningDisabilityStatus", one.learning_disability) for one in state.indicators),
        *(("MhsdsAutismStatus", one.autism) for one in state.indicators),
    ]
    found: dict[str, Json] = {}
    for map_name, code in said:
        target = codes.target_only(map_name, code)
        heard = codes.mapped(map_name, code)
        if heard and code and (target or not codes.words(map_name, code)):
            found.setdefault(target["code"] if target else code, heard)
    return dict(sorted(found.items()))


def _child_protection(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    for one in state.indicators:
        if codes.target_only("MhsdsChildProtection", one.child_protection):
            plan = codes.mapped("MhsdsChildProtection", one.child_protection) or {}
            yield _flag((*one.key(), "child-protection"), ids, plan, [_RESTRICTED], category=_SAFETY)


def _mental_health_act(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    today = state.as_of[:10]
    for one in state.legal_statuses:
        if one.status not in _NOT_DETAINED:
            code = codes.mapped("MhsdsLegalStatus", one.status) or {"text": "Mental Health Act legal status"}
            yield _flag(one.key(), ids, code, [_RESTRICTED, _MENTAL_HEALTH_ACT], start=one.start, end=_end(one, today))
    for order in state.treatment_orders:
        code = {"text": "Community treatment order (Mental Health Act section 17A)"}
        marks = [_RESTRICTED, _MENTAL_HEALTH_ACT]
        yield _flag(order.key(), ids, code, marks, start=order.start, end=_end(order, today))


def _end(power: LegalStatus | TreatmentOrder, today: str) -> str | None:
    """When it ended, or lapsed: a power that was not renewed ends on its expiry date."""
    lapsed = power.expires if power.expires and power.expires < today else None
    return power.ended or lapsed


def _flag(
    key: tuple[str, ...],
    ids: Ids,
    code: Json,
    marks: list[Json],
    *,
    category: Json = _ADMINISTRATIVE,
    start: str | None = None,
    end: str | None = None,
) -> uk_core.Resource:
    flag = uk_core.resource(
        "Flag",
        ids.own("Flag", *key),
        status="inactive" if end else "active",
        category=[category],
        code=code,
        subject=subject(),
        period=period(start, end),
    )
    return {**flag, "meta": {**flag["meta"], "security": marks}}
