"""The log as the database has it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from integration.audit.verify.source import Leaf, StoredCheckpoint, StoredNode, Stray

_SLICE = 4000
_LEAVES = """
select leaf.index, leaf.event, leaf.hash, event.salt, event.content,
    event.id::text, event.recorded, event.person::text, event.organisation, event.client, event.kind, event.outcome
from toldonce.audit_leaf leaf
left join lateral (
    select * from toldonce.audit_event where id = leaf.event and recorded = leaf.recorded offset 0) event on true
where leaf.index > $1 order by leaf.index limit $2
"""
"""`offset 0`: each event is looked up; a plan that sorts them all would need as much disk as they take."""
_NODES = "select level, index, hash from toldonce.audit_node order by (index + 1) << level::int, level"
_CHECKPOINTS = "select size, note from toldonce.audit_checkpoint order by size"
_STRAYS = """
select coalesce(waiting.event, event.id) as event, event.recorded, waiting.hash, event.salt, event.content
from toldonce.audit_unsealed waiting
full join (
    select event.id, event.recorded, event.salt, event.content from toldonce.audit_event event
    where not exists (select from toldonce.audit_leaf leaf
                      where leaf.event = event.id and leaf.recorded = event.recorded)) event
on event.id = waiting.event and event.recorded = waiting.recorded
order by waiting.arrival, event.recorded
"""


@dataclass(frozen=True)
class DatabaseSource:
    """The log in one snapshot: the connection is in a transaction of `snapshot`."""

    connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

    async def leaves(self) -> AsyncIterator[Leaf]:
        after = -(1 << 63)
        while rows := await self.connection.fetch(_LEAVES, after, _SLICE):
            for row in rows:
                index, event, hash_, salt, content = row[:5]
                yield Leaf(index, event, hash_, row[5:] if content is not None else None, salt, content)
            after = rows[-1][0]

    async def nodes(self) -> AsyncIterator[StoredNode]:
        async for row in self.connection.cursor(_NODES, prefetch=1000):
            yield StoredNode(*row)

    async def checkpoints(self) -> AsyncIterator[StoredCheckpoint]:
        async for row in self.connection.cursor(_CHECKPOINTS, prefetch=1000):
            yield StoredCheckpoint(*row)

    async def strays(self) -> AsyncIterator[Stray]:
        async for row in self.connection.cursor(_STRAYS, prefetch=1000):
            yield Stray(*row)


@asynccontextmanager
async def snapshot(
    connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy,
) -> AsyncIterator[DatabaseSource]:
    """The log as it is at this moment, while more is written."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("set local role toldonce_audit_reader; set local jit = off")
        yield DatabaseSource(connection)
