"""What the stand-in for PDS checks of a question, and whom a search finds.

Token: https://digital.nhs.uk/developer/guides-and-documentation/security-and-authorisation/application-restricted-restful-apis-signed-jwt-authentication
Questions: https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from adapters.pds import records
from adapters.pds import resources as r4
from adapters.transport.pds_token import ALGORITHM, ASSERTION_TYPE, LIFETIME, Credentials

_SKEW = 60
"""Seconds by which the clocks of application and platform may differ."""


@dataclass(frozen=True)
class Refused:
    """Why a question is not answered: Spine code, and which part is wrong; never its value."""

    code: str
    what: str


def wrong_assertion(body: bytes, registered: Credentials, used: set[str], now: float) -> str | None:
    """What is wrong with a request for a token, or None; its id is then among the `used`. `now`: Unix seconds."""
    form = {name: values[0] for name, values in parse_qs(body.decode("ascii", "replace")).items()}
    if form.get("grant_type") != "client_credentials":
        return "grant_type"
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        return "client_assertion_type"
    try:
        token = jwt.decode(form.get("client_assertion", ""), RSAKey.import_key(registered.key), algorithms=[ALGORITHM])
    except (JoseError, ValueError):
        return "client_assertion"
    claims = token.claims
    if token.header.get("kid") != registered.key_id:
        return "kid"
    if not claims.get("iss") == claims.get("sub") == registered.api_key:
        return "iss and sub"
    if claims.get("aud") != registered.token_url:
        return "aud"
    expires = claims.get("exp")
    if not isinstance(expires, int) or not now < expires <= now + LIFETIME + _SKEW:
        return "exp"
    if not claims.get("jti") or claims["jti"] in used:
        return "jti"
    used.add(claims["jti"])
    return None


def wrong_headers(headers: Mapping[str, str], tokens: Iterable[str]) -> Refused | None:
    """The first fault of the headers."""
    if headers.get("authorization", "") not in {f"Bearer {token}" for token in tokens}:
        return Refused("ACCESS_DENIED", "the access token is missing, invalid or expired")
    if "x-request-id" not in headers:
        return Refused("MISSING_VALUE", "X-Request-ID")
    for name in ("x-request-id", "x-correlation-id"):
        if name in headers and not _is_uuid(headers[name]):
            return Refused("INVALID_VALUE", name)
    return None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


_PARAMETERS = frozenset(
    {"family", "given", "gender", "birthdate", "address-postalcode", "_history", "_max-results", "_exact-match"}
)


def found_by(patients: Iterable[r4.Patient], asked: Mapping[str, str]) -> list[r4.Patient] | Refused:
    """Whom a non-fuzzy search finds. With a postcode no restricted person is found."""
    if unknown := set(asked) - _PARAMETERS:
        return Refused("INVALID_VALUE", f"parameter {min(unknown)}")
    if asked.get("_max-results", "1") != "1":
        return Refused("INVALID_VALUE", "_max-results")
    birth_date = asked.get("birthdate", "")
    if not birth_date.startswith("eq") or not asked.get("family"):
        return Refused("MISSING_VALUE", "family and birthdate")
    return [one for one in patients if one.birth_date == birth_date[2:] and _fits(one, asked)]


def _fits(patient: r4.Patient, asked: Mapping[str, str]) -> bool:
    names = [one for one in patient.name if one.use != "old" or asked.get("_history") == "true"]
    postcode = asked.get("address-postalcode")
    return (
        any(_starts(one.family, asked["family"]) for one in names)
        and any(_starts(" ".join(one.given), asked.get("given", "*")) for one in names)
        and asked.get("gender", patient.gender) == patient.gender
        and (
            postcode is None
            or (
                not records.is_restricted(patient)
                and any(_starts(one.postal_code, postcode) for one in patient.address)
            )
        )
    )


def _starts(value: str | None, pattern: str) -> bool:
    """Whether a value is, or where the pattern ends with a wildcard begins with, what is asked for."""
    found, wanted = (value or "").casefold(), pattern.casefold()
    return found.startswith(wanted[:-1]) if wanted.endswith("*") else found.split(" ")[0] == wanted or found == wanted
