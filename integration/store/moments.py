"""Moments of what is recorded, such that whoever reads later can tell what they have seen.

Transactions do not become visible in the order of their moments: one that says `recorded` 10:00:01 may commit after one
that says 10:00:02. But they are numbered, and a moment that is taken after the number lies behind it. So whoever takes
a moment, then a number, and waits until every transaction with a smaller number has ended, misses nothing that was
recorded by that moment. https://www.postgresql.org/docs/18/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
"""

from datetime import datetime

from integration.store.connection import Connection

_NOW = "select case when pg_current_xact_id() is not null then clock_timestamp() end"
_ENDED = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint > $1"


async def moment_to_record(connection: Connection) -> datetime:
    """The present moment by the database's clock, for what this transaction is about to record."""
    now: datetime = await connection.fetchval(_NOW)
    return now


async def moment_and_number(connection: Connection) -> tuple[datetime, int]:
    """A moment, and a number greater than that of any transaction that recorded something by then. It is the number
    of this transaction."""
    now: datetime = await connection.fetchval("select clock_timestamp()")
    number: int = await connection.fetchval("select pg_current_xact_id()::text::bigint")
    return now, number


async def all_ended(connection: Connection, number: int) -> bool:
    """Whether this transaction and every one with a smaller number has ended."""
    ended: bool = await connection.fetchval(_ENDED, number)
    return ended
