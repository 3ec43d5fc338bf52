"""What a process keeps of facts never outlives them: whatever another one records is obeyed by the very next read.

The people and agreements are those of the sharing tests' worlds. Records that keep facts are held to Records that read
them each time, while the product's own writers change what is recorded on another connection.
"""

import asyncio
import weakref
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product as pairs
from uuid import UUID

import asyncpg
import pytest

from integration.errors import Gone
from integration.record.consult import Consultation, Question
from integration.record.kept_facts import Entry, KeptFacts, Named
from integration.record.reader import AnotherQuestionError, Query
from integration.sharing.facts import Rows
from integration.sharing.policy import Policy
from integration.sharing.request import BreakGlass, Caller, Decision, Facts, Grant, Request
from integration.store.database import Database
from tests.database.keeping_facts import ENTRIES, Kept, compared, everything, opened, write_entry

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy()
STILL = "toldonce.still(uuid, bigint[], timestamptz, uuid[], integer[], timestamptz)"


@pytest.fixture
async def kept(database: Database) -> AsyncIterator[Kept]:
    async with opened(database) as made:
        yield made


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
    decision, rows, _ = await kept.same(asked, person)
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


async def test_one_question_is_a_whole_answer_until_the_directory_changes(kept: Kept) -> None:
    asked, person = await kept.granted_at_once()
    _, rows, directory = await kept.same(asked, person)
    await write_entry(kept.writer, UUID(directory[0].split()[0].decode()), [])
    before, long = kept.keeping.read, kept.keeping.long
    _, same_rows, changed = await kept.same(asked, person)
    assert same_rows == rows
    assert changed != directory
    assert kept.keeping.read == before + 1  # all is read once more
    await kept.same(asked, person)
    assert (kept.keeping.read, kept.keeping.long) == (before + 1, long)


async def test_a_resource_that_refers_to_what_is_not_kept_is_answered_with_it(kept: Kept) -> None:
    asked, person = await kept.granted_at_once()
    new = UUID(int=0xDE)
    await kept.writer.execute("delete from toldonce.directory_resource where id = $1", new)
    await write_entry(kept.writer, new, [])
    await kept.writer.execute("update toldonce.resource set entries = $1", [new])
    before, long = kept.keeping.read, kept.keeping.long
    _, _, directory = await kept.same(asked, person)
    assert directory == [f"{new} 1".encode()]
    assert (kept.keeping.read, kept.keeping.long) == (before, long + 1)
    await kept.same(asked, person)
    assert (kept.keeping.read, kept.keeping.long) == (before, long + 1)


async def test_of_the_directory_as_much_is_kept_as_was_read(kept: Kept) -> None:
    """What is named, and what that names; the entries after these are no part of the answer."""
    asked, person = await kept.granted_at_once()
    await kept.writer.execute("update toldonce.resource set entries = $1", ENTRIES[:1])
    kept.keeping.kept.forget(asked.caller, person)
    for _ in range(2):
        _, _, directory = await kept.same(asked, person)
        assert directory == [f"{id_} 1".encode() for id_ in ENTRIES[:2]]
    before, long = kept.keeping.read, kept.keeping.long
    await kept.same(asked, person)
    assert (kept.keeping.read, kept.keeping.long) == (before, long)


async def test_a_reader_of_one_question_sends_no_other_to_the_server(kept: Kept) -> None:
    asked, person = await kept.granted_at_once()
    sent: list[str] = []
    at_once: list[bool] = []

    async def first(consultation: Consultation) -> None:
        reader = consultation.reader
        at_once.append(reader._at_once)
        with reader._connection.query_logger(lambda query: None if at_once[1:] else sent.append(query.query)):
            await consultation.newest("Encounter")

    async with kept.keeping.reading(asked, person, first):
        pass
    assert at_once == [True, False]
    assert [one for one in sent if "select 1 as told" not in one] == []


async def test_who_is_no_longer_waited_for_is_not_asked_once_more(kept: Kept) -> None:
    asked, person = await kept.granted_at_once()
    begun: list[bool] = []

    async def first(_consultation: Consultation) -> None:
        begun.append(True)
        await asyncio.sleep(30)

    async def ask() -> None:
        async with kept.keeping.reading(asked, person, first):
            raise AssertionError

    task = asyncio.create_task(ask())
    while not begun:
        await asyncio.sleep(0.01)
    await kept.writer.execute("update toldonce.facts set recorded = recorded + interval '1 us'")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert begun == [True]
    await kept.same(asked, person)


async def test_after_a_server_was_put_back_the_same_version_is_not_the_same_entry(kept: Kept) -> None:
    asked, person = await kept.granted_at_once()
    await kept.writer.execute("update toldonce.directory_resource set recorded = clock_timestamp(), body = 'other'")
    _, _, directory = await kept.same(asked, person)
    assert set(directory) == {b"other"}


async def test_a_reader_of_one_question_asks_no_other(kept: Kept) -> None:
    asked, person = await kept.granted_at_once()
    async with kept.keeping.reading(asked, person, everything) as (consultation, _):
        with pytest.raises(AnotherQuestionError):
            await consultation.reader.rows(Query())
        with pytest.raises(AnotherQuestionError):
            await consultation.newest("Encounter")


def test_an_entry_is_held_once_and_no_longer_than_somebody_keeps_it() -> None:
    caller, rows = Caller("client", "X1", "clinician", "TREAT"), Rows([1], MOMENT)
    held = KeptFacts(most=2)
    for number in range(2):
        person = UUID(int=number)
        held.keep(caller, Facts(person, known=True), rows, POLICY, shows_nothing(person))
        held.name(caller, person, Named(ENTRIES[:1], {ENTRIES[0]: Entry(1, MOMENT, (), bytes(9))}))
    assert len(held._entries) == 1
    for number in range(2):
        held.forget(caller, UUID(int=number))
    assert not held._entries


async def test_only_whoever_was_granted_something_is_served_from_what_is_kept(kept: Kept) -> None:
    """So that for others the record takes the same path as that of a person who does not exist."""
    asked, person = await kept.granted()
    stranger = replace(asked, caller=replace(asked.caller, organisation="X9Z"))
    in_emergency = replace(asked, break_glass=BreakGlass("emergency"))
    others = stranger, in_emergency, replace(stranger, break_glass=BreakGlass("emergency"))
    for other, whom in pairs(others, (person, UUID(int=7))):
        before = kept.keeping.read
        await kept.same(other, whom)
        await kept.same(other, whom)
        assert kept.keeping.read == before + 2
    assert kept.keeping.kept.of(stranger.caller, person) is None


async def test_what_was_granted_serves_for_its_day_and_its_policy(kept: Kept) -> None:
    asked, person = await kept.granted()

    async def decided(asked: Question) -> int:
        before = kept.keeping.decided
        await kept.same(asked, person)
        return kept.keeping.decided - before

    read = kept.keeping.read
    assert await decided(asked) == 0
    assert await decided(replace(asked, at=asked.at + timedelta(seconds=1))) == 0
    assert await decided(replace(asked, caller=replace(asked.caller, user="another"))) == 0
    tomorrow = replace(asked, at=asked.at + timedelta(days=1))
    assert [await decided(tomorrow), await decided(tomorrow)] == [1, 0]
    kept.policy[:] = [replace(kept.policy[0])]
    assert [await decided(tomorrow), await decided(tomorrow)] == [1, 0]
    assert kept.keeping.read == read  # from the facts that are kept


async def test_each_read_is_decided_at_its_own_moment_and_by_the_policy_in_force(kept: Kept) -> None:
    asked, person = await kept.granted()
    long_after = replace(asked, at=asked.at + timedelta(days=36500))
    decision, *_ = await kept.same(long_after, person)
    assert not isinstance(decision, Grant)
    assert kept.keeping.kept.of(asked.caller, person) is None  # a Denial is of facts that are read
    await kept.same(asked, person)
    kept.policy[:] = [Policy()]
    decision, rows, _ = await kept.same(asked, person)
    assert not isinstance(decision, Grant)
    assert not rows


@pytest.mark.parametrize("wrong", ["'{}'", "null", "array[0]::bigint[]"])
async def test_nothing_is_shown_to_whoever_does_not_know_the_facts(kept: Kept, wrong: str) -> None:
    _, person = await kept.granted()
    newest: datetime = await kept.writer.fetchval("select max(recorded) from toldonce.facts where person = $1", person)
    assert kept.keeping.ready is not None
    async with kept.keeping.ready.acquire() as connection:
        with pytest.raises(asyncpg.PostgresError) as caught:
            await connection.fetch(f"select toldonce.still($1, {wrong}, $2, '{{}}', '{{}}', null)", person, newest)
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
    may = f"select has_function_privilege($1, '{STILL}', 'execute')"
    roles = await kept.writer.fetch("select rolname from pg_roles where rolname like 'toldonce%' and not rolsuper")
    able = [row["rolname"] for row in roles if await kept.writer.fetchval(may, row["rolname"])]
    assert able == ["toldonce_reader"]
    assert not await kept.writer.fetchval("select has_table_privilege('toldonce_reader', 'toldonce.facts', 'select')")


def shows_nothing(person: UUID) -> Grant:
    return Grant(Request(Caller("client", "X1", "clinician", "TREAT"), person, MOMENT), person, ())


def test_a_policy_that_is_no_longer_in_force_is_not_kept() -> None:
    policy, person = Policy(), UUID(int=1)
    held, caller, gone = KeptFacts(), Caller("client", "X1", "clinician", "TREAT"), weakref.ref(policy)
    held.keep(caller, Facts(person, known=True), Rows([1], MOMENT), policy, shows_nothing(person))
    del policy
    assert gone() is None


def test_what_was_read_longest_ago_is_forgotten() -> None:
    caller, rows = Caller("client", "X1", "clinician", "TREAT"), Rows([1], MOMENT)
    people = [Facts(UUID(int=number), known=True) for number in range(4)]
    held = KeptFacts(most=2)
    held.keep(caller, people[0], rows, POLICY, shows_nothing(people[0].person))
    held.keep(caller, people[1], rows, POLICY, shows_nothing(people[1].person))
    assert held.of(caller, people[0].person)
    held.keep(caller, people[2], rows, POLICY, shows_nothing(people[2].person))
    assert [held.of(caller, one.person) is not None for one in people] == [True, False, True, False]
    assert held.of(replace(caller, role="clerk"), people[0].person) is None
