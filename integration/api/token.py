"""POST /auth/token and .well-known/smart-configuration: SMART Backend Services.

https://hl7.org/fhir/smart-app-launch/backend-services.html. Errors here are OAuth JSON (RFC 6749, 5.2): the only ones
that are no OperationOutcome. Every request is audited, granted or refused.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import parse_qsl

import asyncpg
import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from integration.api.assertion import ALGORITHMS, SKEW, Assertion, claimed_caller, claimed_client, verify_assertion
from integration.api.authenticate import LIFETIME, Session, TokenAuthority, new_token_id
from integration.api.clients import load_client
from integration.api.outcome import oauth_response
from integration.api.scopes import granted_scopes
from integration.audit.access import Access
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.errors import (
    AuditUnavailable,
    InvalidClient,
    InvalidTokenRequest,
    OAuthError,
    TokenServiceUnavailable,
    UnsupportedGrantType,
)
from integration.sharing.request import Caller

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523, 2.2
ROUTE = "/auth/token"
_LONGEST_BODY = 65536
_USE = "insert into toldonce.token_use (client, jti, expires) values ($1, $2, $3) on conflict do nothing returning true"
_FORGET = "delete from toldonce.token_use where expires < $1"


def token_url(fhir_base: str) -> str:
    """URL of the token endpoint beside a FHIR base: https://host/fhir -> https://host/auth/token."""
    return fhir_base.rstrip("/").removesuffix("/fhir") + ROUTE


@dataclass(frozen=True)
class TokenEndpoint:
    """What the endpoint needs. `clock` gives the present moment, aware; `reasons` are the break-glass reasons that
    are taken (None: any)."""

    authority: TokenAuthority
    pool: asyncpg.Pool
    audit: AuditLog
    clock: Callable[[], datetime]
    reasons: Container[str] | None = None

    async def answer(self, request: Request) -> Response:
        """Grant or refuse; either way the answer leaves after its audit event is committed."""
        now = self.clock()
        caller: Caller | None = None
        scope = ""
        try:
            form = await _form(request)
            scope = form.get("scope", "")
            assertion = await self._authenticated(form, now)
            caller = Caller(assertion.client.id, assertion.client.organisation, role="", purpose="")
            session = self._session(assertion, scope, now)
        except OAuthError as refusal:
            return await self._refused(request, now, caller, scope, refusal)
        return await self._granted(request, now, session)

    async def _authenticated(self, form: Mapping[str, str], now: datetime) -> Assertion:
        if form.get("grant_type") != "client_credentials":
            raise UnsupportedGrantType("grant_type must be client_credentials")
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
            raise InvalidTokenRequest(f"client_assertion_type must be {ASSERTION_TYPE}, with a client_assertion")
        async with self.pool.acquire() as connection:
            client = await load_client(connection, claimed_client(form["client_assertion"]))
            assertion = verify_assertion(form["client_assertion"], client, self.authority.issuer, now)
            if not await use_once(connection, assertion, now):
                raise InvalidClient("jti was used before")
        return assertion

    def _session(self, assertion: Assertion, scope: str, now: datetime) -> Session:
        caller, break_glass = claimed_caller(assertion, self.reasons)
        if break_glass:
            break_glass = replace(break_glass, declared=now)  # by our clock, so that nobody can stretch it
        return Session(caller, break_glass, granted_scopes(scope, assertion.client.scopes), new_token_id())

    async def _granted(self, request: Request, now: datetime, session: Session) -> Response:
        access = _access(request, now, Outcome.SUCCESS, session.caller, " ".join(session.scopes), session=session)
        try:
            await self.audit.append(access)
        except AuditUnavailable:
            return oauth_response(TokenServiceUnavailable("the request could not be recorded; repeat later"))
        body = {
            "access_token": self.authority.issue(session, now),
            "token_type": "bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "scope": " ".join(session.scopes),
        }
        return Response(orjson.dumps(body), 200, _NOT_STORED, media_type="application/json")

    async def _refused(
        self, request: Request, now: datetime, caller: Caller | None, scope: str, refusal: OAuthError
    ) -> Response:
        failure = f"{refusal.error}: {refusal.description}"
        access = _access(request, now, Outcome.SERIOUS_FAILURE, caller, scope, failure=failure)
        try:
            await self.audit.append(access)
        except AuditUnavailable:
            return oauth_response(TokenServiceUnavailable("the request could not be recorded; repeat later"))
        return oauth_response(refusal)


_NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}  # RFC 6749, 5.1


async def use_once(
    connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, assertion: Assertion, now: datetime
) -> bool:
    """Remember the assertion's jti until it expires; False when it was used before. Two requests at once with one
    jti: the table's key lets one of them through."""
    async with connection.transaction():
        await connection.execute("select set_config('role', 'toldonce_registry', true)")
        await connection.execute(_FORGET, now - SKEW)
        return bool(await connection.fetchval(_USE, assertion.client.id, assertion.jti, assertion.expires))


def _access(
    request: Request,
    now: datetime,
    outcome: Outcome,
    caller: Caller | None,
    scope: str,
    *,
    failure: str = "",
    session: Session | None = None,
) -> Access:
    return Access(
        when=now,
        kind=Kind.TOKEN,
        interaction="operation",
        route=f"POST {ROUTE}",
        outcome=outcome,
        caller=caller,
        query=f"scope={scope[:1000]}",  # never the assertion: it is a credential
        request_id=request.headers.get("x-request-id", "")[:100],
        correlation_id=request.headers.get("x-correlation-id", "")[:200],
        address=request.client.host if request.client else "",
        token=session.token if session else "",
        break_glass=session.break_glass if session else None,
        failure=failure,
    )


async def _form(request: Request) -> dict[str, str]:
    """The form fields. Raises InvalidTokenRequest: RFC 6749, 3.2 forbids a field to be repeated."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise InvalidTokenRequest("send application/x-www-form-urlencoded")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            raise InvalidTokenRequest("the request is too long")
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=20)
    except ValueError:
        raise InvalidTokenRequest("the form cannot be read") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise InvalidTokenRequest("a field is repeated")
    return form


def smart_configuration(fhir_base: str) -> dict[str, object]:
    """https://hl7.org/fhir/smart-app-launch/conformance.html: what a client needs to find the token endpoint."""
    return {
        "token_endpoint": token_url(fhir_base),
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": ["system/*.rs", "system/*.cruds"],
        "response_types_supported": [],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["client-confidential-asymmetric", "permission-v2", "permission-v1"],
    }


def token_routes(endpoint: TokenEndpoint, fhir_base: str) -> APIRouter:
    """The routes of this file. The configuration is public and not audited."""
    router = APIRouter(include_in_schema=False)
    configuration = orjson.dumps(smart_configuration(fhir_base))

    async def discover() -> Response:
        return Response(configuration, media_type="application/json")

    router.add_api_route(ROUTE, endpoint.answer, methods=["POST"], response_model=None)
    for path in ("/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration"):
        router.add_api_route(path, discover, methods=["GET"], response_model=None)
    return router
