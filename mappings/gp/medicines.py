"""Medication statements and the plans and orders behind them.

The Medication is put into the statement (medicationCodeableConcept), not referred to: whether a medicine is sensitive
is read off its code, so the code has to be where the label goes.
"""

from typing import Any

from adapters.gp import stu3
from mappings import datatypes, uk_core
from mappings.datatypes import compact
from mappings.gp import elements
from mappings.gp.source import Source
from mappings.uk_core import Resource

Json = dict[str, Any]

_REPEATS_ALLOWED = "numberOfRepeatPrescriptionsAllowed"
_REPEATS_ISSUED = "numberOfRepeatPrescriptionsIssued"
_SUBSTITUTION_UNKNOWN = {"allowedCodeableConcept": {"extension": [datatypes.UNKNOWN]}}
"""UK Core demands the element; GP Connect has nothing that would say it, and a guess could harm."""


def medication_statement(source: Source, entry: stu3.MedicationStatement) -> Resource:
    """UKCore-MedicationStatement. `taken = n` is a status of its own in R4; `unk`, which GP Connect always sends, says
    nothing. https://simplifier.net/hl7fhirukcorer4/ukcoremedicationstatement"""
    return source.build(
        entry,
        extension=_statement_extensions(entry),
        basedOn=source.references(entry.based_on, "MedicationRequest", "ServiceRequest"),
        status="not-taken" if entry.taken == "n" else entry.status,
        medicationCodeableConcept=_medicine(source, entry.medication_reference),
        subject=datatypes.subject(),
        context=source.reference(entry.context),
        effectivePeriod=elements.period(entry.effective_period),
        effectiveDateTime=None if entry.effective_period else elements.date_time(entry.effective_date_time),
        dateAsserted=elements.date_time(entry.date_asserted),
        reasonCode=elements.concepts(entry.reason_code),
        note=elements.annotations(entry.note),
        dosage=[_dosage(dose) for dose in entry.dosage],
    )


def _medicine(source: Source, reference: stu3.Reference) -> Json:
    medication = source.held.get(reference.reference or "")
    coded = elements.concept(medication.code) if isinstance(medication, stu3.Medication) else None
    return coded or {"text": reference.display or "Not stated by the practice"}


def _dosage(dose: stu3.Dosage) -> Json:
    return compact(text=dose.text, patientInstruction=dose.patient_instruction)


def _statement_extensions(entry: stu3.MedicationStatement) -> list[Json]:
    """Last issue date and prescribing organisation type; the date of the last dosage change is retired."""
    made: list[Json] = []
    issued = elements.extension(entry.extension, "MedicationStatementLastIssueDate-1")
    if issued and issued.value_date_time:
        made.append(
            {
                "url": f"{uk_core.EXTENSION}MedicationStatementLastIssueDate",
                "valueDateTime": elements.date_time(issued.value_date_time),
            }
        )
    agency = elements.extension(entry.extension, "PrescribingAgency-1")
    if agency and agency.value_codeable_concept:
        kind = elements.translated_concept("GpPrescribingAgency", agency.value_codeable_concept)
        made.append({"url": f"{uk_core.EXTENSION}MedicationPrescribingOrganizationType", "valueCodeableConcept": kind})
    return made


def medication_request(source: Source, entry: stu3.MedicationRequest) -> Resource:
    """UKCore-MedicationRequest of a plan (authorisation) or an order (issue).
    https://simplifier.net/hl7fhirukcorer4/ukcoremedicationrequest"""
    return source.build(
        entry,
        extension=_repeat_information(entry),
        status=entry.status,
        statusReason=_status_reason(entry),
        intent=entry.intent,
        medicationCodeableConcept=_medicine(source, entry.medication_reference),
        subject=datatypes.subject(),
        encounter=source.reference(entry.context),
        authoredOn=elements.date_time(entry.authored_on),
        requester=source.reference(entry.requester.agent) if entry.requester else None,
        recorder=source.reference(entry.recorder),
        basedOn=source.references(entry.based_on, "MedicationRequest", "ServiceRequest"),
        groupIdentifier=_group(entry.group_identifier),
        courseOfTherapyType=_course(entry),
        note=elements.annotations(entry.note),
        dosageInstruction=[_dosage(dose) for dose in entry.dosage_instruction],
        dispenseRequest=_dispense(source, entry),
        substitution=_SUBSTITUTION_UNKNOWN,
        priorPrescription=source.reference(entry.prior_prescription),
    )


def _group(identifier: stu3.Identifier | None) -> Json | None:
    return compact(system=identifier.system, value=identifier.value) if identifier else None


def _course(entry: stu3.MedicationRequest) -> Json | None:
    kind = elements.extension(entry.extension, "PrescriptionType-1")
    concept = kind.value_codeable_concept if kind else None
    return elements.translated_concept("GpCourseOfTherapy", concept) if concept else None


def _status_reason(entry: stu3.MedicationRequest) -> Json | None:
    changed = elements.extension(entry.extension, "MedicationStatusReason-1")
    reason = elements.extension(changed.extension, "statusReason") if changed else None
    return elements.concept(reason.value_codeable_concept) if reason else None


def _repeats(entry: stu3.MedicationRequest, name: str) -> int | None:
    information = elements.extension(entry.extension, "MedicationRepeatInformation-1")
    found = elements.extension(information.extension, name) if information else None
    if found is None:
        return None
    return found.value_positive_int if found.value_unsigned_int is None else found.value_unsigned_int


def _repeat_information(entry: stu3.MedicationRequest) -> list[Json]:
    issued = _repeats(entry, _REPEATS_ISSUED)
    information = elements.extension(entry.extension, "MedicationRepeatInformation-1")
    expiry = elements.extension(information.extension, "authorisationExpiryDate") if information else None
    parts: list[Json] = []
    if issued is not None:
        parts.append({"url": "numberOfPrescriptionsIssued", "valueUnsignedInt": issued})
    if expiry and expiry.value_date_time:
        parts.append({"url": "authorisationExpiryDate", "valueDateTime": elements.date_time(expiry.value_date_time)})
    return [{"url": f"{uk_core.EXTENSION}MedicationRepeatInformation", "extension": parts}] if parts else []


def _dispense(source: Source, entry: stu3.MedicationRequest) -> Json | None:
    supply = entry.dispense_request or stu3.DispenseRequest()
    return (
        compact(
            validityPeriod=elements.period(supply.validity_period),
            numberOfRepeatsAllowed=_repeats(entry, _REPEATS_ALLOWED),
            quantity=elements.quantity(supply.quantity),
            expectedSupplyDuration=elements.quantity(supply.expected_supply_duration),
            performer=source.reference(supply.performer),
        )
        or None
    )
