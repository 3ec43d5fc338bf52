"""Promise 2: what a caller may not see leaks by no side door.

The same questions are asked twice: with all that is held, and after everything that this caller may not see of the
person was taken out of the database. Whatever is asked, the answers are the same to the last byte: totals, pages and
their links, what is included, found through chains and `_has`, and sorted, versions, ETags, errors, references inside
what is shown. (PEERS C1: predicates over what may not be seen; C3, C4: totals and pages; C5: the second page; C6:
bundles in bundles; C7: linked patients. C2, exports, is asked there when there are exports.)
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from integration.record.consult import Question as Asking
from integration.record.reader import Query
from integration.sharing.request import Caller
from tests.database.side_doors import Question, hidden, questions
from tests.lengths import length
from tests.spec.neighbourhood import MRS_T, NOW, Asker, Connected, Neighbourhood, caller_of

SOCIAL_WORKER = Asker("social worker", "council-system", "social worker")
LINK_WORKER = Asker("link worker", "companions", "social prescriber")
DOCTOR = Asker("A&E doctor", "hospital-epr", "emergency doctor")
SENSITIVE = "9990000093"
DOORS = (
    "_total", "_summary", "pages", "_lastUpdated", "predicates", "_sort", "_include", "_revinclude", "chains", "_has",
    "read", "ETag", "vread", "history", "_id", "errors", "batch", "references", "$everything", "the person",
)  # fmt: skip
PLAINLY = {"Accept-Encoding": "identity"}
"""Compressed answers are padded at random."""
SOME, MANY = 8, length(50, 150)
"""Questions for each door, spread over all: in the default tier, and in the slow one."""
Answer = tuple[int, dict[str, str], bytes]


@asynccontextmanager
async def without(owner: asyncpg.Connection, person: UUID, seen: set[UUID], labels: list[int]) -> AsyncIterator[int]:
    """While it lasts, nothing of the person is held but what is seen; how many rows that leaves out."""
    await owner.execute("create table toldonce.aside as select * from toldonce.resource where false")
    await owner.execute("create table toldonce.aside_history as select * from toldonce.resource_history where false")
    taken = await owner.execute(
        "with out as (delete from toldonce.resource where person = $1 and id <> all($2) returning *) "
        "insert into toldonce.aside select * from out",
        person,
        list(seen),
    )
    await owner.execute(
        "with out as (delete from toldonce.resource_history where person = $1 "
        "and (id <> all($2) or label <> all($3)) returning *) insert into toldonce.aside_history select * from out",
        person,
        list(seen),
        labels,
    )
    try:
        yield int(taken.split()[-1])
    finally:
        await owner.execute("insert into toldonce.resource select * from toldonce.aside")
        await owner.execute("insert into toldonce.resource_history select * from toldonce.aside_history")
        await owner.execute("drop table toldonce.aside, toldonce.aside_history")


async def shown(
    coventry: Neighbourhood, caller: Caller, person: UUID
) -> tuple[set[UUID], list[int], list[tuple[str, UUID]]]:
    """Ids and labels that a caller sees, and one resource of each type."""
    async with coventry.app.state.services.records.consult(Asking(caller, NOW), person) as consultation:
        rows = await consultation.reader.rows(Query())
        labels = list(getattr(consultation.decision, "labels", ()))
    return {row.id for row in rows}, labels, list({row.type: (row.type, row.id) for row in rows}.values())


async def ask(connected: Connected, question: Question) -> list[Answer]:
    """The answer; of a page also the following ones."""
    headers = {**PLAINLY, **dict(question.headers)}
    if question.body is not None:
        answer = await connected.ask("POST", question.path, json=question.body, headers=headers)
    else:
        answer = await connected.ask("GET", question.path, params=list(question.parameters), headers=headers)
    found = [_plain(answer)]
    while question.door in ("pages", "$everything") and len(found) < 4 and answer.status_code == 200:
        following = [link["url"] for link in answer.json().get("link", ()) if link["relation"] == "next"]
        if not following:
            break
        answer = await connected.ask("GET", following[0], headers=PLAINLY)
        found.append(_plain(answer))
    return found


def _plain(answer: Any) -> Answer:
    volatile = {"date", "x-request-id", "x-correlation-id"}
    return (
        answer.status_code,
        {name: value for name, value in answer.headers.items() if name not in volatile},
        answer.content,
    )


def _some(listed: list[Question], most: int) -> list[Question]:
    return [listed[len(listed) * place // most] for place in range(most)] if len(listed) > most else listed


Pairs = list[tuple[Question, list[Answer], list[Answer]]]


async def asked_twice(coventry: Neighbourhood, asker: Asker, number: str, most: int) -> tuple[Pairs, int]:
    person = await coventry.person(number)
    caller = await coventry.as_caller(asker.client, asker.role, asker.purpose)
    seen, labels, examples = await shown(coventry, caller_of(asker), person)
    statement = (await coventry.http.get(f"{coventry.settings.fhir_base}/metadata")).json()
    of = await hidden(coventry.owner, person, seen)
    listed = list(questions(of, examples, statement))
    kept = [one for door in DOORS for one in _some([each for each in listed if each.door == door], most)]
    assert {one.door for one in listed} == set(DOORS)
    with_all = [await ask(caller, one) for one in kept]
    async with without(coventry.owner, person, seen, labels) as taken:
        alone = [await ask(caller, one) for one in kept]
    return list(zip(kept, with_all, alone, strict=True)), taken


@pytest.fixture(scope="module")
async def pairs(coventry: Neighbourhood) -> Pairs:
    found, taken = await asked_twice(coventry, SOCIAL_WORKER, MRS_T, SOME)
    assert taken > 30
    return found


@pytest.mark.parametrize("door", DOORS)
def test_what_may_not_be_seen_changes_no_answer(pairs: Pairs, door: str) -> None:
    asked = [one for one in pairs if one[0].door == door]
    assert asked
    for question, with_all, alone in asked:
        assert with_all == alone, question


def test_every_door_is_tried_and_some_are_open(pairs: Pairs) -> None:
    """So that the above is not true of refusals alone."""
    assert {one.door for one, _, _ in pairs} == set(DOORS)
    fine = Counter(one.door for one, answers, _ in pairs if answers[0][0] == 200)
    assert set(fine) >= {"_total", "pages", "predicates", "_sort", "_include", "$everything", "read"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asker", "number"),
    [(SOCIAL_WORKER, MRS_T), (LINK_WORKER, MRS_T), (DOCTOR, SENSITIVE)],
    ids=["social worker", "link worker", "sensitive"],
)
async def test_no_question_of_all_tells(coventry: Neighbourhood, asker: Asker, number: str) -> None:
    found, taken = await asked_twice(coventry, asker, number, MANY)
    assert taken
    for question, with_all, alone in found:
        assert with_all == alone, question


async def test_what_may_be_seen_does_change_the_answers(coventry: Neighbourhood) -> None:
    """The same deletion, asked by somebody who sees what it takes away."""
    person = await coventry.person(MRS_T)
    doctor = await coventry.as_caller("gp-system")
    seen, labels, _ = await shown(coventry, caller_of(SOCIAL_WORKER), person)
    of = await hidden(coventry.owner, person, seen)
    value = of.values["Condition", "code", "="][0]
    question = Question("predicates", "Condition", [("patient", f"Patient/{person}"), ("code", value)])
    before = await ask(doctor, question)
    async with without(coventry.owner, person, seen, labels):
        assert await ask(doctor, question) != before
    await asyncio.sleep(0)
    assert await ask(doctor, question) == before
