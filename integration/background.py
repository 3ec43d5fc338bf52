"""What a process does that nobody asks it for, for as long as it serves. Any number of processes do it side by side."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import asyncpg

from integration.api.exchange import Services
from integration.api.subscription_stream import Telling
from integration.audit.keys import LogKeys
from integration.audit.log import AuditLog
from integration.audit.look import keep_looking
from integration.audit.seal import keep_sealed
from integration.audit.second_place import keep_copied
from integration.config import Settings
from integration.deployment import secret_of
from integration.teams.export.exports import Exports
from integration.teams.export.worker import run_forever
from integration.teams.subscriptions.delivery import Delivery
from integration.teams.subscriptions.gate import Gate
from integration.teams.subscriptions.notifier import Bell, Notifier, notifying
from integration.teams.subscriptions.outbox import Outbox
from integration.teams.subscriptions.posting import Poster

_LOOK = 1.0
"""Seconds between two looks for exports that were ordered."""


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """While it lasts all of these run side by side."""
    async with AsyncExitStack() as stack:
        for one in work:
            stack.push_async_callback(_cancel, asyncio.create_task(one))
        yield


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def keeping_audit(pool: asyncpg.Pool, audit: AuditLog, settings: Settings) -> AsyncIterator[None]:
    """What is audited is sealed, copied to the second places, and looked through for what is unusual."""
    sealing, copying = keep_sealed(pool, LogKeys(settings)), keep_copied(pool, settings)
    async with running(sealing, copying, keep_looking(pool, audit)):
        yield


@asynccontextmanager
async def writing(exports: Exports) -> AsyncIterator[None]:
    """What is ordered is written."""
    async with running(run_forever(exports, _LOOK)):
        yield


@asynccontextmanager
async def telling(services: Services, pool: asyncpg.Pool, settings: Settings, url: str) -> AsyncIterator[Telling]:
    """What happened is told to whoever subscribed to it. `url`: of the database, for a login that may listen."""
    authority = str(settings.notifications_authority) if settings.notifications_authority else None
    outbox = Outbox(pool, Gate(pool, services.records, services.clients), services.audit)
    secret = secret_of(settings, "notifications", 32)
    async with AsyncExitStack() as stack:
        poster = Poster(authority)
        stack.push_async_callback(poster.close)
        delivery, bell = Delivery(outbox, poster, services.clock, secret, services.base_url), Bell()
        await stack.enter_async_context(notifying(Notifier(delivery, bell, url, services.clock)))
        yield Telling(outbox, bell)
