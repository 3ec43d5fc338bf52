"""Events grouped by what they say, and counted where they are stored: of tens of thousands of accesses to one record
most are by few callers who were answered alike, and only these few leave the database.

The database cuts caller and counts out of the stored text, without reading the whole: a key of JSON with its quotes and
colon stands in no value, for a quotation mark inside a value is escaped; and `audit.entry` writes the fields in one
order, for good. An event in another form is given out whole.
"""

from collections.abc import AsyncIterator
from datetime import datetime

import msgspec

from integration.audit.glance import NO_COUNTS, Glance, What, glance
from integration.audit.search import AuditQuery, conditions
from integration.store.connection import Connection

_GROUPED = """
select kind, outcome, said_caller, said_counts, whole, count(*) as events, min(recorded) as first, max(recorded) as last
from (select kind, outcome, recorded, content,
        substring(content from 1 for nullif(position(',"person":"'::bytea in content), 0) - 1) as head,
        substring(content from nullif(position(',"counts":{{'::bytea in content), 0) + 10) as tail
    from toldonce.audit_event {where}) as event
cross join lateral (
    select substring(head from nullif(position(',"caller":['::bytea in head), 0) + 10) as said_caller,
        substring(tail from 1 for position('}}'::bytea in tail)) as said_counts) as cut
cross join lateral (select case when said_caller is null then content end as whole) as other
group by 1, 2, 3, 4, 5
"""


class Grouped(What, frozen=True, gc=False):
    """So many events of one kind, with one outcome, by one caller who was answered alike each time: `said_caller` and
    `said_counts` as that is stored."""

    said_caller: bytes
    said_counts: bytes
    events: int
    first: datetime
    last: datetime

    @classmethod
    def of(cls, event: Glance) -> "Grouped":
        """One event."""
        caller, counts = bytes(event.said_caller), bytes(event.said_counts)
        return cls(event.kind, event.outcome, caller, counts, 1, event.recorded, event.recorded)

    def and_(self, other: "Grouped") -> "Grouped":
        """These and those, which say the same."""
        first, last = min(self.first, other.first), max(self.last, other.last)
        return msgspec.structs.replace(self, events=self.events + other.events, first=first, last=last)


async def grouped(connection: Connection, query: AuditQuery) -> AsyncIterator[Grouped]:
    """All events that match, whatever `query.count` says, told together where they say the same; in no order. The
    connection is in a transaction, in a role that may read the audit."""
    where, values = conditions(query)
    for row in await connection.fetch(_GROUPED.format(where=where), *values):
        if row["whole"] is not None:
            yield Grouped.of(glance(row["whole"]))
        else:
            counts = row["said_counts"] or NO_COUNTS
            yield Grouped(
                row["kind"], row["outcome"], row["said_caller"], counts, row["events"], row["first"], row["last"]
            )
