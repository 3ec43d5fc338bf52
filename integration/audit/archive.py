"""The audit as an archive: a ZIP of NDJSON files that says all that is needed to verify it, years later and offline.

about.json           format, when it was written, how many events are sealed, the log's verifier keys
events.ndjson        by index: place, id, leaf hash, and the event: columns, salt (base64), content as text
nodes.ndjson         stored hashes of subtrees
checkpoints.ndjson   every signed note
cosignatures.ndjson  the witnesses' signatures
unsealed.ndjson      events that have no place yet
"""

import base64
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import asyncpg
import orjson

from integration.audit.keys import LogKeys
from integration.store.connection import Connection

FORMAT = "toldonce audit archive 1"
_SLICE = 4000
_EVENT = """event.id as key, event.recorded, event.person, event.organisation, event.client, event.kind, event.outcome,
    event.salt, event.content"""
_EVENTS = f"""
select leaf.index, leaf.event as id, leaf.hash, {_EVENT}
from toldonce.audit_leaf leaf
left join lateral (
    select * from toldonce.audit_event where id = leaf.event and recorded = leaf.recorded offset 0) event on true
where leaf.index > $1 order by leaf.index limit {_SLICE}
"""
_NODES = "select level, index, hash from toldonce.audit_node order by (index + 1) << level::int, level"
_CHECKPOINTS = "select size, note from toldonce.audit_checkpoint order by size"
_COSIGNATURES = "select size, line, received from toldonce.audit_cosignature order by size, line"
_UNSEALED = f"""
select coalesce(waiting.event, event.id) as id, waiting.hash, {_EVENT}
from toldonce.audit_unsealed waiting
full join (select * from toldonce.audit_event placed where not exists (
    select from toldonce.audit_leaf leaf where leaf.event = placed.id and leaf.recorded = placed.recorded)) event
on event.id = waiting.event and event.recorded = waiting.recorded
order by waiting.arrival, event.recorded
"""


async def write_archive(connection: Connection, path: Path, keys: LogKeys, now: datetime) -> tuple[int, str]:
    """Write the whole log as it is at this moment; how many events are sealed, and the SHA-256 of the file (hex). The
    connection is in a repeatable read transaction of a role that reads the audit. Memory does not grow with the log."""
    size: int = await connection.fetchval("select coalesce(max(index) + 1, 0) from toldonce.audit_leaf")
    about = {"format": FORMAT, "written": now, "sealed": size, "keys": [key.line for key in keys.all()]}
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr("about.json", orjson.dumps(about, option=orjson.OPT_INDENT_2))
        await _write(file, "events.ndjson", _sliced(connection))
        await _write(file, "nodes.ndjson", connection.cursor(_NODES, prefetch=_SLICE))
        await _write(file, "checkpoints.ndjson", connection.cursor(_CHECKPOINTS, prefetch=_SLICE))
        await _write(file, "cosignatures.ndjson", connection.cursor(_COSIGNATURES, prefetch=_SLICE))
        await _write(file, "unsealed.ndjson", connection.cursor(_UNSEALED, prefetch=_SLICE))
    with path.open("rb") as written:
        return size, hashlib.file_digest(written, "sha256").hexdigest()


async def _sliced(connection: Connection) -> AsyncIterator[asyncpg.Record]:
    after = -(1 << 63)
    while rows := await connection.fetch(_EVENTS, after):
        for row in rows:
            yield row
        after = rows[-1]["index"]


async def _write(file: ZipFile, name: str, rows: AsyncIterable[asyncpg.Record]) -> None:
    with file.open(name, "w", force_zip64=True) as lines:
        async for row in rows:
            lines.write(orjson.dumps(_line(row), default=_text) + b"\n")


def _line(row: asyncpg.Record) -> Mapping[str, Any]:
    """A row as it is; the columns of its event, where it has any, together."""
    said: dict[str, Any] = dict(row)
    if "content" not in said:
        return said
    outer: dict[str, Any] = {name: said.pop(name) for name in ("index", "id", "hash") if name in said}
    key, content = said.pop("key"), said.pop("content")
    return {**outer, "event": {"id": key, **said, **_content(content)} if key else None}


def _content(content: bytes) -> dict[str, Any]:
    """As text; what is no text any more, for somebody changed it, as bytes."""
    try:
        return {"content": content.decode()}
    except UnicodeDecodeError:
        return {"content": None, "bytes": content}


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)  # a UUID as asyncpg has it
