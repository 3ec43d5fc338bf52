"""Answers of the PDS FHIR API -> what PDS says of NHS numbers.

An answer does not say what was asked, and some answers mean nothing without it: a number that was replaced is answered
with another one's record. So the name of an envelope starts with the number that was asked for (`<number>.json`,
`<number>-related.json`). https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from adapters.errors import Unreadable
from adapters.fhir.soundness import Dialect, read
from adapters.gp.refusal import outcome_codes, valid_nhs_number
from adapters.pds import records
from adapters.pds import resources as r4
from adapters.pds.outcome import ABSENT
from adapters.records import Defect, Event, Parsed, SourcePatient, instant

Json = dict[str, Any]
_NAME = re.compile(r"(?:.*[/\\])?(\d{10})(?!\d)(-related)?")
_HANDLE = "PDS's own handle of the element, for updates"
_UNREAD = {
    "resourceType": "the tag of the type",
    "meta.versionId": "PDS's count of updates: answers are ordered by when they came",
    "managingOrganization": "repeats the practice of generalPractitioner",
    "name.id": _HANDLE,
    "address.id": _HANDLE,
    "telecom.id": _HANDLE,
    "contact.id": _HANDLE,
    "generalPractitioner.id": _HANDLE,
}
_SAID = {
    "placeholder": ("A template placeholder stands where a value should be", "Ask again later"),
    "bad-date": ("The date does not exist in the calendar, so the element was left out", "Tell the service"),
    "bad-element": ("The element breaks the API's own definition, so it was left out", "Tell the service"),
    "unread-element": ("The element is not part of the API as we know it", "Tell us what it means"),
    "unread-extension": ("The extension is not part of the API as we know it", "Tell us what it means"),
    "duplicate-id": ("Two entries have one id: the later one was left out", "Tell the service"),
    "unsound-resource": ("A mandatory element is absent or broken: the resource was left out", "Tell the service"),
    "modifier-extension": ("A modifier extension that we do not know may change the meaning of the resource",
                           "Tell us what it means"),
}  # fmt: skip
_PDS = Dialect(_UNREAD, _SAID)


def parse(content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """One event for the number that the answer is about (two where it was replaced by another), and a Defect for each
    thing in it that cannot be used. `sender` is who answers for PDS, `as_of` when the answer came.

    Raises Unreadable when it says nothing of exactly one person, or contradicts itself about whom."""
    answer = _json(content)
    asked, about_related = _asked(name)
    kind, about = answer.get("resourceType"), _About(sender, instant(as_of))
    if kind == "OperationOutcome":
        return _absent(answer, asked, about, of_relatives=about_related)
    if kind == "Patient":
        return _patient(answer, asked, about)
    if kind == "Bundle" and about_related and asked:
        return _related(_entries(answer), asked, about)
    if kind == "Bundle":
        return _match(_entries(answer), about)
    raise _unreadable("not-an-answer", "the root", "The content is no Patient, Bundle or OperationOutcome")


class _About(msgspec.Struct, frozen=True):
    """Who answered, and when."""

    sender: str
    moment: str

    def event(self, number: str, said: records.Said) -> Event:
        patient = SourcePatient(organisation=self.sender, local_id=number)
        return Event(patient=patient, at=self.moment, sent=self.moment, record=msgspec.json.encode(said))


def _json(content: bytes) -> Json:
    try:
        answer = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable("not-json", "the root", "The content is no JSON in UTF-8") from error
    return answer if isinstance(answer, dict) else {}


def _asked(name: str) -> tuple[str | None, bool]:
    """The number that was asked for, and whether its related people were."""
    found = _NAME.match(name)
    return (valid_nhs_number(found[1]), found[2] is not None) if found else (None, False)


def _absent(outcome: Json, asked: str | None, about: _About, *, of_relatives: bool) -> Parsed:
    """ "Not found", asked for the related people, means that there are none."""
    codes = set(outcome_codes(outcome))
    code = next((one for one in ABSENT if one in codes), None)
    if code is None:
        raise _unreadable(
            "service-error",
            "OperationOutcome",
            f"The service answered with an error ({', '.join(sorted(codes)) or 'no code'})",
        )
    if asked is None:
        raise _unreadable(
            "absent-without-number", "the name of the file", "An OperationOutcome does not say which number it is about"
        )
    nobody = records.Related() if of_relatives and code == "RESOURCE_NOT_FOUND" else records.Absent(code=code)
    return Parsed(events=[about.event(asked, nobody)])


def _patient(raw: Json, asked: str | None, about: _About) -> Parsed:
    patient, defects = _sound(raw, "Patient")
    number = patient.id
    if asked in (None, number):
        return Parsed(events=[about.event(number, records.Answer(patient=patient))], defects=defects)
    replaced = about.event(asked, records.Superseded(patient=patient))
    return Parsed(events=[replaced, about.event(number, records.Answer(patient=patient))], defects=defects)


def _match(entries: Sequence[Any], about: _About) -> Parsed:
    """The only record that fits a search."""
    if len(entries) != 1:
        raise _unreadable("not-one-person", "Bundle.entry", f"A search that finds {len(entries)} people names nobody")
    entry = entries[0] if isinstance(entries[0], dict) else {}
    resource, search = entry.get("resource"), entry.get("search")
    if not isinstance(resource, dict) or resource.get("resourceType") != "Patient":
        raise _unreadable("not-one-person", "Bundle.entry[0]", "The entry holds no Patient")
    patient, defects = _sound(resource, "Bundle.entry[0].resource")
    score = search.get("score") if isinstance(search, dict) else None
    match = records.Match(patient=patient, score=_score(score))
    return Parsed(events=[about.event(patient.id, match)], defects=defects)


def _score(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and 0 <= value <= 1 else None


def _related(entries: Sequence[Any], asked: str, about: _About) -> Parsed:
    people: list[r4.RelatedPerson] = []
    defects: list[Defect] = []
    for i, entry in enumerate(entries):
        where = f"Bundle.entry[{i}].resource"
        raw = entry.get("resource") if isinstance(entry, dict) else None
        found, faults = read(raw if isinstance(raw, dict) else {}, r4.RelatedPerson, where, _PDS)
        defects += faults
        if found and any(found.id == one.id for one in people):
            defects.append(_defect("duplicate-id", where, raw))
        elif found:
            people.append(found)
            defects += _unknown_extensions(found, where)
    return Parsed(events=[about.event(asked, records.Related(people=tuple(people)))], defects=defects)


def _entries(bundle: Json) -> Sequence[Any]:
    listed = bundle.get("entry", [])
    if not isinstance(listed, list) or bundle.get("type") != "searchset":
        raise _unreadable("not-an-answer", "Bundle", "The Bundle is not the answer to a search")
    return listed


def _sound(raw: Json, where: str) -> tuple[r4.Patient, list[Defect]]:
    """The Patient, whose id is the NHS number that its identifier states."""
    patient, defects = read(raw, r4.Patient, where, _PDS)
    if patient is None:
        raise Unreadable(defects[-1])
    stated = {one.value for one in patient.identifier if one.system == records.NHS_NUMBER}
    if valid_nhs_number(patient.id) != patient.id:
        raise _unreadable("no-nhs-number", f"{where}.id", "The id is no NHS number: ten digits with a check digit")
    if stated - {patient.id}:
        raise _unreadable(
            "contradicting-number", f"{where}.identifier", "The identifier states another NHS number than the id"
        )
    return patient, [*defects, *_unknown_extensions(patient, where)]


def _unknown_extensions(resource: r4.Resource, where: str) -> Iterable[Defect]:
    known = (*records.CARRIED, *records.LEFT_OUT)
    for one in resource.extension:
        if not one.url.endswith(known):
            yield _defect("unread-extension", f"{where}.extension", one)


def _defect(code: str, where: str, what: Any) -> Defect:
    reason, remedy = _SAID[code]
    return Defect(code=code, where=where, reason=reason, remedy=remedy, fragment=msgspec.json.encode(what))


def _unreadable(code: str, where: str, reason: str) -> Unreadable:
    return Unreadable(
        Defect(code=code, where=where, reason=reason, remedy="Keep the answer as it came, named by the number asked")
    )
