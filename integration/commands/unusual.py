"""`toldonce unusual`: looking through accesses for what is unusual, and whose records are watched."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any

import asyncpg
import msgspec

from adapters.records import LONDON
from integration.audit import watched
from integration.audit.access import Access
from integration.audit.codes import Kind
from integration.audit.log import AuditLog
from integration.audit.look import Days, days_of, look_through_each
from integration.audit.watched import Watched
from integration.commands.opened import opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.sharing.request import Caller
from integration.store.database import act_as


async def look(settings: Settings, start: date, end: date, user: str) -> Days:
    """Look through each of these days; one that fails stops no other. Raises NotPossible for a day that goes on: each
    is looked through once."""
    if end >= datetime.now(LONDON).date():
        raise NotPossible("only days that are over can be looked through")
    async with _open(settings) as (pool, log):
        return await look_through_each(pool, log, days_of(start, end), "toldonce unusual look", user)


async def watch(settings: Settings, one: Watched) -> int:
    """Watch somebody's record; the entry's number."""
    async with _open(settings) as (pool, log), pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_officer")
        number = await watched.add(connection, one)
        await log.append(_access("watch", one.made_by, number, one.note))
        return number


async def unwatch(settings: Settings, number: int, user: str, note: str) -> None:
    """Watch no longer. Raises NotPossible."""
    if not user or not note:
        raise NotPossible("say who you are and why: --user and --note")
    async with _open(settings) as (pool, log), pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_officer")
        await watched.end(connection, number, user)
        await log.append(_access("unwatch", user, number, note))


async def listed(settings: Settings) -> list[dict[str, Any]]:
    """Everybody who is watched now, without their numbers."""
    async with _open(settings) as (pool, log), pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_officer")
        found = await watched.listed(connection)
        await log.append(_access("list", "", 0, ""))
        return [msgspec.structs.asdict(one) for one in found]


def _access(command: str, user: str, number: int, note: str) -> Access:
    said = {"watch/number": str(number), "watch/note": note} if number else {}
    by = Caller("command line", "this deployment", "administrator", "", user)
    return Access.work(by, f"toldonce unusual {command}", Kind.AUDIT, said)


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[tuple[asyncpg.Pool, AuditLog]]:
    async with (
        opened(settings) as database,
        database.pool("toldonce_api", size=3) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log,
    ):
        yield pool, log
