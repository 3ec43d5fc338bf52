"""Who saw two people's records as one person's, while they were wrongly taken for one: for the IG officer.

What is known: from when until when both records were one person, and under which id (the facts, as they were recorded),
and every access that the audit has of that id in that time. No content is read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from integration.audit.codes import Outcome
from integration.audit.glance import Glance, caller_of, counts_of, glances
from integration.audit.grouped import Grouped
from integration.audit.search import AuditQuery, Moments
from integration.store.connection import Connection
from integration.store.database import act_as

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


class Sight(NamedTuple):
    """An access that showed the records together; `certain`: it lies well inside the time, not at its ends."""

    event: Glance
    certain: bool


async def who_saw(connection: Connection, pair: tuple[UUID, UUID], periods: Sequence[Period]) -> Breach:
    """The report of these periods. The connection is outside a transaction, of a login that may read the audit."""
    async with connection.transaction(readonly=True):
        await act_as(connection, "toldonce_audit_reader")
        found = await sights(connection, periods)
    return Breach(pair, periods, Accounts.of(found).seen())


async def sights(connection: Connection, periods: Sequence[Period]) -> list[Sight]:
    """Each access in these periods, once. The connection is in a transaction, in a role that may read the audit."""
    found: dict[UUID, Sight] = {}
    for period in periods:
        async for event in glances(connection, _around(period)):
            if event.reads:
                certain = _within(period, event.recorded) or (event.id in found and found[event.id].certain)
                found[event.id] = Sight(event, certain)
    return list(found.values())


def _around(period: Period) -> AuditQuery:
    """Successful accesses to this person in this time and a little around it."""
    within = Moments(period.start - EDGE, period.end + EDGE if period.end else None)
    return AuditQuery(dates=(within,), persons=(period.person,), outcomes=(str(Outcome.SUCCESS),))


def _within(period: Period, moment: datetime) -> bool:
    return period.start + EDGE <= moment and (period.end is None or moment < period.end - EDGE)


class Accounts:
    """Who saw it, by user, organisation, client, role and purpose: to be added to, some events that say the same at a
    time."""

    def __init__(self) -> None:
        self._grouped: dict[tuple[bytes, bytes, bool, bool], Grouped] = {}

    @classmethod
    def of(cls, found: Iterable[Sight]) -> "Accounts":
        """The account of these accesses."""
        accounts = cls()
        for event, certain in found:
            accounts.add(Grouped.of(event), certain=certain)
        return accounts

    def add(self, events: Grouped, *, certain: bool = True) -> None:
        """Count events; `certain`: they lie well inside the time that is asked about."""
        key = (events.said_caller, events.said_counts, events.emergency, certain)
        known = self._grouped.get(key)
        self._grouped[key] = known.and_(events) if known else events

    def seen(self) -> list[Seen]:
        """Whoever saw it, most often first."""
        tallies: dict[tuple[str, ...], _Tally] = {}
        for (caller, counts, emergency, certain), some in self._grouped.items():
            client, organisation, role, purpose, user, _ = caller_of(caller)
            tally = tallies.setdefault((user, organisation, client, role, purpose), _Tally())
            tally.add(some, counts_of(counts))
            tally.emergency |= emergency
            tally.certain |= certain
        found = (tally.seen(caller) for caller, tally in tallies.items())
        return sorted(found, key=lambda one: (-one.accesses, one.user, one.organisation, one.client))


@dataclass
class _Tally:
    """What one caller got, so far."""

    grouped: list[Grouped] = field(default_factory=list)
    types: Counter[str] = field(default_factory=Counter)
    emergency: bool = False
    certain: bool = False

    def add(self, some: Grouped, counts: Mapping[str, int]) -> None:
        self.grouped.append(some)
        for name, count in counts.items():
            self.types[name] += count * some.events

    def seen(self, caller: tuple[str, ...]) -> Seen:
        user, organisation, client, role, purpose = caller
        return Seen(
            user=user,
            organisation=organisation,
            client=client,
            role=role,
            purpose=purpose,
            accesses=sum(one.events for one in self.grouped),
            first=min(one.first for one in self.grouped),
            last=max(one.last for one in self.grouped),
            types=dict(sorted(self.types.items())),
            emergency=self.emergency,
            certain=self.certain,
        )
