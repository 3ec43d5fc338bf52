"""Somebody adds a person to a caseload, or ends that: who may, and the transaction in which it happens.

may this organisation, on this caseload -> facts, decide: a Grant, or what a read is answered
-> added or ended, in one transaction with what is noted of it; the next read obeys
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from integration.errors import Forbidden, NotFound, Unprocessable
from integration.record.consult import Question, Records
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Decision, Grant
from integration.store.database import act_as
from integration.teams.caseloads import membership, register
from integration.teams.caseloads.document import Caseload
from integration.teams.caseloads.membership import Place

ENDED = {
    "no-longer-needed": "What the team could do is done",
    "declined": "The person does not want it",
    "moved": "The person has moved away",
    "died": "The person has died",
    "added-in-error": "The person should not have been added",
}
"""Why a membership is ended by hand. A rule does not put back whom somebody took off."""
OWN_WORD = (
    "Your organisation's relationship with this person rests on nothing but its own word, which cannot be renewed by a "
    "caseload of its own: somebody else who looks after them has to add them."
)
Told = Callable[[Decision, UUID], Awaitable[None]]
"""What is noted before it counts: the decision, and whom it is about."""


def require_care(policy: Policy, caller: Caller) -> None:
    """Raise Forbidden unless the caller asks for somebody's care: nothing else needs to know who is looked after."""
    purpose = policy.purposes.get(caller.purpose)
    if purpose is None or purpose.kind != "care":
        raise Forbidden("Caseloads are for care: ask for a token with a purpose of that kind.")


@dataclass(frozen=True)
class Keeper:
    """Keeps caseloads. `pool`: connections of the worker's login, which no read uses; `secret`: that of ids."""

    pool: asyncpg.Pool
    records: Records
    secret: bytes

    async def add(self, question: Question, id_: str, person: UUID, reason: str, told: Told) -> bool:
        """Add a person for one of the caseload's reasons; False when they are on it already by this organisation's
        word. `told` hears the decision, a Denial too, and returns when that is durable. Raises NotFound where the
        caseload or the person is not for the caller, Forbidden, Unprocessable, Conflict."""
        caseload = await self._addressed(id_)
        caller = question.caller
        if caseload is None or caller.organisation not in (*caseload.organisations, *caseload.referrers):
            raise NotFound
        self._require_carer(question)
        if reason not in caseload.by_hand:
            raise Unprocessable(f"Say why, as one of: {', '.join(caseload.by_hand) or 'nobody is added by hand'}.")
        decision = await self._decided(question, person)
        if isinstance(decision, Grant) and decision.self_claimed and caller.organisation in caseload.organisations:
            raise Forbidden(OWN_WORD)
        known = await _known(decision, told)
        place = Place(known, caller.organisation, reason, by_rule=False, added_by=caller.user)
        async with self.pool.acquire() as connection, connection.transaction():
            new = await membership.add(connection, self.secret, caseload, [place], question.at)
            await told(decision, place.person)
        return bool(new)

    async def end(self, question: Question, id_: str, person: UUID, why: str, told: Told) -> bool:
        """End a person's membership, however it came about; False when there is none. As `add` otherwise."""
        caseload = await self._addressed(id_)
        if caseload is None or question.caller.organisation not in caseload.organisations:
            raise NotFound
        self._require_carer(question)
        if why not in ENDED:
            raise Unprocessable(f"Say why, as one of: {', '.join(ENDED)}.")
        decision = await self._decided(question, person)
        known = await _known(decision, told)
        async with self.pool.acquire() as connection, connection.transaction():
            ended = await membership.end(connection, caseload, [known], (question.caller.user, why), question.at)
            await told(decision, known)
        return bool(ended)

    def _require_carer(self, question: Question) -> None:
        """Raise Forbidden unless the caller, by role and name, may decide who is looked after."""
        policy = self.records.policy()
        role = policy.roles.get(question.caller.role)
        require_care(policy, question.caller)
        if question.break_glass or role is None or not role.clinical_or_care:
            raise Forbidden("Who is on a caseload is decided in a clinical or care role, without breaking the glass.")
        if not question.caller.user:
            raise Forbidden("Whoever changes a caseload is named: ask for a token with a user.")

    async def _addressed(self, id_: str) -> Caseload | None:
        async with self.records.pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_facts")
            return await register.caseload(connection, id_)

    async def _decided(self, question: Question, person: UUID) -> Decision:
        async with self.records.consult(question, person) as consultation:
            return consultation.decision


async def _known(decision: Decision, told: Told) -> UUID:
    """Whom the caller may know of. A Denial is noted, and answered as a person who does not exist."""
    if isinstance(decision, Grant):
        return decision.person
    await told(decision, decision.request.person)
    raise NotFound
