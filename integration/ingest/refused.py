"""What was refused and is stored nowhere: its sender was told, and alone has it. Counted, so that somebody here knows.

One row for each feed, sender and reason, however much is sent: whoever floods us fills no disk.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from adapters.records import Defect
from integration.store.connection import Connection

_NOTE = """
insert into toldonce.refused (feed, sender, code, reason, remedy, count) values ($1, $2, $3, $4, $5, $6)
on conflict (feed, sender, code) do update set count = refused.count + excluded.count, last_seen = now(),
    reason = excluded.reason, remedy = excluded.remedy
"""
_REFUSED = """
select feed, sender, code, count, first_seen, last_seen, reason, remedy from toldonce.refused
where ($1::text is null or feed = $1) and ($2::text is null or sender = $2) order by feed, sender, code
"""


class Refusal(NamedTuple):
    """One thing that is not taken in. The defect's words name no patient."""

    feed: str
    sender: str
    defect: Defect


@dataclass(frozen=True)
class Refused:
    """How often one sender was refused for one reason, and when first and last."""

    code: str
    count: int
    first_seen: datetime
    last_seen: datetime
    reason: str
    remedy: str


async def note(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """Count these. Durable when this returns, or when the caller's transaction is committed."""
    for (feed, sender, one), count in Counter(refusals).items():
        await connection.execute(_NOTE, feed, sender, one.code, one.reason, one.remedy, count)


async def by_sender(
    connection: Connection, feed: str | None = None, sender: str | None = None
) -> dict[tuple[str, str], list[Refused]]:
    """All that was refused, by feed and sender (of those named). In the role `toldonce_ingest`."""
    found: dict[tuple[str, str], list[Refused]] = {}
    for row in await connection.fetch(_REFUSED, feed, sender):
        found.setdefault((row[0], row[1]), []).append(Refused(*row[2:]))
    return found
