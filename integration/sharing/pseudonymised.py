"""Rule 9: what is left of a resource for purposes beyond care. Only what is listed here leaves.

- Kept: codes with their systems, statuses, numbers with units, and which of the person's resources refer to which.
- Made coarser: a moment to its month, the birth date to its year (none from 90 years on), an address to the district of
  its postcode (`CV1`).
- Gone: names, telephone, identifiers, all free text (narrative, notes, titles, the words beside a code), extensions,
  who did it and where, who said so, and when it was stored.
- Never sent: related people, consents, documents and where something is from (`NEVER`).

Ids are replaced where the answer leaves (`integration.api.door`). What this cannot do is in docs/beyond-care.md: rare
combinations of codes, months and district may still point at somebody who is known otherwise.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from mappings import uk_core
from mappings.uk_core import Resource

PSEUDED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "PSEUDED"}
"""What every such resource says of itself."""
NEVER = ("AuditEvent", "Consent", "DocumentReference", "Provenance", "RelatedPerson")
"""Types of which nothing would be left but that they exist."""
_MASKED = {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "masked"}
_OLDEST = 90
"""Years of age from which on the year of birth tells too much."""
_KEPT = frozenset(
    {
        "status", "active", "intent", "priority", "gender", "deceasedBoolean",
        "category", "code", "type", "class", "classHistory", "serviceType", "reasonCode", "statusReason", "role",
        "clinicalStatus", "verificationStatus", "severity", "criticality", "reaction", "manifestation",
        "vaccineCode", "medicationCodeableConcept", "courseOfTherapyType", "bodySite", "interpretation", "component",
        "valueCodeableConcept", "valueQuantity", "valueInteger", "valueBoolean", "outcomeCodeableConcept",
        "hospitalization", "admitSource", "dischargeDisposition", "length", "participant", "activity", "detail",
        "lifecycleStatus", "achievementStatus",
        "period", "start", "end", "effectiveDateTime", "effectivePeriod", "onsetDateTime", "abatementDateTime",
        "recordedDate", "authoredOn", "occurrenceDateTime", "occurrencePeriod", "created", "dateAsserted",
        "scheduledPeriod", "performedDateTime", "performedPeriod", "statusDate",
        "subject", "patient", "encounter", "basedOn", "episodeOfCare", "careTeam", "addresses", "diagnosis",
        "condition", "reference", "outcomeReference", "referralRequest", "team", "partOf", "goal", "result",
        "hasMember",
    }
)  # fmt: skip
_ABOUT_PEOPLE = re.compile(
    r"(?!(?:Organization|Practitioner|PractitionerRole|Location|HealthcareService)/)[A-Z][A-Za-z]+/[0-9a-f-]{36}"
    rf"|{re.escape(uk_core.SUBJECT)}"
)
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T.*)?)?)?")
_CODE = re.compile(r"[a-z][a-z0-9-]{0,40}")
_CODED = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/^-]{0,40}")
_COMPARATORS = ("<", "<=", ">=", ">")
_DISTRICT = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)( ?\d[A-Z]{2})?")
Json = dict[str, Any]


def pseudonymised(resource: Resource, on: date) -> Resource:
    """What may leave of a resource, on day `on`; a valid resource of its type, with the ids it has. Never ask for a
    type of `NEVER`."""
    kept = _members(resource)
    if resource["resourceType"] == "Patient":
        kept |= _person(resource, on)
    meta: Json = {"security": [PSEUDED]}
    if tags := [tag for tag in resource.get("meta", {}).get("tag", ()) if tag == uk_core.HEALTH_TEST_DATA]:
        meta["tag"] = tags
    return {"resourceType": resource["resourceType"], "id": resource["id"], "meta": meta, **kept}


def _person(patient: Resource, on: date) -> Json:
    coarse: Json = {}
    born = str(patient.get("birthDate", ""))[:4]
    if born and on.year - int(born) < _OLDEST:
        coarse["birthDate"] = born
    codes = [_DISTRICT.fullmatch(str(one.get("postalCode", "")).upper()) for one in patient.get("address", ())]
    if districts := [found[1] for found in codes if found]:
        coarse["address"] = [{"postalCode": districts[0]}]
    if "deceasedDateTime" in patient:
        coarse["deceasedBoolean"] = True
    return coarse


def _members(value: Mapping[str, Any]) -> Json:
    found = {name: _left(name, inner) for name, inner in value.items() if name in _KEPT}
    return {name: inner for name, inner in found.items() if inner is not None}


def _left(name: str, value: Any) -> Any:
    """What is left of one element; None: nothing."""
    if isinstance(value, list):
        return [left for one in value if (left := _left(name, one)) is not None] or None
    if isinstance(value, dict):
        return _of_datatype(value)
    if isinstance(value, str):
        return _of_text(value)
    return value


def _of_text(value: str) -> str | None:
    if _DATE.fullmatch(value):
        return value[:7]
    return value if _CODE.fullmatch(value) else None


def _of_datatype(value: Json) -> Json | None:
    """What is left of a datatype, which is known by the members it has; else of an element with members of its own."""
    names = value.keys() - {"extension", "id"}
    if names <= {"coding", "text"}:
        return _concept(value)
    if isinstance(value.get("code"), str) and names <= {"system", "version", "code", "display", "userSelected"}:
        return _coding(value) or _MASKED
    if isinstance(value.get("value"), int | float):
        compared = {"comparator": value["comparator"]} if value.get("comparator") in _COMPARATORS else {}
        return {"value": value["value"], **compared, **(_coding(value) or {})}
    target = value.get("reference")
    reference = names <= {"reference", "type", "identifier", "display"} and not isinstance(value.get("type"), list)
    if reference and not isinstance(target, dict | list):
        return {"reference": target} if isinstance(target, str) and _ABOUT_PEOPLE.fullmatch(target) else None
    return _members(value) or None


def _concept(value: Json) -> Json:
    codings = [coding for one in value.get("coding", ()) if (coding := _coding(one)) is not None]
    return {"coding": codings or [_MASKED]}


def _coding(value: Json) -> Json | None:
    """System and code: a code of somebody's own numbering is none."""
    system, code = value.get("system", ""), value.get("code", "")
    own = not system.startswith(("http://", "https://", "urn:oid:")) or system.startswith(uk_core.LOCAL_ID)
    return None if own or not _CODED.fullmatch(code) else {"system": system, "code": code}
