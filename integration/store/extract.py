"""What the store keeps beside a resource's bytes: dates, status, tokens, references. Pure."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import orjson

from adapters.records import LONDON
from mappings import uk_core
from mappings.uk_core import Resource

DIRECTORY = frozenset({"Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService"})
"""Types that are about nobody's care."""

_DATES = (
    "period",
    "effectivePeriod",
    "effectiveDateTime",
    "onsetDateTime",
    "onsetPeriod",
    "occurrenceDateTime",
    "occurrencePeriod",
    "performedDateTime",
    "performedPeriod",
    "authoredOn",
    "recordedDate",
    "created",
    "dateTime",
    "startDate",
    "executionPeriod",
    "issued",
)
"""Elements that say when, by preference: the first that is present counts (care dates before record dates)."""
_TOKENS = ("code", "category", "class", "type", "identifier", "serviceType", "vaccineCode", "medicationCodeableConcept")


@dataclass(frozen=True)
class Extract:
    """Columns of a resource row; see `store.tables.ResourceRow`."""

    starts: datetime | None
    ends: datetime | None
    status: str | None
    tokens: tuple[str, ...]
    refs: tuple[UUID, ...]
    entries: tuple[UUID, ...]
    digest: bytes


def extract(resource: Resource) -> Extract:
    starts, ends = when(resource)
    return Extract(
        starts=starts,
        ends=ends,
        status=resource.get("status"),
        tokens=tuple(sorted(set(_tokens(resource)))),
        refs=tuple(sorted({id_ for kind, id_ in _references(resource) if kind not in DIRECTORY})),
        entries=directory_entries(resource),
        digest=digest(resource),
    )


def directory_entries(resource: Resource) -> tuple[UUID, ...]:
    """Organisations, practitioners and places that a resource refers to."""
    return tuple(sorted({id_ for kind, id_ in _references(resource) if kind in DIRECTORY}))


def digest(resource: Resource) -> bytes:
    """SHA-256 of the canonical JSON: what makes two versions the same."""
    return hashlib.sha256(orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)).digest()


def when(resource: Resource) -> tuple[datetime | None, datetime | None]:
    """First and last moment the resource speaks of; an open end is None. Partial dates cover their whole day, month
    or year (http://hl7.org/fhir/R4/search.html#date)."""
    for element in _DATES:
        value = resource.get(element)
        if isinstance(value, dict):
            return bounds(value.get("start"))[0], bounds(value.get("end"))[1]
        if value:
            return bounds(value)
    return None, None


def bounds(value: str | None) -> tuple[datetime | None, datetime | None]:
    """First and last moment that a FHIR date, dateTime or instant covers. Raises ValueError for anything else."""
    if not value:
        return None, None
    if "T" in value:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=LONDON)
        return moment, moment
    year, month, day = (*map(int, value.split("-")), 0, 0)[:3]
    first = date(year, month or 1, day or 1)
    if day:
        after = first + timedelta(days=1)
    elif month:
        after = (first + timedelta(days=31)).replace(day=1)
    else:
        after = date(year + 1, 1, 1)
    return _midnight(first), _midnight(after) - timedelta(microseconds=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LONDON)


def _tokens(resource: Resource) -> Iterator[str]:
    for element in _TOKENS:
        value = resource.get(element)
        for item in value if isinstance(value, list) else [value] if value else ():
            yield from _token(item)


def _token(item: Any) -> Iterator[str]:
    if not isinstance(item, dict):
        return
    for coding in item.get("coding", ()) or (item,):
        code = coding.get("code") or coding.get("value")
        if isinstance(code, str):
            yield f"{coding.get('system', '')}|{code}"


def _references(node: Any) -> Iterator[tuple[str, UUID]]:
    """(type, id) of every literal reference but the one to the person."""
    if isinstance(node, dict):
        target = node.get("reference")
        if isinstance(target, str) and target != uk_core.SUBJECT:
            kind, _, id_ = target.partition("/")
            yield kind, UUID(id_)
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
