"""FHIR create: a statement is recorded, of any of `recording.kinds`. https://hl7.org/fhir/R4/http.html#create

Sent again under the same X-Request-ID it is recorded once: the second answer says 200 where the first said 201.
"""

import hashlib
from uuid import UUID, uuid4

from starlette.responses import Response

from integration.api.exchange import Exchange
from integration.api.interactions import Endpoint, FhirRouter, Interaction
from integration.api.writing import answer, begin, body
from integration.audit.codes import Kind
from integration.errors import BadRequest
from integration.recording.kinds import KINDS
from integration.recording.recorder import Recorder


def serve_create(router: FhirRouter, recorder: Recorder) -> None:
    """Serve it for every type that may be recorded."""
    for resource_type in KINDS:
        interaction = Interaction(resource_type, "create", "Recorded as the caller's organisation's own statement.")
        router.serve(f"/{resource_type}", interaction)(_create(resource_type, recorder))


def _create(resource_type: str, recorder: Recorder) -> Endpoint:
    async def create(exchange: Exchange) -> Response:
        """authenticate -> sound, permitted -> record, audited -> answer"""
        clerk = begin(exchange, recorder, Kind.CREATE, resource_type)
        if "if-none-exist" in exchange.request.headers:
            raise BadRequest("Conditional create is not served: send an X-Request-ID.", parameter="If-None-Exist")
        sent = await body(exchange)
        kept = await clerk.create(resource_type, sent, key(exchange))
        return await answer(exchange, kept, 201 if kept.changed else 200)

    return create


def key(exchange: Exchange, place: int = 0) -> str:
    """Of a new statement: the same for the same request of the same client, who says with a UUID which request it is.
    `place`: where it stands in a transaction."""
    client = exchange.session.caller.client
    try:
        request = UUID(exchange.request.headers.get("x-request-id", ""))
    except ValueError:
        request = uuid4()
    return hashlib.sha256(f"{client}\0{request}\0{place}".encode()).hexdigest()[:32]
