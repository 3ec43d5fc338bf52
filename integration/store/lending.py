"""Connections that are lent to read on.

Of some (`begun`) a transaction is begun before anybody asks: whoever is done ends it and begins the next with one
message, and whoever comes need not wait for a begin. A transaction takes its snapshot with its first question, so that
one that waits sees everything that is committed until then, and holds nothing: no snapshot, no lock
(tests/database/test_lending.py). The others are outside of any transaction, for whoever asks a single question, which
is a transaction of its own, and needs no message to end it.
https://www.postgresql.org/docs/18/sql-rollback.html (AND CHAIN), https://www.postgresql.org/docs/18/transaction-iso.html

asyncpg's own pool lends a connection with a proxy and takes it back in a task with timers, which is a twentieth of what
the server does for a read.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType

import asyncpg

from integration.store.connection import Connection

_SESSION = {
    "default_transaction_isolation": "repeatable read",
    "default_transaction_read_only": "on",
    "plan_cache_mode": "force_generic_plan",
    "idle_in_transaction_session_timeout": "0",
}
"""Every question is bound to one person, whoever that is: planning it anew would not help. A transaction that waits
idles, and is not to be ended for that."""


class Lender:
    """At most so many connections, made as they are needed. The one that was given back last is lent first."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], size: int, *, begun: bool) -> None:
        self._connect = connect
        self._begun = begun
        self._places = asyncio.Semaphore(size)
        self._waiting: list[asyncpg.Connection] = []
        self._closed = False
        self.lent = 0
        """How many are lent at present."""

    def acquire(self) -> "Lent":
        """Lend a connection for as long as a block runs."""
        return Lent(self)

    async def take(self) -> asyncpg.Connection:
        """A connection; to be given back."""
        await self._places.acquire()
        self.lent += 1
        try:
            while self._waiting:
                if not (connection := self._waiting.pop()).is_closed():
                    return connection
            return await self._connect()
        except BaseException:
            self._leave()
            raise

    async def give_back(self, connection: asyncpg.Connection, *, failed: bool = False) -> None:
        """End what was done on it, with the roles and settings of that transaction, and begin the next where one is to
        be begun. A connection on which that cannot be done is not lent again. `failed`: something was interrupted, so
        that what is known here of the connection's state may be old."""
        try:
            if message := self._last_message(connection, failed=failed):
                await connection.execute(message)
            if self._closed or connection.is_closed():
                connection.terminate()
            else:
                self._waiting.append(connection)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            connection.terminate()
        except BaseException:
            connection.terminate()
            raise
        finally:
            self._leave()

    def _last_message(self, connection: asyncpg.Connection, *, failed: bool) -> str:
        if failed:
            return "rollback; begin" if self._begun else "rollback"
        if connection.is_in_transaction():
            return "rollback and chain" if self._begun else "rollback"
        return "begin" if self._begun else ""

    def _leave(self) -> None:
        self.lent -= 1
        self._places.release()

    async def close(self) -> None:
        """Close those that wait, and each that is still lent when it is given back."""
        self._closed = True
        while self._waiting:
            await self._waiting.pop().close()


class Lent:
    """A connection for as long as a block runs."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender

    async def __aenter__(self) -> asyncpg.Connection:
        self._connection = await self._lender.take()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._lender.give_back(self._connection, failed=kind is not None)


@asynccontextmanager
async def lending(
    url: str, size: int, role: str, prepare: Callable[[Connection], Awaitable[None]], *, begun: bool
) -> AsyncIterator[Lender]:
    """At most `size` connections of this login role, each prepared before it is used, and acting in `role`; each in a
    transaction that is `begun`, or outside of any."""

    async def connect() -> asyncpg.Connection:
        connection = await asyncpg.connect(url, server_settings={"role": role, **_SESSION})
        try:
            await prepare(connection)
            if begun:
                await connection.execute("begin")
        except BaseException:
            connection.terminate()
            raise
        return connection

    lender = Lender(connect, size, begun=begun)
    try:
        yield lender
    finally:
        await lender.close()
