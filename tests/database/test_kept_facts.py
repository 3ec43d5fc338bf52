"""What a process keeps of facts never outlives them: whatever another one records is obeyed by the very next read.

The people and agreements are those of the sharing tests' worlds. Records that keep facts are held to Records that read
them each time, while the product's own writers change what is recorded on another connection.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import product as pairs
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from integration.errors import Gone
from integration.identity import moving
from integration.record.consult import Consultation, Question, Records
from integration.record.kept_facts import KeptFacts
from integration.record.reader import Query, Row
from integration.sharing.agreements import load
from integration.sharing.facts import Rows
from integration.sharing.policy import Policy
from integration.sharing.request import BreakGlass, Caller, Choice, Decision, Evidence, Facts, Grant
from integration.store import facts as writing
from integration.store.database import Database, _prepare
from integration.store.labels import Labels
from tests.sharing import stored
from tests.sharing.facts import Question as Asked
from tests.sharing.facts import World
from tests.sharing.worlds import world

STANDING = "select * from toldonce.facts where until = 'infinity' order by id"
Seen = tuple[Decision, list[Row]]


class Counting(Records):
    """Records that count how often the facts were read."""

    read = 0

    async def _decided(self, *args: Any, **named: Any) -> Consultation:
        self.read += 1
        return await super()._decided(*args, **named)


@dataclass
class Kept:
    """Records that keep facts, others that do not, and the connection of whoever writes."""

    keeping: Counting
    reading: Records
    writer: asyncpg.Connection
    policy: list[Policy] = field(default_factory=list)

    async def same(self, asked: Question, person: UUID) -> Seen:
        """What both answer, which is the same."""
        kept, read = await seen(self.keeping, asked, person), await seen(self.reading, asked, person)
        assert kept == read
        return kept

    async def live_in(self, one: World) -> None:
        """Its people and agreements instead of whatever was there."""
        await stored.forget(self.writer)
        await stored.store(self.writer, Labels(), [one])
        self.policy[:] = [Policy.of(load(msgspec.json.encode(one.document).decode()))]

    async def granted(self) -> tuple[Question, UUID]:
        """A question that shows something without an emergency, in the first world where there is one."""
        for seed in range(1, 50):
            one = world(seed, 40)
            await self.live_in(one)
            for question in one.questions:
                asked = in_words_of_the_product(question)
                decision, rows = await self.same(asked, question.person)
                if isinstance(decision, Grant) and rows and not question.glass and not decision.pseudonymise:
                    return asked, question.person
        raise AssertionError("no world shows anything")


@pytest.fixture
async def kept(database: Database) -> AsyncIterator[Kept]:
    async with opened(database) as made:
        yield made


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[Kept]:
    policy: list[Policy] = []
    reading = database.reading(1), database.reading(1, "toldonce_reader")
    async with database.pool("toldonce_api", size=1) as pool, reading[0] as begun, reading[1] as ready:
        writer = await asyncpg.connect(database.owner_url)
        await _prepare(writer)
        keeping = Counting(pool, lambda: policy[0], begun=begun, ready=ready)
        yield Kept(keeping, Records(pool, lambda: policy[0], begun=begun), writer, policy)
        await writer.close()


def in_words_of_the_product(question: Asked) -> Question:
    caller = Caller("client", question.organisation, question.role, question.purpose, "user")
    glass = BreakGlass(question.glass.reason, "", question.glass.declared) if question.glass else None
    return Question(caller, question.at, glass)


async def seen(records: Records, asked: Question, person: UUID) -> Seen:
    async with records.reading(asked, person, _rows) as (consultation, rows):
        return consultation.decision, rows


async def _rows(consultation: Consultation) -> list[Row]:
    return await consultation.reader.rows(Query(), directory=True)


async def change(writer: asyncpg.Connection, random: Random, one: World) -> None:
    """Something else is recorded of somebody, by the writers that the product has."""
    rows = await writer.fetch(STANDING)
    row = random.choice(rows)
    async with writer.transaction():
        if random.random() < 0.2:
            source = await writer.fetchrow("select id, person from toldonce.source_patient where key = $1", row[1])
            other = random.choice(one.people).id
            if other != source["person"]:
                await moving.move(writer, {source["id"]: other}, {})
            return
        said = writing.SourceFacts(
            row["source_patient"],
            row["person"],
            row["labels"],
            msgspec.convert(row["evidence"], list[Evidence]),
            msgspec.convert(row["choices"], list[Choice]),
            row["restricted"],
        )
        lent = random.choice(rows)
        match random.randrange(4):
            case 0:
                said = replace(
                    said, evidence=[] if said.evidence else msgspec.convert(lent["evidence"], list[Evidence])
                )
            case 1:
                said = replace(said, choices=[] if said.choices else msgspec.convert(lent["choices"], list[Choice]))
            case 2:
                said = replace(said, restricted=not said.restricted)
            case _:
                said = replace(said, labels=said.labels[1:])
        await writing.replace(writer, [said])


async def compared(kept: Kept, seeds: range, changes: int) -> tuple[int, int]:
    """How many reads of many were answered without reading the facts, and of how many the answer was another one than
    before; whatever changes in between, both Records answer the same."""
    asked_in_all = changed = 0
    for seed in seeds:
        random, one = Random(seed), world(seed, 12)
        await kept.live_in(one)
        asking = [(in_words_of_the_product(question), question.person) for question in one.questions]
        before = [await kept.same(*each) for each in asking]
        for _ in range(changes):
            await change(kept.writer, random, one)
            again = [await kept.same(*each) for each in asking]
            asked_in_all += len(asking)
            changed += sum(new != old for new, old in zip(again, before, strict=True))
            before = again
    return asked_in_all - kept.keeping.read, changed


async def test_whatever_is_recorded_meanwhile_kept_facts_decide_and_show_as_those_that_are_read(kept: Kept) -> None:
    saved, changed = await compared(kept, range(1, 4), 5)
    assert saved > 0
    assert changed > 5


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_same_in_many_worlds(kept: Kept) -> None:
    saved, changed = await compared(kept, range(100, 114), 8)
    assert saved > 50
    assert changed > 100


async def test_of_a_restriction_recorded_elsewhere_the_next_read_knows(kept: Kept) -> None:
    asked, person = await kept.granted()
    await kept.same(asked, person)
    before = kept.keeping.read
    await kept.same(asked, person)
    assert kept.keeping.read == before  # what is kept serves
    await kept.writer.execute("update toldonce.facts set until = now() where person = $1", person)
    decision, rows = await kept.same(asked, person)
    assert not isinstance(decision, Grant)
    assert not rows
    assert kept.keeping.kept.of(asked.caller, person) is None
    before = kept.keeping.read
    await kept.same(asked, person)
    assert kept.keeping.read == before + 1  # a person who is not known of is not kept


async def test_an_error_and_an_answer_without_a_question_wait_for_the_facts_as_well(kept: Kept) -> None:
    asked, person = await kept.granted()
    await kept.writer.execute("update toldonce.facts set until = now() where person = $1", person)
    decisions: list[Decision] = []

    async def gone(consultation: Consultation) -> None:
        decisions.append(consultation.decision)
        if isinstance(consultation.decision, Grant):
            raise Gone("of the Grant that is no more")

    async with kept.keeping.reading(asked, person, gone) as (consultation, _):
        assert not isinstance(consultation.decision, Grant)
    assert [isinstance(one, Grant) for one in decisions] == [True, False]


async def test_only_whoever_was_granted_something_is_served_from_what_is_kept(kept: Kept) -> None:
    """So that for others the record takes the same path as that of a person who does not exist."""
    asked, person = await kept.granted()
    stranger = replace(asked, caller=replace(asked.caller, organisation="X9Z"))
    in_emergency = replace(asked, break_glass=BreakGlass("emergency"))
    for other, whom in pairs((stranger, in_emergency), (person, UUID(int=7))):
        before = kept.keeping.read
        await kept.same(other, whom)
        await kept.same(other, whom)
        assert kept.keeping.read == before + 2


async def test_each_read_decides_anew(kept: Kept) -> None:
    """At its own moment, and by the policy in force."""
    asked, person = await kept.granted()
    long_after = replace(asked, at=asked.at + timedelta(days=36500))
    decision, _ = await kept.same(long_after, person)
    assert not isinstance(decision, Grant)
    await kept.same(asked, person)
    kept.policy[:] = [Policy()]
    decision, rows = await kept.same(asked, person)
    assert not isinstance(decision, Grant)
    assert not rows


@pytest.mark.parametrize("wrong", ["'{}'", "null", "array[0]::bigint[]"])
async def test_nothing_is_shown_to_whoever_does_not_know_the_facts(kept: Kept, wrong: str) -> None:
    _, person = await kept.granted()
    newest: datetime = await kept.writer.fetchval("select max(recorded) from toldonce.facts where person = $1", person)
    assert kept.keeping.ready is not None
    async with kept.keeping.ready.acquire() as connection:
        with pytest.raises(asyncpg.PostgresError) as caught:
            await connection.fetch(f"select toldonce.still($1, {wrong}, $2)", person, newest)
    assert caught.value.sqlstate == "TO001"
    assert str(person) not in str(caught.value)


async def test_after_a_server_was_put_back_the_same_number_is_not_the_same_fact(kept: Kept) -> None:
    asked, person = await kept.granted()
    await kept.same(asked, person)
    before = kept.keeping.read
    await kept.writer.execute("update toldonce.facts set recorded = recorded + interval '1 us'")
    await kept.same(asked, person)
    assert kept.keeping.read == before + 1


async def test_only_the_reader_may_ask_whether_facts_are_still_so(kept: Kept) -> None:
    may = "select has_function_privilege($1, 'toldonce.still(uuid, bigint[], timestamptz)', 'execute')"
    roles = await kept.writer.fetch("select rolname from pg_roles where rolname like 'toldonce%' and not rolsuper")
    able = [row["rolname"] for row in roles if await kept.writer.fetchval(may, row["rolname"])]
    assert able == ["toldonce_reader"]
    assert not await kept.writer.fetchval("select has_table_privilege('toldonce_reader', 'toldonce.facts', 'select')")


def test_what_was_read_longest_ago_is_forgotten() -> None:
    caller, rows = Caller("client", "X1", "clinician", "TREAT"), Rows([1], datetime(2026, 1, 1, tzinfo=UTC))
    people = [Facts(UUID(int=number), known=True) for number in range(4)]
    held = KeptFacts(most=2)
    held.keep(caller, people[0], rows)
    held.keep(caller, people[1], rows)
    assert held.of(caller, people[0].person)
    held.keep(caller, people[2], rows)
    assert [held.of(caller, one.person) is not None for one in people] == [True, False, True, False]
    assert held.of(replace(caller, role="clerk"), people[0].person) is None
