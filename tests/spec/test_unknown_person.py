"""Somebody a caller may not know of answers exactly as somebody who does not exist: same bytes, headers and queries.

Ids, NHS numbers and the sealed parameters that hold them differ, as they differ between any two people; their length
does not. Compared are answers about a real person and about one who does not exist, to one caller's same questions.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from integration.api.search_type import PARAMETERS
from integration.main import READERS
from integration.record.consult import Records
from integration.store.extract import DIRECTORY
from tests.spec.neighbourhood import MRS_T, NUMBER, Connected, Neighbourhood

NOBODY = UUID("4f0c2c9e-6f2b-5d0a-9a51-0d8f4a3f2b11")
NOBODYS_NUMBER = "9990009996"
"""Valid, of the test range, and nobody's here."""
DARREN = "9990000050"
"""Registered at another practice: the agreement covers him, but nothing relates the caller to him."""
OBJECTOR = "9990000077"
TOLD = {
    MRS_T: ("Tanner", "Edith", "1942-03-14"),
    DARREN: ("Whitehouse", "Darren", "1984-08-17"),
    OBJECTOR: ("Haddon", "Roger", "1955-05-30"),
}
SOURCES = ("_revinclude", "Provenance:target")
STRANGERS = [("distant-hospital", MRS_T), ("distant-hospital", OBJECTOR), ("gp-system", DARREN)]
BACKGROUND = ("toldonce.client", "toldonce.agreement_document", "toldonce.audit_")
"""Tables that the service reads and writes of its own accord."""
RESOURCES = "select distinct on (type) type, id from toldonce.resource where person = $1 order by type, id"


@dataclass(frozen=True)
class Question:
    """One request about somebody, who is named by id or by number."""

    name: str
    method: str
    path: str
    parameters: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = None
    condition: str = ""
    """If-None-Match."""

    async def ask(self, caller: Connected) -> httpx.Response:
        if self.body is not None:
            return await caller.ask("POST", self.path, json=self.body)
        if self.method == "POST":
            return await caller.post(self.path, dict(self.parameters))
        conditions = {"If_None_Match": self.condition} if self.condition else {}
        return await caller.get(self.path, list(self.parameters), **conditions)


NARROWED = [
    ("date", "ge2020"),
    ("status:not", "planned"),
    ("episode-of-care.status", "active"),
    ("_sort", "-date,_id"),
    ("_include", "*"),
    ("_revinclude", "Provenance:target"),
    ("_summary", "true"),
]


def questions(person: UUID, number: str, held: dict[str, UUID]) -> list[Question]:
    """Every way to ask about this person; `held` names one resource of each type."""
    identifier = f"{NUMBER}|{number}"
    asked = [
        Question("search Patient", "GET", "Patient", [("identifier", identifier)]),
        Question("search Patient by POST", "POST", "Patient/_search", [("identifier", identifier)]),
        Question("read Patient", "GET", f"Patient/{person}"),
        Question("search Patient by id", "GET", "Patient", [("_id", str(person)), SOURCES]),
        Question("search Patient with sources", "GET", "Patient", [("identifier", identifier), SOURCES]),
        *(Question(f"$match by {way}", "POST", "Patient/$match", body=body) for way, body in likeness(number).items()),
        Question("$everything with sources", "GET", f"Patient/{person}/$everything", [SOURCES]),
        Question("$everything", "GET", f"Patient/{person}/$everything"),
        Question("$everything, a page", "GET", f"Patient/{person}/$everything", [("_count", "3")]),
    ]
    for kind in sorted(set(PARAMETERS) - DIRECTORY - {"Patient"}):
        for way, value in (("patient", f"Patient/{person}"), ("patient:identifier", identifier)):
            asked.append(Question(f"search {kind} by {way}", "GET", kind, [(way, value)]))
            asked.append(Question(f"search {kind} by {way}, POST", "POST", f"{kind}/_search", [(way, value)]))
    asked.append(Question("search a page", "GET", "Encounter", [("patient", str(person)), ("_count", "2")]))
    asked.append(Question("search narrowed", "GET", "Encounter", [("patient", str(person)), *NARROWED]))
    asked.append(Question("Patient narrowed", "GET", "Patient", [("identifier", identifier), ("family:contains", "a")]))
    asked += [
        Question(f"read {kind} if not {tag}", "GET", f"{kind}/{id_}", condition=tag)
        for kind, id_ in (("Patient", person), *sorted(held.items()))
        for tag in ("*", 'W/"1"')
    ]
    return asked + [Question(f"read {kind}", "GET", f"{kind}/{id_}") for kind, id_ in sorted(held.items())]


def likeness(number: str) -> dict[str, dict[str, Any]]:
    """What a `$match` may be asked with: the number, or what is told of the person who has it, or else made up."""
    family, given, born = TOLD.get(number, ("Nobodys", "Nobody", "1941-05-06"))
    name = {"name": [{"family": family, "given": [given]}], "birthDate": born}
    stated = {"identifier": [{"system": NUMBER, "value": number}]}
    return {
        "number": {"resourceType": "Patient", **stated},
        "name": {"resourceType": "Patient", **name},
        "all": {"resourceType": "Patient", **stated, **name},
    }


def plain(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """Status, headers and body without ids, numbers and cursors; a cursor leaves its length."""
    text = re.sub(r"_cursor=[\w-]+", lambda cursor: f"_cursor={len(cursor[0])}", answer.text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", text)
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}  # the caller's own
    return answer.status_code, headers, text


@dataclass(frozen=True)
class Asked:
    """A question with its answer, and the statements on the record that it ran."""

    name: str
    answer: httpx.Response
    queries: Sequence[str]


@pytest.fixture(scope="module", params=STRANGERS, ids=[" of ".join(one) for one in STRANGERS])
async def pairs(request, coventry: Neighbourhood) -> list[tuple[Asked, Asked]]:
    """Each question about somebody the caller may not know of, beside the same about nobody."""
    client, number = request.param
    caller, person = await coventry.as_caller(client), await coventry.person(number)
    held = {row["type"]: row["id"] for row in await coventry.owner.fetch(RESOURCES, person)}
    about = questions(person, number, held)
    nobody = questions(NOBODY, NOBODYS_NUMBER, dict.fromkeys(held, NOBODY))
    await (await coventry.asker("GP")).everything(person)  # labels are read once for each process, whoever asks
    async with queries(coventry) as heard:
        return [
            (await ask(one, caller, heard), await ask(other, caller, heard))
            for one, other in zip(about, nobody, strict=True)
        ]


async def ask(question: Question, caller: Connected, heard: list[str]) -> Asked:
    heard.clear()
    answer = await question.ask(caller)
    await asyncio.sleep(0.001)  # query loggers are called a moment later
    return Asked(question.name, answer, tuple(heard))


def test_the_answer_is_that_for_a_person_who_does_not_exist(pairs):
    for about, nobody in pairs:
        assert plain(about.answer) == plain(nobody.answer), about.name


def test_without_a_link_it_is_the_same_to_the_last_byte(pairs):
    """What is not found, with nothing taken out; a Bundle differs in its self link and holds nothing."""
    for about, nobody in pairs:
        if about.answer.status_code == 404:
            assert about.answer.content == nobody.answer.content, about.name
        else:
            assert {*about.answer.json()} == {"resourceType", "type", "total", "link"}, about.name
            assert about.answer.json()["total"] == 0, about.name
    assert {about.answer.status_code for about, _ in pairs} == {200, 404}


def test_the_same_queries_run(pairs):
    for about, nobody in pairs:
        assert about.queries == nobody.queries, about.name
        assert len(about.queries) >= len(("facts", "rows, of nobody")), about.name


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
    """The statements on the record that requests run from now on, in order; the service's own work excepted."""
    records: Records = coventry.app.state.services.records
    heard: list[str] = []

    def listen(record: Any) -> None:
        if "toldonce." in record.query and not any(table in record.query for table in BACKGROUND):
            heard.append(record.query)

    lenders = [one for one in (records.begun, records.ready) if one]
    lent = [(lender, await lender.take()) for lender in lenders for _ in range(READERS)]
    for lender, connection in lent:
        connection.add_query_logger(listen)
        await lender.give_back(connection)
    try:
        yield heard
    finally:
        for _, connection in lent:
            connection.remove_query_logger(listen)
