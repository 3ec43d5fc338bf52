"""The durable inbox: an envelope is acknowledged once its bytes are committed.

What is delivered twice is one envelope: the same bytes from the same sender, under the same name and the same stated
as-of. Name and as-of belong to it, because some feeds say something by them alone: a practice refuses one patient after
another, and the same patient again a year later, in the very same bytes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from integration.store.connection import Connection


@dataclass(frozen=True)
class Envelope:
    """One file or message that waits to be processed."""

    id: int
    feed: str
    sender: str
    name: str
    digest: str
    content: bytes
    as_of: datetime


@dataclass(frozen=True)
class Delivery:
    """What a transport hands in. `as_of` (aware) where the transport tells it, the same at each delivery; None where it
    does not: then the moment of receipt counts."""

    feed: str
    sender: str
    name: str
    content: bytes
    as_of: datetime | None = None


_RECEIVE = """
insert into toldonce.envelope (feed, sender, name, digest, content, as_of, delivery)
values ($1, $2, $3, $4, $5, coalesce($6, now()), $7)
on conflict (feed, sender, delivery) do nothing
returning id
"""


async def receive(connection: Connection, deliveries: Sequence[Delivery]) -> int:
    """Store the deliveries in one transaction; how many of them were new. When this returns they are durable."""
    async with connection.transaction():
        await connection.execute("select set_config('role', 'toldonce_ingest', true)")
        new = [await connection.fetchval(_RECEIVE, *_columns(delivery)) for delivery in deliveries]
    return sum(id_ is not None for id_ in new)


def _columns(delivery: Delivery) -> tuple[str, str, str, str, bytes, datetime | None, str]:
    digest = hashlib.sha256(delivery.content).hexdigest()
    identity = _identity(delivery, digest)
    return (delivery.feed, delivery.sender, delivery.name, digest, delivery.content, delivery.as_of, identity)


def _identity(delivery: Delivery, digest: str) -> str:
    """SHA-256 (hex) of what makes two deliveries of one sender the same."""
    as_of = delivery.as_of.astimezone(UTC).isoformat() if delivery.as_of else ""
    return hashlib.sha256("\0".join((digest, as_of, delivery.name)).encode()).hexdigest()


async def waiting(connection: Connection, limit: int, among: Sequence[int] | None = None) -> list[Envelope]:
    """The oldest envelopes that wait (of those named), held until the transaction ends; another worker skips them."""
    rows = await connection.fetch(
        "select id, feed, sender, name, digest, content, as_of from toldonce.envelope where state = 'received' "
        "and ($2::bigint[] is null or id = any($2)) "
        "order by id limit $1 for update skip locked",
        limit,
        among,
    )
    return [Envelope(**row) for row in rows]


async def count_waiting(connection: Connection) -> int:
    return cast(int, await connection.fetchval("select count(*) from toldonce.envelope where state = 'received'"))


async def finish(connection: Connection, done: Sequence[int], quarantined: Sequence[int]) -> None:
    """Mark envelopes as processed, or as set aside whole."""
    await connection.execute(
        "update toldonce.envelope set finished = now(), "
        "state = case when id = any($2) then 'quarantined' else 'done' end "
        "where id = any($1) or id = any($2)",
        list(done),
        list(quarantined),
    )
