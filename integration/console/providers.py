"""Signing in with an identity provider, and out: OpenID Connect Core 1.0, 3.1, the authorization code flow;
RP-Initiated Logout 1.0.

The console proves to be the application that is registered there by an assertion that it signs, `private_key_jwt`
(section 9; RFC 7523): no secret is shared, and NHS CIS2, Keycloak and Entra ID all take it. Of what the provider says
only who it is counts.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

import orjson
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64encode

from adapters.transport.asking import Asker, Failure, Limits
from integration.api.client_keys import PublishedKeys
from integration.api.discovery import Discovery, Metadata
from integration.api.id_token import claimed, verify_sign_in
from integration.api.issuer_settings import ConsoleApplication, Issuer, Issuers
from integration.api.token import ASSERTION_TYPE
from integration.console.attempt import Attempt
from integration.errors import NotPossible
from integration.oauth_errors import InvalidTokenRequest

LIMITS = Limits(timeout=10, attempts=1, largest=1 << 16)
"""What is given to the exchange of a code: ten seconds, 64 KiB, one attempt, for a code works once."""
_ASSERTED = timedelta(minutes=2)
_BEHIND = timedelta(minutes=1)
"""How far a provider's clock may be behind ours."""
log = structlog.get_logger(__name__)


class SignInRefused(Exception):  # noqa: N818  it ends its sentence, as those of `integration.errors` do
    """Nobody is signed in; the text says why, for the log, and names nobody. `away`: for the provider did not answer,
    which may pass."""

    def __init__(self, why: str, *, away: bool = False) -> None:
        super().__init__(why)
        self.away = away


class Addresses(NamedTuple):
    """Ours, which the provider knows: `redirect_uri` and `post_logout_redirect_uri`."""

    answers: str
    left: str


class SignIn:
    """The providers with which one can sign in, and how. `ours`: where browsers come back to. Raises NotPossible
    where a key cannot be read."""

    def __init__(self, issuers: Issuers, asker: Asker, keys: PublishedKeys, ours: Addresses) -> None:
        self._asker, self._keys, self._ours = asker, keys, ours
        self._published = Discovery(asker)
        self._applications = {
            one.issuer: _Application(one, one.console, issuers.folder) for one in issuers.issuers if one.console
        }

    @property
    def names(self) -> Mapping[str, str]:
        """What people call them, by issuer."""
        return {issuer: one.registered.name for issuer, one in self._applications.items()}

    async def way(self, attempt: Attempt) -> str:
        """Where the browser goes, to be asked who is there. Raises SignInRefused where that cannot be found out."""
        application, published = await self._found(attempt)
        asked = {
            "response_type": "code",
            "scope": application.registered.scope,
            "client_id": application.registered.client,
            "redirect_uri": self._ours.answers,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
            **({"acr_values": application.registered.acr_values} if application.registered.acr_values else {}),
        }
        return _with(published.authorization_endpoint, asked)

    async def way_out(self, issuer: str) -> str | None:
        """Where the browser goes to end the session that it has at the provider; None where the provider offers that
        nowhere, or cannot be asked. The provider asks its user first, for it gets no ID token back: none is kept."""
        application = self._applications.get(issuer)
        published = await self._published.of(issuer) if application else None
        if application is None or published is None or not published.end_session_endpoint:
            return None
        asked = {"client_id": application.registered.client, "post_logout_redirect_uri": self._ours.left}
        return _with(published.end_session_endpoint, asked)

    async def user(self, attempt: Attempt, answer: Mapping[str, str], now: datetime) -> str:
        """What names at the provider whoever comes back with this answer (its parameters, each once). Raises
        SignInRefused."""
        if not attempt.answers(answer.get("state", "")):
            raise SignInRefused("the answer is to no sign-in of this browser")
        application, published = await self._found(attempt)
        said = answer.get("iss")
        if said != attempt.issuer and (said is not None or published.names_itself):
            raise SignInRefused("the answer names another provider")  # RFC 9207, 2.4
        if "error" in answer or not answer.get("code"):
            raise SignInRefused("the provider signed nobody in")
        token = await self._exchanged(attempt, answer["code"], application, published, now)
        try:
            issuer = application.issuer
            keys = await self._keys.holding(issuer.jwks_url or published.jwks_uri, claimed(token).kid)
            return verify_sign_in(token, issuer, keys, application.registered.client, attempt.nonce, now)
        except InvalidTokenRequest as refusal:
            raise SignInRefused(f"the ID token: {refusal.description}") from None

    async def _found(self, attempt: Attempt) -> "tuple[_Application, Metadata]":
        application = self._applications.get(attempt.issuer)
        if application is None:
            raise SignInRefused("no such provider is known here")
        published = await self._published.of(attempt.issuer)
        if published is None:
            raise SignInRefused("the provider's metadata cannot be had", away=True)
        return application, published

    async def _exchanged(
        self, attempt: Attempt, code: str, application: "_Application", published: Metadata, now: datetime
    ) -> str:
        """The ID token for a code (section 3.1.3). The access token beside it is of no use to us, and not kept."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._ours.answers,
            "code_verifier": attempt.verifier,
            "client_id": application.registered.client,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": application.assertion(published.token_endpoint, now),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        reply = await self._asker.request(
            "POST", published.token_endpoint, headers=headers, content=urlencode(form).encode()
        )
        if isinstance(reply, Failure) or reply.status >= 500:
            why = reply.code if isinstance(reply, Failure) else f"HTTP_{reply.status}"
            log.warning("an identity provider did not answer", url=published.token_endpoint, why=why)
            raise SignInRefused(f"the provider did not answer: {why}", away=True)
        try:
            said = orjson.loads(reply.content)
        except orjson.JSONDecodeError:
            said = None
        token = said.get("id_token") if isinstance(said, dict) and reply.status == 200 else None
        if not isinstance(token, str):
            raise SignInRefused(f"the provider did not take the code: HTTP_{reply.status}")
        return token


def _with(url: str, asked: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}"


class _Application:
    """The console, as one provider knows it."""

    def __init__(self, issuer: Issuer, registered: ConsoleApplication, folder: Path) -> None:
        self.issuer, self.registered = issuer, registered
        try:
            self._key = _private((folder / registered.key).read_bytes(), registered.algorithm)
            self._named = _named(self._key, registered, folder)
        except (OSError, ValueError, JoseError) as error:
            raise NotPossible(
                f"the key or certificate of the console at {registered.name} cannot be read ({type(error).__name__})"
            ) from None

    def assertion(self, token_endpoint: str, now: datetime) -> str:
        """That it is us who ask, for one request (RFC 7523, 3)."""
        claims = {
            "iss": self.registered.client,
            "sub": self.registered.client,
            "aud": token_endpoint,
            "jti": str(uuid4()),
            "iat": int(now.timestamp()),
            "nbf": int((now - _BEHIND).timestamp()),
            "exp": int((now + _ASSERTED).timestamp()),
        }
        algorithm = self.registered.algorithm
        return jwt.encode({"alg": algorithm, "typ": "JWT", **self._named}, claims, self._key, algorithms=[algorithm])


def _private(pem: bytes, algorithm: str) -> RSAKey | ECKey:
    return (ECKey if algorithm.startswith("ES") else RSAKey).import_key(pem)


def _named(key: RSAKey | ECKey, registered: ConsoleApplication, folder: Path) -> dict[str, str]:
    """How an assertion says which key it is signed with (RFC 7515, 4.1.4 and 4.1.8)."""
    named = {"kid": registered.key_id} if registered.key_id else {}
    if registered.certificate:
        certificate = x509.load_pem_x509_certificate((folder / registered.certificate).read_bytes())
        if certificate.public_key() != key.public_key:
            raise ValueError("the certificate is another key's")
        named["x5t#S256"] = urlsafe_b64encode(certificate.fingerprint(SHA256())).decode()
    return named
