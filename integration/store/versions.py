"""Writing resources: what changed gets a new version, what vanished a deletion, what stayed is not touched.

https://hl7.org/fhir/R4/http.html#versions
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from integration.store.connection import Connection
from integration.store.extract import Extract
from mappings.uk_core import Resource


@dataclass(frozen=True)
class Stored:
    """What tells whether a stored resource is still current."""

    source_patient: int
    version: int
    digest: bytes
    label: int


@dataclass(frozen=True)
class Draft:
    """A resource as it should be stored from now on."""

    person: UUID
    feed: str
    source_patient: int
    label: int
    resource: Resource
    columns: Extract

    @property
    def id(self) -> UUID:
        return UUID(self.resource["id"])


async def stored(connection: Connection, keys: Sequence[int]) -> dict[UUID, Stored]:
    """Present versions of these source patients' resources."""
    rows = await connection.fetch(
        "select id, source_patient, version, digest, label from toldonce.resource where source_patient = any($1)",
        list(keys),
    )
    return {row["id"]: Stored(row["source_patient"], row["version"], row["digest"], row["label"]) for row in rows}


def digests(present: Mapping[UUID, Stored]) -> dict[int, set[bytes]]:
    """Digests of what is stored, by source patient."""
    found: dict[int, set[bytes]] = {}
    for one in present.values():
        found.setdefault(one.source_patient, set()).add(one.digest)
    return found


async def replace(
    connection: Connection, drafts: Sequence[Draft], before: Mapping[UUID, Stored], recorded: datetime
) -> int:
    """Make `drafts` the present resources of the source patients whose stored ones are `before`; how many changed."""
    kept = {draft.id for draft in drafts}
    vanished = [id_ for id_ in before if id_ not in kept]
    changed = [draft for draft in drafts if _differs(draft, before.get(draft.id))]
    versions = await _next_versions(connection, changed, before)
    await _retire(connection, [*vanished, *(draft.id for draft in changed if draft.id in before)])
    await _bury(connection, vanished, recorded)
    await connection.copy_records_to_table(
        "resource",
        schema_name="toldonce",
        columns=_COLUMNS,
        records=_records(changed, versions, recorded),
    )
    return len(changed) + len(vanished)


def _differs(draft: Draft, old: Stored | None) -> bool:
    return old is None or (old.digest, old.label, old.source_patient) != (
        draft.columns.digest,
        draft.label,
        draft.source_patient,
    )


async def _next_versions(
    connection: Connection, changed: Sequence[Draft], before: Mapping[UUID, Stored]
) -> dict[UUID, int]:
    """One more than the present version, or than the last one of a resource that was deleted."""
    new = [draft.id for draft in changed if draft.id not in before]
    rows = await connection.fetch(
        "select id, max(version) as last from toldonce.resource_history where id = any($1) group by id", new
    )
    last = {row["id"]: row["last"] for row in rows} | {id_: old.version for id_, old in before.items()}
    return {draft.id: last.get(draft.id, 0) + 1 for draft in changed}


_KEPT = "person, id, version, type, source_patient, label, recorded, starts, ends, body"


async def _retire(connection: Connection, ids: Sequence[UUID]) -> None:
    """Move present versions to the history."""
    if ids:
        await connection.execute(
            f"with retired as (delete from toldonce.resource where id = any($1) returning *) "
            f"insert into toldonce.resource_history ({_KEPT}) select {_KEPT} from retired",
            list(ids),
        )


async def _bury(connection: Connection, ids: Sequence[UUID], recorded: datetime) -> None:
    """Note deletions as versions of their own, without a body."""
    if ids:
        await connection.execute(
            "insert into toldonce.resource_history "
            "(person, id, version, type, source_patient, label, recorded, starts, ends) "
            "select distinct on (id) person, id, version + 1, type, source_patient, label, $2, starts, ends "
            "from toldonce.resource_history where id = any($1) order by id, version desc",
            list(ids),
            recorded,
        )


_COLUMNS = (
    "person",
    "id",
    "type",
    "feed",
    "source_patient",
    "label",
    "version",
    "recorded",
    "starts",
    "ends",
    "status",
    "tokens",
    "refs",
    "entries",
    "digest",
    "body",
)


def _records(drafts: Iterable[Draft], versions: Mapping[UUID, int], recorded: datetime) -> Iterator[tuple[Any, ...]]:
    for draft in drafts:
        version, columns = versions[draft.id], draft.columns
        yield (
            draft.person,
            draft.id,
            draft.resource["resourceType"],
            draft.feed,
            draft.source_patient,
            draft.label,
            version,
            recorded,
            columns.starts,
            columns.ends,
            columns.status,
            columns.tokens,
            columns.refs,
            columns.entries,
            columns.digest,
            stamped(draft.resource, version, recorded),
        )


def stamped(resource: Resource, version: int, recorded: datetime) -> bytes:
    """The JSON that is served, with its version and time."""
    meta = {
        "versionId": str(version),
        "lastUpdated": recorded.isoformat(timespec="milliseconds"),
        **resource.get("meta", {}),
    }
    return orjson.dumps({**resource, "meta": meta})
