"""Who has seen a person's record: by whom, why and when, in plain English, for the officer and for the person.

Pure, but for `accesses`. What counts as seeing is what `audit.breach` counts: an answered read of any kind, and not the
work of the audit itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec
import orjson

from adapters.records import LONDON
from integration.audit.breach import Seen, account
from integration.audit.codes import BREAK_GLASS_PURPOSE, Outcome
from integration.audit.search import GREATEST_COUNT, AuditQuery, Moments, parse_search, search
from integration.audit.told import in_words, shows_nothing
from integration.store.connection import Connection
from mappings.uk_core import Resource

MOST = 20_000
"""Events that one report looks at, the newest first; it says when there were more."""


class Report(msgspec.Struct, frozen=True):
    """Whoever saw the record, most often first; `refused`: how many attempts were not answered; `more`: there were
    older events than were looked at."""

    seen: Sequence[Seen]
    refused: int
    more: bool

    def organisations(self) -> list[str]:
        """ODS codes of whoever saw it, once each."""
        return sorted({one.organisation for one in self.seen})


async def accesses(
    connection: Connection, persons: Sequence[UUID], start: datetime | None, end: datetime | None, most: int = MOST
) -> tuple[list[Resource], bool]:
    """AuditEvents of a person, under every id that ever was theirs, newest first, and whether there are more. The
    connection is outside a transaction, of a login that may read the audit."""
    query = AuditQuery(dates=(Moments(start, end),), persons=tuple(persons), count=GREATEST_COUNT)
    found: list[Resource] = []
    while len(found) < most:
        page = await search(connection, query)
        found += [orjson.loads(content) for _, content in page.events]
        if page.following is None:
            return found, False
        query = replace(query, before=parse_search(page.following, continued=True).before)
    return found[:most], True


def report(events: Iterable[Resource], *, more: bool = False) -> Report:
    """The account of these AuditEvents."""
    listed = [event for event in events if not shows_nothing(event)]
    answered = [(event, True) for event in listed if event["outcome"] == Outcome.SUCCESS]
    refused = sum(event["outcome"] == Outcome.SERIOUS_FAILURE for event in listed)
    return Report(account(answered), refused, more)


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
