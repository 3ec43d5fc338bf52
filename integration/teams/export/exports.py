"""What exports are made with, and of whom an export may hold something at a moment."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from integration.audit.access import Access, Account
from integration.audit.alerts import SELF_CLAIMED
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.record.consult import Consultation, Question, Records
from integration.record.since import Then, then_of
from integration.sharing.facts import persons_of
from integration.sharing.pseudonyms import Pseudonyms, pseudonyms
from integration.sharing.request import Caller, Client, Grant
from integration.sharing.rules import BEYOND_CARE
from integration.store.connection import Connection
from integration.teams.caseloads import caseload
from integration.teams.caseloads.register import on_which
from integration.teams.export.jobs import Job, Planned, exporter, is_planned
from integration.teams.export.lines import Asked


@dataclass(frozen=True)
class Exports:
    """The way to exports for whoever takes orders, writes them or hands them out; `main.py` wires it once."""

    pool: asyncpg.Pool
    records: Records
    audit: AuditLog
    clients: Callable[[], Mapping[str, Client]]
    pseudonym_secret: bytes
    kept_for: timedelta
    clock: Callable[[], datetime]

    def asked(self, job: Job) -> Asked:
        """What of each person's record an export holds."""
        return Asked(job.order.types, self.names(job.order.caller))

    def names(self, caller: Caller) -> Pseudonyms | None:
        """The pseudonyms by which this caller knows people; None for whoever asks for care."""
        purpose = self.records.policy().purposes.get(caller.purpose)
        if purpose is None or purpose.kind != BEYOND_CARE:
            return None
        return pseudonyms(self.pseudonym_secret, caller.organisation)

    def may_still_ask(self, caller: Caller) -> bool:
        """Whether the client is registered to ask like this, now."""
        client = self.clients().get(caller.client)
        return client is not None and client.may_ask_as(caller)


@dataclass(frozen=True)
class Consulted:
    """One of the people of an export, as consulted at this moment; `grant` None: nothing of them is handed out."""

    planned: Planned
    consultation: Consultation
    question: Question
    grant: Grant | None


@asynccontextmanager
async def consulted(exports: Exports, job: Job, people: Sequence[Planned]) -> AsyncIterator[AsyncIterator[Consulted]]:
    """Ask of each of these people anew, in their order and in one transaction, whether the caller may see them now and
    whether they are on the caseload now; who has become somebody else is left to that person's own place."""
    question = Question(job.order.caller, exports.clock())
    async with exports.records.consult_many(question, [one.person for one in people]) as each:

        async def walk() -> AsyncIterator[Consulted]:
            members: Collection[UUID] | None = None
            place = iter(people)
            async for consultation in each:
                planned, decision = next(place), consultation.decision
                if members is None and isinstance(decision, Grant):
                    members = await _still_on(consultation, job, people)
                grant = decision if isinstance(decision, Grant) and decision.person in (members or ()) else None
                if grant and grant.person != planned.person:
                    async with exporter(exports.pool) as connection:
                        grant = None if await is_planned(connection, job, grant.person) else grant
                yield Consulted(planned, consultation, question, grant)

        yield walk()


async def _still_on(consultation: Consultation, job: Job, people: Sequence[Planned]) -> Collection[UUID]:
    """Who is on the caseload of an export now, by present id; nobody where it is no longer the organisation's."""

    async def ask(connection: Connection, _person: UUID) -> Collection[UUID]:
        described = await caseload(connection, job.order.caseload)
        if described is None or job.order.caller.organisation not in described.organisations:
            return ()
        present = await persons_of(connection, [one.person for one in people])
        memberships = await on_which(connection, list(present.values()))
        return {one.person for one in memberships if one.caseload == described.id}

    return await consultation.reader.aside(ask)


async def moment_of(exports: Exports, job: Job) -> Then | None:
    """The moment from which on an export holds changes, where it was ordered so."""
    since = job.order.since
    return await then_of(exports.records, since) if since else None


def event(job: Job, route: str, one: Consulted, counts: Mapping[str, int]) -> Access:
    """The audit event of one person of an export: what was decided, and what of theirs it holds."""
    question, decision = one.question, one.consultation.decision
    granted = isinstance(decision, Grant)
    details = [("export", str(job.id))]
    if isinstance(decision, Grant) and decision.self_claimed:
        details.append(SELF_CLAIMED)
    return Access(
        when=question.at,
        kind=Kind.EXPORT,
        interaction="operation",
        route=route,
        outcome=Outcome.SUCCESS if granted else Outcome.SERIOUS_FAILURE,
        caller=question.caller,
        person=decision.person if isinstance(decision, Grant) else decision.request.person,
        target=f"Group/{job.order.caseload}",
        decision=Account.of(decision),
        counts=counts,
        details=details,
    )
