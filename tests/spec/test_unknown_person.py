"""Somebody a caller may not know of answers exactly as somebody who does not exist: same bytes, headers and queries.

Ids, NHS numbers and the sealed parameters that hold them differ, as they differ between any two people; their length does
not. Compared are answers about a real person and about one who does not exist, to the same questions of the same caller.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from integration.api.search_type import PARAMETERS
from tests.spec.neighbourhood import MRS_T, NUMBER, Connected, Neighbourhood

NOBODY = UUID("4f0c2c9e-6f2b-5d0a-9a51-0d8f4a3f2b11")
NOBODYS_NUMBER = "9990009996"
"""Valid, of the test range, and nobody's here."""
DARREN = "9990000050"
"""Registered at another practice: the agreement covers him, but nothing relates the caller to him."""
OBJECTOR = "9990000077"
STRANGERS = [("distant-hospital", MRS_T), ("distant-hospital", OBJECTOR), ("gp-system", DARREN)]
RESOURCES = "select distinct on (type) type, id from toldonce.resource where person = $1 order by type, id"


@dataclass(frozen=True)
class Question:
    """One request about somebody, who is named by id or by number."""

    name: str
    method: str
    path: str
    parameters: Sequence[tuple[str, str]] = ()

    async def ask(self, caller: Connected) -> httpx.Response:
        if self.method == "POST":
            return await caller.post(self.path, dict(self.parameters))
        return await caller.get(self.path, list(self.parameters))


def questions(person: UUID, number: str, held: dict[str, UUID]) -> list[Question]:
    """Every way to ask about this person; `held` names one resource of each type."""
    identifier = f"{NUMBER}|{number}"
    asked = [
        Question("search Patient", "GET", "Patient", [("identifier", identifier)]),
        Question("search Patient by POST", "POST", "Patient/_search", [("identifier", identifier)]),
        Question("read Patient", "GET", f"Patient/{person}"),
        Question("$everything", "GET", f"Patient/{person}/$everything"),
        Question("$everything, a page", "GET", f"Patient/{person}/$everything", [("_count", "3")]),
    ]
    for kind in sorted(set(PARAMETERS) - {"Patient"}):
        for way, value in (("patient", f"Patient/{person}"), ("patient:identifier", identifier)):
            asked.append(Question(f"search {kind} by {way}", "GET", kind, [(way, value)]))
            asked.append(Question(f"search {kind} by {way}, POST", "POST", f"{kind}/_search", [(way, value)]))
    asked.append(Question("search a page", "GET", "Encounter", [("patient", str(person)), ("_count", "2")]))
    return asked + [Question(f"read {kind}", "GET", f"{kind}/{id_}") for kind, id_ in sorted(held.items())]


def plain(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Status, headers and body without ids, numbers and cursors; a cursor leaves its length."""
    text = re.sub(r"_cursor=[\w-]+", lambda cursor: f"_cursor={len(cursor[0])}", answer.text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", text)
    return answer.status_code, dict(answer.headers), text


@pytest.fixture(scope="module", params=STRANGERS, ids=[" of ".join(one) for one in STRANGERS])
async def pairs(request, coventry: Neighbourhood) -> tuple[Connected, list[tuple[Question, Question]]]:
    """A caller, and each question about somebody it may not know of beside the same about nobody."""
    client, number = request.param
    person = await coventry.person(number)
    held = {row["type"]: row["id"] for row in await coventry.owner.fetch(RESOURCES, person)}
    about = questions(person, number, held)
    nobody = questions(NOBODY, NOBODYS_NUMBER, dict.fromkeys(held, NOBODY))
    return await coventry.as_caller(client), list(zip(about, nobody, strict=True))


async def test_the_answer_is_that_for_a_person_who_does_not_exist(pairs):
    caller, both = pairs
    for about, nobody in both:
        assert plain(await about.ask(caller)) == plain(await nobody.ask(caller)), about.name


async def test_the_body_has_nothing_to_hide_ids_behind(pairs):
    """What is not a Bundle with a self link is the same to the last byte, without anything taken out."""
    caller, both = pairs
    compared = 0
    for about, nobody in both:
        answer, other = await about.ask(caller), await nobody.ask(caller)
        if answer.status_code == 404:
            assert answer.content == other.content, about.name
            compared += 1
        else:
            assert answer.json().get("entry", []) == [], about.name
            assert answer.json()["total"] == 0, about.name
    assert compared > 5


async def test_the_same_queries_run(coventry: Neighbourhood, pairs):
    caller, both = pairs
    for about, nobody in both:
        async with queries(coventry) as asked:
            await about.ask(caller)
        async with queries(coventry) as asked_of_nobody:
            await nobody.ask(caller)
        assert asked == asked_of_nobody, about.name
        assert len(asked) > 3


async def test_somebody_known_does_answer(coventry: Neighbourhood):
    """So that the above is not true of everybody."""
    person = await coventry.person()
    caller = await coventry.asker("GP")
    assert (await caller.everything(person)).status_code == 200
    found = (await caller.get("Patient", {"identifier": f"{NUMBER}|{MRS_T}"})).json()
    assert [entry["resource"]["id"] for entry in found["entry"]] == [str(person)]
    missing = await caller.everything(NOBODY)
    assert (missing.status_code, missing.json()["issue"][0]["code"]) == (404, "not-found")


@asynccontextmanager
async def queries(coventry: Neighbourhood) -> AsyncIterator[list[str]]:
    """The statements that requests run meanwhile, in order; those of background work excepted."""
    pool: asyncpg.Pool = coventry.app.state.services.records.pool
    heard: list[str] = []
    connections: list[Any] = []

    def listen(record: Any) -> None:
        heard.append(record.query)

    while pool.get_idle_size() or pool.get_size() < pool.get_max_size():
        connections.append(await pool.acquire())
    for connection in connections:
        connection.add_query_logger(listen)
    raw = [connection._con for connection in connections]
    for connection in connections:
        await pool.release(connection)
    try:
        yield heard
    finally:
        for connection in raw:
            connection.remove_query_logger(listen)
        background = ("toldonce.client", "agreement_document", "audit_event", "pg_advisory", "toldonce_registry")
        heard[:] = [query for query in heard if not any(word in query for word in background)]
