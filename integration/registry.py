"""Clients and agreements, kept current in every process that serves."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

import asyncpg
import structlog

from integration.api.clients import load_clients
from integration.background import running
from integration.errors import NotPossible
from integration.sharing.current import CurrentPolicy, told_of_changes
from integration.sharing.request import Client

_REFRESH = 1.0
"""Seconds after which a new agreement file or client registration is in force everywhere, at the latest."""
_STALE = 10.0
"""Seconds without a successful refresh after which the process says that it is not ready."""

log = structlog.get_logger()


@dataclass
class Registry:
    """What is in force, as it was last read."""

    policy: CurrentPolicy = field(default_factory=CurrentPolicy)
    clients: Mapping[str, Client] = field(default_factory=dict)
    _read: float = 0.0

    async def refresh(self, pool: asyncpg.Pool) -> None:
        """Read what has changed; the pool is the API's own."""
        async with pool.acquire() as connection:
            self.clients = await load_clients(connection)
        await self.policy.refresh(pool)
        self._read = monotonic()

    async def require_fresh(self) -> None:
        """Raise NotPossible when what was last read is old: a revoked client might still be let in."""
        if monotonic() - self._read > _STALE:
            raise NotPossible("clients and agreements could not be read for a while")


@asynccontextmanager
async def kept_current(pool: asyncpg.Pool, url: str) -> AsyncIterator[Registry]:
    """What is in force, read by now, and anew for as long as this lasts. `url`: of the database, for a login that may
    listen."""
    registry, told = Registry(), asyncio.Event()
    await registry.refresh(pool)
    async with told_of_changes(url, told.set), running(_keep_fresh(registry, pool, told)):
        yield registry


async def _keep_fresh(registry: Registry, pool: asyncpg.Pool, told: asyncio.Event) -> None:
    """At once when PostgreSQL tells of new agreements; otherwise, and where word was lost, every second."""
    while True:
        with suppress(TimeoutError):  # Python 3.11's wait_for forgets that it was cancelled, if it is told just then
            async with asyncio.timeout(_REFRESH):
                await told.wait()
        told.clear()
        try:
            await registry.refresh(pool)
        except Exception as error:  # noqa: BLE001  whatever it is, the next round tries again, and readiness tells
            log.warning("clients and agreements could not be read again", error=type(error).__name__)
