"""What could not be understood waits here, its reason beside its bytes, until a replay succeeds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.records import Defect
from integration.ingest.statements import Finished, newest_envelopes
from integration.store.connection import Connection


async def add(connection: Connection, envelope: int, reading: int, defects: Sequence[Defect]) -> None:
    """Open entries for what a reading of an envelope could not understand, or see them again."""
    await _add(connection, [(envelope, reading, None, one) for one in defects])


async def finish(connection: Connection, finished: Sequence[Finished]) -> None:
    """Resolve the entries of these envelopes that their new readings did not see: a replay cured them."""
    await connection.execute(
        "update toldonce.quarantine q set resolved = now() from unnest($1::bigint[], $2::bigint[]) as f(id, reading) "
        "where q.envelope = f.id and q.source_patient is null and q.reading is distinct from f.reading "
        "and q.resolved is null",
        [one.envelope.id for one in finished],
        [one.reading for one in finished],
    )


async def replace_mapped(connection: Connection, defects: Mapping[int, Sequence[Defect]]) -> None:
    """Make `defects` (by source patient) what mapping could not make of these records, each under the envelope of the
    newest statement: whatever cured them, a replay or a later message, they are resolved."""
    await connection.execute(
        "update toldonce.quarantine set resolved = now() where source_patient = any($1) and resolved is null",
        list(defects),
    )
    if any(defects.values()):
        envelopes = await newest_envelopes(connection, list(defects))
        found = [(envelopes[key], None, key, one) for key, found in defects.items() for one in found]
        await _add(connection, sorted(found, key=lambda entry: (entry[0], entry[3].code, entry[3].where)))


async def _add(connection: Connection, defects: Iterable[tuple[int, int | None, int | None, Defect]]) -> None:
    """Add open entries of (envelope, reading, source patient); the same defect of the same envelope is one entry."""
    await connection.executemany(
        "insert into toldonce.quarantine "
        "(envelope, reading, source_patient, code, location, reason, remedy, fragment) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8) "
        "on conflict (envelope, code, location) do update set resolved = null, last_seen = now(), "
        "reading = excluded.reading, source_patient = excluded.source_patient, reason = excluded.reason, "
        "remedy = excluded.remedy, fragment = excluded.fragment",
        [
            (envelope, reading, key, one.code, one.where, one.reason, one.remedy, one.fragment)
            for envelope, reading, key, one in defects
        ],
    )


async def open_entries(connection: Connection) -> list[dict[str, Any]]:
    """Open entries, oldest first, without the bytes."""
    rows = await connection.fetch(
        "select q.id, e.feed, e.sender, e.name, q.code, q.location, q.reason, q.remedy, q.at as first_seen, "
        "q.last_seen, length(q.fragment) as bytes from toldonce.quarantine q "
        "join toldonce.envelope e on e.id = q.envelope where q.resolved is null order by q.id"
    )
    return [dict(row) for row in rows]


async def entry(connection: Connection, id_: int) -> dict[str, Any] | None:
    """One entry with its bytes, or None."""
    row = await connection.fetchrow(
        "select q.*, e.feed, e.sender, e.name, e.as_of, e.size from toldonce.quarantine q "
        "join toldonce.envelope e on e.id = q.envelope where q.id = $1",
        id_,
    )
    return dict(row) if row else None


async def replay(
    connection: Connection, *, entry: int | None = None, feed: str | None = None, code: str | None = None
) -> int:
    """Send envelopes that have open entries through the pipeline again: that of one entry, those of a feed or of a
    reason's code, or all; how many."""
    status = await connection.execute(
        "update toldonce.envelope set state = 'received' where state <> 'received' and id in "
        "(select q.envelope from toldonce.quarantine q join toldonce.envelope e on e.id = q.envelope "
        "where q.resolved is null and ($1::bigint is null or q.id = $1) and ($2::text is null or e.feed = $2) "
        "and ($3::text is null or q.code = $3))",
        entry,
        feed,
        code,
    )
    return int(status.split()[-1])
