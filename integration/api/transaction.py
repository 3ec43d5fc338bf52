"""A transaction of writes, all or none: a person's adjustments with the choice that they rest on, what a huddle agreed.

http://hl7.org/fhir/R4/http.html#transaction; the national service takes it as POST /PatientFlag
(https://simplifier.net/guide/patient-flag-implementation-guide). It is about one person. The flag that says that
adjustments exist need not be among it, nor say what it leads to: that is made of what stands.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import orjson
from starlette.responses import Response

from adapters.recorded.records import Json
from integration.api.create import key
from integration.api.delete import removed, stated_reason
from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import FhirRouter, Interaction
from integration.api.outcome import FhirResponse
from integration.api.update import stated_version
from integration.api.writing import begin, body
from integration.audit.codes import Kind
from integration.errors import BadRequest, Unprocessable
from integration.record.reader import Row
from integration.recording.clerk import Clerk, changed, new
from integration.recording.intent import Intended, Kept
from integration.recording.kinds import KINDS, REMOVABLE
from integration.recording.recorder import Recorder
from integration.recording.whom import whom
from integration.sharing.request import Grant
from mappings.recorded.vocabulary import is_existence

TRANSACTION = Interaction("", "transaction", "Creates, updates and deletes of statements about one person.")
MOST = 20
"""Entries. A record of adjustments has a handful."""
_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2}
"""http://hl7.org/fhir/R4/http.html#trules"""
_KINDS = {"DELETE": Kind.DELETE, "POST": Kind.CREATE, "PUT": Kind.UPDATE}


class _Entry(NamedTuple):
    """One entry: what is asked for, of which type, of which resource."""

    place: int
    method: str
    type: str
    id: str
    reason: Sequence[str]
    if_match: str | None
    resource: Json


def serve_transaction(router: FhirRouter, recorder: Recorder) -> None:
    """Serve it under the name of the national endpoint; at the root, `batch` hands it on."""

    async def transaction(exchange: Exchange) -> Response:
        exchange.writes = Kind.CREATE
        return await recorded(exchange, recorder, await body(exchange))

    router.serve("/PatientFlag", TRANSACTION)(transaction)


async def recorded(exchange: Exchange, recorder: Recorder, bundle: Json) -> Response:
    """authenticate -> every entry sound, permitted -> all recorded, audited -> answer"""
    entries = sorted(_entries(bundle), key=lambda one: _ORDER[one.method])
    for entry in entries:
        clerk = begin(exchange, recorder, _KINDS[entry.method], entry.type)
        if entry.method != "DELETE":
            clerk.require_sound(entry.type, entry.resource, f"Bundle.entry[{entry.place}].resource.")
    grant, rows = await _of_one_person(clerk, entries)
    intended = [_intended(exchange, entry, grant, rows) for entry in entries]
    kept = await clerk.record(grant, intended)
    return FhirResponse(_response(exchange, entries, kept))


async def _of_one_person(clerk: Clerk, entries: Sequence[_Entry]) -> tuple[Grant, dict[str, Row]]:
    """What the caller may see of whom it is about, and the statements that are to be changed."""
    found = [await clerk.seen(one.type, resource_id(one.id)) for one in entries if one.method != "POST"]
    abouts = {whom(one.type, one.resource) for one in entries if one.method == "POST"}
    grants = [grant for grant, _ in found] + [await clerk.permitted(about) for about in sorted(abouts, key=str)]
    if len({grant.person for grant in grants}) != 1:
        raise Unprocessable("A transaction is about one person.", expression="Bundle.entry")
    return grants[0], {str(row.id): row for _, row in found}


def _intended(exchange: Exchange, entry: _Entry, grant: Grant, rows: dict[str, Row]) -> Intended:
    if entry.method == "POST":
        return new(entry.type, entry.resource, key(exchange, entry.place))
    row = rows[str(resource_id(entry.id))]
    if entry.method == "PUT":
        return changed(entry.type, entry.resource, grant, row, stated_version(entry.if_match))
    if entry.type == "Flag" and is_existence(row.resource()):
        text = "It says that adjustments exist: remove those, or all with DELETE Flag?patient=&code=&reason=."
        raise Unprocessable(text, expression=f"Bundle.entry[{entry.place}].request")
    version = stated_version(entry.if_match) if entry.if_match else None
    return removed(entry.type, row.id, stated_reason(entry.reason), version)


def _entries(bundle: Json) -> Iterator[_Entry]:
    """Raises BadRequest for what is no transaction of such entries."""
    listed = bundle.get("entry")
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "transaction" or not isinstance(listed, list):
        raise BadRequest("Send a Bundle of type transaction.", expression="Bundle.type")
    if not 0 < len(listed) <= MOST:
        raise BadRequest(f"A transaction has at most {MOST} entries here.", expression="Bundle.entry")
    for place, entry in enumerate(listed):
        yield _entry(place, entry)


def _entry(place: int, entry: Json) -> _Entry:
    where = f"Bundle.entry[{place}]"
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict) or not all(isinstance(value, str) for value in request.values()):
        raise BadRequest("Each entry says what it asks for.", expression=f"{where}.request")
    split = urlsplit(request.get("url", ""))
    resource_type, _, id_ = split.path.partition("/")
    method, resource = request.get("method", ""), entry.get("resource", {})
    if method not in _ORDER or resource_type not in KINDS or bool(id_) == (method == "POST"):
        text = f"An entry is a POST of {', '.join(KINDS)}, or a PUT or DELETE of one of them by its id."
        raise BadRequest(text, expression=f"{where}.request")
    if method == "DELETE" and resource_type not in REMOVABLE:
        raise BadRequest("Choices are ended by an update, never removed.", expression=f"{where}.request")
    if not isinstance(resource, dict):
        raise BadRequest("A resource is a JSON object.", expression=f"{where}.resource")
    reason = [value for name, value in parse_qsl(split.query) if name == "reason"]
    return _Entry(place, method, resource_type, id_, reason, request.get("ifMatch"), resource)


def _response(exchange: Exchange, entries: Sequence[_Entry], kept: Sequence[Kept]) -> bytes:
    """In the order in which they were sent; http://hl7.org/fhir/R4/http.html#transaction-response"""
    found = sorted(zip(entries, kept, strict=True), key=lambda pair: pair[0].place)
    return orjson.dumps(
        {
            "resourceType": "Bundle",
            "type": "transaction-response",
            "entry": [{"response": _said(exchange, one)} for _, one in found],
        }
    )


def _said(exchange: Exchange, kept: Kept) -> Json:
    if kept.interaction == "delete":
        return {"status": "204"}
    location = f"{exchange.services.base_url}/{kept.type}/{kept.id}/_history/{kept.version}"
    return {"status": "201" if kept.new else "200", "location": location, "etag": f'W/"{kept.version}"'}
