"""What a general practice says: its answers to GP Connect `$gpc.getstructuredrecord`, and its present view of a person.

Each answer is the practice's whole current view: there is no delta and no delete. A refusal is an answer too.
"""

from typing import Literal

from msgspec import Struct

from adapters.gp import stu3

LIST_WARNING = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-ListWarningCode-1"
VERIFICATION = (
    "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-NHSNumberVerificationStatus-1",
    "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-NHSNumberVerificationStatus-1",
)
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"
SNOMED = "http://snomed.info/sct"

NOT_CARRIED = {
    "QuestionnaireResponse": "groups Observations of a template under its title, a free text that no list of sensitive "
    "codes can judge; the Observations themselves are carried",
}
"""Resource types that are deliberately left out, and why. Every other unknown type is a Defect."""


class ListWarning(Struct, frozen=True, kw_only=True):
    """A clinical area that the practice says is incomplete (GP Connect warning codes): `confidential-items`,
    `data-in-transit`, `data-awaiting-filing`. `area`: SNOMED code of the list; never which consultation."""

    area: str
    code: str


class LeftOut(Struct, frozen=True, kw_only=True):
    """How many resources of a deliberately left out type the answer held."""

    type: str
    count: int


class StructuredRecord(Struct, frozen=True, kw_only=True, tag="structured-record"):
    """The record of one person as the practice holds it. `nhs_number`: ten digits with a valid check digit, or None."""

    nhs_number: str | None
    patient: stu3.Patient
    resources: tuple[stu3.Clinical | stu3.Directory, ...] = ()
    warnings: tuple[ListWarning, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Refusal(Struct, frozen=True, kw_only=True, tag="refusal"):
    """NO_PATIENT_CONSENT: the person objects to the practice sharing their record."""

    nhs_number: str


class Withheld(Struct, frozen=True, kw_only=True, tag="withheld"):
    """The practice does not give the record, and does not say why: PATIENT_NOT_FOUND stands for not found, inactive,
    deceased, temporary, not verified and sensitive alike, so it means neither "no record" nor death."""

    nhs_number: str
    code: Literal["PATIENT_NOT_FOUND", "NO_ORGANISATION_CONSENT"]


Answer = StructuredRecord | Refusal | Withheld


class Objection(Struct, frozen=True, kw_only=True):
    """From the first refusal to the next record that was shared (None = still objecting), UTC."""

    start: str
    end: str | None = None


class State(Struct, frozen=True, kw_only=True):
    """A practice's present view of a person.

    `record` is the latest structured record; without clinical content (`withheld`) when the practice has refused or
    not found the person since, and None when it never gave one.
    """

    nhs_number: str | None
    record: StructuredRecord | None
    withheld: bool
    objections: tuple[Objection, ...] = ()
    as_at: str
    """UTC: when the latest answer was made."""
