"""PID, PD1, ZU8 and A40 -> UKCore-Patient: the hospital's statement of who this is."""

from itertools import chain

from adapters.acute.identifiers import ASSIGNED, NOT_TRACED, numbered
from adapters.acute.records import Identifier, Person, State
from mappings import datatypes, uk_core
from mappings.acute.datatypes import address, concept, gender, human_name, labelled, slug, telecom
from mappings.acute.directory import doctor_reference, organisation_or_name
from mappings.concept_maps import translate
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

HIDDEN = ("1", "2")
"""ZU8-4: hidden by the hospital, hidden by the PDS S-flag."""
BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
UNAVAILABLE = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberUnavailableReason"
RELIABILITY = "https://toldonce.example/CodeSystem/itk-hl7v2-0445"
IDENTITY_UNKNOWN = {"system": "https://toldonce.example/CodeSystem/identity", "code": "identity-unknown"}
"""PID-31: nobody knows who this is; matching must leave the record alone."""


def patient(state: State, ids: Ids) -> Resource:
    """The Patient; inactive once another record of the hospital replaced it."""
    person = state.person
    birth = person.birth_date or ""
    built = uk_core.resource(
        "Patient",
        ids.own("Patient"),
        extension=_extensions(person),
        identifier=_identifiers(state),
        active=state.replaced_by is None,
        name=[name for name in map(human_name, person.names or ()) if name],
        telecom=_telecoms(person),
        gender=gender(person.sex),
        birthDate=birth[:10],
        _birthDate={"extension": [{"url": BIRTH_TIME, "valueDateTime": birth}]} if "T" in birth else None,
        deceasedDateTime=state.died,
        deceasedBoolean=None if state.died or not (state.dead or person.dead == "N") else state.dead,
        address=[one for one in map(address, person.addresses or ()) if one],
        maritalStatus=concept("AcuteMaritalStatus", person.marital_status),
        communication=_communication(person),
        generalPractitioner=_general_practitioner(state, ids),
        managingOrganization=datatypes.organisation_reference(ids, state.organisation),
        link=_links(state, ids),
    )
    return labelled(built, _security(person), _tags(person))


def is_hidden(person: Person) -> bool:
    """Whether what locates the person must not be shown."""
    return person.location_hiding in HIDDEN


def _security(person: Person) -> list[Json]:
    if not is_hidden(person):
        return []
    return [
        datatypes.security_label(uk_core.CONFIDENTIALITY, "R"),
        datatypes.security_label(uk_core.ACT_CODE, "LOCIS"),
    ]


def _tags(person: Person) -> list[Json]:
    tags: list[Json] = [{"system": RELIABILITY, "code": code} for code in person.reliability or ()]
    return [*tags, IDENTITY_UNKNOWN] if person.identity_unknown == "Y" else tags


def _extensions(person: Person) -> list[Json]:
    ethnicity = concept("AcuteEthnicCategory", (person.ethnicity or "").upper())
    found: list[Json] = []
    if ethnicity:
        found.append({"url": f"{uk_core.EXTENSION}EthnicCategory", "valueCodeableConcept": ethnicity})
    if not person.nhs_number:
        reason = datatypes.concept(UNAVAILABLE, "nhs-number-not-known", "NHS number not known")
        found.append({"url": f"{uk_core.EXTENSION}NHSNumberUnavailableReason", "valueCodeableConcept": reason})
    if person.birth_place:
        found.append({"url": BIRTH_PLACE, "valueAddress": {"text": person.birth_place}})
    return found


def _identifiers(state: State) -> list[Json]:
    """The NHS number with its status, the MRN, other ids, and the ids of records that this one took over."""
    person = state.person
    found: list[Json] = []
    if person.nhs_number:
        status = person.nhs_number_status or NOT_TRACED
        display = (translate("AcuteNhsNumberStatus", status) or {}).get("display")
        found.append(datatypes.nhs_number(person.nhs_number, status, display))
    if not state.local_id.startswith("nhs:"):
        found.append(_mrn(state.organisation, state.local_id))
    found += [
        _other(state.organisation, one)
        for one in person.identifiers or ()
        if one.value and numbered(one, state.organisation) != state.local_id
    ]
    former = chain.from_iterable(merge.identifiers for merge in state.survives)
    old = dict.fromkeys(numbered(one, state.organisation) for one in former)
    return found + [
        {"use": "old", **_mrn(state.organisation, local_id)} for local_id in old if local_id != state.local_id
    ]


def _mrn(organisation: str, local_id: str) -> Json:
    value, _, assigner = local_id.partition(ASSIGNED)
    return datatypes.local_identifier(organisation, slug(assigner) or "mrn", value, type_code="MR")


def _other(organisation: str, one: Identifier) -> Json:
    return datatypes.local_identifier(organisation, slug(one.authority) or slug(one.type) or "other", one.value)


def _telecoms(person: Person) -> list[Json]:
    home = (telecom(one, "home") for one in person.telecoms or ())
    work = (telecom(one, "work") for one in person.work_telecoms or ())
    return [one for one in (*home, *work) if one]


def _communication(person: Person) -> list[Json] | None:
    language = concept("AcuteLanguage", (person.language or "").lower())
    return [{"language": language}] if language else None


def _general_practitioner(state: State, ids: Ids) -> list[Json]:
    practice, gp = state.person.practice, state.person.gp
    found = [
        organisation_or_name(ids, practice.code, practice.name) if practice else None,
        doctor_reference(ids, state.organisation, gp) if gp else None,
    ]
    return [one for one in found if one]


def _links(state: State, ids: Ids) -> list[Json]:
    links = [_link(ids, merge.discarded, "replaces") for merge in state.survives]
    return [*links, _link(ids, state.replaced_by, "replaced-by")] if state.replaced_by else links


def _link(ids: Ids, local_id: str, kind: str) -> Json:
    return {"other": {"reference": f"Patient/{ids.other_patient(local_id)}"}, "type": kind}
