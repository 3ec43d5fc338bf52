"""The token endpoint end to end: granted, refused, replayed; always audited."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from adapters.transport.asking import Asker, Certificates
from integration.api.assertion import sign_assertion
from integration.api.authenticate import TokenAuthority, authenticate
from integration.api.client_keys import PublishedKeys
from integration.api.clients import load_client, load_clients, register
from integration.api.keys import new_client_key, new_signing_key, public_jwks
from integration.api.outcome import LastResort, install_error_handlers
from integration.api.published import FETCH
from integration.api.token import ASSERTION_TYPE, GRANTS, TokenEndpoint, token_routes, token_url
from integration.audit.entry import rendered
from integration.audit.log import AuditLog
from integration.errors import Unauthorized
from integration.sharing.request import BreakGlass, Client
from integration.store.database import Database

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
BASE = "http://test/fhir"
URL = "http://test/auth/token"
KEY = new_client_key()
EPR = Client(
    id="epr",
    name="Hospital record",
    organisation="X9A",
    roles=frozenset({"hospital doctor"}),
    purposes=frozenset({"TREAT", "BTG"}),
    scopes=("system/*.rs",),
    jwks=public_jwks(KEY),
)


@dataclass
class Service:
    """The endpoint, its clock, and a way to ask it."""

    app: FastAPI
    audit: AuditLog
    authority: TokenAuthority
    owner: asyncpg.Connection
    now: list[datetime] = field(default_factory=lambda: [NOW])

    def assertion(self, **changes: Any) -> str:
        details = {"role": "hospital doctor", "purpose": "TREAT", "user": "dr.jones", "break_glass": None, **changes}
        key = details.pop("key", KEY)
        client = details.pop("client", "epr")
        return sign_assertion(key.as_dict(private=True), client, details.pop("url", URL), now=self.now[0], **details)

    async def ask(self, assertion: str | None = None, **form: Any) -> httpx.Response:
        fields = {
            "grant_type": "client_credentials",
            "scope": "system/*.rs",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
            **form,
        }
        sent = {name: value for name, value in fields.items() if value is not None}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
            return await client.post("/auth/token", data=sent, headers={"X-Request-ID": "request-1"})

    async def get(self, path: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
            return await client.get(path)

    async def last_event(self) -> dict[str, Any]:
        text = "select content from toldonce.audit_event order by ctid desc limit 1"
        return json.loads(rendered(await self.owner.fetchval(text)))


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    async with database.pool("toldonce_api") as pool:
        yield pool


@pytest.fixture
async def service(pool: asyncpg.Pool, owner: asyncpg.Connection) -> AsyncIterator[Service]:
    await owner.execute("truncate toldonce.audit_event, toldonce.client, toldonce.token_use cascade")
    await register(owner, EPR)
    app, authority, now = FastAPI(), TokenAuthority(new_signing_key(), token_url(BASE), BASE), [NOW]
    async with AuditLog(pool) as audit:
        endpoint = TokenEndpoint(
            authority, pool, audit, lambda: now[0], PublishedKeys(Asker(FETCH, Certificates())), {"emergency"}
        )
        app.include_router(token_routes(endpoint, BASE))
        install_error_handlers(app)
        app.add_middleware(LastResort)
        yield Service(app, audit, authority, owner, now)


def check_refusal(response: httpx.Response, error: str, status: int = 400) -> None:
    assert (response.status_code, response.json()["error"]) == (status, error)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"


async def test_a_registered_client_gets_a_token_that_says_what_it_may(service):
    response = await service.ask()
    assert response.status_code == 200
    answer = response.json()
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("bearer", 300, "system/*.rs")
    assert response.headers["cache-control"] == "no-store"
    session = authenticate(f"Bearer {answer['access_token']}", {"epr": EPR}, service.authority, NOW)
    assert (session.caller.client, session.caller.organisation, session.caller.user) == ("epr", "X9A", "dr.jones")
    assert (session.caller.role, session.caller.purpose) == ("hospital doctor", "TREAT")
    assert session.caller.user_authenticated is False
    event = await service.last_event()
    assert (event["type"]["code"], event["outcome"]) == ("110114", "0")
    assert f"urn:ietf:params:oauth:jti:{session.token}" in json.dumps(event)
    assert "request-1" in json.dumps(event)


async def test_an_assertion_works_once(service):
    assertion = service.assertion()
    assert (await service.ask(assertion)).status_code == 200
    check_refusal(await service.ask(assertion), "invalid_client", 401)
    event = await service.last_event()
    assert event["outcome"] == "8"
    assert "jti was used before" in event["outcomeDesc"]


async def test_used_assertions_are_forgotten_once_they_have_expired(service, owner):
    await service.ask()
    service.now[0] = NOW + timedelta(hours=1)
    await service.ask()
    assert await owner.fetchval("select count(*) from toldonce.token_use") == 1


async def test_a_refused_assertion_does_not_use_up_the_jti_of_a_good_one(service, owner):
    await service.ask(service.assertion(key=new_client_key()))
    assert await owner.fetchval("select count(*) from toldonce.token_use") == 0


async def test_unknown_and_inactive_clients_and_wrong_urls_are_refused(service, owner):
    unknown = await service.ask(service.assertion(client="nobody"))
    check_refusal(unknown, "invalid_client", 401)
    check_refusal(await service.ask(service.assertion(url="http://elsewhere/token")), "invalid_client", 401)
    await register(owner, replace(EPR, active=False))
    inactive = await service.ask()
    check_refusal(inactive, "invalid_client", 401)
    assert inactive.json() == unknown.json()


async def test_an_expired_assertion_is_refused(service):
    assertion = service.assertion()
    service.now[0] = NOW + timedelta(minutes=5)
    check_refusal(await service.ask(assertion), "invalid_client", 401)


async def test_beyond_the_registration_nothing_is_granted(service):
    check_refusal(await service.ask(service.assertion(role="information governance officer")), "unauthorized_client")
    check_refusal(await service.ask(service.assertion(purpose="HRESCH")), "unauthorized_client")
    check_refusal(await service.ask(service.assertion(organisation="X9Z")), "unauthorized_client")
    check_refusal(await service.ask(scope="system/*.cruds"), "invalid_scope")
    event = await service.last_event()
    assert event["outcome"] == "8"
    assert "X9A" in json.dumps(event)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"client_assertion_type": "other"}, "invalid_request"),
        ({"client_assertion": ""}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"padding": "x" * 70000}, "invalid_request"),
        ({"scope": ["system/*.rs", "system/*.rs"]}, "invalid_request"),
    ],
)
async def test_malformed_requests_are_refused_and_audited(service, owner, form, error):
    check_refusal(await service.ask(**form), error)
    assert await owner.fetchval("select count(*) from toldonce.audit_event where kind = 'token'") == 1


async def test_json_is_not_a_form(service):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://test") as client:
        check_refusal(await client.post("/auth/token", json={}), "invalid_request")


async def test_breaking_the_glass_needs_a_known_reason_and_is_dated_by_our_clock(service):
    granted = await service.ask(service.assertion(purpose="BTG", break_glass=BreakGlass("emergency", "unconscious")))
    session = authenticate(f"Bearer {granted.json()['access_token']}", {"epr": EPR}, service.authority, NOW)
    assert session.break_glass == BreakGlass("emergency", "unconscious", NOW)
    assert "unconscious" in json.dumps(await service.last_event())
    bored = service.assertion(purpose="BTG", break_glass=BreakGlass("curiosity"))
    check_refusal(await service.ask(bored), "invalid_request")


async def test_no_token_without_its_audit_event(service):
    await service.audit.stop()
    for assertion in (None, service.assertion(client="nobody")):
        response = await service.ask(assertion)
        check_refusal(response, "temporarily_unavailable", 503)
        assert "access_token" not in response.text


async def test_the_assertion_itself_is_nowhere_in_the_audit(service, owner):
    assertion = service.assertion()
    await service.ask(assertion)
    content = b"".join(row["content"] for row in await owner.fetch("select content from toldonce.audit_event"))
    assert assertion.split(".")[2].encode() not in content


async def test_the_smart_configuration_says_where_the_token_endpoint_is(service):
    for path in ("/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration"):
        found = (await service.get(path)).json()
        assert found["token_endpoint"] == URL
        assert "client-confidential-asymmetric" in found["capabilities"]
        assert found["grant_types_supported"] == list(GRANTS)
        assert found["token_endpoint_auth_signing_alg_values_supported"] == ["ES384", "RS384"]


async def test_the_register_keeps_clients_as_they_were_registered(service, pool, owner):
    async with pool.acquire() as connection:
        assert await load_clients(connection) == {"epr": EPR}
        assert await load_client(connection, "nobody") is None
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await register(connection, EPR)
    changed = replace(EPR, active=False, roles=frozenset({"GP"}))
    await register(owner, changed)
    async with pool.acquire() as connection:
        assert await load_client(connection, "epr") == changed


async def test_a_private_key_is_not_registered(owner, service):
    with pytest.raises(ValueError, match="public"):
        await register(owner, replace(EPR, jwks={"keys": [KEY.as_dict(private=True)]}))


async def test_a_client_that_is_switched_off_is_out_as_soon_as_the_register_is_read_again(service, pool, owner):
    token = (await service.ask()).json()["access_token"]
    async with pool.acquire() as connection:
        assert authenticate(f"Bearer {token}", await load_clients(connection), service.authority, NOW)
        await register(owner, replace(EPR, active=False))
        with pytest.raises(Unauthorized):
            authenticate(f"Bearer {token}", await load_clients(connection), service.authority, NOW)
