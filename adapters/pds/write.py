"""What PDS says -> the bytes in which it says so, in the shape of the API's own examples.

https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from adapters.pds import records
from adapters.pds import resources as r4

Json = dict[str, Any]
CODES = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"
_ISSUE = {
    "RESOURCE_NOT_FOUND": "not-found",
    "INVALIDATED_RESOURCE": "not-found",
    "TOO_MANY_MATCHES": "multiple-matches",
    "TOO_MANY_REQUESTS": "throttled",
    "ACCESS_DENIED": "forbidden",
    "MISSING_VALUE": "required",
}
_INFORMATION = frozenset({"RESOURCE_NOT_FOUND", "TOO_MANY_MATCHES"})


def write(said: records.Said, base: str = "https://api.service.nhs.uk/personal-demographics/FHIR/R4") -> bytes:
    """The answer that says this; `base`: of the service, for fullUrl. Of a number that was replaced, the answer is the
    record of the one that replaced it."""
    match said:
        case records.Answer() | records.Superseded():
            return msgspec.json.encode(said.patient)
        case records.Match():
            return write_matches([said], base)
        case records.Absent():
            return write_outcome(said.code)
        case records.Related():
            return msgspec.json.encode(_bundle([_entry(one, f"{base}/RelatedPerson/{one.id}") for one in said.people]))


def write_matches(matches: Iterable[records.Match], base: str) -> bytes:
    """The answer to a search that finds these."""
    return msgspec.json.encode(
        _bundle(
            [
                {**_entry(one.patient, f"{base}/Patient/{one.patient.id}"), "search": {"score": one.score}}
                if one.score is not None
                else _entry(one.patient, f"{base}/Patient/{one.patient.id}")
                for one in matches
            ]
        )
    )


def write_outcome(code: str, diagnostics: str | None = None) -> bytes:
    """An OperationOutcome. `diagnostics`: what is wrong, never a value."""
    coding = {"system": CODES, "version": "1", "code": code, "display": code.replace("_", " ").capitalize()}
    issue: Json = {
        "severity": "information" if code in _INFORMATION else "error",
        "code": _ISSUE.get(code, "value"),
        "details": {"coding": [coding]},
    }
    if diagnostics:
        issue["diagnostics"] = diagnostics
    return msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [issue]})


def _bundle(entries: list[Json]) -> Json:
    bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return {**bundle, "entry": entries} if entries else bundle


def _entry(resource: r4.Resource, url: str) -> Json:
    return {"fullUrl": url, "resource": msgspec.to_builtins(resource)}
