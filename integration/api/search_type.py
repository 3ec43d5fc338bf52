"""FHIR search within a type, GET and POST. https://hl7.org/fhir/R4/http.html#search

Patients are found by NHS number or id (`patients.py`); everything else by the person it is about. Somebody the caller
may not know of is an empty answer, as somebody who does not exist.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import Depends, Request, Response

from integration.api.bundle import searchset
from integration.api.exchange import Exchange, exchange_of, refuse
from integration.api.interactions import SOURCES, Endpoint, FhirRouter, Interaction, SearchParam
from integration.api.media_types import require_form
from integration.api.outcome import FhirResponse
from integration.api.parameters import Asked, understand
from integration.api.patients import Found, patients
from integration.api.seal import Parameters
from integration.audit.codes import Kind
from integration.errors import BadRequest
from integration.record.adjustments import with_one_top_flag
from integration.record.consult import Consultation
from integration.record.reader import Query
from integration.sharing.request import Grant

_BASE = "http://hl7.org/fhir/SearchParameter/"
_PERSON = (SearchParam("patient", "reference", "Patient/<id>, or patient:identifier=<NHS number>"),)
_SUBJECT = (*_PERSON, SearchParam("subject", "reference", "the same as patient"))
_PAGING = (SearchParam("_id", "token", "resource ids"), SearchParam("_count", "number", "entries on a page"))


def _tokens(*names: str) -> tuple[SearchParam, ...]:
    return tuple(SearchParam(name, "token", "`[system|]code`, or several with commas between") for name in names)


_DATE = (SearchParam("date", "date", "when it was: eq, ge, gt, le or lt, then a date"),)
PARAMETERS: Mapping[str, tuple[SearchParam, ...]] = {
    "Patient": (
        SearchParam("identifier", "token", "an NHS number", f"{_BASE}Patient-identifier"),
        SearchParam("_id", "token", "ids, present or former"),
        SOURCES,
    ),
    "CarePlan": (*_SUBJECT, *_PAGING, *_tokens("status", "category"), *_DATE),
    "CareTeam": (*_SUBJECT, *_PAGING, *_tokens("status", "category"), *_DATE),
    "Encounter": (*_SUBJECT, *_PAGING, *_tokens("status", "class", "type"), *_DATE),
    "Flag": (*_SUBJECT, *_PAGING, *_tokens("status", "category", "code"), *_DATE),
    "Condition": (*_SUBJECT, *_PAGING, *_tokens("category", "code")),
    "AllergyIntolerance": (*_PERSON, *_PAGING, *_tokens("code")),
    "MedicationStatement": (*_SUBJECT, *_PAGING, *_tokens("status", "code")),
    "MedicationRequest": (*_SUBJECT, *_PAGING, *_tokens("status", "code")),
    "Observation": (*_SUBJECT, *_PAGING, *_tokens("status", "category", "code"), *_DATE),
    "ServiceRequest": (*_SUBJECT, *_PAGING, *_tokens("status", "category", "code")),
    "EpisodeOfCare": (*_PERSON, *_PAGING, *_tokens("status", "type"), *_DATE),
    "RelatedPerson": (*_PERSON, *_PAGING),
    "Goal": (*_SUBJECT, *_PAGING),
    "Provenance": (*_PERSON, *_PAGING),
    "Consent": (*_PERSON, *_PAGING, *_tokens("status", "category")),
}
"""Types that can be searched, and the parameters of each: the CapabilityStatement is made from this."""
_LONGEST_FORM = 65536
_REFERENCES = frozenset({"patient", "subject"})


def serve_search(router: FhirRouter) -> None:
    """Serve every searchable type, by GET and by POST."""
    for resource_type, parameters in PARAMETERS.items():
        interaction = Interaction(resource_type, "search-type", "The permitted ones of one person.", parameters)
        router.serve(f"/{resource_type}", interaction)(_by_get(resource_type))
        router.serve(f"/{resource_type}/_search", interaction, method="POST")(_by_post(resource_type))


def _by_get(resource_type: str) -> Endpoint:
    async def search(exchange: Exchange = Depends(exchange_of)) -> Response:
        return await _search(resource_type, exchange, ())

    return search


def _by_post(resource_type: str) -> Endpoint:
    """The same with the parameters in a form, so that they appear in no log of a proxy."""

    async def search(request: Request, exchange: Exchange = Depends(exchange_of)) -> Response:
        exchange.require(resource_type, "s")
        require_form(request.headers.get("content-type"))
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > _LONGEST_FORM:
            raise BadRequest("Send the parameters as a form of a stated length, at most 64 KiB.")
        form = await request.form()
        return await _search(resource_type, exchange, [(name, str(value)) for name, value in form.multi_items()])

    return search


def _names(resource_type: str) -> set[str]:
    """Parameter names as they may be sent: a reference to the person also by identifier."""
    names = {parameter.name for parameter in PARAMETERS[resource_type]}
    chained = {f"{name}{joint}identifier" for name in names & _REFERENCES for joint in ":."}
    return names | chained


async def _search(resource_type: str, exchange: Exchange, form: Parameters) -> Response:
    """authenticate -> facts, decide, read (one transaction) -> audit -> answer"""
    exchange.require(resource_type, "s")
    parameters = exchange.parameters(form)
    asked = understand(parameters, (resource_type,), _names(resource_type))
    found = await (patients(exchange, asked) if resource_type == "Patient" else _found(exchange, asked))
    for one in found:
        await exchange.audit(Kind.QUERY, "search-type", one.decision, counts={resource_type: len(one.bodies)})
    return _answer(exchange, resource_type, parameters, found)


async def _found(exchange: Exchange, asked: Asked) -> list[Found]:
    async with _consultations(exchange, asked) as consultations:
        return [await _find(one, asked) async for one in consultations]


@asynccontextmanager
async def _consultations(exchange: Exchange, asked: Asked) -> AsyncIterator[AsyncIterator[Consultation]]:
    """One consultation of each person the search names."""
    if asked.number:
        async with exchange.records.consult_number(exchange.question, asked.number) as each:
            yield each
    elif asked.person is not None:
        async with exchange.records.consult(exchange.question, asked.person) as consultation:

            async def one() -> AsyncIterator[Consultation]:
                yield consultation

            yield one()
    else:
        raise BadRequest("Say whom the search is about: patient=<id>, or patient:identifier=<NHS number>.")


async def _find(consultation: Consultation, asked: Asked) -> Found:
    decision, reader, query = consultation.decision, consultation.reader, asked.query
    rows = await reader.rows(query if query.limit is None else _one_more(query))
    more = query.limit is not None and len(rows) > query.limit
    shown = rows[: query.limit] if more else rows
    united = await with_one_top_flag(reader, query, shown)
    return Found(decision, [row.body for row in united], shown[-1].id if more else None)


def _one_more(query: Query) -> Query:
    return replace(query, limit=(query.limit or 0) + 1)


def _answer(exchange: Exchange, resource_type: str, parameters: Parameters, found: Sequence[Found]) -> Response:
    """A Denial that may be told apart is 403; one that may not is an empty set."""
    for one in found:
        if not isinstance(one.decision, Grant) and not one.decision.not_found:
            refuse(one.decision)
    bodies = [body for one in found for body in one.bodies]
    following = next((one.following for one in found if one.following), None)
    bundle = searchset(
        bodies,
        base=exchange.services.base_url,
        links=exchange.links(resource_type, parameters, following),
        included=[body for one in found for body in one.included],
        grants=[one.decision for one in found if isinstance(one.decision, Grant)],
        total=None if following or _continued(parameters) else len(bodies),
    )
    return FhirResponse(bundle)


def _continued(parameters: Parameters) -> bool:
    return any(name == "_after" for name, _ in parameters)
