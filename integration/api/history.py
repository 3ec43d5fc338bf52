"""FHIR history, of a resource and of a type. https://hl7.org/fhir/R4/http.html#history

Every version as the caller may see it today, the newest first. The history of a type is that of one person's resources:
`patient` says of whom. What feeds brought has a version for each time that what they said changed.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from starlette.responses import Response

from integration.api.conditional import tag
from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import Endpoint, FhirRouter, Interaction, SearchParam
from integration.api.outcome import FhirResponse
from integration.api.parameters import AFTER, count
from integration.api.person import nhs_number, person_id
from integration.api.read import READABLE
from integration.api.seal import Parameters
from integration.audit.codes import Kind
from integration.errors import BadRequest, NotFound
from integration.record.consult import Consultation, refuse
from integration.record.history import Place, versions
from integration.record.reader import Version
from integration.record.single import find
from integration.sharing.request import Grant
from integration.store.extract import DIRECTORY

_PARAMETERS = (
    SearchParam("_count", "number", "entries on a page"),
    SearchParam("_since", "date", "recorded after this instant"),
)
_PERSON = SearchParam("patient", "reference", "Patient/<id>, or an NHS number as patient:identifier")
_USUAL = 100
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


class _Asked(NamedTuple):
    most: int
    since: datetime | None
    behind: Place | None
    person: UUID | None
    number: str


def serve_history(router: FhirRouter) -> None:
    """Serve every type that is held; it must be registered before reads, whose path would take `_history` for an id."""
    for resource_type in READABLE:
        one = Interaction(resource_type, "history-instance", "Versions of one resource.", _PARAMETERS)
        router.serve(f"/{resource_type}/{{id_}}/_history", one)(_instance(resource_type))
        if resource_type not in DIRECTORY:
            whole = Interaction(
                resource_type, "history-type", "Versions of one person's resources.", (*_PARAMETERS, _PERSON)
            )
            router.serve(f"/{resource_type}/_history", whole)(_type(resource_type))


def _instance(resource_type: str) -> Endpoint:
    async def history(id_: str, exchange: Exchange) -> Response:
        """authenticate -> facts, decide, read (one transaction) -> audit -> answer"""
        exchange.require(resource_type, "r")
        key, parameters = resource_id(id_), exchange.parameters()
        asked = _understood(parameters, of_person=False)
        if resource_type in DIRECTORY:
            return await _of_directory(exchange, resource_type, key)
        async with exchange.records.consult_versions(exchange.question, resource_type, key) as consultation:
            found = await _versions(consultation, resource_type, (key,), asked)
            made = await _made(consultation, resource_type, key)
        shown = found or made
        counts = {resource_type: len(shown)}
        await exchange.audit(Kind.HISTORY, "history-instance", consultation.decision, counts=counts)
        refuse(consultation.decision)
        if not shown and not parameters:
            raise NotFound
        return _bundle(exchange, f"{resource_type}/{key}/_history", parameters, shown, asked.most)

    return history


def _type(resource_type: str) -> Endpoint:
    async def history(exchange: Exchange) -> Response:
        """authenticate -> facts, decide, read (one transaction) -> audit -> answer"""
        exchange.require(resource_type, "r")
        parameters = exchange.parameters()
        asked = _understood(parameters, of_person=True)
        if asked.person is not None:
            async with exchange.records.consult(exchange.question, asked.person, ever=True) as consultation:
                found = [(consultation.decision, await _versions(consultation, resource_type, (), asked))]
        else:
            async with exchange.records.consult_number(exchange.question, asked.number, ever=True) as each:
                found = [(one.decision, await _versions(one, resource_type, (), asked)) async for one in each]
        for decision, some in found:
            counts = {resource_type: len(some)}
            await exchange.audit(Kind.HISTORY, "history-type", decision, counts=counts)
            if not isinstance(decision, Grant) and not decision.not_found:
                refuse(decision)
        shown = [one for _, some in found for one in some]
        shown.sort(key=lambda one: (one.recorded, one.id, one.version), reverse=True)
        return _bundle(exchange, f"{resource_type}/_history", parameters, shown, asked.most)

    return history


async def _of_directory(exchange: Exchange, resource_type: str, key: UUID) -> Response:
    """An organisation, practitioner or place: the present version alone is kept."""
    body = await exchange.records.directory_entry(resource_type, key)
    shown = [_present(resource_type, key, body)] if body else []
    await exchange.audit(Kind.HISTORY, "history-instance", counts={resource_type: len(shown)})
    if not shown:
        raise NotFound
    return _bundle(exchange, f"{resource_type}/{key}/_history", (), shown, _USUAL)


async def _versions(
    consultation: Consultation, resource_type: str, ids: Sequence[UUID], asked: _Asked
) -> list[Version]:
    return await versions(
        consultation, resource_type, ids, since=asked.since, behind=asked.behind, limit=asked.most + 1
    )


async def _made(consultation: Consultation, resource_type: str, key: UUID) -> list[Version]:
    """Of what is made for this caller, such as a golden Patient, there is the present version alone."""
    if not consultation.by_person:
        return []
    body = await find(consultation, resource_type, key)
    return [_present(resource_type, key, body)] if body else []


def _present(resource_type: str, key: UUID, body: bytes) -> Version:
    updated = orjson.loads(body)["meta"]["lastUpdated"]
    return Version(key, resource_type, 0, datetime.fromisoformat(updated), body)


def _understood(parameters: Parameters, *, of_person: bool) -> _Asked:
    """Raises BadRequest for a parameter that is not understood, and where it is not said of whom."""
    sent = dict(parameters)
    if len(sent) != len(parameters):
        raise BadRequest("Each parameter is given once.")
    person, number = _whom(sent) if of_person else (None, "")
    most, since, after = count(sent.pop("_count", str(_USUAL))), sent.pop("_since", None), sent.pop(AFTER, None)
    if sent:
        raise BadRequest("A parameter is not supported here; see /fhir/metadata.")
    if not most:
        raise BadRequest("_count is a whole number from 1.", parameter="_count")
    if since is not None and not _INSTANT.fullmatch(since):
        raise BadRequest("_since is an instant: YYYY-MM-DDThh:mm:ss+zz:zz.", parameter="_since")
    return _Asked(most, _moment(since) if since else None, _place(after), person, number)


def _whom(sent: dict[str, str]) -> tuple[UUID | None, str]:
    named, numbered = sent.pop("patient", None), sent.pop("patient:identifier", None)
    if (named is None) == (numbered is None):
        raise BadRequest("Say once of whom: patient=<id>, or patient:identifier=<NHS number>.", parameter="patient")
    if numbered is not None:
        return None, nhs_number(numbered)
    return person_id(named or ""), ""


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest("_since is not in the calendar.", parameter="_since") from None


def _place(after: str | None) -> Place | None:
    """Of a sealed cursor, so it is as `_behind` made it."""
    if after is None:
        return None
    recorded, id_, version = after.split("|")
    return datetime.fromisoformat(recorded), UUID(id_), int(version)


def _behind(last: Version) -> str:
    return f"{last.recorded.isoformat()}|{last.id}|{last.version}"


def _bundle(exchange: Exchange, path: str, parameters: Parameters, found: Sequence[Version], most: int) -> FhirResponse:
    """http://hl7.org/fhir/R4/bundle.html#history"""
    shown, more = found[:most], len(found) > most
    links = exchange.links(path, parameters, _behind(shown[-1]) if more else None)
    head: dict[str, Any] = {"resourceType": "Bundle", "type": "history"} | (
        {} if more or parameters else {"total": len(shown)}
    )
    head["link"] = [{"relation": relation, "url": url} for relation, url in links.items()]
    if not shown:
        return FhirResponse(head)
    entries = b",".join(_entries(shown, exchange))
    return FhirResponse(b"".join((orjson.dumps(head)[:-1], b',"entry":[', entries, b"]}")))


def _entries(shown: Sequence[Version], exchange: Exchange) -> Iterator[bytes]:
    base = exchange.services.base_url
    for one in shown:
        method = "DELETE" if one.body is None else "POST" if one.version == 1 else "PUT"
        url = one.type if method == "POST" else f"{one.type}/{one.id}"
        status = {"DELETE": "204", "POST": "201", "PUT": "200"}[method]
        response = {
            "status": status,
            "etag": tag(exchange, one.body) if one.body else f'W/"{one.version}"',
            "lastModified": one.recorded.isoformat(timespec="milliseconds"),
        }
        rest = {"request": {"method": method, "url": url}, "response": response}
        head = orjson.dumps({"fullUrl": f"{base}/{one.type}/{one.id}"})[:-1]
        resource = b',"resource":' + one.body if one.body else b""
        yield b"".join((head, resource, b",", orjson.dumps(rest)[1:]))
