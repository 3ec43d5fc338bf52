"""The FHIR STU3 resources of GP Connect Access Record: Structured, as typed as we need them.

Fields are those that GP Connect's CareConnect-GPC profiles fill (https://simplifier.net/guide/gp-connect-access-record-structured);
`soundness` names what a resource carries beyond them, so nothing is dropped unsaid. A field without a default is
mandatory: a resource without it is not sound. Codes with a closed list are `Literal`, so that a mapping is total.
"""

from typing import Annotated, Literal

from msgspec import Meta as Constraint

from adapters.gp.datatypes import Address as Address
from adapters.gp.datatypes import Annotation as Annotation
from adapters.gp.datatypes import Code as Code
from adapters.gp.datatypes import CodeableConcept as CodeableConcept
from adapters.gp.datatypes import Coding as Coding
from adapters.gp.datatypes import ContactPoint as ContactPoint
from adapters.gp.datatypes import Count as Count
from adapters.gp.datatypes import Date as Date
from adapters.gp.datatypes import DateTime as DateTime
from adapters.gp.datatypes import Element as Element
from adapters.gp.datatypes import Extension as Extension
from adapters.gp.datatypes import HumanName as HumanName
from adapters.gp.datatypes import Id as Id
from adapters.gp.datatypes import Identifier as Identifier
from adapters.gp.datatypes import Meta as Meta
from adapters.gp.datatypes import Period as Period
from adapters.gp.datatypes import Positive as Positive
from adapters.gp.datatypes import Quantity as Quantity
from adapters.gp.datatypes import Reference as Reference
from adapters.gp.datatypes import Resource as Resource
from adapters.gp.datatypes import Text as Text
from adapters.gp.datatypes import Uri as Uri
from adapters.gp.investigations import Attachment as Attachment
from adapters.gp.investigations import Collection as Collection
from adapters.gp.investigations import DiagnosticReport as DiagnosticReport
from adapters.gp.investigations import DocumentContent as DocumentContent
from adapters.gp.investigations import DocumentContext as DocumentContext
from adapters.gp.investigations import DocumentReference as DocumentReference
from adapters.gp.investigations import HealthcareService as HealthcareService
from adapters.gp.investigations import ReportPerformer as ReportPerformer
from adapters.gp.investigations import Specimen as Specimen
from adapters.gp.orders import DispenseRequest as DispenseRequest
from adapters.gp.orders import Dosage as Dosage
from adapters.gp.orders import Medication as Medication
from adapters.gp.orders import MedicationRequest as MedicationRequest
from adapters.gp.orders import MedicationStatement as MedicationStatement
from adapters.gp.orders import ProcedureRequest as ProcedureRequest
from adapters.gp.orders import ReferralRequest as ReferralRequest
from adapters.gp.orders import Requester as Requester
from adapters.gp.orders import RequestIntent as RequestIntent
from adapters.gp.orders import RequestPriority as RequestPriority
from adapters.gp.orders import RequestStatus as RequestStatus


class Contact(Element, frozen=True, kw_only=True):
    """Patient.contact."""

    relationship: tuple[CodeableConcept, ...] = ()
    name: HumanName | None = None
    telecom: tuple[ContactPoint, ...] = ()
    address: Address | None = None
    gender: Literal["male", "female", "other", "unknown"] | None = None
    organization: Reference | None = None


class Patient(Resource, frozen=True, kw_only=True):
    active: bool | None = None
    name: tuple[HumanName, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    gender: Literal["male", "female", "other", "unknown"] | None = None
    birth_date: Date | None = None
    deceased_date_time: DateTime | None = None
    address: tuple[Address, ...] = ()
    contact: tuple[Contact, ...] = ()
    general_practitioner: tuple[Reference, ...] = ()
    managing_organization: Reference | None = None


class Organization(Resource, frozen=True, kw_only=True):
    type: tuple[CodeableConcept, ...] = ()
    name: Text | None = None
    telecom: tuple[ContactPoint, ...] = ()
    address: tuple[Address, ...] = ()


class Practitioner(Resource, frozen=True, kw_only=True):
    name: tuple[HumanName, ...] = ()
    telecom: tuple[ContactPoint, ...] = ()
    gender: Literal["male", "female", "other", "unknown"] | None = None


class PractitionerRole(Resource, frozen=True, kw_only=True):
    practitioner: Reference | None = None
    organization: Reference | None = None
    code: tuple[CodeableConcept, ...] = ()


class Location(Resource, frozen=True, kw_only=True):
    status: Literal["active", "suspended", "inactive"] | None = None
    name: Text | None = None
    description: Text | None = None
    type: CodeableConcept | None = None
    telecom: tuple[ContactPoint, ...] = ()
    address: Address | None = None
    managing_organization: Reference | None = None


class EncounterParticipant(Element, frozen=True, kw_only=True):
    type: tuple[CodeableConcept, ...] = ()
    individual: Reference | None = None


class EncounterLocation(Element, frozen=True, kw_only=True):
    location: Reference


class Encounter(Resource, frozen=True, kw_only=True):
    status: Literal[
        "planned",
        "arrived",
        "triaged",
        "in-progress",
        "onleave",
        "finished",
        "cancelled",
        "entered-in-error",
        "unknown",
    ]
    subject: Reference
    type: tuple[CodeableConcept, ...] = ()
    incoming_referral: tuple[Reference, ...] = ()
    participant: tuple[EncounterParticipant, ...] = ()
    period: Period | None = None
    length: Quantity | None = None
    reason: tuple[CodeableConcept, ...] = ()
    location: tuple[EncounterLocation, ...] = ()
    service_provider: Reference | None = None


class Condition(Resource, frozen=True, kw_only=True):
    subject: Reference
    code: CodeableConcept
    clinical_status: Literal["active", "recurrence", "inactive", "remission", "resolved"] | None = None
    verification_status: (
        Literal["provisional", "differential", "confirmed", "refuted", "entered-in-error", "unknown"] | None
    ) = None
    category: tuple[CodeableConcept, ...] = ()
    severity: CodeableConcept | None = None
    context: Reference | None = None
    onset_date_time: DateTime | None = None
    abatement_date_time: DateTime | None = None
    asserted_date: DateTime | None = None
    asserter: Reference | None = None
    note: tuple[Annotation, ...] = ()


class Reaction(Element, frozen=True, kw_only=True):
    """AllergyIntolerance.reaction; a manifestation is mandatory in STU3 and R4."""

    manifestation: Annotated[tuple[CodeableConcept, ...], Constraint(min_length=1)]
    substance: CodeableConcept | None = None
    description: Text | None = None
    severity: Literal["mild", "moderate", "severe"] | None = None
    exposure_route: CodeableConcept | None = None


class AllergyIntolerance(Resource, frozen=True, kw_only=True):
    patient: Reference
    code: CodeableConcept
    clinical_status: Literal["active", "inactive", "resolved"] | None = None
    verification_status: Literal["unconfirmed", "confirmed", "refuted", "entered-in-error"] | None = None
    type: Literal["allergy", "intolerance"] | None = None
    category: tuple[Literal["food", "medication", "environment", "biologic"], ...] = ()
    criticality: Literal["low", "high", "unable-to-assess"] | None = None
    onset_date_time: DateTime | None = None
    asserted_date: DateTime | None = None
    recorder: Reference | None = None
    asserter: Reference | None = None
    last_occurrence: DateTime | None = None
    note: tuple[Annotation, ...] = ()
    reaction: tuple[Reaction, ...] = ()


class Related(Element, frozen=True, kw_only=True):
    """Observation.related; GP Connect uses it to hold panels together."""

    target: Reference
    type: Literal["has-member", "derived-from"]


class ReferenceRange(Element, frozen=True, kw_only=True):
    low: Quantity | None = None
    high: Quantity | None = None
    text: Text | None = None


class Component(Element, frozen=True, kw_only=True):
    code: CodeableConcept
    value_quantity: Quantity | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_string: Text | None = None
    data_absent_reason: CodeableConcept | None = None
    interpretation: CodeableConcept | None = None
    reference_range: tuple[ReferenceRange, ...] = ()


class Observation(Resource, frozen=True, kw_only=True):
    status: Literal[
        "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"
    ]
    code: CodeableConcept
    subject: Reference
    category: tuple[CodeableConcept, ...] = ()
    context: Reference | None = None
    effective_date_time: DateTime | None = None
    effective_period: Period | None = None
    issued: DateTime | None = None
    performer: tuple[Reference, ...] = ()
    value_quantity: Quantity | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_string: Text | None = None
    interpretation: CodeableConcept | None = None
    comment: Text | None = None
    body_site: CodeableConcept | None = None
    method: CodeableConcept | None = None
    specimen: Reference | None = None
    reference_range: tuple[ReferenceRange, ...] = ()
    related: tuple[Related, ...] = ()
    component: tuple[Component, ...] = ()


class ImmunizationPractitioner(Element, frozen=True, kw_only=True):
    actor: Reference
    role: CodeableConcept | None = None


class Explanation(Element, frozen=True, kw_only=True):
    """Immunization.explanation."""

    reason: tuple[CodeableConcept, ...] = ()
    reason_not_given: tuple[CodeableConcept, ...] = ()


class VaccinationProtocol(Element, frozen=True, kw_only=True):
    dose_sequence: Positive | None = None
    series_doses: Positive | None = None
    target_disease: tuple[CodeableConcept, ...] = ()


class Immunization(Resource, frozen=True, kw_only=True):
    status: Literal["completed", "entered-in-error"]
    not_given: bool
    vaccine_code: CodeableConcept
    patient: Reference
    encounter: Reference | None = None
    date: DateTime | None = None
    primary_source: bool | None = None
    location: Reference | None = None
    manufacturer: Reference | None = None
    lot_number: Text | None = None
    expiration_date: Date | None = None
    site: CodeableConcept | None = None
    route: CodeableConcept | None = None
    dose_quantity: Quantity | None = None
    practitioner: tuple[ImmunizationPractitioner, ...] = ()
    note: tuple[Annotation, ...] = ()
    explanation: Explanation | None = None
    vaccination_protocol: tuple[VaccinationProtocol, ...] = ()


class ListEntry(Element, frozen=True, kw_only=True):
    item: Reference


class List(Element, frozen=True, kw_only=True, tag_field="resourceType", tag="List"):
    """One clinical area, or one consultation, topic or category; areas have no id."""

    code: CodeableConcept
    id: Text | None = None
    meta: Meta | None = None
    extension: tuple[Extension, ...] = ()
    status: Text | None = None
    mode: Text | None = None
    title: Text | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    date: DateTime | None = None
    ordered_by: CodeableConcept | None = None
    note: tuple[Annotation, ...] = ()
    entry: tuple[ListEntry, ...] = ()
    empty_reason: CodeableConcept | None = None


Clinical = (
    Encounter
    | Condition
    | AllergyIntolerance
    | Observation
    | Immunization
    | MedicationStatement
    | MedicationRequest
    | ReferralRequest
    | ProcedureRequest
    | DiagnosticReport
    | Specimen
    | DocumentReference
)
"""What says something about the person; each refers to them in `subject` or `patient`."""
Directory = Organization | Practitioner | PractitionerRole | Location | HealthcareService | Medication
Kept = Patient | Clinical | Directory
"""The resources that a record keeps."""
