"""When a list of sensitive codes changes, or the code that labels: everything that is stored is labelled anew.

What is in force is made anew from what was kept, source patient by source patient, through the queue that all work goes
through (`due`). Earlier versions are then labelled by their content. How far that is, is in the table `labelling`:
interrupted anywhere, the next worker goes on from there; and of several workers one begins, and each takes its part.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from integration.ingest import due
from integration.sharing import categories, sensitivity
from integration.sharing.categories import category_of
from integration.sharing.sensitivity import sensitivities_of
from integration.store.connection import Connection
from integration.store.labels import LabelKey, Labels

_TOGETHER = 200
"""Source patients whose earlier versions are labelled in one transaction."""
_LISTS = Path(sensitivity.__file__).with_name("sensitive_codes.json")


@cache
def labelled_by() -> str:
    """What labels are made by: the version of the lists, and a digest of them and of the code that reads them."""
    files = (_LISTS, Path(sensitivity.__file__), Path(categories.__file__))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return f"{sensitivity.VERSION} {digest[:16]}"


async def begin(connection: Connection, version: str) -> int:
    """Let everybody be due where what is stored is labelled by another version; how many that are. Once for each
    version, whoever asks."""
    async with connection.transaction():
        if not await connection.fetchval(_BEGIN, version):
            return 0
        return await due.anew(connection)


_BEGIN = "insert into toldonce.labelling (version) values ($1) on conflict do nothing returning true"


async def go_on(pool: asyncpg.Pool, version: str) -> int:
    """Label earlier versions of everybody whose record is made anew already; how many versions got another label. Call
    it when nobody is due; what is due by then, another call finds."""
    labels, changed = Labels(), 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            passed = await connection.fetchval(_PASSED, version)
            if passed is None:
                return changed
            keys = [row["key"] for row in await connection.fetch(_NEXT, passed, _TOGETHER)]
            if keys:
                changed += await _label(connection, labels, keys)
                await connection.execute(
                    "update toldonce.labelling set passed = $2 where version = $1", version, keys[-1]
                )
            else:
                await connection.execute("update toldonce.labelling set finished = now() where version = $1", version)


_PASSED = """
select passed from toldonce.labelling where version = $1 and finished is null
    and not exists (select from toldonce.due where anew) for update
"""
_NEXT = "select key from toldonce.source_patient where key > $1 order by key limit $2"
_VERSIONS = """
select h.person, h.id, h.version, h.type, h.label, h.body, s.organisation
from toldonce.resource_history h join toldonce.source_patient s on s.key = h.source_patient
where h.source_patient = any($1) order by h.id, h.version
"""
_LABELLED = """
update toldonce.resource_history h set label = n.label
from unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[]) as n(person, id, version, label)
where h.person = n.person and h.id = n.id and h.version = n.version
"""


async def _label(connection: Connection, labels: Labels, keys: Sequence[int]) -> int:
    rows = await connection.fetch(_VERSIONS, list(keys))
    held = await labels.keys(connection, {row["label"] for row in rows})
    targets = await _labels_of(connection, labels, rows)
    wanted = _wanted(rows, held, targets)
    ids = await labels.intern(connection, wanted.values())
    moved = [(row["person"], row["id"], row["version"], ids[wanted[place]]) for place, row in enumerate(rows)
             if ids[wanted[place]] != row["label"]]  # fmt: skip
    if moved:
        await connection.execute(_LABELLED, *map(list, zip(*moved, strict=True)))
    return len(moved)


def _wanted(
    rows: Sequence[asyncpg.Record], held: Mapping[int, LabelKey], targets: Mapping[UUID, LabelKey]
) -> dict[int, LabelKey]:
    """The label of each version. One without content (a deletion) has that of the version before it; a Provenance keeps
    its own, with whatever marks its targets have by now."""
    found: dict[int, LabelKey] = {}
    for place, row in enumerate(rows):
        before = found.get(place - 1) if place and rows[place - 1]["id"] == row["id"] else None
        label = held[row["label"]]
        if row["body"] is None:
            found[place] = before or label
        elif row["type"] == "Provenance":
            marks = [targets[id_].sensitivities for id_ in _targets(row["body"]) if id_ in targets]
            found[place] = label._replace(sensitivities=label.sensitivities.union(*marks))
        else:
            resource = orjson.loads(row["body"])
            found[place] = LabelKey(row["organisation"], category_of(resource), sensitivities_of(resource, row["body"]))
    return found


async def _labels_of(connection: Connection, labels: Labels, rows: Iterable[asyncpg.Record]) -> dict[UUID, LabelKey]:
    """Labels of what Provenances are about, as it is now."""
    wanted = [id_ for row in rows if row["type"] == "Provenance" and row["body"] for id_ in _targets(row["body"])]
    found = await connection.fetch("select id, label from toldonce.resource where id = any($1)", wanted)
    keys = await labels.keys(connection, {row["label"] for row in found})
    return {row["id"]: keys[row["label"]] for row in found}


def _targets(body: bytes) -> list[UUID]:
    provenance: dict[str, Any] = orjson.loads(body)
    return [UUID(one["reference"].rpartition("/")[2]) for one in provenance.get("target", ())]
