"""Reading the facts a decision needs, and nothing else, under a database role that can read nothing else."""

from datetime import datetime
from uuid import UUID

import msgspec

from integration.sharing.request import Choice, Evidence, Facts
from integration.store.connection import Connection
from integration.store.labels import Labels

_FACTS = """
select p.current, f.labels, f.evidence::text, f.choices::text, f.restricted
from toldonce.person p left join toldonce.facts f on f.person = p.current and f.until = 'infinity'
where p.id = $1
"""
_FACTS_AT = """
select p.current, f.labels, f.evidence::text, f.choices::text, f.restricted
from toldonce.person p left join toldonce.facts f on f.recorded <= $2 and f.until > $2
    and f.person in (select id from toldonce.person where current = p.current)
where p.id = $1
"""
_evidence = msgspec.json.Decoder(list[Evidence])
_choices = msgspec.json.Decoder(list[Choice])


async def person_facts(connection: Connection, labels: Labels, person: UUID, at: datetime | None = None) -> Facts:
    """Facts of the person whom this id means now, as recorded now or by `at`. Unknown: `known` is False. The
    connection is in a transaction as `toldonce_facts`."""
    rows = await connection.fetch(_FACTS_AT, person, at) if at else await connection.fetch(_FACTS, person)
    said = [row for row in rows if row["labels"] is not None]
    if not said:
        return Facts(person=person, known=False)
    return Facts(
        person=rows[0]["current"],
        known=True,
        labels=await labels.of(connection, {label for row in said for label in row["labels"]}),
        evidence=tuple(one for row in said for one in _evidence.decode(row["evidence"])),
        choices=tuple(one for row in said for one in _choices.decode(row["choices"])),
        restricted=any(row["restricted"] for row in said),
    )


async def persons_with_number(connection: Connection, number: str) -> list[UUID]:
    """Persons of whom some source states this NHS number, in a fixed order."""
    rows = await connection.fetch(
        "select distinct person from toldonce.source_patient where nhs_number = $1 and person is not null "
        "order by person",
        number,
    )
    return [row["person"] for row in rows]


async def person_of_resource(connection: Connection, resource_type: str, id_: UUID) -> UUID | None:
    """Whom a stored resource is about."""
    found: UUID | None = await connection.fetchval(
        "select person from toldonce.resource where id = $1 and type = $2", id_, resource_type
    )
    return found
