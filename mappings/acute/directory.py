"""The organisations, clinicians and places that a hospital's statements refer to; the same for every person."""

import re
from collections.abc import Iterator

from adapters.acute.records import Doctor, Place, State
from mappings import datatypes, uk_core
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

JOB_ROLE = "https://fhir.hl7.org.uk/CodeSystem/UKCore-SDSJobRoleName"  # UKC
PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"  # R4
_CONSULTANT, _GP = re.compile(r"C[0-9]{7}"), re.compile(r"G[0-9]{7}")
_ODS = re.compile(r"[A-Z][A-Z0-9]{2,5}")


def organisation_or_name(ids: Ids, code: str, name: str) -> Json | None:
    """Reference to an organisation; one whose code is not ODS-shaped can only be named."""
    if _ODS.fullmatch(code):
        return datatypes.organisation_reference(ids, code, name or None)
    return {"display": name or code} if name or code else None


def organisations(state: State, ids: Ids) -> list[Resource]:
    """The hospital's trust and the registered practice."""
    practice = state.person.practice
    found = [datatypes.organisation(ids, state.organisation, None)]
    if practice and _ODS.fullmatch(practice.code) and practice.code != state.organisation:
        found.append(datatypes.organisation(ids, practice.code, practice.name or None))
    return found


def doctor_reference(ids: Ids, organisation: str, doctor: Doctor) -> Json | None:
    """Reference to a Practitioner; a doctor without an id can only be named."""
    display = _display(doctor)
    if not doctor.id:
        return {"display": display} if display else None
    return datatypes.compact(reference=f"Practitioner/{_practitioner_id(ids, organisation, doctor)}", display=display)


def practitioners(state: State, ids: Ids) -> list[Resource]:
    """A Practitioner for each doctor named, and a PractitionerRole for consultants and the practice's GP."""
    found: dict[str, Resource] = {}
    for doctor in _doctors(state):
        if doctor.id:
            found.setdefault(doctor.id, _practitioner(ids, state.organisation, doctor))
    roles = [_consultant_role(ids, state.organisation, id_) for id_ in found if _CONSULTANT.fullmatch(id_)]
    gp, practice = state.person.gp, state.person.practice
    if gp and _GP.fullmatch(gp.id) and practice and _ODS.fullmatch(practice.code):
        roles.append(_role(ids, gp.id, practice.code, "R0260", "General Medical Practitioner"))
    return [*found.values(), *roles]


def ward_reference(ids: Ids, organisation: str, place: Place) -> Json:
    """Reference to the ward (or, without one, the hospital site); room and bed are in the display."""
    display = ", ".join(part for part in (place.ward, place.room, place.bed) if part) or place.site
    key = (place.site or organisation, place.ward) if place.ward else (place.site,)
    if not key[-1]:
        return {"display": display}
    return {"reference": f"Location/{ids.directory('Location', *key)}", "display": display}


def wards(state: State, ids: Ids) -> list[Resource]:
    """A Location for each ward and each hospital site that a visit names."""
    places = [stay.place for visit in state.visits for stay in visit.stays]
    sites = dict.fromkeys(place.site for place in places if place.site)
    named = dict.fromkeys((place.site, place.ward) for place in places if place.ward)
    return [_site(ids, state.organisation, site) for site in sites] + [
        _ward(ids, state.organisation, site, ward) for site, ward in named
    ]


def _doctors(state: State) -> Iterator[Doctor]:
    if state.person.gp:
        yield state.person.gp
    for visit in state.visits:
        details = visit.details
        for doctor in (details.attending, details.referring, *(details.consulting or ()), details.admitting):
            if doctor:
                yield doctor


def _display(doctor: Doctor) -> str:
    return " ".join(part for part in (doctor.prefix, doctor.given, doctor.family) if part)


def _is_national(doctor: Doctor) -> bool:
    return bool(_CONSULTANT.fullmatch(doctor.id) or _GP.fullmatch(doctor.id))


def _practitioner_id(ids: Ids, organisation: str, doctor: Doctor) -> str:
    key = (doctor.id,) if _is_national(doctor) else (organisation, doctor.id)
    return ids.directory("Practitioner", *key)


def _practitioner(ids: Ids, organisation: str, doctor: Doctor) -> Resource:
    if _is_national(doctor):
        system = uk_core.GMC if _CONSULTANT.fullmatch(doctor.id) else uk_core.GMP
        identifier = {"system": system, "value": doctor.id}
    else:
        identifier = datatypes.local_identifier(organisation, "practitioner", doctor.id)
    name = datatypes.human_name(doctor.family or None, [doctor.given], doctor.prefix or None)
    return uk_core.resource(
        "Practitioner",
        _practitioner_id(ids, organisation, doctor),
        identifier=[identifier],
        active=True,
        name=[name] if name else None,
    )


def _consultant_role(ids: Ids, organisation: str, doctor_id: str) -> Resource:
    return _role(ids, doctor_id, organisation, "R0050", "Consultant")


def _role(ids: Ids, doctor_id: str, organisation: str, job: str, title: str) -> Resource:
    return uk_core.resource(
        "PractitionerRole",
        ids.directory("PractitionerRole", doctor_id, organisation),
        active=True,
        practitioner={"reference": f"Practitioner/{ids.directory('Practitioner', doctor_id)}"},
        organization=datatypes.organisation_reference(ids, organisation),
        code=[datatypes.concept(JOB_ROLE, job, title)],
    )


def _site(ids: Ids, organisation: str, site: str) -> Resource:
    return uk_core.resource(
        "Location",
        ids.directory("Location", site),
        identifier=[{"system": uk_core.ODS_SITE, "value": site}],
        status="active",
        name=site,
        mode="instance",
        physicalType=datatypes.concept(PHYSICAL_TYPE, "si", "Site"),
        managingOrganization=datatypes.organisation_reference(ids, organisation),
    )


def _ward(ids: Ids, organisation: str, site: str, ward: str) -> Resource:
    return uk_core.resource(
        "Location",
        ids.directory("Location", site or organisation, ward),
        identifier=[datatypes.local_identifier(organisation, "ward", ward)],
        status="active",
        name=ward,
        mode="instance",
        physicalType=datatypes.concept(PHYSICAL_TYPE, "wa", "Ward"),
        managingOrganization=datatypes.organisation_reference(ids, organisation),
        partOf={"reference": f"Location/{ids.directory('Location', site)}"} if site else None,
    )
