"""What could not be understood waits here, its reason beside its bytes, until a replay succeeds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.records import Defect
from integration.ingest.statements import newest_envelopes
from integration.store.connection import Connection


async def replace(connection: Connection, defects: Mapping[int, Sequence[Defect]]) -> None:
    """Make `defects` (by envelope) the open entries of these envelopes: what a replay cured is resolved."""
    await connection.execute(
        "update toldonce.quarantine set resolved = now() "
        "where envelope = any($1) and source_patient is null and resolved is null",
        list(defects),
    )
    await _add(connection, ((envelope, None, one) for envelope, found in defects.items() for one in found))


async def replace_mapped(connection: Connection, defects: Mapping[int, Sequence[Defect]]) -> None:
    """Make `defects` (by source patient) what mapping could not make of these records, each under the envelope of the
    newest statement: whatever cured them, a replay or a later message, they are resolved."""
    await connection.execute(
        "update toldonce.quarantine set resolved = now() where source_patient = any($1) and resolved is null",
        list(defects),
    )
    if any(defects.values()):
        envelopes = await newest_envelopes(connection, list(defects))
        await _add(connection, ((envelopes[key], key, one) for key, found in defects.items() for one in found))


async def _add(connection: Connection, defects: Iterable[tuple[int, int | None, Defect]]) -> None:
    """Add open entries of (envelope, source patient); the same defect of the same envelope is one entry."""
    await connection.executemany(
        "insert into toldonce.quarantine (envelope, source_patient, code, location, reason, remedy, fragment) "
        "values ($1, $2, $3, $4, $5, $6, $7) "
        "on conflict (envelope, code, location) do update set resolved = null, reason = excluded.reason, "
        "remedy = excluded.remedy, fragment = excluded.fragment",
        [(envelope, key, one.code, one.where, one.reason, one.remedy, one.fragment) for envelope, key, one in defects],
    )


async def open_entries(connection: Connection) -> list[dict[str, Any]]:
    """Open entries, oldest first, without the bytes."""
    rows = await connection.fetch(
        "select q.id, e.feed, e.sender, e.name, q.code, q.location, q.reason, q.remedy, q.at, "
        "length(q.fragment) as bytes from toldonce.quarantine q join toldonce.envelope e on e.id = q.envelope "
        "where q.resolved is null order by q.id"
    )
    return [dict(row) for row in rows]


async def entry(connection: Connection, id_: int) -> dict[str, Any] | None:
    """One entry with its bytes, or None."""
    row = await connection.fetchrow(
        "select q.*, e.feed, e.sender, e.name, e.as_of, e.content from toldonce.quarantine q "
        "join toldonce.envelope e on e.id = q.envelope where q.id = $1",
        id_,
    )
    return dict(row) if row else None


async def replay(connection: Connection, feed: str | None = None) -> int:
    """Send every envelope that has open entries through the pipeline again; how many."""
    status = await connection.execute(
        "update toldonce.envelope set state = 'received' where ($1::text is null or feed = $1) and id in "
        "(select envelope from toldonce.quarantine where resolved is null)",
        feed,
    )
    return int(status.split()[-1])
