"""FHIR STU3 resources of investigations and documents: reports, specimens, document metadata, healthcare services.

https://simplifier.net/guide/gp-connect-access-record-structured (CareConnect-GPC-DiagnosticReport-1, -Specimen-1,
-DocumentReference-1) and CareConnect-HealthcareService-1.
"""

from typing import Literal

from adapters.gp.datatypes import (
    Annotation,
    CodeableConcept,
    Count,
    DateTime,
    Element,
    Identifier,
    Period,
    Quantity,
    Reference,
    Resource,
    Text,
    Uri,
)


class ReportPerformer(Element, frozen=True, kw_only=True):
    """DiagnosticReport.performer."""

    actor: Reference
    role: CodeableConcept | None = None


class DiagnosticReport(Resource, frozen=True, kw_only=True):
    status: Literal[
        "registered", "partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled",
        "entered-in-error", "unknown",
    ]  # fmt: skip
    code: CodeableConcept
    subject: Reference
    category: CodeableConcept | None = None
    based_on: tuple[Reference, ...] = ()
    context: Reference | None = None
    effective_date_time: DateTime | None = None
    effective_period: Period | None = None
    issued: DateTime | None = None
    performer: tuple[ReportPerformer, ...] = ()
    specimen: tuple[Reference, ...] = ()
    result: tuple[Reference, ...] = ()
    conclusion: Text | None = None
    coded_diagnosis: tuple[CodeableConcept, ...] = ()


class Collection(Element, frozen=True, kw_only=True):
    """Specimen.collection."""

    collector: Reference | None = None
    collected_date_time: DateTime | None = None
    collected_period: Period | None = None
    quantity: Quantity | None = None
    method: CodeableConcept | None = None
    body_site: CodeableConcept | None = None


class Specimen(Resource, frozen=True, kw_only=True):
    subject: Reference
    status: Literal["available", "unavailable", "unsatisfactory", "entered-in-error"] | None = None
    accession_identifier: Identifier | None = None
    type: CodeableConcept | None = None
    received_time: DateTime | None = None
    request: tuple[Reference, ...] = ()
    collection: Collection | None = None
    note: tuple[Annotation, ...] = ()


class Attachment(Element, frozen=True, kw_only=True):
    """What a document is. `url` leads to the practice's own document service (GP Connect Access Document)."""

    content_type: Text | None = None
    url: Uri | None = None
    size: Count | None = None
    title: Text | None = None
    creation: DateTime | None = None


class DocumentContent(Element, frozen=True, kw_only=True):
    attachment: Attachment


class DocumentContext(Element, frozen=True, kw_only=True):
    encounter: Reference | None = None
    event: tuple[CodeableConcept, ...] = ()
    period: Period | None = None
    practice_setting: CodeableConcept | None = None


class DocumentReference(Resource, frozen=True, kw_only=True):
    """That a document exists; the document itself is not part of a structured record."""

    status: Literal["current", "superseded", "entered-in-error"]
    type: CodeableConcept
    indexed: DateTime
    subject: Reference | None = None
    created: DateTime | None = None
    author: tuple[Reference, ...] = ()
    custodian: Reference | None = None
    description: Text | None = None
    content: tuple[DocumentContent, ...] = ()
    context: DocumentContext | None = None


class HealthcareService(Resource, frozen=True, kw_only=True):
    """Where a referral went."""

    name: Text | None = None
    provided_by: Reference | None = None
    comment: Text | None = None
