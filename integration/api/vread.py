"""FHIR vread: one version of a resource. https://hl7.org/fhir/R4/http.html#vread

A version is shown as the caller may see it today (`record.history`). What is made for a caller (a golden Patient, the
one flag that unites several) and a directory entry have the version alone that a read answers now.
"""

from uuid import UUID

from starlette.responses import Response

from integration.api.conditional import answer, heard, version_of
from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import Endpoint, FhirRouter, Interaction
from integration.api.read import READABLE
from integration.audit.codes import Kind
from integration.errors import Gone
from integration.record.consult import Consultation, refuse
from integration.record.history import versions
from integration.record.reader import Version
from integration.record.single import find
from integration.store.extract import DIRECTORY


def serve_vread(router: FhirRouter) -> None:
    """Serve every type that is held."""
    for resource_type in READABLE:
        interaction = Interaction(
            resource_type, "vread", "One version, where the caller may see it.", conditional_read=heard(resource_type)
        )
        router.serve(f"/{resource_type}/{{id_}}/_history/{{version}}", interaction)(_vread(resource_type))


def _vread(resource_type: str) -> Endpoint:
    async def vread(id_: str, version: str, exchange: Exchange) -> Response:
        """authenticate -> facts, decide, read (one transaction) -> audit -> answer"""
        exchange.require(resource_type, "r")
        key = resource_id(id_)
        target = f"{resource_type}/{key}/_history/{version}"
        if resource_type in DIRECTORY:
            body = await exchange.records.directory_entry(resource_type, key)
            told = answer(exchange, body if body and version_of(body) == version else None)
            await exchange.audit(Kind.READ, "vread", **told.account(resource_type, target))
            return told.response()
        async with exchange.records.consult_versions(exchange.question, resource_type, key) as consultation:
            found, deleted = await _find(consultation, resource_type, key, version)
        told = answer(exchange, found)
        decision = consultation.decision
        await exchange.audit(Kind.READ, "vread", decision, **told.account(resource_type, target))
        refuse(decision)
        if deleted:
            raise Gone
        return told.response()

    return vread


async def _find(consultation: Consultation, resource_type: str, key: UUID, version: str) -> tuple[bytes | None, bool]:
    """The version, and whether it is the one in which the resource was deleted. For a Denial the same queries run."""
    present = await find(consultation, resource_type, key)
    found = await versions(consultation, resource_type, (key,))
    if present and version_of(present) == version:
        return present, False
    asked: Version | None = next((one for one in found if str(one.version) == version), None)
    return (asked.body, asked.body is None) if asked else (None, False)
