"""One consultation of one person's record: facts, decision and read in a single REPEATABLE READ transaction. Facts that
are kept from an earlier one are decided from before it begins, and made sure of in it before anything is read; where
one question is all that is asked then, it is the whole transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeGuard, TypeVar
from uuid import UUID
from weakref import ref

import asyncpg

from integration.errors import Forbidden, NotFound
from integration.identity.demographics import Demographics
from integration.identity.lookup import lookup
from integration.record import cohort
from integration.record.kept_facts import Granted, Kept, KeptFacts
from integration.record.reader import AnotherQuestionError, Query, Reader
from integration.record.row_policy import CHANGED
from integration.record.sources import twin
from integration.sharing.decide import Policy, decide
from integration.sharing.facts import (
    ids_of,
    many_facts,
    newest_versions,
    person_of_any_version,
    person_of_resource,
    persons_with_number,
    present_facts,
    with_past_labels,
)
from integration.sharing.opt_outs import is_beyond_care, with_opt_out
from integration.sharing.request import BreakGlass, Caller, Decision, Facts, Grant, Request
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.store.labels import Labels
from integration.store.lending import Lender

NOBODY = UUID(int=0)
CANDIDATES = 10
"""Persons who are consulted when somebody is looked for by demographics; with fewer, nobody is, so that neither how
many there are nor whether the caller may know of them shows in the work done."""
_TOGETHER = 100
"""Of how many persons the facts, and what was announced, are held at once."""
_BEGIN = """
begin isolation level repeatable read read only;
set local role toldonce_facts;
set local plan_cache_mode = force_generic_plan
"""
"""One message to the server, for connections on which no transaction is begun yet (`store.lending`)."""
Found = TypeVar("Found")


@dataclass(frozen=True)
class Question:
    """Who asks, when, and whether in a declared emergency."""

    caller: Caller
    at: datetime
    break_glass: BreakGlass | None = None


@dataclass(frozen=True)
class Consultation:
    """What was decided, and the reader that obeys it."""

    decision: Decision
    reader: Reader
    by_person: bool = True
    """Whether a person was named, and not one of the resources about them."""

    async def newest(self, resource_type: str) -> dict[UUID, int]:
        """The number of the newest version of each of the person's resources of this type, whoever may see it."""
        return await self.reader.aside(lambda connection, person: newest_versions(connection, person, resource_type))


First = Callable[[Consultation], Awaitable[Found]]
"""What is done with a consultation first of all, and may be done more than once: it reads, and leaves nothing behind.
If the reader is to be asked more afterwards, it says so (`Reader.go_on`)."""


def refuse(decision: Decision) -> Grant:
    """The Grant, or the error that a Denial is answered with."""
    if isinstance(decision, Grant):
        return decision
    raise NotFound if decision.not_found else Forbidden(decision.public)


@dataclass
class Records:
    """The way into the record for everything that answers callers."""

    pool: asyncpg.Pool
    policy: Callable[[], Policy]
    """The agreements in force; asked anew for each consultation."""
    labels: Labels = field(default_factory=Labels)
    begun: Lender | None = None
    """Connections on which a transaction is begun already, to consult records on; without them those of `pool`."""
    ready: Lender | None = None
    """Others in the reader's role, outside of any, to answer on facts that are kept; without them none are kept."""
    kept: KeptFacts = field(default_factory=KeptFacts)

    @asynccontextmanager
    async def consult(self, question: Question, person: UUID, *, ever: bool = False) -> AsyncIterator[Consultation]:
        """Consult the record of a person, present or former id. A person who does not exist takes the same path.
        `ever`: what the record held before as well (`record.history`)."""
        async with self._transaction() as connection:
            yield await self._decided(connection, question, person, ever=ever)

    @asynccontextmanager
    async def reading(
        self, question: Question, person: UUID, first: First[Found]
    ) -> AsyncIterator[tuple[Consultation, Found]]:
        """As `consult`, with what `first` found, which asks the reader. Where facts of the person are kept they are not
        read; if the statement that reads then finds that they are not the present ones, all is done once more."""
        async with AsyncExitStack() as transaction:
            found = await self._from_kept(transaction, question, person, first)
            yield found or await self._from_read(transaction, question, person, first)

    @asynccontextmanager
    async def consult_about(self, question: Question, resource_type: str, id_: UUID) -> AsyncIterator[Consultation]:
        """Consult the record of whoever a resource is about."""
        async with self._transaction() as connection:
            about = await person_of_resource(connection, resource_type, id_)
            if (
                resource_type == "Provenance"
            ):  # that of a golden Patient's elements is not stored, and known by its twin
                stated = await person_of_resource(connection, "Patient", twin(id_))
                about = about or stated
            by_person = about is None and resource_type == "Patient"
            person = about or (id_ if by_person else NOBODY)
            yield replace(await self._decided(connection, question, person), by_person=by_person)

    @asynccontextmanager
    async def consult_versions(self, question: Question, resource_type: str, id_: UUID) -> AsyncIterator[Consultation]:
        """Consult the record of whoever a resource is about, or was before it was deleted."""
        async with self._transaction() as connection:
            about = await person_of_any_version(connection, resource_type, id_)
            if resource_type == "Provenance":  # as above
                about = about or await person_of_any_version(connection, "Patient", twin(id_))
            by_person = about is None and resource_type == "Patient"
            person = about or (id_ if by_person else NOBODY)
            yield replace(await self._decided(connection, question, person, ever=True), by_person=by_person)

    @asynccontextmanager
    async def consult_number(
        self, question: Question, number: str, *, ever: bool = False
    ) -> AsyncIterator[AsyncIterator[Consultation]]:
        """Consult, one after the other, the records of those of whom a source states this NHS number."""
        async with self._transaction() as connection:
            persons = await persons_with_number(connection, number) or [NOBODY]

            async def each() -> AsyncIterator[Consultation]:
                for person in persons:
                    await act_as(connection, "toldonce_facts")
                    yield await self._decided(connection, question, person, ever=ever)

            yield each()

    @asynccontextmanager
    async def consult_many(
        self, question: Question, persons: Sequence[UUID], announced: Sequence[Query] = ()
    ) -> AsyncIterator[AsyncIterator[Consultation]]:
        """Consult, one after the other, the records of these persons (present or former ids), in their order: one
        Consultation for each, the next when the one before is done with. A person who does not exist, and one who may
        not be known of, is a Denial like another. `announced`: queries, of types and tokens alone, that will be asked
        of each; they are then answered for many together (`record.cohort`), and as they would be for each alone."""
        async with self._transaction() as connection:

            async def each() -> AsyncIterator[Consultation]:
                for start in range(0, len(persons), _TOGETHER):
                    decisions = await self._decisions(connection, question, persons[start : start + _TOGETHER])
                    readers = await cohort.announced(connection, decisions, announced)
                    for decision, reader in zip(decisions, readers, strict=True):
                        yield Consultation(decision, reader)

            yield each()

    @asynccontextmanager
    async def consult_like(self, question: Question, who: Demographics) -> AsyncIterator[AsyncIterator[Consultation]]:
        """Consult, one after the other, the records of those whom these demographics may mean."""
        async with self._transaction() as connection:
            await act_as(connection, "toldonce_matcher")
            persons = await lookup(connection, who, CANDIDATES)

            async def each() -> AsyncIterator[Consultation]:
                for person in [*persons, *(NOBODY for _ in range(CANDIDATES - len(persons)))]:
                    await act_as(connection, "toldonce_facts")
                    yield await self._decided(connection, question, person)

            yield each()

    async def _decisions(self, connection: Connection, question: Question, persons: Sequence[UUID]) -> list[Decision]:
        """As `_decided` decides of each, from the facts of all."""
        await act_as(connection, "toldonce_facts")
        policy, decisions = self.policy(), []
        for said in await many_facts(connection, self.labels, persons):
            facts = await with_opt_out(connection, said, question.caller, policy, question.at)
            decisions.append(self._decide(question, facts, policy))
        return decisions

    def _decide(self, question: Question, facts: Facts, policy: Policy) -> Decision:
        return decide(Request(question.caller, facts.person, question.at, question.break_glass), facts, policy)

    def _decide_from_kept(self, question: Question, kept: Kept, policy: Policy) -> Decision:
        """As `_decide`; where the same was decided earlier in the day, by that."""
        request = Request(question.caller, kept.facts.person, question.at, question.break_glass)
        if (grant := kept.granted_before(request, policy)) is not None:
            return grant
        decision = self._decide(question, kept.facts, policy)
        if isinstance(decision, Grant):
            kept.granted = Granted(ref(policy), decision)
        return decision

    async def ids_of(self, person: UUID) -> list[UUID]:
        """Every id that means the same person as this one."""
        async with self._transaction() as connection:
            return await ids_of(connection, [person])

    async def directory_entry(self, resource_type: str, id_: UUID) -> bytes | None:
        """An organisation, practitioner or place: about nobody's care, so no Grant is needed."""
        async with self._transaction() as connection:
            await act_as(connection, "toldonce_reader")
            body: bytes | None = await connection.fetchval(
                "select body from toldonce.directory_resource where id = $1 and type = $2", id_, resource_type
            )
            return body

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        """A connection in a REPEATABLE READ transaction that only reads, in the facts' role."""
        if self.begun is not None:
            async with self.begun.acquire() as connection:
                yield connection
            return
        async with self.pool.acquire() as connection:
            try:
                await connection.execute(_BEGIN)
                yield connection
            finally:
                await connection.execute("rollback")

    async def _from_kept(
        self,
        transaction: AsyncExitStack,
        question: Question,
        person: UUID,
        first: First[Found],
    ) -> tuple[Consultation, Found] | None:
        """What `first` finds with a Grant from facts that are kept, in a transaction that `transaction` then ends. None
        where none are kept, or they are not the present ones, or grant nothing any more."""
        policy, caller = self.policy(), question.caller
        kept = self.kept.of(caller, person)
        if self.ready is None or kept is None or question.break_glass or is_beyond_care(caller, policy):
            return None
        decision = self._decide_from_kept(question, kept, policy)
        try:
            if isinstance(decision, Grant):
                if kept.named is not None:
                    with suppress(AnotherQuestionError):
                        return await _at_once(self.ready, decision, kept, first)
                answer = await self._in_transaction(transaction, self.ready, decision, kept, first)
                self.kept.name(caller, person, answer[0].reader.named)
                return answer
        except asyncpg.PostgresError as error:
            if error.sqlstate != CHANGED:
                raise
        self.kept.forget(caller, person)
        return None

    async def _in_transaction(
        self, transaction: AsyncExitStack, lender: Lender, decision: Grant, kept: Kept, first: First[Found]
    ) -> tuple[Consultation, Found]:
        """What `first` finds with as many questions as it has, in a transaction that `transaction` then ends."""
        async with AsyncExitStack() as begun:
            connection = await begun.enter_async_context(lender.acquire())
            await connection.execute("begin")
            answer = await _first_of_all(Reader(connection, decision, kept), decision, first)
            transaction.push_async_exit(begun.pop_all())
            return answer

    async def _from_read(
        self,
        transaction: AsyncExitStack,
        question: Question,
        person: UUID,
        first: First[Found],
    ) -> tuple[Consultation, Found]:
        connection = await transaction.enter_async_context(self._transaction())
        consultation = await self._decided(connection, question, person)
        found = await first(consultation)
        self.kept.name(question.caller, person, consultation.reader.named)
        return consultation, found

    async def _decided(
        self, connection: Connection, question: Question, person: UUID, *, ever: bool = False
    ) -> Consultation:
        policy = self.policy()
        more = ever or is_beyond_care(question.caller, policy)
        facts, rows = await present_facts(connection, self.labels, person, then=None if more else "toldonce_reader")
        if more:
            facts = await with_past_labels(connection, self.labels, facts) if ever else facts
            facts = await with_opt_out(connection, facts, question.caller, policy, question.at)
            await act_as(connection, "toldonce_reader")
        decision = self._decide(question, facts, policy)
        if rows and self.ready and not more and _may_be_kept(decision, question):
            self.kept.keep(question.caller, facts, rows, policy, decision)
        return Consultation(decision, Reader(connection, decision))


async def _at_once(lender: Lender, decision: Grant, kept: Kept, first: First[Found]) -> tuple[Consultation, Found]:
    """What `first` finds with one question. Raises AnotherQuestionError when that is not enough."""
    async with lender.acquire() as connection:
        return await _first_of_all(Reader(connection, decision, kept, at_once=True), decision, first)


async def _first_of_all(reader: Reader, decision: Grant, first: First[Found]) -> tuple[Consultation, Found]:
    consultation = Consultation(decision, reader)
    try:
        found = await first(consultation)
    except Exception:
        await reader.tell()  # nothing holds, an error neither, before the facts are known to be present
        raise
    await reader.tell()
    return consultation, found


def _may_be_kept(decision: Decision, question: Question) -> TypeGuard[Grant]:
    """Whether the facts may serve the next question: from somebody who may see something without an emergency."""
    return isinstance(decision, Grant) and question.break_glass is None
