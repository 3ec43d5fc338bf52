"""What is served, and under which paths: the FHIR API, the token endpoint, the pages, health and metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg
from fastapi import FastAPI

from integration.api.audit_events import serve_audit_events
from integration.api.audit_log import audit_log_routes
from integration.api.batch import serve_batch
from integration.api.capability import metadata_routes
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
from integration.api.match import serve_match
from integration.api.measure_reports import serve_measure_reports
from integration.api.measures import serve_measures
from integration.api.metrics import metrics_routes
from integration.api.nhs_headers import Echoed
from integration.api.openapi import openapi_routes
from integration.api.outcome import LastResort, install_error_handlers
from integration.api.read import serve_read
from integration.api.search_type import serve_search
from integration.api.subscription_operations import serve_subscription_operations
from integration.api.subscription_stream import Telling, serve_subscription_stream
from integration.api.subscription_topics import serve_topics
from integration.api.subscriptions import serve_subscriptions
from integration.api.summary import serve_summary
from integration.api.template import template_routes
from integration.api.token import TokenEndpoint, token_routes
from integration.api.transaction import serve_transaction
from integration.api.translate import serve_translate
from integration.api.unknown_path import unknown_paths
from integration.api.update import serve_update
from integration.api.vread import serve_vread
from integration.config import Settings
from integration.console.agreements import agreement_pages
from integration.console.desk import Desk
from integration.console.routes import console_routes
from integration.recording.recorder import Recorder
from integration.teams.caseloads.keeper import Keeper
from integration.teams.export.exports import Exports
from integration.teams.measures.disclosure import Rule
from mappings.uk_core import HEALTH_TEST_DATA


@dataclass(frozen=True)
class Parts:
    """What the routes work with. The pool is the API's own."""

    services: Services
    pool: asyncpg.Pool
    settings: Settings
    tokens: TokenEndpoint
    desk: Desk
    exports: Exports
    telling: Telling
    checks: Mapping[str, Check]
    """What has to hold for the process to be ready."""
    recorder: Recorder | None = None
    """Where this process may record."""
    keeper: Keeper | None = None
    """Where it may: what changes who is on a caseload."""


def app_of(parts: Parts) -> FastAPI:
    """All of it; whatever is nowhere else is an unknown path."""
    app = FastAPI(
        title="ToldOnce",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # they would tell paths, which name people
    )
    app.state.services = parts.services
    install_error_handlers(app)
    for layer in (LastResort, Compressed, Echoed):
        app.add_middleware(layer)
    _serve_fhir(app, parts)
    _serve_pages(app, parts)
    tokens = token_routes(parts.tokens, parts.settings.fhir_base, certificates=parts.settings.client_certificates)
    app.router.routes.extend(tokens.routes)
    app.router.routes.extend(unknown_paths(tuple(app.router.routes)))
    return app


def _serve_fhir(app: FastAPI, parts: Parts) -> None:
    router, base_url = FhirRouter(route_class=FhirRoute), parts.services.base_url
    _serve_records(router, parts)
    _serve_teams(router, parts)
    serve_read(router)
    serve_translate(router)
    serve_measure_reports(router)
    serve_measures(router, Rule(parts.settings.measures_smallest, parts.settings.measures_nearest))
    serve_definitions(router, base_url)
    ingest = ingest_route(parts.pool, parts.settings.ingest_largest)
    app.router.routes.extend([*router.routes, ingest, *exported_routes(parts.exports)])
    app.router.routes.extend(metadata_routes(router, base_url).routes)
    app.router.routes.extend(openapi_routes(router, base_url).routes)


def _serve_records(router: FhirRouter, parts: Parts) -> None:
    serve_everything(router)
    serve_summary(router)
    serve_search(router)
    serve_match(router)
    serve_audit_events(router, parts.services.records.ids_of)
    serve_history(router)
    serve_vread(router)
    if recorder := parts.recorder:
        serve_create(router, recorder)
        serve_update(router, recorder)
        serve_delete(router, recorder)
        serve_transaction(router, recorder)
    serve_batch(router, parts.recorder)


def _serve_teams(router: FhirRouter, parts: Parts) -> None:
    serve_export(router, parts.exports)
    serve_subscription_operations(router, parts.pool, parts.telling.outbox)
    serve_subscription_stream(router, parts.pool, parts.telling)
    serve_subscriptions(router, parts.pool)
    serve_topics(router, parts.services.base_url)
    serve_groups(router, (HEALTH_TEST_DATA,) if parts.settings.test_data else ())
    if parts.keeper:
        serve_member_changes(router, parts.keeper)


def _serve_pages(app: FastAPI, parts: Parts) -> None:
    services, settings = parts.services, parts.settings
    app.include_router(agreement_pages(services.records.policy, services.base_url, synthetic=settings.test_data))
    app.include_router(console_routes(parts.desk))
    app.include_router(template_routes())
    app.router.routes.extend(audit_log_routes(parts.pool, tuple(settings.audit_witnesses.split())))
    app.include_router(health_routes(parts.checks))
    app.include_router(metrics_routes(parts.pool, services.records.policy))
