"""An export that was asked for: how it is going, its manifest, its files, and its end.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html#bulk-data-status-request. Only who asked for it, in the same role and
for the same purpose, finds it. What a file holds is decided while it is fetched (`teams.export.files`).
"""

from collections.abc import AsyncGenerator
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import orjson
from starlette.responses import Response
from starlette.routing import Route

from integration.api.exchange import Exchange, FhirRoute, resource_id
from integration.api.in_pieces import InPieces
from integration.api.interactions import COMMON_PARAMETERS
from integration.api.outcome import FhirResponse, information, operation_outcome
from integration.audit.codes import Kind
from integration.errors import OWN, BadRequest, Forbidden, InternalError, Issue, NotAcceptable, NotFound
from integration.sharing import reasons
from integration.store.extract import DIRECTORY
from integration.teams.export import jobs
from integration.teams.export.exports import Exports
from integration.teams.export.files import Fetching
from integration.teams.export.jobs import File, Job, exporter

NDJSON = "application/fhir+ndjson"
STATUS, FILE = "/fhir/$export/{id_}", "/fhir/$export/{id_}/{name}"
WITHHELD = "withheld.ndjson"
"""Name of the file that says which kinds of information something was withheld of, where that may be said."""
_ASK_AGAIN = 2
"""Seconds."""


def exported_routes(exports: Exports) -> list[Route]:
    """Routes of what was asked for. They are no interactions of a resource type, and metadata does not list them."""
    served = _Served(exports)
    return [
        FhirRoute(STATUS, served.status, methods=["GET"], include_in_schema=False),
        FhirRoute(STATUS, served.cancel, methods=["DELETE"], include_in_schema=False),
        FhirRoute(FILE, served.file, methods=["GET"], include_in_schema=False),
    ]


class _Served:
    def __init__(self, exports: Exports) -> None:
        self._exports = exports

    async def status(self, id_: str, exchange: Exchange) -> Response:
        """authenticate -> found, audited -> how it is going, or the manifest"""
        job = await self._found(id_, exchange)
        await exchange.audit(Kind.EXPORT, "operation", details=[("export", str(job.id)), ("export/state", job.state)])
        match job.state:
            case "complete":
                return _manifest(job, exchange)
            case "failed":
                raise InternalError
        progress = f"{job.percent}%" if job.people is not None else "waiting for what is being recorded just now"
        headers = {"X-Progress": progress, "Retry-After": str(_ASK_AGAIN), "Cache-Control": "no-store"}
        return FhirResponse(None, 202, headers)

    async def cancel(self, id_: str, exchange: Exchange) -> Response:
        """authenticate -> removed once it is audited -> answer"""
        exchange.writes = Kind.DELETE
        job = await self._found(id_, exchange)
        async with exporter(self._exports.pool) as connection:
            await jobs.remove(connection, job.id)
            await exchange.audit(Kind.DELETE, "operation", details=[("export", str(job.id))])
        said = information("EXPORT_REMOVED", "Removed", "The export and its files are removed.")
        return FhirResponse(said, 202, {"Cache-Control": "no-store"})

    async def file(self, id_: str, name: str, exchange: Exchange) -> Response:
        """authenticate -> found, audited -> each person: facts, decide, read (one transaction) -> answer"""
        _require_ndjson(exchange)
        job = await self._found(id_, exchange)
        about = [("export", str(job.id)), ("export/file", name)]
        if name == WITHHELD and job.announced:
            await exchange.audit(Kind.EXPORT, "operation", details=about)
            return Response(_withheld(job), 200, {"Cache-Control": "no-store"}, NDJSON)
        file = next((one for one in job.output if one.name == name), None)
        if file is None:
            raise NotFound
        if not exchange.covers(file.type):
            raise Forbidden(f"The access token's scopes do not include system/{file.type}.r.")
        return await _Ndjson(exchange, Fetching(self._exports, job, file, f"GET {FILE}"), about).begin()

    async def _found(self, id_: str, exchange: Exchange) -> Job:
        """The export, for who asked for it. Raises NotFound."""
        if any(name not in COMMON_PARAMETERS for name in exchange.request.query_params):
            raise BadRequest("A parameter is not supported here; see /fhir/metadata.")
        caller = exchange.session.caller
        async with exporter(self._exports.pool) as connection:
            job = await jobs.find(connection, resource_id(id_), caller, exchange.when)
        if job is None:
            raise NotFound
        return job


class _Ndjson(InPieces):
    """A file that is sent while it is decided and read."""

    media_type = NDJSON
    patience = 300.0

    def __init__(self, exchange: Exchange, fetching: Fetching, about: list[tuple[str, str]]) -> None:
        super().__init__({"Cache-Control": "no-store"})
        self._exchange, self._fetching, self._about = exchange, fetching, about

    async def audit_beginning(self, *details: tuple[str, str]) -> None:
        """Of which caseload."""
        target = f"Group/{self._fetching.job.order.caseload}"
        await self._exchange.audit(Kind.EXPORT, "operation", target=target, details=[*self._about, *details])

    async def audit_end(self, *details: tuple[str, str]) -> None:
        """How many lines were sent."""
        counts = {self._fetching.file.type: self._fetching.lines}
        await self._exchange.audit(Kind.EXPORT, "operation", counts=counts, details=[*self._about, *details])

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """The lines of so many people as are read together."""
        return self._fetching.pieces()


def _require_ndjson(exchange: Exchange) -> None:
    accepted = exchange.request.headers.get("accept", "*/*").lower()
    if not any(one.split(";")[0].strip() in _TAKEN for one in accepted.split(",")):
        raise NotAcceptable(f"Only {NDJSON} is served.", parameter="Accept")


_TAKEN = frozenset({NDJSON, "application/ndjson", "application/*", "*/*", "application/fhir+json"})
"""The last one: some clients send one Accept for everything."""


def _manifest(job: Job, exchange: Exchange) -> Response:
    """https://hl7.org/fhir/uv/bulkdata/STU2/export.html#response---complete-status"""
    assert job.as_of is not None
    assert job.expires is not None
    base = f"{exchange.services.base_url}/$export/{job.id}"
    withheld = [{"type": "OperationOutcome", "url": f"{base}/{WITHHELD}"}] if job.announced else []
    manifest: dict[str, Any] = {
        "transactionTime": _instant(job.as_of),
        "request": job.order.request,
        "requiresAccessToken": True,
        "output": [_file(one, base) for one in job.output],
        "deleted": [],  # for no one: docs/bulk-export.md says why
        "error": withheld,
    }
    headers = {"Expires": format_datetime(job.expires, usegmt=True), "Cache-Control": "no-store"}
    return Response(orjson.dumps(manifest), 200, headers, "application/json")


def _file(file: File, base: str) -> dict[str, Any]:
    """Of the directory it is not known beforehand how many entries a file has."""
    counted = {} if file.type in DIRECTORY else {"count": file.lines}
    return {"type": file.type, "url": f"{base}/{file.name}", **counted}


def _instant(moment: datetime) -> str:
    """To the microsecond: it is what the next export is asked for `_since`."""
    return moment.isoformat(timespec="microseconds")


def _withheld(job: Job) -> bytes:
    """http://hl7.org/fhir/R4/operationoutcome.html, one for each kind of information."""
    return b"".join(orjson.dumps(operation_outcome([_suppressed(one)])) + b"\n" for one in job.announced)


def _suppressed(category: str) -> Issue:
    text = reasons.withheld(category)
    return Issue("suppressed", "SUPPRESSED", "Suppressed", text, severity="information", system=OWN)
