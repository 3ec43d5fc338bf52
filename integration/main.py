"""Wires the house: the only place where everything meets."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from socket import socket

import asyncpg
import uvicorn
from fastapi import FastAPI

from adapters.transport.asking import Asker, Certificates, Limits
from integration.api.authenticate import TokenAuthority
from integration.api.client_keys import PublishedKeys
from integration.api.exchange import Services
from integration.api.issuer_settings import Issuers
from integration.api.issuer_settings import load as load_issuers
from integration.api.keys import signing_key
from integration.api.proxies import BehindProxies
from integration.api.published import FETCH
from integration.api.rate_limit import Rate, RateLimits
from integration.api.seal import Seal
from integration.api.token import TokenEndpoint, token_url
from integration.audit.log import AuditLog
from integration.background import keeping_audit, telling, writing
from integration.config import Settings
from integration.console.desk import Desk
from integration.console.providers import LIMITS, SignIn
from integration.console.sign_in import addresses
from integration.deployment import assembler, secret_of
from integration.record.consult import Records
from integration.recording.recorder import Recorder
from integration.registry import Registry, kept_current
from integration.routes import Parts, app_of
from integration.sharing.decide import BREAK_GLASS_REASONS
from integration.store.database import Database
from integration.teams.caseloads.keeper import Keeper
from integration.teams.export.exports import Exports

READERS = 8
"""Connections of a process that records are read on: each keeps a processor of the database busy, or nearly so."""
_WRITERS = 4
"""Connections of a process on which what is said through the API becomes part of the record."""
_GARBAGE = 25_000
"""Objects more than before, after which the collector looks for garbage among the youngest (docs/performance.md)."""


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def application(
    settings: Settings, database: Database, clock: Callable[[], datetime] = _now
) -> AsyncIterator[FastAPI]:
    """The HTTP service, running: FHIR API, token endpoint, pages, health. `clock` gives the present moment, aware."""
    async with AsyncExitStack() as stack:
        pool, url = await stack.enter_async_context(database.pool("toldonce_api")), database.url("toldonce_api")
        begun = await stack.enter_async_context(database.reading(READERS))
        ready = await stack.enter_async_context(database.reading(READERS, "toldonce_reader", begun=False))
        log = AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data)
        audit = await stack.enter_async_context(log)
        registry = await stack.enter_async_context(kept_current(pool, url))
        await stack.enter_async_context(keeping_audit(pool, audit, settings))
        records = Records(pool, registry.policy, begun=begun, ready=ready)
        services = _services(records, audit, registry, settings, clock)
        exports = _exports(services, pool, settings)
        if settings.exports_served:
            await stack.enter_async_context(writing(exports))
        recorder = await _recorder(stack, database, settings)
        issuers, keys = load_issuers(settings.issuers), PublishedKeys(_asker(stack, FETCH, settings))
        providers = SignIn(issuers, _asker(stack, LIMITS, settings), keys, addresses(settings.fhir_base))
        yield app_of(
            Parts(
                services,
                pool,
                settings,
                tokens=_token_endpoint(services, pool, issuers, keys),
                desk=_desk(services, pool, settings, recorder, providers),
                exports=exports,
                telling=await stack.enter_async_context(telling(services, pool, settings, url)),
                checks={"database": lambda: _answers(pool), "agreements": registry.require_fresh},
                recorder=recorder,
                keeper=Keeper(recorder.pool, records, secret_of(settings, "ids", 32)) if recorder else None,
            )
        )


def _services(
    records: Records, audit: AuditLog, registry: Registry, settings: Settings, clock: Callable[[], datetime]
) -> Services:
    return Services(
        records=records,
        audit=audit,
        clients=lambda: registry.clients,
        authority=TokenAuthority(signing_key(settings.data_dir), token_url(settings.fhir_base), settings.fhir_base),
        seal=Seal(secret_of(settings, "cursors", 64)),
        pseudonym_secret=secret_of(settings, "pseudonyms", 32),
        base_url=settings.fhir_base,
        clock=clock,
        limits=RateLimits(Rate(settings.client_rate, settings.client_burst)),
    )


async def _recorder(stack: AsyncExitStack, database: Database, settings: Settings) -> Recorder | None:
    """Only where this process has the worker's login."""
    if not database.offers("toldonce_worker"):
        return None
    writers = await stack.enter_async_context(database.pool("toldonce_worker", size=_WRITERS))
    return Recorder(writers, assembler(settings))


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


def _desk(
    services: Services, pool: asyncpg.Pool, settings: Settings, recorder: Recorder | None, providers: SignIn
) -> Desk:
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
        providers=providers,
    )


def _asker(stack: AsyncExitStack, limits: Limits, settings: Settings) -> Asker:
    """What asks clients and identity providers."""
    authority = str(settings.keys_authority) if settings.keys_authority else None
    asker = Asker(limits, Certificates(authority=authority))
    stack.push_async_callback(asker.close)
    return asker


def _token_endpoint(services: Services, pool: asyncpg.Pool, issuers: Issuers, keys: PublishedKeys) -> TokenEndpoint:
    return TokenEndpoint(
        services.authority,
        pool,
        services.audit,
        services.clock,
        keys,
        BREAK_GLASS_REASONS,
        issuers,
        services.limits,
    )


async def serve(settings: Settings, database: Database, listening: socket | None = None) -> None:
    """Serve until told to stop: on the address of the settings, or on a socket that other processes serve as well."""
    async with application(settings, database) as app:
        settle()
        await web_server(app, settings).serve(sockets=[listening] if listening else None)


def web_server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """What listens. It logs no requests, whose addresses are not ours, and does not tell what it is. Whom a proxy asks
    for is told by ours or by none: uvicorn's own layer would believe whatever comes from this machine."""
    proxies = settings.proxy_networks
    certificates = settings.client_certificates
    return uvicorn.Server(
        uvicorn.Config(
            BehindProxies(app, proxies, certificates=certificates) if proxies else app,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
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
