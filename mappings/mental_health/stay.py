"""MHS501, MHS502, MHS503 -> Encounter of class IMP, with the wards as Locations.

Whether somebody was detained is not said here; see `mappings/mental_health/flag.py`.
"""

from collections.abc import Iterator

from adapters.mental_health.records import Spell, State, WardStay
from mappings import uk_core
from mappings.datatypes import (
    Json,
    coding,
    compact,
    concept,
    local_identifier,
    organisation_reference,
    period,
    subject,
)
from mappings.ids import Ids
from mappings.mental_health import codes
from mappings.mental_health.contact import referral_references
from mappings.mental_health.directory import professional_reference, ward_reference
from mappings.tables.moments import moment

_ATTENDER = concept(uk_core.PARTICIPATION, "ATND", "attender")


def stays(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """An Encounter per hospital provider spell."""
    for spell in state.spells:
        provider, referral = spell.provider, spell.referral
        method = codes.target_only("AcuteDischargeMethod", spell.discharge_method)
        yield uk_core.resource(
            "Encounter",
            ids.own("Encounter", *spell.key()),
            extension=[_extension("DischargeMethod", method)] if method else None,
            identifier=[local_identifier(provider, "hospital-provider-spell", spell.spell, type_code="VN")],
            status="finished" if spell.discharged else "in-progress",
            class_=coding(uk_core.ACT_CODE, "IMP", "inpatient encounter"),
            subject=subject(),
            **referral_references(provider, referral, state, ids),
            participant=list(_professionals(spell, state, ids)),
            period=period(moment(spell.start, spell.start_time), moment(spell.discharged, spell.discharged_time)),
            hospitalization=_hospitalization(spell),
            location=[_location(one, ids) for one in _ward_stays(spell, state)],
            serviceProvider=organisation_reference(ids, provider),
        )


def _professionals(spell: Spell, state: State, ids: Ids) -> Iterator[Json]:
    for one in state.assigned:
        if (one.provider, one.referral, one.spell) == (spell.provider, spell.referral, spell.spell):
            individual = professional_reference(one.provider, one.professional, state, ids)
            yield compact(type=[_ATTENDER], period=period(one.start, one.end), individual=individual)


def _ward_stays(spell: Spell, state: State) -> list[WardStay]:
    """Those of this spell that name a ward, in the order in which they began."""
    found = [
        one
        for one in state.ward_stays
        if one.ward and (one.provider, one.referral, one.spell) == (spell.provider, spell.referral, spell.spell)
    ]
    return sorted(found, key=lambda one: (one.start, one.start_time or "", one.stay))


def _location(stay: WardStay, ids: Ids) -> Json:
    return compact(
        location=ward_reference(stay, ids),
        status="completed" if stay.end else "active",
        period=period(moment(stay.start, stay.start_time), moment(stay.end, stay.end_time)),
    )


def _hospitalization(spell: Spell) -> Json | None:
    """The codes of admission and discharge are attributes of the NHS Data Dictionary, which hospitals send as well."""
    method = codes.target_only("AcuteAdmissionMethod", spell.method)
    source = codes.target_only("AcuteSourceOfAdmission", spell.source)
    destination = codes.target_only("AcuteDischargeDestination", spell.destination)
    found = compact(
        extension=[_extension("AdmissionMethod", method)] if method else None,
        admitSource={"coding": [source]} if source else codes.unlisted("source-of-admission", spell.source),
        dischargeDisposition={"coding": [destination]}
        if destination
        else codes.unlisted("discharge-destination", spell.destination),
    )
    return found or None


def _extension(name: str, target: Json) -> Json:
    return {"url": f"{uk_core.EXTENSION}{name}", "valueCodeableConcept": {"coding": [target]}}
