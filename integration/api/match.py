"""Patient/$match: who somebody may be, by demographics. http://hl7.org/fhir/R4/patient-operation-match.html,
IHE PDQm ITI-119 https://profiles.ihe.net/ITI/PDQm/ITI-119.html

A match rests on one source's statement that the caller may see; nobody else is ever in the answer, nor in its grades.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import orjson
from starlette.responses import Response

from integration.api.bundle import searchset
from integration.api.exchange import Exchange
from integration.api.interactions import FhirRouter, Interaction
from integration.api.media_types import require_fhir_json
from integration.api.outcome import FhirResponse
from integration.api.seal import Parameters
from integration.audit.codes import Kind
from integration.errors import BadRequest, ContentTooLarge, Unprocessable
from integration.identity.demographics import Demographics, demographics, is_nhs_number
from integration.identity.grade import Match, claimed, enough, match
from integration.ingest.validity import invalidity
from integration.record.consult import CANDIDATES, NOBODY, Consultation, refuse
from integration.record.patient import golden, statement
from integration.record.reader import Query
from integration.recording.faults import too_deep
from integration.sharing.request import Decision, Grant
from mappings import uk_core
from mappings.uk_core import Resource

MATCH = Interaction(
    "Patient",
    "operation",
    "People whom the caller may know of, by demographics: graded, the likeliest first.",
    operation="match",
    definition="http://hl7.org/fhir/OperationDefinition/Patient-match",
)
LARGEST = 65536
"""Bytes of a request."""
_SEVERAL = 5
"""How many names, addresses and so on one person may be given with: more would be a list of people."""
_LISTED = ("identifier", "name", "telecom", "address")
_LOOKED_AT = (*_LISTED, "gender", "birthDate", "generalPractitioner", "meta")
_NOT_UNDERSTOOD = ("modifierExtension", "implicitRules", "contained")
_TOO_LITTLE = (
    "Too little to find one person by. Give an NHS number; or first and family name with a birth date, postcode, "
    "telephone or other identifier; or a birth date and one name with one of these."
)


@dataclass(frozen=True)
class Asked:
    """Whom a caller looks for, and how much of an answer they want."""

    who: Demographics
    only_certain: bool = False
    count: int = CANDIDATES


@dataclass(frozen=True)
class Found:
    """What the consultation of one candidate gave: how well they match, and who they are."""

    decision: Decision
    match: Match | None = None
    patient: Resource = field(default_factory=dict)


def serve_match(router: FhirRouter) -> None:
    """Serve the operation."""
    router.serve("/Patient/$match", MATCH, method="POST")(patient_match)


async def patient_match(exchange: Exchange) -> Response:
    """authenticate -> facts, decide, read (one transaction) -> audit -> answer"""
    exchange.require("Patient", "s")
    require_fhir_json(exchange.request.headers.get("content-type"))
    asked = understand(await _body(exchange), exchange.parameters())
    async with exchange.records.consult_like(exchange.question, asked.who) as consultations:
        found = [await _find(one, asked.who) async for one in consultations]
    matches = graded(asked, found)
    await _audit(exchange, found, matches[: asked.count])
    for one in found:
        if not isinstance(one.decision, Grant) and not one.decision.not_found:
            refuse(one.decision)
    return FhirResponse(_bundle(exchange, matches, asked.count))


# ---- what is asked


def understand(body: Any, parameters: Parameters = ()) -> Asked:
    """A Parameters resource, or the Patient itself with the other parameters in the URL
    (http://hl7.org/fhir/R4/operations.html#request). Raises BadRequest or Unprocessable."""
    given: dict[str, Any] = {}
    for name, value in [*_body_parameters(body), *((name, _typed(name, value)) for name, value in parameters)]:
        if name == "onlySingleMatch":
            raise BadRequest(
                "onlySingleMatch is of FHIR R5; use onlyCertainMatches.", expression="Parameters.parameter"
            )
        if name not in ("resource", "onlyCertainMatches", "count"):
            raise BadRequest("$match takes resource, onlyCertainMatches and count.", expression="Parameters.parameter")
        if name in given:
            raise BadRequest("A parameter may be given once.", expression="Parameters.parameter")
        given[name] = value
    return Asked(_demographics(given.get("resource")), _only_certain(given), _count(given))


def _body_parameters(body: Any) -> list[tuple[str, Any]]:
    if isinstance(body, dict) and body.get("resourceType") == "Patient":
        return [("resource", body)]
    if not isinstance(body, dict) or body.get("resourceType") != "Parameters":
        raise BadRequest("Send a Parameters resource with the Patient in `resource`.")
    listed = body.get("parameter", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise BadRequest("Parameters.parameter is a list of parameters.", expression="Parameters.parameter")
    return [(str(one.get("name")), next((one[kind] for kind in _KINDS if kind in one), None)) for one in listed]


_KINDS = ("resource", "valueBoolean", "valueInteger")


def _typed(name: str, value: str) -> Any:
    """A parameter in the URL, as it would be in the body."""
    if name == "onlyCertainMatches":
        return {"true": True, "false": False}.get(value)
    return int(value) if name == "count" and value.isascii() and value.isdecimal() and len(value) < 10 else None


def _only_certain(given: Mapping[str, Any]) -> bool:
    value = given.get("onlyCertainMatches", False)
    if not isinstance(value, bool):
        raise BadRequest("onlyCertainMatches is true or false.", expression="Parameters.parameter")
    return value


def _count(given: Mapping[str, Any]) -> int:
    value = given.get("count", CANDIDATES)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadRequest("count is a whole number from 1.", expression="Parameters.parameter")
    return min(value, CANDIDATES)


def _demographics(patient: Any) -> Demographics:
    if not isinstance(patient, dict) or patient.get("resourceType") != "Patient":
        raise BadRequest("`resource` is a Patient.", expression="Parameters.parameter")
    if invalidity(patient) is not None:
        raise Unprocessable("The Patient is not valid FHIR R4.", expression=_wrong(patient))
    for name in _NOT_UNDERSTOOD:
        if name in patient:
            raise Unprocessable(f"{name} is not understood here, and cannot be left out.", expression=f"Patient.{name}")
    for name in _LISTED:
        if len(patient.get(name, ())) > _SEVERAL:
            raise Unprocessable(
                f"At most {_SEVERAL} of each element describe one person.", expression=f"Patient.{name}"
            )
    who = _claimed(patient)
    if not enough(who):
        raise Unprocessable(_TOO_LITTLE, expression="Patient")
    return who


def _wrong(patient: Resource) -> str:
    """The first element that is wrong, of those that are looked at; names of others could hold anything."""
    parts = {name: {"resourceType": "Patient", name: patient[name]} for name in _LOOKED_AT if name in patient}
    wrong = next((name for name, part in parts.items() if invalidity(part) is not None), None)
    return f"Patient.{wrong}" if wrong else "Patient"


def _claimed(patient: Resource) -> Demographics:
    numbers = {
        str(one.get("value", ""))
        for one in patient.get("identifier", ())
        if one.get("system") == uk_core.NHS_NUMBER and one.get("use") != "old"
    }
    if not all(map(is_nhs_number, numbers)):
        raise Unprocessable("Not a valid NHS number (ten digits with a check digit).", expression="Patient.identifier")
    if len(numbers) > 1:
        raise Unprocessable("Give one NHS number: somebody has no two.", expression="Patient.identifier")
    return claimed(demographics(patient))


async def _body(exchange: Exchange) -> Any:
    content = bytearray()
    async for chunk in cast(AsyncIterator[bytes], exchange.request.stream()):
        content += chunk
        if len(content) > LARGEST:
            raise ContentTooLarge("A request is at most 64 KiB.")
    try:
        sent = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(sent, dict) or too_deep(sent):
        raise BadRequest("The body is a FHIR resource: a JSON object, not deeper than FHIR has it.")
    return sent


# ---- what is found


async def _find(consultation: Consultation, who: Demographics) -> Found:
    """For a Denial the same query runs over nothing."""
    decision = consultation.decision
    rows = await consultation.reader.rows(Query(types=("Patient",)))
    if not isinstance(decision, Grant):
        return Found(decision)
    likeness = match(who, (demographics(statement(decision, row)) for row in rows))
    patient = golden(decision, rows) if likeness else None
    return Found(decision, likeness, patient.resource) if patient else Found(decision)


def graded(asked: Asked, found: Sequence[Found]) -> list[Found]:
    """Those who match, the best first. Of two certain ones neither is: somebody has to tell them apart. Where only a
    certain one is wanted, it is answered if nobody else is even probable (PDQm, case 5)."""
    matches = [one for one in found if one.match]
    if sum(_grade(one) == "certain" for one in matches) > 1:
        matches = [replace(one, match=one.match.doubted()) for one in matches if one.match]
    matches.sort(key=lambda one: (-one.match.score if one.match else 0, one.patient["id"]))
    if asked.only_certain:
        likely = [one for one in matches if _grade(one) != "possible"]
        return likely if [_grade(one) for one in likely] == ["certain"] else []
    return matches


def _grade(one: Found) -> str:
    return one.match.grade if one.match else ""


async def _audit(exchange: Exchange, found: Sequence[Found], answered: Sequence[Found]) -> None:
    """An event for each person who was consulted, whether answered or not; one where nobody was."""
    consulted = [one for one in found if isinstance(one.decision, Grant) or one.decision.request.person != NOBODY]
    shown = {one.patient["id"] for one in answered}
    await asyncio.gather(
        *(
            exchange.audit(
                Kind.QUERY, "operation", one.decision, counts={"Patient": int(one.patient.get("id") in shown)}
            )
            for one in consulted or found[:1]
        )
    )


def _bundle(exchange: Exchange, matches: Sequence[Found], count: int) -> bytes:
    answered = matches[:count]
    return searchset(
        [orjson.dumps(one.patient) for one in answered],
        base=exchange.services.base_url,
        links=exchange.links("Patient/$match", ()),
        scored=[(one.match.score, one.match.grade) for one in answered if one.match],
        grants=[one.decision for one in answered if isinstance(one.decision, Grant)],
        total=len(matches),
    )
