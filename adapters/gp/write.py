"""Records -> the bytes of a GP Connect answer, shaped as EMIS sends them: resources, then the Lists of each clinical
area and of each consultation, relative references, no fullUrl.

https://digital.nhs.uk/developer/api-catalogue/gp-connect-access-record-structured-fhir
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import msgspec

from adapters.gp import records, stu3
from adapters.gp.bundles import AREAS
from adapters.gp.refusal import ERROR_SYSTEM, NO_PATIENT_CONSENT

Json = dict[str, Any]
Resource = TypeVar("Resource", bound=stu3.Resource)

_PROFILE = "https://fhir.nhs.uk/STU3/StructureDefinition/CareConnect-GPC-{}-1"
_BUNDLE_PROFILE = "https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-StructuredRecord-Bundle-1"
_OUTCOME_PROFILE = "https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1"
_EMPTY_SYSTEM = "https://fhir.nhs.uk/STU3/CodeSystem/CareConnect-ListEmptyReasonCode-1"
_WARNING_TEXT = {
    "confidential-items": "Items excluded due to confidentiality and/or patient preferences.",
    "data-in-transit": "Patient record transfer from previous GP practice not yet complete; information recorded "
    "before the registration date may be missing.",
    "data-awaiting-filing": "Patient data may be incomplete as there is data supplied by a third party awaiting "
    "review.",
}
_ERRORS = {
    NO_PATIENT_CONSENT: ("forbidden", "Patient has not provided consent to share data"),
    "NO_ORGANISATION_CONSENT": ("forbidden", "Organisation has not provided consent to share data"),
    "PATIENT_NOT_FOUND": ("not-found", "Patient not found"),
    "ACCESS_DENIED": ("forbidden", "Access denied"),
    "INVALID_NHS_NUMBER": ("value", "NHS number invalid"),
    "INVALID_PARAMETER": ("invalid", "Submitted parameter is not valid"),
    "INVALID_RESOURCE": ("invalid", "Submitted resource is not valid"),
    "BAD_REQUEST": ("invalid", "Bad request"),
}
"""Issue type and display of a Spine error code."""
_CONSULTATION, _TOPIC = ("325851000000107", "Consultation"), ("25851000000105", "Topic")


def profiled(resource: Resource) -> Resource:
    """`resource` with the GP Connect profile of its type, unless it names one."""
    if resource.meta and resource.meta.profile:
        return resource
    name = type(resource).__name__
    profile = _PROFILE.format("ProblemHeader-Condition" if name == "Condition" else name)
    meta = msgspec.structs.replace(resource.meta or stu3.Meta(), profile=(profile,))
    return msgspec.structs.replace(resource, meta=meta)


def write(answer: records.Answer, *, made: str) -> bytes:
    """The bytes of one answer. `made`: FHIR dateTime at which the practice's system made it; it goes into the lists of
    a structured record. What a record left out (`left_out`) cannot be written again."""
    if isinstance(answer, records.StructuredRecord):
        return msgspec.json.encode(_bundle(answer, made))
    code = NO_PATIENT_CONSENT if isinstance(answer, records.Refusal) else answer.code
    return write_error(code)


def write_error(code: str, diagnostics: str = "") -> bytes:
    """The bytes of a GPConnect-OperationOutcome-1 with one Spine error code."""
    kind, display = _ERRORS[code]
    coding = {"system": ERROR_SYSTEM, "code": code, "display": display}
    issue = {"severity": "error", "code": kind, "details": {"coding": [coding], "text": display}}
    said = {**issue, "diagnostics": diagnostics} if diagnostics else issue
    return msgspec.json.encode(
        {"resourceType": "OperationOutcome", "meta": {"profile": [_OUTCOME_PROFILE]}, "issue": [said]}
    )


def _bundle(record: records.StructuredRecord, made: str) -> Json:
    ended = {id(entry) for entry in record.resources if _is_ended(entry)}
    top = [record.patient, *(resource for resource in record.resources if id(resource) not in ended)]
    resources = [msgspec.to_builtins(profiled(resource)) for resource in top]
    lists = [*_area_lists(record, made), *_consultation_lists(record)]
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [_BUNDLE_PROFILE]},
        "type": "collection",
        "entry": [{"resource": resource} for resource in (*resources, *lists)],
    }


def _is_ended(resource: stu3.Resource) -> bool:
    """Ended allergies have no entry of their own: they travel inside their list."""
    return isinstance(resource, stu3.AllergyIntolerance) and resource.clinical_status == "resolved"


def _area(resource: stu3.Resource) -> str | None:
    """The clinical area whose list names the resource."""
    match resource:
        case stu3.AllergyIntolerance():
            return "1103671000000101" if _is_ended(resource) else "886921000000105"
        case stu3.Immunization():
            return "1102181000000102"
        case stu3.Encounter():
            return "1149501000000101"
        case stu3.MedicationStatement():
            return "933361000000108"
        case stu3.ReferralRequest():
            return "792931000000107"
        case stu3.ProcedureRequest():
            return "714311000000108"
        case stu3.Condition():
            return "717711000000103"
        case stu3.DiagnosticReport():
            return "887191000000108"
        case stu3.Observation(context=None):
            return "826501000000100"
    return None


def _area_lists(record: records.StructuredRecord, made: str) -> Iterator[Json]:
    members: dict[str, list[stu3.Resource]] = {area: [] for area in AREAS}
    for resource in record.resources:
        if area := _area(resource):
            members[area].append(resource)
    for area, resources in members.items():
        warnings = [warning.code for warning in record.warnings if warning.area == area]
        yield _area_list(record, area, made, resources, warnings)


def _area_list(
    record: records.StructuredRecord, area: str, made: str, members: list[stu3.Resource], warnings: list[str]
) -> Json:
    contained = [msgspec.to_builtins(profiled(resource)) for resource in members if _is_ended(resource)]
    notes = [_WARNING_TEXT[code] for code in warnings]
    empty = {"system": _EMPTY_SYSTEM, "code": "no-content-recorded", "display": "No Content Recorded"}
    made_list = _list(
        record,
        (area, AREAS[area].capitalize()),
        [f"#{entry.id}" if _is_ended(entry) else f"{type(entry).__name__}/{entry.id}" for entry in members],
    )
    made_list |= {"date": made, **({"contained": contained} if contained else {})}
    if warnings:
        made_list["extension"] = [{"url": records.LIST_WARNING, "valueCode": code} for code in warnings]
    if not members:
        made_list["emptyReason"] = {"coding": [empty], "text": "No Content Recorded"}
        notes.append("Information not available")
    return {**made_list, **({"note": [{"text": text} for text in notes]} if notes else {})}


def _consultation_lists(record: records.StructuredRecord) -> Iterator[Json]:
    """A consultation's list leads to its topic's, the topic's to the entries."""
    for encounter in record.resources:
        if isinstance(encounter, stu3.Encounter):
            met = {"encounter": {"reference": f"Encounter/{encounter.id}"}}
            date = {"date": encounter.period.start} if encounter.period and encounter.period.start else {}
            topic = f"{encounter.id}-PG0"
            entries = _within(record.resources, f"Encounter/{encounter.id}")
            yield {"id": encounter.id, **_list(record, _CONSULTATION, [f"List/{topic}"]), **met, **date}
            yield {"id": topic, **_list(record, _TOPIC, entries), **met, **date}


def _within(resources: Iterable[stu3.Resource], encounter: str) -> list[str]:
    found = []
    for resource in resources:
        context = getattr(resource, "context", None)
        if context is not None and context.reference == encounter:
            found.append(f"{type(resource).__name__}/{resource.id}")
    return found


def _list(record: records.StructuredRecord, code: tuple[str, str], entries: list[str]) -> Json:
    return {
        "resourceType": "List",
        "meta": {"profile": [_PROFILE.format("List")]},
        "status": "current",
        "mode": "snapshot",
        "title": code[1],
        "code": {"coding": [{"system": records.SNOMED, "code": code[0], "display": code[1]}]},
        "subject": {"reference": f"Patient/{record.patient.id}"},
        "orderedBy": {"coding": [{"system": "http://hl7.org/fhir/list-order", "code": "event-date"}]},
        **({"entry": [{"item": {"reference": reference}} for reference in entries]} if entries else {}),
    }
