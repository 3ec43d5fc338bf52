"""Sealing: committed events get their place in the tree, and the tree is signed, at most a second behind.

One session at a time does it, under a lock of the database, and it remembers nothing: what it goes on from is what is
stored. Before it signs more it looks whether the tree still is what was signed last.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import monotonic

import asyncpg
import structlog

from integration.audit import nodes
from integration.audit.keys import LogKeys
from integration.audit.note import Checkpoint, digest
from integration.audit.tree import Edge, Node
from integration.errors import LogDamaged, NotPossible
from integration.store.connection import Connection
from integration.store.database import act_as

_LOCK = 0x746F6C64_6F6E6365
"""Key of the advisory lock that makes one session the leader ("toldonce" in ASCII)."""
_ROUND = 5000
_EVERY = 0.7
_PARTITIONS_EVERY = 3600.0

_WAITING = "select arrival, event, recorded, hash from toldonce.audit_unsealed order by arrival limit $1"
_LAST = "select note from toldonce.audit_checkpoint order by size desc limit 1"
_SIZE = "select coalesce(max(index) + 1, 0) from toldonce.audit_leaf"
_LEAVES = """
insert into toldonce.audit_leaf (index, event, recorded, hash)
select * from unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::bytea[])
"""
_NODES = (
    "insert into toldonce.audit_node (level, index, hash) select * from unnest($1::int[], $2::bigint[], $3::bytea[])"
)
_DONE = "delete from toldonce.audit_unsealed where arrival = any($1)"
_SIGNED = "insert into toldonce.audit_checkpoint (size, signed, note) values ($1, $2, $3)"

log = structlog.get_logger(__name__)


@asynccontextmanager
async def alone(connection: Connection, *, wait: bool = False) -> AsyncIterator[bool]:
    """A transaction of the sealer's role; whether it is the one that may seal. With `wait` it becomes that one."""
    async with connection.transaction():
        await act_as(connection, "toldonce_audit_sequencer")
        if wait:
            await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        yield wait or await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK)


async def seal(connection: Connection, keys: LogKeys, now: datetime | None = None) -> int:
    """Give committed events their place, in order of arrival, and sign the tree; returns how many, at most 5,000 in one
    call. 0 at once when another session is sealing. Raises LogDamaged when the tree is not what was signed last."""
    async with alone(connection) as leading:
        if not leading:
            return 0
        size: int = await connection.fetchval(_SIZE)
        waiting = await connection.fetch(_WAITING, _ROUND)
        note: str | None = await connection.fetchval(_LAST)
        last = _read(note) if note else None
        if not waiting and (last.size if last else 0) == size:
            return 0
        edge = await nodes.edge(connection, size)
        await _require_signed(connection, last, edge)
        await _store(connection, edge, waiting)
        signer = keys.signer()
        signed = Checkpoint(signer.name, edge.size, edge.root(), digest(note) if note else None)
        await connection.execute(_SIGNED, edge.size, now or datetime.now(UTC), signer.sign(signed.text))
        return len(waiting)


def _read(note: str) -> Checkpoint:
    try:
        return Checkpoint.of(note)
    except NotPossible:
        raise LogDamaged("the newest checkpoint cannot be read") from None


async def _require_signed(connection: Connection, last: Checkpoint | None, edge: Edge) -> None:
    """What was signed last is still so. Leaves beyond it are there only where they were carried over unsigned."""
    if last is None:
        return
    if last.size > edge.size:
        raise LogDamaged(f"{last.size} events were signed, and {edge.size} are there")
    signed = edge if last.size == edge.size else await nodes.edge(connection, last.size)
    if signed.root() != last.root:
        raise LogDamaged(f"the first {last.size} events are not what was signed")


async def _store(connection: Connection, edge: Edge, waiting: Sequence[asyncpg.Record]) -> None:
    places = list(range(edge.size, edge.size + len(waiting)))
    completed: list[Node] = [node for row in waiting for node in edge.append(row["hash"])]
    await connection.execute(
        _LEAVES,
        places,
        [row["event"] for row in waiting],
        [row["recorded"] for row in waiting],
        [row["hash"] for row in waiting],
    )
    if completed:
        await connection.execute(
            _NODES,
            [node.level for node in completed],
            [node.index for node in completed],
            [node.hash for node in completed],
        )
    await connection.execute(_DONE, [row["arrival"] for row in waiting])


async def seal_all(connection: Connection, keys: LogKeys) -> None:
    """Seal whatever waits."""
    while await seal(connection, keys):
        pass


async def keep_sealed(pool: asyncpg.Pool, keys: LogKeys, *, every: float = _EVERY) -> None:
    """Seal for ever, at most `every` seconds and a round behind, and make the partitions of the coming months; run it
    as a task and cancel it at shutdown. A database that is away is tried again. A tree that is not what was signed is
    left as it is: nothing more is signed, and every round says so."""
    partitions_due = monotonic()
    while True:
        try:
            async with pool.acquire() as connection:
                if monotonic() >= partitions_due:
                    await _make_partitions(connection)
                    partitions_due = monotonic() + _PARTITIONS_EVERY
                while await seal(connection, keys) == _ROUND:
                    pass  # fewer wait for the next round: while events keep coming, one checkpoint for all is enough
        except LogDamaged as damage:
            log.critical("the audit log was tampered with; run `toldonce audit verify`", found=str(damage))
        except Exception as error:  # noqa: BLE001  whatever it is, the next round tries again: a log unsealed is unproven
            log.error("audit not sealed", error=type(error).__name__)
        await asyncio.sleep(every)


async def _make_partitions(connection: Connection) -> None:
    async with connection.transaction():
        await act_as(connection, "toldonce_audit_sequencer")
        await connection.execute("select toldonce.audit_partitions()")
