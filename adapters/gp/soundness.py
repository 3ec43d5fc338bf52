"""What a practice's resource may hold beyond what is read, and what is said of it; how: `adapters.fhir.soundness`."""

from typing import Any, TypeVar

from adapters.fhir import soundness
from adapters.gp import stu3
from adapters.records import Defect

Read = TypeVar("Read")

UNREAD = {
    "resourceType": "the tag of the type",
    "text": "narrative: repeats the coded content as XHTML",
    "meta.versionId": "a version number of the supplier's own",
    "subject.identifier": "repeats the identifier of the bundle's Patient",
    "contained": "contained resources are read as resources of their own",
}
"""Elements left out on purpose, and why; `read` reports every other."""

_SAID = {
    "placeholder": ("A template placeholder stands where a value should be", "Send the value itself"),
    "bad-date": ("The date does not exist in the calendar, so the element was left out", "Correct the date"),
    "bad-element": ("The element breaks the STU3 specification, so it was left out", "Correct the element"),
    "unread-element": ("The element is not part of the GP Connect profile that we read", "Tell us what it means"),
    "unsound-resource": ("A mandatory element is absent or broken: the resource was left out", "Correct it"),
    "modifier-extension": ("A modifier extension that we do not know may change the meaning of the resource",
                           "Send the resource without it, or tell us what it means"),
}  # fmt: skip
_GP_CONNECT = soundness.Dialect(UNREAD, _SAID)


def read(raw: dict[str, Any], wire: type[Read], where: str) -> tuple[Read | None, list[Defect]]:
    """`raw` as a `wire` struct (STU3 resource), or None when it is not sound, and a Defect for each part left out."""
    return soundness.read(raw, wire, where, _GP_CONNECT)


WIRE: dict[str, Any] = {
    wire.__name__: wire
    for wire in (
        stu3.Patient, stu3.Organization, stu3.Practitioner, stu3.PractitionerRole, stu3.Location, stu3.Encounter,
        stu3.Condition, stu3.AllergyIntolerance, stu3.Observation, stu3.Immunization, stu3.Medication,
        stu3.MedicationStatement, stu3.MedicationRequest, stu3.ReferralRequest, stu3.ProcedureRequest,
        stu3.DiagnosticReport, stu3.Specimen, stu3.DocumentReference, stu3.HealthcareService, stu3.List,
    )
}  # fmt: skip
"""The struct of each resource type that is read."""
