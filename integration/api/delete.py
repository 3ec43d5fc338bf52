"""FHIR delete, of one statement, and the national conditional delete of a person's whole adjustment flag.

https://hl7.org/fhir/R4/http.html#delete, https://simplifier.net/guide/patient-flag-implementation-guide: a reason is
mandatory. An organisation removes what it recorded here; earlier versions stay in the history, and what others say
stays as they said it. Choices are ended by an update, never removed.
"""

from collections.abc import Sequence
from uuid import UUID

from starlette.responses import Response

from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import Endpoint, FhirRouter, Interaction
from integration.api.outcome import FhirResponse, information
from integration.api.person import national
from integration.api.update import stated_version
from integration.api.writing import begin
from integration.audit.codes import Kind
from integration.errors import BadRequest
from integration.record.reader import Row
from integration.recording.intent import Intended
from integration.recording.kinds import REMOVABLE
from integration.recording.recorder import Recorder
from integration.recording.whom import Whom
from integration.sharing.request import Grant
from mappings import uk_core
from mappings.recorded.vocabulary import EARLIER_REMOVAL_REASONS, EXISTENCE_CODE, REMOVAL_REASONS, is_existence

_FLAG = ("Flag", "Condition")
"""What a person's adjustment flag is made of."""
_CODES = frozenset({EXISTENCE_CODE, f"{uk_core.RA_PATIENT_FLAG}|{EXISTENCE_CODE}"})


def serve_delete(router: FhirRouter, recorder: Recorder) -> None:
    """Serve it for what may be removed; the conditional one, of adjustments, under the name of the national endpoint
    too."""
    for resource_type in REMOVABLE:
        one = Interaction(resource_type, "delete", "Needs `reason`; of the caller's own statements.")
        router.serve(f"/{resource_type}/{{id_}}", one)(_delete(resource_type, recorder))
    whole = Interaction(
        "Flag", "delete", "Needs `reason`; with patient and code, everything of the person's flag.", conditional=True
    )
    for path in ("/Flag", "/PatientFlag"):
        router.serve(path, whole)(_delete_all(recorder))


def _delete(resource_type: str, recorder: Recorder) -> Endpoint:
    async def delete(id_: str, exchange: Exchange) -> Response:
        """authenticate -> permitted -> record, audited -> answer"""
        clerk = begin(exchange, recorder, Kind.DELETE, resource_type)
        reason = stated_reason(exchange.request.query_params.getlist("reason"))
        etag = exchange.request.headers.get("if-match")
        version = stated_version(etag) if etag else None
        grant, row = await clerk.seen(resource_type, resource_id(id_))
        if resource_type == "Flag" and is_existence(row.resource()):
            begin(exchange, recorder, Kind.DELETE, *_FLAG)
            intended = await _everything(exchange, recorder, grant, reason, row, version)
        else:
            intended = [removed(resource_type, row.id, reason, version)]
        await clerk.record(grant, intended)
        return _answer(len(intended))

    return delete


def _delete_all(recorder: Recorder) -> Endpoint:
    async def delete_all(exchange: Exchange) -> Response:
        """authenticate -> permitted -> record, audited -> answer"""
        clerk = begin(exchange, recorder, Kind.DELETE, *_FLAG)
        reason = stated_reason(exchange.request.query_params.getlist("reason"))
        about = _whom(exchange)
        grant = await clerk.permitted(about)
        intended = await _everything(exchange, recorder, grant, reason)
        if intended:
            await clerk.record(grant, intended)
        else:
            await exchange.audit(Kind.DELETE, "delete", grant, details=[("reason", reason)])
        return _answer(len(intended))

    return delete_all


async def _everything(
    exchange: Exchange,
    recorder: Recorder,
    grant: Grant,
    reason: str,
    asked: Row | None = None,
    version: int | None = None,
) -> list[Intended]:
    """All that the organisation recorded here of the person's adjustments, with `asked`: if that is another's, the
    recorder refuses it."""
    own = await recorder.own(grant.person, exchange.session.caller.organisation, _FLAG)
    ids = dict.fromkeys([*([("Flag", asked.id)] if asked else []), *own])
    return [
        removed(resource_type, id_, reason, version if asked and id_ == asked.id else None)
        for resource_type, id_ in ids
    ]


def removed(resource_type: str, id_: UUID, reason: str, version: int | None) -> Intended:
    """A statement, removed; in that version, or whatever it says by now."""
    return Intended("delete", resource_type, id=id_, version=version, reason=reason)


def stated_reason(sent: Sequence[str]) -> str:
    """Why it is removed, of the values of the parameter; the words of the retired service are understood."""
    reason = EARLIER_REMOVAL_REASONS.get(sent[0], sent[0]) if len(sent) == 1 else ""
    if reason not in REMOVAL_REASONS:
        raise BadRequest(f"Say why, as `reason`: {', '.join(REMOVAL_REASONS)}.", parameter="reason")
    return reason


def _whom(exchange: Exchange) -> Whom:
    sent = exchange.request.query_params
    if sent.keys() - {"patient", "code", "reason", "_format"} or any(len(sent.getlist(name)) > 1 for name in sent):
        raise BadRequest("A conditional delete takes patient, code and reason, each once.")
    if sent.get("code") not in _CODES:
        raise BadRequest(f"code is {uk_core.RA_PATIENT_FLAG}|{EXISTENCE_CODE}.", parameter="code")
    return national(sent.get("patient", ""))


def _answer(count: int) -> Response:
    text = "Removed." if count else "The caller's organisation had recorded nothing of this here."
    code, display = ("REMOVED", "Removed") if count else ("NOTHING_REMOVED", "Nothing removed")
    return FhirResponse(information(code, display, f"{text} What other organisations say stays as they said it."))
