"""What makes one STU3 resource sound, and what is said about the parts that are not.

GP bundles are read resource by resource: half of the real ones break the STU3 specification somewhere. An element
that cannot be read is left out and named; a resource is left out only when a mandatory element, or one that changes
what the rest means, cannot be read.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from adapters.gp import stu3
from adapters.records import Defect

Json = dict[str, Any]
Read = TypeVar("Read")

CHANGES_MEANING = frozenset({"meta", "implicitRules", "modifierExtension", "notGiven"})
"""Elements whose loss would change what the rest says: labels, modifiers, negation."""

UNREAD = {
    "resourceType": "the tag of the type",
    "text": "narrative: repeats the coded content as XHTML",
    "meta.versionId": "a version number of the supplier's own",
    "subject.identifier": "repeats the identifier of the bundle's Patient",
    "contained": "contained resources are read as resources of their own",
}
"""Elements left out on purpose, and why; `unread` reports every other."""

_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2}(T\d{2}:\d{2}\S*)?)?")
_NAME = re.compile(r"[A-Za-z_]\w{0,63}")
_FIRST_KEY = re.compile(r"`\$\.(\w+)")


def read(raw: Json, wire: type[Read], where: str) -> tuple[Read | None, list[Defect]]:
    """`raw` as a `wire` struct (STU3 resource), or None when it is not sound, and a Defect for each part left out."""
    cleaned, left_out = _clean(raw)
    defects = [_defect(code, f"{where}.{path}", raw) for code, path in left_out]
    if "modifierExtension" in cleaned:
        return None, [*defects, _defect("modifier-extension", where, raw)]
    found, remaining, faults = _convert(cleaned, wire)
    if found is not None:
        understood = msgspec.json.decode(msgspec.json.encode(found))
        unread = sorted(set(_unread(remaining, understood))) if understood != remaining else []
        defects += [_defect("unread-element", f"{where}.{path}", raw) for path in unread]
        if unread:  # elements of which nothing is left must go, as FHIR knows no empty ones
            found, _, more = _convert(_clean(understood)[0], wire)
            faults += more
    code = "bad-element" if found else "unsound-resource"
    return found, defects + [_defect(code, f"{where}.{key}", raw) for key in faults]


def _convert(cleaned: Json, wire: type[Read]) -> tuple[Read | None, Json, list[str]]:
    """The struct, the elements it was made of, and those that had to be left out; with None, the last was fatal."""
    remaining, faults = dict(cleaned), list[str]()
    while True:
        try:
            return msgspec.convert(remaining, wire), remaining, faults
        except msgspec.ValidationError as error:
            at = _FIRST_KEY.search(str(error))
            key = at[1] if at else _missing(str(error))
            faults.append(key)
            if key in _mandatory(wire) or key in CHANGES_MEANING or remaining.pop(key, None) is None:
                return None, remaining, faults


def _mandatory(wire: Any) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(wire) if field.required)


def _missing(message: str) -> str:
    """Name of the mandatory element that is not there (msgspec gives no path for the top level)."""
    name = re.search(r"required field `(\w+)`", message)
    return name[1] if name else "resourceType"


def _clean(raw: Json) -> tuple[Json, list[tuple[str, str]]]:
    """`raw` without empty values, outer spaces, placeholders and impossible dates; (code, path) of the latter two."""
    if _is_clean(raw):
        return raw, []
    found: list[tuple[str, str]] = []
    cleaned = _cleaned(raw, (), found)
    return cleaned or {}, found


def _is_clean(node: Any) -> bool:
    """Whether `_cleaned` would leave an object or array as it is: nearly every resource of every practice is so, and
    this is the hot path of the feed. So the strings are looked at here and not in a function of their own."""
    for value in node.values() if type(node) is dict else node:
        kind = type(value)
        if kind is str:
            if not value or value[0].isspace() or value[-1].isspace() or "{{" in value:
                return False
            if value[4:5] == "-" and not _possible(value) and _DATE.fullmatch(value):
                return False
        elif kind is dict or kind is list:
            if not _is_clean(value):
                return False
        elif value is None:
            return False
    return bool(node)


def _cleaned(value: Any, path: tuple[str, ...], found: list[tuple[str, str]]) -> Any:
    if isinstance(value, str):
        return _cleaned_text(value, path, found)
    if isinstance(value, dict):
        kept = {key: made for key, item in value.items() if (made := _cleaned(item, (*path, key), found)) is not None}
        lost = path and "value" in value and "value" not in kept
        return None if lost else kept or None  # an Identifier or ContactPoint without its value says nothing
    if isinstance(value, list):
        return [made for item in value if (made := _cleaned(item, path, found)) is not None] or None
    return value


def _cleaned_text(value: str, path: tuple[str, ...], found: list[tuple[str, str]]) -> str | None:
    if "{{" in value and _PLACEHOLDER.search(value):
        found.append(("placeholder", ".".join(path)))
        return None
    if value[:1].isdigit() and _DATE.fullmatch(value) and not _possible(value):
        found.append(("bad-date", ".".join(path)))
        return None
    return value.strip() or None


@lru_cache(maxsize=4096)
def _possible(date: str) -> bool:
    """Whether an ISO date or dateTime exists in the calendar."""
    try:
        datetime.fromisoformat(f"{date}-01" if len(date) == len("2000-01") else date)
    except ValueError:
        return False
    return True


def _unread(raw: Any, understood: Any, path: str = "") -> Iterator[str]:
    """Paths of `raw` that the struct did not take up and that nobody decided to leave out."""
    if isinstance(raw, dict) and isinstance(understood, dict):
        for key, item in raw.items():
            here = f"{path}.{key}".lstrip(".")
            if key in understood:
                yield from _unread(item, understood[key], here)
            elif here not in UNREAD:
                yield here if _NAME.fullmatch(key) else f"{path}.?".lstrip(".")
    elif isinstance(raw, list) and isinstance(understood, (list, tuple)):
        for item, taken in zip(raw, understood, strict=True):
            yield from _unread(item, taken, path)


_SAID = {
    "placeholder": ("A template placeholder stands where a value should be", "Send the value itself"),
    "bad-date": ("The date does not exist in the calendar, so the element was left out", "Correct the date"),
    "bad-element": ("The element breaks the STU3 specification, so it was left out", "Correct the element"),
    "unread-element": ("The element is not part of the GP Connect profile that we read", "Tell us what it means"),
    "unsound-resource": ("A mandatory element is absent or broken: the resource was left out", "Correct it"),
    "modifier-extension": ("A modifier extension that we do not know may change the meaning of the resource",
                           "Send the resource without it, or tell us what it means"),
}  # fmt: skip


def _defect(code: str, where: str, raw: Json) -> Defect:
    reason, remedy = _SAID[code]
    return Defect(code=code, where=where, reason=reason, remedy=remedy, fragment=msgspec.json.encode(raw))


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
