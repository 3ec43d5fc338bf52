"""NK1 -> UKCore-RelatedPerson; an inpatient's team, and the informal carers -> UKCore-CareTeam."""

from collections import Counter

from adapters.acute.records import Relative, State, VisitState
from mappings import datatypes, uk_core
from mappings.acute.datatypes import address, concept, gender, human_name, labelled, telecom
from mappings.acute.directory import doctor_reference
from mappings.acute.encounter import INPATIENT, RESTRICTED, encounter_class, is_sensitive
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

CARER = frozenset({"20", "CGV"})
"""NK1-3 of somebody who cares without pay (ITK table 0063; HL7's care giver)."""


def related_persons(state: State, ids: Ids) -> list[Resource]:
    """One RelatedPerson per next of kin."""
    return [_related_person(relative, key, ids) for relative, key in _keyed(state)]


def care_teams(state: State, ids: Ids) -> list[Resource]:
    """A CareTeam for each present inpatient stay that names a consultant, and one of the informal carers."""
    carers = [
        _carer(relative, key, ids) for relative, key in _keyed(state) if relative.relationship.code.upper() in CARER
    ]
    teams = [_inpatient_team(visit, carers, state, ids) for visit in state.visits if _is_inpatient(visit)]
    return [*teams, _carers_team(carers, ids)] if carers else teams


def _keyed(state: State) -> list[tuple[Relative, tuple[str, ...]]]:
    """Each relative with a key of who they are: NK1-1 is only a place in the message's list."""
    seen: Counter[tuple[str, ...]] = Counter()
    found: list[tuple[Relative, tuple[str, ...]]] = []
    for relative in state.person.relatives or ():
        key = (relative.name.family, " ".join(relative.name.given), relative.relationship.code)
        seen[key] += 1
        found.append((relative, (*key, str(seen[key]))))
    return found


def _related_person(relative: Relative, key: tuple[str, ...], ids: Ids) -> Resource:
    name = human_name(relative.name)
    return uk_core.resource(
        "RelatedPerson",
        ids.own("RelatedPerson", *key),
        active=True,
        patient=datatypes.subject(),
        relationship=_relationships(relative),
        name=[name] if name else None,
        telecom=[one for one in map(telecom, relative.telecoms) if one],
        gender=gender(relative.sex),
        birthDate=relative.birth_date[:10],
        address=[one for one in map(address, relative.addresses) if one],
    )


def _relationships(relative: Relative) -> list[Json]:
    """NK1-3, and NK1-7 (the role as a contact) as far as they are known."""
    found = [
        concept("AcuteRelationship", coded.code.upper(), coded.text or None)
        for coded in (relative.relationship, relative.role)
    ]
    return [one for one in found if one]


def _is_inpatient(visit: VisitState) -> bool:
    return (
        visit.status in ("in-progress", "onleave") and encounter_class(visit.details.patient_class)["code"] in INPATIENT
    )


def _inpatient_team(visit: VisitState, carers: list[Json], state: State, ids: Ids) -> Resource:
    details = visit.details
    ward = visit.stays[-1].place.ward if visit.stays else ""
    built = uk_core.resource(
        "CareTeam",
        ids.own("CareTeam", details.number, details.authority),
        status="active",
        name=f"Inpatient team, {ward}" if ward else "Inpatient team",
        subject=datatypes.subject(),
        encounter=datatypes.own_reference(ids, "Encounter", details.number, details.authority),
        period=datatypes.period(visit.start),
        participant=[*_consultant(visit, state, ids), *carers],
        managingOrganization=[datatypes.organisation_reference(ids, state.organisation)],
    )
    return labelled(built, [RESTRICTED] if is_sensitive(details) else [])


def _consultant(visit: VisitState, state: State, ids: Ids) -> list[Json]:
    doctor = visit.details.attending
    member = doctor_reference(ids, state.organisation, doctor) if doctor else None
    if member is None:
        return []
    trust = datatypes.organisation_reference(ids, state.organisation)
    return [{"role": [{"text": "Attending consultant"}], "member": member, "onBehalfOf": trust}]


def _carer(relative: Relative, key: tuple[str, ...], ids: Ids) -> Json:
    display = " ".join((*relative.name.given, relative.name.family)).strip()
    return {
        "role": [datatypes.snomed("133932002", "Caregiver", text="Informal carer")],
        "member": datatypes.own_reference(ids, "RelatedPerson", *key, display=display),
    }


def _carers_team(carers: list[Json], ids: Ids) -> Resource:
    """Without a managing organisation: that a hospital knows of a carer is no care relationship of the hospital."""
    return uk_core.resource(
        "CareTeam",
        ids.own("CareTeam", "informal carers"),
        status="active",
        name="Informal carers",
        subject=datatypes.subject(),
        participant=carers,
    )
