"""Search parameters: what is understood, and a refusal of what is not, so that a mistyped filter never returns more.

https://hl7.org/fhir/R4/search.html
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from integration.api.interactions import SOURCES
from integration.api.seal import Parameters
from integration.errors import BadRequest
from integration.identity.demographics import is_nhs_number
from integration.record.reader import Query
from integration.store.extract import bounds
from mappings import uk_core

CURSOR = "_cursor"
AFTER = "_after"
"""Inside a sealed cursor only: the id behind which the next page begins."""
MOST = 1000
_PREFIXED = re.compile(r"(eq|ge|le|gt|lt)?(\d{4}.*)")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII)
_SEVERAL = frozenset({"date", "_format"})
"""May be given more than once, beside tokens: all of them must hold."""
_WHOM = frozenset({"patient", "subject", "identifier"})
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Asked:
    """A search as understood: of whom (by id or by NHS number), and what."""

    query: Query
    person: UUID | None = None
    number: str | None = None
    sources: bool = False
    """Whether the source of each element of a golden Patient is to be answered beside it."""


def understand(parameters: Parameters, types: tuple[str, ...], names: Collection[str]) -> Asked:
    """Read the parameters whose names are in `names`; raises BadRequest for any other, and for one it cannot read."""
    asked = Asked(Query(types=types))
    _require_once([name for name, _ in parameters])
    for name, value in parameters:
        if "\0" in value:
            raise BadRequest("A parameter holds a character that no text has.")
        if name not in names and name not in (AFTER, "_format"):
            # the name is not repeated: it too could hold anything
            raise BadRequest("A search parameter is not supported here; see /fhir/metadata.")
        asked = _APPLY[name](asked, value) if name in _APPLY else _token(asked, name, value)
    return asked


def _require_once(names: Sequence[str]) -> None:
    """What is given again would either be ignored or lift what was given first: both would return more than meant."""
    for name in names:
        if names.count(name) > 1 and name in _APPLY and name not in _SEVERAL:
            raise BadRequest(f"{name} may be given once.", parameter=name)
    if sum(re.split("[:.]", name)[0] in _WHOM for name in names) > 1:
        raise BadRequest("Say once whom the search is about.", parameter="patient")


def nhs_number(value: str) -> str:
    """The number of an identifier token `[system|]value`; another system's identifier is never an NHS number."""
    system, _, number = value.rpartition("|")
    if system not in ("", uk_core.NHS_NUMBER):
        raise BadRequest("Only NHS numbers identify a person here.", parameter="identifier")
    if not is_nhs_number(number):
        raise BadRequest("Not a valid NHS number (ten digits with a check digit).", parameter="identifier")
    return number


def _patient(asked: Asked, value: str) -> Asked:
    kind, _, id_ = value.rpartition("/")
    if kind not in ("", "Patient"):
        raise BadRequest("patient takes Patient/<id>.", parameter="patient")
    try:
        return replace(asked, person=UUID(id_))
    except ValueError:
        return replace(asked, person=UUID(int=0))


def _number(asked: Asked, value: str) -> Asked:
    return replace(asked, number=nhs_number(value))


def _query(change: Callable[[Query, str], Query]) -> Callable[[Asked, str], Asked]:
    return lambda asked, value: replace(asked, query=change(asked.query, value))


def _date(query: Query, value: str) -> Query:
    match = _PREFIXED.fullmatch(value)
    if not match:
        raise BadRequest("A date is [eq|ge|le|gt|lt]YYYY[-MM[-DD[Thh:mm:ss+zz:zz]]].", parameter="date")
    first, last = _bounds(match[2], "date")
    prefix = match[1] or "eq"
    try:
        starts = {"eq": first, "ge": first, "gt": last + _INSTANT}.get(prefix)
        ends = {"eq": last, "le": last, "lt": first - _INSTANT}.get(prefix)
    except OverflowError:
        raise BadRequest("The date is beyond what can be searched.", parameter="date") from None
    return replace(
        query,
        start=max((one for one in (starts, query.start) if one), default=None),
        end=min((one for one in (ends, query.end) if one), default=None),
        dated=True,
    )


def _count(query: Query, value: str) -> Query:
    if not value.isdecimal() or not int(value):
        raise BadRequest("_count is a whole number from 1.", parameter="_count")
    return replace(query, limit=min(int(value), MOST))


def _id(query: Query, value: str) -> Query:
    return replace(query, ids=tuple(id_ for text in value.split(",") for id_ in _uuids(text)) or (UUID(int=0),))


def _sources(asked: Asked, value: str) -> Asked:
    if value != SOURCES.doc:
        raise BadRequest(f"_revinclude takes {SOURCES.doc}.", parameter=SOURCES.name)
    return replace(asked, sources=True)


def _uuids(text: str) -> list[UUID]:
    try:
        return [UUID(text)]
    except ValueError:
        return []


def _token(asked: Asked, name: str, value: str) -> Asked:
    tokens = (*asked.query.tokens, (name, tuple(value.split(","))))
    return replace(asked, query=replace(asked.query, tokens=tokens))


def _bounds(value: str, parameter: str) -> tuple[datetime, datetime]:
    text = value.replace(" ", "+")  # an unescaped + in a query string arrives as a space
    try:
        first, last = bounds(text) if _DATE.fullmatch(text) else (None, None)
        if first is None or last is None:
            raise BadRequest("Not a FHIR date.", parameter=parameter)
        return first, last
    except (ValueError, OverflowError):
        raise BadRequest("Not a FHIR date.", parameter=parameter) from None


_APPLY: dict[str, Callable[[Asked, str], Asked]] = {
    "patient": _patient,
    "subject": _patient,
    "patient:identifier": _number,
    "patient.identifier": _number,
    "subject:identifier": _number,
    "subject.identifier": _number,
    "identifier": _number,
    "status": _query(lambda query, value: replace(query, statuses=tuple(value.split(",")))),
    "date": _query(_date),
    "start": _query(lambda query, value: replace(query, start=_bounds(value, "start")[0])),
    "end": _query(lambda query, value: replace(query, end=_bounds(value, "end")[1])),
    "_since": _query(lambda query, value: replace(query, since=_bounds(value, "_since")[0])),
    "_type": _query(lambda query, value: replace(query, types=(*query.types, *value.split(",")))),
    "_count": _query(_count),
    "_id": _query(_id),
    SOURCES.name: _sources,
    "_format": lambda asked, _: asked,
    AFTER: _query(lambda query, value: replace(query, after=UUID(value))),
}
