"""GP Connect `$gpc.getstructuredrecord` answers (FHIR STU3) -> one event per answer.

https://digital.nhs.uk/developer/api-catalogue/gp-connect-access-record-structured-fhir. `Bundle.entry.fullUrl` is
never used, as the specification demands; references are relative.
"""

import re
from datetime import datetime, timedelta
from typing import Any

import msgspec

from adapters.errors import Unreadable
from adapters.gp import bundles, records, stu3
from adapters.gp.bundles import AREAS, Entry
from adapters.gp.kinds import kind_of_json, kind_of_text
from adapters.gp.refusal import answer_of_outcome, trusted_nhs_number
from adapters.records import Defect, Event, Parsed, SourcePatient, instant

Json = dict[str, Any]
_AT_ONCE = timedelta(minutes=10)
"""An answer that was received so soon after it was made was made for this request: clocks differ, answers are slow."""
_REFERENCE = re.compile(rb'"reference":"([^"]+)"')


def parse(content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """One event for the person whom the answer is about, and a Defect for each thing in it that cannot be used.

    The source organisation is always `sender`, the practice that was asked: a refusal names no other, and must meet
    the record that it withdraws. The person is their NHS number where it is valid, else the practice's own id.
    Raises Unreadable when the content is neither a structured record of exactly one person nor an OperationOutcome
    that says something about a person.
    """
    answer = _json(content)
    if answer.get("resourceType") == "OperationOutcome":
        return _outcome(answer, name, sender, as_of)
    if answer.get("resourceType") != "Bundle" or answer.get("type") != "collection":
        raise Unreadable(
            Defect(
                code="not-a-structured-record",
                where="Bundle",
                reason=f"The content is {kind_of_json(answer)}, not a Bundle of type collection",
                remedy="Send the answer of $gpc.getstructuredrecord as it was received",
            )
        )
    try:
        return _structured_record(answer, sender, as_of)
    except RecursionError as error:
        raise Unreadable(
            Defect(
                code="too-deep",
                where="Bundle",
                reason="The content is nested deeper than any FHIR resource",
                remedy="Send the answer of $gpc.getstructuredrecord as it was received",
            )
        ) from error


def _json(content: bytes) -> Json:
    try:
        answer = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(
            Defect(
                code="not-json",
                where="Bundle",
                reason=f"The content is {kind_of_text(content)}",
                remedy="Send the answer of $gpc.getstructuredrecord as it was received",
            )
        ) from error
    return answer if isinstance(answer, dict) else {}


def _outcome(outcome: Json, name: str, sender: str, as_of: datetime) -> Parsed:
    answer = answer_of_outcome(outcome, name)
    moment = instant(as_of)
    patient = SourcePatient(organisation=sender, local_id=answer.nhs_number)
    return Parsed(events=[Event(patient=patient, at=moment, sent=moment, record=msgspec.json.encode(answer))])


def _structured_record(bundle: Json, sender: str, as_of: datetime) -> Parsed:
    entries, defects = bundles.entries(bundle)
    patient, at_fault = bundles.patient_of(entries)
    nhs_number = trusted_nhs_number(patient)
    resources, more = bundles.resources_of(entries, patient)
    lists, of_lists = bundles.lists(entries)
    record = records.StructuredRecord(
        nhs_number=nhs_number,
        patient=patient,
        resources=tuple(resources),
        warnings=tuple(bundles.warnings(lists)),
        left_out=bundles.left_out(entries),
    )
    encoded = msgspec.json.encode(record)
    defects += at_fault + _number_defect(patient, nhs_number) + more + of_lists
    defects += _practice_defect(record, sender) + _dangling(encoded, entries)
    event = Event(
        patient=SourcePatient(organisation=sender, local_id=nhs_number or patient.id),
        at=_made(bundle, lists, as_of),
        sent=instant(as_of),
        record=encoded,
    )
    return Parsed(events=[event], defects=defects)


def _made(bundle: Json, lists: list[stu3.List], as_of: datetime) -> str:
    """When the practice made the answer: the latest date of an area's list, or the bundle's own; never later than the
    receipt, so that a wrong clock cannot outlive every later answer. An answer that came as it was made counts from
    its receipt: a refusal has no date of its own, and two clocks must not reorder a refusal and a record."""
    meta = bundle.get("meta")
    dates = [meta.get("lastUpdated")] if isinstance(meta, dict) else []
    dates += [listed.date for listed in lists if any(coding.code in AREAS for coding in listed.code.coding)]
    made = max(filter(None, map(_moment, dates)), default=None)
    received = instant(as_of)
    return received if made is None or made >= instant(as_of - _AT_ONCE) else made


def _moment(text: Any) -> str | None:
    """UTC of a FHIR dateTime that has a time; a date alone does not order two answers of one day."""
    if not isinstance(text, str) or "T" not in text:
        return None
    try:
        return instant(datetime.fromisoformat(text))
    except ValueError:
        return None


def _number_defect(patient: stu3.Patient, nhs_number: str | None) -> list[Defect]:
    stated = any(identifier.system == records.NHS_NUMBER for identifier in patient.identifier)
    if nhs_number or not stated:
        return []
    return [
        Defect(
            code="bad-check-digit",
            where="Patient.identifier",
            reason="The NHS number fails its check digit or is a placeholder, so it was left out",
            remedy="Trace the person on PDS and correct the number",
        )
    ]


def _practice_defect(record: records.StructuredRecord, sender: str) -> list[Defect]:
    """The custodian that the bundle names should be the practice that was asked."""
    custodian = record.patient.managing_organization
    codes = {
        identifier.value
        for resource in record.resources
        if isinstance(resource, stu3.Organization)
        and custodian
        and custodian.reference == f"Organization/{resource.id}"
        for identifier in resource.identifier
        if identifier.system == records.ODS_CODE
    }
    if not codes or sender in codes:
        return []
    return [
        Defect(
            code="other-practice",
            where="Patient.managingOrganization",
            reason="The bundle names another practice than the one that sent it; it is kept as the sender's statement",
            remedy="Ask each practice for its own record",
        )
    ]


def _dangling(record: bytes, entries: list[Entry]) -> list[Defect]:
    """One Defect for all references that lead nowhere; they are left out, their display text is kept."""
    held = {f"{raw['resourceType']}/{raw.get('id')}" for _, raw in entries}
    count = sum(target.decode() not in held for target in _REFERENCE.findall(record))
    if not count:
        return []
    return [
        Defect(
            code="dangling-reference",
            where="Bundle",
            reason=f"{count} references lead to resources that the bundle does not hold",
            remedy="Send the resources that others refer to",
        )
    ]
