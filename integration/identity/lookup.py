"""Who may be meant by the demographics that somebody gives: persons who share a block with them, known to no table.

It reads hashes and person ids only, as the database role `toldonce_matcher`: whoever is found is then asked for by the
same way as by id, and compared with what the caller may see.
"""

from uuid import UUID

from integration.identity.blocks import CROWDED, blocks, number_blocks
from integration.identity.demographics import Demographics
from integration.store.connection import Connection


async def lookup(connection: Connection, who: Demographics, most: int) -> list[UUID]:
    """At most `most` persons: whoever has the number first, then those with the most blocks in common. The connection
    is in a transaction as `toldonce_matcher`."""
    numbers = number_blocks(who)
    asked = sorted(blocks(who) | numbers)
    limits = [most + 1 if block in numbers else CROWDED + 1 for block in asked]
    rows = await connection.fetch(_SHARING, asked, limits, [block in numbers for block in asked], most)
    return [row["person"] for row in rows]


_SHARING = """
with found as materialized (
    select m.block, m.numbered, m.most, o.source_patient
    from unnest($1::bigint[], $2::int[], $3::bool[]) as m(block, most, numbered)
    cross join lateral (select b.source_patient from toldonce.block b where b.block = m.block limit m.most) o),
crowded as (select block from found where not numbered group by block, most having count(*) = most)
select s.person, bool_or(f.numbered) as numbered, count(distinct f.block) as shared from found f
cross join lateral (select person from toldonce.source_patient where key = f.source_patient limit 1) s
where s.person is not null and f.block not in (select block from crowded)
group by s.person order by numbered desc, shared desc, s.person limit $4
"""
"""A block of more than it may have finds nobody, as in linkage. The limits let the planner know that few are found."""
