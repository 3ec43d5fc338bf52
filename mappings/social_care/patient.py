"""Person module -> Patient, as the council states it. CLD has no names."""

from adapters.social_care.records import Person
from mappings import datatypes, uk_core
from mappings.concept_maps import translate
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

PERSON_ID = "la-person-id"
"""Kind of the council's own identifiers of people (`uk_core.local_system`)."""
_PSEUDONYM = "cld-pseudonym"
_SUBMITTED = ("02", "Number present but not traced")
"""A council submits NHS numbers; CLD does not say whether it traced them, so they are never taken as verified."""
_UNAVAILABLE = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberUnavailableReason"


def patient(person: Person, ids: Ids) -> Resource:
    """UKCore-Patient with the council's id, the NHS number (present, not traced), sex, birth date, postcode, practice,
    ethnic category and date of death."""
    gender = translate("CldGender", person.gender) if person.gender else None
    return uk_core.resource(
        "Patient",
        ids.own("Patient"),
        extension=_extensions(person),
        identifier=_identifiers(person, ids),
        active=True,
        gender=gender["code"] if gender else None,
        birthDate=person.birth_date,
        deceasedDateTime=person.death_date,
        address=[home] if (home := datatypes.address((), None, person.postcode)) else [],
        generalPractitioner=_practice(person, ids),
        managingOrganization=datatypes.organisation_reference(ids, ids.patient.organisation),
    )


def _identifiers(person: Person, ids: Ids) -> list[Json]:
    organisation = ids.patient.organisation
    identifiers = [datatypes.local_identifier(organisation, PERSON_ID, person.local_id)]
    if person.nhs_number:
        identifiers.insert(0, datatypes.nhs_number(person.nhs_number, *_SUBMITTED))
    if person.pseudonym:
        identifiers.append(datatypes.local_identifier(organisation, _PSEUDONYM, person.pseudonym))
    return identifiers


def _extensions(person: Person) -> list[Json]:
    extensions: list[Json] = []
    if person.ethnicity:
        coding = translate("CldEthnicity", person.ethnicity)
        value = datatypes.compact(coding=[coding] if coding else [], text=person.ethnicity)
        extensions.append({"url": f"{uk_core.EXTENSION}EthnicCategory", "valueCodeableConcept": value})
    if not person.nhs_number:
        unknown = datatypes.concept(_UNAVAILABLE, "nhs-number-not-known", "NHS number not known")
        url = f"{uk_core.EXTENSION}NHSNumberUnavailableReason"
        extensions.append({"url": url, "valueCodeableConcept": unknown})
    return extensions


def _practice(person: Person, ids: Ids) -> list[Json]:
    if person.practice_code:
        return [datatypes.organisation_reference(ids, person.practice_code, person.practice_name)]
    return [{"display": person.practice_name}] if person.practice_name else []
