"""Who saw two people's records as one person's, while they were wrongly taken for one: for the IG officer.

What is known: from when until when both records were one person, and under which id (the facts, as they were recorded),
and every access that the audit has of that id in that time. No content is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from integration.audit.sights import Accounts, Period, Seen, joined, sights
from integration.store.connection import Connection
from integration.store.database import act_as


@dataclass(frozen=True)
class Breach:
    """The report: when the two were one person, and who saw that person then."""

    pair: tuple[UUID, UUID]
    periods: Sequence[Period]
    seen: Sequence[Seen]


async def together(connection: Connection, pair: tuple[UUID, UUID]) -> list[Period]:
    """When these two source patients were one person, oldest first. The role may read facts and source patients."""
    return joined(await connection.fetch(_TOGETHER, *pair))


_TOGETHER = """
select f.person, greatest(f.recorded, g.recorded) as start, nullif(least(f.until, g.until), 'infinity') as end
from toldonce.source_patient a join toldonce.facts f on f.source_patient = a.key
join toldonce.source_patient b on b.id = $2 join toldonce.facts g on g.source_patient = b.key and g.person = f.person
where a.id = $1 and greatest(f.recorded, g.recorded) < least(f.until, g.until) order by start
"""


async def who_saw(connection: Connection, pair: tuple[UUID, UUID], periods: Sequence[Period]) -> Breach:
    """The report of these periods. The connection is outside a transaction, of a login that may read the audit."""
    async with connection.transaction(readonly=True):
        await act_as(connection, "toldonce_audit_reader")
        found = await sights(connection, periods)
    return Breach(pair, periods, Accounts.of(found).seen())
