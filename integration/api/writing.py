"""What every write has in common: who may, what was sent, about whom, and the answer.

authenticate -> the body is sound -> the role may record it -> facts, decide (a Grant, or the answer of a read)
-> recorded, in one transaction with its audit event -> answered as the next read sees it
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

import orjson
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from adapters.recorded.records import Author, Json
from adapters.records import LONDON
from integration.api.exchange import Exchange, refuse
from integration.api.media_types import require_fhir_json
from integration.api.outcome import FhirResponse
from integration.api.parameters import nhs_number
from integration.audit.access import Account
from integration.audit.codes import Kind, Outcome
from integration.errors import (
    BadRequest,
    Conflict,
    ContentTooLarge,
    FhirError,
    Forbidden,
    InternalError,
    Issue,
    Unprocessable,
)
from integration.record.consult import Consultation
from integration.record.single import find
from integration.recording.adjustments import condition_faults, flag_faults
from integration.recording.choices import consent_faults
from integration.recording.faults import Fault, not_fhir, too_deep
from integration.recording.intent import Intended, Kept, Recording
from integration.recording.recorder import Recorder
from integration.sharing.request import Category, Decision, Denial, Grant
from mappings.recorded.vocabulary import is_existence

CATEGORIES: Mapping[str, Category] = {
    "Flag": Category.ADJUSTMENTS,
    "Condition": Category.IMPAIRMENTS,
    "Consent": Category.CHOICES,
}
"""What may be recorded, and the kind of information that it is to agreements."""
KINDS: Mapping[str, Kind] = {"create": Kind.CREATE, "update": Kind.UPDATE, "delete": Kind.DELETE}
LARGEST = 1 << 16
"""Bytes of one resource, or of a transaction."""
_MOST_FAULTS = 20


def begin(exchange: Exchange, kind: Kind, resource_type: str) -> None:
    """Raise unless this caller may do this to what it recorded, or would record, of anybody at all."""
    exchange.writes = kind
    exchange.require(resource_type, kind[0])
    caller = exchange.session.caller
    if exchange.session.break_glass:
        raise Forbidden("Nothing is recorded on broken glass: ask for a token without it.")
    if not caller.user:
        raise Forbidden("Whoever records something is named: ask for a token with a user.")
    on = exchange.when.astimezone(LONDON).date()
    if not exchange.records.policy().may_record(caller, CATEGORIES[resource_type], on):
        raise Forbidden("The agreements do not let this role record this.")


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


def require_sound(exchange: Exchange, resource_type: str, sent: Json, where: str = "") -> None:
    """Raise with everything that is wrong with a resource: BadRequest where it breaks FHIR, Unprocessable where it
    breaks its profile or a rule of ours. `where`: FHIRPath of what it stands in."""
    if sent.get("resourceType") != resource_type:
        raise BadRequest(f"A {resource_type} is recorded here.", expression=f"{where}resourceType")
    if faults := not_fhir(resource_type, sent):
        raise _error(BadRequest, faults, where)
    if faults := list(_faults(exchange, resource_type, sent)):
        raise _error(Unprocessable, faults, where)


def _faults(exchange: Exchange, resource_type: str, sent: Json) -> Iterator[Fault]:
    if resource_type == "Flag":
        return flag_faults(sent)
    if resource_type == "Condition":
        return condition_faults(sent)
    return consent_faults(sent, exchange.session.caller.organisation, exchange.when)


def _error(error: type[BadRequest] | type[Unprocessable], faults: Sequence[Fault], where: str) -> FhirError:
    first, *rest = [Fault(f"{where}{one.expression}", one.text) for one in faults[:_MOST_FAULTS]]
    more = [
        Issue(error.issue_type, error.code, error.display, one.text, expression=one.expression, severity=error.severity)
        for one in rest
    ]
    return error(first.text, expression=first.expression, more=more)


class Whom(NamedTuple):
    """Whom a resource says that it is about: by id, or by NHS number."""

    person: UUID | None
    number: str = ""


def whom(resource_type: str, sent: Json) -> Whom:
    """As the resource says; raises Unprocessable where it does not."""
    element = "patient" if resource_type == "Consent" else "subject"
    named = sent.get(element, {})
    kind, _, id_ = named.get("reference", "").rpartition("/")
    if kind == "Patient" or kind.endswith("/Patient"):
        try:
            return Whom(UUID(id_))
        except ValueError:
            return Whom(UUID(int=0))
    identifier = named.get("identifier", {})
    if identifier.get("value"):
        return Whom(None, nhs_number(f"{identifier.get('system', '')}|{identifier['value']}"))
    text = "Say whom it is about: Patient/<id>, or an identifier that is an NHS number."
    raise Unprocessable(text, expression=f"{resource_type}.{element}")


async def permitted(exchange: Exchange, about: Whom) -> Grant:
    """What the caller may see of that person. Raises, and audits it, as a read does: whoever may not be known of is not
    found."""
    several = Conflict("Several people have this NHS number: name the Patient's id.")
    async with _consultations(exchange, about) as consultations:
        decisions = [one.decision async for one in consultations]
    granted = [one for one in decisions if isinstance(one, Grant)]
    if len(granted) == 1:
        return granted[0]
    for decision in granted or decisions:
        await refused(exchange, decision, several)
    if granted:
        raise several
    return refuse(decisions[0])


@asynccontextmanager
async def _consultations(exchange: Exchange, about: Whom) -> AsyncIterator[AsyncIterator[Consultation]]:
    if about.person is None:
        async with exchange.records.consult_number(exchange.question, about.number) as each:
            yield each
        return
    async with exchange.records.consult(exchange.question, about.person) as consultation:

        async def one() -> AsyncIterator[Consultation]:
            yield consultation

        yield one()


async def record(exchange: Exchange, recorder: Recorder, grant: Grant, intended: Sequence[Intended]) -> list[Kept]:
    """Record it; what was recorded counts only once its audit events are durable, and what was refused has one too."""
    caller = exchange.session.caller
    author = Author(
        client=caller.client,
        organisation=caller.organisation,
        role=caller.role,
        purpose=caller.purpose,
        user=caller.user,
        authenticated=caller.user_authenticated,
    )
    request = exchange.request.headers.get("x-request-id", "")[:100]
    reasons = {(one.type, one.id): one.reason for one in intended if one.reason}

    async def told(kept: Sequence[Kept]) -> None:
        for one in kept:
            reason = reasons.get((one.type, one.id))
            await exchange.audit(
                KINDS[one.interaction],
                one.interaction,
                grant,
                target=f"{one.type}/{one.id}",
                details=[("reason", reason)] if reason else [],
            )

    try:
        return await recorder.record(Recording(author, grant.person, exchange.when, request, intended), told)
    except Exception as error:
        await refused(exchange, grant, error if isinstance(error, FhirError) else InternalError())
        raise


async def refused(exchange: Exchange, decision: Decision, error: FhirError) -> None:
    """Audit that nothing was recorded: because of the decision, or in spite of a Grant because of `error`."""
    kind = exchange.writes or Kind.CREATE
    if isinstance(decision, Denial):
        await exchange.audit(kind, str(kind), decision)
        return
    await exchange.record(
        kind=kind,
        interaction=str(kind),
        outcome=Outcome.MAJOR_FAILURE if error.status >= 500 else Outcome.MINOR_FAILURE,
        decision=Account.of(decision),
        person=decision.person,
        failure=f"{error.status} {error.code}: {error.diagnostics}",
    )


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
