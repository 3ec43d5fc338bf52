"""CYP001 indicators, CYP006, CYP402, CYP403, CYP602 -> Flag, and impairments as Conditions.

Everything about safeguarding carries meta.security R: the source's mark travels with the statement.
"""

from collections.abc import Iterator
from datetime import date

from adapters.community.records import State
from mappings import uk_core
from mappings.adjustments import existence, impairment
from mappings.community import codes
from mappings.concept_maps import translate
from mappings.datatypes import Json, compact, own_reference, security_label, snomed
from mappings.ids import Ids
from mappings.tables.flag import SAFETY, flag, marked

_ADULT = 18


def flags(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """What those who care must see at once."""
    yield from _safeguarding(state, ids)
    yield from _child_protection(state, ids)
    yield from _circumstances(state, ids)
    yield from _impairments(state, ids)


def _safeguarding(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """One Flag per factor; one of its own where only the indicator says that there is any."""
    person = state.person
    for factor in state.safeguarding_factors:
        text = f"Safeguarding vulnerability factor (code {factor.type})"
        extra = codes.unlisted("safeguarding-factor", factor.type) or {}
        yield restricted(flag(factor.key(), ids, _safeguarding_code(state, text, *extra.get("coding", ())), SAFETY))
    if person.safeguarding == "Y" and not state.safeguarding_factors:
        text = "Safeguarding vulnerability factors"
        yield restricted(flag((*person.key(), "safeguarding"), ids, _safeguarding_code(state, text), SAFETY))
    if person.looked_after == "Y":
        looked_after = snomed("764841000000100", "Looked after child")
        yield restricted(flag((*person.key(), "looked-after"), ids, looked_after, SAFETY))


def _safeguarding_code(state: State, text: str, *extra: Json) -> Json:
    """Adult and child concerns have codes of their own; without a birth date only the words are safe."""
    age = _age(state)
    if age is None:
        return compact(coding=list(extra), text=text)
    known = (
        snomed("514331000000104", "Adult safeguarding concern", text=text)
        if age >= _ADULT
        else snomed("836881000000105", "Child is cause for safeguarding concern", text=text)
    )
    return {**known, "coding": [*known["coding"], *extra]}


def _age(state: State) -> int | None:
    """Age in years when the source last spoke of the person."""
    if not state.person.birth_date:
        return None
    born, then = date.fromisoformat(state.person.birth_date), date.fromisoformat(state.as_of[:10])
    return then.year - born.year - ((then.month, then.day) < (born.month, born.day))


def _child_protection(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    for plan in state.child_protection_plans:
        reason = codes.unlisted("child-protection-plan-reason", plan.reason)
        code = snomed("342191000000101", "Subject to child protection plan")
        code = {"coding": [*code["coding"], *(reason or {}).get("coding", ())]}
        yield restricted(flag(plan.key(), ids, code, SAFETY, start=plan.start, end=plan.end))


def _circumstances(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    for row in state.circumstances:
        if category := translate("CsdsCircumstanceFlag", row.code):
            code = snomed(row.code, codes.words("CsdsCircumstanceFlag", row.code))
            yield flag(row.key(), ids, code, {"coding": [category]}, start=row.recorded)


def _impairments(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """Impairment Conditions of the NHS England Patient Flags guide, and the Flag that says they exist."""
    keys = []
    for row in state.disabilities:
        target = codes.target_only("CsdsDisability", row.code)
        if not target and codes.words("CsdsDisability", row.code):
            continue  # NN no disability and ZZ not stated: no impairment is claimed
        code = codes.mapped("CsdsDisability", row.code)
        keys.append(row.key())
        yield impairment(ids.own("Condition", *row.key()), code)
    if keys:
        details = [{**own_reference(ids, "Condition", *key), "type": "Condition"} for key in keys]
        yield existence(ids.own("Flag", *state.person.key(), "reasonable-adjustment"), details)


def restricted(resource: uk_core.Resource) -> uk_core.Resource:
    """The resource with the source's mark that it is not for everybody: meta.security R."""
    return marked(resource, security_label(uk_core.CONFIDENTIALITY, "R"))
