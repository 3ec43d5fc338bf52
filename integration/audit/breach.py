"""Who saw two people's records as one person's, while they were wrongly taken for one: for the IG officer.

What is known: from when until when both records were one person, and under which id (the facts, as they were recorded),
and every access that the audit has of that id in that time. No content is read.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import orjson

from integration.audit.codes import Kind, Outcome
from integration.audit.search import GREATEST_COUNT, AuditQuery, Moments, parse_search, search
from integration.audit.told import caller_of, kind_of_event, shows_nothing, types_of
from integration.store.connection import Connection
from mappings.uk_core import Resource

EDGE = timedelta(minutes=1)
"""An access this close before or after the time may have seen the records together: an event tells when a request came,
and what it read is what was committed a little later, or a little earlier when it ends."""


@dataclass(frozen=True)
class Period:
    """Both records were this person's from `start` until before `end`; None: they still are."""

    person: UUID
    start: datetime
    end: datetime | None


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What one caller got of the record in that time. `types`: how many resources of each type, in all answers."""

    user: str
    organisation: str
    client: str
    role: str
    purpose: str
    accesses: int
    first: datetime
    last: datetime
    types: dict[str, int]
    emergency: bool
    """One of the accesses at least was by break-glass."""
    certain: bool
    """One of the accesses at least lies well inside the time, not only within a minute of its ends."""


@dataclass(frozen=True)
class Breach:
    """The report: when the two were one person, and who saw that person then."""

    pair: tuple[UUID, UUID]
    periods: Sequence[Period]
    seen: Sequence[Seen]


async def together(connection: Connection, pair: tuple[UUID, UUID]) -> list[Period]:
    """When these two source patients were one person, oldest first. The role may read facts and source patients."""
    periods: list[Period] = []
    for person, start, end in await connection.fetch(_TOGETHER, *pair):
        last = periods[-1] if periods else None
        if last and last.person == person and last.end == start:
            periods[-1] = Period(person, last.start, end)
        else:
            periods.append(Period(person, start, end))
    return periods


_TOGETHER = """
select f.person, greatest(f.recorded, g.recorded) as start, nullif(least(f.until, g.until), 'infinity') as end
from toldonce.source_patient a join toldonce.facts f on f.source_patient = a.key
join toldonce.source_patient b on b.id = $2 join toldonce.facts g on g.source_patient = b.key and g.person = f.person
where a.id = $1 and greatest(f.recorded, g.recorded) < least(f.until, g.until) order by start
"""


async def who_saw(connection: Connection, pair: tuple[UUID, UUID], periods: Sequence[Period]) -> Breach:
    """The report of these periods. The connection is outside a transaction, of a login that may read the audit."""
    found: dict[UUID, tuple[Resource, bool]] = {}
    for period in periods:
        async for event in _events(connection, period):
            certain = _within(period, datetime.fromisoformat(event["recorded"]))
            id_ = UUID(event["id"])
            found[id_] = (event, certain or (id_ in found and found[id_][1]))
    return Breach(pair, periods, account(found.values()))


async def _events(connection: Connection, period: Period) -> AsyncIterator[Resource]:
    """Successful accesses to this person in this time and a little around it, as AuditEvents."""
    within = Moments(period.start - EDGE, period.end + EDGE if period.end else None)
    query = AuditQuery(
        dates=(within,), persons=(period.person,), outcomes=(str(Outcome.SUCCESS),), count=GREATEST_COUNT
    )
    while True:
        page = await search(connection, query)
        for _, content in page.events:
            event = orjson.loads(content)
            if not shows_nothing(event):
                yield event
        if page.following is None:
            return
        query = replace(query, before=parse_search(page.following, continued=True).before)


def _within(period: Period, moment: datetime) -> bool:
    return period.start + EDGE <= moment and (period.end is None or moment < period.end - EDGE)


def account(events: Iterable[tuple[Resource, bool]]) -> list[Seen]:
    """Who saw it, by user, organisation, client, role and purpose, whoever saw it most first. Pure. Of each event it is
    said whether it is certain."""
    grouped: dict[tuple[str, ...], list[tuple[Resource, bool]]] = {}
    for event, certain in events:
        grouped.setdefault(caller_of(event), []).append((event, certain))
    return sorted(
        (_seen(caller, listed) for caller, listed in grouped.items()), key=lambda one: (-one.accesses, one.user)
    )


def _seen(caller: tuple[str, ...], listed: Sequence[tuple[Resource, bool]]) -> Seen:
    user, organisation, client, role, purpose = caller
    moments = sorted(datetime.fromisoformat(event["recorded"]) for event, _ in listed)
    types: Counter[str] = Counter()
    for event, _ in listed:
        types.update(types_of(event))
    return Seen(
        user=user,
        organisation=organisation,
        client=client,
        role=role,
        purpose=purpose,
        accesses=len(listed),
        first=moments[0],
        last=moments[-1],
        types=dict(sorted(types.items())),
        emergency=any(kind_of_event(event) == Kind.BREAK_GLASS for event, _ in listed),
        certain=any(certain for _, certain in listed),
    )
