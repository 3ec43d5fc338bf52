"""What the Personal Demographics Service (PDS) says: its answers about one NHS number, and its present view of it.

A source patient of this feed is an NHS number. Each answer to a question by number is all that PDS says of it.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from adapters.pds import resources as r4

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
UNRESTRICTED = "U"

CARRIED = ("DeathNotificationStatus", "ContactPreference", "NHSCommunication", "patient-birthPlace")
"""Extensions of a Patient or RelatedPerson that are read: how their URL ends."""
LEFT_OUT = {
    "NominatedPharmacy": "where somebody collects their medicines is no need of this record, and locates them",
    "PreferredDispenserOrganization": "as NominatedPharmacy",
    "DispensingDoctor": "as NominatedPharmacy",
    "MedicalApplianceSupplier": "as NominatedPharmacy",
    "PDS-RemovalFromRegistration": "the period of the registration with the practice says the same",
    "CopyCorrespondenceIndicator": "no letters are sent from this record",
    "ContactRank": "UK Core has it on Patient.contact alone",
}
"""Extensions that are deliberately not read, and why. Every other one is a Defect."""

AbsentCode = Literal["RESOURCE_NOT_FOUND", "INVALIDATED_RESOURCE"]


class Answer(Struct, frozen=True, kw_only=True, tag="patient"):
    """The record of the number that was asked for."""

    patient: r4.Patient


class Match(Struct, frozen=True, kw_only=True, tag="match"):
    """The only record that fits a search: a part of it. `score`: PDS's own, 1 where every parameter agreed, which is
    no proof of being the same person."""

    patient: r4.Patient
    score: float | None = None


class Superseded(Struct, frozen=True, kw_only=True, tag="superseded"):
    """Asked for this number, PDS answered with the record of another one, which has replaced it."""

    patient: r4.Patient


class Absent(Struct, frozen=True, kw_only=True, tag="absent"):
    """PDS has no record of this number, or none any more (invalidated, and replaced by no other)."""

    code: AbsentCode


class Related(Struct, frozen=True, kw_only=True, tag="related"):
    """All people whom PDS relates to the person, in the order in which PDS lists them."""

    people: tuple[r4.RelatedPerson, ...] = ()


Said = Answer | Match | Superseded | Absent | Related


class State(Struct, frozen=True, kw_only=True):
    """PDS's present view of one NHS number. `superseded`: `patient` is the record of the number that replaced it.
    `lost`: PDS has not found the number since, and does not say why."""

    number: str
    patient: r4.Patient
    superseded: bool
    lost: bool = False
    related: tuple[r4.RelatedPerson, ...] = ()
    as_at: str
    """UTC: when PDS last said something of it."""


def is_restricted(patient: r4.Patient) -> bool:
    """Whether the person's whereabouts must not be shown. PDS marks everybody; whoever is not marked as unrestricted
    counts as restricted."""
    return UNRESTRICTED not in _confidentiality(patient)


def _confidentiality(patient: r4.Patient) -> Iterable[str | None]:
    security = patient.meta.security if patient.meta else ()
    return {label.code for label in security if label.system == CONFIDENTIALITY}
