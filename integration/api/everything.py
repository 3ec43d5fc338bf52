"""Patient/$everything: the longitudinal record. https://hl7.org/fhir/R4/patient-operation-everything.html"""

import hashlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace
from starlette.responses import Response

from integration.api.bundle import searchset
from integration.api.criteria import alternatives, instant_span
from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import SOURCES, FhirRouter, Interaction, SearchParam
from integration.api.operation import asked_with
from integration.api.outcome import FhirResponse
from integration.api.parameters import AFTER, CURSOR, count, instant
from integration.api.read import READABLE
from integration.api.seal import Parameters
from integration.api.streamed import PIECE, Streamed, entries
from integration.audit.codes import Kind
from integration.errors import BadRequest, Gone
from integration.record.consult import Consultation, refuse
from integration.record.longitudinal import Page, all_pages, longitudinal
from integration.record.reader import Query, Reader
from integration.record.since import then_of, told_already
from integration.sharing.facts import ids_of
from integration.sharing.request import Decision, Grant
from integration.store.search_index import AFTER as AFTER_ALL
from integration.store.search_index import BEFORE

EVERYTHING = Interaction(
    "Patient",
    "operation",
    "Everything this caller may see of one person.",
    (
        SearchParam("start", "date", "care on or after"),
        SearchParam("end", "date", "care on or before"),
        SearchParam("_since", "date", "what was recorded after this instant"),
        SearchParam("_type", "string", "resource types, with commas between"),
        SearchParam("_count", "number", "entries on a page"),
        SOURCES,
    ),
    operation="everything",
    definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
)
_TICK = timedelta(microseconds=1)
_LATE = timedelta(minutes=10)
"""How long before `_since` is looked: what says 10:00:01 may become visible after what says 10:00:02 (`store.moments`),
but nothing that records takes as long, and clocks do not differ as much."""
_NAMES = frozenset(parameter.name for parameter in EVERYTHING.search_params)
_WHOLE = "-whole"
"""Behind what is known of the person, in a cursor: what was told before `_since` is not enough, and all is told."""


def serve_everything(router: FhirRouter) -> None:
    """Serve the operation on one person."""
    for method in ("GET", "POST"):
        router.serve("/Patient/{id_}/$everything", EVERYTHING, method=method)(everything)


async def everything(id_: str, exchange: Exchange) -> Response:
    """authenticate -> facts, decide, read (one transaction) -> audit -> answer"""
    exchange.require("Patient", "r")
    parameters = await asked_with(exchange)
    asked = understand(parameters)
    query, sources = exchange.within_scopes(asked.query, READABLE), asked.sources and exchange.covers("Provenance")
    moments = [await then_of(exchange.records, moment) for moment in asked.moments]

    async def first(consultation: Consultation) -> tuple[Query, str, Page | None]:
        decision, reader = consultation.decision, consultation.reader
        held = query if query.limit or _leaves_whole(decision) else replace(query, limit=PIECE)
        known = await _known(reader) if query.limit else ""
        for then in moments:
            if held.since and isinstance(decision, Grant) and not await told_already(consultation, decision, then):
                held, known = replace(held, since=None), f"{known}{_WHOLE}"
        if isinstance(decision, Grant) and asked.known not in ("", known):
            raise Gone("Who this is about, or what of it is told, has changed since the first page: ask anew.")
        page = await _page(decision, reader, held, sources=sources, top_flag=asked.top_flag)
        if page and page.following and not query.limit:
            reader.go_on()
        return held, known, page

    async with AsyncExitStack() as transaction:
        reading = exchange.records.reading(exchange.question, resource_id(id_), first)
        consultation, (held, known, page) = await transaction.enter_async_context(reading)
        decision = consultation.decision
        if page and page.following and not query.limit:
            grant = refuse(decision)
            transaction.enter_context(exchange.services.long_answers.place())
            links, pages = exchange.links(_path(grant), parameters), all_pages(consultation.reader, grant, held, page)
            return await Streamed(exchange, grant, links, pages).begin(transaction)
    await exchange.audit(Kind.EVERYTHING, "operation", decision, counts=page.counts() if page else {})
    grant = refuse(decision)
    assert page is not None
    following = f"{page.following} {known} {int(page.top_flag)}" if page.following else None
    links = exchange.links(_path(grant), parameters, following)
    return FhirResponse(_bundle(exchange, page, grant, links))


def _leaves_whole(decision: Decision) -> bool:
    """Beyond care the door takes every answer apart, so that it needs all of it."""
    return isinstance(decision, Grant) and decision.pseudonymise


def _path(grant: Grant) -> str:
    return f"Patient/{grant.person}/$everything"


async def _known(reader: Reader) -> str:
    """A digest of every id that means the person: it changes when two persons become one, or one two."""
    ids = await reader.aside(lambda connection, person: ids_of(connection, [person]))
    return hashlib.sha256(b"".join(sorted(one.bytes for one in ids))).hexdigest()[:16]


@dataclass(frozen=True)
class Asked:
    """What of a record is asked for."""

    query: Query = field(default_factory=Query)
    moments: Sequence[datetime] = ()
    """Of `_since`: the moment itself, and one by which everything from before was visible at it. Only if whoever asked
    at either was told what may be seen now, changes are enough."""
    sources: bool = False
    """With the sources of the Patient's elements."""
    known: str = ""
    """Of a page that follows another: who the person was, and whether the one top flag was shown by then."""
    top_flag: bool = False


def understand(parameters: Parameters) -> Asked:
    """The parameters as understood. Raises BadRequest."""
    query, sources, known, top_flag = Query(), False, "", "0"
    moments: Sequence[datetime] = ()
    for name, value in parameters:
        if name not in (*_NAMES, AFTER):
            raise BadRequest("A parameter is not supported here; see /fhir/metadata.")
        if name != "_type" and sum(name == other for other, _ in parameters) > 1:
            raise BadRequest(f"{name} may be given once.", parameter=name)
        match name:
            case "start":
                query = replace(query, start=_moment(instant_span(name, value)[0]))
            case "end":
                query = replace(query, end=_moment(instant_span(name, value)[1]) - _TICK)
            case "_since":
                moment = instant(name, value)
                query, moments = replace(query, since=moment - _LATE), (moment, moment - _LATE)
            case "_type":
                query = replace(query, types=(*query.types, *_types(value)))
            case "_count":
                query = replace(query, limit=_count(value))
            case "_revinclude" if value == SOURCES.doc:
                sources = True
            case "_after":
                after, known, top_flag = _place(value)
                query = replace(query, after=after)
            case _:
                raise BadRequest(f"_revinclude takes {SOURCES.doc}.", parameter=name)
    return Asked(query, moments, sources, known, top_flag == "1")


def _place(text: str) -> tuple[UUID, str, str]:
    """Behind which id a page begins, who the person was, and whether the top flag was shown. Raises BadRequest."""
    try:
        after, known, top_flag = text.split(" ")
        return UUID(after), known, top_flag
    except ValueError:
        raise BadRequest("The cursor is of another answer.", parameter=CURSOR) from None


def _types(value: str) -> Sequence[str]:
    """A mistyped name would answer as if nothing of that type were recorded."""
    types = alternatives(value, "_type")
    if not set(types) <= set(READABLE):
        raise BadRequest("_type names types of resources that are held here; see /fhir/metadata.", parameter="_type")
    return types


def _count(value: str) -> int:
    if limit := count(value):
        return limit
    raise BadRequest("_count is a whole number from 1.", parameter="_count")


def _moment(text: str) -> datetime:
    """A moment that is infinitely far away is as far as there are moments."""
    if text in (BEFORE, AFTER_ALL):
        return datetime.min.replace(tzinfo=UTC) if text == BEFORE else datetime.max.replace(tzinfo=UTC)
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def _page(decision: Decision, reader: Reader, query: Query, *, sources: bool, top_flag: bool) -> Page | None:
    if isinstance(decision, Grant):
        return await longitudinal(reader, decision, query, sources=sources, top_flag=top_flag)
    await reader.rows(query, directory=True)
    return None


def _bundle(exchange: Exchange, page: Page, grant: Grant, links: dict[str, str]) -> bytes:
    matches, included = entries(exchange, page)
    return searchset(matches, base=exchange.services.base_url, links=links, included=included, grants=[grant])
