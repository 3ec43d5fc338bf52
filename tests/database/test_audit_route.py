"""GET /fhir/AuditEvent over HTTP: who may, pages by sealed cursors, and its own traces in the audit."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome

from integration.api.audit_events import serve_audit_events
from integration.api.authenticate import Session, TokenAuthority
from integration.api.exchange import FhirRoute, Services
from integration.api.interactions import FhirRouter
from integration.api.keys import new_signing_key
from integration.api.outcome import LastResort, install_error_handlers
from integration.api.seal import Seal
from integration.audit.entry import rendered
from integration.audit.log import AuditLog
from integration.audit.search import AUDIT_PURPOSE, IG_OFFICER
from integration.demo import AGREEMENTS
from integration.record.consult import Records
from integration.sharing.agreements import load
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Client
from integration.store.database import Database

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
BASE = "http://test/fhir"
PERSON = UUID(int=7)
OFFICE = Client("ig", "IG office", "X9H", frozenset({IG_OFFICER, "GP"}), frozenset({AUDIT_PURPOSE, "TREAT"}))
ELSEWHERE = Client("far", "IG office elsewhere", "X9Z", frozenset({IG_OFFICER}), frozenset({AUDIT_PURPOSE}))
POLICY = Policy.of(load(AGREEMENTS.read_text()))
OFFICER = Caller("ig", "X9H", IG_OFFICER, AUDIT_PURPOSE, "ms.lee")


@dataclass
class Api:
    """The API with nothing but the audit search, and its owner's view of the database."""

    app: FastAPI
    services: Services
    owner: asyncpg.Connection

    async def get(self, url: str, caller: Caller | None = OFFICER, scope: str = "system/*.rs") -> httpx.Response:
        headers = {"X-Request-ID": "request-1"}
        if caller:
            session = Session(caller, None, (scope,), "token-1")
            headers["Authorization"] = f"Bearer {self.services.authority.issue(session, NOW)}"
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
            return await client.get(url, headers=headers)

    async def events(self) -> list[dict[str, Any]]:
        rows = await self.owner.fetch("select content from toldonce.audit_event order by ctid")
        return [json.loads(rendered(row["content"])) for row in rows]


async def themselves(person: UUID) -> list[UUID]:
    return [person]


@pytest.fixture
async def api(database: Database, owner: asyncpg.Connection) -> AsyncIterator[Api]:
    await owner.execute("truncate toldonce.audit_event")
    ticks = count()
    app, router = FastAPI(redirect_slashes=False), FhirRouter(route_class=FhirRoute)
    async with database.pool("toldonce_api") as pool, AuditLog(pool) as audit:
        app.state.services = Services(
            records=Records(pool, lambda: POLICY),
            audit=audit,
            clients=lambda: {"ig": OFFICE, "far": ELSEWHERE},
            authority=TokenAuthority(new_signing_key(), "http://test/auth/token", BASE),
            seal=Seal(bytes(64)),
            pseudonym_secret=bytes(32),
            base_url=BASE,
            clock=lambda: NOW + timedelta(milliseconds=next(ticks)),
        )
        serve_audit_events(router, themselves)
        app.router.routes.extend(router.routes)
        install_error_handlers(app)
        app.add_middleware(LastResort)
        yield Api(app, app.state.services, owner)


async def test_every_search_is_found_by_the_next_one(api):
    first = await api.get(f"/fhir/AuditEvent?patient=Patient/{PERSON}")
    assert first.status_code == 200
    assert "entry" not in first.json()
    second = (await api.get("/fhir/AuditEvent")).json()
    Bundle.model_validate(second)
    (entry,) = second["entry"]
    event = entry["resource"]
    assert event["meta"]["tag"][0]["code"] == "audit"
    assert event["outcome"] == "0"
    assert f"Patient/{PERSON}" in [
        found["what"]["reference"] for found in event["entity"] if "reference" in found.get("what", {})
    ]
    query = next(found["query"] for found in event["entity"] if "query" in found)
    assert base64.b64decode(query).decode().startswith("GET /fhir/AuditEvent\n")
    assert len(await api.events()) == 2


async def test_pages_follow_sealed_links(api):
    for _ in range(5):
        await api.get("/fhir/AuditEvent?agent=nobody")
    bundle = (await api.get("/fhir/AuditEvent?agent=ig&_count=2&_format=json")).json()
    seen = [entry["resource"]["id"] for entry in bundle["entry"]]
    for _ in range(2):
        following = next(link["url"] for link in bundle["link"] if link["relation"] == "next")
        assert "agent" not in following
        assert "2026" not in following
        parts = urlsplit(following)
        bundle = (await api.get(f"{parts.path}?{parts.query}")).json()
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize(
    ("caller", "scope", "status", "outcome"),
    [
        (None, "system/*.rs", 401, "8"),
        (Caller("ig", "X9H", "GP", "TREAT"), "system/*.rs", 403, "8"),
        (Caller("ig", "X9H", IG_OFFICER, "TREAT"), "system/*.rs", 403, "8"),
        (OFFICER, "system/Patient.rs", 403, "8"),
    ],
)
async def test_nobody_else_may_search_and_the_attempt_is_audited(api, caller, scope, status, outcome):
    response = await api.get("/fhir/AuditEvent", caller, scope)
    assert response.status_code == status
    OperationOutcome.model_validate(response.json())
    (event,) = await api.events()
    assert event["outcome"] == outcome


@pytest.mark.parametrize("query", ["_cursor=x", "_cursor=x&agent=ig", "who=me", "date=soon", "_before=x"])
async def test_a_search_that_cannot_be_read_is_refused_and_audited(api, query):
    response = await api.get(f"/fhir/AuditEvent?{query}")
    assert response.status_code == 400
    OperationOutcome.model_validate(response.json())
    (event,) = await api.events()
    assert event["outcome"] == "4"


async def test_without_an_audit_there_is_no_answer(api):
    await api.services.audit.stop()
    response = await api.get("/fhir/AuditEvent")
    assert response.status_code == 503
    OperationOutcome.model_validate(response.json())
    assert response.json()["issue"][0]["details"]["coding"][0]["code"] == "AUDIT_UNAVAILABLE"


async def test_an_officer_whose_organisation_is_party_to_no_agreement_is_refused(api):
    answer = await api.get("/fhir/AuditEvent", Caller("far", "X9Z", IG_OFFICER, AUDIT_PURPOSE, "dr.far"))
    assert answer.status_code == 403
    assert [event["outcome"] for event in await api.events()] == ["8"]
