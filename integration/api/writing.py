"""What every write has in common at the API: the token's scopes, what was sent, the audit, and the answer.

authenticate -> the body is sound -> the role may record it -> facts, decide (a Grant, or the answer of a read)
-> recorded, in one transaction with its audit event -> answered as the next read sees it
(`integration.recording.clerk` has the steps in between)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from adapters.recorded.records import Json
from integration.api.exchange import Exchange
from integration.api.media_types import require_fhir_json
from integration.api.outcome import FhirResponse
from integration.audit.access import Account
from integration.audit.codes import Kind, Outcome
from integration.errors import BadRequest, ContentTooLarge, FhirError
from integration.record.single import find
from integration.recording.clerk import Clerk
from integration.recording.faults import too_deep
from integration.recording.intent import Intended, Kept
from integration.recording.recorder import Recorder
from integration.sharing.request import Decision, Denial, Grant
from mappings.recorded.vocabulary import is_existence

KINDS: Mapping[str, Kind] = {"create": Kind.CREATE, "update": Kind.UPDATE, "delete": Kind.DELETE}
LARGEST = 1 << 16
"""Bytes of one resource, or of a transaction."""


def begin(exchange: Exchange, recorder: Recorder, kind: Kind, *resource_types: str) -> Clerk:
    """Whoever records for this caller. Raises unless they may do this to what they recorded, or would record, of
    anybody at all."""
    exchange.writes = kind
    request = exchange.request.headers.get("x-request-id", "")[:100]
    for resource_type in resource_types:
        exchange.require(resource_type, kind[0])
    clerk = Clerk(exchange.records, recorder, exchange.question, _Journal(exchange), request)
    for resource_type in resource_types:
        clerk.require_role(resource_type)
    return clerk


@dataclass(frozen=True)
class _Journal:
    """The audit of one exchange."""

    exchange: Exchange

    async def kept(self, grant: Grant, intended: Sequence[Intended], kept: Sequence[Kept]) -> None:
        for meant, one in zip(intended, kept, strict=True):
            await self.exchange.audit(
                KINDS[one.interaction],
                one.interaction,
                grant,
                target=f"{one.type}/{one.id}",
                details=[("reason", meant.reason)] if meant.reason else [],
            )

    async def refused(self, decision: Decision, error: FhirError) -> None:
        kind = self.exchange.writes or Kind.CREATE
        if isinstance(decision, Denial):
            await self.exchange.audit(kind, str(kind), decision)
            return
        await self.exchange.record(
            kind=kind,
            interaction=str(kind),
            outcome=Outcome.MAJOR_FAILURE if error.status >= 500 else Outcome.MINOR_FAILURE,
            decision=Account.of(decision),
            person=decision.person,
            failure=f"{error.status} {error.code}: {error.diagnostics}",
        )


async def body(exchange: Exchange) -> Json:
    """The JSON object that was sent. Raises BadRequest, ContentTooLarge, UnsupportedMediaType."""
    request = exchange.request
    require_fhir_json(request.headers.get("content-type"))
    received = bytearray()
    try:
        async for chunk in request.stream():
            received += chunk
            if len(received) > LARGEST:
                raise ContentTooLarge(f"At most {LARGEST >> 10} KiB are recorded at once.")
    except ClientDisconnect:
        raise BadRequest("The body was cut off.") from None
    try:
        sent = orjson.loads(received)
    except orjson.JSONDecodeError:
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(sent, dict) or too_deep(sent):
        raise BadRequest("The body is a FHIR resource: a JSON object, not deeper than FHIR has it.")
    return sent


async def answer(exchange: Exchange, kept: Kept, status: int) -> Response:
    """What was recorded as its author may now see it; no body where another rule hides it from them, where it unites
    what others said, which is a read of its own, or where they prefer so (http://hl7.org/fhir/R4/http.html#ops)."""
    location = f"{exchange.services.base_url}/{kept.type}/{kept.id}"
    headers = {"ETag": f'W/"{kept.version}"', "Location": f"{location}/_history/{kept.version}"}
    if "return=minimal" in exchange.request.headers.get("prefer", ""):
        return FhirResponse(None, status, headers)
    async with exchange.records.consult_about(exchange.question, kept.type, kept.id) as consultation:
        found = await find(consultation, kept.type, kept.id)
    resource: Json | None = orjson.loads(found) if found else None
    if resource is None or resource["meta"]["versionId"] != str(kept.version) or is_existence(resource):
        return FhirResponse(None, status, headers)
    return FhirResponse(found, status, headers)
