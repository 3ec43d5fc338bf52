"""Writing resources: what changed gets a new version, what vanished a deletion, what stayed is not touched.

https://hl7.org/fhir/R4/http.html#versions
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import orjson

from integration.store.connection import Connection
from integration.store.extract import Extract

Key = TypeVar("Key")


class Stored(NamedTuple):
    """What tells whether a stored resource is still current."""

    source_patient: int
    version: int
    digest: bytes
    label: int


class Content(NamedTuple):
    """What is stored of a resource: its JSON without version and time (`extract.unstamped`), and columns beside it."""

    columns: Extract
    body: bytes


class Draft(NamedTuple):
    """A resource as it should be stored from now on."""

    person: UUID
    feed: str
    source_patient: int
    label: int
    id: UUID
    type: str
    content: Content | None
    """None: the very same is stored already, with this label."""


async def stored(connection: Connection, keys: Sequence[int]) -> dict[UUID, Stored]:
    """Present versions of these source patients' resources."""
    rows = await connection.fetch(
        "select id, source_patient, version, digest, label from toldonce.resource where source_patient = any($1)",
        list(keys),
    )
    return {row["id"]: Stored(row["source_patient"], row["version"], row["digest"], row["label"]) for row in rows}


def digests(present: Mapping[UUID, Stored], labels: Mapping[int, Key]) -> dict[int, dict[bytes, Key]]:
    """Digests of what is stored and their labels, by source patient."""
    found: dict[int, dict[bytes, Key]] = {}
    for one in present.values():
        found.setdefault(one.source_patient, {})[one.digest] = labels[one.label]
    return found


async def replace(
    connection: Connection, drafts: Sequence[Draft], before: Mapping[UUID, Stored], recorded: datetime
) -> int:
    """Make `drafts` the present resources of the source patients whose stored ones are `before`; how many changed."""
    kept = {draft.id for draft in drafts}
    vanished = [id_ for id_ in before if id_ not in kept]
    changed = [(draft, draft.content) for draft in drafts if draft.content and _differs(draft, before.get(draft.id))]
    versions = await _next_versions(connection, [draft.id for draft, _ in changed], before)
    await _retire(connection, [*vanished, *(draft.id for draft, _ in changed if draft.id in before)])
    await _bury(connection, vanished, recorded)
    await connection.copy_records_to_table(
        "resource",
        schema_name="toldonce",
        columns=_COLUMNS,
        records=_records(changed, versions, recorded),
    )
    return len(changed) + len(vanished)


def _differs(draft: Draft, old: Stored | None) -> bool:
    if old is None or draft.content is None:
        return old is None
    new = (draft.content.columns.digest, draft.label, draft.source_patient)
    return (old.digest, old.label, old.source_patient) != new


async def _next_versions(
    connection: Connection, changed: Sequence[UUID], before: Mapping[UUID, Stored]
) -> dict[UUID, int]:
    """One more than the present version, or than the last one of a resource that was deleted."""
    new = [id_ for id_ in changed if id_ not in before]
    rows = await connection.fetch(
        "select id, max(version) as last from toldonce.resource_history where id = any($1) group by id", new
    )
    last = {row["id"]: row["last"] for row in rows} | {id_: old.version for id_, old in before.items()}
    return {id_: last.get(id_, 0) + 1 for id_ in changed}


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
    *Extract._fields,
    "body",
)


def _records(
    changed: Iterable[tuple[Draft, Content]], versions: Mapping[UUID, int], recorded: datetime
) -> Iterator[tuple[Any, ...]]:
    for draft, content in changed:
        version = versions[draft.id]
        yield (
            draft.person,
            draft.id,
            draft.type,
            draft.feed,
            draft.source_patient,
            draft.label,
            version,
            recorded,
            *content.columns,
            stamped(content.body, version, recorded),
        )


_META = b'"meta":{'


def stamped(body: bytes, version: int, recorded: datetime) -> bytes:
    """The JSON that is served: `body` with version and time in its meta, which is the first there is."""
    before, _, after = body.partition(_META)
    return b"".join((before, _META, _stamp(version, recorded), b"" if after.startswith(b"}") else b",", after))


@lru_cache(maxsize=64)
def _stamp(version: int, recorded: datetime) -> bytes:
    """Members of meta: all of a batch that are of one version have the same."""
    stamp = orjson.dumps({"versionId": str(version), "lastUpdated": recorded.isoformat(timespec="milliseconds")})
    return stamp[1:-1]
