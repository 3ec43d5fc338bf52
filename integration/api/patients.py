"""Patients found: by NHS number, present or superseded, or by id, present or former.

A number finds whoever a permitted source states it of, and answers with the golden Patient, whatever number that shows
(as the Personal Demographics Service answers for a superseded number). An id finds what a read of it answers with; for
a former id also, as included, the Patient that is to be used instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from integration.api.exchange import Exchange
from integration.api.parameters import Asked
from integration.errors import BadRequest
from integration.record.consult import Consultation
from integration.record.longitudinal import read_patient
from integration.record.patient import Golden
from integration.record.reader import Query
from integration.record.single import find
from integration.record.sources import provenances
from integration.sharing.request import Decision, Grant
from mappings import uk_core

MOST_IDS = 20


@dataclass(frozen=True)
class Found:
    """What one consultation gave: matches, and what is answered beside them."""

    decision: Decision
    bodies: Sequence[bytes]
    following: UUID | None = None
    included: Sequence[bytes] = ()


async def patients(exchange: Exchange, asked: Asked) -> list[Found]:
    """One consultation of each person whom the number or the ids mean. Raises BadRequest where neither says whom."""
    sources = asked.sources and exchange.covers("Provenance")
    if asked.number and not asked.query.ids:
        async with exchange.records.consult_number(exchange.question, asked.number) as each:
            return [await _with_number(one, asked.number, sources=sources) async for one in each]
    if asked.query.ids and not asked.number:
        if len(asked.query.ids) > MOST_IDS:
            raise BadRequest(f"Ask for at most {MOST_IDS} ids at once.", parameter="_id")
        return [await _by_id(exchange, id_, sources=sources) for id_ in dict.fromkeys(asked.query.ids)]
    raise BadRequest("Say whom the search is about: identifier=<NHS number>, or _id=<id>.", parameter="identifier")


async def _with_number(consultation: Consultation, number: str, *, sources: bool) -> Found:
    decision, reader = consultation.decision, consultation.reader
    stated = (("identifier", (f"{uk_core.NHS_NUMBER}|{number}",)),)
    stating = await reader.rows(Query(types=("Patient",), tokens=stated))
    golden = await read_patient(reader, decision) if isinstance(decision, Grant) and stating else None
    bodies = [orjson.dumps(golden.resource)] if golden else []
    return Found(decision, bodies, included=_sources(decision, golden, wanted=sources))


async def _by_id(exchange: Exchange, id_: UUID, *, sources: bool) -> Found:
    async with exchange.records.consult_about(exchange.question, "Patient", id_) as consultation:
        decision, reader = consultation.decision, consultation.reader
        body = await find(consultation, "Patient", id_)
        if body is None or not consultation.by_person or not isinstance(decision, Grant):
            return Found(decision, [body] if body else [])
        golden = await read_patient(reader, decision)
        instead = [orjson.dumps(golden.resource)] if golden and decision.person != id_ else []
        return Found(decision, [body], included=[*instead, *_sources(decision, golden, wanted=sources)])


def _sources(decision: Decision, golden: Golden | None, *, wanted: bool) -> list[bytes]:
    if not (wanted and golden and isinstance(decision, Grant)):
        return []
    return [orjson.dumps(one) for one in provenances(decision, golden)]
