"""Patient/$everything: the longitudinal record. https://hl7.org/fhir/R4/patient-operation-everything.html"""

import orjson
from fastapi import Depends, Response

from integration.api.bundle import resource_type_of, searchset
from integration.api.exchange import Exchange, exchange_of, refuse, resource_id
from integration.api.interactions import SOURCES, FhirRouter, Interaction, SearchParam
from integration.api.outcome import FhirResponse
from integration.api.parameters import understand
from integration.api.read import READABLE
from integration.audit.codes import Kind
from integration.record.longitudinal import Page, longitudinal
from integration.record.reader import Query, Reader
from integration.sharing.request import Decision, Grant

EVERYTHING = Interaction(
    "Patient",
    "operation",
    "Everything this caller may see of one person.",
    (
        SearchParam("start", "date", "care on or after"),
        SearchParam("end", "date", "care on or before"),
        SearchParam("_type", "string", "resource types, with commas between"),
        SearchParam("_count", "number", "entries on a page"),
        SOURCES,
    ),
    operation="everything",
    definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
)
_NAMES = frozenset(parameter.name for parameter in EVERYTHING.search_params)


def serve_everything(router: FhirRouter) -> None:
    """Serve the operation on one person."""
    router.serve("/Patient/{id_}/$everything", EVERYTHING)(everything)


async def everything(id_: str, exchange: Exchange = Depends(exchange_of)) -> Response:
    """authenticate -> facts, decide, read (one transaction) -> audit -> answer"""
    exchange.require("Patient", "r")
    parameters = exchange.parameters()
    asked = understand(parameters, (), _NAMES)
    query, sources = exchange.within_scopes(asked.query, READABLE), asked.sources and exchange.covers("Provenance")
    async with exchange.records.consult(exchange.question, resource_id(id_)) as consultation:
        page = await _page(consultation.decision, consultation.reader, query, sources=sources)
    counts = page.counts() if page else {}
    await exchange.audit(Kind.EVERYTHING, "operation", consultation.decision, counts=counts)
    grant = refuse(consultation.decision)
    assert page is not None
    links = exchange.links(f"Patient/{grant.person}/$everything", parameters, page.following)
    return FhirResponse(_bundle(exchange, page, grant, links))


async def _page(decision: Decision, reader: Reader, query: Query, *, sources: bool) -> Page | None:
    if isinstance(decision, Grant):
        return await longitudinal(reader, decision, query, sources=sources)
    await reader.rows(query)
    return None


def _bundle(exchange: Exchange, page: Page, grant: Grant, links: dict[str, str]) -> bytes:
    patient = [orjson.dumps(page.patient)] if page.patient else []
    included = [entry for entry in page.directory if exchange.covers(resource_type_of(entry))]
    return searchset(
        [*patient, *(row.body for row in page.rows)],
        base=exchange.services.base_url,
        links=links,
        included=[*map(orjson.dumps, page.sources), *included],
        grants=[grant],
    )
