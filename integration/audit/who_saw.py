"""Who has seen a person's record: by whom, why and when, in plain English, for the officer and for the person.

What counts as seeing is what `audit.sights` counts: an answered read of any kind, and not the work of the audit itself.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from adapters.records import LONDON
from integration.audit.codes import BREAK_GLASS_PURPOSE
from integration.audit.grouped import grouped
from integration.audit.pdf import Document
from integration.audit.search import AuditQuery, Moments
from integration.audit.sights import Accounts, Seen
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
    async for some in grouped(connection, query):
        events += some.events
        if some.reads:
            refused += some.events if some.refused else 0
            if some.shown:
                seen.add(some)
    return Report(seen.seen(), refused, events)


def letter(
    found: Report, sentences: Sequence[str], made: datetime, place: str, days: tuple[date | None, date | None]
) -> Document:
    """The account for the person, without names of staff. `days`: the first and the last that were asked for."""
    start, end = days
    since = f" from {_day(start)}" if start else ""
    until = f" until {_day(end)}" if end else ""
    log = f" of {place}" if place else ""
    before = (
        f"This is everybody who was shown something of your shared record{since}{until}. "
        f"It was made on {_day(made)} from the access log{log}."
    )
    other = "1 other request was" if found.refused == 1 else f"{found.refused:,} other requests were"
    return Document(
        title="Who has seen your record",
        before=(before, *(() if sentences else ("Nobody was shown anything of your record.",))),
        sentences=sentences,
        after=(*((f"{other} refused, and nothing was shown.",) if found.refused else ()), _PLEASE),
    )


_PLEASE = (
    "If somebody is named here who should not have looked, please tell us. You can also ask us to stop sharing with an "
    "organisation, or to correct what is wrong."
)


def sentences(seen: Sequence[Seen], names: Mapping[str, str], purposes: Mapping[str, str]) -> list[str]:
    """What each caller did. `names`: ODS code -> name; `purposes` as for `sentence`."""
    return [sentence(one, names.get(one.organisation, one.organisation), purposes) for one in seen]


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


def _day(at: date) -> str:
    return f"{at.astimezone(LONDON) if isinstance(at, datetime) else at:%-d %B %Y}"
