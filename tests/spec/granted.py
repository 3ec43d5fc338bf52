"""What a Grant shows, worked out row by row in Python: beside it stand the reader's SQL and the row policy."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from adapters.records import LONDON
from integration.record.reader import Query, Reader
from integration.sharing.request import DataWindow, Decision, Grant
from integration.store.database import act_as

ROWS = "select id, label, starts, ends, type from toldonce.resource where person = $1 order by id"


@dataclass(frozen=True)
class Stored:
    """A row of a person's record, as far as a Grant looks at it."""

    id: UUID
    label: int
    starts: datetime | None
    ends: datetime | None
    type: str


async def stored(owner: asyncpg.Connection, person: UUID) -> list[Stored]:
    """Every row of a person."""
    return [Stored(**row) for row in await owner.fetch(ROWS, person)]


def shown(grant: Grant, rows: Iterable[Stored]) -> set[UUID]:
    """The rows that it shows."""
    return {
        row.id
        for row in rows
        if row.label in grant.labels
        and row.id not in grant.withheld
        and not any(_within(window, row) for window in grant.windows)
    }


def _within(window: DataWindow, row: Stored) -> bool:
    first, last = _day(row.starts), _day(row.ends)
    return (
        row.label in window.labels
        and (window.start is None or last is None or last >= window.start)
        and (window.end is None or first is None or first <= window.end)
    )


def _day(moment: datetime | None) -> date | None:
    return moment.astimezone(LONDON).date() if moment else None


async def through_the_row_policy(connection: asyncpg.Connection, grant: Grant, table: str = "resource") -> set[UUID]:
    """Ids that a query without any condition returns under this Grant's settings."""
    async with connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        await opened(connection, grant)
        return {row["id"] for row in await connection.fetch(f"select * from toldonce.{table}")}


async def through_its_first_question(
    connection: asyncpg.Connection, grant: Decision, table: str = "resource"
) -> set[UUID]:
    """The same, in the statement that itself tells the row policy of the Grant. In a transaction of its own, or in one
    in which somebody else's record was read before."""
    async with connection.transaction(readonly=True):
        await act_as(connection, "toldonce_reader")
        return {row["id"] for row in await Reader(connection, grant)._ask(f"select * from toldonce.{table}", ())}


async def opened(connection: asyncpg.Connection, decision: Decision) -> Reader:
    """A reader in its role, whose row policy was told of the decision by a first question."""
    await act_as(connection, "toldonce_reader")
    reader = Reader(connection, decision)
    await reader.rows(Query(limit=1))
    return reader
