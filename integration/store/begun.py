"""Connections to read on, each with its transaction begun before anybody asks for it.

Whoever is done ends a transaction and begins the next with one message, and whoever comes need not wait for a begin. A
transaction takes its snapshot with its first question, so that one that waits sees everything that is committed until
then, and holds nothing: no snapshot, no lock (tests/database/test_begun.py).
https://www.postgresql.org/docs/18/sql-rollback.html (AND CHAIN), https://www.postgresql.org/docs/18/transaction-iso.html
"""

from collections.abc import Awaitable, Callable

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
ROLE = "toldonce_facts"
"""Whose role every transaction begins in."""


class BegunConnection(asyncpg.Connection):
    """A connection that is in a transaction whenever a pool lends it."""

    async def reset(self, *, timeout: float | None = None) -> None:
        """End what was done on it, with the roles and settings of that transaction, and begin the next."""
        await self.execute("rollback and chain" if self.is_in_transaction() else "begin", timeout=timeout)


def pool(url: str, size: int, prepare: Callable[[Connection], Awaitable[None]]) -> asyncpg.pool.Pool:
    """At most `size` such connections of this login role, each prepared before it is used; to be entered."""

    async def begin(connection: Connection) -> None:
        await prepare(connection)
        await connection.execute("begin")

    return asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        max_inactive_connection_lifetime=0,  # a timer set and stopped for each read would cost more than it saves
        init=begin,
        connection_class=BegunConnection,
        server_settings={"role": ROLE, **_SESSION},
    )
