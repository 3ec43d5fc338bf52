"""Group/$export: asking for a bulk export of a caseload. https://hl7.org/fhir/uv/bulkdata/STU2/export.html

The answer is where to ask how it is going (`api.exported`). Everything that is sent is understood or refused: a filter
that is left out would hand out more than was asked for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from integration.api.criteria import alternatives
from integration.api.exchange import Exchange
from integration.api.interactions import FhirRouter, Interaction, SearchParam
from integration.api.operation import asked_with
from integration.api.outcome import FhirResponse, information
from integration.api.parameters import instant
from integration.api.read import READABLE
from integration.api.seal import Parameters
from integration.audit.codes import Kind
from integration.errors import BadRequest, Forbidden, NotFound, TooManyRequests
from integration.sharing.pseudonymised import NEVER
from integration.store.database import act_as
from integration.store.extract import DIRECTORY
from integration.teams.caseloads import caseload
from integration.teams.export import jobs
from integration.teams.export.exports import Exports
from integration.teams.export.jobs import Order, exporter

EXPORT = Interaction(
    "Group",
    "operation",
    "Bulk Data Access: everything this caller may see of everybody on a caseload, as NDJSON files. Asked for with "
    "Prefer: respond-async; _outputFormat, _since and _type are taken.",
    (
        SearchParam("_outputFormat", "string", "application/fhir+ndjson"),
        SearchParam("_since", "date", "what was recorded after this instant"),
        SearchParam("_type", "string", "resource types, with commas between"),
    ),
    operation="export",
    definition="http://hl7.org/fhir/uv/bulkdata/OperationDefinition/group-export",
)
_FORMATS = frozenset({"application/fhir+ndjson", "application/ndjson", "ndjson"})
_LEFT_OUT = frozenset({"AuditEvent", "Group"})
"""Held here, and not of anybody's record."""
_WORDS = {
    "_outputFormat": "_outputFormat is application/fhir+ndjson.",
    "_type": "_type names types of resources that are exported here, with commas between.",
    "_typeFilter": "_typeFilter is not supported: ask for whole types with _type, or search.",
    "includeAssociatedData": "includeAssociatedData is not supported: Provenance is a type, ask for it with _type.",
    "patient": "patient is not supported: an export is of the whole caseload; read one person with $everything.",
    "_elements": "_elements is not supported: whole resources are exported.",
    "organizeOutputBy": "organizeOutputBy is not supported: files hold one type of resource each.",
    "allowPartialManifests": "allowPartialManifests is not supported: there is one manifest, when all is written.",
}
_TOO_MANY = f"{jobs.MOST_AT_ONCE} exports of this client are under way; wait for one, or cancel it."
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")  # http://hl7.org/fhir/R4/datatypes.html#id
_TAKEN = frozenset({"_outputFormat", "_since", "_type"})


@dataclass(frozen=True)
class Asked:
    """What is asked for; no types: all that the token's scopes permit."""

    types: tuple[str, ...] = ()
    since: datetime | None = None


def serve_export(router: FhirRouter, exports: Exports) -> None:
    """Serve the operation, by GET and by POST."""

    async def export(id_: str, exchange: Exchange) -> Response:
        """authenticate -> order, kept once it is audited -> where to ask"""
        exchange.require("Group", "r")
        if exchange.session.break_glass:
            raise Forbidden("An emergency is of one person: no caseload is exported with broken glass.")
        if "respond-async" not in _preferences(exchange):
            raise BadRequest("Send Prefer: respond-async.", parameter="Prefer")
        asked = understand(await asked_with(exchange))
        await _require_of(exports, exchange, id_)
        order = Order(
            caseload=id_,
            caller=exchange.session.caller,
            types=_types(exports, exchange, asked.types),
            since=asked.since,
            request=f"{exchange.services.base_url}/Group/{id_}/$export",
            asked=exchange.when,
        )
        async with exporter(exports.pool) as connection:
            job = await jobs.add(connection, order)
            if job is None:
                raise TooManyRequests(_TOO_MANY, retry_after=60)
            details = [("export", str(job)), ("export/types", ",".join(order.types))]
            await exchange.audit(Kind.EXPORT, "operation", target=f"Group/{id_}", details=details)
        said = information("EXPORT_ACCEPTED", "Accepted", "The export is being written; ask at Content-Location.")
        where = f"{exchange.services.base_url}/$export/{job}"
        return FhirResponse(said, 202, {"Content-Location": where, "Cache-Control": "no-store"})

    for method in ("GET", "POST"):
        router.serve("/Group/{id_}/$export", EXPORT, method=method)(export)


def understand(parameters: Parameters) -> Asked:
    """The parameters as understood. Raises BadRequest."""
    types, since = list[str](), None
    for name, value in parameters:
        if name not in _TAKEN:
            raise BadRequest(_WORDS.get(name, "A parameter is not supported here; see /fhir/metadata."), parameter=name)
        if name != "_type" and sum(name == other for other, _ in parameters) > 1:
            raise BadRequest(f"{name} may be given once.", parameter=name)
        match name:
            case "_outputFormat":
                if value.replace(" ", "+") not in _FORMATS:  # an unescaped + in a URL arrives as a space
                    raise BadRequest(_WORDS[name], parameter=name)
            case "_since":
                since = instant(name, value)
            case _:
                types += alternatives(value, name)
    if not set(types) <= set(_EXPORTED):
        raise BadRequest(_WORDS["_type"], parameter="_type")
    return Asked(tuple(dict.fromkeys(types)), since)


_EXPORTED = tuple(one for one in READABLE if one not in _LEFT_OUT)


def _preferences(exchange: Exchange) -> Sequence[str]:
    return [one.strip() for one in ",".join(exchange.request.headers.getlist("prefer")).split(",")]


async def _require_of(exports: Exports, exchange: Exchange, id_: str) -> None:
    """Raise NotFound for a caseload that is not one of the caller's organisation, as for one that does not exist."""
    if not _ID.fullmatch(id_):
        raise NotFound
    async with exports.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        found = await caseload(connection, id_)
    if found is None or exchange.session.caller.organisation not in found.organisations:
        raise NotFound


def _types(exports: Exports, exchange: Exchange, wanted: Sequence[str]) -> tuple[str, ...]:
    """The types to export: those asked for, each of which the token must permit; else all that it permits. Beyond care
    some are never sent (rule 9)."""
    never = {*NEVER, *DIRECTORY} if exports.names(exchange.session.caller) else set[str]()
    if any(not exchange.covers(one) or one in never for one in wanted):
        raise Forbidden("A type of _type is beyond the token's scopes, or is never sent for this purpose.")
    types = tuple(wanted or (one for one in _EXPORTED if exchange.covers(one) and one not in never))
    if not types:
        raise Forbidden("The token's scopes permit no type that is exported.")
    return types
