"""Who may be the same person as somebody: candidates from the database by their blocks, compared by the rules."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias
from uuid import UUID

from asyncpg import Record

from integration.identity.blocks import CROWDED, blocks, number_blocks
from integration.identity.compare import compare
from integration.identity.demographics import Demographics, kept
from integration.identity.people import Decision
from integration.store.connection import Connection


class Compared(NamedTuple):
    """The automatic decisions about `ids` that hold now: those that were asked about, and whoever else is in a block
    that they made crowded, or no longer crowded."""

    ids: list[UUID]
    decisions: set[Decision]


async def compared(connection: Connection, changed: Mapping[UUID, Demographics]) -> Compared:
    """Put the changed into their blocks and compare them with everybody who shares one. Under the lock of linkage.

    A crowded block finds nobody, whoever came first: when one becomes crowded, all who are in it are compared anew,
    so what is decided depends on who there is and not on the order of their arrival."""
    keys = {row["id"]: row["key"] for row in await connection.fetch(_KEYS, list(changed))}
    inside = {keys[id_]: blocks(who) | number_blocks(who) for id_, who in changed.items()}
    flat = [(key, block) for key, found in inside.items() for block in found]
    moved = await connection.fetch(_MOVE, list(inside), [key for key, _ in flat], [block for _, block in flat])
    everybody = {keys[id_]: (id_, who) for id_, who in changed.items()} | await _jostled(connection, moved)
    asked = [
        (key, block, most)
        for key, (_, who) in everybody.items()
        for found, most in ((blocks(who), CROWDED + 1), (number_blocks(who), None))
        for block in found
    ]
    rows = await connection.fetch(_CANDIDATES, *([one[place] for one in asked] for place in range(3)))
    decisions = {
        decision
        for mine, other, stated in rows
        if stated is not None
        for decision in _decided(everybody[mine], (other, kept(stated)))
    }
    return Compared([id_ for id_, _ in everybody.values()], decisions)


_Known: TypeAlias = tuple[UUID, Demographics]


def _decided(one: _Known, other: _Known) -> Sequence[Decision]:
    found = compare(one[1], other[1])
    a, b = sorted((one[0], other[0]))
    return [Decision(a, b, found.outcome, "rule", found.reason, found.strength)] if found else ()


async def _jostled(connection: Connection, moved: Sequence[Record]) -> dict[int, _Known]:
    """Whoever is in a block that these moves made crowded or no longer so. Each is a block and by how many it grew."""
    rows = await connection.fetch(_JOSTLED, [one["block"] for one in moved], [one["by"] for one in moved], CROWDED)
    return {key: (id_, kept(stated)) for key, id_, stated in rows if stated is not None}


_KEYS = "select key, id from toldonce.source_patient where id = any($1)"
_MOVE = """
with said as (select * from unnest($2::bigint[], $3::bigint[]) as s(source_patient, block)),
gone as (
    delete from toldonce.block b where b.source_patient = any($1)
    and not exists (select from said where said.source_patient = b.source_patient and said.block = b.block)
    returning b.block),
come as (insert into toldonce.block (source_patient, block) table said on conflict do nothing returning block)
select block, sum(by)::int as by from (select block, 1 as by from come union all select block, -1 from gone) moved
group by block having sum(by) <> 0
"""
_JOSTLED = """
select s.key, s.id, s.demographics::text from unnest($1::bigint[], $2::int[]) as m(block, by)
cross join lateral (select count(*) as now from (
    select from toldonce.block b where b.block = m.block limit $3 + 1 + greatest(m.by, 0)) held) held
join toldonce.block b on b.block = m.block
cross join lateral (select key, id, demographics from toldonce.source_patient where key = b.source_patient limit 1) s
where (now > $3) <> (now - m.by > $3)
"""
_CANDIDATES = """
with found as materialized (
    select m.mine, m.block, m.most, o.source_patient as other
    from unnest($1::bigint[], $2::bigint[], $3::int[]) as m(mine, block, most)
    cross join lateral (select b.source_patient from toldonce.block b where b.block = m.block limit m.most) o),
crowded as (select mine, block from found group by mine, block, most having count(*) = most)
select f.mine, s.id, s.demographics::text
from (select distinct mine, other from found where other <> mine
    and not exists (select from crowded c where c.mine = found.mine and c.block = found.block)) f
cross join lateral (select id, demographics from toldonce.source_patient where key = f.other limit 1) s
"""
"""The limits let the planner know that few are found, of however many."""
