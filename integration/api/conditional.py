"""Conditional reads: what a caller holds already is not sent again. http://hl7.org/fhir/R4/http.html#cread

A tag is the version and a digest of what is shown: `W/"3.9f2c41d07ab35e68"`. Two views of one version never share one:
not those of two callers, of whom one may see less; nor those of one caller before and after a choice is made, or before
and after a statement turns out to be another person's, neither of which makes a version. All tags have this form, so
that none tells whether anything was left out. The digest is keyed, for each organisation another way, so that whoever
finds a tag in a log cannot try out what it stands for.

"Not modified" (304) comes last: after the decision and the read, which are those of any read, and once it is audited.

`If-Modified-Since` is heard of the directory only. What is shown of a person changes with choices, agreements and
linkage, and no date may tell when: that would tell of what is withheld. So it is sent anew, as RFC 9110 (13.1.3) has it
for what has no date of modification. So is whatever is got by breaking the glass, which has no tag either.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Any

import orjson
from starlette.responses import Response

from integration.api.bundle import resource_type_of
from integration.api.exchange import Exchange
from integration.api.outcome import FhirResponse
from integration.errors import NotFound
from integration.store.extract import DIRECTORY

HELD = ("answer", "not modified")
"""Detail of the audit event of a 304: the caller was told that what it holds is what there is to be seen."""
_TAG = re.compile(r'"([\x21\x23-\x7e]*)"')
_DIGEST = 8
"""Bytes of a tag's digest: a client compares a handful of tags with one another."""


@dataclass(frozen=True)
class Answer:
    """What a read found, and how it is told."""

    body: bytes | None
    headers: Mapping[str, str]
    held: bool = False
    """The caller holds it already."""

    def account(self, resource_type: str, target: str) -> dict[str, Any]:
        """What the audit is to say of it; `target` was asked for. What is held already counts as shown: whoever asks
        who looked at a record is to hear of it."""
        told: dict[str, Any] = {"counts": {resource_type: 1 if self.body else 0}}
        return told | ({"target": target} if self.body else {}) | ({"details": [HELD]} if self.held else {})

    def response(self) -> Response:
        """200 or 304. Raises NotFound."""
        if self.body is None:
            raise NotFound
        return FhirResponse(None, 304, self.headers) if self.held else FhirResponse(self.body, headers=self.headers)


def heard(resource_type: str) -> str:
    """Which conditions are, as a code of http://hl7.org/fhir/R4/valueset-conditional-read-status.html"""
    return "full-support" if resource_type in DIRECTORY else "not-match"


def answer(exchange: Exchange, body: bytes | None) -> Answer:
    """What is found (None: nothing that the caller may know of), told as the conditions of the request have it. Who
    keeps it asks again before each use: each is a read, and audited (RFC 9111, 5.2.2.4)."""
    if body is None or exchange.session.break_glass:
        return Answer(body, {"Cache-Control": "no-store"})
    headers = {"ETag": tag(exchange, body), "Cache-Control": "private, no-cache"}
    if (modified := _modified(body)) is not None:
        headers["Last-Modified"] = format_datetime(modified, usegmt=True)
    return Answer(body, headers, _held(exchange, headers["ETag"], modified))


def tag(exchange: Exchange, body: bytes) -> str:
    """The tag of a resource as it is shown to this caller."""
    return tag_for(exchange.services.pseudonym_secret, exchange.session.caller.organisation, body)


def tag_for(secret: bytes, organisation: str, body: bytes) -> str:
    """The tag of a resource that is shown so to an organisation (ODS code); `secret` is the deployment's."""
    return f'W/"{version_of(body)}.{hmac.digest(_key(secret, organisation), body, "sha256")[:_DIGEST].hex()}"'


def version_of(body: bytes) -> str:
    """The versionId of a resource."""
    return _meta(body).get("versionId", "")


def _meta(body: bytes) -> dict[str, str]:
    meta: dict[str, str] = orjson.loads(body).get("meta", {})
    return meta


@lru_cache(maxsize=256)
def _key(secret: bytes, organisation: str) -> bytes:
    return hmac.digest(secret, b"tags: " + organisation.encode(), "sha256")


def _modified(body: bytes) -> datetime | None:
    """When an entry of the directory changed, to the second before; nobody's view of it differs."""
    stated = _meta(body).get("lastUpdated", "") if resource_type_of(body) in DIRECTORY else ""
    return datetime.fromisoformat(stated).astimezone(UTC).replace(microsecond=0) if stated else None


def _held(exchange: Exchange, present: str, modified: datetime | None) -> bool:
    """RFC 9110, 13.2.2: If-Modified-Since counts only where there is no If-None-Match."""
    asked = exchange.request.headers
    if named := asked.getlist("if-none-match"):
        joined = ",".join(named)
        return joined.strip() == "*" or present[3:-1] in _TAG.findall(joined)
    since = _date(asked.get("if-modified-since", ""))
    return bool(modified and since and modified <= since)


def _date(text: str) -> datetime | None:
    """An HTTP date; None for what is none, which is not heard."""
    try:
        said = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return said if said.tzinfo else said.replace(tzinfo=UTC)
