"""Who was on a caseload in a period, person by person, to the day. The connection is in a transaction as
`toldonce_facts`; whether the caller may know of a person is decided afterwards, for each (`record.consult`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from adapters.records import LONDON
from integration.store.connection import Connection
from integration.teams.measures.person_time import Span, joined, membership

_MEMBERS = """
select s.person, array_agg(m.since order by m.id) as since, array_agg(m.until order by m.id) as until
from toldonce.caseload_member m join toldonce.source_patient s on s.key = m.source_patient
where m.caseload = $1 and m.since < $3 and (m.until is null or m.until >= $2) and s.person > $4
group by s.person order by s.person limit $5
"""


@dataclass(frozen=True)
class Person:
    """A person (present id) and the days on which they were a member, in order and each once."""

    id: UUID
    spans: Sequence[Span]


async def people(connection: Connection, caseload: str, period: Span, after: UUID, limit: int) -> list[Person]:
    """The next people, by id, who were on a caseload in a period, by whatever reasons and whoever's word."""
    start, end = (datetime.combine(day, time(), LONDON) for day in period)
    rows = await connection.fetch(_MEMBERS, caseload, start, end, after, limit)
    return [
        Person(row["person"], joined(membership(*one) for one in zip(row["since"], row["until"], strict=True)))
        for row in rows
    ]
