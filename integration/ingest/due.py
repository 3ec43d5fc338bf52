"""Who is due: source patients about whom something was kept that their record does not show yet.

A queue with a row for each reason. A worker takes source patients, never the same as another worker, and everybody who
comes to be due meanwhile stays so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from integration.store.connection import Connection

_LOCK = 0x1D0CE1
"""First half of the advisory locks of source patients that are being assembled."""
_OLDEST = """
select source_patient as key from toldonce.due d
where not exists (select from toldonce.due e where e.source_patient = d.source_patient and e.id < d.id)
order by id limit $1 for update skip locked
"""
"""By the first row of each: so nobody else looks at those who are taken, nor keeps rows of theirs from `_DONE`."""
_AMONG = """
select source_patient as key from toldonce.due where source_patient = any($2)
order by id limit $1 for update skip locked
"""
"""By any row: the first may be held by a worker who could not have the source patient, because our caller has."""
_TAKEN = """
select key from unnest($1::bigint[]) as t(key) where pg_try_advisory_xact_lock($2, (key % 2147483647)::int)
"""
_DONE = """
delete from toldonce.due where id = any(array(
    select id from toldonce.due where source_patient = any($1) for update skip locked))
returning source_patient, anew
"""
"""Rows that another worker holds stay: assembling once more changes nothing."""


async def take(connection: Connection, limit: int, among: Sequence[int] | None = None) -> dict[int, bool]:
    """Source patients (of those named) who were due longest, at most `limit`: this transaction's until it ends. What is
    kept from now on makes them due again, so their statements must be read after this. The value says whether the
    record is to be made anew, see `anew`."""
    due = await (connection.fetch(_OLDEST, limit) if among is None else connection.fetch(_AMONG, limit, among))
    taken = await connection.fetch(_TAKEN, sorted({row["key"] for row in due}), _LOCK)
    found = {row["key"]: False for row in taken}
    for key, is_anew in await connection.fetch(_DONE, list(found)) if found else ():
        found[key] |= is_anew
    return found


async def hold(connection: Connection, key: int) -> None:
    """Wait until nobody else assembles this source patient, and let nobody until the transaction ends."""
    await connection.execute("select pg_advisory_xact_lock($1, ($2::bigint % 2147483647)::int)", _LOCK, key)


async def anew(connection: Connection, feed: str | None = None) -> int:
    """Let everybody of whom anything was kept (of one feed) be due, and nothing that is stored of them be trusted to be
    valid and rightly labelled: after a change of a mapping, of a code list or of a rule. How many they are."""
    status = await connection.execute(_ANEW, feed)
    return int(status.split()[-1])


_ANEW = """
insert into toldonce.due (source_patient, anew)
select key, true from toldonce.source_patient p where ($1::text is null or feed = $1)
    and exists (select from toldonce.statement t where t.source_patient = p.key)
"""


@dataclass(frozen=True)
class Backlog:
    """What is left to do: envelopes that wait to be read to their end, bytes of them that were not passed yet, and
    source patients whose records are due."""

    envelopes: int
    bytes: int
    due: int


_BACKLOG = """
select (select count(*) from toldonce.envelope where state = 'received'),
    (select coalesce(sum(size - passed), 0)::bigint from toldonce.envelope where state = 'received'),
    (select count(distinct source_patient) from toldonce.due)
"""


async def backlog(connection: Connection) -> Backlog:
    """What is left to do at this moment, for all processes together."""
    ((envelopes, bytes_, due),) = await connection.fetch(_BACKLOG)
    return Backlog(envelopes, bytes_, due)
