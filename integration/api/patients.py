"""Patients found: by NHS number, present or superseded, or by id, present or former, and narrowed by whatever else.

A number finds whoever a permitted source states it of, and answers with the golden Patient, whatever number that shows
(as the Personal Demographics Service answers for a superseded number). What narrows it must hold with the number in one
permitted statement. An id finds what a read of it answers with; for a former id also, as included, the Patient that is
to be used instead.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import orjson

from integration.api.exchange import Exchange
from integration.api.found import Found, Page
from integration.api.parameters import Asked
from integration.errors import BadRequest
from integration.record.consult import Consultation
from integration.record.criteria import Entries, Ids, Is
from integration.record.include import Included, Includer
from integration.record.longitudinal import read_patient
from integration.record.patient import Golden
from integration.record.search import Match, Search, Searcher
from integration.record.single import find
from integration.record.sources import provenances
from integration.sharing.request import Decision, Grant
from mappings import uk_core

MOST_IDS = 20


async def patients(exchange: Exchange, asked: Asked, page: Page) -> list[Found]:
    """One consultation of each person whom the number or the ids mean. Raises BadRequest where neither says whom."""
    if asked.search.order:
        raise BadRequest("Patients are not sorted: a number finds one, ids those that they name.", parameter="_sort")
    if asked.number and not asked.ids:
        stating = Entries([Is(f"identifier={uk_core.NHS_NUMBER}|{asked.number}")])
        search = replace(asked.search, criteria=[*asked.search.criteria, stating])
        async with exchange.records.consult_number(exchange.question, asked.number) as each:
            return [await _with_number(exchange, asked, page, one, search) async for one in each]
    if asked.ids and not asked.number:
        ids = list(dict.fromkeys(asked.ids))
        if len(ids) > MOST_IDS:
            raise BadRequest(f"Ask for at most {MOST_IDS} ids at once.", parameter="_id")
        return [await _by_id(exchange, asked, page, id_) for id_ in ids]
    raise BadRequest("Say whom the search is about: identifier=<NHS number>, or _id=<id>.", parameter="identifier")


async def _with_number(
    exchange: Exchange, asked: Asked, page: Page, consultation: Consultation, search: Search
) -> Found:
    decision, reader = consultation.decision, consultation.reader
    stating = await Searcher(reader, decision).matches(search)
    golden = await read_patient(reader, decision) if isinstance(decision, Grant) and stating else None
    if golden is None or not isinstance(decision, Grant):
        return Found(decision)
    found = _included(golden.resource)
    if not page.take([Match(found.id, ())], search, found.id):
        return Found(decision, total=1)
    included = await _beside(exchange, asked, consultation, found, golden)
    return Found(decision, [found], included, total=1)


async def _by_id(exchange: Exchange, asked: Asked, page: Page, id_: UUID) -> Found:
    async with exchange.records.consult_about(exchange.question, "Patient", id_) as consultation:
        decision, reader = consultation.decision, consultation.reader
        body = await find(consultation, "Patient", id_)
        meeting = asked.search if consultation.by_person else _of(asked.search, id_)
        stating = await Searcher(reader, decision).matches(meeting)
        if body is None or not stating or not isinstance(decision, Grant):
            return Found(decision)
        found = _included(orjson.loads(body))
        if not page.take([Match(id_, ())], asked.search, id_):
            return Found(decision, total=1)
        golden = await read_patient(reader, decision) if consultation.by_person else None
        instead = [_included(golden.resource)] if golden and decision.person != id_ else []
        included = await _beside(exchange, asked, consultation, found, golden)
        return Found(decision, [found], [*instead, *included], total=1)


def _of(search: Search, id_: UUID) -> Search:
    return replace(search, criteria=[*search.criteria, Ids([id_])])


async def _beside(
    exchange: Exchange, asked: Asked, consultation: Consultation, found: Included, golden: Golden | None
) -> list[Included]:
    """What was asked for beside a Patient: sources of its elements, and what includes lead to."""
    decision, reader = consultation.decision, consultation.reader
    includer = Includer(reader, decision, Searcher(reader, decision), exchange.covers)
    included = await includer.gather([found], asked.includes)
    wanted = asked.sources and exchange.covers("Provenance")
    return [*included, *(_sources(decision, golden) if wanted else ())]


def _sources(decision: Decision, golden: Golden | None) -> Sequence[Included]:
    if golden is None or not isinstance(decision, Grant):
        return ()
    return [_included(one) for one in provenances(decision, golden)]


def _included(resource: uk_core.Resource) -> Included:
    return Included(resource["resourceType"], UUID(resource["id"]), orjson.dumps(resource))
