"""Who uses the record, and how: by user, by organisation, by agreement, in a time. It tells of callers, and names
nobody whose record it was."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

import msgspec

from adapters.records import LONDON
from integration.audit.glance import Glance, glances, newest
from integration.audit.search import AuditQuery, Moments
from integration.errors import NotPossible
from integration.store.connection import Connection

_DAYS = 30
MOST = 1_000_000
"""Events that one report looks at; of more it asks for fewer days."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Which events a report is about; empty = no condition. `agreement`: an agreement, in whichever version it was
    decisive, such as `CW-01`, or one version of it, such as `CW-01 version 5`."""

    start: datetime
    end: datetime
    organisation: str = ""
    """ODS code of who asked."""
    user: str = ""
    """As the client or the identity provider named them, letter by letter."""
    agreement: str = ""
    kind: str = ""
    outcome: str = ""

    def query(self) -> AuditQuery:
        """The events among which those asked for are."""
        return AuditQuery(
            dates=(Moments(self.start, self.end),),
            organisations=(self.organisation,) if self.organisation else (),
            kinds=(self.kind,) if self.kind else (),
            outcomes=(self.outcome,) if self.outcome else (),
            says=tuple(_as_stored(text) for text in (self.user, self.agreement) if text),
        )

    def holds(self, event: Glance) -> bool:
        """Whether an event of `query` is one of those asked for."""
        if self.user and event.user != self.user:
            return False
        versions = f"{self.agreement} version "
        return not self.agreement or any(one == self.agreement or one.startswith(versions) for one in event.agreements)


def between(start: date | None, end: date | None, **filters: str) -> Question:
    """A question about whole days, in London: until today, and from 30 days before, unless it says which."""
    end = end or datetime.now(LONDON).date()
    start = start or end - timedelta(days=_DAYS - 1)
    first = datetime.combine(start, time(), LONDON)
    return Question(start=first, end=datetime.combine(end + timedelta(days=1), time(), LONDON), **filters)


def _as_stored(text: str) -> str:
    """How a text begins in JSON."""
    return msgspec.json.encode(text).decode().removesuffix('"')


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What one caller did in that time. `accesses`: answers from records; `refused`: requests that were not
    answered; `people`: of how many different people; `shown`: how many resources, in all answers."""

    organisation: str
    client: str
    user: str
    role: str
    purpose: str
    accesses: int
    refused: int
    emergencies: int
    people: int
    shown: int
    first: datetime
    last: datetime


@dataclass
class _Tally:
    first: datetime
    last: datetime
    accesses: int = 0
    refused: int = 0
    emergencies: int = 0
    shown: int = 0
    people: set[UUID] = field(default_factory=set)

    def add(self, event: Glance) -> None:
        self.first, self.last = min(self.first, event.recorded), max(self.last, event.recorded)
        self.accesses += event.shown and event.reads
        self.refused += event.refused
        self.emergencies += event.emergency
        self.shown += sum(event.counts.values()) if event.reads else 0
        person = event.person if event.shown and event.reads else None
        if person is not None:
            self.people.add(person)


async def usage(connection: Connection, question: Question, most: int = MOST) -> Sequence[Use]:
    """Whoever asked, most often first. The connection is in a transaction, in a role that may read the audit. Raises
    NotPossible where there is too much to look at."""
    tallies: dict[tuple[str, str, str, str, str], _Tally] = {}
    looked = 0
    async for event in glances(connection, question.query()):
        looked += 1
        if looked > most:
            raise NotPossible(f"That is more than {most:,} entries. Ask for fewer days, or for one organisation.")
        if not question.holds(event):
            continue
        client, organisation, role, purpose, user, _ = event.caller
        caller = (organisation, client, user, role, purpose)
        tally = tallies.get(caller)
        if tally is None:
            tally = tallies[caller] = _Tally(event.recorded, event.recorded)
        tally.add(event)
    found = [_use(caller, tally) for caller, tally in tallies.items()]
    return sorted(found, key=lambda one: (-one.accesses, -one.refused, one.organisation, one.client, one.user))


def _use(caller: tuple[str, str, str, str, str], tally: _Tally) -> Use:
    organisation, client, user, role, purpose = caller
    return Use(
        organisation=organisation,
        client=client,
        user=user,
        role=role,
        purpose=purpose,
        accesses=tally.accesses,
        refused=tally.refused,
        emergencies=tally.emergencies,
        people=len(tally.people),
        shown=tally.shown,
        first=tally.first,
        last=tally.last,
    )


async def entries(
    connection: Connection, question: Question, most: int, before: tuple[datetime, UUID] | None = None
) -> list[Glance]:
    """The single events, newest first, at most so many, those before this one; as `usage` otherwise."""
    query = replace(question.query(), count=most, before=before)
    found: list[Glance] = []
    while True:
        page = await newest(connection, query)
        found += [event for event in page if question.holds(event)]
        if len(found) >= most or len(page) < most:
            return found[:most]
        query = replace(query, before=(page[-1].recorded, page[-1].id))
