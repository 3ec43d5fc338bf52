"""FHIR read. https://hl7.org/fhir/R4/http.html#read

A person's id answers with the golden Patient, a former id with the link to it (replaced-by); a source's Patient with
that source's statement. Directory entries (organisations, practitioners, places) are about nobody's care and readable
by every authenticated caller.
"""

from uuid import UUID

from starlette.responses import Response

from integration.api.conditional import answer, heard
from integration.api.declared import PARAMETERS
from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import Endpoint, FhirRouter, Interaction
from integration.audit.codes import Kind
from integration.record.consult import refuse
from integration.record.single import find
from integration.store.extract import DIRECTORY

READABLE = tuple(PARAMETERS)


def serve_read(router: FhirRouter) -> None:
    """Serve every type that is held."""
    for resource_type in READABLE:
        interaction = Interaction(
            resource_type, "read", "One resource, where the caller may see it.", conditional_read=heard(resource_type)
        )
        router.serve(f"/{resource_type}/{{id_}}", interaction)(_read(resource_type))


def _read(resource_type: str) -> Endpoint:
    async def read(id_: str, exchange: Exchange) -> Response:
        """authenticate -> facts, decide, read (one transaction) -> audit -> answer"""
        exchange.require(resource_type, "r")
        key = resource_id(id_)
        if resource_type in DIRECTORY:
            return await _read_directory(resource_type, key, exchange)
        async with exchange.records.consult_about(exchange.question, resource_type, key) as consultation:
            found = await find(consultation, resource_type, key)
        told = answer(exchange, found)
        account = told.account(resource_type, f"{resource_type}/{key}")
        await exchange.audit(Kind.READ, "read", consultation.decision, **account)
        refuse(consultation.decision)
        return told.response()

    return read


async def _read_directory(resource_type: str, key: UUID, exchange: Exchange) -> Response:
    told = answer(exchange, await exchange.records.directory_entry(resource_type, key))
    await exchange.audit(Kind.READ, "read", **told.account(resource_type, f"{resource_type}/{key}"))
    return told.response()
