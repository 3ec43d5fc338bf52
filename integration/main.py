"""Wires the house: the only place where everything meets."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from socket import socket
from time import monotonic

import asyncpg
import structlog
import uvicorn
from fastapi import FastAPI

from adapters.transport.asking import Asker, Certificates
from integration.api.audit_events import serve_audit_events
from integration.api.audit_log import audit_log_routes
from integration.api.authenticate import TokenAuthority
from integration.api.batch import serve_batch
from integration.api.capability import metadata_routes
from integration.api.client_keys import FETCH, PublishedKeys
from integration.api.clients import load_clients
from integration.api.compression import Compressed
from integration.api.create import serve_create
from integration.api.definitions import serve_definitions
from integration.api.delete import serve_delete
from integration.api.everything import serve_everything
from integration.api.exchange import FhirRoute, Services
from integration.api.export import serve_export
from integration.api.exported import exported_routes
from integration.api.groups import serve_groups, serve_member_changes
from integration.api.health import Check, health_routes
from integration.api.history import serve_history
from integration.api.ingest import ingest_route
from integration.api.interactions import FhirRouter
from integration.api.issuer_settings import load as load_issuers
from integration.api.keys import signing_key
from integration.api.match import serve_match
from integration.api.measure_reports import serve_measure_reports
from integration.api.measures import serve_measures
from integration.api.metrics import metrics_routes
from integration.api.nhs_headers import Echoed
from integration.api.openapi import openapi_routes
from integration.api.outcome import LastResort, install_error_handlers
from integration.api.rate_limit import Rate, RateLimits
from integration.api.read import serve_read
from integration.api.seal import Seal
from integration.api.search_type import serve_search
from integration.api.subscription_operations import serve_subscription_operations
from integration.api.subscription_stream import Telling, serve_subscription_stream
from integration.api.subscription_topics import serve_topics
from integration.api.subscriptions import serve_subscriptions
from integration.api.summary import serve_summary
from integration.api.template import template_routes
from integration.api.token import TokenEndpoint, token_routes, token_url
from integration.api.transaction import serve_transaction
from integration.api.translate import serve_translate
from integration.api.unknown_path import unknown_paths
from integration.api.update import serve_update
from integration.api.vread import serve_vread
from integration.audit.keys import LogKeys
from integration.audit.log import AuditLog
from integration.audit.look import keep_looking
from integration.audit.seal import keep_sealed
from integration.audit.second_place import keep_copied
from integration.config import Settings
from integration.console.agreements import agreement_pages
from integration.console.desk import Desk
from integration.console.routes import console_routes
from integration.deployment import assembler, secret_of
from integration.errors import NotPossible
from integration.record.consult import Records
from integration.recording.recorder import Recorder
from integration.sharing.current import CurrentPolicy, told_of_changes
from integration.sharing.decide import BREAK_GLASS_REASONS
from integration.sharing.request import Client
from integration.store.database import Database
from integration.teams.caseloads.keeper import Keeper
from integration.teams.export.exports import Exports
from integration.teams.export.worker import run_forever as write_exports
from integration.teams.measures.disclosure import Rule
from integration.teams.subscriptions.delivery import Delivery
from integration.teams.subscriptions.gate import Gate
from integration.teams.subscriptions.notifier import Bell, Notifier, notifying
from integration.teams.subscriptions.outbox import Outbox
from integration.teams.subscriptions.posting import Poster
from mappings.uk_core import HEALTH_TEST_DATA

log = structlog.get_logger()
READERS = 8
"""Connections of a process that records are read on: each keeps a processor of the database busy, or nearly so."""
_WRITERS = 4
"""Connections of a process on which what is said through the API becomes part of the record."""
_GARBAGE = 25_000
"""Objects more than before, after which the collector looks for garbage among the youngest (docs/performance.md)."""
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
        pool = await stack.enter_async_context(database.pool("toldonce_api"))
        begun = await stack.enter_async_context(database.reading(READERS))
        audit = await stack.enter_async_context(
            AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data)
        )
        registry = Registry()
        await registry.refresh(pool)
        told = asyncio.Event()
        await stack.enter_async_context(told_of_changes(database.url("toldonce_api"), told.set))
        keys = LogKeys(settings)
        for work in (
            keep_sealed(pool, keys),
            keep_copied(pool, settings),
            keep_looking(pool, audit),
            _keep_fresh(registry, pool, told),
        ):
            stack.push_async_callback(_cancel, asyncio.create_task(work))
        services = Services(
            records=Records(pool, registry.policy, begun=begun),
            audit=audit,
            clients=lambda: registry.clients,
            authority=_authority(settings),
            seal=Seal(secret_of(settings, "cursors", 64)),
            pseudonym_secret=secret_of(settings, "pseudonyms", 32),
            base_url=settings.fhir_base,
            clock=clock,
            limits=RateLimits(Rate(settings.client_rate, settings.client_burst)),
        )
        if settings.exports_served:
            writing = asyncio.create_task(write_exports(_exports(services, pool, settings), _REFRESH))
            stack.push_async_callback(_cancel, writing)
        checks = {"database": lambda: _answers(pool), "agreements": registry.require_fresh}
        recorder = None
        if database.offers("toldonce_worker"):
            writers = await stack.enter_async_context(database.pool("toldonce_worker", size=_WRITERS))
            recorder = Recorder(writers, assembler(settings))
        telling = await _telling(stack, services, pool, settings, database.url("toldonce_api"))
        app = _app(services, pool, checks, settings, recorder, telling)
        tokens = token_routes(_token_endpoint(stack, services, pool, settings), settings.fhir_base)
        app.router.routes.extend(tokens.routes)
        app.router.routes.extend(unknown_paths(tuple(app.router.routes)))
        yield app


def _app(
    services: Services,
    pool: asyncpg.Pool,
    checks: Mapping[str, Check],
    settings: Settings,
    recorder: Recorder | None,
    telling: Telling,
) -> FastAPI:
    app = FastAPI(title="ToldOnce", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.services = services
    install_error_handlers(app)
    for layer in (LastResort, Compressed, Echoed):
        app.add_middleware(layer)
    router = FhirRouter(route_class=FhirRoute)
    serve_everything(router)
    serve_summary(router)
    serve_search(router)
    serve_match(router)
    serve_audit_events(router, services.records.ids_of)
    serve_history(router)
    serve_vread(router)
    if recorder is not None:
        serve_create(router, recorder)
        serve_update(router, recorder)
        serve_delete(router, recorder)
        serve_transaction(router, recorder)
    serve_batch(router, recorder)
    exports = _exports(services, pool, settings)
    serve_export(router, exports)
    serve_subscription_operations(router, pool, telling.outbox)
    serve_subscription_stream(router, pool, telling)
    serve_subscriptions(router, pool)
    serve_topics(router, services.base_url)
    serve_groups(router, (HEALTH_TEST_DATA,) if settings.test_data else ())
    if recorder is not None:
        serve_member_changes(router, Keeper(recorder.pool, services.records, secret_of(settings, "ids", 32)))
    serve_read(router)
    serve_translate(router)
    serve_measure_reports(router)
    serve_measures(router, Rule(settings.measures_smallest, settings.measures_nearest))
    serve_definitions(router, services.base_url)
    app.router.routes.extend([*router.routes, ingest_route(pool, settings.ingest_largest), *exported_routes(exports)])
    app.router.routes.extend(metadata_routes(router, services.base_url).routes)
    app.router.routes.extend(openapi_routes(router, services.base_url).routes)
    app.include_router(agreement_pages(services.records.policy, services.base_url, synthetic=settings.test_data))
    app.include_router(console_routes(_desk(services, pool, settings, recorder)))
    app.include_router(template_routes())
    app.router.routes.extend(audit_log_routes(pool, tuple(settings.audit_witnesses.split())))
    app.include_router(health_routes(checks))
    app.include_router(metrics_routes(pool, services.records.policy))
    return app


def _exports(services: Services, pool: asyncpg.Pool, settings: Settings) -> Exports:
    return Exports(
        pool=pool,
        records=services.records,
        audit=services.audit,
        clients=services.clients,
        pseudonym_secret=services.pseudonym_secret,
        kept_for=timedelta(hours=settings.export_hours),
        clock=services.clock,
    )


async def _telling(
    stack: AsyncExitStack, services: Services, pool: asyncpg.Pool, settings: Settings, url: str
) -> Telling:
    """What happened is told to whoever subscribed to it, for as long as the process runs."""
    authority = str(settings.notifications_authority) if settings.notifications_authority else None
    poster = Poster(authority)
    stack.push_async_callback(poster.close)
    outbox = Outbox(pool, Gate(pool, services.records, services.clients), services.audit)
    secret = secret_of(settings, "notifications", 32)
    delivery, bell = Delivery(outbox, poster, services.clock, secret, services.base_url), Bell()
    await stack.enter_async_context(notifying(Notifier(delivery, bell, url, services.clock)))
    return Telling(outbox, bell)


def _desk(services: Services, pool: asyncpg.Pool, settings: Settings, recorder: Recorder | None) -> Desk:
    return Desk(
        pool=pool,
        log=services.audit,
        policy=services.records.policy,
        clock=services.clock,
        secure=services.base_url.startswith("https:"),
        synthetic=settings.test_data,
        workers=recorder.pool if recorder else None,
        records=services.records,
        recorder=recorder,
        id_secret=secret_of(settings, "ids", 32),
    )


def _token_endpoint(stack: AsyncExitStack, services: Services, pool: asyncpg.Pool, settings: Settings) -> TokenEndpoint:
    authority = str(settings.keys_authority) if settings.keys_authority else None
    asker = Asker(FETCH, Certificates(authority=authority))
    stack.push_async_callback(asker.close)
    return TokenEndpoint(
        services.authority,
        pool,
        services.audit,
        services.clock,
        PublishedKeys(asker),
        BREAK_GLASS_REASONS,
        load_issuers(settings.issuers),
        services.limits,
    )


def _authority(settings: Settings) -> TokenAuthority:
    return TokenAuthority(signing_key(settings.data_dir), token_url(settings.fhir_base), settings.fhir_base)


async def serve(settings: Settings, database: Database, listening: socket | None = None) -> None:
    """Serve until told to stop: on the address of the settings, or on a socket that other processes serve as well."""
    async with application(settings, database) as app:
        settle()
        await web_server(app, settings).serve(sockets=[listening] if listening else None)


def web_server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """What listens. It logs no requests, whose addresses are not ours, and does not tell what it is."""
    return uvicorn.Server(
        uvicorn.Config(
            app, host=settings.host, port=settings.port, log_level="warning", access_log=False, server_header=False
        )
    )


def settle() -> None:
    """What is loaded by now stays, and the collector need not walk through it again and again. An answer makes some
    thousands of objects, nearly all of which are gone with it, without the collector: looked for after every 700, as
    Python does, what is not would cost a sixth of a read's time."""
    gc.freeze()
    gc.set_threshold(_GARBAGE, 20, 50)


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
