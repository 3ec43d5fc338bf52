"""Source patients who are nobody by themselves: an organisation's statements about whomever an id of ours means.

What is recorded here is said of a person as somebody saw them, under an id. It follows that id as a bookmark does: it
is about whoever has the id, else about whoever the source patient is now for whom the id was issued. So it goes with
merges, and with their undoing; it never takes part in deciding who anybody is, and nobody's id is made of it. A
function of who everybody is now: the order in which they came to be so does not matter.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from asyncpg import Record

from integration.store.connection import Connection

_MEANT = """coalesce(
    (select o.person from toldonce.source_patient o where o.person = r.about and o.about is null limit 1),
    (select o.person from toldonce.source_patient o where o.id = r.about_issued_for and o.about is null),
    r.about)"""
"""Whom the row `r` is about. Where neither is known (yet), the id means them alone."""
_STATE = f"""
update toldonce.source_patient s set about = r.about, about_issued_for = r.about_issued_for, person = {_MEANT}
from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as r(id, about, about_issued_for) where s.id = r.id and s.about is null
"""
_MOVED = f"""
select r.key, r.person as old, {_MEANT} as new from toldonce.source_patient r
where r.about = any($1) or r.about_issued_for = any($2)
"""


async def state(connection: Connection, about: Mapping[UUID, tuple[UUID, UUID]]) -> None:
    """Note whom these source patients are about, and who that is: a person's id, and the source patient for whom that
    id was issued. Nobody may move meanwhile (`linking.unmoved` or `linking.alone`)."""
    ids = sorted(about)
    await connection.execute(_STATE, ids, [about[one][0] for one in ids], [about[one][1] for one in ids])


async def moved(connection: Connection, persons: Collection[UUID], sources: Sequence[UUID]) -> list[Record]:
    """Followers who are somebody else now that these source patients moved from or to these persons: each with its
    `key`, whom it was about (`old`) and whom it is about (`new`)."""
    rows = await connection.fetch(_MOVED, list(persons), list(sources))
    return [row for row in rows if row["old"] != row["new"]]
