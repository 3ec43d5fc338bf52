"""Rows follow their source patient to another person, and every person id ever issued keeps its meaning."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from asyncpg import Record

from integration.identity import following
from integration.store.connection import Connection


async def move(connection: Connection, moves: Mapping[UUID, UUID], issued_to: Mapping[UUID, UUID]) -> None:
    """Let rows of source patients follow them to another person; every id ever issued keeps resolving. `issued_to`
    says for every person who is around there now, by id, which source patient the id is issued for."""
    if not moves:
        return
    before = await connection.fetch(_MOVING, list(moves), list(moves.values()))
    await _let_move(connection, before)
    concerned = {person for row in before for person in (row["old"], row["new"]) if person}
    await _let_move(connection, await following.moved(connection, concerned, list(moves)))
    await connection.execute(_ISSUE, list(issued_to.keys()), list(issued_to.values()))


async def _let_move(connection: Connection, moving: Sequence[Record]) -> None:
    """Source patients by `key`, and their rows where they were somebody (`old`) before, to the person `new`."""
    await connection.execute(_MOVE, [row["key"] for row in moving], [row["new"] for row in moving])
    held = [row for row in moving if row["old"]]
    for statement in _FOLLOW if held else ():
        await connection.execute(statement, [row["key"] for row in held], [row["new"] for row in held])


_MOVING = """
select s.key, s.person as old, m.person as new from unnest($1::uuid[], $2::uuid[]) as m(id, person)
join toldonce.source_patient s on s.id = m.id order by s.id
"""
_MOVED = "from unnest($1::bigint[], $2::uuid[]) as m(key, person) where"
_MOVE = f"update toldonce.source_patient s set person = m.person {_MOVED} s.key = m.key"
_FOLLOW = (
    f"update toldonce.resource r set person = m.person {_MOVED} r.source_patient = m.key",
    f"update toldonce.resource_history r set person = m.person {_MOVED} r.source_patient = m.key",
    f"with closed as (update toldonce.facts f set until = statement_timestamp() {_MOVED} f.source_patient = m.key "
    "and f.until = 'infinity' returning f.source_patient, m.person, f.labels, f.evidence, f.choices, f.restricted) "
    "insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted, recorded) "
    "select *, statement_timestamp() from closed",
)
"""Of source patients who were somebody before. The moment is that of the statement: the transaction may have waited."""
_ISSUE = """
insert into toldonce.person (id, issued_to) select * from unnest($1::uuid[], $2::uuid[])
on conflict (id) do update set issued_to = excluded.issued_to where not exists (
    select from toldonce.source_patient s where s.id = toldonce.person.issued_to and s.person = toldonce.person.id)
"""
"""An id stays with the source patient it was issued for as long as that one has it; then whoever else has it. When
nobody does any more, it means whom that source patient is then."""
