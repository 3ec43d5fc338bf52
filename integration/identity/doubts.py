"""Human decisions whose evidence has turned against them: marked for the review queue, in force until withdrawn."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from integration.identity.demographics import Demographics
from integration.identity.evidence import doubt, evidence, from_json
from integration.store.connection import Connection


def demographics_of(kept: Any) -> Demographics:
    """What is recorded of who a source patient is; nothing where its source says nothing."""
    return msgspec.convert(kept, Demographics) if kept else Demographics()


async def reconsider(connection: Connection, ids: Sequence[UUID]) -> None:
    """Mark, or no longer mark, the human decisions about these source patients."""
    rows = await connection.fetch(_DECIDED, list(ids))
    for id_, outcome, then, marked, a, b in rows:
        found = doubt(outcome, from_json(then), evidence(demographics_of(a), demographics_of(b)))
        if found != marked:
            await connection.execute("update toldonce.linkage set doubt = $2 where id = $1", id_, found)


_STANDING = """
select id, a, b, outcome, evidence, doubt from toldonce.linkage where until is null and evidence is not null
"""
_DECIDED = f"""
select d.id, d.outcome, d.evidence, d.doubt, sa.demographics, sb.demographics
from ({_STANDING} and a = any($1) union {_STANDING} and b = any($1)) d
join toldonce.source_patient sa on sa.id = d.a join toldonce.source_patient sb on sb.id = d.b
"""
