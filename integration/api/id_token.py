"""ID tokens: how an identity provider vouches for a user, so that they are authenticated and not only asserted.

OpenID Connect Core 1.0, 3.1.3.7. A client hands one in when it asks for an access token (OAuth 2.0 Token Exchange,
RFC 8693), as NHS APIs take those of NHS CIS2 ("separate authentication and authorisation"); and the console is handed
one when somebody signs in to it. Pure: keys and the moment are handed in.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from integration.api.client_keys import Keys
from integration.api.issuer_settings import Issuer, RoleClaim
from integration.oauth_errors import InvalidTokenRequest
from integration.sharing.request import Client

SKEW = timedelta(seconds=10)
"""How far another clock may differ from ours."""
_REFUSED = "the subject_token was not accepted"
_LOGOUT = "events"
"""OpenID Connect Back-Channel Logout 1.0, 2.4: a token with it ends a session, and vouches for nothing."""


class Vouched(NamedTuple):
    """Whom an identity provider vouches for. `roles` None: it says nothing of roles."""

    issuer: str
    user: str
    roles: frozenset[str] | None


class Unverified(NamedTuple):
    """What a token claims before anything is verified: only to look its keys up."""

    issuer: object
    kid: str


def claimed(token: str) -> Unverified:
    """Raises InvalidTokenRequest for what is no token."""
    try:
        compact = jws.extract_compact(token.encode())
        claims, kid = orjson.loads(compact.payload), compact.headers().get("kid")
    except (JoseError, ValueError):
        raise InvalidTokenRequest(_REFUSED) from None
    if not isinstance(claims, dict) or not isinstance(kid, str):
        raise InvalidTokenRequest(_REFUSED)
    return Unverified(claims.get("iss"), kid)


def verify_id_token(token: str, issuer: Issuer, keys: Keys, client: Client, now: datetime) -> Vouched:
    """Whom this ID token vouches for. Raises InvalidTokenRequest: in the same words unless a role is missing."""
    claims = _verified(token, issuer, keys, issuer.clients.get(client.id), now)
    roles = None if issuer.roles is None else frozenset(_roles(claims, issuer.roles, client.organisation))
    return Vouched(issuer.issuer, _user(claims, issuer), roles)


def verify_sign_in(token: str, issuer: Issuer, keys: Keys, application: str, nonce: str, now: datetime) -> str:
    """Who signed in with this ID token, which the provider made for that application and for the one sign-in that was
    begun with this nonce. Raises InvalidTokenRequest."""
    claims = _verified(token, issuer, keys, application, now)
    if claims.get("nonce") != nonce:
        raise InvalidTokenRequest(_REFUSED)
    return _user(claims, issuer)


def _verified(token: str, issuer: Issuer, keys: Keys, application: str | None, now: datetime) -> Mapping[str, Any]:
    claims = _signed(token, issuer, keys)
    if claims.get("iss") != issuer.issuer or not _made_for(claims, application):
        raise InvalidTokenRequest(_REFUSED)
    if not _current(claims, now) or _LOGOUT in claims:
        raise InvalidTokenRequest(_REFUSED)
    if any(_at(claims, path) not in values for path, values in issuer.require.items()):
        raise InvalidTokenRequest("the user was not authenticated as strongly as is required")
    return claims


def _user(claims: Mapping[str, Any], issuer: Issuer) -> str:
    user = _at(claims, issuer.user)
    if not isinstance(user, str) or not 0 < len(user) <= 255 or not user.isprintable():
        raise InvalidTokenRequest(_REFUSED)
    return user


def _signed(token: str, issuer: Issuer, keys: Keys) -> Mapping[str, Any]:
    try:
        key_set = KeySet.import_key_set({"keys": [dict(key) for key in keys.values()]})
        return jwt.decode(token, key_set, algorithms=list(issuer.algorithms)).claims
    except (JoseError, ValueError, KeyError, TypeError):
        raise InvalidTokenRequest(_REFUSED) from None


def _made_for(claims: Mapping[str, Any], application: str | None) -> bool:
    """OpenID Connect Core, 3.1.3.7: `aud` holds the application, and `azp`, needed beside several, is it."""
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    party = claims.get("azp", application if len(audiences) == 1 else None)
    return application is not None and application in audiences and party == application


def _current(claims: Mapping[str, Any], now: datetime) -> bool:
    try:
        begins = datetime.fromtimestamp(max(claims["iat"], claims.get("nbf", 0)), UTC)
        ends = datetime.fromtimestamp(claims["exp"], UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return False
    return begins <= now + SKEW and now - SKEW < ends


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of that name, even one with dots (a URL); else what lies at the path."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _roles(claims: Mapping[str, Any], said: RoleClaim, organisation: str) -> Iterator[str]:
    """Our roles of the user in that organisation."""
    listed = _at(claims, said.claim)
    for one in listed if isinstance(listed, list) else [listed]:
        entry = one if isinstance(one, Mapping) else {}
        if said.organisation and entry.get(said.organisation) != organisation:
            continue
        code = entry.get(said.code) if said.code else one
        if isinstance(code, str) and code in said.map:
            yield said.map[code]
