"""Somebody who records, through the API or on a page: the same rules in the same order.

may this role, on this occasion -> is it sound -> facts, decide: a Grant, or what a read is answered
-> recorded, in one transaction with what the journal notes of it
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from adapters.recorded.records import Author, Json
from adapters.records import LONDON
from integration.errors import BadRequest, Conflict, FhirError, Forbidden, InternalError, Issue, NotFound, Unprocessable
from integration.record.consult import Consultation, Question, Records, refuse
from integration.record.reader import Query, Row
from integration.recording import own_word
from integration.recording.faults import Fault, not_fhir, strange_references
from integration.recording.intent import Intended, Kept, Recording
from integration.recording.kinds import KINDS, Occasion
from integration.recording.recorder import Recorder
from integration.recording.whom import Whom, whom
from integration.sharing.request import Decision, Grant
from integration.store.connection import Connection
from mappings.recorded.flags import EXISTENCE_KEY
from mappings.recorded.vocabulary import is_existence, mended

_MOST_FAULTS = 20
_SEVERAL = "Several people have this NHS number: name the Patient's id."


class Journal(Protocol):
    """Where what comes of a write is noted: the audit. Both return when that is durable."""

    async def kept(self, grant: Grant, intended: Sequence[Intended], kept: Sequence[Kept]) -> None:
        """What is about to be committed, in the same order as it was intended."""

    async def refused(self, decision: Decision, error: FhirError) -> None:
        """That nothing was recorded: because of the decision, or in spite of a Grant because of `error`."""


@dataclass(frozen=True)
class Clerk:
    """Records for one caller, at one moment. `request`: X-Request-ID, where there is one."""

    records: Records
    recorder: Recorder
    question: Question
    journal: Journal
    request: str = ""

    def may_record(self, resource_type: str) -> bool:
        """Whether the agreements let this caller's role record this of those whom it may see."""
        on = self.question.at.astimezone(LONDON).date()
        return self.records.policy().may_record(self.question.caller, KINDS[resource_type].word, on)

    def require_role(self, resource_type: str) -> None:
        """Raise Forbidden unless this caller may record this of anybody at all."""
        if self.question.break_glass:
            raise Forbidden("Nothing is recorded on broken glass: ask for a token without it.")
        if not self.question.caller.user:
            raise Forbidden("Whoever records something is named: ask for a token with a user.")
        if not self.may_record(resource_type):
            raise Forbidden("The agreements do not let this role record this.")

    def require_sound(self, resource_type: str, sent: Json, where: str = "") -> None:
        """Raise with everything that is wrong with a resource: BadRequest where it breaks FHIR, Unprocessable where it
        breaks its profile or a rule of ours. `where`: FHIRPath of what it stands in."""
        if sent.get("resourceType") != resource_type:
            raise BadRequest(f"A {resource_type} is recorded here.", expression=f"{where}resourceType")
        if faults := not_fhir(resource_type, sent):
            raise _error(BadRequest, faults, where)
        occasion = Occasion(self.question.caller.organisation, self.question.at)
        kind = KINDS[resource_type]
        if faults := list(kind.faults(sent, occasion)) or list(strange_references(resource_type, sent, kind.about)):
            raise _error(Unprocessable, faults, where)

    async def permitted(self, about: Whom) -> Grant:
        """What the caller may see of that person. Raises, once it is noted, as a read does: whoever may not be known of
        is not found."""
        async with self._consultations(about) as consultations:
            decisions = [one.decision async for one in consultations]
        granted = [one for one in decisions if isinstance(one, Grant)]
        if len(granted) == 1:
            return granted[0]
        for decision in granted or decisions:
            await self.journal.refused(decision, Conflict(_SEVERAL) if granted else NotFound())
        if granted:
            raise Conflict(_SEVERAL)
        return refuse(decisions[0])

    async def seen(self, resource_type: str, id_: UUID) -> tuple[Grant, Row]:
        """A statement as the caller may see it. Raises, once it is noted, as a read does."""
        async with self.records.consult_about(self.question, resource_type, id_) as consultation:
            rows = await consultation.reader.rows(Query(types=(resource_type,), ids=(id_,)))
        decision = consultation.decision
        if isinstance(decision, Grant) and rows:
            return decision, rows[0]
        await self.journal.refused(decision, NotFound())
        refuse(decision)
        raise NotFound

    async def record(self, grant: Grant, intended: Sequence[Intended]) -> list[Kept]:
        """Record it; what was recorded counts only once it is noted, and what was refused is noted too. Raises
        Forbidden where the caller's organisation would see more for naming itself (`own_word`)."""
        recording = Recording(self._author(), grant.person, self.question.at, self.request, intended)

        async def told(kept: Sequence[Kept]) -> None:
            await self.journal.kept(grant, intended, kept)

        async def known_otherwise(connection: Connection) -> None:
            await own_word.require_more(connection, self.records, self.question, grant.person)

        try:
            claims = own_word.claims(intended, self.question.caller.organisation)
            return await self.recorder.record(recording, told, known_otherwise if claims else None)
        except Exception as error:
            await self.journal.refused(grant, error if isinstance(error, FhirError) else InternalError())
            raise

    async def create(self, resource_type: str, sent: Json, key: str) -> Kept:
        """Record a new statement, by all the steps; `key` as in `new`."""
        self.require_role(resource_type)
        self.require_sound(resource_type, sent)
        grant = await self.permitted(whom(resource_type, sent))
        (kept,) = await self.record(grant, [new(resource_type, sent, key)])
        return kept

    async def update(self, resource_type: str, id_: UUID, sent: Json, version: int) -> Kept:
        """Replace a statement, in the version that its author saw, by all the steps."""
        self.require_role(resource_type)
        self.require_sound(resource_type, sent)
        grant, row = await self.seen(resource_type, id_)
        (kept,) = await self.record(grant, [changed(resource_type, sent, grant, row, version)])
        return kept

    def _author(self) -> Author:
        caller = self.question.caller
        return Author(
            client=caller.client,
            organisation=caller.organisation,
            role=caller.role,
            purpose=caller.purpose,
            user=caller.user,
            authenticated=caller.user_authenticated,
        )

    @asynccontextmanager
    async def _consultations(self, about: Whom) -> AsyncIterator[AsyncIterator[Consultation]]:
        if about.person is None:
            async with self.records.consult_number(self.question, about.number) as each:
                yield each
            return
        async with self.records.consult(self.question, about.person) as consultation:

            async def one() -> AsyncIterator[Consultation]:
                yield consultation

            yield one()


def new(resource_type: str, sent: Json, key: str) -> Intended:
    """A new statement (sound). `key` is the same where the same is said again, and then it is recorded once. There is
    one flag that says that adjustments exist."""
    existence = resource_type == "Flag" and is_existence(mended(sent))
    return Intended("create", resource_type, key=EXISTENCE_KEY if existence else key, resource=sent)


def changed(resource_type: str, sent: Json, grant: Grant, row: Row, version: int) -> Intended:
    """The statement `sent` in place of the one that was seen. Raises BadRequest, Unprocessable where it is another, or
    about another person."""
    if sent.get("id") != str(row.id):
        raise BadRequest("The id in the body is that of the URL.", expression=f"{resource_type}.id")
    if whom(resource_type, sent).person != grant.person:
        text = "Whom it is about cannot be changed; name the Patient as it was read."
        raise Unprocessable(text, expression=f"{resource_type}.{KINDS[resource_type].about}")
    return Intended("update", resource_type, id=row.id, version=version, seen=row.body, resource=sent)


def _error(error: type[BadRequest] | type[Unprocessable], faults: Sequence[Fault], where: str) -> FhirError:
    first, *rest = [Fault(f"{where}{one.expression}", one.text) for one in faults[:_MOST_FAULTS]]
    more = [
        Issue(error.issue_type, error.code, error.display, one.text, expression=one.expression, severity=error.severity)
        for one in rest
    ]
    return error(first.text, expression=first.expression, more=more)
