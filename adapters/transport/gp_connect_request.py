"""What a GP Connect consumer sends with `$gpc.getstructuredrecord`: headers, audit token, Parameters.

Specification 1.6, pages "Retrieve a patient's structured record" and "Cross-organisation audit and provenance":
https://developer.nhs.uk/apis/gpconnect-1-6-0/accessrecord_structured_development_retrieve_patient_record.html
https://developer.nhs.uk/apis/gpconnect-1-6-0/integration_cross_organisation_audit_and_provenance.html
"""

from base64 import urlsafe_b64encode
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapters.gp.records import NHS_NUMBER, ODS_CODE

Json = dict[str, Any]

INTERACTION = "urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1"
MEDIA_TYPE = "application/fhir+json;charset=utf-8"
OPERATION = "Patient/$gpc.getstructuredrecord"
SDS_USER = "https://fhir.nhs.uk/Id/sds-user-id"
SDS_ROLE_PROFILE = "https://fhir.nhs.uk/Id/sds-role-profile-id"
NO_SMARTCARD = "UNK"
"""What stands for the SDS identifiers of a user who is not logged on with an NHS smartcard."""
SCOPE = "patient/*.read conf/N"
"""Read, normal confidentiality: `conf/R` is for the transfer of whole records between practices (GP2GP) alone."""
LIFETIME = 300
"""Seconds that a token is valid: exactly five minutes."""
AREAS: tuple[tuple[str, tuple[tuple[str, bool], ...]], ...] = (
    ("includeAllergies", (("includeResolvedAllergies", True),)),
    ("includeMedication", (("includePrescriptionIssues", True),)),
    ("includeConsultations", ()),
    ("includeProblems", ()),
    ("includeImmunisations", ()),
    ("includeUncategorisedData", ()),
    ("includeInvestigations", ()),
    ("includeReferrals", ()),
    ("includeDiaryEntries", ()),
)
"""Every clinical area, whole. With consultations the specification forbids every filter of another area, and an answer
replaces the earlier one, so a filter would read as a withdrawal."""


class Requester(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, as the claims of the token say. GP Connect forbids a made-up "system" user: these are the person who
    answers for the request. `asid`: of this system; `issuer`: URL of its Spine endpoint."""

    asid: str
    issuer: str
    organisation: str
    """ODS code."""
    organisation_name: str
    device: str
    """Identifier of this system in `local_system`."""
    model: str
    version: str
    user: str
    """The user's local id: `sub` of the token."""
    family: str
    given: str
    prefix: str | None = None
    sds_user: str = NO_SMARTCARD
    sds_role_profile: str = NO_SMARTCARD
    local_system: str
    """URL of this system's own identifiers (device and user)."""
    signing_key: str | None = None
    """RSA private key, PEM. GP Connect demands an unsecured token, so None is right for it; a gateway in front of a
    provider may ask for a signature (RS512)."""


def headers(requester: Requester, *, asid: str, base: str, now: datetime) -> dict[str, str]:
    """Headers of one request, with a trace id and a token of its own. `asid`, `base` (service root URL): of the
    provider; `now`: aware."""
    return {
        "Accept": MEDIA_TYPE,
        "Content-Type": MEDIA_TYPE,
        "Authorization": f"Bearer {token(requester, base=base, now=now)}",
        "Ssp-TraceID": str(uuid4()),
        "Ssp-From": requester.asid,
        "Ssp-To": asid,
        "Ssp-InteractionID": INTERACTION,
    }


def parameters(nhs_number: str) -> bytes:
    """STU3 Parameters that ask for everything about one person."""
    asked: list[Json] = [
        {"name": "patientNHSNumber", "valueIdentifier": {"system": NHS_NUMBER, "value": nhs_number}},
        *(_area(name, parts) for name, parts in AREAS),
    ]
    return msgspec.json.encode({"resourceType": "Parameters", "parameter": asked})


def _area(name: str, parts: tuple[tuple[str, bool], ...]) -> Json:
    said = [{"name": part, "valueBoolean": value} for part, value in parts]
    return {"name": name, "part": said} if said else {"name": name}


def token(requester: Requester, *, base: str, now: datetime) -> str:
    """The JSON Web Token of one request: unsecured (`alg` none, empty signature), or signed where there is a key."""
    payload = claims(requester, base=base, now=now)
    if requester.signing_key is None:
        return f"{_encoded({'alg': 'none', 'typ': 'JWT'})}.{_encoded(payload)}."
    key = RSAKey.import_key(requester.signing_key)
    return jwt.encode({"alg": "RS512", "typ": "JWT"}, payload, key, algorithms=["RS512"])


def claims(requester: Requester, *, base: str, now: datetime) -> Json:
    """The claims. No claim names the person whose record is asked for."""
    issued = int(now.timestamp())
    return {
        "iss": requester.issuer,
        "sub": requester.user,
        "aud": base,
        "iat": issued,
        "exp": issued + LIFETIME,
        "reason_for_request": "directcare",
        "requested_scope": SCOPE,
        "requesting_device": {
            "resourceType": "Device",
            "identifier": [{"system": requester.local_system, "value": requester.device}],
            "model": requester.model,
            "version": requester.version,
        },
        "requesting_organization": {
            "resourceType": "Organization",
            "identifier": [{"system": ODS_CODE, "value": requester.organisation}],
            "name": requester.organisation_name,
        },
        "requesting_practitioner": {
            "resourceType": "Practitioner",
            "id": requester.user,
            "identifier": [
                {"system": SDS_USER, "value": requester.sds_user},
                {"system": SDS_ROLE_PROFILE, "value": requester.sds_role_profile},
                {"system": requester.local_system, "value": requester.user},
            ],
            "name": [_name(requester)],
        },
    }


def _name(requester: Requester) -> Json:
    prefix = {"prefix": [requester.prefix]} if requester.prefix else {}
    return {"family": requester.family, "given": [requester.given], **prefix}


def _encoded(part: Json) -> str:
    return urlsafe_b64encode(msgspec.json.encode(part)).rstrip(b"=").decode()
