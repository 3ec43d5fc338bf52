"""The door through which every request of the FHIR API comes in and every answer leaves.

For care it stands open; where the glass was broken it marks what leaves. For purposes beyond care (rule 9) people and
entries are named by pseudonyms only, on the way in as on the way out, and whatever a route answers leaves
pseudonymised: no route knows of this, so none can forget it.
"""

import re
from collections.abc import Callable, Coroutine, Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import orjson
from fastapi import Request, Response

from integration.api.authenticate import Session
from integration.api.outcome import FhirResponse, route_template
from integration.errors import BadRequest, Forbidden, NotFound
from integration.sharing.agreements import Purpose
from integration.sharing.pseudonymised import NEVER, pseudonymised
from integration.sharing.pseudonyms import Pseudonyms, pseudonyms
from integration.sharing.request import Caller
from integration.sharing.rules import BEYOND_CARE
from integration.store.extract import DIRECTORY
from integration.store.search_parameters import PARAMETERS
from mappings import uk_core
from mappings.uk_core import Resource

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
BROKEN_GLASS = {"system": uk_core.ACT_REASON, "code": "BTG", "display": "break the glass"}
_ROUTE = re.compile(r"/fhir/(?P<type>[A-Z][A-Za-z]+)(/\{id_\}(/\$everything)?)?")
"""What is served beyond care: reads, searches within a type, and everything of a person."""
_SUMS = frozenset(
    {
        "/fhir/Measure/{id_}/$evaluate-measure",
        "/fhir/MeasureReport",
        "/fhir/MeasureReport/{id_}",
        "/fhir/MeasureReport/{id_}/_history/{version}",
    }
)
"""Served beyond care as well: they are asked for by no person's id and answer with none (`teams.measures`)."""
_EXPORTS = frozenset({"/fhir/Group/{id_}/$export", "/fhir/$export/{id_}", "/fhir/$export/{id_}/{name}"})
"""And these: no path of an export holds a person's id, and its lines are pseudonymised as they are read
(`teams.export.lines`), for they are too many to be held here."""
_SERVED = frozenset(PARAMETERS) - frozenset(NEVER) - DIRECTORY
_CONDITIONS = frozenset({"if-none-match", "if-modified-since"})
_IDS = frozenset({"patient", "subject", "_id"})
_PLAIN = frozenset({"_count", "_cursor", "_format", "_type", "category", "class", "code", "status", "type"})
_MONTHS = frozenset({"date", "end", "start"})
_MONTH = re.compile(r"([a-z]{2})?\d{4}(-\d\d)?")
"""Asked for by the day, one could tell by what is found what is only told by the month."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMED = "For purposes beyond care people and entries are asked for by their pseudonyms, with GET."
_UNTOUCHED = frozenset({"content-length", "content-type"})


async def passed(
    request: Request, handle: Handler, session: Session | None, recipient: Pseudonyms | None, on: date
) -> Response:
    """The answer of a route, as it may leave on this day. `session`: of whoever asks, where that is known; `recipient`:
    see `recipient_of`. Raises Forbidden, NotFound or BadRequest for what may not come in."""
    if recipient is None or route_template(request.scope) in _SUMS | _EXPORTS:
        answer = await handle(request)
        return _marked(answer) if session and session.break_glass else answer
    _let_in(request, recipient)
    return _let_out(await handle(request), recipient, on)


def recipient_of(caller: Caller, purposes: Mapping[str, Purpose], secret: bytes) -> Pseudonyms | None:
    """The pseudonyms by which this caller knows people; None for whoever asks for care. `purposes` by code."""
    purpose = purposes.get(caller.purpose)
    if purpose is None or purpose.kind != BEYOND_CARE:
        return None
    return pseudonyms(secret, caller.organisation)


def _let_in(request: Request, recipient: Pseudonyms) -> None:
    """Let the route see ids where the request has pseudonyms; the audit keeps what was sent."""
    route = _ROUTE.fullmatch(route_template(request.scope))
    if request.method != "GET" or route is None or route["type"] not in _SERVED:
        raise Forbidden(_NAMED)
    if not _CONDITIONS.isdisjoint(request.headers.keys()):
        raise Forbidden("For purposes beyond care there are no versions to ask by.")
    path = request.scope["path_params"]
    request.scope["path_params"] = {name: _meant(value, recipient) for name, value in path.items()}
    sent = parse_qsl(request.url.query, keep_blank_values=True)
    request.scope["query_string"] = urlencode(
        [(name, _meaning(name, value, recipient)) for name, value in sent]
    ).encode()


def _meant(pseudonym: str, recipient: Pseudonyms) -> str:
    if not _ID.fullmatch(pseudonym):
        raise NotFound
    return str(recipient.meaning(UUID(pseudonym)))


def _meaning(name: str, value: str, recipient: Pseudonyms) -> str:
    if name in _PLAIN:
        return value
    if name in _MONTHS:
        if not _MONTH.fullmatch(value):
            raise BadRequest("For purposes beyond care there are months only: ge2026-03.", parameter=name)
        return value
    if name not in _IDS:
        raise Forbidden(_NAMED)
    named = [one.rpartition("Patient/") for one in value.split(",")]
    if not all(before == "" and _ID.fullmatch(id_) for before, _, id_ in named):
        raise BadRequest(_NAMED, parameter=name)
    return ",".join(f"{kind}{recipient.meaning(UUID(id_))}" for _, kind, id_ in named)


def _let_out(response: Response, recipient: Pseudonyms, on: date) -> Response:
    if not isinstance(response, FhirResponse):
        raise Forbidden(_NAMED)
    left = _left(orjson.loads(response.body), on)
    return FhirResponse(recipient.in_all(orjson.dumps(left)), response.status_code)


def _left(resource: Resource, on: date) -> Resource:
    if resource["resourceType"] == "OperationOutcome":
        return resource
    if resource["resourceType"] != "Bundle":
        return pseudonymised(resource, on)
    entries = [
        {**entry, "resource": _left(entry["resource"], on)}
        for entry in resource.get("entry", ())
        if entry["resource"]["resourceType"] not in (*NEVER, *DIRECTORY)
    ]
    rest = {name: value for name, value in resource.items() if name != "entry"}
    return rest | ({"entry": entries} if entries else {})


def _marked(response: Response) -> Response:
    """An answer got by breaking the glass says so, whatever it is."""
    if not isinstance(response, FhirResponse) or not response.body:
        return response
    resource: Resource = orjson.loads(response.body)
    labels = resource.get("meta", {}).get("security", [])
    if resource["resourceType"] == "OperationOutcome" or BROKEN_GLASS in labels:
        return response
    meta = {**resource.get("meta", {}), "security": [*labels, BROKEN_GLASS]}
    head: Resource = {name: resource[name] for name in ("resourceType", "id") if name in resource}
    rest = {name: value for name, value in resource.items() if name != "meta"}
    headers = {name: value for name, value in response.headers.items() if name not in _UNTOUCHED}
    return FhirResponse({**head, "meta": meta, **rest}, response.status_code, headers)
