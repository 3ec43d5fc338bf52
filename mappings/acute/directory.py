"""The organisations and clinicians that a hospital's statements refer to; the same for every person."""

import re
from collections.abc import Iterator
from functools import lru_cache

from adapters.acute.records import Doctor, State
from mappings import datatypes, uk_core
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

kept = lru_cache(maxsize=4096)
"""A hospital's thousand patients name the same few doctors and wards: each entry is made once, and never changed."""
JOB_ROLE = "https://fhir.hl7.org.uk/CodeSystem/UKCore-SDSJobRoleName"  # UKC
_CONSULTANT, _GP = re.compile(r"C[0-9]{7}"), re.compile(r"G[0-9]{7}")
_ODS = re.compile(r"[A-Z][A-Z0-9]{2,5}")


def organisation_or_name(ids: Ids, code: str, name: str) -> Json | None:
    """Reference to an organisation; one whose code is not ODS-shaped can only be named."""
    if _ODS.fullmatch(code):
        return datatypes.organisation_reference(ids, code, name or None)
    return {"display": name or code} if name or code else None


def organisations(state: State, ids: Ids) -> list[Resource]:
    """The hospital's trust and the registered practice."""
    practice, anybodys = state.person.practice, ids.of_nobody()
    found = [_organisation(anybodys, state.organisation, None)]
    if practice and _ODS.fullmatch(practice.code) and practice.code != state.organisation:
        found.append(_organisation(anybodys, practice.code, practice.name or None))
    return found


@kept
def _organisation(ids: Ids, code: str, name: str | None) -> Resource:
    return datatypes.organisation(ids, code, name)


def doctor_reference(ids: Ids, organisation: str, doctor: Doctor) -> Json | None:
    """Reference to a consultant in the role at this trust, or to another Practitioner; a doctor without an id can only
    be named."""
    display = _display(doctor)
    if not doctor.id:
        return {"display": display} if display else None
    if _CONSULTANT.fullmatch(doctor.id):
        role = ids.directory("PractitionerRole", doctor.id, organisation)
        return datatypes.compact(reference=f"PractitionerRole/{role}", display=display)
    return datatypes.compact(reference=f"Practitioner/{_practitioner_id(ids, organisation, doctor)}", display=display)


def practitioners(state: State, ids: Ids) -> list[Resource]:
    """A Practitioner for each doctor named, and a PractitionerRole for consultants and the practice's GP."""
    anybodys = ids.of_nobody()
    named: dict[str, Doctor] = {}
    for doctor in _doctors(state):
        if doctor.id:
            named.setdefault(doctor.id, doctor)
    found = [_practitioner(anybodys, state.organisation, doctor) for doctor in named.values()]
    roles = [_consultant_role(anybodys, state.organisation, id_) for id_ in named if _CONSULTANT.fullmatch(id_)]
    gp, practice = state.person.gp, state.person.practice
    if gp and _GP.fullmatch(gp.id) and practice and _ODS.fullmatch(practice.code):
        roles.append(_role(anybodys, gp.id, practice.code, "R0260", "General Medical Practitioner"))
    return [*found, *roles]


def _doctors(state: State) -> Iterator[Doctor]:
    if state.person.gp:
        yield state.person.gp
    for visit in state.visits:
        details = visit.details
        diagnosing = (diagnosis.clinician for diagnosis in details.diagnoses or ())
        named = (details.attending, details.referring, *(details.consulting or ()), details.admitting, *diagnosing)
        yield from (doctor for doctor in named if doctor)


def _display(doctor: Doctor) -> str:
    return " ".join(part for part in (doctor.prefix, doctor.given, doctor.family) if part)


def _is_national(doctor: Doctor) -> bool:
    return bool(_CONSULTANT.fullmatch(doctor.id) or _GP.fullmatch(doctor.id))


def _practitioner_id(ids: Ids, organisation: str, doctor: Doctor) -> str:
    key = (doctor.id,) if _is_national(doctor) else (organisation, doctor.id)
    return ids.directory("Practitioner", *key)


@kept
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


@kept
def _role(ids: Ids, doctor_id: str, organisation: str, job: str, title: str) -> Resource:
    return uk_core.resource(
        "PractitionerRole",
        ids.directory("PractitionerRole", doctor_id, organisation),
        active=True,
        practitioner={"reference": f"Practitioner/{ids.directory('Practitioner', doctor_id)}"},
        organization=datatypes.organisation_reference(ids, organisation),
        code=[datatypes.concept(JOB_ROLE, job, title)],
    )
