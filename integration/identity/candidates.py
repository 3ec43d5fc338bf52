"""Who may be the same person as somebody: candidates from the database, compared by the rules."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from integration.identity.compare import compare
from integration.identity.demographics import Demographics
from integration.identity.people import Decision
from integration.store.connection import Connection


async def compared(connection: Connection, changed: Mapping[UUID, Demographics]) -> set[Decision]:
    """Decisions by rule between the changed and everyone who shares their number or birth date."""
    listed = list(changed.items())
    rows = await connection.fetch(
        _CANDIDATES,
        [id_ for id_, _ in listed],
        [who.nhs_number for _, who in listed],
        [who.birth_date for _, who in listed],
    )
    decisions: set[Decision] = set()
    for mine, other, stated in rows:
        if stated is None:
            continue
        found = compare(changed[mine], msgspec.convert(stated, Demographics))
        if found:
            a, b = sorted((mine, other))
            decisions.add(Decision(a, b, found.outcome, "rule", found.reason, found.strength))
    return decisions


_CANDIDATES = """
select m.id as mine, o.id as other, o.demographics
from unnest($1::uuid[], $2::text[], $3::text[]) as m(id, nhs_number, birth_date)
join toldonce.source_patient o on o.nhs_number = m.nhs_number and o.id <> m.id
union
select m.id, o.id, o.demographics
from unnest($1::uuid[], $2::text[], $3::text[]) as m(id, nhs_number, birth_date)
join toldonce.source_patient o on o.birth_date = m.birth_date and o.id <> m.id
"""
