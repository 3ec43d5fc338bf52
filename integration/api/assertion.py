"""Client assertions: the JWT by which a client system proves itself at the token endpoint.

SMART Backend Services, client-confidential-asymmetric:
https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html. Who acts, in which role and for which
purpose travels in the `hl7-b2b` extension object of UDAP Security (https://hl7.org/fhir/us/udap-security/b2b.html).
"""

import re
import uuid
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet

from integration.api.id_token import SKEW, Vouched
from integration.audit.codes import BREAK_GLASS_PURPOSE
from integration.oauth_errors import InvalidClient, InvalidTokenRequest, UnauthorizedClient
from integration.sharing.request import BreakGlass, Caller, Client
from mappings.uk_core import ACT_REASON, ODS_ORGANISATION

ALGORITHMS = ("ES384", "RS384")
LONGEST = timedelta(minutes=5)
B2B = "hl7-b2b"
BREAK_GLASS = "toldonce-break-glass"
_PURPOSE = re.compile(rf"(?:{re.escape(ACT_REASON)}[|#]|urn:oid:2\.16\.840\.1\.113883\.5\.8#)?(?P<code>[A-Z]+)")
_REFUSED = "the client assertion was not accepted"


@dataclass(frozen=True)
class Assertion:
    """An assertion whose signature, audience and time hold. Its jti may still be a replay."""

    client: Client
    jti: str
    expires: datetime
    extensions: Mapping[str, Any]


def sign_assertion(
    private_jwk: Mapping[str, Any],
    client_id: str,
    token_url: str,
    role: str,
    purpose: str,
    user: str,
    break_glass: BreakGlass | None,
    now: datetime,
    *,
    organisation: str = "",
) -> str:
    """A client assertion as a client would sign it: ES384 or RS384 after the key, valid for four minutes from `now`
    (aware). `purpose` is a v3-ActReason code, `user` may be empty for a system without one."""
    b2b = {"version": "1", "subject_role": role, "purpose_of_use": [f"{ACT_REASON}|{purpose}"]}
    if user:
        b2b |= {"subject_id": user, "subject_name": user}
    if organisation:
        b2b["organization_id"] = f"{ODS_ORGANISATION}|{organisation}"
    extensions: dict[str, Any] = {B2B: b2b}
    if break_glass:
        extensions[BREAK_GLASS] = {"reason": break_glass.reason, "note": break_glass.note}
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": token_url,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(minutes=4)).timestamp()),
        "jti": str(uuid.uuid4()),
        "extensions": extensions,
    }
    key = JWKRegistry.import_key(dict(private_jwk))
    algorithm = "RS384" if key.key_type == "RSA" else "ES384"
    return jwt.encode({"alg": algorithm, "typ": "JWT", "kid": key.kid}, claims, key, algorithms=list(ALGORITHMS))


def claimed_client(assertion: str) -> str:
    """The client id that an assertion claims, before anything is verified: only to look its keys up."""
    try:
        claims = orjson.loads(jws.extract_compact(assertion.encode()).payload)
    except (JoseError, ValueError):
        raise InvalidClient(_REFUSED) from None
    claimed = claims.get("iss") if isinstance(claims, dict) else None
    if not isinstance(claimed, str):
        raise InvalidClient(_REFUSED)
    return claimed


def key_id(assertion: str) -> str:
    """The id of the key that an assertion says it is signed with, before anything is verified; empty without one."""
    try:
        named = jws.extract_compact(assertion.encode()).headers().get("kid")
    except (JoseError, ValueError):
        raise InvalidClient(_REFUSED) from None
    return named if isinstance(named, str) else ""


def verify_assertion(assertion: str, client: Client | None, token_url: str, now: datetime) -> Assertion:
    """The assertion, once everything but its jti's freshness holds. Raises InvalidClient, in the same words for
    unknown clients, inactive ones and bad signatures; plainer words only for those who hold the key."""
    if client is None or not client.active:
        raise InvalidClient(_REFUSED)
    claims = _signed_claims(assertion, client)
    if claims.get("iss") != client.id or claims.get("sub") != client.id:
        raise InvalidClient("iss and sub must both be the client id")
    audience = claims.get("aud")
    if token_url not in (audience if isinstance(audience, list) else [audience]):
        raise InvalidClient("aud must be the URL of this token endpoint")
    jti, extensions = claims.get("jti"), claims.get("extensions")
    if not isinstance(jti, str) or not 0 < len(jti) <= 255:
        raise InvalidClient("jti is missing or too long")
    expires = _expiry(claims, now)
    return Assertion(client, jti, expires, extensions if isinstance(extensions, dict) else {})


def _signed_claims(assertion: str, client: Client) -> Mapping[str, Any]:
    try:
        keys = KeySet.import_key_set(dict(client.jwks))  # type: ignore[arg-type]  # its own check follows
        header = jws.extract_compact(assertion.encode()).headers()
        if not isinstance(header.get("kid"), str):
            raise InvalidClient(_REFUSED)  # SMART: kid is required, so that it names one key
        if header.get("jku", client.jwks_url) != client.jwks_url:
            raise InvalidClient(_REFUSED)  # SMART: jku is where the keys are registered to be, or left out
        return jwt.decode(assertion, keys, algorithms=list(ALGORITHMS)).claims
    except (JoseError, ValueError, KeyError, TypeError):
        raise InvalidClient(_REFUSED) from None


def _expiry(claims: Mapping[str, Any], now: datetime) -> datetime:
    expires, begins = _moment(claims.get("exp")), _moment(claims.get("nbf", 0))
    if expires is None or begins is None or expires <= now - SKEW or begins > now + SKEW:
        raise InvalidClient("the assertion has expired, is not valid yet, or has no exp")
    if expires > now + LONGEST + SKEW:
        raise InvalidClient("exp must be at most five minutes ahead")
    return expires


def _moment(seconds: object) -> datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def claimed_caller(
    assertion: Assertion, reasons: Container[str] | None, vouched: Vouched | None = None
) -> tuple[Caller, BreakGlass | None]:
    """Who acts, within the client's registration. `reasons` are the break-glass reasons that are taken (None: any).
    `vouched`: whom an identity provider vouches for; None: the user is who the client says. Raises InvalidTokenRequest
    for a malformed claim, UnauthorizedClient for one beyond the registration."""
    b2b = assertion.extensions.get(B2B)
    if not isinstance(b2b, dict) or b2b.get("version") != "1":
        raise InvalidTokenRequest(f"the assertion needs extensions.{B2B} of version 1")
    client, role, purpose = assertion.client, _text(b2b, "subject_role"), _purpose(b2b)
    organisation = _text(b2b, "organization_id", required=False).removeprefix(f"{ODS_ORGANISATION}|")
    if organisation not in ("", client.organisation):
        raise UnauthorizedClient("organization_id is not the organisation that this client is registered for")
    if role not in client.roles:
        raise UnauthorizedClient("subject_role is not within the client's registration")
    if purpose not in client.purposes:
        raise UnauthorizedClient("purpose_of_use is not within the client's registration")
    user = _text(b2b, "subject_id", required=False)
    if vouched and user not in ("", vouched.user):
        raise UnauthorizedClient("subject_id is not the user of the subject_token")
    if vouched and vouched.roles is not None and role not in vouched.roles:
        raise UnauthorizedClient("the identity provider does not say that the user has subject_role here")
    caller = Caller(
        client=client.id,
        organisation=client.organisation,
        role=role,
        purpose=purpose,
        user=vouched.user if vouched else user,
        user_authenticated=vouched is not None,
    )
    return caller, _break_glass(assertion, purpose, reasons)


def _text(claims: Mapping[str, Any], name: str, *, required: bool = True) -> str:
    text = claims.get(name, "")
    if not isinstance(text, str) or len(text) > 255 or (required and not text):
        raise InvalidTokenRequest(f"{name} is missing, too long or not text")
    return text


def _purpose(b2b: Mapping[str, Any]) -> str:
    """One purpose: a decision is made for one, and the audit names one."""
    purposes = b2b.get("purpose_of_use")
    match = None
    if isinstance(purposes, list) and len(purposes) == 1 and isinstance(purposes[0], str):
        match = _PURPOSE.fullmatch(purposes[0])
    if match is None:
        raise InvalidTokenRequest("purpose_of_use takes one code of v3-ActReason")
    return match["code"]


def _break_glass(assertion: Assertion, purpose: str, reasons: Container[str] | None) -> BreakGlass | None:
    declared = assertion.extensions.get(BREAK_GLASS)
    if declared is None:
        if purpose == BREAK_GLASS_PURPOSE:
            raise InvalidTokenRequest(f"purpose BTG needs extensions.{BREAK_GLASS} with a reason")
        return None
    if not isinstance(declared, dict):
        raise InvalidTokenRequest(f"extensions.{BREAK_GLASS} takes reason and note")
    reason, note = _text(declared, "reason"), _text(declared, "note", required=False)
    if reasons is not None and reason not in reasons:
        raise InvalidTokenRequest("the break-glass reason is not one that is taken")
    return BreakGlass(reason, note)
