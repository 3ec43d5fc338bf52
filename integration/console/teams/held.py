"""Which huddles were held: what is new on a caseload is counted from the last one."""

from datetime import date, datetime

from integration.store.connection import Connection


async def last(connection: Connection, caseload: str, before: date) -> date | None:
    """The day of the last huddle before a day. The connection is in a transaction as `toldonce_registry`."""
    found: date | None = await connection.fetchval(
        "select max(day) from toldonce.huddle where caseload = $1 and day < $2", caseload, before
    )
    return found


async def on(connection: Connection, caseload: str, day: date) -> bool:
    """Whether one was held on a day."""
    statement = "select exists (select from toldonce.huddle where caseload = $1 and day = $2)"
    return bool(await connection.fetchval(statement, caseload, day))


async def hold(connection: Connection, caseload: str, on: date, at: datetime, by: str, organisation: str) -> None:
    """Keep that one was held; of one day the first who says so stands."""
    await connection.execute(
        "insert into toldonce.huddle (caseload, day, held, held_by, organisation) values ($1, $2, $3, $4, $5) "
        "on conflict do nothing",
        caseload,
        on,
        at,
        by,
        organisation,
    )
