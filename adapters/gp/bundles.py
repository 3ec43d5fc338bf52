"""A structured record's Bundle, read entry by entry: what is kept, and a Defect for each thing that is not."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from adapters.errors import Unreadable
from adapters.gp import records, soundness, stu3
from adapters.gp.refusal import outcome_codes
from adapters.records import Defect

Json = dict[str, Any]
AREAS = {
    "886921000000105": "allergies",
    "1103671000000101": "ended allergies",
    "1102181000000102": "immunisations",
    "887191000000108": "investigations",
    "1149501000000101": "consultations",
    "933361000000108": "medications",
    "826501000000100": "uncategorised",
    "792931000000107": "outbound referrals",
    "714311000000108": "recalls",
    "717711000000103": "problems",
}
"""SNOMED code of the list of each clinical area. Their `date` is the moment of the answer."""


class Entry(NamedTuple):
    """One resource of the bundle, still raw, and where it stands."""

    where: str
    raw: Json


def entries(bundle: Json) -> tuple[list[Entry], list[Defect]]:
    """The bundle's resources, with those that a List contains (ended allergies arrive so), without fullUrl."""
    found: list[Entry] = []
    defects: list[Defect] = []
    raw_entries = bundle.get("entry")
    for i, entry in enumerate(raw_entries if isinstance(raw_entries, list) else []):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            defects.append(
                Defect(
                    code="no-resource",
                    where=f"Bundle.entry[{i}]",
                    reason="The entry holds no resource with a type",
                    remedy="Send a resource in every entry",
                    fragment=msgspec.json.encode(entry),
                )
            )
            continue
        found += _with_contained(resource, f"Bundle.entry[{i}]")
    return found, defects


def _with_contained(resource: Json, where: str) -> Iterator[Entry]:
    yield Entry(f"{where} {_type(resource)}", resource)
    contained = resource.get("contained")
    for j, inner in enumerate(contained if isinstance(contained, list) else []):
        if isinstance(inner, dict) and isinstance(inner.get("resourceType"), str):
            yield Entry(f"{where}.contained[{j}] {_type(inner)}", inner)


def _type(resource: Json) -> str:
    """The resource's type, for a message; not what only pretends to be one, for that may be anything."""
    kind: str = resource["resourceType"]
    return kind if kind.isalpha() and len(kind) <= 40 else "of no known type"


def patient_of(entries: list[Entry]) -> tuple[stu3.Patient, list[Defect]]:
    """The one Patient of the bundle: a record of nobody, or of two people, cannot be used at all."""
    defects: list[Defect] = []
    patients: dict[stu3.Patient, None] = {}
    for where, raw in entries:
        if raw["resourceType"] == "Patient":
            found, faults = soundness.read(raw, stu3.Patient, where)
            defects += faults
            if found is not None:
                patients[found] = None
    if len(patients) != 1:
        raise Unreadable(
            Defect(
                code="several-patients" if patients else "no-patient",
                where="Bundle",
                reason="The bundle holds more than one Patient" if patients else "The bundle holds no sound Patient",
                remedy="Send the record of exactly one person",
            )
        )
    return next(iter(patients)), defects


def resources_of(
    entries: list[Entry], patient: stu3.Patient
) -> tuple[list[stu3.Clinical | stu3.Directory], list[Defect]]:
    """Every other sound resource that is about this person, once, and a Defect for each that is not kept."""
    kept: dict[tuple[str, str], stu3.Clinical | stu3.Directory] = {}
    defects: list[Defect] = []
    for entry in entries:
        found, faults = _read(entry, patient)
        defects += faults
        if found is None:
            continue
        key = (type(found).__name__, found.id)
        if kept.setdefault(key, found) != found:
            defects.append(
                _left(entry, "duplicate-id", "Another resource of this type has the same id", "Send unique ids")
            )
    return list(kept.values()), defects


def _read(entry: Entry, patient: stu3.Patient) -> tuple[stu3.Clinical | stu3.Directory | None, list[Defect]]:
    kind = entry.raw["resourceType"]
    if kind in ("Patient", "List") or kind in records.NOT_CARRIED:
        return None, []
    if kind == "OperationOutcome":
        return None, [_incomplete(entry)]
    if kind not in soundness.WIRE:
        return None, [
            _left(entry, "unknown-type", "GP Connect sends no resource of this type", "Tell us what it means")
        ]
    found, defects = soundness.read(entry.raw, soundness.WIRE[kind], entry.where)
    about = getattr(found, "subject", None) or getattr(found, "patient", None)
    if about is not None and about.reference != f"Patient/{patient.id}":
        reason = "The resource is not about the Patient of the bundle"
        return None, [*defects, _left(entry, "other-patient", reason, "Send the record of exactly one person")]
    return found, defects


def _incomplete(entry: Entry) -> Defect:
    codes = ", ".join(outcome_codes(entry.raw)) or "no code"
    reason = f"The practice says that the answer is incomplete ({codes})"
    return _left(entry, "incomplete-answer", reason, "Ask the practice's supplier")


def _left(entry: Entry, code: str, reason: str, remedy: str) -> Defect:
    return Defect(code=code, where=entry.where, reason=reason, remedy=remedy, fragment=msgspec.json.encode(entry.raw))


def left_out(entries: list[Entry]) -> tuple[records.LeftOut, ...]:
    """How many resources of each type in records.NOT_CARRIED the bundle holds."""
    counts = Counter(raw["resourceType"] for _, raw in entries if raw["resourceType"] in records.NOT_CARRIED)
    return tuple(records.LeftOut(type=kind, count=count) for kind, count in sorted(counts.items()))


def lists(entries: list[Entry]) -> tuple[list[stu3.List], list[Defect]]:
    """The lists that can be read: they say what is incomplete, and when the answer was made."""
    read = [soundness.read(raw, stu3.List, where) for where, raw in entries if raw["resourceType"] == "List"]
    return [found for found, _ in read if found is not None], [defect for _, faults in read for defect in faults]


def warnings(found_lists: list[stu3.List]) -> list[records.ListWarning]:
    """Which areas the practice says are incomplete, each once, sorted."""
    found = {
        records.ListWarning(area=area, code=extension.value_code)
        for listed in found_lists
        for area in _areas(listed)
        for extension in listed.extension
        if extension.url == records.LIST_WARNING and extension.value_code
    }
    return sorted(found, key=lambda warning: (warning.area, warning.code))


def _areas(listed: stu3.List) -> list[str]:
    """The clinical area whose list this is; a warning inside a consultation counts for all consultations."""
    codes = [coding.code for coding in listed.code.coding if coding.code]
    return [code for code in codes if code in AREAS] or ["1149501000000101"]
