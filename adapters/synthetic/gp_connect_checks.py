"""What a GP Connect provider checks before it answers, in the order in which the specification's errors follow.

Headers and token: https://developer.nhs.uk/apis/gpconnect-1-6-0/integration_cross_organisation_audit_and_provenance.html
Parameters: https://developer.nhs.uk/apis/gpconnect-1-6-0/accessrecord_structured_development_retrieve_patient_record.html
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard
from uuid import UUID

import msgspec

from adapters.gp.records import NHS_NUMBER, ODS_CODE
from adapters.gp.refusal import valid_nhs_number
from adapters.transport.gp_connect_request import AREAS, INTERACTION, LIFETIME, SDS_USER

Json = dict[str, Any]
_SKEW = 60
"""Seconds by which the clocks of consumer and provider may differ."""
_FORBIDDEN_BESIDE_CONSULTATIONS = {
    "medicationSearchFromDate", "uncategorisedDataSearchPeriod", "filterSignificance", "filterStatus",
    "referralSearchPeriod", "diaryEntriesSearchDate", "includeNotGiven", "includeStatus",
}  # fmt: skip
_AREA_NAMES = frozenset(name for name, _ in AREAS)


@dataclass(frozen=True)
class Wrong:
    """Why a request is not answered: HTTP status, Spine code, and which part is wrong; never its value."""

    status: int
    code: str
    what: str


def wrong_headers(headers: Mapping[str, str], *, asid: str, base: str, now: float) -> Wrong | None:
    """The first fault of headers (lower-case names) or token. `asid`, `base`: the provider's; `now`: Unix seconds."""
    for name in ("accept", "content-type"):
        if headers.get(name, "").split(";")[0].strip() != "application/fhir+json":
            return Wrong(415, "BAD_REQUEST", name)
    expected = {"ssp-interactionid": INTERACTION, "ssp-to": asid}
    for name, value in expected.items():
        if headers.get(name) != value:
            return Wrong(400, "BAD_REQUEST", name)
    if not headers.get("ssp-from", "").isdigit():
        return Wrong(400, "BAD_REQUEST", "ssp-from")
    if not _is_uuid(headers.get("ssp-traceid", "")):
        return Wrong(400, "BAD_REQUEST", "ssp-traceid")
    claim = wrong_claim(headers.get("authorization", ""), base=base, now=now)
    return Wrong(400, "BAD_REQUEST", f"authorization: {claim}") if claim else None


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def wrong_claim(authorization: str, *, base: str, now: float) -> str | None:
    """Name of the first claim (or part) of the bearer token that is missing or wrong, or None. The token is unsecured:
    `alg` none, with an empty signature after the last dot."""
    scheme, _, token = authorization.partition(" ")
    parts = token.split(".")
    if scheme != "Bearer" or len(parts) != 3 or parts[2]:
        return "token"
    header, claims = _part(parts[0]), _part(parts[1])
    if header.get("alg") != "none" or header.get("typ") != "JWT":
        return "header"
    return next(_wrong_claims(claims, base, now), None)


def _part(encoded: str) -> Json:
    try:
        part = msgspec.json.decode(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, msgspec.DecodeError):
        return {}
    return part if isinstance(part, dict) else {}


def _wrong_claims(claims: Json, base: str, now: float) -> Iterator[str]:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not str(claims.get("iss", "")).startswith("http"):
        yield "iss"
    if claims.get("aud") != base:
        yield "aud"
    if not isinstance(issued, int) or issued > now + _SKEW:
        yield "iat"
    elif not isinstance(expires, int) or expires != issued + LIFETIME or expires <= now:
        yield "exp"
    if claims.get("reason_for_request") != "directcare":
        yield "reason_for_request"
    if claims.get("requested_scope") not in ("patient/*.read", "patient/*.read conf/N"):
        yield "requested_scope"
    device, organisation, user = (
        claims.get(f"requesting_{name}") for name in ("device", "organization", "practitioner")
    )
    if not (_is(device, "Device") and device.get("model") and device.get("version")):
        yield "requesting_device"
    if not (_is(organisation, "Organization", ODS_CODE) and organisation.get("name")):
        yield "requesting_organization"
    if not (_is(user, "Practitioner", SDS_USER) and user.get("name")):
        yield "requesting_practitioner"
    elif claims.get("sub") != user.get("id") or not claims.get("sub"):
        yield "sub"


def _is(resource: Any, kind: str, system: str | None = None) -> TypeGuard[Json]:
    """Whether a claim is a resource of that type with an identifier (of that system)."""
    if not isinstance(resource, dict) or resource.get("resourceType") != kind:
        return False
    stated = resource.get("identifier")
    valued = [one for one in stated if isinstance(one, dict) and one.get("value")] if isinstance(stated, list) else []
    return any(system is None or one.get("system") == system for one in valued)


def asked_for(body: bytes) -> str | Wrong:
    """The NHS number that the Parameters ask for, or what is wrong with them."""
    try:
        asked = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Wrong(422, "INVALID_RESOURCE", "the body is no JSON")
    listed = asked.get("parameter") if isinstance(asked, dict) else None
    if not isinstance(listed, list) or asked.get("resourceType") != "Parameters":
        return Wrong(422, "INVALID_RESOURCE", "the body is no Parameters resource")
    named = [(one["name"], one) for one in listed if isinstance(one, dict) and isinstance(one.get("name"), str)]
    return _wrong_parameters(named) or _number([one for name, one in named if name == "patientNHSNumber"])


def _wrong_parameters(named: list[tuple[str, Json]]) -> Wrong | None:
    names = [name for name, _ in named]
    parts = {part.get("name") for _, one in named for part in one.get("part", ()) if isinstance(part, dict)}
    if not _AREA_NAMES & set(names):
        return Wrong(422, "INVALID_PARAMETER", "no recognised parameter")
    if "includeAllergies" in names and "includeResolvedAllergies" not in parts:
        return Wrong(422, "INVALID_PARAMETER", "includeResolvedAllergies")
    forbidden = _FORBIDDEN_BESIDE_CONSULTATIONS & parts if "includeConsultations" in names else set()
    return Wrong(422, "INVALID_PARAMETER", min(forbidden)) if forbidden else None


def _number(stated: list[Json]) -> str | Wrong:
    identifier = stated[0].get("valueIdentifier") if len(stated) == 1 else None
    if not isinstance(identifier, dict) or identifier.get("system") != NHS_NUMBER:
        return Wrong(422, "INVALID_PARAMETER", "patientNHSNumber")
    number = valid_nhs_number(str(identifier.get("value", "")))
    return number or Wrong(400, "INVALID_NHS_NUMBER", "patientNHSNumber")
