"""FHIR search of AuditEvent for IG officers (http://hl7.org/fhir/R4/auditevent.html#search, R4 search.html#date).

Parameters: date, patient, agent (client id), organization (ODS code of the caller), outcome, _tag (the kind of
access), _count. Newest first; what is stored compact is answered as AuditEvents.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

import orjson

from adapters.records import LONDON
from integration.audit.codes import KIND_TAG, Kind, Outcome
from integration.audit.entry import rendered
from integration.errors import BadRequest, Forbidden
from integration.sharing.request import Caller
from integration.store.connection import Connection
from mappings.uk_core import ODS_ORGANISATION

Parameters: TypeAlias = Sequence[tuple[str, str]]

IG_OFFICER = "information governance officer"
AUDIT_PURPOSE = "HCOMPL"
"""v3-ActReason `health compliance`: the purpose of use of reading the audit."""
DEFAULT_COUNT, GREATEST_COUNT = 50, 500
_DATE = re.compile(
    r"(?P<prefix>eq|ge|le|gt|lt|sa|eb)?(?P<year>\d{4})(-(?P<month>\d\d)(-(?P<day>\d\d)"
    r"(?P<time>T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?)?)?"
)


@dataclass(frozen=True)
class Moments:
    """recorded >= start and recorded < end, as far as they are given."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class AuditQuery:
    """A search of the audit. Empty = no condition; conditions of different parameters must all hold."""

    dates: tuple[Moments, ...] = ()
    persons: tuple[UUID, ...] = ()
    """One person, under every id that ever was theirs."""
    clients: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    """Texts that must stand in what is stored: a sieve, for whoever then looks at what they mean there."""
    count: int = DEFAULT_COUNT
    before: tuple[datetime, UUID] | None = None
    """The last event of the page before."""
    asked: tuple[tuple[str, str], ...] = ()
    """The parameters it was read from, for the links."""


@dataclass(frozen=True)
class Page:
    """AuditEvents as JSON, newest first, by id; and the parameters of the page after it, where there is one. These
    parameters go into a sealed cursor, never into a URL as they are."""

    events: tuple[tuple[UUID, bytes], ...]
    following: tuple[tuple[str, str], ...] | None


def require_ig_officer(caller: Caller) -> None:
    """Raise Forbidden unless the caller is an IG officer who reads the audit for its own purpose."""
    if caller.role != IG_OFFICER or caller.purpose != AUDIT_PURPOSE:
        raise Forbidden(f"Only the role '{IG_OFFICER}' with purpose {AUDIT_PURPOSE} may search the audit.")


def parse_search(parameters: Parameters, *, continued: bool = False) -> AuditQuery:
    """The search that these parameters ask for; `continued`: they come from a cursor of ours and may say `_before`.
    Raises BadRequest that names the parameter, never its value."""
    given = tuple((name, value) for name, value in parameters if name not in ("_format", "_pretty"))
    values: dict[str, list[str]] = {}
    for name, value in given:
        if name not in _KNOWN and not (continued and name == _BEFORE):
            raise BadRequest("A parameter is not supported here; see /fhir/metadata.")
        if name in values and name != "date":
            raise BadRequest(f"{name} may be given once; separate alternatives with commas.", parameter=name)
        values.setdefault(name, []).append(value)
    return AuditQuery(
        dates=tuple(_moments(text) for text in values.get("date", ())),
        persons=tuple(_person(text) for text in values.get("patient", ())),
        clients=_alternatives(values, "agent"),
        organisations=tuple(_code(text, ODS_ORGANISATION) for text in _alternatives(values, "organization")),
        outcomes=_known(_alternatives(values, "outcome"), {str(outcome) for outcome in Outcome}, "outcome"),
        kinds=_known((_code(text, KIND_TAG) for text in _alternatives(values, "_tag")), set(map(str, Kind)), "_tag"),
        count=_count(values.get("_count", [str(DEFAULT_COUNT)])[0]),
        before=_read_before(values[_BEFORE][0]) if _BEFORE in values else None,
        asked=given,
    )


_BEFORE = "_before"
_KNOWN = frozenset({"date", "patient", "agent", "organization", "outcome", "_tag", "_count"})


def _alternatives(values: dict[str, list[str]], name: str) -> tuple[str, ...]:
    return tuple(part for text in values.get(name, ()) for part in text.split(",") if part)


def _known(found: Iterable[str], possible: set[str], name: str) -> tuple[str, ...]:
    texts = tuple(found)
    if not possible.issuperset(texts):
        raise BadRequest(f"{name} takes: {', '.join(sorted(possible))}.", parameter=name)
    return texts


def _code(text: str, system: str) -> str:
    """The code of a token parameter `code`, `|code` or `system|code`."""
    return text.removeprefix(f"{system}|").removeprefix("|")


def _person(text: str) -> UUID:
    try:
        return UUID(text.rpartition("/")[2])
    except ValueError:
        raise BadRequest("patient takes Patient/<id>.", parameter="patient") from None


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise BadRequest("_count takes a whole number from 1.", parameter="_count")
    return min(int(text), GREATEST_COUNT)


def _moments(text: str) -> Moments:
    """R4 search.html#date: a partial date stands for the whole of its year, month, day, minute or second. Without an
    offset it is Europe/London time."""
    match = _DATE.fullmatch(text.replace(" ", "+"))  # an unescaped + in a query string arrives as a space
    if match is None:
        raise BadRequest("date takes a FHIR date with an optional prefix, such as ge2026-01-31.", parameter="date")
    try:
        start, end = _span(match)
    except ValueError:
        raise BadRequest("date names a day that does not exist.", parameter="date") from None
    match match["prefix"] or "eq":
        case "ge":
            return Moments(start=start)
        case "gt" | "sa":
            return Moments(start=end)
        case "lt" | "eb":
            return Moments(end=start)
        case "le":
            return Moments(end=end)
        case _:
            return Moments(start, end)


def _span(match: re.Match[str]) -> tuple[datetime, datetime]:
    year, month, day = int(match["year"]), int(match["month"] or 1), int(match["day"] or 1)
    if match["time"]:
        start = datetime.fromisoformat(f"{match['year']}-{match['month']}-{match['day']}{match['time']}")
        start = start if start.tzinfo else start.replace(tzinfo=LONDON)
        return start, start + _precision(match["time"])
    start = datetime(year, month, day, tzinfo=LONDON)
    if match["day"]:
        return start, start + timedelta(days=1)
    if match["month"]:
        return start, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=LONDON)
    return start, datetime(year + 1, 1, 1, tzinfo=LONDON)


def _precision(time: str) -> timedelta:
    if "." in time:
        return timedelta(microseconds=1)
    return timedelta(seconds=1) if time.count(":") - ("+" in time or "-" in time) == 2 else timedelta(minutes=1)


def _write_before(recorded: datetime, event: UUID) -> str:
    return f"{recorded.isoformat()},{event}"


def _read_before(text: str) -> tuple[datetime, UUID]:
    recorded, _, event = text.partition(",")
    return datetime.fromisoformat(recorded), UUID(event)


async def search(connection: Connection, query: AuditQuery) -> Page:
    """The events that match, newest first, a page of them."""
    text, values = _sql(query)
    async with connection.transaction(readonly=True):
        await connection.execute("select set_config('role', 'toldonce_audit_reader', true)")
        rows = await connection.fetch(text, *values)
    page = rows[: query.count]
    following = None
    if len(rows) > query.count:
        asked = tuple(pair for pair in query.asked if pair[0] != _BEFORE)
        following = (*asked, (_BEFORE, _write_before(page[-1]["recorded"], page[-1]["id"])))
    return Page(tuple((row["id"], rendered(row["content"])) for row in page), following)


def _sql(query: AuditQuery) -> tuple[str, list[Any]]:
    where, values = conditions(query)
    return (
        f"select id, recorded, content from toldonce.audit_event {where} "
        f"order by recorded desc, id desc limit {query.count + 1}",
        values,
    )


def conditions(query: AuditQuery) -> tuple[str, list[Any]]:
    """The where clause of a query and its values: conditions are fixed texts, values are always parameters."""
    found: list[str] = []
    values: list[Any] = []

    def add(condition: str, *parameters: Any) -> None:
        numbers = [f"${len(values) + offset + 1}" for offset in range(len(parameters))]
        values.extend(parameters)
        found.append(condition.format(*numbers))

    for moments in query.dates:
        if moments.start:
            add("recorded >= {}", moments.start)
        if moments.end:
            add("recorded < {}", moments.end)
    for column, wanted in (
        ("person", query.persons),
        ("client", query.clients),
        ("organisation", query.organisations),
        ("outcome", query.outcomes),
        ("kind", query.kinds),
    ):
        if len(wanted) == 1:  # an index gives these in order; of several values it would not
            add(column + " = {}", *wanted)
        elif wanted:
            add(column + " = any({})", list(wanted))
    if query.before:
        add("(recorded, id) < ({}, {})", *query.before)
    for text in query.says:
        add("position(convert_to({}, 'UTF8') in content) > 0", text)
    return f"where {' and '.join(found)}" if found else "", values


def searchset(page: Page, *, fhir_base: str, self_url: str, next_url: str | None) -> bytes:
    """The page as a searchset Bundle."""
    links = [{"relation": "self", "url": self_url}]
    if next_url:
        links.append({"relation": "next", "url": next_url})
    entries = b",".join(
        b'{"fullUrl":"'
        + f"{fhir_base}/AuditEvent/{event}".encode()
        + b'","resource":'
        + content
        + b',"search":{"mode":"match"}}'
        for event, content in page.events
    )
    head = b'{"resourceType":"Bundle","type":"searchset","link":' + orjson.dumps(links)
    # FHIR allows no empty arrays
    return head + (b',"entry":[' + entries + b"]}" if entries else b"}")
