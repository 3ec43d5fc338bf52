"""Patient/$summary: an International Patient Summary of what this caller may see.

https://hl7.org/fhir/uv/ips/OperationDefinition-summary.html, https://hl7.org/fhir/uv/ips/StructureDefinition-Composition-uv-ips.html
"""

import hashlib
from collections.abc import Sequence
from uuid import UUID

import orjson
from starlette.responses import Response

from integration.api.bundle import security_of
from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import FhirRouter, Interaction
from integration.api.operation import asked_with
from integration.api.outcome import FhirResponse
from integration.audit.codes import Kind
from integration.errors import BadRequest, NotFound
from integration.record.consult import Consultation, refuse
from integration.record.longitudinal import Page, longitudinal
from integration.record.reader import Query
from integration.record.summary import SECTIONS, composition
from integration.sharing.request import Grant
from integration.store.extract import directory_entries
from mappings.uk_core import Resource

SUMMARY = Interaction(
    "Patient",
    "operation",
    "An International Patient Summary of what this caller may see.",
    operation="summary",
    definition="http://hl7.org/fhir/uv/ips/OperationDefinition/summary",
)
_TYPES = ("Patient", *dict.fromkeys(section.type for section in SECTIONS))


def serve_summary(router: FhirRouter) -> None:
    """Serve the operation on one person."""
    for method in ("GET", "POST"):
        router.serve("/Patient/{id_}/$summary", SUMMARY, method=method)(summary)


async def summary(id_: str, exchange: Exchange) -> Response:
    """authenticate -> facts, decide, read (one transaction) -> audit -> answer"""
    exchange.require("Patient", "r")
    if await asked_with(exchange):
        raise BadRequest("$summary takes no parameters.")
    query = exchange.within_scopes(Query(types=_TYPES), _TYPES)

    async def first(consultation: Consultation) -> Page | None:
        decision, reader = consultation.decision, consultation.reader
        if isinstance(decision, Grant):
            return await longitudinal(reader, decision, query)
        await reader.rows(query, directory=True)
        return None

    async with exchange.records.reading(exchange.question, resource_id(id_), first) as (consultation, page):
        decision = consultation.decision
    counts = page.counts() if page else {}
    await exchange.audit(Kind.SUMMARY, "operation", decision, counts=counts)
    grant = refuse(decision)
    if page is None or page.patient is None:
        raise NotFound
    return FhirResponse(_document(exchange, grant, page, page.patient.resource))


def _document(exchange: Exchange, grant: Grant, page: Page, patient: Resource) -> Resource:
    """A document Bundle (http://hl7.org/fhir/R4/documents.html): the Composition, then everything that it leads to."""
    rows = [row.resource() for row in page.rows]
    directory: list[Resource] = [orjson.loads(entry) for entry in page.directory]
    made = composition(grant, patient, rows)
    listed = {entry["reference"] for section in made["section"] for entry in section.get("entry", ())}
    shown = [one for one in rows if f"{one['resourceType']}/{one['id']}" in listed]
    named = _named([patient, *shown], [one for one in directory if exchange.covers(one["resourceType"])])
    resources = [made, patient, *shown, *named]
    base = exchange.services.base_url
    meta: Resource = {"profile": ["http://hl7.org/fhir/uv/ips/StructureDefinition/Bundle-uv-ips"]}
    if security := security_of([grant]):
        meta["security"] = security
    return {
        "resourceType": "Bundle",
        "id": made["id"],
        "meta": meta,
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{_identity(grant, made)}"},
        "type": "document",
        "timestamp": exchange.when.isoformat(timespec="seconds"),
        "entry": [{"fullUrl": f"{base}/{one['resourceType']}/{one['id']}", "resource": one} for one in resources],
    }


def _named(resources: Sequence[Resource], directory: Sequence[Resource]) -> list[Resource]:
    """What of the directory these resources lead to, themselves or by another entry: a document holds nothing else."""
    known = {UUID(one["id"]): one for one in directory}
    reached: dict[UUID, Resource] = {}
    waiting = list(resources)
    while waiting:
        for id_ in directory_entries(waiting.pop()):
            if id_ in known and id_ not in reached:
                reached[id_] = known[id_]
                waiting.append(known[id_])
    return [one for id_, one in known.items() if id_ in reached]


def _identity(grant: Grant, made: Resource) -> UUID:
    """Every document is another one, as its moment and its caller are."""
    seen = orjson.dumps([made, grant.request.caller.client, grant.request.at.isoformat()])
    return UUID(bytes=hashlib.sha256(seen).digest()[:16], version=4)
