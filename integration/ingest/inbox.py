"""The durable inbox: an envelope is acknowledged once its bytes are committed.

What is delivered twice is one envelope: the same bytes from the same sender, under the same name and the same stated
as-of. Name and as-of belong to it, because some feeds say something by them alone: a practice refuses one patient after
another, and the same patient again a year later, in the very same bytes.

A file of any size passes in constant memory: it is stored in parts, and read back through a temporary file.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple, cast

from asyncpg import Record

from integration.ingest.packing import packed, unpacked
from integration.store.connection import Connection

PART = 1 << 20
"""Bytes of a large file that are held at once. What is not larger is read as a whole, many in one transaction."""
_TOGETHER = 1 << 22
"""Bytes of envelopes that are read in one transaction, at most."""
_MESSAGE = 1 << 13
"""Bytes of a message, at most. Of what is longer, files, a worker takes half of the bytes that wait, so that the other
workers have some; messages that wait together are often about one person, and are read together."""


@dataclass(frozen=True)
class Envelope:
    """One file or message that waits to be read; `content` holds its first part, `found` what was found in it on
    receipt (see `Delivery`). `tries` counts how often it was begun to be read, this time included. `reading` is the
    reading in force, `begun` one that was interrupted after so many `pieces`."""

    id: int
    feed: str
    sender: str
    name: str
    digest: str
    as_of: datetime
    tries: int
    size: int
    content: bytes
    found: bytes | None
    reading: int | None
    begun: int | None
    pieces: int


@dataclass(frozen=True)
class Delivery:
    """What a transport hands in: bytes, or a seekable binary file, which is read in constant memory. `as_of` (aware)
    where the transport tells it, the same at each delivery; None where it does not: then the moment of receipt counts.

    `found`: what `ingest.reading` found in it, where the transport had to read it to answer its sender, as of the
    moment `received`; so it is not read twice.
    """

    feed: str
    sender: str
    name: str
    content: bytes | BinaryIO
    as_of: datetime | None = None
    received: datetime | None = None
    found: bytes | None = None


_RECEIVE = """
insert into toldonce.envelope (feed, sender, name, digest, content, size, as_of, delivery, found)
select feed, sender, name, digest, content, size, coalesce(as_of, now()), delivery, found
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[], $7::timestamptz[], $8::text[],
    $9::bytea[]) with ordinality as d(feed, sender, name, digest, content, size, as_of, delivery, found, place)
order by place
on conflict (feed, sender, delivery) do nothing
returning id
"""
_PART = "insert into toldonce.envelope_part (envelope, part, content) values ($1, $2, $3)"


async def receive(connection: Connection, deliveries: Sequence[Delivery]) -> int:
    """Store the deliveries, all or none; how many of them were new. When this returns they are durable, unless the
    caller has begun a transaction: then when that is committed. The connection acts in a role that may write the
    inbox."""
    small = [delivery for delivery in deliveries if _size(delivery) <= PART]
    if len(small) == len(deliveries):
        return len(await insert(connection, small))
    async with connection.transaction():
        new = len(await insert(connection, small))
        for delivery in deliveries:
            if _size(delivery) > PART:
                new += await _receive_large(connection, delivery)
    return new


async def insert(connection: Connection, deliveries: Sequence[Delivery]) -> list[int]:
    """Store deliveries that are not large, in one round trip; the ids of those that are new. As `receive` otherwise."""
    if not deliveries:
        return []
    columns = zip(*(_columns(delivery) for delivery in deliveries), strict=True)
    return [row["id"] for row in await connection.fetch(_RECEIVE, *map(list, columns))]


async def _receive_large(connection: Connection, delivery: Delivery) -> bool:
    ids = await insert(connection, [delivery])
    if ids:
        parts = _parts(delivery.content)
        next(parts)  # the first is in the envelope
        for number, part in enumerate(parts, start=1):
            await connection.execute(_PART, ids[0], number, packed(part))
    return bool(ids)


def _columns(delivery: Delivery) -> tuple[str, str, str, str, bytes, int, datetime | None, str, bytes | None]:
    sha256 = hashlib.sha256()
    for part in _parts(delivery.content):
        sha256.update(part)
    digest = sha256.hexdigest()
    first, size, identity = next(_parts(delivery.content), b""), _size(delivery), _identity(delivery, digest)
    as_of = delivery.as_of or delivery.received
    return (
        delivery.feed,
        delivery.sender,
        delivery.name,
        digest,
        packed(first),
        size,
        as_of,
        identity,
        delivery.found,
    )


def _size(delivery: Delivery) -> int:
    if isinstance(delivery.content, bytes):
        return len(delivery.content)
    return delivery.content.seek(0, 2)


def _parts(content: bytes | BinaryIO) -> Iterator[bytes]:
    file = BytesIO(content) if isinstance(content, bytes) else content
    file.seek(0)
    while part := file.read(PART):
        yield part


def _identity(delivery: Delivery, digest: str) -> str:
    """SHA-256 (hex) of what makes two deliveries of one sender the same."""
    as_of = delivery.as_of.astimezone(UTC).isoformat() if delivery.as_of else ""
    return hashlib.sha256("\0".join((digest, as_of, delivery.name)).encode()).hexdigest()


_READ = "id, feed, sender, name, digest, as_of, tries, size, content, found, reading, begun, pieces"
_BEGIN = """
with oldest as (
    select id, size from toldonce.envelope where state = 'received' and size <= $2 and (tries > 0) = $4
    order by tries, id limit $1 for update skip locked
), weighed as (
    select id, size, case when size > $5 then size else 0 end as of_files from oldest
), held as (
    select id, sum(size) over (order by id) as bytes, sum(of_files) over (order by id) - of_files as files_before,
        greatest(sum(of_files) over () / 2, 1) as share from weighed
)
update toldonce.envelope e set tries = tries + 1 from held
where e.id = held.id and bytes <= $3 and files_before < share returning e.id, e.size
"""


class Begun(NamedTuple):
    """Envelopes that this process has begun to read, and whether there are files among them."""

    ids: list[int]
    files: bool


async def begin(connection: Connection, limit: int, *, again: bool) -> Begun:
    """The oldest envelopes that wait and are not large, as many as may be held at once, for `waiting` to take; of
    files half. Noted, outside of any transaction, as begun: so one whose bytes end the process that reads them is
    known when it comes back. `again`: one of those that were begun before and not read to the end, the least often
    begun first."""
    rows = await connection.fetch(_BEGIN, 1 if again else limit, PART, _TOGETHER, again, _MESSAGE)
    return Begun(sorted(row["id"] for row in rows), any(row["size"] > _MESSAGE for row in rows))


async def waiting(connection: Connection, limit: int, among: Sequence[int]) -> list[Envelope]:
    """The oldest of these envelopes that still wait. They are this transaction's until it ends; another worker skips
    them."""
    rows = await connection.fetch(
        f"select {_READ} from toldonce.envelope where state = 'received' and id = any($2) "
        "order by id limit $1 for update skip locked",
        limit,
        among,
    )
    return [_envelope(row) for row in rows]


async def large(connection: Connection) -> Envelope | None:
    """The oldest large envelope that waits and that no other worker reads. It is this connection's until `let_go`, or
    until the connection ends."""
    rows = await connection.fetch(
        "select id from toldonce.envelope where state = 'received' and size > $1 order by id", PART
    )
    for (id_,) in rows:
        if await connection.fetchval("select pg_try_advisory_lock($1, $2::int)", _LARGE, id_ % (1 << 31)):
            row = await connection.fetchrow(
                "update toldonce.envelope set tries = tries + 1 where id = $1 and state = 'received' "
                f"returning {_READ}",
                id_,
            )
            if row:
                return _envelope(row)
            await connection.execute("select pg_advisory_unlock($1, $2::int)", _LARGE, id_ % (1 << 31))
    return None


async def kept(connection: Connection, number: int, feed: str) -> Envelope | None:
    """The envelope of this number, whatever became of it; None where this feed has none."""
    row = await connection.fetchrow(f"select {_READ} from toldonce.envelope where id = $1 and feed = $2", number, feed)
    return _envelope(row) if row else None


def _envelope(row: Record) -> Envelope:
    return Envelope(**{**row, "content": unpacked(row["content"])})


_LARGE = 0x1D0CE
"""First half of the advisory locks of large envelopes that are being read."""


async def let_go(connection: Connection, envelope: Envelope) -> None:
    await connection.execute("select pg_advisory_unlock($1, $2::int)", _LARGE, envelope.id % (1 << 31))


async def opened(connection: Connection, envelope: Envelope) -> BinaryIO:
    """The whole content as a file, at its start; the caller closes it. What is large lies on disk."""
    if envelope.size <= PART:
        return BytesIO(envelope.content)
    file = cast(BinaryIO, TemporaryFile())  # noqa: SIM115  it is the caller's to close
    file.write(envelope.content)
    part = 0
    while rest := await connection.fetchval(
        "select content from toldonce.envelope_part where envelope = $1 and part = $2", envelope.id, part + 1
    ):
        part += 1
        file.write(unpacked(rest))
    file.seek(0)
    return file
