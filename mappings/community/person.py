"""CYP001, CYP002 -> Patient. CSDS carries no names: number, birth date, postcode, gender and practice say who it is."""

from collections.abc import Sequence

from adapters.community.records import MasterPatientIndex, Registration, State
from mappings import uk_core
from mappings.community import codes
from mappings.datatypes import (
    Json,
    address,
    compact,
    concept,
    local_identifier,
    nhs_number,
    organisation_reference,
)
from mappings.ids import Ids

_NO_PRACTICE = frozenset({"V81997", "V81998", "V81999"})
"""ODS default codes for no registered practice, not applicable and not known: no organisation stands behind them."""
_NOT_TRACED = "02"
"""A number sent without a status is present, and nobody said that it was traced."""


def patient(state: State, ids: Ids) -> uk_core.Resource:
    """UKCore-Patient: the provider's statement of who this is."""
    person = state.person
    practice = registered_practice(state.registrations)
    return uk_core.resource(
        "Patient",
        ids.own("Patient"),
        extension=_extensions(person),
        identifier=_identifiers(person),
        active=True,
        gender=(codes.target_only("CsdsStatedGender", person.gender) or {}).get("code"),
        birthDate=person.birth_date,
        deceasedDateTime=person.death_date,
        address=[home] if (home := address((), None, person.postcode)) else None,
        communication=_communication(person.language),
        generalPractitioner=[organisation_reference(ids, practice)] if practice else None,
        managingOrganization=organisation_reference(ids, person.organisation),
    )


def registered_practice(registrations: Sequence[Registration]) -> str | None:
    """ODS code of the practice of the latest registration that has not ended; None when there is none."""
    current = [one for one in registrations if not one.end and one.practice not in _NO_PRACTICE]
    return max(current, key=lambda one: (one.start or "", one.practice)).practice if current else None


def _identifiers(person: MasterPatientIndex) -> list[Json]:
    own = local_identifier(person.organisation, "local-patient", person.local_patient, type_code="PI")
    if not person.nhs_number:
        return [own]
    status = codes.target_only("CsdsNhsNumberStatus", person.nhs_number_status or _NOT_TRACED)
    code, display = (status["code"], status.get("display")) if status else (_NOT_TRACED, None)
    return [nhs_number(person.nhs_number, code, display), own]


def _extensions(person: MasterPatientIndex) -> list[Json]:
    ethnic = codes.target_only("CsdsEthnicCategory", person.ethnic_category)
    extensions = []
    if ethnic:
        extensions.append(_extension("EthnicCategory", {"coding": [ethnic]}))
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
