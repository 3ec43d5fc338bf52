"""A watched folder into the inbox: DIR/<feed>/<sender>/file. A file is done with once it is durable here."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

import asyncpg

from adapters.transport.folder import Claim, Folder
from integration.feeds import FEEDS
from integration.ingest import inbox, left_behind
from integration.ingest.inbox import Delivery

TRANSPORT: Literal["folder"] = "folder"
_ODS = re.compile(r"[A-Z0-9]{3,12}")


def problem(feed: str, sender: str) -> str:
    """What is wrong with the names of the two folders; empty when nothing is."""
    if feed not in FEEDS:
        return f"there is no feed {feed}; the feeds are {', '.join(FEEDS)}"
    if not _ODS.fullmatch(sender):
        return f"{sender} is no ODS code of an organisation, such as X9A"
    return ""


@dataclass
class Swept:
    """What a look into the folder came to."""

    received: int = 0
    new: int = 0
    left: dict[Path, str] = field(default_factory=dict)


async def sweep(folder: Folder, pool: asyncpg.Pool, *, keep: bool) -> Swept:
    """Receive what watchers that are no more had claimed, then what is ready. `keep`: received files stay under .done.
    Raises what the database raises; files that were claimed then are taken at the next look."""
    swept = Swept()
    abandoned = folder.abandoned()  # one after the other: whatever is held when the database fails is held for ever
    while claim := await asyncio.to_thread(next, abandoned, None):
        await _receive(claim, pool, swept, keep=keep)
    ready, swept.left = await asyncio.to_thread(folder.look)
    for relative in ready:
        try:
            claim_ = await asyncio.to_thread(folder.claim, relative)
        except OSError as error:
            swept.left[relative] = f"it cannot be moved ({error.strerror or type(error).__name__})"
            continue
        if claim_:
            await _receive(claim_, pool, swept, keep=keep)
    await asyncio.to_thread(folder.report, swept.left)
    return swept


async def tell(pool: asyncpg.Pool, left: Mapping[str, str]) -> None:
    """Make this known to whoever watches the metrics: all that is left in the folder."""
    async with pool.acquire() as connection:
        await left_behind.replace(connection, TRANSPORT, left)


async def _receive(claim: Claim, pool: asyncpg.Pool, swept: Swept, *, keep: bool) -> None:
    try:
        state, before = claim.state(), None
        while state != before:  # a sender that goes on writing does so into the claimed file
            before = state
            with claim.open() as content:
                swept.new += await _stored(claim, content, pool)
            state = claim.state()
    except BaseException:
        claim.release()
        raise
    await asyncio.to_thread(lambda: claim.done(keep=keep))
    swept.received += 1


async def _stored(claim: Claim, content: BinaryIO, pool: asyncpg.Pool) -> int:
    place = claim.place
    async with pool.acquire() as connection:
        return await inbox.receive(connection, [Delivery(place.feed, place.sender, place.name, content)])
