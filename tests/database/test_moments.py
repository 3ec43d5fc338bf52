"""Who asks again and again for what was recorded since, while others record in any order, misses nothing."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal

import asyncpg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integration.store.database import Database
from integration.store.moments import all_ended, moment_and_number, moment_to_record

WRITERS = 3
Step = tuple[Literal["begin", "take", "write", "end", "ask"], int]


@pytest.fixture(scope="module")
async def connections(database: Database) -> AsyncIterator[list[asyncpg.Connection]]:
    """One for each writer, and the last one for who asks."""
    opened = [await asyncpg.connect(database.owner_url) for _ in range(WRITERS + 1)]
    await opened[0].execute("create table public.said (id serial, recorded timestamptz)")
    yield opened
    for one in opened:
        await one.close()


class Writer:
    """Takes the moment of what it records at one time, writes it at another and commits at a third."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._open, self._moment = False, None

    async def begin(self) -> None:
        if not self._open:
            await self._connection.execute("begin")
            self._open = True

    async def take(self) -> None:
        if self._open and self._moment is None:
            self._moment = await moment_to_record(self._connection)

    async def write(self) -> None:
        if self._moment is not None:
            await self._connection.execute("insert into public.said (recorded) values ($1)", self._moment)

    async def end(self) -> None:
        if self._open:
            await self._connection.execute("commit")
            self._open, self._moment = False, None


class Asking:
    """Who asks for what was recorded since the last time, as an export does."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._since: datetime | None = None
        self._asking: asyncio.Task[None] | None = None
        self.found: set[int] = set()

    async def ask(self) -> None:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
            await asyncio.sleep(0.005)

    async def answered(self) -> None:
        if self._asking:
            await self._asking

    async def _ask(self) -> None:
        async with self._connection.transaction():
            as_of, number = await moment_and_number(self._connection)
        while not await all_ended(self._connection, number):
            await asyncio.sleep(0.002)
        rows = await self._connection.fetch(
            "select id from public.said where $1::timestamptz is null or recorded > $1", self._since
        )
        self.found.update(row["id"] for row in rows)
        self._since = as_of


steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["begin", "take", "write", "end"]), st.integers(0, WRITERS - 1)),
        st.just(("ask", 0)),
    ),
    max_size=24,
)


@settings(max_examples=30)
@example([("begin", 0), ("take", 0), ("ask", 0), ("write", 0), ("end", 0)])
@example([("begin", 0), ("take", 0), ("begin", 1), ("take", 1), ("write", 1), ("end", 1), ("ask", 0), ("write", 0)])
@given(steps)
async def test_nothing_is_missed_whatever_the_order(connections: list[asyncpg.Connection], steps: list[Step]) -> None:
    await connections[0].execute("truncate public.said")
    writers, asking = [Writer(one) for one in connections[:WRITERS]], Asking(connections[-1])
    for what, whose in steps:
        await (asking.ask() if what == "ask" else getattr(writers[whose], what)())
    for writer in writers:
        await writer.end()
    await asking.answered()
    await asking.ask()
    await asking.answered()
    assert asking.found == {row["id"] for row in await connections[0].fetch("select id from public.said")}
