"""MHS005, MHS007 -> the reasonable adjustment flag and a child protection flag; MHS401, MHS404 -> Mental Health Act.

Detention and treatment orders are told as Flags of their own and nowhere else (Encounter has a legal status extension):
a Flag carries its own security labels, so that sharing can withhold it and still show the stay.
"""

from collections.abc import Iterator

from adapters.mental_health.records import LegalStatus, State, TreatmentOrder
from mappings import uk_core
from mappings.adjustments import existence, impairment
from mappings.datatypes import Json, concept, organisation_reference, own_reference, security_label
from mappings.ids import Ids
from mappings.mental_health import codes
from mappings.tables.flag import SAFETY, flag, marked

_ADMINISTRATIVE = concept(uk_core.FLAG_CATEGORY, "admin", "Administrative")
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
        yield impairment(ids.own("Condition", "impairment", code), said)
    if impairments or any(one.reasonable_adjustment == "Y" for one in state.indicators):
        details = [own_reference(ids, "Condition", "impairment", code) for code in impairments]
        author = organisation_reference(ids, state.person.organisation)
        yield existence(ids.own("Flag", "reasonable-adjustment"), details, author=author)


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
            yield marked(flag((*one.key(), "child-protection"), ids, plan, SAFETY), _RESTRICTED)


def _mental_health_act(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    today = state.as_of[:10]
    for one in state.legal_statuses:
        if one.status not in _NOT_DETAINED:
            code = codes.mapped("MhsdsLegalStatus", one.status) or {"text": "Mental Health Act legal status"}
            yield _power(one, ids, code, today)
    for order in state.treatment_orders:
        yield _power(order, ids, {"text": "Community treatment order (Mental Health Act section 17A)"}, today)


def _power(power: LegalStatus | TreatmentOrder, ids: Ids, code: Json, today: str) -> uk_core.Resource:
    told = flag(power.key(), ids, code, _ADMINISTRATIVE, start=power.start, end=_end(power, today))
    return marked(told, _RESTRICTED, _MENTAL_HEALTH_ACT)


def _end(power: LegalStatus | TreatmentOrder, today: str) -> str | None:
    """When it ended, or lapsed: a power that was not renewed ends on its expiry date."""
    lapsed = power.expires if power.expires and power.expires < today else None
    return power.ended or lapsed
