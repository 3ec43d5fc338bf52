"""The golden Patient: who somebody is, put together for one caller from the statements that caller may see.

Survivorship, element by element: the best source that has the element wins; identifiers, former names and languages
are united. https://hl7.org/fhir/R4/patient.html
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson

from integration.record.reader import Row
from integration.sharing.request import Grant
from mappings.uk_core import Resource

BEST_FIRST = ("gp", "acute", "community", "mental_health", "social_care", "vcfse")
"""Feeds by how far their demographics are trusted; one that is not listed comes last."""

_FIRST = ("name", "gender", "birthDate", "maritalStatus", "photo", "managingOrganization", "generalPractitioner")
_LOCATION = ("address", "telecom", "contact")
_UNITED = ("identifier", "communication", "extension")


def golden_patient(grant: Grant, statements: Sequence[Row]) -> Resource | None:
    """The Patient as this caller may see it, or None when no statement is permitted. Sources that merged the person
    into another record of theirs give their identifiers only."""
    ranked = sorted(((_rank(row), row, one) for row in statements for one in [row.resource()]), key=_order)
    if not ranked:
        return None
    current = [one for _, _, one in ranked if one.get("active", True)] or [one for _, _, one in ranked]
    everyone = [one for _, _, one in ranked]
    built: Resource = {"resourceType": "Patient", "id": str(grant.person)}
    built["meta"] = _meta([row for _, row, _ in ranked], everyone)
    built |= {name: united for name in _UNITED if (united := _united(everyone, name))}
    built["active"] = True
    built |= _best(current, (*_FIRST, *(() if grant.location_withheld else _LOCATION)))
    built |= _death(current)
    built["link"] = [{"other": {"reference": f"Patient/{row.id}"}, "type": "seealso"} for _, row, _ in ranked]
    return built


def _rank(row: Row) -> int:
    return BEST_FIRST.index(row.feed) if row.feed in BEST_FIRST else len(BEST_FIRST)


def _order(ranked: tuple[int, Row, Resource]) -> tuple[int, UUID]:
    return ranked[0], ranked[1].id


def _best(statements: Sequence[Resource], names: Iterable[str]) -> Resource:
    best = {name: next((one[name] for one in statements if one.get(name)), None) for name in names}
    return {name: value for name, value in best.items() if value is not None}


def _united(statements: Iterable[Resource], name: str) -> list[Any]:
    """Every different value once, the best source's first. Of one NHS number the best verified statement stays."""
    kept: dict[bytes, Any] = {}
    for statement in statements:
        for value in statement.get(name, ()):
            kept.setdefault(_identity(name)(value), value)
    return list(kept.values())


def _identity(name: str) -> Callable[[Any], bytes]:
    if name == "identifier":
        return lambda value: orjson.dumps([value.get("system"), value.get("value")])
    if name == "extension":
        return lambda value: orjson.dumps(value["url"])
    return lambda value: orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _death(statements: Sequence[Resource]) -> Resource:
    """A date of death from any source outranks the bare word, which outranks silence: nobody is silently revived."""
    dated = next((one["deceasedDateTime"] for one in statements if one.get("deceasedDateTime")), None)
    if dated:
        return {"deceasedDateTime": dated}
    return {"deceasedBoolean": True} if any(one.get("deceasedBoolean") for one in statements) else {}


def statement(grant: Grant, row: Row) -> Resource:
    """A source's own Patient, under the same rule: without its address where another's is withheld by a choice."""
    patient = row.resource()
    return {name: value for name, value in patient.items() if not (grant.location_withheld and name in _LOCATION)}


def _meta(rows: Sequence[Row], statements: Sequence[Resource]) -> Resource:
    """Version: a digest of the permitted statements' versions; time: the latest of them; labels: all of theirs."""
    seen = orjson.dumps([[str(row.id), row.version] for row in rows])
    meta: Resource = {
        "versionId": hashlib.sha256(seen).hexdigest()[:16],
        "lastUpdated": max(row.recorded for row in rows).isoformat(timespec="milliseconds"),
        "profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"],
    }
    for name in ("security", "tag"):
        values = {orjson.dumps(one): one for statement in statements for one in statement["meta"].get(name, ())}
        if values:
            meta[name] = list(values.values())
    return meta
