"""What the store keeps beside a resource's bytes: dates, status, tokens, references. Pure."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from uuid import UUID

import orjson

from adapters.records import LONDON
from integration.store.search_index import index
from mappings import uk_core
from mappings.uk_core import Resource

_FIRST_YEAR, _LAST_YEAR = 1850, 2150
DIRECTORY = frozenset({"Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService"})
"""Types that are about nobody's care."""

_BY_PREFERENCE = (
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
    "date",
    "receivedTime",
)
"""Elements that say when: the first that is present counts (care dates before record dates)."""
_DATES = {element: place for place, element in enumerate(_BY_PREFERENCE)}
_SUBJECT = uk_core.SUBJECT.encode()
_ITSELF = b"#"
"""What is contained refers so to what contains it (http://hl7.org/fhir/R4/references.html#contained)."""
_REFERENCE = re.compile(rb'"reference":"([^"]*)"')
"""In JSON as orjson writes it. Text that quotes these very words has a backslash before each quotation mark."""
_OURS = re.compile(r"([A-Za-z]+)/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class Extract(NamedTuple):
    """Columns of a resource row, by their names; see `store.tables.ResourceRow`."""

    starts: datetime | None
    ends: datetime | None
    status: str | None
    tokens: Sequence[str]
    refs: tuple[str, ...]
    entries: tuple[str, ...]
    digest: bytes


def extract(resource: Resource, body: bytes, digest: bytes) -> Extract:
    """What is stored beside a resource; `body` is its `unstamped` JSON, `digest` the SHA-256 of that."""
    starts, ends = when(resource)
    refs, entries = _references(body)
    return Extract(
        starts=starts,
        ends=ends,
        status=resource.get("status"),
        tokens=index(resource),
        refs=refs,
        entries=entries,
        digest=digest,
    )


def directory_entries(resource: Resource) -> tuple[UUID, ...]:
    """Organisations, practitioners and places that a resource refers to."""
    _, entries = _references(unstamped(resource))
    return tuple(map(UUID, entries))


def referred(body: bytes) -> tuple[UUID, ...]:
    """Resources about the person that a stored JSON refers to."""
    refs, _ = _references(body)
    return tuple(map(UUID, refs))


def unstamped(resource: Resource) -> bytes:
    """The JSON of a resource that starts with type, id and meta, as they all do, without version and time. Its SHA-256
    tells whether two versions are the same: mappings are functions of what was said, in the order of members too."""
    return orjson.dumps(resource)


def when(resource: Resource) -> tuple[datetime | None, datetime | None]:
    """First and last moment the resource speaks of; an open end is None. Partial dates cover their whole day, month
    or year (http://hl7.org/fhir/R4/search.html#date)."""
    present = resource.keys() & _DATES
    if not present:
        return None, None
    value = resource[min(present, key=_DATES.__getitem__)]
    if isinstance(value, dict):
        return _kept(value.get("start"), 0), _kept(value.get("end"), 1)
    return _kept(value, 0), _kept(value, 1)


def _kept(value: str | None, end: Literal[0, 1]) -> datetime | None:
    """A bound worth keeping. Years like 0001 and 9999 mean that somebody had to fill a field in: they bound nothing."""
    try:
        found = bounds(value)[end]
    except ValueError:
        return None
    return found if found and _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def bounds(value: str | None) -> tuple[datetime | None, datetime | None]:
    """First and last moment that a FHIR date, dateTime or instant covers. Raises ValueError for anything else."""
    if not value:
        return None, None
    try:
        return _bounds(value)
    except OverflowError:
        raise ValueError("the date is beyond what can be told") from None


@lru_cache(maxsize=8192)
def _bounds(value: str) -> tuple[datetime, datetime]:
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


def _references(body: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Ids that literal references lead to but those to the person and within the resource itself: of resources about
    the person, and of directory entries; sorted. Raises ValueError for one that is not ours."""
    refs: set[str] = set()
    entries: set[str] = set()
    for target in set(_REFERENCE.findall(body)) - _OF_NO_OTHER:
        kind, id_ = _target(target)
        (entries if kind in DIRECTORY else refs).add(id_)
    return tuple(sorted(refs)), tuple(sorted(entries))


@lru_cache(maxsize=8192)
def _target(reference: bytes) -> tuple[str, str]:
    """Type and id. Raises ValueError."""
    ours = _OURS.fullmatch(reference.decode())
    if ours is None:
        raise ValueError("a reference that is not ours")
    return ours[1], ours[2]


_OF_NO_OTHER = {_SUBJECT, _ITSELF}
