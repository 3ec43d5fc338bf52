"""GET /fhir/AuditEvent: IG officers search the audit; each search is itself an event of it.

http://hl7.org/fhir/R4/http.html#search, http://hl7.org/fhir/R4/auditevent.html#search
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from urllib.parse import urlencode
from uuid import UUID

from starlette.responses import Response

from integration.api.exchange import Exchange
from integration.api.interactions import COMMON_PARAMETERS, FhirRouter, Interaction, SearchParam
from integration.api.outcome import FhirResponse
from integration.audit.codes import Kind, Outcome
from integration.audit.search import AuditQuery, Page, parse_search, require_ig_officer, search, searchset
from integration.errors import BadRequest
from integration.sharing.request import Category

_DEFINITION = "http://hl7.org/fhir/SearchParameter/AuditEvent-"
AUDIT_SEARCH = Interaction(
    "AuditEvent",
    "search-type",
    "Who saw what, under which agreement, for which purpose: for IG officers. Newest first.",
    (
        SearchParam("date", "date", "when the access was", f"{_DEFINITION}date"),
        SearchParam("patient", "reference", "whose record was accessed", f"{_DEFINITION}patient"),
        SearchParam("agent", "token", "id of the client that asked"),
        SearchParam("organization", "token", "ODS code of the organisation that asked"),
        SearchParam("outcome", "token", "0 success, 4 minor failure, 8 refused, 12 fault", f"{_DEFINITION}outcome"),
        SearchParam("_tag", "token", "kind of access: read, query, everything, break-glass, token, audit ..."),
        SearchParam("_count", "number", "events on a page, at most 500"),
        SearchParam("_cursor", "string", "opaque place of the next page, from its link"),
    ),
)

SamePerson = Callable[[UUID], Awaitable[Sequence[UUID]]]
"""Every id that resolves to the same person as this one: events keep the id of their day."""
_CURSOR = "_cursor"


def serve_audit_events(router: FhirRouter, same_person: SamePerson) -> None:
    """Add GET /fhir/AuditEvent."""

    @router.serve("/AuditEvent", AUDIT_SEARCH)
    async def search_audit(exchange: Exchange) -> Response:
        exchange.require("AuditEvent", "s")
        require_ig_officer(exchange.session.caller)
        exchange.require_agreement(Category.AUDIT)
        query = _query(exchange)
        page = await _search(exchange, query, same_person)
        await exchange.record(
            kind=Kind.AUDIT,
            interaction="search-type",
            outcome=Outcome.SUCCESS,
            person=query.persons[0] if query.persons else None,
            counts={"AuditEvent": len(page.events)},
        )
        return FhirResponse(_bundle(exchange, page), headers={"Cache-Control": "no-store"})


def _query(exchange: Exchange) -> AuditQuery:
    """The search asked for, or the one that a cursor of ours goes on with."""
    sent = exchange.request.query_params.multi_items()
    given = [(name, value) for name, value in sent if name not in COMMON_PARAMETERS]
    cursor = dict(given).get(_CURSOR)
    if cursor is None:
        return parse_search(given)
    if len(given) > 1:
        raise BadRequest("A _cursor stands for all other parameters.", parameter=_CURSOR)
    return parse_search(exchange.services.seal.open(cursor, exchange.session.caller.client), continued=True)


async def _search(exchange: Exchange, query: AuditQuery, same_person: SamePerson) -> Page:
    ids = [same for person in query.persons for same in (person, *await same_person(person))]
    async with exchange.records.pool.acquire() as connection:
        return await search(connection, replace(query, persons=tuple(dict.fromkeys(ids))))


def _bundle(exchange: Exchange, page: Page) -> bytes:
    services, given = exchange.services, exchange.request.query_params.multi_items()
    base = f"{services.base_url}/AuditEvent"
    following = services.seal.close(page.following, exchange.session.caller.client) if page.following else None
    return searchset(
        page,
        fhir_base=services.base_url,
        self_url=f"{base}?{urlencode(given)}" if given else base,
        next_url=f"{base}?{_CURSOR}={following}" if following else None,
    )
