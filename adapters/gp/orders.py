"""FHIR STU3 resources of what is ordered: medicines, referrals, and tests and recalls.

https://simplifier.net/guide/gp-connect-access-record-structured (CareConnect-GPC-Medication-1, -MedicationStatement-1,
-MedicationRequest-1, -ReferralRequest-1, -ProcedureRequest-1).
"""

from typing import Literal

from adapters.gp.datatypes import (
    Annotation,
    CodeableConcept,
    DateTime,
    Element,
    Identifier,
    Period,
    Quantity,
    Reference,
    Resource,
    Text,
)


class Medication(Resource, frozen=True, kw_only=True):
    code: CodeableConcept


class Dosage(Element, frozen=True, kw_only=True):
    text: Text | None = None
    patient_instruction: Text | None = None


class MedicationStatement(Resource, frozen=True, kw_only=True):
    status: Literal["active", "completed", "entered-in-error", "intended", "stopped", "on-hold"]
    subject: Reference
    medication_reference: Reference
    taken: Literal["y", "n", "unk", "na"] | None = None
    based_on: tuple[Reference, ...] = ()
    context: Reference | None = None
    effective_period: Period | None = None
    effective_date_time: DateTime | None = None
    date_asserted: DateTime | None = None
    reason_code: tuple[CodeableConcept, ...] = ()
    note: tuple[Annotation, ...] = ()
    dosage: tuple[Dosage, ...] = ()


class Requester(Element, frozen=True, kw_only=True):
    """The STU3 requester: who, on behalf of which organisation."""

    agent: Reference
    on_behalf_of: Reference | None = None


class DispenseRequest(Element, frozen=True, kw_only=True):
    validity_period: Period | None = None
    quantity: Quantity | None = None
    expected_supply_duration: Quantity | None = None
    performer: Reference | None = None


class MedicationRequest(Resource, frozen=True, kw_only=True):
    status: Literal["active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown"]
    intent: Literal["proposal", "plan", "order", "instance-order"]
    subject: Reference
    medication_reference: Reference
    based_on: tuple[Reference, ...] = ()
    group_identifier: Identifier | None = None
    context: Reference | None = None
    authored_on: DateTime | None = None
    requester: Requester | None = None
    recorder: Reference | None = None
    note: tuple[Annotation, ...] = ()
    dosage_instruction: tuple[Dosage, ...] = ()
    dispense_request: DispenseRequest | None = None
    prior_prescription: Reference | None = None


RequestStatus = Literal["draft", "active", "suspended", "cancelled", "completed", "entered-in-error", "unknown"]
RequestIntent = Literal[
    "proposal", "plan", "order", "original-order", "reflex-order", "filler-order", "instance-order", "option"
]
RequestPriority = Literal["routine", "urgent", "asap", "stat"]


class ReferralRequest(Resource, frozen=True, kw_only=True):
    status: RequestStatus
    intent: RequestIntent
    subject: Reference
    priority: RequestPriority | None = None
    service_requested: tuple[CodeableConcept, ...] = ()
    specialty: CodeableConcept | None = None
    context: Reference | None = None
    occurrence_date_time: DateTime | None = None
    authored_on: DateTime | None = None
    requester: Requester | None = None
    recipient: tuple[Reference, ...] = ()
    reason_code: tuple[CodeableConcept, ...] = ()
    description: Text | None = None
    supporting_info: tuple[Reference, ...] = ()
    note: tuple[Annotation, ...] = ()


class ProcedureRequest(Resource, frozen=True, kw_only=True):
    """A diary entry (recall) or a test request."""

    status: RequestStatus
    intent: RequestIntent
    code: CodeableConcept
    subject: Reference
    priority: RequestPriority | None = None
    context: Reference | None = None
    occurrence_date_time: DateTime | None = None
    authored_on: DateTime | None = None
    requester: Requester | None = None
    performer: Reference | None = None
    reason_code: tuple[CodeableConcept, ...] = ()
    note: tuple[Annotation, ...] = ()
