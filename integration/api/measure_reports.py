"""read, vread and search of MeasureReport: the figures of caseloads that were published, as they were.

http://hl7.org/fhir/R4/http.html#read, #vread, #search; http://hl7.org/fhir/R4/measurereport.html
"""

from collections.abc import Sequence

from starlette.responses import Response

from adapters.records import LONDON
from integration.api.bundle import searchset
from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import FhirRouter, Interaction, SearchParam
from integration.api.outcome import FhirResponse
from integration.api.seal import Parameters
from integration.audit.codes import Kind
from integration.errors import BadRequest, NotFound
from integration.store.database import act_as
from integration.teams.measures.definitions import measures
from integration.teams.measures.evaluate import caseload_of
from integration.teams.measures.publish import Published, published, published_of

_MAY = "where the caller's organisation owns or works with the caseload, and an agreement opens what it rests on"
READ = Interaction("MeasureReport", "read", f"The newest version of a published report, {_MAY}.")
VREAD = Interaction("MeasureReport", "vread", f"One version of a published report, {_MAY}.")
_DEFINED = "http://hl7.org/fhir/SearchParameter/MeasureReport-"
SEARCH = Interaction(
    "MeasureReport",
    "search-type",
    f"The newest versions of a caseload's published reports, the latest period first, {_MAY}.",
    (
        SearchParam("subject", "reference", "Group/<id>; needed", f"{_DEFINED}subject"),
        SearchParam("measure", "reference", "canonical URLs of measures", f"{_DEFINED}measure"),
    ),
)


def serve_measure_reports(router: FhirRouter) -> None:
    """Serve what was published."""
    router.serve("/MeasureReport", SEARCH)(_search)
    router.serve("/MeasureReport/{id_}", READ)(_read)
    router.serve("/MeasureReport/{id_}/_history/{version}", VREAD)(_vread)


async def _read(id_: str, exchange: Exchange) -> Response:
    """authenticate -> read what is published -> may the caller -> audit -> answer"""
    return await _answered(exchange, id_, None, "read")


async def _vread(id_: str, version: str, exchange: Exchange) -> Response:
    """As read."""
    if not version.isdecimal() or len(version) > len("999999999"):
        raise NotFound
    return await _answered(exchange, id_, int(version), "vread")


async def _answered(exchange: Exchange, id_: str, version: int | None, interaction: str) -> Response:
    exchange.require("MeasureReport", "r")
    key = resource_id(id_)
    async with exchange.records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        found = await published(connection, key, version)
    shown = await _permitted(exchange, [found] if found else [])
    if not shown:
        raise NotFound
    await exchange.audit(Kind.READ, interaction, target=f"MeasureReport/{key}", counts={"MeasureReport": 1})
    return FhirResponse(shown[0].body, headers={"ETag": f'W/"{shown[0].version}"'})


async def _search(exchange: Exchange) -> Response:
    """As read, of a caseload: one that is not for the caller has no reports."""
    exchange.require("MeasureReport", "r")
    caseload, wanted = _understood(exchange.parameters())
    async with exchange.records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        found = await published_of(connection, caseload, wanted)
    bodies = [one.body for one in await _permitted(exchange, found)]
    await exchange.audit(Kind.QUERY, "search-type", counts={"MeasureReport": len(bodies)})
    base = exchange.services.base_url
    links = exchange.links("MeasureReport", exchange.parameters())
    return FhirResponse(searchset(bodies, base=base, links=links, total=len(bodies)))


def _understood(parameters: Parameters) -> tuple[str, list[str] | None]:
    """Whose reports, and of which measures; None: of all. Raises BadRequest."""
    sent = dict(parameters)
    if unknown := next((name for name in sent if name not in ("subject", "measure")), None):
        raise BadRequest("A search parameter is not supported here; see /fhir/metadata.", parameter=unknown)
    kind, _, caseload = sent.get("subject", "").partition("/")
    if kind != "Group" or not caseload or len(sent) < len(parameters):
        raise BadRequest("Say of whom, once: subject=Group/<id>.", parameter="subject")
    if "measure" not in sent:
        return caseload, None
    urls = {one.partition("|")[0] for one in sent["measure"].split(",")}
    return caseload, [one.id for one in measures().values() if one.resource["url"] in urls]


async def _permitted(exchange: Exchange, found: Sequence[Published]) -> list[Published]:
    """Those that the caller may read; the caseload is looked up whether there are any or not."""
    caller, on = exchange.session.caller, exchange.when.astimezone(LONDON).date()
    caseloads = {one.caseload for one in found} or {""}
    own = {one for one in caseloads if await caseload_of(exchange.records, one, caller.organisation)}
    policy, known = exchange.records.policy(), measures()
    return [
        one
        for one in found
        if one.caseload in own and one.measure in known and policy.opens(caller, known[one.measure].category, on)
    ]
