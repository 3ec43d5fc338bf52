"""Who has seen a person's record: by whom, why and when, in plain English, for the officer and for the person.

What counts as seeing is what `audit.breach` counts: an answered read of any kind, and not the work of the audit itself.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from adapters.records import LONDON
from integration.audit.breach import Accounts, Seen
from integration.audit.codes import BREAK_GLASS_PURPOSE
from integration.audit.glance import glances
from integration.audit.search import AuditQuery, Moments
from integration.audit.told import in_words
from integration.store.connection import Connection


class Report(msgspec.Struct, frozen=True):
    """Whoever saw the record, most often first; `refused`: how many attempts were not answered; `events`: how many
    there are of all kinds."""

    seen: Sequence[Seen]
    refused: int
    events: int

    def organisations(self) -> list[str]:
        """ODS codes of whoever saw it, once each."""
        return sorted({one.organisation for one in self.seen})


def about(persons: Sequence[UUID], start: datetime | None = None, end: datetime | None = None) -> AuditQuery:
    """All events of a person, under every id that ever was theirs, in that time."""
    return AuditQuery(dates=(Moments(start, end),), persons=tuple(persons))


async def report(connection: Connection, query: AuditQuery) -> Report:
    """The account of all these events, however many. The connection is in a transaction, in a role that may read the
    audit."""
    refused = events = 0
    seen = Accounts()
    async for event in glances(connection, query):
        events += 1
        if event.reads:
            refused += event.refused
            if event.shown:
                seen.add(event)
    return Report(seen.seen(), refused, events)


def sentence(one: Seen, organisation: str, purposes: Mapping[str, str]) -> str:
    """What one caller did, to be read by anybody. `purposes`: code of a purpose -> what the agreements call it."""
    named = [purposes.get(code, code) for code in one.purpose.split() if code != BREAK_GLASS_PURPOSE]
    why = f" for {' and '.join(named)}" if named else ""
    often = "once" if one.accesses == 1 else f"{one.accesses:,} times"
    first, last = _day(one.first), _day(one.last)
    when = f"on {last}" if first == last else f"between {first} and {last}"
    told = in_words(one.types)
    what = f" They were shown {told}." if told else " There was nothing to show them."
    glass = " It was opened as an emergency, and an officer looks at each of these." if one.emergency else ""
    return f"{organisation} looked {often} {when}{why}.{what}{glass}"


def _day(at: datetime) -> str:
    return f"{at.astimezone(LONDON):%-d %B %Y}"
