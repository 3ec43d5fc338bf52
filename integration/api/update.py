"""FHIR update, version-aware: a statement is replaced by its own organisation. https://hl7.org/fhir/R4/http.html#update

`If-Match` with the version that was read is required: of two who change the same thing at once, one is told.
"""

import re
from uuid import UUID

from starlette.responses import Response

from adapters.recorded.records import Json
from integration.api.exchange import Exchange, refuse, resource_id
from integration.api.interactions import Endpoint, FhirRouter, Interaction
from integration.api.writing import CATEGORIES, answer, begin, body, record, require_sound, whom
from integration.audit.codes import Kind
from integration.errors import BadRequest, NotFound, PreconditionFailed, Unprocessable
from integration.record.reader import Query, Row
from integration.recording.intent import Intended
from integration.recording.recorder import Recorder
from integration.sharing.request import Grant

_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')


def serve_update(router: FhirRouter, recorder: Recorder) -> None:
    """Serve it for every type that may be recorded."""
    for resource_type in CATEGORIES:
        interaction = Interaction(resource_type, "update", "With If-Match; of the caller's own statements.")
        router.serve(f"/{resource_type}/{{id_}}", interaction)(_update(resource_type, recorder))


def _update(resource_type: str, recorder: Recorder) -> Endpoint:
    async def update(id_: str, exchange: Exchange) -> Response:
        """authenticate -> sound, permitted -> record, audited -> answer"""
        begin(exchange, Kind.UPDATE, resource_type)
        key = resource_id(id_)
        version = stated_version(exchange.request.headers.get("if-match"))
        sent = await body(exchange)
        require_sound(exchange, resource_type, sent)
        grant, row = await seen(exchange, resource_type, key)
        changed = change(resource_type, sent, grant, row, version)
        (kept,) = await record(exchange, recorder, grant, [changed])
        return await answer(exchange, kept, 200)

    return update


def stated_version(etag: str | None) -> int:
    """The version that an ETag names. Raises PreconditionFailed for none, and for one that is no whole statement's
    (`12-3` of a flag that unites several, `3.1f` of what was masked)."""
    match = _ETAG.fullmatch(etag or "")
    if match is None:
        raise PreconditionFailed(parameter="If-Match")
    return int(match[1])


async def seen(exchange: Exchange, resource_type: str, id_: UUID) -> tuple[Grant, Row]:
    """The statement as the caller may see it. Raises, and audits it, as a read does."""
    async with exchange.records.consult_about(exchange.question, resource_type, id_) as consultation:
        rows = await consultation.reader.rows(Query(types=(resource_type,), ids=(id_,)))
    decision = consultation.decision
    if isinstance(decision, Grant) and rows:
        return decision, rows[0]
    kind = exchange.writes or Kind.UPDATE
    await exchange.audit(kind, str(kind), decision, failure="404 RESOURCE_NOT_FOUND")
    refuse(decision)
    raise NotFound


def change(resource_type: str, sent: Json, grant: Grant, row: Row, version: int) -> Intended:
    """The statement `sent` in place of the one that was seen."""
    if sent.get("id") != str(row.id):
        raise BadRequest("The id in the body is that of the URL.", expression=f"{resource_type}.id")
    if whom(resource_type, sent).person != grant.person:
        text = "Whom it is about cannot be changed; name the Patient as it was read."
        raise Unprocessable(
            text, expression=f"{resource_type}.{'patient' if resource_type == 'Consent' else 'subject'}"
        )
    return Intended("update", resource_type, id=row.id, version=version, seen=row.body, resource=sent)
