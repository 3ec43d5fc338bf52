"""The person and their registrations -> Patient, alike for every table data set.

They carry no names: number, birth date, postcode, gender and practice say who it is."""

from collections.abc import Sequence

from adapters.tables.records import Person, Registration
from mappings import uk_core
from mappings.datatypes import Json, address, compact, concept, local_identifier, nhs_number, organisation_reference
from mappings.ids import Ids
from mappings.tables import codes

_NO_PRACTICE = frozenset({"V81997", "V81998", "V81999"})
"""ODS default codes for no registered practice, not applicable and not known: no organisation stands behind them."""
_NOT_TRACED = "02"
"""A number sent without a status is present, and nobody said that it was traced."""


def patient(
    person: Person, registrations: Sequence[Registration], ids: Ids, *, gender: Json | None, marital: Json | None = None
) -> uk_core.Resource:
    """UKCore-Patient: the provider's statement of who this is. `gender` and `marital`: target codings, of lists that
    differ between data sets."""
    practice = registered_practice(registrations)
    return uk_core.resource(
        "Patient",
        ids.own("Patient"),
        extension=_extensions(person),
        identifier=_identifiers(person),
        active=True,
        gender=gender["code"] if gender else None,
        birthDate=person.birth_date,
        deceasedDateTime=person.death_date,
        address=[home] if (home := address((), None, person.postcode)) else None,
        maritalStatus={"coding": [marital]} if marital else None,
        communication=_communication(person.language),
        generalPractitioner=[organisation_reference(ids, practice)] if practice else None,
        managingOrganization=organisation_reference(ids, person.organisation),
    )


def registered_practice(registrations: Sequence[Registration]) -> str | None:
    """ODS code of the practice of the latest registration that has not ended; None when there is none."""
    current = [one for one in registrations if not one.end and one.practice not in _NO_PRACTICE]
    return max(current, key=lambda one: (one.start or "", one.practice)).practice if current else None


def _identifiers(person: Person) -> list[Json]:
    own = local_identifier(person.organisation, "local-patient", person.local_patient, type_code="PI")
    if not person.nhs_number:
        return [own]
    status = codes.target_only("CsdsNhsNumberStatus", person.nhs_number_status or _NOT_TRACED)
    code, display = (status["code"], status.get("display")) if status else (_NOT_TRACED, None)
    return [nhs_number(person.nhs_number, code, display), own]


def _extensions(person: Person) -> list[Json]:
    ethnic = codes.target_only("CsdsEthnicCategory", person.ethnic_category)
    extensions = []
    if ethnic:
        extensions.append(_extension("EthnicCategory", {"coding": [ethnic]}))
    elif sent := codes.mapped("CsdsEthnicCategory", person.ethnic_category):
        extensions.append(_extension("EthnicCategory", sent))
    if not person.nhs_number:
        system = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberUnavailableReason"
        reason = concept(system, "nhs-number-not-known", "NHS number not known")
        extensions.append(_extension("NHSNumberUnavailableReason", reason))
    return extensions


def _extension(name: str, value: Json) -> Json:
    return {"url": f"{uk_core.EXTENSION}{name}", "valueCodeableConcept": value}


def _communication(language: str | None) -> list[Json]:
    """Patient.communication is bound to BCP 47; a form of writing (Braille, Makaton) is told in words."""
    if not language:
        return []
    spoken = codes.target_only("CsdsLanguage", language)
    text = codes.words("CsdsLanguage", language) or language
    return [{"language": compact(coding=[spoken] if spoken else None, text=text), "preferred": True}]
