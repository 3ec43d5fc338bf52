"""Files in and out: `toldonce generate`, `toldonce ingest`."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from rich.console import Console

from adapters.synthetic import feeds as synthetic
from adapters.synthetic.neighbourhood import build
from integration.commands.opened import opened, progress_bar
from integration.commands.receiving import process, receive
from integration.config import Settings
from integration.errors import NotPossible
from integration.feeds import FEEDS
from integration.ingest import inbox
from integration.ingest.inbox import Delivery


def generate(people: int, seed: int, folder: Path, console: Console) -> None:
    with progress_bar(console) as progress:
        task = progress.add_task("writing", total=None)
        counts = synthetic.write_folder(build(people, seed), folder, progress=lambda _: progress.advance(task))
    for feed, count in sorted(counts.items()):
        console.print(f"{feed}: {count} files")


async def ingest(
    settings: Settings, feed: str, paths: Sequence[Path], sender: str, as_of: datetime | None, console: Console
) -> None:
    if feed not in FEEDS:
        raise NotPossible(f"there is no feed {feed}; the feeds are {', '.join(FEEDS)}")
    files = [
        file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path]) if file.is_file()
    ]
    async with opened(settings) as database, database.pool("toldonce_worker", size=2) as pool:
        with ExitStack() as stack:
            deliveries = [Delivery(feed, sender, file.name, _content(file, stack), as_of) for file in files]
            new = await receive(pool, deliveries, console)
        console.print(f"{len(files)} received, {new} of them new")
        await process(settings, pool, console)


def _content(file: Path, stack: ExitStack) -> bytes | BinaryIO:
    """What is large stays on disk, open until `stack` is closed."""
    return file.read_bytes() if file.stat().st_size <= inbox.PART else stack.enter_context(file.open("rb"))
