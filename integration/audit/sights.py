"""Who was shown a person's record in some stretch of time: the accesses, and the account of them by caller. It serves
whoever must be told that what they saw was wrong: two people's records as one (`breach`), or an entry that its source
took back (`corrections`). No content is read.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from integration.audit.codes import Outcome
from integration.audit.glance import Glance, caller_of, counts_of, glances
from integration.audit.grouped import Grouped
from integration.audit.search import AuditQuery, Moments
from integration.store.connection import Connection

EDGE = timedelta(minutes=1)
"""An access this close before or after the time may have seen what stood then: an event tells when a request came, and
what it read is what was committed a little later, or a little earlier when it ends."""


@dataclass(frozen=True)
class Period:
    """What is asked about was this person's from `start` until before `end`; None: it still is."""

    person: UUID
    start: datetime
    end: datetime | None


def joined(rows: Iterable[Iterable[Any]]) -> list[Period]:
    """Periods of person, start and end, the oldest first: what goes on is one."""
    periods: list[Period] = []
    for person, start, end in rows:
        last = periods[-1] if periods else None
        if last and last.person == person and last.end == start:
            periods[-1] = Period(person, last.start, end)
        else:
            periods.append(Period(person, start, end))
    return periods


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


class Sight(NamedTuple):
    """An access in that time; `certain`: it lies well inside, not at its ends."""

    event: Glance
    certain: bool


def reads(event: Glance) -> bool:
    """Whether an access is of a kind that may show something of a record."""
    return event.reads


async def sights(
    connection: Connection, periods: Iterable[Period], shows: Callable[[Glance], bool] = reads
) -> list[Sight]:
    """Each answered access in these periods that `shows` what is asked about, once. The connection is in a transaction,
    in a role that may read the audit."""
    return once(
        [
            Sight(event, _within(period, event.recorded))
            for period in periods
            async for event in glances(connection, _around(period))
            if shows(event)
        ]
    )


def once(found: Iterable[Sight]) -> list[Sight]:
    """Each access once, certain where it is so by one of its sights."""
    return list({one.event.id: one for one in sorted(found, key=lambda one: one.certain)}.values())


def first(found: Iterable[Sight]) -> Glance:
    """The earliest of these accesses."""
    return min((one.event for one in found), key=lambda event: event.recorded)


def were_shown(callers: int) -> str:
    """How many were shown something, to be read by anybody."""
    return "1 caller was" if callers == 1 else f"{callers:,} callers were"


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
