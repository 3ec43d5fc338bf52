"""POST /auth/token and .well-known/smart-configuration: SMART Backend Services.

https://hl7.org/fhir/smart-app-launch/backend-services.html. With an ID token of its user a client exchanges that for
an access token (RFC 8693), in which the user is authenticated; without, the user is whom the client asserts. Errors
here are OAuth JSON (RFC 6749, 5.2): the only ones that are no OperationOutcome. Every request is audited, granted or
refused.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import parse_qsl

import asyncpg
import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from integration.api.assertion import (
    ALGORITHMS,
    Assertion,
    claimed_caller,
    claimed_client,
    key_id,
    verify_assertion,
)
from integration.api.authenticate import LIFETIME, Session, TokenAuthority, new_token_id
from integration.api.certificates import shown
from integration.api.client_keys import PublishedKeys
from integration.api.clients import load_client
from integration.api.id_token import SKEW, Vouched, claimed, verify_id_token
from integration.api.issuer_settings import Issuers
from integration.api.nhs_headers import said
from integration.api.outcome import oauth_response
from integration.api.rate_limit import RateLimits
from integration.audit.access import Access
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.errors import AuditUnavailable, TooManyRequests
from integration.oauth_errors import (
    InvalidClient,
    InvalidTokenRequest,
    OAuthError,
    TokenServiceUnavailable,
    TooManyTokenRequests,
    UnsupportedGrantType,
)
from integration.sharing.request import Caller, Client
from integration.sharing.scopes import granted_scopes

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523, 2.2
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105  RFC 8693, 2.1
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105  RFC 8693, 3
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  RFC 8693, 3
GRANTS = ("client_credentials", TOKEN_EXCHANGE)
ROUTE = "/auth/token"
_LONGEST_BODY = 65536
_USE = "insert into toldonce.token_use (client, jti, expires) values ($1, $2, $3) on conflict do nothing returning true"
_FORGET = "delete from toldonce.token_use where expires < $1"


def token_url(fhir_base: str) -> str:
    """URL of the token endpoint beside a FHIR base: https://host/fhir -> https://host/auth/token."""
    return fhir_base.rstrip("/").removesuffix("/fhir") + ROUTE


@dataclass(frozen=True)
class TokenEndpoint:
    """What the endpoint needs. `clock` gives the present moment, aware; `keys` fetches what is published; `reasons` are
    the break-glass reasons that are taken (None: any); `issuers` vouch for users."""

    authority: TokenAuthority
    pool: asyncpg.Pool
    audit: AuditLog
    clock: Callable[[], datetime]
    keys: PublishedKeys
    reasons: Container[str] | None = None
    issuers: Issuers = field(default_factory=Issuers)
    limits: RateLimits = field(default_factory=RateLimits)

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
            self._admit(assertion.client)
            vouched = await self._vouched(form, assertion.client, now)
            certificate = _certificate(assertion.client, request)
            session = self._session(assertion, vouched, scope, certificate, now)
        except OAuthError as refusal:
            return await self._refused(request, now, caller, scope, refusal)
        return await self._granted(request, now, session, vouched)

    async def _authenticated(self, form: Mapping[str, str], now: datetime) -> Assertion:
        if form.get("grant_type") not in GRANTS:
            raise UnsupportedGrantType("grant_type must be client_credentials, or token-exchange with an ID token")
        if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
            raise InvalidTokenRequest(f"client_assertion_type must be {ASSERTION_TYPE}, with a client_assertion")
        sent = form["client_assertion"]
        async with self.pool.acquire() as connection:
            client = await load_client(connection, claimed_client(sent))
        if client and client.active and client.jwks_url:  # no connection is held while its keys are fetched
            published = await self.keys.holding(client.jwks_url, key_id(sent))
            client = replace(client, jwks={"keys": [*published.values()]})
        assertion = verify_assertion(sent, client, self.authority.issuer, now)
        async with self.pool.acquire() as connection:
            if not await use_once(connection, assertion, now):
                raise InvalidClient("jti was used before")
        return assertion

    def _admit(self, client: Client) -> None:
        """Only whoever proved to be the client can use up what it may ask."""
        try:
            self.limits.admit(client)
        except TooManyRequests as refusal:
            raise TooManyTokenRequests(refusal.diagnostics, retry_after=refusal.headers["Retry-After"]) from None

    async def _vouched(self, form: Mapping[str, str], client: Client, now: datetime) -> Vouched | None:
        if form["grant_type"] != TOKEN_EXCHANGE:
            return None
        token = form.get("subject_token", "")
        if form.get("subject_token_type") != ID_TOKEN or not token:
            raise InvalidTokenRequest(f"subject_token_type must be {ID_TOKEN}, with a subject_token")
        unverified = claimed(token)
        issuer = self.issuers.named(unverified.issuer)
        if issuer is None or client.id not in issuer.clients:
            raise InvalidTokenRequest("no identity provider that this client may use issued the subject_token")
        keys = await self.keys.holding(issuer.jwks_url, unverified.kid)
        return verify_id_token(token, issuer, keys, client, now)

    def _session(
        self, assertion: Assertion, vouched: Vouched | None, scope: str, certificate: str, now: datetime
    ) -> Session:
        caller, break_glass = claimed_caller(assertion, self.reasons, vouched)
        if break_glass:
            break_glass = replace(break_glass, declared=now)  # by our clock, so that nobody can stretch it
        scopes = granted_scopes(scope, assertion.client.scopes)
        return Session(caller, break_glass, scopes, new_token_id(), certificate)

    async def _granted(self, request: Request, now: datetime, session: Session, vouched: Vouched | None) -> Response:
        scope, details = " ".join(session.scopes), [("user-vouched-for-by", vouched.issuer)] if vouched else []
        if session.certificate:
            details.append(("bound-to-certificate", session.certificate))
        access = _access(request, now, Outcome.SUCCESS, session.caller, scope, session=session, details=details)
        try:
            await self.audit.append(access)
        except AuditUnavailable:
            return oauth_response(TokenServiceUnavailable("the request could not be recorded; repeat later"))
        body = {
            "access_token": self.authority.issue(session, now),
            "token_type": "bearer",
            "expires_in": int(LIFETIME.total_seconds()),
            "scope": scope,
            **({"issued_token_type": ACCESS_TOKEN} if vouched else {}),
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


def _certificate(client: Client, request: Request) -> str:
    """Thumbprint of the certificate that the client's token is to be bound to; empty for a client that is not
    registered for that. Raises InvalidTokenRequest where none was shown."""
    if not client.certificate_bound:
        return ""
    if not (certificate := shown(request.scope)):
        raise InvalidTokenRequest("tokens of this client are bound to its TLS certificate, and none was shown")
    return certificate


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
    details: Sequence[tuple[str, str]] = (),
) -> Access:
    heard = said(request.scope)
    return Access(
        when=now,
        kind=Kind.TOKEN,
        interaction="operation",
        route=f"POST {ROUTE}",
        outcome=outcome,
        caller=caller,
        query=f"scope={scope[:1000]}",  # never the assertion: it is a credential
        request_id=heard.request,
        correlation_id=heard.correlation,
        address=request.client.host if request.client else "",
        token=session.token if session else "",
        break_glass=session.break_glass if session else None,
        details=[*details, *heard.details],
        failure=failure,
    )


async def _form(request: Request) -> dict[str, str]:
    """The form fields. Raises InvalidTokenRequest: RFC 6749, 3.2 forbids a field to be repeated."""
    if malformed := said(request.scope).malformed:
        raise InvalidTokenRequest(f"{malformed} is sent once, in visible ASCII characters")
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


def smart_configuration(fhir_base: str, *, certificates: bool = False) -> dict[str, object]:
    """https://hl7.org/fhir/smart-app-launch/conformance.html: what a client needs to find the token endpoint.
    `certificates`: whether tokens can be bound to them (RFC 8705, 3.3)."""
    return {
        "token_endpoint": token_url(fhir_base),
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "grant_types_supported": list(GRANTS),
        "scopes_supported": ["system/*.rs", "system/*.cruds"],
        "response_types_supported": [],
        "code_challenge_methods_supported": ["S256"],
        "capabilities": ["client-confidential-asymmetric", "permission-v2", "permission-v1"],
        **({"tls_client_certificate_bound_access_tokens": True} if certificates else {}),
    }


def token_routes(endpoint: TokenEndpoint, fhir_base: str, *, certificates: bool = False) -> APIRouter:
    """The routes of this file. The configuration is public and not audited."""
    router = APIRouter(include_in_schema=False)
    configuration = orjson.dumps(smart_configuration(fhir_base, certificates=certificates))

    async def discover() -> Response:
        return Response(configuration, media_type="application/json")

    router.add_api_route(ROUTE, endpoint.answer, methods=["POST"], response_model=None)
    for path in ("/fhir/.well-known/smart-configuration", "/.well-known/smart-configuration"):
        router.add_api_route(path, discover, methods=["GET"], response_model=None)
    return router
