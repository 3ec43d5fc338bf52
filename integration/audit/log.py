"""The audit log's writer: durable append with group commit.

`append` returns when the event's row is committed, so an answer sent afterwards is never unaudited. One task writes:
whatever waits goes into one INSERT, one transaction, one flush to disk. An event that comes alone is written at once;
where several came together, those of the next `_APART` seconds go together too. Events are committed without a place; a
leader then gives each its place in the tree (`seal`).
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import UUID

import asyncpg
import structlog

from integration.audit.access import Access
from integration.audit.entry import AuditRow, event_id, to_row
from integration.errors import AuditUnavailable
from integration.store.connection import Connection

_BATCH = 512
_APART = 0.01
"""Seconds from the beginning of a transaction of several events to that of the next, at least. Otherwise a process
that answers hundreds of requests a second would spend a tenth of its time on transactions of one or two events."""
_PATIENCE = 10.0
"""Seconds that a batch may take before its waiters are refused."""

_INSERT = """
with new as (
    select * from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::bytea[], $9::bytea[], $10::bytea[])
        as new (id, recorded, person, organisation, client, kind, outcome, salt, content, hash)),
kept as (
    insert into toldonce.audit_event (id, recorded, person, organisation, client, kind, outcome, salt, content)
    select id, recorded, person, organisation, client, kind, outcome, salt, content from new)
insert into toldonce.audit_unsealed (event, recorded, hash) select id, recorded, hash from new
"""
_AS_WRITER = "set role toldonce_audit_writer; set synchronous_commit = on"
"""For as long as the writer has its connection: then one batch is one statement, one transaction, one round trip."""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class _Waiting:
    """Rows that were handed in together, and the future that tells when all of them are committed."""

    rows: Sequence[AuditRow]
    written: "asyncio.Future[None]"


class AuditLog:
    """Appends to the audit. Use as an async context manager, or `start` and `stop`.

    It keeps one connection of `pool` for itself while it runs, so that requests which hold all the others and wait
    for their audit event cannot lock it out.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        server_url: str = "http://127.0.0.1:8000/fhir",
        test_data: bool = True,
        capacity: int = 4096,
    ) -> None:
        self._pool = pool
        self._server_url = server_url
        self._test_data = test_data
        self._capacity = capacity
        self._waiting: deque[_Waiting] = deque()
        self._something = asyncio.Event()
        self._closing = False
        self._connection: asyncpg.pool.PoolConnectionProxy | None = None
        self._task: asyncio.Task[None] | None = None
        self.batches = 0
        """Transactions committed so far."""

    async def start(self) -> None:
        """Take a connection and begin to write; raises when the database cannot be reached."""
        self._closing = False
        await self._take()
        self._task = asyncio.create_task(self._write(), name="audit writer")

    async def stop(self) -> None:
        """Take no more events, write what waits, give the connection back."""
        self._closing = True
        self._something.set()
        try:
            if self._task is not None:
                await self._task
        finally:
            await self._let_go()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def append(self, access: Access) -> UUID:
        """Record one access; returns the AuditEvent's id once its row is committed. Raises AuditUnavailable: then
        no content may be answered. A caller that is cancelled while waiting does not take its event with it."""
        return (await self.append_all([access]))[0]

    async def append_all(self, accesses: Sequence[Access]) -> list[UUID]:
        """Record several accesses in one transaction: BALP wants one AuditEvent for each person that a search
        result speaks of. Ids in the order given."""
        rows = [self._row(access) for access in accesses]
        if not rows:
            return []
        if self._closing or self._task is None or self._task.done() or len(self._waiting) >= self._capacity:
            raise AuditUnavailable
        waiting = _Waiting(rows, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._something.set()
        await waiting.written
        return [row.id for row in rows]

    def _row(self, access: Access) -> AuditRow:
        chance = secrets.token_bytes(26)
        return to_row(
            access, event_id(chance[16:]), chance[:16], server_url=self._server_url, test_data=self._test_data
        )

    async def _write(self) -> None:
        """The one writer: batch after batch until closed. Whatever ends it, nobody is left waiting."""
        loop, earliest = asyncio.get_running_loop(), 0.0
        try:
            while not (self._closing and not self._waiting):
                await self._something.wait()
                self._something.clear()
                while self._waiting:
                    if (early := earliest - loop.time()) > 0:
                        await asyncio.sleep(early)
                    batch = self._next_batch()
                    earliest = loop.time() + _APART if len(batch) > 1 else 0.0
                    await self._write_batch(batch)
        finally:
            _refuse(self._waiting)

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and size < _BATCH:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].rows)
        return batch

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        """Commit a batch and tell its waiters. A batch whose fate is unknown is refused: an event too many in the
        audit is safe, an answer without one is not."""
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._commit([row for waiting in batch for row in waiting.rows])
            for waiting in batch:
                if not waiting.written.done():
                    waiting.written.set_result(None)
        except Exception as error:  # noqa: BLE001  whatever the reason, every waiter must be told
            log.error("audit not written", error=type(error).__name__, events=len(batch))
            await self._drop_connection()
        finally:
            _refuse(batch)

    async def _commit(self, rows: Sequence[AuditRow]) -> None:
        connection = self._connection or await self._take()
        await insert(connection, rows)
        self.batches += 1

    async def _take(self) -> Connection:
        self._connection = await self._pool.acquire()
        await self._connection.execute(_AS_WRITER)
        return self._connection

    async def _drop_connection(self) -> None:
        """After a failure the connection's state is unknown: close it, so that the next batch takes a fresh one."""
        if self._connection is not None:
            with suppress(asyncpg.InterfaceError):  # the pool has noticed the loss itself and taken it back
                self._connection.terminate()
            await self._let_go()

    async def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(asyncpg.InterfaceError, asyncpg.PostgresError, OSError):  # as above, or it is lost just now
                if not connection.is_closed():
                    await connection.execute("reset role")
                await self._pool.release(connection)


async def insert(connection: Connection, rows: Sequence[AuditRow]) -> None:
    """Insert events that have no place yet, as a role that may. It commits with the connection's transaction, or at
    once."""
    await connection.execute(_INSERT, *_columns(rows))


def _columns(rows: Sequence[AuditRow]) -> tuple[list[object], ...]:
    return (
        [row.id for row in rows],
        [row.recorded for row in rows],
        [row.person for row in rows],
        [row.organisation for row in rows],
        [row.client for row in rows],
        [str(row.kind) for row in rows],
        [str(row.outcome) for row in rows],
        [row.salt for row in rows],
        [row.content for row in rows],
        [row.leaf_hash for row in rows],
    )


def _refuse(batch: "Sequence[_Waiting] | deque[_Waiting]") -> None:
    for waiting in batch:
        if not waiting.written.done():
            waiting.written.set_exception(AuditUnavailable())
