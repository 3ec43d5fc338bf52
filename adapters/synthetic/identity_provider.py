"""A development identity provider, for demo and tests: a real HTTP server with which one signs in by saying who one is.

OpenID Connect Core 1.0, 3.1 (authorization code flow) with PKCE (RFC 7636, S256 only), Discovery 1.0, `private_key_jwt`
(RFC 7523), RFC 9207, and RP-Initiated Logout 1.0. It asks nobody for a password, so it listens on 127.0.0.1 only and
sends browsers back to this machine only.
"""

import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from jinja2 import Environment
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64encode

from adapters.synthetic.http_server import Fault, faulty
from adapters.transport.pds_token import ASSERTION_TYPE

CLIENT = "toldonce-console"
KEY_ID = "toldonce-console-1"
ALGORITHM = "RS256"
_CODE_SECONDS = 60
_TOKEN_SECONDS = 300
_ASKED = ("client_id", "redirect_uri", "state", "nonce", "code_challenge")
"""What a form of ours carries on from the request that it answers."""
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
}
_PAGE = Environment(autoescape=True).from_string("""<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }} – development identity provider</title>
<link rel="icon" href="data:,">
<style>
body { font: 1.125rem/1.5 sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem; color: #212b32 }
button { font: inherit; display: block; width: 100%; margin: 1rem 0; padding: .75rem; text-align: left;
  color: #212b32; background: #fff; border: 2px solid #4c6272; border-radius: 4px; cursor: pointer }
button:focus { outline: 4px solid #ffeb3b; border-color: #212b32 }
</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
<p>This stands in for the identity provider of an NHS organisation or a council. It asks for no password: everybody here
is made up, and it serves this machine only.</p>
<form method="post" action="{{ to }}">
{% for name, value in asked.items() %}<input type="hidden" name="{{ name }}" value="{{ value }}">
{% endfor %}
{% for value, said in choices.items() %}<button name="{{ choice }}" value="{{ value }}">{{ said }}</button>
{% endfor %}
</form>
</main>
</body>
</html>
""")


@dataclass(frozen=True)
class _Granted:
    """What a code is good for, once."""

    person: str
    nonce: str
    challenge: str
    until: float


@dataclass
class Provider:
    """`people`: by the names of their accounts, as the page shows them. `answers`, `left`: where browsers are sent back
    to once they signed in or out; raises ValueError for any other machine. `sign` makes the ID token of its claims:
    tests hand in a dishonest one. `faults`: answered first instead of the metadata, each once. `now`: Unix seconds."""

    people: Mapping[str, str]
    answers: str
    left: str
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True))
    client_key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    """Of the one application that is registered here."""
    sign: Callable[[dict[str, Any]], str] | None = None
    faults: list[Fault] = field(default_factory=list)
    now: Callable[[], float] = time.time
    port: int = 0
    codes: dict[str, _Granted] = field(default_factory=dict)
    assertions: set[str] = field(default_factory=set)
    """Ids (jti) of assertions that were used."""

    def __post_init__(self) -> None:
        if not {urlsplit(one).hostname for one in (self.answers, self.left)} <= {"127.0.0.1", "localhost", "::1"}:
            raise ValueError("the development identity provider is for this machine only")

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def metadata(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0, 3."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def id_token(self, claims: dict[str, Any]) -> str:
        """Signed with the present key."""
        return jwt.encode({"alg": ALGORITHM, "kid": self.key.kid}, claims, self.key, algorithms=[ALGORITHM])


def application(provider: Provider) -> FastAPI:
    """The HTTP server."""
    app = FastAPI(openapi_url=None)

    @app.get("/.well-known/openid-configuration")
    async def metadata() -> Response:
        if provider.faults:
            return await faulty(provider.faults.pop(0), "application/json")
        return JSONResponse(provider.metadata())

    @app.get("/jwks")
    async def keys() -> Response:
        return JSONResponse({"keys": [provider.key.as_dict(private=False)]})

    _serve_sign_in(app, provider)
    _serve_tokens(app, provider)
    _serve_sign_out(app, provider)
    return app


def _serve_sign_in(app: FastAPI, provider: Provider) -> None:
    """OpenID Connect Core 1.0, 3.1.2: the page that asks who one is, and the code for whoever says so."""

    @app.get("/authorize")
    async def ask(request: Request) -> Response:
        asked = dict(request.query_params)
        if wrong := _wrong(provider, asked):
            return Response(f"This request is not one of a sign-in: {wrong}.", 400, media_type="text/plain")
        carried = {name: asked[name] for name in _ASKED}
        page = _PAGE.render(
            title="Who are you?", to="/authorize", asked=carried, choice="person", choices=provider.people
        )
        return Response(page, media_type="text/html", headers=_HEADERS)

    @app.post("/authorize")
    async def answer(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        carried = {**form, "response_type": "code", "scope": "openid", "code_challenge_method": "S256"}
        if _wrong(provider, carried) or form.get("person") not in provider.people:
            return Response("This form is not one of a sign-in.", 400, media_type="text/plain")
        code = secrets.token_urlsafe(24)
        until = provider.now() + _CODE_SECONDS
        provider.codes[code] = _Granted(form["person"], form["nonce"], form["code_challenge"], until)
        back = {"code": code, "state": form["state"], "iss": provider.issuer}
        return RedirectResponse(f"{provider.answers}?{urlencode(back)}", 303)


def _serve_tokens(app: FastAPI, provider: Provider) -> None:
    """OpenID Connect Core 1.0, 3.1.3: the ID token for a code."""

    @app.post("/token")
    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if not _is_application(provider, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        granted = provider.codes.pop(form.get("code", ""), None)
        if granted is None or not _holds(provider, granted, form):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(provider.now())
        claims = {
            "iss": provider.issuer,
            "sub": granted.person,
            "aud": CLIENT,
            "iat": now,
            "exp": now + _TOKEN_SECONDS,
            "nonce": granted.nonce,
        }
        said = {
            "access_token": secrets.token_urlsafe(24),
            "token_type": "Bearer",
            "expires_in": _TOKEN_SECONDS,
            "id_token": (provider.sign or provider.id_token)(claims),
        }
        return JSONResponse(said, headers={"Cache-Control": "no-store"})


def _serve_sign_out(app: FastAPI, provider: Provider) -> None:
    """RP-Initiated Logout 1.0."""

    @app.get("/logout")
    async def ask_to_leave(request: Request) -> Response:
        asked = dict(request.query_params)
        if asked != {"client_id": CLIENT, "post_logout_redirect_uri": provider.left}:
            return Response("This request is not one of a sign-out.", 400, media_type="text/plain")
        choices = {"yes": "Yes, sign me out"}  # whoever brings no ID token is asked (section 2)
        page = _PAGE.render(title="Do you want to sign out?", to="/logout", asked={}, choice="leave", choices=choices)
        return Response(page, media_type="text/html", headers=_HEADERS)

    @app.post("/logout")
    async def leave() -> Response:
        return RedirectResponse(provider.left, 303)


def _wrong(provider: Provider, asked: Mapping[str, str]) -> str:
    """Which parameter of an authentication request is wrong or missing; empty for none."""
    wanted = {
        "client_id": CLIENT,
        "redirect_uri": provider.answers,
        "response_type": "code",
        "code_challenge_method": "S256",
    }
    wrong = [name for name, value in wanted.items() if asked.get(name) != value]
    if "openid" not in asked.get("scope", "").split():
        wrong.append("scope")
    return ", ".join([*wrong, *(name for name in _ASKED if not asked.get(name))])


def _is_application(provider: Provider, form: Mapping[str, str]) -> bool:
    """Whether the assertion is the registered application's, for this request, and for the first time."""
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        return False
    try:
        token = jwt.decode(form.get("client_assertion", ""), provider.client_key, algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return False
    claims, used = token.claims, token.claims.get("jti")
    fresh = isinstance(claims.get("exp"), int) and provider.now() < claims["exp"] and used not in provider.assertions
    named = token.header.get("kid") == KEY_ID and claims.get("iss") == claims.get("sub") == CLIENT
    provider.assertions.add(str(used))
    return bool(used) and fresh and named and claims.get("aud") == f"{provider.issuer}/token"


def _holds(provider: Provider, granted: _Granted, form: Mapping[str, str]) -> bool:
    """Whether whoever brings a code is who asked for it, in time."""
    challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).decode()
    return (
        form.get("grant_type") == "authorization_code"
        and form.get("redirect_uri") == provider.answers
        and provider.now() < granted.until
        and hmac.compare_digest(challenge, granted.challenge)
    )
