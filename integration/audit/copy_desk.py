"""Making a person's copy of their record (`audit.subject_access`), audited before it is handed out: for the command,
and for pages of the console.

It is read as everything is: with a Grant, in the name of whoever makes it. Nobody sees more for making such a copy,
least of all an information governance officer.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

import asyncpg
import orjson

from integration.audit.glance import newest
from integration.audit.subject_access import NOT_TOLD, Copy, Held, Replaced, Seen
from integration.audit.who_saw import about, letter, report, sentences
from integration.errors import NotPossible
from integration.identity.demographics import is_nhs_number
from integration.record.consult import NOBODY, Consultation, Question, Records, refuse
from integration.record.history import versions
from integration.record.longitudinal import all_pages, longitudinal
from integration.record.reader import Query
from integration.sharing.facts import ids_of, persons_with_number
from integration.sharing.policy import Policy
from integration.sharing.request import Decision, Grant, Label
from integration.store.connection import Connection
from integration.store.database import act_as

MOST = 100_000
"""Accesses that are listed one by one; what the person is told counts all of them."""
_PIECE = 500
Tell = Callable[[Decision, Mapping[str, int]], Awaitable[None]]
"""Audits what was decided, and how many resources of each type are handed out."""


class _Found(NamedTuple):
    decision: Decision
    persons: Sequence[UUID]
    """Every id that is the person's."""
    held: Sequence[Held] = ()
    replaced: Sequence[Replaced] = ()


@dataclass(frozen=True)
class CopyDesk:
    """What makes copies. `pool`: connections as `toldonce_api`."""

    pool: asyncpg.Pool
    records: Records
    tell: Tell

    async def person(self, number: str) -> UUID:
        """The one person with this NHS number, or nobody. A copy of two people's records for one of them would be a
        breach. Raises NotPossible."""
        if not is_nhs_number(number):
            raise NotPossible("That is not an NHS number: it has ten digits, the last of which checks the others.")
        async with self.pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_facts")
            persons = await persons_with_number(connection, number)
        if len(persons) > 1:
            raise NotPossible("Several people are stated to have this number: settle first who is who.")
        return persons[0] if persons else NOBODY

    async def copy(self, question: Question, person: UUID, *, accesses: bool) -> Copy:
        """The copy, audited; with who has seen the record (`accesses`) for somebody who may read the access log. Raises
        what a refusal is answered with, audited too, and NotPossible for a purpose beyond care."""
        policy, who = self.records.policy(), question.caller
        found = await self._read(question, person)
        counts = Counter(one.resource["resourceType"] for one in found.held)
        seen = None
        if accesses and isinstance(found.decision, Grant):
            seen = await self._seen(found.persons, policy, question.at)
            counts["AuditEvent"] += len(seen.accesses)
        await self.tell(found.decision, counts)
        grant = refuse(found.decision)
        if grant.pseudonymise:
            raise NotPossible("A person's own copy is not for a purpose beyond care.")
        return Copy(
            made=question.at,
            reviewer=f"{who.user}, {who.role}, {policy.name(who.organisation)}",
            held=found.held,
            replaced=found.replaced,
            withheld=grant.announced,
            seen=seen,
            names=policy.agreements.names,
            purposes=policy.purpose_names,
        )

    async def _read(self, question: Question, person: UUID) -> _Found:
        async with self.records.consult(question, person, ever=True) as consultation:
            decision, reader = consultation.decision, consultation.reader
            ids = await reader.aside(lambda on, person: ids_of(on, [person]))
            if not isinstance(decision, Grant):  # the same is read of whoever may not be known of
                await reader.rows(Query(limit=_PIECE), directory=True)
                return _Found(decision, ids)
            held = await self._held(consultation, decision)
            types = {one.resource["resourceType"] for one in held} - NOT_TOLD
            return _Found(decision, ids, held, await _replaced(consultation, sorted(types)))

    async def _held(self, consultation: Consultation, grant: Grant) -> list[Held]:
        """Every entry that they may see, with whose word it is."""
        reader, query = consultation.reader, Query(limit=_PIECE)
        held: list[Held] = []
        async for page in all_pages(reader, grant, query, await longitudinal(reader, grant, query, sources=True)):
            labels = {
                one.id: one for one in await reader.aside(partial(self._labels, {row.label for row in page.rows}))
            }
            held += [Held(page.patient.resource)] if page.patient else []
            held += [Held(row.resource(), labels[row.label], row.feed) for row in page.rows]
            held += [Held(one) for one in page.sources]
            held += [Held(orjson.loads(entry)) for entry in page.directory]
        return held

    async def _labels(self, ids: set[int], connection: Connection, _person: UUID) -> tuple[Label, ...]:
        return await self.records.labels.of(connection, ids)

    async def _seen(self, persons: Sequence[UUID], policy: Policy, at: datetime) -> Seen:
        """The accesses that showed something, and what the person is told of them."""
        query = about(persons)
        async with self.pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_audit_reader")
            events = await newest(connection, replace(query, count=MOST))
            account = await report(connection, query)
        agreements = policy.agreements
        said = sentences(account.seen, agreements.names, policy.purpose_names)
        told_them = letter(account, said, at, agreements.neighbourhood, (None, None))
        return Seen([one for one in reversed(events) if one.reads and one.shown], told_them, account.events > MOST)


async def _replaced(consultation: Consultation, types: Sequence[str]) -> list[Replaced]:
    """Versions that were replaced, of entries that they may see."""
    found: list[Replaced] = []
    for type_ in types:
        newer: dict[UUID, datetime] = {}
        for one in await versions(consultation, type_):
            if one.body is not None and one.id in newer:
                found.append(Replaced(type_, one.id, one.version, one.recorded, newer[one.id]))
            newer[one.id] = one.recorded
    return found
