"""The sectors' files of a synthetic world: as a stream, or as a folder with a manifest in delivery order."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from adapters.synthetic import acute, community, gp, mental_health, social_care, vcfse
from adapters.synthetic.world import FeedFile, World

SECTORS = (gp, acute, community, mental_health, social_care, vcfse)
MANIFEST = "manifest.json"
"""A JSON array, in the order in which the files would have arrived, of objects with `feed`, `sender`, `name` and
`as_of` (ISO 8601 with offset, or null where the transport would not tell it)."""


def feed_files(world: World) -> Iterator[FeedFile]:
    """Every sector's files, sector after sector, each sector's in the order in which it sends them; a file that is
    sent twice comes twice. Nothing is kept in memory but the world."""
    for sector in SECTORS:
        yield from sector.feed_files(world)


def write_folder(world: World, out: Path, progress: Callable[[FeedFile], None] | None = None) -> dict[str, int]:
    """Writes OUT/<feed>/<sender>/<name> for every file and OUT/manifest.json; returns the number of files per feed.

    A file that is sent again under its name is written as `<stem>~2<suffix>` (`~3` ...). `progress` is called after
    each file. Files of an earlier run that are not written anew stay; the manifest does not name them. Raises
    `OSError` from the disk.
    """
    sent: Counter[tuple[str, str, str]] = Counter()
    written: list[FeedFile] = []
    for original in feed_files(world):
        identity = (original.feed, original.sender, original.name)
        sent[identity] += 1
        file = replace(original, name=_name(original.name, sent[identity]))
        folder = out / file.feed / file.sender
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.name).write_bytes(file.content)
        written.append(replace(file, content=b""))
        if progress:
            progress(file)
    _write_manifest(out, written)
    return dict(Counter(file.feed for file in written))


def _name(name: str, time: int) -> str:
    path = Path(name)
    return name if time == 1 else f"{path.stem}~{time}{path.suffix}"


def _write_manifest(out: Path, written: Sequence[FeedFile]) -> None:
    listed = [
        {
            "feed": file.feed,
            "sender": file.sender,
            "name": file.name,
            "as_of": file.as_of.isoformat() if file.as_of else None,
        }
        for file in _in_delivery_order(written)
    ]
    (out / MANIFEST).write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")


def _in_delivery_order(written: Sequence[FeedFile]) -> list[FeedFile]:
    """Sorted by time of arrival; a file without one comes right after its sender's file before it."""
    latest: dict[tuple[str, str], datetime] = {}
    arrivals = []
    for file in written:
        sender = (file.feed, file.sender)
        latest[sender] = file.as_of or latest.get(sender, datetime.min.replace(tzinfo=UTC))
        arrivals.append(latest[sender])
    order = sorted(range(len(written)), key=arrivals.__getitem__)
    return [written[index] for index in order]
