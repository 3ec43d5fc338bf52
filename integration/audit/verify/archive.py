"""The log as `toldonce audit export` wrote it: a ZIP of NDJSON files (docs/audit.md), read line by line."""

import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import BadZipFile, ZipFile

import orjson

from integration.audit.verify.notes import Key, Malformed
from integration.audit.verify.said import COLUMNS
from integration.audit.verify.source import Leaf, StoredCheckpoint, StoredNode, Stray

FORMAT = "toldonce audit archive 1"


@dataclass(frozen=True)
class ArchiveSource:
    """An archive. `keys` are those that it names: whoever wrote it wrote them too."""

    file: ZipFile
    keys: tuple[Key, ...]

    @classmethod
    def open(cls, path: Path) -> "ArchiveSource":
        """Raises Malformed, OSError."""
        try:
            file = ZipFile(path)
            about = orjson.loads(file.read("about.json"))
        except (BadZipFile, KeyError, ValueError):
            raise Malformed("this is no archive of an audit") from None
        if about.get("format") != FORMAT:
            raise Malformed("this is no archive of an audit that can be read here")
        return cls(file, tuple(map(Key.parse, about["keys"])))

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        with self.file.open(name) as lines:
            for line in lines:
                yield orjson.loads(line)

    async def leaves(self) -> AsyncIterator[Leaf]:
        for line in self._lines("events.ndjson"):
            row = _row(line["event"]) if line["event"] else (None, None, None)
            yield Leaf(line["index"], UUID(line["id"]), base64.b64decode(line["hash"]), *row)

    async def nodes(self) -> AsyncIterator[StoredNode]:
        for line in self._lines("nodes.ndjson"):
            yield StoredNode(line["level"], line["index"], base64.b64decode(line["hash"]))

    async def checkpoints(self) -> AsyncIterator[StoredCheckpoint]:
        for line in self._lines("checkpoints.ndjson"):
            yield StoredCheckpoint(line["size"], line["note"])

    async def strays(self) -> AsyncIterator[Stray]:
        for line in self._lines("unsealed.ndjson"):
            hash_ = base64.b64decode(line["hash"]) if line["hash"] else None
            row, salt, content = _row(line["event"]) if line["event"] else (None, None, None)
            yield Stray(UUID(line["id"]), row[COLUMNS.index("recorded")] if row else None, hash_, salt, content)


def _row(event: dict[str, Any]) -> tuple[tuple[Any, ...], bytes, bytes]:
    """The columns, the salt and the content."""
    columns = {**event, "recorded": datetime.fromisoformat(event["recorded"])}
    text = event["content"]
    content = base64.b64decode(event["bytes"]) if text is None else text.encode()
    return tuple(columns[name] for name in COLUMNS), base64.b64decode(event["salt"]), content
