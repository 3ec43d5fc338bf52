"""Access tokens: signing them, and verifying them without the database (RFC 9068 shape, ES256, 300 seconds)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from integration.errors import Unauthorized
from integration.sharing.request import BreakGlass, Caller, Client

LIFETIME = timedelta(seconds=300)
"""SMART: expires_in should not exceed 300."""
_TYPE = "at+jwt"  # RFC 9068, 2.1
_THUMBPRINT = "x5t#S256"  # RFC 8705, 3.1


class Session(NamedTuple):
    """What an access token says: who asks, whether the glass was broken, what the client may do."""

    caller: Caller
    break_glass: BreakGlass | None
    scopes: tuple[str, ...]
    token: str
    """The token's `jti`, for the audit."""
    certificate: str = ""
    """Thumbprint of the certificate beside which alone the token holds (RFC 8705); empty for any."""


@dataclass(frozen=True, eq=False)
class TokenAuthority:
    """Our own key, and the names that tokens carry: `issuer` (the token URL) and `audience` (the FHIR base)."""

    key: ECKey
    issuer: str
    audience: str

    def issue(self, session: Session, now: datetime) -> str:
        """A signed access token that says what the session says, valid for LIFETIME from `now` (aware)."""
        caller = session.caller
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": caller.client,
            "client_id": caller.client,
            "jti": session.token,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "scope": " ".join(session.scopes),
            "organisation": caller.organisation,
            "role": caller.role,
            "purpose": caller.purpose,
            "user": caller.user,
            "user_authenticated": caller.user_authenticated,
        }
        if session.break_glass:
            claims["break_glass"] = _declaration(session.break_glass)
        if session.certificate:
            claims["cnf"] = {_THUMBPRINT: session.certificate}
        return jwt.encode({"alg": "ES256", "typ": _TYPE, "kid": self.key.kid}, claims, self.key)


def new_token_id() -> str:
    """A `jti` that nobody can guess."""
    return str(uuid.uuid4())


def authenticate(
    authorization: str | None,
    clients: Mapping[str, Client],
    authority: TokenAuthority,
    now: datetime,
    certificate: str = "",
) -> Session:
    """The session behind an Authorization header. `now` is aware; `certificate` is the thumbprint of what came with
    the request. Raises Unauthorized: no token, one that we did not sign, one past its time, one of a client that is no
    longer active or no longer has that role and purpose, or one that is bound to another certificate."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized
    claims = _signed_claims(token.strip(), authority)
    if claims is None or not _current(claims, authority, now):
        raise Unauthorized("The access token is not valid or has expired.", token_error="invalid_token")  # noqa: S106  RFC 6750's word
    session = _session(claims)
    if not _still_registered(session, clients):
        raise Unauthorized("The client is no longer registered for this.", token_error="invalid_token")  # noqa: S106  as above
    if session.certificate and session.certificate != certificate:
        raise Unauthorized("The access token is bound to another certificate.", token_error="invalid_token")  # noqa: S106  as above
    return session


@lru_cache(maxsize=4096)
def _signed_claims(token: str, authority: TokenAuthority) -> Mapping[str, Any] | None:
    """Claims of a token that carries our signature, else None. A signature, once checked, stays as it is, so the
    answer may be remembered; time and registration are checked anew at every call."""
    try:
        decoded = jwt.decode(token, authority.key, algorithms=["ES256"])
    except (JoseError, ValueError):
        return None
    return decoded.claims if decoded.header.get("typ") == _TYPE else None


def _current(claims: Mapping[str, Any], authority: TokenAuthority, now: datetime) -> bool:
    expires = datetime.fromtimestamp(claims["exp"], UTC)
    begins = datetime.fromtimestamp(claims["iat"], UTC).replace(microsecond=0)
    ours = claims["iss"] == authority.issuer and claims["aud"] == authority.audience
    return ours and begins <= now < expires


def _session(claims: Mapping[str, Any]) -> Session:
    caller = Caller(
        client=claims["client_id"],
        organisation=claims["organisation"],
        role=claims["role"],
        purpose=claims["purpose"],
        user=claims["user"],
        user_authenticated=claims["user_authenticated"],
    )
    break_glass, scopes = _break_glass(claims.get("break_glass")), tuple(claims["scope"].split())
    bound = claims.get("cnf")
    return Session(caller, break_glass, scopes, claims["jti"], bound[_THUMBPRINT] if bound else "")


def _declaration(break_glass: BreakGlass) -> dict[str, str]:
    declared = break_glass.declared.isoformat() if break_glass.declared else ""
    return {"reason": break_glass.reason, "note": break_glass.note, "declared": declared}


def _break_glass(claim: Mapping[str, str] | None) -> BreakGlass | None:
    if claim is None:
        return None
    declared = datetime.fromisoformat(claim["declared"]) if claim["declared"] else None
    return BreakGlass(claim["reason"], claim["note"], declared)


def _still_registered(session: Session, clients: Mapping[str, Client]) -> bool:
    """A token from before its client's tokens were to be bound is not what the client is registered for."""
    client = clients.get(session.caller.client)
    if client is None or (client.certificate_bound and not session.certificate):
        return False
    return client.may_ask_as(session.caller)
