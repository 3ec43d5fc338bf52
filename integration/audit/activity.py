"""How much the record was used, day by day: what the first page of the console draws."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec

from adapters.records import LONDON
from integration.audit.glance import NO_READING
from integration.store.connection import Connection

DAYS = 14
LATE = timedelta(minutes=1)
"""Entries that wait longer than this to be sealed are a fault: it takes a second."""
_ACTIVITY = """
select (recorded at time zone 'Europe/London')::date as day, organisation,
    count(*) filter (where outcome = '0') as shown,
    count(*) filter (where outcome = '8') as refused,
    count(*) filter (where kind = 'break-glass' and outcome = '0') as emergencies
from toldonce.audit_event where recorded >= $1 and kind <> all($2) group by 1, 2 order by 1, 2
"""


class Day(msgspec.Struct, frozen=True):
    """What one organisation did on one day, in London."""

    day: date
    organisation: str
    shown: int
    refused: int
    emergencies: int


async def activity(connection: Connection, now: datetime) -> list[Day]:
    """The last days, today included. The connection is in a transaction, in a role that may read the audit."""
    first = datetime.combine(now.astimezone(LONDON).date() - timedelta(days=DAYS - 1), datetime.min.time(), LONDON)
    return [Day(*row) for row in await connection.fetch(_ACTIVITY, first, sorted(NO_READING))]


async def unsealed_since(connection: Connection) -> datetime | None:
    """When the oldest entry was written that is not sealed; None where all are."""
    oldest: datetime | None = await connection.fetchval("select min(recorded) from toldonce.audit_unsealed")
    return oldest


def days(now: datetime) -> Sequence[date]:
    """The days that `activity` tells of, oldest first."""
    today = now.astimezone(LONDON).date()
    return [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
