"""FHIR update, version-aware: a statement is replaced by its own organisation. https://hl7.org/fhir/R4/http.html#update

`If-Match` with the version that was read is required: of two who change the same thing at once, one is told.
"""

import re

from starlette.responses import Response

from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import Endpoint, FhirRouter, Interaction
from integration.api.writing import answer, begin, body
from integration.audit.codes import Kind
from integration.errors import PreconditionFailed
from integration.recording.kinds import KINDS
from integration.recording.recorder import Recorder

_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})(?:\.[0-9a-f]{16})?"')
"""With or without what tells one view of a version from another (`conditional.tag`)."""


def serve_update(router: FhirRouter, recorder: Recorder) -> None:
    """Serve it for every type that may be recorded."""
    for resource_type in KINDS:
        interaction = Interaction(resource_type, "update", "With If-Match; of the caller's own statements.")
        router.serve(f"/{resource_type}/{{id_}}", interaction)(_update(resource_type, recorder))


def _update(resource_type: str, recorder: Recorder) -> Endpoint:
    async def update(id_: str, exchange: Exchange) -> Response:
        """authenticate -> sound, permitted -> record, audited -> answer"""
        clerk = begin(exchange, recorder, Kind.UPDATE, resource_type)
        key = resource_id(id_)
        version = stated_version(exchange.request.headers.get("if-match"))
        sent = await body(exchange)
        return await answer(exchange, await clerk.update(resource_type, key, sent, version), 200)

    return update


def stated_version(etag: str | None) -> int:
    """The version that an ETag names. Raises PreconditionFailed for none, and for one that is no single statement's
    (`12-3` of a flag that unites several). What was masked is refused by what was seen of it (`recording.recorder`)."""
    match = _ETAG.fullmatch(etag or "")
    if match is None:
        raise PreconditionFailed(parameter="If-Match")
    return int(match[1])
