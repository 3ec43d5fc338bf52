"""Organizations, practitioners and places, as the sources describe them.

Many sources describe the same one. The fullest description is served (longest, then greatest digest), so that the
directory, like the record, does not depend on the order of arrival.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import orjson

from integration.store.connection import Connection
from integration.store.extract import directory_entries, unstamped
from integration.store.search_index import index
from integration.store.versions import stamped
from mappings.uk_core import Resource


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What somebody says of an organisation, a practitioner or a place; `rank` orders what is said of the same one."""

    id: UUID
    type: str
    rank: str
    body: bytes


def entry(resource: Resource) -> Entry:
    """What a valid resource says."""
    body = unstamped(resource)
    rank = f"{len(body):06d}{hashlib.sha256(body).hexdigest()}"
    return Entry(UUID(resource["id"]), resource["resourceType"], rank, body)


async def replace(connection: Connection, said: Mapping[int, Sequence[Entry]], recorded: datetime) -> None:
    """Make `said` what these source patients' records say of the directory, and serve the fullest of each."""
    wanted = {(one.id, key): one for key, entries in said.items() for one in entries}
    rows = await connection.fetch(
        "select id, source_patient, rank from toldonce.directory_statement where source_patient = any($1)", list(said)
    )
    standing = {(row["id"], row["source_patient"]): row["rank"] for row in rows}
    gone = [pair for pair, rank in standing.items() if pair not in wanted or wanted[pair].rank != rank]
    new = [(*pair, one.type, one.rank, one.body) for pair, one in wanted.items() if standing.get(pair) != one.rank]
    await connection.execute(
        "delete from toldonce.directory_statement where (id, source_patient) in "
        "(select * from unnest($1::uuid[], $2::bigint[]))",
        [id_ for id_, _ in gone],
        [key for _, key in gone],
    )
    await connection.copy_records_to_table(
        "directory_statement",
        schema_name="toldonce",
        columns=("id", "source_patient", "type", "rank", "body"),
        records=new,
    )
    await _serve_fullest(connection, {id_ for id_, _ in gone} | {one[0] for one in new}, recorded)


_FULLEST = """
select f.*, d.version from unnest($1::uuid[]) as wanted(id) cross join lateral
    (select id, type, rank, body from toldonce.directory_statement s where s.id = wanted.id
    order by rank desc limit 1) f
left join toldonce.directory_resource d on d.id = wanted.id where d.rank is distinct from f.rank
"""


async def _serve_fullest(connection: Connection, ids: set[UUID], recorded: datetime) -> None:
    """Entries nobody describes any more stay: references in the history still point at them. Who is about to serve
    another description of an entry waits for others who are, and looks again: theirs may be fuller."""
    differing = sorted(row["id"] for row in await connection.fetch(_FULLEST, list(ids)))
    if not differing:
        return
    await connection.execute(
        "select pg_advisory_xact_lock(hashtextextended(id::text, 0)) from unnest($1::uuid[]) as id", differing
    )
    rows = await connection.fetch(_FULLEST, differing)
    await connection.executemany(
        "insert into toldonce.directory_resource (id, type, rank, recorded, version, entries, body, tokens) "
        "values ($1, $2, $3, $4, $5, $6, $7, $8) "
        "on conflict (id) do update set rank = excluded.rank, recorded = excluded.recorded, "
        "version = excluded.version, entries = excluded.entries, body = excluded.body, tokens = excluded.tokens",
        [_row(row, recorded) for row in rows],
    )


def _row(row: asyncpg.Record, recorded: datetime) -> tuple[Any, ...]:
    version = (row["version"] or 0) + 1
    entry: Resource = orjson.loads(row["body"])
    served = stamped(row["body"], version, recorded)
    return row["id"], row["type"], row["rank"], recorded, version, directory_entries(entry), served, index(entry)
