"""Wires the house: the only place where everything meets."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

import asyncpg
import structlog
import uvicorn
from fastapi import FastAPI

from integration.api.audit_events import serve_audit_events
from integration.api.authenticate import TokenAuthority
from integration.api.capability import metadata_routes
from integration.api.clients import load_clients
from integration.api.everything import serve_everything
from integration.api.exchange import FhirRoute, Services
from integration.api.health import Check, health_routes
from integration.api.ingest import ingest_routes
from integration.api.interactions import FhirRouter
from integration.api.keys import signing_key
from integration.api.match import serve_match
from integration.api.metrics import metrics_routes
from integration.api.outcome import LastResort, install_error_handlers
from integration.api.read import serve_read
from integration.api.seal import Seal
from integration.api.search_type import serve_search
from integration.api.template import template_routes
from integration.api.token import TokenEndpoint, token_routes, token_url
from integration.audit.log import AuditLog, keep_sequenced
from integration.config import Settings
from integration.console.agreements import agreement_pages
from integration.deployment import secret_of
from integration.errors import NotPossible
from integration.record.consult import Records
from integration.sharing.current import CurrentPolicy, told_of_changes
from integration.sharing.decide import BREAK_GLASS_REASONS
from integration.sharing.request import Client
from integration.store.database import Database

log = structlog.get_logger()
_REFRESH = 1.0
"""Seconds after which a new agreement file or client registration is in force everywhere, at the latest."""
_STALE = 10.0
"""Seconds without a successful refresh after which the process says that it is not ready."""


@dataclass
class Registry:
    """Clients and agreements, kept current."""

    policy: CurrentPolicy = field(default_factory=CurrentPolicy)
    clients: Mapping[str, Client] = field(default_factory=dict)
    _read: float = 0.0

    async def refresh(self, pool: asyncpg.Pool) -> None:
        async with pool.acquire() as connection:
            self.clients = await load_clients(connection)
        await self.policy.refresh(pool)
        self._read = monotonic()

    async def require_fresh(self) -> None:
        """Raise NotPossible when what was last read is old: a revoked client might still be let in."""
        if monotonic() - self._read > _STALE:
            raise NotPossible("clients and agreements could not be read for a while")


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def application(
    settings: Settings, database: Database, clock: Callable[[], datetime] = _now
) -> AsyncIterator[FastAPI]:
    """The HTTP service, running: FHIR API, token endpoint, health. `clock` gives the present moment, aware."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(database.pool("toldonce_api", size=16))
        audit = await stack.enter_async_context(
            AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data)
        )
        registry = Registry()
        await registry.refresh(pool)
        told = asyncio.Event()
        await stack.enter_async_context(told_of_changes(database.url("toldonce_api"), told.set))
        for work in (keep_sequenced(pool), _keep_fresh(registry, pool, told)):
            stack.push_async_callback(_cancel, asyncio.create_task(work))
        services = Services(
            records=Records(pool, registry.policy),
            audit=audit,
            clients=lambda: registry.clients,
            authority=_authority(settings),
            seal=Seal(secret_of(settings, "cursors", 64)),
            base_url=settings.fhir_base,
            clock=clock,
        )
        checks = {"database": lambda: _answers(pool), "agreements": registry.require_fresh}
        yield _app(services, pool, checks, settings)


def _app(services: Services, pool: asyncpg.Pool, checks: Mapping[str, Check], settings: Settings) -> FastAPI:
    app = FastAPI(title="ToldOnce", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.services = services
    install_error_handlers(app)
    app.add_middleware(LastResort)
    router = FhirRouter(route_class=FhirRoute)
    serve_everything(router)
    serve_search(router)
    serve_match(router)
    serve_audit_events(router, services.records.ids_of)
    serve_read(router)
    app.include_router(metadata_routes(router, services.base_url))
    app.include_router(token_routes(_token_endpoint(services, pool), services.base_url))
    app.include_router(agreement_pages(services.records.policy, services.base_url, synthetic=settings.test_data))
    app.include_router(ingest_routes(pool, settings.ingest_largest))
    app.include_router(template_routes())
    app.include_router(health_routes(checks))
    app.include_router(metrics_routes(pool, services.records.policy))
    app.include_router(router.routes)
    return app


def _token_endpoint(services: Services, pool: asyncpg.Pool) -> TokenEndpoint:
    return TokenEndpoint(services.authority, pool, services.audit, services.clock, BREAK_GLASS_REASONS)


def _authority(settings: Settings) -> TokenAuthority:
    return TokenAuthority(signing_key(settings.data_dir), token_url(settings.fhir_base), settings.fhir_base)


async def serve(settings: Settings, database: Database) -> None:
    """Serve until told to stop."""
    async with application(settings, database) as app:
        gc.freeze()  # what is loaded by now stays: the collector need not walk through it again and again
        config = uvicorn.Config(app, host=settings.host, port=settings.port, log_level="warning", access_log=False)
        await uvicorn.Server(config).serve()


async def _answers(pool: asyncpg.Pool) -> None:
    async with asyncio.timeout(2), pool.acquire() as connection:
        await connection.execute("select")


async def _keep_fresh(registry: Registry, pool: asyncpg.Pool, told: asyncio.Event) -> None:
    """At once when PostgreSQL tells of new agreements; otherwise, and where word was lost, every second."""
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), _REFRESH)
        told.clear()
        try:
            await registry.refresh(pool)
        except Exception as error:  # noqa: BLE001  whatever it is, the next round tries again, and readiness tells
            log.warning("clients and agreements could not be read again", error=type(error).__name__)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
