"""FHIR create: a reasonable adjustment, what is behind it, or a choice is recorded. https://hl7.org/fhir/R4/http.html#create

Sent again under the same X-Request-ID it is recorded once: the second answer says 200 where the first said 201.
"""

import hashlib
from uuid import UUID, uuid4

from starlette.responses import Response

from adapters.recorded.records import Json
from integration.api.exchange import Exchange
from integration.api.interactions import Endpoint, FhirRouter, Interaction
from integration.api.writing import CATEGORIES, answer, begin, body, permitted, record, require_sound, whom
from integration.audit.codes import Kind
from integration.errors import BadRequest
from integration.recording.intent import Intended
from integration.recording.recorder import Recorder
from mappings.recorded.flags import EXISTENCE_KEY
from mappings.recorded.vocabulary import is_existence, mended


def serve_create(router: FhirRouter, recorder: Recorder) -> None:
    """Serve it for every type that may be recorded."""
    for resource_type in CATEGORIES:
        interaction = Interaction(resource_type, "create", "Recorded as the caller's organisation's own statement.")
        router.serve(f"/{resource_type}", interaction)(_create(resource_type, recorder))


def _create(resource_type: str, recorder: Recorder) -> Endpoint:
    async def create(exchange: Exchange) -> Response:
        """authenticate -> sound, permitted -> record, audited -> answer"""
        begin(exchange, Kind.CREATE, resource_type)
        if "if-none-exist" in exchange.request.headers:
            raise BadRequest("Conditional create is not served: send an X-Request-ID.", parameter="If-None-Exist")
        sent = await body(exchange)
        require_sound(exchange, resource_type, sent)
        grant = await permitted(exchange, whom(resource_type, sent))
        (kept,) = await record(exchange, recorder, grant, [new(exchange, resource_type, sent)])
        return await answer(exchange, kept, 201 if kept.changed else 200)

    return create


def new(exchange: Exchange, resource_type: str, sent: Json, place: int = 0) -> Intended:
    """A new statement; `place` is its own in a transaction. There is one flag that says that adjustments exist."""
    if resource_type == "Flag" and is_existence(mended(sent)):
        return Intended("create", resource_type, key=EXISTENCE_KEY, resource=sent)
    return Intended("create", resource_type, key=_key(exchange, place), resource=sent)


def _key(exchange: Exchange, place: int) -> str:
    """The same for the same request of the same client, who says with a UUID which request it is."""
    client = exchange.session.caller.client
    try:
        request = UUID(exchange.request.headers.get("x-request-id", ""))
    except ValueError:
        request = uuid4()
    return hashlib.sha256(f"{client}\0{request}\0{place}".encode()).hexdigest()[:32]
